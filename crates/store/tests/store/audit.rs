//! The audit log of a machine, on a disk.

use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use host::{Fault, FaultyFiles, Files as _, MemoryFiles, Place};
use ledger::{Event, Grant, Kind, Line, Namespaces, SigningKey, TreeHead, TrustedKey};
use ledger::{PublicKey, Signer as _};
use store::{AuditError, AuditFolder, Happening};

use crate::scene::moment;

fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

fn keys() -> [PublicKey; 1] {
    [key().public_key()]
}

/// A key as the list has it that is one of the machine.
fn of_machine(key: &SigningKey, revoked_at: Option<i64>) -> TrustedKey {
    let grant = Grant { kinds: [Kind::TreeHead].into(), namespaces: Namespaces::Any };
    TrustedKey {
        expires: moment(100),
        grants: vec![grant],
        key: key.public_key(),
        not_before: moment(0),
        owner: "local:ada".parse().expect("an identity"),
        revoked_at: revoked_at.map(moment),
    }
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
    with_keys(files, vec![of_machine(&key(), None)])
}

fn with_keys(files: &MemoryFiles, keys: Vec<TrustedKey>) -> AuditFolder {
    AuditFolder::new(Arc::new(files.clone()), Path::new("/audit"), keys)
}

fn bytes(files: &MemoryFiles, name: &str) -> Vec<u8> {
    let path = TreePath::new(name).expect("a path");
    files.read(Place::new(Path::new("/audit"), &path), 1 << 20).expect("a file")
}

fn overwrite(files: &MemoryFiles, name: &str, bytes: &[u8]) {
    let path = TreePath::new(name).expect("a path");
    files.write(Place::new(Path::new("/audit"), &path), bytes, None).expect("written");
}

fn there(files: &MemoryFiles, name: &str) -> Option<Vec<u8>> {
    let path = TreePath::new(name).expect("a path");
    files.read(Place::new(Path::new("/audit"), &path), 1 << 20).ok()
}

/// Writes a file, or removes it.
fn put(files: &MemoryFiles, name: &str, bytes: Option<&[u8]>) {
    let path = TreePath::new(name).expect("a path");
    match bytes {
        Some(bytes) => overwrite(files, name, bytes),
        None => files.remove_file(Place::new(Path::new("/audit"), &path)).expect("removed"),
    }
}

fn packages(log: &AuditFolder) -> Vec<String> {
    let read = log.read(&[]).expect("whole");
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
    assert!(matches!(log.read(&[]), Err(AuditError::Missing(_))));
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
        match log.read(&[]) {
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
    assert!(folder(&forged).read(&[]).is_ok());
    let found = folder(&forged).read(&[kept]);
    assert!(matches!(found, Err(AuditError::Broken { .. })), "{found:?}");

    overwrite(&files, "log.jsonl", &whole);
    // The log of another machine is not this one's, whoever else signed its head.
    let stranger = with_keys(&files, vec![of_machine(&SigningKey::from_seed(&[8; 32]), None)]);
    assert!(matches!(stranger.read(&[]), Err(AuditError::Head { .. })));
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
        log.read(&[]).expect("whole");
    }
    assert_eq!(packages(&log), ["a", "b", "c", "c", "c", "c"]);
}

#[test]
fn whatever_fails_what_was_acknowledged_is_there_and_the_log_goes_on() {
    let faults =
        [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin];
    for (fault, is_begun) in faults.into_iter().flat_map(|fault| [(fault, false), (fault, true)]) {
        for at in 1.. {
            let disk = MemoryFiles::new();
            let mut expected = vec!["second", "third"];
            if is_begun {
                folder(&disk).add(&applied("first", None), &key()).expect("written");
                expected.insert(0, "first");
            }
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let keys = vec![of_machine(&key(), None)];
            let broken = AuditFolder::new(faulty.clone(), Path::new("/audit"), keys);
            let told = broken.add(&applied("second", Some("r")), &key()).is_ok();
            let log = folder(&disk);
            log.add(&applied("second", Some("r")), &key()).expect("told again");
            log.add(&applied("third", None), &key()).expect("written");
            assert_eq!(packages(&log), expected, "{fault:?} at {at}, {told}");
            if !faulty.has_struck() {
                break;
            }
        }
    }
}

