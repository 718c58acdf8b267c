//! Tasks and their runs.

use run::{Fence, Lease, LeaseTerm, Run, RunStatus, Task, TaskPlan, TaskStatus};
use serde_json::json;
use store::{Advance, SignedPlan, Store, StoreError};

use crate::scene::{Scene, add_tasks, everywhere, moment, named, new, task, term, titles, worker};

fn minute() -> LeaseTerm {
    term(60_000)
}

everywhere!(ids_are_counted_and_never_given_twice);
fn ids_are_counted_and_never_given_twice(scene: &Scene) {
    let store = scene.store();
    let mut named = named("TASK-2");
    store.add_task(&named).expect("a task");
    for expected in ["TASK-1", "TASK-3"] {
        let added = store.add_task(&new("Counted")).expect("a task");
        assert_eq!(added.task_id.as_str(), expected);
    }
    assert_eq!(store.add_task(&named).expect("the same task").task_id, task("TASK-2"));
    named.objective = Some("something else".to_owned());
    assert!(matches!(store.add_task(&named), Err(StoreError::TaskExists(_))));
    let tasks = store.tasks(&[TaskStatus::Todo]).expect("tasks");
    assert_eq!(titles(&tasks), ["TASK-2", "Counted", "Counted"]);
}

everywhere!(a_run_takes_its_task_along);
fn a_run_takes_its_task_along(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let id = task("TASK-1");
    assert_eq!(store.open_run(&id).expect("read"), None);
    let status = || store.task(&id).expect("read").expect("there").status;
    let lease = store.claim(&id, &worker("w"), minute()).expect("claimed").expect("free");
    let run = store.begin_run(&lease, moment(5)).expect("a run");
    assert_eq!(run.run_path, "workspaces/TASK-1/runs/TASK-1-run-01");
    assert_eq!((run.status, status()), (RunStatus::Planning, TaskStatus::InProgress));
    assert_eq!(store.open_run(&id).expect("read"), Some(run.clone()));
    let second = store.begin_run(&lease, moment(6)).expect_err("one is under way");
    assert!(matches!(second, StoreError::Status { .. }));
    assert!(matches!(store.archive_task(&id), Err(StoreError::Status { .. })));
    let skipped = store.advance_run(&lease, &run.run_id, &Advance::to(RunStatus::Success));
    assert!(matches!(skipped, Err(StoreError::Status { .. })));
    let failed = store.advance_run(&lease, &run.run_id, &Advance::to(RunStatus::Failed));
    assert_eq!(failed.expect("failed").status, RunStatus::Failed);
    assert_eq!(status(), TaskStatus::Todo);
    assert_eq!(store.open_run(&id).expect("read"), None);

    let run = store.begin_run(&lease, moment(7)).expect("another run");
    assert_eq!(run.run_id.as_str(), "TASK-1-run-02");
    let summary = json!({ "files": 3 }).as_object().cloned().expect("an object");
    for to in [RunStatus::Executing, RunStatus::Verifying, RunStatus::Success] {
        let advance = Advance { artifact_summary: summary.clone(), ..Advance::to(to) };
        store.advance_run(&lease, &run.run_id, &advance).expect("a step");
    }
    assert_eq!(status(), TaskStatus::Done);
    let runs = store.runs(Some(&id)).expect("runs");
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1].artifact_summary, summary);
    assert_eq!(store.archive_task(&id).expect("archived").status, TaskStatus::Archived);
    assert_eq!(store.archive_task(&id).expect("still").status, TaskStatus::Archived);
    assert!(matches!(store.begin_run(&lease, moment(8)), Err(StoreError::Status { .. })));
}

everywhere!(what_is_not_there_is_said);
fn what_is_not_there_is_said(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let nobody = task("nobody");
    assert_eq!(store.task(&nobody).expect("read"), None);
    assert!(matches!(store.archive_task(&nobody), Err(StoreError::NoTask(_))));
    let claim = store.claim(&nobody, &worker("w"), minute());
    assert!(matches!(claim, Err(StoreError::NoTask(_))));
}

/// Takes a run to its end.
fn finish(store: &dyn Store, lease: &Lease, run: &Run) {
    for to in [RunStatus::Executing, RunStatus::Verifying, RunStatus::Success] {
        store.advance_run(lease, &run.run_id, &Advance::to(to)).expect("a step");
    }
}

everywhere!(a_task_is_added_claimed_and_begun_at_once);
fn a_task_is_added_claimed_and_begun_at_once(scene: &Scene) {
    let store = scene.store();
    let begun = store.start(&new("One shot"), &worker("w"), minute(), moment(3));
    let (lease, run) = begun.expect("begun");
    assert_eq!(lease.fence, Fence(1));
    assert_eq!(lease.task_id, task("TASK-1"));
    assert_eq!((run.run_id.as_str(), run.created_at), ("TASK-1-run-01", Some(moment(3))));
    let known = store.task(&lease.task_id).expect("read").expect("there");
    assert_eq!((&*known.title, known.status), ("One shot", TaskStatus::InProgress));
    assert_eq!(store.claim(&lease.task_id, &worker("v"), minute()).expect("an answer"), None);
    finish(&*store, &lease, &run);

    // What stands against it leaves nothing behind, no task and no lease.
    let held = store.start(&named("TASK-1"), &worker("v"), minute(), moment(4));
    assert!(matches!(held, Err(StoreError::TaskExists(_))), "{held:?}");
    let same = store.start(&named("nightly"), &worker("w"), term(1), moment(4)).expect("begun");
    let held = store.start(&named("nightly"), &worker("v"), minute(), moment(5));
    assert!(held.is_err(), "a run of it is under way");
    store.release(&same.0).expect("given back");
    let under_way = store.start(&named("nightly"), &worker("v"), minute(), moment(5));
    assert!(matches!(under_way, Err(StoreError::Status { .. })), "{under_way:?}");
    assert!(matches!(store.check_lease(&same.0), Err(StoreError::LeaseLost(_))));
    let claimed = store.claim(&task("nightly"), &worker("v"), minute());
    let claimed = claimed.expect("claimed").expect("the refusal left it free");
    let held = store.start(&named("nightly"), &worker("u"), minute(), moment(6));
    assert!(matches!(held, Err(StoreError::Claimed(_))), "{held:?}");
    store.check_lease(&claimed).expect("still theirs");
}

