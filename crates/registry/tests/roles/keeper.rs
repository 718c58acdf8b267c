//! Signing a registry, and what clients see of it: the whole way from the first root to a bundle.

use std::path::Path;
use std::sync::Arc;

use artifact::{ErrorKind, TreePath};
use host::{Files, MemoryFiles, Place};
use registry::roles::{FolderTransport, Transport as _, TransportError};
use registry::{
    EntryStatus, FolderRegistry, Reach, RegistryError, RegistryKind, RoleError, SignedRegistry,
};

use super::interruptions::{Hands, NAME, bundle, init, keeper, name, publish, reader, set};
use super::simulator::moment;

fn disk() -> Arc<dyn Files> {
    Arc::new(MemoryFiles::new())
}

/// A registry with one bundle, and a reader that trusts its root.
fn ready() -> (Arc<dyn Files>, SignedRegistry) {
    let files = disk();
    let root = init(&files).expect("a registry");
    publish(&files, NAME, "one", &[20]).expect("published");
    let reader = reader(&files);
    reader.pin(&root).expect("pinned");
    (files, reader)
}

fn role_error<T: std::fmt::Debug>(outcome: Result<T, RegistryError>) -> RoleError {
    match outcome.expect_err("refused") {
        RegistryError::Role(error) => error,
        error => panic!("{error}"),
    }
}

fn read(files: &Arc<dyn Files>, path: &str) -> Vec<u8> {
    let path = TreePath::new(path).expect("a path");
    files.read(Place::new(Path::new("/registry"), &path), 1 << 24).expect("there")
}

fn write(files: &Arc<dyn Files>, path: &str, bytes: &[u8]) {
    let path = TreePath::new(path).expect("a path");
    files.write(Place::new(Path::new("/registry"), &path), bytes, None).expect("written");
}

#[test]
fn what_cannot_be_read_is_not_taken_for_missing() {
    // A root that is there and is taken for missing would keep a reader at the one before.
    let (files, _) = ready();
    let transport = FolderTransport::new(files.clone(), "/registry");
    write(&files, "metadata/2.root.json", b"bytes");
    let whole = transport.fetch("metadata/2.root.json", 5).expect("it can be read");
    assert_eq!(whole.as_deref(), Some(&b"bytes"[..]));
    let long = transport.fetch("metadata/2.root.json", 4);
    assert!(matches!(long, Err(TransportError::TooLong(4))), "{long:?}");
    let missing = transport.fetch("metadata/3.root.json", 5);
    assert!(matches!(missing, Ok(None)), "{missing:?}");
    let folder = TreePath::new("metadata/4.root.json").expect("a path");
    files.create_folder(Place::new(Path::new("/registry"), &folder)).expect("a folder");
    let folder = transport.fetch("metadata/4.root.json", 5);
    assert!(matches!(folder, Err(TransportError::Failed(_))), "{folder:?}");
}

#[test]
fn what_a_publisher_signed_is_found_and_fetched() {
    let (_, reader) = ready();
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(found.listed.entry.name, name(NAME));
    assert_eq!(found.versions["core_migrations"], 1);
    assert!(found.expired.is_empty());
    assert_eq!(reader.fetch(&found, Reach::Registry).expect("whole"), bundle("one"));
    let short = name("registry://core_migrations/1.0_2.0");
    let same = reader.find(&short, Reach::Registry, moment(0)).expect("the only one");
    assert_eq!(same.listed, found.listed);
    let other = name("registry://core_migrations/other/1.0_2.0");
    let missing = reader.find(&other, Reach::Registry, moment(0));
    assert!(matches!(missing, Err(RegistryError::Missing(_))));
    let nowhere = name("registry://nowhere/other/1.0_2.0");
    let missing = reader.find(&nowhere, Reach::Registry, moment(0));
    assert!(matches!(missing, Err(RegistryError::Missing(_))));
}

