//! Tasks that wait for a worker: each is taken by one at a time, and none is lost.

use std::time::Duration;

use run::{Fence, TaskStatus};
use store::{Claim, NewTask, Store, StoreError};

use crate::scene::{Scene, everywhere, named, new, soon, task, term, worker};

fn take(store: &dyn Store, name: &str, milliseconds: u64) -> Option<Claim> {
    store.claim_next(&worker(name), term(milliseconds)).expect("an answer")
}

fn taken(store: &dyn Store, name: &str) -> Option<(String, u32)> {
    let claim = take(store, name, 60_000)?;
    Some((claim.lease.task_id.to_string(), claim.attempt))
}

everywhere!(tasks_are_taken_in_the_order_in_which_they_came);
fn tasks_are_taken_in_the_order_in_which_they_came(scene: &Scene) {
    let store = scene.store();
    assert_eq!(taken(&*store, "w"), None);
    store.add_task(&named("aside")).expect("a task");
    for id in ["b", "a", "c"] {
        let task = store.enqueue(&named(id)).expect("a task");
        assert_eq!(task.status, TaskStatus::Todo);
    }
    // A second time changes nothing, and another task under the id is refused.
    store.enqueue(&named("c")).expect("the same");
    let other = NewTask { title: "another".to_owned(), ..named("c") };
    assert!(matches!(store.enqueue(&other), Err(StoreError::TaskExists(_))));
    assert_eq!(store.enqueue(&new("counted")).expect("a task").task_id, task("TASK-1"));
    let order: Vec<_> = std::iter::from_fn(|| taken(&*store, "w")).collect();
    let expected = ["b", "a", "c", "TASK-1"].map(|id| (id.to_owned(), 1));
    assert_eq!(order, expected);
}

everywhere!(what_a_worker_left_behind_is_found_again);
fn what_a_worker_left_behind_is_found_again(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("t")).expect("a task");
    let first = take(&*store, "dies", 60_000).expect("a task");
    assert_eq!((first.lease.fence, first.attempt), (Fence(1), 1));
    assert_eq!(taken(&*store, "v"), None);
    store.renew(&first.lease, term(50)).expect("its last sign of life");
    let second = soon(|| take(&*store, "v", 60_000));
    assert_eq!((second.lease.fence, second.attempt), (Fence(2), 2));
    assert!(matches!(store.dequeue(&first.lease), Err(StoreError::LeaseLost(_))));
    let late = store.postpone(&first.lease, Duration::ZERO);
    assert!(matches!(late, Err(StoreError::LeaseLost(_))));
    store.dequeue(&second.lease).expect("done");
    store.check_lease(&second.lease).expect("the lease stays");
    store.release(&second.lease).expect("given back");
    assert_eq!(taken(&*store, "v"), None);
}

everywhere!(a_heartbeat_keeps_what_was_taken);
fn a_heartbeat_keeps_what_was_taken(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("t")).expect("a task");
    let claim = take(&*store, "w", 1000).expect("a task");
    store.renew(&claim.lease, term(60_000)).expect("renewed");
    std::thread::sleep(Duration::from_millis(1050));
    assert_eq!(taken(&*store, "v"), None);
    store.release(&claim.lease).expect("given back");
    assert_eq!(taken(&*store, "v"), Some(("t".to_owned(), 2)));
}

everywhere!(what_is_passed_on_was_no_attempt);
fn what_is_passed_on_was_no_attempt(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("t")).expect("a task");
    for _ in 0..3 {
        let claim = take(&*store, "trusts-nobody", 60_000).expect("a task");
        assert_eq!(claim.attempt, 1);
        store.pass_on(&claim.lease, Duration::ZERO).expect("passed on");
        let late = store.pass_on(&claim.lease, Duration::ZERO);
        assert!(matches!(late, Err(StoreError::LeaseLost(_))));
    }
    let claim = take(&*store, "w", 60_000).expect("a task");
    store.pass_on(&claim.lease, Duration::from_hours(1)).expect("passed on");
    assert_eq!(taken(&*store, "v"), None, "not before its time");
}

everywhere!(what_is_postponed_waits_and_lets_others_go_first);
fn what_is_postponed_waits_and_lets_others_go_first(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("flaky")).expect("a task");
    store.enqueue(&named("next")).expect("a task");
    let flaky = take(&*store, "w", 60_000).expect("a task");
    store.postpone(&flaky.lease, Duration::from_mins(1)).expect("postponed");
    assert!(matches!(store.check_lease(&flaky.lease), Err(StoreError::LeaseLost(_))));
    assert_eq!(taken(&*store, "w"), Some(("next".to_owned(), 1)));
    assert_eq!(taken(&*store, "w"), None);
    // Whoever claims it by its name and gives it back does not bring it forward.
    let held = store.claim(&task("flaky"), &worker("w"), term(60_000)).expect("claimed");
    let held = held.expect("free");
    store.renew(&held, term(1)).expect("renewed");
    assert_eq!(taken(&*store, "w"), None);
    store.release(&held).expect("given back");
    assert_eq!(taken(&*store, "w"), None);
    let held = store.claim(&task("flaky"), &worker("w"), term(60_000)).expect("claimed");
    store.postpone(&held.expect("free"), Duration::from_millis(50)).expect("for a while");
    assert_eq!(soon(|| taken(&*store, "w")), ("flaky".to_owned(), 2));
    let again = take(&*store, "w", 60_000);
    assert_eq!(again, None);
}

everywhere!(a_task_that_somebody_claimed_by_name_is_passed_over);
fn a_task_that_somebody_claimed_by_name_is_passed_over(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("a")).expect("a task");
    store.enqueue(&named("b")).expect("a task");
    let held = store.claim(&task("a"), &worker("w"), term(60_000)).expect("claimed");
    assert_eq!(taken(&*store, "v"), Some(("b".to_owned(), 1)));
    assert_eq!(taken(&*store, "v"), None);
    store.release(&held.expect("free")).expect("given back");
    assert_eq!(taken(&*store, "v"), Some(("a".to_owned(), 1)));
}

everywhere!(what_is_archived_waits_no_more);
fn what_is_archived_waits_no_more(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("t")).expect("a task");
    store.archive_task(&task("t")).expect("archived");
    assert_eq!(taken(&*store, "w"), None);
    let again = store.enqueue(&named("t")).expect("the same task");
    assert_eq!(again.status, TaskStatus::Archived);
    assert_eq!(taken(&*store, "w"), None);
}
