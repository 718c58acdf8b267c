//! The client of TUF 1.0, section 5 of the specification, as a machine without IO and clock.
//!
//! It moves a [`TrustedState`] forward. A role enters the state when the whole check of that role
//! has passed, and in the order of the specification: a root that took keys away must stay known
//! although what follows it is missing. Whoever calls keeps the state, in one piece.

use std::collections::{BTreeMap, BTreeSet};

use artifact::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metadata::{
    DelegatedRole, Delegations, KeyRule, MetaFile, Role, RoleKind, RootRole, Signed, SnapshotRole,
    TargetFile, TargetsRole, TimestampRole, VerificationKeys,
};
use super::paths::quoted;
use super::{RoleError, TrustedState};

/// How many new versions of the root are followed at once.
pub const ROOTS_AT_ONCE: usize = 256;

/// How many roles with targets are asked for one path.
pub const ROLES_FOR_A_PATH: usize = 32;

/// Where the files of a registry come from.
pub trait Transport {
    /// The file of this name, such as `metadata/timestamp.json`; none where there is none. Reads no
    /// more than this many bytes, and fails where there are more.
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError>;
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is more than was asked for.
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
    /// The registry could not be reached.
    #[error(transparent)]
    Failed(#[from] host::FileError),
}

/// What a client demands beyond the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// What was published stays, with the bytes that it had.
    pub published_stays: bool,
    /// What has expired is used all the same, and is named.
    pub expired_is_used: bool,
}

/// Metadata that was used although it had expired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiredRole {
    /// The role.
    pub role: String,
    /// When it expired.
    pub at: Timestamp,
}

/// A target that a trusted role names.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTarget {
    /// Its path.
    pub path: String,
    /// The role that names it.
    pub role: String,
    /// What it says of it.
    pub file: TargetFile,
}

/// A client in one update, which has one time from its beginning to its end.
pub struct Client<'a> {
    transport: &'a dyn Transport,
    state: TrustedState,
    rules: Rules,
    now: Timestamp,
    expired: BTreeSet<ExpiredRole>,
    /// The roles with targets as they stand in the state and were verified in this update. A role
    /// is asked for each of its paths, and reading all of it each time would take minutes.
    verified: BTreeMap<String, Verified>,
}

