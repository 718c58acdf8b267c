//! A registry in a folder.
//!
//! `NAMESPACE/PACKAGE/FROM_TO/entry.json` names the files of a bundle by digest, and `blobs` holds
//! them. Files come first and the entry last, so that an entry is whole as soon as it is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{Digest, Timestamp, TreePath, strict_json};
use host::{
    ContentError, Contents as _, Durability, FileError, FileErrorKind, Files, FolderContents,
    NodeKind, Place, tree_path,
};

use crate::roles::{Refused, expect_no_own_folder};
use crate::{
    Entry, EntryFile, EntryName, EntryStatus, REGISTRY_ENTRY_FORMAT, RegistryError, StatusChange,
};

/// What makes a folder one with roles: who may publish there is signed.
pub(crate) const ROOT: &str = "metadata/root.json";

pub(crate) const ENTRY: &str = "entry.json";
const STATUS: &str = "status.json";
const LOCK: &str = "lock";
const BLOBS: &str = "blobs";

pub(crate) const ENTRY_LIMIT_BYTES: u64 = 1 << 20;

/// The most that the files of an entry may have together, in bytes.
const CONTENTS_LIMIT_BYTES: u64 = 4 << 30;

/// A registry in a folder that several may share, on one machine or beyond it.
#[derive(Debug, Clone)]
pub struct FolderRegistry {
    files: Arc<dyn Files>,
    root: PathBuf,
}

/// Whether what stands in a registry is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegistryKind {
    /// A plain folder: it is worth as much as the folder it lies in.
    Unsigned,
    /// It has roles (`metadata/root.json`): read it through [`crate::SignedRegistry`], publish
    /// through [`crate::RegistryKeeper`].
    Signed,
}

/// What publishing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The entry.
    pub entry: Entry,
    /// Whether the same was published before.
    pub unchanged: bool,
}

/// An entry as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: Entry,
    /// Whether it is to be used, and why not; none where nobody said anything since it was
    /// published.
    pub status: Option<StatusChange>,
}

/// What a folder has, and what of it cannot be read.
#[derive(Debug, Default)]
pub struct FolderListing {
    /// The entries by name.
    pub entries: Vec<Listed>,
    /// What is not used.
    pub refused: Vec<Refused>,
}

impl FolderListing {
    /// Whether nothing was published.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.refused.is_empty()
    }
}

impl Listed {
    /// Whether it is to be used.
    pub fn status(&self) -> EntryStatus {
        self.status.as_ref().map_or(EntryStatus::Published, |change| change.status)
    }
}

impl FolderRegistry {
    /// The registry in this folder, which need not be there yet.
    pub fn new(files: Arc<dyn Files>, root: impl Into<PathBuf>) -> Self {
        Self { files, root: root.into() }
    }

    /// Whether what stands here is signed.
    pub fn kind(&self) -> Result<RegistryKind, RegistryError> {
        let path = tree_path(ROOT)?;
        let there = self.files.metadata(Place::new(&self.root, &path));
        match there {
            Ok(Some(_)) => Ok(RegistryKind::Signed),
            Ok(None) => Ok(RegistryKind::Unsigned),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(RegistryKind::Unsigned),
            Err(error) => Err(error.into()),
        }
    }

