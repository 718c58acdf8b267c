//! Scopes, blocks and bindings of one file, and Python's rules for looking a name up.

use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::model::BindingId;
use crate::edit::Span;

/// What kind of scope it is, as far as lookup cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    /// A function or lambda: its body runs later.
    Function,
    Comprehension,
    TypeParameters,
}

/// One scope.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    pub(super) parent: Option<u32>,
    pub(super) bindings: FxHashMap<Name, Vec<u32>>,
    pub(super) globals: FxHashSet<Name>,
    pub(super) nonlocals: FxHashSet<Name>,
}

/// One list of statements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) parent: Option<u32>,
    /// Where the statement that loops over it begins and ends.
    pub(super) repeated: Option<Span>,
}

/// What binds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BindingKind {
    /// An import.
    Import(BindingId),
    /// `name = other.name`: the use on the right.
    Alias(u32),
    /// `name = None` and the like: a placeholder for something that is missing.
    Empty,
    /// `del name`.
    Delete,
    /// A parameter.
    Parameter,
    /// A function or class definition.
    Definition,
    /// A value that says which version of something is installed: the uses in it.
    Flag,
    /// Anything else.
    Other,
}

/// One binding of a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding {
    pub(super) kind: BindingKind,
    pub(super) scope: u32,
    pub(super) block: u32,
    /// From this offset on, code in the same scope sees it.
    pub(super) effect: u32,
    /// Whether it only adds to what the name stands for already: `import a.b` after `import a.c`.
    pub(super) adds: bool,
    /// What binds: the identifier, or for imports the alias.
    pub(super) span: Span,
    /// The value or statement that binds, for flags.
    pub(super) value: Span,
}

/// All scopes, blocks and bindings of a file.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_field_names, reason = "the scopes are what it is named for")]
pub(super) struct Scopes {
    pub(super) scopes: Vec<Scope>,
    pub(super) blocks: Vec<Block>,
    pub(super) bindings: Vec<Binding>,
}

/// Where a use stands, as far as lookup cares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) scope: u32,
    pub(super) block: u32,
    pub(super) offset: u32,
}

impl Scopes {
    pub(super) fn add_scope(&mut self, kind: ScopeKind, parent: Option<u32>) -> u32 {
        self.scopes.push(Scope {
            kind,
            parent,
            bindings: FxHashMap::default(),
            globals: FxHashSet::default(),
            nonlocals: FxHashSet::default(),
        });
        self.scopes.len() as u32 - 1
    }

    pub(super) fn add_block(&mut self, parent: Option<u32>, repeated: Option<Span>) -> u32 {
        self.blocks.push(Block { parent, repeated });
        self.blocks.len() as u32 - 1
    }

    pub(super) fn scope(&self, id: u32) -> &Scope {
        &self.scopes[id as usize]
    }

    pub(super) fn binding(&self, id: u32) -> &Binding {
        &self.bindings[id as usize]
    }

    /// The scope in which code of `scope` binds `name`, which `global` and `nonlocal` may redirect.
    pub(super) fn owner(&self, scope: u32, name: &Name) -> u32 {
        let here = self.scope(scope);
        if here.globals.contains(name) {
            return 0;
        }
        if here.nonlocals.contains(name) {
            let mut current = here.parent;
            while let Some(id) = current {
                let outer = self.scope(id);
                if outer.kind == ScopeKind::Function && outer.bindings.contains_key(name) {
                    return id;
                }
                current = outer.parent;
            }
        }
        scope
    }

    pub(super) fn bind(&mut self, name: &Name, binding: Binding) -> u32 {
        let id = self.bindings.len() as u32;
        let owner = self.owner(binding.scope, name);
        self.bindings.push(Binding { scope: owner, ..binding });
        self.scopes[owner as usize].bindings.entry(name.clone()).or_default().push(id);
        id
    }

    /// The scope whose binding a use sees; none for builtins, star imports and undefined names.
    pub(super) fn lookup(&self, name: &Name, position: Position) -> Option<u32> {
        let mut current = position.scope;
        let mut seen_from_class_body = true;
        loop {
            let scope = self.scope(current);
            if scope.globals.contains(name) {
                return self.scope(0).bindings.contains_key(name).then_some(0);
            }
            if !scope.nonlocals.contains(name)
                && let Some(bindings) = scope.bindings.get(name)
            {
                let visible = match scope.kind {
                    // A class body sees its own names once they are bound; functions in it never
                    // do.
                    ScopeKind::Class => {
                        seen_from_class_body
                            && bindings.iter().any(|id| self.binding(*id).effect <= position.offset)
                    }
                    _ => true,
                };
                if visible {
                    return Some(current);
                }
            }
            if matches!(scope.kind, ScopeKind::Function | ScopeKind::Comprehension) {
                seen_from_class_body = false;
            }
            current = scope.parent?;
        }
    }

    /// Whether code at `use_scope` runs together with the body of `owner`, not later in a call.
    fn runs_with(&self, use_scope: u32, owner: u32) -> bool {
        let mut current = use_scope;
        while current != owner {
            let scope = self.scope(current);
            if scope.kind == ScopeKind::Function {
                return false;
            }
            match scope.parent {
                Some(parent) => current = parent,
                None => return false,
            }
        }
        true
    }

    fn encloses(&self, outer: u32, inner: u32) -> bool {
        let mut current = Some(inner);
        while let Some(id) = current {
            if id == outer {
                return true;
            }
            current = self.blocks[id as usize].parent;
        }
        false
    }

    /// Whether `owner` binds `name` in one of these ways anywhere.
    pub(super) fn binds(
        &self,
        name: &Name,
        owner: u32,
        in_this_way: impl Fn(BindingKind) -> bool,
    ) -> bool {
        let all = self.scope(owner).bindings.get(name);
        all.is_some_and(|all| all.iter().any(|id| in_this_way(self.binding(*id).kind)))
    }

    /// The bindings of `name` in `owner` that may reach a use.
    pub(super) fn reaching(&self, name: &Name, owner: u32, position: Position) -> Vec<u32> {
        let Some(all) = self.scope(owner).bindings.get(name) else { return Vec::new() };
        let all: Vec<u32> = all
            .iter()
            .copied()
            .filter(|id| self.binding(*id).kind != BindingKind::Delete)
            .collect();
        if all.len() < 2 || !self.runs_with(position.scope, owner) {
            return all;
        }
        // The last binding before the use whose block surely ran hides everything before it.
        let before: Vec<u32> =
            all.iter().copied().filter(|id| self.binding(*id).effect <= position.offset).collect();
        let hiding =
            before.iter().rposition(|id| self.encloses(self.binding(*id).block, position.block));
        let mut first = hiding.unwrap_or(0);
        while first > 0 && self.binding(before[first]).adds && self.binding(before[first - 1]).adds
        {
            first -= 1;
        }
        let mut reaching = before[first..].to_vec();
        // What is bound later in a loop reaches its beginning.
        let mut block = Some(position.block);
        while let Some(id) = block {
            let current = self.blocks[id as usize];
            if let Some(repeated) = current.repeated {
                reaching.extend(all.iter().copied().filter(|id| {
                    let binding = self.binding(*id);
                    binding.effect > position.offset && repeated.contains(binding.span)
                }));
            }
            block = current.parent;
        }
        if reaching.is_empty() { all } else { reaching }
    }
}