/// For what a role was verified: where either is another one, it is verified again.
#[derive(PartialEq)]
struct Verified {
    /// What the snapshot says of it.
    meta: MetaFile,
    /// The keys that had to sign it.
    keys: KeyRule,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<'a> Client<'a> {
    /// A client that begins an update now (5.1). A clock behind the last update that passed is
    /// taken for what it is: that moment has been.
    pub fn new(
        transport: &'a dyn Transport,
        state: TrustedState,
        rules: Rules,
        now: Timestamp,
    ) -> Self {
        let now = state.refreshed_at.map_or(now, |last| last.max(now));
        Self { transport, state, rules, now, expired: BTreeSet::new(), verified: BTreeMap::new() }
    }

    /// Follows the registry to its newest state (5.3 to 5.6). What was verified before an error
    /// stays in the state.
    pub fn refresh(&mut self) -> Result<(), RoleError> {
        self.refresh_root()?;
        self.refresh_timestamp()?;
        self.refresh_snapshot()?;
        let root = RoleKind::Targets.name();
        let keys = self.state.root.content().clone();
        self.load_targets(root, &keys.keys_of(RoleKind::Targets))?;
        self.state.refreshed_at = Some(self.now);
        Ok(())
    }

    /// Checks what is trusted already, without the registry: each role is signed, fits the next
    /// one, and has not expired.
    pub fn resume(&mut self) -> Result<(), RoleError> {
        let keys = self.state.root.content().clone();
        self.expect_fresh("root", self.state.root.expires())?;
        let timestamp = self.timestamp()?;
        timestamp.expect_signed("timestamp", &keys.keys_of(RoleKind::Timestamp))?;
        let (expires, meta) = (timestamp.expires(), snapshot_of(timestamp)?.clone());
        self.expect_fresh("timestamp", expires)?;
        if !self.keep_snapshot(&keys, &meta)? {
            return Err(missing(file_of("snapshot", Some(meta.version.get()))));
        }
        self.load_targets(RoleKind::Targets.name(), &keys.keys_of(RoleKind::Targets))
    }

    /// Looks for a target in the roles that are asked for its path, from the top on and first to
    /// last; none where none of them names it (5.6.7). A role that cannot be verified ends the
    /// search: what stands behind it might not be what was meant.
    pub fn find(&mut self, path: &str) -> Result<Option<FoundTarget>, RoleError> {
        let mut waiting: Vec<Step> = vec![Step::top()];
        let mut seen = BTreeSet::new();
        while let Some(Step { delegator, role, name }) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if seen.len() > ROLES_FOR_A_PATH {
                let limit = ROLES_FOR_A_PATH;
                return Err(RoleError::TooDeep { limit });
            }
            if let Some(role) = &role {
                self.load_delegated(&delegator, role)?;
            }
            let targets = self.targets(&name)?.content();
            if let Some(file) = targets.targets.get(path) {
                let (path, file) = (path.to_owned(), file.clone());
                return Ok(Some(FoundTarget { path, role: name, file }));
            }
            let delegated = targets.delegations.iter().flat_map(|it| &it.roles);
            let mut next = Vec::new();
            for role in delegated.filter(|role| role.has(path)) {
                next.push(Step::into(&name, role));
                if role.terminating {
                    waiting.clear();
                    break;
                }
            }
            waiting.extend(next.into_iter().rev());
        }
        Ok(None)
    }

    /// Loads and verifies one delegated role of the top-level targets, whatever path it is asked
    /// for; false where nothing is delegated to it.
    pub fn load_role(&mut self, name: &str) -> Result<bool, RoleError> {
        let top = self.targets(RoleKind::Targets.name())?.content();
        let delegated = top.delegations.iter().flat_map(|it| &it.roles);
        let Some(role) = delegated.clone().find(|role| role.name == name).cloned() else {
            return Ok(false);
        };
        self.load_delegated(RoleKind::Targets.name(), &role)?;
        Ok(true)
    }

    /// The bytes of a target (5.7): never more than its length, and none but those that are signed.
    pub fn download(&self, target: &FoundTarget) -> Result<Vec<u8>, RoleError> {
        let name = self.target_file(target)?;
        let bytes = self.fetch(&name, target.file.length)?.ok_or_else(|| missing(name.clone()))?;
        let differs = |why| RoleError::Bytes { file: name.clone(), why };
        target.file.expect(&bytes).map_err(differs)?;
        Ok(bytes)
    }

    /// The name of the file of a target.
    pub fn target_file(&self, target: &FoundTarget) -> Result<String, RoleError> {
        let consistent = self.state.root.content().consistent_snapshot;
        target_file(&target.path, &target.file, consistent)
    }

    /// A role with targets that is trusted.
    pub fn targets(&self, role: &str) -> Result<&Signed<TargetsRole>, RoleError> {
        self.state.targets.get(role).ok_or_else(|| missing(file_of(role, None)))
    }

    /// What is trusted now.
    pub fn state(&self) -> &TrustedState {
        &self.state
    }

    /// What is trusted now, for keeping it.
    pub fn into_state(self) -> TrustedState {
        self.state
    }

    /// What was used although it had expired.
    pub fn expired(&self) -> &BTreeSet<ExpiredRole> {
        &self.expired
    }

