//! Sixteen workers take ten thousand leases at once, and none is taken twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::runtime::{Builder, Runtime};

use crate::scene::{Scene, add_tasks, everywhere, open, task, term, worker};

const WORKERS: usize = 16;
const LEASES: u32 = 10_000;
const PROCESSES: u32 = 4;
const TASKS: u32 = 60;

/// Names the store that a child process of this test is to take leases from.
const CHILD: &str = "ONX_TEST_LEASES_OF";

/// Puts this many tasks into the queue, past the store: that is not what is measured.
fn fill(scene: &Scene, count: u32) {
    drop(scene.store());
    let numbers = match scene.server {
        None => format!(
            "WITH RECURSIVE numbers (n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
        ),
        Some(_) => format!("WITH numbers AS (SELECT generate_series(1, {count}) AS n)"),
    };
    let named = format!("{numbers} SELECT 'q-' || n");
    scene.execute(&format!(
        "BEGIN; \
         INSERT INTO tasks (task_id, title, status) {named}, 'one of many', 'TODO' FROM numbers; \
         INSERT INTO leases (task_id, fence, expires_at) {named}, 0, 0 FROM numbers; \
         INSERT INTO queue (task_id, not_before, due_at) {named}, 0, 0 FROM numbers; \
         COMMIT;"
    ));
}

