//! The paths in a checkpoint that somebody else wrote: the only file from outside that says where
//! something is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use artifact::{Digest, Timestamp, TreePath, shown};
use code_line::transaction::{
    ApplyRequest, FileChange, RollbackRequest, TransactionError, Transactions,
};
use host::{DiskFiles, SimulatedClock};

use crate::cases;

struct Scene {
    _held: tempfile::TempDir,
    root: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let held = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let held = held.expect("a folder");
        let root = fs::canonicalize(held.path()).expect("a path");
        fs::create_dir_all(root.join("outer/target")).expect("a folder");
        fs::write(root.join("outer/target/a.py"), "old").expect("a file");
        Self { root, _held: held }
    }

    fn target(&self) -> PathBuf {
        self.root.join("outer/target")
    }

    /// Everything but the target and the state folder.
    fn outside(&self) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path == self.target() || path == self.root.join("state") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
    }
}

fn clock() -> SimulatedClock {
    SimulatedClock::at(Timestamp::from_unix_seconds(1_700_000_000).expect("in range"))
}

fn request(target: PathBuf, changes: Vec<FileChange>, checkpoint: PathBuf) -> ApplyRequest {
    ApplyRequest {
        target,
        package: "dependent".to_owned(),
        from_version: "1.0".to_owned(),
        to_version: "2.0".to_owned(),
        manifest: Digest::of(b"manifest"),
        changes,
        checkpoint: Some(checkpoint),
        git_commit: None,
        dependency_versions: BTreeMap::new(),
        operations_applied: 1,
        operations_failed: 0,
        run: None,
    }
}

#[test]
fn a_checkpoint_restores_nothing_outside_its_target() {
    let (scene, clock) = (Scene::new(), clock());
    let honest = scene.root.join("honest");
    let a = TreePath::new("a.py").expect("a path");
    let change = FileChange::edit(a, Digest::of(b"old"), b"new".to_vec());
    let transactions = Transactions::new(&DiskFiles, &clock, scene.root.join("state"));
    let applied = transactions.apply(&request(scene.target(), vec![change], honest.clone()));
    applied.expect("applied").expect("a record");
    let text = fs::read(honest.join("checkpoint.json")).expect("a checkpoint");
    let text = String::from_utf8(text).expect("a text");
    let forged = scene.root.join("forged");
    fs::create_dir_all(forged.join("content")).expect("a folder");
    for entry in fs::read_dir(honest.join("content")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        fs::copy(&path, forged.join("content").join(name)).expect("a copy");
    }
    fs::write(forged.join("checkpoint.json"), "").expect("a file");
    let outside = scene.outside();
    let (before, after) = text.split_once("\"a.py\"").expect("its file");
    for case in cases() {
        let path = match case.text() {
            Some(text) => serde_json::to_vec(text).expect("a text"),
            None => [b"\"".as_slice(), &case.raw, b"\""].concat(),
        };
        let forgery = [before.as_bytes(), &path, after.as_bytes()].concat();
        // Even one that somebody vouches for writes nowhere else.
        let vouched = Some(artifact::Digest::of(&forgery));
        fs::write(forged.join("checkpoint.json"), forgery).expect("a file");
        let outcome = transactions.rollback(&RollbackRequest {
            vouched,
            target: scene.target(),
            checkpoint: Some(forged.clone()),
            to_version: None,
            force: true,
        });
        match outcome {
            Ok(_) => {
                assert_eq!(case.verdict, "plain", "{} was restored", case.source);
                let restored = scene.target().join(case.text().expect("a text"));
                assert_eq!(fs::read(restored).expect("a file"), b"old", "{}", case.source);
            }
            // Names that meet one that was restored before, as a folder or a file.
            Err(error) if case.verdict == "plain" => {
                assert!(matches!(error, TransactionError::File(_)), "{}: {error}", case.source);
            }
            Err(error) if case.verdict == "not-utf8" => {
                case.is_no_text(&error.to_string());
            }
            // As everything that is printed.
            Err(error) => case.is_told(&shown(&error.to_string())),
        }
        assert_eq!(scene.outside(), outside, "{} led outside", case.source);
    }
}

#[test]
fn nothing_is_made_that_some_file_system_takes_for_another_file() {
    let path = |text: &str| TreePath::new(text).expect("a path");
    let create = |text: &str| FileChange::create(path(text), b"new".to_vec(), None);
    let edit = || FileChange::edit(path("a.py"), Digest::of(b"old"), b"new".to_vec());
    let refused = [
        vec![create("b/Mod.py"), create("b/mod.py")],
        vec![create("caf\u{e9}.py"), create("cafe\u{301}.py")],
        vec![edit(), create("A.py")],
        vec![edit(), create("a.py.")],
    ];
    for changes in refused {
        let (scene, clock) = (Scene::new(), clock());
        let transactions = Transactions::new(&DiskFiles, &clock, scene.root.join("state"));
        let checkpoint = scene.root.join("checkpoint");
        let outcome = transactions.apply(&request(scene.target(), changes, checkpoint));
        assert!(matches!(outcome, Err(TransactionError::SameName(..))), "{outcome:?}");
        assert_eq!(fs::read_dir(scene.target()).expect("a folder").count(), 1);
    }
    let (scene, clock) = (Scene::new(), clock());
    let transactions = Transactions::new(&DiskFiles, &clock, scene.root.join("state"));
    let renamed = vec![FileChange::remove(path("a.py"), Digest::of(b"old")), create("A.py")];
    let checkpoint = scene.root.join("checkpoint");
    let outcome = transactions.apply(&request(scene.target(), renamed, checkpoint));
    assert!(outcome.expect("one file is there before and after").is_some());
}
