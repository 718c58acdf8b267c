//! Facts of all files to one snapshot: modules, symbols, access paths, edges.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::{Digest, Finding, Timestamp, TreePath};
use code_model::snapshot::{
    Edge, EdgeKind, FileRecord, FileRole, Module, Origin, PackageRoot, SNAPSHOT_FORMAT, Snapshot,
    SymbolKind,
};
use code_model::{DottedName, NameMap};
use rustc_hash::FxHashSet;

use crate::facts::{DefinitionIndex, FileFacts, FileKind, LayoutFacts, Reference, ReferenceIndex};
use crate::module_names::{find_roots, module_name, name_outside, role_of};

mod access_paths;
mod constructors;
mod forwards;
mod hints;
mod keys;
mod names;
mod symbols;
mod tests_apart;

use names::{Names, UsedNames};

/// One file of a tree with its facts.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// What [`crate::facts::extract`] said about its bytes.
    pub facts: Arc<FileFacts>,
    /// When it last changed, where the source knows it.
    pub last_modified: Option<Timestamp>,
}

/// Puts the facts of a tree's files together.
///
/// An empty `origin.library` is filled with the distribution's name from the build file, or else
/// with the name of the first package. The result depends on nothing but the arguments.
pub fn assemble(mut origin: Origin, files: &BTreeMap<TreePath, TreeFile>) -> Snapshot {
    let layouts = layouts_of(files);
    let roots = find_roots(files.keys(), &layouts);
    if origin.library.is_empty() {
        let named = layouts.values().find_map(|layout| layout.distribution.as_deref());
        let first = roots.first().map(|root| root.name.as_str());
        named.or(first).unwrap_or("unknown").clone_into(&mut origin.library);
    }
    let mut records = records_of(files, &roots);
    let mut parts = parts_of(files, &records, &roots);
    tests_apart::settle(&mut parts, &mut records);
    let names = Names::new(parts);
    let used = names.used_names();
    let mut snapshot = Snapshot {
        format: SNAPSHOT_FORMAT.to_string(),
        origin,
        modules: NameMap::new(),
        symbols: NameMap::new(),
        aliases: access_paths::aliases(&names, &used),
        keys: Vec::new(),
        edges: Vec::new(),
        hints: Vec::new(),
        test_uses: NameMap::new(),
        forwards: BTreeMap::new(),
        wrappers: BTreeMap::new(),
        findings: findings_of(files),
        checksum: checksum_of(files),
        roots,
        files: records,
    };
    snapshot.modules = modules_of(&names, &used);
    snapshot.symbols = symbols::symbols(&names, &snapshot.aliases);
    snapshot.edges = edges_of(&names, &snapshot);
    snapshot.test_uses = test_uses_of(&names, &snapshot);
    snapshot.forwards = forwards::forwards(&names);
    snapshot.wrappers = forwards::wrappers(&names);
    snapshot.keys = keys::keys(&names, &snapshot, files);
    snapshot.hints = hints::hints(&names, &snapshot, files);
    snapshot
}

/// A Python file of the tree with the name of its module.
#[derive(Debug)]
struct Part<'a> {
    name: DottedName,
    path: &'a TreePath,
    facts: &'a crate::facts::ModuleFacts,
    is_package: bool,
    is_test: bool,
    /// Whether it lies outside all packages: it can use names, and offers none.
    is_outside: bool,
}

impl Part<'_> {
    /// The complete name that a reference means; none for one that nothing in the file binds.
    fn absolute(&self, reference: ReferenceIndex) -> Option<String> {
        match self.facts.references.get(reference as usize)? {
            Reference::Absolute(name) => Some(name.as_ref().to_owned()),
            Reference::Local(name) => Some(format!("{}.{name}", self.name)),
            Reference::Relative(level, name) => {
                let up = if self.is_package { *level - 1 } else { *level };
                let mut package = self.name.as_str();
                for _ in 0..up {
                    package = package.rsplit_once('.')?.0;
                }
                Some(if name.is_empty() { package.to_owned() } else { format!("{package}.{name}") })
            }
            Reference::Unbound(_) => None,
        }
    }
}

