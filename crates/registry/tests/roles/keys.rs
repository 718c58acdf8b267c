//! The suite's `test_keys.py`.

use ledger::Signer as _;
use registry::RoleError;
use registry::roles::{Key, OtherFields, RoleKeys, RootRole};
use serde_json::{Value, json};

use super::simulator::{Simulator, TestClient, key, number};

fn expect_unsigned(outcome: Result<(), RoleError>) {
    let error = outcome.expect_err("too few signatures");
    assert!(matches!(error, RoleError::Unsigned { .. }), "{error}");
}

#[test]
fn two_of_three_signatures_are_too_few() {
    let mut registry = Simulator::new();
    registry.set_threshold("snapshot", 3);
    registry.add_key("snapshot");
    registry.add_key("snapshot");
    registry.publish(&["root", "targets", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("three of three");
    registry.signers.get_mut("snapshot").expect("signed").pop();
    registry.publish(&["targets", "snapshot", "timestamp"]);
    expect_unsigned(client.refresh(&registry));
    assert_eq!(client.version("snapshot"), Some(2));
}

#[test]
fn a_threshold_above_the_number_of_keys_is_never_met() {
    let mut registry = Simulator::new();
    for _ in 0..4 {
        registry.add_key("snapshot");
    }
    registry.set_threshold("snapshot", 6);
    registry.publish(&["root", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    expect_unsigned(client.refresh(&registry));
    assert_eq!(client.version("root"), Some(2));
    assert_eq!(client.version("snapshot"), None);
}

#[test]
fn a_key_that_stands_twice_counts_once() {
    let mut registry = Simulator::new();
    let seed = registry.add_key("snapshot");
    let id = key(seed).public_key().id();
    let role = registry.root.roles.get_mut("snapshot").expect("a role");
    role.keyids.extend([id; 8]);
    role.threshold = number(6);
    // Nobody here signs such a root, so that it is written by hand; it is refused as it is read.
    let keys = role.keyids.iter().map(|id| json!(id.to_string())).collect();
    registry.root.roles.insert("snapshot".to_owned(), RoleKeys::new(&[], number(6)));
    registry.set_version("root", 2);
    let text = String::from_utf8(registry.signed("root")).expect("a text");
    let mut envelope: Value = serde_json::from_str(&text).expect("JSON");
    envelope["signed"]["roles"]["snapshot"]["keyids"] = Value::Array(keys);
    registry.serve("root", 2, envelope.to_string().into_bytes());
    let mut client = TestClient::new(&registry);
    let error = client.refresh(&registry).expect_err("the same key twice");
    assert!(matches!(error, RoleError::Malformed { .. }), "{error}");
    assert_eq!(client.version("snapshot"), None);
}

#[test]
fn a_key_under_several_names_counts_once() {
    let mut registry = Simulator::new();
    let seed = registry.signers["snapshot"][0];
    let mut names = vec![key(seed).public_key().id()];
    for number in 0..5 {
        let mut alias = Key::new(&key(seed).public_key());
        alias.other.insert("alias".to_owned(), json!(number));
        let bytes = artifact::canonical_json(&alias).expect("a form");
        let id: ledger::KeyId = artifact::Sha256::of(&bytes).hex().parse().expect("a key id");
        registry.root.keys.insert(id, alias);
        names.push(id);
    }
    let keys = RoleKeys { keyids: names.clone(), ..RoleKeys::new(&[], number(2)) };
    registry.root.roles.insert("snapshot".to_owned(), keys);
    registry.publish(&["root", "snapshot", "timestamp"]);
    let mut snapshot: Value = serde_json::from_slice(registry.file("snapshot", 2)).expect("JSON");
    let signature = snapshot["signatures"][0]["sig"].clone();
    let all = names.iter().map(|id| json!({"keyid": id.to_string(), "sig": signature}));
    snapshot["signatures"] = Value::Array(all.collect());
    registry.serve("snapshot", 2, snapshot.to_string().into_bytes());
    let mut client = TestClient::new(&registry);
    let error = client.refresh(&registry).expect_err("one key");
    assert!(matches!(error, RoleError::Unsigned { valid: 1, threshold: 2, .. }), "{error}");
}

#[test]
fn two_signatures_under_one_key_id_are_refused() {
    let mut registry = Simulator::new();
    let mut snapshot: Value = serde_json::from_slice(registry.file("snapshot", 1)).expect("JSON");
    let signatures = snapshot["signatures"].as_array_mut().expect("a list");
    signatures.push(signatures[0].clone());
    registry.serve("snapshot", 1, snapshot.to_string().into_bytes());
    let mut client = TestClient::new(&registry);
    let error = client.refresh(&registry).expect_err("twice");
    assert!(matches!(error, RoleError::Malformed { .. }), "{error}");
    assert_eq!(client.version("snapshot"), None);
}

#[test]
fn an_ed25519_key_that_must_sign_must_sign_rightly() {
    let mut registry = Simulator::new();
    registry.add_key("root");
    registry.set_threshold("root", 2);
    registry.publish(&["root"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("both signed");
    assert_eq!(client.version("root"), Some(2));
    registry.publish(&["root"]);
    let mut root: Value = serde_json::from_slice(registry.file("root", 3)).expect("JSON");
    let wrong = "b61589620c287e23a00abf0e653421010a0ad33869e5a096d604e08d7b4f8eb9\
                 c58ebb8a02124576be776f86ab5a3b05dbb6f27cc47f4b144f32ba4012d4b302";
    root["signatures"][1]["sig"] = json!(wrong);
    registry.serve("root", 3, root.to_string().into_bytes());
    expect_unsigned(client.refresh(&registry));
    assert_eq!(client.version("root"), Some(2));
}

#[test]
fn keys_of_unknown_kinds_are_kept_and_never_count() {
    for (keytype, scheme) in [("rsa", "rsa-pkcs1v15-sha256"), ("slh-dsa", "slh-dsa")] {
        let mut registry = Simulator::new();
        let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYH\n-----END PUBLIC KEY-----\n";
        let text = format!(
            r#"{{"keytype":"{keytype}","keyval":{{"public":"{pem}"}},"scheme":"{scheme}"}}"#
        );
        let id: ledger::KeyId = artifact::Sha256::of(text.as_bytes()).hex().parse().expect("an id");
        let foreign = Key {
            keytype: keytype.to_owned(),
            scheme: scheme.to_owned(),
            keyval: [("public".to_owned(), json!(pem))].into(),
            other: OtherFields::new(),
        };
        registry.root.keys.insert(id, foreign);
        let role = registry.root.roles.get_mut("root").expect("a role");
        role.keyids.push(id);
        registry.publish(&["root"]);
        let mut client = TestClient::new(&registry);
        client.refresh(&registry).expect("one known key is enough");
        assert_eq!(client.version("root"), Some(2), "{keytype}");
        registry.root.roles.get_mut("root").expect("a role").threshold = number(2);
        registry.publish(&["root"]);
        let error = client.refresh(&registry).expect_err("one of two");
        assert!(matches!(error, RoleError::Unsigned { valid: 1, .. }), "{error}");
    }
}

#[test]
fn a_wrong_signature_beside_enough_right_ones_does_no_harm() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    let old = registry.signed("timestamp");
    registry.add_key("timestamp");
    registry.publish(&["root"]);
    for (version, wrong) in [(2, None), (3, Some("")), (4, Some("zz"))] {
        registry.publish(&["timestamp"]);
        let mut timestamp: Value =
            serde_json::from_slice(registry.file("timestamp", version)).expect("JSON");
        let before: Value = serde_json::from_slice(&old).expect("JSON");
        let id = before["signatures"][0]["keyid"].clone();
        let signatures = timestamp["signatures"].as_array_mut().expect("a list");
        let entry = signatures.iter_mut().find(|entry| entry["keyid"] == id).expect("signed");
        entry["sig"] = wrong.map_or(before["signatures"][0]["sig"].clone(), |text| json!(text));
        registry.serve("timestamp", version, timestamp.to_string().into_bytes());
        client.refresh(&registry).expect("one signature is right");
        assert_eq!(client.version("timestamp"), Some(version));
    }
}

#[test]
fn a_key_may_have_any_id_and_verifies_what_it_signed() {
    let mut registry = Simulator::new();
    registry.publish(&["root"]);
    let own = key(registry.signers["timestamp"][0]).public_key().id().to_string();
    let other = artifact::Sha256::of(b"another").hex();
    let named = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text").replace(&own, &other);
    let root: RootRole = {
        let text = named(serde_json::to_vec(&registry.root).expect("JSON"));
        serde_json::from_str(&text).expect("a root")
    };
    registry.root = root;
    registry.publish(&["root"]);
    let mut client = TestClient::new(&registry);
    // The signature stands under the digest of the key still.
    expect_unsigned(client.refresh(&registry));
    assert_eq!(client.version("root"), Some(3));
    registry.publish(&["timestamp"]);
    let timestamp = named(registry.signed("timestamp"));
    registry.serve("timestamp", 2, timestamp.into_bytes());
    client.refresh(&registry).expect("it is the same key");
    assert_eq!(client.version("timestamp"), Some(2));
}

#[test]
fn another_key_under_the_same_id_is_another_key() {
    let mut registry = Simulator::new();
    registry.publish(&["timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("all is signed");
    assert_eq!(client.version("timestamp"), Some(2));
    // With a new key the timestamp begins anew, though the id is the old one.
    let old = key(registry.signers["timestamp"][0]).public_key().id();
    let seed = registry.new_seed();
    registry.root.keys.insert(old, Key::new(&key(seed).public_key()));
    registry.publish(&["root"]);
    let new = key(seed).public_key().id().to_string();
    registry.signers.insert("timestamp".to_owned(), vec![seed]);
    registry.set_version("timestamp", 1);
    let timestamp = String::from_utf8(registry.signed("timestamp")).expect("a text");
    let timestamp = timestamp.replace(&new, &old.to_string());
    registry.serve("timestamp", 1, timestamp.into_bytes());
    client.refresh(&registry).expect("who had the old key may have moved the version");
    assert_eq!(client.version("timestamp"), Some(1));
}
