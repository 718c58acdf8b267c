//! Attempts at tasks: begun, interrupted, continued by another process, and ended once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use artifact::TreePath;
use host::{DiskFiles, Durability, SystemClock};
use run::{
    Event, JournalWriter, LeaseTerm, OutgoingEvent, Plan, PlanError, Recorder as _, Run, RunState,
    RunStatus, TaskStatus, Work,
};
use serde_json::{Map, Value};
use store::{Attempt, AttemptError, NewTask, Store, Workplace, abandon, abandon_claimed};

use crate::scene::{Scene, everywhere, moment, worker};

fn workplace(store: &Arc<dyn Store>, name: &str, term: Duration) -> Workplace {
    Workplace {
        store: store.clone(),
        files: Arc::new(DiskFiles),
        clock: Arc::new(SystemClock::new()),
        worker: worker(name),
        term: LeaseTerm::new(term),
    }
}

/// A store whose runs have their folders beside it.
fn opened(scene: &Scene) -> Arc<dyn Store> {
    match &scene.server {
        None => Arc::from(scene.store()),
        Some(schema) => {
            let workspaces = scene.folder.path().join("workspaces");
            Arc::from(store::open(schema.url().as_ref(), &workspaces).expect("a store"))
        }
    }
}

fn plan(code: &str) -> Plan {
    let work = Work { kind: "paint".to_owned(), request: Value::from("the fence") };
    Plan::new(work, BTreeMap::new(), code)
}

fn new_task() -> NewTask {
    NewTask {
        task_id: None,
        title: "paint".to_owned(),
        objective: None,
        metadata: plan("a").work.to_metadata(),
        created_at: moment(0),
    }
}

fn start(store: &Arc<dyn Store>, name: &str) -> Attempt {
    let workplace = workplace(store, name, Duration::from_mins(1));
    Attempt::start(workplace, &new_task(), &plan("a")).expect("begun")
}

fn the_run(store: &dyn Store) -> Run {
    store.runs(None).expect("a list").pop().expect("one run")
}

fn state(store: &dyn Store, run: &Run) -> RunState {
    let folder = store.run_folder(run).expect("a folder");
    RunState::of(&JournalWriter::read(&DiskFiles, &folder, &run.run_id).expect("a journal"))
}

fn name(text: &str) -> TreePath {
    TreePath::new(text).expect("a path")
}

everywhere!(what_succeeded_is_told_once);
fn what_succeeded_is_told_once(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let attempt = start(&store, "one");
    attempt.reach(RunStatus::Executing, Durability::Power).expect("a step");
    attempt.publish(OutgoingEvent {
        topic: "onex.evt.onx.painted.v1".to_owned(),
        key: "fence".to_owned(),
        payload: Map::from_iter([("colour".to_owned(), Value::from("red"))]),
    });
    let run = attempt.succeed(Value::from("red"), Map::new()).expect("ended");
    assert_eq!(run.status, RunStatus::Success);
    let task = store.task(&run.task_id).expect("an answer").expect("a task");
    assert_eq!(task.status, TaskStatus::Done);
    assert_eq!(state(&*store, &run).status, RunStatus::Success);
    let events = store.undelivered(10).expect("a list");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].payload, serde_json::json!({"colour": "red"}));
}

everywhere!(an_interrupted_run_goes_on_with_what_it_kept);
fn an_interrupted_run_goes_on_with_what_it_kept(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let short = workplace(&store, "one", Duration::from_millis(80));
    let first = Attempt::start(short, &new_task(), &plan("a")).expect("begun");
    first.attach(&name("colour"), b"red", Durability::Power).expect("kept");
    first.reach(RunStatus::Executing, Durability::Process).expect("a step");
    drop(first);
    let run = the_run(&*store);
    let place = workplace(&store, "two", Duration::from_mins(1));
    let second = Attempt::resume(place, &run, &plan("a")).expect("continued");
    assert_eq!(second.status(), RunStatus::Executing);
    assert_eq!(second.attached(&name("colour")).expect("an answer"), Some(b"red".to_vec()));
    assert_eq!(second.attached(&name("size")).expect("an answer"), None);
    second.attach(&name("size"), b"9", Durability::Process).expect("kept");
    let run = second.succeed(Value::Null, Map::new()).expect("ended");
    let state = state(&*store, &run);
    assert_eq!((state.status, state.findings), (RunStatus::Success, Vec::new()));
    assert_eq!(state.artifacts.len(), 3, "both, and the report");
}

everywhere!(nobody_takes_over_what_somebody_works_at);
fn nobody_takes_over_what_somebody_works_at(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let first = start(&store, "one");
    let run = the_run(&*store);
    let place = workplace(&store, "two", Duration::from_mins(1));
    let held = Attempt::resume(place.clone(), &run, &plan("a"));
    assert!(matches!(held, Err(AttemptError::Held { .. })), "{held:?}");
    let held = abandon(&place, &run, "by hand", true);
    assert!(matches!(held, Err(AttemptError::Held { .. })), "{held:?}");
    first.succeed(Value::Null, Map::new()).expect("ended");
    let over = Attempt::resume(place, &the_run(&*store), &plan("a"));
    assert!(matches!(over, Err(AttemptError::Over { .. })), "{over:?}");
}