#[test]
fn a_folder_says_whether_it_is_signed_and_a_signed_one_is_not_used_without_its_roles() {
    let files = disk();
    let plain = FolderRegistry::new(files.clone(), "/registry");
    assert_eq!(plain.kind().expect("looked at"), RegistryKind::Unsigned);
    plain.publish(&name(NAME), &bundle("one")).expect("a plain folder");
    init(&files).expect("it gets roles");
    assert_eq!(plain.kind().expect("looked at"), RegistryKind::Signed);
    let refused = |outcome: Result<(), RegistryError>| {
        let error = outcome.expect_err("it has roles");
        assert!(matches!(error, RegistryError::HasRoles), "{error}");
        assert_eq!(error.kind(), ErrorKind::User);
    };
    refused(plain.publish(&name(NAME), &bundle("two")).map(drop));
    refused(plain.find(&name(NAME)).map(drop));
    refused(plain.list().map(drop));
    let status = EntryStatus::Yanked;
    refused(plain.set_status(&name(NAME), status, "wrong", moment(0)).map(drop));
}

#[test]
fn what_lay_in_the_folder_before_it_had_roles_is_not_signed_by_them() {
    let files = disk();
    let plain = FolderRegistry::new(files.clone(), "/registry");
    plain.publish(&name(NAME), &bundle("one")).expect("a plain folder");
    let root = init(&files).expect("it gets roles");
    let reader = reader(&files);
    reader.pin(&root).expect("pinned");
    let missing = reader.find(&name(NAME), Reach::Registry, moment(0));
    assert!(matches!(missing, Err(RegistryError::Missing(_))));
}

#[test]
fn a_name_without_a_package_is_one_of_its_versions() {
    let (files, reader) = ready();
    publish(&files, "registry://core_migrations/yourlib/2.0_3.0", "two", &[20]).expect("published");
    let short = name("registry://core_migrations/1.0_2.0");
    let found = reader.find(&short, Reach::Registry, moment(0)).expect("the only one");
    assert_eq!(found.listed.entry.name, name(NAME));
    let other = name("registry://core_migrations/3.0_4.0");
    let missing = reader.find(&other, Reach::Registry, moment(0));
    assert!(matches!(missing, Err(RegistryError::Missing(_))));
    publish(&files, "registry://core_migrations/mylib/1.0_2.0", "mine", &[20]).expect("published");
    let several = reader.find(&short, Reach::Registry, moment(0));
    assert!(matches!(several, Err(RegistryError::Ambiguous { .. })));
}

#[test]
fn what_the_registry_does_not_have_is_left_out_of_a_list_only_offline() {
    let (files, reader) = ready();
    publish(&files, "registry://core_migrations/yourlib/2.0_3.0", "two", &[20]).expect("published");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    // The role is known, and one of its two entries was fetched.
    assert_eq!(reader.list(Reach::Cache, moment(0)).expect("listed").entries.len(), 1);
    assert_eq!(reader.list(Reach::Registry, moment(0)).expect("listed").entries.len(), 2);
    let folder = TreePath::new("targets/core_migrations/yourlib/2.0_3.0").expect("a path");
    for entry in files.list(Path::new("/registry"), Some(&folder)).expect("listed") {
        let path = TreePath::new(&format!("{folder}/{}", entry.name)).expect("a path");
        files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    }
    let listing = reader.list(Reach::Registry, moment(0)).expect("listed");
    assert_eq!((listing.entries.len(), listing.refused.len()), (1, 1), "it is named");
    let error = &listing.refused[0].error;
    assert!(matches!(error, RegistryError::Role(RoleError::Missing { .. })), "{error}");
}

#[test]
fn what_is_trusted_and_cannot_be_read_is_not_taken_for_nothing() {
    // Another root could be pinned over it.
    let files = disk();
    let root = init(&files).expect("a registry");
    let path = TreePath::new("trust.json/file").expect("a path");
    let state = Path::new("/state/registry");
    files.create_base(state).expect("a folder");
    files.create_parents(state, &path).expect("a folder");
    files.write(Place::new(state, &path), b"bytes", None).expect("written");
    let reader = reader(&files);
    assert!(matches!(reader.trusted(), Err(RegistryError::File(_))));
    assert!(matches!(reader.pin(&root), Err(RegistryError::File(_))));
}

