//! Making and signing the metadata of a registry in a folder.
//!
//! Three people may do it, and none needs the keys of another: who keeps the root offline, who
//! publishes in a namespace, and who renews what is current.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::Timestamp;
use host::{FileError, FileErrorKind, FileLock, Files, Place, tree_path};
use ledger::{PublicKey, Signer};

use super::RoleError;
use super::client::{file_of, target_file};
use super::key::{Key, VerifyingKey};
use super::metadata::{
    DelegatedRole, Delegations, Expiry, MetaFile, OtherFields, Role, RoleKeys, RoleKind, RootRole,
    SPEC_VERSION, Signed, SnapshotRole, TargetFile, TargetsRole, TimestampRole, VerificationKeys,
    Version,
};
use super::names::{
    expect_new_namespace, expect_new_package, namespaces, pattern_of, resolved, target_of,
};
use super::standing::{Space, Standing, name_previous};
use super::{ExpiredRole, FolderTransport, Refused, SignedRegistry, Transport};
use crate::folder::{ENTRY_LIMIT_BYTES, ROOT, entry_bytes, entry_of, make_last, parse_entry};
use crate::{
    Entry, EntryName, EntryStatus, FolderRegistry, Listed, Published, RegistryError, RegistryKind,
    StatusChange,
};

const LOCK: &str = "metadata/lock";

/// Keys, and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: NonZeroU64,
}

/// The keys that a root names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKeys {
    /// Those of the root and the top-level targets.
    pub offline: KeySet,
    /// Those of the snapshot and the timestamp.
    pub online: KeySet,
}

/// How long metadata is trusted after it was signed, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The root and the top-level targets, whose keys are offline.
    pub offline: i64,
    /// What the publishers of a namespace sign.
    pub namespace: i64,
    /// The snapshot.
    pub snapshot: i64,
    /// The timestamp: how long an old copy can be shown as the current one.
    pub timestamp: i64,
}

const DAY: i64 = 86_400;

impl Default for Lifetimes {
    fn default() -> Self {
        Self { offline: 365 * DAY, namespace: 180 * DAY, snapshot: 7 * DAY, timestamp: DAY }
    }
}

/// What renewing came to.
#[derive(Debug)]
pub struct Renewed {
    /// The namespaces whose newest version could not be verified; what was current of them before
    /// stays so.
    pub refused: Vec<Refused>,
    /// What has expired and does not become fresh by this: others must sign it anew.
    pub expired: Vec<ExpiredRole>,
}

/// A registry with roles in a folder, for those who sign there. Nobody signs in a registry of which
/// they trust nothing: what lies in the folder may be that of somebody else.
#[derive(Debug, Clone)]
pub struct RegistryKeeper {
    files: Arc<dyn Files>,
    root: PathBuf,
    reader: SignedRegistry,
    lifetimes: Lifetimes,
}

impl RegistryKeeper {
    /// The registry of this reader, of whom it takes what is trusted. It need not be there yet.
    pub fn new(reader: SignedRegistry, lifetimes: Lifetimes) -> Self {
        let (files, root) = (reader.files.clone(), reader.source.clone());
        Self { files, root, reader, lifetimes }
    }

