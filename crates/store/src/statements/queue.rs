//! The statements about tasks that wait for a worker.

use std::time::Duration;

use run::{Lease, LeaseTerm, Task, TaskId, TaskStatus, WorkerId};

use super::dialect::{Connection, begin, now, take_next};
use super::leases::{fence, give_back, lease_of};
use super::rows::{count_of, wrong};
use super::tasks::{add_within, hold};
use crate::calls::Failed;
use crate::{Claim, NewTask};

pub(crate) async fn enqueue(connection: &mut Connection, new: &NewTask) -> Result<Task, Failed> {
    let mut transaction = begin(connection).await?;
    let task = add_within(&mut transaction, new).await?;
    // What is over does not begin again because somebody asks a second time.
    if matches!(task.status, TaskStatus::Todo | TaskStatus::InProgress) {
        // A claim takes the first lease that is free, so there is one for each task that waits.
        sqlx::query(
            "INSERT INTO leases (task_id, worker_id, fence, expires_at) VALUES ($1, NULL, 0, 0) \
             ON CONFLICT (task_id) DO NOTHING",
        )
        .bind(task.task_id.as_str())
        .execute(&mut *transaction)
        .await?;
        hold(&mut transaction, &task.task_id).await?;
        let query = concat!(
            "INSERT INTO queue (task_id, attempts, not_before, due_at) VALUES ($1, 0, ",
            now!(),
            ", ",
            now!(),
            ") ON CONFLICT (task_id) DO NOTHING"
        );
        sqlx::query(query).bind(task.task_id.as_str()).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(task)
}

pub(crate) async fn claim_next(
    connection: &mut Connection,
    worker: &WorkerId,
    term: LeaseTerm,
) -> Result<Option<Claim>, Failed> {
    let taken = take_next(connection, worker.as_str(), i64::from(term.milliseconds())).await?;
    let Some((task, fence, attempts)) = taken else { return Ok(None) };
    let attempt = count_of("task", &task, "attempts", attempts)?;
    let task_id =
        TaskId::new(&*task).map_err(|error| wrong("task", &task, "id", &error.to_string()))?;
    Ok(Some(Claim { lease: lease_of(task_id, worker.clone(), fence)?, attempt }))
}

/// Gives a task back for a while, and so many attempts with it.
pub(crate) async fn postpone(
    connection: &mut Connection,
    lease: &Lease,
    delay: Duration,
    attempts: i64,
) -> Result<(), Failed> {
    let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX).min(LONGEST_DELAY_MS);
    let mut transaction = begin(connection).await?;
    fence(&mut transaction, lease).await?;
    give_back(&mut transaction, lease).await?;
    let query = concat!(
        "UPDATE queue SET not_before = ",
        now!(),
        " + $2, due_at = ",
        now!(),
        " + $2, attempts = attempts - $3 WHERE task_id = $1"
    );
    sqlx::query(query)
        .bind(lease.task_id.as_str())
        .bind(delay_ms)
        .bind(attempts)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// A hundred years.
const LONGEST_DELAY_MS: i64 = 100 * 365 * 24 * 60 * 60 * 1000;

pub(crate) async fn dequeue(connection: &mut Connection, lease: &Lease) -> Result<(), Failed> {
    let mut transaction = begin(connection).await?;
    fence(&mut transaction, lease).await?;
    sqlx::query("DELETE FROM queue WHERE task_id = $1")
        .bind(lease.task_id.as_str())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// How many tasks are in the queue.
pub(crate) async fn waiting(connection: &mut Connection) -> Result<u32, Failed> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM queue").fetch_one(connection).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