    /// Publishes these files under a name with a package. The same again changes nothing but what
    /// was lost: files that are gone or damaged are there again. Something else under a name that
    /// is taken is refused.
    pub fn publish(
        &self,
        name: &EntryName,
        contents: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Published, RegistryError> {
        self.expect_unsigned()?;
        expect_no_own_folder(&name.namespace)?;
        let folder = folder_of(name).ok_or_else(|| RegistryError::Missing(name.clone()))?;
        let entry = entry_of(name, contents)?;
        self.files.create_base(&self.root)?;
        let path = tree_path(&format!("{folder}/{ENTRY}"))?;
        self.files.create_parents(&self.root, &path)?;
        let lock = tree_path(&format!("{folder}/{LOCK}"))?;
        let _held = self.files.lock(Place::new(&self.root, &lock), "a publisher")?;
        let unchanged = match self.entry_at(name, &path) {
            Ok(known) if known == entry => true,
            Ok(_) => return Err(RegistryError::Taken(name.clone())),
            Err(RegistryError::Missing(_)) => false,
            Err(error) => return Err(error),
        };
        for bytes in contents.values() {
            self.keep_blob(bytes)?;
        }
        if !unchanged {
            let bytes = entry_bytes(&entry)?;
            self.files.write(Place::new(&self.root, &path), &bytes, Some(0o444))?;
        }
        make_last(&*self.files, &self.root, &path)?;
        Ok(Published { entry, unchanged })
    }

    /// What is published under a name, whether it is to be used or not.
    pub fn find(&self, name: &EntryName) -> Result<Listed, RegistryError> {
        self.expect_unsigned()?;
        let name = self.resolved(name)?;
        let folder = folder_of(&name).ok_or_else(|| RegistryError::Missing(name.clone()))?;
        let entry = self.entry_at(&name, &tree_path(&format!("{folder}/{ENTRY}"))?)?;
        Ok(Listed { entry, status: self.changes(&name, &folder)?.pop() })
    }

    /// The files of an entry that may be used, each compared with the digest that the entry names.
    pub fn fetch(&self, listed: &Listed) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
        let name = &listed.entry.name;
        if let Some(StatusChange { status: EntryStatus::Yanked, reason, .. }) = &listed.status {
            return Err(RegistryError::Yanked { name: name.clone(), reason: reason.clone() });
        }
        if size_bytes(&listed.entry) > CONTENTS_LIMIT_BYTES {
            let why = format!("its files are larger than {CONTENTS_LIMIT_BYTES} bytes together");
            return Err(damaged(name, why));
        }
        let read = |(file, entry): (&String, &EntryFile)| {
            let bytes = self.blob(name, file, entry)?;
            Ok((file.clone(), bytes))
        };
        listed.entry.files.iter().map(read).collect()
    }

    fn expect_unsigned(&self) -> Result<(), RegistryError> {
        match self.kind()? {
            RegistryKind::Unsigned => Ok(()),
            RegistryKind::Signed => Err(RegistryError::HasRoles),
        }
    }

    /// Says of an entry whether it is to be used; its bytes stay what they are.
    pub fn set_status(
        &self,
        name: &EntryName,
        status: EntryStatus,
        reason: &str,
        at: Timestamp,
    ) -> Result<Listed, RegistryError> {
        let listed = self.find(name)?;
        let name = &listed.entry.name;
        let folder = folder_of(name).ok_or_else(|| RegistryError::Missing(name.clone()))?;
        let lock = tree_path(&format!("{folder}/{LOCK}"))?;
        let _held = self.files.lock(Place::new(&self.root, &lock), "a publisher")?;
        let mut changes = self.changes(name, &folder)?;
        changes.push(StatusChange { status, reason: reason.to_owned(), at });
        let mut bytes = serde_json::to_vec_pretty(&changes)
            .map_err(|error| damaged(name, error.to_string()))?;
        bytes.push(b'\n');
        let path = tree_path(&format!("{folder}/{STATUS}"))?;
        let hint = "say it with a shorter reason";
        expect_short(path.as_str(), bytes.len(), ENTRY_LIMIT_BYTES, hint)?;
        self.files.write(Place::new(&self.root, &path), &bytes, None)?;
        Ok(Listed { entry: listed.entry, status: changes.pop() })
    }

    /// Everything that is published, by name. What cannot be read is named, and the rest is listed.
    pub fn list(&self) -> Result<FolderListing, RegistryError> {
        self.expect_unsigned()?;
        let mut all = FolderListing::default();
        for namespace in self.folders(None)?.into_iter().filter(|name| name != BLOBS) {
            let names = match self.names(&namespace) {
                Ok(names) => names,
                Err(error) => {
                    all.refused.push(Refused { namespace, entry: None, error });
                    continue;
                }
            };
            for name in names {
                match self.find(&name) {
                    Ok(listed) => all.entries.push(listed),
                    // A publisher was interrupted before it was whole.
                    Err(RegistryError::Missing(_)) => {}
                    Err(error) => all.refused.push(Refused::entry(name, error)),
                }
            }
        }
        all.entries.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
        Ok(all)
    }

