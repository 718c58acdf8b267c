//! A process that is stopped past its lease, and wakes up when another has taken over.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use run::{RunId, RunStatus};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use store::{Advance, NewEvent, Store, StoreError};

use crate::scene::{Scene, everywhere, moment, named, open, soon, task, term, worker};

/// Names the store that the child works with.
const CHILD: &str = "ONX_TEST_STOPPED_IN";

fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_raw(child.id().try_into().expect("a number")).expect("an id");
    kill_process(id, signal).expect("delivered");
}

fn spawn(scene: &Scene) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "stopped::a_child_works_until_it_is_stopped", "--nocapture"])
        .env(CHILD, scene.place())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

everywhere!(who_was_stopped_past_the_lease_commits_nothing);
fn who_was_stopped_past_the_lease_commits_nothing(scene: &Scene) {
    let store = scene.store();
    store.enqueue(&named("t")).expect("a task");
    let mut child = spawn(scene);
    let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("working") {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "the child has ended");
    }
    signal(&child, Signal::STOP);
    let next = |name: &str| store.claim_next(&worker(name), term(60_000)).expect("an answer");
    let claim = soon(|| next("second"));
    assert_eq!(claim.attempt, 2);
    let run = store.open_run(&task("t")).expect("read").expect("a run");
    store
        .advance_run(&claim.lease, &run.run_id, &Advance::to(RunStatus::Verifying))
        .expect("the second goes on where the first was");

    signal(&child, Signal::CONT);
    child.stdin.take().expect("a pipe").write_all(b"go on\n").expect("told");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("a text");
    assert!(child.wait().expect("ended").success(), "{rest}");
    let refused: Vec<_> = rest.lines().filter_map(|line| line.strip_prefix("refused ")).collect();
    let expected = ["renew", "advance", "begin", "postpone", "dequeue", "check"];
    assert_eq!(refused, expected, "{rest}");

    store.check_lease(&claim.lease).expect("nobody took it away");
    let run = store.run(&run.run_id).expect("read").expect("there");
    assert_eq!(run.status, RunStatus::Verifying);
    assert_eq!(store.runs(None).expect("read").len(), 1);
    assert_eq!(store.undelivered(10).expect("read"), []);
    store.release(&claim.lease).expect("given back");
    assert_eq!(next("third").expect("it is still queued").attempt, 3);
}

#[test]
#[expect(clippy::print_stdout, reason = "a child tells its parent")]
fn a_child_works_until_it_is_stopped() {
    let Some(place) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let store = open(&place);
    let claim = store.claim_next(&worker("first"), term(1000)).expect("an answer").expect("one");
    let lease = claim.lease;
    let run = store.begin_run(&lease, moment(0)).expect("a run").run_id;
    store.advance_run(&lease, &run, &Advance::to(RunStatus::Executing)).expect("a step");
    println!("working");
    std::io::stdin().read_line(&mut String::new()).expect("told");
    for (name, outcome) in attempts(&*store, &lease, &run) {
        match outcome {
            Err(StoreError::LeaseLost(_)) => println!("refused {name}"),
            other => println!("{name}: {other:?}"),
        }
    }
    store.release(&lease).expect("nothing to give back");
}

/// Everything that a worker can write.
fn attempts(
    store: &dyn Store,
    lease: &run::Lease,
    run: &RunId,
) -> [(&'static str, Result<(), StoreError>); 6] {
    let event = NewEvent {
        topic: "runs".to_owned(),
        key: "stale".to_owned(),
        payload: json!(null),
        created_at: moment(0),
    };
    let failed = Advance { events: vec![event], ..Advance::to(RunStatus::Failed) };
    [
        ("renew", store.renew(lease, term(60_000))),
        ("advance", store.advance_run(lease, run, &failed).map(drop)),
        ("begin", store.begin_run(lease, moment(1)).map(drop)),
        ("postpone", store.postpone(lease, Duration::ZERO)),
        ("dequeue", store.dequeue(lease)),
        ("check", store.check_lease(lease)),
    ]
}
