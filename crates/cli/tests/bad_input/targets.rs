//! Dependents that must not be edited, or not so.

use std::fs;

use crate::world::{CONFIG, CONFLICT, OUTSIDE, USER, World, text};

#[test]
fn a_file_with_uncommitted_work() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let edited = fs::read_to_string(world.path("dependent/user.py")).expect("there") + "# mine\n";
    world.write(&[("dependent/user.py", &edited)]);
    let before = world.files("dependent");
    world.apply(&bundle, &[]).refused(CONFLICT, "user.py");
    assert_eq!(world.files("dependent"), before);
    world.apply(&bundle, &["--allow-dirty"]).succeeded();
    let after = fs::read_to_string(world.path("dependent/user.py")).expect("there");
    assert!(after.contains("NewReader") && after.ends_with("# mine\n"), "{after}");
}

#[test]
fn uncommitted_work_in_a_file_that_is_not_edited_stands_in_nobodys_way() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    world.write(&[("dependent/notes.py", "A = 1\n")]);
    world.apply(&bundle, &[]).succeeded();
}

#[test]
fn a_target_that_is_not_there() {
    let world = World::new();
    let bundle = world.bundle();
    let target = world.path("absent");
    let manifest = text(&bundle);
    world
        .onx(&["migrate", "apply", "--manifest", manifest, "--target", text(&target)])
        .refused(USER, "absent");
    world.write(&[("file.py", "A = 1\n")]);
    let file = world.path("file.py");
    world
        .onx(&["migrate", "apply", "--manifest", manifest, "--target", text(&file)])
        .refused(USER, "file.py");
}

#[cfg(unix)]
#[test]
fn links_in_a_target_are_not_followed() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let outside = "from corelib import OldReader\n\nOldReader()\n";
    world.write(&[("outside/other.py", outside)]);
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(to, world.path(at)).expect("linked");
    };
    link("../outside", "dependent/linked");
    link("../outside/other.py", "dependent/other.py");
    link("loop_b", "dependent/loop_a");
    link("loop_a", "dependent/loop_b");
    link(".", "dependent/itself");
    world.commit("dependent");
    world.apply(&bundle, &[]).succeeded();
    assert_eq!(fs::read_to_string(world.path("outside/other.py")).expect("there"), outside);
    let edited = fs::read_to_string(world.path("dependent/user.py")).expect("there");
    assert!(edited.contains("NewReader"), "{edited}");
}

#[test]
fn files_of_a_target_that_cannot_be_read_are_left() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let broken = "from corelib import OldReader\ndef f(:\n";
    world.write(&[("dependent/broken.py", broken)]);
    world.write_bytes("dependent/latin.py", b"from corelib import OldReader\nN = '\xff\xfe'\n");
    let deep = format!("from corelib import OldReader\nX = {}1\n", "(".repeat(20_000));
    world.write(&[("dependent/deep.py", &deep)]);
    world.commit("dependent");
    let before = world.files("dependent");
    let ended = world.apply(&bundle, &[]);
    ended.succeeded();
    let after = world.files("dependent");
    for file in ["broken.py", "latin.py", "deep.py"] {
        assert_eq!(after[file], before[file], "{file} was edited");
    }
    assert_ne!(after["user.py"], before["user.py"], "the rest was not edited");
}

#[test]
fn a_configuration_that_says_what_it_may_not() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    world.write(&[("dependent/pyproject.toml", "[tool.onx]\nauto_apply_threshold = 0.0\n")]);
    world.commit("dependent");
    let before = world.files("dependent");
    world.apply(&bundle, &[]).refused(CONFIG, "pyproject.toml");
    assert_eq!(world.files("dependent"), before);
    world.write(&[("onx.toml", "[generate]\nconfidence = 1\n")]);
    world.generate("old", "new").refused(CONFIG, "onx.toml");
}

#[test]
fn a_checkpoint_that_was_changed_brings_nothing_back() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let checkpoint = world.path("kept");
    world.apply(&bundle, &["--checkpoint", text(&checkpoint)]).succeeded();
    let migrated = world.files("dependent");
    for (name, bytes) in testkit::fixture::files(&checkpoint) {
        let mut bytes = bytes;
        for byte in &mut bytes {
            *byte = byte.wrapping_add(1);
        }
        fs::write(checkpoint.join(name), bytes).expect("written");
    }
    let package = world.path("dependent");
    let ended = world.onx(&[
        "migrate",
        "rollback",
        "--package",
        text(&package),
        "--checkpoint",
        text(&checkpoint),
    ]);
    assert!([USER, CONFLICT, OUTSIDE].contains(&ended.code), "{}: {}", ended.code, ended.words);
    assert_eq!(world.files("dependent"), migrated, "something was half brought back");
}
