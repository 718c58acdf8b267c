//! What a package says it needs.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use code_rewrite::DependentFile;
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};

/// The requirements of a package, by the normalised name of what is required; several for one name
/// when several files or groups name it.
pub(crate) fn requirements(files: &[DependentFile]) -> BTreeMap<String, Vec<VersionSpecifiers>> {
    let mut found: BTreeMap<String, Vec<VersionSpecifiers>> = BTreeMap::new();
    for file in files {
        let Ok(text) = std::str::from_utf8(&file.content) else { continue };
        let lines = match file.path.file_name() {
            "pyproject.toml" => of_project(text),
            "setup.cfg" => text.lines().map(|line| line.trim().to_owned()).collect(),
            name if name.ends_with(".txt") && name.contains("requirement") => {
                text.lines().map(|line| without_comment(line).to_owned()).collect()
            }
            _ => continue,
        };
        for line in lines {
            let Ok(requirement) = Requirement::<VerbatimUrl>::from_str(&line) else { continue };
            let specifiers = match requirement.version_or_url {
                Some(VersionOrUrl::VersionSpecifier(specifiers)) => specifiers,
                Some(VersionOrUrl::Url(_)) => continue,
                None => VersionSpecifiers::empty(),
            };
            found.entry(normalised(requirement.name.as_ref())).or_default().push(specifiers);
        }
    }
    found
}

/// Whether some requirement of this library excludes this version: the package is not made for it
/// yet.
pub(crate) fn excludes(files: &[DependentFile], library: &str, version: &str) -> bool {
    let Ok(version) = Version::from_str(version) else { return false };
    let of_library = requirements(files).remove(&normalised(library)).unwrap_or_default();
    of_library.iter().any(|specifiers| !specifiers.contains(&version))
}

/// Whether the package was made for the series of the new version: its requirement begins at the
/// first version that differs from the old one where the new one does, or later.
pub(crate) fn begins_at(files: &[DependentFile], library: &str, from: &str, to: &str) -> bool {
    let (Ok(from), Ok(to)) = (Version::from_str(from), Version::from_str(to)) else { return false };
    let old = from.release().iter().chain(std::iter::repeat(&0));
    let same = to.release().iter().zip(old).take_while(|(new, old)| new == old).count();
    let series = Version::new(to.release().iter().take(same + 1));
    if series <= from {
        return false;
    }
    let of_library = requirements(files).remove(&normalised(library)).unwrap_or_default();
    let begins = |specifiers: &VersionSpecifiers| {
        specifiers.iter().any(|specifier| {
            use pep440_rs::Operator;
            let is_lower = matches!(
                specifier.operator(),
                Operator::GreaterThanEqual
                    | Operator::GreaterThan
                    | Operator::Equal
                    | Operator::EqualStar
                    | Operator::ExactEqual
                    | Operator::TildeEqual
            );
            is_lower && specifier.version().only_release() >= series
        })
    };
    !of_library.is_empty() && of_library.iter().all(begins)
}

fn of_project(text: &str) -> Vec<String> {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(project) = table.get("project") {
        lines.extend(project.get("dependencies").map(strings).unwrap_or_default());
        let groups = project.get("optional-dependencies").and_then(toml::Value::as_table);
        lines.extend(groups.into_iter().flat_map(|groups| groups.values()).flat_map(strings));
    }
    let groups = table.get("dependency-groups").and_then(toml::Value::as_table);
    lines.extend(groups.into_iter().flat_map(|groups| groups.values()).flat_map(strings));
    lines
}

/// The strings in a list; none where it is no list.
pub(crate) fn strings(value: &toml::Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A line of a file of requirements without what a person wrote behind it.
pub(crate) fn without_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim()
}

/// A distribution's name as PEP 503 normalises it.
pub(crate) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            out.extend(character.to_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use artifact::TreePath;

    use super::*;

    fn file(path: &str, text: &str) -> DependentFile {
        let path = TreePath::new(path).expect("a path");
        DependentFile { path, content: text.as_bytes().into(), module: None }
    }

    #[test]
    fn requirements_are_found_where_packages_write_them() {
        let files = [
            file(
                "pyproject.toml",
                "[project]\nname='x'\ndependencies=['Your.Lib>=1,<2']\n[dependency-groups]\n\
                 dev=['tool']\n",
            ),
            file("requirements-dev.txt", "your_lib==1.5  # pinned\n-r other.txt\n"),
            file("setup.cfg", "[options]\ninstall_requires =\n    third >= 2\n"),
        ];
        let found = requirements(&files);
        assert_eq!(found["your-lib"].len(), 2);
        assert!(found.contains_key("tool") && found.contains_key("third"));
        assert!(excludes(&files, "yourlib", "2.0").eq(&false), "another library");
        assert!(excludes(&files, "your-lib", "2.0"));
        assert!(!excludes(&files[..1], "your-lib", "1.9"));
    }

    #[test]
    fn a_requirement_begins_at_the_new_series_or_before_it() {
        let begins = |line: &str, from: &str, to: &str| {
            begins_at(&[file("requirements.txt", line)], "lib", from, to)
        };
        for line in ["lib>=2", "lib>=2.0.0rc1", "lib~=2.1", "lib==2.3.4", "lib>=2.1,<4"] {
            assert!(begins(line, "1.4", "2.1.3"), "{line}");
        }
        for line in ["lib", "lib>=1.5", "lib<3", "lib!=2.0", "other>=2"] {
            assert!(!begins(line, "1.4", "2.1.3"), "{line}");
        }
        assert!(begins("lib>=2.1", "2.0.5", "2.1.3"));
        assert!(!begins("lib>=2.0.7", "2.0.5", "2.1.3"));
        assert!(!begins("lib>=2.0", "2.0", "2.0"));
    }
}
