//! Questions about all names of a file: is a name free, does every use still find a binding.

use std::collections::BTreeSet;

use ruff_python_ast::name::Name;

use super::model::ScopeId;
use super::resolve::is_builtin;
use super::scope::{BindingKind, ScopeKind, Scopes};
use crate::edit::Span;

/// One use of a local name.
#[derive(Debug, Clone)]
pub(super) struct NameUse {
    pub(super) name: Name,
    pub(super) span: Span,
    pub(super) scope: u32,
    /// The scope that binds it; none for builtins, star imports and undefined names.
    pub(super) owner: Option<u32>,
}

/// Every place where a file writes one local name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Where something other than an import binds it.
    pub bound: Vec<Span>,
    /// Whether what is bound so only stands for something that is missing, as `name = None`.
    pub placeholders: bool,
    /// How many imports bind it.
    pub imports: usize,
    /// Where it is read or deleted.
    pub used: Vec<Span>,
}

/// One parameter of a function with every place where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterUses {
    /// The function's scope.
    pub scope: ScopeId,
    /// Where the parameter itself stands, and where the function or what is inside of it uses it.
    pub places: Vec<Span>,
    /// The scopes in which it is used.
    pub readers: Vec<ScopeId>,
}

/// All local names of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct NameTable {
    pub(super) scopes: Scopes,
    pub(super) uses: Vec<NameUse>,
    pub(super) declared: BTreeSet<Name>,
}

impl NameTable {
    fn inside(&self, inner: u32, outer: u32) -> bool {
        let mut current = Some(inner);
        while let Some(id) = current {
            if id == outer {
                return true;
            }
            current = self.scopes.scope(id).parent;
        }
        false
    }

    /// Whether `name` can newly be bound in `scope` and read in `readers` without meaning something
    /// else anywhere.
    pub(super) fn is_free(&self, name: &str, scope: ScopeId, readers: &[ScopeId]) -> bool {
        let name = Name::new(name);
        if is_builtin(&name) || self.declared.contains(&name) {
            return false;
        }
        if self.scopes.scopes.is_empty() {
            return true;
        }
        let mut path: BTreeSet<u32> = BTreeSet::from([scope.0]);
        for reader in readers {
            let mut current = Some(reader.0);
            while let Some(id) = current {
                path.insert(id);
                if id == scope.0 {
                    break;
                }
                current = self.scopes.scope(id).parent;
            }
        }
        if path.iter().any(|id| self.scopes.scope(*id).bindings.contains_key(&name)) {
            return false;
        }
        // A use that now finds a binding further out would find the new one instead.
        !self.uses.iter().any(|used| {
            used.name == name
                && self.inside(used.scope, scope.0)
                && used.owner.is_none_or(|owner| self.inside(scope.0, owner))
        })
    }

    /// Whether a scope is the body of a class.
    pub(super) fn is_class(&self, scope: ScopeId) -> bool {
        let scope = self.scopes.scopes.get(scope.0 as usize);
        scope.is_some_and(|scope| scope.kind == ScopeKind::Class)
    }

    /// Every place where a name that `scope` binds is written; none when `global` or `nonlocal`
    /// share it.
    pub(super) fn occurrences(&self, name: &str, scope: ScopeId) -> Option<Occurrences> {
        let name = Name::new(name);
        let bindings = self.scopes.scopes.get(scope.0 as usize)?.bindings.get(&name)?;
        if self.declared.contains(&name) {
            return None;
        }
        let mut found = Occurrences { placeholders: true, ..Occurrences::default() };
        for binding in bindings.iter().map(|id| self.scopes.binding(*id)) {
            match binding.kind {
                BindingKind::Import(_) => found.imports += 1,
                BindingKind::Delete => {}
                kind => {
                    found.placeholders &= kind == BindingKind::Empty;
                    found.bound.push(binding.span);
                }
            }
        }
        let uses = self.uses.iter().filter(|u| u.name == name && u.owner == Some(scope.0));
        found.used.extend(uses.map(|used| used.span));
        for spans in [&mut found.bound, &mut found.used] {
            spans.sort();
            spans.dedup();
        }
        // A place that both reads and binds, as `name += 1`, is written once.
        found.used.retain(|used| !found.bound.contains(used));
        Some(found)
    }

    /// The parameter of this name that stands in this range, if exactly one does; none when it
    /// cannot be told where it is used.
    pub(super) fn parameter(&self, name: &str, parameters: Span) -> Option<ParameterUses> {
        let wanted = Name::new(name);
        let mut found = self.scopes.scopes.iter().enumerate().filter(|(_, scope)| {
            scope.bindings.get(&wanted).is_some_and(|bound| {
                bound.iter().map(|id| self.scopes.binding(*id)).any(|binding| {
                    binding.kind == BindingKind::Parameter && parameters.contains(binding.span)
                })
            })
        });
        let (scope, _) = found.next().filter(|_| found.next().is_none())?;
        let scope = ScopeId(scope as u32);
        let Occurrences { bound, used, imports: 0, .. } = self.occurrences(name, scope)? else {
            return None;
        };
        let uses = self.uses.iter().filter(|u| u.name == wanted && u.owner == Some(scope.0));
        let mut readers: Vec<ScopeId> = uses.map(|used| ScopeId(used.scope)).collect();
        readers.push(scope);
        readers.sort_unstable();
        readers.dedup();
        Some(ParameterUses { scope, places: bound.into_iter().chain(used).collect(), readers })
    }

    /// Whether every reader finds the binding of `name` in `scope`.
    pub(super) fn sees(&self, name: &str, scope: ScopeId, readers: &[ScopeId]) -> bool {
        let name = Name::new(name);
        let bound = |id: u32| self.scopes.scope(id).bindings.contains_key(&name);
        if self.scopes.scopes.is_empty() {
            return false;
        }
        bound(scope.0)
            && readers.iter().all(|reader| {
                let mut current = Some(reader.0);
                while let Some(id) = current {
                    if id == scope.0 {
                        return true;
                    }
                    if bound(id) {
                        return false;
                    }
                    current = self.scopes.scope(id).parent;
                }
                false
            })
    }

    /// Whether a reader finds the builtin of this name: nothing around it binds the name.
    pub(super) fn sees_builtin(&self, name: &str, reader: ScopeId) -> bool {
        let name = Name::new(name);
        let mut current = (!self.scopes.scopes.is_empty()).then_some(reader.0);
        while let Some(id) = current {
            let scope = self.scopes.scope(id);
            if scope.bindings.contains_key(&name) {
                return false;
            }
            current = scope.parent;
        }
        is_builtin(&name)
    }
}
