//! The way back from an import.
//!
//! The workspaces come first and the database last: as long as the database is not the old one, the
//! way back can be taken again. What stands in the way is kept under another name.

use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use host::{FileError, FileErrorKind, Files, Place, remove_temporary_files, split_path, tree_path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use super::backup::{BACKUP_ENDING, keep_file, workspaces_backup};
use super::report::ImportReport;
use super::tree::{self, Entry, What};
use super::{DATABASE_LIMIT_BYTES, Import, REPORT_FILE, not_legacy, open, stored_report};
use crate::StoreError;
use crate::calls::Calls;
use crate::schema::{self, Form, beside};
use crate::sqlite::{check, options};

/// What is added to the name of the database for what it was before it was restored.
const BEFORE_ENDING: &str = ".before_recovery";

/// The folder beside the workspaces with what was replaced in them.
const BEFORE_WORKSPACES: &str = "workspaces_before_recovery";

/// What came of a recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// Whether there was nothing to do: the database has the old form.
    pub unchanged: bool,
    /// The name under which the database was kept that the backup replaced; none when it was gone.
    pub replaced_database: Option<String>,
    /// Files, links and folders of the workspaces that were put back because they were gone.
    pub restored: Vec<TreePath>,
    /// Those that were put back because something else stood there, which is kept in
    /// `workspaces_before_recovery`.
    pub replaced: Vec<TreePath>,
}

/// Puts back the database and the workspaces as they were before the import.
pub fn recover(request: &Import, files: &dyn Files) -> Result<Recovery, StoreError> {
    let calls = Calls::new()?;
    calls.wait(async {
        let mut current = Current::look(request, files).await?;
        if let Current::Old = current {
            return Ok(Recovery {
                unchanged: true,
                replaced_database: None,
                restored: Vec::new(),
                replaced: Vec::new(),
            });
        }
        let recovered = restore_all(request, files, &mut current).await;
        if let Current::Imported(connection, _) = current {
            // The database that it has open is no longer the one of that name.
            let _ = connection.close().await;
        }
        recovered
    })
}

async fn restore_all(
    request: &Import,
    files: &dyn Files,
    current: &mut Current,
) -> Result<Recovery, StoreError> {
    let backup = read_backup(request, files, current).await?;
    let (restored, replaced) = restore_workspaces(request, files, current)?;
    remove_report(request, files)?;
    let replaced_database = restore_database(&backup, request, files, current).await?;
    Ok(Recovery { unchanged: false, replaced_database, restored, replaced })
}

/// What stands where the database should be.
enum Current {
    /// The old form: nothing was imported, or it was restored before.
    Old,
    /// What an import made.
    Imported(SqliteConnection, Box<ImportReport>),
    /// Nothing that can be read.
    Damaged,
    /// Nothing.
    Gone,
}

impl Current {
    async fn look(request: &Import, files: &dyn Files) -> Result<Self, StoreError> {
        let path = &request.database;
        let mut connection = match open(path, files).await {
            Ok(connection) => connection,
            Err(StoreError::Missing(_)) => return Ok(Self::Gone),
            Err(StoreError::Damaged { .. }) => return Ok(Self::Damaged),
            Err(error) => return Err(error),
        };
        let form = schema::form(&mut connection).await;
        let form = form.map_err(|error| StoreError::of_database(path, "read", error));
        match form {
            Ok(Form::Legacy) => return Ok(Self::Old),
            Ok(Form::Store(_)) => {}
            Ok(Form::Empty) => return Ok(Self::Damaged),
            Ok(Form::Foreign) => return Err(StoreError::Foreign(path.clone())),
            Err(StoreError::Damaged { .. }) => return Ok(Self::Damaged),
            Err(error) => return Err(error),
        }
        match stored_report(&mut connection, path).await {
            Ok(Some(report)) => Ok(Self::Imported(connection, Box::new(report))),
            Ok(None) => Err(not_legacy(path, "it is a store of onx, and always was one")),
            Err(StoreError::Damaged { .. }) => Ok(Self::Damaged),
            Err(error) => Err(error),
        }
    }
}

