//! The statements about tasks, and those that read runs.

use run::{Run, RunId, Task, TaskId, TaskPlan, TaskStatus};
use serde_json::{Map, Value};

use super::dialect::{Connection, arrival, begin, for_update, moment, moment_text};
use super::rows::{RunRow, TaskRow, json, run_columns, run_of, task_columns, task_of};
use crate::calls::Failed;
use crate::{NewTask, SignedPlan, StoreError};

pub(crate) async fn add(connection: &mut Connection, new: &NewTask) -> Result<Task, Failed> {
    let mut transaction = begin(connection).await?;
    let task = add_within(&mut transaction, new).await?;
    transaction.commit().await?;
    Ok(task)
}

/// Adds a task within a transaction.
pub(crate) async fn add_within(connection: &mut Connection, new: &NewTask) -> Result<Task, Failed> {
    let task_id = match &new.task_id {
        Some(id) => id.clone(),
        None => next_id(connection).await?,
    };
    let task = Task {
        task_id,
        title: new.title.clone(),
        objective: new.objective.clone(),
        status: TaskStatus::Todo,
        created_at: Some(new.created_at),
        metadata: new.metadata.clone(),
        schema_version: Task::SCHEMA_VERSION,
    };
    if insert(connection, &task).await? {
        return Ok(task);
    }
    match one(connection, &task.task_id).await? {
        Some(known)
            if known.title == new.title
                && known.objective == new.objective
                && is_of(&known, &new.metadata) =>
        {
            Ok(known)
        }
        _ => Err(StoreError::TaskExists(task.task_id).into()),
    }
}

/// Whether this is the metadata of a task, whether it was planned since or not.
fn is_of(task: &Task, metadata: &Map<String, Value>) -> bool {
    let mut unplanned = task.metadata.clone();
    unplanned.remove(TaskPlan::METADATA);
    unplanned.remove(TaskPlan::SIGNATURE_METADATA);
    task.metadata == *metadata || unplanned == *metadata
}

/// The next id of the form `TASK-1` that no task has.
async fn next_id(connection: &mut Connection) -> Result<TaskId, Failed> {
    loop {
        let count = next_count(connection, "TASK").await?;
        let id =
            TaskId::new(format!("TASK-{count}")).map_err(|why| Failed::Row(why.to_string()))?;
        if one(connection, &id).await?.is_none() {
            return Ok(id);
        }
    }
}

/// Counts one further under this name, from 1.
pub(crate) async fn next_count(connection: &mut Connection, name: &str) -> Result<i64, Failed> {
    let query = "INSERT INTO counters (name, value) VALUES ($1, 1) \
                 ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    Ok(sqlx::query_scalar(query).bind(name).fetch_one(connection).await?)
}

/// Writes a task, unless there is one of its id; whether it was written.
pub(crate) async fn insert(connection: &mut Connection, task: &Task) -> Result<bool, Failed> {
    let query = concat!(
        "INSERT INTO tasks (task_id, title, objective, status, created_at, metadata, \
         schema_version) VALUES ($1, $2, $3, $4, ",
        moment!("$5"),
        ", $6, $7) ON CONFLICT (task_id) DO NOTHING"
    );
    let written = sqlx::query(query)
        .bind(task.task_id.as_str())
        .bind(&task.title)
        .bind(&task.objective)
        .bind(task.status.word())
        .bind(task.created_at.map(|at| at.to_string()))
        .bind(json(&task.metadata)?)
        .bind(i64::from(task.schema_version))
        .execute(connection)
        .await?;
    Ok(written.rows_affected() == 1)
}

