//! One version of a code base: a sorted list of files that can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use artifact::{Digest, Finding, Severity, Sha256, Timestamp, TreePath};
use host::FileError;

/// The largest file that is read; larger ones are listed, with a finding.
pub(crate) const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link; reading it reads the file of the same tree that it points to.
    Symlink,
    /// Another repository's commit; its content is not part of this tree.
    Submodule,
    /// A file whose content lies in a large file store; only the pointer is part of this tree.
    LfsPointer,
}

/// Names the content of an entry: equal identities have equal bytes, so it can be the key of a
/// cache.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentIdentity {
    /// The id that git gives to the content.
    GitBlob([u8; 20]),
    /// The digest of the content.
    Digest(Digest),
}

impl fmt::Display for ContentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitBlob(id) => {
                f.write_str("git:")?;
                id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl fmt::Debug for ContentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One file, link or submodule of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Where it lies.
    pub path: TreePath,
    /// What it is.
    pub kind: EntryKind,
    /// Size in bytes; 0 for a submodule.
    pub size_bytes: u64,
    /// Whether its owner may execute it.
    pub is_executable: bool,
    /// Names its content.
    pub identity: ContentIdentity,
    /// When it last changed, where the source knows it and was asked.
    pub modified: Option<Timestamp>,
}

/// Where a tree came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeIdentity {
    /// How the tree can be found again: a git ref, `pypi:NAME==VERSION`, or the name of a folder or
    /// archive.
    pub reference: String,
    /// The commit, when the source is a git repository.
    pub commit: Option<String>,
    /// The archive's digest, when the source is an archive; that of the wheel when there are two.
    pub archive: Option<Sha256>,
    /// When the version was made: the commit's time, else the archive's newest member, else none.
    pub created_at: Option<Timestamp>,
    /// The distribution's name, where the source itself says it.
    pub distribution: Option<String>,
    /// The distribution's version, where the source itself says it.
    pub version: Option<String>,
}

impl TreeIdentity {
    /// An identity of which only the reference is known.
    pub fn named(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            commit: None,
            archive: None,
            created_at: None,
            distribution: None,
            version: None,
        }
    }
}

/// An entry that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The tree has no such file.
    #[error("the tree has no file `{0}`")]
    Missing(TreePath),
    /// The entry has no content in this tree.
    #[error("`{path}` has no content in this tree: it is {what}")]
    NoContent {
        /// The entry.
        path: TreePath,
        /// What it is.
        what: &'static str,
    },
    /// A link leads out of the tree, nowhere, or in a circle.
    #[error("the link `{0}` leads to no file of this tree")]
    Link(TreePath),
    /// A file of a folder could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is not what the listing announced.
    #[error("`{path}` could not be read: {problem}")]
    Damaged {
        /// The entry.
        path: TreePath,
        /// What is wrong.
        problem: String,
    },
}

/// Gives the bytes of an entry; for a link the text of its target.
pub(crate) trait Content: Send + Sync + fmt::Debug {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError>;
}

/// One version of a code base as a list of files that can be read from any thread.
#[derive(Debug, Clone)]
pub struct SourceTree {
    identity: TreeIdentity,
    entries: Arc<[SourceEntry]>,
    findings: Vec<Finding>,
    content: Arc<dyn Content>,
}

