//! `tasks` and `runs`.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use host::DiskFiles;
use run::{Event, Fence, JournalWriter, LeaseTerm, RunStatus, TaskId, WorkerId};
use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use store::{Advance, SqliteStore, Store as _};

use crate::scene::{Ran, Scene};

const LEGACY: &str = "
CREATE TABLE tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT, metadata TEXT);
INSERT INTO tasks VALUES
    ('T-1', 'Ship it', 'all of it', 'COMPLETED', '{\"owner\": \"ada\"}'),
    ('T-2', 'Ship more', NULL, 'FAILED', NULL),
    ('T-3', 'Ship the rest', NULL, 'IN_PROGRESS', NULL),
    ('../T', 'climb', NULL, 'FAILED', NULL);
";

fn yes(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran.out
}

fn json(ran: Ran) -> Value {
    serde_json::from_str(&yes(ran)).expect("JSON")
}

fn with_legacy_database() -> Scene {
    let scene = Scene::empty();
    scene.write("workspaces/archive/T-1/log.txt", "done\n");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(scene.work().join("tasks.db")).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        connection.execute(LEGACY).await.expect("a table");
        connection.close().await.expect("closed");
    });
    scene
}

#[test]
fn tasks_are_added_listed_shown_and_archived() {
    let scene = Scene::empty();
    assert_eq!(yes(scene.onx(&["tasks", "list"])), "there is no task\n");
    let added = yes(scene.onx(&["tasks", "add", "Move to 3.0", "--objective", "It fits"]));
    assert_eq!(added, "TASK-1  TODO  Move to 3.0\n");
    let named = ["tasks", "add", "Nightly", "--id", "nightly", "--set", "tries=2"];
    let named = [&named[..], &["--set", "package=billing", "--json"]].concat();
    let task = json(scene.onx(&named));
    assert_eq!(task["metadata"], serde_json::json!({"tries": 2, "package": "billing"}));
    assert_eq!(json(scene.onx(&named)), task, "a second time changes nothing");
    let listed = yes(scene.onx(&["tasks", "list"]));
    let lines: Vec<Vec<&str>> = listed.lines().map(|it| it.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..2], ["TASK-1", "TODO"]);
    assert_eq!(lines[1][..2], ["nightly", "TODO"]);

    let shown = yes(scene.onx(&["tasks", "show", "TASK-1"]));
    assert!(shown.contains("objective   It fits"), "{shown}");
    yes(scene.onx(&["tasks", "archive", "TASK-1"]));
    assert!(!yes(scene.onx(&["tasks", "list"])).contains("TASK-1"));
    let archived = json(scene.onx(&["tasks", "list", "--status", "ARCHIVED", "--json"]));
    assert_eq!(archived[0]["task_id"], "TASK-1");
    assert_eq!(
        json(scene.onx(&["tasks", "list", "--all", "--json"])).as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn an_old_planner_plans_an_imported_task() {
    let scene = with_legacy_database();
    let import = ["tasks", "import-legacy", "--db", "tasks.db", "--workspaces", "workspaces"];
    yes(scene.onx(&import));
    scene.write(
        "old/agentic/bridges.py",
        "class Bridge:\n    async def generate_plan(self, description):\n        print('thinking')\n        \
         return {'goal': description + '!', 'steps': ['look', {'tool': 'edit'}]}\n\
         class Tired:\n    def generate_plan(self, description):\n        \
         raise SystemExit('no\\x1b[2J plan')\n",
    );
    let plan = |class: &str| {
        let class = format!("agentic.bridges:{class}");
        let store = ["--store", "tasks.db"];
        scene.onx(
            &[&["tasks", "plan", "T-2", "--class", &class, "--folder", "old"], &store[..]].concat(),
        )
    };
    let before = json(scene.onx(&["tasks", "show", "T-2", "--store", "tasks.db", "--json"]));
    let failed = plan("Tired");
    assert_eq!(failed.code, 5, "{}", failed.err);
    assert!(failed.err.contains("the planner failed: exit code 1"), "{}", failed.err);
    assert!(failed.err.contains("plan") && !failed.err.contains('\u{1b}'), "{}", failed.err);
    let after = json(scene.onx(&["tasks", "show", "T-2", "--store", "tasks.db", "--json"]));
    assert_eq!(after, before);

    let planned = yes(plan("Bridge"));
    let (first, rest) = planned.split_once("planned   signed by local:").expect("it is signed");
    assert_eq!(first, "plan      Ship more!\n");
    assert!(rest.ends_with("\n  1       look\n  2       {\"tool\":\"edit\"}\n"), "{rest}");
    let shown = yes(scene.onx(&["tasks", "show", "T-2", "--store", "tasks.db"]));
    assert!(shown.ends_with(&planned), "{shown}");
    let done = ["tasks", "plan", "T-1", "--store", "tasks.db", "--", "sh", "-c"];
    let answer = "echo '{\"goal\": \"g\", \"steps\": [\"s\"]}'";
    let done = scene.onx(&[&done[..], &[answer]].concat());
    assert_eq!(done.code, 4, "it is DONE: {}", done.err);
}

#[test]
fn what_cannot_be_done_with_tasks_is_said() {
    let scene = Scene::empty();
    yes(scene.onx(&["tasks", "add", "One", "--id", "one"]));
    scene.write("other.db", "no database, but long enough to be looked at, and more than that");
    let table: [(&[&str], i32, &str); 14] = [
        (&["tasks", "plan", "nobody", "--class", "a:B"], 2, "TaskError"),
        (&["tasks", "plan", "one", "--", "./no-planner"], 2, "TaskError"),
        (&["tasks", "plan", "one", "--", "echo", "thinking"], 5, "TaskError"),
        (&["tasks", "show", "nobody"], 2, "TaskError"),
        (&["tasks", "archive", "nobody"], 2, "TaskError"),
        (&["tasks", "add", "Two", "--id", "one"], 4, "TaskError"),
        (&["runs", "show", "nobody"], 2, "TaskError"),
        (&["runs", "list", "--task", "nobody"], 2, "TaskError"),
        (&["tasks", "list", "--store", "nowhere.db"], 2, "StoreError"),
        (&["tasks", "list", "--store", "other.db"], 4, "StoreError"),
        (&["tasks", "list", "--store", "mysql://localhost/onx"], 2, "StoreError"),
        (&["tasks", "list", "--store", "postgres://h/d?schema=A"], 2, "StoreError"),
        (&["tasks", "list", "--workspaces", "w"], 2, "StoreError"),
        (&["tasks", "add", "Three", "--set", "nothing"], 2, "UsageError"),
    ];
    for (arguments, code, name) in table {
        let ran = scene.onx(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("error[{name}]: ")), "{arguments:?}: {}", ran.err);
        assert!(name == "UsageError" || ran.err.contains("hint: "), "{}", ran.err);
    }
    assert_eq!(scene.onx(&["tasks", "add", "Four", "--id", "../x"]).code, 2);
    assert_eq!(scene.onx(&["tasks", "list", "--status", "done"]).code, 2);
    assert_eq!(scene.onx(&["tasks", "plan", "one"]).code, 2, "no planner");
    assert_eq!(scene.onx(&["tasks", "plan", "one", "--class", "import os"]).code, 2);
}

