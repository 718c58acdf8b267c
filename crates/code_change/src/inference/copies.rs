//! Copies of the whole old version that the new one keeps in a package of its own, for those who do
//! not follow yet.
//!
//! What lies in such a copy is the old thing, and works with other old things only: one name that
//! is led into it stands beside names of the new version, and the two do not mix.

use code_model::DottedName;
use code_model::snapshot::Snapshot;

/// A library with fewer modules shows nothing.
const MODULES_MIN: usize = 4;

/// The packages of the new version that hold a copy of the old one.
pub(super) fn find(from: &Snapshot, to: &Snapshot) -> Vec<DottedName> {
    // The old version may have had the names already, as other names for what it was itself.
    let came =
        |name: &DottedName| from.symbols.below(name).count() * 10 < to.symbols.below(name).count();
    let packages = to
        .modules
        .iter()
        .filter(|(name, module)| module.is_package && name.parent().is_some() && came(name));
    packages.map(|(name, _)| name).filter(|name| is_copy(from, to, name)).cloned().collect()
}

fn is_copy(from: &Snapshot, to: &Snapshot, package: &DottedName) -> bool {
    let root = package.root();
    let rests: Vec<&str> = from
        .modules
        .iter()
        .filter(|(name, module)| !module.is_test && name.below(package).is_none())
        .filter_map(|(name, _)| name.as_str().strip_prefix(root)?.strip_prefix('.'))
        .collect();
    let share = |kept: &dyn Fn(&str) -> bool| rests.iter().filter(|rest| kept(rest)).count();
    let below = |name: &str, rest: &str| {
        DottedName::new(&format!("{name}.{rest}")).is_ok_and(|it| to.modules.contains_key(&it))
    };
    let copied = share(&|rest| below(package.as_str(), rest));
    let kept = share(&|rest| below(root, rest));
    rests.len() >= MODULES_MIN
        && copied * 10 >= rests.len() * 6
        && kept * 2 >= rests.len()
        && !is_served_elsewhere(to, package)
}

/// Whether the modules outside a package hand on what lies in it: then it is where things are now.
fn is_served_elsewhere(to: &Snapshot, package: &DottedName) -> bool {
    let inside = |name: &DottedName| name.below(package).is_some();
    let own = to
        .symbols
        .iter()
        .filter(|(name, symbol)| inside(name) && symbol.parent.is_none() && !name.is_private());
    let served = to.aliases.iter().filter(|(path, alias)| !inside(path) && inside(&alias.target));
    served.count() * 5 >= own.count()
}