    /// 5.3: one version of the root after the other, each signed by the keys before it and by its
    /// own.
    fn refresh_root(&mut self) -> Result<(), RoleError> {
        let mut followed = 0;
        loop {
            let expected = self.state.root.version() + 1;
            let name = file_of("root", Some(expected));
            let Some(bytes) = self.fetch(&name, RoleKind::Root.limit_bytes())? else { break };
            if followed == ROOTS_AT_ONCE {
                let limit = ROOTS_AT_ONCE;
                return Err(RoleError::TooMany { what: "new versions of the root", limit });
            }
            let root: Signed<RootRole> = Signed::parse("root", &bytes)?;
            root.expect_signed("root", &self.state.root.content().keys_of(RoleKind::Root))?;
            root.expect_signed("root", &root.content().keys_of(RoleKind::Root))?;
            expect_version("root", expected, root.version())?;
            self.accept_root(root);
            followed += 1;
        }
        self.expect_fresh("root", self.state.root.expires())
    }

    /// 5.3.11: where a key of the timestamp or the snapshot was taken away, whoever had it may have
    /// moved versions far ahead; both begin anew.
    fn accept_root(&mut self, root: Signed<RootRole>) {
        if lost_an_online_key(self.state.root.content(), root.content()) {
            self.state.timestamp = None;
            self.state.snapshot = None;
        }
        self.state.root = root;
    }

    /// 5.4.
    fn refresh_timestamp(&mut self) -> Result<(), RoleError> {
        let name = file_of("timestamp", None);
        let bytes = self
            .fetch(&name, RoleKind::Timestamp.limit_bytes())?
            .ok_or_else(|| missing(name.clone()))?;
        let new: Signed<TimestampRole> = Signed::parse("timestamp", &bytes)?;
        let root = self.state.root.content();
        let keys = root.keys_of(RoleKind::Timestamp);
        new.expect_signed("timestamp", &keys)?;
        if let Some(trusted) = &self.state.timestamp {
            expect_not_back("timestamp", trusted.version(), new.version())?;
            if trusted.version() == new.version()
                && trusted.expect_signed("timestamp", &keys).is_ok()
            {
                return self.expect_fresh("timestamp", trusted.expires());
            }
            let [before, after] = [snapshot_of(trusted)?, snapshot_of(&new)?];
            expect_not_back("snapshot", before.version.get(), after.version.get())?;
        }
        self.expect_fresh("timestamp", new.expires())?;
        self.state.timestamp = Some(new);
        Ok(())
    }

    /// 5.5.
    fn refresh_snapshot(&mut self) -> Result<(), RoleError> {
        let root = self.state.root.content().clone();
        let meta = snapshot_of(self.timestamp()?)?.clone();
        if self.keep_snapshot(&root, &meta)? {
            return Ok(());
        }
        let new: Signed<SnapshotRole> =
            self.fetch_named("snapshot", &meta, &root.keys_of(RoleKind::Snapshot))?;
        if let Some(trusted) = &self.state.snapshot {
            for (file, before) in &trusted.content().meta {
                let role = file.strip_suffix(".json").unwrap_or(file);
                let after = new.content().meta.get(file);
                let after = after.ok_or_else(|| RoleError::Unlisted { role: role.to_owned() })?;
                expect_not_back(role, before.version.get(), after.version.get())?;
            }
        }
        self.expect_fresh("snapshot", new.expires())?;
        self.state.snapshot = Some(new);
        Ok(())
    }

    /// Whether the snapshot that is trusted is the one that the timestamp names.
    fn keep_snapshot(&mut self, root: &RootRole, meta: &MetaFile) -> Result<bool, RoleError> {
        let Some(trusted) = &self.state.snapshot else { return Ok(false) };
        let keys = root.keys_of(RoleKind::Snapshot);
        if !is_current("snapshot", trusted, meta, &keys) {
            return Ok(false);
        }
        self.expect_fresh("snapshot", trusted.expires())?;
        Ok(true)
    }

