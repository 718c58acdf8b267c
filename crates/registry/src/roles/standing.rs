//! What stands in the folder of a registry, for those who sign there. Nobody signs on top of what
//! they have not verified: a file that somebody put there would get a good signature.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{Sha256, Timestamp};
use host::{FileError, FileErrorKind, Files};
use serde_json::Value;

use super::client::{expect_not_back, expect_published, fetched, file_of, lost_an_online_key};
use super::keeper::meta_of;
use super::metadata::{
    DelegatedRole, Delegations, MetaFile, Role, RoleKind, RootRole, Signed, SnapshotRole,
    TargetsRole, TimestampRole, VerificationKeys,
};
use super::names::namespaces;
use super::{FolderTransport, RoleError, Transport, TransportError, TrustedState};

/// The field of a root that holds the SHA-256 of the one before it; the specification has none.
const PREVIOUS_ROOT: &str = "onx_previous_root_sha256";

/// The newest metadata of a registry: what is current, and what was signed since.
pub(super) struct Standing {
    transport: FolderTransport,
    /// The versions of the root that somebody vouches for who is trusted, first to last.
    roots: Vec<Signed<RootRole>>,
    /// What was known before.
    trusted: TrustedState,
    /// The version that the next timestamp follows; 0 where timestamps begin anew.
    pub(super) timestamp_version: u64,
    /// The version that the next snapshot follows; 0 where snapshots begin anew.
    pub(super) snapshot_version: u64,
    /// The newest snapshot since a key of the online roles was last taken away; none where there is
    /// none yet.
    pub(super) snapshot: Option<Signed<SnapshotRole>>,
    /// Whether that snapshot is the one that the registry shows.
    pub(super) is_shown: bool,
    /// The snapshot that the registry shows where that is another one. Whoever had a key that was
    /// taken away may have signed it, so it says only where to look first.
    hint: Option<Signed<SnapshotRole>>,
    /// The top-level targets as they were signed last.
    pub(super) targets: Signed<TargetsRole>,
}

/// What the registry shows as current, signed by keys that the online roles have or had.
struct Shown {
    /// The version of the timestamp; none where only a key signed it that was taken away.
    timestamp: Option<u64>,
    /// The version of the snapshot that it names; none where only such a key says so.
    snapshot: Option<u64>,
    /// That snapshot, where it can be had.
    content: Option<Signed<SnapshotRole>>,
}

/// A namespace: who may sign there, and the newest of what they signed.
pub(super) struct Space {
    /// The delegations of which it is one.
    pub(super) delegations: Delegations,
    /// The namespace.
    pub(super) role: DelegatedRole,
    /// What was signed last; none where nothing was.
    pub(super) newest: Option<Signed<TargetsRole>>,
}

impl Space {
    /// Whether readers take what was signed last: its present publishers signed it, and it has not
    /// expired.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        let keys = self.delegations.keys_of(&self.role);
        let valid = |newest: &Signed<TargetsRole>| {
            newest.expires() > now && newest.expect_signed(&self.role.name, &keys).is_ok()
        };
        self.newest.as_ref().is_some_and(valid)
    }
}

