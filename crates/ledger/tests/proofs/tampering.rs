//! Everything that is signed, changed at every place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{AuditLog, Envelope, Event, Kind, Origin, Signer as _, TreeHead};

use crate::scene::{at, believed, everything, key, one_of_each, payload, scaled, word};

/// Every text that differs from this one by the value of one byte; by one bit of it, usually.
fn changed(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    let all = scaled("ONX_EVERY_VALUE", 0) == 1;
    let masks: Vec<u8> =
        if all { (1..=255).collect() } else { (0..8).map(|bit| 1 << bit).collect() };
    let mut copy = bytes.to_vec();
    for position in 0..bytes.len() {
        for mask in &masks {
            copy[position] ^= mask;
            each(&copy);
            copy[position] ^= mask;
        }
    }
}

/// Every text in which one byte is missing or stands twice, or which ends early.
fn cut(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    for position in 0..bytes.len() {
        each(&bytes[..position]);
        each(&[&bytes[..position], &bytes[position + 1..]].concat());
        // A byte that stands twice side by side is the same text as with its twin doubled; both
        // are tried.
        each(&[&bytes[..=position], &bytes[position..]].concat());
    }
}

#[test]
fn no_changed_envelope_is_believed() {
    let trusted = everything();
    let envelopes = one_of_each(&[1]);
    assert!(envelopes.keys().eq(&Kind::STATEMENTS), "every kind is tried");
    for (kind, envelope) in envelopes {
        let bytes = envelope.write().expect("it has bytes");
        assert!(bytes.len() <= 4096, "{kind} has {} bytes", bytes.len());
        assert!(believed(&bytes, kind, &trusted, 1), "{kind}");
        let mut tried = 0;
        let mut refused = |other: &[u8]| {
            tried += 1;
            let text = String::from_utf8_lossy(other);
            assert!(!believed(other, kind, &trusted, 1), "{kind}: {text}");
        };
        changed(&bytes, &mut refused);
        cut(&bytes, &mut refused);
        assert!(tried >= 11 * bytes.len(), "{tried}");
    }
}

#[test]
fn no_changed_statement_is_believed_under_the_signature_of_another() {
    // What stands in base64 is changed byte by byte here, and the envelope around it is in form:
    // nothing but the signature can refuse it.
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let text = String::from_utf8(envelope.write().expect("it has bytes")).expect("UTF-8");
        let statement = payload(&envelope);
        assert!(statement.len() <= 4096, "{kind} has {} bytes", statement.len());
        let [head, tail] = {
            let parts: Vec<&str> = text.split(&STANDARD.encode(&statement)).collect();
            parts.try_into().expect("the statement stands there once")
        };
        let refused = |other: &[u8]| {
            let text = format!("{head}{}{tail}", STANDARD.encode(other));
            assert!(Envelope::read(text.as_bytes()).is_ok(), "{text}");
            assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{kind}: {text}");
        };
        changed(&statement, refused);
        cut(&statement, refused);
    }
}

#[test]
fn no_changed_signature_holds() {
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1]) {
        let text = String::from_utf8(envelope.write().expect("it has bytes")).expect("UTF-8");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let written = value["signatures"][0]["sig"].as_str().expect("a text");
        let signature = STANDARD.decode(written).expect("it is base64");
        let refused = |other: &[u8]| {
            let text = text.replace(written, &STANDARD.encode(other));
            assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{kind}: {text}");
        };
        changed(&signature, refused);
        cut(&signature, refused);
    }
}

#[test]
fn no_changed_envelope_has_all_of_its_signatures() {
    let trusted = everything();
    for (kind, envelope) in one_of_each(&[1, 2]) {
        let bytes = envelope.write().expect("it has bytes");
        assert!(believed(&bytes, kind, &trusted, 2));
        assert!(!believed(&bytes, kind, &trusted, 3));
        let mut tried = 0;
        let mut refused = |other: &[u8]| {
            tried += 1;
            let text = String::from_utf8_lossy(other);
            assert!(!believed(other, kind, &trusted, 2), "{kind}: {text}");
        };
        changed(&bytes, &mut refused);
        cut(&bytes, &mut refused);
        assert!(tried >= 11 * bytes.len());
    }
}

#[test]
fn no_changed_head_is_believed() {
    let origin: Origin = word("example.com/audit");
    let mut log = AuditLog::begin(origin.clone());
    for number in 0..5_u8 {
        let (key, owner) = (key(number).public_key().id(), word("ada"));
        log.append(word("ada"), None, Event::KeyCreated { key, owner }, at(1)).expect("it fits");
    }
    let keys = [key(1).public_key()];
    let note = log.head().sign(&key(1)).expect("memory signs");
    assert_eq!(TreeHead::open(note.as_bytes(), &origin, &keys), Ok(log.head()));
    let refused = |other: &[u8]| {
        let text = String::from_utf8_lossy(other);
        assert!(TreeHead::open(other, &origin, &keys).is_err(), "{text}");
    };
    changed(note.as_bytes(), refused);
    cut(note.as_bytes(), refused);
}

#[test]
fn no_changed_log_is_taken_for_the_one_whose_head_was_kept() {
    let origin: Origin = word("example.com/audit");
    let mut log = AuditLog::begin(origin.clone());
    let mut lines = Vec::new();
    for number in 0..4_u8 {
        let (key, owner) = (key(number).public_key().id(), word("ada"));
        let event = Event::KeyCreated { key, owner };
        lines.push(log.append(word("ada"), Some(word("run-1")), event, at(1)).expect("it fits"));
    }
    let whole = lines.join(&b'\n');
    let head = [log.head()];
    let verify = |text: &[u8]| {
        AuditLog::verify(&origin, text.split(|byte| *byte == b'\n'), &head).map(|log| log.size())
    };
    assert_eq!(verify(&whole), Ok(4));
    let refused = |other: &[u8]| {
        assert!(verify(other).is_err(), "{}", String::from_utf8_lossy(other));
    };
    changed(&whole, refused);
    cut(&whole, refused);
}
