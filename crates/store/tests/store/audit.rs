//! The audit log of a machine, on a disk.

use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use host::{Fault, FaultyFiles, Files as _, MemoryFiles, Place};
use ledger::{Event, Line, SigningKey, TreeHead};
use ledger::{PublicKey, Signer as _};
use store::{AuditError, AuditFolder, Happening};

use crate::scene::moment;

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn keys() -> [PublicKey; 1] {
    [key().public_key()]
}

fn line(text: &str) -> Line {
    text.parse().expect("a line")
}

fn applied(package: &str, run: Option<&str>) -> Happening {
    let actor = "local:ada".parse().expect("an identity");
    Happening {
        actor,
        run: run.map(line),
        event: Event::ManifestApplied {
            applied_by: "local:ada".parse().expect("an identity"),
            manifest_id: line("m"),
            package: line(package),
            success: true,
        },
        at: moment(5),
    }
}

fn folder(files: &MemoryFiles) -> AuditFolder {
    AuditFolder::new(Arc::new(files.clone()), Path::new("/audit"))
}

fn bytes(files: &MemoryFiles, name: &str) -> Vec<u8> {
    let path = TreePath::new(name).expect("a path");
    files.read(Place::new(Path::new("/audit"), &path), 1 << 20).expect("a file")
}

fn overwrite(files: &MemoryFiles, name: &str, bytes: &[u8]) {
    let path = TreePath::new(name).expect("a path");
    files.write(Place::new(Path::new("/audit"), &path), bytes, None).expect("written");
}

fn packages(log: &AuditFolder) -> Vec<String> {
    let read = log.read(&keys(), &[]).expect("whole");
    let package = |event: &Event| match event {
        Event::ManifestApplied { package, .. } => package.to_string(),
        other => panic!("{other:?}"),
    };
    read.entries.iter().map(|entry| package(&entry.event)).collect()
}

#[test]
fn what_happened_is_written_once_and_in_order() {
    let files = MemoryFiles::new();
    let log = folder(&files);
    assert!(matches!(log.read(&keys(), &[]), Err(AuditError::Missing(_))));
    for (package, run) in [("a", Some("r1")), ("b", None), ("a", Some("r1")), ("b", None)] {
        log.add(&applied(package, run), &key()).expect("written");
    }
    assert_eq!(packages(&log), ["a", "b", "b"], "a run tells the same once");
}

#[test]
fn every_change_of_the_log_is_found() {
    let files = MemoryFiles::new();
    let log = folder(&files);
    for package in ["a", "b", "c"] {
        log.add(&applied(package, None), &key()).expect("written");
    }
    let whole = bytes(&files, "log.jsonl");
    let note = bytes(&files, "head.note");
    let text = String::from_utf8(whole.clone()).expect("a text");
    let lines: Vec<&str> = text.lines().collect();
    let changed = [
        (0, text.replacen("\"package\":\"a\"", "\"package\":\"x\"", 1)),
        (1, format!("{}\n{}\n", lines[0], lines[2])),
        (1, format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1])),
        (1, format!("{}\n\n{}\n{}\n", lines[0], lines[1], lines[2])),
        (2, format!("{}\n{}\n", lines[0], lines[1])),
        (3, format!("{text}{}\n", lines[2])),
        (0, String::new()),
    ];
    for (at, changed) in changed {
        overwrite(&files, "log.jsonl", changed.as_bytes());
        match log.read(&keys(), &[]) {
            Err(AuditError::Broken { source, .. }) => {
                // An edit shows where the next entry does not follow.
                assert!(source.position >= at && source.position <= at + 1, "{at}: {source}");
            }
            other => panic!("{at}: {other:?}"),
        }
    }
    // A log that was written anew, with a head that the same key signed, is another one than that
    // whose head was kept.
    let kept = TreeHead::open(&note, &"onx/x".parse().expect("a name"), &keys());
    assert!(kept.is_err(), "it is the head of another log");
    let origin = store::origin_of(&note).expect("a name");
    let kept = TreeHead::open(&note, &origin, &keys()).expect("a head");
    let forged = MemoryFiles::new();
    for package in ["a", "x", "c", "d"] {
        folder(&forged).add(&applied(package, None), &key()).expect("written");
    }
    assert!(folder(&forged).read(&keys(), &[]).is_ok());
    let found = folder(&forged).read(&keys(), &[kept]);
    assert!(matches!(found, Err(AuditError::Broken { .. })), "{found:?}");

    overwrite(&files, "log.jsonl", &whole);
    let stranger = [SigningKey::from_seed(&[8; 32]).public_key()];
    assert!(matches!(log.read(&stranger, &[]), Err(AuditError::Head { .. })));
}

#[test]
fn a_note_about_where_the_log_stands_is_not_believed_where_it_does_not_fit() {
    let files = MemoryFiles::new();
    let log = folder(&files);
    log.add(&applied("a", None), &key()).expect("written");
    let early = bytes(&files, "stand.json");
    log.add(&applied("b", None), &key()).expect("written");
    for stand in [&early[..], b"", b"{}", &[0xff; 9]] {
        overwrite(&files, "stand.json", stand);
        log.add(&applied("c", None), &key()).expect("written");
        log.read(&keys(), &[]).expect("whole");
    }
    assert_eq!(packages(&log), ["a", "b", "c", "c", "c", "c"]);
}

#[test]
fn whatever_fails_what_was_acknowledged_is_there_and_the_log_goes_on() {
    let faults =
        [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin];
    for fault in faults {
        for at in 1.. {
            let disk = MemoryFiles::new();
            folder(&disk).add(&applied("first", None), &key()).expect("written");
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let broken = AuditFolder::new(faulty.clone(), Path::new("/audit"));
            let told = broken.add(&applied("second", Some("r")), &key()).is_ok();
            let log = folder(&disk);
            log.add(&applied("second", Some("r")), &key()).expect("told again");
            log.add(&applied("third", None), &key()).expect("written");
            assert_eq!(packages(&log), ["first", "second", "third"], "{fault:?} at {at}, {told}");
            if !faulty.has_struck() {
                break;
            }
        }
    }
}
