//! Files below a base folder, without ever following a link there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use artifact::{Digest, TreePath};
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

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
    /// Adds to the end of a file in one write, synced to the disk; makes the file when it is
    /// missing.
    fn append(&self, place: Place<'_>, bytes: &[u8]) -> Result<(), FileError>;
    /// Gives a file, folder or link another name, replacing a file or link of that name.
    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError>;
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
                Ok(()) => made.push(folder),
                // Another run may have made it in between.
                Err(error) if error.kind == FileErrorKind::Exists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }
}

const TEMPORARY_PREFIX: &str = ".onx-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Removes what a run that was interrupted left beside this file; to be called while holding a lock
/// that keeps other writers of the file away. Returns how many files were removed.
pub fn remove_temporary_files(files: &dyn Files, place: Place<'_>) -> Result<usize, FileError> {
    let parent = parent_path(place.path)?;
    let entries = match files.list(place.base, parent.as_ref()) {
        Ok(entries) => entries,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(0),
        Err(error) => return Err(error),
    };
    let prefix = temporary_stem(place.path);
    let mut removed = 0;
    for entry in entries {
        let ours = entry.kind == NodeKind::File
            && entry.name.starts_with(&prefix)
            && entry.name.ends_with(TEMPORARY_SUFFIX);
        if ours {
            let path = beside(place.path, &entry.name)?;
            files.remove_file(Place::new(place.base, &path))?;
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
    TreePath::new(&text).map_err(|_| FileError::new("use", text, FileErrorKind::Path))
}

pub(crate) fn parent_path(path: &TreePath) -> Result<Option<TreePath>, FileError> {
    path.parent()
        .map(TreePath::new)
        .transpose()
        .map_err(|_| FileError::new("use", path.as_str(), FileErrorKind::Path))
}

/// The files on the disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl DiskFiles {
    /// The content of a regular file of at most this size, and what else is known about it.
    pub fn read_with_metadata(
        &self,
        place: Place<'_>,
        limit_bytes: u64,
    ) -> Result<(Metadata, Vec<u8>), FileError> {
        // Without NONBLOCK, opening a pipe would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = open_file(place, "read", flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| failed(place, "read", errno))?;
        let metadata = metadata_of(&stat);
        if metadata.kind != NodeKind::File {
            return Err(FileError::new("read", place.to_path(), FileErrorKind::NotAFile));
        }
        let too_large =
            || FileError::new("read", place.to_path(), FileErrorKind::TooLarge(limit_bytes));
        if metadata.size_bytes > limit_bytes {
            return Err(too_large());
        }
        // With room for one byte more, one read takes everything and another one finds the end.
        let size = usize::try_from(metadata.size_bytes).unwrap_or(0);
        let mut bytes = Vec::with_capacity(size.saturating_add(1));
        loop {
            match rustix::io::read(&file, spare_capacity(&mut bytes)) {
                Ok(0) => return Ok((metadata, bytes)),
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(place, "read", errno)),
            }
            // The file may have grown since it was looked at.
            if bytes.len() as u64 > limit_bytes {
                return Err(too_large());
            }
            if bytes.len() == bytes.capacity() {
                bytes.reserve(bytes.len());
            }
        }
    }
}

