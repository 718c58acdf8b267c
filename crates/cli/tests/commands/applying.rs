//! `apply`, `rollback`, `status` and `history`.

use serde_json::Value;

use crate::scene::{Ran, Scene};

const USE: &str = "import yourlib
from yourlib import Square, area  # shapes


def total(sides):
    return sum(area(Square(side))[0] for side in sides) + yourlib.Square(1).side
";

/// A dependent in a git repository, and a bundle that renames the class which it uses.
fn migration() -> Scene {
    let scene = Scene::with_library();
    let ran =
        scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new", "--out", "bundle"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    scene.write("app/app/__init__.py", "");
    scene.write("app/app/sums.py", USE);
    scene.write("app/pyproject.toml", "[project]\nname = \"app\"\ndependencies = [\"requests\"]\n");
    scene.git("app", &["init", "--quiet", "--initial-branch=main"]);
    scene.git("app", &["add", "--all"]);
    scene.git("app", &["commit", "--quiet", "--message", "before"]);
    scene
}

fn apply(scene: &Scene, further: &[&str]) -> Ran {
    // What is sure enough depends on calibration, which is not what is tested here.
    let arguments = [
        "migrate",
        "apply",
        "--manifest",
        "bundle",
        "--target",
        "app",
        "--auto-apply-threshold",
        "0",
    ];
    scene.onx(&[&arguments[..], further].concat())
}

