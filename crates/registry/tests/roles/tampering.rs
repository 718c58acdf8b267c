//! Signed metadata, changed at every place and offered as everything else that is signed.

use artifact::hex;
use ledger::{
    AuditLog, Envelope, Event, Identity, Kind, ManifestMade, Origin, Signer as _, Statement,
    Subject, TreeHead,
};
use registry::RoleError;
use registry::roles::{
    Hashes, MetaFile, Role, RoleKind, RootRole, Signed, SnapshotRole, TargetFile, TargetsRole,
    TimestampRole, VerificationKeys,
};
use serde_json::Value;

use super::simulator::{ONLINE, Simulator, TestClient, key, moment, number};

/// Every text that differs from this one by the value of one byte; by one bit of it, usually.
#[expect(clippy::disallowed_methods, reason = "a nightly run says by a variable how much to try")]
fn changed(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    let all = std::env::var("ONX_EVERY_VALUE").is_ok_and(|text| text == "1");
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

/// Every text in which one byte or one line is missing or stands twice, or which ends early.
fn cut(bytes: &[u8], mut each: impl FnMut(&[u8])) {
    for position in 0..bytes.len() {
        each(&bytes[..position]);
        each(&[&bytes[..position], &bytes[position + 1..]].concat());
        each(&[&bytes[..=position], &bytes[position..]].concat());
    }
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for place in 0..lines.len() {
        each(&[&lines[..place], &lines[place + 1..]].concat().concat());
        each(&[&lines[..=place], &lines[place..]].concat().concat());
    }
}

/// A registry with one namespace, in which there is one entry.
fn registry() -> Simulator {
    let mut registry = Simulator::new();
    registry.with_hashes = true;
    registry.delegate("targets", "space", &["space/*/*/entry.json"], true);
    registry.add_target("space", b"bytes", "space/package/1_2/entry.json");
    registry.republish(&["space"]);
    registry.republish(&ONLINE);
    registry
}

#[test]
fn a_changed_role_is_never_trusted() {
    let registry = registry();
    let keys = |kind| registry.root.keys_of(kind);
    expect_nothing_else::<RootRole>("root", &registry, &keys(RoleKind::Root));
    expect_nothing_else::<TimestampRole>("timestamp", &registry, &keys(RoleKind::Timestamp));
    expect_nothing_else::<SnapshotRole>("snapshot", &registry, &keys(RoleKind::Snapshot));
    expect_nothing_else::<TargetsRole>("targets", &registry, &keys(RoleKind::Targets));
    let delegations = registry.targets["targets"].delegations.as_ref().expect("there are some");
    let by = delegations.keys_of(&delegations.roles[0]);
    expect_nothing_else::<TargetsRole>("space", &registry, &by);
}

/// The specification signs the value and not the bytes, so white space between its parts may
/// change. Whatever else does is refused, and where a role is named with its digest, even that.
fn expect_nothing_else<T: Role>(role: &str, registry: &Simulator, by: &VerificationKeys<'_>) {
    let whole = registry.file(role, 1);
    assert!(whole.len() <= 4096, "`{role}` has {} bytes", whole.len());
    let before: Value = serde_json::from_slice(whole).expect("JSON");
    let meta = MetaFile::of(number(1), whole);
    let (mut tried, mut accepted) = (0, 0);
    let mut expect = |changed: &[u8]| {
        tried += 1;
        assert!(changed == whole || meta.expect(changed).is_err(), "`{role}` has this digest");
        let Ok(signed) = Signed::<T>::parse(role, changed) else { return };
        if signed.expect_signed(role, by).is_ok() {
            let after: Value = serde_json::from_slice(signed.bytes()).expect("JSON");
            assert_eq!(after, before, "`{role}`: {}", String::from_utf8_lossy(changed));
            accepted += 1;
        }
    };
    changed(whole, &mut expect);
    cut(whole, &mut expect);
    assert!(tried >= 11 * whole.len(), "{tried}");
    assert!(accepted > 0, "white space of `{role}` may change");
}

#[test]
fn a_client_keeps_no_role_that_was_changed() {
    // One bit of every byte, as a client sees it; what is named with its digest may not even
    // change in its white space.
    let mut registry = registry();
    for role in ["snapshot", "targets", "space"] {
        let whole = registry.file(role, 1).to_vec();
        for position in 0..whole.len() {
            let mut changed = whole.clone();
            changed[position] ^= 1 << (position % 8);
            registry.serve(role, 1, changed);
            let mut client = TestClient::new(&registry);
            client.find(&registry, "space/package/1_2/entry.json").expect_err(role);
            assert_eq!(client.version(role), None, "`{role}` at {position}");
        }
        registry.serve(role, 1, whole);
    }
    let mut client = TestClient::new(&registry);
    let found = client.find(&registry, "space/package/1_2/entry.json").expect("it is whole again");
    assert_eq!(found.expect("it is there").role, "space");
}

/// The metadata of a role does not say which of several roles with targets it is.
#[test]
fn no_namespace_passes_as_another_of_the_same_publisher() {
    let mut registry = Simulator::new();
    registry.with_hashes = true;
    let seed = registry.signers["targets"].clone();
    for space in ["space", "other"] {
        registry.signers.insert(space.to_owned(), seed.clone());
        registry.delegate("targets", space, &[&format!("{space}/*/*/entry.json")], true);
        registry.add_target(space, b"bytes", &format!("{space}/package/1_2/entry.json"));
        registry.republish(&[space]);
    }
    registry.republish(&ONLINE);
    let files = ["targets", "space", "other"].map(|role| (role, registry.file(role, 1).to_vec()));
    for (role, own) in &files {
        for (foreign, bytes) in files.iter().filter(|(foreign, _)| foreign != role) {
            registry.serve(role, 1, bytes.clone());
            let path = format!("{}/package/1_2/entry.json", role.replace("targets", "space"));
            let mut client = TestClient::new(&registry);
            let error = client.find(&registry, &path).expect_err(role);
            assert!(matches!(error, RoleError::Bytes { .. }), "{foreign} as {role}: {error}");
            assert_eq!(client.version(role), None);
        }
        registry.serve(role, 1, own.clone());
    }
}

#[test]
fn what_is_published_keeps_its_length_and_its_digests() {
    let mut registry = registry();
    let path = "space/package/1_2/entry.json";
    let mut client = TestClient::new(&registry);
    client.rules.published_stays = true;
    client.find(&registry, path).expect("looked for").expect("it is there");
    let file = |registry: &mut Simulator, change: &dyn Fn(&mut TargetFile)| {
        let targets = &mut registry.targets.get_mut("space").expect("there").targets;
        change(targets.get_mut(path).expect("there"));
        registry.publish(&["space", "snapshot", "timestamp"]);
    };
    let published = registry.targets["space"].targets[path].clone();
    for change in [
        &(|it: &mut TargetFile| it.length += 1) as &dyn Fn(&mut TargetFile),
        &|it: &mut TargetFile| it.hashes = Hashes::of(b"other"),
    ] {
        file(&mut registry, change);
        let error = client.find(&registry, path).expect_err("it changed");
        assert!(matches!(error, RoleError::Changed { .. }), "{error}");
        file(&mut registry, &|it| *it = published.clone());
    }
    client.find(&registry, path).expect("it is as it was").expect("it is there");
}

fn parses_as_a_role(bytes: &[u8]) -> bool {
    Signed::<RootRole>::parse("root", bytes).is_ok()
        || Signed::<TimestampRole>::parse("timestamp", bytes).is_ok()
        || Signed::<SnapshotRole>::parse("snapshot", bytes).is_ok()
        || Signed::<TargetsRole>::parse("targets", bytes).is_ok()
}

#[test]
fn no_role_is_a_statement_or_a_head_and_neither_is_a_role() {
    let registry = registry();
    let origin: Origin = "example.com/audit".parse().expect("the name of a log");
    for role in ["root", "timestamp", "snapshot", "targets", "space"] {
        let bytes = registry.file(role, 1);
        assert!(parses_as_a_role(bytes), "{role}");
        let keys = registry.signers[role].iter().map(|seed| key(*seed).public_key());
        assert!(Envelope::read(bytes).is_err(), "{role}");
        assert!(TreeHead::open(bytes, &origin, &keys.collect::<Vec<_>>()).is_err(), "{role}");
        assert!(AuditLog::begin(origin.clone()).accept(bytes).is_err(), "{role}");
    }
    let mut log = AuditLog::begin(origin);
    let event = Event::KeyCreated { key: key(1).public_key().id(), owner: ada() };
    let line = log.append(ada(), None, event, moment(0)).expect("it fits");
    assert!(!parses_as_a_role(&line));
    assert!(!parses_as_a_role(log.head().sign(&key(1)).expect("memory signs").as_bytes()));
    assert!(!parses_as_a_role(&statement().write().expect("it has bytes")));
}

#[test]
fn a_signature_over_a_statement_or_a_head_holds_for_no_role() {
    // The right key signed exactly what the role says, but as something else than metadata.
    let registry = registry();
    for role in [RoleKind::Root, RoleKind::Timestamp, RoleKind::Snapshot, RoleKind::Targets] {
        let name = role.name();
        let signer = key(registry.signers[name][0]);
        let mut file: Value = serde_json::from_slice(registry.file(name, 1)).expect("JSON");
        let message = artifact::canonical_json(&file["signed"]).expect("it has a form");
        let mut signed_as = |message: &[u8]| {
            let signature = signer.sign(message).expect("memory signs");
            file["signatures"][0]["sig"] = Value::String(hex(signature.as_bytes()));
            holds(role, file.to_string().as_bytes(), &registry)
        };
        assert!(signed_as(&message), "{name}");
        for kind in Kind::STATEMENTS {
            let (size, length) = (kind.payload_type().len(), message.len());
            let head = format!("DSSEv1 {size} {} {length} ", kind.payload_type());
            assert!(!signed_as(&[head.as_bytes(), &message].concat()), "{name} as {kind}");
        }
        assert!(!signed_as(&[&message[..], b"\n"].concat()), "{name} as the text of a note");
    }
}

fn holds(role: RoleKind, bytes: &[u8], registry: &Simulator) -> bool {
    fn signed<T: Role>(bytes: &[u8], by: &VerificationKeys<'_>) -> bool {
        let signed = Signed::<T>::parse(T::KIND.name(), bytes).expect("its form is right");
        signed.expect_signed(T::KIND.name(), by).is_ok()
    }
    let by = registry.root.keys_of(role);
    match role {
        RoleKind::Root => signed::<RootRole>(bytes, &by),
        RoleKind::Timestamp => signed::<TimestampRole>(bytes, &by),
        RoleKind::Snapshot => signed::<SnapshotRole>(bytes, &by),
        RoleKind::Targets => signed::<TargetsRole>(bytes, &by),
    }
}

fn ada() -> Identity {
    "ada".parse().expect("an identity")
}

/// A manifest that somebody signed.
fn statement() -> Envelope {
    let word = |text: &str| text.parse().expect("a text for a line");
    let made = ManifestMade {
        author: ada(),
        from_version: word("1"),
        generator: word("onx"),
        manifest_id: word("manifest"),
        namespace: "space".parse().expect("a namespace"),
        package: word("package"),
        to_version: word("2"),
    };
    let subjects = vec![Subject::of(word("manifest.yaml"), b"bytes")];
    let statement = Statement::new(subjects, made).expect("it has a subject");
    Envelope::sign(&statement, &key(1)).expect("memory signs")
}
