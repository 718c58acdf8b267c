//! Attacks on a registry, and the holes of other verifiers: each must be refused, and what was
//! trusted before must still be.

use std::collections::BTreeMap;

use ledger::Signer as _;
use registry::RoleError;
use registry::roles::{Client, RoleKind, Rules, Transport, TransportError, TrustedState};
use serde_json::{Value, json};

use super::simulator::{ONLINE, Simulator, TOP, TestClient, key, moment, number, versions};

/// Freeze: the registry shows for ever what was current once.
#[test]
fn an_old_state_is_shown_no_longer_than_its_timestamp_lasts() {
    let registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    for days in 0..30 {
        client.days = days;
        client.refresh(&registry).expect("it has not expired");
    }
    client.days = 30;
    let error = client.refresh(&registry).expect_err("it has");
    assert!(matches!(error, RoleError::Expired { .. }), "{error}");
}

/// Freeze by the clock: whoever turns the clock of a client back shows it what has expired.
#[test]
fn a_clock_that_was_turned_back_brings_nothing_back() {
    let mut registry = Simulator::new();
    registry.timestamp.expires = registry::roles::Expiry(moment(20));
    registry.republish(&["timestamp"]);
    let mut client = TestClient::new(&registry);
    registry.timestamp.expires = registry::roles::Expiry(moment(29));
    registry.publish(&["timestamp"]);
    client.days = 25;
    client.refresh(&registry).expect("fresh");
    client.days = 10;
    registry.timestamp.expires = registry::roles::Expiry(moment(24));
    registry.publish(&["timestamp"]);
    let error = client.refresh(&registry).expect_err("that moment is over");
    assert!(matches!(error, RoleError::Expired { .. }), "{error}");
}

/// A clock that was far ahead once does not lock its owner out: only an update that passed counts.
#[test]
fn a_clock_that_was_ahead_for_a_while_does_no_harm() {
    let registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.days = 400;
    client.refresh(&registry).expect_err("everything has expired by then");
    client.days = 1;
    client.refresh(&registry).expect("fresh");
}

/// Mix and match: roles of two states that were each signed, beside each other.
#[test]
fn roles_of_two_states_do_not_mix() {
    for role in ["snapshot", "targets"] {
        for with_hashes in [false, true] {
            let mut registry = Simulator::new();
            registry.with_hashes = with_hashes;
            registry.publish(&ONLINE);
            let old = registry.file(role, 2).to_vec();
            registry.publish(&ONLINE);
            registry.serve(role, 3, old);
            let mut client = TestClient::new(&registry);
            let error = client.refresh(&registry).expect_err("an old role in a new state");
            let refused = matches!(error, RoleError::Version { .. } | RoleError::Bytes { .. });
            assert!(refused, "{role}: {error}");
            assert_eq!(client.version(role), None);
        }
    }
}

/// Two files of the same version, both signed, in two states.
#[test]
fn a_role_of_the_same_version_with_other_bytes_is_refused_where_digests_stand() {
    let mut registry = Simulator::new();
    registry.with_hashes = true;
    registry.publish(&ONLINE);
    let mut client = TestClient::new(&registry);
    registry.targets.get_mut("targets").expect("there").other.insert("x".into(), json!(1));
    let other = registry.signed("targets");
    registry.serve("targets", 2, other);
    let error = client.refresh(&registry).expect_err("other bytes");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
}

/// What is trusted has the right version and is not what the new snapshot names.
#[test]
fn a_role_that_was_signed_anew_under_its_version_replaces_the_one_that_is_trusted() {
    let mut registry = Simulator::new();
    registry.with_hashes = true;
    registry.publish(&ONLINE);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.targets.get_mut("targets").expect("there").other.insert("x".into(), json!(1));
    registry.republish(&["targets"]);
    registry.publish(&["snapshot", "timestamp"]);
    client.refresh(&registry).expect("the snapshot names the new bytes");
    assert_eq!(client.trusted().bytes_of("targets"), Some(registry.file("targets", 2)));
}

