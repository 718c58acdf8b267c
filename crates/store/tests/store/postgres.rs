//! What only a server can do to a store: be gone, be somebody else's, or be asked by many at once.

use artifact::ErrorKind;
use run::TaskStatus;
use sqlx::{Connection as _, Executor as _};
use store::{PostgresStore, StoreError};

use crate::scene::{Scene, add_tasks, new, on_server, open, task, titles};

#[test]
fn a_schema_is_made_once_by_whoever_comes_first() {
    let Some(scene) = Scene::on_server() else { return };
    let place = scene.place();
    std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&place))).collect();
        for opener in openers {
            add_tasks(&*opener.join().expect("no panic"), 1);
        }
    });
    let tasks = scene.store().tasks(TaskStatus::ALL).expect("read");
    assert_eq!(tasks.len(), 8);
    let schema = scene.server.as_ref().expect("a server");
    assert_eq!(schema.texts("SELECT CAST(version AS TEXT) FROM onx_versions"), ["1"]);
}

#[test]
fn a_schema_that_is_no_store_is_refused_with_the_way_out_and_left_as_it_is() {
    let newer = "INSERT INTO onx_versions (version) VALUES (2)";
    let table: [(bool, &str, &str, &str); 6] = [
        (false, "CREATE TABLE users (name TEXT)", "another program", "?schema=NAME"),
        (false, "CREATE VIEW tasks AS SELECT 1", "another program", "?schema=NAME"),
        (true, newer, "has version 2, and this onx knows 1", "newer"),
        (true, "DELETE FROM onx_versions", "is damaged: its versions are []", "dump"),
        (true, "UPDATE onx_versions SET version = 7", "its versions are [7]", "dump"),
        (true, "DROP TABLE leases", "is damaged: it has no table `leases`", "dump"),
    ];
    for (made, script, message, hint) in table {
        let Some(scene) = Scene::on_server() else { return };
        if made {
            scene.store();
        }
        let schema = scene.server.as_ref().expect("a server");
        let script = if made {
            script.to_owned()
        } else {
            format!("CREATE SCHEMA {}; {script}", schema.name)
        };
        scene.execute(&script);
        let tables = "SELECT CAST(relname AS TEXT) FROM pg_class JOIN pg_namespace \
                      ON pg_namespace.oid = relnamespace WHERE nspname = current_schema() \
                      ORDER BY relname";
        let before = schema.texts(tables);
        let error = store::open(&scene.place(), scene.folder.path()).expect_err("no store");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().contains(hint), "{}", error.hint());
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(schema.texts(tables), before, "{script}");
    }
}

#[test]
fn what_is_damaged_later_is_said_where_it_is_met() {
    let Some(scene) = Scene::on_server() else { return };
    let store = scene.store();
    add_tasks(&*store, 1);
    scene.execute("ALTER TABLE tasks DROP CONSTRAINT tasks_status_check");
    scene.execute("UPDATE tasks SET status = 'done'");
    let error = store.task(&task("TASK-1")).expect_err("no status");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    scene.execute("DROP TABLE tasks CASCADE");
    let error = store.tasks(TaskStatus::ALL).expect_err("no table");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_connection_that_is_lost_is_made_again() {
    let Some(scene) = Scene::on_server() else { return };
    drop(scene.store());
    let schema = scene.server.as_ref().expect("a server");
    let name = &schema.name;
    let url = format!("{}&application_name={name}", schema.url());
    let store = PostgresStore::open(&url, scene.folder.path()).expect("a store");
    let store: &dyn store::Store = &store;
    let cut = || {
        let ended = schema.texts(&format!(
            "SELECT CAST(pg_terminate_backend(pid, 10000) AS TEXT) FROM pg_stat_activity \
             WHERE application_name = '{name}'"
        ));
        assert_eq!(ended, ["true"]);
    };
    store.add_task(&new("before")).expect("a task");
    cut();
    let tasks = store.tasks(TaskStatus::ALL).expect("it is read over a new connection");
    assert_eq!(titles(&tasks), ["before"]);
    cut();
    let error = store.add_task(&new("lost")).expect_err("nobody knows whether it was kept");
    assert!(matches!(error, StoreError::ConnectionLost { .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Outside);
    store.add_task(&new("after")).expect("the next call has a connection");
    let tasks = store.tasks(TaskStatus::ALL).expect("read");
    assert_eq!(titles(&tasks), ["before", "after"]);
}

#[test]
fn what_failed_keeps_nobody_waiting() {
    let Some(scene) = Scene::on_server() else { return };
    let store = scene.store();
    add_tasks(&*store, 1);
    let lease = store
        .claim(&task("TASK-1"), &crate::scene::worker("w"), crate::scene::term(60_000))
        .expect("an answer")
        .expect("free");
    store.begin_run(&lease, crate::scene::moment(0)).expect("a run");
    // It has looked at the task for a change, and may not change it.
    store.archive_task(&task("TASK-1")).expect_err("it is in progress");
    let schema = scene.server.as_ref().expect("a server");
    on_server(schema.server, async |connection| {
        let path = format!("SET search_path TO {}", schema.name);
        let path = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(path));
        connection.execute(path).await.expect("set");
        let mut transaction = connection.begin().await.expect("begun");
        let locked = transaction.execute("SELECT * FROM tasks FOR UPDATE NOWAIT").await;
        assert_eq!(locked.expect("nobody holds it").rows_affected(), 1);
        let locked = transaction.execute("SELECT * FROM leases FOR UPDATE NOWAIT").await;
        assert_eq!(locked.expect("nobody holds it").rows_affected(), 1);
    });
}

#[test]
fn a_server_that_is_not_there_is_said_without_the_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let url = format!("postgres://ada:s3cret@127.0.0.1:{port}/work?sslmode=disable");
    let error = PostgresStore::open(&url, std::path::Path::new("/w")).expect_err("nobody listens");
    assert_eq!(error.to_string(), format!("`postgres://127.0.0.1:{port}/work` cannot be reached"));
    assert_eq!(error.kind(), ErrorKind::Outside);
    let all = format!("{error} {error:?} {}", error.hint());
    assert!(!all.contains("s3cret") && !all.contains("ada"), "{all}");
}

#[test]
fn a_store_is_shown_without_the_password() {
    let Some(scene) = Scene::on_server() else { return };
    let url = scene.place().display().to_string().replace("onx@", "onx:s3cret@");
    let store = PostgresStore::open(&url, scene.folder.path()).expect("a store");
    let shown = format!("{store:?}");
    assert!(shown.contains("postgres://127.0.0.1"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