#[test]
fn nothing_is_added_to_a_log_that_is_not_the_one_whose_head_was_signed() {
    let whole = MemoryFiles::new();
    for package in ["a", "b", "c"] {
        folder(&whole).add(&applied(package, None), &key()).expect("written");
    }
    let forged = MemoryFiles::new();
    for package in ["a", "b", "x"] {
        folder(&forged).add(&applied(package, None), &key()).expect("written");
    }
    let text = String::from_utf8(bytes(&whole, "log.jsonl")).expect("a text");
    let lines: Vec<&str> = text.lines().collect();
    let another = String::from_utf8(bytes(&forged, "log.jsonl")).expect("a text");
    let logs = [
        Some(format!("{}\n{}\n", lines[0], lines[1])),
        Some(text.trim_end().to_owned()),
        Some(text.replacen("\"package\":\"a\"", "\"package\":\"xx\"", 1)),
        Some(another.clone()),
        Some(String::new()),
        None,
    ];
    let names = ["log.jsonl", "head.note", "stand.json"];
    for log in logs {
        for stand in [Some(bytes(&forged, "stand.json")), None] {
            let files = MemoryFiles::new();
            let at = folder(&files);
            at.add(&applied("a", None), &key()).expect("written");
            put(&files, "log.jsonl", log.as_deref().map(str::as_bytes));
            put(&files, "stand.json", stand.as_deref());
            put(&files, "head.note", Some(&bytes(&whole, "head.note")));
            let before = names.map(|name| there(&files, name));
            for told in [applied("d", None), applied("d", Some("r"))] {
                let refused = at.add(&told, &key()).expect_err("it is another log");
                assert!(matches!(refused, AuditError::Broken { .. }), "{log:?}: {refused:?}");
                assert!(refused.hint().contains("begin a new log"), "{}", refused.hint());
            }
            assert_eq!(names.map(|name| there(&files, name)), before, "nothing is overwritten");
            assert!(matches!(at.read(&[]), Err(AuditError::Broken { .. })), "{log:?}");
        }
    }
    // One of the same length is not read to add to it, and no head makes it whole.
    overwrite(&whole, "log.jsonl", another.as_bytes());
    folder(&whole).add(&applied("d", None), &key()).expect("written");
    let found = folder(&whole).read(&[]);
    assert!(matches!(found, Err(AuditError::Broken { .. })), "{found:?}");
}

#[test]
fn a_log_without_its_head_is_told_from_one_that_is_not_there() {
    for emptied in [None, Some(&b""[..])] {
        let files = MemoryFiles::new();
        let log = folder(&files);
        log.add(&applied("a", None), &key()).expect("written");
        put(&files, "head.note", emptied);
        assert!(matches!(log.read(&[]), Err(AuditError::NoHead(_))));
        let refused = log.add(&applied("b", None), &key()).expect_err("nobody knows what it was");
        assert!(matches!(refused, AuditError::NoHead(_)), "{refused:?}");
        assert_eq!(there(&files, "head.note").as_deref(), emptied, "no head is signed over it");
    }
    // Nor is one that is gone an empty one for whoever kept a head.
    let files = MemoryFiles::new();
    folder(&files).add(&applied("a", None), &key()).expect("written");
    let note = bytes(&files, "head.note");
    let origin = store::origin_of(&note).expect("a name");
    let kept = TreeHead::open(&note, &origin, &keys()).expect("a head");
    let gone = folder(&MemoryFiles::new()).read(&[kept]);
    assert!(matches!(gone, Err(AuditError::Broken { .. })), "{gone:?}");
}

#[test]
fn an_entry_that_was_cut_off_was_never_told() {
    let files = MemoryFiles::new();
    let log = folder(&files);
    log.add(&applied("first", None), &key()).expect("written");
    let (head, stand) = (bytes(&files, "head.note"), bytes(&files, "stand.json"));
    log.add(&applied("second", Some("r")), &key()).expect("written");
    let whole = bytes(&files, "log.jsonl");
    let first = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    for end in first + 1..whole.len() {
        overwrite(&files, "head.note", &head);
        overwrite(&files, "stand.json", &stand);
        overwrite(&files, "log.jsonl", &whole[..end]);
        assert_eq!(packages(&log), ["first"], "cut at {end}");
        log.add(&applied("second", Some("r")), &key()).expect("written again");
        log.add(&applied("third", None), &key()).expect("written");
        assert_eq!(packages(&log), ["first", "second", "third"], "cut at {end}");
    }
    // One that is whole, and whose writer ended before the head was signed, is told and signed.
    overwrite(&files, "head.note", &head);
    overwrite(&files, "stand.json", &stand);
    overwrite(&files, "log.jsonl", &whole);
    log.add(&applied("second", Some("r")), &key()).expect("told");
    assert_eq!(packages(&log), ["first", "second"]);
    let origin = store::origin_of(&head).expect("a name");
    let now = TreeHead::open(&bytes(&files, "head.note"), &origin, &keys()).expect("a head");
    assert_eq!(now.size, 2);
}

#[test]
fn a_log_goes_on_under_another_key_and_a_head_by_a_revoked_one_is_named() {
    let files = MemoryFiles::new();
    folder(&files).add(&applied("a", None), &key()).expect("written");
    let newer = SigningKey::from_seed(&[9; 32]);
    let both = vec![of_machine(&key(), Some(7)), of_machine(&newer, None)];
    let log = with_keys(&files, both);
    match log.read(&[]) {
        Err(AuditError::Revoked { key: id, at, .. }) => {
            assert_eq!((id, at), (key().public_key().id(), moment(7)));
        }
        other => panic!("{other:?}"),
    }
    log.add(&applied("b", None), &newer).expect("written");
    assert_eq!(log.read(&[]).expect("whole").entries.len(), 2);
    let note = bytes(&files, "head.note");
    let origin = store::origin_of(&note).expect("a name");
    assert!(TreeHead::open(&note, &origin, &[newer.public_key()]).is_ok(), "it is the same log");
}
