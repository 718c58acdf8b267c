//! What those who sign believe of the folder: nothing but what follows from the root that they
//! trust, and what lies there otherwise does not stop them.

use std::path::Path;
use std::sync::Arc;

use artifact::{ErrorKind, Sha256, Timestamp, TreePath};
use host::{Files, MemoryFiles, Place};
use ledger::{KeyId, Signer as _};
use registry::roles::{RootRole, TimestampRole};
use registry::{
    EntryStatus, FolderRegistry, KeySet, Lifetimes, Reach, RegistryError, RegistryKeeper,
    RegistryKind, RoleError, RootKeys, SignedRegistry,
};

use super::interruptions::{Hands, NAME, bundle, init, keeper, name, publish, reader, set};
use super::publishing::{Intruder, OTHER, ready};
use super::simulator::{key, moment, number, sign};

const NEXT: &str = "registry://core_migrations/yourlib/2.0_3.0";
const SHORT: &str = "registry://core_migrations/1.0_2.0";

/// Somebody else who signs, and trusts what lies in this folder of theirs.
fn keeper_of(files: &Arc<dyn Files>, trust: &str) -> (RegistryKeeper, SignedRegistry) {
    let reader = SignedRegistry::new(files.clone(), "/registry", trust, "/cache/other");
    (RegistryKeeper::new(reader.clone(), Lifetimes::default()), reader)
}

fn metadata(files: &Arc<dyn Files>) -> Vec<(TreePath, Vec<u8>)> {
    let folder = TreePath::new("metadata").expect("a path");
    let listed = files.list(Path::new("/registry"), Some(&folder)).expect("listed");
    let read = |name: String| {
        let path = TreePath::new(&format!("metadata/{name}")).expect("a path");
        let bytes = files.read(Place::new(Path::new("/registry"), &path), 1 << 24).expect("there");
        (path, bytes)
    };
    listed.into_iter().map(|entry| read(entry.name)).collect()
}

/// Puts this metadata in the place of what is there.
fn replace(files: &Arc<dyn Files>, by: &[(TreePath, Vec<u8>)]) {
    for (path, _) in metadata(files) {
        files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    }
    for (path, bytes) in by {
        files.write(Place::new(Path::new("/registry"), path), bytes, None).expect("written");
    }
}

/// What everybody who signs comes to, each with all keys.
fn all_that_sign(keeper: &RegistryKeeper, at: Timestamp) -> Vec<Result<(), RegistryError>> {
    let hands = Hands::of(&[1, 2, 3, 10, 20]);
    let hands = hands.all();
    let yanked = EntryStatus::Yanked;
    vec![
        keeper.publish(&name(NEXT), &bundle("two"), &hands, at).map(drop),
        keeper.set_status(&name(NAME), yanked, "wrong", &hands, at).map(drop),
        keeper.resign("core_migrations", &hands, at),
        keeper.delegate("new", &set(&[22], 1), &hands, at),
        keeper.rotate_root(&set(&[1, 2], 2), &set(&[10], 1), &hands, at).map(drop),
        keeper.renew(&hands, at).map(drop),
        keeper.root_keys().map(drop),
    ]
}

fn role_error<T: std::fmt::Debug>(outcome: Result<T, RegistryError>) -> RoleError {
    match outcome.expect_err("refused") {
        RegistryError::Role(error) => error,
        error => panic!("{error}"),
    }
}

#[test]
fn who_trusts_no_root_signs_nothing() {
    let (files, _) = ready();
    let before = metadata(&files);
    let (stranger, _) = keeper_of(&files, "/state/stranger");
    for outcome in all_that_sign(&stranger, moment(0)) {
        assert!(matches!(outcome, Err(RegistryError::NothingTrusted)), "{outcome:?}");
    }
    assert_eq!(metadata(&files), before);
}