everywhere!(what_was_taken_over_cannot_go_on);
fn what_was_taken_over_cannot_go_on(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let first = start(&store, "slow");
    let run = the_run(&*store);
    // As if the first one had slept past its lease, and its machine had lost its locks.
    let holder = store.holder(&run.task_id).expect("an answer").expect("one");
    store.release(&holder).expect("given back");
    store
        .claim(&run.task_id, &worker("quick"), LeaseTerm::new(Duration::from_mins(1)))
        .expect("an answer")
        .expect("free");
    let lost = first.expect_held().expect_err("it is another's");
    assert!(matches!(lost, run::RecordError::LeaseLost(_)), "{lost}");
    assert!(first.reach(RunStatus::Executing, Durability::Power).is_err());
    assert_eq!(the_run(&*store).status, RunStatus::Planning);
}

everywhere!(a_run_goes_on_only_with_its_own_plan);
fn a_run_goes_on_only_with_its_own_plan(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let short = workplace(&store, "one", Duration::from_millis(80));
    drop(Attempt::start(short, &new_task(), &plan("a")).expect("begun"));
    std::thread::sleep(Duration::from_millis(200));
    let place = workplace(&store, "two", Duration::from_millis(80));
    let other = Attempt::resume(place.clone(), &the_run(&*store), &plan("b"));
    let Err(AttemptError::Plan { source, .. }) = other else { panic!("{other:?}") };
    assert_eq!(source, PlanError::OtherCode);
    std::thread::sleep(Duration::from_millis(200));
    let run = abandon(&place, &the_run(&*store), "by hand", true).expect("given up");
    assert_eq!(run.status, RunStatus::Failed);
    let task = store.task(&run.task_id).expect("an answer").expect("a task");
    assert_eq!(task.status, TaskStatus::Archived);
    assert_eq!(state(&*store, &run).reason.as_deref(), Some("by hand"));
}

everywhere!(what_only_the_journal_knows_is_written_into_the_store);
fn what_only_the_journal_knows_is_written_into_the_store(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let short = || workplace(&store, "one", Duration::from_millis(80));
    let first = Attempt::start(short(), &new_task(), &plan("a")).expect("begun");
    // The process ends between the journal and the store.
    let event = Event::Advanced { to: RunStatus::Executing };
    first.record(event, Durability::Process).expect("written");
    drop(first);
    std::thread::sleep(Duration::from_millis(200));
    let second = Attempt::resume(short(), &the_run(&*store), &plan("a")).expect("continued");
    second.reach(RunStatus::Executing, Durability::Power).expect("a step");
    assert_eq!(state(&*store, &the_run(&*store)).findings, Vec::new(), "it is not said twice");
    second.record(Event::Failed { reason: "no paint".to_owned() }, Durability::Power).expect("so");
    drop(second);
    std::thread::sleep(Duration::from_millis(200));
    let third = Attempt::resume(short(), &the_run(&*store), &plan("a"));
    assert!(matches!(third, Err(AttemptError::Over { .. })), "{third:?}");
    assert_eq!(the_run(&*store).status, RunStatus::Failed);
}

everywhere!(a_plan_that_was_lost_is_written_again);
fn a_plan_that_was_lost_is_written_again(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let short = || workplace(&store, "one", Duration::from_millis(80));
    drop(Attempt::start(short(), &new_task(), &plan("a")).expect("begun"));
    let run = the_run(&*store);
    let folder = store.run_folder(&run).expect("a folder");
    let file = folder.join("artifacts/plan.json");
    let before = std::fs::read(&file).expect("a plan");
    std::fs::write(&file, "").expect("cut off");
    std::thread::sleep(Duration::from_millis(200));
    drop(Attempt::resume(short(), &run, &plan("a")).expect("continued"));
    assert_eq!(std::fs::read(&file).expect("a plan"), before);
}

everywhere!(whoever_ends_gives_the_lease_back);
fn whoever_ends_gives_the_lease_back(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    // The lease is for a minute, and nobody waits for it: neither after a failed attempt, …
    drop(start(&store, "one"));
    let run = the_run(&*store);
    let place = workplace(&store, "two", Duration::from_mins(1));
    assert_eq!(store.holder(&run.task_id).expect("an answer"), None);
    // … nor after one that was refused, …
    let other = Attempt::resume(place.clone(), &run, &plan("b"));
    assert!(matches!(other, Err(AttemptError::Plan { .. })), "{other:?}");
    let third = workplace(&store, "three", Duration::from_mins(1));
    drop(Attempt::resume(third, &run, &plan("a")).expect("continued"));
    // … nor after one that succeeded or was given up.
    let fourth = workplace(&store, "four", Duration::from_mins(1));
    let attempt = Attempt::resume(fourth, &run, &plan("a")).expect("continued");
    attempt.fail("no paint", true).expect("ended");
    assert_eq!(store.holder(&run.task_id).expect("an answer"), None);
    drop(start(&store, "five"));
    abandon(&place, &the_run(&*store), "by hand", true).expect("given up");
    assert_eq!(store.holder(&the_run(&*store).task_id).expect("an answer"), None);
}