    /// Gives the folder roles, and trusts their root. `offline` signs the root and the namespaces,
    /// `online` the snapshot and the timestamp; `signers` are all that must sign. Gives the root,
    /// which users must get by a way that they trust. Refused where there are roles already, or
    /// were.
    pub fn init(
        &self,
        offline: &KeySet,
        online: &KeySet,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Vec<u8>, RegistryError> {
        // Where it is refused, not even the lock is made.
        self.expect_no_roles()?;
        let _held = self.lock()?;
        // Another process may have made them since; a second root would take its place.
        self.expect_no_roles()?;
        let root = self.root_role(offline, online, first(), now)?;
        let signed = sign("root", root.clone(), signers, &[root.keys_of(RoleKind::Root)])?;
        let targets = self.targets_role(first(), self.lifetimes.offline, now)?;
        let keys = [root.keys_of(RoleKind::Targets)];
        let targets = sign("targets", targets, signers, &keys)?;
        let meta = [("targets.json".to_owned(), meta_of(&targets))].into();
        let snapshot = self.snapshot_role(first(), meta, now)?;
        let keys = [root.keys_of(RoleKind::Snapshot)];
        let snapshot = sign("snapshot", snapshot, signers, &keys)?;
        let timestamp = self.timestamp_role(first(), meta_of(&snapshot), now)?;
        let keys = [root.keys_of(RoleKind::Timestamp)];
        let timestamp = sign("timestamp", timestamp, signers, &keys)?;
        self.write(&file_of("root", Some(1)), signed.bytes())?;
        self.write(&file_of("targets", Some(1)), targets.bytes())?;
        self.write(&file_of("snapshot", Some(1)), snapshot.bytes())?;
        self.write(&file_of("timestamp", None), timestamp.bytes())?;
        // This file makes the folder one with roles, so it comes when they are all there.
        self.write(ROOT, signed.bytes())?;
        self.reader.pin(signed.bytes())?;
        Ok(signed.bytes().to_vec())
    }

    /// The keys that the newest root names. Where onx does not sign with some of them, another
    /// program keeps the root, and this one would take them away.
    pub fn root_keys(&self) -> Result<RootKeys, RegistryError> {
        let standing = self.standing()?;
        let root = standing.root().content();
        let of = |kind: RoleKind| -> Result<KeySet, RoleError> {
            let keys = root.keys_of(kind);
            let threshold = keys.threshold();
            let keys = keys.verifying_keys().into_iter().map(|key| match key {
                VerifyingKey::Ed25519(key) => Ok(key),
                VerifyingKey::EcdsaP256(_) | VerifyingKey::RsaPss(_) => {
                    let why = "it names keys that are none of ed25519";
                    let hint = "keep it with the program that made these keys";
                    Err(unfit(RoleKind::Root.name(), why, hint))
                }
            });
            Ok(KeySet { keys: keys.collect::<Result<_, _>>()?, threshold })
        };
        Ok(RootKeys { offline: of(RoleKind::Root)?, online: of(RoleKind::Timestamp)? })
    }

    /// Makes a new root with these keys of the root, the top-level targets and the online roles,
    /// and a new time at which it and the targets expire. A threshold of the old offline keys and
    /// one of the new ones must be among the signers. Clients need what
    /// [`RegistryKeeper::renew`] says afterwards, with the new online keys where they change.
    pub fn rotate_root(
        &self,
        offline: &KeySet,
        online: &KeySet,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Vec<u8>, RegistryError> {
        let _held = self.lock_there()?;
        let standing = self.standing()?;
        let old = standing.root();
        let mut root = self.root_role(offline, online, next("root", old.version())?, now)?;
        name_previous(&mut root, old.bytes());
        let keys = [root.keys_of(RoleKind::Root), old.content().keys_of(RoleKind::Root)];
        let signed = sign("root", root.clone(), signers, &keys)?;
        // The new keys must have signed the targets before anybody sees the root, and the old ones
        // for as long as nobody does.
        let keys = [root.keys_of(RoleKind::Targets), old.content().keys_of(RoleKind::Targets)];
        let content = self.renewed(&standing.targets, self.lifetimes.offline, now)?;
        let targets = sign("targets", content, signers, &keys)?;
        self.write(&file_of("targets", Some(targets.version())), targets.bytes())?;
        self.write(&file_of("root", Some(signed.version())), signed.bytes())?;
        self.write(ROOT, signed.bytes())?;
        Ok(signed.bytes().to_vec())
    }

    /// Gives a namespace to these publishers, and to nobody else any more. The offline keys sign.
    /// It counts from the next [`RegistryKeeper::renew`] on; where publishers lost their keys, one
    /// of the new ones must then publish or [`RegistryKeeper::resign`].
    pub fn delegate(
        &self,
        namespace: &str,
        publishers: &KeySet,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let _held = self.lock_there()?;
        let standing = self.standing()?;
        let others = namespaces(standing.targets.content()).map(|role| role.name.as_str());
        expect_new_namespace(namespace, others)?;
        expect_enough(namespace, publishers)?;
        let mut content = self.renewed(&standing.targets, self.lifetimes.offline, now)?;
        let delegations = content.delegations.get_or_insert_with(Delegations::default);
        let role = DelegatedRole {
            name: namespace.to_owned(),
            terminating: true,
            paths: Some(vec![pattern_of(namespace)]),
            path_hash_prefixes: None,
            keys: RoleKeys::new(&publishers.keys, publishers.threshold),
        };
        match delegations.roles.iter_mut().find(|known| known.name == namespace) {
            Some(known) => *known = role,
            None => delegations.roles.push(role),
        }
        let ids = publishers.keys.iter().map(|key| (key.id(), Key::new(key)));
        delegations.keys.extend(ids);
        let used: Vec<_> = delegations.roles.iter().flat_map(|it| it.keys.keyids.clone()).collect();
        delegations.keys.retain(|id, _| used.contains(id));
        let keys = [standing.root().content().keys_of(RoleKind::Targets)];
        let targets = sign("targets", content, signers, &keys)?;
        Ok(self.write(&file_of("targets", Some(targets.version())), targets.bytes())?)
    }

    /// Publishes these files under a name with a package, signed by publishers of its namespace.
    /// The same again changes nothing but what was lost: files that are gone or damaged are there
    /// again, and a namespace that has expired or is signed by former publishers is signed anew.
    /// Something else under a name that is taken is refused, and so is a package that could be
    /// taken for another one. Clients see it from the next [`RegistryKeeper::renew`] on.
    pub fn publish(
        &self,
        name: &EntryName,
        contents: &BTreeMap<String, Vec<u8>>,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Published, RegistryError> {
        let target = target_of(name).ok_or_else(|| RegistryError::Missing(name.clone()))?;
        let entry = entry_of(name, contents)?;
        let bytes = entry_bytes(&entry)?;
        let file = TargetFile::of(&bytes);
        let _held = self.lock_there()?;
        let space = self.standing()?.space(&name.namespace)?;
        let mut content = self.content(&space, now)?;
        let unchanged = match content.targets.get(&target) {
            Some(known) if known.hashes != file.hashes => {
                return Err(RegistryError::Taken(name.clone()));
            }
            Some(_) => true,
            None => {
                expect_new_package(name, &content)?;
                content.targets.insert(target.clone(), file.clone());
                false
            }
        };
        let signed = if unchanged && space.is_valid(now) {
            None
        } else {
            Some(self.sign_space(&space, content, signers)?)
        };
        let folder = FolderRegistry::new(self.files.clone(), &self.root);
        for bytes in contents.values() {
            folder.keep_blob(bytes)?;
        }
        self.write(&target_file(&target, &file, true)?, &bytes)?;
        if let Some(signed) = signed {
            self.write(&file_of(&name.namespace, Some(signed.version())), signed.bytes())?;
        }
        Ok(Published { entry, unchanged })
    }

    /// Says of an entry whether it is to be used, signed by publishers of its namespace. It may
    /// have expired, and may be signed by those who were its publishers before: what was published
    /// wrongly must go out of use before anything else. Clients see it from the next
    /// [`RegistryKeeper::renew`] on.
    pub fn set_status(
        &self,
        name: &EntryName,
        status: EntryStatus,
        reason: &str,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Listed, RegistryError> {
        let change = StatusChange { status, reason: reason.to_owned(), at: now };
        let _held = self.lock_there()?;
        let space = self.standing()?.space(&name.namespace)?;
        let mut content = self.content(&space, now)?;
        let name = &resolved(name, content.targets.keys())?;
        let missing = || RegistryError::Missing(name.clone());
        let target = target_of(name).ok_or_else(missing)?;
        let file = content.targets.get_mut(&target).ok_or_else(missing)?;
        let said = serde_json::to_value(&change);
        let odd = |error: serde_json::Error| {
            unfit(&name.namespace, &error.to_string(), "say it with another reason")
        };
        file.custom = Some(said.map_err(odd)?);
        let entry = self.entry(name, &target, file)?;
        let signed = self.sign_space(&space, content, signers)?;
        self.write(&file_of(&name.namespace, Some(signed.version())), signed.bytes())?;
        Ok(Listed { entry, status: Some(change) })
    }

    /// Signs a namespace anew, as it is: before it expires, or after its keys were replaced.
    pub fn resign(
        &self,
        namespace: &str,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let _held = self.lock_there()?;
        let space = self.standing()?.space(namespace)?;
        let signed = self.sign_space(&space, self.content(&space, now)?, signers)?;
        Ok(self.write(&file_of(namespace, Some(signed.version())), signed.bytes())?)
    }

    /// Makes what was signed the current state, and says for another while that it is: a snapshot
    /// where something is new, and a timestamp. The online keys sign. A namespace that cannot be
    /// verified is left as it was and named, and the others are renewed. After one of the online
    /// keys was replaced, both begin anew, and what the old keys signed is not built upon; where
    /// this machine does not know then how a namespace was, nothing is renewed, for a snapshot
    /// without it would take away what is published there.
    pub fn renew(&self, signers: &[&dyn Signer], now: Timestamp) -> Result<Renewed, RegistryError> {
        let _held = self.lock_there()?;
        let standing = self.standing()?;
        let root = standing.root().content();
        let mut meta = standing.named_before();
        meta.insert("targets.json".to_owned(), meta_of(&standing.targets));
        let (spaces, mut refused) = spaces_of(&standing);
        let is_lost = |it: &Refused| !meta.contains_key(&format!("{}.json", it.namespace));
        if standing.snapshot.is_none()
            && let Some(lost) = refused.iter().position(is_lost)
        {
            return Err(refused.swap_remove(lost).error);
        }
        meta.extend(spaces.iter().map(|(name, it)| (format!("{name}.json"), meta_of(it))));
        let snapshot = match self.lasting(&standing, &meta, now) {
            Some(last) => last.clone(),
            None => {
                let version = next("snapshot", standing.snapshot_version)?;
                let content = self.snapshot_role(version, meta, now)?;
                let keys = [root.keys_of(RoleKind::Snapshot)];
                let snapshot = sign("snapshot", content, signers, &keys)?;
                self.write(&file_of("snapshot", Some(snapshot.version())), snapshot.bytes())?;
                snapshot
            }
        };
        let version = next("timestamp", standing.timestamp_version)?;
        let content = self.timestamp_role(version, meta_of(&snapshot), now)?;
        let keys = [root.keys_of(RoleKind::Timestamp)];
        let timestamp = sign("timestamp", content, signers, &keys)?;
        // Readers see the new state from here on, and all of it lies there.
        self.write(&file_of("timestamp", None), timestamp.bytes())?;
        // Whoever shows an older state from here on does not make this begin anew.
        self.reader.keep(standing.renewed(timestamp, snapshot, &spaces))?;
        Ok(Renewed { refused, expired: expired_of(&standing, &spaces, now) })
    }
}

impl RegistryKeeper {
    fn expect_no_roles(&self) -> Result<(), RegistryError> {
        let folder = FolderRegistry::new(self.files.clone(), &self.root);
        if folder.kind()? == RegistryKind::Signed {
            return Err(RegistryError::HasRoles);
        }
        if self.reader.trusted()?.is_some() {
            return Err(RegistryError::RolesGone);
        }
        Ok(())
    }

    fn standing(&self) -> Result<Standing, RegistryError> {
        Ok(Standing::read(&self.files, &self.root, self.reader.trusted_roles()?)?)
    }

    /// The snapshot that the registry shows, where it names just this, the present keys signed it,
    /// and half of its time is not over.
    fn lasting<'a>(
        &self,
        standing: &'a Standing,
        meta: &BTreeMap<String, MetaFile>,
        now: Timestamp,
    ) -> Option<&'a Signed<SnapshotRole>> {
        let last = standing.snapshot.as_ref().filter(|_| standing.is_shown)?;
        let left = last.expires().unix_seconds().saturating_sub(now.unix_seconds());
        let keys = standing.root().content().keys_of(RoleKind::Snapshot);
        let lasts = last.content().meta == *meta
            && left >= self.lifetimes.snapshot / 2
            && last.expect_signed("snapshot", &keys).is_ok();
        lasts.then_some(last)
    }

    /// The entry that a target is.
    fn entry(
        &self,
        name: &EntryName,
        target: &str,
        file: &TargetFile,
    ) -> Result<Entry, RegistryError> {
        let path = target_file(target, file, true)?;
        let transport = FolderTransport::new(self.files.clone(), &self.root);
        let bytes = transport.fetch(&path, ENTRY_LIMIT_BYTES).map_err(RoleError::from)?;
        let bytes = bytes.ok_or_else(|| RoleError::Missing { file: path.clone() })?;
        file.expect(&bytes).map_err(|why| RoleError::Bytes { file: path, why })?;
        parse_entry(name, &bytes)
    }

    /// What is published in a namespace, ready to be added to.
    fn content(&self, space: &Space, now: Timestamp) -> Result<TargetsRole, RoleError> {
        match &space.newest {
            Some(newest) => self.renewed(newest, self.lifetimes.namespace, now),
            None => self.targets_role(first(), self.lifetimes.namespace, now),
        }
    }

    fn sign_space(
        &self,
        space: &Space,
        content: TargetsRole,
        signers: &[&dyn Signer],
    ) -> Result<Signed<TargetsRole>, RoleError> {
        let keys = space.delegations.keys_of(&space.role);
        sign(&space.role.name, content, signers, &[keys])
    }

    fn root_role(
        &self,
        offline: &KeySet,
        online: &KeySet,
        version: Version,
        now: Timestamp,
    ) -> Result<RootRole, RoleError> {
        expect_enough("root", offline)?;
        expect_enough("timestamp", online)?;
        let [offline_keys, online_keys] =
            [offline, online].map(|set| RoleKeys::new(&set.keys, set.threshold));
        let roles = [
            (RoleKind::Root, offline_keys.clone()),
            (RoleKind::Targets, offline_keys),
            (RoleKind::Snapshot, online_keys.clone()),
            (RoleKind::Timestamp, online_keys),
        ];
        let keys = offline.keys.iter().chain(&online.keys);
        Ok(RootRole {
            kind: RoleKind::Root,
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: after("root", now, self.lifetimes.offline)?,
            consistent_snapshot: true,
            keys: keys.map(|key| (key.id(), Key::new(key))).collect(),
            roles: roles.map(|(kind, keys)| (kind.name().to_owned(), keys)).into(),
            other: OtherFields::new(),
        })
    }

    fn targets_role(
        &self,
        version: Version,
        lifetime: i64,
        now: Timestamp,
    ) -> Result<TargetsRole, RoleError> {
        Ok(TargetsRole {
            kind: RoleKind::Targets,
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: after("targets", now, lifetime)?,
            targets: BTreeMap::new(),
            delegations: None,
            other: OtherFields::new(),
        })
    }

    fn snapshot_role(
        &self,
        version: Version,
        meta: BTreeMap<String, MetaFile>,
        now: Timestamp,
    ) -> Result<SnapshotRole, RoleError> {
        Ok(SnapshotRole {
            kind: RoleKind::Snapshot,
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: after("snapshot", now, self.lifetimes.snapshot)?,
            meta,
            other: OtherFields::new(),
        })
    }

    fn timestamp_role(
        &self,
        version: Version,
        snapshot: MetaFile,
        now: Timestamp,
    ) -> Result<TimestampRole, RoleError> {
        Ok(TimestampRole {
            kind: RoleKind::Timestamp,
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: after("timestamp", now, self.lifetimes.timestamp)?,
            meta: TimestampRole::meta_of(snapshot),
            other: OtherFields::new(),
        })
    }

    /// The next version of this content.
    fn renewed(
        &self,
        signed: &Signed<TargetsRole>,
        lifetime: i64,
        now: Timestamp,
    ) -> Result<TargetsRole, RoleError> {
        let version = next("targets", signed.version())?;
        let expires = after("targets", now, lifetime)?;
        Ok(TargetsRole { version, expires, ..signed.content().clone() })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        write_below(&*self.files, &self.root, name, bytes)
    }

    /// The lock of a registry that has roles; where there are none, nothing is made.
    fn lock_there(&self) -> Result<FileLock, RegistryError> {
        self.reader.trusted_roles()?;
        self.lock()
    }

    fn lock(&self) -> Result<FileLock, RegistryError> {
        lock_registry(&*self.files, &self.root)
    }
}

/// The lock that whoever changes the metadata of a registry holds.
pub(super) fn lock_registry(files: &dyn Files, root: &Path) -> Result<FileLock, RegistryError> {
    files.create_base(root)?;
    let path = tree_path(LOCK)?;
    files.create_parents(root, &path)?;
    Ok(files.lock(Place::new(root, &path), "who signs the registry")?)
}

/// The newest version of each namespace in which something was published, and the namespaces that
/// cannot be verified.
fn spaces_of(standing: &Standing) -> (BTreeMap<String, Signed<TargetsRole>>, Vec<Refused>) {
    let (mut spaces, mut refused) = (BTreeMap::new(), Vec::new());
    for role in namespaces(standing.targets.content()) {
        let namespace = role.name.clone();
        match standing.space_of(role) {
            Ok(Space { newest: Some(newest), .. }) => {
                spaces.insert(namespace, newest);
            }
            Ok(_) => {}
            Err(error) => refused.push(Refused { namespace, entry: None, error: error.into() }),
        }
    }
    (spaces, refused)
}

/// What the keys of the snapshot and the timestamp do not make fresh.
fn expired_of(
    standing: &Standing,
    spaces: &BTreeMap<String, Signed<TargetsRole>>,
    now: Timestamp,
) -> Vec<ExpiredRole> {
    let top = [("root", standing.root().expires()), ("targets", standing.targets.expires())];
    let below = spaces.iter().map(|(name, signed)| (name.as_str(), signed.expires()));
    let expired = top.into_iter().chain(below).filter(|(_, at)| *at <= now);
    expired.map(|(role, at)| ExpiredRole { role: role.to_owned(), at }).collect()
}

/// Writes a file of a registry, at once or not at all, so that it outlasts a loss of power; what is
/// there with these bytes stays.
pub(super) fn write_below(
    files: &dyn Files,
    root: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<(), FileError> {
    let path = tree_path(name)?;
    let place = Place::new(root, &path);
    match files.read(place, bytes.len() as u64) {
        Ok(there) if there == bytes => return make_last(files, root, &path),
        Ok(_) => {}
        Err(error) if matches!(error.kind, FileErrorKind::Missing | FileErrorKind::TooLarge(_)) => {
        }
        Err(error) => return Err(error),
    }
    files.create_parents(root, &path)?;
    files.write(place, bytes, None)?;
    make_last(files, root, &path)
}

/// Signs with those keys that these sets have, and refuses what one of them would refuse.
fn sign<T: Role>(
    role: &str,
    content: T,
    signers: &[&dyn Signer],
    sets: &[VerificationKeys<'_>],
) -> Result<Signed<T>, RoleError> {
    let known: BTreeSet<_> = sets.iter().flat_map(VerificationKeys::verifying_keys).collect();
    let own =
        signers.iter().filter(|signer| known.contains(&VerifyingKey::Ed25519(signer.public_key())));
    let own: Vec<_> = own.copied().collect();
    let signed = Signed::sign_for(role, content, &own, sets)?;
    for keys in sets {
        signed.expect_signed(role, keys).map_err(|error| match error {
            RoleError::Unsigned { role, valid, threshold } => {
                RoleError::TooFewKeys { role, own: valid, threshold }
            }
            error => error,
        })?;
    }
    Ok(signed)
}

fn expect_enough(role: &str, set: &KeySet) -> Result<(), RoleError> {
    let different: BTreeSet<_> = set.keys.iter().collect();
    if (different.len() as u64) < set.threshold.get() {
        let why = "it has fewer keys than must sign";
        return Err(unfit(role, why, "name at least as many keys as must sign"));
    }
    Ok(())
}

/// What another role says of this one.
pub(super) fn meta_of<T: Role>(signed: &Signed<T>) -> MetaFile {
    MetaFile::of(signed.content().header().version, signed.bytes())
}

fn first() -> Version {
    NonZeroU64::MIN
}

fn next(role: &str, version: u64) -> Result<Version, RoleError> {
    let next = version.checked_add(1).and_then(NonZeroU64::new);
    let hint = match role {
        "snapshot" | "timestamp" => {
            "replace the online key with `onx-manifest registry rotate`; versions begin anew then"
        }
        _ => "somebody who had its keys used up all versions; make another registry",
    };
    next.ok_or_else(|| unfit(role, "there is no further version", hint))
}

fn after(role: &str, now: Timestamp, seconds: i64) -> Result<Expiry, RoleError> {
    let moment = Timestamp::from_unix_seconds(now.unix_seconds().saturating_add(seconds));
    let hint = "see whether the clock is right";
    moment.map(Expiry).map_err(|error| unfit(role, &error.to_string(), hint))
}

fn unfit(role: &str, why: &str, hint: &'static str) -> RoleError {
    RoleError::Unfit { role: role.to_owned(), why: why.to_owned(), hint }
}
