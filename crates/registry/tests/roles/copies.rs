//! What one bad entry does to the others, what a mirror is copied over, and what two processes know
//! together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::{Digest, TreePath};
use host::{Fault, FaultyFiles, FileErrorKind, Files, MemoryFiles, NodeKind, Place};
use registry::roles::{RootRole, TrustedState};
use registry::{
    Entry, EntryFile, FolderRegistry, Listed, REGISTRY_ENTRY_FORMAT, Reach, Refused, RegistryError,
    RoleError, SignedRegistry,
};

use super::interruptions::{Hands, NAME, bundle, keeper, name, publish, reader, set};
use super::publishing::{Intruder, OTHER, ready};
use super::simulator::{key, moment, sign};

const NEXT: &str = "registry://core_migrations/yourlib/2.0_3.0";

fn names(refused: &[Refused]) -> Vec<String> {
    refused.iter().map(Refused::name).collect()
}

/// Every file below a folder, by its path.
pub(crate) fn files_below(files: &Arc<dyn Files>, base: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![None::<TreePath>];
    while let Some(below) = waiting.pop() {
        let Ok(entries) = files.list(Path::new(base), below.as_ref()) else { continue };
        for entry in entries {
            let path =
                below.as_ref().map_or(entry.name.clone(), |it| format!("{it}/{}", entry.name));
            let tree = TreePath::new(&path).expect("a path");
            if entry.kind == NodeKind::Folder {
                waiting.push(Some(tree));
            } else {
                let bytes = files.read(Place::new(Path::new(base), &tree), 1 << 24).expect("there");
                all.insert(path, bytes);
            }
        }
    }
    all
}

#[test]
fn an_entry_that_is_not_what_was_signed_is_named_and_the_others_are_listed() {
    let (files, reader) = ready();
    let folder = TreePath::new("targets/others/lib/1_2").expect("a path");
    let listed = files.list(Path::new("/registry"), Some(&folder)).expect("listed");
    let entry = format!("{folder}/{}", listed[0].name);
    Intruder(&files).write(&entry, b"something else");
    let listing = reader.list(Reach::Registry, moment(0)).expect("the others");
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.entries[0].listed.entry.name, name(NAME));
    assert_eq!(names(&listing.refused), [OTHER]);
    let mirrored = reader.mirror(Path::new("/mirror"), moment(0)).expect("the others");
    assert_eq!((mirrored.entries, names(&mirrored.refused)), (1, vec![OTHER.to_owned()]));
}

#[test]
fn what_a_publisher_says_of_an_entry_hides_no_other_one() {
    let (files, reader) = ready();
    let intruder = Intruder(&files);
    let mut targets = intruder.targets("others");
    for file in targets.targets.values_mut() {
        file.custom = Some(serde_json::json!("nonsense"));
    }
    intruder.publish("others", targets, &[21]);
    let listing = reader.list(Reach::Registry, moment(0)).expect("the others");
    assert_eq!((listing.entries.len(), names(&listing.refused)), (1, vec![OTHER.to_owned()]));
}

#[test]
fn a_damaged_entry_of_a_plain_folder_is_named_and_the_others_are_listed() {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let plain = FolderRegistry::new(files.clone(), "/registry");
    for text in [NAME, NEXT] {
        plain.publish(&name(text), &bundle("one")).expect("published");
    }
    Intruder(&files).write("core_migrations/yourlib/2.0_3.0/entry.json", b"{}");
    let listing = plain.list().expect("the others");
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.entries[0].entry.name, name(NAME));
    assert_eq!(names(&listing.refused), [NEXT]);
}

#[test]
fn files_that_are_too_large_together_are_not_read() {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let plain = FolderRegistry::new(files, "/registry");
    let file = EntryFile { digest: Digest::of(b"-"), size_bytes: 3 << 30 };
    let listed = |count: u8| {
        let format = REGISTRY_ENTRY_FORMAT.to_string();
        let files = (0..count).map(|number| (number.to_string(), file)).collect();
        Listed { entry: Entry { format, name: name(NAME), files }, status: None }
    };
    for (count, is_refused_unread) in [(1, false), (2, true), (255, true)] {
        let error = plain.fetch(&listed(count)).expect_err("nothing is there");
        let unread =
            matches!(&error, RegistryError::Damaged { why, .. } if why.contains("together"));
        assert_eq!(unread, is_refused_unread, "{error}");
    }
}

