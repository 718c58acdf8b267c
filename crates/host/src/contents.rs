//! Bytes that are kept under their own digest: whoever has the digest gets these bytes or none.

use std::path::PathBuf;
use std::sync::Arc;

use artifact::{Digest, TreePath};

use crate::{Durability, FileError, FileErrorKind, Files, NodeKind, Place, tree_path};

/// The mode of what is kept, where nothing else is asked for: it never changes.
const READ_ONLY: u32 = 0o444;

/// Bytes that cannot be had under their digest.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Nothing is kept under it.
    #[error("nothing is kept under {0}")]
    Missing(Digest),
    /// What is kept under it are other bytes.
    #[error("what is kept under {0} is damaged")]
    Damaged(Digest),
    /// The place could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Where bytes are kept under their digest, each content once: a folder, or beyond one machine an
/// object storage.
pub trait Contents: Send + Sync + std::fmt::Debug {
    /// Keeps these bytes. What is kept already stays; what lies there and is damaged is replaced.
    fn keep(&self, bytes: &[u8], durability: Durability) -> Result<Digest, FileError>;
    /// The bytes of this digest, of which there are at most this many.
    fn get(&self, digest: &Digest, limit_bytes: u64) -> Result<Vec<u8>, ContentError>;
    /// The digest of everything that is kept, sorted.
    fn list(&self) -> Result<Vec<Digest>, FileError>;
    /// Removes what is kept under this digest, if anything is.
    fn remove(&self, digest: &Digest) -> Result<(), FileError>;
}

/// Contents in a folder: `ab/abcdef…`, by the digits of the digest, each file read-only.
#[derive(Debug, Clone)]
pub struct FolderContents {
    files: Arc<dyn Files>,
    base: PathBuf,
    folder: TreePath,
    mode: u32,
}

impl FolderContents {
    /// The contents in this folder below a base; either need not be there yet.
    pub fn new(files: Arc<dyn Files>, base: impl Into<PathBuf>, folder: TreePath) -> Self {
        Self { files, base: base.into(), folder, mode: READ_ONLY }
    }

    /// The same contents, of which what is kept from now on has this mode.
    #[must_use]
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Keeps these bytes under their digest and under this name below the base, in place of what
    /// has that name; the folders above it are made. The two are one file, or two where the file
    /// system knows no second names. What an interruption leaves incomplete lies beside the name,
    /// so that whoever owns that folder can remove it.
    pub fn keep_named(
        &self,
        bytes: &[u8],
        name: &TreePath,
        durability: Durability,
    ) -> Result<Digest, FileError> {
        let digest = Digest::of(bytes);
        let kept = self.path(&digest)?;
        let place = Place::new(&self.base, name);
        self.create_folder(name)?;
        self.create_folder(&kept)?;
        // What is kept already may have been kept for the end of a process only.
        if durability == Durability::Process && self.holds(&kept, bytes) {
            let linked = self.files.link(&self.base, &kept, name);
            if linked.is_ok() || self.holds(name, bytes) {
                return Ok(digest);
            }
        }
        match durability {
            Durability::Process => self.files.keep(place, bytes, Some(self.mode))?,
            Durability::Power => self.files.write(place, bytes, Some(self.mode))?,
        }
        if self.holds(&kept, bytes) {
            return Ok(digest);
        }
        // A loss of power may have left something else under the digest.
        self.remove(&digest)?;
        match self.files.link(&self.base, name, &kept) {
            Ok(()) => Ok(digest),
            // Somebody else keeps the same now.
            Err(error) if error.kind == FileErrorKind::Exists => Ok(digest),
            // There may be no second names here; else a copy fails for the same reason.
            Err(_) => self.keep(bytes, durability),
        }
    }

    /// Whether exactly these bytes lie there.
    fn holds(&self, path: &TreePath, bytes: &[u8]) -> bool {
        let there = self.files.read(Place::new(&self.base, path), bytes.len() as u64);
        there.is_ok_and(|there| there == bytes)
    }

    fn path(&self, digest: &Digest) -> Result<TreePath, FileError> {
        let hex = digest.hex();
        tree_path(&format!("{}/{}/{hex}", self.folder, &hex[..2]))
    }

