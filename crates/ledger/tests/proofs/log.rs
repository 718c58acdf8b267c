//! What can be done to a log, and that each of it is found, at the place where it was done.

use ledger::{
    AuditEntry, AuditLog, BreakReason, Event, Fork, Line, LogBreak, MerkleTree, NoteError, Origin,
    Signer as _, TreeHead, leaf_hash,
};
use proptest::prelude::*;

use crate::scene::{Numbers, at, key, transition, word};

fn origin() -> Origin {
    word("example.com/audit")
}

/// An event of each kind, and then again.
fn event(number: u64) -> Event {
    let line = |text: &str| -> Line { word(&format!("{text}-{number}")) };
    let id = key((number % 5) as u8).public_key().id();
    match number % 11 {
        0 => Event::ManifestGenerated {
            from_version: word("1.0"),
            generator: word("onx 0.1.0"),
            manifest_id: line("manifest"),
            to_version: word("2.0"),
        },
        1 => Event::ManifestApplied {
            applied_by: word("ada"),
            manifest_id: line("manifest"),
            package: word("dependent"),
            success: number.is_multiple_of(2),
        },
        2 => Event::ManifestPublished {
            despite: number.is_multiple_of(2).then(|| word("the plugin is gone")),
            digest: artifact::Digest::of(&number.to_le_bytes()),
            manifest_id: line("manifest"),
            name: word("registry://core/yourlib/1.0_2.0"),
        },
        3 => Event::ManifestRolledBack {
            manifest_id: line("manifest"),
            package: word("dependent"),
            success: true,
        },
        4 => Event::ManifestDeprecated { name: line("name"), reason: word("a \"better\" one") },
        5 => Event::ManifestYanked { name: line("name"), reason: word("wrong: naïve") },
        6 => Event::ApprovalGiven {
            approver: word("bob"),
            role: word("tech_lead"),
            statement: artifact::Digest::of(b"statement"),
            subject: artifact::Digest::of(&number.to_le_bytes()),
            transition: transition("PROPOSED", "PLANNED"),
        },
        7 => Event::KeyCreated { key: id, owner: word("ada") },
        8 => Event::KeyTrusted { key: id, namespaces: vec![word("core")], owner: word("ada") },
        9 => Event::KeyRevoked { key: id, reason: line("lost") },
        _ => Event::UnsignedWorkAllowed {
            operation: word("apply"),
            subject: artifact::Digest::of(&number.to_le_bytes()),
        },
    }
}

/// A log of so many entries as it is exported, with its head after each of them.
fn written(origin: &Origin, salt: u64, count: u64) -> (Vec<Vec<u8>>, Vec<TreeHead>) {
    let mut log = AuditLog::begin(origin.clone());
    let (mut lines, mut heads) = (Vec::new(), vec![log.head()]);
    go_on(&mut log, salt, count, &mut lines, &mut heads);
    (lines, heads)
}

fn go_on(
    log: &mut AuditLog,
    salt: u64,
    count: u64,
    lines: &mut Vec<Vec<u8>>,
    heads: &mut Vec<TreeHead>,
) {
    for number in 0..count {
        let run = number.is_multiple_of(3).then(|| word("run-1"));
        let line = log.append(word("ada"), run, event(number + salt), at(number.cast_signed()));
        lines.push(line.expect("it fits"));
        heads.push(log.head());
    }
}

fn verify(lines: &[Vec<u8>], kept: &[TreeHead]) -> Result<u64, LogBreak> {
    AuditLog::verify(&origin(), lines, kept).map(|log| log.size())
}

fn broken(lines: &[Vec<u8>], kept: &[TreeHead]) -> (u64, BreakReason) {
    let LogBreak { position, reason } = verify(lines, kept).expect_err("it does not fit");
    (position, reason)
}

#[test]
fn a_log_reads_back_what_it_wrote() {
    let (lines, heads) = written(&origin(), 0, 40);
    let log = AuditLog::verify(&origin(), &lines, &heads).expect("it fits");
    assert_eq!(log.head(), heads[40]);
    let mut again = AuditLog::begin(origin());
    for (number, line) in lines.iter().enumerate() {
        assert!(!line.contains(&b'\n'));
        let entry = again.accept(line).expect("it fits");
        assert_eq!(entry.event, event(number as u64));
        assert_eq!(entry.sequence, number as u64);
    }
    // It can be gone on with.
    let mut log = again;
    log.append(word("bob"), None, event(3), at(0)).expect("it fits");
    assert_eq!(log.size(), 41);
}