#[test]
fn roles_of_somebody_else_in_the_folder_get_no_signature() {
    let (files, _) = ready();
    let theirs: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let hands = Hands::of(&[31, 32]);
    let intruder = keeper(&theirs);
    intruder.init(&set(&[31], 1), &set(&[32], 1), &hands.all(), moment(0)).expect("their own");
    for namespace in ["core_migrations", "others"] {
        let publishers = set(&[20, 31], 1);
        intruder.delegate(namespace, &publishers, &hands.all(), moment(0)).expect("given");
    }
    intruder.renew(&hands.all(), moment(0)).expect("renewed");
    replace(&files, &metadata(&theirs));
    let before = metadata(&files);
    for outcome in all_that_sign(&keeper(&files), moment(0)) {
        let error = role_error(outcome);
        assert!(matches!(error, RoleError::OtherRoots { version: 1 }), "{error}");
    }
    assert_eq!(metadata(&files), before);
}

#[test]
fn what_follows_is_signed_although_the_root_that_is_trusted_came_later() {
    let (files, _) = ready();
    let hands = Hands::of(&[1, 2, 11]);
    let root = keeper(&files)
        .rotate_root(&set(&[1, 2, 3], 2), &set(&[11], 1), &hands.all(), moment(0))
        .expect("rotated");
    // What is current is still signed by the old key, of which this one never heard.
    let (later, trust) = keeper_of(&files, "/state/later");
    trust.pin(&root).expect("pinned");
    later.renew(&Hands::of(&[11]).all(), moment(0)).expect("renewed");
    trust.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn a_root_that_only_claims_to_be_older_than_the_trusted_one_gives_nobody_rights() {
    let (files, _) = ready();
    let hands = Hands::of(&[1, 2, 11]);
    let root = keeper(&files)
        .rotate_root(&set(&[1, 2, 3], 2), &set(&[11], 1), &hands.all(), moment(0))
        .expect("rotated");
    let (later, trust) = keeper_of(&files, "/state/later");
    trust.pin(&root).expect("pinned");
    let intruder = Intruder(&files);
    let mut forged: RootRole = intruder.role("root", "metadata/1.root.json");
    // Key 1 signed the second root, so it is one that follows this one.
    let [own, known] = [key(40), key(1)].map(|key| key.public_key());
    let keys = [own, known].map(|key| (key.id(), registry::roles::Key::new(&key)));
    forged.keys.extend(keys);
    for keys in forged.roles.values_mut() {
        *keys = registry::roles::RoleKeys::new(&[own, known], number(1));
    }
    intruder.write("metadata/1.root.json", &sign("root", &forged, &[key(40)]));
    let mut timestamp: TimestampRole = intruder.role("timestamp", "metadata/timestamp.json");
    timestamp.version = number(1 << 40);
    intruder.write("metadata/timestamp.json", &sign("timestamp", &timestamp, &[key(40)]));
    let error = role_error(later.renew(&Hands::of(&[11]).all(), moment(0)));
    assert!(matches!(&error, RoleError::Unsigned { role, .. } if role == "timestamp"), "{error}");
}

#[test]
fn nobody_signs_on_top_of_an_old_copy() {
    let (files, _) = ready();
    let old = metadata(&files);
    publish(&files, NEXT, "two", &[20]).expect("published");
    let (own, trust) = keeper_of(&files, "/state/keeper");
    trust.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
    replace(&files, &old);
    for outcome in all_that_sign(&own, moment(0)) {
        let error = role_error(outcome);
        assert!(matches!(error, RoleError::Rollback { .. }), "{error}");
    }
    assert_eq!(metadata(&files), old);
}

#[test]
fn a_namespace_that_was_seen_newer_is_not_signed_on_top_of_an_older_version() {
    let (files, _) = ready();
    let (own, trust) = keeper_of(&files, "/state/keeper");
    let intruder = Intruder(&files);
    let (before, snapshot) = (intruder.targets("core_migrations"), intruder.snapshot());
    publish(&files, NEXT, "two", &[20]).expect("published");
    trust.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
    // Who has the online key shows the old version again, under a new snapshot.
    let mut shown = intruder.snapshot();
    shown.version = number(shown.version.get() + 1);
    shown.meta = snapshot.meta;
    let bytes = sign("snapshot", &shown, &[key(10)]);
    intruder.write(&format!("metadata/{}.snapshot.json", shown.version), &bytes);
    let mut timestamp: TimestampRole = intruder.role("timestamp", "metadata/timestamp.json");
    timestamp.version = number(timestamp.version.get() + 1);
    let meta = registry::roles::MetaFile::of(shown.version, &bytes);
    timestamp.meta = TimestampRole::meta_of(meta);
    intruder.write("metadata/timestamp.json", &sign("timestamp", &timestamp, &[key(10)]));
    let newer = format!("metadata/{}.core_migrations.json", before.version.get() + 1);
    intruder.write(&newer, b"{}");
    let error = role_error(own.resign("core_migrations", &Hands::of(&[20]).all(), moment(0)));
    assert!(
        matches!(&error, RoleError::Rollback { role, .. } if role == "core_migrations"),
        "{error}"
    );
}

#[test]
fn what_a_publisher_had_signed_and_nobody_saw_ends_with_their_delegation() {
    let (files, reader) = ready();
    let pending = Hands::of(&[20]);
    keeper(&files)
        .publish(&name(NEXT), &bundle("two"), &pending.all(), moment(0))
        .expect("signed, and not shown");
    let hands = Hands::of(&[1, 2]);
    let publishers = set(&[22], 1);
    keeper(&files)
        .delegate("core_migrations", &publishers, &hands.all(), moment(0))
        .expect("given to another");
    let online = Hands::of(&[10]);
    for _ in 0..2 {
        let renewed = keeper(&files).renew(&online.all(), moment(0)).expect("renewed");
        assert!(renewed.refused.is_empty(), "{renewed:?}");
    }
    // The first thing that the new publisher does may be to take something out of use.
    let new = Hands::of(&[22]);
    let yanked = EntryStatus::Yanked;
    let listed = keeper(&files)
        .set_status(&name(SHORT), yanked, "they lost their key", &new.all(), moment(0))
        .expect("signed by the new publisher");
    assert_eq!((listed.entry.name.clone(), listed.status()), (name(NAME), yanked));
    keeper(&files).renew(&online.all(), moment(0)).expect("renewed");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed again");
    assert_eq!(found.listed.status(), yanked);
    let hidden = reader.find(&name(NEXT), Reach::Registry, moment(0));
    assert!(matches!(hidden, Err(RegistryError::Missing(_))), "{hidden:?}");
    publish(&files, NEXT, "other", &[22]).expect("the name is free");
}

#[test]
fn what_lies_under_the_name_of_the_next_version_stops_nobody() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let current = |role: &str| {
        let version = intruder.targets(role).version;
        (version, intruder.read(&format!("metadata/{version}.{role}.json")))
    };
    for role in ["core_migrations", "targets"] {
        let (version, copy) = current(role);
        for junk in [b"{}".to_vec(), Vec::new(), vec![b' '; (5 << 20) + 1], copy.clone()] {
            intruder.write(&format!("metadata/{}.{role}.json", version.get() + 1), &junk);
            let renewed = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0));
            assert!(renewed.expect("renewed").refused.is_empty());
            assert_eq!(current(role), (version, copy.clone()));
        }
    }
    publish(&files, NEXT, "two", &[20]).expect("published");
    publish(&files, "registry://others/lib/2_3", "two", &[21]).expect("published");
    let hands = Hands::of(&[1, 2]);
    keeper(&files).delegate("new", &set(&[22], 1), &hands.all(), moment(0)).expect("given");
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
}

