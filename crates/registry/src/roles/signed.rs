//! Reading a registry with roles: what is not signed, current and of its namespace is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::Timestamp;
use host::{FileErrorKind, FileLock, Files, Place, lock_patiently, tree_path};

use super::client::file_of;
use super::keeper::{lock_registry, write_below};
use super::metadata::{RoleKind, RootRole, Signed, TargetFile, TimestampRole};
use super::names::{expect_distinct_namespaces, name_of, namespaces, resolved, target_of};
use super::standing::read_roots;
use super::state::TRUST_LIMIT_BYTES;
use super::{
    Client, ExpiredRole, FolderTransport, FoundTarget, RoleError, Rules, Transport, TrustedState,
};
use crate::folder::{ENTRY_LIMIT_BYTES, ROOT, expect_short, parse_entry};
use crate::{EntryName, FolderRegistry, Listed, RegistryError, RegistryKind, StatusChange};

const TRUST: &str = "trust.json";
const LOCK: &str = "lock";

/// The files of a bundle by name.
type Contents = BTreeMap<String, Vec<u8>>;

/// A target that is an entry, with the name of the entry.
type NamedTarget = (EntryName, FoundTarget);

/// Where what is asked for comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// From the registry, which says what is current.
    Registry,
    /// From what was verified and fetched before, while it has not expired.
    Cache,
    /// From what was verified and fetched before, even if it has expired; the answer says what.
    CacheEvenIfExpired,
}

/// An entry that is signed by a publisher of its namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedEntry {
    /// The entry, and whether it is to be used.
    pub listed: Listed,
    /// The versions of the roles that say so, by name.
    pub versions: BTreeMap<String, u64>,
    /// What had expired and was used all the same, because it was asked for so. It belongs into
    /// the record of what the entry is used for.
    pub expired: Vec<ExpiredRole>,
}

/// Everything that is published and verified, and what could not be.
#[derive(Debug)]
pub struct Listing {
    /// The entries by name.
    pub entries: Vec<VerifiedEntry>,
    /// What is not used.
    pub refused: Vec<Refused>,
}

/// A namespace of which nothing is used, or an entry of it that is not, and why.
#[derive(Debug)]
pub struct Refused {
    /// The namespace.
    pub namespace: String,
    /// The entry, where it is that one alone.
    pub entry: Option<EntryName>,
    /// Why.
    pub error: RegistryError,
}

impl Refused {
    /// This entry, for this reason.
    pub(crate) fn entry(name: EntryName, error: RegistryError) -> Self {
        Self { namespace: name.namespace.clone(), entry: Some(name), error }
    }

    /// What is not used, by its name.
    pub fn name(&self) -> String {
        self.entry.as_ref().map_or_else(|| self.namespace.clone(), ToString::to_string)
    }
}

/// What a mirror came to.
#[derive(Debug)]
pub struct Mirrored {
    /// The entries that it has.
    pub entries: usize,
    /// What it does not have.
    pub refused: Vec<Refused>,
}

/// A registry with roles, for those who use what is published there.
///
/// Three folders: the registry, which anybody may write; what is trusted of it, which belongs to
/// the user; and a cache, which may be deleted at any time and is verified when it is read.
#[derive(Debug, Clone)]
pub struct SignedRegistry {
    pub(super) files: Arc<dyn Files>,
    pub(super) source: PathBuf,
    trust: PathBuf,
    cache: PathBuf,
}

impl SignedRegistry {
    /// The registry in `source`, of which `trust` holds what is trusted and `cache` what was
    /// fetched. None of them need be there yet.
    pub fn new(
        files: Arc<dyn Files>,
        source: impl Into<PathBuf>,
        trust: impl Into<PathBuf>,
        cache: impl Into<PathBuf>,
    ) -> Self {
        Self { files, source: source.into(), trust: trust.into(), cache: cache.into() }
    }

