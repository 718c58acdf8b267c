//! What every rule of inference looks at.

use code_model::api::{ApiIndex, Resolution};
use code_model::evidence::Factor;
use code_model::snapshot::{Snapshot, Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use python::callsites::{CallSites, call_sites};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::OnceCell;

use super::copies;
use super::hints::Hints;
use super::usage::Usage;
use super::written_names::WrittenNames;
use crate::history::CommitHistory;
use crate::rules::Rules;
use crate::similarity::name_similarity;
use crate::sources::{SourceText, Version};
use crate::surface::{AccessPath, access_paths, is_plain};

/// More users of a name than these are counted and not read.
const USERS_READ_MAX: usize = 3;

/// Modules whose names are as alike as this are two spellings of one.
const MODULE_NAME_MIN: f64 = 0.6;

/// Both versions with the indexes that rules share.
pub(crate) struct Context<'a> {
    pub(crate) from: &'a Snapshot,
    pub(crate) to: &'a Snapshot,
    pub(crate) old: ApiIndex<'a>,
    pub(crate) new: ApiIndex<'a>,
    pub(crate) old_paths: NameMap<AccessPath>,
    pub(crate) new_paths: NameMap<AccessPath>,
    /// The new access paths of each definition.
    pub(crate) new_reach: FxHashMap<DottedName, Vec<DottedName>>,
    /// The old access paths of each definition.
    pub(crate) old_reach: FxHashMap<DottedName, Vec<DottedName>>,
    /// New modules that define public names of their own.
    defining: FxHashSet<DottedName>,
    pub(crate) hints: Hints<'a>,
    pub(crate) usage: Usage<'a>,
    /// The first users of what is gone or called otherwise; made when it is first asked for.
    users: OnceCell<FxHashMap<DottedName, Vec<DottedName>>>,
    /// Packages of the new version that keep a copy of the old one.
    copies: Vec<DottedName>,
    /// Names that only the new version has.
    pub(crate) came: WrittenNames<'a>,
    pub(crate) sources: &'a dyn SourceText,
    pub(crate) history: &'a CommitHistory,
    pub(crate) rules: &'a Rules,
}

