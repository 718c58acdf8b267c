//! Which access paths a version offers, and which of them another version no longer has.

use std::collections::BTreeSet;

use code_model::api::{ApiIndex, Resolution};
use code_model::snapshot::{Snapshot, Stability, Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use rustc_hash::FxHashSet;

mod hidden;

/// One access path that a dependent can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessPath {
    /// The definition that it reaches.
    pub(crate) target: DottedName,
    /// Whether it is meant for users; other paths can be written too, and are migrated, but not
    /// counted.
    pub(crate) public: bool,
    /// Whether it is a member that stands on a class which users have, because the class that
    /// defines it is private.
    pub(crate) is_relisted: bool,
}

/// Which access paths are wanted.
enum Wanted<'a> {
    /// All of them.
    Every,
    /// Those that this version no longer has.
    Gone(ApiIndex<'a>),
}

impl<'a> Wanted<'a> {
    fn wants(&self, path: &DottedName) -> bool {
        match self {
            Self::Every => true,
            Self::Gone(index) => is_gone(*index, path),
        }
    }

    /// The version in which the class of this name still has what `base` defines: members that it
    /// defines as well are not wanted, whatever their paths are.
    fn leaves_out(&self, name: &DottedName, base: &DottedName) -> Option<&'a Snapshot> {
        let Self::Gone(index) = self else { return None };
        let Resolution::Symbol(class) = index.resolve(name) else { return None };
        index.linearised(&class).contains(base).then(|| index.snapshot())
    }
}

/// Whether users of a version may write a path: it leads neither through a private name nor through
/// tests, as installed libraries often ship them.
pub(crate) fn is_plain(snapshot: &Snapshot, path: &DottedName) -> bool {
    !path.is_private() && !snapshot.is_in_tests(path)
}

/// Whether users may write this name of a member. One that tests something is for them as well.
pub(crate) fn is_plain_member(name: &str) -> bool {
    !name.starts_with('_') || is_dunder(name)
}

fn is_dunder(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// Every access path to modules, module-level names and members of classes. Members are listed
/// once, under the class that defines them; those of a private class under the public ones that
/// have them.
pub(crate) fn access_paths(snapshot: &Snapshot) -> NameMap<AccessPath> {
    access_paths_where(snapshot, &Wanted::Every)
}

/// The access paths that are wanted. Few of a large library's are copied where few are.
fn access_paths_where(snapshot: &Snapshot, wanted: &Wanted<'_>) -> NameMap<AccessPath> {
    let tests = snapshot.modules.iter().filter(|(_, module)| module.is_test);
    let tests: FxHashSet<&str> = tests.map(|(name, _)| name.as_str()).collect();
    // What is plain lies in modules with plain names, so that only their files are left to ask.
    let in_tests = |module: &str| tests.contains(module);
    let mut paths = Vec::new();
    for module in snapshot.modules.keys() {
        if is_plain(snapshot, module) && !in_tests(module.as_str()) && wanted.wants(module) {
            let target = module.clone();
            let access = AccessPath { target, public: true, is_relisted: false };
            paths.push((module.clone(), access));
        }
    }
    let mut class: Option<(&DottedName, &Symbol)> = None;
    for (path, symbol) in &snapshot.symbols {
        if !wanted.wants(path)
            || !is_plain(snapshot, path)
            || is_dunder(path.leaf())
            || in_tests(symbol.module.as_str())
        {
            continue;
        }
        // The members of a class follow each other.
        if symbol.parent.as_ref() != class.map(|(name, _)| name) {
            let parent = symbol.parent.as_ref();
            class = parent.and_then(|parent| snapshot.symbols.get_key_value(parent));
        }
        if let Some(access) = definition(path, symbol, class.map(|(_, class)| class)) {
            paths.push((path.clone(), access));
        }
    }
    for (path, alias) in &snapshot.aliases {
        let Some((module, leaf)) = path.as_str().rsplit_once('.') else { continue };
        let plain = is_plain(snapshot, path) && !is_dunder(leaf) && !in_tests(module);
        let reaches_library = || {
            snapshot.symbols.contains_key(&alias.target)
                || snapshot.modules.contains_key(&alias.target)
        };
        if plain && wanted.wants(path) && reaches_library() {
            let (target, public) = (alias.target.clone(), alias.public);
            paths.push((path.clone(), AccessPath { target, public, is_relisted: false }));
        }
    }
    paths.extend(hidden::members(snapshot, &tests, wanted));
    // Of entries with the same path the last one counts.
    paths.into_iter().collect()
}

fn definition(path: &DottedName, symbol: &Symbol, parent: Option<&Symbol>) -> Option<AccessPath> {
    let mut public = symbol.stability != Stability::Internal;
    if symbol.parent.is_some() {
        let parent = parent?;
        // What stands inside a function cannot be reached from outside.
        if parent.kind != SymbolKind::Class {
            return None;
        }
        public &= parent.stability != Stability::Internal;
    }
    Some(AccessPath { target: path.clone(), public, is_relisted: false })
}

/// Public access paths of the old version that reach nothing in the new one. What hangs below a
/// path that is gone is not listed again: submodules of a module, members of a class.
pub(crate) fn gone_paths(from: &Snapshot, to: &Snapshot) -> Vec<DottedName> {
    let paths = access_paths_where(from, &Wanted::Gone(ApiIndex::new(to)));
    let public = || paths.iter().filter(|(_, access)| access.public);
    let gone: BTreeSet<&DottedName> = public().map(|(path, _)| path).collect();
    let class_gone = |path: &DottedName, access: &AccessPath| {
        if access.is_relisted {
            return path.parent().is_some_and(|class| gone.contains(&class));
        }
        from.symbols
            .get(path)
            .and_then(|symbol| symbol.parent.as_ref())
            .is_some_and(|parent| gone.contains(parent))
    };
    public()
        .filter(|(path, access)| !class_gone(path, access))
        .map(|(path, _)| path.clone())
        .collect()
}

/// Whether the path reaches nothing, or nothing that could be seen and that the version does not
/// bind by its name.
pub(crate) fn is_gone(index: ApiIndex<'_>, path: &DottedName) -> bool {
    let snapshot = index.snapshot();
    let is_bound = snapshot.symbols.contains_key(path)
        || snapshot.modules.contains_key(path)
        || snapshot.aliases.contains_key(path);
    if is_bound {
        return false;
    }
    match index.resolve(path) {
        Resolution::Missing => true,
        // An import that names it says that it is there, whatever cannot be seen behind it.
        Resolution::Unseen(_) => !snapshot.aliases.contains_key(path),
        Resolution::Symbol(_) | Resolution::Module(_) | Resolution::External(_) => false,
    }
}
