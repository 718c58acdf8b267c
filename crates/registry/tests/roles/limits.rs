//! The longest and deepest that is taken as metadata, and that one more is refused.

use artifact::ErrorKind;
use ledger::SignerError;
use registry::RoleError;
use registry::roles::{
    Client, DelegatedRole, Hashes, ROLES_FOR_A_PATH, ROOTS_AT_ONCE, Role, RoleKind, RootRole,
    Rules, Signed, SnapshotRole, TargetsRole, TimestampRole, Transport, TransportError,
    TrustedState,
};
use serde_json::{Value, json};

use super::simulator::{ONLINE, Simulator, TestClient, key, moment};

/// What stands in a file of metadata that was changed by hand and that nobody signed anew.
fn parse<T: Role>(registry: &Simulator, change: impl FnOnce(&mut Value)) -> Result<(), String> {
    let role = T::KIND.name();
    let mut file: Value = serde_json::from_slice(registry.file(role, 1)).expect("JSON");
    change(&mut file["signed"]);
    match Signed::<T>::parse(role, file.to_string().as_bytes()) {
        Ok(_) => Ok(()),
        Err(RoleError::Malformed { why, .. }) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_file_is_as_long_as_its_role_may_be_and_no_longer() {
    fn expect<T: Role>(registry: &Simulator, limit_bytes: usize) {
        let role = T::KIND.name();
        assert_eq!(T::KIND.limit_bytes(), limit_bytes as u64);
        let mut bytes = registry.file(role, 1).to_vec();
        bytes.resize(limit_bytes, b' ');
        assert!(Signed::<T>::parse(role, &bytes).is_ok(), "{role}");
        bytes.push(b' ');
        let error = Signed::<T>::parse(role, &bytes).err().expect("it is longer");
        assert!(error.to_string().ends_with("it is too long"), "{error}");
    }
    let registry = Simulator::new();
    expect::<RootRole>(&registry, 524_288);
    expect::<TimestampRole>(&registry, 16_384);
    expect::<SnapshotRole>(&registry, 2_097_152);
    expect::<TargetsRole>(&registry, 5_242_880);
}

#[test]
fn a_client_takes_a_file_that_is_as_long_as_it_may_be() {
    let mut registry = Simulator::new();
    let mut bytes = registry.file("timestamp", 1).to_vec();
    bytes.resize(RoleKind::Timestamp.limit_bytes() as usize, b' ');
    registry.serve("timestamp", 1, bytes.clone());
    TestClient::new(&registry).refresh(&registry).expect("it may be as long");
    bytes.push(b' ');
    registry.serve("timestamp", 1, bytes);
    let error = TestClient::new(&registry).refresh(&registry).expect_err("too long");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
}

#[test]
fn values_are_nested_so_deep_and_no_deeper() {
    let registry = Simulator::new();
    let lists = |depth| (1..depth).fold(json!(1), |value, _| json!([value]));
    let objects = |depth| (1..depth).fold(json!(1), |value, _| json!({"a": value}));
    for depth in [1, 2, 31] {
        assert_eq!(parse::<RootRole>(&registry, |it| it["other"] = lists(depth)), Ok(()));
        assert_eq!(parse::<RootRole>(&registry, |it| it["other"] = objects(depth)), Ok(()));
    }
    let refused = Err("its values are nested too deep".to_owned());
    for depth in [32, 33, 60] {
        assert_eq!(parse::<RootRole>(&registry, |it| it["other"] = lists(depth)), refused);
        assert_eq!(parse::<RootRole>(&registry, |it| it["other"] = objects(depth)), refused);
    }
}

#[test]
fn metadata_of_another_version_of_the_specification_is_refused() {
    let registry = Simulator::new();
    for (version, taken) in
        [("1.0", true), ("1", true), ("1.99.3", true), ("2.0.0", false), ("", false), ("10", false)]
    {
        let parsed = parse::<TimestampRole>(&registry, |it| it["spec_version"] = json!(version));
        assert_eq!(parsed.is_ok(), taken, "{version}: {parsed:?}");
    }
}

#[test]
fn a_role_without_what_it_must_say_is_refused() {
    let registry = Simulator::new();
    let meta = |it: &mut Value| it["meta"] = json!({"other.json": {"version": 1}});
    let refused = |outcome: Result<(), String>, why: &str| {
        let found = outcome.expect_err(why);
        assert!(found.contains(why), "{found}");
    };
    refused(parse::<TimestampRole>(&registry, meta), "it names other files than");
    refused(parse::<SnapshotRole>(&registry, meta), "it does not name `targets.json`");
    let more = |it: &mut Value| it["meta"]["other.json"] = json!({"version": 1});
    refused(parse::<TimestampRole>(&registry, more), "it names other files than");
    assert_eq!(parse::<SnapshotRole>(&registry, more), Ok(()));
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let without =
            |it: &mut Value| drop(it["roles"].as_object_mut().map(|all| all.remove(role)));
        refused(parse::<RootRole>(&registry, without), &format!("it names no keys of `{role}`"));
    }
    let twice = |it: &mut Value| {
        let id = it["roles"]["root"]["keyids"][0].clone();
        it["roles"]["root"]["keyids"] = json!([id, id]);
    };
    refused(parse::<RootRole>(&registry, twice), "a role has the same key twice");
}

#[test]
fn a_delegation_says_whose_it_is_and_for_which_paths() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    registry.republish(&["targets"]);
    let with = |change: &dyn Fn(&mut Value)| {
        parse::<TargetsRole>(&registry, |it| change(&mut it["delegations"]["roles"][0]))
    };
    assert_eq!(with(&|it| it["name"] = json!("x".repeat(200))), Ok(()));
    for name in ["x".repeat(201), String::new(), "snapshot".to_owned(), "a\u{202e}".to_owned()] {
        let why = with(&|it| it["name"] = json!(name)).expect_err("no name of a role");
        assert!(why.contains("is no name of a role"), "{why}");
    }
    for change in [
        &(|it: &mut Value| it["path_hash_prefixes"] = json!(["ab"])) as &dyn Fn(&mut Value),
        &|it: &mut Value| drop(it.as_object_mut().map(|role| role.remove("paths"))),
    ] {
        let why = with(change).expect_err("one kind of paths");
        assert!(why.contains("no paths, or two kinds of them"), "{why}");
    }
    let why = parse::<TargetsRole>(&registry, |it| {
        let role = it["delegations"]["roles"][0].clone();
        it["delegations"]["roles"] = json!([role, role]);
    });
    assert_eq!(why, Err("it delegates to the same role twice".to_owned()));
}

