//! A signed document has one form; every other text with the same meaning is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{Envelope, Kind, Signer as _};

use crate::scene::{believed, by_hand, checkpoint, everything, key, manifest, payload, sealed};

fn text() -> String {
    let bytes = sealed(manifest(), &[1]).write().expect("it has bytes");
    String::from_utf8(bytes).expect("UTF-8")
}

fn refused(other: &str) {
    assert!(Envelope::read(other.as_bytes()).is_err(), "{other}");
}

#[test]
fn an_envelope_reads_back_what_it_writes() {
    let envelope = sealed(manifest(), &[1, 2]);
    let bytes = envelope.write().expect("it has bytes");
    let read = Envelope::read(&bytes).expect("it was just written");
    assert_eq!(read, envelope);
    assert_eq!(read.write().expect("it has bytes"), bytes);
    assert_eq!(read.key_ids().count(), 2);
}

#[test]
fn an_envelope_in_another_form_is_refused() {
    let text = text();
    for end in [" ", "\n", "\0", "{}"] {
        refused(&format!("{text}{end}"));
    }
    refused(&format!(" {text}"));
    refused(&format!("\u{feff}{text}"));
    for sign in ["{", "}", ":", ",", "[", "]"] {
        refused(&text.replacen(sign, &format!("{sign} "), 1));
    }
    refused(&text.replacen(r#"{"payload""#, r#"{"payload":"","payload""#, 1));
    refused(&text.replacen(r#"{"payload""#, r#"{"p\u0061yload""#, 1));
    refused(&text.replacen(r#"{"payload""#, r#"{"note":"x","payload""#, 1));
    refused(&text.replacen(r#"{"payload""#, r#"{"a":null,"payload""#, 1));
    refused(&text.replacen(r#","signatures""#, r#","rest":1.5,"signatures""#, 1));
    refused(&text.replacen(r#""application"#, r#""Application"#, 1));
    refused(&text.replacen("application/", r"application\/", 1));
    let deep = format!("{{\"payload\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    refused(&deep);
    refused(&"[".repeat(50_000));
    refused(&format!("{text}{}", " ".repeat(ledger::ENVELOPE_LIMIT)));
}

#[test]
fn fields_in_another_order_are_refused() {
    let text = text();
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let (payload, kind) = (&value["payload"], &value["payloadType"]);
    let signatures = &value["signatures"];
    let same = format!(r#"{{"payload":{payload},"payloadType":{kind},"signatures":{signatures}}}"#);
    assert_eq!(same, text);
    let other =
        format!(r#"{{"payloadType":{kind},"payload":{payload},"signatures":{signatures}}}"#);
    refused(&other);
}

#[test]
fn base64_has_one_form() {
    let text = text();
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let signature = value["signatures"][0]["sig"].as_str().expect("a text");
    assert!(signature.ends_with("=="), "64 bytes are padded");
    let unpadded = signature.trim_end_matches('=');
    refused(&text.replace(signature, unpadded));
    refused(&text.replace(signature, &format!("{unpadded}=")));
    refused(&text.replace(signature, &format!("{unpadded}===")));
    // The last digit before the padding has bits that stand for nothing.
    let last = unpadded.chars().last().expect("not empty");
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = digits.find(last).expect("a digit");
    for spare in 1..16 {
        let other = digits.chars().nth(value + spare).expect("the spare bits were zero");
        let longer = format!("{}{other}==", &unpadded[..unpadded.len() - 1]);
        refused(&text.replace(signature, &longer));
    }
    refused(&text.replace(signature, &format!("{}\\n{}", &signature[..40], &signature[40..])));
    refused(&text.replace(signature, &STANDARD.encode([0; 63])));
    refused(&text.replace(signature, &STANDARD.encode([0; 65])));
    refused(&text.replace(signature, ""));
    // The alphabet for addresses.
    let bytes = (0..200_u8).map(|n| sealed(manifest(), &[n])).map(|envelope| envelope.write());
    let with_plus = bytes.map(|bytes| String::from_utf8(bytes.expect("bytes")).expect("UTF-8"));
    let with_plus: Vec<_> = with_plus
        .filter(|text| {
            text.rsplit("sig").next().is_some_and(|tail| tail.contains('+') || tail.contains('/'))
        })
        .collect();
    assert!(!with_plus.is_empty());
    for text in with_plus {
        let at = text.rfind("sig").expect("there is a signature");
        let (head, tail) = text.split_at(at);
        refused(&format!("{head}{}", tail.replace('+', "-").replace('/', "_")));
    }
}

#[test]
fn a_key_signs_once() {
    let envelope = sealed(manifest(), &[1]);
    let text = text();
    let start = text.find("[{").expect("there are signatures") + 1;
    let one = &text[start..text.len() - 2];
    refused(&text.replacen(one, &format!("{one},{one}"), 1));
    refused(&text.replacen(one, "", 1));
    // The same key under the id of another: the other key does not verify it.
    let trusted = everything();
    let other =
        text.replace(&key(1).public_key().id().to_string(), &key(2).public_key().id().to_string());
    assert!(Envelope::read(other.as_bytes()).is_ok());
    assert!(!believed(other.as_bytes(), Kind::Manifest, &trusted, 1));
    let ids = [key(1).public_key().id(), key(2).public_key().id()].map(|id| id.to_string());
    let mut both = [one.to_owned(), one.replace(&ids[0], &ids[1])];
    both.sort();
    let twice = text.replacen(one, &both.join(","), 1);
    assert!(Envelope::read(twice.as_bytes()).is_ok());
    assert!(!believed(twice.as_bytes(), Kind::Manifest, &trusted, 1));
    assert!(!believed(twice.as_bytes(), Kind::Manifest, &trusted, 2));
    // Two signatures in the order that is not theirs.
    let two =
        String::from_utf8(sealed(manifest(), &[1, 2]).write().expect("bytes")).expect("UTF-8");
    let value: serde_json::Value = serde_json::from_str(&two).expect("it is JSON");
    let (first, second) = (value["signatures"][0].to_string(), value["signatures"][1].to_string());
    refused(&two.replace(&format!("{first},{second}"), &format!("{second},{first}")));
    // Signing again with the same key adds nothing.
    let mut again = envelope.clone();
    again.cosign(&key(1)).expect("memory signs");
    assert_eq!(again, envelope);
}

#[test]
fn a_signed_statement_in_another_form_is_refused() {
    // The signatures are good; what is signed is not in its one form.
    let trusted = everything();
    let kind = Kind::Checkpoint;
    let good = String::from_utf8(payload(&sealed(checkpoint(), &[1]))).expect("UTF-8");
    let signed = |payload: &str| by_hand(&kind.payload_type(), payload.as_bytes(), &[1]);
    assert!(believed(signed(&good).as_bytes(), kind, &trusted, 1));
    let files = r#""files":12"#;
    assert!(good.contains(files));
    for other in [
        r#""files":12.0"#,
        r#""files":1.2e1"#,
        r#""files":012"#,
        r#""files":-1"#,
        r#""files":9007199254740993"#,
        r#""files":18446744073709551616"#,
        r#""files": 12"#,
        r#""files":"12""#,
        r#""files":null"#,
        r#""files":12,"files":12"#,
        r#""files":13,"files":12"#,
        r#""extra":1,"files":12"#,
    ] {
        let text = signed(&good.replace(files, other));
        assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{other}");
    }
    for (one, other) in [
        ("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"),
        (r#""name":"manifest.yaml""#, r#""name":"manifest\u002eyaml""#),
        (r#""name":"manifest.yaml""#, r#""name":"manifest\u202e.yaml""#),
        (r#""author":"ada""#, r#""author":"Ada""#),
        (r#""subject":["#, r#""subject":[],"subject":["#),
        ("Z\"", "+00:00\""),
        ("Z\"", ".0Z\""),
        ("{\"_type\"", " {\"_type\""),
    ] {
        assert!(good.contains(one), "{one}");
        let text = signed(&good.replace(one, other));
        assert!(!believed(text.as_bytes(), kind, &trusted, 1), "{other}");
    }
    let empty = good.find("[{").map(|at| format!("{}[]}}", &good[..at])).expect("subjects");
    assert!(!believed(signed(&empty).as_bytes(), kind, &trusted, 1), "{empty}");
    let item = &good[good.find("[{").expect("subjects") + 1..good.len() - 2];
    let twice = good.replace(item, &format!("{item},{item}"));
    assert!(!believed(signed(&twice).as_bytes(), kind, &trusted, 1), "{twice}");
}

#[test]
fn what_is_too_long_is_not_signed() {
    let subjects = (0..600_u32)
        .map(|n| ledger::Subject::of(crate::scene::word(&"x".repeat(200)), &n.to_le_bytes()))
        .collect();
    let statement = ledger::Statement::new(subjects, manifest()).expect("600 are allowed");
    assert!(Envelope::sign(&statement, &key(1)).is_err());
}