impl Files for DiskFiles {
    fn metadata(&self, place: Place<'_>) -> Result<Option<Metadata>, FileError> {
        let found = open_parent(place, "look at").and_then(|folder| {
            rustix::fs::statat(&folder, place.path.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|errno| failed(place, "look at", errno))
        });
        match found {
            Ok(stat) => Ok(Some(metadata_of(&stat))),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, base: &Path, below: Option<&TreePath>) -> Result<Vec<FolderEntry>, FileError> {
        let (folder, path) = open_below(base, below, "list")?;
        let fail = |errno| FileError::from_errno("list", &path, errno);
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                        Ok(stat) => metadata_of(&stat).kind,
                        Err(Errno::NOENT) => continue,
                        Err(errno) => return Err(fail(errno)),
                    }
                }
                known => node_kind(known),
            };
            entries.push(FolderEntry {
                is_utf8: name.to_str().is_ok(),
                name: name.to_string_lossy().into_owned(),
                kind,
            });
        }
        entries.sort();
        Ok(entries)
    }

    fn read(&self, place: Place<'_>, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
        self.read_with_metadata(place, limit_bytes).map(|(_, bytes)| bytes)
    }

    fn read_link(&self, place: Place<'_>) -> Result<PathBuf, FileError> {
        let folder = open_parent(place, "read the link")?;
        let target = rustix::fs::readlinkat(&folder, place.path.file_name(), Vec::new())
            .map_err(|errno| failed(place, "read the link", errno))?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(target.into_bytes())))
    }

    fn create_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mut file = File::from(open_file(place, "create", flags, Mode::from(0o666))?);
        let written = fill(&mut file)
            .map_err(|error| FileError::from_io("write", &place.to_path(), error))
            .and_then(|()| match mode {
                Some(mode) => rustix::fs::fchmod(&file, Mode::from(mode & 0o7777))
                    .map_err(|errno| failed(place, "set the mode of", errno)),
                None => Ok(()),
            })
            .and_then(|()| {
                file.sync_all().map_err(|error| FileError::from_io("sync", &place.to_path(), error))
            });
        if written.is_err() {
            // The first error says what happened; a failure to tidy up adds nothing to it.
            let _ = self.remove_file(place);
        }
        written
    }

    fn append(&self, place: Place<'_>, bytes: &[u8]) -> Result<(), FileError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND;
        let mut file = File::from(open_file(place, "append to", flags, Mode::from(0o666))?);
        file.write_all(bytes)
            .and_then(|()| file.sync_data())
            .map_err(|error| FileError::from_io("append to", &place.to_path(), error))
    }

    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        let (source, target) = (Place::new(base, from), Place::new(base, to));
        let source_folder = open_parent(source, "rename")?;
        let target_folder = open_parent(target, "rename to")?;
        rustix::fs::renameat(&source_folder, from.file_name(), &target_folder, to.file_name())
            .map_err(|errno| failed(source, "rename", errno))
    }

    fn sync_folder(&self, base: &Path, below: Option<&TreePath>) -> Result<(), FileError> {
        let (folder, path) = open_below(base, below, "sync")?;
        match rustix::fs::fsync(&folder) {
            // Some file systems cannot sync a folder; its names are then as durable as they make
            // them.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF) => Ok(()),
            Err(errno) => Err(FileError::from_errno("sync", &path, errno)),
        }
    }

    fn create_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        let folder = open_parent(place, "create")?;
        rustix::fs::mkdirat(&folder, place.path.file_name(), Mode::from(0o777))
            .map_err(|errno| failed(place, "create", errno))
    }

    fn remove_file(&self, place: Place<'_>) -> Result<(), FileError> {
        let folder = open_parent(place, "remove")?;
        rustix::fs::unlinkat(&folder, place.path.file_name(), AtFlags::empty())
            .map_err(|errno| failed(place, "remove", errno))
    }

    fn remove_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        let folder = open_parent(place, "remove")?;
        rustix::fs::unlinkat(&folder, place.path.file_name(), AtFlags::REMOVEDIR)
            .map_err(|errno| failed(place, "remove", errno))
    }

    fn symlink(&self, place: Place<'_>, target: &Path) -> Result<(), FileError> {
        let folder = open_parent(place, "link")?;
        rustix::fs::symlinkat(target, &folder, place.path.file_name())
            .map_err(|errno| failed(place, "link", errno))
    }

    fn set_mode(&self, place: Place<'_>, mode: u32) -> Result<(), FileError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = open_file(place, "set the mode of", flags, Mode::empty())?;
        rustix::fs::fchmod(&file, Mode::from(mode & 0o7777))
            .map_err(|errno| failed(place, "set the mode of", errno))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn create_base(&self, base: &Path) -> Result<(), FileError> {
        std::fs::create_dir_all(base).map_err(|error| FileError::from_io("create", base, error))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        std::fs::canonicalize(path).map_err(|error| FileError::from_io("find", path, error))
    }

    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError> {
        let flags = OFlags::RDWR | OFlags::CREATE;
        let mut file = File::from(open_file(place, "lock", flags, Mode::from(0o666))?);
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut said = String::new();
                // Who holds the lock is told as well as it can be; the lock itself is what counts.
                let _ = (&mut file).take(200).read_to_string(&mut said);
                let holder = if said.trim().is_empty() { "another run" } else { said.trim() };
                let kind = FileErrorKind::Locked(holder.to_owned());
                return Err(FileError::new("lock", place.to_path(), kind));
            }
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(FileError::from_io("lock", &place.to_path(), error));
            }
        }
        // The kernel frees the lock of a process that ended, so a name left in the file is stale by
        // definition.
        file.set_len(0)
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(|error| FileError::from_io("lock", &place.to_path(), error))?;
        Ok(FileLock { _held: Box::new(file) })
    }
}