    /// The names for which there are folders in that of a namespace.
    fn names(&self, namespace: &str) -> Result<Vec<EntryName>, RegistryError> {
        let mut names = Vec::new();
        for package in self.folders(Some(namespace))? {
            let below = format!("{namespace}/{package}");
            for versions in self.folders(Some(&below))? {
                let text = format!("{}{below}/{versions}", crate::SCHEME);
                // What is not of a registry is not of this one.
                names.extend(text.parse::<EntryName>().ok());
            }
        }
        Ok(names)
    }

    /// The name with its package.
    fn resolved(&self, name: &EntryName) -> Result<EntryName, RegistryError> {
        if name.package.is_some() {
            return Ok(name.clone());
        }
        let mut found = Vec::new();
        for package in self.folders(Some(&name.namespace))? {
            let candidate = EntryName { package: Some(package), ..name.clone() };
            let entry = folder_of(&candidate).map(|folder| format!("{folder}/{ENTRY}"));
            let Some(Ok(path)) = entry.map(|path| tree_path(&path)) else { continue };
            let there = self.files.metadata(Place::new(&self.root, &path));
            if matches!(there, Ok(Some(_))) {
                found.push(candidate);
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(RegistryError::Missing(name.clone())),
            (Some(last), false) => {
                let candidates = found.iter().chain([&last]).map(ToString::to_string).collect();
                Err(RegistryError::Ambiguous { name: name.clone(), candidates })
            }
        }
    }

    fn entry_at(&self, name: &EntryName, path: &TreePath) -> Result<Entry, RegistryError> {
        let bytes = match self.files.read(Place::new(&self.root, path), ENTRY_LIMIT_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == FileErrorKind::Missing => {
                return Err(RegistryError::Missing(name.clone()));
            }
            Err(error) => return Err(error.into()),
        };
        parse_entry(name, &bytes)
    }

    fn changes(&self, name: &EntryName, folder: &str) -> Result<Vec<StatusChange>, RegistryError> {
        let path = tree_path(&format!("{folder}/{STATUS}"))?;
        match self.files.read(Place::new(&self.root, &path), ENTRY_LIMIT_BYTES) {
            Ok(bytes) => strict_json(&bytes).map_err(|error| damaged(name, error.to_string())),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a file of an entry so that it outlasts a loss of power.
    pub(crate) fn keep_blob(&self, bytes: &[u8]) -> Result<(), RegistryError> {
        let blobs = self.blobs()?;
        let digest = Digest::of(bytes);
        if blobs.get(&digest, bytes.len() as u64).is_err() {
            blobs.keep(bytes, Durability::Power)?;
        }
        let hex = digest.hex();
        let path = tree_path(&format!("{BLOBS}/{}/{hex}", &hex[..2]))?;
        Ok(make_last(&*self.files, &self.root, &path)?)
    }

    /// Keeps a file of an entry where it may be lost, because it can be fetched again.
    pub(crate) fn cache_blob(&self, bytes: &[u8]) -> Result<(), RegistryError> {
        self.blobs()?.keep(bytes, Durability::Process)?;
        Ok(())
    }

    fn blob(
        &self,
        name: &EntryName,
        file: &str,
        entry: &EntryFile,
    ) -> Result<Vec<u8>, RegistryError> {
        self.blobs()?.get(&entry.digest, entry.size_bytes).map_err(|error| match error {
            ContentError::Missing(_) => {
                RegistryError::Gone { name: name.clone(), file: file.to_owned() }
            }
            ContentError::Damaged(_) => {
                damaged(name, format!("`{file}` is not what was published"))
            }
            ContentError::File(error) => error.into(),
        })
    }

    fn blobs(&self) -> Result<FolderContents, FileError> {
        Ok(FolderContents::new(self.files.clone(), &self.root, tree_path(BLOBS)?))
    }

    /// The names of the folders in one of the registry; none where it is not there.
    fn folders(&self, below: Option<&str>) -> Result<Vec<String>, RegistryError> {
        let path = below.map(tree_path).transpose()?;
        match self.files.list(&self.root, path.as_ref()) {
            Ok(entries) => {
                let folders =
                    entries.into_iter().filter(|it| it.kind == NodeKind::Folder && it.is_utf8);
                Ok(folders.map(|entry| entry.name).collect())
            }
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The folder of the registry.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Makes the name of a file that is there last, and those of the folders above it. Whoever wrote it
/// may have been stopped before its name was made to last, so that being there is not enough.
pub(crate) fn make_last(files: &dyn Files, root: &Path, path: &TreePath) -> Result<(), FileError> {
    let mut below = path.clone();
    while let Some(folder) = below.parent().map(tree_path).transpose()? {
        files.sync_folder(root, Some(&folder))?;
        below = folder;
    }
    files.sync_folder(root, None)
}

/// The entry of these files under a name.
pub(crate) fn entry_of(
    name: &EntryName,
    contents: &BTreeMap<String, Vec<u8>>,
) -> Result<Entry, RegistryError> {
    let file = |(file, bytes): (&String, &Vec<u8>)| {
        TreePath::new(file).map_err(|_| unusable(file))?;
        let size_bytes = bytes.len() as u64;
        Ok((file.clone(), EntryFile { digest: Digest::of(bytes), size_bytes }))
    };
    let files = contents.iter().map(file).collect::<Result<_, FileError>>()?;
    let entry = Entry { format: REGISTRY_ENTRY_FORMAT.to_string(), name: name.clone(), files };
    if size_bytes(&entry) > CONTENTS_LIMIT_BYTES {
        let kind = FileErrorKind::TooLarge(CONTENTS_LIMIT_BYTES);
        return Err(FileError::new("publish", name.to_string(), kind).into());
    }
    Ok(entry)
}

/// Refuses to write a file that nobody would read again.
pub(crate) fn expect_short(
    file: &str,
    size_bytes: usize,
    limit_bytes: u64,
    hint: &'static str,
) -> Result<(), RegistryError> {
    if size_bytes as u64 > limit_bytes {
        return Err(RegistryError::TooLong { file: file.to_owned(), limit_bytes, hint });
    }
    Ok(())
}

/// What the files of an entry have together, as it says.
fn size_bytes(entry: &Entry) -> u64 {
    entry.files.values().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
}

/// The bytes of `entry.json`.
pub(crate) fn entry_bytes(entry: &Entry) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = serde_json::to_vec_pretty(entry)
        .map_err(|error| damaged(&entry.name, error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads the `entry.json` of a name.
pub(crate) fn parse_entry(name: &EntryName, bytes: &[u8]) -> Result<Entry, RegistryError> {
    let entry: Entry = strict_json(bytes).map_err(|error| damaged(name, error.to_string()))?;
    if entry.format != REGISTRY_ENTRY_FORMAT.to_string() {
        return Err(damaged(name, format!("it does not say {REGISTRY_ENTRY_FORMAT}")));
    }
    if entry.name != *name {
        return Err(damaged(name, "it is an entry of another name".to_owned()));
    }
    if let Some(file) = entry.files.keys().find(|file| !is_file_name(file)) {
        let file: String = file.chars().take(80).collect();
        return Err(damaged(name, format!("`{file}` is no file of a bundle")));
    }
    Ok(entry)
}

pub(crate) fn folder_of(name: &EntryName) -> Option<String> {
    let package = name.package.as_deref()?;
    Some(format!("{}/{package}/{}", name.namespace, name.versions.as_str()))
}

/// Whether a file may be written into the folder of a bundle under this name.
fn is_file_name(name: &str) -> bool {
    TreePath::new(name).is_ok_and(|path| !path.is_version_control())
}

fn damaged(name: &EntryName, why: String) -> RegistryError {
    RegistryError::Damaged { name: name.clone(), why }
}

fn unusable(text: &str) -> FileError {
    FileError::new("publish", text, FileErrorKind::Path)
}

#[cfg(test)]
mod tests {
    use host::{Fault, FaultyFiles, MemoryFiles};

    use super::*;

    const NAME: &str = "registry://core_migrations/yourlib/1.0_2.0";

    fn registry(files: impl Files + 'static) -> FolderRegistry {
        FolderRegistry::new(Arc::new(files), "/registry")
    }

    fn name(text: &str) -> EntryName {
        text.parse().expect("a name")
    }

    fn bundle(text: &str) -> BTreeMap<String, Vec<u8>> {
        let file = |(name, text): (&str, &str)| (name.to_owned(), text.as_bytes().to_vec());
        [("manifest.yaml", text), ("patches/one.patch", "-")].map(file).into()
    }

    fn moment() -> Timestamp {
        Timestamp::from_unix_seconds(1_762_106_400).expect("in range")
    }

    #[test]
    fn what_is_published_stays_what_it_is() {
        let registry = registry(MemoryFiles::new());
        let first = registry.publish(&name(NAME), &bundle("one")).expect("published");
        assert!(!first.unchanged);
        assert!(registry.publish(&name(NAME), &bundle("one")).expect("the same").unchanged);
        let other = registry.publish(&name(NAME), &bundle("two")).expect_err("taken");
        assert!(matches!(other, RegistryError::Taken(_)));
        let found = registry.find(&name(NAME)).expect("there");
        assert_eq!(registry.fetch(&found).expect("whole"), bundle("one"));
    }

    #[test]
    fn a_name_without_a_package_is_the_only_one_it_can_be() {
        let registry = registry(MemoryFiles::new());
        let short = name("registry://core_migrations/1.0_2.0");
        assert!(matches!(registry.find(&short), Err(RegistryError::Missing(_))));
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        assert_eq!(registry.find(&short).expect("there").entry.name, name(NAME));
        let other = name("registry://core_migrations/otherlib/1.0_2.0");
        registry.publish(&other, &bundle("two")).expect("published");
        assert!(matches!(registry.find(&short), Err(RegistryError::Ambiguous { .. })));
    }

    #[test]
    fn what_was_yanked_is_kept_and_not_given() {
        let registry = registry(MemoryFiles::new());
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        let set = |status| registry.set_status(&name(NAME), status, "wrong", moment());
        let deprecated = set(EntryStatus::Deprecated).expect("said");
        assert_eq!(registry.fetch(&deprecated).expect("still given"), bundle("one"));
        let yanked = set(EntryStatus::Yanked).expect("said");
        assert!(matches!(registry.fetch(&yanked), Err(RegistryError::Yanked { .. })));
        let listed = registry.list().expect("a list");
        assert_eq!((listed.entries.len(), listed.refused.len()), (1, 0));
        assert_eq!(listed.entries[0].status(), EntryStatus::Yanked);
    }

    #[test]
    fn a_reason_is_no_longer_than_what_is_read_again() {
        let registry = registry(MemoryFiles::new());
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        let long = "x".repeat(ENTRY_LIMIT_BYTES as usize);
        let say = |reason: &str| {
            registry.set_status(&name(NAME), EntryStatus::Deprecated, reason, moment())
        };
        say(&long[1000..]).expect("it may be as long");
        let error = say(&long).expect_err("too long");
        assert!(matches!(error, RegistryError::TooLong { .. }), "{error}");
        assert_eq!(error.hint(), "say it with a shorter reason");
        // Many short ones add up to a long file.
        assert!(say(&"x".repeat(1000)).is_err());
        registry.find(&name(NAME)).expect("it can still be read");
        for (size_bytes, fits) in [(9, true), (10, true), (11, false)] {
            assert_eq!(expect_short("file", size_bytes, 10, "hint").is_ok(), fits);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let files = MemoryFiles::new();
        let registry = registry(files.clone());
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        let hex = Digest::of(b"one").hex();
        let path = tree_path(&format!("{BLOBS}/{}/{hex}", &hex[..2])).expect("a path");
        let place = Place::new(Path::new("/registry"), &path);
        for changed in ["two", "one and more", ""] {
            files.write(place, changed.as_bytes(), None).expect("changed");
            let found = registry.find(&name(NAME)).expect("there");
            assert!(matches!(registry.fetch(&found), Err(RegistryError::Damaged { .. })));
        }
        files.remove_file(place).expect("gone");
        let found = registry.find(&name(NAME)).expect("there");
        let error = registry.fetch(&found).expect_err("it is gone");
        assert!(matches!(&error, RegistryError::Gone { file, .. } if file == "manifest.yaml"));
        assert!(error.hint().contains("another copy"), "{}", error.hint());
    }

    #[test]
    fn what_was_lost_is_there_again_once_it_is_published_again() {
        let files = MemoryFiles::new();
        let registry = registry(files.clone());
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        let hex = Digest::of(b"one").hex();
        let path = tree_path(&format!("{BLOBS}/{}/{hex}", &hex[..2])).expect("a path");
        let place = Place::new(Path::new("/registry"), &path);
        for is_gone in [true, false] {
            if is_gone {
                files.remove_file(place).expect("gone");
            } else {
                files.write(place, b"two", None).expect("changed");
            }
            let again = registry.publish(&name(NAME), &bundle("one")).expect("the same");
            assert!(again.unchanged);
            let found = registry.find(&name(NAME)).expect("there");
            assert_eq!(registry.fetch(&found).expect("whole"), bundle("one"));
        }
    }

    #[test]
    fn hostile_entries_are_refused() {
        let files = MemoryFiles::new();
        let registry = registry(files.clone());
        registry.publish(&name(NAME), &bundle("one")).expect("published");
        let path = tree_path("core_migrations/yourlib/1.0_2.0/entry.json").expect("a path");
        let place = Place::new(Path::new("/registry"), &path);
        let whole = files.read(place, 1 << 20).expect("an entry");
        let whole = String::from_utf8(whole).expect("a text");
        for (from, to) in [
            ("manifest.yaml", "../manifest.yaml"),
            ("manifest.yaml", ".git/hooks/post-checkout"),
            ("yourlib", "otherlib"),
            ("registry_entry/1", "registry_entry/2"),
            ("\"name\"", "\"name\": \"registry://a/b/1_2\", \"name\""),
            ("\"name\"", "\"more\": 1, \"name\""),
        ] {
            let changed = whole.replacen(from, to, 1);
            assert_ne!(changed, whole);
            files.write(place, changed.as_bytes(), None).expect("written");
            let found = registry.find(&name(NAME));
            assert!(matches!(found, Err(RegistryError::Damaged { .. })), "{to}");
        }
    }

    #[test]
    fn an_interrupted_publication_is_whole_or_not_there() {
        for fault in [Fault::Full, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin] {
            for at in 1.. {
                let disk = MemoryFiles::new();
                let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
                let broken = FolderRegistry::new(faulty.clone(), "/registry");
                let published = broken.publish(&name(NAME), &bundle("one"));
                let whole = registry(disk);
                match whole.find(&name(NAME)) {
                    Ok(found) => assert_eq!(whole.fetch(&found).expect("whole"), bundle("one")),
                    Err(error) => {
                        assert!(matches!(error, RegistryError::Missing(_)), "{error}");
                        assert!(published.is_err(), "{fault:?} at {at}");
                    }
                }
                let again = whole.publish(&name(NAME), &bundle("one"));
                assert!(again.is_ok(), "{fault:?} at {at}: {again:?}");
                if !faulty.has_struck() {
                    break;
                }
            }
        }
    }
}