#[test]
fn nothing_is_trusted_before_a_root_is_pinned() {
    let files = disk();
    init(&files).expect("a registry");
    let error = reader(&files).find(&name(NAME), Reach::Registry, moment(0)).expect_err("nothing");
    assert!(matches!(error, RegistryError::NothingTrusted), "{error}");
    let error = reader(&files).pin(b"{}").expect_err("no root");
    assert!(matches!(error, RegistryError::Role(RoleError::Malformed { .. })), "{error}");
}

#[test]
fn another_root_is_not_pinned_over_the_one_that_is_trusted() {
    let (_, reader) = ready();
    let elsewhere = disk();
    let hands = Hands::of(&[4, 5, 10]);
    let other = keeper(&elsewhere)
        .init(&set(&[4, 5], 2), &set(&[10], 1), &hands.all(), moment(0))
        .expect("another registry");
    let before = reader.trusted().expect("read").expect("pinned").versions();
    let refused = reader.pin(&other).expect_err("another one");
    assert!(matches!(refused, RegistryError::OtherRootTrusted), "{refused}");
    assert_eq!(reader.trusted().expect("read").expect("pinned").versions(), before);
}

#[test]
fn a_registry_that_loses_its_roles_is_not_taken_for_a_plain_one() {
    let (files, reader) = ready();
    reader.refresh(moment(0)).expect("fresh");
    let path = TreePath::new("metadata/root.json").expect("a path");
    files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    let error = reader.find(&name(NAME), Reach::Registry, moment(0)).expect_err("no roles");
    assert!(matches!(error, RegistryError::RolesGone), "{error}");
    let nowhere = SignedRegistry::new(files, "/nowhere", "/state/registry", "/cache/registry");
    let error = nowhere.find(&name(NAME), Reach::Registry, moment(0)).expect_err("no folder");
    assert_eq!(error.kind(), ErrorKind::Outside, "{error}");
}

#[test]
fn a_registry_is_signed_only_with_enough_keys() {
    let files = disk();
    for seeds in [&[1, 10][..], &[1, 2], &[10], &[]] {
        let hands = Hands::of(seeds);
        let made =
            keeper(&files).init(&set(&[1, 2, 3], 2), &set(&[10], 1), &hands.all(), moment(0));
        assert!(matches!(role_error(made), RoleError::TooFewKeys { .. }), "{seeds:?}");
    }
    let hands = Hands::of(&[1, 2, 10]);
    for offline in [set(&[1], 2), set(&[1, 1], 2)] {
        let made = keeper(&files).init(&offline, &set(&[10], 1), &hands.all(), moment(0));
        assert!(matches!(role_error(made), RoleError::Unfit { .. }));
    }
    let plain = FolderRegistry::new(files.clone(), "/registry");
    assert_eq!(plain.kind().expect("looked at"), RegistryKind::Unsigned);
    init(&files).expect("with two of three");
    let again = keeper(&files).init(&set(&[1], 1), &set(&[10], 1), &hands.all(), moment(0));
    assert!(matches!(again, Err(RegistryError::HasRoles)), "{again:?}");
}

#[test]
fn offline_nothing_but_what_was_fetched_is_used_and_only_while_it_is_fresh() {
    let (files, reader) = ready();
    let missing = reader.find(&name(NAME), Reach::Cache, moment(0));
    assert!(matches!(missing, Err(RegistryError::NotFetched(_))), "{missing:?}");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    reader.fetch(&found, Reach::Registry).expect("whole");
    let path = TreePath::new("metadata").expect("a path");
    for entry in files.list(Path::new("/registry"), Some(&path)).expect("listed") {
        let path = TreePath::new(&format!("metadata/{}", entry.name)).expect("a path");
        files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    }
    let cached = reader.find(&name(NAME), Reach::Cache, moment(0)).expect("fresh");
    assert_eq!(cached.listed, found.listed);
    assert_eq!(reader.fetch(&cached, Reach::Cache).expect("whole"), bundle("one"));
    assert_eq!(reader.list(Reach::Cache, moment(0)).expect("listed").entries.len(), 1);
    let late = reader.find(&name(NAME), Reach::Cache, moment(1));
    let error = role_error(late);
    assert!(matches!(&error, RoleError::Expired { role, .. } if role == "timestamp"), "{error}");
    let late = reader.find(&name(NAME), Reach::CacheEvenIfExpired, moment(10)).expect("asked for");
    let expired: Vec<&str> = late.expired.iter().map(|it| it.role.as_str()).collect();
    assert_eq!(expired, ["snapshot", "timestamp"]);
    assert_eq!(reader.fetch(&late, Reach::CacheEvenIfExpired).expect("whole"), bundle("one"));
}