fn layouts_of(files: &BTreeMap<TreePath, TreeFile>) -> BTreeMap<String, LayoutFacts> {
    let mut layouts: BTreeMap<String, LayoutFacts> = BTreeMap::new();
    for (path, file) in files {
        let folder = path.parent().unwrap_or("");
        let about = match file.facts.kind {
            FileKind::Project | FileKind::SetupCfg | FileKind::SetupPy => folder,
            FileKind::Record => folder.rsplit_once('/').map_or("", |(outer, _)| outer),
            _ => continue,
        };
        let layout = layouts.entry(about.to_owned()).or_default();
        if let Some(said) = &file.facts.layout {
            layout.distribution = layout.distribution.take().or_else(|| said.distribution.clone());
            layout.search.extend(said.search.iter().cloned());
            layout.packages.extend(said.packages.iter().cloned());
            layout.modules.extend(said.modules.iter().cloned());
            layout.installed.extend(said.installed.iter().cloned());
        }
    }
    layouts
}

fn records_of(
    files: &BTreeMap<TreePath, TreeFile>,
    roots: &[PackageRoot],
) -> BTreeMap<TreePath, FileRecord> {
    let record = |(path, file): (&TreePath, &TreeFile)| {
        let record = FileRecord {
            size_bytes: file.facts.size_bytes,
            lang: lang_text(file.facts.kind),
            hash: file.facts.hash,
            role: role_of(path, roots),
            last_modified: file.last_modified,
        };
        (path.clone(), record)
    };
    files.iter().map(record).collect()
}

fn lang_text(kind: FileKind) -> Arc<str> {
    thread_local! {
        static TEXTS: std::cell::RefCell<BTreeMap<&'static str, Arc<str>>> =
            const { std::cell::RefCell::new(BTreeMap::new()) };
    }
    let lang = kind.lang();
    TEXTS.with_borrow_mut(|texts| texts.entry(lang).or_insert_with(|| lang.into()).clone())
}

fn parts_of<'a>(
    files: &'a BTreeMap<TreePath, TreeFile>,
    records: &BTreeMap<TreePath, FileRecord>,
    roots: &[PackageRoot],
) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (path, file) in files {
        let Some(facts) = file.facts.module.as_deref() else { continue };
        let inside = module_name(path, roots);
        let is_outside = inside.is_none();
        let Some(name) = inside.or_else(|| name_outside(path)) else { continue };
        let is_package = path.file_name().starts_with("__init__.");
        let is_test = records.get(path).is_some_and(|record| record.role == FileRole::Test);
        parts.push(Part { name, path, facts, is_package, is_test, is_outside });
    }
    parts
}