    /// Trusts this root, which came by a way that the user trusts. The same again changes nothing;
    /// another one is refused while one is trusted, for a newer root must follow from the older.
    pub fn pin(&self, root: &[u8]) -> Result<TrustedState, RegistryError> {
        let pinned = TrustedState::pinned(root)?;
        let _held = self.lock()?;
        if let Some(trusted) = self.trusted()? {
            if trusted.root().bytes() == root {
                return Ok(trusted);
            }
            return Err(RegistryError::OtherRootTrusted);
        }
        self.write_trust(&pinned)?;
        Ok(pinned)
    }

    /// What is trusted; none before a root was pinned.
    pub fn trusted(&self) -> Result<Option<TrustedState>, RegistryError> {
        let path = tree_path(TRUST)?;
        let place = Place::new(&self.trust, &path);
        let unreadable = |why: String| RegistryError::Trust { path: place.to_path(), why };
        match self.files.read(place, TRUST_LIMIT_BYTES) {
            Ok(bytes) => match TrustedState::from_bytes(&bytes) {
                Ok(state) => Ok(Some(state)),
                Err(RoleError::Malformed { why, .. }) => Err(unreadable(why)),
                Err(error) => Err(unreadable(error.to_string())),
            },
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) if matches!(error.kind, FileErrorKind::TooLarge(_)) => {
                Err(unreadable(error.kind.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is trusted of a registry that has roles. One that has none is refused, whether it never
    /// had any or does not show them any more.
    pub(super) fn trusted_roles(&self) -> Result<TrustedState, RegistryError> {
        let kind = FolderRegistry::new(self.files.clone(), &self.source).kind()?;
        match (self.trusted()?, kind) {
            (Some(trusted), RegistryKind::Signed) => Ok(trusted),
            (None, RegistryKind::Signed) => Err(RegistryError::NothingTrusted),
            (trusted, RegistryKind::Unsigned) => {
                // A folder that is not there says nothing about its roles.
                self.files.list(&self.source, None)?;
                Err(trusted.map_or(RegistryError::NoRoles, |_| RegistryError::RolesGone))
            }
        }
    }

    /// Follows the registry to its newest state, and gives what is trusted then.
    pub fn refresh(&self, now: Timestamp) -> Result<TrustedState, RegistryError> {
        self.update(Reach::Registry, now, |client| Ok(client.state().clone()))
    }

    /// What is published under a name, whether it is to be used or not.
    pub fn find(
        &self,
        name: &EntryName,
        reach: Reach,
        now: Timestamp,
    ) -> Result<VerifiedEntry, RegistryError> {
        self.update(reach, now, |client| {
            let name = found_name(client, name)?;
            let missing = || RegistryError::Missing(name.clone());
            let target = target_of(&name).ok_or_else(missing)?;
            let found = match client.find(&target) {
                Ok(found) => found.ok_or_else(missing)?,
                // Nobody published in the namespace yet.
                Err(RoleError::Unlisted { role }) if role == name.namespace => {
                    return Err(missing());
                }
                Err(error) => return Err(error.into()),
            };
            expect_distinct_namespaces(client.targets(RoleKind::Targets.name())?.content())?;
            self.verified(client, &name, &found, reach)
        })
        .map_err(|error| never_fetched(error, name, reach))
    }

    /// The files of an entry that may be used, each compared with the digest that the entry names,
    /// and kept in the cache where they come from the registry.
    pub fn fetch(
        &self,
        entry: &VerifiedEntry,
        reach: Reach,
    ) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
        let name = &entry.listed.entry.name;
        let contents = self.folder(reach).fetch(&entry.listed);
        let contents = contents.map_err(|error| never_fetched(error, name, reach))?;
        if reach == Reach::Registry {
            self.files.create_base(&self.cache)?;
            let cache = FolderRegistry::new(self.files.clone(), &self.cache);
            contents.values().try_for_each(|bytes| cache.cache_blob(bytes))?;
        }
        Ok(contents)
    }

    /// Everything that is published. What cannot be verified is named, and the rest is listed.
    pub fn list(&self, reach: Reach, now: Timestamp) -> Result<Listing, RegistryError> {
        self.update(reach, now, |client| {
            expect_distinct_namespaces(client.targets(RoleKind::Targets.name())?.content())?;
            let (targets, mut refused) = load_namespaces(client)?;
            let mut entries = Vec::new();
            for (name, found) in targets {
                match self.verified(client, &name, &found, reach) {
                    Ok(entry) => entries.push(entry),
                    // Offline, what was never fetched is not there.
                    Err(RegistryError::Role(RoleError::Missing { .. }))
                        if reach != Reach::Registry => {}
                    // The cache could not be written.
                    Err(error @ RegistryError::File(_)) => return Err(error),
                    Err(error) => refused.push(Refused::entry(name, error)),
                }
            }
            entries.sort_by(|a, b| a.listed.entry.name.cmp(&b.listed.entry.name));
            Ok(Listing { entries, refused })
        })
    }

    /// Copies what is verified into another folder, which is then a registry with the same roles.
    /// The folder is a new one, or one into which this registry was copied before.
    pub fn mirror(&self, into: &Path, now: Timestamp) -> Result<Mirrored, RegistryError> {
        self.update(Reach::Registry, now, |client| {
            let source = FolderTransport::new(self.files.clone(), &self.source);
            let mut roots = read_roots(&source, client.state().root())?;
            // What came while this was done is not verified.
            roots.retain(|root| root.version() <= client.state().root().version());
            let (targets, mut refused) = load_namespaces(client)?;
            let mirror = FolderRegistry::new(self.files.clone(), into);
            if mirror.kind()? == RegistryKind::Unsigned && !mirror.list()?.is_empty() {
                return Err(RegistryError::NoMirror("is a registry without roles"));
            }
            let _held = lock_registry(&*self.files, into)?;
            self.expect_mirror(into, &roots, client.state())?;
            let mut entries = 0;
            for (name, found) in &targets {
                let (bytes, contents) = match self.copied(client, name, found) {
                    Ok(read) => read,
                    Err(error) => {
                        refused.push(Refused::entry(name.clone(), error));
                        continue;
                    }
                };
                contents.values().try_for_each(|bytes| mirror.keep_blob(bytes))?;
                self.write(into, &client.target_file(found)?, &bytes)?;
                entries += 1;
            }
            self.mirror_metadata(client.state(), &roots, into)?;
            Ok(Mirrored { entries, refused })
        })
    }

    /// The bytes of an entry, and of its files.
    fn copied(
        &self,
        client: &Client<'_>,
        name: &EntryName,
        found: &FoundTarget,
    ) -> Result<(Vec<u8>, Contents), RegistryError> {
        let bytes = client.download(found)?;
        // What was yanked is kept for those who used it, and a mirror is whole.
        let listed = Listed { entry: parse_entry(name, &bytes)?, status: None };
        Ok((bytes, self.folder(Reach::Registry).fetch(&listed)?))
    }

    /// Refuses a folder with other roots than these, or with something newer than this state:
    /// whoever trusts it would be shown another registry there, or an old one.
    fn expect_mirror(
        &self,
        into: &Path,
        roots: &[Signed<RootRole>],
        state: &TrustedState,
    ) -> Result<(), RegistryError> {
        let mirror = FolderTransport::new(self.files.clone(), into);
        let limit = RoleKind::Root.limit_bytes();
        let read = |name: &str| mirror.fetch(name, limit).map_err(RoleError::from);
        for root in roots {
            let there = read(&file_of("root", Some(root.version())))?;
            if there.is_some_and(|there| there != root.bytes()) {
                return Err(RegistryError::NoMirror("is another registry"));
            }
        }
        let is_known = |there: &Vec<u8>| roots.iter().any(|root| root.bytes() == *there);
        if read(ROOT)?.is_some_and(|there| !is_known(&there)) {
            return Err(RegistryError::NoMirror("is another registry, or a newer one"));
        }
        let keys = state.root().content().keys_of(RoleKind::Timestamp);
        let there = read(&file_of("timestamp", None))?;
        let there =
            there.and_then(|bytes| Signed::<TimestampRole>::parse("timestamp", &bytes).ok());
        let there = there.filter(|it| it.expect_signed("timestamp", &keys).is_ok());
        if there.map(|it| it.version()) > state.timestamp.as_ref().map(Signed::version) {
            return Err(RegistryError::NoMirror("is newer than the registry"));
        }
        Ok(())
    }

    /// One update: what was verified is kept, in one file and at once, whatever follows.
    fn update<T>(
        &self,
        reach: Reach,
        now: Timestamp,
        use_it: impl FnOnce(&mut Client<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let trusted = match reach {
            Reach::Registry => self.trusted_roles()?,
            _ => self.trusted()?.ok_or(RegistryError::NothingTrusted)?,
        };
        let before = trusted.to_bytes()?;
        let rules =
            Rules { published_stays: true, expired_is_used: reach == Reach::CacheEvenIfExpired };
        let transport = FolderTransport::new(self.files.clone(), self.place(reach));
        let mut client = Client::new(&transport, trusted, rules, now);
        let current = match reach {
            Reach::Registry => client.refresh(),
            Reach::Cache | Reach::CacheEvenIfExpired => client.resume(),
        };
        let outcome = match current {
            Ok(()) => use_it(&mut client),
            Err(error) => Err(error.into()),
        };
        let state = client.into_state();
        if state.to_bytes()? != before {
            self.keep(state)?;
        }
        outcome
    }

    fn verified(
        &self,
        client: &Client<'_>,
        name: &EntryName,
        found: &FoundTarget,
        reach: Reach,
    ) -> Result<VerifiedEntry, RegistryError> {
        if found.role != name.namespace {
            let (namespace, role) = (name.namespace.clone(), found.role.clone());
            return Err(RoleError::Foreign { namespace, role }.into());
        }
        if found.file.length > ENTRY_LIMIT_BYTES {
            let (file, why) = (found.path.clone(), "it is longer than an entry may be");
            return Err(RoleError::Bytes { file, why }.into());
        }
        let bytes = client.download(found)?;
        let entry = parse_entry(name, &bytes)?;
        if reach == Reach::Registry {
            self.cache_file(&client.target_file(found)?, &bytes)?;
        }
        Ok(VerifiedEntry {
            listed: Listed { entry, status: status_of(name, &found.file)? },
            versions: client.state().versions(),
            expired: client.expired().iter().cloned().collect(),
        })
    }

    /// The metadata of this state, under the names that the root says; what makes the folder a
    /// registry comes last.
    fn mirror_metadata(
        &self,
        state: &TrustedState,
        roots: &[Signed<RootRole>],
        into: &Path,
    ) -> Result<(), RegistryError> {
        let consistent = state.root().content().consistent_snapshot;
        for (name, version) in state.versions() {
            let file = match name.as_str() {
                "root" | "timestamp" | "snapshot" => continue,
                _ => file_of(&name, consistent.then_some(version)),
            };
            self.write_role(state, &name, &file, into)?;
        }
        let snapshot = state.snapshot.as_ref().map(Signed::version).filter(|_| consistent);
        self.write_role(state, "snapshot", &file_of("snapshot", snapshot), into)?;
        for root in roots {
            self.write(into, &file_of("root", Some(root.version())), root.bytes())?;
        }
        self.write_role(state, "timestamp", &file_of("timestamp", None), into)?;
        self.write_role(state, "root", ROOT, into)
    }

    fn write_role(
        &self,
        state: &TrustedState,
        role: &str,
        file: &str,
        into: &Path,
    ) -> Result<(), RegistryError> {
        let missing = || RoleError::Missing { file: file.to_owned() };
        self.write(into, file, state.bytes_of(role).ok_or_else(missing)?)
    }

    fn write(&self, root: &Path, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        Ok(write_below(&*self.files, root, name, bytes)?)
    }

    /// Keeps a file in the cache, where it may be lost; what is there with these bytes stays.
    fn cache_file(&self, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        self.files.create_base(&self.cache)?;
        let path = tree_path(name)?;
        let place = Place::new(&self.cache, &path);
        if self.files.read(place, bytes.len() as u64).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        self.files.create_parents(&self.cache, &path)?;
        Ok(self.files.keep(place, bytes, None)?)
    }

    /// Keeps what was verified, together with what another process verified meanwhile.
    pub(super) fn keep(&self, state: TrustedState) -> Result<(), RegistryError> {
        let _held = self.lock()?;
        let state = match self.trusted()? {
            Some(other) => state.joined(other),
            None => state,
        };
        self.write_trust(&state)
    }

    fn write_trust(&self, state: &TrustedState) -> Result<(), RegistryError> {
        let path = tree_path(TRUST)?;
        let bytes = state.to_bytes()?;
        let hint = "ask who keeps the registry to split it; it has more than is kept of one";
        expect_short(TRUST, bytes.len(), TRUST_LIMIT_BYTES, hint)?;
        Ok(self.files.write(Place::new(&self.trust, &path), &bytes, None)?)
    }

    fn place(&self, reach: Reach) -> &Path {
        match reach {
            Reach::Registry => &self.source,
            Reach::Cache | Reach::CacheEvenIfExpired => &self.cache,
        }
    }

    fn folder(&self, reach: Reach) -> FolderRegistry {
        FolderRegistry::new(self.files.clone(), self.place(reach))
    }

    /// Others hold the lock only while they write one file.
    fn lock(&self) -> Result<FileLock, RegistryError> {
        self.files.create_base(&self.trust)?;
        let path = tree_path(LOCK)?;
        Ok(lock_patiently(&*self.files, Place::new(&self.trust, &path), "a reader")?)
    }
}

/// Every entry of every namespace, and what could not be verified.
fn load_namespaces(
    client: &mut Client<'_>,
) -> Result<(Vec<NamedTarget>, Vec<Refused>), RegistryError> {
    let top = client.targets(RoleKind::Targets.name())?.content();
    let names: Vec<String> = namespaces(top).map(|role| role.name.clone()).collect();
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    for namespace in names {
        if let Err(error) = client.load_role(&namespace) {
            // Nobody published there yet.
            if !matches!(error, RoleError::Unlisted { .. }) {
                refused.push(Refused { namespace, entry: None, error: error.into() });
            }
            continue;
        }
        let paths: Vec<String> =
            client.targets(&namespace)?.content().targets.keys().cloned().collect();
        for path in paths {
            let Some(name) = name_of(&path) else { continue };
            match client.find(&path) {
                // The search gives it only if the namespace may publish under this path.
                Ok(found) => {
                    let own = found.filter(|found| found.role == namespace);
                    entries.extend(own.map(|found| (name, found)));
                }
                Err(error) => refused.push(Refused::entry(name, error.into())),
            }
        }
    }
    Ok((entries, refused))
}

/// Without the registry, what is missing was never fetched from it.
fn never_fetched(error: RegistryError, name: &EntryName, reach: Reach) -> RegistryError {
    match error {
        RegistryError::Role(RoleError::Missing { .. }) | RegistryError::Gone { .. }
            if reach != Reach::Registry =>
        {
            RegistryError::NotFetched(name.clone())
        }
        error => error,
    }
}

/// The name with its package.
fn found_name(client: &mut Client<'_>, name: &EntryName) -> Result<EntryName, RegistryError> {
    if name.package.is_some() {
        return Ok(name.clone());
    }
    match client.load_role(&name.namespace) {
        Ok(true) => resolved(name, client.targets(&name.namespace)?.content().targets.keys()),
        Ok(false) | Err(RoleError::Unlisted { .. }) => Err(RegistryError::Missing(name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// What the publishers say of an entry.
fn status_of(name: &EntryName, file: &TargetFile) -> Result<Option<StatusChange>, RegistryError> {
    let said = file.custom.clone();
    said.map(serde_json::from_value)
        .transpose()
        .map_err(|error| RegistryError::Damaged { name: name.clone(), why: error.to_string() })
}
