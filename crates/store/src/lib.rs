//! Keeps tasks, runs and leases, the queue of tasks that wait for a worker, events that wait for
//! their delivery, and what is known about manifests.
//!
//! The SQL stands behind the trait [`Store`]. [`SqliteStore`] is a file of the user,
//! [`PostgresStore`] a schema of a server; nothing here knows what a task is about.
//!
//! The statements are written once, in `statements`, and compiled for each database; what a
//! database says in its own way is in its `dialect`.

#![expect(clippy::duplicate_mod, reason = "statements are compiled once for each database")]

mod attempt;
mod audit;
mod calls;
mod error;
mod events;
mod forwarded;
mod heartbeat;
mod keyring;
mod legacy;
mod manifests;
mod owner;
mod postgres;
mod schema;
mod sqlite;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use artifact::{Timestamp, TreePath};
use host::{Durability, FileError, FileErrorKind, Files, FolderContents};
use run::{Lease, LeaseTerm, Run, RunId, RunStatus, Task, TaskId, TaskPlan, TaskStatus, WorkerId};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use attempt::{
    Attempt, AttemptError, EXECUTOR_REPORT_FORMAT, ExecutorReport, ReportedEvent, Workplace,
    abandon, abandon_claimed,
};
pub use audit::{AuditError, AuditFolder, Happening, ReadLog, origin_of, read_log};
pub use error::StoreError;
pub use events::{EventId, NewEvent, OutboxEvent};
pub use keyring::{Keyring, KeyringError, KnownKey, LOCAL_KEY, OwnKey, Trust};
pub use legacy::{
    Import, ImportOutcome, ImportReport, Recovery, SetAside, StatusCount, WorkspacesBackup, import,
    recover,
};
pub use manifests::{ApplicationRow, ManifestRecord, OperationRecord};
pub use owner::Owner;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

/// A task that is to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its id; the next free one when none is given.
    pub task_id: Option<TaskId>,
    /// What a list shows of it.
    pub title: String,
    /// What should be true when it is done.
    pub objective: Option<String>,
    /// What else is known about it.
    pub metadata: Map<String, Value>,
    /// When it is added.
    pub created_at: Timestamp,
}

/// How a task is to be done, and who had it planned.
#[derive(Debug, Clone, Copy)]
pub struct SignedPlan<'a> {
    /// The plan.
    pub plan: &'a TaskPlan,
    /// The signature over it, which is for whoever goes by the plan to check.
    pub signature: &'a Value,
}

/// Opens the store that a user named, which is a URL `postgres://…` or the file of a store that is
/// there. The folder of the workspaces is that of a store in PostgreSQL; a file says itself where
/// its workspaces are.
pub fn open(place: &Path, workspaces: &Path) -> Result<Box<dyn Store>, StoreError> {
    open_with(place, Workspaces::Here(workspaces))
}

/// The same where nobody named a folder for the workspaces of a store in PostgreSQL: they are in
/// one of its own below this folder.
pub fn open_below(place: &Path, state: &Path) -> Result<Box<dyn Store>, StoreError> {
    open_with(place, Workspaces::Below(state))
}

/// Where the workspaces of a store are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Workspaces<'a> {
    /// In this folder.
    Here(&'a Path),
    /// In a folder below this one that no other store has.
    Below(&'a Path),
}

fn open_with(place: &Path, workspaces: Workspaces<'_>) -> Result<Box<dyn Store>, StoreError> {
    let text = place.to_string_lossy();
    if let Some((scheme, _)) = text.split_once("://")
        && !postgres::is_server(place)
    {
        return Err(StoreError::BadUrl(format!("there are no stores at `{scheme}://`")));
    }
    if !postgres::is_server(place) {
        return Ok(Box::new(SqliteStore::open(place)?));
    }
    Ok(Box::new(PostgresStore::open_with(&text, workspaces)?))
}

/// A task that a worker has taken from the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The right to work at it.
    pub lease: Lease,
    /// How often it was taken from the queue, this time included.
    pub attempt: u32,
}

/// One step of a run, with what is written together with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Advance {
    /// How far the run is then.
    pub to: RunStatus,
    /// Results in short, in place of what was there.
    pub artifact_summary: Map<String, Value>,
    /// What is told about it.
    pub events: Vec<NewEvent>,
    /// What the step outlasts once it is acknowledged. One that need not outlast a loss of power
    /// does so all the same as soon as a later one must.
    pub durability: Durability,
    /// Whether the task is over with this run: if the run ends FAILED, the task becomes ARCHIVED
    /// and not TODO.
    pub archive_task: bool,
}