fn reach(paths: &NameMap<AccessPath>) -> FxHashMap<DottedName, Vec<DottedName>> {
    let mut reach: FxHashMap<DottedName, Vec<DottedName>> = FxHashMap::default();
    for (path, access) in paths {
        reach.entry(access.target.clone()).or_default().push(path.clone());
    }
    reach
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        from: &'a Snapshot,
        to: &'a Snapshot,
        sources: &'a dyn SourceText,
        history: &'a CommitHistory,
        rules: &'a Rules,
    ) -> Self {
        let (old_paths, new_paths) = (access_paths(from), access_paths(to));
        Self {
            from,
            to,
            old: ApiIndex::new(from),
            new: ApiIndex::new(to),
            old_reach: reach(&old_paths),
            new_reach: reach(&new_paths),
            defining: to
                .symbols
                .iter()
                .filter(|(path, symbol)| symbol.parent.is_none() && new_paths.contains_key(path))
                .map(|(_, symbol)| symbol.module.clone())
                .collect(),
            old_paths,
            new_paths,
            hints: Hints::new(from, to, rules),
            usage: Usage::new(from, to, rules),
            users: OnceCell::new(),
            copies: copies::find(from, to),
            came: WrittenNames::only_in(to, from),
            sources,
            history,
            rules,
        }
    }

    /// With further copies of what the library was.
    pub(crate) fn with_copies(mut self, copies: Vec<DottedName>) -> Self {
        self.copies.extend(copies);
        self
    }

    /// Whether a new definition lies in a copy that the new version keeps of the old one.
    pub(crate) fn is_in_copy(&self, definition: &DottedName) -> bool {
        self.copies.iter().any(|copy| copy == definition || definition.below(copy).is_some())
    }

    /// The definition that a new path reaches: a symbol or a module.
    pub(crate) fn new_definition(&self, path: &DottedName) -> Option<DottedName> {
        definition(self.new, path)
    }

    /// The definition that an old path reaches: a symbol or a module.
    pub(crate) fn old_definition(&self, path: &DottedName) -> Option<DottedName> {
        definition(self.old, path)
    }

    /// The text of a symbol's definition; none without its file.
    pub(crate) fn text_of(&self, version: Version, symbol: &Symbol) -> Option<String> {
        let text = self.sources.text(version, &symbol.file)?;
        text.get(symbol.bytes.0 as usize..symbol.bytes.1 as usize).map(str::to_owned)
    }

    /// The bytes of a symbol's definition as syntax features; empty without its text.
    pub(crate) fn features(&self, version: Version, symbol: &Symbol) -> Vec<u64> {
        match self.sources.text(version, &symbol.file) {
            Some(text) => python::features::feature_hashes(&text, symbol.bytes.0..symbol.bytes.1),
            None => Vec::new(),
        }
    }

    /// Whether a definition leaves it to others what it does, so that an equal one shows nothing.
    pub(crate) fn says_nothing(&self, version: Version, symbol: &Symbol) -> bool {
        self.sources.text(version, &symbol.file).is_some_and(|text| {
            python::features::does_nothing(&text, symbol.bytes.0..symbol.bytes.1)
        })
    }

    /// Whether two definitions of one name belong to modules beside each other of which the one
    /// went and the other came, and the name only says what part they play there, as that of a
    /// driver or of a command does: other modules of the package have it as well, or each of the
    /// two speaks of its own module.
    pub(crate) fn is_sibling(&self, leaf: &str, before: &Symbol, after: &Symbol) -> bool {
        let (old, new) = (&before.module, &after.module);
        let replaced = old.parent().is_some()
            && old.parent() == new.parent()
            && !self.to.modules.contains_key(old)
            && !self.from.modules.contains_key(new)
            && name_similarity(old.leaf(), new.leaf()) < MODULE_NAME_MIN;
        replaced && (self.is_convention(leaf, old, new) || self.speaks_of_module(before, after))
    }

    /// Whether another module of the package defines something of this name as well.
    fn is_convention(&self, leaf: &str, old: &DottedName, new: &DottedName) -> bool {
        let package = old.parent();
        [(self.from, old), (self.to, new)].into_iter().any(|(version, own)| {
            version.modules.keys().any(|module| {
                module != own
                    && module.parent() == package
                    && version.symbols.contains_key(&module.join(leaf))
            })
        })
    }

    /// Whether each of two definitions holds the name of its own module as a value and not that of
    /// the other's, or the documentation of the modules speaks of them so.
    fn speaks_of_module(&self, before: &Symbol, after: &Symbol) -> bool {
        let (old, new) = (before.module.leaf(), after.module.leaf());
        let own = |names: fn(&str, &str) -> bool, one: &str, other: &str| {
            names(one, old) && names(other, new) && !names(one, new) && !names(other, old)
        };
        let text = |version, symbol: &Symbol| {
            let text = self.sources.text(version, &symbol.file)?;
            text.get(symbol.bytes.0 as usize..symbol.bytes.1 as usize).map(str::to_owned)
        };
        let documented = |version: &Snapshot, symbol: &Symbol| {
            version.modules.get(&symbol.module).and_then(|module| module.docstring.clone())
        };
        let code = text(Version::From, before).zip(text(Version::To, after));
        let documents = documented(self.from, before).zip(documented(self.to, after));
        code.is_some_and(|(before, after)| own(holds, &before, &after))
            || documents.is_some_and(|(before, after)| own(names, &before, &after))
    }

    /// Whether two definitions are the same but for their names, and large enough for that to mean
    /// something.
    pub(crate) fn is_same_shape(&self, before: &Symbol, after: &Symbol) -> bool {
        self.rules.uses(Factor::HashMatch)
            && before.shape_hash == after.shape_hash
            && before.nodes >= self.rules.shape_nodes_min
    }

    /// How the library's own old code reaches a name, as far as it is read.
    pub(crate) fn call_sites(&self, old: &DottedName) -> CallSites {
        let users = self.users.get_or_init(|| first_users(self.from, self.to));
        let users = users.get(old).into_iter().flatten();
        let symbols = users.filter_map(|user| self.from.symbols.get(user));
        symbols.fold(CallSites::default(), |sites, symbol| {
            match self.sources.text(Version::From, &symbol.file) {
                Some(text) => {
                    sites.and(call_sites(&text, symbol.bytes.0..symbol.bytes.1, old.leaf()))
                }
                None => sites,
            }
        })
    }

    /// The path through which users should reach a definition of the new version: one that the old
    /// path's place suggests, else the shortest public one, else any that is not private.
    pub(crate) fn best_path(
        &self,
        definition: &DottedName,
        old: &DottedName,
    ) -> Option<DottedName> {
        if let Some(symbol) = self.to.symbols.get(definition)
            && let Some(class) = &symbol.parent
        {
            return self.best_path(class, old).map(|class| class.join(definition.leaf()));
        }
        let Some(paths) = self.new_reach.get(definition) else {
            return (self.is_only_named(definition) && is_plain(self.to, definition))
                .then(|| definition.clone());
        };
        let old_module = old.parent();
        // What has left its package is offered by the new one; else the old path's package goes on
        // offering it.
        let stays =
            self.old_paths.get(old).is_some_and(|access| access.target.root() == definition.root());
        let root = if stays { old.root() } else { definition.root() };
        // A name that a module merely imports for its own use is a place only where there is no
        // other.
        let offered = |path: &DottedName| self.new_paths[path].public || path == definition;
        // Who named the defining module where the package offered the name as well goes on so.
        let deep = stays
            && self.old_paths.get(old).is_some_and(|access| access.target == *old)
            && self.old_reach.get(old).is_some_and(|paths| {
                let shorter = |path: &DottedName| path.parts().count() < old.parts().count();
                paths.iter().any(|path| shorter(path) && self.old_paths[path].public)
            });
        // What is deprecated itself is no less so at its other places.
        let is_deprecated = self.hints.deprecates(definition);
        let docstring = self.to.symbols.get(definition).and_then(|it| it.docstring.as_deref());
        let shown: Vec<&DottedName> = paths
            .iter()
            .filter(|path| !path.is_private())
            .filter(|path| docstring.is_some_and(|text| shows_import_of(text, path)))
            .collect();
        // Who used another name of the definition goes on so where that name is offered.
        let other_name = self.old_paths.get(old).is_some_and(|access| {
            access.target.leaf() == definition.leaf() && old.leaf() != definition.leaf()
        });
        let kept = |path: &DottedName| other_name && path.leaf() == old.leaf();
        let any_offered = paths.iter().any(|path| path != old && offered(path));
        paths
            .iter()
            .filter(|path| *path != old)
            .filter(|path| !any_offered || offered(path) || shown.contains(path))
            .min_by_key(|path| {
                let access = &self.new_paths[*path];
                let module = path.parent();
                let deprecated = module.as_ref().is_some_and(|m| self.module_deprecated(m))
                    || (!is_deprecated && self.hints.deprecates(path));
                let away = match (&module, &old_module) {
                    // A module below or above the old one is the old one's place.
                    (Some(new), Some(old)) if new == old => 0,
                    (Some(new), Some(old)) if old.below(new).is_some() => 1,
                    (Some(new), Some(old)) if new.below(old).is_some() => 1,
                    _ => 2,
                };
                (
                    deprecated,
                    path.root() != root,
                    !kept(path),
                    path.leaf() != definition.leaf(),
                    !shown.contains(path),
                    !access.public,
                    !access.public && **path != *definition,
                    deep && **path != *definition,
                    away,
                    path.parts().count(),
                    path.as_str().len(),
                    (*path).clone(),
                )
            })
            .cloned()
    }

    /// Whether a new path is known by its name alone: it lies outside the library, or an import
    /// binds it to what is not written in Python.
    pub(crate) fn is_only_named(&self, path: &DottedName) -> bool {
        match self.new.resolve(path) {
            Resolution::External(_) => true,
            Resolution::Unseen(_) => self.to.aliases.contains_key(path),
            _ => false,
        }
    }

    /// Whether a new path is one that its module offers for an old one: defined there, or meant for
    /// users under a name that the definition has or had.
    pub(crate) fn is_offered(
        &self,
        path: &DottedName,
        definition: &DottedName,
        old: &DottedName,
    ) -> bool {
        let own = definition.leaf().trim_start_matches('_');
        let is_its_name =
            path.leaf() == own || path.leaf() == old.leaf() || path.leaf() == definition.leaf();
        let public = self.new_paths.get(path).is_none_or(|access| access.public);
        path == definition || (public && is_its_name)
    }

    /// Whether a module as a place is deprecated: one that still defines things may only speak of
    /// some of them.
    pub(crate) fn module_deprecated(&self, module: &DottedName) -> bool {
        !self.defining.contains(module)
            && (self.hints.deprecates(module)
                || (self.rules.uses(Factor::DeprecationMatch)
                    && self.to.modules.get(module).is_some_and(|m| m.deprecated.is_some())))
    }

    /// Whether a definition of the new version says of itself that it is deprecated.
    pub(crate) fn is_deprecated_itself(&self, definition: &DottedName) -> bool {
        self.rules.uses(Factor::DeprecationMatch)
            && self.to.symbols.get(definition).is_some_and(|symbol| symbol.deprecated.is_some())
    }

    /// Whether the new version says that this path, and not just what it reaches, is deprecated.
    pub(crate) fn is_deprecated_place(&self, path: &DottedName) -> bool {
        self.hints.deprecates(path)
            || path.parent().is_some_and(|module| self.module_deprecated(&module))
    }

    /// Whether the new version says that the path is deprecated.
    pub(crate) fn is_deprecated(&self, path: &DottedName, definition: &DottedName) -> bool {
        self.is_deprecated_place(path) || self.is_deprecated_itself(definition)
    }
}

