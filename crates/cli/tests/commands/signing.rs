//! What signing, publishing and approving leave alone, and what they say when something fails.

use std::os::unix::fs::PermissionsExt as _;

use crate::runs::json;
use crate::scene::Scene;
use crate::trust::{APPLY, GENERATE, generated, refused, yes};

const NAME: &str = "registry://core_migrations/yourlib/1.0.0_2.0.0";

fn new_key(scene: &Scene, name: &str, more: &[&str]) {
    let owner = format!("{name}@example.org");
    yes(scene.onx(&[&["keys", "new", name, "--owner", &owner][..], more].concat()));
}

/// Gives the private key of the machine to everybody, so that it is not used any more.
fn expose(scene: &Scene) {
    let key = scene.configuration().join("keys/private/local.pem");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
}

#[test]
fn a_signature_that_would_not_count_takes_no_place() {
    let scene = generated();
    new_key(&scene, "approver", &["--kind", "approval"]);
    new_key(&scene, "narrow", &["--namespace", "acme"]);
    let before = scene.files("bundle");
    let sign = |more: &[&str]| scene.onx(&[&["manifest", "sign", "bundle"][..], more].concat());
    refused(sign(&["--key", "approver"]), 2, "would count nowhere");
    refused(sign(&["--key", "narrow"]), 2, "would count nowhere");
    assert_eq!(scene.files("bundle"), before);
    yes(scene.onx(&APPLY));
}

#[test]
fn a_signature_that_does_not_hold_is_replaced_by_signing_anew() {
    let scene = generated();
    let signature = scene.read("bundle/manifest.dsse.json");
    let (head, rest) = signature.split_once("\"sig\":\"").expect("a signature");
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    let broken = format!("{head}\"sig\":\"{other}{}", &rest[1..]);
    scene.write("bundle/manifest.dsse.json", &broken);
    refused(scene.onx(&APPLY), 4, "does not hold");
    yes(scene.onx(&["manifest", "sign", "bundle"]));
    yes(scene.onx(&APPLY));
}

#[test]
fn what_was_changed_after_it_was_made_is_neither_signed_nor_approved() {
    let scene = generated();
    new_key(&scene, "lead", &["--kind", "approval"]);
    std::fs::write(scene.work().join("bundle/stubs_to.zip"), "other").expect("a file");
    let approve =
        ["manifest", "approve", "bundle", "--for", "apply", "--role", "owner", "--key", "lead"];
    for command in [&["manifest", "sign", "bundle"][..], &approve] {
        let ran = scene.onx(command);
        assert_ne!(ran.code, 0, "{}", ran.out);
        assert!(ran.err.contains("was changed: `stubs_to.zip`"), "{}", ran.err);
    }
}

#[test]
fn publishing_signs_over_nothing_that_others_signed() {
    let scene = generated();
    new_key(&scene, "release", &[]);
    yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"]));
    let before = scene.read("bundle/manifest.dsse.json");
    let publish = ["manifest", "publish", "bundle", "--namespace", "acme"];
    refused(scene.onx(&publish), 4, "is signed by release@example.org for `core_migrations`");
    assert_eq!(scene.read("bundle/manifest.dsse.json"), before);
    yes(scene.onx(&["manifest", "publish", "bundle"]));
    let own = generated();
    let published = yes(own.onx(&publish)).out;
    assert!(
        published.starts_with("registry://acme/yourlib/1.0.0_2.0.0   published"),
        "{published}"
    );
}

#[test]
fn a_name_stands_for_the_manifest_of_its_own_versions_only() {
    let scene = generated();
    yes(scene.onx(&["manifest", "publish", "bundle", "--registry", "shared"]));
    let space = scene.work().join("shared/core_migrations/yourlib");
    let entry = std::fs::read_to_string(space.join("1.0.0_2.0.0/entry.json")).expect("an entry");
    std::fs::create_dir_all(space.join("2.0.0_3.0.0")).expect("a folder");
    let other = entry.replace("1.0.0_2.0.0", "2.0.0_3.0.0").replace("1.0.0", "2.0.0");
    std::fs::write(space.join("2.0.0_3.0.0/entry.json"), other).expect("a file");
    let name = "registry://core_migrations/yourlib/2.0.0_3.0.0";
    let fetch = ["manifest", "fetch", name, "--registry", "shared"];
    refused(scene.onx(&fetch), 4, "holds another manifest");
    yes(scene.onx(&["manifest", "fetch", NAME, "--registry", "shared"]));
}

#[test]
fn what_is_fetched_takes_the_place_of_nothing_else() {
    let scene = generated();
    yes(scene.onx(&["manifest", "publish", "bundle"]));
    scene.write("mine/report.json", "my own report");
    scene.write("mine/notes.txt", "my own notes");
    let before = scene.files("mine");
    let fetch = ["manifest", "fetch", NAME, "--out", "mine"];
    refused(scene.onx(&fetch), 4, "belongs to no bundle");
    assert_eq!(scene.files("mine"), before);
}

