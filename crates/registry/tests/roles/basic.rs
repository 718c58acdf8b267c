//! The suite's `test_basic.py`.

use registry::RoleError;
use registry::roles::{
    Client, Hashes, Key, MetaFile, RoleKeys, Rules, TimestampRole, TrustedState,
};
use serde_json::{Value, json};

use super::simulator::{ONLINE, Simulator, TOP, TestClient, key, moment, number, sign, versions};
use ledger::Signer as _;

fn first_requests() -> Vec<(String, Option<u64>)> {
    [("root", Some(2)), ("timestamp", None), ("snapshot", Some(1)), ("targets", Some(1))]
        .map(|(role, version)| (role.to_owned(), version))
        .into()
}

#[test]
fn a_refresh_asks_for_each_role_once() {
    let registry = Simulator::new();
    TestClient::new(&registry).refresh(&registry).expect("fresh");
    assert_eq!(*registry.requests.borrow(), first_requests());
}

#[test]
fn a_refresh_trusts_what_is_served() {
    let registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    for role in TOP {
        assert_eq!(client.trusted().bytes_of(role), Some(registry.file(role, 1)), "{role}");
    }
}

#[test]
fn a_download_refreshes_first() {
    let registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    assert_eq!(client.download(&registry, "nonexistent artifact").expect("looked for"), None);
    assert_eq!(*registry.requests.borrow(), first_requests());
    assert_eq!(client.versions(), versions(&TOP.map(|role| (role, 1))));
}

#[test]
fn a_root_that_is_none_is_not_pinned() {
    let registry = Simulator::new();
    let mut root: Value = serde_json::from_slice(registry.file("root", 1)).expect("JSON");
    root["signed"].as_object_mut().expect("an object").remove("version");
    let pinned = TrustedState::pinned(root.to_string().as_bytes());
    assert!(matches!(pinned, Err(RoleError::Malformed { .. })));
    assert!(registry.requests.borrow().is_empty());
}

#[test]
fn a_root_without_its_signature_is_not_pinned() {
    let registry = Simulator::new();
    let mut root: Value = serde_json::from_slice(registry.file("root", 1)).expect("JSON");
    for signature in ["30450221", "", &"ab".repeat(64)] {
        root["signatures"][0]["sig"] = json!(signature);
        let pinned = TrustedState::pinned(root.to_string().as_bytes());
        assert!(matches!(pinned, Err(RoleError::Unsigned { valid: 0, .. })), "{signature}");
    }
}

#[test]
fn a_role_without_its_signature_is_refused_and_those_before_it_are_kept() {
    for (role, trusted) in [
        ("root", &[("root", 1)][..]),
        ("timestamp", &[("root", 2)]),
        ("snapshot", &[("root", 2), ("timestamp", 2)]),
        ("targets", &[("root", 2), ("timestamp", 2), ("snapshot", 2)]),
    ] {
        let mut registry = Simulator::new();
        registry.signers.insert(role.to_owned(), Vec::new());
        registry.publish(&["root", "targets", "snapshot", "timestamp"]);
        let mut client = TestClient::new(&registry);
        let error = client.refresh(&registry).expect_err(role);
        assert!(matches!(error, RoleError::Unsigned { .. }), "{role}: {error}");
        assert_eq!(client.versions(), versions(trusted), "{role}");
    }
}

#[test]
fn a_version_other_than_that_of_its_name_is_refused() {
    for (role, trusted) in [
        ("root", &[("root", 1)][..]),
        ("snapshot", &[("root", 2), ("timestamp", 2)]),
        ("targets", &[("root", 2), ("timestamp", 2), ("snapshot", 2)]),
    ] {
        let mut registry = Simulator::new();
        for name in ["root", "targets", "snapshot", "timestamp"] {
            if name == role {
                registry.set_version(role, 3);
                let bytes = registry.signed(role);
                registry.set_version(role, 2);
                registry.republish(&[role]);
                registry.serve(role, 2, bytes);
            } else {
                registry.publish(&[name]);
            }
        }
        let mut client = TestClient::new(&registry);
        let error = client.refresh(&registry).expect_err(role);
        let RoleError::Version { expected: 2, found: 3, .. } = error else {
            panic!("{role}: {error}");
        };
        assert_eq!(client.versions(), versions(trusted), "{role}");
    }
}