    /// 5.6, and the same for a role that is delegated to: the version that the snapshot names.
    fn load_targets(&mut self, name: &str, keys: &VerificationKeys<'_>) -> Result<(), RoleError> {
        let snapshot = self.state.snapshot.as_ref();
        let snapshot = snapshot.ok_or_else(|| missing(file_of("snapshot", None)))?;
        let unlisted = || RoleError::Unlisted { role: name.to_owned() };
        let meta = snapshot.content().targets(name).ok_or_else(unlisted)?.clone();
        if let Some(trusted) = self.state.targets.get(name)
            && is_current(name, trusted, &meta, keys)
        {
            let expires = trusted.expires();
            self.verified.insert(name.to_owned(), Verified { meta, keys: keys.rule() });
            return self.expect_fresh(name, expires);
        }
        let new: Signed<TargetsRole> = self.fetch_named(name, &meta, keys)?;
        self.expect_fresh(name, new.expires())?;
        if self.rules.published_stays
            && let Some(trusted) = self.state.targets.get(name)
        {
            expect_published(trusted.content(), new.content())?;
        }
        self.state.targets.insert(name.to_owned(), new);
        self.verified.insert(name.to_owned(), Verified { meta, keys: keys.rule() });
        Ok(())
    }

    /// When a role expires that was verified in this update for what the snapshot says of it now,
    /// and for these keys.
    fn verified_before(&self, name: &str, keys: &VerificationKeys<'_>) -> Option<Timestamp> {
        let verified = self.verified.get(name)?;
        let meta = self.state.snapshot.as_ref()?.content().targets(name)?;
        let same = verified.meta == *meta && verified.keys == keys.rule();
        self.state.targets.get(name).filter(|_| same).map(Signed::expires)
    }

    fn load_delegated(&mut self, delegator: &str, role: &DelegatedRole) -> Result<(), RoleError> {
        let none = Delegations::default();
        let delegations = self.targets(delegator)?.content().delegations.as_ref().unwrap_or(&none);
        if let Some(expires) = self.verified_before(&role.name, &delegations.keys_of(role)) {
            return self.expect_fresh(&role.name, expires);
        }
        let delegations = delegations.clone();
        self.load_targets(&role.name, &delegations.keys_of(role))
    }

    /// The version of a role that another one names, signed by these keys.
    fn fetch_named<T: Role>(
        &self,
        role: &str,
        meta: &MetaFile,
        keys: &VerificationKeys<'_>,
    ) -> Result<Signed<T>, RoleError> {
        let consistent = self.state.root.content().consistent_snapshot;
        let version = meta.version.get();
        let name = file_of(role, consistent.then_some(version));
        let limit = meta.length.unwrap_or(u64::MAX).min(T::KIND.limit_bytes());
        let bytes = self.fetch(&name, limit)?.ok_or_else(|| missing(name.clone()))?;
        meta.expect(&bytes).map_err(|why| RoleError::Bytes { file: name.clone(), why })?;
        let signed = Signed::parse(role, &bytes)?;
        signed.expect_signed(role, keys)?;
        expect_version(role, version, signed.version())?;
        Ok(signed)
    }

    /// A file of at most this size, whatever the transport thinks of limits.
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, RoleError> {
        fetched(self.transport, name, limit_bytes)
    }

    fn timestamp(&self) -> Result<&Signed<TimestampRole>, RoleError> {
        self.state.timestamp.as_ref().ok_or_else(|| missing(file_of("timestamp", None)))
    }

    /// Metadata is trusted until the moment at which it expires, and not at it.
    fn expect_fresh(&mut self, role: &str, at: Timestamp) -> Result<(), RoleError> {
        if at > self.now {
            return Ok(());
        }
        let role = role.to_owned();
        if !self.rules.expired_is_used {
            return Err(RoleError::Expired { role, at });
        }
        self.expired.insert(ExpiredRole { role, at });
        Ok(())
    }
}

/// A role that is still to be asked, and who delegates to it.
struct Step {
    delegator: String,
    role: Option<DelegatedRole>,
    name: String,
}

