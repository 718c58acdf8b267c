//! Files whose Nth operation fails or stops the process, for tests of every step.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use artifact::TreePath;

use crate::{
    Durability, FileError, FileErrorKind, FileLock, Files, Fill, FolderEntry, Metadata, Place,
};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails as if the disk were full; later operations work.
    Full,
    /// It fails as if the user had no permission; later operations work.
    Denied,
    /// The process stops before it: nothing works any more.
    StopBefore,
    /// The process stops after it: it is done, but its caller never learns, and nothing works any
    /// more.
    StopAfter,
    /// The process stops in the middle of a write: half of the bytes are there, and nothing works
    /// any more.
    StopWithin,
}

/// Files that count operations and make one of them fail.
#[derive(Debug)]
pub struct FaultyFiles<F> {
    inner: F,
    at: u64,
    fault: Fault,
    count: AtomicU64,
    read_only: Option<PathBuf>,
}

impl<F: Files> FaultyFiles<F> {
    /// Files whose operation number `at`, counted from 1, meets this fault.
    pub fn new(inner: F, at: u64, fault: Fault) -> Self {
        Self { inner, at, fault, count: AtomicU64::new(0), read_only: None }
    }

    /// Files of which those below this folder can be read but not changed.
    pub fn read_only_below(inner: F, folder: &Path) -> Self {
        let read_only = Some(folder.to_owned());
        Self { inner, at: u64::MAX, fault: Fault::Denied, count: AtomicU64::new(0), read_only }
    }

    /// Whether the fault has happened; a run that ends without it was longer than the test needed.
    pub fn has_struck(&self) -> bool {
        self.count.load(Ordering::SeqCst) >= self.at
    }

    fn step<T>(
        &self,
        action: &'static str,
        path: PathBuf,
        half: impl FnOnce(),
        whole: impl FnOnce() -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let reads = matches!(action, "look at" | "list" | "read" | "read the link" | "find");
        if !reads && self.read_only.as_ref().is_some_and(|folder| path.starts_with(folder)) {
            return Err(FileError::new(action, path, FileErrorKind::ReadOnly));
        }
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let stops = matches!(self.fault, Fault::StopBefore | Fault::StopAfter | Fault::StopWithin);
        if count < self.at || (count > self.at && !stops) {
            return whole();
        }
        let kind = match self.fault {
            Fault::Full => FileErrorKind::Full,
            Fault::Denied => FileErrorKind::Denied,
            _ => FileErrorKind::Stopped,
        };
        if count == self.at {
            match self.fault {
                // The outcome of the operation is what its caller can no longer see.
                Fault::StopAfter => drop(whole()),
                Fault::StopWithin => half(),
                _ => {}
            }
        }
        Err(FileError::new(action, path, kind))
    }

    fn plain<T>(
        &self,
        action: &'static str,
        path: PathBuf,
        whole: impl FnOnce() -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        self.step(action, path, || {}, whole)
    }
}

fn below(base: &Path, path: Option<&TreePath>) -> PathBuf {
    path.map_or_else(|| base.to_owned(), |path| base.join(path.as_str()))
}

impl<F: Files> Files for FaultyFiles<F> {
    fn metadata(&self, place: Place<'_>) -> Result<Option<Metadata>, FileError> {
        self.plain("look at", place.to_path(), || self.inner.metadata(place))
    }

    fn list(&self, base: &Path, path: Option<&TreePath>) -> Result<Vec<FolderEntry>, FileError> {
        self.plain("list", below(base, path), || self.inner.list(base, path))
    }

    fn read(&self, place: Place<'_>, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
        self.plain("read", place.to_path(), || self.inner.read(place, limit_bytes))
    }

    fn read_end(&self, place: Place<'_>, at_most_bytes: u64) -> Result<Vec<u8>, FileError> {
        self.plain("read", place.to_path(), || self.inner.read_end(place, at_most_bytes))
    }

    fn read_link(&self, place: Place<'_>) -> Result<PathBuf, FileError> {
        self.plain("read the link", place.to_path(), || self.inner.read_link(place))
    }

    fn create_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        let mut bytes = Vec::new();
        fill(&mut bytes).map_err(|error| FileError::from_io("write", &place.to_path(), error))?;
        let half = || {
            // That half of the bytes arrive is the fault itself.
            let _ = self.inner.create(place, &bytes[..bytes.len() / 2], None);
        };
        self.step("create", place.to_path(), half, || self.inner.create(place, &bytes, mode))
    }

    fn append(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<u64, FileError> {
        let half = || {
            // That half of the bytes arrive is the fault itself.
            let _ = self.inner.append(place, &bytes[..bytes.len() / 2], durability);
        };
        self.step("append to", place.to_path(), half, || {
            self.inner.append(place, bytes, durability)
        })
    }

    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        self.plain("rename", base.join(from.as_str()), || self.inner.rename(base, from, to))
    }

    fn link(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        self.plain("link", base.join(to.as_str()), || self.inner.link(base, from, to))
    }

    fn sync_folder(&self, base: &Path, path: Option<&TreePath>) -> Result<(), FileError> {
        self.plain("sync", below(base, path), || self.inner.sync_folder(base, path))
    }

    fn create_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        self.plain("create", place.to_path(), || self.inner.create_folder(place))
    }

    fn remove_file(&self, place: Place<'_>) -> Result<(), FileError> {
        self.plain("remove", place.to_path(), || self.inner.remove_file(place))
    }

    fn remove_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        self.plain("remove", place.to_path(), || self.inner.remove_folder(place))
    }

    fn symlink(&self, place: Place<'_>, target: &Path) -> Result<(), FileError> {
        self.plain("link", place.to_path(), || self.inner.symlink(place, target))
    }

    fn set_mode(&self, place: Place<'_>, mode: u32) -> Result<(), FileError> {
        self.plain("set the mode of", place.to_path(), || self.inner.set_mode(place, mode))
    }

    fn create_base(&self, base: &Path) -> Result<(), FileError> {
        self.plain("create", base.to_owned(), || self.inner.create_base(base))
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.plain("find", path.to_owned(), || self.inner.canonical(path))
    }

    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError> {
        self.plain("lock", place.to_path(), || self.inner.lock(place, holder))
    }
}
