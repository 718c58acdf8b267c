//! What follows after a key of the snapshot and the timestamp was stolen and replaced: nothing that
//! the thief signed is built upon, however far it went ahead.

use std::num::NonZeroU64;
use std::sync::Arc;

use host::Files;
use registry::roles::{MetaFile, SnapshotRole, TimestampRole};
use registry::{
    Lifetimes, Reach, RegistryError, RegistryKeeper, Renewed, RoleError, SignedRegistry,
};

use super::interruptions::{Hands, NAME, keeper, name, publish, set};
use super::publishing::{Intruder, ready};
use super::simulator::{key, moment, number, sign};

const NEXT: &str = "registry://core_migrations/yourlib/2.0_3.0";

/// Shows this snapshot as the current one, with this version of the timestamp, signed by one key.
fn show(files: &Arc<dyn Files>, snapshot: &SnapshotRole, timestamp: NonZeroU64, seed: u8) {
    let intruder = Intruder(files);
    let bytes = sign("snapshot", snapshot, &[key(seed)]);
    intruder.write(&format!("metadata/{}.snapshot.json", snapshot.version), &bytes);
    let mut shown: TimestampRole = intruder.role("timestamp", "metadata/timestamp.json");
    shown.version = timestamp;
    shown.meta = TimestampRole::meta_of(MetaFile::of(snapshot.version, &bytes));
    intruder.write("metadata/timestamp.json", &sign("timestamp", &shown, &[key(seed)]));
}

/// Replaces the online key 10 by key 11, and gives the new root.
fn rotate(files: &Arc<dyn Files>) -> Vec<u8> {
    let hands = Hands::of(&[1, 2, 11]);
    keeper(files)
        .rotate_root(&set(&[1, 2, 3], 2), &set(&[11], 1), &hands.all(), moment(0))
        .expect("rotated")
}

fn renew(files: &Arc<dyn Files>) -> Result<Renewed, RegistryError> {
    keeper(files).renew(&Hands::of(&[11]).all(), moment(0))
}

fn timestamp(files: &Arc<dyn Files>) -> u64 {
    let shown: TimestampRole = Intruder(files).role("timestamp", "metadata/timestamp.json");
    shown.version.get()
}

/// Somebody who signs on another machine and trusts this root, and nothing else yet.
fn newcomer(files: &Arc<dyn Files>, root: &[u8]) -> (RegistryKeeper, SignedRegistry) {
    let reader = SignedRegistry::new(files.clone(), "/registry", "/state/new", "/cache/new");
    reader.pin(root).expect("pinned");
    (RegistryKeeper::new(reader.clone(), Lifetimes::default()), reader)
}

/// A snapshot that leaves out what was published last, and names what nobody signed.
fn forged(files: &Arc<dyn Files>) -> SnapshotRole {
    let intruder = Intruder(files);
    let mut forged = intruder.snapshot();
    publish(files, NEXT, "two", &[20]).expect("published");
    forged.version = number(intruder.snapshot().version.get() + 1);
    forged.meta.insert("forged.json".to_owned(), MetaFile::of(number(7), b"{}"));
    forged
}

#[test]
fn a_snapshot_by_a_key_that_was_replaced_is_no_base() {
    for knows_nothing in [false, true] {
        let (files, reader) = ready();
        let forged = forged(&files);
        let root = rotate(&files);
        show(&files, &forged, number(50), 10);
        let (new, _) = newcomer(&files, &root);
        let own = if knows_nothing { new } else { keeper(&files) };
        let renewed = own.renew(&Hands::of(&[11]).all(), moment(0)).expect("renewed");
        assert!(renewed.refused.is_empty(), "{renewed:?}");
        let snapshot = Intruder(&files).snapshot();
        assert_eq!((timestamp(&files), snapshot.version), (1, number(1)), "both begin anew");
        let names: Vec<&str> = snapshot.meta.keys().map(String::as_str).collect();
        assert_eq!(names, ["core_migrations.json", "others.json", "targets.json"]);
        assert_eq!(snapshot.meta["core_migrations.json"].version, number(2));
        reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("it is still there");
    }
}

#[test]
fn a_version_that_a_thief_moved_to_the_end_is_left_behind_with_their_key() {
    let (files, reader) = ready();
    let mut last = Intruder(&files).snapshot();
    last.version = NonZeroU64::MAX;
    show(&files, &last, NonZeroU64::MAX, 10);
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed by a good key so far");
    let stuck = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0));
    assert!(matches!(stuck, Err(RegistryError::Role(RoleError::Unfit { .. }))), "{stuck:?}");
    rotate(&files);
    renew(&files).expect("with the new key");
    assert_eq!(timestamp(&files), 1);
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("readers begin anew, too");
    publish(&files, NEXT, "two", &[20]).expect_err("the old key renews nothing");
    renew(&files).expect("renewed");
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn what_the_old_key_signs_later_makes_nothing_begin_anew() {
    let (files, reader) = ready();
    let old = forged(&files);
    rotate(&files);
    for _ in 0..3 {
        renew(&files).expect("renewed");
    }
    reader.refresh(moment(0)).expect("fresh");
    show(&files, &old, number(1000), 10);
    renew(&files).expect("it is not there");
    assert_eq!(timestamp(&files), 4);
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("it goes on");
}