impl Standing {
    /// Reads and verifies what stands in this folder, for somebody who trusts this of it: the
    /// folder may be shown by anybody, so its roots must be those of the one that is trusted, and
    /// nothing may be older than what is known.
    pub(super) fn read(
        files: &Arc<dyn Files>,
        root: &Path,
        mut trusted: TrustedState,
    ) -> Result<Self, RoleError> {
        let transport = FolderTransport::new(files.clone(), PathBuf::from(root));
        let roots = vouched_for(read_roots(&transport, trusted.root())?, trusted.root().version());
        let online = since_a_key_was_lost(&roots);
        let Shown { timestamp, snapshot, content } = shown(&transport, &roots, online)?;
        let is_of_online =
            |it: &Signed<SnapshotRole>| expect_of_any(online, "snapshot", it).is_ok();
        // As for readers: whoever had a key that was taken away may have moved versions far ahead.
        let is_known = online.iter().any(|root| root.version() == trusted.root().version());
        if !is_known {
            (trusted.timestamp, trusted.snapshot) = (None, None);
        }
        let known_timestamp = trusted.timestamp.as_ref().map_or(0, Signed::version);
        let known_snapshot = trusted.snapshot.as_ref().map_or(0, Signed::version);
        if let Some(version) = timestamp {
            expect_not_back("timestamp", known_timestamp, version)?;
        }
        if let Some(version) = snapshot {
            expect_not_back("snapshot", known_snapshot, version)?;
        }
        let is_shown = timestamp.is_some() && content.as_ref().is_some_and(is_of_online);
        let (base, hint) = if is_shown {
            (content, None)
        } else {
            (trusted.snapshot.clone().filter(is_of_online), content)
        };
        let targets = first_targets(&transport, &roots, &trusted, base.as_ref(), hint.as_ref())?;
        let mut standing = Self {
            timestamp_version: timestamp.unwrap_or(known_timestamp),
            snapshot_version: snapshot.unwrap_or(known_snapshot),
            snapshot: base,
            transport,
            roots,
            trusted,
            is_shown,
            hint,
            targets,
        };
        standing.follow_targets()?;
        if let Some(known) = standing.trusted.targets.get("targets") {
            expect_not_back("targets", known.version(), standing.targets.version())?;
        }
        Ok(standing)
    }

    /// Takes the newest top-level targets that the present offline keys signed. Between them and
    /// what is current there may be some by keys that were replaced since; what nobody signed who
    /// ever was entitled to it is not there.
    fn follow_targets(&mut self) -> Result<(), RoleError> {
        let mut newest = self.targets.clone();
        let keys = self.root().content().keys_of(RoleKind::Targets);
        let mut version = newest.version();
        while let Some(next) = version.checked_add(1)
            && let Some(later) = later_version::<TargetsRole>(&self.transport, "targets", next)?
            && expect_of_any(&self.roots, "targets", &later).is_ok()
        {
            if later.expect_signed("targets", &keys).is_ok() {
                newest = later;
            }
            version = next;
        }
        newest.expect_signed("targets", &keys)?;
        self.targets = newest;
        Ok(())
    }

    /// What is known once these are the current ones.
    pub(super) fn renewed(
        &self,
        timestamp: Signed<TimestampRole>,
        snapshot: Signed<SnapshotRole>,
        spaces: &BTreeMap<String, Signed<TargetsRole>>,
    ) -> TrustedState {
        let mut state = self.trusted.clone();
        state.root = self.root().clone();
        (state.timestamp, state.snapshot) = (Some(timestamp), Some(snapshot));
        state.targets.insert(RoleKind::Targets.name().to_owned(), self.targets.clone());
        state.targets.extend(spaces.iter().map(|(name, signed)| (name.clone(), signed.clone())));
        state
    }

    /// What the next snapshot names where nothing newer can be verified: what the last one does.
    /// Where there is none, each namespace stays as it was verified here.
    pub(super) fn named_before(&self) -> BTreeMap<String, MetaFile> {
        if let Some(snapshot) = &self.snapshot {
            return snapshot.content().meta.clone();
        }
        let known = namespaces(self.targets.content()).filter_map(|role| {
            let known = self.trusted.targets.get(&role.name)?;
            Some((format!("{}.json", role.name), meta_of(known)))
        });
        known.collect()
    }

    /// The newest root.
    pub(super) fn root(&self) -> &Signed<RootRole> {
        // The first one is read before there is a value of this type.
        self.roots.last().unwrap_or_else(|| unreachable!("a registry with roles has a root"))
    }

    /// A namespace by its name.
    pub(super) fn space(&self, namespace: &str) -> Result<Space, RoleError> {
        let unknown = || RoleError::NotDelegated { namespace: namespace.to_owned() };
        let role = namespaces(self.targets.content()).find(|role| role.name == namespace);
        self.space_of(role.ok_or_else(unknown)?)
    }

