//! Doing the same again, and two processes that do the same at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::{ErrorKind, TreePath};
use host::{Fault, FaultyFiles, Files, Place};
use registry::{
    FolderRegistry, Lifetimes, Published, Reach, RegistryError, RegistryKeeper, RoleError,
    SignedRegistry,
};

use super::copies::files_below;
use super::interruptions::{Hands, NAME, bundle, init, keeper, name, publish, set};
use super::publishing::{Intruder, expect_unsigned, ready};
use super::simulator::moment;
use super::watched::Watched;

#[test]
fn of_two_processes_that_make_roles_at_once_one_is_refused() {
    for (trust, refused) in [("/state/other", "has roles"), ("/state/keeper", "has roles")] {
        let files = Watched::default();
        let init = |files: Arc<dyn Files>, trust: &str, seed: u8| {
            let reader = SignedRegistry::new(files, "/registry", trust, "/cache/keeper");
            let (hands, offline) = (Hands::of(&[seed, 10]), set(&[seed], 1));
            RegistryKeeper::new(reader, Lifetimes::default()).init(
                &offline,
                &set(&[10], 1),
                &hands.all(),
                moment(0),
            )
        };
        let disk: Arc<dyn Files> = Arc::new(files.clone());
        let meanwhile = disk.clone();
        files.before_lock(move || drop(init(meanwhile, "/state/keeper", 1).expect("the first")));
        let error = init(disk.clone(), trust, 2).expect_err("the second");
        assert!(matches!(error, RegistryError::HasRoles), "{error}");
        assert!(error.to_string().contains(refused));
        let path = TreePath::new("metadata/root.json").expect("a path");
        let root = disk.read(Place::new(Path::new("/registry"), &path), 1 << 20).expect("a root");
        let reader = SignedRegistry::new(disk, "/registry", "/state/keeper", "/cache/keeper");
        let trusted = reader.trusted().expect("read").expect("pinned");
        assert_eq!(trusted.root().bytes(), root, "the root of the first one stays");
    }
}

/// Publishes the first bundle once more.
fn again(files: &Arc<dyn Files>, seed: u8, days: i64) -> Result<Published, RegistryError> {
    let hands = Hands::of(&[seed]);
    keeper(files).publish(&name(NAME), &bundle("one"), &hands.all(), moment(days))
}

fn renew(files: &Arc<dyn Files>, days: i64) {
    keeper(files).renew(&Hands::of(&[10]).all(), moment(days)).expect("renewed");
}

#[test]
fn what_was_lost_of_a_publication_is_there_again_once_it_is_published_again() {
    let (files, reader) = ready();
    let whole: BTreeMap<String, Vec<u8>> = files_below(&files, "/registry");
    let is_of_it =
        |path: &&String| path.starts_with("blobs/") || path.starts_with("targets/core_migrations/");
    let parts: Vec<&String> = whole.keys().filter(is_of_it).collect();
    assert!(parts.len() > 2, "{parts:?}");
    for part in parts {
        for is_gone in [true, false] {
            let path = TreePath::new(part).expect("a path");
            if is_gone {
                files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
            } else {
                Intruder(&files).write(part, b"damaged");
            }
            let published = again(&files, 20, 0).expect("the same");
            assert!(published.unchanged, "{part}");
            let hands = Hands::of(&[21]);
            let other = name(super::publishing::OTHER);
            keeper(&files)
                .publish(&other, &bundle("other"), &hands.all(), moment(0))
                .expect("the same");
            assert_eq!(files_below(&files, "/registry"), whole, "{part}");
        }
    }
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(reader.fetch(&found, Reach::Registry).expect("whole"), bundle("one"));
}

#[test]
fn a_new_publisher_who_publishes_the_same_signs_the_namespace() {
    let (files, reader) = ready();
    let hands = Hands::of(&[1, 2]);
    keeper(&files)
        .delegate("core_migrations", &set(&[22], 1), &hands.all(), moment(0))
        .expect("given to another");
    renew(&files, 0);
    expect_unsigned(reader.find(&name(NAME), Reach::Registry, moment(0)));
    let error = again(&files, 20, 0).expect_err("they publish there no more");
    assert!(matches!(error, RegistryError::Role(RoleError::TooFewKeys { .. })), "{error}");
    assert!(again(&files, 22, 0).expect("signed").unchanged);
    renew(&files, 0);
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("by its new publisher");
}

#[test]
fn a_namespace_that_has_expired_is_signed_anew_by_publishing_the_same() {
    // At the very moment, and later.
    for days in [180, 185] {
        let (files, reader) = ready();
        renew(&files, days);
        let late = reader.find(&name(NAME), Reach::Registry, moment(days)).expect_err("expired");
        assert!(matches!(late, RegistryError::Role(RoleError::Expired { .. })), "{late}");
        assert!(again(&files, 20, days).expect("signed").unchanged);
        renew(&files, days);
        reader.find(&name(NAME), Reach::Registry, moment(days)).expect("fresh again");
    }
}

/// Stops a work at each of its steps and does it again: a loss of power takes no name then.
fn expect_lasting(
    prepare: impl Fn(&Arc<dyn Files>),
    work: impl Fn(&Arc<dyn Files>) -> Result<(), RegistryError>,
) {
    for fault in [Fault::StopBefore, Fault::StopAfter] {
        for at in 1.. {
            let disk = Watched::default();
            let whole: Arc<dyn Files> = Arc::new(disk.clone());
            prepare(&whole);
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let broken: Arc<dyn Files> = faulty.clone();
            drop(work(&broken));
            work(&whole).unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            let lost = disk.unsynced(Path::new("/registry"));
            assert!(lost.is_empty(), "{fault:?} at {at}: {lost:?}");
            if !faulty.has_struck() {
                assert!(at > 20, "{at}");
                break;
            }
        }
    }
}

#[test]
fn what_was_published_lasts_although_a_process_stopped_while_it_published_the_same() {
    expect_lasting(
        |files| drop(init(files).expect("a registry")),
        |files| publish(files, NAME, "one", &[20]).map(drop),
    );
    expect_lasting(
        |_| {},
        |files| {
            let folder = FolderRegistry::new(files.clone(), "/registry");
            folder.publish(&name(NAME), &bundle("one")).map(drop)
        },
    );
}

#[test]
fn a_later_version_that_cannot_be_read_is_not_taken_for_missing() {
    let watched = Watched::default();
    let files: Arc<dyn Files> = Arc::new(watched.clone());
    init(&files).expect("a registry");
    publish(&files, NAME, "one", &[10, 20]).expect("published");
    // Signed, and not current yet: only the folder says that it is there.
    let next = "registry://core_migrations/yourlib/2.0_3.0";
    keeper(&files)
        .publish(&name(next), &bundle("two"), &Hands::of(&[20]).all(), moment(0))
        .expect("signed");
    watched.make_unreadable(Path::new("/registry/metadata/2.core_migrations.json"));
    let third = "registry://core_migrations/yourlib/3.0_4.0";
    let signed =
        keeper(&files).publish(&name(third), &bundle("3"), &Hands::of(&[20]).all(), moment(0));
    let error = signed.expect_err("it cannot be known what is there");
    assert_eq!(error.kind(), ErrorKind::Outside, "{error}");
}
