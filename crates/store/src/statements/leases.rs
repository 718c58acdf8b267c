//! The statements about leases, and those that a lease protects.

use artifact::Timestamp;
use host::Durability;
use run::{Fence, Lease, LeaseTerm, Run, RunId, RunStatus, TaskId, TaskStatus, WorkerId};
use serde_json::Map;

use super::dialect::{Connection, begin, begin_lasting, for_update, now};
use super::outbox::publish;
use super::rows::json;
use super::tasks::{add_within, insert_run, next_count, one_run, one_to_change, set_status, step};
use crate::calls::Failed;
use crate::{Advance, NewTask, StoreError};

/// Whether a task is claimed is decided by this one statement, and by whether it gives a row.
const CLAIM: &str = concat!(
    "INSERT INTO leases (task_id, worker_id, fence, expires_at) VALUES ($1, $2, 1, ",
    now!(),
    " + $3) ON CONFLICT (task_id) DO UPDATE SET worker_id = excluded.worker_id, \
     fence = leases.fence + 1, expires_at = excluded.expires_at \
     WHERE leases.worker_id IS NULL OR leases.expires_at <= ",
    now!(),
    " RETURNING fence",
);

/// A lease that has expired and that nobody has claimed is still its worker's: the machine may have
/// slept. Whoever claims it raises the fence.
const RENEW: &str = concat!(
    "UPDATE leases SET expires_at = ",
    now!(),
    " + $4 WHERE task_id = $1 AND worker_id = $2 AND fence = $3 RETURNING expires_at",
);

/// A task that waits in the queue is not due while somebody works at it.
const KEEP_WAITING: &str = "UPDATE queue \
     SET due_at = CASE WHEN not_before > $2 THEN not_before ELSE $2 END WHERE task_id = $1";

pub(crate) async fn claim(
    connection: &mut Connection,
    task: &TaskId,
    worker: &WorkerId,
    term: LeaseTerm,
) -> Result<Option<Lease>, Failed> {
    let fence: Result<Option<i64>, _> = sqlx::query_scalar(CLAIM)
        .bind(task.as_str())
        .bind(worker.as_str())
        .bind(i64::from(term.milliseconds()))
        .fetch_optional(connection)
        .await;
    match fence {
        Ok(None) => Ok(None),
        Ok(Some(fence)) => lease_of(task.clone(), worker.clone(), fence).map(Some),
        Err(error) if is_foreign_key(&error) => Err(StoreError::NoTask(task.clone()).into()),
        Err(error) => Err(error.into()),
    }
}

/// A lease with the fence that a column holds.
pub(crate) fn lease_of(task: TaskId, worker: WorkerId, fence: i64) -> Result<Lease, Failed> {
    let fence = u32::try_from(fence)
        .map_err(|error| Failed::Row(format!("the fence of the task `{task}`: {error}")))?;
    Ok(Lease { task_id: task, worker_id: worker, fence: Fence(fence) })
}

fn is_foreign_key(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(<dyn sqlx::error::DatabaseError>::is_foreign_key_violation)
}

