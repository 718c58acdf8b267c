//! A worker does what somebody asked for whom it trusts, and nothing else that stands in the queue.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::going_on::execute;
use crate::runs::{GENERATE, json, with_dependent, yes};
use crate::scene::{Ran, Scene};

fn queued() -> Scene {
    let scene = with_dependent();
    yes(scene.onx(&[&GENERATE[..], &["--queue"]].concat()));
    scene
}

fn refused(ran: &Ran, why: &str) {
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("TASK-1  failed") && ran.out.contains(why), "{}", ran.out);
}

#[test]
fn who_asked_for_a_task_is_shown() {
    let scene = queued();
    let shown = yes(scene.onx(&["tasks", "show", "TASK-1"])).out;
    assert!(shown.contains("\nasked for   signed by local:"), "{shown}");
    execute(&scene, "UPDATE tasks SET title = 'generate nothing'");
    let shown = yes(scene.onx(&["tasks", "show", "TASK-1"])).out;
    assert!(shown.contains("does not hold: it is signed for `generate old → new`"), "{shown}");
}

#[test]
fn work_that_was_changed_in_the_store_is_not_done_whatever_is_allowed() {
    for change in [
        "UPDATE tasks SET title = 'generate nothing'",
        "UPDATE tasks SET metadata = json_set(metadata, '$.work.request.working_folder', '/')",
        "UPDATE tasks SET metadata = json_set(metadata, '$.work_signature.signatures', json('[]'))",
        "UPDATE tasks SET metadata = json_set(metadata, '$.work_signature', 1)",
    ] {
        let scene = queued();
        execute(&scene, change);
        refused(&scene.onx(&["worker", "--drain", "--allow-unsigned"]), "does not hold");
        assert!(!scene.work().join("bundle").exists(), "{change}");
    }
}

#[test]
fn work_that_nobody_signed_is_done_only_where_that_is_allowed_and_the_run_says_so() {
    let scene = queued();
    execute(&scene, "UPDATE tasks SET metadata = json_remove(metadata, '$.work_signature')");
    // As often as it likes: it is left to a worker that may do it.
    for _ in 0..7 {
        let ran = scene.onx(&["worker", "--drain"]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
        assert!(ran.out.contains("TASK-1  passed on  nobody signed the work"), "{}", ran.out);
        assert!(ran.out.contains("--allow-unsigned"), "{}", ran.out);
    }
    assert!(!scene.work().join("bundle").exists());
    yes(scene.onx(&["worker", "--drain", "--allow-unsigned"]));
    let run = &json(&scene, &["runs", "list"])[0];
    assert_eq!(run["artifact_summary"]["work"], "unsigned");
    let told = queued();
    yes(told.onx(&["worker", "--drain"]));
    let run = &json(&told, &["runs", "list"])[0];
    let by = run["artifact_summary"]["work"].as_str().expect("a text");
    assert!(by.starts_with("signed by local:"), "{by}");
}

#[test]
fn work_of_somebody_who_is_not_trusted_here_is_left_to_other_workers() {
    let scene = queued();
    // As on another machine: its keys are others.
    std::fs::remove_dir_all(scene.configuration().join("keys")).expect("no keys");
    let mut command = scene.command(env!("CARGO_BIN_EXE_onx"));
    let mut child = command.arg("worker").stdout(Stdio::piped()).spawn().expect("onx starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("a text");
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(first.contains("TASK-1  passed on  nobody who is trusted here signed"), "{first}");
    assert!(first.contains("onx keys trust"), "{first}");
    assert!(!scene.work().join("bundle").exists());
    assert_eq!(json(&scene, &["tasks", "list"])[0]["status"], "TODO");
}

#[test]
fn a_run_whose_work_was_changed_in_the_store_is_not_resumed() {
    let scene = with_dependent();
    yes(scene.onx(&GENERATE));
    crate::runs::interrupt(&scene, run::RunStatus::Executing);
    let before = scene.files("app");
    execute(&scene, "UPDATE tasks SET metadata = json_remove(metadata, '$.work_signature')");
    let ran = scene.onx(&["runs", "resume", "TASK-2-run-01"]);
    assert_eq!((ran.code, scene.files("app")), (2, before), "{}", ran.err);
    yes(scene.onx(&["runs", "resume", "TASK-2-run-01", "--allow-unsigned"]));
    let run = &json(&scene, &["runs", "list"])[1];
    assert_eq!(run["artifact_summary"]["work"], "unsigned");
}

#[test]
fn what_was_yanked_since_it_was_asked_for_is_not_applied() {
    let scene = with_dependent();
    yes(scene.onx(&[&GENERATE[..], &["--publish"]].concat()));
    let name = "registry://core_migrations/yourlib/1.0.0_2.0.0";
    let apply = ["migrate", "apply", "--manifest", name, "--target", "app", "--queue"];
    let threshold = ["--auto-apply-threshold", "0"];
    yes(scene.onx(&[&apply[..], &threshold].concat()));
    yes(scene.onx(&["manifest", "registry", "yank", name, "--reason", "it is wrong"]));
    let before = scene.files("app");
    let ran = scene.onx(&["worker", "--drain"]);
    assert_eq!((ran.code, scene.files("app")), (1, before), "{}", ran.out);
    assert!(ran.out.contains("was yanked: it is wrong"), "{}", ran.out);
    yes(scene.onx(&["manifest", "registry", "restore", name, "--reason", "it is right"]));
    // As on a machine whose cache has nothing of it.
    std::fs::remove_dir_all(scene.cache().join("registry")).expect("a cache");
    yes(scene.onx(&[&apply[..], &threshold].concat()));
    std::fs::remove_dir_all(scene.cache().join("registry")).expect("a cache");
    yes(scene.onx(&["worker", "--drain"]));
    assert!(scene.read("app/main.py").contains("Quadrat"));
}
