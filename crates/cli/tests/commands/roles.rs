//! Registries with roles from the outside: their keys are replaced, and nobody makes them plain
//! ones.

use std::os::unix::fs::symlink;

use crate::scene::{Ran, Scene};

const NAME: &str = "registry://core_migrations/yourlib/1.0.0_2.0.0";
const SHORT: &str = "registry://core_migrations/1.0.0_2.0.0";

fn yes(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

fn new_key(scene: &Scene, name: &str, kind: &str) {
    let owner = format!("{name}@example.org");
    yes(scene.onx(&["keys", "new", name, "--owner", &owner, "--kind", kind]));
    let document = yes(scene.onx(&["keys", "show", name])).out;
    scene.write(&format!("{name}.key.json"), &document);
}

fn registry(scene: &Scene, arguments: &[&str]) -> Ran {
    let shared = ["--registry", "shared"];
    scene.onx(&[&["manifest", "registry"], arguments, &shared].concat())
}

/// A registry with roles in `shared`, whose online key is one of its own, and a bundle in it.
fn with_roles() -> Scene {
    let scene = Scene::with_library();
    for (name, kind) in [("root-1", "tree_head"), ("online", "tree_head"), ("release", "manifest")]
    {
        new_key(&scene, name, kind);
    }
    let init = ["init", "--offline-key", "root-1", "--online-key", "online", "--out", "root.json"];
    yes(registry(&scene, &init));
    yes(registry(&scene, &["delegate", "core_migrations", "--publisher", "release.key.json"]));
    yes(scene.onx(&["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"]));
    yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"]));
    yes(scene.onx(&["manifest", "publish", "bundle", "--registry", "shared"]));
    scene
}

fn fetch(scene: &Scene) -> Ran {
    scene.onx(&["manifest", "fetch", NAME, "--registry", "shared"])
}

#[test]
fn the_keys_of_a_registry_are_replaced_and_its_users_follow() {
    let scene = with_roles();
    new_key(&scene, "root-2", "tree_head");
    new_key(&scene, "online-2", "tree_head");
    let keys = ["--new-offline-key", "root-2.key.json", "--new-online-key", "online-2.key.json"];
    let rotated = yes(registry(&scene, &[&["rotate", "--out", "root-2.json"], &keys[..]].concat()));
    assert!(rotated.out.contains("has a new root"), "{}", rotated.out);
    assert_ne!(scene.read("root.json"), scene.read("root-2.json"));
    yes(fetch(&scene));
    yes(registry(&scene, &["resign", "core_migrations"]));
    yes(registry(&scene, &["renew"]));
    yes(registry(&scene, &["rotate"]));
    yes(fetch(&scene));
    let unknown = registry(&scene, &["resign", "others"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert!(unknown.err.contains("registry delegate"), "{}", unknown.err);
    let offline = registry(&scene, &["rotate", "--new-online-key", "root-2.key.json"]);
    assert_eq!(offline.code, 2, "{}", offline.err);
    let more = registry(&scene, &["rotate", "--threshold", "2"]);
    assert_eq!(more.code, 2, "{}", more.err);
}

#[test]
fn a_namespace_is_given_where_the_online_key_is_not() {
    let scene = with_roles();
    let private = scene.configuration().join("keys/private");
    std::fs::remove_file(private.join("online.pem")).expect("it is elsewhere now");
    let delegate = ["delegate", "others", "--publisher", "release.key.json"];
    let given = yes(registry(&scene, &delegate));
    assert!(given.err.contains("registry renew, where the online key is"), "{}", given.err);
    let renewed = registry(&scene, &["renew"]);
    assert_eq!(renewed.code, 2, "{}", renewed.err);
    assert!(renewed.err.contains("onx keys list"), "{}", renewed.err);
    std::fs::remove_file(private.join("root-1.pem")).expect("it is elsewhere now");
    let refused = registry(&scene, &delegate);
    assert_eq!(refused.code, 2, "{}", refused.err);
}

#[test]
fn a_link_in_the_place_of_a_registry_does_not_make_it_a_plain_one() {
    let scene = with_roles();
    let [shared, moved, evil, link] =
        ["shared", "moved", "evil", "link"].map(|name| scene.work().join(name));
    yes(scene.onx(&["manifest", "publish", "bundle", "--registry", "evil"]));
    symlink(&shared, &link).expect("a link");
    let by_link = ["manifest", "fetch", NAME, "--registry", "link"];
    yes(scene.onx(&by_link));
    std::fs::remove_file(&link).expect("gone");
    symlink(&evil, &link).expect("a link");
    assert_eq!(scene.onx(&by_link).code, 4, "it was used as a registry with roles");
    std::fs::rename(&shared, &moved).expect("moved");
    symlink(&evil, &shared).expect("a link");
    let refused = fetch(&scene);
    assert_eq!(refused.code, 4, "{}{}", refused.out, refused.err);
    let publish = scene.onx(&["manifest", "publish", "bundle", "--registry", "shared"]);
    assert_eq!(publish.code, 4, "{}{}", publish.out, publish.err);
    std::fs::remove_file(&shared).expect("gone");
    symlink(&moved, &shared).expect("a link");
    yes(fetch(&scene));
    yes(scene.onx(&["manifest", "registry", "list", "--registry", "evil"]));
}

#[test]
fn who_signed_signs_nothing_on_top_of_an_older_copy() {
    let scene = with_roles();
    let old = scene.files("shared/metadata");
    yes(registry(&scene, &["deprecate", NAME, "--reason", "there is a better one"]));
    std::fs::remove_dir_all(scene.work().join("shared/metadata")).expect("gone");
    std::fs::create_dir(scene.work().join("shared/metadata")).expect("a folder");
    for (name, bytes) in old {
        std::fs::write(scene.work().join("shared/metadata").join(name), bytes).expect("a file");
    }
    let yanked = registry(&scene, &["yank", NAME, "--reason", "wrong"]);
    assert_eq!(yanked.code, 4, "{}{}", yanked.out, yanked.err);
    assert!(yanked.err.contains("goes back"), "{}", yanked.err);
}

#[test]
fn a_registry_without_roles_is_told_how_it_gets_some() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.work().join("shared")).expect("a folder");
    let renewed = registry(&scene, &["renew"]);
    assert_eq!(renewed.code, 2, "{}", renewed.err);
    assert!(renewed.err.contains("has no roles"), "{}", renewed.err);
    assert!(renewed.err.contains("onx-manifest registry init"), "{}", renewed.err);
    assert!(scene.files("shared").is_empty());
}

#[test]
fn files_that_no_bundle_has_are_not_written_where_the_user_wants_the_bundle() {
    let scene = Scene::with_library();
    yes(scene.onx(&["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"]));
    yes(scene.onx(&["manifest", "publish", "bundle", "--registry", "shared"]));
    let path = "shared/core_migrations/yourlib/1.0.0_2.0.0/entry.json";
    let mut entry: serde_json::Value = serde_json::from_str(&scene.read(path)).expect("JSON");
    let manifest = entry["files"]["manifest.yaml"].clone();
    assert!(manifest.is_object(), "{entry}");
    entry["files"]["sitecustomize.py"] = manifest;
    std::fs::remove_file(scene.work().join(path)).expect("gone");
    scene.write(path, &entry.to_string());
    let fetched = scene.onx(&["manifest", "fetch", NAME, "--registry", "shared", "--out", "out"]);
    assert_eq!(fetched.code, 4, "{}{}", fetched.out, fetched.err);
    assert!(fetched.err.contains("`sitecustomize.py`"), "{}", fetched.err);
    assert!(!scene.work().join("out").exists());
}

#[test]
fn a_publication_that_was_not_written_down_is_when_it_is_found_done() {
    let scene = Scene::with_library();
    yes(scene.onx(&["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"]));
    let publish = ["manifest", "publish", "bundle", "--registry", "shared"];
    yes(scene.onx(&publish));
    // As if the first one had been killed before it said so.
    std::fs::remove_dir_all(scene.state().join("audit")).expect("a log");
    let published = || {
        let log = yes(scene.onx(&["audit", "show"])).out;
        log.lines().filter(|line| line.contains("manifest published")).count()
    };
    for _ in 0..2 {
        assert!(yes(scene.onx(&publish)).out.contains("unchanged"));
        assert_eq!(published(), 1);
    }
    let yank = ["manifest", "registry", "yank", SHORT, "--reason", "wrong"];
    yes(scene.onx(&[&yank[..], &["--registry", "shared"]].concat()));
    let log = yes(scene.onx(&["audit", "show"])).out;
    let yanked = log.lines().find(|line| line.contains("manifest yanked"));
    assert!(yanked.is_some_and(|line| line.contains(NAME)), "{log}");
}