#[test]
fn files_that_a_signed_manifest_does_not_name_decide_nothing() {
    let scene = generated();
    let written = "manifest_version: 1\nfrom: 1.0.0\nto: 2.0.0\noperations:\n- id: OP001\n  \
                   kind: rename.symbol\n  match: {module: yourlib, from: Square, to: Quadrat}\n  \
                   confidence: 0.9\n";
    scene.write("by_hand/manifest.yaml", written);
    yes(scene.onx(&["manifest", "sign", "by_hand"]));
    let stubs = std::fs::read(scene.work().join("bundle/stubs_from.zip")).expect("stubs");
    std::fs::write(scene.work().join("by_hand/stubs_from.zip"), stubs).expect("a file");
    let apply = ["migrate", "apply", "--manifest", "by_hand", "--target", "app"];
    refused(scene.onx(&apply), 2, "`stubs_from.zip` is no file of this manifest");
}

#[test]
fn a_reason_to_publish_all_the_same_is_written_down() {
    let scene = generated();
    let despite = ["manifest", "publish", "bundle", "--despite", "the plugin is gone"];
    yes(scene.onx(&despite));
    let log = yes(scene.onx(&["audit", "show"])).out;
    assert!(log.contains("despite=the plugin is gone"), "{log}");
}

#[test]
fn where_readers_do_not_see_it_yet_the_next_step_is_said() {
    let scene = generated();
    for (name, kind) in [("root-1", "tree_head"), ("online", "tree_head"), ("release", "manifest")]
    {
        new_key(&scene, name, &["--kind", kind]);
        let document = yes(scene.onx(&["keys", "show", name])).out;
        scene.write(&format!("{name}.key.json"), &document);
    }
    let shared = ["--registry", "shared"];
    let registry =
        |more: &[&str]| scene.onx(&[&["manifest", "registry"][..], more, &shared].concat());
    let init = ["init", "--offline-key", "root-1", "--online-key", "online", "--out", "root.json"];
    yes(registry(&init));
    yes(registry(&["delegate", "core_migrations", "--publisher", "release.key.json"]));
    yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"]));
    // The online key is on another machine.
    let online = scene.configuration().join("keys/private/online.pem");
    let elsewhere = scene.work().join("online.pem");
    std::fs::rename(&online, &elsewhere).expect("moved");
    let publish = [&["manifest", "publish", "bundle"][..], &shared].concat();
    let published = yes(scene.onx(&publish));
    let next = "next  onx-manifest registry renew, where the online key is\n";
    assert!(published.err.contains(next), "{}", published.err);
    assert!(!published.err.contains("onx-migrate apply"), "{}", published.err);
    assert_eq!(json(&scene, &publish)["shown"], false);
    std::fs::rename(&elsewhere, &online).expect("moved");
    yes(registry(&["renew"]));
    yes(scene.onx(&[&["manifest", "fetch", NAME][..], &shared].concat()));
    std::fs::rename(&online, &elsewhere).expect("moved");
    let yanked = yes(registry(&["yank", NAME, "--reason", "it is wrong"]));
    assert!(yanked.err.contains(next), "{}", yanked.err);
}

#[test]
fn what_cannot_be_signed_afterwards_is_not_begun_and_a_rollback_is_said_to_be_done() {
    let scene = generated();
    let before = scene.files("app");
    let key = scene.configuration().join("keys/private/local.pem");
    expose(&scene);
    assert_eq!(scene.onx(&APPLY).code, 3);
    assert_eq!(scene.files("app"), before, "nothing was written");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    yes(scene.onx(&APPLY));
    expose(&scene);
    let back = scene.onx(&["migrate", "rollback", "--package", "app"]);
    assert_eq!(back.code, 3, "{}", back.err);
    assert!(back.out.contains("app is back on 1.0.0"), "{}{}", back.out, back.err);
    assert!(back.err.contains("the files are back"), "{}", back.err);
    assert_eq!(scene.files("app"), before);
}

