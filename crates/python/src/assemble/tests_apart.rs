//! Which modules of the packages are tests. Their names only raise the question: what they hold and
//! who imports them answers it.

use std::collections::BTreeMap;

use artifact::TreePath;
use code_model::snapshot::{FileRecord, FileRole, SymbolKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Part;
use crate::facts::{BindingRoute, Definition, ModuleFacts, Reference};

/// Where a module stands whose name speaks of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// It prepares tests and nothing else.
    Settled,
    /// In a folder for tests, whose name in full this is.
    Tests(String),
    /// In a folder for benchmarks.
    Benchmarks,
    /// By itself, or in a folder that may as well hold what users test their own code with.
    Alone,
}

/// Settles which modules of the packages are tests, in their files' records as well.
///
/// What library code imports by its name is part of the library, unless it holds tests for a test
/// framework. Of the others those are tests that hold mostly tests, and what lies with tests in a
/// folder for them.
pub(super) fn settle(parts: &mut [Part<'_>], records: &mut BTreeMap<TreePath, FileRecord>) {
    let places: Vec<Option<Place>> =
        parts.iter().map(|part| place_of(part).filter(|_| !part.is_outside)).collect();
    if places.iter().all(Option::is_none) {
        return;
    }
    let groups = groups_of(parts, &places);
    for (part, place) in parts.iter_mut().zip(&places) {
        part.is_test = match place {
            None => continue,
            Some(Place::Settled | Place::Benchmarks) => true,
            Some(Place::Alone) => holds_tests(part.facts),
            Some(Place::Tests(folder)) => groups.get(folder.as_str()).copied().unwrap_or(true),
        };
    }
    take_back_imported(parts, &places);
    for part in parts.iter().filter(|part| !part.is_outside) {
        if let Some(record) = records.get_mut(part.path) {
            let role = if part.is_test { FileRole::Test } else { FileRole::Library };
            record.role = role;
        }
    }
}

/// The place of a module of which tests are to be expected; none for other modules.
fn place_of(part: &Part<'_>) -> Option<Place> {
    let name = part.name.as_str();
    // Most names need no second look.
    if !(name.contains("test") || name.contains("benchmarks")) {
        return None;
    }
    let mut folders: Vec<&str> = part.name.parts().collect();
    let stem = if part.is_package { "" } else { folders.pop().unwrap_or_default() };
    if stem == "conftest" {
        return Some(Place::Settled);
    }
    let is_tests =
        |folder: &str| matches!(folder, "tests" | "_tests" | "testing_tests") || begins(folder);
    // The package itself is called as its makers like.
    let inner = folders.get(1..).unwrap_or_default();
    if let Some(at) = inner.iter().position(|folder| is_tests(folder)) {
        return Some(Place::Tests(folders[..=at + 1].join(".")));
    }
    if inner.contains(&"benchmarks") {
        return Some(Place::Benchmarks);
    }
    let is_alone = !folders.is_empty()
        && (begins(stem) || stem.ends_with("_test") || matches!(stem, "test" | "tests"));
    (is_alone || inner.contains(&"test")).then_some(Place::Alone)
}

fn begins(name: &str) -> bool {
    name.starts_with("test_")
}

/// Whether the modules of each folder for tests are tests: some of them hold tests, or none offers
/// anything.
fn groups_of<'p>(parts: &[Part<'_>], places: &'p [Option<Place>]) -> FxHashMap<&'p str, bool> {
    let mut seen: FxHashMap<&str, (bool, bool)> = FxHashMap::default();
    for (part, place) in parts.iter().zip(places) {
        if let Some(Place::Tests(folder)) = place {
            let (tests, offers) = seen.entry(folder).or_default();
            *tests |= holds_tests(part.facts);
            *offers |= offered(part.facts).next().is_some();
        }
    }
    seen.into_iter().map(|(folder, (tests, offers))| (folder, tests || !offers)).collect()
}

