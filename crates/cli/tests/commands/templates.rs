//! `template list`, `template show` and `template add`; `explain` with its witness.

use serde_json::Value;

use crate::scene::{Ran, Scene};

const BUNDLE: &str = "artifacts/core_diff/1.0.0_2.0.0";

/// A bundle of a library in which a function became a method, which onx cannot know.
fn scene() -> Scene {
    let scene = Scene::empty();
    let project =
        |version: &str| format!("[project]\nname = \"yourlib\"\nversion = \"{version}\"\n");
    for folder in ["old", "new"] {
        scene.write(&format!("{folder}/yourlib/__init__.py"), "");
    }
    scene.write("old/pyproject.toml", &project("1.0.0"));
    scene.write("new/pyproject.toml", &project("2.0.0"));
    scene.write(
        "old/yourlib/shapes.py",
        "class Square:\n    side = 1\n\n\ndef describe(shape, precision=2):\n    \
         return round(shape.side, precision)\n\n\ndef area(shape, unit=\"m\"):\n    \
         return [shape.side * shape.side, unit]\n",
    );
    scene.write(
        "new/yourlib/shapes.py",
        "class Square:\n    side = 1\n\n    def in_words(self, precision=2):\n        \
         words = [\"a square of\", str(self.side)]\n        return \" \".join(words)[precision:]\n\
         \n\ndef area(shape, units=\"m\"):\n    return [shape.side * shape.side, units]\n",
    );
    let ran = scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    scene
}

fn add(scene: &Scene, further: &[&str]) -> Ran {
    let arguments = [
        "manifest",
        "template",
        "add",
        "function-to-method",
        "--manifest",
        BUNDLE,
        "--set",
        "function=yourlib.shapes.describe",
        "--set",
        "parameters=shape, precision",
    ];
    scene.onx(&[&arguments[..], further].concat())
}

#[test]
fn templates_are_listed_and_shown() {
    let scene = Scene::empty();
    let list = scene.onx(&["manifest", "template", "list"]);
    assert_eq!(list.code, 0, "{}", list.err);
    let line = "function-to-method";
    assert!(list.out.lines().any(|other| other.starts_with(line)), "{}", list.out);
    let json = scene.onx(&["manifest", "template", "list", "--json"]);
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(list.out.lines().count()));
    let shown = scene.onx(&["manifest", "template", "show", line]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("--set parameters='shape, precision'"), "{}", shown.out);
    assert!(shown.out.contains("print(square.describe(2))"), "{}", shown.out);
    let unknown = scene.onx(&["manifest", "template", "show", "function-to-methods"]);
    assert_eq!(unknown.code, 2, "{}", unknown.out);
}