#[test]
fn a_folder_or_a_link_under_the_name_of_the_next_version_stops_only_who_signs_that_version() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    for is_link in [false, true] {
        for role in ["core_migrations", "targets"] {
            let version = intruder.targets(role).version.get() + 1;
            let path = format!("metadata/{version}.{role}.json");
            let path = TreePath::new(&path).expect("a path");
            let place = Place::new(Path::new("/registry"), &path);
            if is_link {
                files.symlink(place, Path::new("/elsewhere")).expect("a link");
            } else {
                files.create_folder(place).expect("a folder");
            }
            let renewed = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0));
            assert!(renewed.expect("renewed").refused.is_empty(), "{path}");
            reader.find(&name(NAME), Reach::Registry, moment(0)).expect("fresh");
            let hands = Hands::of(&[1, 2, 20]);
            let signed = if role == "targets" {
                keeper(&files).delegate("new", &set(&[22], 1), &hands.all(), moment(0))
            } else {
                keeper(&files).resign(role, &hands.all(), moment(0))
            };
            let error = signed.expect_err("it cannot be written there");
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            let hint = if is_link { "replace the link" } else { "move away" };
            assert!(error.hint().contains(hint), "{}", error.hint());
            let RegistryError::File(error) = error else { panic!("{error}") };
            assert_eq!(error.path, place.to_path());
            if is_link {
                files.remove_file(place).expect("gone");
            } else {
                files.remove_folder(place).expect("gone");
            }
        }
    }
    publish(&files, NEXT, "two", &[20]).expect("nothing is in the way");
}

