//! Changes that are intended: acknowledged for a version, with a reason.

use serde_json::Value;

use crate::scene::{Ran, Scene};

fn diff(scene: &Scene, further: &[&str]) -> Ran {
    let arguments = ["manifest", "diff", "--from", "./old", "--to", "./new"];
    scene.onx(&[&arguments[..], further].concat())
}

fn entry(path: &str, version: &str) -> String {
    format!(
        "[[acknowledge]]\npath = \"{path}\"\nversion = \"{version}\"\n\
         reason = \"renamed on purpose\"\n"
    )
}

/// The library's own project file with an acknowledgement in it.
fn own(scene: &Scene, entry: &str) {
    let project = scene.read("new/pyproject.toml");
    let entry = entry.replace("[[acknowledge]]", "[[tool.onx.acknowledge]]");
    scene.write("new/pyproject.toml", &format!("{project}\n{entry}"));
}

#[test]
fn an_acknowledged_change_is_listed_with_its_reason_and_fails_nothing() {
    let scene = Scene::with_library();
    own(&scene, &entry("yourlib.**", "2.0.0"));
    let text = diff(&scene, &[]);
    assert_eq!(text.code, 0, "{}{}", text.out, text.err);
    assert!(text.out.contains("acknowledged: "), "{}", text.out);
    assert!(text.out.contains("renamed on purpose (`yourlib.**` for 2.0.0"), "{}", text.out);
    assert!(text.out.contains("nothing breaks, 2 changes acknowledged"), "{}", text.out);
    // One that acknowledges everything is visible as such.
    assert!(text.out.contains("[acknowledgement-broad]"), "{}", text.out);

    let json: Value = serde_json::from_str(&diff(&scene, &["--json"]).out).expect("JSON");
    assert_eq!(json["breaking"], false);
    assert_eq!(json["breakages"], Value::Array(Vec::new()));
    assert_eq!(json["acknowledged"][0]["reason"], "renamed on purpose");
    assert_eq!(json["acknowledged"][0]["written_in"], "pyproject.toml");
    let sarif: Value =
        serde_json::from_str(&diff(&scene, &["--format", "sarif"]).out).expect("JSON");
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["justification"], "renamed on purpose");
    let github = diff(&scene, &["--format", "github"]).out;
    assert!(github.starts_with("::notice file=yourlib/"), "{github}");

    let strict = diff(&scene, &["--no-acknowledge"]);
    assert_eq!(strict.code, 1, "{}", strict.out);
    assert!(!strict.out.contains("acknowledged"), "{}", strict.out);
}

#[test]
fn it_holds_for_its_version_alone() {
    let scene = Scene::with_library();
    scene.write("onx.toml", &entry("yourlib.Square", ">=3"));
    assert_eq!(diff(&scene, &[]).code, 1, "the new version is 2.0.0");
    scene.write("onx.toml", &(entry("yourlib.*", "2.0.0") + &entry("yourlib.shapes.*", "2.0.0")));
    let held = diff(&scene, &[]);
    assert_eq!(held.code, 0, "{}{}", held.out, held.err);
    let declared = diff(&scene, &["--declared", "2.1"]);
    assert_eq!(declared.code, 1, "{}", declared.out);
    assert!(!declared.out.contains("unused"), "that of another version is none\n{}", declared.out);
}

#[test]
fn what_is_not_needed_is_a_warning() {
    let scene = Scene::with_library();
    scene.write("onx.toml", &entry("yourlib.gone", "2.0.0"));
    let ran = diff(&scene, &[]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("does not happen [acknowledgement-unused]"), "{}", ran.out);
    assert!(diff(&scene, &["--format", "github"]).out.contains("::warning title="), "{}", ran.out);
}

#[test]
fn wrong_entries_are_an_error_in_ones_own_file_and_acknowledge_nothing_in_a_tree() {
    let scene = Scene::with_library();
    scene.write("onx.toml", &entry("yourlib..Square", "2.0.0"));
    let ran = diff(&scene, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    scene.write("onx.toml", "[[acknowledge]]\npath = \"yourlib.Square\"\nversion = \"2\"\n");
    let ran = diff(&scene, &[]);
    assert_eq!(ran.code, 3, "a reason is required: {}{}", ran.out, ran.err);
    std::fs::remove_file(scene.work().join("onx.toml")).expect("removed");
    for broken in [
        entry("yourlib.**.Square", "2.0.0"),
        entry("yourlib.**", "2.0.0").replace("renamed on purpose", ""),
        entry("yourlib.**", "2.0.0").replace("version", "verison"),
        "[tool.onx]\nacknowledge = \"everything\"\n".to_owned(),
        "[[[".to_owned(),
    ] {
        let scene = Scene::with_library();
        own(&scene, &broken);
        let ran = diff(&scene, &[]);
        // A project file that cannot be read leaves the version unknown as well.
        assert_eq!(ran.code, 1, "{broken}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("[acknowledgement-unusable]"), "{broken}: {}", ran.out);
    }
}

#[test]
fn semver_demands_nothing_for_what_is_intended_and_generate_reports_it() {
    let scene = Scene::with_library();
    own(&scene, &entry("yourlib.**", "2.0.0"));
    let arguments = ["manifest", "semver", "--from", "./old", "--to", "./new", "--json"];
    let ran = scene.onx(&arguments);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(answer["demanded"], "minor", "a new name is there: {}", ran.out);
    assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(2), "{}", ran.out);
    let strict = scene.onx(&[&arguments[..], &["--no-acknowledge"]].concat());
    let answer: Value = serde_json::from_str(&strict.out).expect("JSON");
    assert_eq!(answer["demanded"], "major", "{}", strict.out);

    let ran = scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report = scene.read("artifacts/core_diff/1.0.0_2.0.0/report.json");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["acknowledged"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["accounting"]["gone"], 2, "they are counted all the same");
    // What is acknowledged is among the inputs of a repeat.
    scene.write("onx.toml", &entry("yourlib.gone", "2.0.0"));
    let again = scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new", "--json"]);
    let again: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!(again["unchanged"], false);
}
