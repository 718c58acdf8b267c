//! Databases of the old form, each with the workspaces beside it, and what they become.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;

use host::DiskFiles;
use run::TaskStatus;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use store::{Import, SqliteStore, Store as _, StoreError, import};
use testkit::fixture;

#[test]
fn a_database_of_the_old_form_becomes_a_store() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cutover");
    fixture::run(&folder, check);
}

/// Imports a case in a folder of its own and compares everything that came out.
fn check(case: &Path) -> Result<(), String> {
    let scene = tempfile::tempdir().expect("a temporary folder");
    let request = Import {
        database: scene.path().join("tasks.db"),
        workspaces: scene.path().join("workspaces"),
    };
    std::fs::create_dir_all(&request.workspaces).expect("a folder");
    for (path, bytes) in fixture::files(&case.join("workspaces")) {
        let path = request.workspaces.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
    let script = std::fs::read_to_string(case.join("legacy.sql")).expect("a script");
    execute(&request.database, &script);

    let mut found = BTreeMap::new();
    match import(&request, &DiskFiles) {
        Ok(outcome) => {
            assert!(!outcome.unchanged);
            let report = scene.path().join("migration_report.json");
            let bytes = std::fs::read(report).expect("a report");
            let said: Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(said, serde_json::to_value(&outcome.report).expect("JSON"));
            // Bytes of the database are those of the version of SQLite.
            let text = String::from_utf8(bytes).expect("a text");
            let digest = outcome.report.database_digest.to_string();
            let text = text.replace(&digest, "DIGEST");
            found.insert("migration_report.json".to_owned(), text.into_bytes());
            found.insert("store.json".to_owned(), contents(&request.database));
            repeat(&request);
        }
        Err(error) => {
            let text = format!("{:?}: {error}\n", error.kind());
            let text = text.replace(&format!("{}/", scene.path().display()), "");
            found.insert("refused.txt".to_owned(), text.into_bytes());
        }
    }
    fixture::check_folder(&case.join("expected"), &found)
}

/// A second import changes nothing.
fn repeat(request: &Import) {
    let folder = request.database.parent().expect("a folder");
    let before = fixture::files(folder);
    assert!(import(request, &DiskFiles).expect("nothing to do").unchanged);
    assert_eq!(
        fixture::files(folder).keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in fixture::files(folder) {
        assert!(bytes == before[&path], "{path} changed");
    }
}

fn contents(database: &Path) -> Vec<u8> {
    let store = SqliteStore::open(database).expect("a store");
    let tasks = store.tasks(TaskStatus::ALL).expect("tasks");
    let runs = store.runs(None).expect("runs");
    let found = json!({ "tasks": tasks, "runs": runs });
    (serde_json::to_string_pretty(&found).expect("JSON") + "\n").into_bytes()
}

fn execute(path: &Path, script: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = options.create_if_missing(true).connect().await.expect("a database");
        let script = sqlx::AssertSqlSafe(script.to_owned()).into_sql_str();
        connection.execute(script).await.expect("the script runs");
        connection.close().await.expect("closed");
    });
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let scene = tempfile::tempdir().expect("a temporary folder");
    let request = Import {
        database: scene.path().join("tasks.db"),
        workspaces: scene.path().join("workspaces"),
    };
    assert!(matches!(import(&request, &DiskFiles), Err(StoreError::Missing(_))));
    std::fs::create_dir(&request.workspaces).expect("a folder");
    std::fs::write(&request.database, "no database, but long enough to be looked at".repeat(40))
        .expect("a file");
    assert!(matches!(import(&request, &DiskFiles), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read_dir(scene.path()).expect("a folder").count(), 2);
}