pub(crate) async fn renew(
    connection: &mut Connection,
    lease: &Lease,
    term: LeaseTerm,
) -> Result<(), Failed> {
    let mut transaction = begin(connection).await?;
    let expires_at: Option<i64> = sqlx::query_scalar(RENEW)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(i64::from(lease.fence.0))
        .bind(i64::from(term.milliseconds()))
        .fetch_optional(&mut *transaction)
        .await?;
    let expires_at = expires_at.ok_or_else(|| lost(lease))?;
    sqlx::query(KEEP_WAITING)
        .bind(lease.task_id.as_str())
        .bind(expires_at)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

pub(crate) async fn release(connection: &mut Connection, lease: &Lease) -> Result<(), Failed> {
    // Nobody waits for the disk here: a lease that is there again after a loss of power expires.
    let mut transaction = begin_lasting(connection, Durability::Process).await?;
    if give_back(&mut transaction, lease).await? {
        // Whoever gives a queued task back leaves it to the next one.
        sqlx::query("UPDATE queue SET due_at = not_before WHERE task_id = $1")
            .bind(lease.task_id.as_str())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Frees a lease that nobody else has taken over; whether that was so.
pub(crate) async fn give_back(connection: &mut Connection, lease: &Lease) -> Result<bool, Failed> {
    let query = "UPDATE leases SET worker_id = NULL, expires_at = 0 \
                 WHERE task_id = $1 AND worker_id = $2 AND fence = $3";
    let freed = sqlx::query(query)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(i64::from(lease.fence.0))
        .execute(connection)
        .await?;
    Ok(freed.rows_affected() == 1)
}

/// Checks within a transaction that nobody claimed the task after this lease, and lets nobody do so
/// until the transaction ends. A lease that has expired and was not taken over still protects what
/// is written: nobody else can have written meanwhile.
pub(crate) async fn fence(connection: &mut Connection, lease: &Lease) -> Result<(), Failed> {
    let query = concat!(
        "SELECT fence FROM leases WHERE task_id = $1 AND worker_id = $2 AND fence = $3",
        for_update!()
    );
    held(connection, query, lease).await
}

/// Who has claimed a task and not given it back.
pub(crate) async fn holder(
    connection: &mut Connection,
    task: &TaskId,
) -> Result<Option<Lease>, Failed> {
    let query = "SELECT worker_id, fence FROM leases WHERE task_id = $1 AND worker_id IS NOT NULL";
    let found: Option<(String, i64)> =
        sqlx::query_as(query).bind(task.as_str()).fetch_optional(connection).await?;
    let Some((worker, fence)) = found else { return Ok(None) };
    let worker = WorkerId::new(worker).map_err(|why| Failed::Row(why.to_string()))?;
    lease_of(task.clone(), worker, fence).map(Some)
}

/// Whether nobody claimed the task after this lease.
pub(crate) async fn check(connection: &mut Connection, lease: &Lease) -> Result<(), Failed> {
    let query = "SELECT fence FROM leases WHERE task_id = $1 AND worker_id = $2 AND fence = $3";
    held(connection, query, lease).await
}

async fn held(
    connection: &mut Connection,
    query: &'static str,
    lease: &Lease,
) -> Result<(), Failed> {
    let found: Option<i64> = sqlx::query_scalar(query)
        .bind(lease.task_id.as_str())
        .bind(lease.worker_id.as_str())
        .bind(i64::from(lease.fence.0))
        .fetch_optional(connection)
        .await?;
    if found.is_some() { Ok(()) } else { Err(lost(lease)) }
}

pub(crate) fn lost(lease: &Lease) -> Failed {
    StoreError::LeaseLost(lease.task_id.clone()).into()
}

/// Adds a task, claims it and begins a run of it, all in one.
pub(crate) async fn start(
    connection: &mut Connection,
    new: &NewTask,
    worker: &WorkerId,
    term: LeaseTerm,
    at: Timestamp,
) -> Result<(Lease, Run), Failed> {
    let mut transaction = begin_lasting(connection, Durability::Process).await?;
    let task = add_within(&mut transaction, new).await?;
    let lease = claim(&mut transaction, &task.task_id, worker, term).await?;
    let lease = lease.ok_or(StoreError::Claimed(task.task_id))?;
    let run = begin_within(&mut transaction, &lease, at).await?;
    transaction.commit().await?;
    Ok((lease, run))
}

pub(crate) async fn begin_run(
    connection: &mut Connection,
    lease: &Lease,
    at: Timestamp,
) -> Result<Run, Failed> {
    let mut transaction = begin(connection).await?;
    fence(&mut transaction, lease).await?;
    let run = begin_within(&mut transaction, lease, at).await?;
    transaction.commit().await?;
    Ok(run)
}

/// Begins a run within a transaction that has the lease.
async fn begin_within(
    connection: &mut Connection,
    lease: &Lease,
    at: Timestamp,
) -> Result<Run, Failed> {
    let mut task = one_to_change(connection, &lease.task_id).await?;
    task.status = step(&task, TaskStatus::InProgress)?;
    set_status(connection, &task).await?;
    let run_id = loop {
        let count = next_count(connection, &format!("RUN {}", task.task_id)).await?;
        let id = RunId::new(format!("{}-run-{count:02}", task.task_id))
            .map_err(|why| Failed::Row(why.to_string()))?;
        if one_run(connection, &id).await?.is_none() {
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
    insert_run(connection, &run).await?;
    Ok(run)
}

pub(crate) async fn advance_run(
    connection: &mut Connection,
    lease: &Lease,
    run: &RunId,
    advance: &Advance,
) -> Result<Run, Failed> {
    let mut transaction = begin_lasting(connection, advance.durability).await?;
    fence(&mut transaction, lease).await?;
    let known = one_run(&mut transaction, run).await?;
    let known = known.filter(|known| known.task_id == lease.task_id);
    let mut known = known.ok_or_else(|| StoreError::NoRun(run.clone()))?;
    known.status = known
        .status
        .become_status(advance.to)
        .map_err(|source| StoreError::Status { id: run.to_string(), source })?;
    known.artifact_summary = advance.artifact_summary.clone();
    sqlx::query("UPDATE runs SET status = $1, artifact_summary = $2 WHERE run_id = $3")
        .bind(known.status.word())
        .bind(json(&known.artifact_summary)?)
        .bind(run.as_str())
        .execute(&mut *transaction)
        .await?;
    if let Some(after) = TaskStatus::after_run(advance.to) {
        let mut task = one_to_change(&mut transaction, &lease.task_id).await?;
        task.status = step(&task, after)?;
        if advance.archive_task && task.status == TaskStatus::Todo {
            task.status = step(&task, TaskStatus::Archived)?;
        }
        set_status(&mut transaction, &task).await?;
    }
    publish(&mut transaction, &advance.events).await?;
    transaction.commit().await?;
    Ok(known)
}
