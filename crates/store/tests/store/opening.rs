//! What is a store, and what is said about what is none.

use artifact::ErrorKind;
use run::TaskStatus;
use store::{NewTask, SqliteStore, Store as _, StoreError};

use crate::scene::{Scene, execute, moment, named, term, titles, worker};

#[test]
fn a_store_keeps_what_was_put_into_it() {
    let scene = Scene::with_tasks(2);
    let store = SqliteStore::open(&scene.path()).expect("a store");
    let tasks = store.tasks(TaskStatus::ALL).expect("tasks");
    assert_eq!(titles(&tasks), ["Task 1", "Task 2"]);
    drop(store);
    assert_eq!(scene.names(), ["onx.db"], "nothing else is left behind");
}

#[test]
fn what_is_no_store_is_refused_with_the_way_out_and_left_as_it_is() {
    let legacy = "CREATE TABLE tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT)";
    let table: [(&str, &str, ErrorKind, &str); 4] = [
        ("CREATE TABLE users (name TEXT)", "another program", ErrorKind::Conflict, "--store"),
        ("PRAGMA application_id = 7", "another program", ErrorKind::Conflict, "--store"),
        (legacy, "of the old form", ErrorKind::User, "onx tasks import-legacy --db"),
        (
            "PRAGMA application_id = 0x6f6e7831; PRAGMA user_version = 99",
            "has version 99, and this onx knows 2",
            ErrorKind::Conflict,
            "newer",
        ),
    ];
    for (script, message, kind, hint) in table {
        let scene = Scene::new();
        execute(&scene.path(), script);
        let before = std::fs::read(scene.path()).expect("a file");
        let error = SqliteStore::open_or_create(&scene.path()).expect_err("no store");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().contains(hint), "{}", error.hint());
        assert_eq!(error.kind(), kind);
        assert!(std::fs::read(scene.path()).expect("a file") == before, "{script}");
        assert_eq!(scene.names(), ["onx.db"]);
    }
}

#[test]
fn a_store_of_the_first_version_is_kept_and_goes_on() {
    let scene = Scene::new();
    let first = include_str!("../../src/schema/sqlite/1.sql");
    execute(
        &scene.path(),
        &format!(
            "{first}; INSERT INTO tasks (task_id, title, status) VALUES ('old', 'Old', 'TODO'); \
             PRAGMA application_id = 0x6f6e7831; PRAGMA user_version = 1"
        ),
    );
    let before = std::fs::read(scene.path()).expect("a file");
    let store = SqliteStore::open(&scene.path()).expect("a store");
    assert_eq!(titles(&store.tasks(TaskStatus::ALL).expect("tasks")), ["Old"]);
    let queued = NewTask { title: "Old".to_owned(), created_at: moment(0), ..named("old") };
    store.enqueue(&queued).expect("the queue is there");
    let claim = store.claim_next(&worker("w"), term(60_000)).expect("an answer");
    assert_eq!(claim.expect("a task").lease.task_id.as_str(), "old");
    drop(store);
    assert_eq!(scene.names(), ["onx.db", "onx.db.bak_v1"]);
    let copy = std::fs::read(scene.folder.path().join("onx.db.bak_v1")).expect("a file");
    assert!(copy == before, "the copy is what was there");
}

#[test]
fn a_store_that_is_not_there_is_made_only_when_asked_for() {
    let scene = Scene::new();
    assert!(matches!(SqliteStore::open(&scene.path()), Err(StoreError::Missing(_))));
    assert_eq!(scene.names(), [] as [&str; 0]);
    let below = scene.folder.path().join("a/b/onx.db");
    SqliteStore::open_or_create(&below).expect("made with its folders");
    assert!(below.is_file());
    let link = scene.folder.path().join("link.db");
    std::os::unix::fs::symlink("a/b/onx.db", &link).expect("a link");
    SqliteStore::open(&link).expect("the user named it");
    let error = SqliteStore::open(scene.folder.path()).expect_err("a folder is no store");
    assert!(matches!(error, StoreError::File(_)), "{error}");
}

#[test]
fn damage_is_found_and_never_read_over() {
    let scene = Scene::with_tasks(40);
    let whole = std::fs::read(scene.path()).expect("a file");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(at).take(64) {
            *byte = !*byte;
        }
        std::fs::write(scene.path(), &bytes).expect("a file");
        let read = SqliteStore::open(&scene.path())
            .and_then(|store| Ok((store.tasks(TaskStatus::ALL)?, store.runs(None)?)));
        match read {
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
                assert!(!error.hint().is_empty());
                refused += 1;
            }
            // Free space is nobody's, and a text may be any text.
            Ok((tasks, _)) => assert!(tasks.len() <= 40),
        }
    }
    assert!(refused > 10, "{refused}");
    // Cut off anywhere.
    for length in (1..whole.len()).step_by(511) {
        std::fs::write(scene.path(), &whole[..length]).expect("a file");
        let read = SqliteStore::open(&scene.path()).and_then(|it| it.tasks(TaskStatus::ALL));
        // The end of the last page may be empty, and then nothing is gone.
        assert!(read.is_err() || read.is_ok_and(|tasks| tasks.len() == 40), "{length}");
    }
}
