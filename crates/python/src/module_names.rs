//! Where packages lie in a tree, what their modules are called, and what part every file plays.

use std::collections::{BTreeMap, BTreeSet};

use artifact::TreePath;
use code_model::DottedName;
use code_model::snapshot::{FileRole, PackageRoot};

use crate::facts::LayoutFacts;

/// Folders in which packages lie, even where one of them is a package by mistake.
const SOURCE_FOLDERS: [&str; 4] = ["src", "lib", "python", "source"];

/// Folders that hold no importable package unless a build file names them.
const NO_PACKAGES: &[&str] = &[
    "asv_bench",
    "benchmark",
    "benchmarks",
    "bench",
    "build",
    "ci",
    "demo",
    "demos",
    "dist",
    "doc",
    "docs",
    "example",
    "examples",
    "node_modules",
    "recipes",
    "sample",
    "samples",
    "script",
    "scripts",
    "site",
    "tasks",
    "test",
    "testing",
    "tests",
    "tool",
    "tools",
    "tutorial",
    "tutorials",
    "utils",
    "venv",
    "vendor",
    "third_party",
    "requirements",
    "extras",
    "misc",
];

/// Modules beside a build file that belong to the build.
const NO_MODULES: &[&str] = &[
    "setup",
    "conftest",
    "noxfile",
    "tasks",
    "versioneer",
    "fabfile",
    "manage",
    "dodo",
    "ez_setup",
    "distribute_setup",
    "runtests",
    "run_tests",
    "pavement",
    "wscript",
    "bootstrap",
    "build",
    "__init__",
    "__main__",
    "_version",
    "make",
    "release",
    "setupext",
    "test",
    "tests",
];

/// What a tree's paths say about its packages.
#[derive(Debug, Default)]
struct Tree<'a> {
    /// Folders that hold Python files directly, with the stems of those files.
    folders: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The folders directly inside each folder that hold Python files at any depth.
    children: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// The importable packages and modules of a tree.
///
/// `layouts` are what build files say, by the folder that holds the build file (empty for the top).
pub fn find_roots<'a>(
    paths: impl Iterator<Item = &'a TreePath> + Clone,
    layouts: &BTreeMap<String, LayoutFacts>,
) -> Vec<PackageRoot> {
    let tree = Tree::of(paths.clone());
    let wheels: BTreeMap<&str, BTreeSet<String>> = paths
        .filter_map(|path| installed_beside(path.as_str()))
        .fold(BTreeMap::new(), |mut wheels: BTreeMap<&str, BTreeSet<String>>, (folder, name)| {
            wheels.entry(folder).or_default().insert(normalised(name));
            wheels
        });
    let mut roots = BTreeSet::new();
    for (folder, installed) in &wheels {
        let layout = layouts.get(*folder);
        tree.installed(folder, layout, &mut roots);
        // The sources of one distribution may lie beside another one that is installed.
        if let Some(layout) = layout
            && let Some(name) = &layout.distribution
            && !installed.contains(&normalised(name))
        {
            tree.built(folder, layout, &mut roots);
        }
    }
    if roots.is_empty() {
        for (folder, layout) in layouts {
            // What lies in a package is a module of it, whatever its name says.
            let is_module = !folder.is_empty() && tree.is_package(folder);
            let vendored = folder.split('/').any(|part| part.contains("vendor"));
            let elsewhere = folder.split('/').any(|part| NO_PACKAGES.contains(&part));
            if !is_module && !vendored && !elsewhere {
                tree.built(folder, layout, &mut roots);
            }
        }
    }
    if roots.is_empty() {
        tree.built("", &LayoutFacts::default(), &mut roots);
    }
    if roots.is_empty() {
        tree.topmost("", 0, &mut roots);
    }
    without_nested(roots)
}

