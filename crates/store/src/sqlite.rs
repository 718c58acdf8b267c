//! A store in a file of SQLite.

mod dialect;
#[path = "statements/leases.rs"]
mod leases;
#[path = "statements/manifests.rs"]
mod manifests;
#[path = "statements/outbox.rs"]
mod outbox;
#[path = "statements/queue.rs"]
mod queue;
#[path = "statements/rows.rs"]
mod rows;
#[path = "statements/tasks.rs"]
mod tasks;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use artifact::Timestamp;
use host::{DiskFiles, FileErrorKind, Files, NodeKind, Place, split_path};
use run::{Lease, LeaseTerm, Run, RunId, Task, TaskId, TaskStatus, WorkerId};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use uuid::Uuid;

pub(crate) use self::tasks::{insert, insert_run};
use crate::calls::{Calls, Failed};
use crate::forwarded::implement_store;
use crate::{
    Advance, ApplicationRow, Claim, EventId, ManifestRecord, NewTask, OperationRecord, OutboxEvent,
    Owner, SignedPlan, Store, StoreError, schema,
};

/// How long a call waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Larger stores are not read through when they are opened; damage in them shows where it is met.
const CHECKED_WHEN_OPENED_BYTES: u64 = 128 << 10;

/// A store in one file, shared by any number of processes of one machine.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    workspaces: PathBuf,
    owner: Owner,
    calls: Calls,
    /// There until the store is dropped.
    connection: Mutex<Option<SqliteConnection>>,
}

impl SqliteStore {
    const IS_OF_ONE_MACHINE: bool = true;

    /// Opens the store in this file; makes it, with the folders above, when there is none.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            DiskFiles.create_base(folder)?;
        }
        Self::open_with(path, &DiskFiles, true)
    }

    /// Opens the store in this file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &DiskFiles, false)
    }

    fn open_with(path: &Path, files: &dyn Files, create: bool) -> Result<Self, StoreError> {
        let size_bytes = size_of(path, files)?;
        if size_bytes.is_none() && !create {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let calls = Calls::new()?;
        let failed = |error| StoreError::of_database(path, "opened", error);
        let opened = calls.wait(async {
            let mut connection =
                options(path).create_if_missing(create).connect().await.map_err(failed)?;
            schema::upgrade(&mut connection, path, files, schema::STEPS).await?;
            // Only now, since what is not ours keeps its journal mode.
            connection.execute("PRAGMA journal_mode = WAL").await.map_err(failed)?;
            if size_bytes.is_some_and(|bytes| bytes <= CHECKED_WHEN_OPENED_BYTES) {
                check(&mut connection, path).await?;
            }
            let workspaces = workspaces(&mut connection, path).await.map_err(failed)?;
            Ok::<_, StoreError>((connection, workspaces))
        });
        let (connection, workspaces) = opened?;
        // By its name alone, since a file moves together with the workspaces beside it.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            path: path.to_owned(),
            workspaces,
            owner: Owner { id: format!("file {name}"), name: name.into_owned() },
            calls,
            connection: Mutex::new(Some(connection)),
        })
    }

    fn read<T>(
        &self,
        call: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        self.call("read", call)
    }

    fn write<T>(
        &self,
        call: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        self.call("written", call)
    }

    fn call<T>(
        &self,
        action: &'static str,
        call: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        // A call that panicked has left no transaction open: it is rolled back when it is dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = connection.as_mut() else {
            return Err(StoreError::InUse(self.path.clone()));
        };
        self.calls.wait(call(connection)).map_err(|failed| failed.at(&self.path, action))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            // Every call has ended and lasts; what closing does beyond that is to tidy up.
            let _ = self.calls.wait(connection.close());
        }
    }
}

/// How a database is opened, of whatever kind it is. Its schema may come from elsewhere, so what it
/// defines may call no function that reaches beyond it.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
}

/// The smallest database of SQLite; it takes less for nothing at all, and would write over it.
const SMALLEST_BYTES: u64 = 512;

/// The size of a database; none when there is none. The user named it, so a link is followed.
pub(crate) fn size_of(path: &Path, files: &dyn Files) -> Result<Option<u64>, StoreError> {
    let (folder, name) = split_path(path)?;
    let Some(found) = files.metadata(Place::new(&folder, &name))? else { return Ok(None) };
    match found.kind {
        NodeKind::File if (1..SMALLEST_BYTES).contains(&found.size_bytes) => {
            Err(StoreError::damaged(path, format!("it has {} bytes", found.size_bytes)))
        }
        NodeKind::File => Ok(Some(found.size_bytes)),
        NodeKind::Link => size_of(&files.canonical(path)?, files),
        NodeKind::Folder | NodeKind::Special => {
            Err(host::FileError::new("open", path, FileErrorKind::NotAFile).into())
        }
    }
}

/// Reads the whole database through.
pub(crate) async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), StoreError> {
    let said: Result<String, _> =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await;
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(StoreError::damaged(path, said)),
        Err(error) => Err(StoreError::of_database(path, "checked", error)),
    }
}

/// The folder that holds the workspaces: the one that the store names, else the one beside it.
async fn workspaces(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<PathBuf, sqlx::Error> {
    let named: Option<String> =
        sqlx::query_scalar("SELECT value FROM properties WHERE name = 'workspaces'")
            .fetch_optional(connection)
            .await?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(folder.join(named.as_deref().unwrap_or("workspaces")))
}

implement_store!(SqliteStore);
