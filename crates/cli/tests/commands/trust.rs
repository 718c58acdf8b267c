//! Keys, signatures, and the audit log.

use crate::scene::{Ran, Scene};

pub(crate) const GENERATE: [&str; 8] =
    ["manifest", "generate", "--from", "old", "--to", "new", "--out", "bundle"];
pub(crate) const APPLY: [&str; 8] =
    ["migrate", "apply", "--manifest", "bundle", "--target", "app", "--auto-apply-threshold", "0"];

pub(crate) fn yes(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

pub(crate) fn refused(ran: Ran, code: i32, says: &str) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(says), "{}", ran.err);
    assert!(ran.err.contains("hint: "), "{}", ran.err);
}

pub(crate) fn generated() -> Scene {
    let scene = Scene::with_library();
    scene.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    let made = yes(scene.onx(&GENERATE));
    assert!(made.out.contains("signed by local:user"), "{}", made.out);
    scene
}

#[test]
fn what_is_made_here_is_applied_here() {
    let scene = generated();
    let signed = yes(scene.onx(&["manifest", "verify", "bundle"])).out;
    assert!(signed.contains("ok      signature: local:user for core_migrations"), "{signed}");
    let again = yes(scene.onx(&GENERATE)).out;
    assert!(again.contains("signed by local:user, unchanged"), "{again}");
    let applied = yes(scene.onx(&APPLY)).out;
    assert!(applied.contains("signed by local:user"), "{applied}");
    assert!(scene.read("app/main.py").contains("Quadrat"));
}

#[test]
fn what_nobody_vouches_for_is_applied_only_when_that_is_said() {
    let scene = generated();
    std::fs::remove_file(scene.work().join("bundle/manifest.dsse.json")).expect("a signature");
    refused(scene.onx(&APPLY), 2, "nobody signed");
    assert!(scene.read("app/main.py").contains("Square"));
    assert_eq!(scene.onx(&["manifest", "verify", "bundle"]).code, 1);
    refused(scene.onx(&["manifest", "publish", "bundle"]), 2, "nobody signed");
    let applied = yes(scene.onx(&[&APPLY[..], &["--allow-unsigned"]].concat())).out;
    assert!(applied.contains("unsigned, "), "{applied}");
    let log = yes(scene.onx(&["audit", "show"])).out;
    assert!(log.contains("unsigned work allowed"), "{log}");
    assert!(log.contains("manifest applied"), "{log}");
}

