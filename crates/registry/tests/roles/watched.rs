//! Files in memory of which a test sees what another process does meanwhile, and which names a loss
//! of power would take.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use artifact::TreePath;
use host::{
    Durability, FileError, FileErrorKind, FileLock, Files, Fill, FolderEntry, MemoryFiles,
    Metadata, Place,
};

type Work = Box<dyn FnOnce() + Send>;

/// Files that are watched; a clone of them is the same disk.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    inner: MemoryFiles,
    before_lock: Arc<Mutex<Option<Work>>>,
    pending: Arc<Mutex<BTreeSet<PathBuf>>>,
    unreadable: Arc<Mutex<Option<PathBuf>>>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

impl Watched {
    /// What another process does just before the next lock is taken.
    pub(crate) fn before_lock(&self, work: impl FnOnce() + Send + 'static) {
        *self.before_lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(work));
    }

    /// Lets a disk fail wherever this file is read.
    pub(crate) fn make_unreadable(&self, path: &Path) {
        *self.unreadable.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    }

    /// The names below a folder that were not synced since they were made.
    pub(crate) fn unsynced(&self, below: &Path) -> Vec<PathBuf> {
        let is_left = |path: &&PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            path.starts_with(below) && !name.starts_with(".onx-")
        };
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.iter().filter(is_left).cloned().collect()
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeSet<PathBuf>) -> T) {
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Files for Watched {
    fn metadata(&self, place: Place<'_>) -> Result<Option<Metadata>, FileError> {
        self.inner.metadata(place)
    }

    fn list(&self, base: &Path, below: Option<&TreePath>) -> Result<Vec<FolderEntry>, FileError> {
        self.inner.list(base, below)
    }

    fn read(&self, place: Place<'_>, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
        let unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        if unreadable.as_deref() == Some(&place.to_path()) {
            let (path, kind) = (place.to_path(), FileErrorKind::Other);
            return Err(FileError { action: "read", path, kind, source: None });
        }
        self.inner.read(place, limit_bytes)
    }

    fn read_end(&self, place: Place<'_>, at_most_bytes: u64) -> Result<Vec<u8>, FileError> {
        self.inner.read_end(place, at_most_bytes)
    }

    fn read_link(&self, place: Place<'_>) -> Result<PathBuf, FileError> {
        self.inner.read_link(place)
    }

    fn create_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        self.change(|pending| pending.insert(place.to_path()));
        self.inner.create_with(place, fill, mode)
    }

    fn append(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<u64, FileError> {
        self.inner.append(place, bytes, durability)
    }

    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        self.inner.rename(base, from, to)?;
        self.change(|pending| {
            pending.remove(&base.join(from.as_str()));
            pending.insert(base.join(to.as_str()));
        });
        Ok(())
    }

    fn link(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        self.change(|pending| pending.insert(base.join(to.as_str())));
        self.inner.link(base, from, to)
    }

    fn sync_folder(&self, base: &Path, below: Option<&TreePath>) -> Result<(), FileError> {
        self.inner.sync_folder(base, below)?;
        let folder = below.map_or_else(|| base.to_owned(), |below| base.join(below.as_str()));
        self.change(|pending| pending.retain(|path| path.parent() != Some(&*folder)));
        Ok(())
    }

    fn create_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        self.inner.create_folder(place)?;
        self.change(|pending| pending.insert(place.to_path()));
        Ok(())
    }

    fn remove_file(&self, place: Place<'_>) -> Result<(), FileError> {
        self.change(|pending| pending.remove(&place.to_path()));
        self.inner.remove_file(place)
    }

    fn remove_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        self.inner.remove_folder(place)
    }

    fn symlink(&self, place: Place<'_>, target: &Path) -> Result<(), FileError> {
        self.inner.symlink(place, target)
    }

    fn set_mode(&self, place: Place<'_>, mode: u32) -> Result<(), FileError> {
        self.inner.set_mode(place, mode)
    }

    fn create_base(&self, base: &Path) -> Result<(), FileError> {
        self.inner.create_base(base)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.inner.canonical(path)
    }

    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError> {
        let work = self.before_lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            work();
        }
        self.inner.lock(place, holder)
    }
}