impl Advance {
    /// The end of a run that did not do what it was to do.
    pub fn failed(reason: &str, archive_task: bool) -> Self {
        let artifact_summary = Map::from_iter([("reason".to_owned(), Value::from(reason))]);
        let durability = Durability::Power;
        Self {
            to: RunStatus::Failed,
            artifact_summary,
            events: Vec::new(),
            durability,
            archive_task,
        }
    }

    /// A step to this status, and nothing else.
    pub fn to(status: RunStatus) -> Self {
        Self {
            to: status,
            artifact_summary: Map::new(),
            events: Vec::new(),
            durability: Durability::Power,
            archive_task: false,
        }
    }
}

/// Where the artifacts of runs are kept in the workspaces; no task can have this id.
const ARTIFACTS: &str = ".artifacts";

/// The mode of an artifact, which never changes.
const OWNER_ONLY: u32 = 0o400;

/// The folder of a run below the workspaces; none when it is not there.
pub(crate) fn place_of(run: &Run) -> Option<TreePath> {
    TreePath::new(run.run_path.strip_prefix("workspaces/")?).ok()
}

/// Where tasks, runs and leases are kept. Every method is one transaction: it happens as a whole or
/// not at all, and when it returns, it lasts.
///
/// The methods block. Whoever calls them works at something else than waiting for many
/// connections, and an asynchronous trait would bring a runtime into every command.
pub trait Store: Send + Sync + fmt::Debug {
    /// The folder that holds the workspaces of all tasks.
    fn workspaces(&self) -> &Path;
    /// Which store this is.
    fn owner(&self) -> &Owner;
    /// Says in the folder of the workspaces that it is this store's; refused where it is another's.
    /// To be called before anything is written or removed there.
    fn claim_workspaces(&self, files: &dyn Files) -> Result<(), StoreError> {
        self.owner().claim(files, self.workspaces())
    }
    /// The folder of a run, where its artifacts and its journal are; none when the store names one
    /// that is not in its workspaces.
    fn run_folder(&self, run: &Run) -> Option<PathBuf> {
        Some(self.workspaces().join(place_of(run)?.as_str()))
    }

    /// The artifacts of all runs, each under its digest. The folder of a run has them under their
    /// names. They hold the sources that a run edits, so they are for their owner alone.
    fn artifacts(&self, files: Arc<dyn Files>) -> Result<FolderContents, FileError> {
        let folder = TreePath::new(ARTIFACTS)
            .map_err(|_| FileError::new("use", ARTIFACTS, FileErrorKind::Path))?;
        Ok(FolderContents::new(files, self.workspaces(), folder).with_mode(OWNER_ONLY))
    }

    /// Whether every process that uses the store is of one machine, so that a lock on a file tells
    /// whether its holder lives.
    fn is_of_one_machine(&self) -> bool;

