//! Publications that nobody was entitled to: none of them is accepted, neither by those who sign
//! nor by those who read.

use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use host::{Files, MemoryFiles, Place};
use ledger::Signer;
use registry::roles::{
    Role, RootRole, Signed, SnapshotRole, TargetFile, TargetsRole, TimestampRole,
};
use registry::{Reach, RegistryError, RoleError, SignedRegistry};
use serde::de::DeserializeOwned;

use super::interruptions::{Hands, NAME, bundle, init, keeper, name, publish, reader, set};
use super::simulator::{key, moment, number, sign};

pub(crate) const OTHER: &str = "registry://others/lib/1_2";

/// A registry in which key 20 publishes in `core_migrations` and key 21 in `others`.
pub(crate) fn ready() -> (Arc<dyn Files>, SignedRegistry) {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let root = init(&files).expect("a registry");
    let hands = Hands::of(&[1, 2]);
    keeper(&files).delegate("others", &set(&[21], 1), &hands.all(), moment(0)).expect("given");
    publish(&files, NAME, "one", &[20]).expect("published");
    publish(&files, OTHER, "other", &[21]).expect("published");
    let reader = reader(&files);
    reader.pin(&root).expect("pinned");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    reader.find(&name(OTHER), Reach::Registry, moment(0)).expect("signed");
    (files, reader)
}

pub(crate) fn expect_unsigned<T: std::fmt::Debug>(outcome: Result<T, RegistryError>) {
    let error = outcome.expect_err("not entitled");
    assert!(matches!(error, RegistryError::Role(RoleError::Unsigned { .. })), "{error}");
}

/// Who signs lacks a key.
pub(crate) fn expect_too_few<T: std::fmt::Debug>(outcome: Result<T, RegistryError>) {
    let error = outcome.expect_err("not entitled");
    assert!(matches!(error, RegistryError::Role(RoleError::TooFewKeys { .. })), "{error}");
}

/// The registry of somebody who may write the folder and holds some keys.
pub(crate) struct Intruder<'a>(pub(crate) &'a Arc<dyn Files>);

impl Intruder<'_> {
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        let path = TreePath::new(path).expect("a path");
        self.0.read(Place::new(Path::new("/registry"), &path), 1 << 24).expect("there")
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = TreePath::new(path).expect("a path");
        let base = Path::new("/registry");
        self.0.create_parents(base, &path).expect("a folder");
        self.0.write(Place::new(base, &path), bytes, None).expect("written");
    }

    pub(crate) fn role<T: Role + DeserializeOwned>(&self, role: &str, path: &str) -> T {
        Signed::<T>::parse(role, &self.read(path)).expect("metadata").content().clone()
    }

    /// The targets of a role in its newest version.
    pub(crate) fn targets(&self, role: &str) -> TargetsRole {
        let snapshot = self.snapshot();
        let version = snapshot.meta[&format!("{role}.json")].version;
        self.role(role, &format!("metadata/{version}.{role}.json"))
    }

    pub(crate) fn snapshot(&self) -> SnapshotRole {
        let timestamp: TimestampRole = self.role("timestamp", "metadata/timestamp.json");
        let version = timestamp.snapshot().expect("named").version;
        self.role("snapshot", &format!("metadata/{version}.snapshot.json"))
    }

    /// Signs the next version of a role, and all that is above it with the online key.
    pub(crate) fn publish(&self, role: &str, mut targets: TargetsRole, seeds: &[u8]) {
        targets.version = number(targets.version.get() + 1);
        let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
        let bytes = sign(role, &targets, &keys);
        self.write(&format!("metadata/{}.{role}.json", targets.version), &bytes);
        let mut snapshot = self.snapshot();
        let meta = registry::roles::MetaFile::of(targets.version, &bytes);
        snapshot.meta.insert(format!("{role}.json"), meta);
        snapshot.version = number(snapshot.version.get() + 1);
        let bytes = sign("snapshot", &snapshot, &[key(10)]);
        self.write(&format!("metadata/{}.snapshot.json", snapshot.version), &bytes);
        let mut timestamp: TimestampRole = self.role("timestamp", "metadata/timestamp.json");
        timestamp.version = number(timestamp.version.get() + 1);
        let meta = registry::roles::MetaFile::of(snapshot.version, &bytes);
        timestamp.meta = TimestampRole::meta_of(meta);
        self.write("metadata/timestamp.json", &sign("timestamp", &timestamp, &[key(10)]));
    }

    /// Serves the entry of a name and gives its target.
    pub(crate) fn target(&self, text: &str) -> (String, TargetFile) {
        let entry = format!(
            "{{\"format\": \"onx/registry_entry/1\", \"name\": \"{text}\", \"files\": {{}}}}"
        );
        let path = format!("{}/entry.json", text.trim_start_matches("registry://"));
        let file = TargetFile::of(entry.as_bytes());
        let (folder, name) = path.rsplit_once('/').expect("a folder");
        let digest = file.hashes.name().expect("a digest");
        self.write(&format!("targets/{folder}/{digest}.{name}"), entry.as_bytes());
        (path, file)
    }
}

