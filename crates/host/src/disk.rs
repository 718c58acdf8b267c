//! The files on the disk.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use artifact::TreePath;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::beneath::{open_base, open_below, open_file, open_in, open_parent};
use crate::files::temporary_path;
use crate::{
    Durability, FileError, FileErrorKind, FileLock, Files, Fill, FolderEntry, Metadata, NodeKind,
    Place,
};

/// The files on the disk. What lies below a base folder is reached through folders that were opened
/// one below the other, so that nobody who changes them meanwhile can lead a step outside.
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

    fn read_end(&self, place: Place<'_>, at_most_bytes: u64) -> Result<Vec<u8>, FileError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = open_file(place, "read", flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| failed(place, "read", errno))?;
        let metadata = metadata_of(&stat);
        if metadata.kind != NodeKind::File {
            return Err(FileError::new("read", place.to_path(), FileErrorKind::NotAFile));
        }
        let mut file = File::from(file);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(metadata.size_bytes.saturating_sub(at_most_bytes)))
            .and_then(|_| file.take(at_most_bytes).read_to_end(&mut bytes))
            .map_err(|error| FileError::from_io("read", &place.to_path(), error))?;
        Ok(bytes)
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
        let folder = open_parent(place, "create")?;
        create_in(&folder, place.path.file_name(), place, fill, mode, Durability::Power)
    }

    fn write_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        // One folder for every step: who moves it away or puts a link in its place meanwhile can
        // lead none of them elsewhere.
        let folder = open_parent(place, "write")?;
        replace_in(&folder, place, fill, mode, Durability::Power)?;
        sync(&folder, &place.to_path())
    }

    fn keep(&self, place: Place<'_>, bytes: &[u8], mode: Option<u32>) -> Result<(), FileError> {
        let folder = open_parent(place, "write")?;
        replace_in(&folder, place, &mut |out| out.write_all(bytes), mode, Durability::Process)
    }

    fn append(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<u64, FileError> {
        // Without NONBLOCK, opening a pipe would wait for a reader.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NONBLOCK;
        let file = open_file(place, "append to", flags, Mode::from(0o666))?;
        let mut file = own_file(file, place, "append to")?;
        let failed = |error| FileError::from_io("append to", &place.to_path(), error);
        let written = loop {
            match file.write(bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(failed)?,
            }
        };
        if written < bytes.len() {
            // A second write could end up behind what another process adds meanwhile. A disk that
            // takes a part of so little is full.
            return Err(FileError::new("append to", place.to_path(), FileErrorKind::Full));
        }
        if durability == Durability::Power {
            file.sync_data().map_err(failed)?;
        }
        file.metadata().map(|found| found.len()).map_err(failed)
    }

    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        let (source, target) = (Place::new(base, from), Place::new(base, to));
        let source_folder = open_parent(source, "rename")?;
        let other_folder = if from.parent() == to.parent() {
            None
        } else {
            Some(open_parent(target, "rename to")?)
        };
        let target_folder = other_folder.as_ref().unwrap_or(&source_folder);
        rustix::fs::renameat(&source_folder, from.file_name(), target_folder, to.file_name())
            .map_err(|errno| failed(source, "rename", errno))
    }

    fn link(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        let (source, target) = (Place::new(base, from), Place::new(base, to));
        let source_folder = open_parent(source, "link")?;
        let target_folder = open_parent(target, "link to")?;
        let (from, to) = (from.file_name(), to.file_name());
        // A symbolic link is not followed: it would be that which gets a second name.
        rustix::fs::linkat(&source_folder, from, &target_folder, to, AtFlags::empty())
            .map_err(|errno| failed(target, "link", errno))
    }

    fn sync_folder(&self, base: &Path, below: Option<&TreePath>) -> Result<(), FileError> {
        let (folder, path) = open_below(base, below, "sync")?;
        sync(&folder, &path)
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
        let file = own_file(file, place, "set the mode of")?;
        rustix::fs::fchmod(&file, Mode::from(mode & 0o7777))
            .map_err(|errno| failed(place, "set the mode of", errno))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn create_base(&self, base: &Path) -> Result<(), FileError> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let missing: Vec<_> = base.ancestors().take_while(is_missing).collect();
        std::fs::create_dir_all(base).map_err(|error| FileError::from_io("create", base, error))?;
        // What is synced in a folder lasts only if the folder does, and so do the ones above it.
        missing.into_iter().rev().try_for_each(sync_name)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        std::fs::canonicalize(path).map_err(|error| FileError::from_io("find", path, error))
    }

    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK;
        let file = open_file(place, "lock", flags, Mode::from(0o666))?;
        let mut file = own_file(file, place, "lock")?;
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

