//! The transaction of an import.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Finding, Severity, TreePath};
use host::{Files, Place};
use run::{Run, TaskId, TaskStatus};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::backup::DatabaseBackup;
use super::report::{FORMAT, ImportReport, SetAside, StatusCount, WorkspacesBackup};
use super::table::{self, OLD_TABLE, OldRow};
use super::{Import, REPORT_PROPERTY};
use crate::calls::Failed;
use crate::sqlite::{insert, insert_run};
use crate::{StoreError, schema};

/// Names that a store needs for itself, besides `tasks`.
const OWN_TABLES: &[&str] = &[
    "runs",
    "leases",
    "counters",
    "properties",
    "set_aside",
    "queue",
    "outbox",
    "migration_manifests",
    "manifest_operations",
    "migration_applications",
];
const OWN_INDEXES: &[&str] = &[
    "runs_by_task",
    "queue_by_due",
    "outbox_undelivered",
    "idx_manifests_versions",
    "idx_operations_manifest",
    "idx_applications_package",
];

/// What the old rows become.
#[derive(Default)]
struct Converted {
    tasks: u32,
    runs: Vec<Run>,
    statuses: BTreeMap<(Option<String>, TaskStatus), u32>,
    set_aside: Vec<SetAside>,
    without_goal: u32,
}

/// Makes a store of a database of the old form, within the transaction of the caller.
pub(crate) async fn carry_out(
    connection: &mut SqliteConnection,
    request: &Import,
    files: &dyn Files,
    database: DatabaseBackup,
    workspaces: WorkspacesBackup,
) -> Result<ImportReport, StoreError> {
    let path = &request.database;
    let failed = |failed: Failed| failed.at(path, "written");
    let renamed_tables = make_room(connection, request).await?;
    let converted = convert(connection).await.map_err(failed)?;
    let missing = missing_archives(&converted.runs, request, files)?;
    let report = report(request, database, workspaces, renamed_tables, &converted, missing);
    finish(connection, &report).await.map_err(failed)?;
    Ok(report)
}

/// Gives every table a new name whose name a store needs.
async fn make_room(
    connection: &mut SqliteConnection,
    request: &Import,
) -> Result<Vec<String>, StoreError> {
    let path = &request.database;
    let failed = |error| StoreError::of_database(path, "written", error);
    let known: Vec<(String, String)> =
        sqlx::query_as("SELECT type, lower(name) FROM sqlite_schema ORDER BY rowid")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let kind_of = |name: &str| known.iter().find(|(_, n)| n == name).map(|(kind, _)| kind.as_str());
    if let Some(name) = OWN_INDEXES.iter().find(|name| kind_of(name).is_some()) {
        return Err(super::not_legacy(path, &format!("it has something else named `{name}`")));
    }
    let mut renamed = Vec::new();
    for name in ["tasks"].iter().chain(OWN_TABLES) {
        let new_name = format!("legacy_{name}");
        match kind_of(name) {
            None => continue,
            Some("table") if kind_of(&new_name).is_none() => {}
            Some("table") => {
                let why = format!("it has a `{new_name}` already");
                return Err(super::not_legacy(path, &why));
            }
            Some(kind) => {
                return Err(super::not_legacy(path, &format!("its `{name}` is a {kind}")));
            }
        }
        let rename = format!("ALTER TABLE {name} RENAME TO {new_name}");
        connection.execute(AssertSqlSafe(rename).into_sql_str()).await.map_err(failed)?;
        if new_name != OLD_TABLE {
            renamed.push(new_name);
        }
    }
    Ok(renamed)
}

