//! The statements about leases, and those that a lease protects.

use artifact::Timestamp;
use run::{Fence, Lease, LeaseTerm, Run, RunId, RunStatus, TaskId, TaskStatus, WorkerId};
use serde_json::{Map, Value};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::Failed;
use super::rows::json;
use super::tasks::{insert_run, next_count, one, one_run, set_status, step};
use crate::StoreError;

/// Milliseconds by the clock of the database: workers' clocks may disagree.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

/// Whether a task is claimed is decided by this one statement, and by whether it gives a row.
const CLAIM: &str = concat!(
    "INSERT INTO leases (task_id, worker_id, fence, expires_at) VALUES (?1, ?2, 1, ",
    now!(),
    " + ?3) ON CONFLICT (task_id) DO UPDATE SET worker_id = excluded.worker_id, \
     fence = fence + 1, expires_at = excluded.expires_at \
     WHERE leases.worker_id IS NULL OR leases.expires_at <= ",
    now!(),
    " RETURNING fence",
);

const RENEW: &str = concat!(
    "UPDATE leases SET expires_at = ",
    now!(),
    " + ?4 WHERE task_id = ?1 AND worker_id = ?2 AND fence = ?3 AND expires_at > ",
    now!(),
);

pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    task: &TaskId,
    worker: &WorkerId,
    term: LeaseTerm,
) -> Result<Option<Lease>, Failed> {
    let fence: Result<Option<u32>, _> = sqlx::query_scalar(CLAIM)
        .bind(task.as_str())
        .bind(worker.as_str())
        .bind(term.milliseconds())
        .fetch_optional(connection)
        .await;
    let lease =
        |fence| Lease { task_id: task.clone(), worker_id: worker.clone(), fence: Fence(fence) };
    match fence {
        Ok(fence) => Ok(fence.map(lease)),
        Err(error) if is_foreign_key(&error) => Err(StoreError::NoTask(task.clone()).into()),
        Err(error) => Err(error.into()),
    }
}

fn is_foreign_key(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(<dyn sqlx::error::DatabaseError>::is_foreign_key_violation)
}

pub(crate) async fn renew(
    connection: &mut SqliteConnection,
    lease: &Lease,
    term: LeaseTerm,
) -> Result<(), Failed> {
    let renewed = sqlx::query(RENEW)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(lease.fence.0)
        .bind(term.milliseconds())
        .execute(connection)
        .await?;
    held(lease, renewed.rows_affected())
}

pub(crate) async fn release(
    connection: &mut SqliteConnection,
    lease: &Lease,
) -> Result<(), Failed> {
    let query = "UPDATE leases SET worker_id = NULL, expires_at = 0 \
                 WHERE task_id = ? AND worker_id = ? AND fence = ?";
    sqlx::query(query)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(lease.fence.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Checks within a transaction that nobody claimed the task after this lease. One that has expired
/// and was not taken over still protects what is written: nobody else can have written meanwhile.
async fn fence(connection: &mut SqliteConnection, lease: &Lease) -> Result<(), Failed> {
    let query = "SELECT count(*) FROM leases WHERE task_id = ? AND worker_id = ? AND fence = ?";
    let rows: u32 = sqlx::query_scalar(query)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(lease.fence.0)
        .fetch_one(connection)
        .await?;
    held(lease, u64::from(rows))
}

fn held(lease: &Lease, rows: u64) -> Result<(), Failed> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost(lease.task_id.clone()).into()) }
}

pub(crate) async fn begin_run(
    connection: &mut SqliteConnection,
    lease: &Lease,
    at: Timestamp,
) -> Result<Run, Failed> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    fence(&mut transaction, lease).await?;
    let task = one(&mut *transaction, &lease.task_id).await?;
    let mut task = task.ok_or_else(|| StoreError::NoTask(lease.task_id.clone()))?;
    task.status = step(&task, TaskStatus::InProgress)?;
    set_status(&mut *transaction, &task).await?;
    let run_id = loop {
        let count = next_count(&mut *transaction, &format!("RUN {}", task.task_id)).await?;
        let id = RunId::new(format!("{}-run-{count:02}", task.task_id))
            .map_err(|why| Failed::Row(why.to_string()))?;
        if one_run(&mut *transaction, &id).await?.is_none() {
            break id;
        }
    };
    let run = Run {
        run_path: Run::path_of(&task.task_id, &run_id),
        run_id,
        task_id: task.task_id,
        status: RunStatus::Planning,
        artifact_summary: Map::new(),
        created_at: Some(at),
    };
    insert_run(&mut *transaction, &run).await?;
    transaction.commit().await?;
    Ok(run)
}

pub(crate) async fn advance_run(
    connection: &mut SqliteConnection,
    lease: &Lease,
    run: &RunId,
    to: RunStatus,
    artifact_summary: &Map<String, Value>,
) -> Result<Run, Failed> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    fence(&mut transaction, lease).await?;
    let known = one_run(&mut *transaction, run).await?;
    let known = known.filter(|known| known.task_id == lease.task_id);
    let mut known = known.ok_or_else(|| StoreError::NoRun(run.clone()))?;
    known.status = known
        .status
        .become_status(to)
        .map_err(|source| StoreError::Status { id: run.to_string(), source })?;
    known.artifact_summary = artifact_summary.clone();
    sqlx::query("UPDATE runs SET status = ?, artifact_summary = ? WHERE run_id = ?")
        .bind(known.status.word())
        .bind(json(&known.artifact_summary)?)
        .bind(run.as_str())
        .execute(&mut *transaction)
        .await?;
    if let Some(after) = TaskStatus::after_run(to) {
        let task = one(&mut *transaction, &lease.task_id).await?;
        let mut task = task.ok_or_else(|| StoreError::NoTask(lease.task_id.clone()))?;
        task.status = step(&task, after)?;
        set_status(&mut *transaction, &task).await?;
    }
    transaction.commit().await?;
    Ok(known)
}
