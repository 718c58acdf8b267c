//! What a client verified once in an update is not verified again, and only that.

use std::cell::RefCell;

use host::{Clock as _, SystemClock};
use ledger::Signer as _;
use registry::RoleError;
use registry::roles::{
    Client, Key, RoleKeys, Rules, TargetFile, Transport, TransportError, TrustedState,
};

use super::simulator::{ONLINE, Simulator, key, moment, number, sign};

/// A registry that changes while a client asks it.
struct Changing(RefCell<Simulator>);

impl Transport for Changing {
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        self.0.borrow().fetch(name, limit_bytes)
    }
}

/// A registry with one namespace and what is in it.
fn with_space(targets: usize) -> Simulator {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    let file = TargetFile::of(b"bytes");
    let space = registry.targets.get_mut("space").expect("a role with targets");
    space.targets.extend((0..targets).map(|number| (format!("space/{number}"), file.clone())));
    registry.republish(&["space"]);
    registry.publish(&ONLINE);
    registry
}

fn client<'a>(registry: &'a Changing, root: &[u8]) -> Client<'a> {
    let state = TrustedState::pinned(root).expect("a root");
    Client::new(registry, state, Rules::default(), moment(0))
}

#[test]
fn many_targets_of_one_role_take_little_longer_than_one() {
    let registry = with_space(4000);
    let root = registry.file("root", 1).to_vec();
    let registry = Changing(RefCell::new(registry));
    let mut client = client(&registry, &root);
    client.refresh().expect("fresh");
    let clock = SystemClock::new();
    client.find("space/0").expect("signed").expect("there");
    let first = clock.elapsed();
    let clock = SystemClock::new();
    for number in 0..4000 {
        client.find(&format!("space/{number}")).expect("signed").expect("there");
    }
    let all = clock.elapsed();
    // Verified each time, they take some hundred times as long.
    assert!(all < first * 50, "{first:?} for the first one, {all:?} for all");
}

#[test]
fn other_keys_are_not_those_for_which_a_role_was_verified() {
    let registry = with_space(1);
    let root = registry.file("root", 1).to_vec();
    let registry = Changing(RefCell::new(registry));
    let mut client = client(&registry, &root);
    client.refresh().expect("fresh");
    client.find("space/0").expect("signed").expect("there");
    for must_sign in [1, 2] {
        let mut changed = registry.0.borrow_mut();
        let own = key(changed.signers["space"][0]).public_key();
        let stranger = key(90).public_key();
        let top = changed.targets.get_mut("targets").expect("there");
        let delegations = top.delegations.as_mut().expect("there");
        delegations.keys.insert(stranger.id(), Key::new(&stranger));
        let keys = if must_sign == 1 { vec![stranger] } else { vec![own, stranger] };
        delegations.roles[0].keys = RoleKeys::new(&keys, number(must_sign));
        changed.publish(&ONLINE);
        drop(changed);
        client.refresh().expect("fresh");
        let error = client.find("space/0").expect_err("others must sign now");
        assert!(matches!(error, RoleError::Unsigned { .. }), "{error}");
    }
}

#[test]
fn another_version_is_not_the_one_that_was_verified() {
    let registry = with_space(1);
    let root = registry.file("root", 1).to_vec();
    let registry = Changing(RefCell::new(registry));
    let mut client = client(&registry, &root);
    client.refresh().expect("fresh");
    client.find("space/0").expect("signed").expect("there");
    let mut changed = registry.0.borrow_mut();
    changed.publish(&["space", "snapshot", "timestamp"]);
    let forged = sign("space", &changed.targets["space"], &[key(91)]);
    changed.serve("space", 2, forged);
    drop(changed);
    client.refresh().expect("fresh");
    let error = client.find("space/0").expect_err("a stranger signed it");
    assert!(matches!(error, RoleError::Unsigned { .. }), "{error}");
}

#[test]
fn what_one_role_delegates_is_not_verified_for_another_one() {
    let mut registry = Simulator::new();
    for from in ["one", "other"] {
        registry.delegate("targets", from, &["*"], false);
    }
    for from in ["one", "other"] {
        registry.delegate(from, "space", &["*"], false);
    }
    let public = key(90).public_key();
    let other = registry.targets.get_mut("other").expect("there");
    let delegations = other.delegations.as_mut().expect("there");
    delegations.keys.insert(public.id(), Key::new(&public));
    delegations.roles[0].keys.keyids = vec![public.id()];
    // The first role gives only some paths on, so the second one is asked for the others.
    let one = registry.targets.get_mut("one").expect("there");
    one.delegations.as_mut().expect("there").roles[0].paths = Some(vec!["a".to_owned()]);
    registry.add_target("space", b"bytes", "a");
    registry.add_target("space", b"bytes", "b");
    registry.republish(&["space", "one", "other"]);
    registry.publish(&ONLINE);
    let root = registry.file("root", 1).to_vec();
    let registry = Changing(RefCell::new(registry));
    let mut client = client(&registry, &root);
    client.refresh().expect("fresh");
    client.find("a").expect("signed").expect("there");
    let error = client.find("b").expect_err("not signed by whom the second one names");
    assert!(matches!(error, RoleError::Unsigned { .. }), "{error}");
    client.find("a").expect("signed").expect("there");
}