/// A file that is a timestamp in all but its type, and signed by the key of the timestamp.
#[test]
fn the_type_is_part_of_what_is_signed() {
    let mut registry = Simulator::new();
    let mut file: Value = serde_json::from_slice(registry.file("timestamp", 1)).expect("JSON");
    for (kind, accepted) in [("timestamp", true), ("snapshot", false), ("root", false)] {
        file["signed"]["_type"] = json!(kind);
        let message = artifact::canonical_json(&file["signed"]).expect("a form");
        let signature = key(registry.signers["timestamp"][0]).sign(&message).expect("signed");
        file["signatures"][0]["sig"] = json!(artifact::hex(signature.as_bytes()));
        registry.serve("timestamp", 1, file.to_string().into_bytes());
        let outcome = TestClient::new(&registry).refresh(&registry);
        assert_eq!(outcome.is_ok(), accepted, "{kind}: {outcome:?}");
    }
}

/// A root that was skipped: the keys of the one in between are not asked.
#[test]
fn no_version_of_the_root_is_skipped() {
    let mut registry = Simulator::new();
    registry.rotate_keys("root");
    let (old, new) = (registry.signers["root"][0], registry.new_seed());
    registry.set_keys("root", &[new], 1, &[new, old]);
    registry.set_version("root", 3);
    let third = registry.signed("root");
    registry.files.retain(|name, _| !name.starts_with("metadata/2.root"));
    registry.serve("root", 3, third.clone());
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("the first root still holds");
    assert_eq!(client.version("root"), Some(1));
    registry.serve("root", 2, third);
    client.refresh(&registry).expect_err("the third root as the second one");
    assert_eq!(client.version("root"), Some(1));
}

/// CVE-2025-2885 of tough: the version within the root was not compared with the one asked for.
#[test]
fn the_version_of_a_root_is_the_next_one() {
    for version in [1, 3, 100] {
        let mut registry = Simulator::new();
        registry.set_version("root", version);
        let root = registry.signed("root");
        registry.serve("root", 2, root);
        let mut client = TestClient::new(&registry);
        let error = client.refresh(&registry).expect_err("another version");
        assert!(matches!(error, RoleError::Version { expected: 2, .. }), "{error}");
        assert_eq!(client.versions(), versions(&[("root", 1)]));
    }
}

/// CVE-2025-2886 of tough: terminating delegations were not heeded.
#[test]
fn a_terminating_role_keeps_others_from_answering() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "owner", &["space/*"], true);
    registry.delegate("targets", "other", &["*", "space/*"], false);
    registry.add_target("other", b"from another", "space/target");
    registry.republish(&["owner", "other"]);
    registry.publish(&ONLINE);
    let mut client = TestClient::new(&registry);
    assert_eq!(client.find(&registry, "space/target").expect("looked for"), None);
}

/// CVE-2025-2887 of tough: delegated roles were not checked for going back.
#[test]
fn a_delegated_role_does_not_go_back() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    registry.add_target("space", b"old", "space/target");
    registry.republish(&["space"]);
    registry.publish(&ONLINE);
    registry.add_target("space", b"new", "space/target");
    registry.publish(&["space", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    let new = client.download(&registry, "space/target").expect("signed");
    assert_eq!(new.as_deref(), Some(&b"new"[..]));
    let before = client.versions();
    registry.snapshot.meta.get_mut("space.json").expect("named").version = number(1);
    registry.publish(&["snapshot", "timestamp"]);
    let error = client.download(&registry, "space/target").expect_err("a step back");
    assert!(matches!(&error, RoleError::Rollback { role, .. } if role == "space"), "{error}");
    assert_eq!(client.version("space"), before.get("space").copied());
    registry.snapshot.meta.remove("space.json");
    registry.publish(&["snapshot", "timestamp"]);
    let error = client.refresh(&registry).expect_err("taken away");
    assert!(matches!(&error, RoleError::Unlisted { role } if role == "space"), "{error}");
}

/// The same hole in its other form: a delegated role of another version, or without signatures.
#[test]
fn a_delegated_role_is_checked_like_any_other() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    registry.add_target("space", b"bytes", "space/target");
    registry.republish(&["space"]);
    registry.publish(&ONLINE);
    let good = registry.file("space", 1).to_vec();
    registry.set_version("space", 2);
    let later = registry.signed("space");
    registry.set_version("space", 1);
    registry.signers.insert("space".to_owned(), vec![200]);
    let foreign = registry.signed("space");
    for wrong in [foreign, later] {
        registry.serve("space", 1, wrong);
        let mut client = TestClient::new(&registry);
        client.download(&registry, "space/target").expect_err("a wrong role");
        assert_eq!(client.version("space"), None);
    }
    registry.serve("space", 1, good);
    let bytes = TestClient::new(&registry).download(&registry, "space/target").expect("signed");
    assert_eq!(bytes.as_deref(), Some(&b"bytes"[..]));
}

