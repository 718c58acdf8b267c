//! What is left behind by failures, kills and others who work at the same, and how it goes on.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use artifact::{Timestamp, TreePath};
use host::{DiskFiles, FileLock, Files, Place};
use run::{Event, LeaseTerm, RunStatus, WorkerId};
use serde_json::Value;
use store::{SqliteStore, Store as _};

use crate::runs::{APPLY, GENERATE, interrupt, json, with_dependent, yes};
use crate::scene::Scene;

const PLAN: &str = "echo '{\"goal\": \"g\", \"steps\": [\"s\"]}'";

fn lock(folder: &Path) -> FileLock {
    let name = TreePath::new("lock").expect("a path");
    DiskFiles.lock(Place::new(folder, &name), "a test").expect("it is free")
}

/// Whether something is so within half a minute.
fn comes_true(condition: impl Fn() -> bool) -> bool {
    (0..3000).any(|_| {
        let holds = condition();
        if !holds {
            std::thread::sleep(Duration::from_millis(10));
        }
        holds
    })
}

fn ends(child: &mut Child) -> bool {
    (0..3000).any(|_| {
        let ended = child.try_wait().expect("an answer").is_some();
        if !ended {
            std::thread::sleep(Duration::from_millis(10));
        }
        ended
    })
}

fn statuses(scene: &Scene) -> Vec<String> {
    let runs = json(scene, &["runs", "list"]);
    let status = |run: &Value| run["status"].as_str().expect("a word").to_owned();
    runs.as_array().expect("a list").iter().map(status).collect()
}

/// How often the log says this of an application.
fn told(scene: &Scene, what: &str) -> usize {
    yes(scene.onx(&["audit", "show"])).out.matches(what).count()
}

fn listed(scene: &Scene) -> Option<usize> {
    json(scene, &["migrate", "history", "--all"]).as_array().map(Vec::len)
}

/// Runs a statement in the default store past onx.
pub(crate) fn execute(scene: &Scene, statement: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(scene.state().join("onx.db"));
        let mut connection = options.connect().await.expect("a database");
        connection.execute(statement).await.expect("changed");
        connection.close().await.expect("closed");
    });
}

#[test]
fn an_application_is_told_and_listed_whatever_fails_afterwards() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    let before = scene.files("app");
    scene.write("in_the_way", "");
    let report = ["--report", "in_the_way/report.json"];
    let failed = scene.onx(&[&APPLY[..], &report].concat());
    assert_ne!(failed.code, 0, "{}", failed.out);
    assert_ne!(scene.files("app"), before, "it was applied all the same");
    assert_eq!((listed(&scene), told(&scene, "manifest applied")), (Some(1), 1));
    yes(scene.onx(&APPLY));
    yes(scene.onx(&["migrate", "status", "--package", "app"]));
    assert_eq!((listed(&scene), told(&scene, "manifest applied")), (Some(1), 1));
}

#[test]
fn an_application_that_nobody_told_of_is_told_by_whoever_finds_it() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&APPLY));
    // As if the process had been killed before it said so, and its run had been given up.
    std::fs::remove_dir_all(scene.state().join("audit")).expect("no log");
    execute(&scene, "DELETE FROM migration_applications");
    yes(scene.onx(&["migrate", "status", "--package", "app"]));
    assert_eq!((listed(&scene), told(&scene, "manifest applied")), (Some(0), 1));
    yes(scene.onx(&APPLY));
    assert_eq!((listed(&scene), told(&scene, "manifest applied")), (Some(1), 1));
    std::fs::remove_dir_all(scene.state().join("audit")).expect("no log");
    yes(scene.onx(&["migrate", "rollback", "--package", "app"]));
    assert_eq!((told(&scene, "manifest applied"), told(&scene, "rolled back")), (1, 1));
}

