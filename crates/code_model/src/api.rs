//! One version's API as an index: which access path reaches what.

use std::collections::BTreeSet;

use crate::DottedName;
use crate::snapshot::{AliasRoute, Snapshot, Symbol, SymbolKind};

mod standard;

/// What an access path reaches in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// A symbol, by the path of its definition.
    Symbol(DottedName),
    /// A module.
    Module(DottedName),
    /// A name outside the library.
    External(DottedName),
    /// Perhaps something that cannot be seen statically, with the reason.
    Unseen(String),
    /// Nothing.
    Missing,
}

/// Answers which access path reaches what in one snapshot.
#[derive(Debug, Clone, Copy)]
pub struct ApiIndex<'a> {
    snapshot: &'a Snapshot,
}

impl<'a> ApiIndex<'a> {
    /// An index over this snapshot.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot }
    }

    /// The snapshot that is indexed.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The symbol defined at this path.
    pub fn symbol(&self, definition: &DottedName) -> Option<&'a Symbol> {
        self.snapshot.symbols.get(definition)
    }

    /// What this access path reaches; members of classes are found through their bases.
    pub fn resolve(&self, path: &DottedName) -> Resolution {
        self.resolve_within(path, &mut BTreeSet::new())
    }

    fn resolve_within(self, path: &DottedName, seen: &mut BTreeSet<DottedName>) -> Resolution {
        if !seen.insert(path.clone()) {
            return Resolution::Missing;
        }
        if let Some(alias) = self.snapshot.aliases.get(path) {
            // A submodule that an alias shadows only under a condition is still the submodule.
            let shadowed =
                alias.route == AliasRoute::Conditional && self.snapshot.modules.contains_key(path);
            if !shadowed && alias.target != *path {
                return match self.resolve_target(&alias.target, seen) {
                    // The import binds the name, so it exists; its origin may be compiled.
                    Resolution::Missing => Resolution::Unseen(format!(
                        "`{path}` is imported from `{}`, which was not seen",
                        alias.target
                    )),
                    reached => reached,
                };
            }
        }
        if self.snapshot.symbols.contains_key(path) {
            return Resolution::Symbol(path.clone());
        }
        if self.snapshot.modules.contains_key(path) {
            return Resolution::Module(path.clone());
        }
        let Some(parent) = path.parent() else {
            return Resolution::Missing;
        };
        match self.resolve_within(&parent, seen) {
            Resolution::Symbol(holder) => self.member(&holder, path.leaf()),
            Resolution::Module(module) => {
                let real = module.join(path.leaf());
                if real != *path {
                    return self.resolve_within(&real, seen);
                }
                let Some(record) = self.snapshot.modules.get(&module) else {
                    return Resolution::Missing;
                };
                if record.perhaps.binary_search_by(|known| (**known).cmp(path.leaf())).is_ok() {
                    return Resolution::Unseen(format!(
                        "`{path}` is there only if a computed `__all__` holds it"
                    ));
                }
                match record.unseen.as_deref() {
                    Some(reason) => Resolution::Unseen(reason.to_owned()),
                    None => Resolution::Missing,
                }
            }
            Resolution::External(name) => Resolution::External(name.join(path.leaf())),
            other => other,
        }
    }

    fn resolve_target(self, target: &DottedName, seen: &mut BTreeSet<DottedName>) -> Resolution {
        if self.is_inside(target) {
            self.resolve_within(target, seen)
        } else {
            Resolution::External(target.clone())
        }
    }

    /// Whether `from module import *` brings this name; none where that cannot be seen.
    pub fn star_import_brings(&self, module: &DottedName, name: &str) -> Option<bool> {
        let record = self.snapshot.modules.get(module)?;
        if let Some(exported) = &record.exported {
            return Some(exported.iter().any(|other| &**other == name));
        }
        let path = module.join(name);
        let there =
            self.snapshot.symbols.contains_key(&path) || self.snapshot.aliases.contains_key(&path);
        if let Some(sure) = &record.exported_partly
            && (there || sure.iter().any(|other| &**other == name))
        {
            return sure.iter().any(|other| &**other == name).then_some(true);
        }
        let perhaps = record.unseen.is_some() || record.perhaps.iter().any(|it| **it == *name);
        match (there, perhaps) {
            (false, true) => None,
            (there, _) => Some(there && !name.starts_with('_')),
        }
    }

    /// Whether a name belongs to one of the library's packages.
    pub fn is_inside(&self, name: &DottedName) -> bool {
        self.snapshot.roots.iter().any(|root| name.below(&root.name).is_some())
    }

    /// The member of a class or of one of its bases; unseen when a base lies outside the library.
    pub fn member(&self, class: &DottedName, name: &str) -> Resolution {
        let mut outside = None;
        for ancestor in self.linearised(class) {
            let path = ancestor.join(name);
            if self.snapshot.symbols.contains_key(&path) {
                return Resolution::Symbol(path);
            }
            if let Some(alias) = self.snapshot.aliases.get(&path) {
                return self.resolve(&alias.target.clone());
            }
            let is_class =
                self.symbol(&ancestor).is_some_and(|symbol| symbol.kind == SymbolKind::Class);
            if is_class {
                continue;
            }
            match standard::members(&ancestor) {
                Some(members) if members.contains(&name) => return Resolution::External(path),
                Some(_) => {}
                None => {
                    outside.get_or_insert(ancestor);
                }
            }
        }
        match outside {
            Some(base) => {
                Resolution::Unseen(format!("`{class}` inherits from `{base}`, which was not seen"))
            }
            None => Resolution::Missing,
        }
    }

    /// A class, then its bases, breadth first, each once; names outside the library are included.
    pub fn linearised(&self, class: &DottedName) -> Vec<DottedName> {
        let mut order = vec![class.clone()];
        let mut position = 0;
        while let Some(current) = order.get(position).cloned() {
            position += 1;
            let bases =
                self.symbol(&current).map(|symbol| symbol.bases.as_slice()).unwrap_or_default();
            for base in bases {
                let reached = match self.resolve(base) {
                    Resolution::Symbol(path) | Resolution::External(path) => path,
                    _ => base.clone(),
                };
                if !order.contains(&reached) && order.len() < 256 {
                    order.push(reached);
                }
            }
        }
        order
    }
}