#[test]
fn a_publisher_does_not_sign_for_another_namespace() {
    let (files, reader) = ready();
    let theirs = "registry://others/lib/2_3";
    expect_too_few(publish(&files, theirs, "mine", &[20]));
    expect_too_few(publish(&files, theirs, "mine", &[10]));
    expect_too_few(publish(&files, theirs, "mine", &[1, 2, 3]));
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("others");
    targets.targets.extend([intruder.target(theirs)]);
    intruder.publish("others", targets, &[20, 10]);
    expect_unsigned(reader.find(&name(theirs), Reach::Registry, moment(0)));
    expect_unsigned(reader.find(&name(OTHER), Reach::Registry, moment(0)));
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("the other namespace is whole");
    let listing = reader.list(Reach::Registry, moment(0)).expect("listed");
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.refused[0].namespace, "others");
    expect_unsigned(keeper(&files).resign("others", &Hands::of(&[20]).all(), moment(0)));
}

#[test]
fn a_target_of_another_namespace_is_not_found_in_the_own_one() {
    let (files, reader) = ready();
    let theirs = "registry://others/lib/2_3";
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    targets.targets.extend([intruder.target(theirs)]);
    intruder.publish("core_migrations", targets, &[20]);
    let missing = reader.find(&name(theirs), Reach::Registry, moment(0));
    assert!(matches!(missing, Err(RegistryError::Missing(_))), "{missing:?}");
    let listing = reader.list(Reach::Registry, moment(0)).expect("listed");
    assert_eq!(listing.entries.len(), 2, "{listing:?}");
    reader.mirror(Path::new("/mirror"), moment(0)).expect("it is left out");
}

#[test]
fn a_revoked_publisher_signs_nothing_any_more() {
    let (files, reader) = ready();
    let hands = Hands::of(&[2, 3]);
    keeper(&files)
        .delegate("core_migrations", &set(&[22], 1), &hands.all(), moment(0))
        .expect("given to another");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    expect_unsigned(reader.find(&name(NAME), Reach::Registry, moment(0)));
    let next = "registry://core_migrations/yourlib/2.0_3.0";
    expect_too_few(publish(&files, next, "two", &[20]));
    keeper(&files)
        .resign("core_migrations", &Hands::of(&[22]).all(), moment(0))
        .expect("by the new publisher");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed again");
    assert_eq!(reader.fetch(&found, Reach::Registry).expect("whole"), bundle("one"));
    publish(&files, next, "two", &[22]).expect("published");
}

