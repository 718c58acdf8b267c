//! Rows as values. Anybody can write into a file, so what a row holds is checked.

use artifact::{Timestamp, TimestampParseError};
use run::{Run, RunId, RunStatus, Task, TaskId, TaskStatus};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::calls::Failed;

/// The columns of a task, in the order of `TaskRow`.
macro_rules! task_columns {
    () => {
        concat!(
            "task_id, title, objective, status, ",
            moment_text!("created_at"),
            ", metadata, schema_version"
        )
    };
}
pub(crate) use task_columns;

/// The columns of a run, in the order of `RunRow`.
macro_rules! run_columns {
    () => {
        concat!("run_id, task_id, status, run_path, artifact_summary, ", moment_text!("created_at"))
    };
}
pub(crate) use run_columns;

/// A row of `tasks`.
pub(crate) type TaskRow = (String, String, Option<String>, String, Option<String>, String, i64);

/// A row of `runs`.
pub(crate) type RunRow = (String, String, String, String, String, Option<String>);

pub(crate) fn task_of(row: TaskRow) -> Result<Task, Failed> {
    let (id, title, objective, status, created_at, metadata, version) = row;
    let wrong = |what: &str, why: String| wrong("task", &id, what, &why);
    let schema_version =
        u32::try_from(version).map_err(|error| wrong("schema_version", error.to_string()))?;
    if schema_version > Task::SCHEMA_VERSION {
        let known = Task::SCHEMA_VERSION;
        let why = format!("{schema_version} is newer than {known}, which this onx knows");
        return Err(wrong("schema_version", why));
    }
    Ok(Task {
        task_id: TaskId::new(&*id).map_err(|error| wrong("id", error.to_string()))?,
        status: status.parse::<TaskStatus>().map_err(|error| wrong("status", error.to_string()))?,
        created_at: moment(created_at).map_err(|why| wrong("created_at", why))?,
        metadata: object(&metadata).map_err(|why| wrong("metadata", why))?,
        title,
        objective,
        schema_version,
    })
}

pub(crate) fn run_of(row: RunRow) -> Result<Run, Failed> {
    let (id, task, status, run_path, summary, created_at) = row;
    let wrong = |what: &str, why: String| wrong("run", &id, what, &why);
    Ok(Run {
        run_id: RunId::new(&*id).map_err(|error| wrong("id", error.to_string()))?,
        task_id: TaskId::new(task).map_err(|error| wrong("task", error.to_string()))?,
        status: status.parse::<RunStatus>().map_err(|error| wrong("status", error.to_string()))?,
        artifact_summary: object(&summary).map_err(|why| wrong("artifact_summary", why))?,
        created_at: moment(created_at).map_err(|why| wrong("created_at", why))?,
        run_path,
    })
}

pub(crate) fn wrong(of: &str, id: &str, what: &str, why: &str) -> Failed {
    let id: String = id.chars().take(80).collect();
    Failed::Row(format!("the {what} of the {of} `{id}` cannot be read: {why}"))
}

fn moment(text: Option<String>) -> Result<Option<Timestamp>, String> {
    text.map(moment_of).transpose()
}

/// The moment that a text of a column says.
pub(crate) fn moment_of(text: String) -> Result<Timestamp, String> {
    text.parse().map_err(|error: TimestampParseError| error.to_string())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The form in which an object is written.
pub(crate) fn json(object: &Map<String, Value>) -> Result<String, Failed> {
    serde_json::to_string(object).map_err(|error| Failed::Store(error.into()))
}

/// A count as a column holds it.
pub(crate) fn count_of(of: &str, id: &str, what: &str, column: i64) -> Result<u32, Failed> {
    u32::try_from(column).map_err(|error| wrong(of, id, what, &error.to_string()))
}

/// An id of the kind that seeds give to manifests and events.
pub(crate) fn uuid_of(of: &str, text: &str) -> Result<Uuid, Failed> {
    Uuid::parse_str(text).map_err(|error| wrong(of, text, "id", &error.to_string()))
}
