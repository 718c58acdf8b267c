//! What SQLite says in its own way.

use host::Durability;
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{Connection as _, Executor as _, Transaction};

pub(crate) type Connection = SqliteConnection;

/// Milliseconds by the clock of the database: workers' clocks may disagree.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}
pub(crate) use now;

/// The moment by the clock of the database, as a column of moments holds it.
macro_rules! moment_now {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
    };
}
pub(crate) use moment_now;

/// A text as a column of moments holds it.
macro_rules! moment {
    ($text:literal) => {
        $text
    };
}
pub(crate) use moment;

/// A column of moments as a text.
macro_rules! moment_text {
    ($column:literal) => {
        $column
    };
}
pub(crate) use moment_text;

/// A text as a column of UUIDs holds it.
macro_rules! uuid {
    ($text:literal) => {
        $text
    };
}
pub(crate) use uuid;

/// A text as a column of JSON holds it.
macro_rules! json {
    ($text:literal) => {
        $text
    };
}
pub(crate) use json;

/// A column of UUIDs or JSON as a text.
macro_rules! text {
    ($column:literal) => {
        $column
    };
}
pub(crate) use text;

/// The column by which tasks and runs are in the order in which they came.
macro_rules! arrival {
    () => {
        "rowid"
    };
}
pub(crate) use arrival;

/// Keeps the rows that are read as they are until the transaction ends. A transaction that changes
/// something is alone here, so there is nothing to ask for.
macro_rules! for_update {
    () => {
        ""
    };
}
pub(crate) use for_update;

/// Begins a transaction that will change something, and last.
pub(crate) async fn begin(
    connection: &mut Connection,
) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    begin_lasting(connection, Durability::Power).await
}

/// Begins a transaction that will change something and outlast what is asked for.
pub(crate) async fn begin_lasting(
    connection: &mut Connection,
    durability: Durability,
) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
    // With a write-ahead log, NORMAL waits for the disk only when the log is written back; the next
    // commit with FULL takes everything before it along.
    connection
        .execute(match durability {
            Durability::Process => "PRAGMA synchronous = NORMAL",
            Durability::Power => "PRAGMA synchronous = FULL",
        })
        .await?;
    connection.begin_with("BEGIN IMMEDIATE").await
}

/// Takes the first queued task that is due and whose lease is free or expired; the id of the task,
/// the new fence and which attempt it is.
pub(crate) async fn take_next(
    connection: &mut Connection,
    worker: &str,
    term_ms: i64,
) -> Result<Option<(String, i64, i64)>, sqlx::Error> {
    let mut transaction = begin(connection).await?;
    let first: Option<(String, i64)> = sqlx::query_as(TAKE_FIRST_DUE)
        .bind(worker)
        .bind(term_ms)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some((task, fence)) = first else { return Ok(None) };
    let attempts: i64 =
        sqlx::query_scalar(COUNT_ATTEMPT).bind(&task).fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Some((task, fence, attempts)))
}

const TAKE_FIRST_DUE: &str = concat!(
    "UPDATE leases SET worker_id = $1, fence = fence + 1, expires_at = ",
    now!(),
    " + $2 WHERE task_id = (SELECT queue.task_id FROM queue JOIN leases USING (task_id) \
     WHERE queue.due_at <= ",
    now!(),
    " AND (leases.worker_id IS NULL OR leases.expires_at <= ",
    now!(),
    ") ORDER BY queue.due_at, queue.position LIMIT 1) RETURNING task_id, fence",
);

const COUNT_ATTEMPT: &str = "UPDATE queue SET attempts = attempts + 1, \
     due_at = (SELECT expires_at FROM leases WHERE leases.task_id = queue.task_id) \
     WHERE task_id = $1 RETURNING attempts";
