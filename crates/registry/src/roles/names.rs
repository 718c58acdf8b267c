//! Names that could be taken for each other.

use std::collections::BTreeMap;

use super::RoleError;
use super::metadata::{DelegatedRole, TargetsRole};
use crate::folder::{ENTRY, folder_of};
use crate::{EntryName, RegistryError};

/// Namespaces that are folders of the registry itself.
const OWN: [&str; 3] = ["blobs", "metadata", "targets"];

/// What is left of a name for a hasty eye: names with the same skeleton are taken for each other.
/// Names hold ASCII alone, so that signs of other scripts are refused before they come here.
pub(super) fn skeleton(name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace("rn", "m").replace("vv", "w");
    plain
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| match sign {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            other => other,
        })
        .collect()
}

/// Refuses a name for a namespace that is none, or that could be taken for one of these.
pub(super) fn expect_new_namespace<'a>(
    name: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Result<(), RoleError> {
    let refused = |why| RoleError::Name { name: name.to_owned(), why };
    if format!("{}{name}/a/1_2", crate::SCHEME).parse::<EntryName>().is_err() {
        return Err(refused("it is no part of a name in a registry"));
    }
    expect_no_own_folder(name)?;
    let like = |other: &str| other != name && skeleton(other) == skeleton(name);
    if others.into_iter().any(like) {
        return Err(refused("another namespace could be taken for it"));
    }
    Ok(())
}

/// Refuses a namespace whose folder the registry uses itself.
pub(crate) fn expect_no_own_folder(name: &str) -> Result<(), RoleError> {
    if OWN.contains(&skeleton(name).as_str()) {
        let why = "it is a folder of the registry itself";
        return Err(RoleError::Name { name: name.to_owned(), why });
    }
    Ok(())
}

/// Refuses a name whose package could be taken for another one of its namespace.
pub(super) fn expect_new_package(name: &EntryName, known: &TargetsRole) -> Result<(), RoleError> {
    let package = name.package.clone().unwrap_or_default();
    let like = |other: EntryName| {
        let other = other.package.unwrap_or_default();
        other != package && skeleton(&other) == skeleton(&package)
    };
    if known.targets.keys().filter_map(|path| name_of(path)).any(like) {
        let why = "another package could be taken for it";
        return Err(RoleError::Name { name: package, why });
    }
    Ok(())
}

/// Refuses the delegations of a registry in which two namespaces could be taken for each other.
pub(super) fn expect_distinct_namespaces(targets: &TargetsRole) -> Result<(), RoleError> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for role in namespaces(targets) {
        if seen.insert(skeleton(&role.name), &role.name).is_some() {
            return Err(RoleError::Alike { namespace: role.name.clone() });
        }
    }
    Ok(())
}

/// The namespaces that are delegated.
pub(super) fn namespaces(targets: &TargetsRole) -> impl Iterator<Item = &DelegatedRole> {
    targets.delegations.iter().flat_map(|delegations| &delegations.roles)
}

/// The path of the target that an entry is; none for a name without a package.
pub(super) fn target_of(name: &EntryName) -> Option<String> {
    Some(format!("{}/{ENTRY}", folder_of(name)?))
}

/// The entry that a target is.
pub(super) fn name_of(target: &str) -> Option<EntryName> {
    let folder = target.strip_suffix(ENTRY)?.strip_suffix('/')?;
    let name: EntryName = format!("{}{folder}", crate::SCHEME).parse().ok()?;
    (target_of(&name).as_deref() == Some(target)).then_some(name)
}

/// The name with its package: where it has none, it stands for the only one of its namespace with
/// these versions.
pub(super) fn resolved<'a>(
    name: &EntryName,
    targets: impl IntoIterator<Item = &'a String>,
) -> Result<EntryName, RegistryError> {
    if name.package.is_some() {
        return Ok(name.clone());
    }
    let fits = |path: &String| {
        let found = name_of(path)?;
        (found.namespace == name.namespace && found.versions == name.versions).then_some(found)
    };
    let mut found: Vec<EntryName> = targets.into_iter().filter_map(fits).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(RegistryError::Missing(name.clone())),
        (Some(last), false) => {
            let candidates = found.iter().chain([&last]).map(ToString::to_string).collect();
            Err(RegistryError::Ambiguous { name: name.clone(), candidates })
        }
    }
}

/// The pattern of the paths of a namespace.
pub(super) fn pattern_of(namespace: &str) -> String {
    format!("{namespace}/*/*/{ENTRY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (name, other) in [
            ("core_migrations", "Core-Migrations"),
            ("core_migrations", "c0re_m1grations"),
            ("core_migrations", "core.rnigrations"),
            ("illusion", "lllus1on"),
        ] {
            assert_eq!(skeleton(name), skeleton(other), "{name} {other}");
            assert!(expect_new_namespace(name, [other]).is_err(), "{name} {other}");
        }
        assert_ne!(skeleton("core"), skeleton("cores"));
        assert!(expect_new_namespace("core", ["core", "other"]).is_ok());
    }

    #[test]
    fn what_is_no_namespace_is_refused() {
        for name in ["", "a/b", "..", "c\u{43e}re", "Metadata", "targets", "b1obs", "-a", "a "] {
            assert!(expect_new_namespace(name, []).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_target_is_an_entry_and_back() {
        let name: EntryName = "registry://core/lib/1_2".parse().expect("a name");
        let target = target_of(&name).expect("a target");
        assert_eq!(target, "core/lib/1_2/entry.json");
        assert_eq!(name_of(&target), Some(name));
        for target in ["core/lib/entry.json", "core/lib/1_2/other.json", "a/b/c/1_2/entry.json"] {
            assert_eq!(name_of(target), None, "{target}");
        }
    }
}
