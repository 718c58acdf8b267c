//! The statements about tasks, and those that read runs.

use run::{Run, RunId, Task, TaskId, TaskStatus};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, SqliteExecutor};

use super::Failed;
use super::rows::{RunRow, TaskRow, json, run_columns, run_of, task_columns, task_of};
use crate::{NewTask, StoreError};

pub(crate) async fn add(connection: &mut SqliteConnection, new: &NewTask) -> Result<Task, Failed> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let task_id = match &new.task_id {
        Some(id) => id.clone(),
        None => next_id(&mut transaction).await?,
    };
    if let Some(known) = one(&mut *transaction, &task_id).await? {
        let same = known.title == new.title
            && known.objective == new.objective
            && known.metadata == new.metadata;
        return if same { Ok(known) } else { Err(StoreError::TaskExists(task_id).into()) };
    }
    let task = Task {
        task_id,
        title: new.title.clone(),
        objective: new.objective.clone(),
        status: TaskStatus::Todo,
        created_at: Some(new.created_at),
        metadata: new.metadata.clone(),
        schema_version: Task::SCHEMA_VERSION,
    };
    insert(&mut *transaction, &task).await?;
    transaction.commit().await?;
    Ok(task)
}

/// The next id of the form `TASK-1` that no task has.
async fn next_id(connection: &mut SqliteConnection) -> Result<TaskId, Failed> {
    loop {
        let count = next_count(&mut *connection, "TASK").await?;
        let id =
            TaskId::new(format!("TASK-{count}")).map_err(|why| Failed::Row(why.to_string()))?;
        if one(&mut *connection, &id).await?.is_none() {
            return Ok(id);
        }
    }
}

/// Counts one further under this name, from 1.
pub(crate) async fn next_count(
    executor: impl SqliteExecutor<'_>,
    name: &str,
) -> Result<i64, Failed> {
    let query = "INSERT INTO counters (name, value) VALUES (?, 1) \
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
    Ok(sqlx::query_scalar(query).bind(name).fetch_one(executor).await?)
}

pub(crate) async fn insert(executor: impl SqliteExecutor<'_>, task: &Task) -> Result<(), Failed> {
    let query = concat!("INSERT INTO tasks (", task_columns!(), ") VALUES (?, ?, ?, ?, ?, ?, ?)");
    sqlx::query(query)
        .bind(task.task_id.as_str())
        .bind(&task.title)
        .bind(&task.objective)
        .bind(task.status.word())
        .bind(task.created_at.map(|at| at.to_string()))
        .bind(json(&task.metadata)?)
        .bind(task.schema_version)
        .execute(executor)
        .await?;
    Ok(())
}

pub(crate) async fn insert_run(executor: impl SqliteExecutor<'_>, run: &Run) -> Result<(), Failed> {
    let query = concat!("INSERT INTO runs (", run_columns!(), ") VALUES (?, ?, ?, ?, ?, ?)");
    sqlx::query(query)
        .bind(run.run_id.as_str())
        .bind(run.task_id.as_str())
        .bind(run.status.word())
        .bind(&run.run_path)
        .bind(json(&run.artifact_summary)?)
        .bind(run.created_at.map(|at| at.to_string()))
        .execute(executor)
        .await?;
    Ok(())
}

pub(crate) async fn one(
    executor: impl SqliteExecutor<'_>,
    task: &TaskId,
) -> Result<Option<Task>, Failed> {
    let query = concat!("SELECT ", task_columns!(), " FROM tasks WHERE task_id = ?");
    let row: Option<TaskRow> =
        sqlx::query_as(query).bind(task.as_str()).fetch_optional(executor).await?;
    row.map(task_of).transpose()
}

pub(crate) async fn all(
    executor: impl SqliteExecutor<'_>,
    statuses: &[TaskStatus],
) -> Result<Vec<Task>, Failed> {
    let query = concat!("SELECT ", task_columns!(), " FROM tasks ORDER BY rowid");
    let rows: Vec<TaskRow> = sqlx::query_as(query).fetch_all(executor).await?;
    let mut tasks = rows.into_iter().map(task_of).collect::<Result<Vec<_>, _>>()?;
    tasks.retain(|task| statuses.contains(&task.status));
    Ok(tasks)
}

pub(crate) async fn archive(
    connection: &mut SqliteConnection,
    task: &TaskId,
) -> Result<Task, Failed> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let known = one(&mut *transaction, task).await?;
    let mut known = known.ok_or_else(|| StoreError::NoTask(task.clone()))?;
    if known.status == TaskStatus::Archived {
        return Ok(known);
    }
    known.status = step(&known, TaskStatus::Archived)?;
    set_status(&mut *transaction, &known).await?;
    transaction.commit().await?;
    Ok(known)
}

/// The status of a task after this step.
pub(crate) fn step(task: &Task, to: TaskStatus) -> Result<TaskStatus, StoreError> {
    task.status
        .become_status(to)
        .map_err(|source| StoreError::Status { id: task.task_id.to_string(), source })
}

/// Writes the status of a task.
pub(crate) async fn set_status(
    executor: impl SqliteExecutor<'_>,
    task: &Task,
) -> Result<(), Failed> {
    sqlx::query("UPDATE tasks SET status = ? WHERE task_id = ?")
        .bind(task.status.word())
        .bind(task.task_id.as_str())
        .execute(executor)
        .await?;
    Ok(())
}

pub(crate) async fn one_run(
    executor: impl SqliteExecutor<'_>,
    run: &RunId,
) -> Result<Option<Run>, Failed> {
    let query = concat!("SELECT ", run_columns!(), " FROM runs WHERE run_id = ?");
    let row: Option<RunRow> =
        sqlx::query_as(query).bind(run.as_str()).fetch_optional(executor).await?;
    row.map(run_of).transpose()
}

pub(crate) async fn all_runs(
    executor: impl SqliteExecutor<'_>,
    task: Option<&TaskId>,
) -> Result<Vec<Run>, Failed> {
    let query = concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs WHERE ?1 IS NULL OR task_id = ?1 ORDER BY rowid"
    );
    let rows: Vec<RunRow> =
        sqlx::query_as(query).bind(task.map(TaskId::as_str)).fetch_all(executor).await?;
    rows.into_iter().map(run_of).collect()
}