    /// The names in a folder of this one; none where it is not there.
    fn names(&self, below: &TreePath, kind: NodeKind) -> Result<Vec<String>, FileError> {
        match self.files.list(&self.base, Some(below)) {
            Ok(entries) => {
                let entries = entries.into_iter().filter(|entry| entry.kind == kind);
                Ok(entries.map(|entry| entry.name).collect())
            }
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Contents for FolderContents {
    fn keep(&self, bytes: &[u8], durability: Durability) -> Result<Digest, FileError> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest)?;
        let place = Place::new(&self.base, &path);
        // A loss of power may have left something else under the name.
        match (self.holds(&path, bytes), durability) {
            (true, Durability::Process) => {}
            // It may have been kept for the end of a process only, so it is written once more.
            (_, Durability::Power) => {
                self.create_folder(&path)?;
                self.files.write(place, bytes, Some(self.mode))?;
            }
            (false, Durability::Process) => {
                self.create_folder(&path)?;
                self.files.keep(place, bytes, Some(self.mode))?;
            }
        }
        Ok(digest)
    }

    fn get(&self, digest: &Digest, limit_bytes: u64) -> Result<Vec<u8>, ContentError> {
        match self.files.read(Place::new(&self.base, &self.path(digest)?), limit_bytes) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(bytes),
            Ok(_) => Err(ContentError::Damaged(*digest)),
            Err(error) => Err(match error.kind {
                FileErrorKind::Missing => ContentError::Missing(*digest),
                FileErrorKind::TooLarge(_) => ContentError::Damaged(*digest),
                _ => error.into(),
            }),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, FileError> {
        let mut all = Vec::new();
        for digits in self.names(&self.folder, NodeKind::Folder)? {
            let below = tree_path(&format!("{}/{digits}", self.folder))?;
            let names = self.names(&below, NodeKind::File)?;
            // What has another name is incomplete, or was put there by somebody else.
            let digests = names.iter().filter_map(|hex| {
                let digest: Option<Digest> = format!("blake3:{hex}").parse().ok();
                digest
            });
            all.extend(digests);
        }
        all.sort_unstable();
        Ok(all)
    }

    fn remove(&self, digest: &Digest) -> Result<(), FileError> {
        match self.files.remove_file(Place::new(&self.base, &self.path(digest)?)) {
            Err(error) if error.kind != FileErrorKind::Missing => Err(error),
            _ => Ok(()),
        }
    }
}

impl FolderContents {
    fn create_folder(&self, path: &TreePath) -> Result<(), FileError> {
        self.files.create_base(&self.base)?;
        self.files.create_parents(&self.base, path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{DiskFiles, Fault, FaultyFiles, MemoryFiles};

    fn contents(files: impl Files + 'static, base: &Path) -> FolderContents {
        FolderContents::new(Arc::new(files), base, tree_path("kept").expect("a path"))
    }

    #[test]
    fn what_is_kept_is_had_again_and_nothing_else() {
        let files = MemoryFiles::new();
        let contents = contents(files.clone(), Path::new("/w"));
        assert_eq!(contents.list().expect("nothing"), []);
        let one = contents.keep(b"one", Durability::Process).expect("kept");
        let two = contents.keep(b"two", Durability::Power).expect("kept");
        assert_eq!(contents.keep(b"one", Durability::Process).expect("kept"), one);
        let mut both = vec![one, two];
        both.sort_unstable();
        assert_eq!(contents.list().expect("both"), both);
        assert_eq!(contents.get(&one, 3).expect("there"), b"one");
        assert!(matches!(contents.get(&one, 2), Err(ContentError::Damaged(_))));
        let other = Digest::of(b"other");
        assert!(matches!(contents.get(&other, 9), Err(ContentError::Missing(_))));

        let path = contents.path(&one).expect("a path");
        files.write(Place::new(Path::new("/w"), &path), b"bad", None).expect("written");
        assert!(matches!(contents.get(&one, 3), Err(ContentError::Damaged(_))));
        contents.keep(b"one", Durability::Process).expect("replaced");
        assert_eq!(contents.get(&one, 3).expect("whole again"), b"one");
        for _ in 0..2 {
            contents.remove(&one).expect("gone");
        }
        assert_eq!(contents.list().expect("the other"), [two]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what the door did is looked at from outside")]
    fn a_name_is_the_same_file_and_read_only() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let contents = contents(DiskFiles, folder.path());
        let name = tree_path("task/runs/run/plan.json").expect("a path");
        let keep = |bytes: &[u8]| contents.keep_named(bytes, &name, Durability::Process);
        let digest = keep(b"one").expect("kept");
        for durability in [Durability::Process, Durability::Power] {
            contents.keep_named(b"one", &name, durability).expect("kept again");
            assert_eq!(contents.get(&digest, 3).expect("kept"), b"one");
        }
        let second = tree_path("task/runs/other/plan.json").expect("a path");
        contents.remove(&digest).expect("gone");
        for (name, names) in [(&name, 2), (&second, 3)] {
            contents.keep_named(b"one", name, Durability::Process).expect("kept");
            let found = std::fs::metadata(folder.path().join(name.as_str())).expect("there");
            assert_eq!((found.nlink(), found.mode() & 0o777), (names, 0o444));
        }
        let private = contents.clone().with_mode(0o400);
        private.keep_named(b"secret", &second, Durability::Process).expect("kept");
        let found = std::fs::metadata(folder.path().join(second.as_str())).expect("there");
        assert_eq!(found.mode() & 0o777, 0o400);
        keep(b"another").expect("named anew");
        assert_eq!(std::fs::read(folder.path().join(name.as_str())).expect("read"), b"another");
        assert_eq!(contents.get(&digest, 3).expect("what was named before stays"), b"one");
    }

    #[test]
    fn whatever_fails_nothing_wrong_is_kept() {
        for fault in [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopWithin] {
            for at in 1.. {
                let disk = MemoryFiles::new();
                let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
                let folder = tree_path("kept").expect("a path");
                let broken = FolderContents::new(faulty.clone(), "/w", folder);
                let name = tree_path("run/plan.json").expect("a path");
                let kept = broken.keep_named(b"content", &name, Durability::Power);
                let whole = contents(disk.clone(), Path::new("/w"));
                match whole.get(&Digest::of(b"content"), 100) {
                    Ok(bytes) => assert_eq!(bytes, b"content"),
                    Err(error) => {
                        assert!(matches!(error, ContentError::Missing(_)), "{error}");
                        assert!(kept.is_err(), "{fault:?} at {at}");
                    }
                }
                if kept.is_ok() {
                    let read = disk.read(Place::new(Path::new("/w"), &name), 100);
                    assert_eq!(read.expect("named"), b"content");
                }
                if !faulty.has_struck() {
                    break;
                }
            }
        }
    }
}
