//! Commands as runs: interrupted, continued, given up, and left to a worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use code_line::work::CodeWork;
use host::{DiskFiles, Durability, SystemClock};
use run::{LeaseTerm, Recorder as _, RunStatus, TaskId, Work, WorkerId};
use serde_json::Value;
use store::{Attempt, NewTask, SqliteStore, Store as _, Workplace};

use crate::scene::{Ran, Scene};

pub(crate) const GENERATE: [&str; 8] =
    ["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"];
pub(crate) const APPLY: [&str; 8] =
    ["migrate", "apply", "--manifest", "bundle", "--target", "app", "--auto-apply-threshold", "0"];

pub(crate) fn yes(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

pub(crate) fn json(scene: &Scene, arguments: &[&str]) -> Value {
    let ran = yes(scene.onx(&[arguments, &["--json"]].concat()));
    serde_json::from_str(&ran.out).expect("JSON")
}

pub(crate) fn with_dependent() -> Scene {
    let scene = Scene::with_library();
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    scene
}

/// Leaves the first task as a process leaves it that was killed in this status.
pub(crate) fn interrupt(scene: &Scene, status: RunStatus) {
    let store = SqliteStore::open(&scene.state().join("onx.db")).expect("a store");
    let id = TaskId::new("TASK-1").expect("an id");
    let task = store.task(&id).expect("an answer").expect("a task");
    let work = CodeWork::of(&Work::of_metadata(&task.metadata).expect("work")).expect("ours");
    let workplace = Workplace {
        store: Arc::new(store),
        files: Arc::new(DiskFiles),
        clock: Arc::new(SystemClock::new()),
        worker: WorkerId::like("a process that is gone"),
        term: LeaseTerm::new(Duration::from_hours(1)),
    };
    let again = NewTask {
        task_id: None,
        title: task.title,
        objective: None,
        metadata: task.metadata,
        created_at: task.created_at.expect("a time"),
    };
    let attempt = Attempt::start(workplace, &again, &work.plan().expect("a plan")).expect("begun");
    attempt.reach(status, Durability::Power).expect("a step");
}

#[test]
fn a_command_is_a_run_that_can_be_looked_at() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&APPLY));
    let runs = json(&scene, &["runs", "list"]);
    let words: Vec<_> = runs.as_array().expect("a list").iter().map(|run| &run["status"]).collect();
    assert_eq!(words, ["SUCCESS", "SUCCESS"]);
    let shown = json(&scene, &["runs", "show", "TASK-2-run-01"]);
    for node in ["codemod_generator", "checkpoint_manager", "manifest_database"] {
        assert_eq!(shown["journal"]["steps"][node]["word"], "done", "{node}");
    }
    assert_eq!(shown["findings"], serde_json::json!([]));
    let told = yes(scene.onx(&["runs", "tail", "TASK-2-run-01"])).out;
    assert!(told.contains("checkpoint_manager began") && told.ends_with("SUCCESS\n"), "{told}");
    let folder = scene.state().join("workspaces/TASK-2/runs/TASK-2-run-01/artifacts");
    for file in ["plan.json", "executor_report.json", "edit_set"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let history = json(&scene, &["migrate", "history", "--package", "app"]);
    assert_eq!(history[0]["run"], "TASK-2-run-01");
    let listed = json(&scene, &["migrate", "history", "--all"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(listed[0]["details"]["library"], "yourlib");
    assert_eq!(listed[0]["details"]["files"], serde_json::json!(["main.py"]));
    let words = yes(scene.onx(&["migrate", "history", "--all"])).out;
    assert!(words.contains("yourlib 1.0.0 → 2.0.0"), "{words}");
}

#[test]
fn an_interrupted_command_goes_on_when_it_is_given_again() {
    for status in [RunStatus::Planning, RunStatus::Executing, RunStatus::Verifying] {
        let whole = with_dependent();
        yes(whole.onx(&GENERATE));
        let scene = with_dependent();
        yes(scene.onx(&GENERATE));
        interrupt(&scene, status);
        let ran = yes(scene.onx(&GENERATE));
        assert!(ran.err.contains("going on with the run TASK-2-run-01"), "{}", ran.err);
        assert_eq!(scene.files("bundle"), whole.files("bundle"));
        let runs = json(&scene, &["runs", "list", "--task", "TASK-2"]);
        assert_eq!(runs[0]["status"], "SUCCESS");
        let third = yes(scene.onx(&GENERATE));
        assert!(!third.err.contains("going on"), "{}", third.err);
    }
}

#[test]
fn what_was_taken_back_is_applied_anew_only_when_asked_for() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&APPLY));
    let applied = scene.files("app");
    // As if the process had ended just before the end of its run was written down.
    reopen(&scene.state(), "TASK-2", "TASK-2-run-01");
    yes(scene.onx(&["migrate", "rollback", "--package", "app"]));
    let ran = yes(scene.onx(&APPLY));
    assert!(!ran.err.contains("going on"), "{}", ran.err);
    assert_eq!(scene.files("app"), applied);
    let runs = json(&scene, &["runs", "list"]);
    assert_eq!((&runs[1]["status"], &runs[2]["status"]), (&"FAILED".into(), &"SUCCESS".into()));
}