/// A root inside another root's folder adds nothing.
fn without_nested(roots: BTreeSet<PackageRoot>) -> Vec<PackageRoot> {
    let inside = |inner: &PackageRoot| {
        roots.iter().any(|outer| {
            inner
                .path
                .as_str()
                .strip_prefix(outer.path.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    roots.iter().filter(|root| !inside(root)).cloned().collect()
}

/// The folder that a wheel's metadata folder stands in and the distribution's name, when this path
/// lies in one.
fn installed_beside(path: &str) -> Option<(&str, &str)> {
    let at = path.split('/').position(|part| part.ends_with(".dist-info"))?;
    let end: usize = path.split('/').take(at).map(|part| part.len() + 1).sum();
    let metadata = path.split('/').nth(at)?;
    let name = metadata.split('-').next().unwrap_or(metadata);
    Some((path.get(..end)?.trim_end_matches('/'), name))
}

/// A distribution's name as all its spellings are compared.
fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

fn joined(folder: &str, rest: &str) -> String {
    let rest = rest.trim_start_matches("./").trim_end_matches('/');
    match (folder, rest) {
        (folder, "" | ".") => folder.to_owned(),
        ("", rest) => rest.to_owned(),
        (folder, rest) => format!("{folder}/{rest}"),
    }
}

impl<'a> Tree<'a> {
    fn of(paths: impl Iterator<Item = &'a TreePath>) -> Self {
        let mut tree = Self::default();
        for path in paths {
            let Some(stem) = module_stem(path.file_name()) else { continue };
            let mut folder = path.parent().unwrap_or("");
            tree.folders.entry(folder).or_default().insert(stem);
            while !folder.is_empty() {
                let (outer, name) = folder.rsplit_once('/').unwrap_or(("", folder));
                if !tree.children.entry(outer).or_default().insert(name) {
                    break;
                }
                folder = outer;
            }
        }
        tree
    }

    fn is_package(&self, folder: &str) -> bool {
        self.folders.get(folder).is_some_and(|stems| stems.contains("__init__"))
    }

    fn holds_python(&self, folder: &str) -> bool {
        self.folders.contains_key(folder) || self.children.contains_key(folder)
    }

    fn children(&self, folder: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.children.get(folder).cloned().unwrap_or_default().into_iter()
    }

    fn modules(&self, folder: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.folders.get(folder).cloned().unwrap_or_default().into_iter()
    }

    /// What a distribution installed is importable as it lies: what its list of files names, or
    /// everything where there is no list. Tests and documents may lie beside it.
    fn installed(
        &self,
        folder: &str,
        layout: Option<&LayoutFacts>,
        roots: &mut BTreeSet<PackageRoot>,
    ) {
        let listed = layout.map_or(&[][..], |layout| &layout.installed);
        let is_installed =
            |name: &str| listed.is_empty() || listed.iter().any(|known| &**known == name);
        for child in self.children(folder) {
            if !child.contains('.') && is_installed(child) {
                add(roots, child, &joined(folder, child));
            }
        }
        for module in self.modules(folder).filter(|module| is_installed(module)) {
            self.add_module(roots, folder, module);
        }
    }

    fn built(&self, folder: &str, layout: &LayoutFacts, roots: &mut BTreeSet<PackageRoot>) {
        let before = roots.len();
        for (name, place) in &layout.packages {
            let place = joined(folder, place);
            if self.holds_python(&place) {
                let top = name.split('.').next().unwrap_or(name);
                let place = top_folder(name, &place).unwrap_or(place.clone());
                add(roots, top, &place);
            }
        }
        for module in &layout.modules {
            let module = module.split('.').next().unwrap_or(module);
            self.add_module(roots, folder, module);
            self.add_module(roots, &joined(folder, "src"), module);
        }
        for place in &layout.search {
            let searched = joined(folder, place);
            let leaf = searched.rsplit('/').next().unwrap_or(&searched);
            if self.is_package(&searched) && !SOURCE_FOLDERS.contains(&leaf) {
                // The build file says the package itself, to a function of its own.
                add(roots, leaf, &searched);
            } else {
                self.search(&searched, layout, roots, place.as_ref() != ".");
            }
        }
        if roots.len() > before {
            return;
        }
        for place in ["src", "lib", ""] {
            let place = joined(folder, place);
            self.search(&place, layout, roots, place.ends_with("src"));
            if place.ends_with("lib") && roots.len() > before {
                // A folder of this name that holds a package is a source folder like `src`.
                self.search(&place, layout, roots, true);
            }
            if roots.len() > before {
                return;
            }
        }
    }

    /// Adds the packages that lie directly in this folder; `dedicated` when the folder holds
    /// nothing else.
    fn search(
        &self,
        folder: &str,
        layout: &LayoutFacts,
        roots: &mut BTreeSet<PackageRoot>,
        dedicated: bool,
    ) {
        let before = roots.len();
        let distribution = layout.distribution.as_deref().unwrap_or("").to_ascii_lowercase();
        let distribution = distribution.replace(['-', '.'], "_");
        for child in self.children(folder) {
            let place = joined(folder, child);
            let named = distribution == child.to_ascii_lowercase()
                || distribution.starts_with(&format!("{}_", child.to_ascii_lowercase()));
            let excluded = NO_PACKAGES.contains(&child) && !named && !dedicated;
            if excluded || child.contains('.') || child.contains('-') {
                continue;
            }
            if self.is_package(&place) || ((dedicated || named) && self.holds_package(&place, 0)) {
                add(roots, child, &place);
            }
        }
        for module in self.modules(folder) {
            let named = distribution == module.to_ascii_lowercase();
            let only = roots.len() == before && !NO_MODULES.contains(&module);
            if named || (dedicated && module != "__init__") || (only && !module.starts_with("test"))
            {
                self.add_module(roots, folder, module);
            }
        }
    }

    fn holds_package(&self, folder: &str, depth: usize) -> bool {
        self.folders.contains_key(folder)
            || (depth < 4
                && self
                    .children(folder)
                    .any(|child| self.holds_package(&joined(folder, child), depth + 1)))
    }

    /// The outermost packages anywhere below this folder.
    fn topmost(&self, folder: &str, depth: usize, roots: &mut BTreeSet<PackageRoot>) {
        for child in self.children(folder) {
            let place = joined(folder, child);
            // A folder whose modules lie beside packages is a package without its `__init__`.
            let plain = self.folders.contains_key(place.as_str())
                && self.children(&place).any(|inner| self.is_package(&joined(&place, inner)));
            let is_name = DottedName::new(child).is_ok() && !NO_PACKAGES.contains(&child);
            if is_name && (self.is_package(&place) || plain) {
                add(roots, child, &place);
            } else if depth < 6 {
                self.topmost(&place, depth + 1, roots);
            }
        }
    }

    fn add_module(&self, roots: &mut BTreeSet<PackageRoot>, folder: &str, module: &str) {
        if module == "__init__" || !self.folders.get(folder).is_some_and(|all| all.contains(module))
        {
            return;
        }
        add(roots, module, &joined(folder, &format!("{module}.py")));
    }
}

/// The folder of the top package when `name` is dotted and the folder ends with its parts.
fn top_folder(name: &str, place: &str) -> Option<String> {
    let inner = name.split_once('.')?.1.replace('.', "/");
    Some(place.strip_suffix(&inner)?.trim_end_matches('/').to_owned())
}

fn add(roots: &mut BTreeSet<PackageRoot>, name: &str, place: &str) {
    if let (Ok(name), Ok(path)) = (DottedName::new(name), TreePath::new(place)) {
        roots.insert(PackageRoot { name, path });
    }
}

/// The name of the module that a file of this name defines; none when it defines none.
fn module_stem(file: &str) -> Option<&str> {
    file.strip_suffix(".py")
        .or_else(|| file.strip_suffix(".pyi"))
        .or_else(|| file.strip_suffix(".pyx"))
}

/// The importable name of the module that this file defines; none outside all packages.
pub fn module_name(path: &TreePath, roots: &[PackageRoot]) -> Option<DottedName> {
    module_stem(path.file_name())?;
    let root = root_of(path, roots)?;
    let rest = path.as_str().strip_prefix(root.path.as_str())?;
    let Some(inside) = rest.strip_prefix('/') else { return Some(root.name.clone()) };
    let (folders, file) = inside.rsplit_once('/').unwrap_or(("", inside));
    let mut name = root.name.as_str().to_owned();
    let stem = module_stem(file)?;
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        name.push('.');
        name.push_str(part);
    }
    if stem != "__init__" {
        name.push('.');
        name.push_str(stem);
    }
    DottedName::new(&name).ok()
}

fn root_of<'r>(path: &TreePath, roots: &'r [PackageRoot]) -> Option<&'r PackageRoot> {
    let inside = |root: &&PackageRoot| {
        let place = root.path.as_str();
        path.as_str() == place
            || path.as_str().strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
            || (place.ends_with(".py")
                && path.as_str().strip_suffix('i').is_some_and(|source| source == place))
    };
    roots.iter().filter(inside).max_by_key(|root| root.path.as_str().len())
}

/// A dotted name for a Python file outside all packages, from its path: the name under which its
/// own imports would see it from the top of the tree.
pub fn name_outside(path: &TreePath) -> Option<DottedName> {
    let stem = module_stem(path.file_name())?;
    let mut name = String::new();
    for part in path.parent().unwrap_or("").split('/').filter(|part| !part.is_empty()) {
        name.push_str(part);
        name.push('.');
    }
    if stem == "__init__" {
        name.pop();
    } else {
        name.push_str(stem);
    }
    DottedName::new(&name).ok()
}

/// What part this file plays.
pub fn role_of(path: &TreePath, roots: &[PackageRoot]) -> FileRole {
    let root = root_of(path, roots);
    let inside = root.and_then(|root| path.as_str().strip_prefix(root.path.as_str()));
    let below = inside.unwrap_or(path.as_str());
    if is_test_path(below, root.is_some()) {
        return FileRole::Test;
    }
    if root.is_some() {
        return FileRole::Library;
    }
    let mut folders = path.parent().unwrap_or("").split('/');
    if folders.clone().any(|part| matches!(part, "doc" | "docs" | "documentation")) {
        return FileRole::Documentation;
    }
    if folders.any(|part| {
        matches!(
            part,
            "examples"
                | "example"
                | "benchmarks"
                | "benchmark"
                | "asv_bench"
                | "samples"
                | "tutorials"
                | "demos"
                | "galleries"
        )
    }) {
        return FileRole::Example;
    }
    match path.extension() {
        Some("md" | "rst" | "markdown") => FileRole::Documentation,
        _ if is_change_log(path) => FileRole::Documentation,
        _ => FileRole::Other,
    }
}

/// Whether a file's name says that it lists changes.
pub fn is_change_log(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    [
        "change",
        "news",
        "history",
        "release",
        "migrat",
        "upgrad",
        "whatsnew",
        "what_s_new",
        "deprecat",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn is_test_path(path: &str, in_package: bool) -> bool {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    // Inside a package, a folder `test` may be what users test their own code with.
    let test_folder =
        |part: &str| part == "tests" || part == "_tests" || (part == "test" && !in_package);
    folders.split('/').any(test_folder)
        || file == "conftest.py"
        || (file.starts_with("test_") && file.ends_with(".py"))
        || file.ends_with("_test.py")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(paths: &[&str], layouts: &[(&str, LayoutFacts)]) -> Vec<String> {
        let paths: Vec<_> = paths.iter().map(|path| TreePath::new(path).expect("a path")).collect();
        let layouts = layouts.iter().map(|(at, said)| ((*at).to_owned(), said.clone())).collect();
        find_roots(paths.iter(), &layouts)
            .into_iter()
            .map(|root| format!("{}={}", root.name, root.path))
            .collect()
    }

    fn searching(place: &str) -> LayoutFacts {
        LayoutFacts { search: vec![place.into()], ..LayoutFacts::default() }
    }

    #[test]
    fn packages_are_found_where_build_files_and_habits_put_them() {
        let plain = LayoutFacts::default();
        assert_eq!(
            roots(&["src/a/__init__.py", "tests/test_a.py", "setup.py"], &[("", plain.clone())]),
            ["a=src/a"]
        );
        assert_eq!(
            roots(&["a/__init__.py", "docs/conf.py", "tests/__init__.py"], &[("", plain.clone())]),
            ["a=a"]
        );
        assert_eq!(
            roots(&["lib/a/__init__.py", "setup.py"], &[("", searching("lib"))]),
            ["a=lib/a"]
        );
        let inner = ["a/__init__.py", "a/b/__init__.py", "a/c.py", "setup.py"];
        assert_eq!(roots(&inner, &[("", searching("a"))]), ["a=a"]);
        assert_eq!(
            roots(&["src/__init__.py", "src/a/__init__.py"], &[("", searching("src"))]),
            ["a=src/a"]
        );
        assert_eq!(
            roots(&["lib/a/__init__.py", "lib/b/c/x.py", "lib/d.py"], &[("", plain.clone())]),
            ["a=lib/a", "b=lib/b", "d=lib/d.py"]
        );
        assert_eq!(roots(&["a.py", "setup.py", "test_a.py"], &[("", plain.clone())]), ["a=a.py"]);
        assert_eq!(
            roots(&["a-1.0.dist-info/METADATA", "a/__init__.py", "_a.py", "b/c/d.py"], &[]),
            ["_a=_a.py", "a=a", "b=b"]
        );
        let listed = LayoutFacts { installed: vec!["a".into()], ..LayoutFacts::default() };
        let beside = ["a-1.0.dist-info/RECORD", "a/__init__.py", "docs/conf.py", "tests/t.py"];
        assert_eq!(roots(&beside, &[("", listed.clone())]), ["a=a"]);
        let other = LayoutFacts { distribution: Some("other-one".into()), ..listed };
        let sources = ["a-1.0.dist-info/RECORD", "a/__init__.py", "other_one/__init__.py"];
        assert_eq!(roots(&sources, &[("", other)]), ["a=a", "other_one=other_one"]);
        assert_eq!(
            roots(
                &["libs/a/a/__init__.py", "libs/b/src/n/b/__init__.py", "docs/x.py"],
                &[("libs/a", plain.clone()), ("libs/b", plain.clone())]
            ),
            ["a=libs/a/a", "n=libs/b/src/n"]
        );
        assert_eq!(roots(&["x-1/a/__init__.py", "y-2/b/__init__.py"], &[]), ["a=x-1/a", "b=y-2/b"]);
        assert_eq!(
            roots(
                &["x-1/a/__init__.py", "x-1/a/setup.py", "x-1/a/c/__init__.py"],
                &[("x-1/a", plain.clone())]
            ),
            ["a=x-1/a"]
        );
    }

    #[test]
    fn modules_are_named_as_they_are_imported() {
        let root = |name: &str, path: &str| PackageRoot {
            name: DottedName::new(name).expect("a name"),
            path: TreePath::new(path).expect("a path"),
        };
        let all = [root("a", "src/a"), root("single", "single.py")];
        let table = [
            ("src/a/__init__.py", Some("a")),
            ("src/a/b/c.py", Some("a.b.c")),
            ("src/a/b/__init__.pyi", Some("a.b")),
            ("src/a/not-a-name/x.py", None),
            ("single.py", Some("single")),
            ("single.pyi", Some("single")),
            ("tests/test_a.py", None),
            ("src/ab/x.py", None),
        ];
        for (path, expected) in table {
            let path = TreePath::new(path).expect("a path");
            let found = module_name(&path, &all);
            assert_eq!(found.as_ref().map(DottedName::as_str), expected, "{path}");
        }
    }

    #[test]
    fn roles_follow_from_places() {
        let all = [PackageRoot {
            name: DottedName::new("a").expect("a name"),
            path: TreePath::new("a").expect("a path"),
        }];
        let table = [
            ("a/test/client.py", FileRole::Library),
            ("a/tests/x.py", FileRole::Test),
            ("test/x.py", FileRole::Test),
            ("a/docs.py", FileRole::Library),
            ("docs/guide.rst", FileRole::Documentation),
            ("CHANGES.txt", FileRole::Documentation),
            ("examples/x.py", FileRole::Example),
            ("Makefile", FileRole::Other),
        ];
        for (path, expected) in table {
            let path = TreePath::new(path).expect("a path");
            assert_eq!(role_of(&path, &all), expected, "{path}");
        }
    }
}