#[test]
fn what_is_added_makes_a_new_manifest_that_apply_takes() {
    let scene = scene();
    let before = scene.files(BUNDLE);
    let ran = add(
        &scene,
        &["--set", "method=in_words", "--reason", "moved to the class", "--out", "mine", "--json"],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(answer["added"][0]["kind"], "call.rewrite");
    assert_eq!(scene.files(BUNDLE), before, "a manifest never changes");
    let manifest = scene.read("mine/manifest.yaml");
    let parent = answer["parent"].as_str().expect("a digest");
    assert!(manifest.contains(&format!("parent: \"{parent}\"")), "{manifest}");
    assert!(manifest.contains("method: \"manual_validation\""), "{manifest}");
    assert!(manifest.contains("reason: \"moved to the class\""), "{manifest}");
    let verified = scene.onx(&["manifest", "verify", "mine"]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);

    scene.write(
        "app/app.py",
        "from yourlib.shapes import Square, area, describe\n\nsquare = Square()\n\
         print(describe(square, 2), area(square, unit=\"km\"))\n",
    );
    let applied = scene.onx(&["migrate", "apply", "--manifest", "mine", "--target", "app"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    assert_eq!(
        scene.read("app/app.py"),
        "from yourlib.shapes import Square, area\n\nsquare = Square()\n\
         print(square.in_words(2), area(square, units=\"km\"))\n"
    );

    // Without --out it stands beside the manifest's own, named by the new digest.
    let ran = add(&scene, &["--set", "method=in_words", "--reason", "moved to the class"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("artifacts/core_diff/1.0.0_2.0.0_"), "{}", ran.out);
}

#[test]
fn what_cannot_be_true_or_contradicts_is_refused() {
    let scene = scene();
    let wrong = add(&scene, &["--set", "method=in words", "--reason", "moved"]);
    assert_eq!(wrong.code, 2, "{}", wrong.out);
    assert!(wrong.err.contains("method: `in words` is no identifier"), "{}", wrong.err);
    let silent = add(&scene, &["--set", "method=in_words", "--reason", "  "]);
    assert_eq!(silent.code, 2, "{}", silent.out);
    let rename = |to: &str, further: &[&str]| {
        let set = format!("new={to}");
        let arguments = [
            "manifest",
            "template",
            "add",
            "parameter-renamed",
            "--manifest",
            BUNDLE,
            "--set",
            "callable=yourlib.shapes.area",
            "--set",
            "old=unit",
            "--set",
            &set,
            "--reason",
            "said so",
        ];
        scene.onx(&[&arguments[..], further].concat())
    };
    let confirmed = rename("units", &["--out", "confirmed"]);
    assert_eq!(confirmed.code, 0, "it says the same: {}{}", confirmed.out, confirmed.err);
    assert!(confirmed.out.contains("in place of OP"), "{}", confirmed.out);
    let other = rename("shape", &["--out", "other"]);
    assert_eq!(other.code, 4, "{}{}", other.out, other.err);
    let flag = other.err.find("--replace OP").map(|at| other.err[at + 10..at + 15].to_owned());
    let id = flag.expect("the hint names it");
    let replaced = rename("shape", &["--out", "other", "--replace", id.trim()]);
    assert_eq!(replaced.code, 0, "{}{}", replaced.out, replaced.err);
    let unknown = scene.onx(&[
        "manifest",
        "template",
        "add",
        "function-renamed",
        "--manifest",
        BUNDLE,
        "--set",
        "old=yourlib.shapes.descibe",
        "--set",
        "new=yourlib.shapes.area",
        "--reason",
        "renamed",
    ]);
    assert_eq!(unknown.code, 2, "{}", unknown.out);
    assert!(unknown.err.contains("1.0.0 has no `yourlib.shapes.descibe`"), "{}", unknown.err);
    let into_itself = rename("units", &["--out", BUNDLE]);
    assert_eq!(into_itself.code, 4, "{}{}", into_itself.out, into_itself.err);
}

#[test]
fn explain_shows_the_smallest_dependent_that_needs_the_operation() {
    let scene = scene();
    let manifest = scene.read(&format!("{BUNDLE}/manifest.yaml"));
    let id = manifest
        .split("- id: \"")
        .find(|operation| operation.contains("kind: \"arg.rename\""))
        .and_then(|operation| operation.split('"').next())
        .expect("the parameter is found");
    let text = scene.onx(&["manifest", "explain", id, "--manifest", BUNDLE]);
    assert_eq!(text.code, 0, "{}{}", text.out, text.err);
    for line in [
        "  arg.rename: a parameter has another name\n",
        "    from yourlib.shapes import area\n\n    area(..., unit=...)\n",
        "  without it: line 3: ",
        "    area(..., units=...)\n",
    ] {
        assert!(text.out.contains(line), "{line}\n{}", text.out);
    }
    let json = scene.onx(&["manifest", "explain", id, "--manifest", BUNDLE, "--json"]);
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["witness"]["verdict"], "repaired");
    assert_eq!(json["operation"]["kind"], "arg.rename");
    let plain =
        scene.onx(&["manifest", "explain", id, "--manifest", BUNDLE, "--no-witness", "--json"]);
    let plain: Value = serde_json::from_str(&plain.out).expect("JSON");
    assert_eq!(plain["witness"], Value::Null);
}