/// Lets workers take what they get until nothing is left or somebody has stopped the race; returns
/// how often each task was taken.
fn race<C>(stopped: &AtomicBool, claimer: impl Fn(usize) -> C + Sync) -> BTreeMap<String, u32>
where
    C: FnMut() -> Option<String>,
{
    let barrier = Barrier::new(WORKERS);
    let mut claimed = BTreeMap::new();
    std::thread::scope(|scope| {
        let work = |number| {
            let mut claim = claimer(number);
            barrier.wait();
            let next = || if stopped.load(Ordering::Relaxed) { None } else { claim() };
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        let workers: Vec<_> =
            (0..WORKERS).map(|number| scope.spawn(move || work(number))).collect();
        for id in workers.into_iter().flat_map(|worker| worker.join().expect("no panic")) {
            *claimed.entry(id).or_default() += 1;
        }
    });
    claimed
}

/// What the race is about: everything was taken, and nothing twice.
fn is_fair(claimed: &BTreeMap<String, u32>, count: u32) -> Result<(), String> {
    let twice = claimed.values().filter(|times| **times > 1).count();
    if twice > 0 {
        return Err(format!("{twice} of {} leases were taken more than once", claimed.len()));
    }
    if claimed.len() == count as usize {
        Ok(())
    } else {
        Err(format!("{} of {count} leases were taken", claimed.len()))
    }
}

fn no_lease_is_taken_twice(scene: &Scene) {
    fill(scene, LEASES);
    let place = scene.place();
    let claimed = race(&AtomicBool::new(false), |number| {
        let store = open(&place);
        let worker = worker(&format!("w{number}"));
        move || {
            let claim = store.claim_next(&worker, term(3_600_000)).expect("an answer");
            claim.map(|claim| claim.lease.task_id.to_string())
        }
    });
    assert_eq!(is_fair(&claimed, LEASES), Ok(()));
}

#[test]
fn no_lease_is_taken_twice_in_sqlite() {
    // Ten thousand waits for the disk would say nothing more about who gets a lease.
    no_lease_is_taken_twice(&Scene::in_memory());
}

#[test]
fn no_lease_is_taken_twice_in_postgres() {
    if let Some(scene) = Scene::on_server() {
        no_lease_is_taken_twice(&scene);
    }
}

const LOOK: &str = "SELECT queue.task_id FROM queue JOIN leases ON leases.task_id = queue.task_id \
                    WHERE leases.worker_id IS NULL ORDER BY queue.position LIMIT 1";
const TAKE: &str = "UPDATE leases SET worker_id = 'w' WHERE task_id = $1";

/// The same race by workers that look first and take then. It stops at the first lease that is
/// taken twice, and there has to be one: a test that cannot see it would say nothing about the
/// others.
fn who_looks_first_is_caught<C>(scene: &Scene, claimer: impl Fn() -> C + Sync)
where
    C: FnMut() -> Option<String>,
{
    fill(scene, LEASES);
    let stopped = AtomicBool::new(false);
    let seen = Mutex::new(BTreeSet::new());
    let claimed = race(&stopped, |_| {
        let mut claim = claimer();
        let (seen, stopped) = (&seen, &stopped);
        move || {
            let id = claim()?;
            if !seen.lock().expect("no panic").insert(id.clone()) {
                stopped.store(true, Ordering::Relaxed);
            }
            Some(id)
        }
    });
    let verdict = is_fair(&claimed, LEASES).expect_err("without the one statement it is lost");
    assert!(verdict.contains("more than once"), "{verdict}");
}

#[test]
fn who_looks_first_is_caught_in_sqlite() {
    let scene = Scene::in_memory();
    let path = scene.path();
    who_looks_first_is_caught(&scene, || {
        let runtime = runtime();
        let options = SqliteConnectOptions::new().filename(&path);
        let options = options.busy_timeout(Duration::from_mins(1));
        let mut connection = runtime.block_on(options.connect()).expect("a database");
        move || {
            runtime.block_on(async {
                let found = sqlx::query_scalar(LOOK).fetch_optional(&mut connection).await;
                let id: String = found.expect("an answer")?;
                let taken = sqlx::query(TAKE).bind(&id).execute(&mut connection).await;
                taken.expect("written");
                Some(id)
            })
        }
    });
}

#[test]
fn who_looks_first_is_caught_in_postgres() {
    let Some(scene) = Scene::on_server() else { return };
    let schema = scene.server.as_ref().expect("a server");
    let options = PgConnectOptions::from_str(schema.server).expect("a URL");
    let options = options.options([("search_path", &*schema.name)]);
    who_looks_first_is_caught(&scene, || {
        let runtime = runtime();
        let mut connection = runtime.block_on(options.connect()).expect("a database");
        move || {
            runtime.block_on(async {
                let found = sqlx::query_scalar(LOOK).fetch_optional(&mut connection).await;
                let id: String = found.expect("an answer")?;
                let taken = sqlx::query(TAKE).bind(&id).execute(&mut connection).await;
                taken.expect("written");
                Some(id)
            })
        }
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

everywhere!(of_several_processes_one_gets_each_task);
fn of_several_processes_one_gets_each_task(scene: &Scene) {
    add_tasks(&*scene.store(), TASKS);
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            Command::new(std::env::current_exe().expect("this program"))
                .args(["--exact", "race::a_child_takes_what_it_gets", "--nocapture"])
                .env(CHILD, scene.place())
                .env("ONX_TEST_WORKER", format!("p{number}"))
                .stdout(Stdio::piped())
                .spawn()
                .expect("a child")
        })
        .collect();
    let mut claimed = BTreeMap::<String, u32>::new();
    for child in children {
        let ended = child.wait_with_output().expect("ended");
        assert!(ended.status.success());
        let said = String::from_utf8(ended.stdout).expect("a text");
        for id in said.lines().filter_map(|line| line.split("claimed ").nth(1)) {
            *claimed.entry(id.trim().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(is_fair(&claimed, TASKS), Ok(()));
}

#[test]
#[expect(clippy::print_stdout, reason = "a child tells its parent")]
fn a_child_takes_what_it_gets() {
    let Some(place) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let store = open(&place);
    let worker = worker(&std::env::var("ONX_TEST_WORKER").expect("a name"));
    for id in 1..=TASKS {
        let task = task(&format!("TASK-{id}"));
        if store.claim(&task, &worker, term(60_000)).expect("an answer").is_some() {
            println!("claimed {id}");
        }
    }
}
