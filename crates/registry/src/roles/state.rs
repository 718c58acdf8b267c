//! What a client trusts, and how it is kept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use artifact::{FormatName, Timestamp, strict_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RoleError;
use super::metadata::{Role, RoleKind, RootRole, Signed, SnapshotRole, TargetsRole, TimestampRole};

/// The format of the file in which a client keeps what it trusts.
pub const REGISTRY_TRUST_FORMAT: FormatName = FormatName { name: "registry_trust", version: 1 };

/// The largest such file that is read, in bytes.
pub const TRUST_LIMIT_BYTES: u64 = 256 << 20;

/// What a client trusts of a registry: the newest verified metadata of each role, as received.
#[derive(Debug, Clone)]
pub struct TrustedState {
    pub(crate) root: Signed<RootRole>,
    pub(crate) timestamp: Option<Signed<TimestampRole>>,
    pub(crate) snapshot: Option<Signed<SnapshotRole>>,
    pub(crate) targets: BTreeMap<String, Signed<TargetsRole>>,
    pub(crate) refreshed_at: Option<Timestamp>,
}

/// The file in which a client keeps what it trusts: each role as it was received, as a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustDocument {
    /// Always `onx/registry_trust/1`.
    pub format: String,
    /// The root.
    pub root: String,
    /// The timestamp, once one was verified.
    pub timestamp: Option<String>,
    /// The snapshot, once one was verified.
    pub snapshot: Option<String>,
    /// The top-level targets and those of namespaces, by the name of the role.
    pub targets: BTreeMap<String, String>,
    /// When an update last passed as a whole.
    pub refreshed_at: Option<Timestamp>,
}

impl TrustedState {
    /// Trusts this root, which came to the user by a way that they trust. It must be signed by the
    /// keys that it names; which version it has does not matter.
    pub fn pinned(root: &[u8]) -> Result<Self, RoleError> {
        let root: Signed<RootRole> = Signed::parse("root", root)?;
        root.expect_signed("root", &root.content().keys_of(RoleKind::Root))?;
        Ok(Self {
            root,
            timestamp: None,
            snapshot: None,
            targets: BTreeMap::new(),
            refreshed_at: None,
        })
    }

    /// Reads what [`TrustedState::to_bytes`] wrote. Each role is verified again when it is used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RoleError> {
        let malformed =
            |why: String| RoleError::Malformed { role: "trusted state".to_owned(), why };
        let document: TrustDocument =
            strict_json(bytes).map_err(|error| malformed(error.to_string()))?;
        if document.format != REGISTRY_TRUST_FORMAT.to_string() {
            return Err(malformed(format!("it does not say {REGISTRY_TRUST_FORMAT}")));
        }
        let mut state = Self::pinned(document.root.as_bytes())?;
        state.timestamp = parsed("timestamp", document.timestamp)?;
        state.snapshot = parsed("snapshot", document.snapshot)?;
        for (name, text) in document.targets {
            let role = Signed::parse(&name, text.as_bytes())?;
            state.targets.insert(name, role);
        }
        state.refreshed_at = document.refreshed_at;
        Ok(state)
    }

    /// The bytes in which it is kept, all of it in one file, so that roles of two updates never lie
    /// beside each other.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RoleError> {
        let targets = self.targets.iter().map(|(name, role)| (name.clone(), text(role)));
        let document = TrustDocument {
            format: REGISTRY_TRUST_FORMAT.to_string(),
            root: text(&self.root),
            timestamp: self.timestamp.as_ref().map(text),
            snapshot: self.snapshot.as_ref().map(text),
            targets: targets.collect(),
            refreshed_at: self.refreshed_at,
        };
        let unfit = |error: serde_json::Error| RoleError::Malformed {
            role: "trusted state".to_owned(),
            why: error.to_string(),
        };
        let mut bytes = serde_json::to_vec_pretty(&document).map_err(unfit)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The newer of two states. Each role with targets is the newer of both, too: what one of two
    /// readers has seen published must stay for both. Each role is verified again when it is used,
    /// so none of them is trusted for standing here.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let age = |state: &Self| {
            let timestamp = state.timestamp.as_ref().map(Signed::version);
            let snapshot = state.snapshot.as_ref().map(Signed::version);
            (state.root.version(), timestamp, snapshot)
        };
        let (mut newer, older) =
            if age(&other) > age(&self) { (other, self) } else { (self, other) };
        for (name, role) in older.targets {
            match newer.targets.entry(name) {
                Entry::Occupied(known) if known.get().version() >= role.version() => {}
                Entry::Occupied(mut known) => drop(known.insert(role)),
                Entry::Vacant(unknown) => drop(unknown.insert(role)),
            }
        }
        newer.refreshed_at = newer.refreshed_at.max(older.refreshed_at);
        newer
    }

    /// The root.
    pub fn root(&self) -> &Signed<RootRole> {
        &self.root
    }

    /// The version of each role that is trusted, by name.
    pub fn versions(&self) -> BTreeMap<String, u64> {
        let mut versions: BTreeMap<String, u64> =
            self.targets.iter().map(|(name, role)| (name.clone(), role.version())).collect();
        versions.insert("root".to_owned(), self.root.version());
        versions.extend(self.timestamp.iter().map(|it| ("timestamp".to_owned(), it.version())));
        versions.extend(self.snapshot.iter().map(|it| ("snapshot".to_owned(), it.version())));
        versions
    }

    /// The bytes of a role as they were received.
    pub fn bytes_of(&self, role: &str) -> Option<&[u8]> {
        match role {
            "root" => Some(self.root.bytes()),
            "timestamp" => self.timestamp.as_ref().map(Signed::bytes),
            "snapshot" => self.snapshot.as_ref().map(Signed::bytes),
            _ => self.targets.get(role).map(Signed::bytes),
        }
    }

    /// When an update last passed as a whole.
    pub fn refreshed_at(&self) -> Option<Timestamp> {
        self.refreshed_at
    }
}

fn parsed<T: Role>(role: &str, text: Option<String>) -> Result<Option<Signed<T>>, RoleError> {
    text.map(|text| Signed::parse(role, text.as_bytes())).transpose()
}

/// Metadata is JSON, and JSON is UTF-8.
fn text<T: Role>(role: &Signed<T>) -> String {
    String::from_utf8_lossy(role.bytes()).into_owned()
}