#[test]
fn a_name_of_a_file_holds_nothing_but_a_digest() {
    let named = |digest: &str| {
        let hashes = Hashes([("sha256".to_owned(), digest.to_owned())].into());
        hashes.name().map(str::to_owned)
    };
    assert_eq!(named("ab01"), Some("ab01".to_owned()));
    assert_eq!(named("../ab"), None);
    assert_eq!(Hashes([("md5".to_owned(), "ab".to_owned())].into()).name(), None);
}

/// A chain of so many roles below the top, of which the last one names the target.
fn chain(length: usize) -> Simulator {
    let mut registry = Simulator::new();
    let names: Vec<String> = (0..length).map(|number| format!("r{number}")).collect();
    let mut from = "targets".to_owned();
    for name in &names {
        registry.delegate(&from, name, &["*"], false);
        from.clone_from(name);
    }
    registry.add_target(&from, b"bytes", "x");
    for name in &names {
        registry.republish(&[name]);
    }
    registry.publish(&ONLINE);
    registry
}

#[test]
fn so_many_roles_are_asked_for_a_path_and_no_more() {
    let registry = chain(ROLES_FOR_A_PATH - 1);
    let found = TestClient::new(&registry).find(&registry, "x").expect("not too many");
    assert_eq!(found.expect("it is there").role, "r30");
    let registry = chain(ROLES_FOR_A_PATH);
    let error = TestClient::new(&registry).find(&registry, "x").expect_err("too many");
    assert!(matches!(error, RoleError::TooDeep { limit: 32 }), "{error}");
}

#[test]
fn so_many_roots_are_followed_at_once_and_no_more() {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    for _ in 0..ROOTS_AT_ONCE {
        registry.publish(&["root"]);
    }
    client.refresh(&registry).expect("not too many");
    assert_eq!(client.version("root"), Some(257));
    let mut client = TestClient::new(&registry);
    registry.publish(&["root"]);
    let error = client.refresh(&registry).expect_err("too many");
    assert!(matches!(error, RoleError::TooMany { limit: 256, .. }), "{error}");
    // What was verified so far is kept, and the next refresh goes on from there.
    assert_eq!(client.version("root"), Some(257));
    client.refresh(&registry).expect("the last one");
    assert_eq!(client.version("root"), Some(258));
}

/// A registry that nobody may ask.
struct Unasked;

impl Transport for Unasked {
    fn fetch(&self, name: &str, _: u64) -> Result<Option<Vec<u8>>, TransportError> {
        panic!("`{name}` was asked for")
    }
}

#[test]
fn what_was_verified_is_verified_again_when_it_is_used() {
    let registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    client.refresh(&registry).expect("fresh");
    let resume = |transport: &dyn Transport, state: TrustedState| {
        Client::new(transport, state, Rules::default(), moment(0)).resume()
    };
    resume(&Unasked, client.trusted()).expect("it is whole, and the registry is not needed");
    // The same under a root that took the key of a role away.
    let mut document: Value = serde_json::from_slice(&client.state).expect("JSON");
    for role in ["timestamp", "snapshot", "targets"] {
        let mut later = Simulator::new();
        later.rotate_keys(role);
        later.publish(&["root"]);
        let text = String::from_utf8(later.file("root", 2).to_vec()).expect("a text");
        document["root"] = json!(text);
        let state = TrustedState::from_bytes(document.to_string().as_bytes()).expect("its form");
        resume(&later, state).expect_err(role);
    }
}