#[test]
fn a_damaged_cache_is_noticed() {
    let (files, reader) = ready();
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    reader.fetch(&found, Reach::Registry).expect("whole");
    let digest = artifact::Digest::of(b"one").hex();
    let path = TreePath::new(&format!("blobs/{}/{digest}", &digest[..2])).expect("a path");
    let place = Place::new(Path::new("/cache/registry"), &path);
    files.write(place, b"two", None).expect("written");
    let cached = reader.find(&name(NAME), Reach::Cache, moment(0)).expect("fresh");
    let error = reader.fetch(&cached, Reach::Cache).expect_err("damaged");
    assert!(matches!(error, RegistryError::Damaged { .. }), "{error}");
}

#[test]
fn a_mirror_is_a_registry_with_the_same_roles() {
    let (files, reader) = ready();
    publish(&files, "registry://core_migrations/yourlib/2.0_3.0", "two", &[20]).expect("published");
    let mirrored = reader.mirror(Path::new("/mirror"), moment(0)).expect("verified");
    assert_eq!((mirrored.entries, mirrored.refused.len()), (2, 0));
    let other = SignedRegistry::new(files.clone(), "/mirror", "/other/state", "/other/cache");
    other.pin(&read(&files, "metadata/1.root.json")).expect("pinned");
    let found = other.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(other.fetch(&found, Reach::Registry).expect("whole"), bundle("one"));
    assert_eq!(other.list(Reach::Registry, moment(0)).expect("listed").entries.len(), 2);
    let again = reader.mirror(Path::new("/mirror"), moment(0)).expect("nothing is new");
    assert_eq!(again.entries, 2);
}

#[test]
fn what_was_yanked_is_named_and_not_given() {
    let (files, reader) = ready();
    let publisher = Hands::of(&[20]);
    for (status, is_given) in [(EntryStatus::Deprecated, true), (EntryStatus::Yanked, false)] {
        keeper(&files)
            .set_status(&name(NAME), status, "wrong", &publisher.all(), moment(0))
            .expect("said");
        keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
        let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
        assert_eq!(found.listed.status(), status);
        assert_eq!(reader.fetch(&found, Reach::Registry).is_ok(), is_given);
    }
    let listing = reader.list(Reach::Registry, moment(0)).expect("listed");
    assert_eq!(listing.entries[0].listed.status(), EntryStatus::Yanked);
    let other = Hands::of(&[21]);
    let status = EntryStatus::Published;
    let foreign = keeper(&files).set_status(&name(NAME), status, "", &other.all(), moment(0));
    assert!(matches!(role_error(foreign), RoleError::TooFewKeys { .. }));
}

#[test]
fn a_new_root_is_followed_from_the_first_one() {
    let (files, reader) = ready();
    reader.refresh(moment(0)).expect("fresh");
    let hands = Hands::of(&[1, 2, 4, 5, 11]);
    keeper(&files)
        .rotate_root(&set(&[4, 5, 6], 2), &set(&[11], 1), &hands.all(), moment(1))
        .expect("rotated");
    let stale = reader.find(&name(NAME), Reach::Registry, moment(0));
    assert!(matches!(role_error(stale), RoleError::Unsigned { .. }), "the old key is online");
    let old = keeper(&files).renew(&Hands::of(&[10]).all(), moment(1));
    assert!(matches!(role_error(old), RoleError::TooFewKeys { .. }));
    keeper(&files).renew(&Hands::of(&[11]).all(), moment(1)).expect("renewed");
    let found = reader.find(&name(NAME), Reach::Registry, moment(1)).expect("signed");
    assert_eq!(found.versions["root"], 2);
    let hands = Hands::of(&[1, 2, 11]);
    let by_old =
        keeper(&files).rotate_root(&set(&[1, 2], 2), &set(&[11], 1), &hands.all(), moment(1));
    assert!(matches!(role_error(by_old), RoleError::TooFewKeys { .. }));
    let by_old =
        keeper(&files).delegate("others", &set(&[21], 1), &Hands::of(&[1, 2]).all(), moment(1));
    assert!(matches!(role_error(by_old), RoleError::TooFewKeys { .. }));
    keeper(&files)
        .delegate("others", &set(&[21], 1), &Hands::of(&[4, 6]).all(), moment(1))
        .expect("by the new keys");
}