/// CVE-2025-2888 of tough: a timestamp whose snapshot goes back was kept before that was seen, and
/// stood in the way of the next good one.
#[test]
fn a_timestamp_with_a_snapshot_that_goes_back_is_not_kept() {
    let mut registry = Simulator::new();
    registry.publish(&["snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    let good = client.state.clone();
    registry.set_version("snapshot", 1);
    registry.republish(&["snapshot"]);
    registry.set_version("timestamp", 500);
    registry.republish(&["timestamp"]);
    client.refresh(&registry).expect_err("a step back");
    assert_eq!(client.state, good);
    registry.set_version("snapshot", 3);
    registry.republish(&["snapshot"]);
    registry.set_version("timestamp", 3);
    registry.republish(&["timestamp"]);
    client.refresh(&registry).expect("the next good one");
    assert_eq!(client.version("timestamp"), Some(3));
}

/// CVE-2022-29173 of go-tuf: only the root was kept from going back.
#[test]
fn no_role_goes_back() {
    for role in ["root", "timestamp", "snapshot", "targets", "space"] {
        let mut registry = Simulator::new();
        registry.delegate("targets", "space", &["space/*"], true);
        registry.republish(&["space"]);
        registry.publish(&["targets", "snapshot", "timestamp"]);
        let all = ["root", "space", "targets", "snapshot", "timestamp"];
        registry.publish(&all);
        let mut client = TestClient::new(&registry);
        client.find(&registry, "space/x").expect("looked for");
        let before = client.versions();
        registry.set_version(role, 1);
        registry.republish(&[role]);
        let next = before["root"] + 1;
        let first = registry.file("root", 1).to_vec();
        match role {
            "root" => registry.serve("root", next, first),
            "timestamp" => {}
            "snapshot" => registry.publish(&["timestamp"]),
            _ => registry.publish(&["snapshot", "timestamp"]),
        }
        client.find(&registry, "space/x").expect_err(role);
        let after = client.versions();
        assert!(before.iter().all(|(role, version)| after[role] >= *version), "{role}: {after:?}");
    }
}

/// A registry that never ceases to send.
struct Endless<'a>(&'a Simulator, &'static str);

impl Transport for Endless<'_> {
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        assert!(limit_bytes <= 5 << 20, "{name} has no limit");
        if name.ends_with(self.1) {
            return Ok(Some(vec![b' '; limit_bytes as usize + 1]));
        }
        self.0.fetch(name, limit_bytes)
    }
}

#[test]
fn endless_files_end() {
    let mut registry = Simulator::new();
    registry.add_target("targets", b"bytes", "target");
    registry.publish(&ONLINE);
    let root = registry.file("root", 1);
    for file in ["2.root.json", "timestamp.json", "snapshot.json", "targets.json", ".target"] {
        let endless = Endless(&registry, file);
        let state = TrustedState::pinned(root).expect("a root");
        let mut client = Client::new(&endless, state, Rules::default(), moment(0));
        let error = client
            .refresh()
            .and_then(|()| client.find("target"))
            .and_then(|found| client.download(&found.expect("named")))
            .expect_err(file);
        assert!(matches!(error, RoleError::Bytes { .. }), "{file}: {error}");
    }
}

#[test]
fn what_is_too_long_by_itself_is_no_metadata() {
    for kind in [RoleKind::Root, RoleKind::Timestamp, RoleKind::Snapshot, RoleKind::Targets] {
        let registry = Simulator::new();
        let mut bytes = registry.file(kind.name(), 1).to_vec();
        bytes.resize(kind.limit_bytes() as usize + 1, b' ');
        let mut registry = registry;
        let version = if kind == RoleKind::Root { 2 } else { 1 };
        registry.serve(kind.name(), version, bytes);
        let error = TestClient::new(&registry).refresh(&registry).expect_err("too long");
        assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
    }
}

