//! Opens what lies below a folder so that nothing outside it is ever reached, whatever others put
//! in the way meanwhile: symbolic links, the links of `/proc`, and `..` are never followed.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use artifact::TreePath;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::files::parent_path;
use crate::{FileError, FileErrorKind, Place};

/// How folders are opened.
pub(crate) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// Added to the flags of every other open: no link at the end, no terminal that takes over.
const ALWAYS: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// Opens a file below the base.
pub(crate) fn open_file(
    place: Place<'_>,
    action: &'static str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, FileError> {
    if let Some(file) = open_at_once(place.base, place.path, flags | ALWAYS, mode) {
        return Ok(file);
    }
    let folder = open_parent(place, action)?;
    open_in(&folder, place.path.file_name(), flags, mode)
        .map_err(|errno| FileError::from_errno(action, &place.to_path(), errno))
}

/// Opens a name in a folder that is open already.
pub(crate) fn open_in(
    folder: impl AsFd,
    name: &str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::openat(&folder, name, flags | ALWAYS, mode))
}

/// Opens the folder that a place lies in.
pub(crate) fn open_parent(place: Place<'_>, action: &'static str) -> Result<OwnedFd, FileError> {
    let parent = parent_path(place.path)?;
    open_below(place.base, parent.as_ref(), action).map(|(folder, _)| folder)
}

/// Opens a folder below the base, or the base itself, and says where it lies.
pub(crate) fn open_below(
    base: &Path,
    below: Option<&TreePath>,
    action: &'static str,
) -> Result<(OwnedFd, PathBuf), FileError> {
    if let Some(below) = below
        && let Some(folder) = open_at_once(base, below, FOLDER | ALWAYS, Mode::empty())
    {
        return Ok((folder, base.join(below.as_str())));
    }
    open_by_parts(base, below, action)
}

/// Opens a path below the base in one call, without following links; none when that fails for any
/// reason, which opening it part by part then names. A kernel without the call always answers so.
#[cfg(target_os = "linux")]
fn open_at_once(base: &Path, path: &TreePath, flags: OFlags, mode: Mode) -> Option<OwnedFd> {
    use rustix::fs::ResolveFlags;
    const RESOLVE: ResolveFlags =
        ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
    let folder = open_base(base).ok()?;
    retry_on_intr(|| rustix::fs::openat2(&folder, path.as_str(), flags, mode, RESOLVE)).ok()
}

/// Only Linux can open a path without following links in one call.
#[cfg(not(target_os = "linux"))]
fn open_at_once(_: &Path, _: &TreePath, _: OFlags, _: Mode) -> Option<OwnedFd> {
    None
}

/// Opens the base, then one part after the other without following links. A part is a single name
/// and never `..`, so what is opened lay below the base at that moment.
fn open_by_parts(
    base: &Path,
    below: Option<&TreePath>,
    action: &'static str,
) -> Result<(OwnedFd, PathBuf), FileError> {
    let mut path = base.to_owned();
    let mut folder = open_base(base).map_err(|errno| FileError::from_errno(action, base, errno))?;
    for part in below.into_iter().flat_map(TreePath::parts) {
        path.push(part);
        folder = match open_in(&folder, part, FOLDER, Mode::empty()) {
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

/// Opens a folder that the user named. A signal may interrupt an open on some file systems.
pub(crate) fn open_base(base: &Path) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::open(base, FOLDER, Mode::empty()))
}

fn is_link(folder: impl AsFd, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}