#[test]
fn what_a_former_publisher_signed_is_no_base_where_only_a_lost_key_says_so() {
    let (files, _) = ready();
    let intruder = Intruder(&files);
    let hands = Hands::of(&[1, 2]);
    keeper(&files)
        .delegate("core_migrations", &set(&[22], 1), &hands.all(), moment(0))
        .expect("given to another");
    let mut targets = intruder.targets("core_migrations");
    targets.version = number(2);
    targets.targets.extend([intruder.target(NEXT)]);
    let bytes = sign("core_migrations", &targets, &[key(20)]);
    intruder.write("metadata/2.core_migrations.json", &bytes);
    let root = rotate(&files);
    let mut forged = intruder.snapshot();
    forged.version = number(20);
    let meta = MetaFile::of(number(2), &bytes);
    forged.meta.insert("core_migrations.json".to_owned(), meta);
    show(&files, &forged, number(50), 10);
    let (new, _) = newcomer(&files, &root);
    let signed = new.resign("core_migrations", &Hands::of(&[22]).all(), moment(0));
    let error = signed.expect_err("what was there cannot be verified");
    assert!(matches!(error, RegistryError::Role(RoleError::Unsigned { .. })), "{error}");
    // A snapshot without the namespace would take away what is published there.
    let renewed = new.renew(&Hands::of(&[11]).all(), moment(0));
    let error = renewed.expect_err("how it was is not known here");
    assert!(matches!(error, RegistryError::Role(RoleError::Unsigned { .. })), "{error}");
    // Who knows what was current goes on from there.
    renew(&files).expect("renewed");
    new.resign("core_migrations", &Hands::of(&[22]).all(), moment(0)).expect("signed");
    renew(&files).expect("renewed");
    assert_eq!(intruder.targets("core_migrations").targets.len(), 1);
}

#[test]
fn a_namespace_is_not_older_than_the_snapshot_that_is_known_says() {
    let (files, _) = ready();
    let intruder = Intruder(&files);
    let root = intruder.read("metadata/1.root.json");
    let (own, trust) = newcomer(&files, &root);
    let mut old = forged(&files);
    // It looked at what is current, and never at the namespace itself.
    trust.refresh(moment(0)).expect("fresh");
    old.version = number(intruder.snapshot().version.get() + 1);
    show(&files, &old, number(timestamp(&files) + 1), 10);
    intruder.write("metadata/2.core_migrations.json", b"{}");
    let signed = own.resign("core_migrations", &Hands::of(&[20]).all(), moment(0));
    let error = signed.expect_err("it was seen newer");
    assert!(matches!(error, RegistryError::Role(RoleError::Rollback { .. })), "{error}");
}

#[test]
fn a_key_that_was_only_added_makes_nothing_begin_anew() {
    let (files, reader) = ready();
    let before = timestamp(&files);
    let hands = Hands::of(&[1, 2, 10, 11]);
    keeper(&files)
        .rotate_root(&set(&[1, 2, 3], 2), &set(&[10, 11], 2), &hands.all(), moment(0))
        .expect("rotated");
    keeper(&files).renew(&Hands::of(&[10, 11]).all(), moment(0)).expect("renewed");
    assert_eq!(timestamp(&files), before + 1);
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("it goes on");
}

#[test]
fn what_a_thief_showed_is_left_behind_by_those_who_had_seen_it() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut ahead = intruder.snapshot();
    ahead.version = number(ahead.version.get() + 1);
    let meta = ahead.meta.get_mut("core_migrations.json").expect("it is listed");
    meta.version = number(1_000_000);
    (meta.length, meta.hashes) = (None, None);
    show(&files, &ahead, number(timestamp(&files) + 1), 10);
    reader.refresh(moment(0)).expect("signed by a good key so far");
    rotate(&files);
    publish(&files, NEXT, "two", &[20]).expect_err("the old key renews nothing");
    let renewed = renew(&files).expect("renewed");
    assert!(renewed.refused.is_empty(), "{renewed:?}");
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn what_a_stranger_put_in_the_place_of_a_first_version_stops_nobody() {
    let (files, _) = ready();
    let intruder = Intruder(&files);
    let hands = Hands::of(&[1, 2]);
    keeper(&files)
        .delegate("fresh_space", &set(&[20], 1), &hands.all(), moment(0))
        .expect("delegated");
    let stranger = intruder.targets("core_migrations");
    let bytes = sign("fresh_space", &stranger, &[key(66)]);
    intruder.write("metadata/1.fresh_space.json", &bytes);
    keeper(&files).resign("fresh_space", &Hands::of(&[20]).all(), moment(0)).expect("signed");
}

#[test]
fn a_version_that_a_thief_named_and_nobody_signed_hides_no_other() {
    let (files, reader) = ready();
    let mut forged = forged(&files);
    let meta = forged.meta.get_mut("core_migrations.json").expect("it is listed");
    meta.version = number(9);
    (meta.length, meta.hashes) = (None, None);
    let root = rotate(&files);
    show(&files, &forged, number(50), 10);
    let (new, _) = newcomer(&files, &root);
    let renewed = new.renew(&Hands::of(&[11]).all(), moment(0)).expect("renewed");
    assert!(renewed.refused.is_empty(), "{renewed:?}");
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("it is still there");
}
