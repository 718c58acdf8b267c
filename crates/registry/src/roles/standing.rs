//! What stands in the folder of a registry, for those who sign there. Nobody signs on top of what
//! they have not verified: a file that somebody put there would get a good signature.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::Files;

use super::client::{expect_published, file_of};
use super::metadata::{
    DelegatedRole, Delegations, MetaFile, Role, RoleKind, RootRole, Signed, SnapshotRole,
    TargetsRole, TimestampRole,
};
use super::names::namespaces;
use super::{FolderTransport, RoleError, Transport};

/// The newest metadata of a registry: what is current, and what was signed since.
pub(super) struct Standing {
    transport: FolderTransport,
    /// Every version of the root, first to last.
    roots: Vec<Signed<RootRole>>,
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
    /// Reads and verifies what stands in this folder.
    pub(super) fn read(files: &Arc<dyn Files>, root: &Path) -> Result<Self, RoleError> {
        let transport = FolderTransport::new(files.clone(), PathBuf::from(root));
        let roots = read_roots(&transport)?;
        let name = file_of("timestamp", None);
        let bytes = transport.fetch(&name, RoleKind::Timestamp.limit_bytes())?;
        let bytes = bytes.ok_or(RoleError::Missing { file: name })?;
        let timestamp = Signed::<TimestampRole>::parse("timestamp", &bytes)?;
        expect_of_any(&roots, "timestamp", &timestamp)?;
        let meta = timestamp.content().snapshot().ok_or_else(|| unlisted("snapshot"))?;
        let snapshot = named::<SnapshotRole>(&transport, "snapshot", meta)?;
        expect_of_any(&roots, "snapshot", &snapshot)?;
        let meta = snapshot.content().targets("targets").ok_or_else(|| unlisted("targets"))?;
        let mut targets = named::<TargetsRole>(&transport, "targets", meta)?;
        expect_of_any(&roots, "targets", &targets)?;
        while let Some(later) = version_of(&transport, "targets", targets.version() + 1)? {
            expect_of_any(&roots, "targets", &later)?;
            targets = later;
        }
        let standing = Self { transport, roots, timestamp, snapshot, targets };
        let keys = standing.root().content().keys_of(RoleKind::Targets);
        standing.targets.expect_signed("targets", &keys)?;
        Ok(standing)
    }

    /// The newest root.
    pub(super) fn root(&self) -> &Signed<RootRole> {
        // The first one is read before there is a value of this type.
        self.roots.last().unwrap_or_else(|| unreachable!("a registry with roles has a root"))
    }

    /// A namespace by its name.
    pub(super) fn space(&self, namespace: &str) -> Result<Space, RoleError> {
        let why = "nobody was given it";
        let unknown = || RoleError::Namespace { name: namespace.to_owned(), why };
        let role = namespaces(self.targets.content()).find(|role| role.name == namespace);
        self.space_of(role.ok_or_else(unknown)?)
    }

    /// A namespace from what is current, signed by those who were its publishers at any time, and
    /// from what its present publishers have signed since.
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
            let version = newest.as_ref().map_or(1, |it: &Signed<TargetsRole>| it.version() + 1);
            let later = version_of::<TargetsRole>(&self.transport, &role.name, version)?;
            let Some(later) = later else { break };
            later.expect_signed(&role.name, &keys)?;
            if let Some(known) = &newest {
                expect_published(known.content(), later.content())?;
            }
            newest = Some(later);
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

/// Every version of the root, each signed by the keys before it and by its own.
pub(super) fn read_roots(transport: &dyn Transport) -> Result<Vec<Signed<RootRole>>, RoleError> {
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
    Ok(roots)
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

fn unlisted(role: &str) -> RoleError {
    RoleError::Unlisted { role: role.to_owned() }
}