impl SourceTree {
    pub(crate) fn new(
        identity: TreeIdentity,
        mut entries: Vec<SourceEntry>,
        mut findings: Vec<Finding>,
        content: Arc<dyn Content>,
    ) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        findings.extend(entries.iter().filter_map(kind_finding));
        findings.extend(place_findings(&entries));
        findings.sort();
        findings.dedup();
        Self { identity, entries: entries.into(), findings, content }
    }

    /// A tree of these files, for tests and for content that exists nowhere else.
    pub fn from_memory<P: AsRef<str>, B: Into<Vec<u8>>>(
        reference: &str,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Self {
        let mut held = BTreeMap::new();
        let mut findings = Vec::new();
        for (path, bytes) in files {
            match TreePath::new(path.as_ref()) {
                Ok(path) => drop(held.insert(path, bytes.into())),
                Err(error) => findings.push(refused(error.to_string())),
            }
        }
        let entries =
            held.iter().map(|(path, bytes)| file_entry(path.clone(), bytes, false)).collect();
        Self::new(TreeIdentity::named(reference), entries, findings, Arc::new(Held(held)))
    }

    /// Where the tree came from.
    pub fn identity(&self) -> &TreeIdentity {
        &self.identity
    }

    /// Every entry, sorted by path.
    pub fn entries(&self) -> &[SourceEntry] {
        &self.entries
    }

    /// What was noticed while listing: submodules, large file pointers, refused members, names that
    /// differ only in case.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The entry at a path.
    pub fn entry(&self, path: &str) -> Option<&SourceEntry> {
        let position = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        self.entries.get(position)
    }

    /// The bytes of a file; a link gives those of the file in this tree that it points to.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let missing = || match TreePath::new(path) {
            Ok(path) => ReadError::Missing(path),
            Err(error) => ReadError::File(host::FileError::new(
                "read",
                error.to_string(),
                host::FileErrorKind::Path,
            )),
        };
        let entry = self.entry(path).ok_or_else(missing)?;
        let file = self.resolve(entry)?;
        match file.kind {
            EntryKind::File => self.content.read(file),
            EntryKind::LfsPointer => Err(ReadError::NoContent {
                path: file.path.clone(),
                what: "a pointer into a large file store",
            }),
            EntryKind::Submodule | EntryKind::Symlink => {
                Err(ReadError::NoContent { path: file.path.clone(), what: "a submodule" })
            }
        }
    }

    /// The target of a link as it is written; none for other entries.
    pub fn link_target(&self, entry: &SourceEntry) -> Result<Option<String>, ReadError> {
        if entry.kind != EntryKind::Symlink {
            return Ok(None);
        }
        let bytes = self.content.read(entry)?;
        String::from_utf8(bytes).map(Some).map_err(|_| ReadError::Link(entry.path.clone()))
    }

    /// The entry that a chain of links ends at, which is in this tree.
    fn resolve<'a>(&'a self, entry: &'a SourceEntry) -> Result<&'a SourceEntry, ReadError> {
        let broken = || ReadError::Link(entry.path.clone());
        let mut current = entry;
        for _ in 0..16 {
            let Some(target) = self.link_target(current)? else { return Ok(current) };
            let path = join_lexically(current.path.parent(), &target).ok_or_else(broken)?;
            current = self.entry(&path).ok_or_else(broken)?;
        }
        Err(broken())
    }

    /// The same tree under another identity.
    #[must_use]
    pub fn with_identity(mut self, identity: TreeIdentity) -> Self {
        self.identity = identity;
        self
    }

    /// The same tree without the entries that this refuses.
    #[must_use]
    pub fn filtered(mut self, mut keep: impl FnMut(&SourceEntry) -> bool) -> Self {
        let kept: Vec<_> = self.entries.iter().filter(|entry| keep(entry)).cloned().collect();
        self.entries = kept.into();
        self
    }

    /// This tree, and those files of another for which `place` gives a path that this tree lacks.
    /// Content comes from where the entry was.
    #[must_use]
    pub fn merged_with(
        self,
        other: Self,
        place: impl Fn(&SourceEntry) -> Option<TreePath>,
    ) -> Self {
        let mut added = BTreeMap::new();
        for entry in other.entries.iter() {
            if let Some(path) = place(entry)
                && self.entry(path.as_str()).is_none()
            {
                added.insert(path, entry.clone());
            }
        }
        let moved =
            added.iter().map(|(path, entry)| SourceEntry { path: path.clone(), ..entry.clone() });
        let entries = self.entries.iter().cloned().chain(moved).collect();
        let kept: BTreeSet<&TreePath> = added.values().map(|entry| &entry.path).collect();
        let mut findings = self.findings;
        // What was noticed about files that are left out would only confuse.
        let is_kept = |finding: &Finding| finding.file.as_ref().is_none_or(|f| kept.contains(f));
        findings.extend(other.findings.into_iter().filter(is_kept));
        let content = Merged { first: self.content, second: other.content, of_second: added };
        Self::new(self.identity, entries, findings, Arc::new(content))
    }
}

#[derive(Debug)]
struct Held(BTreeMap<TreePath, Vec<u8>>);

impl Content for Held {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError> {
        self.0.get(&entry.path).cloned().ok_or_else(|| ReadError::Missing(entry.path.clone()))
    }
}

#[derive(Debug)]
struct Merged {
    first: Arc<dyn Content>,
    second: Arc<dyn Content>,
    /// The entries of the second, by their paths in the merged tree.
    of_second: BTreeMap<TreePath, SourceEntry>,
}

impl Content for Merged {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError> {
        match self.of_second.get(&entry.path) {
            Some(original) => self.second.read(original),
            None => self.first.read(entry),
        }
    }
}