impl Step {
    fn top() -> Self {
        let name = RoleKind::Targets.name().to_owned();
        Self { delegator: String::new(), role: None, name }
    }

    fn into(delegator: &str, role: &DelegatedRole) -> Self {
        let name = role.name.clone();
        Self { delegator: delegator.to_owned(), role: Some(role.clone()), name }
    }
}

/// A file of at most this size, whatever the transport thinks of limits.
pub(super) fn fetched(
    transport: &dyn Transport,
    name: &str,
    limit_bytes: u64,
) -> Result<Option<Vec<u8>>, RoleError> {
    let too_long =
        || RoleError::Bytes { file: name.to_owned(), why: "it is longer than it may be" };
    match transport.fetch(name, limit_bytes) {
        Ok(Some(bytes)) if bytes.len() as u64 > limit_bytes => Err(too_long()),
        Ok(found) => Ok(found),
        Err(TransportError::TooLong(_)) => Err(too_long()),
        Err(error) => Err(error.into()),
    }
}

/// The file of a role, with its version where names hold it.
pub(crate) fn file_of(role: &str, version: Option<u64>) -> String {
    let role = quoted(role);
    match version {
        Some(version) => format!("metadata/{version}.{role}.json"),
        None => format!("metadata/{role}.json"),
    }
}

/// The file of a target, with its digest where names hold it.
pub(crate) fn target_file(
    path: &str,
    file: &TargetFile,
    consistent: bool,
) -> Result<String, RoleError> {
    if !consistent {
        return Ok(format!("targets/{path}"));
    }
    let why = "it has no digest of a known algorithm";
    let digest = file.hashes.name();
    let digest = digest.ok_or_else(|| RoleError::Bytes { file: path.to_owned(), why })?;
    Ok(match path.rsplit_once('/') {
        Some((folder, name)) => format!("targets/{folder}/{digest}.{name}"),
        None => format!("targets/{digest}.{path}"),
    })
}

/// What was published stays, with the bytes that it had.
pub(crate) fn expect_published(before: &TargetsRole, after: &TargetsRole) -> Result<(), RoleError> {
    for (path, file) in &before.targets {
        let what = match after.targets.get(path) {
            None => "is no longer there",
            Some(now) if now.length != file.length || now.hashes != file.hashes => {
                "has other bytes"
            }
            Some(_) => continue,
        };
        return Err(RoleError::Changed { target: path.clone(), what });
    }
    Ok(())
}

fn is_current<T: Role>(
    role: &str,
    trusted: &Signed<T>,
    meta: &MetaFile,
    keys: &VerificationKeys<'_>,
) -> bool {
    trusted.version() == meta.version.get()
        && meta.expect(trusted.bytes()).is_ok()
        && trusted.expect_signed(role, keys).is_ok()
}

/// Whether a key that signed the timestamp or the snapshot no longer does.
pub(super) fn lost_an_online_key(before: &RootRole, after: &RootRole) -> bool {
    let lost = |kind| after.keys_of(kind).lost_a_key(&before.keys_of(kind));
    [RoleKind::Timestamp, RoleKind::Snapshot].into_iter().any(lost)
}

fn snapshot_of(timestamp: &Signed<TimestampRole>) -> Result<&MetaFile, RoleError> {
    let unlisted = || RoleError::Unlisted { role: "snapshot".to_owned() };
    timestamp.content().snapshot().ok_or_else(unlisted)
}

pub(super) fn expect_not_back(role: &str, trusted: u64, offered: u64) -> Result<(), RoleError> {
    if offered < trusted {
        return Err(RoleError::Rollback { role: role.to_owned(), trusted, offered });
    }
    Ok(())
}

fn expect_version(role: &str, expected: u64, found: u64) -> Result<(), RoleError> {
    if expected != found {
        return Err(RoleError::Version { role: role.to_owned(), expected, found });
    }
    Ok(())
}

fn missing(file: String) -> RoleError {
    RoleError::Missing { file }
}