#[test]
fn a_mirror_is_not_copied_over_another_registry() {
    let (files, reader) = ready();
    let into = Path::new("/mirror");
    let refuse = |why: &str| {
        let before = files_below(&files, "/mirror");
        let error = reader.mirror(into, moment(0)).expect_err(why);
        assert!(matches!(error, RegistryError::NoMirror(_)), "{why}: {error}");
        let mut after = files_below(&files, "/mirror");
        after.remove("metadata/lock");
        assert!(after.iter().all(|(path, bytes)| before.get(path) == Some(bytes)), "{why}");
    };
    let plain = FolderRegistry::new(files.clone(), into);
    plain.publish(&name(OTHER), &bundle("mine")).expect("published");
    refuse("a registry without roles");
    for path in files_below(&files, "/mirror").keys() {
        let path = TreePath::new(path).expect("a path");
        files.remove_file(Place::new(into, &path)).expect("gone");
    }
    let other = SignedRegistry::new(files.clone(), into, "/state/second", "/cache/second");
    let hands = Hands::of(&[4, 5]);
    registry::RegistryKeeper::new(other, registry::Lifetimes::default())
        .init(&set(&[4], 1), &set(&[5], 1), &hands.all(), moment(0))
        .expect("another registry");
    refuse("another registry");
}

#[test]
fn a_mirror_does_not_go_back() {
    let (files, reader) = ready();
    let into = Path::new("/mirror");
    let old = files_below(&files, "/registry");
    publish(&files, NEXT, "two", &[20]).expect("published");
    let later = SignedRegistry::new(files.clone(), "/registry", "/state/later", "/cache/later");
    later.pin(&old["metadata/1.root.json"]).expect("pinned");
    later.mirror(into, moment(0)).expect("copied");
    for (path, bytes) in &old {
        Intruder(&files).write(path, bytes);
    }
    let error = reader.mirror(into, moment(0)).expect_err("older than the mirror");
    assert!(matches!(error, RegistryError::NoMirror(_)), "{error}");
    let lock = TreePath::new("metadata/lock").expect("a path");
    let _held = files.lock(Place::new(into, &lock), "another").expect("free");
    let error = reader.mirror(into, moment(0)).expect_err("somebody else copies");
    let RegistryError::File(error) = error else { panic!("{error}") };
    assert!(matches!(error.kind, FileErrorKind::Locked(_)), "{error}");
}

#[test]
fn a_mirror_that_stopped_at_any_step_is_copied_over() {
    let (files, _) = ready();
    let [source, trust] = ["/registry", "/state/registry"].map(|base| files_below(&files, base));
    for at in 1.. {
        let disk = MemoryFiles::new();
        let whole: Arc<dyn Files> = Arc::new(disk.clone());
        for (base, copied) in [("/registry", &source), ("/state/registry", &trust)] {
            for (path, bytes) in copied {
                let (base, path) = (Path::new(base), TreePath::new(path).expect("a path"));
                whole.create_base(base).expect("a folder");
                whole.create_parents(base, &path).expect("folders");
                whole.write(Place::new(base, &path), bytes, None).expect("written");
            }
        }
        let faulty = Arc::new(FaultyFiles::new(disk, at, Fault::StopWithin));
        let broken: Arc<dyn Files> = faulty.clone();
        let stopped = reader(&broken).mirror(Path::new("/mirror"), moment(0));
        assert_eq!(stopped.is_err(), faulty.has_struck(), "at {at}");
        let again = reader(&whole).mirror(Path::new("/mirror"), moment(0));
        let again = again.unwrap_or_else(|error| panic!("at {at}: {error}"));
        assert_eq!((again.entries, again.refused.len()), (2, 0), "at {at}");
        if !faulty.has_struck() {
            assert!(at > 20, "{at}");
            break;
        }
    }
}

#[test]
fn roots_that_do_not_lead_to_the_trusted_one_are_not_copied() {
    let (files, reader) = ready();
    let elsewhere: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let hands = Hands::of(&[4, 5]);
    let root = keeper(&elsewhere)
        .init(&set(&[4], 1), &set(&[5], 1), &hands.all(), moment(0))
        .expect("another registry");
    Intruder(&files).write("metadata/1.root.json", &root);
    let error = reader.mirror(Path::new("/mirror"), moment(0)).expect_err("another root");
    let other = matches!(error, RegistryError::Role(RoleError::OtherRoots { .. }));
    assert!(other, "{error}");
    assert!(files_below(&files, "/mirror").is_empty());
}

