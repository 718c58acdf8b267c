//! Takes the facts of trees, from the cache where it has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use artifact::{Digest, Finding, Severity, TreePath};
use host::{Files, Place, remove_temporary_files};
use python::assemble::TreeFile;
use python::facts::{EXTRACTOR_VERSION, FileFacts, FileKind, extract_parsed};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use sources::{EntryKind, SourceEntry, SourceTree};

use super::pack::{FactKey, Pack, write_pack};
use crate::Progress;
use crate::bundle::StubStore;

/// A pack that grows beyond this forgets what the last run did not use.
const PACK_LIMIT_BYTES: usize = 256 << 20;
/// A pack that is larger is not read.
const PACK_READ_LIMIT_BYTES: u64 = 2 << 30;

/// The facts of each file of a tree, and what could not be read.
#[derive(Debug, Default)]
pub struct FactsOfTree {
    /// By path; files with the same content and kind share their facts.
    pub files: BTreeMap<TreePath, TreeFile>,
    /// Entries without content, and files that could not be read.
    pub findings: Vec<Finding>,
}

/// The facts of one library's blobs, of all versions that a run looks at.
pub struct FactStore<'a> {
    files: &'a dyn Files,
    place: Option<(PathBuf, TreePath)>,
    pack: Pack,
    known: Mutex<FxHashMap<FactKey, Known>>,
    chunk_size: usize,
    /// Takes the stub of each file that is parsed.
    stubs: Option<&'a StubStore>,
}

#[derive(Clone)]
struct Known {
    facts: Arc<FileFacts>,
    /// The encoded form of facts that the pack does not hold.
    encoded: Option<Arc<[u8]>>,
}

impl<'a> FactStore<'a> {
    /// A store that keeps nothing.
    pub fn without_cache(files: &'a dyn Files, chunk_size: usize) -> Self {
        let known = Mutex::default();
        let (chunk_size, pack) = (chunk_size.max(1), Pack::default());
        Self { files, place: None, pack, known, chunk_size, stubs: None }
    }

    /// The store of this library below the cache folder. A cache that cannot be read is as good as
    /// none.
    pub fn open(files: &'a dyn Files, cache: &Path, library: &str, chunk_size: usize) -> Self {
        let mut store = Self::without_cache(files, chunk_size);
        let name = format!("facts/{}.pack", &Digest::of(library.as_bytes()).hex()[..32]);
        let Ok(path) = TreePath::new(&name) else { return store };
        if let Ok(bytes) = files.read(Place::new(cache, &path), PACK_READ_LIMIT_BYTES) {
            store.pack = Pack::read(bytes, EXTRACTOR_VERSION);
        }
        store.place = Some((cache.to_owned(), path));
        store
    }

    /// The same store, which hands the stub of each file that it parses to this one.
    #[must_use]
    pub(crate) fn offering_stubs_to(mut self, stubs: &'a StubStore) -> Self {
        self.stubs = Some(stubs);
        self
    }

    /// The facts of every file of a tree.
    pub fn facts(&self, tree: &SourceTree, progress: &dyn Progress) -> FactsOfTree {
        let read: Vec<(usize, Result<Arc<FileFacts>, Finding>)> = tree
            .entries()
            .par_iter()
            .enumerate()
            .with_min_len(self.chunk_size)
            .filter(|(_, entry)| matches!(entry.kind, EntryKind::File | EntryKind::Symlink))
            .map(|(position, entry)| {
                let facts = self.of_entry(tree, entry);
                progress.advance(1);
                (position, facts)
            })
            .collect();
        let mut out = FactsOfTree { files: BTreeMap::new(), findings: tree.findings().to_vec() };
        for (position, facts) in read {
            let Some(entry) = tree.entries().get(position) else { continue };
            match facts {
                Ok(facts) => {
                    let file = TreeFile { facts, last_modified: entry.modified };
                    out.files.insert(entry.path.clone(), file);
                }
                Err(finding) => out.findings.push(finding),
            }
        }
        out
    }

