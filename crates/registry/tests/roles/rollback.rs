//! The suite's `test_rollback.py`.

use registry::RoleError;

use super::simulator::{ONLINE, Simulator, TestClient, versions};

fn expect_rollback(outcome: Result<(), RoleError>, role: &str) {
    let error = outcome.expect_err("a step back");
    assert!(matches!(&error, RoleError::Rollback { role: back, .. } if back == role), "{error}");
}

#[test]
fn an_old_snapshot_that_the_timestamp_does_not_name_is_not_asked_for() {
    let mut registry = Simulator::new();
    registry.publish(&["snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    let first = registry.file("snapshot", 1).to_vec();
    registry.serve("snapshot", 2, first);
    client.refresh(&registry).expect("nothing is new");
    assert_eq!(client.version("snapshot"), Some(2));
    assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
}

#[test]
fn the_timestamp_does_not_go_back() {
    let mut registry = Simulator::new();
    registry.publish(&["timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.set_version("timestamp", 1);
    registry.republish(&["timestamp"]);
    expect_rollback(client.refresh(&registry), "timestamp");
    assert_eq!(client.version("timestamp"), Some(2));
    assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
}

#[test]
fn the_snapshot_does_not_go_back() {
    for with_hashes in [false, true] {
        let mut registry = Simulator::new();
        registry.with_hashes = with_hashes;
        registry.publish(&["snapshot", "timestamp"]);
        let mut client = TestClient::new(&registry);
        client.refresh(&registry).expect("fresh");
        registry.set_version("snapshot", 1);
        registry.republish(&["snapshot"]);
        registry.publish(&["timestamp"]);
        expect_rollback(client.refresh(&registry), "snapshot");
        let expected = [("root", 1), ("snapshot", 2), ("targets", 1), ("timestamp", 2)];
        assert_eq!(client.versions(), versions(&expected));
        assert_eq!(registry.last_request(), Some(("timestamp".to_owned(), None)));
    }
}

#[test]
fn targets_do_not_go_back() {
    for with_hashes in [false, true] {
        let mut registry = Simulator::new();
        registry.with_hashes = with_hashes;
        registry.publish(&ONLINE);
        registry.publish(&ONLINE);
        let mut client = TestClient::new(&registry);
        client.refresh(&registry).expect("fresh");
        registry.set_version("targets", 1);
        registry.republish(&["targets"]);
        registry.publish(&["snapshot", "timestamp"]);
        expect_rollback(client.refresh(&registry), "targets");
        assert_eq!(client.version("snapshot"), Some(3));
        assert_eq!(client.version("targets"), Some(3));
        assert_eq!(client.version("timestamp"), Some(4));
    }
}

#[test]
fn a_snapshot_whose_version_the_timestamp_does_not_name_is_refused() {
    let mut registry = Simulator::new();
    registry.set_version("snapshot", 2);
    let bytes = registry.signed("snapshot");
    registry.serve("snapshot", 1, bytes);
    let mut client = TestClient::new(&registry);
    let error = client.refresh(&registry).expect_err("another version");
    assert!(matches!(error, RoleError::Version { expected: 1, found: 2, .. }), "{error}");
    assert_eq!(client.versions(), versions(&[("root", 1), ("timestamp", 1)]));
    assert_eq!(registry.last_request(), Some(("snapshot".to_owned(), Some(1))));
}

#[test]
fn a_timestamp_that_was_moved_far_ahead_begins_anew_with_a_new_key() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    registry.set_version("timestamp", 99_999);
    registry.republish(&["timestamp"]);
    client.refresh(&registry).expect("far ahead");
    registry.rotate_keys("timestamp");
    registry.publish(&["root"]);
    registry.set_version("timestamp", 1);
    registry.republish(&["timestamp"]);
    client.refresh(&registry).expect("a new beginning");
    assert_eq!(client.version("timestamp"), Some(1));
}

#[test]
fn a_snapshot_that_was_moved_far_ahead_begins_anew_with_new_keys() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    registry.set_version("snapshot", 99_999);
    registry.republish(&["snapshot"]);
    registry.publish(&["timestamp"]);
    client.refresh(&registry).expect("far ahead");
    assert_eq!(client.version("snapshot"), Some(99_999));
    registry.rotate_keys("snapshot");
    registry.rotate_keys("timestamp");
    registry.publish(&["root"]);
    registry.set_version("snapshot", 1);
    registry.republish(&["snapshot"]);
    registry.publish(&["timestamp"]);
    client.refresh(&registry).expect("a new beginning");
    assert_eq!(client.version("snapshot"), Some(1));
}

#[test]
fn targets_that_were_moved_far_ahead_begin_anew_with_a_new_key_of_the_snapshot() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    registry.set_version("targets", 99_999);
    registry.republish(&["targets"]);
    registry.publish(&["snapshot", "timestamp"]);
    client.refresh(&registry).expect("far ahead");
    assert_eq!(client.version("targets"), Some(99_999));
    registry.rotate_keys("snapshot");
    registry.publish(&["root"]);
    registry.set_version("targets", 2);
    registry.republish(&["targets"]);
    registry.publish(&["snapshot", "timestamp"]);
    client.refresh(&registry).expect("a new beginning");
    assert_eq!(client.version("targets"), Some(2));
}