/// The first users of each old definition that is gone or is called otherwise.
fn first_users(from: &Snapshot, to: &Snapshot) -> FxHashMap<DottedName, Vec<DottedName>> {
    let stays = |path: &DottedName, symbol: &Symbol| {
        let after = to.symbols.get(path);
        after.is_some_and(|after| after.signature_hash == symbol.signature_hash)
    };
    let changed = from.symbols.iter().filter(|(path, symbol)| !stays(path, symbol));
    let mut users: FxHashMap<DottedName, Vec<DottedName>> =
        changed.map(|(path, _)| (path.clone(), Vec::new())).collect();
    for (user, symbol) in &from.symbols {
        for name in &symbol.uses {
            if let Some(users) = users.get_mut(name)
                && users.len() < USERS_READ_MAX
            {
                users.push(user.clone());
            }
        }
    }
    users
}

fn definition(index: ApiIndex<'_>, path: &DottedName) -> Option<DottedName> {
    if index.snapshot().symbols.contains_key(path) {
        return Some(path.clone());
    }
    match index.resolve(path) {
        Resolution::Symbol(definition) | Resolution::Module(definition) => Some(definition),
        _ => None,
    }
}

/// Whether code has a word as a text of its own, in letters of any size.
fn holds(code: &str, word: &str) -> bool {
    let (code, word) = (code.to_lowercase(), word.to_lowercase());
    ['"', '\''].iter().any(|mark| code.contains(&format!("{mark}{word}{mark}")))
}