/// The functions and classes that a module defines for others.
fn offered(facts: &ModuleFacts) -> impl Iterator<Item = (usize, &Definition)> {
    facts.definitions.iter().enumerate().filter(|(_, definition)| {
        definition.parent.is_none()
            && matches!(definition.kind, SymbolKind::Function | SymbolKind::Class)
            && !definition.name.is_empty()
            && !definition.name.starts_with('_')
    })
}

/// Whether at least half of what a module defines are tests.
fn holds_tests(facts: &ModuleFacts) -> bool {
    let mut with_tests: FxHashSet<u32> = FxHashSet::default();
    for definition in &facts.definitions {
        if definition.kind == SymbolKind::Method && definition.name.starts_with("test") {
            with_tests.extend(definition.parent);
        }
    }
    let (mut tests, mut all) = (0_usize, 0_usize);
    for (number, definition) in offered(facts) {
        let is_test = match definition.kind {
            SymbolKind::Function => begins(&definition.name),
            _ => with_tests.contains(&(number as u32)) && is_test_class(facts, definition),
        };
        tests += usize::from(is_test);
        all += 1;
    }
    tests > 0 && tests * 2 >= all
}

/// Whether a class is one that a test framework collects.
fn is_test_class(facts: &ModuleFacts, class: &Definition) -> bool {
    let is_test_name = |name: &str| {
        let leaf = name.rsplit('.').next().unwrap_or(name);
        leaf.starts_with("Test")
            || begins(leaf)
            || leaf.ends_with("Test")
            || leaf.ends_with("Tests")
            || leaf.ends_with("Case")
    };
    let of_bases = class.bases.iter().filter_map(|base| facts.references.get(*base as usize));
    is_test_name(&class.name) || of_bases.map(Reference::text).any(|base| is_test_name(base))
}

/// Whether a module uses a framework for tests.
fn uses_test_framework(facts: &ModuleFacts) -> bool {
    facts.references.iter().any(|reference| {
        matches!(reference, Reference::Absolute(name)
            if matches!(name.split('.').next(), Some("pytest" | "unittest" | "nose")))
    })
}

/// What code of the library imports by its name, and not only when something holds, is no test;
/// what that imports is none either.
fn take_back_imported(parts: &mut [Part<'_>], places: &[Option<Place>]) {
    let by_name: FxHashMap<String, Vec<usize>> = {
        let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_outside) {
            by_name.entry(part.name.to_string()).or_default().push(index);
        }
        by_name
    };
    let mut pending: Vec<usize> =
        (0..parts.len()).filter(|it| !parts[*it].is_outside && !parts[*it].is_test).collect();
    while let Some(from) = pending.pop() {
        for name in imported_by(&parts[from]) {
            let Some(modules) = longest_known(&by_name, &name) else { continue };
            for index in modules {
                let module = &mut parts[*index];
                let may_be = matches!(
                    places[*index],
                    Some(Place::Alone | Place::Tests(_) | Place::Benchmarks)
                );
                let stays = holds_tests(module.facts) && uses_test_framework(module.facts);
                if module.is_test && may_be && !stays {
                    module.is_test = false;
                    pending.push(*index);
                }
            }
        }
    }
}

fn longest_known<'m>(
    by_name: &'m FxHashMap<String, Vec<usize>>,
    name: &str,
) -> Option<&'m Vec<usize>> {
    let mut module = name;
    loop {
        if let Some(found) = by_name.get(module) {
            return Some(found);
        }
        module = module.rsplit_once('.')?.0;
    }
}

/// The complete names that a module always imports by name.
fn imported_by(part: &Part<'_>) -> Vec<String> {
    let bindings = part.facts.bindings.iter().filter(|binding| {
        let by_name = matches!(
            binding.route,
            BindingRoute::From | BindingRoute::Module | BindingRoute::ModuleAs
        );
        by_name && binding.scope.is_none() && !binding.conditional && !binding.out_of_reach
    });
    bindings.filter_map(|binding| part.absolute(binding.target)).collect()
}
