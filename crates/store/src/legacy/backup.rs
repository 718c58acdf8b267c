//! The copies that are made before anything is changed. Nothing that stands under the name of a
//! copy and is something else is ever lost: it gets a name with its digest.

use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use host::{
    FileError, FileErrorKind, Files, NodeKind, Place, remove_temporary_files, split_path, tree_path,
};

use super::report::WorkspacesBackup;
use super::{DATABASE_LIMIT_BYTES, Import, tree};
use crate::StoreError;
use crate::schema::beside;

/// What is added to the name of the database for its copy.
pub(crate) const BACKUP_ENDING: &str = ".bak_v4";

/// The name of the copy of the workspaces, beside them.
const WORKSPACES_BACKUP: &str = "workspaces_backup";

/// Where that copy is made; what is found there is left of an import that was interrupted.
const UNFINISHED: &str = ".workspaces_backup.unfinished";

/// The copy of a database: its name and the digest of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseBackup {
    pub(crate) name: String,
    pub(crate) digest: Digest,
}

/// Keeps these bytes, which are the whole database, as `tasks.db.bak_v4`.
pub(crate) fn keep_database(
    bytes: &[u8],
    request: &Import,
    files: &dyn Files,
) -> Result<DatabaseBackup, StoreError> {
    let (folder, name) = split_path(&request.database)?;
    let mode = files.metadata(Place::new(&folder, &name))?.map(|found| found.mode);
    let name = keep_file(bytes, &request.database, BACKUP_ENDING, mode, files)?;
    Ok(DatabaseBackup { name, digest: Digest::of(bytes) })
}

/// Keeps these bytes beside the database, under its name with this ending. Returns the name.
pub(crate) fn keep_file(
    bytes: &[u8],
    database: &Path,
    ending: &str,
    mode: Option<u32>,
    files: &dyn Files,
) -> Result<String, StoreError> {
    let (folder, name) = beside(database, ending)?;
    let place = Place::new(&folder, &name);
    remove_temporary_files(files, place)?;
    match files.read(place, DATABASE_LIMIT_BYTES) {
        Ok(known) if known == bytes => {
            // Whoever wrote it may have been stopped before its name lasted.
            files.sync_folder(&folder, None)?;
            return Ok(name.to_string());
        }
        Ok(known) => {
            let (_, aside) = beside(database, &format!("{ending}.{}", short(&Digest::of(&known))))?;
            files.rename(&folder, &name, &aside)?;
        }
        Err(error) if error.kind == FileErrorKind::Missing => {}
        Err(error) => return Err(error.into()),
    }
    files.write(place, bytes, mode)?;
    Ok(name.to_string())
}

/// The names of the copy of the workspaces, and of the folder that holds both.
pub(crate) fn workspaces_backup(request: &Import) -> Result<(PathBuf, TreePath), StoreError> {
    let (folder, name) = split_path(&request.workspaces)?;
    if name.as_str() == WORKSPACES_BACKUP {
        let kind = FileErrorKind::Exists;
        return Err(FileError::new("back up", &request.workspaces, kind).into());
    }
    Ok((folder, tree_path(WORKSPACES_BACKUP)?))
}

/// Keeps the workspaces as `workspaces_backup`.
pub(crate) fn keep_workspaces(
    request: &Import,
    files: &dyn Files,
) -> Result<WorkspacesBackup, StoreError> {
    let (folder, backup) = workspaces_backup(request)?;
    let entries = tree::look(files, &request.workspaces)?;
    let digest = tree::digest(&entries);
    let count = entries.iter().filter(|entry| entry.what != tree::What::Folder).count();
    let kept = WorkspacesBackup {
        folder: named_from(request, files)?,
        backup: backup.to_string(),
        digest,
        files: u32::try_from(count).unwrap_or(u32::MAX),
    };
    let unfinished = tree_path(UNFINISHED)?;
    tree::remove(files, Place::new(&folder, &unfinished))?;
    let standing = folder.join(backup.as_str());
    if let Some(found) = files.metadata(Place::new(&folder, &backup))? {
        if found.kind != NodeKind::Folder {
            return Err(FileError::new("back up to", standing, FileErrorKind::Exists).into());
        }
        let known = tree::digest(&tree::look(files, &standing)?);
        if known == digest {
            files.sync_folder(&folder, None)?;
            return Ok(kept);
        }
        let aside = tree_path(&format!("{backup}.{}", short(&known)))?;
        // The same content was put aside before: one of the two is enough.
        tree::remove(files, Place::new(&folder, &aside))?;
        files.rename(&folder, &backup, &aside)?;
    }
    files.create_folder(Place::new(&folder, &unfinished))?;
    let staged = folder.join(unfinished.as_str());
    for entry in &entries {
        tree::copy(files, entry, &request.workspaces, &staged)?;
    }
    tree::sync(files, &staged, &entries)?;
    if tree::digest(&tree::look(files, &staged)?) != digest {
        let why = "the workspaces changed while they were copied".to_owned();
        return Err(StoreError::BadBackup { path: standing, why });
    }
    files.rename(&folder, &unfinished, &backup)?;
    files.sync_folder(&folder, None)?;
    Ok(kept)
}

/// The workspaces by their path from the folder of the database where they lie below it, so that
/// both can be moved together, else in full.
fn named_from(request: &Import, files: &dyn Files) -> Result<String, StoreError> {
    let workspaces = files.canonical(&request.workspaces)?;
    let folder = files.canonical(request.folder())?;
    let named = workspaces.strip_prefix(&folder).unwrap_or(&workspaces);
    let kind = FileErrorKind::Path;
    let text = named.to_str().filter(|text| !text.is_empty());
    Ok(text.ok_or_else(|| FileError::new("use", &workspaces, kind))?.to_owned())
}

fn short(digest: &Digest) -> String {
    digest.hex()[..12].to_owned()
}