/// The bytes of the backup, once it is sure that they are the old database.
async fn read_backup(
    request: &Import,
    files: &dyn Files,
    current: &Current,
) -> Result<Vec<u8>, StoreError> {
    let (folder, name) = beside(&request.database, BACKUP_ENDING)?;
    let path = folder.join(name.as_str());
    let bytes = match files.read(Place::new(&folder, &name), DATABASE_LIMIT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind == FileErrorKind::Missing => {
            return Err(StoreError::NoBackup(path));
        }
        Err(error) => return Err(error.into()),
    };
    let bad = |why: &str| StoreError::BadBackup { path: path.clone(), why: why.to_owned() };
    if let Current::Imported(_, report) = current
        && report.database_digest != Digest::of(&bytes)
    {
        return Err(bad("it is not what this database was imported from"));
    }
    // Without the journals that may lie beside it, and without making any.
    let failed = |error| StoreError::of_database(&path, "read", error);
    let opened = options(&path).read_only(true).immutable(true).connect().await;
    let mut connection = opened.map_err(failed)?;
    if schema::form(&mut connection).await.map_err(failed)? != Form::Legacy {
        return Err(bad("it has no `tasks` table of the old form"));
    }
    check(&mut connection, &path).await?;
    connection.close().await.map_err(failed)?;
    Ok(bytes)
}

/// Puts back what is gone from the workspaces or is something else now. What came since stays.
fn restore_workspaces(
    request: &Import,
    files: &dyn Files,
    current: &Current,
) -> Result<(Vec<TreePath>, Vec<TreePath>), StoreError> {
    let (folder, name) = workspaces_backup(request)?;
    let backup = folder.join(name.as_str());
    if files.metadata(Place::new(&folder, &name))?.is_none() {
        return Err(StoreError::NoBackup(backup));
    }
    let kept = tree::look(files, &backup)?;
    if let Current::Imported(_, report) = current
        && report.workspaces.digest != tree::digest(&kept)
    {
        let why = "it is not what was there before the import".to_owned();
        return Err(StoreError::BadBackup { path: backup, why });
    }
    files.create_base(&request.workspaces)?;
    let (mut restored, mut replaced) = (Vec::new(), Vec::new());
    for entry in &kept {
        let place = Place::new(&request.workspaces, &entry.path);
        match look_at(files, place)? {
            Some(found) if found == entry.what => continue,
            Some(_) => {
                put_aside(request, &folder, entry, files)?;
                replaced.push(entry.path.clone());
            }
            None => restored.push(entry.path.clone()),
        }
        restore(files, entry, &backup, &request.workspaces)?;
    }
    Ok((restored, replaced))
}

/// What stands at a place; none when nothing does.
fn look_at(files: &dyn Files, place: Place<'_>) -> Result<Option<What>, FileError> {
    let Some(found) = files.metadata(place)? else { return Ok(None) };
    Ok(Some(match found.kind {
        host::NodeKind::File => What::File {
            mode: found.mode,
            digest: Digest::of(&files.read(place, DATABASE_LIMIT_BYTES)?),
        },
        host::NodeKind::Folder => What::Folder,
        host::NodeKind::Link => What::Link { target: files.read_link(place)? },
        host::NodeKind::Special => What::Link { target: PathBuf::new() },
    }))
}

/// Writes one entry so that it is there as a whole or not at all.
fn restore(files: &dyn Files, entry: &Entry, from: &Path, to: &Path) -> Result<(), FileError> {
    if let What::File { mode, .. } = &entry.what {
        let bytes = files.read(Place::new(from, &entry.path), DATABASE_LIMIT_BYTES)?;
        let place = Place::new(to, &entry.path);
        remove_temporary_files(files, place)?;
        return files.write(place, &bytes, Some(*mode));
    }
    tree::copy(files, entry, from, to)?;
    sync_above(files, to, &entry.path)
}

/// Makes the name of a file, link or folder durable.
fn sync_above(files: &dyn Files, base: &Path, path: &TreePath) -> Result<(), FileError> {
    let parent = path.parent().map(tree_path).transpose()?;
    files.sync_folder(base, parent.as_ref())
}