#[test]
fn a_changed_timestamp_of_the_same_version_is_not_used() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    let before = client.trusted().bytes_of("timestamp").map(<[u8]>::to_vec);
    let meta = MetaFile::of(number(100), b"");
    registry.timestamp.meta = TimestampRole::meta_of(meta);
    registry.republish(&["timestamp"]);
    client.refresh(&registry).expect("the same version again");
    assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
    assert_eq!(client.trusted().bytes_of("timestamp").map(<[u8]>::to_vec), before);
}

#[test]
fn digests_of_metadata_are_compared() {
    let mut registry = Simulator::new();
    registry.with_hashes = true;
    registry.publish(&ONLINE);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("the right digests");
    registry.publish(&["targets"]);
    let meta = registry.snapshot.meta.get_mut("targets.json").expect("named");
    meta.hashes = Some(Hashes::of(b"something else"));
    registry.publish(&["snapshot", "timestamp"]);
    let error = client.refresh(&registry).expect_err("a wrong digest");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
    assert_eq!(client.version("snapshot"), Some(3));
    assert_eq!(client.version("targets"), Some(2));
}

#[test]
fn metadata_is_kept_as_it_was_received() {
    let mut registry = Simulator::new();
    let mut bytes = registry.file("timestamp", 1).to_vec();
    bytes.extend_from_slice(b" \n ");
    registry.serve("timestamp", 1, bytes.clone());
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("white space is no content");
    assert_eq!(client.trusted().bytes_of("timestamp"), Some(&bytes[..]));
}

#[test]
fn a_new_version_of_targets_that_no_snapshot_names_is_not_asked_for() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.publish(&["targets"]);
    client.refresh(&registry).expect("nothing is new");
    assert_eq!(client.version("targets"), Some(1));
    assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
}

/// A key with fields that the specification does not name, under the name that it has with them.
fn odd_key(seed: u8, field: &str, value: Value) -> (ledger::KeyId, Key) {
    let mut key = Key::new(&key(seed).public_key());
    key.other.insert(field.to_owned(), value);
    let bytes = artifact::canonical_json(&key).expect("a form");
    let id = artifact::Sha256::of(&bytes).hex().parse().expect("a key id");
    (id, key)
}

#[test]
fn fields_that_the_specification_does_not_name_are_part_of_what_is_signed() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    let (id, odd) = odd_key(99, "extra-field", json!({"a": 1, "b": 2}));
    registry.root.keys.insert(id, odd);
    registry.root.other.insert("custom-field".to_owned(), json!("value"));
    let role = registry.root.roles.get_mut("root").expect("a role");
    role.keyids.push(id);
    role.other.insert("another-field".to_owned(), json!("value"));
    registry.publish(&["root"]);
    client.refresh(&registry).expect("what is not known is signed all the same");
    assert_eq!(client.version("root"), Some(2));
    let text = String::from_utf8(registry.signed("root")).expect("a text");
    registry.set_version("root", 3);
    let signed = String::from_utf8(registry.signed("root")).expect("a text");
    registry.serve("root", 3, signed.replace("\"value\"", "\"other\"").into_bytes());
    let error = client.refresh(&registry).expect_err("a changed field");
    assert!(matches!(error, RoleError::Unsigned { .. }), "{error}");
    assert!(text.contains("custom-field") && text.contains("another-field"));
}

#[test]
fn the_algorithms_that_a_key_names_for_its_id_do_not_matter() {
    let mut registry = Simulator::new();
    let (id, odd) = odd_key(98, "keyid_hash_algorithms", json!("md5"));
    registry.root.keys.insert(id, odd);
    let keys = RoleKeys { keyids: vec![id], ..RoleKeys::new(&[], number(1)) };
    registry.root.roles.insert("snapshot".to_owned(), keys);
    let mut client = TestClient::new(&registry);
    // The signature stands under the name that the key has with the field.
    registry.signers.insert("snapshot".to_owned(), Vec::new());
    registry.publish(&["root", "snapshot", "timestamp"]);
    let plain = sign("snapshot", &registry.snapshot, &[key(98)]);
    let own = key(98).public_key().id().to_string();
    let named = String::from_utf8(plain).expect("a text").replace(&own, &id.to_string());
    registry.serve("snapshot", 2, named.into_bytes());
    client.refresh(&registry).expect("the field says nothing");
    assert_eq!(client.version("root"), Some(2));
    assert_eq!(client.version("snapshot"), Some(2));
}

