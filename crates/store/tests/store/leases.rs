//! Who may work at a task: one worker at a time, whoever else tries, and nobody after their time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::Duration;

use run::{Fence, RunStatus};
use store::{Advance, SqliteStore, Store as _, StoreError};

use crate::scene::{
    Scene, add_tasks, everywhere, execute, moment, task, term, with_connection, worker,
};

const TASKS: u32 = 60;
const WORKERS: u32 = 16;
const PROCESSES: u32 = 4;

/// Names the store that a child process of this test is to take leases from.
const CHILD: &str = "ONX_TEST_LEASES_OF";

/// Sixteen workers try to claim every task at once; returns how often each was claimed.
fn race<C>(path: &Path, claimer: impl Fn(u32) -> C + Sync) -> BTreeMap<u32, u32>
where
    C: FnMut(u32) -> bool,
{
    let barrier = Barrier::new(WORKERS as usize);
    let mut claimed = BTreeMap::new();
    std::thread::scope(|scope| {
        let work = |number: u32| {
            let mut claim = claimer(number);
            barrier.wait();
            (1..=TASKS).filter(|id| claim(*id)).collect::<Vec<_>>()
        };
        let workers: Vec<_> =
            (0..WORKERS).map(|number| scope.spawn(move || work(number))).collect();
        for won in workers.into_iter().flat_map(|worker| worker.join().expect("no panic")) {
            *claimed.entry(won).or_default() += 1;
        }
    });
    assert!(path.is_file());
    claimed
}

fn exactly_once() -> BTreeMap<u32, u32> {
    (1..=TASKS).map(|id| (id, 1)).collect()
}

#[test]
fn of_sixteen_threads_one_gets_each_task() {
    let scene = Scene::with_tasks(TASKS);
    let claimed = race(&scene.path(), |number| {
        let store = SqliteStore::open(&scene.path()).expect("a store");
        let worker = worker(&format!("w{number}"));
        move |id| {
            let task = task(&format!("TASK-{id}"));
            store.claim(&task, &worker, term(60_000)).expect("an answer").is_some()
        }
    });
    assert_eq!(claimed, exactly_once());
}

#[test]
fn to_look_first_and_claim_then_gives_tasks_to_several() {
    // What the single statement is for: without it, the same race is lost.
    let scene = Scene::with_tasks(TASKS);
    let all: String = (1..=TASKS)
        .map(|id| format!("INSERT INTO leases VALUES ('TASK-{id}', NULL, 0, 0);"))
        .collect();
    execute(&scene.path(), &all);
    let claimed = race(&scene.path(), |_| {
        let path = scene.path();
        move |id| {
            let id = format!("TASK-{id}");
            with_connection(&path, async |connection| {
                let free: bool =
                    sqlx::query_scalar("SELECT worker_id IS NULL FROM leases WHERE task_id = ?")
                        .bind(&id)
                        .fetch_one(&mut *connection)
                        .await
                        .expect("a row");
                std::thread::sleep(Duration::from_millis(2));
                if free {
                    sqlx::query("UPDATE leases SET worker_id = 'w' WHERE task_id = ?")
                        .bind(&id)
                        .execute(&mut *connection)
                        .await
                        .expect("written");
                }
                free
            })
        }
    });
    assert_ne!(claimed, exactly_once());
    assert!(claimed.values().any(|times| *times > 1), "{claimed:?}");
}

#[test]
fn of_several_processes_one_gets_each_task() {
    let scene = Scene::with_tasks(TASKS);
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "leases::a_child_takes_what_it_gets", "--nocapture"])
                .env(CHILD, scene.path())
                .env("ONX_TEST_WORKER", format!("p{number}"))
                .stdout(Stdio::piped())
                .spawn()
                .expect("a child")
        })
        .collect();
    let mut claimed = BTreeMap::<u32, u32>::new();
    for child in children {
        let ended = child.wait_with_output().expect("ended");
        assert!(ended.status.success());
        let said = String::from_utf8(ended.stdout).expect("a text");
        for id in said.lines().filter_map(|line| line.split("claimed ").nth(1)) {
            *claimed.entry(id.trim().parse().expect("a number")).or_default() += 1;
        }
    }
    assert_eq!(claimed, exactly_once());
}

#[test]
#[expect(clippy::print_stdout, reason = "a child tells its parent")]
fn a_child_takes_what_it_gets() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let store = SqliteStore::open(&path).expect("a store");
    let worker = worker(&std::env::var("ONX_TEST_WORKER").expect("a name"));
    for id in 1..=TASKS {
        let task = task(&format!("TASK-{id}"));
        if store.claim(&task, &worker, term(60_000)).expect("an answer").is_some() {
            println!("claimed {id}");
        }
    }
}

everywhere!(who_was_stopped_past_the_lease_cannot_write);
fn who_was_stopped_past_the_lease_cannot_write(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let id = task("TASK-1");
    let first = store.claim(&id, &worker("slow"), term(400)).expect("claimed").expect("free");
    assert_eq!(first.fence, Fence(1));
    assert_eq!(store.claim(&id, &worker("quick"), term(400)).expect("an answer"), None);
    let run = store.begin_run(&first, moment(0)).expect("a run");
    store.renew(&first, term(1)).expect("still theirs");
    std::thread::sleep(Duration::from_millis(30));
    let renewed = store.renew(&first, term(60_000));
    assert!(matches!(renewed, Err(StoreError::LeaseLost(_))), "it has expired");
    // Nobody else has claimed it, so what is written harms nobody.
    let planned = store.advance_run(&first, &run.run_id, &Advance::to(RunStatus::Executing));
    planned.expect("a step");

    store.check_lease(&first).expect("nobody took it over");

    let second = store.claim(&id, &worker("quick"), term(60_000)).expect("claimed").expect("free");
    assert_eq!(second.fence, Fence(2));
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
    assert!(matches!(store.check_lease(&second), Err(StoreError::LeaseLost(_))));
    let third = store.claim(&id, &worker("third"), term(1)).expect("claimed").expect("free");
    assert_eq!(third.fence, Fence(3));
}

everywhere!(a_heartbeat_keeps_a_lease);
fn a_heartbeat_keeps_a_lease(scene: &Scene) {
    let store = scene.store();
    add_tasks(&*store, 1);
    let id = task("TASK-1");
    let lease = store.claim(&id, &worker("w"), term(300)).expect("claimed").expect("free");
    store.renew(&lease, term(60_000)).expect("renewed");
    std::thread::sleep(Duration::from_millis(320));
    assert_eq!(store.claim(&id, &worker("v"), term(300)).expect("an answer"), None);
}
