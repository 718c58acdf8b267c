//! Files below a base folder, without ever following a link there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use artifact::{Digest, TreePath};

use crate::{FileError, FileErrorKind, Place};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Special,
}

/// What is known about a path without reading it; links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: NodeKind,
    /// Size in bytes; for a link that of its target's name.
    pub size_bytes: u64,
    /// The permission bits, from 0 to 0o7777.
    pub mode: u32,
    /// When the content last changed, in nanoseconds since 1970-01-01T00:00:00Z.
    pub modified_nanoseconds: i64,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    /// The name; bytes that are no UTF-8 are replaced, and then `is_utf8` is false.
    pub name: String,
    /// Whether the name is exactly what the disk holds.
    pub is_utf8: bool,
    /// What it is.
    pub kind: NodeKind,
}

/// What a write outlasts once it has been acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// The end of the process, however sudden; not a loss of power.
    Process,
    /// A loss of power: it is synced to the disk, with everything added to the file before it.
    Power,
}

/// A lock that is held until this value is dropped or the process ends.
pub struct FileLock {
    /// What frees the lock when it is dropped.
    pub(crate) _held: Box<dyn Send + Sync>,
}

impl fmt::Debug for FileLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileLock")
    }
}

/// Writes the content of a file in as few and as large parts as it can.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>;

