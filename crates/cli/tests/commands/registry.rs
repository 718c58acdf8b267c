//! Bundles that are published, fetched, applied by name, and taken out of use.

use crate::scene::{Ran, Scene};

const NAME: &str = "registry://core_migrations/yourlib/1.0.0_2.0.0";

fn yes(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

fn published() -> Scene {
    let scene = Scene::with_library();
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    let generate = ["manifest", "generate", "--from", "old", "--to", "new", "--publish"];
    let ran = yes(scene.onx(&generate));
    assert!(ran.out.contains(&format!("published {NAME}\n")), "{}", ran.out);
    scene
}

#[test]
fn a_manifest_is_applied_by_its_name() {
    let scene = published();
    let short = "registry://core_migrations/1.0.0_2.0.0";
    let apply = ["migrate", "apply", "--target", "app", "--auto-apply-threshold", "0"];
    yes(scene.onx(&[&apply[..], &["--manifest", short]].concat()));
    assert!(scene.read("app/main.py").contains("from yourlib import Quadrat"));
    let runs = yes(scene.onx(&["runs", "list"])).out;
    assert!(runs.contains(&format!("apply {short} to app")), "{runs}");
    yes(scene.onx(&["manifest", "fetch", NAME, "--out", "fetched"]));
    let bundle = scene.files("artifacts/core_diff/1.0.0_2.0.0");
    assert_eq!(scene.files("fetched"), bundle);
}

#[test]
fn what_is_published_does_not_change() {
    let scene = published();
    let folder = "artifacts/core_diff/1.0.0_2.0.0";
    let again = yes(scene.onx(&["manifest", "publish", folder]));
    assert_eq!(again.out, format!("{NAME}   unsigned, unchanged\n"));
    scene.write("new/yourlib/more.py", "def more(): ...\n");
    let other = ["manifest", "generate", "--from", "old", "--to", "new", "--publish"];
    let other = scene.onx(&other);
    assert_eq!(other.code, 4, "{}", other.err);
    assert!(other.err.starts_with("error[RegistryError]: something else is published"));
    let elsewhere = ["manifest", "publish", folder, "--registry", "elsewhere"];
    yes(scene.onx(&elsewhere));
    assert!(scene.work().join("elsewhere/core_migrations/yourlib").is_dir());
}

#[test]
fn what_was_yanked_is_not_applied() {
    let scene = published();
    let deprecate = ["manifest", "registry", "deprecate", NAME, "--reason", "2.0.1 is better"];
    yes(scene.onx(&deprecate));
    let fetched = yes(scene.onx(&["manifest", "fetch", NAME]));
    assert!(fetched.err.contains("is deprecated: 2.0.1 is better"), "{}", fetched.err);
    yes(scene.onx(&["manifest", "registry", "yank", NAME, "--reason", "it is wrong"]));
    let apply = ["migrate", "apply", "--manifest", NAME, "--target", "app"];
    let refused = scene.onx(&apply);
    assert_eq!((refused.code, refused.err.contains("was yanked: it is wrong")), (4, true));
    let listed = yes(scene.onx(&["manifest", "registry", "list"])).out;
    assert_eq!(listed.split_whitespace().collect::<Vec<_>>()[..2], [NAME, "yanked"]);
    yes(scene.onx(&["manifest", "registry", "restore", NAME, "--reason", "it is right"]));
    yes(scene.onx(&["manifest", "fetch", NAME]));
}

#[test]
fn a_manifest_that_failed_its_dependents_is_published_only_with_a_reason() {
    let scene = Scene::with_library();
    scene.write("app/main.py", "from yourlib import Circle\n\nprint(Circle(2))\n");
    let generate = ["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"];
    let generate = [&generate[..], &["--preview", "app"]].concat();
    assert_eq!(scene.onx(&generate).code, 1);
    let refused = scene.onx(&["manifest", "publish", "bundle"]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("--despite"), "{}", refused.err);
    yes(scene.onx(&["manifest", "publish", "bundle", "--despite", "Circle was never public"]));
}

#[test]
fn names_that_are_none_and_entries_that_are_not_there_are_refused() {
    let scene = Scene::empty();
    assert_eq!(scene.onx(&["manifest", "fetch", "registry://a/../b"]).code, 2);
    let missing = scene.onx(&["manifest", "fetch", NAME]);
    assert_eq!(missing.code, 2, "{}", missing.err);
    assert_eq!(yes(scene.onx(&["manifest", "registry", "list"])).out, "nothing is published\n");
}