#[test]
fn a_run_is_shown_with_what_its_journal_says() {
    let scene = Scene::empty();
    yes(scene.onx(&["tasks", "add", "One"]));
    assert_eq!(yes(scene.onx(&["runs", "list"])), "there is no run\n");
    let path = scene.state().join("onx.db");
    let store = SqliteStore::open(&path).expect("a store");
    let task = TaskId::new("TASK-1").expect("an id");
    let worker = WorkerId::new("w").expect("an id");
    let term = LeaseTerm::new(Duration::from_mins(1));
    let lease = store.claim(&task, &worker, term).expect("claimed").expect("free");
    let at = "2026-01-02T03:04:05Z".parse().expect("a time");
    let run = store.begin_run(&lease, at).expect("a run");
    let folder = store.run_folder(&run).expect("a folder");
    let files = Arc::new(DiskFiles);
    let mut journal =
        JournalWriter::open(files, &folder, &run.run_id, &worker, Fence(1)).expect("a journal");
    journal.append(at, Event::Advanced { to: RunStatus::Executing }).expect("written");
    store.advance_run(&lease, &run.run_id, &Advance::to(RunStatus::Executing)).expect("a step");
    journal.append(at, Event::StepBegan { node: "differ".to_owned() }).expect("written");
    drop(store);

    let listed = yes(scene.onx(&["runs", "list", "--task", "TASK-1"]));
    assert!(listed.starts_with("TASK-1-run-01   EXECUTING   2026-01-02T03:04:05Z"), "{listed}");
    let shown = yes(scene.onx(&["runs", "show", "TASK-1-run-01"]));
    assert!(shown.contains("journal    EXECUTING, last at 2026-01-02T03:04:05Z"), "{shown}");
    assert!(shown.contains("differ   not ended"), "{shown}");
    assert!(yes(scene.onx(&["tasks", "show", "TASK-1"])).contains("IN_PROGRESS"));

    let events = folder.join("journal/events.jsonl");
    let broken = std::fs::read_to_string(&events).expect("a journal").replace("differ", "mapper");
    std::fs::write(&events, &broken).expect("a file");
    let ran = scene.onx(&["runs", "show", "TASK-1-run-01"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("error: the journal is broken at line 2"), "{}", ran.out);
    assert_eq!(std::fs::read_to_string(&events).expect("a journal"), broken);
}

#[test]
fn an_old_database_is_imported_used_and_recovered() {
    let scene = with_legacy_database();
    let before = scene.files(".");
    let import = ["tasks", "import-legacy", "--db", "tasks.db", "--workspaces", "workspaces"];
    let ran = scene.onx(&import);
    assert!(ran.err.contains("next  onx tasks list --store tasks.db"), "{}", ran.err);
    let said = yes(ran);
    assert!(said.starts_with("3 tasks and 1 run from tasks.db\n"), "{said}");
    assert!(said.contains("row 4 is kept aside: `../T` is no id"), "{said}");
    let after = scene.files(".");
    assert_eq!(after["tasks.db.bak_v4"], before["tasks.db"]);
    assert_eq!(after["workspaces_backup/archive/T-1/log.txt"], b"done\n");
    let report: Value = serde_json::from_slice(&after["migration_report.json"]).expect("JSON");
    assert_eq!(report["tasks"], 3);

    let again = json(scene.onx(&[&import[..], &["--json"]].concat()));
    assert_eq!((&again["unchanged"], &again["report"]), (&true.into(), &report));
    assert_eq!(scene.files("."), after);

    let shown = json(scene.onx(&["tasks", "show", "T-1", "--store", "tasks.db", "--json"]));
    assert_eq!(shown["task"]["status"], "DONE");
    assert_eq!(shown["task"]["metadata"]["details"], "all of it");
    assert_eq!(shown["runs"][0]["run_id"], "T-1-legacy-01");
    assert_eq!(shown["runs"][0]["run_path"], "workspaces/archive/T-1");
    let run = yes(scene.onx(&["runs", "show", "T-1-legacy-01", "--store", "tasks.db"]));
    assert!(run.contains("journal   there is none"), "{run}");

    let recovered = yes(scene.onx(&[&import[..], &["--recover"]].concat()));
    assert!(recovered.contains("kept in tasks.db.before_recovery"), "{recovered}");
    assert_eq!(scene.files(".")["tasks.db"], before["tasks.db"]);
    let again = yes(scene.onx(&[&import[..], &["--recover"]].concat()));
    assert_eq!(again, "nothing to do: the database has the old form\n");
    let listed = scene.onx(&["tasks", "list", "--store", "tasks.db"]);
    assert_eq!(listed.code, 2);
    assert!(listed.err.contains("onx tasks import-legacy --db"), "{}", listed.err);
}

#[test]
fn an_import_that_is_killed_at_any_moment_can_be_repeated() {
    let undisturbed = with_legacy_database();
    let import = ["tasks", "import-legacy", "--db", "tasks.db", "--workspaces", "workspaces"];
    yes(undisturbed.onx(&import));
    let list = ["tasks", "list", "--all", "--store", "tasks.db"];
    let expected = yes(undisturbed.onx(&list));
    for round in 0..12_u64 {
        let scene = with_legacy_database();
        let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
        let quiet = command.args(import).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().expect("onx starts");
        std::thread::sleep(Duration::from_millis(4 + round * 5));
        child.kill().expect("killed, or over");
        child.wait().expect("ended");
        yes(scene.onx(&import));
        assert_eq!(yes(scene.onx(&list)), expected, "killed in round {round}");
        let names = |scene: &Scene| scene.files(".").into_keys().collect::<Vec<_>>();
        assert_eq!(names(&scene), names(&undisturbed), "killed in round {round}");
    }
}

#[test]
fn a_store_may_be_in_postgresql() {
    let server = match testkit::postgres::shared() {
        Ok(server) => server,
        Err(why) => return testkit::skipped(why),
    };
    let scene = Scene::empty();
    let url = format!("{server}?schema=cli_{}&password=s3cret", std::process::id());
    let added = yes(scene.onx(&["tasks", "add", "One", "--store", &url]));
    assert!(added.contains("TASK-1"), "{added}");
    let shown = json(scene.onx(&["tasks", "show", "TASK-1", "--json", "--store", &url]));
    assert_eq!(shown["task"]["title"], "One");
    assert!(!scene.state().join("onx.db").exists());
    let closed = "postgres://ada:s3cret@127.0.0.1:9/work".to_owned();
    for place in [format!("{server}x?password=s3cret"), closed] {
        let ran = scene.onx(&["tasks", "list", "--store", &place]);
        assert_eq!(ran.code, 5, "{}", ran.err);
        assert!(ran.err.contains("cannot be reached"), "{}", ran.err);
        assert!(!ran.err.contains("s3cret") && ran.err.contains("hint: "), "{}", ran.err);
    }
}
