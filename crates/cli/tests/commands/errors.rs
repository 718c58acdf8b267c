//! What goes wrong is said in words, with a kind, a code and a hint.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::scene::Scene;

#[test]
fn each_kind_of_error_has_its_exit_code_and_its_words() {
    let scene = Scene::with_library();
    scene.write("onx-bad.toml", "[generate]\nthreads = 4\n");
    scene.write("bad.yaml", "manifest_version: 1\ncolour: red\n");
    let table: [(&[&str], i32, &str); 7] = [
        (&["manifest", "generate", "--from", "./nowhere", "--to", "./new"], 2, "UsageError"),
        (&["manifest", "generate", "--from", "pypi:x", "--to", "./new"], 2, "UsageError"),
        (
            &["manifest", "generate", "--core-path", "./old", "--from", "9.9", "--to", "1.0"],
            2,
            "SnapshotError",
        ),
        (&["manifest", "docs", "--manifest", "./nowhere"], 2, "VerificationError"),
        (&["manifest", "docs", "--manifest", "./bad.yaml"], 2, "VerificationError"),
        (
            &["--config", "onx-bad.toml", "manifest", "docs", "--manifest", "x"],
            3,
            "ConfigurationError",
        ),
        (
            &["manifest", "generate", "--from", "./old", "--to", "./new", "--exclude", "a["],
            2,
            "UsageError",
        ),
    ];
    for (arguments, code, name) in table {
        let ran = scene.onx(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("error[{name}]: ")), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
        let json = scene.onx(&[&["--json"], arguments].concat());
        let report: Value = serde_json::from_str(&json.out).expect("one JSON object");
        assert_eq!(report["error"]["code"], name, "{arguments:?}");
        assert_eq!(json.code, code);
    }
    assert!(!scene.work().join("artifacts").exists(), "nothing is half written");
}

#[test]
fn an_error_reads_well() {
    let scene = Scene::with_library();
    let ran = scene.onx(&[
        "manifest",
        "generate",
        "--core-path",
        "./old",
        "--from",
        "9.9",
        "--to",
        "1.0",
    ]);
    let plain = ran.err.replace(&scene.work().display().to_string(), "WORK");
    insta::assert_snapshot!("an_unknown_version", plain);
    let ran = scene.onx(&["manifest", "generate", "--from", "./nowhere", "--to", "./new"]);
    insta::assert_snapshot!("no_library", ran.err);
}

#[test]
fn names_from_foreign_code_cannot_steer_the_terminal() {
    let scene = Scene::with_library();
    let hostile = "./no\u{1b}[2Jwhere\u{202e}";
    let ran = scene.onx(&["manifest", "generate", "--from", hostile, "--to", "./new"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{:?}", ran.err);
    assert!(ran.err.contains("\\u{1b}[2J"), "{}", ran.err);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let scene = Scene::with_library();
    let mut child = scene
        .command(env!("CARGO_BIN_EXE_onx"))
        .args(["manifest", "diff", "--from", "./old", "--to", "./new"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("onx starts");
    drop(child.stdout.take());
    let mut words = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut words).expect("UTF-8");
    assert_eq!(child.wait().expect("an end").code(), Some(1), "{words}");
    assert_eq!(words, "");
}
