//! The suite's `test_expiration.py` and `test_delegated_expiration.py`.

use registry::RoleError;
use registry::roles::Expiry;

use super::simulator::{ONLINE, Simulator, TestClient, moment, versions};

fn expect_expired<T: std::fmt::Debug>(outcome: Result<T, RoleError>, role: &str) {
    let error = outcome.expect_err("it has expired");
    assert!(matches!(&error, RoleError::Expired { role: old, .. } if old == role), "{error}");
}

#[test]
fn a_root_that_has_expired_is_kept_and_nothing_follows_it() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.publish(&["root"]);
    client.refresh(&registry).expect("fresh");
    registry.root.expires = Expiry(moment(-1));
    registry.publish(&["root", "targets", "snapshot", "timestamp"]);
    expect_expired(client.refresh(&registry), "root");
    let expected = [("root", 3), ("timestamp", 1), ("snapshot", 1), ("targets", 1)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn an_expired_root_on_the_way_to_a_fresh_one_does_no_harm() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    registry.root.expires = Expiry(moment(-1));
    registry.publish(&["root"]);
    registry.root.expires = Expiry(moment(30));
    registry.publish(&["root"]);
    client.refresh(&registry).expect("the last one counts");
    assert_eq!(client.version("root"), Some(3));
}

#[test]
fn a_root_that_has_expired_here_is_replaced_by_a_fresh_one() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    client.days = 40;
    let later = Expiry(moment(60));
    registry.root.expires = later;
    registry.timestamp.expires = later;
    registry.snapshot.expires = later;
    registry.targets.get_mut("targets").expect("the top").expires = later;
    registry.publish(&["root", "targets", "snapshot", "timestamp"]);
    client.refresh(&registry).expect("what is there is fresh");
    assert_eq!(client.version("root"), Some(2));
}

#[test]
fn a_timestamp_that_has_expired_is_refused() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.timestamp.expires = Expiry(moment(-5));
    registry.publish(&["timestamp"]);
    expect_expired(client.refresh(&registry), "timestamp");
    let expected = [("root", 1), ("timestamp", 1), ("snapshot", 1), ("targets", 1)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn a_snapshot_that_has_expired_is_refused() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.snapshot.expires = Expiry(moment(-5));
    registry.publish(&["snapshot", "timestamp"]);
    expect_expired(client.refresh(&registry), "snapshot");
    let expected = [("root", 1), ("timestamp", 2), ("snapshot", 1), ("targets", 1)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn targets_that_have_expired_are_refused() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.targets.get_mut("targets").expect("there").expires = Expiry(moment(-5));
    registry.publish(&ONLINE);
    expect_expired(client.refresh(&registry), "targets");
    let expected = [("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 1)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn what_has_expired_here_is_replaced_by_what_is_fresh_there() {
    let mut registry = Simulator::new();
    registry.timestamp.expires = Expiry(moment(7));
    registry.republish(&["timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    registry.timestamp.expires = Expiry(moment(21));
    registry.publish(&ONLINE);
    client.days = 18;
    client.refresh(&registry).expect("what is served is fresh");
    let expected = [("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 2)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn what_was_trusted_expires_without_anything_new() {
    for role in ["timestamp", "snapshot", "targets"] {
        let mut registry = Simulator::new();
        match role {
            "timestamp" => registry.timestamp.expires = Expiry(moment(7)),
            "snapshot" => registry.snapshot.expires = Expiry(moment(7)),
            _ => registry.targets.get_mut(role).expect("there").expires = Expiry(moment(7)),
        }
        registry.republish(&ONLINE);
        let mut client = TestClient::new(&registry);
        client.refresh(&registry).expect("fresh");
        client.days = 7;
        expect_expired(client.refresh(&registry), role);
    }
}

fn delegated() -> Simulator {
    let mut registry = Simulator::new();
    registry.delegate("targets", "delegated", &["delegatedpath/*"], false);
    registry.add_target("delegated", b"first", "delegatedpath/first");
    registry.add_target("delegated", b"second", "delegatedpath/second");
    registry
}

#[test]
fn a_delegated_role_that_has_expired_is_refused() {
    let mut registry = delegated();
    registry.targets.get_mut("delegated").expect("there").expires = Expiry(moment(-1));
    registry.publish(&["delegated", "targets", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("the top is fresh");
    expect_expired(client.download(&registry, "delegatedpath/first"), "delegated");
    let expected = [("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 2)];
    assert_eq!(client.versions(), versions(&expected));
}

#[test]
fn a_delegated_role_that_was_trusted_expires() {
    let mut registry = delegated();
    registry.targets.get_mut("delegated").expect("there").expires = Expiry(moment(7));
    registry.publish(&["delegated", "targets", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    let first = client.download(&registry, "delegatedpath/first").expect("fresh");
    assert_eq!(first.as_deref(), Some(&b"first"[..]));
    client.days = 18;
    expect_expired(client.download(&registry, "delegatedpath/second"), "delegated");
}

#[test]
fn a_delegated_role_that_has_expired_here_is_replaced() {
    let mut registry = delegated();
    registry.targets.get_mut("delegated").expect("there").expires = Expiry(moment(7));
    registry.publish(&["delegated", "targets", "snapshot", "timestamp"]);
    let mut client = TestClient::new(&registry);
    client.download(&registry, "delegatedpath/first").expect("fresh");
    registry.targets.get_mut("delegated").expect("there").expires = Expiry(moment(21));
    registry.publish(&["delegated", "snapshot", "timestamp"]);
    client.days = 18;
    let second = client.download(&registry, "delegatedpath/second").expect("fresh again");
    assert_eq!(second.as_deref(), Some(&b"second"[..]));
}