/// Brings a run back to where it stood before its end was written down.
fn reopen(state: &Path, task: &str, run: &str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let journal = state.join(format!("workspaces/{task}/runs/{run}/journal/events.jsonl"));
    let lines = std::fs::read_to_string(&journal).expect("a journal");
    let (rest, last) = lines.trim_end().rsplit_once('\n').expect("lines");
    assert!(last.contains("SUCCESS"), "{last}");
    std::fs::write(&journal, format!("{rest}\n")).expect("cut");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(state.join("onx.db"));
        let mut connection = options.connect().await.expect("a database");
        for (query, id) in [
            ("UPDATE runs SET status = 'VERIFYING' WHERE run_id = $1", run),
            ("UPDATE tasks SET status = 'IN_PROGRESS' WHERE task_id = $1", task),
        ] {
            sqlx::query(query).bind(id).execute(&mut connection).await.expect("changed");
        }
        connection.close().await.expect("closed");
    });
}

#[test]
fn a_run_is_resumed_or_given_up_by_name() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    interrupt(&scene, RunStatus::Executing);
    yes(scene.onx(&["runs", "resume", "TASK-2-run-01"]));
    let over = scene.onx(&["runs", "resume", "TASK-2-run-01"]);
    assert_eq!((over.code, over.err.contains("is over: SUCCESS")), (4, true), "{}", over.err);
    interrupt(&scene, RunStatus::Executing);
    let given_up = yes(scene.onx(&["runs", "abandon", "TASK-3-run-01", "--reason", "no need"]));
    assert_eq!(given_up.out, "TASK-3-run-01  FAILED  abandoned: no need\n");
    let task = json(&scene, &["tasks", "show", "TASK-3"]);
    assert_eq!(task["task"]["status"], "ARCHIVED");
    let shown = yes(scene.onx(&["runs", "show", "TASK-3-run-01"])).out;
    assert!(shown.contains("abandoned: no need"), "{shown}");
    assert_eq!(scene.onx(&["runs", "resume", "TASK-9-run-01"]).code, 2);
}

#[test]
fn a_run_does_not_go_on_with_other_versions() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    interrupt(&scene, RunStatus::Planning);
    let folder = scene.state().join("workspaces/TASK-2/runs/TASK-2-run-01");
    // What the first attempt read is kept once it goes on; then the library changes under it.
    yes(scene.onx(&["runs", "resume", "TASK-2-run-01"]));
    assert!(folder.join("artifacts/versions.json").is_file());
    interrupt(&scene, RunStatus::Planning);
    let third = scene.state().join("workspaces/TASK-3/runs/TASK-3-run-01");
    copy_attached(&folder, &third);
    scene.write("new/yourlib/more.py", "x = 1\n");
    let ran = scene.onx(&["runs", "resume", "TASK-3-run-01"]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("not the ones with which the run began"), "{}", ran.err);
}

/// Gives a run the versions that another one has read.
pub(crate) fn copy_attached(from: &Path, to: &Path) {
    let path = artifact::TreePath::new("artifacts/versions.json").expect("a path");
    let bytes = std::fs::read(from.join(path.as_str())).expect("a file");
    std::fs::write(to.join(path.as_str()), &bytes).expect("a file");
    let run = to.file_name().and_then(|name| name.to_str()).expect("a name");
    let run = run::RunId::new(run).expect("an id");
    let writer = WorkerId::like("the first attempt");
    let files: Arc<dyn host::Files> = Arc::new(DiskFiles);
    let mut journal =
        run::JournalWriter::open(files, to, &run, &writer, run::Fence(1)).expect("a journal");
    let at = artifact::Timestamp::from_unix_seconds(1_762_106_400).expect("in range");
    let artifact = run::ArtifactReference::new(path, &bytes);
    journal.attach(at, artifact, Durability::Power).expect("kept");
}