/// Moves what stands in the way out of the workspaces. Where an earlier recovery kept something
/// under the same name, a number is added.
fn put_aside(
    request: &Import,
    folder: &Path,
    entry: &Entry,
    files: &dyn Files,
) -> Result<(), FileError> {
    let (_, workspaces) = split_path(&request.workspaces)?;
    let from = below(workspaces.as_str(), entry.path.as_str())?;
    for number in 0_u32.. {
        let name = if number == 0 {
            entry.path.as_str().to_owned()
        } else {
            format!("{}.{number}", entry.path)
        };
        let to = below(BEFORE_WORKSPACES, &name)?;
        if files.metadata(Place::new(folder, &to))?.is_none() {
            files.create_parents(folder, &to)?;
            files.rename(folder, &from, &to)?;
            // It lasts there before anything takes its old place.
            return sync_above(files, folder, &to);
        }
    }
    Ok(())
}

fn below(folder: &str, path: &str) -> Result<TreePath, FileError> {
    tree_path(&format!("{folder}/{path}"))
}

/// Removes the report of the import that is being undone; the database that is kept has it too.
fn remove_report(request: &Import, files: &dyn Files) -> Result<(), StoreError> {
    let (folder, name) = beside(&request.folder().join(REPORT_FILE), "")?;
    match files.remove_file(Place::new(&folder, &name)) {
        Err(error) if error.kind != FileErrorKind::Missing => Err(error.into()),
        _ => Ok(()),
    }
}

/// Keeps the database that stands there, and puts the old one in its place. Nobody else has it open
/// meanwhile, and no journal of it is left that could be read into the old one.
async fn restore_database(
    backup: &[u8],
    request: &Import,
    files: &dyn Files,
    current: &mut Current,
) -> Result<Option<String>, StoreError> {
    let path = &request.database;
    let (folder, name) = beside(path, "")?;
    let (_, backup_name) = beside(path, BACKUP_ENDING)?;
    let mode = files.metadata(Place::new(&folder, &backup_name))?.map(|found| found.mode);
    let put_back = || -> Result<(), StoreError> {
        let place = Place::new(&folder, &name);
        remove_temporary_files(files, place)?;
        Ok(files.write(place, backup, mode)?)
    };
    match current {
        Current::Old | Current::Gone => {
            put_back()?;
            Ok(None)
        }
        Current::Damaged => {
            let kept = keep_damaged(path, files)?;
            put_back()?;
            Ok(kept)
        }
        Current::Imported(connection, _) => {
            let failed = |error| StoreError::of_database(path, "read", error);
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode = DELETE")
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
            if mode != "delete" {
                return Err(StoreError::InUse(path.clone()));
            }
            let mut transaction = connection.begin_with("BEGIN EXCLUSIVE").await.map_err(failed)?;
            let bytes = transaction.serialize(None).await.map_err(failed)?;
            let kept = keep_file(&bytes, path, BEFORE_ENDING, None, files)?;
            put_back()?;
            transaction.rollback().await.map_err(failed)?;
            Ok(Some(kept))
        }
    }
}

/// Moves a database that cannot be read away, with its journals, under a name that is free.
fn keep_damaged(path: &Path, files: &dyn Files) -> Result<Option<String>, StoreError> {
    let mut aside = BEFORE_ENDING.to_owned();
    for number in 1_u32.. {
        let (folder, name) = beside(path, &aside)?;
        if files.metadata(Place::new(&folder, &name))?.is_none() {
            break;
        }
        aside = format!("{BEFORE_ENDING}.{number}");
    }
    let mut kept = None;
    // The database goes last: without it, a repeated recovery would leave its journals.
    for ending in ["-wal", "-shm", "-journal", ""] {
        let (folder, name) = beside(path, ending)?;
        if files.metadata(Place::new(&folder, &name))?.is_none() {
            continue;
        }
        let (_, to) = beside(path, &format!("{aside}{ending}"))?;
        files.rename(&folder, &name, &to)?;
        kept = Some(to.to_string());
    }
    Ok(kept)
}