    /// Adds a task as TODO. The same task under the same id is added once; another one under that
    /// id is refused.
    fn add_task(&self, new: &NewTask) -> Result<Task, StoreError>;
    /// The task of this id.
    fn task(&self, task: &TaskId) -> Result<Option<Task>, StoreError>;
    /// The tasks that have one of these statuses, in the order in which they came.
    fn tasks(&self, statuses: &[TaskStatus]) -> Result<Vec<Task>, StoreError>;
    /// Keeps in the metadata of a task, under `plan`, how it is to be done, and its signature under
    /// `plan_signature`. Refused when the task is not TODO, or is not what it was when it was
    /// planned.
    fn plan_task(&self, planned: &Task, plan: SignedPlan<'_>) -> Result<Task, StoreError>;
    /// Archives a task that nobody works at, and takes it out of the queue; one that is archived
    /// stays so.
    fn archive_task(&self, task: &TaskId) -> Result<Task, StoreError>;
    /// Removes a task that is DONE or ARCHIVED, with its runs, its lease and its place in the
    /// queue; its runs as they were. Their folders stay where they are.
    fn forget_task(&self, task: &TaskId) -> Result<Vec<Run>, StoreError>;
    /// The run of this id.
    fn run(&self, run: &RunId) -> Result<Option<Run>, StoreError>;
    /// The runs of a task, or of all tasks, in the order in which they began.
    fn runs(&self, task: Option<&TaskId>) -> Result<Vec<Run>, StoreError>;
    /// The run of a task that is not over.
    fn open_run(&self, task: &TaskId) -> Result<Option<Run>, StoreError>;

    /// Claims a task: one statement takes a lease that is free or expired, by the clock of the
    /// database; none when another worker holds it.
    fn claim(
        &self,
        task: &TaskId,
        worker: &WorkerId,
        term: LeaseTerm,
    ) -> Result<Option<Lease>, StoreError>;
    /// Makes a lease last for another term from now, also one that has expired meanwhile; refused
    /// when another worker has claimed the task since, or the lease was given back.
    fn renew(&self, lease: &Lease, term: LeaseTerm) -> Result<(), StoreError>;
    /// Gives a lease back; a lease that another worker has taken over is theirs. A loss of power
    /// may take this back: then the lease expires.
    fn release(&self, lease: &Lease) -> Result<(), StoreError>;
    /// Whether what is written under this lease would count: refused when another worker has
    /// claimed the task since, or the lease was given back.
    fn check_lease(&self, lease: &Lease) -> Result<(), StoreError>;
    /// Who has claimed a task and not given it back, whether the lease has expired or not.
    fn holder(&self, task: &TaskId) -> Result<Option<Lease>, StoreError>;
    /// Begins a run of a task that is TODO, and puts the task IN_PROGRESS.
    fn begin_run(&self, lease: &Lease, at: Timestamp) -> Result<Run, StoreError>;
    /// Adds a task, claims it and begins a run of it, all in one transaction. A command that does
    /// one thing does not wait for the disk here: it outlasts the end of the process, and a loss of
    /// power once something is written that must. Refused when another worker holds the task.
    fn start(
        &self,
        new: &NewTask,
        worker: &WorkerId,
        term: LeaseTerm,
        at: Timestamp,
    ) -> Result<(Lease, Run), StoreError>;
    /// Takes a run one step further, its task with it when the run is over, and writes what is told
    /// about it.
    fn advance_run(&self, lease: &Lease, run: &RunId, advance: &Advance)
    -> Result<Run, StoreError>;

    /// Adds a task as `add_task` does, and puts it at the end of the queue. One that waits already
    /// keeps its place, and one that is DONE or ARCHIVED does not wait again.
    fn enqueue(&self, new: &NewTask) -> Result<Task, StoreError>;
    /// Claims the task in the queue that has been due longest and whose lease is free or expired,
    /// by the clock of the database, and counts the attempt; none when there is none. The task
    /// stays in the queue, and when its lease expires, the next worker finds it there.
    fn claim_next(&self, worker: &WorkerId, term: LeaseTerm) -> Result<Option<Claim>, StoreError>;
    /// Gives a task back that is not to be taken from the queue before this time has passed.
    fn postpone(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError>;
    /// The same for a task that this worker does not do and another one may: the claim was no
    /// attempt, and is not counted as one.
    fn pass_on(&self, lease: &Lease, delay: Duration) -> Result<(), StoreError>;
    /// Takes a task out of the queue; the lease stays.
    fn dequeue(&self, lease: &Lease) -> Result<(), StoreError>;

    /// How many tasks are in the queue, those that somebody works at included.
    fn waiting(&self) -> Result<u32, StoreError>;

    /// The events that wait for their delivery, in the order in which they were written.
    fn undelivered(&self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError>;
    /// Says that these events were delivered.
    fn mark_delivered(&self, events: &[EventId]) -> Result<(), StoreError>;

    /// Keeps what is known about a manifest, with its operations. One that is known gets the place,
    /// the status and the metadata that are given; one of another checksum is refused.
    fn put_manifest(
        &self,
        manifest: &ManifestRecord,
        operations: &[OperationRecord],
    ) -> Result<(), StoreError>;
    /// The manifests, oldest first.
    fn manifests(&self) -> Result<Vec<ManifestRecord>, StoreError>;
    /// A manifest with its operations in their order.
    fn manifest(
        &self,
        manifest: Uuid,
    ) -> Result<Option<(ManifestRecord, Vec<OperationRecord>)>, StoreError>;
    /// Keeps that a manifest was applied; what is known under this id stays as it is. The manifest
    /// need not be in the store: it is a file that is handed on.
    fn put_application(&self, application: &ApplicationRow) -> Result<(), StoreError>;
    /// Where manifests were applied, to this package or to any, oldest first.
    fn applications(&self, package: Option<&str>) -> Result<Vec<ApplicationRow>, StoreError>;
}
