//! What is trusted after a process stopped at any step: never less than before, never anything that
//! was not verified.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use host::{Fault, FaultyFiles, Files, MemoryFiles};
use ledger::{Signer, SigningKey};
use registry::roles::TrustedState;
use registry::{
    EntryName, FolderRegistry, KeySet, Lifetimes, Reach, RegistryError, RegistryKeeper,
    RegistryKind, SignedRegistry,
};

use super::simulator::{key, moment};

pub(crate) const NAME: &str = "registry://core_migrations/yourlib/1.0_2.0";

pub(crate) fn name(text: &str) -> EntryName {
    text.parse().expect("a name")
}

pub(crate) fn bundle(text: &str) -> BTreeMap<String, Vec<u8>> {
    let file = |(name, text): (&str, &str)| (name.to_owned(), text.as_bytes().to_vec());
    [("manifest.yaml", text), ("patches/one.patch", "-")].map(file).into()
}

pub(crate) fn set(seeds: &[u8], threshold: u64) -> KeySet {
    KeySet {
        keys: seeds.iter().map(|seed| key(*seed).public_key()).collect(),
        threshold: NonZeroU64::new(threshold).expect("not zero"),
    }
}

/// Whoever signs, by their seeds: 1 to 3 are offline, 10 is online, from 20 on they publish.
pub(crate) struct Hands(Vec<SigningKey>);

impl Hands {
    pub(crate) fn of(seeds: &[u8]) -> Self {
        Self(seeds.iter().map(|seed| key(*seed)).collect())
    }

    pub(crate) fn all(&self) -> Vec<&dyn Signer> {
        self.0.iter().map(|key| key as &dyn Signer).collect()
    }
}

pub(crate) fn keeper(files: &Arc<dyn Files>) -> RegistryKeeper {
    let own = SignedRegistry::new(files.clone(), "/registry", "/state/keeper", "/cache/keeper");
    RegistryKeeper::new(own, Lifetimes::default())
}

pub(crate) fn reader(files: &Arc<dyn Files>) -> SignedRegistry {
    SignedRegistry::new(files.clone(), "/registry", "/state/registry", "/cache/registry")
}

pub(crate) fn init(files: &Arc<dyn Files>) -> Result<Vec<u8>, RegistryError> {
    let hands = Hands::of(&[1, 2, 10]);
    let root = keeper(files).init(&set(&[1, 2, 3], 2), &set(&[10], 1), &hands.all(), moment(0));
    let given = Hands::of(&[1, 3]);
    let root = root?;
    keeper(files).delegate("core_migrations", &set(&[20], 1), &given.all(), moment(0))?;
    keeper(files).renew(&Hands::of(&[10]).all(), moment(0))?;
    Ok(root)
}

/// Lets who signs trust the root that lies in the folder, as they do who just made it.
fn trust_own(files: &Arc<dyn Files>) {
    let path = artifact::TreePath::new("metadata/1.root.json").expect("a path");
    let place = host::Place::new(Path::new("/registry"), &path);
    let root = files.read(place, 1 << 20).expect("a root");
    let own = SignedRegistry::new(files.clone(), "/registry", "/state/keeper", "/cache/keeper");
    own.pin(&root).expect("the same or none");
}

pub(crate) fn publish(
    files: &Arc<dyn Files>,
    text: &str,
    content: &str,
    seeds: &[u8],
) -> Result<bool, RegistryError> {
    let hands = Hands::of(seeds);
    let published =
        keeper(files).publish(&name(text), &bundle(content), &hands.all(), moment(0))?;
    keeper(files).renew(&Hands::of(&[10]).all(), moment(0))?;
    Ok(published.unchanged)
}

/// The versions that stand in the file of what is trusted; it must be readable at any moment.
fn trusted(files: &MemoryFiles) -> BTreeMap<String, u64> {
    let files: Arc<dyn Files> = Arc::new(files.clone());
    let trusted = reader(&files).trusted().expect("it is whole at any moment");
    trusted.as_ref().map(TrustedState::versions).unwrap_or_default()
}

const FAULTS: [Fault; 5] =
    [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin];

/// A disk with a registry in which something is new since the reader last looked.
fn scene() -> MemoryFiles {
    let disk = MemoryFiles::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let root = init(&files).expect("a registry");
    reader(&files).pin(&root).expect("pinned");
    reader(&files).refresh(moment(0)).expect("fresh");
    publish(&files, NAME, "one", &[20]).expect("published");
    let (old, new) = (set(&[1, 2, 3], 2), set(&[11], 1));
    let hands = Hands::of(&[1, 2, 11]);
    keeper(&files).rotate_root(&old, &new, &hands.all(), moment(0)).expect("rotated");
    keeper(&files).renew(&Hands::of(&[11]).all(), moment(0)).expect("renewed");
    disk
}

