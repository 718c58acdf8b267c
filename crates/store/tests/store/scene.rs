//! A folder with a store, and a way to do with its file what the store would not.

use std::path::{Path, PathBuf};
use std::time::Duration;

use artifact::Timestamp;
use run::{LeaseTerm, Task, TaskId, WorkerId};
use serde_json::Map;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use store::{NewTask, SqliteStore, Store};
use tempfile::TempDir;

/// Makes a test of a function, once for each database.
macro_rules! everywhere {
    ($name:ident) => {
        mod $name {
            #[test]
            fn sqlite() {
                super::$name(&$crate::scene::Scene::new());
            }
        }
    };
}
pub(crate) use everywhere;

pub(crate) struct Scene {
    pub(crate) folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("onx.db")
    }

    pub(crate) fn store(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open_or_create(&self.path()).expect("a store"))
    }

    /// A store with this many tasks, `TASK-1` and so on.
    pub(crate) fn with_tasks(count: u32) -> Self {
        let scene = Self::new();
        add_tasks(&*scene.store(), count);
        scene
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }
}

pub(crate) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_762_106_400 + seconds).expect("in range")
}

pub(crate) fn new(title: &str) -> NewTask {
    NewTask {
        task_id: None,
        title: title.to_owned(),
        objective: None,
        metadata: Map::new(),
        created_at: moment(0),
    }
}

/// Adds this many tasks, `TASK-1` and so on.
pub(crate) fn add_tasks(store: &dyn Store, count: u32) {
    for number in 1..=count {
        store.add_task(&new(&format!("Task {number}"))).expect("a task");
    }
}

pub(crate) fn named(id: &str) -> NewTask {
    NewTask { task_id: Some(task(id)), ..new(id) }
}

pub(crate) fn term(milliseconds: u64) -> LeaseTerm {
    LeaseTerm::new(Duration::from_millis(milliseconds))
}

pub(crate) fn task(id: &str) -> TaskId {
    TaskId::new(id).expect("an id")
}

pub(crate) fn worker(id: &str) -> WorkerId {
    WorkerId::new(id).expect("an id")
}

pub(crate) fn titles(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.title.as_str()).collect()
}

/// A connection past the store.
pub(crate) fn with_connection<T>(
    path: &Path,
    call: impl AsyncFnOnce(&mut SqliteConnection) -> T,
) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let options = options.busy_timeout(std::time::Duration::from_secs(20));
        let mut connection = options.connect().await.expect("a database");
        let value = call(&mut connection).await;
        connection.close().await.expect("closed");
        value
    })
}

pub(crate) fn execute(path: &Path, script: &str) {
    with_connection(path, async |connection| {
        let script = AssertSqlSafe(script.to_owned()).into_sql_str();
        connection.execute(script).await.expect("the script runs");
    });
}
