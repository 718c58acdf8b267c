//! What the commits between two versions of a repository add to a manifest.

use std::path::Path;

use serde_json::Value;

use crate::scene::{Ran, Scene};

const BASKET: &str = "def collect(items):\n    \"\"\"Gather what was ordered.\"\"\"\n    \
                      found = []\n    for item in items:\n        if item.ordered:\n            \
                      found.append(item)\n    return found\n\n\ndef total(items):\n    \
                      return sum(item.price for item in items)\n";

/// A library in which `collect` goes, and something else comes that its body is as little like as
/// any other.
const REWRITTEN: &str = "def draw_together(items, *, strict=False):\n    \
                         \"\"\"All orders, one after the other.\"\"\"\n    \
                         return tuple(filter(lambda one: one.ordered or strict, items))\n\n\n\
                         def total(items):\n    return sum(item.price for item in items)\n";

/// A repository with its first version.
fn library(scene: &Scene) {
    scene.write("core/shop/__init__.py", "");
    scene.write("core/shop/basket.py", BASKET);
    scene.write(
        "core/shop/till.py",
        "import shop.basket\n\n\ndef pay(items):\n    return shop.basket.collect(items)\n",
    );
    scene.write("core/docs/guide.md", "Call `collect` first.\n");
    scene.write("core/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1.0\"\n");
    scene.git("core", &["init", "--quiet", "--initial-branch=main"]);
    commit(scene, "The first version");
    scene.git("core", &["tag", "1.0"]);
}

fn commit(scene: &Scene, message: &str) {
    scene.git("core", &["add", "--all"]);
    scene.git("core", &["commit", "--quiet", "--message", message]);
}

fn replace(scene: &Scene, files: &[&str], old: &str, new: &str) {
    for file in files {
        let path = format!("core/{file}");
        scene.write(&path, &scene.read(&path).replace(old, new));
    }
}

const CALLERS: [&str; 3] = ["shop/basket.py", "shop/till.py", "docs/guide.md"];

fn generate(scene: &Scene, core: &str, further: &[&str]) -> Ran {
    let arguments = ["manifest", "generate", "--core-path", core, "--from", "1.0", "--to", "2.0"];
    let ran = scene.onx(&[&arguments, further].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

fn operations(scene: &Scene, bundle: &str) -> Vec<Value> {
    let text = scene.read(&format!("{bundle}/manifest.yaml"));
    let manifest = code_model::manifest::Manifest::read(text.as_bytes()).expect("a manifest");
    let value = |operation| serde_json::to_value(operation).expect("an operation");
    manifest.operations.iter().map(value).collect()
}

fn renames(operations: &[Value]) -> Vec<String> {
    let is_rename = |it: &&Value| it["kind"].as_str().is_some_and(|kind| kind.contains("rename"));
    let part = |it: &Value, key: &str| it["match"][key].as_str().unwrap_or("?").to_owned();
    let name = |it: &Value| format!("{} {}", part(it, "from"), part(it, "to"));
    operations.iter().filter(is_rename).map(name).collect()
}

#[test]
fn a_commit_that_renames_a_definition_and_its_callers_names_the_successor() {
    let scene = Scene::empty();
    library(&scene);
    replace(&scene, &CALLERS, "collect", "draw_together");
    commit(&scene, "Say what collecting does");
    scene.write("core/shop/basket.py", REWRITTEN);
    commit(&scene, "Rewrite it");
    scene.git("core", &["tag", "2.0"]);
    generate(&scene, "./core", &["--out", "out"]);
    let operations = operations(&scene, "out");
    assert_eq!(renames(&operations), ["collect draw_together"]);
    let witness = &operations[0]["evidence"]["witnesses"][0];
    assert_eq!(witness["kind"], "history_match");
    assert_eq!((&witness["version"], &witness["line"]), (&"to".into(), &1.into()));
    assert_eq!(witness["file"], "shop/basket.py");
    let text = witness["text"].as_str().expect("a text");
    assert!(text.contains(": Say what collecting does (2 of 2 files"), "{text}");
    assert_eq!(operations[0]["confidence"]["factors"]["history_match"], 1.0);
    assert_eq!(operations[0]["confidence"]["recommendation"], "apply_with_warning");
    // The same bytes in another order of work, and from what is cached.
    let first = scene.files("out");
    generate(&scene, "./core", &["--out", "serial", "--parallel", "1", "--no-cache"]);
    assert_eq!(scene.files("serial"), first);
}

#[test]
fn commits_that_leave_a_choice_decide_nothing() {
    let scene = Scene::empty();
    library(&scene);
    let body = "    return tuple(filter(lambda one: one.ordered, items))\n";
    replace(
        &scene,
        &["shop/basket.py"],
        BASKET.split("\n\n\n").next().expect("one"),
        &format!("def draw_together(items):\n{body}\n\ndef pull_apart(items):\n{body}"),
    );
    replace(
        &scene,
        &["shop/till.py"],
        "shop.basket.collect(items)",
        "shop.basket.draw_together(shop.basket.pull_apart(items))",
    );
    replace(&scene, &["docs/guide.md"], "`collect`", "`draw_together` or `pull_apart`");
    commit(&scene, "Two for one");
    scene.git("core", &["tag", "2.0"]);
    generate(&scene, "./core", &["--out", "out"]);
    assert!(renames(&operations(&scene, "out")).is_empty());
}

#[test]
fn a_shallow_clone_and_a_folder_give_less_and_fail_at_nothing() {
    let scene = Scene::empty();
    library(&scene);
    replace(&scene, &CALLERS, "collect", "draw_together");
    commit(&scene, "Say what collecting does");
    scene.write("core/shop/basket.py", REWRITTEN);
    commit(&scene, "Rewrite it");
    scene.git("core", &["tag", "2.0"]);
    let origin = format!("file://{}", scene.work().join("core").display());
    scene.git(".", &["clone", "--quiet", "--depth=1", "--branch=2.0", &origin, "shallow"]);
    scene.git("shallow", &["fetch", "--quiet", "--depth=1", "origin", "tag", "1.0"]);
    generate(&scene, "./shallow", &["--out", "of_shallow"]);
    let manifest = scene.read("of_shallow/manifest.yaml");
    assert!(!manifest.contains("history_match"), "{manifest}");
    // What is deepened is asked anew.
    scene.git("shallow", &["fetch", "--quiet", "--unshallow"]);
    generate(&scene, "./shallow", &["--out", "of_shallow"]);
    assert!(scene.read("of_shallow/manifest.yaml").contains("history_match"));
    assert!(Path::new(&scene.work()).join("shallow/.git").is_dir());
}