#[test]
fn what_is_trusted_never_goes_back_whatever_step_a_reader_stops_at() {
    let before = trusted(&scene());
    for fault in FAULTS {
        let mut strikes = 0;
        for at in 1.. {
            let disk = scene();
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let files: Arc<dyn Files> = faulty.clone();
            let outcome = reader(&files)
                .find(&name(NAME), Reach::Registry, moment(0))
                .and_then(|found| reader(&files).fetch(&found, Reach::Registry));
            let after = trusted(&disk);
            // The root took a key away, so the timestamp and the snapshot may begin anew with it.
            let kept = after["root"] > before["root"]
                || before.iter().all(|(role, version)| after[role] >= *version);
            assert!(kept, "{fault:?} at {at}: {after:?}");
            if let Ok(fetched) = outcome {
                assert_eq!(fetched, bundle("one"));
                assert_eq!(after["core_migrations"], 1, "{fault:?} at {at}");
            }
            let whole: Arc<dyn Files> = Arc::new(disk);
            let found = reader(&whole).find(&name(NAME), Reach::Registry, moment(0));
            let found = found.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            assert_eq!(reader(&whole).fetch(&found, Reach::Registry).expect("kept"), bundle("one"));
            if !faulty.has_struck() {
                break;
            }
            strikes = at;
        }
        assert!(strikes > 10, "{fault:?} struck {strikes} times");
    }
}

#[test]
fn a_registry_that_lies_moves_nothing_whatever_step_a_reader_stops_at() {
    for fault in FAULTS {
        for at in 1.. {
            let disk = scene();
            let files: Arc<dyn Files> = Arc::new(disk.clone());
            // The snapshot is that of before, under the name of the one that began anew.
            let newest = 1;
            let path = |version: u64| {
                let path = format!("metadata/{version}.snapshot.json");
                artifact::TreePath::new(&path).expect("a path")
            };
            let (old, new) = (path(3), path(newest));
            let base = Path::new("/registry");
            let old = files.read(host::Place::new(base, &old), 1 << 20).expect("there");
            files.write(host::Place::new(base, &new), &old, None).expect("written");
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let broken: Arc<dyn Files> = faulty.clone();
            let outcome = reader(&broken).find(&name(NAME), Reach::Registry, moment(0));
            assert!(outcome.is_err(), "{fault:?} at {at}");
            let after = trusted(&disk);
            assert!(after.get("snapshot").is_none_or(|version| *version != newest));
            assert!(!after.contains_key("core_migrations"), "{fault:?} at {at}: {after:?}");
            if !faulty.has_struck() {
                break;
            }
        }
    }
}

#[test]
fn a_keeper_that_stops_at_any_step_goes_on_when_asked_again() {
    for fault in FAULTS {
        for at in 1.. {
            let disk = MemoryFiles::new();
            let whole: Arc<dyn Files> = Arc::new(disk.clone());
            let faulty = Arc::new(FaultyFiles::new(disk, at, fault));
            let broken: Arc<dyn Files> = faulty.clone();
            let first = init(&broken).and_then(|_| publish(&broken, NAME, "one", &[20]));
            let kind = FolderRegistry::new(whole.clone(), "/registry").kind().expect("looked at");
            if kind == RegistryKind::Unsigned {
                assert!(first.is_err(), "{fault:?} at {at}");
                init(&whole).unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            } else {
                trust_own(&whole);
                let given = Hands::of(&[1, 3]);
                keeper(&whole)
                    .delegate("core_migrations", &set(&[20], 1), &given.all(), moment(0))
                    .unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            }
            publish(&whole, NAME, "one", &[20])
                .unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            let path = artifact::TreePath::new("metadata/root.json").expect("a path");
            let place = host::Place::new(Path::new("/registry"), &path);
            let root = whole.read(place, 1 << 20).expect("a root");
            reader(&whole).pin(&root).expect("pinned");
            let found = reader(&whole).find(&name(NAME), Reach::Registry, moment(0));
            let found = found.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            assert_eq!(reader(&whole).fetch(&found, Reach::Registry).expect("kept"), bundle("one"));
            if !faulty.has_struck() {
                break;
            }
        }
    }
}