#[test]
fn what_a_revoked_publisher_left_behind_is_not_built_upon() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    let [theirs, next] = ["3.0_4.0", "2.0_3.0"]
        .map(|versions| format!("registry://core_migrations/yourlib/{versions}"));
    targets.targets.extend([intruder.target(&theirs)]);
    targets.version = number(targets.version.get() + 1);
    let path = format!("metadata/{}.core_migrations.json", targets.version);
    intruder.write(&path, &sign("core_migrations", &targets, &[key(23)]));
    let expect_hidden = || {
        let hidden = reader.find(&name(&theirs), Reach::Registry, moment(0));
        assert!(matches!(hidden, Err(RegistryError::Missing(_))), "{hidden:?}");
    };
    let renewed = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    assert!(renewed.refused.is_empty(), "{renewed:?}");
    expect_hidden();
    publish(&files, &next, "two", &[20]).expect("on top of what is current");
    reader.find(&name(&next), Reach::Registry, moment(0)).expect("signed");
    expect_hidden();
}

#[test]
fn the_online_key_alone_brings_nothing_into_a_namespace() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    let next = "registry://core_migrations/yourlib/2.0_3.0";
    targets.targets.extend([intruder.target(next)]);
    intruder.publish("core_migrations", targets, &[10]);
    expect_unsigned(reader.find(&name(next), Reach::Registry, moment(0)));
    expect_unsigned(publish(&files, next, "two", &[20]));
}

#[test]
fn nobody_signs_on_top_of_a_timestamp_or_a_snapshot_of_a_stranger() {
    let (files, _) = ready();
    let intruder = Intruder(&files);
    let whole = intruder.read("metadata/timestamp.json");
    let mut timestamp: TimestampRole = intruder.role("timestamp", "metadata/timestamp.json");
    intruder.write("metadata/timestamp.json", &sign("timestamp", &timestamp, &[key(99)]));
    let renew = || keeper(&files).renew(&Hands::of(&[10]).all(), moment(0));
    expect_unsigned(renew());
    expect_unsigned(publish(&files, "registry://core_migrations/lib/2_3", "two", &[20]));
    // The timestamp is a good one, and names a snapshot that somebody else signed.
    let mut snapshot = intruder.snapshot();
    snapshot.version = number(snapshot.version.get() + 1);
    let bytes = sign("snapshot", &snapshot, &[key(99)]);
    intruder.write(&format!("metadata/{}.snapshot.json", snapshot.version), &bytes);
    let meta = registry::roles::MetaFile::of(snapshot.version, &bytes);
    timestamp.meta = TimestampRole::meta_of(meta);
    intruder.write("metadata/timestamp.json", &sign("timestamp", &timestamp, &[key(10)]));
    expect_unsigned(renew());
    intruder.write("metadata/timestamp.json", &whole);
    renew().expect("all of it is signed again");
}

#[test]
fn an_entry_is_no_longer_than_it_may_be() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let long = "registry://core_migrations/long/1_2";
    for (length, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let mut targets = intruder.targets("core_migrations");
        targets.targets.retain(|path, _| !path.contains("/long/"));
        let (path, file) = intruder.target(long);
        let digest = file.hashes.name().expect("a digest");
        let short = format!("targets/core_migrations/long/1_2/{digest}.entry.json");
        let mut entry = intruder.read(&short);
        entry.resize(length, b' ');
        let file = TargetFile::of(&entry);
        let digest = file.hashes.name().expect("a digest");
        intruder.write(&format!("targets/core_migrations/long/1_2/{digest}.entry.json"), &entry);
        targets.targets.insert(path, file);
        intruder.publish("core_migrations", targets, &[20]);
        let reader = SignedRegistry::new(files.clone(), "/registry", "/new", "/cache/new");
        reader.pin(&intruder.read("metadata/1.root.json")).expect("pinned");
        let found = reader.find(&name(long), Reach::Registry, moment(0));
        match found {
            Ok(_) => assert!(fits, "{length}"),
            Err(RegistryError::Role(RoleError::Bytes { why, .. })) => {
                assert_eq!((why, fits), ("it is longer than an entry may be", false));
            }
            Err(error) => panic!("{error}"),
        }
        let path = TreePath::new("trust.json").expect("a path");
        files.remove_file(Place::new(Path::new("/new"), &path)).expect("it was kept");
    }
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("the others are as they were");
}