#[test]
fn a_namespace_that_cannot_be_verified_is_named_and_the_others_are_renewed() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let targets = intruder.targets("core_migrations");
    intruder.publish("core_migrations", targets, &[10]);
    let renewed = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect("renewed");
    let names: Vec<String> = renewed.refused.iter().map(registry::Refused::name).collect();
    assert_eq!(names, ["core_migrations"]);
    publish(&files, "registry://others/lib/2_3", "two", &[21]).expect("published");
    reader.find(&name(OTHER), Reach::Registry, moment(0)).expect("fresh");
}

#[test]
fn what_has_expired_can_be_yanked_and_renewing_says_that_it_has() {
    let (files, reader) = ready();
    let online = Hands::of(&[10]);
    let expired = |days: i64| -> Vec<String> {
        let renewed = keeper(&files).renew(&online.all(), moment(days)).expect("renewed");
        renewed.expired.into_iter().map(|role| role.role).collect()
    };
    assert!(expired(1).is_empty());
    assert_eq!(expired(185), ["core_migrations", "others"]);
    let hands = Hands::of(&[20]);
    keeper(&files)
        .set_status(&name(SHORT), EntryStatus::Yanked, "wrong", &hands.all(), moment(185))
        .expect("although it has expired");
    assert_eq!(expired(185), ["others"]);
    let found = reader.find(&name(NAME), Reach::Registry, moment(185)).expect("fresh again");
    assert_eq!(found.listed.status(), EntryStatus::Yanked);
    assert_eq!(expired(400), ["root", "targets", "core_migrations", "others"]);
    let RootKeys { offline, online: keys } = keeper(&files).root_keys().expect("known");
    let sorted = |set: KeySet| {
        let mut keys = set.keys;
        keys.sort_unstable();
        (keys, set.threshold)
    };
    assert_eq!(sorted(offline.clone()), sorted(set(&[1, 2, 3], 2)));
    assert_eq!(sorted(keys.clone()), sorted(set(&[10], 1)));
    let hands = Hands::of(&[2, 3]);
    keeper(&files)
        .rotate_root(&offline, &keys, &hands.all(), moment(400))
        .expect("the same keys for another year");
    assert_eq!(expired(400), ["core_migrations", "others"]);
}

#[test]
fn roles_that_were_there_are_not_made_anew() {
    let (files, _) = ready();
    let path = TreePath::new("metadata/root.json").expect("a path");
    files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    let before = metadata(&files);
    let error = init(&files).expect_err("something is trusted");
    assert!(matches!(error, RegistryError::RolesGone), "{error}");
    assert_eq!(metadata(&files), before);
    let folder = FolderRegistry::new(files.clone(), "/registry");
    assert_eq!(folder.kind().expect("looked at"), RegistryKind::Unsigned);
}

#[test]
fn a_folder_without_roles_is_told_so_and_left_alone() {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let plain = FolderRegistry::new(files.clone(), "/registry");
    plain.publish(&name(NAME), &bundle("one")).expect("a plain folder");
    for outcome in all_that_sign(&keeper(&files), moment(0)) {
        assert!(matches!(outcome, Err(RegistryError::NoRoles)), "{outcome:?}");
    }
    let mirrored = reader(&files).mirror(Path::new("/mirror"), moment(0));
    assert!(matches!(mirrored, Err(RegistryError::NoRoles)), "{mirrored:?}");
    assert_eq!(plain.list().expect("listed").entries.len(), 1);
    let path = TreePath::new("metadata").expect("a path");
    let there = files.metadata(Place::new(Path::new("/registry"), &path)).expect("looked at");
    assert!(there.is_none(), "{there:?}");
}