/// How folders are opened.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn failed(place: Place<'_>, action: &'static str, errno: Errno) -> FileError {
    FileError::from_errno(action, &place.to_path(), errno)
}

fn open_file(
    place: Place<'_>,
    action: &'static str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, FileError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if let Some(file) = open_at_once(place.base, place.path, flags, mode) {
        return Ok(file);
    }
    let folder = open_parent(place, action)?;
    rustix::fs::openat(&folder, place.path.file_name(), flags, mode)
        .map_err(|errno| failed(place, action, errno))
}

/// Opens a path below the base in one call, without following links; none when that fails for any
/// reason, which opening it part by part then names.
#[cfg(target_os = "linux")]
fn open_at_once(base: &Path, path: &TreePath, flags: OFlags, mode: Mode) -> Option<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let folder = rustix::fs::open(base, FOLDER, Mode::empty()).ok()?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(&folder, path.as_str(), flags, mode, resolve).ok()
}

/// Only Linux can open a path without following links in one call.
#[cfg(not(target_os = "linux"))]
fn open_at_once(_: &Path, _: &TreePath, _: OFlags, _: Mode) -> Option<OwnedFd> {
    None
}

fn open_parent(place: Place<'_>, action: &'static str) -> Result<OwnedFd, FileError> {
    let parent = parent_path(place.path)?;
    open_below(place.base, parent.as_ref(), action).map(|(folder, _)| folder)
}

/// Opens the base, then one part after the other without following links: what is opened is below
/// the base even when someone changes the folders meanwhile.
fn open_below(
    base: &Path,
    below: Option<&TreePath>,
    action: &'static str,
) -> Result<(OwnedFd, PathBuf), FileError> {
    if let Some(below) = below
        && let Some(folder) = open_at_once(base, below, FOLDER, Mode::empty())
    {
        return Ok((folder, base.join(below.as_str())));
    }
    let mut path = base.to_owned();
    let mut folder = rustix::fs::open(base, FOLDER, Mode::empty())
        .map_err(|errno| FileError::from_errno(action, base, errno))?;
    for part in below.into_iter().flat_map(TreePath::parts) {
        path.push(part);
        let opened = rustix::fs::openat(&folder, part, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        folder = match opened {
            Ok(next) => next,
            // A link that is opened as a folder without following it is reported as no folder.
            Err(Errno::NOTDIR | Errno::LOOP) if is_link(&folder, part) => {
                return Err(FileError::new(action, path, FileErrorKind::Link));
            }
            Err(errno) => return Err(FileError::from_errno(action, &path, errno)),
        };
    }
    Ok((folder, path))
}

fn is_link(folder: impl AsFd, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

fn node_kind(kind: FileType) -> NodeKind {
    match kind {
        FileType::RegularFile => NodeKind::File,
        FileType::Directory => NodeKind::Folder,
        FileType::Symlink => NodeKind::Link,
        _ => NodeKind::Special,
    }
}

#[expect(clippy::useless_conversion, reason = "the widths of these fields differ between systems")]
fn metadata_of(stat: &rustix::fs::Stat) -> Metadata {
    let seconds = i64::from(stat.st_mtime);
    let nanoseconds = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    Metadata {
        kind: node_kind(FileType::from_raw_mode(stat.st_mode)),
        size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
        mode: u32::from(stat.st_mode) & 0o7777,
        modified_nanoseconds: seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds),
    }
}