#[test]
fn a_snapshot_that_is_not_there_ends_the_refresh() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.timestamp.meta = TimestampRole::meta_of(MetaFile {
        length: None,
        hashes: None,
        ..MetaFile::of(number(2), b"")
    });
    registry.publish(&["timestamp"]);
    let error = client.refresh(&registry).expect_err("no snapshot");
    assert!(matches!(error, RoleError::Missing { .. }), "{error}");
    assert_eq!(registry.last_request(), Some(("snapshot".to_owned(), Some(2))));
    let expected = [("root", 1), ("snapshot", 1), ("targets", 1), ("timestamp", 2)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn targets_that_are_not_there_end_the_refresh() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.snapshot.meta.get_mut("targets.json").expect("named").version = number(2);
    registry.publish(&["snapshot", "timestamp"]);
    let error = client.refresh(&registry).expect_err("no targets");
    assert!(matches!(error, RoleError::Missing { .. }), "{error}");
    assert_eq!(registry.last_request(), Some(("targets".to_owned(), Some(2))));
    let expected = [("root", 1), ("snapshot", 2), ("targets", 1), ("timestamp", 2)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn a_timestamp_that_is_not_there_ends_the_refresh() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.files.remove("metadata/timestamp.json");
    let error = client.refresh(&registry).expect_err("no timestamp");
    assert!(matches!(error, RoleError::Missing { .. }), "{error}");
    assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
}

#[test]
fn a_snapshot_is_no_timestamp_whoever_signed_it() {
    let mut registry = Simulator::new();
    let seed = registry.signers["timestamp"][0];
    registry.name_key("snapshot", seed);
    registry.signers.get_mut("snapshot").expect("signed").push(seed);
    let meta = MetaFile { length: None, hashes: None, ..MetaFile::of(number(1), b"") };
    registry.snapshot.meta.insert("snapshot.json".to_owned(), meta);
    registry.publish(&["root", "snapshot"]);
    let bytes = registry.file("snapshot", 2).to_vec();
    registry.serve("timestamp", 2, bytes);
    let mut client = TestClient::new(&registry);
    let error = client.refresh(&registry).expect_err("another kind");
    assert!(matches!(error, RoleError::Malformed { .. }), "{error}");
    assert_eq!(client.versions(), versions(&[("root", 2)]));
}

#[test]
fn the_time_is_that_of_the_caller() {
    let mut registry = Simulator::new();
    registry.root.expires = registry::roles::Expiry(moment(7));
    registry.publish(&["root"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    client.days = 8;
    let error = client.refresh(&registry).expect_err("the root has expired");
    assert!(matches!(error, RoleError::Expired { ref role, .. } if role == "root"), "{error}");
}

#[test]
fn names_without_versions_are_asked_for_where_the_root_says_so() {
    let mut registry = Simulator::new();
    registry.root.consistent_snapshot = false;
    registry.publish(&["root"]);
    registry.add_target("targets", b"content", "a/b");
    registry.files.insert("targets/a/b".to_owned(), b"content".to_vec());
    registry.publish(&ONLINE);
    let state = TrustedState::pinned(registry.file("root", 1)).expect("a root");
    let mut client = Client::new(&registry, state, Rules::default(), moment(0));
    client.refresh().expect("fresh");
    let found = client.find("a/b").expect("looked for").expect("named");
    assert_eq!(client.target_file(&found).expect("a name"), "targets/a/b");
    assert_eq!(client.download(&found).expect("there"), b"content");
    let asked = registry.requests.borrow().iter().map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(asked, [Some(2), Some(3), None, None, None]);
}