#[test]
fn what_is_longer_than_it_may_be_is_not_taken_for_a_registry_that_cannot_be_reached() {
    let (files, _) = ready();
    Intruder(&files).write("metadata/timestamp.json", &vec![b' '; (16 << 10) + 1]);
    let error = keeper(&files).renew(&Hands::of(&[10]).all(), moment(0)).expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let error = role_error::<()>(Err(error));
    assert!(matches!(&error, RoleError::Bytes { file, .. } if file.ends_with("timestamp.json")));
}

#[test]
fn what_cannot_be_signed_so_says_what_can_be_done() {
    let (files, _) = ready();
    let hands = Hands::of(&[1, 2, 10]);
    let hint = |outcome: Result<(), RegistryError>, hint: &str| {
        let error = outcome.expect_err("unfit");
        assert!(error.hint().contains(hint), "{error}: {}", error.hint());
        assert!(matches!(role_error::<()>(Err(error)), RoleError::Unfit { .. }));
    };
    let few = set(&[22], 2);
    hint(keeper(&files).delegate("new", &few, &hands.all(), moment(0)), "at least as many keys");
    let intruder = Intruder(&files);
    let mut last: TimestampRole = intruder.role("timestamp", "metadata/timestamp.json");
    last.version = std::num::NonZeroU64::MAX;
    intruder.write("metadata/timestamp.json", &sign("timestamp", &last, &[key(10)]));
    hint(keeper(&files).renew(&hands.all(), moment(0)).map(drop), "registry rotate");
}

#[test]
fn who_publishes_while_another_one_does_is_told_to_try_again() {
    let (files, _) = ready();
    let path = TreePath::new("metadata/lock").expect("a path");
    let held = files.lock(Place::new(Path::new("/registry"), &path), "another").expect("free");
    let busy = publish(&files, NEXT, "two", &[20]).expect_err("another one publishes");
    assert_eq!(busy.kind(), ErrorKind::Conflict, "{busy}");
    assert!(busy.hint().contains("try again"), "{}", busy.hint());
    drop(held);
    publish(&files, NEXT, "two", &[20]).expect("published");
}

#[test]
fn a_key_signs_under_the_id_by_which_a_role_knows_it() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut root: RootRole = intruder.role("root", "metadata/root.json");
    root.version = number(2);
    // Another program made the next root, and calls its keys as it likes.
    let named = |seed: u8| -> KeyId { Sha256::of(&[seed]).hex().parse().expect("an id") };
    for (role, seeds) in [("root", &[1, 2, 3][..]), ("timestamp", &[10]), ("snapshot", &[10])] {
        for seed in seeds {
            let public = key(*seed).public_key();
            root.keys.insert(named(*seed), registry::roles::Key::new(&public));
        }
        root.roles.get_mut(role).expect("a role").keyids =
            seeds.iter().map(|seed| named(*seed)).collect();
    }
    let bytes = sign("root", &root, &[key(1), key(2)]);
    let mut file: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let signatures = file["signatures"].as_array_mut().expect("a list");
    for seed in [1, 2] {
        let id = key(seed).public_key().id().to_string();
        let own = signatures.iter().find(|it| it["keyid"] == id.as_str()).expect("signed");
        let mut other = own.clone();
        other["keyid"] = named(seed).to_string().into();
        signatures.push(other);
    }
    for path in ["metadata/root.json", "metadata/2.root.json"] {
        intruder.write(path, file.to_string().as_bytes());
    }
    let online = Hands::of(&[10]);
    keeper(&files).renew(&online.all(), moment(0)).expect("the key is here");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(found.versions["root"], 2);
    // The root that onx makes of it calls them by their digests again.
    let hands = Hands::of(&[1, 3]);
    keeper(&files)
        .rotate_root(&set(&[1, 2, 3], 2), &set(&[10], 1), &hands.all(), moment(0))
        .expect("the keys are here");
    keeper(&files).renew(&online.all(), moment(0)).expect("renewed");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(found.versions["root"], 3);
}