#[test]
fn a_worker_keeps_what_somebody_else_still_has_in_hand() {
    let scene = with_dependent();
    yes(scene.onx(&[&GENERATE[..], &["--queue"]].concat()));
    let store = SqliteStore::open(&scene.state().join("onx.db")).expect("a store");
    let worker = WorkerId::like("a worker that sleeps");
    let term = LeaseTerm::new(Duration::from_millis(50));
    let claim = store.claim_next(&worker, term).expect("an answer").expect("a task");
    let at = Timestamp::from_unix_seconds(1_762_106_400).expect("in range");
    let run = store.begin_run(&claim.lease, at).expect("begun");
    let folder = store.run_folder(&run).expect("a folder");
    DiskFiles.create_base(&folder).expect("made");
    let held = lock(&folder);
    let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
    command.args(["worker", "--drain"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("onx starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("a text");
    assert!(first.contains("postponed") && first.contains("being worked at"), "{first}");
    drop(held);
    let rest: Vec<_> = lines.map(|line| line.expect("a text")).collect();
    assert!(rest.iter().any(|line| line.contains("TASK-1  done")), "{rest:?}");
    assert!(child.wait().expect("ended").success());
    assert_eq!(statuses(&scene), ["SUCCESS"]);
}

#[test]
fn a_command_begins_anew_where_its_versions_are_others_now() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    interrupt(&scene, RunStatus::Planning);
    let folder =
        |task: u32| scene.state().join(format!("workspaces/TASK-{task}/runs/TASK-{task}-run-01"));
    crate::runs::copy_attached(&folder(1), &folder(2));
    scene.write("new/yourlib/more.py", "x = 1\n");
    // Who names the run is told, and decides.
    let resumed = scene.onx(&["runs", "resume", "TASK-2-run-01"]);
    assert_eq!(resumed.code, 4, "{}", resumed.err);
    assert!(resumed.err.contains("onx runs abandon"), "{}", resumed.err);
    assert_eq!(statuses(&scene), ["SUCCESS", "PLANNING"]);
    // Who gives the command again asks for what is there now.
    let again = yes(scene.onx(&GENERATE));
    assert!(again.err.contains("the run TASK-2-run-01 was given up"), "{}", again.err);
    assert_eq!(statuses(&scene), ["SUCCESS", "FAILED", "SUCCESS"]);
}

#[test]
fn a_target_that_another_process_has_in_hand_is_a_conflict() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&APPLY));
    yes(scene.onx(&["migrate", "rollback", "--package", "app"]));
    let targets = std::fs::read_dir(scene.state().join("targets")).expect("a folder");
    let targets: Vec<PathBuf> = targets.map(|entry| entry.expect("an entry").path()).collect();
    let held = lock(&targets[0]);
    let refused = scene.onx(&APPLY);
    assert_eq!((refused.code, refused.err.contains("a test")), (4, true), "{}", refused.err);
    assert_eq!(statuses(&scene)[2..], ["FAILED"], "nothing is left to stumble over");
    drop(held);
    yes(scene.onx(&APPLY));
}

