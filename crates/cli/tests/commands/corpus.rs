//! `generate --verify-corpus`: what a manifest does to a folder of dependents.

use serde_json::Value;

use crate::scene::{Ran, Scene};

const BUNDLE: &str = "artifacts/core_diff/1.0.0_2.0.0";

fn generate(scene: &Scene, further: &[&str]) -> Ran {
    let arguments = ["manifest", "generate", "--from", "./old", "--to", "./new"];
    scene.onx(&[&arguments[..], further].concat())
}

fn with_corpus() -> Scene {
    let scene = Scene::with_library();
    scene.write("corpus/good/app.py", "from yourlib import Square\n\nprint(Square(3))\n");
    scene.write("corpus/idle/app.py", "from yourlib import area\n\nprint(area)\n");
    scene.write("corpus/README.md", "not a dependent\n");
    scene
}

#[test]
fn every_dependent_has_a_patch_and_a_row_and_none_is_written_into() {
    let scene = with_corpus();
    let before = scene.files("corpus");
    let ran = generate(&scene, &["--verify-corpus", "corpus"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(scene.files("corpus"), before);
    let line = "verified  2 dependents: 1 pass, 1 need nothing, 0 fail, 0 cannot be read";
    assert!(ran.out.contains(line), "{}", ran.out);
    let report = scene.read(&format!("{BUNDLE}/verification.json"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["format"], "onx/verification_report/1");
    assert_eq!(report["passed"], true);
    assert_eq!(report["summary"]["migration_success_rate"], 1.0);
    let rows = report["dependents"].as_array().expect("rows");
    assert_eq!((&rows[0]["dependent"], &rows[0]["status"]), (&"good".into(), &"passed".into()));
    assert_eq!(rows[0]["changes"]["patch_file"], "patches/good.patch");
    assert_eq!(rows[1]["status"], "unchanged");
    let patch = scene.read(&format!("{BUNDLE}/patches/good.patch"));
    assert!(patch.contains("+from yourlib import Quadrat"), "{patch}");
    assert!(!scene.work().join(BUNDLE).join("patches/idle.patch").exists());
    // What lies in the bundle still fits its manifest.
    assert_eq!(scene.onx(&["manifest", "verify", BUNDLE]).code, 0);
    scene.git("corpus/good", &["init", "--quiet"]);
    let patch = format!("../../{BUNDLE}/patches/good.patch");
    scene.git("corpus/good", &["apply", &patch]);
    assert!(scene.read("corpus/good/app.py").contains("Quadrat(3)"));
}

#[test]
fn a_dependent_that_does_not_fit_is_a_no_that_the_report_records() {
    let scene = with_corpus();
    scene.write("corpus/bad/app.py", "from yourlib import Square, circle\n\nSquare(3, depth=4)\n");
    scene.write("corpus/odd/pyproject.toml", "[tool.onx]\nroots = 7\n");
    let ran = generate(&scene, &["--verify-corpus", "corpus", "--json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    let rows = answer["verification"]["dependents"].as_array().expect("rows");
    let statuses: Vec<&str> = rows.iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(statuses, ["failed", "passed", "unchanged", "error"]);
    assert_eq!(rows[0]["remaining"].as_array().map(Vec::len), Some(2), "{}", ran.out);
    let report = scene.read(&format!("{BUNDLE}/report.json"));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["verification"]["passed"], false);
    assert_eq!(report["verification"]["failed"], 2);
    let text = generate(&scene, &["--verify-corpus", "corpus"]);
    assert!(text.out.contains("2 places do not fit: app.py:1: "), "{}", text.out);
}

#[test]
fn previews_are_the_same_for_single_dependents() {
    let scene = with_corpus();
    scene.write("other/good/app.py", "import yourlib\n\nyourlib.Square(1)\n");
    let ran = generate(&scene, &["--preview", "corpus/good", "--preview", "other/good"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for patch in ["good.patch", "good-2.patch"] {
        assert!(scene.read(&format!("{BUNDLE}/patches/{patch}")).contains("Quadrat"), "{patch}");
    }
    for missing in ["nothing", "corpus/good"] {
        let ran = generate(&scene, &["--verify-corpus", missing]);
        assert_eq!(ran.code, 2, "{missing}: {}{}", ran.out, ran.err);
    }
}