/// The user's files. Each method but the last group is one step that can fail on its own; nothing
/// below a base folder is reached through a symbolic link.
pub trait Files: Send + Sync + fmt::Debug {
    /// What stands there; none when nothing does.
    fn metadata(&self, place: Place<'_>) -> Result<Option<Metadata>, FileError>;
    /// The names in a folder, sorted; `below` names a folder below the base.
    fn list(&self, base: &Path, below: Option<&TreePath>) -> Result<Vec<FolderEntry>, FileError>;
    /// The content of a regular file of at most this size.
    fn read(&self, place: Place<'_>, limit_bytes: u64) -> Result<Vec<u8>, FileError>;
    /// The last bytes of a regular file, at most this many.
    fn read_end(&self, place: Place<'_>, at_most_bytes: u64) -> Result<Vec<u8>, FileError>;
    /// What a symbolic link says.
    fn read_link(&self, place: Place<'_>) -> Result<PathBuf, FileError>;
    /// Makes a new file with what `fill` writes and this mode (else by the umask), synced to the
    /// disk.
    fn create_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError>;
    /// Adds to the end of a file in one write, and says how many bytes the file has then; makes the
    /// file when it is missing. Of a write that fails a first part may be there.
    fn append(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<u64, FileError>;
    /// Gives a file, folder or link another name, replacing a file or link of that name.
    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError>;
    /// Gives a file a second name, which nothing may have yet.
    fn link(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError>;
    /// Makes names in a folder durable.
    fn sync_folder(&self, base: &Path, below: Option<&TreePath>) -> Result<(), FileError>;
    /// Makes one folder below the base.
    fn create_folder(&self, place: Place<'_>) -> Result<(), FileError>;
    /// Removes a file or link.
    fn remove_file(&self, place: Place<'_>) -> Result<(), FileError>;
    /// Removes an empty folder.
    fn remove_folder(&self, place: Place<'_>) -> Result<(), FileError>;
    /// Makes a symbolic link that says `target`.
    fn symlink(&self, place: Place<'_>, target: &Path) -> Result<(), FileError>;
    /// Sets the permission bits of a file.
    fn set_mode(&self, place: Place<'_>, mode: u32) -> Result<(), FileError>;
    /// Makes a folder that the user named, with the folders above it; it may exist.
    fn create_base(&self, base: &Path) -> Result<(), FileError>;
    /// The absolute path with every link in it resolved.
    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError>;
    /// Takes the lock of this file, and writes there who holds it. The lock of a process that ended
    /// is free.
    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError>;

    /// Makes a new file with this content and mode (else by the umask), synced to the disk.
    fn create(&self, place: Place<'_>, bytes: &[u8], mode: Option<u32>) -> Result<(), FileError> {
        self.create_with(place, &mut |out| out.write_all(bytes), mode)
    }

    /// Replaces the content of a file so that a reader sees the old or the new bytes, never a
    /// mixture: a temporary file in the same folder, synced, then renamed. An existing file keeps
    /// its mode unless one is given.
    fn write(&self, place: Place<'_>, bytes: &[u8], mode: Option<u32>) -> Result<(), FileError> {
        self.write_with(place, &mut |out| out.write_all(bytes), mode)
    }

    /// Writes a file at once or not at all, with this mode as [`Files::write`] takes it, so that it
    /// outlasts the end of the process. A loss of power may take it or leave something else:
    /// whoever reads it knows its digest.
    fn keep(&self, place: Place<'_>, bytes: &[u8], mode: Option<u32>) -> Result<(), FileError> {
        self.write(place, bytes, mode)
    }

    /// Like [`Files::write`], with what `fill` writes.
    fn write_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        let mode = match (mode, self.metadata(place)?) {
            (Some(mode), _) | (None, Some(Metadata { kind: NodeKind::File, mode, .. })) => {
                Some(mode)
            }
            (None, None) => None,
            (None, Some(Metadata { kind: NodeKind::Link, .. })) => {
                return Err(FileError::new("write", place.to_path(), FileErrorKind::Link));
            }
            (None, Some(_)) => {
                return Err(FileError::new("write", place.to_path(), FileErrorKind::NotAFile));
            }
        };
        let temporary = temporary_path(place.path)?;
        let staged = Place::new(place.base, &temporary);
        let written = self
            .create_with(staged, fill, mode)
            .and_then(|()| self.rename(place.base, &temporary, place.path));
        if let Err(error) = written {
            // The first error says what happened; a failure to tidy up adds nothing to it.
            let _ = self.remove_file(staged);
            return Err(error);
        }
        let parent = parent_path(place.path)?;
        self.sync_folder(place.base, parent.as_ref())
    }

    /// Makes every folder above this path, below the base; returns those that were missing,
    /// outermost first.
    fn create_parents(&self, base: &Path, path: &TreePath) -> Result<Vec<TreePath>, FileError> {
        let mut made = Vec::new();
        let mut next = parent_path(path)?;
        let mut missing = Vec::new();
        while let Some(folder) = next {
            match self.metadata(Place::new(base, &folder))? {
                None => {
                    next = parent_path(&folder)?;
                    missing.push(folder);
                }
                Some(Metadata { kind: NodeKind::Folder, .. }) => break,
                Some(Metadata { kind: NodeKind::Link, .. }) => {
                    let path = base.join(folder.as_str());
                    return Err(FileError::new("write below", path, FileErrorKind::Link));
                }
                Some(_) => {
                    let path = base.join(folder.as_str());
                    return Err(FileError::new("write below", path, FileErrorKind::NotAFolder));
                }
            }
        }
        for folder in missing.into_iter().rev() {
            match self.create_folder(Place::new(base, &folder)) {
                Ok(()) => {
                    // What is synced in a folder lasts only if the folder does.
                    self.sync_folder(base, parent_path(&folder)?.as_ref())?;
                    made.push(folder);
                }
                // Another run may have made it in between.
                Err(error) if error.kind == FileErrorKind::Exists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }
}

/// How long another process may hold a lock that is waited for, and how long is waited between two
/// looks.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Takes a lock that others hold for a moment only, and waits for them.
pub fn lock_patiently(
    files: &dyn Files,
    place: Place<'_>,
    holder: &str,
) -> Result<FileLock, FileError> {
    let mut waited = Duration::ZERO;
    loop {
        match files.lock(place, holder) {
            Err(error) if matches!(error.kind, FileErrorKind::Locked(_)) && waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            locked => return locked,
        }
    }
}

const TEMPORARY_PREFIX: &str = ".onx-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Removes what a run that was interrupted left beside this file; to be called while holding a lock
/// that keeps other writers of the file away. Returns how many files were removed.
pub fn remove_temporary_files(files: &dyn Files, place: Place<'_>) -> Result<usize, FileError> {
    let parent = parent_path(place.path)?;
    remove_those(files, place.base, parent.as_ref(), &temporary_stem(place.path))
}

/// Removes what runs that were interrupted left in this folder, beside whichever file. A run that
/// still writes there fails, and says so.
pub fn remove_temporary_files_in(
    files: &dyn Files,
    base: &Path,
    below: Option<&TreePath>,
) -> Result<usize, FileError> {
    remove_those(files, base, below, TEMPORARY_PREFIX)
}

fn remove_those(
    files: &dyn Files,
    base: &Path,
    below: Option<&TreePath>,
    prefix: &str,
) -> Result<usize, FileError> {
    let entries = match files.list(base, below) {
        Ok(entries) => entries,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = 0;
    for entry in entries {
        let ours = matches!(entry.kind, NodeKind::File | NodeKind::Link)
            && entry.name.starts_with(prefix)
            && entry.name.ends_with(TEMPORARY_SUFFIX);
        if ours {
            let name = match below {
                Some(below) => format!("{below}/{}", entry.name),
                None => entry.name,
            };
            files.remove_file(Place::new(base, &tree_path(&name)?))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn temporary_stem(path: &TreePath) -> String {
    format!("{TEMPORARY_PREFIX}{}-", &Digest::of(path.file_name().as_bytes()).hex()[..12])
}

/// A name beside the file that no other writer uses, in this process or another; what is left of it
/// after an interruption is removed by [`remove_temporary_files`].
pub fn temporary_path(path: &TreePath) -> Result<TreePath, FileError> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    beside(path, &format!("{}{process}-{count}{TEMPORARY_SUFFIX}", temporary_stem(path)))
}

fn beside(path: &TreePath, name: &str) -> Result<TreePath, FileError> {
    let text = match path.parent() {
        Some(parent) => format!("{parent}/{name}"),
        None => name.to_owned(),
    };
    tree_path(&text)
}

/// A path below a base folder; one that leaves it, or is no path, is an error of the file.
pub fn tree_path(text: &str) -> Result<TreePath, FileError> {
    TreePath::new(text).map_err(|_| FileError::new("use", text, FileErrorKind::Path))
}

pub(crate) fn parent_path(path: &TreePath) -> Result<Option<TreePath>, FileError> {
    path.parent()
        .map(TreePath::new)
        .transpose()
        .map_err(|_| FileError::new("use", path.as_str(), FileErrorKind::Path))
}
