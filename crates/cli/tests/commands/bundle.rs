//! `generate`, and what lies in its folder.

use serde_json::Value;

use crate::scene::Scene;

const GENERATE: [&str; 6] = ["manifest", "generate", "--from", "./old", "--to", "./new"];

fn generate(scene: &Scene, further: &[&str]) -> Value {
    let arguments: Vec<&str> = GENERATE.iter().chain(further).chain(&["--json"]).copied().collect();
    let ran = scene.onx(&arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(ran.err, "", "words in a pipe");
    serde_json::from_str(&ran.out).expect("one JSON object")
}

#[test]
fn generate_writes_the_whole_bundle() {
    let scene = Scene::with_library();
    let answer = generate(&scene, &[]);
    assert_eq!(answer["library"], "yourlib");
    assert_eq!(answer["manifest_uri"], "artifacts/core_diff/1.0.0_2.0.0/manifest.yaml");
    assert_eq!(answer["accounting"]["gone"], 2);
    let files = scene.files("artifacts/core_diff/1.0.0_2.0.0");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = [
        "differences.json",
        "graph_from.json",
        "graph_to.json",
        "manifest.dsse.json",
        "manifest.yaml",
        "metadata.json",
        "report.json",
        "snapshot_from.json",
        "snapshot_to.json",
        "stubs_from.zip",
        "stubs_to.zip",
        "tree_from.tree",
        "tree_to.tree",
    ];
    assert_eq!(names, expected);
    let tree = scene.read("artifacts/core_diff/1.0.0_2.0.0/tree_from.tree");
    assert!(tree.starts_with("version: 2\nmetadata:\n"), "{tree}");
    assert!(tree.contains("      - fq: yourlib.shapes.Square\n        kind: class\n"), "{tree}");
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".json")) {
        serde_json::from_slice::<Value>(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_bytes_depend_on_neither_threads_nor_cache() {
    let scene = Scene::with_library();
    generate(&scene, &["--out", "one", "--parallel", "1", "--no-cache"]);
    generate(&scene, &["--out", "many", "--parallel", "7", "--chunk-size", "1", "--no-cache"]);
    generate(&scene, &["--out", "cold"]);
    // The facts are in the cache now; the record of the run is taken away.
    std::fs::remove_dir_all(scene.cache().join("generate")).expect("records of runs");
    let warm = generate(&scene, &["--out", "warm"]);
    assert_eq!(warm["unchanged"], false);
    let expected = scene.files("one");
    for folder in ["many", "cold", "warm"] {
        assert_eq!(scene.files(folder), expected, "{folder}");
    }
}

#[test]
fn an_unchanged_repeat_writes_nothing_and_a_damaged_file_is_made_again() {
    let scene = Scene::with_library();
    generate(&scene, &[]);
    let before = scene.files("artifacts");
    let modified = |name: &str| {
        let path = scene.work().join("artifacts/core_diff/1.0.0_2.0.0").join(name);
        std::fs::metadata(path).and_then(|m| m.modified()).expect("a time")
    };
    let time = modified("snapshot_to.json");
    assert_eq!(generate(&scene, &[])["unchanged"], true);
    assert_eq!(modified("snapshot_to.json"), time);
    scene.write("artifacts/core_diff/1.0.0_2.0.0/report.json", "{}");
    assert_eq!(generate(&scene, &[])["unchanged"], false);
    assert_eq!(scene.files("artifacts"), before);
    assert_eq!(modified("snapshot_to.json"), time, "what was right is not written again");
}

#[test]
fn what_an_interrupted_run_left_goes() {
    let scene = Scene::with_library();
    generate(&scene, &[]);
    let before = scene.files("artifacts");
    for left in ["report.json", ".onx-0123456789ab-7-1.tmp", "patches/.onx-0123456789ab-7-2.tmp"] {
        scene.write(&format!("artifacts/core_diff/1.0.0_2.0.0/{left}"), "{");
    }
    generate(&scene, &[]);
    assert_eq!(scene.files("artifacts"), before);
}

#[test]
fn a_damaged_cache_is_as_good_as_none() {
    let scene = Scene::with_library();
    generate(&scene, &[]);
    let before = scene.files("artifacts");
    for (name, _) in scene.files("../cache") {
        std::fs::write(scene.cache().join(name), b"onxfact1 and then nonsense").expect("damage");
    }
    assert_eq!(generate(&scene, &[])["unchanged"], false);
    assert_eq!(scene.files("artifacts"), before);
}

#[test]
fn a_version_against_itself_has_no_operation() {
    let scene = Scene::with_library();
    let ran = scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./old", "--json"]);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(answer["summary"]["operations_total"], 0);
    assert_eq!(answer["accounting"]["gone"], 0);
    let differences = scene.read("artifacts/core_diff/1.0.0_1.0.0/differences.json");
    let differences: Value = serde_json::from_str(&differences).expect("JSON");
    for list in ["files", "symbols", "aliases", "keys", "gone"] {
        assert_eq!(differences[list], Value::Array(Vec::new()), "{list}");
    }
}

#[test]
fn versions_are_read_from_git_without_touching_the_work_tree() {
    let scene = Scene::with_library();
    std::fs::create_dir(scene.work().join("core")).expect("a folder");
    scene.git("core", &["init", "--quiet", "--initial-branch=main"]);
    for (version, tag) in [("old", "v1.0.0"), ("new", "v2.0.0")] {
        for (path, bytes) in scene.files(version) {
            scene.write(&format!("core/{path}"), std::str::from_utf8(&bytes).expect("text"));
        }
        scene.git("core", &["add", "--all"]);
        scene.git("core", &["commit", "--quiet", "--message", tag]);
        scene.git("core", &["tag", tag]);
    }
    scene.write("core/yourlib/shapes.py", "broken (\n");
    let ran = scene.onx(&[
        "manifest",
        "generate",
        "--core-path",
        "./core",
        "--from",
        "1.0.0",
        "--to",
        "2.0.0",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let manifest = scene.read("artifacts/core_diff/1.0.0_2.0.0/manifest.yaml");
    assert!(manifest.contains("generated_at: \"2026-01-02T03:04:05Z\""), "{manifest}");
    assert_eq!(scene.read("core/yourlib/shapes.py"), "broken (\n");
    let verified = scene.onx(&[
        "manifest",
        "verify",
        "artifacts/core_diff/1.0.0_2.0.0",
        "--regenerate",
        "--core-path",
        "./core",
    ]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("regenerated: the same bytes"), "{}", verified.out);
}

#[test]
fn a_folder_of_something_else_is_a_conflict() {
    let scene = Scene::with_library();
    scene.write("mine/notes.txt", "keep me");
    let ran = scene.onx(&[&GENERATE[..], &["--out", "mine"]].concat());
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("`notes.txt`, which belongs to no bundle"), "{}", ran.err);
    assert_eq!(scene.files("mine").len(), 1);
}

#[test]
fn timings_name_each_step_and_reach_no_artifact() {
    let scene = Scene::with_library();
    generate(&scene, &["--out", "plain", "--no-cache"]);
    let arguments: Vec<&str> = GENERATE
        .iter()
        .chain(&["--out", "timed", "--no-cache", "--json", "--timings"])
        .copied()
        .collect();
    let ran = scene.onx(&arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let said: Value = serde_json::from_str(&ran.err).expect("one JSON object");
    let steps = said["timings"].as_array().expect("a list");
    let times = |name: &str| {
        let step = steps.iter().find(|step| step["step"] == name);
        let step = step.unwrap_or_else(|| panic!("{name}: {}", ran.err));
        assert!(step["seconds"].as_f64().expect("a number") >= 0.0);
        step["times"].as_u64().expect("a number")
    };
    assert_eq!((times("git_operations"), times("snapshot_generator")), (2, 2));
    assert_eq!((times("difference_detector"), times("inference_engine")), (1, 1));
    assert_eq!((times("confidence_scorer"), times("artifact_storage")), (1, 12));
    assert_eq!(scene.files("plain"), scene.files("timed"));
    let ran = scene.onx(&arguments.iter().copied().filter(|a| *a != "--json").collect::<Vec<_>>());
    assert!(
        ran.err.lines().any(|line| line.starts_with("timing   inference_engine")),
        "{}",
        ran.err
    );
}
