//! How many tasks sixteen workers take from the queue in a second, beside a loop of the plainest
//! `FOR UPDATE SKIP LOCKED` over a table of its own on the same server: what a queue costs that
//! fences, counts attempts and gives back what a dead worker held. Both wait for the disk as a
//! server does by default. They take turns, so that what else the machine does falls on both.
//!
//!     cargo run --release --package store --example claims [LEASES] [TURNS]

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::expect_used, reason = "a measurement that fails has no result")]

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use run::{LeaseTerm, WorkerId};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, SqlSafeStr as _};
use tokio::runtime::{Builder, Runtime};

const WORKERS: usize = 16;

/// Takes the first lease that is free or expired, and nothing else.
const PLAIN: &str = "UPDATE plain SET worker = $1, \
    expires_at = (extract(epoch FROM now()) * 1000)::bigint + 3600000 \
    WHERE id = (SELECT id FROM plain WHERE expires_at <= (extract(epoch FROM now()) * 1000)::bigint \
    ORDER BY expires_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id";

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let leases: u32 = numbers.next().unwrap_or(10_000);
    let turns = numbers.next().unwrap_or(5);
    let folder = tempfile::tempdir().expect("a temporary folder");
    open_to_all(folder.path());
    let server = match testkit::postgres::Server::start(folder.path(), &[]) {
        Ok(server) => server,
        Err(why) => return println!("skipped: {why}"),
    };
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for turn in 0..turns {
        ours.push(rate(leases, queue(&server.url(), leases, turn)));
        plain.push(rate(leases, skip_locked(&server.url(), leases)));
    }
    let mut ratios: Vec<_> = ours.iter().zip(&plain).map(|(ours, plain)| ours / plain).collect();
    println!("{:8.0} claims a second from the queue", median(&mut ours));
    println!("{:8.0} a second by a plain SKIP LOCKED", median(&mut plain));
    println!("{:8.2} of it, the median of {turns} turns", median(&mut ratios));
    let file = sqlite(&folder.path().join("onx.db"), leases / 10);
    println!("{:8.0} claims a second from a file of SQLite", rate(leases / 10, file));
}

/// The server has another user than the one who made the folder.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, mode).expect("one's own folder");
}

fn rate(leases: u32, took: Duration) -> f64 {
    f64::from(leases) / took.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Lets all workers take what they get until nothing is left; how long it took.
fn race<C: FnMut() -> bool>(leases: u32, claimer: impl Fn(usize) -> C + Sync) -> Duration {
    let barrier = Barrier::new(WORKERS + 1);
    std::thread::scope(|scope| {
        let work = |number| {
            let mut claim = claimer(number);
            barrier.wait();
            let mut taken = 0_u32;
            while claim() {
                taken += 1;
            }
            taken
        };
        let workers: Vec<_> = (0..WORKERS).map(|it| scope.spawn(move || work(it))).collect();
        barrier.wait();
        let started = Instant::now();
        let taken: u32 = workers.into_iter().map(|it| it.join().expect("no panic")).sum();
        assert_eq!(taken, leases, "every lease is taken once");
        started.elapsed()
    })
}

fn of_store(place: &Path, leases: u32) -> Duration {
    race(leases, |number| {
        let store = store::open(place, Path::new("/workspaces")).expect("a store");
        let worker = WorkerId::new(format!("w{number}")).expect("an id");
        let term = LeaseTerm::new(Duration::from_hours(1));
        move || store.claim_next(&worker, term).expect("an answer").is_some()
    })
}

fn queue(server: &str, leases: u32, turn: u32) -> Duration {
    let place = PathBuf::from(format!("{server}?schema=claims_{turn}"));
    drop(store::open(&place, Path::new("/workspaces")).expect("a store"));
    let insert = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO claims_{turn}.{table} ({columns}) \
             SELECT 'q-' || n, {values} FROM generate_series(1, {leases}) AS n;"
        )
    };
    let tasks = insert("tasks", "task_id, title, status", "'one of many', 'TODO'");
    let held = insert("leases", "task_id, fence, expires_at", "0, 0");
    let queued = insert("queue", "task_id, not_before, due_at", "0, 0");
    execute(server, &format!("{tasks}{held}{queued}ANALYZE;"));
    of_store(&place, leases)
}

fn skip_locked(server: &str, leases: u32) -> Duration {
    execute(
        server,
        &format!(
            "DROP TABLE IF EXISTS plain; \
             CREATE TABLE plain (id BIGINT PRIMARY KEY, worker TEXT, expires_at BIGINT NOT NULL); \
             CREATE INDEX plain_by_expiry ON plain (expires_at, id); \
             INSERT INTO plain SELECT n, NULL, 0 FROM generate_series(1, {leases}) AS n; ANALYZE;"
        ),
    );
    race(leases, |number| {
        let (runtime, mut connection) = connect(server);
        let worker = format!("w{number}");
        move || {
            let taken = sqlx::query_scalar(PLAIN).bind(&worker).fetch_optional(&mut connection);
            let taken: Option<i64> = runtime.block_on(taken).expect("an answer");
            taken.is_some()
        }
    })
}

fn sqlite(path: &Path, leases: u32) -> Duration {
    use store::Store as _;
    let store = store::SqliteStore::open_or_create(path).expect("a store");
    for number in 0..leases {
        let new = store::NewTask {
            task_id: None,
            title: format!("Task {number}"),
            objective: None,
            metadata: serde_json::Map::new(),
            created_at: artifact::Timestamp::from_unix_seconds(0).expect("a moment"),
        };
        store.enqueue(&new).expect("a task");
    }
    of_store(path, leases)
}

fn connect(server: &str) -> (Runtime, PgConnection) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let options = PgConnectOptions::from_str(server).expect("a URL");
    let connection = runtime.block_on(options.connect()).expect("a server");
    (runtime, connection)
}

fn execute(server: &str, script: &str) {
    let (runtime, mut connection) = connect(server);
    let script = AssertSqlSafe(script.to_owned()).into_sql_str();
    runtime.block_on(connection.execute(script)).expect("the script runs");
}