#[test]
fn a_wrong_length_is_refused_before_anything_is_read() {
    for difference in [-1, 1] {
        let mut registry = Simulator::new();
        registry.with_hashes = true;
        registry.publish(&ONLINE);
        let meta = registry.snapshot.meta.get_mut("targets.json").expect("named");
        meta.length = meta.length.map(|length| length.saturating_add_signed(difference));
        meta.hashes = None;
        registry.publish(&["snapshot", "timestamp"]);
        let error = TestClient::new(&registry).refresh(&registry).expect_err("another length");
        assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
    }
}

#[test]
fn a_target_of_another_length_is_refused() {
    for difference in [-1, 1] {
        let mut registry = Simulator::new();
        registry.add_target("targets", b"bytes", "target");
        let targets = &mut registry.targets.get_mut("targets").expect("there").targets;
        let file = targets.get_mut("target").expect("there");
        file.length = file.length.saturating_add_signed(difference);
        registry.publish(&ONLINE);
        let error = TestClient::new(&registry).download(&registry, "target").expect_err("length");
        assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
    }
}

/// A revoked key signs on.
#[test]
fn a_key_that_was_revoked_signs_nothing_any_more() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let mut registry = Simulator::new();
        let mut client = TestClient::new(&registry);
        client.refresh(&registry).expect("fresh");
        let old = registry.signers[role].clone();
        registry.rotate_keys(role);
        let new = registry.signers[role].clone();
        if role == "root" {
            registry.signers.insert(role.to_owned(), [old.clone(), new].concat());
        }
        registry.publish(&["root"]);
        registry.signers.insert(role.to_owned(), old);
        let rest: Vec<&str> =
            ONLINE.into_iter().filter(|it| role != "root" || *it == role).collect();
        registry.publish(&rest);
        if role == "root" {
            registry.publish(&["root"]);
        }
        let error = client.refresh(&registry).expect_err(role);
        assert!(matches!(error, RoleError::Unsigned { .. }), "{role}: {error}");
    }
}

/// A key that only another role has.
#[test]
fn no_role_signs_for_another() {
    let roles = ["root", "timestamp", "snapshot", "targets", "space"];
    for role in roles {
        for other in roles.into_iter().filter(|other| *other != role) {
            let mut registry = Simulator::new();
            registry.delegate("targets", "space", &["space/*"], true);
            registry.republish(&["space"]);
            registry.publish(&ONLINE);
            let foreign = registry.signers[other].clone();
            registry.signers.insert(role.to_owned(), foreign);
            registry.publish(&["space", "root", "targets", "snapshot", "timestamp"]);
            let mut client = TestClient::new(&registry);
            let error = client.find(&registry, "space/x").expect_err(role);
            assert!(matches!(error, RoleError::Unsigned { .. }), "{other} for {role}: {error}");
        }
    }
}

/// A signature of one role offered with the content of another one.
#[test]
fn no_file_passes_as_that_of_another_role() {
    let mut registry = Simulator::new();
    let seeds: Vec<u8> = registry.signers.values().flatten().copied().collect();
    for role in TOP {
        registry.set_keys(role, &seeds, 1, &seeds);
    }
    registry.publish(&["root"]);
    registry.set_version("root", 1);
    registry.republish(&ONLINE);
    let files: BTreeMap<&str, Vec<u8>> =
        TOP.into_iter().map(|role| (role, registry.signed(role))).collect();
    for (role, version) in [("root", 3), ("timestamp", 1), ("snapshot", 1), ("targets", 1)] {
        for other in TOP.into_iter().filter(|other| *other != role) {
            let mut registry_with = Simulator::new();
            registry_with.files.clone_from(&registry.files);
            registry_with.serve(role, version, files[other].clone());
            let mut client = TestClient::new(&registry);
            let error = client.refresh(&registry_with).expect_err(role);
            assert!(matches!(error, RoleError::Malformed { .. }), "{other} as {role}: {error}");
        }
    }
}
