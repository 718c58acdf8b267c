//! The longest that is taken, and that one more is refused: limits stand before anything is read.

use std::iter::repeat_n;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{
    ApprovalPolicy, AuditLog, BreakReason, CompactRange, DocumentError, ENTRY_LIMIT,
    ENVELOPE_LIMIT, Envelope, EnvelopeError, Event, KeyError, Kind, LogStand, MerkleTree,
    NoteError, Origin, PolicyError, PublicKey, STATEMENT_LIMIT, SealError, Signer as _, SigningKey,
    Statement, StatementError, Subject, TreeHead, TrustedKeys, leaf_hash,
};

use crate::scene::{at, believed, by_hand, everything, key, manifest, payload, sealed, word};

fn origin() -> Origin {
    word("example.com/audit")
}

/// The first lengths at which a reader gives up before it looks, and what it says then.
fn expect_limit(limit: usize, read: impl Fn(&[u8]) -> DocumentError) {
    let spaces = vec![b' '; limit + 1];
    assert!(!matches!(read(&spaces[1..]), DocumentError::Long { .. }), "{limit}");
    assert_eq!(read(&spaces), DocumentError::Long { limit, found: limit + 1 });
}

#[test]
fn nothing_longer_than_its_limit_is_read() {
    expect_limit(4_194_304, |bytes| TrustedKeys::read(bytes).expect_err("no document"));
    expect_limit(1_048_576, |bytes| match ApprovalPolicy::read(bytes) {
        Err(PolicyError::Document(error)) => error,
        other => panic!("{other:?}"),
    });
    expect_limit(95_572, |bytes| match Envelope::read(bytes) {
        Err(EnvelopeError::Document(error)) => error,
        other => panic!("{other:?}"),
    });
    expect_limit(4095, |bytes| match AuditLog::begin(origin()).accept(bytes) {
        Err(broken) => match broken.reason {
            BreakReason::Unreadable(error) => error,
            other => panic!("{other:?}"),
        },
        Ok(entry) => panic!("{entry:?}"),
    });
}

/// A statement whose bytes are so many.
fn statement_of(length: usize) -> Statement<ledger::ManifestMade> {
    let subjects = |last: usize| {
        let subject =
            |number: u32, name: usize| Subject::of(word(&"x".repeat(name)), &number.to_le_bytes());
        let subjects = (0..98_u32).map(|number| subject(number, 480));
        let subjects = subjects.chain([subject(98, last), subject(99, 250)]).collect();
        Statement::new(subjects, manifest()).expect("so many are allowed")
    };
    let shortest = subjects(1).to_bytes().expect("it is shorter").len();
    subjects(1 + length.checked_sub(shortest).expect("it is longer than that"))
}

#[test]
fn the_longest_statement_is_believed_and_one_byte_more_is_not() {
    let trusted = everything();
    let statement = statement_of(STATEMENT_LIMIT);
    assert_eq!(statement.to_bytes().expect("it fits").len(), 65_536);
    let mut envelope = Envelope::sign(&statement, &key(1)).expect("it fits");
    for number in 2..=16 {
        envelope.cosign(&key(number)).expect("sixteen may sign");
    }
    let bytes = envelope.write().expect("it has bytes");
    assert!(bytes.len() <= ENVELOPE_LIMIT, "{}", bytes.len());
    assert!(believed(&bytes, Kind::Manifest, &trusted, 2));

    let long = DocumentError::Long { limit: 65_536, found: 65_537 };
    let refused = StatementError::Document(long);
    assert_eq!(statement_of(STATEMENT_LIMIT + 1).to_bytes(), Err(refused.clone()));
    let text = String::from_utf8(payload(&envelope)).expect("UTF-8");
    let text = text.replacen("\"2.0\"", "\"2.00\"", 1);
    let text = by_hand(&Kind::Manifest.payload_type(), text.as_bytes(), &[1]);
    let envelope = Envelope::read(text.as_bytes()).expect("the envelope is in form");
    let opened = envelope.open::<ledger::ManifestMade>(&trusted, crate::scene::ONE, at(100));
    assert_eq!(opened, Err(refused.into()));
}

#[test]
fn a_statement_has_no_more_subjects_than_it_may() {
    let subjects = |count: u32| {
        let subjects = (0..count).map(|n| Subject::of(word("x"), &n.to_le_bytes())).collect();
        Statement::new(subjects, manifest()).map(|statement| statement.subjects().len())
    };
    assert_eq!(subjects(0), Err(StatementError::Subjects));
    assert_eq!(subjects(1), Ok(1));
    assert_eq!(subjects(1024), Ok(1024));
    assert_eq!(subjects(1025), Err(StatementError::Subjects));
}

#[test]
fn an_envelope_has_no_more_signatures_than_it_may() {
    let all: Vec<u8> = (1..=17).collect();
    let mut envelope = sealed(manifest(), &all[..16]);
    let full = envelope.clone();
    assert_eq!(envelope.cosign(&key(17)), Err(SealError::Full));
    // A key that signed before takes no more room.
    envelope.cosign(&key(1)).expect("its signature is there already");
    assert_eq!(envelope, full);
    let read = |signers: &[u8]| {
        let text = by_hand(&Kind::Manifest.payload_type(), &payload(&full), signers);
        Envelope::read(text.as_bytes())
    };
    assert_eq!(read(&all[..16]), Ok(full.clone()));
    assert_eq!(read(&all), Err(EnvelopeError::Signatures));
    assert_eq!(read(&[]), Err(EnvelopeError::Signatures));
}

