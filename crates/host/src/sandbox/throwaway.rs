//! A folder that a confined program may change and that nobody needs afterwards.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use artifact::TreePath;
use tempfile::TempDir;

use super::policy::{UNPRIVILEGED_USER, runs_as_root};

/// A folder of its own that is removed when this is dropped.
///
/// It is filled before a program runs that may change it; afterwards nothing in it is what it
/// seems, and it is only read by [`Throwaway::read`].
#[derive(Debug)]
pub struct Throwaway {
    folder: TempDir,
}

impl Throwaway {
    /// A new folder below this one, which is made when it is missing.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn below(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let folder = tempfile::Builder::new().prefix("trial-").tempdir_in(parent)?;
        Ok(Self { folder })
    }

    /// Where it is, with every link resolved.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap_or_else(|_| self.folder.path().to_owned())
    }

    /// Writes a new file, and the folders that it needs.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn write(&self, path: &TreePath, bytes: &[u8], mode: u32) -> io::Result<()> {
        let place = self.make_parent(path)?;
        let options = OpenOptions::new().write(true).create_new(true).mode(mode).to_owned();
        options.open(place)?.write_all(bytes)
    }

    /// Makes a new symbolic link, and the folders that it needs.
    pub fn link(&self, path: &TreePath, target: &Path) -> io::Result<()> {
        symlink(target, self.make_parent(path)?)
    }

    /// Makes a folder and those above it.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn folder(&self, path: &TreePath) -> io::Result<PathBuf> {
        let place = self.folder.path().join(path.as_str());
        fs::create_dir_all(&place)?;
        Ok(place)
    }

    /// Gives everything in it to the user that confined programs run as. To be called before the
    /// first of them runs.
    pub fn hand_over(&self) -> io::Result<()> {
        give(self.folder.path())
    }

    /// The first bytes of a regular file that a confined program left, reached through no link.
    pub fn read(&self, path: &TreePath, limit_bytes: u64) -> Option<Vec<u8>> {
        use crate::{DiskFiles, Files as _, Place};
        DiskFiles.read(Place::new(self.folder.path(), path), limit_bytes).ok()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn make_parent(&self, path: &TreePath) -> io::Result<PathBuf> {
        let place = self.folder.path().join(path.as_str());
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(place)
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // A program may have locked folders of its own.
        let _ = unlock(self.folder.path());
    }
}

/// Walks without following links; only the owner changes, the bytes stay.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn give(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if runs_as_root() {
        lchown(path, Some(UNPRIVILEGED_USER), Some(UNPRIVILEGED_USER))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path())?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn unlock(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        // What cannot be unlocked stays behind; the others go.
        let _ = unlock(&entry?.path());
    }
    Ok(())
}
