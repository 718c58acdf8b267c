//! The cutover from a database in which a task and its execution were one row.
//!
//! The database is changed in place and becomes a store. A backup of it and of the workspaces comes
//! first, then one transaction, then the report, which is in the transaction too and can be written
//! again from there: wherever the import is stopped, it can be repeated.

mod backup;
mod cutover;
mod recovery;
mod report;
mod table;
mod tree;

use std::path::{Path, PathBuf};

use host::{FileErrorKind, Files, NodeKind, Place, remove_temporary_files, split_path};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};

pub use recovery::{Recovery, recover};
pub use report::{ImportReport, SetAside, StatusCount, WorkspacesBackup};

use crate::StoreError;
use crate::calls::Calls;
use crate::schema::{self, Form, beside};
use crate::sqlite::{check, options, size_of};

/// The property of a store that holds the report of its import.
const REPORT_PROPERTY: &str = "migration_report";

/// The name of the report beside the database.
const REPORT_FILE: &str = "migration_report.json";

/// The largest database that is imported: it is copied in memory.
const DATABASE_LIMIT_BYTES: u64 = 4 << 30;

/// What is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The database with the `tasks` table of the old form.
    pub database: PathBuf,
    /// The folder of the workspaces.
    pub workspaces: PathBuf,
}

impl Import {
    /// The folder of the database, where backup and report go.
    fn folder(&self) -> &Path {
        self.database.parent().unwrap_or(Path::new("."))
    }
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOutcome {
    /// What was done, now or earlier.
    pub report: ImportReport,
    /// Whether it had been done before, and nothing was left to do.
    pub unchanged: bool,
}

/// Brings a database of the old form into the new one. What was imported before stays as it is.
pub fn import(request: &Import, files: &dyn Files) -> Result<ImportOutcome, StoreError> {
    let calls = Calls::new()?;
    refuse_places(request, files)?;
    calls.wait(async {
        let mut connection = open(&request.database, files).await?;
        let outcome = import_into(&mut connection, request, files).await;
        let closed = connection.close().await;
        let outcome = outcome?;
        closed.map_err(|error| StoreError::of_database(&request.database, "closed", error))?;
        Ok(outcome)
    })
}

/// Refuses a database that is a link, which cannot be put back by a rename, and one that lies in
/// the workspaces: to copy it with them would drop the lock that is held on it meanwhile.
fn refuse_places(request: &Import, files: &dyn Files) -> Result<(), StoreError> {
    let path = &request.database;
    let (folder, name) = split_path(path)?;
    match files.metadata(Place::new(&folder, &name))? {
        None => return Err(StoreError::Missing(path.clone())),
        Some(found) if found.kind == NodeKind::Link => {
            return Err(host::FileError::new("import", path, FileErrorKind::Link).into());
        }
        Some(_) => {}
    }
    if files.canonical(&folder)?.starts_with(files.canonical(&request.workspaces)?) {
        return Err(not_legacy(path, "it lies in the folder of the workspaces"));
    }
    Ok(())
}

async fn import_into(
    connection: &mut SqliteConnection,
    request: &Import,
    files: &dyn Files,
) -> Result<ImportOutcome, StoreError> {
    let path = &request.database;
    let failed = |error| StoreError::of_database(path, "read", error);
    match schema::form(connection).await.map_err(failed)? {
        Form::Legacy => check(connection, path).await?,
        Form::Store(_) => return imported_before(connection, request, files).await,
        Form::Empty => return Err(not_legacy(path, "it is empty")),
        Form::Foreign => {
            return Err(not_legacy(path, "it has no table `tasks` with `id`, `goal` and `status`"));
        }
    }
    let report = cut_over(connection, request, files).await?;
    write_report(&report, request, files)?;
    Ok(ImportOutcome { report, unchanged: false })
}

/// Opens a database without changing anything about it. Foreign keys are not enforced, because the
/// table that they lead to is about to be replaced.
async fn open(path: &Path, files: &dyn Files) -> Result<SqliteConnection, StoreError> {
    match size_of(path, files)? {
        None => return Err(StoreError::Missing(path.to_owned())),
        Some(bytes) if bytes > DATABASE_LIMIT_BYTES => {
            let kind = FileErrorKind::TooLarge(DATABASE_LIMIT_BYTES);
            return Err(host::FileError::new("import", path, kind).into());
        }
        Some(_) => {}
    }
    options(path)
        .foreign_keys(false)
        .pragma("legacy_alter_table", "ON")
        .connect()
        .await
        .map_err(|error| StoreError::of_database(path, "opened", error))
}

fn not_legacy(path: &Path, why: &str) -> StoreError {
    StoreError::NotLegacy { path: path.to_owned(), why: why.to_owned() }
}

/// The report of an earlier import, which is written again when it is gone.
async fn imported_before(
    connection: &mut SqliteConnection,
    request: &Import,
    files: &dyn Files,
) -> Result<ImportOutcome, StoreError> {
    let report = stored_report(connection, &request.database).await?;
    let report = report
        .ok_or_else(|| not_legacy(&request.database, "it is a store of onx, and always was one"))?;
    write_report(&report, request, files)?;
    Ok(ImportOutcome { report, unchanged: true })
}

/// The report of the import by which a store came about; none when it came about otherwise.
async fn stored_report(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<Option<ImportReport>, StoreError> {
    let text: Option<String> = sqlx::query_scalar("SELECT value FROM properties WHERE name = ?")
        .bind(REPORT_PROPERTY)
        .fetch_optional(connection)
        .await
        .map_err(|error| StoreError::of_database(path, "read", error))?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| StoreError::damaged(path, format!("its import report: {error}")))
}

/// The backups and the transaction. Nobody else can write to the database from before the first
/// backup until after the transaction, so that the backup is what was imported.
async fn cut_over(
    connection: &mut SqliteConnection,
    request: &Import,
    files: &dyn Files,
) -> Result<ImportReport, StoreError> {
    let path = &request.database;
    let failed = |error| StoreError::of_database(path, "written", error);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    if schema::form(&mut transaction).await.map_err(failed)? != Form::Legacy {
        return Err(StoreError::InUse(path.clone()));
    }
    let copy = transaction.serialize(None).await.map_err(failed)?;
    let backup = backup::keep_database(&copy, request, files)?;
    drop(copy);
    let workspaces = backup::keep_workspaces(request, files)?;
    let report = cutover::carry_out(&mut transaction, request, files, backup, workspaces).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(report)
}

/// Writes the report beside the database, unless it stands there.
fn write_report(
    report: &ImportReport,
    request: &Import,
    files: &dyn Files,
) -> Result<(), StoreError> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    let (folder, name) = beside(&request.folder().join(REPORT_FILE), "")?;
    let place = Place::new(&folder, &name);
    match files.read(place, DATABASE_LIMIT_BYTES) {
        Ok(known) if known == text.as_bytes() => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind == FileErrorKind::Missing => {}
        Err(error) => return Err(error.into()),
    }
    remove_temporary_files(files, place)?;
    Ok(files.write(place, text.as_bytes(), None)?)
}