#[test]
fn a_publication_expires_with_its_role() {
    let (files, reader) = ready();
    for days in 1..=185 {
        keeper(&files).renew(&Hands::of(&[10]).all(), moment(days)).expect("renewed");
    }
    let error = reader.find(&name(NAME), Reach::Registry, moment(185)).expect_err("expired");
    let RegistryError::Role(RoleError::Expired { role, .. }) = error else { panic!("{error}") };
    assert_eq!(role, "core_migrations");
    keeper(&files)
        .resign("core_migrations", &Hands::of(&[20]).all(), moment(185))
        .expect("signed anew");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(185)).expect("renewed");
    reader.find(&name(NAME), Reach::Registry, moment(185)).expect("fresh again");
}

#[test]
fn only_the_offline_keys_give_namespaces_away() {
    let (files, reader) = ready();
    for seeds in [&[10][..], &[20, 21], &[1, 10], &[1, 1]] {
        let hands = Hands::of(seeds);
        expect_too_few(keeper(&files).delegate("new", &set(&[20], 1), &hands.all(), moment(0)));
    }
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("targets");
    let delegations = targets.delegations.as_mut().expect("there");
    let role = &mut delegations.roles[0];
    role.keys = registry::roles::RoleKeys::new(&[key(23).public_key()], number(1));
    let public = key(23).public_key();
    delegations.keys.insert(public.id(), registry::roles::Key::new(&public));
    intruder.publish("targets", targets, &[1, 10, 20, 23]);
    expect_unsigned(reader.find(&name(NAME), Reach::Registry, moment(0)));
}

#[test]
fn what_is_published_keeps_its_bytes() {
    let (files, reader) = ready();
    assert!(publish(&files, NAME, "one", &[20]).expect("the same again"));
    let taken = publish(&files, NAME, "two", &[20]).expect_err("other bytes");
    assert!(matches!(taken, RegistryError::Taken(_)), "{taken}");
    let before = reader.trusted().expect("read").expect("trusted").versions();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    targets.targets.extend([intruder.target(NAME)]);
    intruder.publish("core_migrations", targets, &[20]);
    let error = reader.find(&name(NAME), Reach::Registry, moment(0)).expect_err("other bytes");
    assert!(matches!(error, RegistryError::Role(RoleError::Changed { .. })), "{error}");
    let after = reader.trusted().expect("read").expect("trusted").versions();
    assert_eq!(after["core_migrations"], before["core_migrations"]);
}

#[test]
fn what_is_published_is_not_taken_away() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    targets.targets.clear();
    intruder.publish("core_migrations", targets, &[20]);
    let error = reader.find(&name(NAME), Reach::Registry, moment(0)).expect_err("gone");
    assert!(matches!(error, RegistryError::Role(RoleError::Changed { .. })), "{error}");
}

#[test]
fn names_that_look_alike_are_refused() {
    let (files, _) = ready();
    let hands = Hands::of(&[1, 2]);
    for like in [
        "Core_Migrations",
        "core-migrations",
        "core.migrations",
        "coremigrations",
        "c0re_migrations",
        "core_migrat1ons",
        "core_rnigrations",
        "core_m\u{456}grations",
        "core_migrations\u{200b}",
        "metadata",
        "Targets",
        "b1obs",
        "root",
        "../up",
        "",
    ] {
        let given = keeper(&files).delegate(like, &set(&[22], 1), &hands.all(), moment(0));
        assert!(given.is_err(), "{like:?}");
    }
    for like in ["YourLib", "your_lib", "your-lib", "y0urlib", "yourl1b"] {
        let text = format!("registry://core_migrations/{like}/1.0_2.0");
        let error = publish(&files, &text, "two", &[20]).expect_err("it looks alike");
        assert!(matches!(error, RegistryError::Role(RoleError::Name { .. })), "{error}");
    }
}

