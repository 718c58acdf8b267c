//! The rows of the old table, and what each of them becomes.

use std::collections::BTreeSet;

use run::{Run, RunId, RunStatus, Task, TaskId, TaskStatus};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

/// The name under which the old table stands until it is dropped.
pub(crate) const OLD_TABLE: &str = "legacy_tasks";

/// One value of the old table. SQLite lets any kind of value stand in any column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OldValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    /// A blob, or a text that is no UTF-8.
    Bytes(Vec<u8>),
}

impl OldValue {
    /// The value as SQL would put it into a column of text; none for bytes.
    fn text(&self) -> Option<String> {
        match self {
            Self::Integer(number) => Some(number.to_string()),
            Self::Real(number) => Some(format!("{number:?}")),
            Self::Text(text) => Some(text.clone()),
            Self::Null | Self::Bytes(_) => None,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => (*number).into(),
            Self::Real(number) => serde_json::Number::from_f64(*number)
                .map_or_else(|| Value::String(format!("{number:?}")), Value::Number),
            Self::Text(text) => text.clone().into(),
            Self::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({ "bytes_hex": hex })
            }
        }
    }
}

/// A row of the old table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OldRow {
    /// Which row it is, from 1.
    pub(crate) position: u32,
    columns: Vec<(String, OldValue)>,
    /// What the database makes of `created_at`, where there is such a column.
    created_at: Option<String>,
}

impl OldRow {
    fn value(&self, name: &str) -> &OldValue {
        let found = self.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.map_or(&OldValue::Null, |(_, value)| value)
    }

    /// The word in the column `status`.
    pub(crate) fn status(&self) -> Option<String> {
        self.value("status").text()
    }

    /// All columns as JSON.
    pub(crate) fn json(&self) -> Map<String, Value> {
        self.columns.iter().map(|(name, value)| (name.clone(), value.json())).collect()
    }
}

/// Reads every row of the old table.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    columns: &[String],
) -> Result<Vec<OldRow>, sqlx::Error> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut parts: Vec<String> = Vec::new();
    for column in columns {
        let column = quoted(column);
        parts.push(format!("typeof({column}), {column}"));
    }
    let created = columns.iter().find(|column| column.eq_ignore_ascii_case("created_at"));
    parts.push(created.map_or_else(
        || "NULL".to_owned(),
        |column| {
            let column = quoted(column);
            format!(
                "CASE typeof({column}) \
                 WHEN 'text' THEN strftime('%Y-%m-%dT%H:%M:%SZ', {column}) \
                 WHEN 'integer' THEN strftime('%Y-%m-%dT%H:%M:%SZ', {column}, 'unixepoch') \
                 WHEN 'real' THEN strftime('%Y-%m-%dT%H:%M:%SZ', {column}, 'unixepoch') END"
            )
        },
    ));
    let query = format!("SELECT {} FROM {OLD_TABLE}", parts.join(", "));
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(connection).await?;
    rows.iter().zip(1_u32..).map(|(row, position)| old_row(row, position, columns)).collect()
}

fn old_row(row: &SqliteRow, position: u32, columns: &[String]) -> Result<OldRow, sqlx::Error> {
    let mut values = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let kind: String = row.try_get(at * 2)?;
        let at = at * 2 + 1;
        let value = match kind.as_str() {
            "null" => OldValue::Null,
            "integer" => OldValue::Integer(row.try_get_unchecked(at)?),
            "real" => OldValue::Real(row.try_get_unchecked(at)?),
            "text" => match String::from_utf8(row.try_get_unchecked(at)?) {
                Ok(text) => OldValue::Text(text),
                Err(error) => OldValue::Bytes(error.into_bytes()),
            },
            _ => OldValue::Bytes(row.try_get_unchecked(at)?),
        };
        values.push((column.clone(), value));
    }
    let created_at: Option<Vec<u8>> = row.try_get_unchecked(columns.len() * 2)?;
    let created_at = created_at.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(OldRow { position, columns: values, created_at })
}

/// What a row becomes: a task, and a run when it was completed; or the reason why it is no task.
pub(crate) fn convert(
    row: &OldRow,
    known: &mut BTreeSet<TaskId>,
) -> Result<(Task, Option<Run>), String> {
    let id = match row.value("id") {
        OldValue::Text(_) | OldValue::Integer(_) => row.value("id").text().unwrap_or_default(),
        OldValue::Null => return Err("it has no id".to_owned()),
        OldValue::Real(_) | OldValue::Bytes(_) => return Err("its id is no text".to_owned()),
    };
    let task_id = TaskId::new(&*id).map_err(|error| error.to_string())?;
    let run_id = RunId::new(format!("{id}-legacy-01"))
        .map_err(|_| "its id leaves no room for the id of a run".to_owned())?;
    if let OldValue::Bytes(_) = row.value("goal") {
        return Err("its goal is no text".to_owned());
    }
    if !known.insert(task_id.clone()) {
        return Err("an earlier row has the same id".to_owned());
    }
    let completed = *row.value("status") == OldValue::Text("COMPLETED".to_owned());
    let created_at = row.created_at.as_deref().and_then(|text| text.parse().ok());
    let task = Task {
        title: format!("Imported Task {id}"),
        objective: row.value("goal").text(),
        status: if completed { TaskStatus::Done } else { TaskStatus::Todo },
        created_at,
        metadata: metadata(row),
        schema_version: Task::SCHEMA_VERSION,
        task_id: task_id.clone(),
    };
    let run = completed.then(|| Run {
        run_id,
        task_id,
        status: RunStatus::Success,
        run_path: format!("workspaces/archive/{id}"),
        artifact_summary: Map::new(),
        created_at,
    });
    Ok((task, run))
}

/// The columns that have no place of their own any more, each under its name.
fn metadata(row: &OldRow) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in &row.columns {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("id") || is("goal") || *value == OldValue::Null {
            continue;
        }
        let kept_value = match value {
            // A time that reads back as it was needs no second place.
            OldValue::Text(text) if is("created_at") && Some(text) == row.created_at.as_ref() => {
                continue;
            }
            OldValue::Text(text) if is("metadata") => {
                artifact::strict_json(text.as_bytes()).unwrap_or_else(|_| value.json())
            }
            other => other.json(),
        };
        kept.insert(name.clone(), kept_value);
    }
    kept
}
