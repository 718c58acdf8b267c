//! A folder with a store, and a way to do with its file what the store would not.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use artifact::Timestamp;
use run::{LeaseTerm, Task, TaskId, WorkerId};
use serde_json::Map;
use sqlx::postgres::PgConnection;
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

            #[test]
            fn postgres() {
                if let Some(scene) = $crate::scene::Scene::on_server() {
                    super::$name(&scene);
                }
            }
        }
    };
}
pub(crate) use everywhere;

/// A folder, and the place of a store: a file in it, or a schema of its own on the server.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) server: Option<Schema>,
}

/// A schema that is gone after the test.
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) server: &'static str,
}

impl Schema {
    pub(crate) fn url(&self) -> String {
        format!("{}?schema={}", self.server, self.name)
    }

    /// Runs a script past the store, in the schema.
    pub(crate) fn execute(&self, script: &str) {
        on_server(self.server, async |connection| {
            let script = format!("SET search_path TO {}; {script}", self.name);
            let script = AssertSqlSafe(script).into_sql_str();
            connection.execute(script).await.expect("the script runs");
        });
    }

    /// The first column of what a query gives in the schema.
    pub(crate) fn texts(&self, query: &str) -> Vec<String> {
        on_server(self.server, async |connection| {
            let path = AssertSqlSafe(format!("SET search_path TO {}", self.name)).into_sql_str();
            connection.execute(path).await.expect("set");
            let query = AssertSqlSafe(query.to_owned()).into_sql_str();
            sqlx::query_scalar(query).fetch_all(connection).await.expect("an answer")
        })
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.execute(&format!(
            "SET client_min_messages TO error; DROP SCHEMA IF EXISTS {0} CASCADE; \
             DROP SCHEMA IF EXISTS {0}_bak_v1 CASCADE",
            self.name
        ));
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::below(tempfile::tempdir().expect("a temporary folder"))
    }

    /// In memory where there is room for it: nothing waits for the disk then.
    pub(crate) fn in_memory() -> Self {
        Self::below(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("one"))
    }

    fn below(folder: TempDir) -> Self {
        Self { folder, server: None }
    }

    /// On the server that the tests started; none, with a word about it, when there is none.
    pub(crate) fn on_server() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = match testkit::postgres::shared() {
            Ok(server) => server,
            Err(why) => {
                testkit::skipped(why);
                return None;
            }
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{count}", std::process::id());
        let folder = tempfile::tempdir().expect("a temporary folder");
        Some(Self { folder, server: Some(Schema { name, server }) })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("onx.db")
    }

    /// What `store::open` takes.
    pub(crate) fn place(&self) -> PathBuf {
        match &self.server {
            None => self.path(),
            Some(schema) => PathBuf::from(schema.url()),
        }
    }

    pub(crate) fn store(&self) -> Box<dyn Store> {
        if self.server.is_none() {
            SqliteStore::open_or_create(&self.path()).expect("a store");
        }
        open(&self.place())
    }

    /// A store with this many tasks, `TASK-1` and so on.
    pub(crate) fn with_tasks(count: u32) -> Self {
        let scene = Self::new();
        add_tasks(&*scene.store(), count);
        scene
    }

    /// Runs a script past the store.
    pub(crate) fn execute(&self, script: &str) {
        match &self.server {
            None => execute(&self.path(), script),
            Some(schema) => schema.execute(script),
        }
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

/// The store at this place, which is there.
pub(crate) fn open(place: &Path) -> Box<dyn Store> {
    store::open(place, Path::new("/workspaces")).expect("a store")
}

/// A connection past the store, which may wait for a network.
pub(crate) fn on_server<T>(url: &str, call: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("a server");
        let value = call(&mut connection).await;
        connection.close().await.expect("closed");
        value
    })
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

/// What is there after a while.
pub(crate) fn soon<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not come within half a minute");
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
