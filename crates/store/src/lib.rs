//! Keeps tasks, runs and leases.
//!
//! The SQL stands behind the trait [`Store`]. [`SqliteStore`] is a file of the user; nothing here
//! knows what a task is about.

mod error;
mod legacy;
mod schema;
mod sqlite;

use std::fmt;

use artifact::Timestamp;
use run::{Lease, LeaseTerm, Run, RunId, RunStatus, Task, TaskId, TaskStatus, WorkerId};
use serde_json::{Map, Value};

pub use error::StoreError;
pub use legacy::{
    Import, ImportOutcome, ImportReport, Recovery, SetAside, StatusCount, WorkspacesBackup, import,
    recover,
};
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

/// Where tasks, runs and leases are kept. Every method is one transaction: it happens as a whole or
/// not at all, and when it returns, it lasts.
///
/// The methods block. Whoever calls them works at something else than waiting for many
/// connections, and an asynchronous trait would bring a runtime into every command.
pub trait Store: Send + Sync + fmt::Debug {
    /// Adds a task as TODO. The same task under the same id is added once; another one under that
    /// id is refused.
    fn add_task(&self, new: &NewTask) -> Result<Task, StoreError>;
    /// The task of this id.
    fn task(&self, task: &TaskId) -> Result<Option<Task>, StoreError>;
    /// The tasks that have one of these statuses, in the order in which they came.
    fn tasks(&self, statuses: &[TaskStatus]) -> Result<Vec<Task>, StoreError>;
    /// Archives a task that nobody works at; one that is archived stays so.
    fn archive_task(&self, task: &TaskId) -> Result<Task, StoreError>;
    /// The run of this id.
    fn run(&self, run: &RunId) -> Result<Option<Run>, StoreError>;
    /// The runs of a task, or of all tasks, in the order in which they began.
    fn runs(&self, task: Option<&TaskId>) -> Result<Vec<Run>, StoreError>;

    /// Claims a task: one statement takes a lease that is free or expired, by the clock of the
    /// database; none when another worker holds it.
    fn claim(
        &self,
        task: &TaskId,
        worker: &WorkerId,
        term: LeaseTerm,
    ) -> Result<Option<Lease>, StoreError>;
    /// Makes a lease last for another term from now; refused once it has expired.
    fn renew(&self, lease: &Lease, term: LeaseTerm) -> Result<(), StoreError>;
    /// Gives a lease back; a lease that another worker has taken over is theirs.
    fn release(&self, lease: &Lease) -> Result<(), StoreError>;
    /// Begins a run of a task that is TODO, and puts the task IN_PROGRESS.
    fn begin_run(&self, lease: &Lease, at: Timestamp) -> Result<Run, StoreError>;
    /// Takes a run one step further, and its task with it when the run is over.
    fn advance_run(
        &self,
        lease: &Lease,
        run: &RunId,
        to: RunStatus,
        artifact_summary: &Map<String, Value>,
    ) -> Result<Run, StoreError>;
}
