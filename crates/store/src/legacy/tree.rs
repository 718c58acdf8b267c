//! A folder with everything below it: looked at, copied, removed.

use std::path::{Path, PathBuf};

use artifact::{Digest, DigestBuilder, TreePath};
use host::{FileError, FileErrorKind, Files, NodeKind, Place};

/// The largest file that is copied: it is held in memory.
const FILE_LIMIT_BYTES: u64 = 1 << 30;

/// More names than this are no workspaces.
const ENTRY_LIMIT: usize = 1_000_000;

/// One thing below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: TreePath,
    pub(crate) what: What,
}

/// What a copy must have in common with what was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Folder,
    File { mode: u32, digest: Digest },
    Link { target: PathBuf },
}

/// Everything below a folder, each folder before what is in it. What cannot be copied (a pipe, a
/// name that is no path here) is an error: a copy without it would be no backup.
pub(crate) fn look(files: &dyn Files, base: &Path) -> Result<Vec<Entry>, FileError> {
    let mut found = Vec::new();
    let mut folders: Vec<Option<TreePath>> = vec![None];
    while let Some(folder) = folders.pop() {
        for entry in files.list(base, folder.as_ref())? {
            let name = match &folder {
                Some(folder) => format!("{folder}/{}", entry.name),
                None => entry.name.clone(),
            };
            let refused = |kind| FileError::new("back up", base.join(&name), kind);
            let path = TreePath::new(&name).map_err(|_| refused(FileErrorKind::Path))?;
            if !entry.is_utf8 {
                return Err(refused(FileErrorKind::Path));
            }
            let place = Place::new(base, &path);
            let what = match entry.kind {
                NodeKind::Folder => {
                    folders.push(Some(path.clone()));
                    What::Folder
                }
                NodeKind::File => What::File {
                    mode: files.metadata(place)?.map_or(0o644, |found| found.mode),
                    digest: Digest::of(&files.read(place, FILE_LIMIT_BYTES)?),
                },
                NodeKind::Link => What::Link { target: files.read_link(place)? },
                NodeKind::Special => return Err(refused(FileErrorKind::NotAFile)),
            };
            found.push(Entry { path, what });
            if found.len() > ENTRY_LIMIT {
                return Err(FileError::new("back up", base, FileErrorKind::TooMany(ENTRY_LIMIT)));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The digest over all names, kinds, modes of files, and contents.
pub(crate) fn digest(entries: &[Entry]) -> Digest {
    let mut builder = DigestBuilder::default();
    for Entry { path, what } in entries {
        let what = match what {
            What::Folder => "folder".to_owned(),
            What::File { mode, digest } => format!("file {mode:o} {digest}"),
            What::Link { target } => format!("link {}", target.display()),
        };
        builder.update(format!("{}\0{}\0{}\n", path.as_str().len(), path, what).as_bytes());
    }
    builder.finish()
}

/// Copies one entry from one folder to another; the folder above it is there.
pub(crate) fn copy(
    files: &dyn Files,
    entry: &Entry,
    from: &Path,
    to: &Path,
) -> Result<(), FileError> {
    let target = Place::new(to, &entry.path);
    match &entry.what {
        What::Folder => match files.create_folder(target) {
            Err(error) if error.kind != FileErrorKind::Exists => Err(error),
            _ => Ok(()),
        },
        What::File { mode, .. } => {
            let bytes = files.read(Place::new(from, &entry.path), FILE_LIMIT_BYTES)?;
            files.create(target, &bytes, Some(*mode))
        }
        What::Link { target: said } => files.symlink(target, said),
    }
}

/// Makes the names in a folder, and in every folder below it, durable.
pub(crate) fn sync(files: &dyn Files, base: &Path, entries: &[Entry]) -> Result<(), FileError> {
    for entry in entries.iter().filter(|entry| entry.what == What::Folder) {
        files.sync_folder(base, Some(&entry.path))?;
    }
    files.sync_folder(base, None)
}

/// Removes a folder with everything below it, if it is there.
pub(crate) fn remove(files: &dyn Files, place: Place<'_>) -> Result<(), FileError> {
    if files.metadata(place)?.is_none() {
        return Ok(());
    }
    let mut folders = vec![place.path.clone()];
    let mut emptied = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in files.list(place.base, Some(&folder))? {
            let name = format!("{folder}/{}", entry.name);
            let path = TreePath::new(&name).map_err(|_| {
                FileError::new("remove", place.base.join(&name), FileErrorKind::Path)
            })?;
            if entry.kind == NodeKind::Folder {
                folders.push(path);
            } else {
                files.remove_file(Place::new(place.base, &path))?;
            }
        }
        emptied.push(folder);
    }
    for folder in emptied.into_iter().rev() {
        files.remove_folder(Place::new(place.base, &folder))?;
    }
    Ok(())
}
