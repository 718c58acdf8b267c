//! Registries that another implementation made (`foreign/make.py`): other kinds of keys, ids that
//! are not the digests of their keys, and one key under two ids.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ledger::{PublicKey, Signer as _};
use registry::RoleError;
use registry::roles::{Key, OtherFields, VerifyingKey};
use serde_json::{Value, json};

use super::simulator::{Simulator, TestClient, key};

/// Serves the files of a registry beside this one.
#[expect(clippy::disallowed_methods, reason = "the files lie beside this one, in the repository")]
fn served(name: &str) -> Simulator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roles/foreign").join(name);
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.clone()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let below = path.strip_prefix(&folder).expect("below the folder");
            let name = below.to_str().expect("a name").to_owned();
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
    let mut simulator = Simulator::new();
    simulator.files = files;
    simulator
}

fn unsigned_by(outcome: Result<(), RoleError>) -> (String, usize) {
    match outcome.expect_err("it is not signed enough") {
        RoleError::Unsigned { role, valid, .. } => (role, valid),
        other => panic!("another error: {other}"),
    }
}

#[test]
fn a_registry_of_another_program_is_followed_to_its_targets() {
    for kind in ["ecdsa", "rsa"] {
        let registry = served(kind);
        let mut client = TestClient::new(&registry);
        let bytes = client.download(&registry, "space/moved.yaml").expect("all is signed");
        assert_eq!(bytes.as_deref(), Some(&b"moved\n"[..]), "{kind}");
        assert_eq!(client.version("root"), Some(2), "{kind}");
        assert_eq!(client.version("space"), Some(1), "{kind}");
    }
}

#[test]
fn each_of_two_keys_that_must_sign_must_sign_rightly() {
    for kind in ["ecdsa", "rsa"] {
        for place in 0..2 {
            let mut registry = served(kind);
            let mut root: Value =
                serde_json::from_slice(registry.file("root", 2)).expect("it is JSON");
            let sound = root["signatures"][place]["sig"].as_str().expect("a text").to_owned();
            let last = sound.len() - 1;
            let digit = if sound.ends_with('0') { "1" } else { "0" };
            let longer = format!("{sound}00");
            let long = "0".repeat(100_000);
            for wrong in [&format!("{}{digit}", &sound[..last]), &sound[..last], "", &longer, &long]
            {
                root["signatures"][place]["sig"] = json!(wrong);
                registry.serve("root", 2, root.to_string().into_bytes());
                let mut client = TestClient::new(&registry);
                // Without the first one not even the keys before have signed it.
                let (role, valid) = unsigned_by(client.refresh(&registry));
                assert!(role == "root" && valid < 2, "{kind}: {valid} of {role}");
                assert_eq!(client.version("root"), Some(1), "{kind}");
            }
        }
    }
}

#[test]
fn a_field_that_the_keeper_added_to_a_key_is_signed() {
    let mut registry = served("ecdsa");
    let text = String::from_utf8(registry.file("root", 2).to_vec()).expect("a text");
    let other = text.replace("\"x-keeper\": \"second\"", "\"x-keeper\": \"third\"");
    assert_ne!(text, other);
    registry.serve("root", 2, other.into_bytes());
    let mut client = TestClient::new(&registry);
    assert_eq!(unsigned_by(client.refresh(&registry)), ("root".to_owned(), 0));
}

#[test]
fn one_key_under_two_ids_counts_once() {
    let registry = served("one_key_twice");
    let mut client = TestClient::new(&registry);
    assert_eq!(unsigned_by(client.refresh(&registry)), ("root".to_owned(), 1));
    assert_eq!(client.version("root"), Some(1));
}

/// The first key of a root that another program made.
fn first_key(kind: &str) -> Key {
    let registry = served(kind);
    let root: Value = serde_json::from_slice(registry.file("root", 1)).expect("it is JSON");
    let keys = root["signed"]["keys"].as_object().expect("keys");
    serde_json::from_value(keys.values().next().expect("one key").clone()).expect("a key")
}

fn with_text(key: &Key, text: &str) -> Key {
    let keyval = OtherFields::from([("public".to_owned(), json!(text))]);
    Key { keyval, ..key.clone() }
}

#[test]
fn a_key_is_of_its_kind_and_scheme_or_verifies_nothing() {
    let own: PublicKey = key(1).public_key();
    let ed25519 = Key::new(&own);
    assert_eq!(ed25519.verifying(), Some(VerifyingKey::Ed25519(own)));
    let keys = [ed25519, first_key("ecdsa"), first_key("rsa")];
    for (place, key) in keys.iter().enumerate() {
        assert!(key.verifying().is_some(), "{}", key.keytype);
        for (other, of) in keys.iter().enumerate().filter(|(other, _)| *other != place) {
            let (keytype, scheme) = (of.keytype.clone(), of.scheme.clone());
            let claimed = Key { keytype, scheme: scheme.clone(), ..key.clone() };
            assert_eq!(claimed.verifying(), None, "{} is no {}", key.keytype, keys[other].keytype);
            assert_eq!(Key { scheme, ..key.clone() }.verifying(), None);
        }
        for scheme in ["", "ed25519ph", "rsa-pkcs1v15-sha256", "ecdsa-sha2-nistp384"] {
            assert_eq!(Key { scheme: scheme.to_owned(), ..key.clone() }.verifying(), None);
        }
    }
}

#[test]
fn a_key_in_pem_is_a_public_key_on_its_curve() {
    for kind in ["ecdsa", "rsa"] {
        let sound = first_key(kind);
        let text = sound.keyval["public"].as_str().expect("a text").to_owned();
        // The ends of its lines say nothing about the key.
        let other_ends = with_text(&sound, &text.replace('\n', "\r\n"));
        assert_eq!(other_ends.verifying(), sound.verifying());
        for odd in [
            text.replace("PUBLIC", "PRIVATE"),
            text.replace("-----END", "----END"),
            format!("{text}{text}"),
            text.replacen("MF", "MG", 1).replacen("MII", "MIJ", 1),
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(with_text(&sound, &odd).verifying(), None, "{odd}");
        }
    }
    // Other curves have other names: the last byte of the name of P-256 is changed.
    let sound = first_key("ecdsa");
    let text = sound.keyval["public"].as_str().expect("a text");
    let other = text.replace("DAQcDQgAE", "DAQYDQgAE");
    assert_ne!(text, other);
    assert_eq!(with_text(&sound, &other).verifying(), None);
    // And so is the form of the point: the byte that says that it is uncompressed.
    let other = text.replace("DAQcDQgAE", "DAQcDQgAF");
    assert_ne!(text, other);
    assert_eq!(with_text(&sound, &other).verifying(), None);
}