#[test]
fn a_signature_counts_where_its_key_is_trusted() {
    let scene = generated();
    let release = ["--owner", "ada@example.org", "--namespace", "core_migrations"];
    yes(scene.onx(&[&["keys", "new", "release"][..], &release].concat()));
    let signed = yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"])).out;
    assert!(signed.contains("signed by"), "{signed}");
    let public = yes(scene.onx(&["keys", "show", "release"])).out;
    scene.write("release.key.json", &public);

    let other = Scene::empty();
    std::fs::remove_dir_all(other.configuration()).expect("no keys");
    for (path, bytes) in scene.files("bundle") {
        let path = other.work().join("bundle").join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
    other.write("app/main.py", "from yourlib import Square\n\nprint(Square(2))\n");
    other.write("release.key.json", &public);
    refused(other.onx(&APPLY), 3, "nobody who is trusted here signed");
    let wrong = ["keys", "trust", "release.key.json", "--owner", "ada@example.org"];
    yes(other.onx(&[&wrong[..], &["--namespace", "core_migrations"]].concat()));
    refused(other.onx(&[&wrong[..], &["--days", "3"]].concat()), 4, "is known already");
    let applied = yes(other.onx(&APPLY)).out;
    assert!(applied.contains("signed by ada@example.org"), "{applied}");
    let list = yes(other.onx(&["keys", "list"])).out;
    let line = list.lines().find(|line| line.contains("ada@example.org")).expect("a key");
    let id = line.split_whitespace().next().expect("an id").to_owned();
    yes(other.onx(&["keys", "revoke", &id, "--reason", "the laptop was stolen"]));
    let again = other.onx(&[&APPLY[..], &["--dry-run"]].concat());
    refused(again, 3, "was revoked at");
    let log = yes(other.onx(&["audit", "show"])).out;
    for event in ["key trusted", "manifest applied", "key revoked"] {
        assert!(log.contains(event), "{log}");
    }
}

#[test]
fn a_signature_that_does_not_hold_is_refused_whatever_is_said() {
    let scene = generated();
    let manifest = scene.read("bundle/manifest.yaml");
    let signature = scene.read("bundle/manifest.dsse.json");
    let other = Scene::with_library();
    other.write("new/yourlib/more.py", "def more():\n    return 1\n");
    yes(other.onx(&GENERATE));
    let foreign = other.read("bundle/manifest.dsse.json");
    for broken in
        [foreign, signature.replacen("sig\":\"", "sig\":\"A", 1), format!("{signature}\n")]
    {
        scene.write("bundle/manifest.dsse.json", &broken);
        let ran = scene.onx(&[&APPLY[..], &["--allow-unsigned"]].concat());
        refused(ran, 4, "does not hold");
        assert_eq!(scene.onx(&["manifest", "verify", "bundle"]).code, 1);
    }
    assert!(scene.read("app/main.py").contains("Square"));
    assert_eq!(scene.read("bundle/manifest.yaml"), manifest);
}

#[test]
fn the_log_says_what_happened_and_proves_it() {
    let scene = generated();
    yes(scene.onx(&GENERATE));
    yes(scene.onx(&APPLY));
    yes(scene.onx(&APPLY));
    yes(scene.onx(&["migrate", "rollback", "--package", "app"]));
    yes(scene.onx(&["manifest", "publish", "bundle"]));
    let log = yes(scene.onx(&["audit", "show"])).out;
    let events = ["manifest generated", "manifest applied", "manifest rolled back"];
    for (line, event) in log.lines().zip(events) {
        assert!(line.contains(event), "{log}");
    }
    assert!(log.contains("manifest published"), "{log}");
    assert!(!log.contains("unknown"), "{log}");
    let verified = yes(scene.onx(&["audit", "verify"])).out;
    assert!(verified.starts_with("4 entries hang together, root "), "{verified}");
    let proof = yes(scene.onx(&["audit", "prove", "1"])).out;
    let proof: serde_json::Value = serde_json::from_str(&proof).expect("JSON");
    assert_eq!((proof["entry"].as_u64(), proof["size"].as_u64()), (Some(1), Some(4)));
    assert_eq!(proof["hashes"].as_array().map(Vec::len), Some(2));
    yes(scene.onx(&["audit", "prove", "--from", "2"]));
    refused(scene.onx(&["audit", "prove", "4"]), 2, "the log has 4 entries");

    let place = scene.state().join("audit/log.jsonl");
    let text = std::fs::read_to_string(&place).expect("a log");
    std::fs::write(scene.work().join("copy.jsonl"), &text).expect("a copy");
    let head = std::fs::read(scene.state().join("audit/head.note")).expect("a head");
    std::fs::write(scene.work().join("head.note"), head).expect("a copy");
    scene.write("local.key.json", &yes(scene.onx(&["keys", "show"])).out);
    let copy = ["audit", "verify", "--log", "copy.jsonl", "--head", "head.note"];
    yes(scene.onx(&[&copy[..], &["--key", "local.key.json"]].concat()));
    std::fs::write(&place, text.replacen("\"success\":true", "\"success\":false", 1))
        .expect("a changed log");
    let found = scene.onx(&["audit", "verify"]);
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    assert!(found.out.contains("does not fit"), "{}", found.out);
}

/// The events of the log with what they are about, the oldest first.
fn events(scene: &Scene) -> Vec<serde_json::Value> {
    let log = yes(scene.onx(&["audit", "show", "--json"])).out;
    serde_json::from_str(&log).expect("JSON")
}

fn log_file(scene: &Scene, name: &str) -> std::path::PathBuf {
    scene.state().join("audit").join(name)
}

#[test]
fn a_changed_log_is_not_signed_anew_and_what_was_done_is_said_first() {
    let scene = generated();
    let place = log_file(&scene, "log.jsonl");
    let (text, head) = (
        std::fs::read(&place).expect("a log"),
        std::fs::read(log_file(&scene, "head.note")).expect("a head"),
    );
    std::fs::write(&place, "").expect("an emptied log");
    let applied = scene.onx(&APPLY);
    assert!(applied.out.contains("signed by local:user"), "{}", applied.out);
    assert!(applied.err.contains("the work is done, and only the audit log"), "{}", applied.err);
    refused(applied, 4, "was changed");
    assert!(scene.read("app/main.py").contains("Quadrat"));
    assert_eq!(std::fs::read(log_file(&scene, "head.note")).expect("a head"), head);
    let found = scene.onx(&["audit", "verify"]);
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    std::fs::remove_file(&place).expect("a log");
    assert_eq!(scene.onx(&["audit", "verify"]).code, 1);
    refused(scene.onx(&["audit", "show"]), 4, "was changed");

    std::fs::write(&place, &text).expect("the log");
    let again = yes(scene.onx(&APPLY));
    assert!(again.err.contains("going on with the run"), "{}", again.err);
    assert_eq!(events(&scene).len(), 2, "it is written down now, and once");

    // A rollback is said to be done, so that nobody takes back one more.
    let head = std::fs::read(log_file(&scene, "head.note")).expect("a head");
    std::fs::remove_file(log_file(&scene, "head.note")).expect("a head");
    let back = scene.onx(&["migrate", "rollback", "--package", "app"]);
    assert!(back.out.contains("app is back on 1.0.0"), "{}{}", back.out, back.err);
    assert!(back.err.contains("the files are back"), "{}", back.err);
    refused(back, 4, "head.note` is missing");
    refused(scene.onx(&["audit", "show"]), 4, "head.note` is missing");
    std::fs::write(log_file(&scene, "head.note"), head).expect("the head");
    yes(scene.onx(&["migrate", "status", "--package", "app"]));
    assert_eq!(events(&scene)[2]["event"], "manifest_rolled_back");
}

/// A third version, in which the class has another name again, and the manifest that leads there.
fn generate_next(scene: &Scene) {
    for (path, bytes) in scene.files("new") {
        let text = String::from_utf8(bytes).expect("a text");
        let later = text.replace("Quadrat", "Carre").replace("2.0.0", "3.0.0");
        scene.write(&format!("later/{path}"), &later);
    }
    yes(scene.onx(&["manifest", "generate", "--from", "new", "--to", "later", "--out", "next"]));
}

#[test]
fn a_rollback_is_written_down_with_the_manifest_that_it_took_back() {
    let scene = generated();
    generate_next(&scene);
    yes(scene.onx(&APPLY));
    let next = ["migrate", "apply", "--manifest", "next", "--target", "app"];
    yes(scene.onx(&[&next[..], &["--auto-apply-threshold", "0"]].concat()));
    assert!(scene.read("app/main.py").contains("Carre"));
    for _ in 0..2 {
        yes(scene.onx(&["migrate", "rollback", "--package", "app"]));
    }
    let manifests = |what: &str| -> Vec<String> {
        let log = events(&scene);
        let those = log.iter().filter(|entry| entry["event"] == what);
        those.map(|entry| entry["manifest_id"].to_string()).collect()
    };
    let mut applied = manifests("manifest_applied");
    applied.reverse();
    assert_eq!(applied.len(), 2);
    assert_eq!(manifests("manifest_rolled_back"), applied, "the newest goes first");
}

#[test]
fn a_revoked_key_of_the_machine_is_replaced_and_the_log_goes_on() {
    let scene = generated();
    scene.write("old.key.json", &yes(scene.onx(&["keys", "show"])).out);
    let head = std::fs::read(log_file(&scene, "head.note")).expect("a head");
    std::fs::write(scene.work().join("kept.note"), head).expect("a copy");
    let list = yes(scene.onx(&["keys", "list"])).out;
    let id = list.split_whitespace().next().expect("an id").to_owned();
    yes(scene.onx(&["keys", "revoke", &id, "--reason", "the disk was read"]));
    yes(scene.onx(&["audit", "verify"]));
    yes(scene.onx(&["audit", "prove", "0"]));
    assert_eq!(events(&scene)[1]["event"], "key_revoked");
    let list = yes(scene.onx(&["keys", "list"])).out;
    assert!(list.contains(&format!("local-{}", &id[..16])), "{list}");
    refused(scene.onx(&APPLY), 3, "nobody who is trusted here signed");
    let made = yes(scene.onx(&GENERATE)).out;
    assert!(made.contains("signed by local:user"), "{made}");
    yes(scene.onx(&APPLY));

    let kept = ["audit", "verify", "--head", "kept.note"];
    refused(scene.onx(&kept), 2, "was signed by a revoked key");
    yes(scene.onx(&[&kept[..], &["--key", "old.key.json"]].concat()));
    refused(scene.onx(&["keys", "new", "local", "--owner", "ada@example.org"]), 2, "onx itself");
    std::fs::remove_file(scene.configuration().join("keys/trusted.json")).expect("a list");
    refused(scene.onx(&GENERATE), 3, "the list of trusted keys");
}

#[test]
fn a_key_that_was_trusted_before_is_written_down_once() {
    let scene = Scene::empty();
    let new = ["keys", "new", "release", "--owner", "ada@example.org"];
    for (command, is_new) in [(&new[..], true), (&new[..], false)] {
        let said = yes(scene.onx(command)).out;
        assert_eq!(said.contains("made for"), is_new, "{said}");
    }
    scene.write("release.key.json", &yes(scene.onx(&["keys", "show", "release"])).out);
    let other = Scene::empty();
    other.write("release.key.json", &scene.read("release.key.json"));
    let trust = ["keys", "trust", "release.key.json", "--owner", "ada@example.org"];
    for _ in 0..2 {
        yes(other.onx(&trust));
    }
    for (scene, event) in [(&scene, "key_created"), (&other, "key_trusted")] {
        let log = events(scene);
        assert_eq!(log.len(), 1, "{log:?}");
        assert_eq!(log[0]["event"], event);
    }
    // Whoever trusted it ended before it was written down.
    std::fs::remove_dir_all(other.state().join("audit")).expect("a log");
    let said = yes(other.onx(&trust)).out;
    assert!(said.contains("trusted before"), "{said}");
    assert_eq!(events(&other)[0]["event"], "key_trusted");
    refused(other.onx(&[&trust[..], &["--namespace", "acme"]].concat()), 4, "is known already");
}

#[test]
fn a_signature_for_others_stays_and_a_narrow_one_does_not_become_wide() {
    let scene = generated();
    let owner = ["--owner", "ada@example.org"];
    yes(scene.onx(&[&["keys", "new", "release"][..], &owner].concat()));
    yes(scene.onx(&["manifest", "sign", "bundle", "--key", "release"]));
    let signature = scene.read("bundle/manifest.dsse.json");
    for further in [&[][..], &["--no-cache"]] {
        let again = yes(scene.onx(&[&GENERATE[..], further].concat())).out;
        assert!(again.contains("signed by ada@example.org"), "{again}");
        assert_eq!(scene.read("bundle/manifest.dsse.json"), signature);
    }

    let narrow = ["--namespace", "acme"];
    yes(scene.onx(&[&["keys", "new", "acme"][..], &owner, &narrow].concat()));
    generate_next(&scene);
    for (bundle, out, signed) in [
        // One part counts in one namespace and the other in another: the whole counts in none.
        ("bundle", "mixed", None),
        ("next", "whole", Some("signature: local:user for acme")),
    ] {
        let sign = ["manifest", "sign", bundle, "--key", "acme"];
        yes(scene.onx(&[&sign[..], &narrow].concat()));
        yes(scene.onx(&["manifest", "compose", "bundle", "next", "--out", out]));
        let verified = scene.onx(&["manifest", "verify", out]);
        assert_eq!(verified.code == 0, signed.is_some(), "{}", verified.out);
        let words = signed.unwrap_or("signature: nobody signed it");
        assert!(verified.out.contains(words), "{}", verified.out);
    }
}

/// The registry at `shared` as a machine sees it that looked at it long ago, and not since.
fn look_long_ago(scene: &Scene, shared: &std::path::Path, name: &str) {
    use registry::{Lifetimes, Reach, RegistryKeeper, SignedRegistry};

    let long_ago = artifact::Timestamp::from_unix_seconds(1_700_000_000).expect("a time");
    let files: std::sync::Arc<dyn host::Files> = std::sync::Arc::new(host::DiskFiles);
    let online = ledger::SigningKey::from_pem(crate::scene::KEY).expect("a key");
    let canonical = files.canonical(shared).expect("a folder");
    let identity = artifact::Digest::of(canonical.as_os_str().as_encoded_bytes()).hex();
    let place = format!("registries/{}", &identity[..32]);
    let (trust, cache) = (scene.state().join(&place), scene.cache().join(&place));
    // Whoever made the roles looked at them just now.
    std::fs::remove_dir_all(&trust).expect("what was trusted");
    let reader = SignedRegistry::new(files, shared, trust, cache);
    reader.pin(scene.read("root.json").as_bytes()).expect("pinned");
    let keeper = RegistryKeeper::new(reader.clone(), Lifetimes::default());
    keeper.renew(&[&online], long_ago).expect("renewed");
    let name = name.parse().expect("a name");
    let found = reader.find(&name, Reach::Registry, long_ago).expect("found");
    reader.fetch(&found, Reach::Registry).expect("fetched");
}

#[test]
fn what_had_expired_and_was_used_stands_in_the_report_and_in_the_log() {
    const NAME: &str = "registry://core_migrations/yourlib/1.0.0_2.0.0";
    let scene = generated();
    let shared = scene.work().join("shared");
    let registry = ["--registry", shared.to_str().expect("a path")];
    let new = ["keys", "new", "root-1", "--owner", "root@example.org", "--kind", "tree_head"];
    yes(scene.onx(&new));
    let init = ["manifest", "registry", "init", "--offline-key", "root-1", "--out", "root.json"];
    yes(scene.onx(&[&init[..], &registry].concat()));
    scene.write("local.key.json", &yes(scene.onx(&["keys", "show"])).out);
    let delegate = ["manifest", "registry", "delegate", "core_migrations"];
    let publisher = ["--publisher", "local.key.json"];
    yes(scene.onx(&[&delegate[..], &publisher, &registry].concat()));
    yes(scene.onx(&[&["manifest", "publish", "bundle"][..], &registry].concat()));
    look_long_ago(&scene, &shared, NAME);

    let apply = ["migrate", "apply", "--manifest", NAME, "--target", "app"];
    let how = ["--auto-apply-threshold", "0", "--offline", "--json"];
    let late = scene.onx(&[&apply[..], &how, &registry].concat());
    assert_ne!(late.code, 0, "{}", late.out);
    let allowed = yes(scene.onx(&[&apply[..], &how, &registry, &["--allow-expired"]].concat()));
    let report: serde_json::Value = serde_json::from_str(&allowed.out).expect("JSON");
    let expired = report["expired"][0].as_str().expect("what had expired");
    assert!(expired.contains("timestamp"), "{expired}");
    let fetch = ["manifest", "fetch", NAME, "--out", "fetched", "--offline", "--allow-expired"];
    yes(scene.onx(&[&fetch[..], &registry].concat()));
    let log = events(&scene);
    let allowed = log.iter().filter(|entry| entry["event"] == "expired_work_allowed");
    let operations: Vec<_> = allowed.clone().map(|entry| &entry["operation"]).collect();
    assert_eq!(operations, ["apply", "fetch"], "{log:?}");
    for entry in allowed {
        assert_eq!(entry["expired"][0], expired);
        assert_eq!(entry["subject"], report["manifest_digest"]);
    }
}

#[test]
fn what_came_of_an_apply_is_signed_and_only_checkpoints_of_ones_own_are_restored() {
    let scene = generated();
    let before = scene.read("app/main.py");
    let report = ["--report", "report.json", "--checkpoint", "kept"];
    yes(scene.onx(&[&APPLY[..], &report].concat()));
    let said = yes(scene.onx(&["keys", "verify", "report.json"])).out;
    assert!(said.contains("report.json  evidence  signed by local:user"), "{said}");
    let said = yes(scene.onx(&["keys", "verify", "kept/checkpoint.json"])).out;
    assert!(said.contains("checkpoint  signed by local:user"), "{said}");
    scene.write("report.json", &scene.read("report.json").replacen("\"app\"", "\"other\"", 1));
    let said = scene.onx(&["keys", "verify", "report.json"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("does not hold"), "{}", said.out);

    // Where no record knows the checkpoint, the signature does.
    std::fs::remove_dir_all(scene.state().join("targets")).expect("records");
    let back = ["migrate", "rollback", "--package", "app", "--checkpoint", "kept"];
    let signature = scene.read("kept/checkpoint.dsse.json");
    scene.write("kept/checkpoint.dsse.json", &signature.replacen("sig\":\"", "sig\":\"A", 1));
    refused(scene.onx(&[&back[..], &["--allow-unsigned"]].concat()), 4, "does not hold");
    std::fs::remove_file(scene.work().join("kept/checkpoint.dsse.json")).expect("a signature");
    refused(scene.onx(&back), 4, "nobody vouches for it");
    assert!(scene.read("app/main.py").contains("Quadrat"));
    scene.write("kept/checkpoint.dsse.json", &signature);
    yes(scene.onx(&back));
    assert_eq!(scene.read("app/main.py"), before);

    yes(scene.onx(&[&APPLY[..], &["--checkpoint", "other"]].concat()));
    std::fs::remove_dir_all(scene.state().join("targets")).expect("records");
    std::fs::remove_file(scene.work().join("other/checkpoint.dsse.json")).expect("a signature");
    let back = ["migrate", "rollback", "--package", "app", "--checkpoint", "other"];
    yes(scene.onx(&[&back[..], &["--allow-unsigned"]].concat()));
    assert_eq!(scene.read("app/main.py"), before);
    let log = yes(scene.onx(&["audit", "show"])).out;
    assert!(log.contains("unsigned work allowed"), "{log}");
}
