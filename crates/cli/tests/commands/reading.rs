//! `diff`, `semver`, `docs`, `explain` and `verify`.

use serde_json::Value;

use crate::scene::Scene;

#[test]
fn diff_says_what_breaks_in_each_form() {
    let scene = Scene::with_library();
    let text = scene.onx(&["manifest", "diff", "--from", "./old", "--to", "./new"]);
    assert_eq!(text.code, 1, "{}", text.err);
    assert!(text.out.contains("yourlib/shapes.py:1: breaks: "), "{}", text.out);
    let form = |format: &str| {
        scene.onx(&["manifest", "diff", "--from", "./old", "--to", "./new", "--format", format])
    };
    let sarif: Value = serde_json::from_str(&form("sarif").out).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(form("github").out.starts_with("::error file=yourlib/"), "{}", form("github").out);
    let json: Value = serde_json::from_str(&form("json").out).expect("JSON");
    assert_eq!(json["breaking"], true);
    let same = scene.onx(&["manifest", "diff", "--from", "./old", "--to", "./old"]);
    assert_eq!((same.code, same.out.as_str()), (0, "yourlib 1.0.0 → 1.0.0: nothing breaks\n"));
}

#[test]
fn semver_compares_the_bump_with_what_changed() {
    let scene = Scene::with_library();
    let arguments = ["manifest", "semver", "--from", "./old", "--to", "./new"];
    let enough = scene.onx(&arguments);
    assert_eq!(enough.code, 0, "{}{}", enough.out, enough.err);
    let small = scene.onx(&[&arguments[..], &["--declared", "1.0.1"]].concat());
    assert_eq!(small.code, 1, "{}{}", small.out, small.err);
    assert!(small.out.contains("demand a major one: too small"), "{}", small.out);
}

#[test]
fn verify_finds_a_changed_bundle() {
    let scene = Scene::with_library();
    scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new", "--out", "bundle"]);
    let good = scene.onx(&["manifest", "verify", "bundle"]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    let snapshot = scene.read("bundle/snapshot_to.json");
    scene.write("bundle/snapshot_to.json", &snapshot.replace("Quadrat", "Kreis"));
    let bad = scene.onx(&["manifest", "verify", "bundle/manifest.yaml", "--json"]);
    assert_eq!(bad.code, 1, "{}", bad.err);
    let answer: Value = serde_json::from_str(&bad.out).expect("JSON");
    assert_eq!(answer["verified"], false);
}

#[test]
fn docs_and_explain_read_a_manifest() {
    let scene = Scene::with_library();
    scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new", "--out", "bundle"]);
    let guide = scene.onx(&["manifest", "docs", "--manifest", "bundle"]);
    assert_eq!(guide.code, 0, "{}", guide.err);
    assert!(guide.out.starts_with("# Migrating from yourlib 1.0.0 to 2.0.0\n"), "{}", guide.out);
    assert!(guide.out.contains("yourlib.Square") || guide.out.contains("yourlib.shapes.Square"));
    let kind = ["--kind", "release-notes", "--output", "NOTES.md"];
    let notes = scene.onx(&[&["manifest", "docs", "--manifest", "bundle"][..], &kind].concat());
    assert_eq!((notes.code, notes.out.as_str()), (0, ""), "{}", notes.err);
    assert!(scene.read("NOTES.md").starts_with("# yourlib 2.0.0\n"));
    let missing = scene.onx(&["manifest", "explain", "OP999", "--manifest", "bundle"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("has no operation `OP999`"), "{}", missing.err);
}