#[test]
fn of_two_states_each_role_stays_as_new_as_either_has_it() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    registry.add_target("space", b"one", "space/one");
    registry.republish(&["space"]);
    registry.publish(&ONLINE);
    let mut behind = TestClient::new(&registry);
    behind.find(&registry, "space/one").expect("looked for");
    registry.add_target("space", b"two", "space/two");
    registry.publish(&["space", "snapshot", "timestamp"]);
    let mut ahead = TestClient::new(&registry);
    ahead.find(&registry, "space/two").expect("looked for");
    // A reader that follows the timestamp alone has the newer state and the older namespace.
    registry.publish(&["snapshot", "timestamp"]);
    behind.refresh(&registry).expect("fresh");
    assert_eq!((behind.version("space"), ahead.version("space")), (Some(1), Some(2)));
    let one = behind.trusted().joined(ahead.trusted());
    let other = ahead.trusted().joined(behind.trusted());
    assert_eq!(one.versions(), other.versions());
    assert_eq!(one.versions()["timestamp"], behind.versions()["timestamp"]);
    assert_eq!(one.versions()["space"], 2);
    assert_eq!(one.refreshed_at(), Some(moment(0)));
    // The newer one of both is kept where the newer state has it, too.
    let old = behind.trusted();
    behind.find(&registry, "space/two").expect("looked for");
    assert_eq!(behind.trusted().joined(old.clone()).versions()["space"], 2);
    assert_eq!(old.joined(behind.trusted()).versions()["space"], 2);
    // What only one of them has seen published cannot be changed any more.
    let mut client = TestClient::new(&registry);
    client.state = one.to_bytes().expect("it can be kept");
    client.rules = Rules { published_stays: true, expired_is_used: false };
    registry.add_target("space", b"other", "space/two");
    registry.publish(&["space", "snapshot", "timestamp"]);
    let error = client.find(&registry, "space/two").expect_err("other bytes");
    assert!(matches!(error, RoleError::Changed { .. }), "{error}");
}

#[test]
fn a_refused_role_says_what_can_be_done() {
    let role = || "root".to_owned();
    let signer = |source| RoleError::Signer { role: role(), source };
    for (error, kind, hint) in [
        (RoleError::Expired { role: role(), at: moment(0) }, ErrorKind::Conflict, "renew it"),
        (
            RoleError::Unsigned { role: role(), valid: 0, threshold: 1 },
            ErrorKind::Conflict,
            "do not use it",
        ),
        (
            RoleError::Rollback { role: role(), trusted: 2, offered: 1 },
            ErrorKind::Conflict,
            "an old or a changed copy",
        ),
        (RoleError::Missing { file: role() }, ErrorKind::Conflict, "is not whole"),
        (RoleError::TooMany { what: "roots", limit: 1 }, ErrorKind::Conflict, "refresh again"),
        (RoleError::TooDeep { limit: 1 }, ErrorKind::Conflict, "does not help"),
        (RoleError::Name { name: role(), why: "x" }, ErrorKind::User, "another name"),
        (RoleError::NotDelegated { namespace: role() }, ErrorKind::User, "registry delegate"),
        (RoleError::Alike { namespace: role() }, ErrorKind::Conflict, "do not use it"),
        (
            RoleError::Unfit { role: role(), why: role(), hint: "do that" },
            ErrorKind::User,
            "do that",
        ),
        (signer(SignerError::Wrong), ErrorKind::Outside, "which version of the key"),
        (signer(SignerError::Refused(role())), ErrorKind::User, "whether you may sign"),
        (TransportError::TooLong(1).into(), ErrorKind::Outside, "can be read"),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.hint().contains(hint), "{error}: {}", error.hint());
    }
}

#[test]
fn a_role_is_asked_for_what_its_paths_or_digests_say() {
    let mut registry = Simulator::new();
    registry.delegate("targets", "space", &["space/*"], true);
    let delegations = registry.targets["targets"].delegations.clone().expect("there are some");
    let role = &delegations.roles[0];
    assert!(role.has("space/a") && !role.has("other/a") && !role.has("space/a/b"));
    let none = DelegatedRole { paths: None, ..role.clone() };
    assert!(!none.has("space/a"));
}

#[test]
fn what_is_signed_has_at_most_the_size_that_is_read() {
    let registry = Simulator::new();
    let own = key(registry.signers["timestamp"][0]);
    let signed = |filler: usize| {
        let mut role = registry.timestamp.clone();
        role.other.insert("filler".to_owned(), json!("x".repeat(filler)));
        Signed::sign("timestamp", role, &[&own])
    };
    let limit = RoleKind::Timestamp.limit_bytes();
    let empty = signed(0).expect("it is short").bytes().len() as u64;
    let most = usize::try_from(limit - empty).expect("it fits");
    assert_eq!(signed(most).expect("just as long").bytes().len() as u64, limit);
    let error = signed(most + 1).expect_err("one byte too long");
    assert!(matches!(error, RoleError::Unfit { .. }), "{error}");
}
