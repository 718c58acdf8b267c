//! Versions that cannot be read, or only in part.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use crate::world::{Ended, USER, World, text};

fn generate_from_repository(world: &World, from: &str, to: &str) -> Ended {
    let core = world.path("core");
    let out = world.path("bundle");
    world.onx(&[
        "manifest",
        "generate",
        "--core-path",
        text(&core),
        "--from",
        from,
        "--to",
        to,
        "--out",
        text(&out),
    ])
}

#[test]
fn a_reference_that_is_not_there() {
    let world = World::new();
    world.write(&[("core/corelib/__init__.py", "A = 1\n")]);
    world.git("core", &["init", "--quiet"]);
    world.commit("core");
    world.git("core", &["tag", "v1.0.0"]);
    generate_from_repository(&world, "1.0.0", "9.9.9").refused(USER, "9.9.9");
    assert!(!world.path("bundle").exists(), "something was written");
}

#[test]
fn a_folder_that_is_no_repository() {
    let world = World::new();
    world.write(&[("core/corelib/__init__.py", "A = 1\n")]);
    generate_from_repository(&world, "1.0.0", "2.0.0").refused(USER, "core");
    assert!(!world.path("bundle").exists(), "something was written");
}

#[test]
fn a_repository_without_a_commit() {
    let world = World::new();
    fs::create_dir(world.path("core")).expect("made");
    world.git("core", &["init", "--quiet"]);
    generate_from_repository(&world, "1.0.0", "HEAD").refused(USER, "1.0.0");
}

#[test]
fn files_in_a_wrong_encoding_are_findings() {
    let world = World::new();
    world.library();
    world.write_bytes("new/corelib/latin.py", b"# -*- coding: utf-8 -*-\nNAME = '\xe9\xff'\n");
    world.write_bytes("new/corelib/unknown.py", b"# -*- coding: klingon -*-\nNAME = 1\n");
    world.write_bytes("new/corelib/nul.py", b"NAME = 1\n\0\0\n");
    world.generate("old", "new").succeeded();
    for file in ["latin.py", "unknown.py", "nul.py"] {
        assert!(world.findings().contains(file), "{file}: {}", world.findings());
    }
}

#[test]
fn a_syntax_error_is_a_finding_and_the_rest_stands() {
    let world = World::new();
    world.library();
    world.write(&[("new/corelib/broken.py", "def f(:\n    return\n")]);
    world.generate("old", "new").succeeded();
    assert!(world.findings().contains("broken.py"), "{}", world.findings());
    let manifest = fs::read_to_string(world.path("bundle/manifest.yaml")).expect("written");
    assert!(manifest.contains("NewReader"), "the rest was not compared:\n{manifest}");
}

#[test]
fn fifty_megabytes_of_generated_python() {
    let world = World::new();
    world.library();
    let mut huge = Vec::with_capacity(51 << 20);
    for number in 0.. {
        writeln!(huge, "CONSTANT_{number} = [{number}, 'a generated value']").expect("in memory");
        if huge.len() > 50 << 20 {
            break;
        }
    }
    world.write_bytes("new/corelib/generated.py", &huge);
    drop(huge);
    world.generate("old", "new").succeeded();
    let manifest = fs::read_to_string(world.path("bundle/manifest.yaml")).expect("written");
    assert!(manifest.contains("NewReader"), "the rest was not compared");
}

#[test]
fn deep_nesting_overflows_no_stack() {
    let world = World::new();
    world.library();
    let deep = 20_000;
    let blocks: String = (0..1_500).map(|n| format!("{}if x:\n", " ".repeat(n))).collect();
    for (name, source) in [
        ("parentheses", format!("X = {}1{}\n", "(".repeat(deep), ")".repeat(deep))),
        ("lists", format!("X = {}{}\n", "[".repeat(deep), "]".repeat(deep))),
        ("sums", format!("X = 1{}\n", " + 1".repeat(deep))),
        ("attributes", format!("X = a{}\n", ".b".repeat(deep))),
        ("calls", format!("X = f{}\n", "()".repeat(deep))),
        ("nots", format!("X = {}a\n", "not ".repeat(deep))),
        ("lambdas", format!("X = {}a\n", "lambda: ".repeat(deep))),
        ("strings", format!("X = {}\n", "'a' ".repeat(deep))),
        ("blocks", format!("{blocks}{}pass\n", " ".repeat(1_500))),
        ("subscripts", format!("X: {}int{} = 1\n", "list[".repeat(deep), "]".repeat(deep))),
        ("chain", (0..deep).map(|n| format!("A{n} = A{}\n", n + 1)).collect()),
        ("bases", (0..2_000).map(|n| format!("class B{}(B{n}): ...\n", n + 1)).collect()),
    ] {
        world.write(&[(&format!("new/corelib/deep_{name}.py"), &source)]);
    }
    world.generate("old", "new").succeeded();
    let manifest = fs::read_to_string(world.path("bundle/manifest.yaml")).expect("written");
    assert!(manifest.contains("NewReader"), "the rest was not compared");
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_a_circle_are_not_followed() {
    let world = World::new();
    world.library();
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(to, world.path(at)).expect("linked");
    };
    link("..", "new/corelib/up");
    link("circle_b", "new/corelib/circle_a");
    link("circle_a", "new/corelib/circle_b");
    link("/", "new/corelib/everything");
    world.generate("old", "new").succeeded();
    let snapshot = fs::read_to_string(world.path("bundle/snapshot_to.json")).expect("written");
    assert!(!snapshot.contains("up/corelib"), "a link was followed");
    assert!(!snapshot.contains("everything/"), "a link was followed out of the tree");
}

