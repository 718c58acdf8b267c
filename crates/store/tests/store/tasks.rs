//! Tasks and their runs.

use run::{LeaseTerm, RunStatus, TaskStatus};
use serde_json::{Map, json};
use store::{Store as _, StoreError};

use crate::scene::{Scene, moment, new, task, titles, worker};

fn minute() -> LeaseTerm {
    LeaseTerm::new(std::time::Duration::from_mins(1))
}

#[test]
fn ids_are_counted_and_never_given_twice() {
    let scene = Scene::new();
    let store = scene.store();
    let mut named = new("Named");
    named.task_id = Some(task("TASK-2"));
    store.add_task(&named).expect("a task");
    for expected in ["TASK-1", "TASK-3"] {
        let added = store.add_task(&new("Counted")).expect("a task");
        assert_eq!(added.task_id.as_str(), expected);
    }
    assert_eq!(store.add_task(&named).expect("the same task").task_id, task("TASK-2"));
    named.objective = Some("something else".to_owned());
    assert!(matches!(store.add_task(&named), Err(StoreError::TaskExists(_))));
    let tasks = store.tasks(&[TaskStatus::Todo]).expect("tasks");
    assert_eq!(titles(&tasks), ["Named", "Counted", "Counted"]);
}

#[test]
fn a_run_takes_its_task_along() {
    let scene = Scene::with_tasks(1);
    let store = scene.store();
    let id = task("TASK-1");
    let status = || store.task(&id).expect("read").expect("there").status;
    let lease = store.claim(&id, &worker("w"), minute()).expect("claimed").expect("free");
    let run = store.begin_run(&lease, moment(5)).expect("a run");
    assert_eq!(run.run_path, "workspaces/TASK-1/runs/TASK-1-run-01");
    assert_eq!((run.status, status()), (RunStatus::Planning, TaskStatus::InProgress));
    let second = store.begin_run(&lease, moment(6)).expect_err("one is under way");
    assert!(matches!(second, StoreError::Status { .. }));
    assert!(matches!(store.archive_task(&id), Err(StoreError::Status { .. })));
    let skipped = store.advance_run(&lease, &run.run_id, RunStatus::Success, &Map::new());
    assert!(matches!(skipped, Err(StoreError::Status { .. })));
    let failed = store.advance_run(&lease, &run.run_id, RunStatus::Failed, &Map::new());
    assert_eq!(failed.expect("failed").status, RunStatus::Failed);
    assert_eq!(status(), TaskStatus::Todo);

    let run = store.begin_run(&lease, moment(7)).expect("another run");
    assert_eq!(run.run_id.as_str(), "TASK-1-run-02");
    let summary = json!({ "files": 3 }).as_object().cloned().expect("an object");
    for to in [RunStatus::Executing, RunStatus::Verifying, RunStatus::Success] {
        store.advance_run(&lease, &run.run_id, to, &summary).expect("a step");
    }
    assert_eq!(status(), TaskStatus::Done);
    let runs = store.runs(Some(&id)).expect("runs");
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1].artifact_summary, summary);
    assert_eq!(store.archive_task(&id).expect("archived").status, TaskStatus::Archived);
    assert_eq!(store.archive_task(&id).expect("still").status, TaskStatus::Archived);
    assert!(matches!(store.begin_run(&lease, moment(8)), Err(StoreError::Status { .. })));
}

#[test]
fn what_is_not_there_is_said() {
    let scene = Scene::with_tasks(1);
    let store = scene.store();
    let nobody = task("nobody");
    assert_eq!(store.task(&nobody).expect("read"), None);
    assert!(matches!(store.archive_task(&nobody), Err(StoreError::NoTask(_))));
    let claim = store.claim(&nobody, &worker("w"), minute());
    assert!(matches!(claim, Err(StoreError::NoTask(_))));
}