everywhere!(a_task_may_be_over_with_its_run);
fn a_task_may_be_over_with_its_run(scene: &Scene) {
    let store = scene.store();
    for (archive_task, expected) in [(false, TaskStatus::Todo), (true, TaskStatus::Archived)] {
        let begun = store.start(&new("One shot"), &worker("w"), minute(), moment(0));
        let (lease, run) = begun.expect("begun");
        let failed = Advance { archive_task, ..Advance::to(RunStatus::Failed) };
        store.advance_run(&lease, &run.run_id, &failed).expect("failed");
        assert_eq!(store.task(&lease.task_id).expect("read").expect("there").status, expected);
    }
    let (lease, run) =
        store.start(&new("One shot"), &worker("w"), minute(), moment(0)).expect("begun");
    for to in [RunStatus::Executing, RunStatus::Verifying, RunStatus::Success] {
        let advance = Advance { archive_task: true, ..Advance::to(to) };
        store.advance_run(&lease, &run.run_id, &advance).expect("a step");
    }
    let done = store.task(&lease.task_id).expect("read").expect("there");
    assert_eq!(done.status, TaskStatus::Done, "it says what becomes of a failure");
}

everywhere!(only_what_is_over_is_forgotten);
fn only_what_is_over_is_forgotten(scene: &Scene) {
    let store = scene.store();
    let nobody = store.forget_task(&task("nobody"));
    assert!(matches!(nobody, Err(StoreError::NoTask(_))));
    store.enqueue(&named("t")).expect("a task");
    let refused = store.forget_task(&task("t")).expect_err("it is TODO");
    assert!(matches!(refused, StoreError::NotOver(_, TaskStatus::Todo)), "{refused}");
    let lease = store.claim(&task("t"), &worker("w"), minute()).expect("claimed").expect("free");
    let run = store.begin_run(&lease, moment(0)).expect("a run");
    let refused = store.forget_task(&task("t"));
    assert!(matches!(refused, Err(StoreError::NotOver(_, TaskStatus::InProgress))));
    finish(&*store, &lease, &run);

    let forgotten = store.forget_task(&task("t")).expect("forgotten");
    assert_eq!(forgotten.len(), 1);
    assert_eq!((&forgotten[0].run_id, forgotten[0].status), (&run.run_id, RunStatus::Success));
    assert_eq!(store.task(&task("t")).expect("read"), None);
    assert_eq!(store.runs(None).expect("read"), []);
    assert!(matches!(store.dequeue(&lease), Err(StoreError::LeaseLost(_))));
    assert_eq!(store.claim_next(&worker("v"), minute()).expect("an answer"), None);
    // Ids of runs are never given twice.
    let again = store.start(&named("t"), &worker("w"), minute(), moment(9)).expect("begun");
    assert_eq!(again.1.run_id.as_str(), "t-run-02");
}

everywhere!(a_plan_is_kept_with_the_task_that_was_planned);
fn a_plan_is_kept_with_the_task_that_was_planned(scene: &Scene) {
    let store = scene.store();
    let mut new = named("TASK-1");
    new.metadata = json!({ "details": "only billing/" }).as_object().cloned().expect("an object");
    let planned = store.add_task(&new).expect("a task");
    let plan = |step: &str| TaskPlan {
        format: run::TASK_PLAN_FORMAT.to_string(),
        objective: "It fits".to_owned(),
        steps: vec![json!(step), json!({ "tool": "edit" })],
    };
    let signature = json!({"signatures": []});
    let keep = |task: &Task, step: &str| {
        store.plan_task(task, SignedPlan { plan: &plan(step), signature: &signature })
    };
    let kept = keep(&planned, "look").expect("kept");
    assert_eq!(TaskPlan::of_task(&kept), Some(plan("look")));
    assert_eq!(kept.metadata["details"], "only billing/");
    assert_eq!(store.task(&task("TASK-1")).expect("read"), Some(kept.clone()));
    assert_eq!(store.add_task(&new).expect("the same task"), kept);

    let late = keep(&planned, "late");
    assert!(matches!(late, Err(StoreError::TaskChanged(_))), "it was planned since");
    let again = keep(&kept, "again").expect("planned anew");
    let lease =
        store.claim(&again.task_id, &worker("w"), minute()).expect("claimed").expect("free");
    store.begin_run(&lease, moment(5)).expect("a run");
    let busy = store.task(&again.task_id).expect("read").expect("there");
    assert!(matches!(keep(&busy, "busy"), Err(StoreError::TaskChanged(_))));
    let nobody = Task { task_id: task("TASK-9"), ..again };
    assert!(matches!(keep(&nobody, "no"), Err(StoreError::NoTask(_))));
}