#[test]
fn archives_that_end_too_early() {
    let world = World::new();
    world.library();
    for (name, tool) in [("whole.zip", zip_of as fn(&World, &str)), ("whole.tar.gz", tar_of)] {
        tool(&world, name);
        let whole = fs::read(world.path(name)).expect("made");
        let cut = format!("cut-1.0-{name}");
        world.write_bytes(&cut, &whole[..whole.len() / 2]);
        let ended = world.generate("old", &cut);
        ended.refused(ended.code, &cut);
        assert!([2, 5].contains(&ended.code), "{}", ended.words);
        assert!(!world.path("bundle/manifest.yaml").exists(), "something was written");
    }
}

#[test]
fn archives_whose_members_leave_the_folder() {
    let world = World::new();
    world.library();
    let script = "\
import io, tarfile, zipfile, sys
with zipfile.ZipFile('up-1.0.zip', 'w') as z:
    z.writestr('corelib/__init__.py', 'A = 1\\n')
    z.writestr('../escaped.py', 'B = 1\\n')
    z.writestr('/absolute_escaped.py', 'B = 1\\n')
with tarfile.open('up-1.0.tar.gz', 'w:gz') as t:
    def add(name, kind=tarfile.REGTYPE, link='', data=b'B = 1\\n'):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        member.size = len(data) if kind == tarfile.REGTYPE else 0
        t.addfile(member, io.BytesIO(data))
    add('up-1.0/corelib/__init__.py')
    add('../escaped.py')
    add('up-1.0/corelib/secrets', tarfile.SYMTYPE, '/etc')
    add('up-1.0/corelib/secrets/passwd.py')
    add('up-1.0/corelib/device', tarfile.CHRTYPE)
";
    python(&world, script);
    for archive in ["up-1.0.zip", "up-1.0.tar.gz"] {
        let ended = world.generate("old", archive);
        assert!([0, 2].contains(&ended.code), "{archive}: {}", ended.words);
        if ended.code == 0 {
            let found = world.findings();
            assert!(found.contains("escaped") || found.contains(".."), "{archive}: {found}");
        }
        for escaped in ["escaped.py", "../escaped.py", "bundle/../../escaped.py"] {
            assert!(!world.path(escaped).exists(), "{archive} wrote {escaped}");
        }
        let snapshot = fs::read_to_string(world.path("bundle/snapshot_to.json"));
        assert!(
            !snapshot.unwrap_or_default().contains("root:x:"),
            "{archive}: read a foreign file"
        );
        fs::remove_dir_all(world.path("bundle")).ok();
    }
}

#[test]
fn archives_that_grow_beyond_every_measure() {
    let world = World::new();
    world.library();
    let script = "\
import zipfile
with zipfile.ZipFile('bomb-1.0.zip', 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:
    z.writestr('corelib/__init__.py', 'A = 1\\n')
    for n in range(30):
        with z.open(f'corelib/data{n}.py', 'w', force_zip64=True) as f:
            for _ in range(100):
                f.write(b'#' * (1 << 20))
";
    python(&world, script);
    let ended = world.generate("old", "bomb-1.0.zip");
    assert!([0, 2].contains(&ended.code), "{}", ended.words);
    if ended.code == 0 {
        assert!(world.findings().contains("corelib/data"), "nothing was said about it");
    }
}

fn zip_of(world: &World, name: &str) {
    let script = format!(
        "import random, zipfile\nr = random.Random(1)\nwith zipfile.ZipFile('{name}', 'w') as z:\n    \
         z.writestr('corelib/__init__.py', 'A = 1\\n')\n    \
         z.writestr('corelib/b.py', ''.join(f'B{{n}} = {{r.random()}}\\n' for n in range(5000)))\n"
    );
    python(world, &script);
}

fn tar_of(world: &World, name: &str) {
    let script = format!(
        "import io, random, tarfile\nr = random.Random(1)\nwith tarfile.open('{name}', 'w:gz') as t:\n    \
         data = ''.join(f'B{{n}} = {{r.random()}}\\n' for n in range(5000)).encode()\n    \
         m = tarfile.TarInfo('whole-1.0/corelib/__init__.py')\n    m.size = len(data)\n    \
         t.addfile(m, io.BytesIO(data))\n"
    );
    python(world, &script);
}

fn python(world: &World, script: &str) {
    let ended = Command::new("python3")
        .args(["-c", script])
        .current_dir(world.path(""))
        .output()
        .expect("python3 makes the archives");
    assert!(ended.status.success(), "{ended:?}");
}