#[test]
fn renewing_keeps_a_registry_fresh() {
    let (files, reader) = ready();
    let online = Hands::of(&[10]);
    for days in 1..20 {
        keeper(&files).renew(&online.all(), moment(days)).expect("renewed");
        let found = reader.find(&name(NAME), Reach::Registry, moment(days)).expect("fresh");
        assert_eq!(found.versions["timestamp"], 3 + days.unsigned_abs());
    }
    let versions = reader.trusted().expect("read").expect("trusted").versions();
    assert!(versions["snapshot"] < 12, "a snapshot is renewed only when half of its time is over");
    let late = reader.find(&name(NAME), Reach::Registry, moment(20));
    assert!(matches!(role_error(late), RoleError::Expired { .. }));
    write(&files, "metadata/timestamp.json", b"{}");
    assert!(keeper(&files).renew(&online.all(), moment(20)).is_err());
}

#[test]
fn what_was_never_fetched_is_not_taken_for_damaged() {
    let (_, reader) = ready();
    let expect = |error: RegistryError| {
        assert!(matches!(&error, RegistryError::NotFetched(it) if *it == name(NAME)), "{error}");
        assert_eq!(error.kind(), ErrorKind::User);
        assert_eq!(error.hint(), "fetch it once without --offline");
    };
    reader.refresh(moment(0)).expect("fresh");
    // Neither the entry nor its namespace was looked at.
    expect(reader.find(&name(NAME), Reach::Cache, moment(0)).expect_err("not fetched"));
    // A list keeps the entry, and not the files that it names.
    assert_eq!(reader.list(Reach::Registry, moment(0)).expect("listed").entries.len(), 1);
    let found = reader.find(&name(NAME), Reach::Cache, moment(0)).expect("listed before");
    for reach in [Reach::Cache, Reach::CacheEvenIfExpired] {
        expect(reader.fetch(&found, reach).expect_err("not fetched"));
    }
    reader.fetch(&found, Reach::Registry).expect("whole");
    assert_eq!(reader.fetch(&found, Reach::Cache).expect("kept"), bundle("one"));
}

#[test]
fn a_damaged_file_of_what_is_trusted_is_named_with_what_to_do() {
    let (files, reader) = ready();
    let path = TreePath::new("trust.json").expect("a path");
    let place = Place::new(Path::new("/state/registry"), &path);
    let whole = files.read(place, 1 << 24).expect("there");
    let unsigned = String::from_utf8(whole.clone()).expect("a text").replace("sig", "gis");
    for damaged in [&b"{}"[..], b"", &whole[1..], unsigned.as_bytes()] {
        files.write(place, damaged, None).expect("written");
        let error = reader.find(&name(NAME), Reach::Registry, moment(0)).expect_err("damaged");
        let there = matches!(&error, RegistryError::Trust { path, .. } if *path == place.to_path());
        assert!(there, "{error}");
        assert!(error.to_string().contains("/state/registry/trust.json"), "{error}");
        assert!(error.hint().contains("registry trust FILE"), "{}", error.hint());
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    files.write(place, &whole, None).expect("put back");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn metadata_is_signed_no_longer_than_it_may_be() {
    let (files, reader) = ready();
    let hands = Hands::of(&[20]);
    let say = |reason: &str| {
        let status = EntryStatus::Yanked;
        keeper(&files).set_status(&name(NAME), status, reason, &hands.all(), moment(0))
    };
    let error = role_error(say(&"x".repeat(5 << 20)));
    assert!(matches!(&error, RoleError::Unfit { why, .. } if why.contains("longer")), "{error}");
    say("wrong").expect("short");
    keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(found.listed.status(), EntryStatus::Yanked);
}
