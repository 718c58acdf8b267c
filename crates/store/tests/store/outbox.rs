//! Events that are written together with what they tell.

use run::{Lease, Run, RunStatus};
use serde_json::{Value, json};
use store::{Advance, NewEvent, Store, StoreError};

use crate::scene::{Scene, everywhere, moment, new, term, worker};

fn event(key: &str, payload: Value, seconds: i64) -> NewEvent {
    NewEvent { topic: "runs".to_owned(), key: key.to_owned(), payload, created_at: moment(seconds) }
}

fn begun(store: &dyn Store) -> (Lease, Run) {
    store.start(&new("One"), &worker("w"), term(60_000), moment(0)).expect("begun")
}

fn with_events(to: RunStatus, events: Vec<NewEvent>) -> Advance {
    Advance { events, ..Advance::to(to) }
}

fn waiting(store: &dyn Store, limit: u32) -> Vec<(String, Value)> {
    let events = store.undelivered(limit).expect("events");
    events.into_iter().map(|event| (event.key, event.payload)).collect()
}

everywhere!(an_event_is_written_with_its_step_or_not_at_all);
fn an_event_is_written_with_its_step_or_not_at_all(scene: &Scene) {
    let store = scene.store();
    let (lease, run) = begun(&*store);
    let hard = json!({ "b": [1, 2.5, 1e300], "a": "\u{0}\u{1f980}'\"" });
    let step = with_events(
        RunStatus::Executing,
        vec![event("one", hard.clone(), 1), event("two", json!(null), 2)],
    );
    store.advance_run(&lease, &run.run_id, &step).expect("a step");
    let wrong = with_events(RunStatus::Success, vec![event("never", json!(1), 3)]);
    let refused = store.advance_run(&lease, &run.run_id, &wrong);
    assert!(matches!(refused, Err(StoreError::Status { .. })));
    // A payload that has no canonical form takes its step with it.
    let inexact = with_events(
        RunStatus::Verifying,
        vec![event("good", json!(1), 3), event("bad", json!(u64::MAX), 3)],
    );
    let refused = store.advance_run(&lease, &run.run_id, &inexact);
    assert!(matches!(refused, Err(StoreError::Canonical(_))), "{refused:?}");
    let known = store.run(&run.run_id).expect("read").expect("there");
    assert_eq!(known.status, RunStatus::Executing);
    let events = store.undelivered(10).expect("events");
    assert_eq!(waiting(&*store, 10), [("one".to_owned(), hard), ("two".to_owned(), json!(null))]);
    assert_eq!((&*events[0].topic, events[0].created_at), ("runs", moment(1)));
    assert_eq!(waiting(&*store, 1).len(), 1);
    assert_eq!(waiting(&*store, 0), []);
}

everywhere!(what_is_told_twice_is_kept_once);
fn what_is_told_twice_is_kept_once(scene: &Scene) {
    let store = scene.store();
    let (lease, run) = begun(&*store);
    let same = [event("k", json!({ "a": 1, "b": 2 }), 1), event("k", json!({ "b": 2, "a": 1 }), 9)];
    assert_eq!(same[0].id().expect("an id"), same[1].id().expect("an id"));
    let step = with_events(RunStatus::Executing, same.to_vec());
    store.advance_run(&lease, &run.run_id, &step).expect("a step");
    let others = vec![
        same[0].clone(),
        event("k", json!({ "a": 1 }), 1),
        event("l", json!({ "a": 1, "b": 2 }), 1),
        NewEvent { topic: "tasks".to_owned(), ..same[0].clone() },
    ];
    let step = with_events(RunStatus::Verifying, others);
    store.advance_run(&lease, &run.run_id, &step).expect("a step");
    let events = store.undelivered(10).expect("events");
    assert_eq!(events.len(), 4);
    assert_eq!(events[0].created_at, moment(1), "the first one counts");
}

everywhere!(what_was_delivered_is_delivered_no_more);
fn what_was_delivered_is_delivered_no_more(scene: &Scene) {
    let store = scene.store();
    let (lease, run) = begun(&*store);
    let events = (1..=5).map(|number| event("k", json!(number), number)).collect();
    store
        .advance_run(&lease, &run.run_id, &with_events(RunStatus::Executing, events))
        .expect("a step");
    let first: Vec<_> =
        store.undelivered(2).expect("events").into_iter().map(|event| event.id).collect();
    store.mark_delivered(&first).expect("marked");
    store.mark_delivered(&first).expect("marked again");
    store.mark_delivered(&[]).expect("nothing to mark");
    let rest: Vec<_> = waiting(&*store, 10).into_iter().map(|(_, payload)| payload).collect();
    assert_eq!(rest, [json!(3), json!(4), json!(5)]);
    // What was delivered and is told again is still known.
    let again = with_events(RunStatus::Verifying, vec![event("k", json!(1), 8)]);
    store.advance_run(&lease, &run.run_id, &again).expect("a step");
    assert_eq!(waiting(&*store, 10).len(), 3);
}