/// The line of a stranger's signature of so many bytes, whose name is so long.
fn stranger(name: usize, bytes: usize) -> String {
    format!("\u{2014} {} {}\n", "x".repeat(name), STANDARD.encode(vec![7; bytes]))
}

#[test]
fn a_note_is_no_longer_than_it_may_be() {
    let head = AuditLog::begin(origin()).head();
    let note = head.sign(&key(1)).expect("memory signs");
    let open = |note: &str| TreeHead::open(note.as_bytes(), &origin(), &[key(1).public_key()]);
    for (bytes, is_signature) in [(0, false), (3, false), (4, false), (5, true), (68, true)] {
        let opened = open(&format!("{note}{}", stranger(3, bytes)));
        assert_eq!(opened.is_ok(), is_signature, "{bytes} bytes: {opened:?}");
    }
    let nameless = format!("{note}{}", stranger(0, 68));
    assert_eq!(open(&nameless), Err(NoteError::Form("a line is no signature")));

    let with = |others: usize| format!("{note}{}", stranger(3, 68).repeat(others));
    assert_eq!(open(&with(31)), Ok(head.clone()));
    assert_eq!(open(&with(32)), Err(NoteError::Form("it has too many signatures")));

    let filled = |length: usize| {
        let line = stranger(1, 9000);
        let rest = length - note.len() - line.len();
        let text = format!("{note}{}", stranger(1 + rest, 9000));
        assert_eq!(text.len(), length);
        text
    };
    assert_eq!(open(&filled(16_384)), Ok(head.clone()));
    assert_eq!(open(&filled(16_385)), Err(NoteError::Form("it is too long")));
}

#[test]
fn a_key_is_no_longer_than_it_may_be() {
    let read = |length: usize| PublicKey::from_document(&" ".repeat(length));
    let long = "it is longer than 1024 bytes".to_owned();
    assert_eq!(read(1025), Err(KeyError::Document(long.clone())));
    assert_ne!(read(1024), Err(KeyError::Document(long)));

    // What stands before the first line of a key file is passed over.
    let text = key(1).to_pem().expect("a key has a file");
    let text = text.reveal();
    let filled = |length: usize| {
        let before: String = repeat_n('#', length - text.len() - 1).collect();
        SigningKey::from_pem(&format!("{before}\n{text}")).map(|key| key.public_key())
    };
    assert_eq!(filled(1024), Ok(key(1).public_key()));
    assert_eq!(filled(1025), Err(KeyError::PrivateKey));
}

/// An event whose entry is longer the longer the last name is, and that is nearly too long.
fn long_event(last: usize) -> Event {
    let namespaces = (0..56).map(|number| word(&format!("{number:0>64}")));
    let namespaces = namespaces.chain([word(&"x".repeat(last))]).collect();
    Event::KeyTrusted { key: key(1).public_key().id(), namespaces, owner: word("ada") }
}

#[test]
fn an_entry_is_no_longer_than_it_may_be() {
    let append =
        |last| AuditLog::begin(origin()).append(word("ada"), None, long_event(last), at(0));
    let shortest = append(1).expect("it is shorter").len();
    let longest = append(1 + ENTRY_LIMIT - shortest).expect("it is as long as it may be");
    assert_eq!(longest.len(), 4095);
    assert!(AuditLog::begin(origin()).accept(&longest).is_ok());
    let refused = DocumentError::Long { limit: 4095, found: 4096 };
    assert_eq!(append(2 + ENTRY_LIMIT - shortest), Err(refused.clone()));
    let text = String::from_utf8(longest).expect("UTF-8").replacen("xx", "xxx", 1);
    let broken = AuditLog::begin(origin()).accept(text.as_bytes()).expect_err("it is too long");
    assert_eq!((broken.position, broken.reason), (0, BreakReason::Unreadable(refused)));
}

#[test]
fn a_log_goes_on_only_from_where_a_log_can_stand() {
    let mut log = AuditLog::begin(origin());
    for number in 0..11 {
        assert_eq!(AuditLog::at(log.stand()), Some(log.clone()), "{number}");
        let stand = log.stand();
        assert_eq!(stand.peaks.len(), stand.size.count_ones() as usize);
        for size in [stand.size + 1, stand.size * 2 + 1] {
            if size.count_ones() != stand.size.count_ones() {
                assert_eq!(AuditLog::at(LogStand { size, ..stand.clone() }), None, "{size}");
            }
        }
        log.append(word("ada"), None, long_event(1), at(number)).expect("it fits");
    }
    // What stands there is what is gone on from.
    let mut again = AuditLog::at(log.stand()).expect("a log stands there");
    let next = |log: &mut AuditLog| log.append(word("ada"), None, long_event(2), at(99));
    assert_eq!(next(&mut again), next(&mut log));
    assert_eq!(again.head(), log.head());
    let leaf = leaf_hash(b"x");
    assert_eq!(CompactRange::from_peaks(0, vec![leaf]), None);
    assert_eq!(CompactRange::from_peaks(1, vec![leaf]).map(|range| range.root()), Some(leaf));
    let mut tree = MerkleTree::default();
    assert_eq!((tree.size(), tree.root_at(1)), (0, None));
    tree.push(leaf);
    tree.push(leaf);
    assert_eq!(tree.size(), 2);
}