/// Whether a text has a word, in letters of any size.
fn names(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|found| found.eq_ignore_ascii_case(word))
}

/// Whether the examples in a docstring import the name through this path.
fn shows_import_of(docstring: &str, path: &DottedName) -> bool {
    let Some(module) = path.parent() else { return false };
    let start = format!("from {module} import ");
    let is_name = |word: &str| word == path.leaf();
    docstring.match_indices(&start).any(|(at, _)| {
        let rest = docstring[at + start.len()..].lines().next().unwrap_or("");
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_name)
    })
}

/// Whether something of the one kind can have become something of the other without every use being
/// rewritten by hand.
pub(crate) fn compatible(old: SymbolKind, new: SymbolKind) -> bool {
    use SymbolKind::{
        Attribute, Class, Constant, EnumMember, Field, Function, Method, Property, TypeAlias,
    };
    let group = |kind| match kind {
        Class | TypeAlias => 0,
        Function => 1,
        Method => 2,
        Property | Attribute | Field | EnumMember => 3,
        Constant => 4,
    };
    let callable = |kind| matches!(kind, Class | Function);
    group(old) == group(new)
        || (callable(old) && callable(new))
        || matches!((old, new), (Constant, TypeAlias | Class) | (TypeAlias, Constant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docstrings_show_where_a_name_is_imported_from() {
        let name = |text: &str| DottedName::new(text).expect("a dotted name of the test");
        let text = "Examples\n--------\n>>> from lib.api.types import (is_a, is_b)\n>>> is_a(1)\n";
        assert!(shows_import_of(text, &name("lib.api.types.is_a")));
        assert!(shows_import_of(text, &name("lib.api.types.is_b")));
        assert!(!shows_import_of(text, &name("lib.api.types.is_c")));
        assert!(!shows_import_of(text, &name("lib.api.is_a")));
    }
}
