//! Who may work at a task: one worker at a time, whoever else tries, and nobody after their time.

use std::time::Duration;

use run::{Fence, RunStatus};
use store::{Advance, StoreError};

use crate::scene::{Scene, add_tasks, everywhere, moment, task, term, worker};

everywhere!(who_was_stopped_past_the_lease_cannot_write);
fn who_was_stopped_past_the_lease_cannot_write(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let id = task("TASK-1");
    let first = store.claim(&id, &worker("slow"), term(60_000)).expect("claimed").expect("free");
    assert_eq!(first.fence, Fence(1));
    assert_eq!(store.claim(&id, &worker("quick"), term(60_000)).expect("an answer"), None);
    let run = store.begin_run(&first, moment(0)).expect("a run");
    store.renew(&first, term(1)).expect("still theirs");
    std::thread::sleep(Duration::from_millis(30));
    // It has expired and nobody has claimed it: whoever was asleep goes on.
    store.renew(&first, term(60_000)).expect("still theirs");
    assert_eq!(store.claim(&id, &worker("quick"), term(60_000)).expect("an answer"), None);
    store.renew(&first, term(1)).expect("still theirs");
    std::thread::sleep(Duration::from_millis(30));
    // Nobody else has claimed it, so what is written harms nobody.
    let planned = store.advance_run(&first, &run.run_id, &Advance::to(RunStatus::Executing));
    planned.expect("a step");

    store.check_lease(&first).expect("nobody took it over");

    let second = store.claim(&id, &worker("quick"), term(60_000)).expect("claimed").expect("free");
    assert_eq!(second.fence, Fence(2));
    let renewed = store.renew(&first, term(60_000));
    assert!(matches!(renewed, Err(StoreError::LeaseLost(_))), "it is another's");
    let late = store.advance_run(&first, &run.run_id, &Advance::to(RunStatus::Verifying));
    assert!(matches!(late, Err(StoreError::LeaseLost(_))));
    assert!(matches!(store.check_lease(&first), Err(StoreError::LeaseLost(_))));
    store.check_lease(&second).expect("theirs");
    store.release(&first).expect("nothing to give back");
    assert_eq!(store.claim(&id, &worker("third"), term(1)).expect("an answer"), None);
    // The run goes on under the new lease.
    let step = store.advance_run(&second, &run.run_id, &Advance::to(RunStatus::Verifying));
    assert_eq!(step.expect("a step").status, RunStatus::Verifying);
    store.release(&second).expect("given back");
    let renewed = store.renew(&second, term(60_000));
    assert!(matches!(renewed, Err(StoreError::LeaseLost(_))), "it was given back");
    assert!(matches!(store.check_lease(&second), Err(StoreError::LeaseLost(_))));
    let third = store.claim(&id, &worker("third"), term(1)).expect("claimed").expect("free");
    assert_eq!(third.fence, Fence(3));
}

everywhere!(a_heartbeat_keeps_a_lease);
fn a_heartbeat_keeps_a_lease(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let id = task("TASK-1");
    let lease = store.claim(&id, &worker("w"), term(1000)).expect("claimed").expect("free");
    store.renew(&lease, term(60_000)).expect("renewed");
    std::thread::sleep(Duration::from_millis(1050));
    assert_eq!(store.claim(&id, &worker("v"), term(1000)).expect("an answer"), None);
}