pub(crate) fn file_entry(path: TreePath, bytes: &[u8], is_executable: bool) -> SourceEntry {
    SourceEntry {
        path,
        kind: if is_lfs_pointer(bytes) { EntryKind::LfsPointer } else { EntryKind::File },
        size_bytes: bytes.len() as u64,
        is_executable,
        identity: ContentIdentity::Digest(Digest::of(bytes)),
        modified: None,
    }
}

pub(crate) fn refused(message: String) -> Finding {
    Finding::new(Severity::Warning, "member-refused", message)
}

/// Whether this is what git keeps in place of a file in a large file store.
pub(crate) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// A path joined to a folder by its words alone; none when it leaves the tree.
pub(crate) fn join_lexically(folder: Option<&str>, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.into_iter().flat_map(|f| f.split('/')).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn kind_finding(entry: &SourceEntry) -> Option<Finding> {
    let (code, message) = match entry.kind {
        EntryKind::Submodule => {
            ("submodule", "a submodule: its content is another repository's and was not read")
        }
        EntryKind::LfsPointer => (
            "lfs-pointer",
            "a pointer into a large file store: its content is elsewhere and was not read",
        ),
        EntryKind::File | EntryKind::Symlink => return None,
    };
    Some(Finding::new(Severity::Note, code, message).in_file(&entry.path))
}

/// Entries that cannot stand beside each other on every file system.
fn place_findings(entries: &[SourceEntry]) -> Vec<Finding> {
    let mut by_folded: BTreeMap<String, &TreePath> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut note = |path: &TreePath, code: &str, message: String| {
        findings.push(Finding::new(Severity::Note, code, message).in_file(path));
    };
    for entry in entries {
        if let Some(first) = by_folded.insert(entry.path.folded(), &entry.path) {
            let message = format!(
                "differs from `{first}` only in case or in the form of its characters: \
                 on some systems only one of the two can exist"
            );
            note(&entry.path, "case-collision", message);
        }
    }
    for (folded, path) in &by_folded {
        let mut ends = folded.match_indices('/').map(|(at, _)| &folded[..at]);
        if let Some(above) = ends.find_map(|end| by_folded.get(end)) {
            let message = format!("lies below `{above}`, which is a file or link and no folder");
            note(path, "path-conflict", message);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_in_memory_lists_and_reads() {
        let tree = SourceTree::from_memory("test", [("b.py", "b"), ("a/c.py", "c"), ("../x", "")]);
        let paths: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a/c.py", "b.py"]);
        assert_eq!(tree.read("a/c.py").expect("a file"), b"c");
        assert!(matches!(tree.read("nothing"), Err(ReadError::Missing(_))));
        assert!(matches!(tree.read("../x"), Err(ReadError::File(_))));
        assert_eq!(tree.findings()[0].code, "member-refused");
    }

    #[test]
    fn names_that_differ_in_case_only_are_found() {
        let tree = SourceTree::from_memory("test", [("A.py", ""), ("a.py", ""), ("b.py", "")]);
        assert_eq!(tree.findings().len(), 1);
        assert_eq!(tree.findings()[0].code, "case-collision");
    }

    #[test]
    fn what_cannot_stand_beside_each_other_is_found() {
        let files = [("a", ""), ("a/b.py", ""), ("caf\u{e9}.py", ""), ("cafe\u{301}.py", "")];
        let tree = SourceTree::from_memory("test", files);
        let codes: Vec<_> = tree.findings().iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["case-collision", "path-conflict"]);
    }

    #[test]
    fn lexical_joins_stay_in_the_tree() {
        assert_eq!(join_lexically(Some("a/b"), "../c").as_deref(), Some("a/c"));
        assert_eq!(join_lexically(None, "./c").as_deref(), Some("c"));
        for outside in ["..", "../x", "/etc/passwd", "."] {
            assert_eq!(join_lexically(None, outside), None, "{outside}");
        }
    }

    #[test]
    fn a_merged_tree_reads_each_file_from_its_own_source() {
        let wheel = SourceTree::from_memory("w", [("pkg/a.py", "wheel")]);
        let sdist = SourceTree::from_memory("s", [("pkg/a.py", "sdist"), ("tests/t.py", "test")]);
        let both = wheel.merged_with(sdist, |entry| Some(entry.path.clone()));
        assert_eq!(both.read("pkg/a.py").expect("a file"), b"wheel");
        assert_eq!(both.read("tests/t.py").expect("a file"), b"test");
    }
}
