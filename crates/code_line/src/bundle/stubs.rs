//! `stubs_from.zip` and `stubs_to.zip`: each version without bodies, under importable paths.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use code_model::DottedName;
use code_model::snapshot::{AliasRoute, FileRole, Module, Snapshot};
use python::module_names::role_of;
use python::parse::{ParsedFile, SourceText, with_stack_for};
use python::stubs::{LazyName, stub_of, with_lazy_names};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use sources::{ContentIdentity, SourceEntry, SourceTree};

use super::archive::{PackedFile, archive};

/// Stubs of contents that were compressed before: both versions share most of them.
#[derive(Debug, Default)]
pub(crate) struct StubStore {
    packed: Mutex<FxHashMap<ContentIdentity, Option<Arc<PackedFile>>>>,
}

impl StubStore {
    /// Keeps the stub of a file that was parsed for another reason, if it is likely to be asked
    /// for.
    pub(crate) fn offer(&self, entry: &SourceEntry, parsed: &ParsedFile) {
        let is_source = entry.path.extension() == Some("py");
        if is_source && role_of(&entry.path, &[]) != FileRole::Test {
            let packed = pack(&stub_text(parsed));
            self.lock().insert(entry.identity, packed);
        }
    }

    /// The archive of one version's stubs; none when it is too large for the format.
    pub(crate) fn archive(&self, snapshot: &Snapshot, tree: &SourceTree) -> Option<Vec<u8>> {
        let mut lazy: BTreeMap<DottedName, Vec<LazyName>> = BTreeMap::new();
        for (path, alias) in &snapshot.aliases {
            if alias.route == AliasRoute::LazyTable
                && let Some(module) = path.parent()
            {
                let name = LazyName { name: path.leaf().to_owned(), target: alias.target.clone() };
                lazy.entry(module).or_default().push(name);
            }
        }
        let modules: Vec<(&DottedName, &Module)> =
            snapshot.modules.iter().filter(|(_, module)| !module.is_test).collect();
        let mut packed: Vec<(String, Arc<PackedFile>)> = modules
            .into_par_iter()
            .filter_map(|(name, module)| {
                let names = lazy.get(name).map(Vec::as_slice).unwrap_or_default();
                let complete = module.unseen.is_none();
                let packed = self.packed(tree, module, names, complete)?;
                Some((stub_path(name, module.is_package), packed))
            })
            .collect();
        packed.sort_by(|a, b| a.0.cmp(&b.0));
        archive(packed.iter().map(|(path, file)| (path.as_str(), &**file)))
    }

    fn packed(
        &self,
        tree: &SourceTree,
        module: &Module,
        lazy: &[LazyName],
        complete: bool,
    ) -> Option<Arc<PackedFile>> {
        let path = module.file.as_str();
        let beside = path.strip_suffix(".py").map(|stem| format!("{stem}.pyi"));
        let written = beside.as_deref().and_then(|stub| tree.entry(stub));
        let entry = written.or_else(|| tree.entry(path))?;
        // A lazy table is settled across modules, so the same content may give another stub
        // elsewhere.
        let key = lazy.is_empty().then_some(entry.identity);
        if let Some(known) = key.and_then(|key| self.lock().get(&key).cloned()) {
            return known;
        }
        let bytes = tree.read(entry.path.as_str()).ok()?;
        let text = if entry.path.extension() == Some("pyi") {
            SourceText::decode(&bytes).ok().map(|source| source.text)
        } else {
            let parsed = ParsedFile::parse(&bytes).ok();
            parsed.map(|parsed| with_lazy_names(&stub_text(&parsed), lazy, complete))
        };
        let packed = text.and_then(|text| pack(&text));
        if let Some(key) = key {
            self.lock().insert(key, packed.clone());
        }
        packed
    }

    fn lock(
        &self,
    ) -> std::sync::MutexGuard<'_, FxHashMap<ContentIdentity, Option<Arc<PackedFile>>>> {
        // A panic elsewhere cannot leave the map half changed.
        self.packed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stub_text(parsed: &ParsedFile) -> String {
    with_stack_for(parsed.depth(), || stub_of(&parsed.syntax().body, parsed.text()))
}

fn pack(text: &str) -> Option<Arc<PackedFile>> {
    PackedFile::new(text.as_bytes()).map(Arc::new)
}

fn stub_path(module: &DottedName, is_package: bool) -> String {
    let folder = module.as_str().replace('.', "/");
    if is_package { format!("{folder}/__init__.pyi") } else { format!("{folder}.pyi") }
}