pub(crate) async fn insert_run(connection: &mut Connection, run: &Run) -> Result<(), Failed> {
    let query = concat!(
        "INSERT INTO runs (run_id, task_id, status, run_path, artifact_summary, created_at) \
         VALUES ($1, $2, $3, $4, $5, ",
        moment!("$6"),
        ")"
    );
    sqlx::query(query)
        .bind(run.run_id.as_str())
        .bind(run.task_id.as_str())
        .bind(run.status.word())
        .bind(&run.run_path)
        .bind(json(&run.artifact_summary)?)
        .bind(run.created_at.map(|at| at.to_string()))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn one(
    connection: &mut Connection,
    task: &TaskId,
) -> Result<Option<Task>, Failed> {
    let query = concat!("SELECT ", task_columns!(), " FROM tasks WHERE task_id = $1");
    let row: Option<TaskRow> =
        sqlx::query_as(query).bind(task.as_str()).fetch_optional(connection).await?;
    row.map(task_of).transpose()
}

/// The task of this id, which this transaction is about to change.
pub(crate) async fn one_to_change(
    connection: &mut Connection,
    task: &TaskId,
) -> Result<Task, Failed> {
    let query =
        concat!("SELECT ", task_columns!(), " FROM tasks WHERE task_id = $1", for_update!());
    let row: Option<TaskRow> =
        sqlx::query_as(query).bind(task.as_str()).fetch_optional(connection).await?;
    task_of(row.ok_or_else(|| StoreError::NoTask(task.clone()))?)
}

pub(crate) async fn all(
    connection: &mut Connection,
    statuses: &[TaskStatus],
) -> Result<Vec<Task>, Failed> {
    const { assert!(TaskStatus::ALL.len() == 4, "one place for each status") }
    let query = concat!(
        "SELECT ",
        task_columns!(),
        " FROM tasks WHERE status IN ($1, $2, $3, $4) ORDER BY ",
        arrival!()
    );
    let word = |place: usize| statuses.get(place).map(|status| status.word());
    let rows: Vec<TaskRow> = sqlx::query_as(query)
        .bind(word(0))
        .bind(word(1))
        .bind(word(2))
        .bind(word(3))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(task_of).collect()
}

/// Keeps how a task is to be done, if it is still what was planned.
pub(crate) async fn plan(
    connection: &mut Connection,
    planned: &Task,
    SignedPlan { plan, signature }: SignedPlan<'_>,
) -> Result<Task, Failed> {
    let mut transaction = begin(connection).await?;
    hold(&mut transaction, &planned.task_id).await?;
    let mut known = one_to_change(&mut transaction, &planned.task_id).await?;
    if known != *planned || known.status != TaskStatus::Todo {
        return Err(StoreError::TaskChanged(known.task_id).into());
    }
    let plan = serde_json::to_value(plan).map_err(StoreError::from)?;
    known.metadata.insert(TaskPlan::METADATA.to_owned(), plan);
    known.metadata.insert(TaskPlan::SIGNATURE_METADATA.to_owned(), signature.clone());
    sqlx::query("UPDATE tasks SET metadata = $1 WHERE task_id = $2")
        .bind(json(&known.metadata)?)
        .bind(known.task_id.as_str())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(known)
}

pub(crate) async fn archive(connection: &mut Connection, task: &TaskId) -> Result<Task, Failed> {
    let mut transaction = begin(connection).await?;
    hold(&mut transaction, task).await?;
    let mut known = one_to_change(&mut transaction, task).await?;
    if known.status != TaskStatus::Archived {
        known.status = step(&known, TaskStatus::Archived)?;
        set_status(&mut transaction, &known).await?;
    }
    transaction.commit().await?;
    Ok(known)
}

/// Lets nobody else claim the task or write under its lease until the transaction ends. Whoever
/// changes a task, a run or a place in the queue has its lease first, so that nobody waits in a
/// circle.
pub(crate) async fn hold(connection: &mut Connection, task: &TaskId) -> Result<(), Failed> {
    let query = concat!("SELECT fence FROM leases WHERE task_id = $1", for_update!());
    let _: Option<i64> =
        sqlx::query_scalar(query).bind(task.as_str()).fetch_optional(connection).await?;
    Ok(())
}

/// Removes a task that nobody will work at any more, with all that is known about it; its runs.
pub(crate) async fn forget(connection: &mut Connection, task: &TaskId) -> Result<Vec<Run>, Failed> {
    let mut transaction = begin(connection).await?;
    hold(&mut transaction, task).await?;
    let known = one_to_change(&mut transaction, task).await?;
    if !matches!(known.status, TaskStatus::Done | TaskStatus::Archived) {
        return Err(StoreError::NotOver(task.clone(), known.status).into());
    }
    let runs = all_runs(&mut transaction, Some(task)).await?;
    // The count of its runs stays: if the id is used again, no run gets an id that was given.
    for query in [
        "DELETE FROM queue WHERE task_id = $1",
        "DELETE FROM leases WHERE task_id = $1",
        "DELETE FROM runs WHERE task_id = $1",
        "DELETE FROM tasks WHERE task_id = $1",
    ] {
        sqlx::query(query).bind(task.as_str()).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(runs)
}

/// The status of a task after this step.
pub(crate) fn step(task: &Task, to: TaskStatus) -> Result<TaskStatus, StoreError> {
    task.status
        .become_status(to)
        .map_err(|source| StoreError::Status { id: task.task_id.to_string(), source })
}

/// Writes the status of a task. One that is archived waits for nobody any more.
pub(crate) async fn set_status(connection: &mut Connection, task: &Task) -> Result<(), Failed> {
    sqlx::query("UPDATE tasks SET status = $1 WHERE task_id = $2")
        .bind(task.status.word())
        .bind(task.task_id.as_str())
        .execute(&mut *connection)
        .await?;
    if task.status == TaskStatus::Archived {
        sqlx::query("DELETE FROM queue WHERE task_id = $1")
            .bind(task.task_id.as_str())
            .execute(connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn one_run(
    connection: &mut Connection,
    run: &RunId,
) -> Result<Option<Run>, Failed> {
    let query = concat!("SELECT ", run_columns!(), " FROM runs WHERE run_id = $1");
    let row: Option<RunRow> =
        sqlx::query_as(query).bind(run.as_str()).fetch_optional(connection).await?;
    row.map(run_of).transpose()
}

/// The run of a task that is not over.
pub(crate) async fn open_run(
    connection: &mut Connection,
    task: &TaskId,
) -> Result<Option<Run>, Failed> {
    let query = concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs WHERE task_id = $1 AND status NOT IN ('SUCCESS', 'FAILED') ORDER BY ",
        arrival!(),
        " DESC LIMIT 1"
    );
    let row: Option<RunRow> =
        sqlx::query_as(query).bind(task.as_str()).fetch_optional(connection).await?;
    row.map(run_of).transpose()
}

pub(crate) async fn all_runs(
    connection: &mut Connection,
    task: Option<&TaskId>,
) -> Result<Vec<Run>, Failed> {
    let query = concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs WHERE $1 IS NULL OR task_id = $1 ORDER BY ",
        arrival!()
    );
    let rows: Vec<RunRow> =
        sqlx::query_as(query).bind(task.map(TaskId::as_str)).fetch_all(connection).await?;
    rows.into_iter().map(run_of).collect()
}
