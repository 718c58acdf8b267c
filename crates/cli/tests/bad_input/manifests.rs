//! Manifests that say something else than a manifest may say.

use std::fs;

use crate::world::{USER, World};

/// A manifest that is right; each test makes one thing of it wrong.
const RIGHT: &str = "\
manifest_version: 1
from: 1.0.0
to: 2.0.0
summary: One class is renamed.
operations:
  - id: OP001
    kind: rename.symbol
    match:
      module: corelib.reading
      from: OldReader
      to: NewReader
    evidence: {}
    confidence: 1.0
  - id: OP002
    kind: move.file
    match:
      from: data/old.json
      to: data/new.json
    evidence: {}
    confidence: 1.0
";

#[test]
fn the_manifest_that_the_others_are_made_from_is_accepted() {
    let world = World::new();
    world.dependent();
    world.write(&[("right.yaml", RIGHT)]);
    let right = world.path("right.yaml");
    world.apply(&right, &["--dry-run"]).refused(USER, "nobody signed");
    world.apply(&right, &["--dry-run", "--allow-unsigned"]).succeeded();
}

#[test]
fn everything_wrong_is_refused_by_name_and_nothing_is_touched() {
    let cycle = RIGHT
        .replace(
            "    kind: rename.symbol\n",
            "    kind: rename.symbol\n    dependencies: [OP002]\n",
        )
        .replace("    kind: move.file\n", "    kind: move.file\n    dependencies: [OP001]\n");
    let deep =
        format!("manifest_version: 1\nx-deep: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let wrong = [
        ("an unknown field", RIGHT.replace("summary:", "sumary: x\nsummary:"), "sumary"),
        (
            "an unknown field of an operation",
            RIGHT.replace("    kind: move.file\n", "    kind: move.file\n    force: true\n"),
            "force",
        ),
        (
            "an unknown kind",
            RIGHT.replace("rename.symbol", "rename.everything"),
            "rename.everything",
        ),
        ("a higher version", RIGHT.replace("manifest_version: 1", "manifest_version: 7"), "7"),
        ("no version", RIGHT.replace("manifest_version: 1\n", ""), "version"),
        ("a cycle", cycle, "OP001"),
        ("an id that is there twice", RIGHT.replace("OP002", "OP001"), "OP001"),
        (
            "a dependency that is not there",
            RIGHT.replace(
                "    kind: move.file\n",
                "    kind: move.file\n    dependencies: [OP099]\n",
            ),
            "OP099",
        ),
        ("a path that leaves", RIGHT.replace("data/new.json", "../../new.json"), "../../new.json"),
        ("an absolute path", RIGHT.replace("data/old.json", "/etc/passwd"), "/etc/passwd"),
        ("a name that is none", RIGHT.replace("NewReader", "New Reader; import os"), "New Reader"),
        ("a confidence over 1", RIGHT.replacen("confidence: 1.0", "confidence: 1.5", 1), "1.5"),
        ("not YAML", "manifest_version: [1\n".to_owned(), "wrong.yaml"),
        ("a list", "- 1\n".to_owned(), "wrong.yaml"),
        ("nothing", String::new(), "wrong.yaml"),
        ("too deep", deep, "wrong.yaml"),
        ("aliases that grow", aliases_that_grow(), "wrong.yaml"),
    ];
    let world = World::new();
    world.dependent();
    let before = world.files("dependent");
    let mut failures = Vec::new();
    for (what, text, names) in wrong {
        world.write(&[("wrong.yaml", &text)]);
        let path = world.path("wrong.yaml");
        let applied = world.apply(&path, &[]);
        if applied.code != USER || !applied.words.contains(names) {
            failures.push(format!("{what}: apply ended with {}: {}", applied.code, applied.words));
        }
        if world.files("dependent") != before {
            failures.push(format!("{what}: the target was touched"));
        }
        let verified = world.onx(&["manifest", "verify", crate::world::text(&path)]);
        if ![1, USER].contains(&verified.code) {
            failures.push(format!("{what}: verify ended with {}", verified.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_manifest_that_is_not_there() {
    let world = World::new();
    world.dependent();
    world.apply(&world.path("absent.yaml"), &[]).refused(USER, "absent.yaml");
    world.apply(&world.path("dependent"), &[]).refused(USER, "dependent");
}

#[test]
fn a_manifest_that_was_edited_after_it_was_made() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let before = world.files("dependent");
    let path = bundle.join("manifest.yaml");
    let original = fs::read_to_string(&path).expect("the manifest");
    world.apply(&bundle, &["--dry-run"]).succeeded();
    let without_checksum: String = original
        .lines()
        .filter(|line| !line.starts_with("checksum"))
        .fold(String::new(), |text, line| text + line + "\n");
    let edits = [
        ("another name", original.replacen("NewReader", "EvilReader", 1)),
        ("another version", original.replacen("to_version: \"", "to_version: \"9", 1)),
        ("a remark", format!("# read by somebody\n{original}")),
        ("an extension", format!("{original}x-reviewer: somebody\n")),
        ("no checksum", without_checksum),
    ];
    for (what, text) in edits {
        assert_ne!(text, original, "{what}");
        fs::write(&path, text).expect("written");
        let applied = world.apply(&bundle, &[]);
        assert_eq!(applied.code, USER, "{what}: {}", applied.words);
        assert!(applied.words.contains("manifest.yaml"), "{what}: {}", applied.words);
        assert_eq!(world.files("dependent"), before, "{what}");
        let verified = world.onx(&["manifest", "verify", crate::world::text(&bundle)]);
        assert_eq!(verified.code, 1, "{what}: {}", verified.words);
    }
}

#[test]
fn a_bundle_whose_files_were_changed() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let before = world.files("dependent");
    let original = world.files("bundle");
    let mut failures = Vec::new();
    // What applying reads, and the report on it; graphs, trees and stamps are for other tools.
    let belongs = ["manifest", "report", "snapshot", "stubs"];
    for name in original.keys().filter(|name| belongs.iter().any(|start| name.starts_with(start))) {
        let path = bundle.join(name);
        let mut bytes = original[name].clone();
        let middle = bytes.len() / 2;
        bytes[middle] = bytes[middle].wrapping_add(1);
        fs::write(&path, &bytes).expect("written");
        let verified = world.onx(&["manifest", "verify", crate::world::text(&bundle)]);
        if ![1, USER].contains(&verified.code) || !(verified.words + &verified.out).contains(name) {
            failures.push(format!("{name}: verify ended with {}", verified.code));
        }
        let applied = world.apply(&bundle, &["--dry-run"]);
        if name != "report.json" && applied.code == 0 {
            failures.push(format!("{name}: apply took it"));
        }
        fs::write(&path, &original[name]).expect("written");
    }
    assert_eq!(world.files("dependent"), before);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn aliases_that_grow() -> String {
    let mut text = String::from("manifest_version: 1\nx-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("x-a{level}: &a{level} [{below}]\n"));
    }
    text
}
