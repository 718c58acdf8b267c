//! Modules that were only another name of the library, and whose place a copy of what the library
//! was takes in its next version.
//!
//! Who writes `library.v1.Thing` has the old thing in either version. What the next version changed
//! of it elsewhere is nothing to them.

use crate::api::{ApiIndex, Resolution};
use crate::snapshot::{Snapshot, Symbol};
use crate::{DottedName, NameMap};

/// Of ten names that such a module gave, so many must be the same in the copy.
const SAME_OF_TEN: usize = 8;

/// The modules of the old version that only gave names of the library, and are copies of what these
/// names meant in the new one, in order and none below another one.
pub fn kept_copies(from: &Snapshot, to: &Snapshot) -> Vec<DottedName> {
    let mut found: Vec<DottedName> = Vec::new();
    for name in to.modules.keys() {
        let inside = found.last().is_some_and(|outer| name.below(outer).is_some());
        if !inside && is_only_a_name(from, name) && is_copy(from, to, name) {
            found.push(name.clone());
        }
    }
    found
}

/// The old version with these modules as the new one has them, which is what their names stand for
/// in both.
pub fn with_kept_copies(from: &Snapshot, to: &Snapshot, copies: &[DottedName]) -> Snapshot {
    let mut joined = from.clone();
    joined.modules = joined_below(&from.modules, &to.modules, copies);
    joined.symbols = joined_below(&from.symbols, &to.symbols, copies);
    joined.aliases = joined_below(&from.aliases, &to.aliases, copies);
    joined
}

fn joined_below<V: Clone>(from: &NameMap<V>, to: &NameMap<V>, copies: &[DottedName]) -> NameMap<V> {
    let inside =
        |name: &DottedName| copies.iter().any(|copy| name == copy || name.below(copy).is_some());
    let outside = from.iter().filter(|(name, _)| !inside(name));
    let copied = to.iter().filter(|(name, _)| inside(name));
    outside.chain(copied).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a name of the old version is a module that defines nothing itself, or another name of
/// one.
fn is_only_a_name(from: &Snapshot, name: &DottedName) -> bool {
    name.parent().is_some()
        && from.symbols.below(name).next().is_none()
        && matches!(ApiIndex::new(from).resolve(name), Resolution::Module(_))
}

fn is_copy(from: &Snapshot, to: &Snapshot, package: &DottedName) -> bool {
    let (old, new) = (ApiIndex::new(from), ApiIndex::new(to));
    let symbol = |api: ApiIndex<'_>, name: &DottedName| match api.resolve(name) {
        Resolution::Symbol(definition) => Some(definition),
        _ => None,
    };
    let (mut known, mut same, mut still) = (0_usize, 0_usize, 0_usize);
    for name in direct_names(to, package) {
        let (Some(before), Some(after)) = (symbol(old, &name), symbol(new, &name)) else {
            continue;
        };
        let (Some(was), Some(is)) = (from.symbols.get(&before), to.symbols.get(&after)) else {
            continue;
        };
        known += 1;
        let is_own = after.below(package).is_some() && before.leaf() == after.leaf();
        same += usize::from(is_own && is_called_alike(was, is));
        // What moved is where it went and nowhere else.
        still += usize::from(to.symbols.contains_key(&before));
    }
    known > 0
        && same * 10 >= known * SAME_OF_TEN
        && still * 2 >= known
        && !is_served_elsewhere(to, package)
}

fn is_called_alike(before: &Symbol, after: &Symbol) -> bool {
    before.kind == after.kind && before.signature_hash == after.signature_hash
}

/// The names directly below a package, but for private ones.
fn direct_names(to: &Snapshot, package: &DottedName) -> Vec<DottedName> {
    let symbols = to.symbols.below(package).map(|(name, _)| name);
    let aliases = to.aliases.below(package).map(|(name, _)| name);
    symbols
        .chain(aliases)
        .filter(|name| name.parent().as_ref() == Some(package) && !name.leaf().starts_with('_'))
        .cloned()
        .collect()
}

/// Whether modules outside a package hand on what lies in it: then it is where things are now.
fn is_served_elsewhere(to: &Snapshot, package: &DottedName) -> bool {
    let inside = |name: &DottedName| name.below(package).is_some();
    let own = to
        .symbols
        .below(package)
        .filter(|(name, symbol)| symbol.parent.is_none() && !name.is_private());
    let served = to.aliases.iter().filter(|(path, alias)| !inside(path) && inside(&alias.target));
    served.count() * 5 >= own.count()
}