#[test]
fn entries_have_the_fields_that_readers_look_for() {
    let (lines, _) = written(&origin(), 0, 2);
    for (line, fields) in [
        (
            &lines[0],
            [
                ("event", "manifest_generated"),
                ("manifest_id", "manifest-0"),
                ("from_version", "1.0"),
                ("to_version", "2.0"),
                ("generator", "onx 0.1.0"),
            ]
            .as_slice(),
        ),
        (
            &lines[1],
            &[
                ("event", "manifest_applied"),
                ("manifest_id", "manifest-1"),
                ("package", "dependent"),
                ("applied_by", "ada"),
            ],
        ),
    ] {
        let value: serde_json::Value = serde_json::from_slice(line).expect("it is JSON");
        for (name, expected) in fields {
            assert_eq!(value[*name], **expected, "{name}");
        }
        assert!(value["timestamp"].is_string());
        assert_eq!(value["format"], "onx/audit-entry/1");
    }
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&lines[1]).expect("JSON")["success"],
        false
    );
}

#[test]
fn an_edit_is_found_at_the_next_entry_or_by_the_head() {
    let (lines, heads) = written(&origin(), 0, 30);
    let kept = [heads[30].clone()];
    for place in 0..30_usize {
        let mut other = lines.clone();
        let text = String::from_utf8(lines[place].clone()).expect("UTF-8");
        other[place] = text.replace(r#""actor":"ada""#, r#""actor":"eve""#).into_bytes();
        assert_ne!(other[place], lines[place]);
        let expected = match place {
            // Nothing follows on it; with no earlier head, it may be any of them.
            29 => (0, BreakReason::Head { size: 30 }),
            _ => (place as u64 + 1, BreakReason::Predecessor),
        };
        assert_eq!(broken(&other, &kept), expected, "{place}");
    }
    // An earlier head narrows it down.
    let mut other = lines.clone();
    let text = String::from_utf8(lines[29].clone()).expect("UTF-8");
    other[29] = text.replace(r#""actor":"ada""#, r#""actor":"eve""#).into_bytes();
    let kept = [heads[29].clone(), heads[30].clone(), heads[7].clone()];
    assert_eq!(broken(&other, &kept), (29, BreakReason::Head { size: 30 }));
}

#[test]
fn what_is_dropped_inserted_or_moved_is_found_where_it_was() {
    let (lines, heads) = written(&origin(), 0, 20);
    let kept = [heads[20].clone()];
    for place in 0..20_usize {
        let mut other = lines.clone();
        other.remove(place);
        let expected = match place {
            19 => BreakReason::Missing { size: 20 },
            _ => BreakReason::Sequence { found: place as u64 + 1 },
        };
        assert_eq!(broken(&other, &kept), (place as u64, expected), "{place} dropped");
        let mut other = lines.clone();
        other.insert(place, lines[place].clone());
        let found = BreakReason::Sequence { found: place as u64 };
        assert_eq!(broken(&other, &kept), (place as u64 + 1, found), "{place} doubled");
        let mut other = lines.clone();
        other.insert(place, b"{}".to_vec());
        let (position, reason) = broken(&other, &kept);
        assert_eq!(position, place as u64, "{place} inserted");
        assert!(matches!(reason, BreakReason::Unreadable(_)));
        for target in place + 1..20 {
            let mut other = lines.clone();
            other.swap(place, target);
            let found = BreakReason::Sequence { found: target as u64 };
            assert_eq!(broken(&other, &kept), (place as u64, found), "{place} and {target}");
        }
    }
    // A number that fits does not make an entry of elsewhere fit.
    let (foreign, _) = written(&origin(), 1, 20);
    for place in 1..20_usize {
        let mut other = lines.clone();
        other[place].clone_from(&foreign[place]);
        assert_eq!(broken(&other, &kept), (place as u64, BreakReason::Predecessor));
    }
}

#[test]
fn a_fork_is_found_although_its_chain_is_whole() {
    let (lines, heads) = written(&origin(), 0, 24);
    for place in 0..24_u64 {
        // Everything from here on is written anew, numbers and hashes included.
        let start = &lines[..place as usize];
        let mut log = AuditLog::verify(&origin(), start, &[]).expect("it fits");
        let (mut forked, mut new) = (start.to_vec(), Vec::new());
        go_on(&mut log, place + 1, 24 - place, &mut forked, &mut new);
        assert_eq!(verify(&forked, &[]), Ok(24), "without a head it hangs together");
        assert_eq!(broken(&forked, &heads[24..]), (0, BreakReason::Head { size: 24 }));
        let size = place + 1;
        assert_eq!(broken(&forked, &heads), (place, BreakReason::Head { size }));
        // Both heads cannot be shown to somebody who keeps one.
        let mut tree = MerkleTree::default();
        for line in &forked {
            tree.push(leaf_hash(line));
        }
        for earlier in place + 1..24 {
            let proof = tree.consistency_proof(earlier, 24).expect("it goes on");
            let shown = log.head().follows(&heads[earlier as usize], &proof);
            assert_eq!(shown, Err(Fork::Unproved));
        }
        let proof = tree.consistency_proof(place, 24).expect("it goes on");
        assert_eq!(log.head().follows(&heads[place as usize], &proof), Ok(()));
    }
}

#[test]
fn another_log_in_its_place_is_found() {
    let (lines, heads) = written(&origin(), 0, 10);
    let (replaced, other_heads) = written(&origin(), 5, 15);
    assert_eq!(verify(&replaced, &[]), Ok(15));
    assert_eq!(broken(&replaced, &heads[10..]), (0, BreakReason::Head { size: 10 }));
    assert_eq!(broken(&replaced[..5], &heads[10..]), (5, BreakReason::Missing { size: 10 }));
    assert_eq!(broken(&[], &heads[10..]), (0, BreakReason::Missing { size: 10 }));
    assert_eq!(verify(&[], &heads[..1]), Ok(0));
    assert_eq!(
        other_heads[9].follows(&heads[10], &[]),
        Err(Fork::Shorter { earlier: 10, size: 9 })
    );
    assert_eq!(other_heads[10].follows(&heads[10], &[]), Err(Fork::Unproved));
    assert_eq!(heads[10].follows(&heads[10], &[]), Ok(()));
    // That of another name does not even begin here.
    let elsewhere: Origin = word("example.com/other");
    let (foreign, foreign_heads) = written(&elsewhere, 0, 10);
    assert_eq!(broken(&foreign, &[]), (0, BreakReason::Predecessor));
    assert_eq!(broken(&lines, &foreign_heads[10..]), (0, BreakReason::Origin));
    assert_eq!(foreign_heads[10].follows(&heads[10], &[]), Err(Fork::Origin));
}

#[test]
fn an_entry_in_another_form_does_not_fit() {
    let (lines, _) = written(&origin(), 0, 1);
    let text = String::from_utf8(lines[0].clone()).expect("UTF-8");
    for (one, other) in [
        ("{\"actor\"", "{ \"actor\""),
        ("{\"actor\"", "{\"actor\":\"eve\",\"actor\""),
        ("{\"actor\"", "{\"acting\":\"eve\",\"actor\""),
        ("\"sequence\":0", "\"sequence\":0.0"),
        ("\"sequence\":0", "\"sequence\":-0"),
        ("\"sequence\":0", "\"sequence\":9007199254740993"),
        ("\"sequence\":0", "\"sequence\":0,\"success\":true"),
        ("onx/audit-entry/1", "onx/audit-entry/2"),
        ("manifest_generated", "manifest_applied"),
        ("manifest_generated", "manifest_exploded"),
        ("\"generator\":\"onx 0.1.0\"", "\"generator\":\"onx\\u00200.1.0\""),
        ("\"run\":\"run-1\"", "\"run\":null"),
    ] {
        assert!(text.contains(one), "{one}");
        let line = text.replacen(one, other, 1).into_bytes();
        let reason = broken(&[line], &[]);
        assert!(matches!(reason, (0, BreakReason::Unreadable(_))), "{other}: {reason:?}");
    }
    let entry: AuditEntry = AuditLog::begin(origin()).accept(&lines[0]).expect("it fits");
    assert_eq!(entry.run, Some(word("run-1")));
    let long = Event::ManifestYanked { name: word(&"\"".repeat(512)), reason: word("x") };
    assert!(AuditLog::begin(origin()).append(word("ada"), None, long, at(0)).is_ok());
    let namespaces = (0..400).map(|number| word(&format!("namespace-{number}"))).collect();
    let (key, owner) = (key(1).public_key().id(), word("ada"));
    let long = Event::KeyTrusted { key, namespaces, owner };
    let mut log = AuditLog::begin(origin());
    assert!(log.append(word("ada"), None, long, at(0)).is_err());
    assert_eq!(log, AuditLog::begin(origin()), "what was refused changed nothing");
}

#[test]
fn a_head_is_believed_only_from_a_trusted_key_and_for_its_log() {
    let (_, heads) = written(&origin(), 0, 10);
    let note = heads[10].sign(&key(1)).expect("memory signs");
    let open = |note: &str, keys: &[u8]| {
        let keys: Vec<_> = keys.iter().map(|number| key(*number).public_key()).collect();
        TreeHead::open(note.as_bytes(), &origin(), &keys)
    };
    assert_eq!(open(&note, &[1]), Ok(heads[10].clone()));
    assert_eq!(open(&note, &[2, 1]), Ok(heads[10].clone()));
    assert_eq!(open(&note, &[2]), Err(NoteError::Unsigned));
    assert_eq!(open(&note, &[]), Err(NoteError::Unsigned));
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines[..2], ["example.com/audit", "10"]);
    assert!(lines[3].is_empty() && lines[4].starts_with("\u{2014} example.com/audit "));
    // Those of others say nothing, as long as they are signatures.
    let other = heads[10].sign(&key(2)).expect("memory signs");
    let witnessed = format!("{note}{}\n", other.lines().last().expect("a signature"));
    assert_eq!(open(&witnessed, &[1]), Ok(heads[10].clone()));
    assert_eq!(open(&witnessed, &[1, 2]), Ok(heads[10].clone()));
    // One by a trusted key over something else refuses the note.
    let earlier = heads[9].sign(&key(2)).expect("memory signs");
    let mixed = format!("{note}{}\n", earlier.lines().last().expect("a signature"));
    assert_eq!(open(&mixed, &[1, 2]), Err(NoteError::Signature));
    let elsewhere = TreeHead { origin: word("example.com/other"), ..heads[10].clone() };
    let foreign = elsewhere.sign(&key(1)).expect("memory signs");
    assert_eq!(open(&foreign, &[1]), Err(NoteError::Origin("example.com/other".to_owned())));
    for other in [
        note.replace("\n10\n", "\n010\n"),
        note.replace("\n10\n", "\n+10\n"),
        note.replace("\n10\n", "\n10\nmore\n"),
        note.replace('\n', "\r\n"),
        note.trim_end().to_owned(),
        format!("{note}\n"),
        format!("\n{note}"),
        note.replace('\u{2014}', "-"),
    ] {
        assert!(matches!(open(&other, &[1]), Err(NoteError::Form(_))), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    /// Whatever is done to a log, it is believed only if nothing was done.
    #[test]
    fn a_log_is_believed_only_as_it_was(count in 1_u64..30, seed: u64, steps in 1_u8..6) {
        let (lines, heads) = written(&origin(), seed % 100, count);
        let (foreign, _) = written(&origin(), seed % 100 + 1, count + 3);
        let mut numbers = Numbers::new(seed);
        let mut other = lines.clone();
        for _ in 0..steps {
            let place = numbers.below(other.len().max(1) as u64) as usize;
            match numbers.below(6) {
                0 if !other.is_empty() => drop(other.remove(place)),
                1 if !other.is_empty() => other.insert(place, other[place].clone()),
                2 if !other.is_empty() => other.swap(0, place),
                3 => other.insert(place, numbers.one_of(&foreign).clone()),
                4 if !other.is_empty() => {
                    let byte = numbers.below(other[place].len() as u64) as usize;
                    other[place][byte] ^= 1 << numbers.below(8);
                }
                5 => other.truncate(place),
                _ => {}
            }
        }
        let verdict = AuditLog::verify(&origin(), &other, &heads[count as usize..]);
        prop_assert_eq!(verdict.is_ok(), other == lines);
    }
}
