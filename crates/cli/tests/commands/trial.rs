//! `onx-migrate verify`: the tests of a real package in real environments, in the sandbox.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::scene::{Ran, Scene};

const SQUARE: &str = r#"class Square:
    """A square with a side."""

    def __init__(self, side, unit="m"):
        self.side = side
        self.unit = unit

    def describe(self, precision=2):
        """Describe the square in words."""
        text = f"{self.side:.{precision}f}"
        return " ".join(["square", text, self.unit])
"#;

const PROJECT: &str = "[project]
name = \"app\"
version = \"1\"
dependencies = [\"yourlib\"]

[tool.setuptools]
packages = [\"app\"]

[build-system]
requires = [\"setuptools\"]
build-backend = \"setuptools.build_meta\"
";

const APP: &str = "from yourlib import Square


def side(number):
    return Square(number).side
";

const TESTS: &str = "import importlib.metadata
import os
import pathlib
import socket

import pytest

from app import side


def test_side():
    assert side(2) == 2


def test_the_package_is_installed():
    assert importlib.metadata.version('app') == '1'


def test_its_own_server_answers():
    server = socket.create_server(('127.0.0.1', 0))
    socket.create_connection(server.getsockname(), timeout=5)


def test_nothing_of_the_user_is_in_reach():
    assert 'ONX_PROBE' not in os.environ
    assert not pathlib.Path(os.environ.get('HOME', '/'), '.ssh').exists()
    with pytest.raises(OSError):
        socket.create_connection(('192.0.2.1', 80), timeout=1)
    with pytest.raises(OSError):
        pathlib.Path('/usr/written').write_text('x')


@pytest.mark.xfail
def test_what_is_known_to_fail():
    assert False
";

/// A wheel of a library with one module.
fn wheel(folder: &Path, version: &str, text: &str) {
    let file = std::fs::File::create(folder.join(format!("yourlib-{version}-py3-none-any.whl")));
    let mut archive = zip::ZipWriter::new(file.expect("a file"));
    let about = format!("yourlib-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: yourlib\nVersion: {version}\n");
    let kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    for (name, text) in [
        ("yourlib/__init__.py".to_owned(), text),
        (format!("{about}/METADATA"), metadata.as_str()),
        (format!("{about}/WHEEL"), kind),
        (format!("{about}/RECORD"), ""),
    ] {
        archive.start_file(name, SimpleFileOptions::default()).expect("a member");
        archive.write_all(text.as_bytes()).expect("its bytes");
    }
    archive.finish().expect("an archive");
}

/// A library in two versions, the manifest between them, and a package that uses the old one.
fn scene(tests: &[(&str, &str)]) -> Scene {
    let scene = Scene::empty();
    let renamed = SQUARE.replace("Square", "Quadrat");
    for (folder, version, text) in [("old", "1.0.0", SQUARE), ("new", "2.0.0", renamed.as_str())] {
        scene.write(&format!("{folder}/yourlib/__init__.py"), text);
        wheel(&scene.work(), version, text);
    }
    let ran =
        scene.onx(&["manifest", "generate", "--from", "./old", "--to", "./new", "--out", "bundle"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    scene.write("app/pyproject.toml", PROJECT);
    scene.write("app/app/__init__.py", APP);
    for (path, text) in tests {
        scene.write(&format!("app/tests/{path}"), text);
    }
    scene
}

/// Runs `verify` with the user's own environment, which the package client needs.
fn verify(scene: &Scene, further: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onx"));
    command
        .current_dir(scene.work())
        .env("ONX_CACHE_DIR", scene.cache())
        .env("ONX_STATE_DIR", scene.work().join("state"))
        .env("ONX_CONFIG_DIR", scene.configuration())
        .env("ONX_PROBE", "a secret")
        .args(["migrate", "verify", "--manifest", "bundle", "--target", "app"])
        .args(["--auto-apply-threshold", "0"])
        .args(["--core-before", "./yourlib-1.0.0-py3-none-any.whl"])
        .args(["--core-after", "./yourlib-2.0.0-py3-none-any.whl"])
        .args(further);
    command.output().expect("onx starts").into()
}

/// Whether the package client reaches an index; a test that needs one says that it was skipped.
fn index_is_there(scene: &Scene) -> bool {
    let place = scene.work().join("probe");
    let reached = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "wheel", "--dest"])
        .arg(place)
        .output()
        .is_ok_and(|ended| ended.status.success());
    if !reached {
        testkit::skipped("the package client reaches no package index");
    }
    reached
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err))
}

#[test]
fn tests_fail_without_the_migration_and_pass_with_it() {
    let scene = scene(&[("test_app.py", TESTS)]);
    if !index_is_there(&scene) {
        return;
    }
    let before = scene.files("app");
    let ran = verify(&scene, &["--json", "--unmigrated"]);
    let report = report(&ran);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(report["verified"], true);
    assert_eq!(report["runner"], "pytest");
    assert_eq!(report["unmigrated"]["tests"]["tests/test_app.py"], "error", "{}", ran.out);
    for when in ["before", "after"] {
        let tests = &report[when]["tests"];
        assert_eq!(tests["tests/test_app.py::test_side"], "passed", "{}", ran.out);
        assert_eq!(tests["tests/test_app.py::test_what_is_known_to_fail"], "expected_failure");
        assert_eq!(tests.as_object().expect("tests").len(), 5);
        assert_eq!(report[when]["coverage_percent"], 100.0, "{}", ran.out);
    }
    assert_eq!(scene.files("app"), before, "the package was touched");
    assert_eq!(std::fs::read_dir(scene.cache().join("scratch")).expect("there").count(), 0);
}

#[test]
fn tests_that_are_skipped_or_gone_verify_nothing() {
    let evasive = "import unittest\n\nimport yourlib\n\n\n\
                   class Shapes(unittest.TestCase):\n\
                   \x20   @unittest.skipUnless(len(yourlib.__dict__) and hasattr(yourlib, 'Squ' + 'are'), 'new')\n\
                   \x20   def test_square(self):\n        pass\n\n\
                   \x20   def test_always(self):\n        pass\n\n\n\
                   if hasattr(yourlib, 'Squ' + 'are'):\n\
                   \x20   class Old(unittest.TestCase):\n\
                   \x20       def test_old(self):\n            pass\n";
    let scene = scene(&[("__init__.py", ""), ("test_shapes.py", evasive)]);
    if !index_is_there(&scene) {
        return;
    }
    // A migration that is applied already is taken back for the run before.
    let applied = scene.onx(&[
        "migrate",
        "apply",
        "--manifest",
        "bundle",
        "--target",
        "app",
        "--auto-apply-threshold",
        "0",
    ]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    std::fs::remove_file(scene.work().join("bundle/manifest.dsse.json")).expect("a signature");
    let ran = verify(&scene, &["--tests", "unittest", "--allow-unsigned"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let log = std::fs::read_to_string(scene.work().join("state/audit/log.jsonl")).expect("a log");
    assert!(log.contains("unsigned_work_allowed"), "{log}");
    for words in [
        "1 test is gone that passed before",
        "1 test more is skipped than before",
        "tests.test_shapes.Old.test_old: passed → not there",
        "tests.test_shapes.Shapes.test_square: passed → skipped",
    ] {
        assert!(ran.out.contains(words), "{words} in {}", ran.out);
    }
}

#[test]
fn what_is_too_weak_or_unknown_is_refused() {
    let scene = scene(&[]);
    let ran = verify(&scene, &[]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("no tests that can be recognised"), "{}", ran.err);
    let ran = verify(&scene, &["--tests", "pytest", "--python", "no-such-python"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("`no-such-python` is no Python"), "{}", ran.err);
}