everywhere!(who_was_killed_on_this_machine_is_not_waited_for);
fn who_was_killed_on_this_machine_is_not_waited_for(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let of_machine = |machine: &str, process| Workplace {
        worker: run::WorkerId::of_process("command", machine, process, moment(0)),
        ..workplace(&store, "any", Duration::from_mins(1))
    };
    drop(start(&store, "one"));
    let run = the_run(&*store);
    let minute = LeaseTerm::new(Duration::from_mins(1));
    // Nobody holds the lock of the folder, as after a kill; the lease stands.
    let claim = |worker: &run::WorkerId| {
        store.claim(&run.task_id, worker, minute).expect("an answer").expect("free")
    };
    claim(&of_machine("here", 1).worker);
    let elsewhere = Attempt::resume(of_machine("there", 2), &run, &plan("a"));
    match (&scene.server, elsewhere) {
        (Some(_), Err(AttemptError::Held { .. })) | (None, Ok(_)) => {}
        (_, other) => panic!("{other:?}"),
    }
    Attempt::resume(of_machine("here", 3), &run, &plan("a")).expect("continued at once");
}

everywhere!(a_reason_of_any_length_and_kind_is_kept);
fn a_reason_of_any_length_and_kind_is_kept(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    for reason in ["x", "\u{1}", "\"\\", "€", "𝄞"] {
        let long = reason.repeat(5000);
        let place = workplace(&store, "two", Duration::from_mins(1));
        start(&store, "one").fail(&long, true).expect("ended");
        let failed = the_run(&*store);
        drop(start(&store, "one"));
        let given_up = abandon(&place, &the_run(&*store), &long, true).expect("given up");
        for run in [failed, given_up] {
            let kept = state(&*store, &run).reason.expect("a reason");
            assert!(long.starts_with(&kept) && kept.len() > 200, "{reason:?}: {}", kept.len());
            assert_eq!(run.artifact_summary["reason"], Value::from(kept));
        }
    }
}

everywhere!(a_worker_gives_up_what_it_has_claimed);
fn a_worker_gives_up_what_it_has_claimed(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let minute = LeaseTerm::new(Duration::from_mins(1));
    let held = start(&store, "one");
    let run = the_run(&*store);
    let place = workplace(&store, "two", Duration::from_mins(1));
    store.release(&store.holder(&run.task_id).expect("an answer").expect("one")).expect("freed");
    let claim = || store.claim(&run.task_id, &place.worker, minute).expect("an answer");
    let lease = claim().expect("free");
    // Its process may be asleep, and still has it in hand.
    let refused = abandon_claimed(&place, &lease, &run, "too often");
    assert!(matches!(refused, Err(AttemptError::Held { .. })), "{refused:?}");
    drop(held);
    let run = abandon_claimed(&place, &lease, &run, "too often").expect("given up");
    let state = state(&*store, &run);
    assert_eq!((run.status, state.status), (RunStatus::Failed, RunStatus::Failed));
    assert_eq!((state.reason.as_deref(), state.findings), (Some("too often"), Vec::new()));
    let task = store.task(&run.task_id).expect("an answer").expect("a task");
    assert_eq!(task.status, TaskStatus::Todo);
    store.check_lease(&lease).expect("the worker has more to do under it");
}

everywhere!(what_succeeded_is_not_given_up);
fn what_succeeded_is_not_given_up(scene: &Scene) {
    let store: Arc<dyn Store> = opened(scene);
    let first = start(&store, "one");
    first.reach(RunStatus::Executing, Durability::Power).expect("a step");
    let report = store::ExecutorReport {
        format: store::EXECUTOR_REPORT_FORMAT.to_string(),
        result: Value::Null,
        summary: Map::from_iter([("colour".to_owned(), Value::from("red"))]),
        events: Vec::new(),
    };
    let report = serde_json::to_vec(&report).expect("JSON");
    first.attach(&name("executor_report.json"), &report, Durability::Power).expect("kept");
    // The process ends between the journal and the store.
    for to in [RunStatus::Verifying, RunStatus::Success] {
        first.record(Event::Advanced { to }, Durability::Power).expect("written");
    }
    drop(first);
    let place = workplace(&store, "two", Duration::from_mins(1));
    let over = abandon(&place, &the_run(&*store), "by hand", true);
    assert!(matches!(over, Err(AttemptError::Over { status: RunStatus::Success, .. })), "{over:?}");
    let run = the_run(&*store);
    assert_eq!((run.status, &run.artifact_summary["colour"]), (RunStatus::Success, &"red".into()));
    assert_eq!(state(&*store, &run).findings, Vec::new());
}