/// Makes the tables of a store and fills them from the old one.
async fn convert(connection: &mut SqliteConnection) -> Result<Converted, Failed> {
    schema::take_steps(connection, 0, schema::STEPS).await?;
    let columns = schema::columns(connection, OLD_TABLE).await?;
    let rows = table::read(connection, &columns).await?;
    let mut converted = Converted::default();
    let mut known = BTreeSet::<TaskId>::new();
    for row in &rows {
        match table::convert(row, &mut known) {
            Ok((task, run)) => {
                if !insert(connection, &task).await? {
                    return Err(StoreError::TaskExists(task.task_id).into());
                }
                converted.tasks += 1;
                converted.without_goal += u32::from(task.objective.is_none());
                *converted.statuses.entry((row.status(), task.status)).or_default() += 1;
                if let Some(run) = run {
                    insert_run(connection, &run).await?;
                    converted.runs.push(run);
                }
            }
            Err(reason) => {
                let aside = set_aside(connection, row, reason).await?;
                converted.set_aside.push(aside);
            }
        }
    }
    Ok(converted)
}

async fn set_aside(
    connection: &mut SqliteConnection,
    row: &OldRow,
    reason: String,
) -> Result<SetAside, Failed> {
    let aside = SetAside { position: row.position, reason, row: row.json() };
    sqlx::query("INSERT INTO set_aside (position, reason, row) VALUES (?, ?, ?)")
        .bind(aside.position)
        .bind(&aside.reason)
        .bind(serde_json::to_string(&aside.row).map_err(StoreError::from)?)
        .execute(connection)
        .await?;
    Ok(aside)
}

/// The runs whose archive is not in the workspaces.
fn missing_archives(runs: &[Run], request: &Import, files: &dyn Files) -> Result<u32, StoreError> {
    let mut missing = 0;
    for run in runs {
        let below = run.run_path.strip_prefix("workspaces/").map(TreePath::new);
        let found = match below {
            Some(Ok(path)) => files.metadata(Place::new(&request.workspaces, &path))?,
            _ => None,
        };
        missing += u32::from(found.is_none());
    }
    Ok(missing)
}

fn report(
    request: &Import,
    database: DatabaseBackup,
    workspaces: WorkspacesBackup,
    renamed_tables: Vec<String>,
    converted: &Converted,
    missing_archives: u32,
) -> ImportReport {
    let mut findings = Vec::new();
    let mut note = |severity, code, count: u32, what: &str| {
        if count > 0 {
            findings.push(Finding::new(severity, code, format!("{what}: {count}")));
        }
    };
    let aside = u32::try_from(converted.set_aside.len()).unwrap_or(u32::MAX);
    note(Severity::Warning, "row-set-aside", aside, "rows that are no tasks are kept aside");
    note(
        Severity::Note,
        "archive-missing",
        missing_archives,
        "completed tasks whose folder is not in the archive of the workspaces",
    );
    note(Severity::Note, "no-goal", converted.without_goal, "tasks that had no goal");
    let name = request.database.file_name().map(|name| name.to_string_lossy().into_owned());
    ImportReport {
        format: FORMAT.to_string(),
        database: name.unwrap_or_default(),
        database_backup: database.name,
        database_digest: database.digest,
        workspaces,
        tasks: converted.tasks,
        runs: u32::try_from(converted.runs.len()).unwrap_or(u32::MAX),
        statuses: converted
            .statuses
            .iter()
            .map(|((from, to), tasks)| StatusCount { from: from.clone(), to: *to, tasks: *tasks })
            .collect(),
        set_aside: converted.set_aside.clone(),
        renamed_tables,
        findings,
    }
}

/// Checks that every row is somewhere, drops the old table, and keeps the report in the store.
async fn finish(connection: &mut SqliteConnection, report: &ImportReport) -> Result<(), Failed> {
    let lost: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM legacy_tasks) - (SELECT count(*) FROM tasks) \
         - (SELECT count(*) FROM set_aside)",
    )
    .fetch_one(&mut *connection)
    .await?;
    if lost != 0 {
        return Err(Failed::Row(format!("{lost} rows of the old table are nowhere")));
    }
    connection.execute("DROP TABLE legacy_tasks").await?;
    let text = serde_json::to_string(report).map_err(StoreError::from)?;
    for (name, value) in [(REPORT_PROPERTY, &text), ("workspaces", &report.workspaces.folder)] {
        sqlx::query("INSERT INTO properties (name, value) VALUES (?, ?)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