fn findings_of(files: &BTreeMap<TreePath, TreeFile>) -> Vec<Finding> {
    let of_file = |(path, file): (&TreePath, &TreeFile)| {
        let path = path.clone();
        let findings = file.facts.findings.clone();
        findings.into_iter().map(move |finding| finding.in_file(&path)).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

fn checksum_of(files: &BTreeMap<TreePath, TreeFile>) -> Digest {
    let mut bytes = Vec::with_capacity(files.len() * 96);
    for (path, file) in files {
        bytes.extend_from_slice(path.as_str().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(file.facts.hash.hex().as_bytes());
        bytes.push(b'\n');
    }
    Digest::of(&bytes)
}

fn modules_of(names: &Names<'_>, used: &UsedNames) -> NameMap<Module> {
    let mut modules = Vec::new();
    for (index, part) in names.offered() {
        let module = Module {
            file: part.path.clone(),
            is_package: part.is_package,
            exported: names.exported(index).map(<[_]>::to_vec),
            exported_partly: names.exported_partly(index).map(<[_]>::to_vec),
            perhaps: names.brought(index, used).perhaps,
            unseen: names.unseen(index),
            is_test: part.is_test,
            docstring: part.facts.docstring.clone(),
            deprecated: part.facts.deprecated.clone(),
        };
        modules.push((part.name.clone(), module));
    }
    modules.into_iter().collect()
}

/// What the functions and methods of test files outside all packages use of the library.
fn test_uses_of(names: &Names<'_>, snapshot: &Snapshot) -> NameMap<Vec<DottedName>> {
    let mut found = Vec::new();
    for (index, part) in names.all().filter(|(_, part)| part.is_outside && part.is_test) {
        for (number, definition) in part.facts.definitions.iter().enumerate() {
            let is_test = matches!(definition.kind, SymbolKind::Function | SymbolKind::Method);
            let Some(path) = names.path(index, number as DefinitionIndex).filter(|_| is_test)
            else {
                continue;
            };
            let uses = definition.uses.iter().filter_map(|used| names.settled(index, *used));
            let mut uses: Vec<DottedName> =
                uses.filter(|used| snapshot.symbols.contains_key(used)).collect();
            uses.sort_unstable();
            uses.dedup();
            // That a test is still there, and uses nothing of the library any more, counts.
            found.push((path.clone(), uses));
        }
    }
    found.into_iter().collect()
}

/// The edges in order: sources are visited in order, so that only the targets of each need sorting.
fn edges_of(names: &Names<'_>, snapshot: &Snapshot) -> Vec<Edge> {
    let callables = snapshot.symbols.iter().filter(|(_, symbol)| symbol.kind.is_callable());
    let callables: FxHashSet<&str> = callables.map(|(path, _)| path.as_str()).collect();
    let is_callable = |target: &DottedName| callables.contains(target.as_str());
    let mut sources: BTreeMap<&DottedName, Vec<(DottedName, EdgeKind)>> = BTreeMap::new();
    for (index, part) in names.all() {
        let targets = sources.entry(&part.name).or_default();
        for binding in &part.facts.bindings {
            if let Some(target) = names.settled(index, binding.target)
                && target != part.name
            {
                targets.push((target, EdgeKind::Imports));
            }
        }
        if part.is_outside {
            let own = part.facts.uses.iter();
            let inner = part.facts.definitions.iter().flat_map(|definition| &definition.uses);
            for used in own.chain(inner) {
                let target = names.settled(index, *used);
                targets.extend(
                    target
                        .filter(|target| is_callable(target))
                        .map(|target| (target, EdgeKind::Calls)),
                );
            }
        }
    }
    for (path, alias) in &snapshot.aliases {
        if !alias.public {
            continue;
        }
        if let Some(parent) = path.parent()
            && let Some((module, _)) = snapshot.modules.get_key_value(&parent)
        {
            sources.entry(module).or_default().push((alias.target.clone(), EdgeKind::Exports));
        }
    }
    let mut edges = Vec::new();
    let mut emit = |source: &DottedName, mut targets: Vec<(DottedName, EdgeKind)>| {
        targets.sort_unstable();
        targets.dedup();
        edges.extend(targets.into_iter().map(|(target_fq, edge_type)| Edge {
            source_fq: source.clone(),
            target_fq,
            edge_type,
        }));
    };
    let mut modules = sources.into_iter().peekable();
    for (path, symbol) in &snapshot.symbols {
        while modules.peek().is_some_and(|(source, _)| *source <= path) {
            if let Some((source, targets)) = modules.next() {
                emit(source, targets);
            }
        }
        let bases = symbol.bases.iter().map(|base| (base.clone(), EdgeKind::Inherits));
        let calls = symbol.uses.iter().filter(|used| is_callable(used));
        let calls = calls.map(|used| (used.clone(), EdgeKind::Calls));
        emit(path, bases.chain(calls).collect());
    }
    for (source, targets) in modules {
        emit(source, targets);
    }
    edges
}
