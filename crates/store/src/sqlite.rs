//! A store in a file of SQLite.

mod leases;
mod rows;
mod tasks;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use artifact::Timestamp;
use host::{DiskFiles, FileErrorKind, Files, NodeKind, Place, split_path};
use run::{Lease, LeaseTerm, Run, RunId, RunStatus, Task, TaskId, TaskStatus, WorkerId};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::runtime::{Builder, Runtime};

pub(crate) use self::tasks::{insert, insert_run};
use crate::{NewTask, Store, StoreError, schema};

/// How long a call waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Larger stores are not read through when they are opened; damage in them shows where it is met.
const CHECKED_WHEN_OPENED_BYTES: u64 = 1 << 20;

/// A store in one file, shared by any number of processes of one machine.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    workspaces: PathBuf,
    calls: Calls,
    /// There until the store is dropped.
    connection: Mutex<Option<SqliteConnection>>,
}

/// Waits for the database on the thread that calls.
#[derive(Debug)]
pub(crate) struct Calls(Runtime);

impl Calls {
    pub(crate) fn new() -> Result<Self, StoreError> {
        Builder::new_current_thread().build().map(Self).map_err(StoreError::Runtime)
    }

    pub(crate) fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.0.block_on(call)
    }
}

impl SqliteStore {
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
        Ok(Self {
            path: path.to_owned(),
            workspaces,
            calls,
            connection: Mutex::new(Some(connection)),
        })
    }

    /// The folder of a run, where its artifacts and its journal are; none when the store names one
    /// that is not in its workspaces.
    pub fn run_folder(&self, run: &Run) -> Option<PathBuf> {
        let below = run.run_path.strip_prefix("workspaces/")?;
        let below = artifact::TreePath::new(below).ok()?;
        Some(self.workspaces.join(below.as_str()))
    }

    /// The folder that holds the workspaces of all tasks.
    pub fn workspaces(&self) -> &Path {
        &self.workspaces
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
        self.calls.wait(call(connection)).map_err(|failed| match failed {
            Failed::Database(error) => StoreError::of_database(&self.path, action, error),
            Failed::Row(why) => StoreError::damaged(&self.path, why),
            Failed::Store(error) => error,
        })
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

/// Why a call failed, before it is said where.
pub(crate) enum Failed {
    Database(sqlx::Error),
    Row(String),
    Store(StoreError),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
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

impl Store for SqliteStore {
    fn add_task(&self, new: &NewTask) -> Result<Task, StoreError> {
        self.call("written", async |connection| tasks::add(connection, new).await)
    }

    fn task(&self, task: &TaskId) -> Result<Option<Task>, StoreError> {
        self.call("read", async |connection| tasks::one(connection, task).await)
    }

    fn tasks(&self, statuses: &[TaskStatus]) -> Result<Vec<Task>, StoreError> {
        self.call("read", async |connection| tasks::all(connection, statuses).await)
    }

    fn archive_task(&self, task: &TaskId) -> Result<Task, StoreError> {
        self.call("written", async |connection| tasks::archive(connection, task).await)
    }

    fn run(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        self.call("read", async |connection| tasks::one_run(connection, run).await)
    }

    fn runs(&self, task: Option<&TaskId>) -> Result<Vec<Run>, StoreError> {
        self.call("read", async |connection| tasks::all_runs(connection, task).await)
    }

    fn claim(
        &self,
        task: &TaskId,
        worker: &WorkerId,
        term: LeaseTerm,
    ) -> Result<Option<Lease>, StoreError> {
        self.call("written", async |connection| leases::claim(connection, task, worker, term).await)
    }

    fn renew(&self, lease: &Lease, term: LeaseTerm) -> Result<(), StoreError> {
        self.call("written", async |connection| leases::renew(connection, lease, term).await)
    }

    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.call("written", async |connection| leases::release(connection, lease).await)
    }

    fn begin_run(&self, lease: &Lease, at: Timestamp) -> Result<Run, StoreError> {
        self.call("written", async |connection| leases::begin_run(connection, lease, at).await)
    }

    fn advance_run(
        &self,
        lease: &Lease,
        run: &RunId,
        to: RunStatus,
        artifact_summary: &Map<String, Value>,
    ) -> Result<Run, StoreError> {
        self.call("written", async |connection| {
            leases::advance_run(connection, lease, run, to, artifact_summary).await
        })
    }
}
