//! A folder that a confined program may change and that nobody needs afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, lchown, symlink,
};
use std::path::{Path, PathBuf};

use artifact::TreePath;
use rustix::fs::{FlockOperation, flock};
use tempfile::{NamedTempFile, TempDir};

use super::policy::{UNPRIVILEGED_USER, runs_as_root};

/// How the name of a folder begins, and how that of its lock ends.
const PREFIX: &str = "trial-";
const LOCK: &str = ".lock";

/// A folder of its own that is removed when this is dropped; one whose process was killed first is
/// removed by whoever makes the next one.
///
/// It is filled before a program runs that may change it; afterwards nothing in it is what it
/// seems, and it is only read by [`Throwaway::read`].
#[derive(Debug)]
pub struct Throwaway {
    folder: TempDir,
    /// Held as long as this lives, and gone after the folder is. It lies beside it, where no
    /// confined program can take it.
    _lock: NamedTempFile,
}

impl Throwaway {
    /// A new folder below this one, which is made when it is missing. Those that were left behind
    /// there are removed.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn below(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        // What cannot be removed stays in the way of nobody.
        let _ = remove_left(parent);
        let lock = locked(parent)?;
        let name = lock.path().file_stem().unwrap_or_default();
        let folder = tempfile::Builder::new().prefix(name).rand_bytes(0).tempdir_in(parent)?;
        Ok(Self { folder, _lock: lock })
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

/// A new file that is locked and has its name. Whoever removes what was left may have taken the
/// name away before it was locked.
fn locked(parent: &Path) -> io::Result<NamedTempFile> {
    loop {
        let lock = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK).tempfile_in(parent)?;
        let is_ours = flock(lock.as_file(), FlockOperation::NonBlockingLockExclusive).is_ok();
        if is_ours && lock.as_file().metadata()?.nlink() > 0 {
            return Ok(lock);
        }
    }
}

/// Removes the folders of processes that were killed: those whose lock is free or gone.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn remove_left(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let name = name.strip_suffix(LOCK).unwrap_or(name);
        let (folder, lock) = (parent.join(name), parent.join(format!("{name}{LOCK}")));
        // It is made before the folder and removed after it, so without one nobody has the folder.
        let held = File::open(&lock);
        let is_free = match &held {
            Ok(file) => flock(file, FlockOperation::NonBlockingLockExclusive).is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if !is_free {
            continue;
        }
        let _ = unlock(&folder);
        let removed = fs::remove_dir_all(&folder);
        let is_gone = removed.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        if is_gone.is_ok() && held.is_ok() {
            let _ = fs::remove_file(&lock);
        }
    }
    Ok(())
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

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what the door did is looked at from outside")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a folder");
        let lives = Throwaway::below(parent.path()).expect("a folder");
        let path = TreePath::new("package/main.py").expect("a path");
        lives.write(&path, b"pass", 0o644).expect("written");
        // One of a process that was killed, one of an onx that knew no locks, and a lock alone.
        let left = |name: &str| parent.path().join(name);
        for folder in ["trial-killed/locked", "trial-older", "mine"] {
            fs::create_dir_all(left(folder)).expect("a folder");
        }
        let locked = fs::Permissions::from_mode(0o000);
        fs::set_permissions(left("trial-killed/locked"), locked).expect("locked");
        for lock in ["trial-killed.lock", "trial-alone.lock"] {
            fs::write(left(lock), "").expect("a lock");
        }
        drop(Throwaway::below(parent.path()).expect("another one"));
        let name = lives.folder.path().file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(names(parent.path()), ["mine".to_owned(), name.clone(), format!("{name}.lock")]);
        assert_eq!(lives.read(&path, 10).as_deref(), Some(&b"pass"[..]));
        drop(lives);
        assert_eq!(names(parent.path()), ["mine"]);
    }
}