fn failed(place: Place<'_>, action: &'static str, errno: Errno) -> FileError {
    FileError::from_errno(action, &place.to_path(), errno)
}

/// Makes a new file in an open folder; when that fails, nothing of it stays. `place` is for
/// messages.
fn create_in(
    folder: impl AsFd,
    name: &str,
    place: Place<'_>,
    fill: Fill<'_>,
    mode: Option<u32>,
    durability: Durability,
) -> Result<(), FileError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    // What only the user may read must not be readable by others while it is written.
    let first_mode = Mode::from(mode.unwrap_or(0o666) & 0o666);
    let opened = open_in(&folder, name, flags, first_mode);
    let mut file = File::from(opened.map_err(|errno| failed(place, "create", errno))?);
    let written = fill(&mut file)
        .map_err(|error| FileError::from_io("write", &place.to_path(), error))
        .and_then(|()| match mode {
            Some(mode) => rustix::fs::fchmod(&file, Mode::from(mode & 0o7777))
                .map_err(|errno| failed(place, "set the mode of", errno)),
            None => Ok(()),
        })
        .and_then(|()| match durability {
            Durability::Process => Ok(()),
            Durability::Power => {
                file.sync_all().map_err(|error| FileError::from_io("sync", &place.to_path(), error))
            }
        });
    if written.is_err() {
        // The first error says what happened; a failure to tidy up adds nothing to it.
        let _ = rustix::fs::unlinkat(&folder, name, AtFlags::empty());
    }
    written
}

/// Puts a file in the place of the one that stands in an open folder, at once or not at all; the
/// name lasts only once the folder is synced.
fn replace_in(
    folder: impl AsFd,
    place: Place<'_>,
    fill: Fill<'_>,
    mode: Option<u32>,
    durability: Durability,
) -> Result<(), FileError> {
    let name = place.path.file_name();
    let mode = match mode {
        Some(mode) => Some(mode),
        None => standing_mode(&folder, place)?,
    };
    let temporary = temporary_path(place.path)?;
    create_in(&folder, temporary.file_name(), place, fill, mode, durability)?;
    if let Err(errno) = rustix::fs::renameat(&folder, temporary.file_name(), &folder, name) {
        // The first error says what happened; a failure to tidy up adds nothing to it.
        let _ = rustix::fs::unlinkat(&folder, temporary.file_name(), AtFlags::empty());
        return Err(failed(place, "rename", errno));
    }
    Ok(())
}

/// The mode of the file that is to be replaced; none when nothing stands there.
fn standing_mode(folder: impl AsFd, place: Place<'_>) -> Result<Option<u32>, FileError> {
    let refused = |kind| Err(FileError::new("write", place.to_path(), kind));
    match rustix::fs::statat(folder, place.path.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(failed(place, "write", errno)),
        Ok(stat) => match metadata_of(&stat) {
            Metadata { kind: NodeKind::File, mode, .. } => Ok(Some(mode)),
            Metadata { kind: NodeKind::Link, .. } => refused(FileErrorKind::Link),
            _ => refused(FileErrorKind::NotAFile),
        },
    }
}

/// A file that may be changed in place: a regular one that has no second name, which could lie
/// anywhere.
fn own_file(file: OwnedFd, place: Place<'_>, action: &'static str) -> Result<File, FileError> {
    let stat = rustix::fs::fstat(&file).map_err(|errno| failed(place, action, errno))?;
    if metadata_of(&stat).kind != NodeKind::File {
        return Err(FileError::new(action, place.to_path(), FileErrorKind::NotAFile));
    }
    if stat.st_nlink > 1 {
        return Err(FileError::new(action, place.to_path(), FileErrorKind::HardLink));
    }
    Ok(File::from(file))
}

/// Makes the name of a folder durable that was just made.
fn sync_name(folder: &Path) -> Result<(), FileError> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    match open_base(above) {
        Ok(opened) => sync(opened, above),
        // A folder may take names without showing them; then nobody but its owner can sync it.
        Err(Errno::ACCESS) => Ok(()),
        Err(errno) => Err(FileError::from_errno("sync", above, errno)),
    }
}

fn sync(folder: impl AsFd, path: &Path) -> Result<(), FileError> {
    match retry_on_intr(|| rustix::fs::fsync(&folder)) {
        // Some file systems cannot sync a folder; its names are then as durable as they make them.
        Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF) => Ok(()),
        Err(errno) => Err(FileError::from_errno("sync", path, errno)),
    }
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
