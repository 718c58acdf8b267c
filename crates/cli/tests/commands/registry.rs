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
    assert_eq!(again.out, format!("{NAME}   published before, unchanged\n"));
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
    // Nor after somebody who only looked at an operation said that it is right.
    let review = ["manifest", "review", "bundle", "--accept", "OP001", "--reason", "it is right"];
    scene.onx(&[&review[..], &["--out", "reviewed"]].concat());
    let refused = scene.onx(&["manifest", "publish", "reviewed"]);
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

#[test]
fn what_is_published_is_told_once() {
    let scene = published();
    let line = yes(scene.onx(&["events"])).out;
    let event: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    assert_eq!(event["topic"], "onex.evt.onx.migration-ready.v1");
    assert_eq!(event["payload"]["payload"]["manifest_uri"], NAME);
    assert_eq!(yes(scene.onx(&["events", "--take"])).out, line);
    let none = yes(scene.onx(&["events", "--take"]));
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "nobody is to be told anything\n"));
}

#[test]
fn what_was_handled_is_not_told_again() {
    let scene = published();
    let line = yes(scene.onx(&["events"])).out;
    let event: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    let other = "5f0c1b8e-7a55-8d1c-9d0e-2b6f3c1a4e77";
    yes(scene.onx(&["events", "--delivered", other]));
    assert_eq!(yes(scene.onx(&["events"])).out, line);
    let id = event["event_id"].as_str().expect("an id");
    assert_eq!(yes(scene.onx(&["events", "--delivered", id])).out, "");
    assert_eq!(yes(scene.onx(&["events"])).out, "");
    assert_eq!(scene.onx(&["events", "--delivered", "1"]).code, 2);
}

/// Another machine that shares nothing with this one but the registry.
fn neighbour(scene: &Scene) -> Scene {
    let other = Scene::empty();
    std::fs::remove_dir_all(other.configuration()).expect("no keys");
    other.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    for file in ["root.json", "release.key.json"] {
        other.write(file, &scene.read(file));
    }
    other
}

#[test]
fn with_roles_only_what_a_publisher_signed_counts() {
    let scene = Scene::with_library();
    let shared = scene.work().join("shared");
    let shared = shared.to_str().expect("a path");
    let keys = |name: &str, kind: &str| {
        let owner = format!("{name}@example.org");
        yes(scene.onx(&["keys", "new", name, "--owner", &owner, "--kind", kind]));
    };
    keys("root-1", "tree_head");
    keys("release", "manifest");
    let own = |arguments: &[&str]| scene.onx(&[arguments, &["--registry", shared]].concat());
    let roles = |arguments: &[&str]| own(&[&["manifest", "registry"], arguments].concat());
    yes(roles(&["init", "--offline-key", "root-1", "--out", "root.json"]));
    assert_eq!(roles(&["init", "--offline-key", "root-1"]).code, 2, "there are roles already");
    scene.write("release.key.json", &yes(scene.onx(&["keys", "show", "release"])).out);
    yes(scene.onx(&["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"]));
    yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"]));
    let early = own(&["manifest", "publish", "bundle"]);
    assert_eq!(early.code, 2, "nobody publishes there yet: {}{}", early.out, early.err);
    yes(roles(&["delegate", "core_migrations", "--publisher", "release.key.json"]));
    yes(own(&["manifest", "publish", "bundle"]));

    let other = neighbour(&scene);
    let there = |arguments: &[&str]| other.onx(&[arguments, &["--registry", shared]].concat());
    let fetch = ["manifest", "fetch", NAME, "--out", "fetched"];
    let untrusted = there(&fetch);
    assert_eq!(untrusted.code, 2, "{}{}", untrusted.out, untrusted.err);
    assert!(untrusted.err.contains("hint: "), "{}", untrusted.err);
    yes(there(&["manifest", "registry", "trust", "root.json"]));
    yes(there(&fetch));
    assert_eq!(other.files("fetched"), scene.files("bundle"));
    let trust = ["keys", "trust", "release.key.json", "--owner", "release@example.org"];
    yes(other.onx(&trust));
    let apply = ["migrate", "apply", "--manifest", NAME, "--target", "app"];
    let applied = yes(there(&[&apply[..], &["--auto-apply-threshold", "0"]].concat())).out;
    assert!(applied.contains("signed by release@example.org"), "{applied}");

    yes(roles(&["mirror", scene.work().join("mirror").to_str().expect("a path")]));
    assert!(scene.work().join("mirror/metadata/root.json").is_file());
    yes(roles(&["yank", NAME, "--reason", "it drops calls"]));
    let yanked = there(&fetch);
    assert_eq!(yanked.code, 4, "{}{}", yanked.out, yanked.err);
    assert!(yanked.err.contains("it drops calls"), "{}", yanked.err);
    let list = yes(there(&["manifest", "registry", "list"])).out;
    assert!(list.contains("yanked"), "{list}");

    // Without its roles the folder is a stranger's.
    std::fs::remove_file(scene.work().join("shared/metadata/root.json")).expect("a root");
    assert_eq!(there(&fetch).code, 4);
    yes(there(&["manifest", "registry", "list", "--offline"]));
}