#[test]
fn following_a_journal_ends_with_its_reader() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    interrupt(&scene, RunStatus::Executing);
    let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
    command.args(["runs", "tail", "TASK-2-run-01", "--follow"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("onx starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    drop(out);
    let folder = scene.state().join("workspaces/TASK-2/runs/TASK-2-run-01");
    let run = run::RunId::new("TASK-2-run-01").expect("an id");
    let files: Arc<dyn Files> = Arc::new(DiskFiles);
    let writer = WorkerId::like("another");
    let journal = run::JournalWriter::open(files, &folder, &run, &writer, run::Fence(9));
    let at = Timestamp::from_unix_seconds(1_762_106_400).expect("in range");
    let event = Event::StepBegan { node: "a_step".to_owned() };
    journal.expect("a journal").append(at, event).expect("written");
    assert!(ends(&mut child), "it follows for nobody");
}

#[test]
fn what_somebody_works_at_is_no_stray_and_what_just_ended_is_young() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    // It was added long ago, and ended just now.
    execute(&scene, "UPDATE tasks SET created_at = '2020-01-01T00:00:00Z'");
    let stray = scene.state().join("workspaces/TASK-8/runs/TASK-8-run-01");
    std::fs::create_dir_all(&stray).expect("folders");
    let held = lock(&stray);
    let kept = yes(scene.onx(&["gc", "--delete"])).out;
    assert_eq!(kept, "nothing is old enough to be removed\n");
    assert!(stray.is_dir());
    drop(held);
    let journal = "workspaces/TASK-1/runs/TASK-1-run-01/journal/events.jsonl";
    std::fs::write(scene.state().join(journal), "broken\n").expect("a broken journal");
    std::fs::remove_dir_all(stray.parent().expect("runs").parent().expect("it")).expect("gone");
    execute(&scene, "UPDATE tasks SET created_at = '2099-01-01T00:00:00Z'");
    let unread = yes(scene.onx(&["gc"])).out;
    assert!(unread.contains("artifacts stay"), "{unread}");
}

#[test]
fn stores_keep_their_workspaces_apart() {
    let server = match testkit::postgres::shared() {
        Ok(server) => server,
        Err(why) => return testkit::skipped(why),
    };
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    let url = |name: &str| format!("{server}?schema={name}_{}", std::process::id());
    let (one, other) = (url("one"), url("other"));
    for store in [&one, &other] {
        yes(scene.onx(&[&GENERATE[..], &["--store", store]].concat()));
    }
    let count = || {
        let folders = std::fs::read_dir(scene.state()).expect("a folder");
        let is_one = |name: &str| name.starts_with("workspaces");
        let runs = |folder: PathBuf| folder.join("TASK-1/runs/TASK-1-run-01/lock").is_file();
        let folders = folders.map(|entry| entry.expect("an entry"));
        folders
            .filter(|entry| is_one(&entry.file_name().to_string_lossy()) && runs(entry.path()))
            .count()
    };
    assert_eq!(count(), 3, "each has a run of the same name");
    std::thread::sleep(Duration::from_millis(1100));
    let gc = ["gc", "--delete", "--older-than-days", "0", "--store", &one];
    let workspaces = scene.state().join("workspaces");
    let workspaces = workspaces.to_str().expect("a path");
    let refused = scene.onx(&[&gc[..], &["--workspaces", workspaces]].concat());
    assert_eq!(refused.code, 4, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("of another store, `onx.db`"), "{}", refused.err);
    assert_eq!(count(), 3);
    yes(scene.onx(&gc));
    assert_eq!(count(), 2);
}

#[test]
fn a_worker_outlives_a_lost_connection() {
    let server = match testkit::postgres::shared() {
        Ok(server) => server,
        Err(why) => return testkit::skipped(why),
    };
    let scene = with_dependent();
    let name = format!("lost_{}", std::process::id());
    let url = format!("{server}?schema={name}&application_name={name}");
    let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
    command.args(["worker", "--store", &url]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("onx starts");
    let cut_off = || {
        use sqlx::{ConnectOptions as _, Connection as _};
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
        runtime.block_on(async {
            let options: sqlx::postgres::PgConnectOptions = server.parse().expect("a URL");
            let mut connection = options.connect().await.expect("a server");
            let cut: Vec<bool> = sqlx::query_scalar(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = $1 AND state = 'idle' AND query LIKE 'WITH first%'",
            )
            .bind(&name)
            .fetch_all(&mut connection)
            .await
            .expect("an answer");
            connection.close().await.expect("closed");
            !cut.is_empty()
        })
    };
    assert!(comes_true(cut_off), "the worker looks at the queue");
    let mut words = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let said = words.next().expect("a line").expect("a text");
    assert!(said.contains("was lost") || said.contains("cannot be reached"), "{said}");
    yes(scene.onx(&[&GENERATE[..], &["--queue", "--store", &url]].concat()));
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let done = lines.next().expect("a line").expect("a text");
    assert!(done.contains("TASK-1  done"), "{done}");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

#[test]
fn a_planner_is_asked_only_for_what_can_be_planned_and_leaves_nothing_behind() {
    let scene = Scene::empty();
    // A number beyond those that have a canonical form.
    yes(scene.onx(&["tasks", "add", "One", "--set", "id=9007199254740993"]));
    let leaves = format!("sleep 313 & echo $! > left; {PLAN}");
    let begun = std::time::Instant::now();
    let planned = yes(scene.onx(&["tasks", "plan", "TASK-1", "--", "sh", "-c", &leaves])).out;
    assert!(planned.starts_with("plan      g\nplanned   signed by local:"), "{planned}");
    assert!(begun.elapsed() < Duration::from_mins(1), "it waits for what was left");
    let left = scene.read("left");
    let left = Path::new("/proc").join(left.trim());
    assert!(comes_true(|| !left.exists()), "it goes on");
    yes(scene.onx(&["tasks", "archive", "TASK-1"]));
    let over = ["tasks", "plan", "TASK-1", "--", "sh", "-c", "touch asked"];
    assert_eq!(scene.onx(&over).code, 4);
    assert!(!scene.work().join("asked").exists(), "the planner was asked for nothing");
}

#[test]
fn a_planner_ends_with_the_command_that_asked_it() {
    let scene = Scene::empty();
    yes(scene.onx(&["tasks", "add", "One"]));
    let waits = "echo $$ > asked; sleep 314 & sleep 314";
    let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
    command.args(["tasks", "plan", "TASK-1", "--", "sh", "-c", waits]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let asked = scene.work().join("asked");
    let is_written = || std::fs::read_to_string(&asked).is_ok_and(|text| text.ends_with('\n'));
    assert!(comes_true(is_written), "the planner is not asked");
    let planner = scene.read("asked");
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("a signal");
    assert!(interrupted.success() && ends(&mut child));
    let ending = child.wait().expect("ended");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ending), Some(2));
    // Its group is that of the planner; a process that was killed may wait for somebody to ask.
    let is_gone = || {
        let members = std::fs::read_dir("/proc")
            .expect("processes")
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        !members.into_iter().any(|stat| {
            let fields: Vec<_> =
                stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            fields.first() != Some(&"Z") && fields.get(2) == Some(&planner.trim())
        })
    };
    assert!(comes_true(is_gone), "the planner goes on");
}
