//! One tree from a wheel and an sdist of the same release.

use std::collections::{BTreeMap, BTreeSet};

use artifact::TreePath;

use crate::{SourceEntry, SourceTree};

/// The files of the wheel as an installer would place them, and of the sdist what the wheel leaves
/// out: tests, documentation, examples and change logs. Build files of the sdist are left out, for
/// the layout is the wheel's.
pub(crate) fn merge_wheel_and_sdist(wheel: SourceTree, sdist: SourceTree) -> SourceTree {
    let prefix = package_prefix(&wheel, &sdist);
    let packages: BTreeSet<String> = wheel
        .entries()
        .iter()
        .filter_map(|entry| entry.path.as_str().split_once('/').map(|(top, _)| top.to_owned()))
        .collect();
    let place = |entry: &SourceEntry| -> Option<TreePath> {
        let path = entry.path.as_str();
        let below = path.strip_prefix(prefix.as_str());
        let in_package = below
            .filter(|rest| rest.split_once('/').is_some_and(|(top, _)| packages.contains(top)));
        match in_package {
            // Inside the package the wheel decides; only tests may be left out of it on purpose.
            Some(rest) => is_test(rest).then(|| TreePath::new(rest).ok()).flatten(),
            None => belongs_beside(path).then(|| entry.path.clone()),
        }
    };
    wheel.merged_with(sdist, place)
}

/// The folder of the sdist below which the wheel's Python files lie, with a `/` at its end: empty,
/// `src/` or the like.
fn package_prefix(wheel: &SourceTree, sdist: &SourceTree) -> String {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    let python: BTreeSet<&str> = wheel
        .entries()
        .iter()
        .map(|entry| entry.path.as_str())
        .filter(|path| path.ends_with(".py") || path.ends_with(".pyi"))
        .collect();
    for entry in sdist.entries() {
        let path = entry.path.as_str();
        let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
        for start in starts.take(4) {
            if python.contains(&path[start..]) {
                *votes.entry(&path[..start]).or_default() += 1;
            }
        }
    }
    let best = votes.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.len().cmp(&a.0.len())));
    best.map(|(prefix, _)| prefix.to_owned()).unwrap_or_default()
}

fn is_test(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    parts.iter().any(|part| matches!(*part, "test" | "tests" | "testing" | "_tests"))
        || name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
}

fn belongs_beside(path: &str) -> bool {
    const FOLDERS: [&str; 8] =
        ["test", "tests", "testing", "doc", "docs", "documentation", "examples", "example"];
    const NAMES: [&str; 10] = [
        "change",
        "history",
        "news",
        "release",
        "readme",
        "migrat",
        "upgrad",
        "whats",
        "notes",
        "conftest.py",
    ];
    const TEXTS: [&str; 5] = ["md", "rst", "txt", "markdown", "adoc"];
    let lower = path.to_ascii_lowercase();
    let Some((top, _)) = lower.split_once('/') else {
        let stem_fits = NAMES.iter().any(|name| lower.starts_with(name));
        let is_text = lower.rsplit_once('.').is_none_or(|(_, ending)| TEXTS.contains(&ending));
        return stem_fits && (is_text || lower == "conftest.py") || is_test(&lower);
    };
    FOLDERS.contains(&top) || NAMES.iter().any(|name| top.starts_with(name)) || is_test(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_decides_and_the_sdist_adds_tests_and_documents() {
        let wheel = SourceTree::from_memory(
            "w",
            [
                ("pkg/__init__.py", "wheel"),
                ("pkg/a.py", "wheel"),
                ("pkg-1.dist-info/METADATA", "Name: pkg\nVersion: 1\n"),
            ],
        );
        let sdist = SourceTree::from_memory(
            "s",
            [
                ("src/pkg/__init__.py", "sdist"),
                ("src/pkg/a.py", "sdist"),
                ("src/pkg/_build.py", "sdist"),
                ("src/pkg/tests/test_a.py", "test"),
                ("tests/test_b.py", "test"),
                ("docs/index.md", "docs"),
                ("CHANGES.rst", "changes"),
                ("setup.py", "build"),
                ("tools/make.py", "tool"),
                ("pyproject.toml", "build"),
            ],
        );
        let tree = merge_wheel_and_sdist(wheel, sdist);
        let paths: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "CHANGES.rst",
                "docs/index.md",
                "pkg-1.dist-info/METADATA",
                "pkg/__init__.py",
                "pkg/a.py",
                "pkg/tests/test_a.py",
                "tests/test_b.py",
            ]
        );
        assert_eq!(tree.read("pkg/a.py").expect("a file"), b"wheel");
        assert_eq!(tree.read("pkg/tests/test_a.py").expect("a file"), b"test");
    }
}