    /// A namespace from what is current, signed by those who were its publishers at any time, and
    /// from what its present publishers have signed since. A later version that they did not sign
    /// is not there: whoever may write the folder can put one, and so can who was a publisher.
    pub(super) fn space_of(&self, role: &DelegatedRole) -> Result<Space, RoleError> {
        let delegations = self.targets.content().delegations.clone().unwrap_or_default();
        let keys = delegations.keys_of(role);
        let mut newest = match &self.snapshot {
            Some(snapshot) => self.current(&role.name, snapshot)?,
            None => None,
        };
        if newest.is_none() {
            newest = self.sought(&role.name, &keys)?;
        }
        loop {
            let version = newest.as_ref().map_or(0, |it: &Signed<TargetsRole>| it.version());
            let Some(version) = version.checked_add(1) else { break };
            let later = later_version::<TargetsRole>(&self.transport, &role.name, version)?;
            let later = later.filter(|it| it.expect_signed(&role.name, &keys).is_ok());
            let Some(later) = later else { break };
            if let Some(known) = &newest {
                expect_published(known.content(), later.content())?;
            }
            newest = Some(later);
        }
        if let Some(known) = self.trusted.targets.get(&role.name) {
            let version = newest.as_ref().map_or(0, Signed::version);
            expect_not_back(&role.name, known.version(), version)?;
            if let Some(newest) = &newest {
                expect_published(known.content(), newest.content())?;
            }
        }
        let known = self.trusted.snapshot.as_ref().and_then(|it| it.content().targets(&role.name));
        if let Some(known) = known {
            let version = newest.as_ref().map_or(0, Signed::version);
            expect_not_back(&role.name, known.version.get(), version)?;
        }
        Ok(Space { delegations, role: role.clone(), newest })
    }

    /// The version of a namespace that a snapshot names; none where it names none.
    fn current(
        &self,
        namespace: &str,
        snapshot: &Signed<SnapshotRole>,
    ) -> Result<Option<Signed<TargetsRole>>, RoleError> {
        let Some(meta) = snapshot.content().targets(namespace) else { return Ok(None) };
        let current = named::<TargetsRole>(&self.transport, namespace, meta)?;
        self.expect_of_publishers(namespace, &current)?;
        Ok(Some(current))
    }

    /// A version of a namespace to begin with, where no snapshot says which one is current: the
    /// one that was verified here, else one that its present publishers signed. What nobody but
    /// its former publishers signed is none, since one of them and whoever had the key of the
    /// snapshot could bring anything into it; but it may have been published, so nothing is signed
    /// in its place either. What strangers signed is not there.
    fn sought(
        &self,
        namespace: &str,
        keys: &VerificationKeys<'_>,
    ) -> Result<Option<Signed<TargetsRole>>, RoleError> {
        if let Some(known) = self.trusted.targets.get(namespace) {
            self.expect_of_publishers(namespace, known)?;
            return Ok(Some(known.clone()));
        }
        let hint = self.hint.as_ref().and_then(|it| it.content().targets(namespace));
        let hint = hint.map(|meta| meta.version.get());
        // What somebody published is not taken for nothing because it cannot be verified.
        let mut outcome = Ok(None);
        if let Some(version) = hint {
            let file = file_of(namespace, Some(version));
            outcome = Err(RoleError::Missing { file });
        }
        for version in hint.into_iter().chain(1..) {
            match later_version::<TargetsRole>(&self.transport, namespace, version)? {
                Some(found) => match found.expect_signed(namespace, keys) {
                    Ok(()) => return Ok(Some(found)),
                    Err(error) if self.expect_of_publishers(namespace, &found).is_ok() => {
                        return Err(error);
                    }
                    Err(_) => {}
                },
                None if Some(version) == hint => {}
                None => break,
            }
        }
        outcome
    }

    /// Signed by those who are or were the publishers of a namespace, as the offline keys said.
    fn expect_of_publishers(
        &self,
        namespace: &str,
        signed: &Signed<TargetsRole>,
    ) -> Result<(), RoleError> {
        let by = |targets: &Signed<TargetsRole>| {
            let role = namespaces(targets.content()).find(|role| role.name == namespace);
            let delegations = targets.content().delegations.as_ref();
            let (Some(role), Some(delegations)) = (role, delegations) else {
                return Err(unlisted(namespace));
            };
            signed.expect_signed(namespace, &delegations.keys_of(role))
        };
        let Err(error) = by(&self.targets) else { return Ok(()) };
        for version in (1..self.targets.version()).rev() {
            let targets = version_of::<TargetsRole>(&self.transport, "targets", version)?;
            let Some(targets) = targets else { continue };
            let offline = expect_of_any(&self.roots, "targets", &targets);
            if offline.is_ok() && by(&targets).is_ok() {
                return Ok(());
            }
        }
        Err(error)
    }
}

