//! What stands in the folder of a registry, for those who sign there. Nobody signs on top of what
//! they have not verified: a file that somebody put there would get a good signature.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::Sha256;
use host::Files;
use serde_json::Value;

use super::client::{expect_not_back, expect_published, file_of};
use super::metadata::{
    DelegatedRole, Delegations, MetaFile, Role, RoleKind, RootRole, Signed, SnapshotRole,
    TargetsRole, TimestampRole,
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
    /// The timestamp that is current.
    pub(super) timestamp: Signed<TimestampRole>,
    /// The snapshot that is current.
    pub(super) snapshot: Signed<SnapshotRole>,
    /// The top-level targets as they were signed last.
    pub(super) targets: Signed<TargetsRole>,
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

impl Standing {
    /// Reads and verifies what stands in this folder, for somebody who trusts this of it: the
    /// folder may be shown by anybody, so its roots must be those of the one that is trusted, and
    /// nothing may be older than what is known.
    pub(super) fn read(
        files: &Arc<dyn Files>,
        root: &Path,
        trusted: TrustedState,
    ) -> Result<Self, RoleError> {
        let transport = FolderTransport::new(files.clone(), PathBuf::from(root));
        let roots = vouched_for(read_roots(&transport, trusted.root())?, trusted.root().version());
        let name = file_of("timestamp", None);
        let bytes = transport.fetch(&name, RoleKind::Timestamp.limit_bytes())?;
        let bytes = bytes.ok_or(RoleError::Missing { file: name })?;
        let timestamp = Signed::<TimestampRole>::parse("timestamp", &bytes)?;
        expect_of_any(&roots, "timestamp", &timestamp)?;
        let meta = timestamp.content().snapshot().ok_or_else(|| unlisted("snapshot"))?;
        let snapshot = named::<SnapshotRole>(&transport, "snapshot", meta)?;
        expect_of_any(&roots, "snapshot", &snapshot)?;
        let meta = snapshot.content().targets("targets").ok_or_else(|| unlisted("targets"))?;
        let targets = named::<TargetsRole>(&transport, "targets", meta)?;
        expect_of_any(&roots, "targets", &targets)?;
        let mut standing = Self { transport, roots, trusted, timestamp, snapshot, targets };
        standing.follow_targets()?;
        standing.expect_not_older()?;
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

    /// Nobody signs on top of an old copy: what follows it would take away what came since.
    fn expect_not_older(&self) -> Result<(), RoleError> {
        let Self { trusted, timestamp, snapshot, targets, .. } = self;
        if let Some(known) = trusted.targets.get("targets") {
            expect_not_back("targets", known.version(), targets.version())?;
        }
        let [before, after] = [trusted.root(), self.root()].map(Signed::content);
        let lost_a_key = |kind| after.keys_of(kind).lost_a_key(&before.keys_of(kind));
        if [RoleKind::Timestamp, RoleKind::Snapshot].into_iter().any(lost_a_key) {
            // As for readers: whoever had the key may have moved versions far ahead.
            return Ok(());
        }
        if let Some(known) = &trusted.timestamp {
            expect_not_back("timestamp", known.version(), timestamp.version())?;
        }
        if let Some(known) = &trusted.snapshot {
            expect_not_back("snapshot", known.version(), snapshot.version())?;
        }
        Ok(())
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
        let mut newest = None;
        if let Some(meta) = self.snapshot.content().targets(&role.name) {
            let current = named::<TargetsRole>(&self.transport, &role.name, meta)?;
            self.expect_of_publishers(&role.name, &current)?;
            newest = Some(current);
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
        Ok(Space { delegations, role: role.clone(), newest })
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
    let bytes = transport.fetch(&file_of(role, Some(version)), T::KIND.limit_bytes())?;
    let Some(bytes) = bytes else { return Ok(None) };
    let signed = Signed::<T>::parse(role, &bytes)?;
    if signed.version() != version {
        let (role, found) = (role.to_owned(), signed.version());
        return Err(RoleError::Version { role, expected: version, found });
    }
    Ok(Some(signed))
}

/// The file of a version that nobody speaks of yet; none where there is something else.
fn later_version<T: Role>(
    transport: &dyn Transport,
    role: &str,
    version: u64,
) -> Result<Option<Signed<T>>, RoleError> {
    match version_of(transport, role, version) {
        Err(
            RoleError::Malformed { .. }
            | RoleError::Version { .. }
            | RoleError::Transport(TransportError::TooLong(_)),
        ) => Ok(None),
        found => found,
    }
}

fn unlisted(role: &str) -> RoleError {
    RoleError::Unlisted { role: role.to_owned() }
}