#[test]
fn what_was_asked_for_wrongly_has_failed_and_is_archived() {
    let scene = Scene::with_library();
    let ran = scene.onx(&["manifest", "generate", "--from", "old", "--to", "nowhere"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let runs = json(&scene, &["runs", "list"]);
    assert_eq!(runs[0]["status"], "FAILED");
    assert_eq!(json(&scene, &["tasks", "list", "--all"])[0]["status"], "ARCHIVED");
}

#[test]
fn a_worker_does_what_is_queued() {
    let scene = with_dependent();
    let whole = with_dependent();
    yes(whole.onx(&GENERATE));
    yes(whole.onx(&APPLY));
    let queued = yes(scene.onx(&[&GENERATE[..], &["--queue"]].concat()));
    assert!(queued.out.starts_with("TASK-1  TODO  generate old → new"), "{}", queued.out);
    assert!(!scene.work().join("bundle").exists());
    let done = yes(scene.onx(&["worker", "--drain"]));
    assert!(done.out.contains("TASK-1  done"), "{}", done.out);
    yes(scene.onx(&[&APPLY[..], &["--queue"]].concat()));
    yes(scene.onx(&["worker", "--drain", "--concurrency", "3"]));
    for folder in ["bundle", "app"] {
        assert_eq!(scene.files(folder), whole.files(folder), "{folder}");
    }
    yes(scene.onx(&["worker", "--drain"]));
    assert_eq!(json(&scene, &["runs", "list"]).as_array().map(Vec::len), Some(2));
}

#[test]
fn a_worker_goes_on_with_what_another_one_left() {
    let scene = with_dependent();
    yes(scene.onx(&[&GENERATE[..], &["--queue"]].concat()));
    let store = SqliteStore::open(&scene.state().join("onx.db")).expect("a store");
    let worker = WorkerId::like("a worker that is gone");
    let term = LeaseTerm::new(Duration::from_millis(300));
    let claim = store.claim_next(&worker, term).expect("an answer").expect("a task");
    let at = artifact::Timestamp::from_unix_seconds(1_762_106_400).expect("in range");
    store.begin_run(&claim.lease, at).expect("begun");
    drop(store);
    let done = yes(scene.onx(&["worker", "--drain"]));
    assert!(done.out.contains("TASK-1  done"), "{}", done.out);
    let runs = json(&scene, &["runs", "list"]);
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "the same run");
    assert_eq!(runs[0]["status"], "SUCCESS");
}

#[test]
fn a_worker_gives_up_what_cannot_be_done() {
    let scene = with_dependent();
    yes(scene.onx(&[&APPLY[..], &["--queue"]].concat()));
    let ran = scene.onx(&["worker", "--drain"]);
    assert_eq!((ran.code, ran.out.contains("TASK-1  failed")), (1, true), "{}", ran.out);
    assert_eq!(json(&scene, &["tasks", "list"])[0]["status"], "TODO");
    yes(scene.onx(&["tasks", "add", "Sweep the yard"]));
    yes(scene.onx(&["worker", "--drain"]));
    assert_eq!(json(&scene, &["tasks", "list"])[1]["status"], "TODO", "it is a person's");
}

#[test]
fn what_ended_is_removed_only_when_asked_for() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&["tasks", "add", "Still to do"]));
    let folder = scene.state().join("workspaces/TASK-1");
    let stray = scene.state().join("workspaces/TASK-8/runs/TASK-8-run-01");
    std::fs::create_dir_all(&stray).expect("folders");
    std::fs::write(stray.join("lock"), "").expect("a file");
    let foreign = scene.state().join("workspaces/notes");
    std::fs::create_dir_all(&foreign).expect("a folder");
    std::fs::write(foreign.join("mine.txt"), "keep").expect("a file");
    let young = yes(scene.onx(&["gc"])).out;
    assert!(young.contains("0 tasks, 1 stray folder and 0 artifacts"), "{young}");
    // A moment later, what ended is older than nothing at all.
    std::thread::sleep(Duration::from_millis(1100));
    let shown = yes(scene.onx(&["gc", "--older-than-days", "0"]));
    assert!(shown.out.contains("1 task, 1 stray folder and 3 artifacts"), "{}", shown.out);
    assert!(folder.is_dir() && stray.is_dir());
    yes(scene.onx(&["gc", "--older-than-days", "0", "--delete"]));
    assert!(!folder.exists() && !stray.exists() && foreign.is_dir());
    let left = json(&scene, &["tasks", "list", "--all"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1));
}