#[test]
fn apply_edits_checks_and_can_be_taken_back() {
    let scene = migration();
    let ran = apply(&scene, &["--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(report["status"], "success", "{}", ran.out);
    assert_eq!(report["checked"], true);
    assert_eq!(report["remaining"], Value::Array(Vec::new()), "{}", ran.out);
    assert_eq!(scene.read("app/app/sums.py"), USE.replace("Square", "Quadrat"));
    let path = report["checkpoint"]["path"].as_str().expect("a checkpoint");
    assert!(std::path::Path::new(path).join("application_report.json").is_file());

    let again = apply(&scene, &["--json", "--allow-dirty"]);
    let report: Value = serde_json::from_str(&again.out).expect("one JSON object");
    assert_eq!(report["status"], "unchanged", "{}", again.out);

    let status = scene.onx(&["migrate", "status", "--package", "app"]);
    assert!(status.out.contains("1.0.0 → 2.0.0"), "{}{}", status.out, status.err);
    let back = scene.onx(&["migrate", "rollback", "--package", "app", "--to-version", "1.0.0"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(scene.read("app/app/sums.py"), USE);
    let history = scene.onx(&["migrate", "history", "--package", "app", "--json"]);
    let records: Value = serde_json::from_str(&history.out).expect("JSON");
    let kinds: Vec<_> = records.as_array().expect("a list").iter().map(|r| &r["kind"]).collect();
    assert_eq!(kinds, ["rollback", "apply"]);
}

#[test]
fn a_folder_that_its_owner_alone_may_read_is_edited() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = migration();
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(scene.work().join("app/app"), mode).expect("a mode");
    let ran = apply(&scene, &["--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(report["findings"], Value::Array(Vec::new()), "{}", ran.out);
    assert_eq!(scene.read("app/app/sums.py"), USE.replace("Square", "Quadrat"));
}

#[test]
fn examples_and_comments_do_not_raise_the_requirement() {
    let scene = migration();
    let project = "[project]\nname = \"app\"\ndependencies = [\"yourlib>=1.0\"]\n";
    scene.write("app/pyproject.toml", project);
    let examples = "\"\"\"Sums.\n\n>>> import yourlib\n>>> yourlib.Square(1)\n\"\"\"\n";
    scene.write("app/app/sums.py", examples);
    scene.write("app/README.md", "```python\nimport yourlib\n\nyourlib.Square(1)\n```\n");
    let ran = apply(&scene, &["--allow-dirty"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(scene.read("app/app/sums.py"), examples.replace("Square", "Quadrat"));
    assert!(scene.read("app/README.md").contains("Quadrat"));
    assert_eq!(scene.read("app/pyproject.toml"), project);

    scene.write("app/app/sums.py", USE);
    apply(&scene, &["--allow-dirty"]);
    assert_ne!(scene.read("app/pyproject.toml"), project);
}

#[test]
fn what_both_versions_have_keeps_the_requirement() {
    let scene = Scene::with_library();
    for version in ["old", "new"] {
        let shapes = scene.read(&format!("{version}/yourlib/shapes.py"));
        let measure = "\n\ndef measure(shape):\n    return shape.side\n";
        scene.write(&format!("{version}/yourlib/shapes.py"), &format!("{shapes}{measure}"));
    }
    let package = scene.read("old/yourlib/__init__.py");
    let shim = "import warnings\n\nfrom yourlib.shapes import measure\n\n\ndef size(shape):\n    \
                warnings.warn(\"use measure\", DeprecationWarning)\n    return measure(shape)\n";
    scene.write("old/yourlib/__init__.py", &format!("{package}{shim}"));
    let offers = "from yourlib.shapes import measure\n";
    let package = scene.read("new/yourlib/__init__.py");
    scene.write("new/yourlib/__init__.py", &format!("{package}{offers}"));
    let generate = ["manifest", "generate", "--from", "./old", "--to", "./new", "--out", "bundle"];
    assert_eq!(scene.onx(&generate).code, 0);
    let project = "[project]\nname = \"app\"\ndependencies = [\"yourlib>=0.5\"]\n";
    scene.write("app/pyproject.toml", project);
    scene.write("app/app/__init__.py", "import yourlib\n\nyourlib.size(1)\n");
    let ran = apply(&scene, &["--allow-dirty"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(scene.read("app/app/__init__.py"), "import yourlib\n\nyourlib.shapes.measure(1)\n");
    assert_eq!(scene.read("app/pyproject.toml"), project);
}

#[test]
fn the_preview_is_what_git_apply_makes_of_it() {
    let scene = migration();
    let ran = apply(&scene, &["--dry-run", "--diff-output", "preview.patch"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(scene.read("app/app/sums.py"), USE, "a dry run writes nothing");
    scene.git("app", &["apply", "--check", "../preview.patch"]);
    scene.git("app", &["apply", "../preview.patch"]);
    let by_git = scene.files("app/app");
    scene.git("app", &["checkout", "--quiet", "."]);
    assert_eq!(apply(&scene, &[]).code, 0);
    assert_eq!(scene.files("app/app"), by_git);
}

#[test]
fn uncommitted_work_and_a_changed_bundle_stop_an_apply() {
    let scene = migration();
    scene.write("app/app/sums.py", &format!("{USE}# more\n"));
    let dirty = apply(&scene, &[]);
    assert_eq!(dirty.code, 4, "{}", dirty.err);
    assert!(dirty.err.contains("holds uncommitted work"), "{}", dirty.err);
    assert_eq!(scene.read("app/app/sums.py"), format!("{USE}# more\n"));
    let snapshot = scene.read("bundle/snapshot_to.json");
    scene.write("bundle/snapshot_to.json", &snapshot.replace("Quadrat", "Kreis"));
    let changed = apply(&scene, &["--allow-dirty"]);
    assert_eq!(changed.code, 2, "{}", changed.err);
    assert!(changed.err.starts_with("error[VerificationError]"), "{}", changed.err);
}

#[test]
fn a_target_may_only_restrict() {
    let scene = migration();
    let project = scene.read("app/pyproject.toml");
    scene.write("app/pyproject.toml", &format!("{project}[tool.onx]\nsuppress = [\"yourlib\"]\n"));
    let ran = apply(&scene, &["--json"]);
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(report["status"], "unchanged", "{}{}", ran.out, ran.err);
    assert_eq!(report["edits"], Value::Array(Vec::new()));
    scene.write("app/pyproject.toml", &format!("{project}[tool.onx]\nuntyped = true\n"));
    assert_eq!(apply(&scene, &[]).code, 3);
    // One that cannot be read might exclude what is to be edited.
    std::fs::rename(scene.work().join("app/pyproject.toml"), scene.work().join("outside.toml"))
        .expect("moved");
    std::os::unix::fs::symlink("../outside.toml", scene.work().join("app/pyproject.toml"))
        .expect("a link");
    let before = scene.read("app/app/sums.py");
    let refused = apply(&scene, &["--allow-dirty"]);
    assert_eq!(refused.code, 3, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("pyproject.toml` cannot be read"), "{}", refused.err);
    assert_eq!(scene.read("app/app/sums.py"), before);
}

#[test]
fn compat_tries_the_tags_of_a_repository() {
    let scene = migration();
    std::fs::create_dir(scene.work().join("core")).expect("a folder");
    scene.git("core", &["init", "--quiet", "--initial-branch=main"]);
    for (version, tag) in [("old", "1.0.0"), ("new", "2.0.0")] {
        for (path, bytes) in scene.files(version) {
            scene.write(&format!("core/{path}"), std::str::from_utf8(&bytes).expect("text"));
        }
        scene.git("core", &["add", "--all"]);
        scene.git("core", &["commit", "--quiet", "--message", tag]);
        scene.git("core", &["tag", tag]);
    }
    let ran = scene.onx(&[
        "manifest",
        "compat",
        "--package",
        "app",
        "--core",
        "yourlib",
        "--core-path",
        "core",
        "--core-versions",
        ">=1.0",
        "--json",
    ]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    let rows: Vec<_> =
        answer["versions"].as_array().expect("rows").iter().map(|row| &row["compatible"]).collect();
    assert_eq!(rows, [&Value::Bool(true), &Value::Bool(false)], "{}", ran.out);
}

#[test]
fn what_only_the_owner_may_read_is_read_and_the_report_says_how_confined() {
    let scene = migration();
    let file = scene.work().join("app/app/sums.py");
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, owner_only).expect("the mode is set");
    let ran = apply(&scene, &["--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(report["changes"]["files_modified"], 1, "{}", ran.out);
    let level = report["sandbox"]["level"].as_str().expect("a level");
    assert!(["none", "filtered", "isolated", "complete"].contains(&level), "{level}");
}
