//! Everything that is signed, offered as everything else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{AuditLog, Envelope, Kind, Origin, Signer as _, TreeHead, TrustedKeys};

use crate::scene::{
    EVERY_KIND, at, believed, by_hand, everything, key, one_of_each, payload, sealed, trusted, word,
};

#[test]
fn an_envelope_of_one_kind_is_none_of_another() {
    let trusted = everything();
    let mut tried = 0;
    for (kind, envelope) in one_of_each(&[1]) {
        let bytes = envelope.write().expect("it has bytes");
        for asked in EVERY_KIND {
            tried += 1;
            assert_eq!(believed(&bytes, asked, &trusted, 1), asked == kind, "{kind} as {asked}");
        }
    }
    assert_eq!(tried, 30);
}

#[test]
fn a_signature_over_one_type_holds_for_no_other() {
    // The type outside is exchanged, and what was signed stays.
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let text = String::from_utf8(envelope.write().expect("it has bytes")).expect("UTF-8");
        for asked in Kind::STATEMENTS.into_iter().filter(|asked| *asked != kind) {
            let other = text.replace(&kind.payload_type(), &asked.payload_type());
            assert_ne!(other, text);
            assert!(Envelope::read(other.as_bytes()).is_ok(), "the form is kept");
            assert!(!believed(other.as_bytes(), asked, &trusted, 1), "{kind} as {asked}");
            assert!(!believed(other.as_bytes(), kind, &trusted, 1), "{kind} as {asked}");
        }
    }
}

#[test]
fn a_statement_of_one_kind_that_is_signed_as_another_is_neither() {
    // Somebody trusted was made to sign a statement under another type: the types inside and
    // outside must both fit.
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let payload = payload(&envelope);
        for asked in Kind::STATEMENTS {
            let text = by_hand(&asked.payload_type(), &payload, &[1]);
            let believed = believed(text.as_bytes(), asked, &trusted, 1);
            assert_eq!(believed, asked == kind, "{kind} as {asked}");
        }
    }
}

#[test]
fn a_statement_with_the_type_of_another_is_neither() {
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let payload = String::from_utf8(payload(&envelope)).expect("UTF-8");
        for asked in Kind::STATEMENTS.into_iter().filter(|asked| *asked != kind) {
            let other = payload.replace(&kind.predicate_type(), &asked.predicate_type());
            assert_ne!(other, payload);
            for outside in [kind, asked] {
                let text = by_hand(&outside.payload_type(), other.as_bytes(), &[1]);
                assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{kind} as {asked}");
                assert!(!believed(text.as_bytes(), asked, &trusted, 1), "{kind} as {asked}");
            }
        }
    }
}

#[test]
fn a_signature_over_the_bare_bytes_of_a_statement_holds_for_none() {
    // Roles of a registry and heads are signed without a type before them: a key that signs such
    // things, too, has not signed a statement with them.
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let text = String::from_utf8(envelope.write().expect("it has bytes")).expect("UTF-8");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let written = value["signatures"][0]["sig"].as_str().expect("a text");
        let bare = payload(&envelope);
        for message in [bare.clone(), [&bare[..], b"\n"].concat()] {
            let signature = key(1).sign(&message).expect("memory signs");
            let other = text.replace(written, &STANDARD.encode(signature.as_bytes()));
            assert!(Envelope::read(other.as_bytes()).is_ok(), "the form is kept");
            assert!(!believed(other.as_bytes(), kind, &trusted, 1), "{kind}");
        }
    }
}

#[test]
fn a_head_is_no_statement_and_a_statement_is_no_head() {
    let trusted = everything();
    let origin: Origin = word("example.com/audit");
    let keys = [key(1).public_key()];
    let note = AuditLog::begin(origin.clone()).head().sign(&key(1)).expect("memory signs");
    assert!(TreeHead::open(note.as_bytes(), &origin, &keys).is_ok());
    for (kind, envelope) in one_of_each(&[1]) {
        assert!(!believed(note.as_bytes(), kind, &trusted, 1), "{kind}");
        let text = by_hand(&kind.payload_type(), note.as_bytes(), &[1]);
        assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{kind}");
        let bytes = envelope.write().expect("it has bytes");
        assert!(TreeHead::open(&bytes, &origin, &keys).is_err(), "{kind}");
        // The note's signature is over the bare text; that of an envelope never begins like one.
        let text = by_hand(&Kind::TreeHead.payload_type(), &payload(&envelope), &[1]);
        assert!(Envelope::read(text.as_bytes()).is_err(), "{kind}");
    }
}

#[test]
fn a_key_signs_only_the_kinds_that_it_may() {
    for allowed in EVERY_KIND {
        let mut keys = TrustedKeys::new();
        keys.trust(trusted(1, "ada", &[allowed])).expect("the key is new");
        for (kind, envelope) in one_of_each(&[1]) {
            let bytes = envelope.write().expect("it has bytes");
            let believed = believed(&bytes, kind, &keys, 1);
            assert_eq!(believed, kind == allowed, "{kind} by a key for {allowed}");
        }
        let core = word("core");
        for kind in EVERY_KIND {
            let may = !keys.keys_for(kind, &core, at(100)).is_empty();
            assert_eq!(may, kind == allowed, "{kind} by a key for {allowed}");
        }
    }
}

#[test]
fn every_kind_has_types_of_its_own() {
    for (position, one) in EVERY_KIND.into_iter().enumerate() {
        for other in &EVERY_KIND[position + 1..] {
            assert_ne!(one.payload_type(), other.payload_type());
            assert_ne!(one.predicate_type(), other.predicate_type());
        }
    }
    let envelope = sealed(crate::scene::manifest(), &[1]);
    assert_eq!(envelope.kind(), Kind::Manifest);
}