    fn of_entry(&self, tree: &SourceTree, entry: &SourceEntry) -> Result<Arc<FileFacts>, Finding> {
        // A link's identity is that of its target's name, so its content must be read to be known.
        let key = (entry.kind == EntryKind::File)
            .then(|| FactKey::new(&entry.identity.to_string(), FileKind::of(&entry.path)));
        if let Some(known) = key.and_then(|key| self.known(key)) {
            return Ok(known);
        }
        let bytes = tree.read(entry.path.as_str()).map_err(|error| {
            Finding::new(Severity::Warning, "unreadable-file", error.to_string())
                .in_file(&entry.path)
        })?;
        let (facts, parsed) = extract_parsed(&entry.path, &bytes);
        if let (Some(stubs), Some(parsed)) = (self.stubs, parsed)
            && entry.kind == EntryKind::File
        {
            stubs.offer(entry, &parsed);
        }
        let facts = Arc::new(facts);
        if let Some(key) = key {
            let encoded = self.place.is_some().then(|| postcard::to_stdvec(&*facts).ok()).flatten();
            let known = Known { facts: facts.clone(), encoded: encoded.map(Into::into) };
            self.lock().insert(key, known);
        }
        Ok(facts)
    }

    fn known(&self, key: FactKey) -> Option<Arc<FileFacts>> {
        if let Some(known) = self.lock().get(&key) {
            return Some(known.facts.clone());
        }
        let facts: Arc<FileFacts> = Arc::new(postcard::from_bytes(self.pack.get(key)?).ok()?);
        self.lock().insert(key, Known { facts: facts.clone(), encoded: None });
        Some(facts)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FxHashMap<FactKey, Known>> {
        // A panic elsewhere cannot leave the map half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is new into the cache. That this fails is no reason for the work to fail.
    pub fn save(self) {
        let Some((cache, path)) = &self.place else { return };
        let known = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        let entries: BTreeMap<FactKey, Arc<[u8]>> =
            known.iter().filter_map(|(key, known)| Some((*key, known.encoded.clone()?))).collect();
        if entries.is_empty() {
            return;
        }
        let new_bytes: usize = entries.values().map(|bytes| bytes.len()).sum();
        let forgets = self.pack.size_bytes() + new_bytes > PACK_LIMIT_BYTES;
        let mut all: BTreeMap<FactKey, &[u8]> =
            self.pack.iter().filter(|(key, _)| !forgets || known.contains_key(key)).collect();
        all.extend(entries.iter().map(|(key, bytes)| (*key, &**bytes)));
        let bytes = write_pack(all.iter().map(|(key, bytes)| (*key, *bytes)), EXTRACTOR_VERSION);
        let place = Place::new(cache, path);
        let written = self
            .files
            .create_base(cache)
            .and_then(|()| self.files.create_parents(cache, path))
            // What an interrupted run left is large; one that still writes keeps nothing.
            .and_then(|_| remove_temporary_files(self.files, place))
            .and_then(|_| self.files.write(place, &bytes, None));
        drop(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_kept(path: &str, bytes: &[u8]) {
        let (facts, _) = extract_parsed(&TreePath::new(path).expect("a path"), bytes);
        let encoded = postcard::to_stdvec(&facts).expect("facts can be encoded");
        let back: FileFacts =
            postcard::from_bytes(&encoded).unwrap_or_else(|why| panic!("{path}: {why}"));
        assert_eq!(back, facts, "{path}");
    }

    #[test]
    fn facts_come_out_of_the_cache_as_they_went_in() {
        let deprecated = "from a import *\n\nclass Old(New, key=1):\n    \"\"\".. deprecated:: 1.2\n       \
                          Use :class:`New`.\"\"\"\n\nclass Gone(New):\n    \"\"\"DEPRECATED.\"\"\"\n";
        let signatures = "def plain(a, b=1, *rest, c: int, d: str = 'x', **more) -> int: ...\n\
                          async def later(): ...\n";
        for (path, text) in [
            ("a.py", deprecated),
            ("b.py", signatures),
            ("broken.py", "def f(:\n"),
            ("stub.pyi", signatures),
            ("settings.yaml", "a: 1\nb: [x]\n"),
            ("notes.md", "`old` was renamed to `new`.\n"),
            ("pyproject.toml", "[project]\nname = \"a\"\n"),
        ] {
            assert_kept(path, text.as_bytes());
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads files of the repository")]
    fn facts_of_every_file_of_the_rules_tests_do() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../code_change/tests/rules");
        let mut count = 0;
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                if path.is_dir() {
                    open.push(path);
                } else if name.contains('.') {
                    assert_kept(name, &std::fs::read(&path).expect("a file"));
                    count += 1;
                }
            }
        }
        assert!(count > 300, "{count} files");
    }
}
