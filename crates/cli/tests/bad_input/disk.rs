//! Disks that are full and folders that nobody may write to.

use std::fs;

use crate::world::{OUTSIDE, World, text};

/// A limit on the size of written files, as every Unix has it, stands for a disk that is full in
/// the middle of a file.
#[test]
fn a_file_that_cannot_be_written_to_its_end() {
    let world = World::new();
    world.library();
    let many: String = (0..12_000).map(|n| format!("def function_{n}(a, b): ...\n")).collect();
    world.write(&[("old/corelib/many.py", &many), ("new/corelib/many.py", &many)]);
    let ended = world.shell(
        "trap '' XFSZ; ulimit -f 500; exec \"$ONX\" manifest generate --from old --to new --out bundle",
    );
    ended.refused(OUTSIDE, "bundle");
    assert_whole_or_absent(&world);
    world.generate("old", "new").succeeded();
}

#[test]
fn a_target_whose_files_cannot_be_written() {
    let world = World::new();
    let bundle = world.bundle();
    world.dependent();
    let long = format!("from corelib import OldReader\n{}", "OldReader()\n".repeat(80_000));
    world.write(&[("dependent/long.py", &long)]);
    world.commit("dependent");
    let before = world.files("dependent");
    let ended = world.shell(
        "trap '' XFSZ; ulimit -f 500; \
         exec \"$ONX\" migrate apply --manifest bundle --target dependent --checkpoint kept",
    );
    ended.refused(OUTSIDE, "");
    let between = world.files("dependent");
    for (name, bytes) in &before {
        let whole = between.get(name) == Some(bytes)
            || fs::read_to_string(world.path("dependent").join(name))
                .is_ok_and(|text| !text.contains("OldReader"));
        assert!(whole, "{name} is neither the old nor the new file");
    }
    assert_eq!(between.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    // With room again, the same command brings it to the end.
    world.apply(&bundle, &[]).succeeded();
    let after = fs::read_to_string(world.path("dependent/long.py")).expect("there");
    assert!(!after.contains("OldReader"), "the repeat did not finish it");
}

#[test]
fn an_output_folder_that_is_a_file() {
    let world = World::new();
    world.library();
    world.write(&[("bundle", "something else\n")]);
    let ended = world.generate("old", "new");
    assert!((2..=5).contains(&ended.code), "{}", ended.words);
    assert_eq!(fs::read_to_string(world.path("bundle")).expect("there"), "something else\n");
}

#[test]
fn an_output_folder_of_another_pair() {
    let world = World::new();
    world.bundle();
    let before = world.files("bundle");
    world.write(&[
        ("third/otherlib/__init__.py", "A = 1\n"),
        ("fourth/otherlib/__init__.py", "B = 1\n"),
    ]);
    let ended = world.generate("third", "fourth");
    ended.refused(crate::world::CONFLICT, "bundle");
    assert_eq!(world.files("bundle"), before);
}

/// A read-only mount and a small one need a name space of one's own; where the system gives none
/// to this user, the limit on file sizes above stands for both.
#[test]
fn a_target_on_a_read_only_disk() {
    let world = World::new();
    world.bundle();
    world.dependent();
    let before = world.files("dependent");
    let script = "mount --bind dependent dependent && mount -o remount,bind,ro dependent && \
                  exec \"$ONX\" migrate apply --manifest bundle --target dependent";
    let Some(ended) = in_own_name_space(&world, script) else { return };
    ended.refused(OUTSIDE, "read-only");
    assert_eq!(world.files("dependent"), before);
}

#[test]
fn a_disk_that_is_full() {
    let world = World::new();
    world.library();
    let many: String = (0..12_000).map(|n| format!("def function_{n}(a, b): ...\n")).collect();
    world.write(&[("old/corelib/many.py", &many), ("new/corelib/many.py", &many)]);
    fs::create_dir(world.path("small")).expect("made");
    let script = "mount -t tmpfs -o size=128k tmpfs small && \
                  \"$ONX\" manifest generate --from old --to new --out small/bundle; code=$?; \
                  for f in small/bundle/*; do [ -e \"$f\" ] && cp -r \"$f\" seen/; done; exit $code";
    fs::create_dir(world.path("seen")).expect("made");
    let Some(ended) = in_own_name_space(&world, script) else { return };
    ended.refused(OUTSIDE, "small/bundle");
    for name in ["manifest.yaml", "report.json"] {
        assert!(!world.path("seen").join(name).exists(), "{name} was written without the rest");
    }
}

fn in_own_name_space(world: &World, script: &str) -> Option<crate::world::Ended> {
    let probe = world.shell("unshare --mount --map-root-user true 2>&1");
    let own = ["unshare --mount", "unshare --mount --map-root-user"]
        .into_iter()
        .find(|own| world.shell(&format!("{own} sh -c 'mount -t tmpfs tmpfs . ' 2>&1")).code == 0);
    let Some(own) = own else {
        testkit::skipped(&format!("no mount name space for this user: {}", probe.out.trim()));
        return None;
    };
    world.write(&[("script.sh", script)]);
    Some(world.shell(&format!("exec {own} sh script.sh")))
}

/// Every file of a bundle that has its name is complete, and the manifest is not there without
/// what it names.
fn assert_whole_or_absent(world: &World) {
    for (name, bytes) in world.files("bundle") {
        if name.ends_with(".json") {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
            assert!(value.is_ok(), "{name} is half-written");
        }
    }
    let manifest = world.path("bundle/manifest.yaml");
    assert!(!manifest.exists(), "{} is there without the rest", text(&manifest));
}