/// What the registry shows as current. A timestamp that nobody signed who ever was entitled to it
/// is refused, and what follows from one by the present keys must be there.
fn shown(
    transport: &FolderTransport,
    roots: &[Signed<RootRole>],
    online: &[Signed<RootRole>],
) -> Result<Shown, RoleError> {
    let name = file_of("timestamp", None);
    let bytes = fetched(transport, &name, RoleKind::Timestamp.limit_bytes())?;
    let bytes = bytes.ok_or(RoleError::Missing { file: name })?;
    let timestamp = Signed::<TimestampRole>::parse("timestamp", &bytes)?;
    expect_of_any(roots, "timestamp", &timestamp)?;
    let meta = timestamp.content().snapshot().ok_or_else(|| unlisted("snapshot"))?;
    let content = named::<SnapshotRole>(transport, "snapshot", meta)
        .and_then(|snapshot| expect_of_any(roots, "snapshot", &snapshot).map(|()| snapshot));
    if expect_of_any(online, "timestamp", &timestamp).is_err() {
        return Ok(Shown { timestamp: None, snapshot: None, content: content.ok() });
    }
    let (timestamp, snapshot) = (Some(timestamp.version()), Some(meta.version.get()));
    Ok(Shown { timestamp, snapshot, content: Some(content?) })
}

/// The top-level targets to begin with: those that the snapshot names. Without one, those that are
/// known, else those that were shown as current, else the first ones; the offline keys signed each.
fn first_targets(
    transport: &FolderTransport,
    roots: &[Signed<RootRole>],
    trusted: &TrustedState,
    snapshot: Option<&Signed<SnapshotRole>>,
    hint: Option<&Signed<SnapshotRole>>,
) -> Result<Signed<TargetsRole>, RoleError> {
    let role = RoleKind::Targets.name();
    let named_by = |it: &Signed<SnapshotRole>| it.content().targets(role).cloned();
    let targets = if let Some(snapshot) = snapshot {
        let meta = named_by(snapshot).ok_or_else(|| unlisted(role))?;
        named::<TargetsRole>(transport, role, &meta)?
    } else if let Some(known) = trusted.targets.get(role) {
        known.clone()
    } else {
        let hint = hint.and_then(named_by).map(|meta| meta.version.get());
        let hint = hint.map(|version| later_version::<TargetsRole>(transport, role, version));
        let hint = hint.transpose()?.flatten();
        match hint.filter(|it| expect_of_any(roots, role, it).is_ok()) {
            Some(found) => found,
            None => version_of::<TargetsRole>(transport, role, 1)?
                .ok_or_else(|| RoleError::Missing { file: file_of(role, Some(1)) })?,
        }
    };
    expect_of_any(roots, role, &targets)?;
    Ok(targets)
}

/// The roots since a key of the timestamp or the snapshot was last taken away: for readers, both
/// began anew then.
fn since_a_key_was_lost(roots: &[Signed<RootRole>]) -> &[Signed<RootRole>] {
    let lost = |pair: &[Signed<RootRole>]| match pair {
        [before, after] => lost_an_online_key(before.content(), after.content()),
        _ => false,
    };
    let last = roots.windows(2).rposition(lost);
    last.map_or(roots, |before| &roots[before + 1..])
}

/// Every version of the root, each signed by the keys before it and by its own. The one that is
/// trusted must be among them.
pub(super) fn read_roots(
    transport: &dyn Transport,
    trusted: &Signed<RootRole>,
) -> Result<Vec<Signed<RootRole>>, RoleError> {
    let missing = || RoleError::Missing { file: file_of("root", Some(1)) };
    let root: Signed<RootRole> = version_of(transport, "root", 1)?.ok_or_else(missing)?;
    root.expect_signed("root", &root.content().keys_of(RoleKind::Root))?;
    let mut roots = vec![root];
    while let Some(last) = roots.last() {
        let Some(later) = version_of::<RootRole>(transport, "root", last.version() + 1)? else {
            break;
        };
        later.expect_signed("root", &last.content().keys_of(RoleKind::Root))?;
        later.expect_signed("root", &later.content().keys_of(RoleKind::Root))?;
        roots.push(later);
    }
    let newest = roots.last().map_or(0, Signed::version);
    expect_not_back("root", trusted.version(), newest)?;
    if roots.iter().any(|root| root.bytes() == trusted.bytes()) {
        return Ok(roots);
    }
    Err(RoleError::OtherRoots { version: trusted.version() })
}