#[test]
fn two_namespaces_that_look_alike_are_refused_by_who_reads() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("targets");
    let delegations = targets.delegations.as_mut().expect("there");
    let mut role = delegations.roles[1].clone();
    role.name = "Core-Migrations".to_owned();
    role.paths = Some(vec!["Core-Migrations/*/*/entry.json".to_owned()]);
    delegations.roles.push(role);
    intruder.publish("targets", targets, &[1, 2]);
    let error = reader.find(&name(NAME), Reach::Registry, moment(0)).expect_err("two alike");
    assert!(matches!(error, RegistryError::Role(RoleError::Alike { .. })), "{error}");
}

#[test]
fn what_another_role_publishes_under_a_namespace_is_refused() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let text = "registry://core_migrations/yourlib/2.0_3.0";
    let mut targets = intruder.targets("targets");
    targets.targets.extend([intruder.target(text)]);
    intruder.publish("targets", targets, &[1, 2]);
    let error = reader.find(&name(text), Reach::Registry, moment(0)).expect_err("by the top");
    assert!(matches!(error, RegistryError::Role(RoleError::Foreign { .. })), "{error}");
}

#[test]
fn an_entry_that_the_top_names_too_is_left_out() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let text = "registry://core_migrations/yourlib/2.0_3.0";
    for (role, seeds) in [("targets", &[1, 2][..]), ("core_migrations", &[20])] {
        let mut targets = intruder.targets(role);
        targets.targets.extend([intruder.target(text)]);
        intruder.publish(role, targets, seeds);
    }
    let listing = reader.list(Reach::Registry, moment(0)).expect("listed");
    assert_eq!(listing.entries.len(), 2, "{listing:?}");
}

#[test]
fn nobody_makes_current_what_takes_a_publication_away() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("core_migrations");
    targets.targets.clear();
    targets.version = number(targets.version.get() + 1);
    let path = format!("metadata/{}.core_migrations.json", targets.version);
    intruder.write(&path, &sign("core_migrations", &targets, &[key(20)]));
    let renewed = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("the others");
    let [refused] = &renewed.refused[..] else { panic!("{renewed:?}") };
    assert_eq!(refused.name(), "core_migrations");
    let error = &refused.error;
    assert!(matches!(error, RegistryError::Role(RoleError::Changed { .. })), "{error}");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("as it was");
}

#[test]
fn offline_keys_that_were_replaced_give_nothing_away_any_more() {
    let (files, reader) = ready();
    let hands = Hands::of(&[1, 2, 4, 5]);
    keeper(&files)
        .rotate_root(&set(&[4, 5], 2), &set(&[10], 1), &hands.all(), moment(0))
        .expect("rotated");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("targets");
    targets.version = number(targets.version.get() + 1);
    targets.delegations = None;
    let path = format!("metadata/{}.targets.json", targets.version);
    intruder.write(&path, &sign("targets", &targets, &[key(1), key(2), key(3)]));
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("it is not there");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("still given");
    let hands = Hands::of(&[4, 5]);
    keeper(&files)
        .delegate("new", &set(&[22], 1), &hands.all(), moment(0))
        .expect("on top of what is current");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("still given");
    assert!(intruder.targets("targets").delegations.is_some());
}

#[test]
fn a_threshold_of_publishers_must_sign() {
    let (files, reader) = ready();
    let hands = Hands::of(&[1, 3]);
    let publishers = set(&[24, 25, 26], 2);
    keeper(&files).delegate("shared", &publishers, &hands.all(), moment(0)).expect("given");
    let text = "registry://shared/lib/1_2";
    for seeds in [&[24][..], &[24, 24], &[24, 20]] {
        expect_too_few(publish(&files, text, "one", seeds));
    }
    publish(&files, text, "one", &[24, 26]).expect("two of three");
    reader.find(&name(text), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn keys_in_the_folder_are_those_that_were_given() {
    let (files, _) = ready();
    let root: RootRole = Intruder(&files).role("root", "metadata/root.json");
    assert_eq!(root.roles["root"].threshold, number(2));
    assert_eq!(root.roles["root"].keyids.len(), 3);
    let online = key(10).public_key().id();
    assert_eq!(root.roles["timestamp"].keyids, [online]);
    assert!(root.consistent_snapshot);
}