#[test]
fn what_one_of_two_processes_verified_is_not_forgotten_with_the_other_one_s_newer_state() {
    let (files, reader) = ready();
    let state = || reader.trusted().expect("read").expect("pinned");
    let early = state();
    publish(&files, NEXT, "two", &[20]).expect("published");
    reader.find(&name(NEXT), Reach::Registry, moment(0)).expect("signed");
    let knows_core = state();
    // Another process that began before looks only at the other namespace, and later.
    let late = SignedRegistry::new(files.clone(), "/registry", "/state/late", "/cache/late");
    let path = TreePath::new("trust.json").expect("a path");
    files.create_base(Path::new("/state/late")).expect("a folder");
    let bytes = early.to_bytes().expect("a text");
    files.write(Place::new(Path::new("/state/late"), &path), &bytes, None).expect("written");
    publish(&files, "registry://others/lib/2_3", "two", &[21]).expect("published");
    late.find(&name(OTHER), Reach::Registry, moment(0)).expect("signed");
    let knows_others = late.trusted().expect("read").expect("pinned");
    let version = |state: &TrustedState, role: &str| state.versions()[role];
    assert!(version(&knows_others, "timestamp") > version(&knows_core, "timestamp"));
    assert!(version(&knows_others, "core_migrations") < version(&knows_core, "core_migrations"));
    for joined in [
        knows_core.clone().joined(knows_others.clone()),
        knows_others.clone().joined(knows_core.clone()),
    ] {
        let newest = version(&knows_others, "timestamp");
        assert_eq!(version(&joined, "timestamp"), newest);
        assert_eq!(version(&joined, "others"), 2);
        assert_eq!(version(&joined, "core_migrations"), 2);
    }
}

#[test]
fn a_mirror_of_a_registry_whose_names_hold_no_versions_can_be_read() {
    let (files, _) = ready();
    let intruder = Intruder(&files);
    let mut root: RootRole = intruder.role("root", "metadata/root.json");
    root.consistent_snapshot = false;
    let root = sign("root", &root, &[key(1), key(2)]);
    for path in ["metadata/root.json", "metadata/1.root.json"] {
        intruder.write(path, &root);
    }
    // Each file under the name without its version or its digest.
    let snapshot = intruder.snapshot();
    let mut plain = vec![(format!("metadata/{}.snapshot.json", snapshot.version), "snapshot.json")];
    plain.extend(
        snapshot
            .meta
            .iter()
            .map(|(file, meta)| (format!("metadata/{}.{file}", meta.version), file.as_str())),
    );
    for (versioned, name) in plain {
        intruder.write(&format!("metadata/{name}"), &intruder.read(&versioned));
        let path = TreePath::new(&versioned).expect("a path");
        files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    }
    for (path, bytes) in files_below(&files, "/registry") {
        let Some(folder) = path.strip_suffix(".entry.json") else { continue };
        let (folder, _) = folder.rsplit_once('/').expect("a digest");
        intruder.write(&format!("{folder}/entry.json"), &bytes);
    }
    let of = |source: &str, who: &str| {
        let [trust, cache] = ["state", "cache"].map(|base| format!("/{base}/{who}"));
        let reader = SignedRegistry::new(files.clone(), source, trust, cache);
        reader.pin(&root).expect("pinned");
        reader
    };
    let mirrored = of("/registry", "plain").mirror(Path::new("/mirror"), moment(0));
    assert_eq!(mirrored.expect("verified").entries, 2);
    let reader = of("/mirror", "mirror");
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    assert_eq!(reader.fetch(&found, Reach::Registry).expect("whole"), bundle("one"));
}

#[test]
fn a_cache_lists_what_was_fetched_and_is_mended_by_what_is_fetched_again() {
    let (files, reader) = ready();
    publish(&files, NEXT, "two", &[10, 20]).expect("published");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    let listing = reader.list(Reach::Cache, moment(0)).expect("listed");
    let listed: Vec<_> = listing.entries.iter().map(|it| it.listed.entry.name.clone()).collect();
    assert!(listed.contains(&name(NAME)) && !listed.contains(&name(NEXT)), "{listed:?}");
    assert!(listing.refused.is_empty(), "{:?}", names(&listing.refused));

    let is_entry = |path: &&String| path.starts_with("targets/core_migrations/");
    let cached = files_below(&files, "/cache/registry");
    let entry = cached.keys().find(is_entry).expect("it is kept");
    let path = TreePath::new(entry).expect("a path");
    let place = Place::new(Path::new("/cache/registry"), &path);
    files.write(place, b"damaged", None).expect("written");
    let damaged = reader.find(&name(NAME), Reach::Cache, moment(0));
    assert!(matches!(damaged, Err(RegistryError::Role(RoleError::Bytes { .. }))), "{damaged:?}");
    reader.find(&name(NAME), Reach::Registry, moment(0)).expect("fetched again");
    reader.find(&name(NAME), Reach::Cache, moment(0)).expect("it is whole");
}

#[test]
fn what_the_registry_itself_lost_is_gone_and_not_merely_never_fetched() {
    let (files, reader) = ready();
    let found = reader.find(&name(NAME), Reach::Registry, moment(0)).expect("signed");
    let is_blob = |path: &&String| path.starts_with("blobs/");
    for blob in files_below(&files, "/registry").keys().filter(is_blob) {
        let path = TreePath::new(blob).expect("a path");
        files.remove_file(Place::new(Path::new("/registry"), &path)).expect("gone");
    }
    let lost = reader.fetch(&found, Reach::Registry);
    assert!(matches!(lost, Err(RegistryError::Gone { .. })), "{lost:?}");
}