/// The roots from the one that is trusted on, and those before it as far as each is named by the
/// one after it. That an older root is followed by one that is trusted says nothing of it: anybody
/// can write a root that gives a key of their own the same rights as one that signed the next.
fn vouched_for(mut roots: Vec<Signed<RootRole>>, trusted: u64) -> Vec<Signed<RootRole>> {
    let mut first = roots.iter().position(|root| root.version() == trusted).unwrap_or_default();
    while let Some(before) = first.checked_sub(1)
        && names_previous(roots[first].content(), roots[before].bytes())
    {
        first = before;
    }
    roots.split_off(first)
}

/// Says in a root which one was before it: so who trusts this one knows what to think of that one,
/// although they never saw it.
pub(super) fn name_previous(root: &mut RootRole, bytes: &[u8]) {
    let digest = Value::String(Sha256::of(bytes).hex());
    root.other.insert(PREVIOUS_ROOT.to_owned(), digest);
}

/// Whether a root says that these are the bytes of the one before it.
fn names_previous(root: &RootRole, bytes: &[u8]) -> bool {
    let named = root.other.get(PREVIOUS_ROOT).and_then(Value::as_str);
    named == Some(Sha256::of(bytes).hex().as_str())
}

/// Signed by the keys that a role has or had in any version of the root.
fn expect_of_any<T: Role>(
    roots: &[Signed<RootRole>],
    role: &str,
    signed: &Signed<T>,
) -> Result<(), RoleError> {
    let mut outcome = Ok(());
    for root in roots.iter().rev() {
        let verified = signed.expect_signed(role, &root.content().keys_of(T::KIND));
        if verified.is_ok() {
            return verified;
        }
        outcome = outcome.and(verified);
    }
    outcome
}

fn named<T: Role>(
    transport: &dyn Transport,
    role: &str,
    meta: &MetaFile,
) -> Result<Signed<T>, RoleError> {
    let file = file_of(role, Some(meta.version.get()));
    let missing = RoleError::Missing { file: file.clone() };
    let signed = version_of::<T>(transport, role, meta.version.get())?.ok_or(missing)?;
    meta.expect(signed.bytes()).map_err(|why| RoleError::Bytes { file, why })?;
    Ok(signed)
}

/// The file of this version of a role, whoever signed it.
fn version_of<T: Role>(
    transport: &dyn Transport,
    role: &str,
    version: u64,
) -> Result<Option<Signed<T>>, RoleError> {
    let bytes = fetched(transport, &file_of(role, Some(version)), T::KIND.limit_bytes())?;
    let Some(bytes) = bytes else { return Ok(None) };
    let signed = Signed::<T>::parse(role, &bytes)?;
    if signed.version() != version {
        let (role, found) = (role.to_owned(), signed.version());
        return Err(RoleError::Version { role, expected: version, found });
    }
    Ok(Some(signed))
}

/// The file of a version that nobody speaks of yet; none where there is something else, be it a
/// folder or a link. Whoever signs that version learns of it, since it cannot be written there.
fn later_version<T: Role>(
    transport: &dyn Transport,
    role: &str,
    version: u64,
) -> Result<Option<Signed<T>>, RoleError> {
    match version_of(transport, role, version) {
        Err(
            RoleError::Malformed { .. }
            | RoleError::Version { .. }
            // It is longer than it may be.
            | RoleError::Bytes { .. },
        ) => Ok(None),
        Err(RoleError::Transport(TransportError::Failed(error))) if stands_in_the_way(&error) => {
            Ok(None)
        }
        found => found,
    }
}

/// Whether something is there that is no file of its own.
fn stands_in_the_way(error: &FileError) -> bool {
    use FileErrorKind::{HardLink, Link, NotAFile, NotAFolder};
    matches!(error.kind, HardLink | Link | NotAFile | NotAFolder)
}

fn unlisted(role: &str) -> RoleError {
    RoleError::Unlisted { role: role.to_owned() }
}
