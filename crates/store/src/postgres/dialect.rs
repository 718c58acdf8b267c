//! What PostgreSQL says in its own way.

use host::Durability;
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{Connection as _, Executor as _, Transaction};

pub(crate) type Connection = PgConnection;

/// Milliseconds by the clock of the database: workers' clocks may disagree. It is the time at which
/// the statement began, so that an index can be asked for what is due, and a lease that was waited
/// for is at worst shorter than it was to be.
macro_rules! now {
    () => {
        "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)"
    };
}
pub(crate) use now;

/// The moment by the clock of the database, as a column of moments holds it.
macro_rules! moment_now {
    () => {
        "statement_timestamp()"
    };
}
pub(crate) use moment_now;

/// A text as a column of moments holds it.
macro_rules! moment {
    ($text:literal) => {
        concat!("CAST(", $text, " AS TIMESTAMPTZ)")
    };
}
pub(crate) use moment;

/// A column of moments as a text.
macro_rules! moment_text {
    ($column:literal) => {
        concat!("to_char(", $column, " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    };
}
pub(crate) use moment_text;

/// A text as a column of UUIDs holds it.
macro_rules! uuid {
    ($text:literal) => {
        concat!("CAST(", $text, " AS UUID)")
    };
}
pub(crate) use uuid;

/// A text as a column of JSON holds it.
macro_rules! json {
    ($text:literal) => {
        concat!("CAST(", $text, " AS JSONB)")
    };
}
pub(crate) use json;

/// A column of UUIDs or JSON as a text.
macro_rules! text {
    ($column:literal) => {
        concat!("CAST(", $column, " AS TEXT)")
    };
}
pub(crate) use text;

/// The column by which tasks and runs are in the order in which they came.
macro_rules! arrival {
    () => {
        "position"
    };
}
pub(crate) use arrival;

/// Keeps the rows that are read as they are until the transaction ends.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
pub(crate) use for_update;

/// Begins a transaction that will change something, and last.
pub(crate) async fn begin(
    connection: &mut Connection,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    begin_lasting(connection, Durability::Power).await
}

/// Begins a transaction that will change something and outlast what is asked for.
pub(crate) async fn begin_lasting(
    connection: &mut Connection,
    durability: Durability,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    if durability == Durability::Process {
        transaction.execute("SET LOCAL synchronous_commit TO OFF").await?;
    }
    Ok(transaction)
}

/// Takes the first queued task that is due and whose lease is free or expired; the id of the task,
/// the new fence and which attempt it is.
pub(crate) async fn take_next(
    connection: &mut Connection,
    worker: &str,
    term_ms: i64,
) -> Result<Option<(String, i64, i64)>, sqlx::Error> {
    sqlx::query_as(TAKE_NEXT).bind(worker).bind(term_ms).fetch_optional(connection).await
}

/// What another worker is just taking or giving back is passed over, so that nobody waits here for
/// anybody.
const TAKE_NEXT: &str = concat!(
    "WITH first AS (SELECT queue.task_id FROM queue \
     JOIN leases ON leases.task_id = queue.task_id WHERE queue.due_at <= ",
    now!(),
    " AND (leases.worker_id IS NULL OR leases.expires_at <= ",
    now!(),
    ") ORDER BY queue.due_at, queue.position LIMIT 1 FOR UPDATE SKIP LOCKED), \
     taken AS (UPDATE leases SET worker_id = $1, fence = leases.fence + 1, expires_at = ",
    now!(),
    " + $2 FROM first WHERE leases.task_id = first.task_id \
     RETURNING leases.task_id, leases.fence, leases.expires_at) \
     UPDATE queue SET attempts = queue.attempts + 1, due_at = taken.expires_at FROM taken \
     WHERE queue.task_id = taken.task_id RETURNING queue.task_id, taken.fence, queue.attempts",
);