#[test]
fn a_program_reads_one_document_whatever_fails_afterwards() {
    let scene = generated();
    let log = scene.state().join("audit/log.jsonl");
    std::fs::write(&log, "").expect("an emptied log");
    let applied = scene.onx(&[&APPLY[..], &["--json"]].concat());
    assert_eq!(applied.code, 4, "{}", applied.err);
    let answer: serde_json::Value = serde_json::from_str(&applied.out).expect("one document");
    assert!(answer.get("error").is_none(), "{answer}");
    assert!(applied.err.contains("only the audit log"), "{}", applied.err);
    let missing = scene.onx(&["migrate", "apply", "--manifest", "no", "--target", "a", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&missing.out).expect("one document");
    assert!(answer.get("error").is_some(), "{answer}");
}

#[test]
fn runs_of_one_name_in_two_stores_are_two_runs() {
    let scene = generated();
    yes(scene.onx(&APPLY));
    let text = scene.read("new/yourlib/shapes.py");
    for file in ["shapes.py", "__init__.py"] {
        let text = scene.read(&format!("new/yourlib/{file}"));
        scene.write(&format!("newer/yourlib/{file}"), &text.replace("Quadrat", "Carre"));
    }
    assert!(text.contains("Quadrat"));
    scene.write("newer/pyproject.toml", "[project]\nname = \"yourlib\"\nversion = \"3.0.0\"\n");
    let other = scene.work().join("other.db");
    store::SqliteStore::open_or_create(&other).map(drop).expect("a store");
    let store = ["--store", "other.db"];
    let generate =
        ["manifest", "generate", "--from", "new", "--to", "newer", "--out", "next_bundle"];
    yes(scene.onx(&[&generate[..], &store].concat()));
    let apply = ["migrate", "apply", "--manifest", "next_bundle", "--target", "app"];
    let threshold = ["--auto-apply-threshold", "0"];
    yes(scene.onx(&[&apply[..], &threshold, &store].concat()));
    assert!(scene.read("app/main.py").contains("Carre"), "{}", scene.read("app/main.py"));
    let history = json(&scene, &["migrate", "history", "--package", "app"]);
    assert_eq!(history.as_array().map(Vec::len), Some(2));
    assert_eq!(history[0]["run"], history[1]["run"]);
}

#[test]
fn approvals_of_strangers_make_the_file_neither_unreadable_nor_worse() {
    let scene = generated();
    new_key(&scene, "lead", &["--kind", "approval"]);
    let set = ["policy", "set", "--require", "apply=owner", "--holder", "owner=lead@example.org"];
    yes(scene.onx(&set));
    let approve =
        ["manifest", "approve", "bundle", "--for", "apply", "--role", "owner", "--key", "lead"];
    yes(scene.onx(&approve));
    let file = "bundle/manifest.approvals.jsonl";
    let good = scene.read(file);
    let (head, rest) = good.split_once("\"sig\":\"").expect("a signature");
    let sig: Vec<char> = rest.chars().collect();
    let altered = |place: usize| {
        let mut sig = sig.clone();
        sig[place % 80] = if sig[place % 80] == 'A' { 'B' } else { 'A' };
        sig[(place / 80) % 80] = if sig[(place / 80) % 80] == 'C' { 'D' } else { 'C' };
        format!("{head}\"sig\":\"{}", sig.into_iter().collect::<String>())
    };
    // The same statement under a signature that does not hold, and more of them than are kept.
    scene.write("one.jsonl", &altered(1));
    let many: std::collections::BTreeSet<String> = (0..256).map(|it| altered(it + 80)).collect();
    assert_eq!(many.len(), 256);
    scene.write("many.jsonl", &many.into_iter().collect::<String>());
    let approvals = ["manifest", "approvals", "bundle", "--for", "apply"];
    yes(scene.onx(&[&approvals[..], &["--add", "one.jsonl"]].concat()));
    let kept = scene.read(file);
    assert!(kept.contains(good.trim_end()), "{kept}");
    let full = scene.onx(&[&approvals[..], &["--add", "many.jsonl"]].concat());
    refused(full, 2, "more than 256 approvals");
    assert_eq!(scene.read(file), kept);
    yes(scene.onx(&APPLY));
}

#[test]
fn what_may_not_be_published_yet_is_made_and_said() {
    let scene = Scene::with_library();
    new_key(&scene, "lead", &["--kind", "approval"]);
    let set = ["policy", "set", "--require", "publish=owner", "--holder", "owner=lead@example.org"];
    yes(scene.onx(&set));
    let made = scene.onx(&[&GENERATE[..], &["--publish"]].concat());
    assert!(made.out.contains("signed by local:user"), "{}", made.out);
    refused(made, 4, "may not be used for `publish` yet");
    let log = yes(scene.onx(&["audit", "show"])).out;
    assert!(log.contains("manifest generated") && !log.contains("manifest published"), "{log}");
    let runs = json(&scene, &["runs", "list"]);
    assert_eq!(runs[0]["status"], "SUCCESS");
    let approve =
        ["manifest", "approve", "bundle", "--for", "publish", "--role", "owner", "--key", "lead"];
    yes(scene.onx(&approve));
    let again = yes(scene.onx(&[&GENERATE[..], &["--publish", "--json"]].concat())).out;
    let again: serde_json::Value = serde_json::from_str(&again).expect("one document");
    assert_eq!((&again["published_uri"], again.get("unpublished")), (&NAME.into(), None));
}
