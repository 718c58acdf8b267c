//! The metadata of TUF 1.0 as types. What the specification does not name is kept, and is covered
//! by the signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use artifact::{Sha256, Timestamp, hex, is_deceptive, shown, strict_json, unhex_bytes};
use ledger::{KeyId, PublicKey, Signer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::RoleError;
use super::canonical::canonical;
use super::key::{Key, VerifyingKey};
use super::paths::matches;

/// The version of the specification that onx writes. Every 1.x.y is read.
pub const SPEC_VERSION: &str = "1.0.33";

/// How deep values in metadata may be nested.
const DEPTH_LIMIT: usize = 32;

/// The longest name of a role, in bytes.
const NAME_LIMIT_BYTES: usize = 200;

/// What a file of metadata is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// Which keys the other roles have.
    Root,
    /// Which snapshot is the current one.
    Timestamp,
    /// Which versions of all targets belong together.
    Snapshot,
    /// What is published, and who else may publish what.
    Targets,
}

impl RoleKind {
    /// The name of the top-level role.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }

    /// The size that a file of the role has at most, in bytes, unless a trusted role says less.
    pub const fn limit_bytes(self) -> u64 {
        match self {
            Self::Root => 512 << 10,
            Self::Timestamp => 16 << 10,
            Self::Snapshot => 2 << 20,
            Self::Targets => 5 << 20,
        }
    }
}

/// The version of a file of metadata; the first is 1.
pub type Version = NonZeroU64;

/// Everything that was not named by the specification.
pub type OtherFields = BTreeMap<String, Value>;

/// When metadata ceases to be trusted, in the one form that the specification allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Expiry(pub Timestamp);

impl From<Expiry> for String {
    fn from(expiry: Expiry) -> Self {
        expiry.0.to_string()
    }
}

impl TryFrom<String> for Expiry {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let moment = text.parse::<Timestamp>().ok().filter(|moment| moment.to_string() == text);
        moment.map(Self).ok_or_else(|| format!("`{}` is no time of expiry", shown(&text)))
    }
}

/// What all roles say of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Which role.
    pub kind: RoleKind,
    /// The version of the specification.
    pub spec_version: &'a str,
    /// The version of the file.
    pub version: Version,
    /// When it ceases to be trusted.
    pub expires: Timestamp,
}

/// The content of a file of metadata.
pub trait Role: DeserializeOwned + Serialize + Clone {
    /// The kind that the file must have.
    const KIND: RoleKind;
    /// What it says of itself.
    fn header(&self) -> Header<'_>;
    /// Whether it holds together.
    fn check(&self) -> Result<(), String>;
}

macro_rules! header {
    ($kind:ident) => {
        const KIND: RoleKind = RoleKind::$kind;
        fn header(&self) -> Header<'_> {
            let Self { kind, spec_version, version, expires, .. } = self;
            Header { kind: *kind, spec_version, version: *version, expires: expires.0 }
        }
    };
}

/// The keys of a role, and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleKeys {
    /// The names of the keys.
    pub keyids: Vec<KeyId>,
    /// How many of them must sign.
    pub threshold: NonZeroU64,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl RoleKeys {
    /// These keys, each once.
    pub fn new(keys: &[PublicKey], threshold: NonZeroU64) -> Self {
        let ids: BTreeSet<_> = keys.iter().map(PublicKey::id).collect();
        Self { keyids: ids.into_iter().collect(), threshold, other: OtherFields::new() }
    }

    fn check(&self) -> Result<(), String> {
        let ids: BTreeSet<_> = self.keyids.iter().collect();
        let once = ids.len() == self.keyids.len();
        once.then_some(()).ok_or_else(|| "a role has the same key twice".to_owned())
    }
}

/// The root: which keys the other roles have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootRole {
    /// Always `root`.
    #[serde(rename = "_type")]
    pub kind: RoleKind,
    /// The version of the specification.
    pub spec_version: String,
    /// The version of the file.
    pub version: Version,
    /// When it ceases to be trusted.
    pub expires: Expiry,
    /// Whether the names of files hold their versions and digests.
    #[serde(default)]
    pub consistent_snapshot: bool,
    /// The keys of all roles, by name.
    pub keys: BTreeMap<KeyId, Key>,
    /// The keys of each top-level role.
    pub roles: BTreeMap<String, RoleKeys>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Role for RootRole {
    header!(Root);

    fn check(&self) -> Result<(), String> {
        for kind in [RoleKind::Root, RoleKind::Timestamp, RoleKind::Snapshot, RoleKind::Targets] {
            let name = kind.name();
            self.roles.get(name).ok_or_else(|| format!("it names no keys of `{name}`"))?;
        }
        self.roles.values().try_for_each(RoleKeys::check)
    }
}

impl RootRole {
    /// The keys of a top-level role.
    pub fn keys_of(&self, kind: RoleKind) -> VerificationKeys<'_> {
        VerificationKeys { keys: &self.keys, role: self.roles.get(kind.name()) }
    }
}

/// Keys and the rule by which they sign.
#[derive(Debug, Clone, Copy)]
pub struct VerificationKeys<'a> {
    keys: &'a BTreeMap<KeyId, Key>,
    role: Option<&'a RoleKeys>,
}

impl VerificationKeys<'_> {
    /// The different keys that can sign.
    pub fn verifying_keys(&self) -> BTreeSet<VerifyingKey> {
        self.key_ids().iter().filter_map(|id| self.keys.get(id)?.verifying()).collect()
    }

    /// The ids by which this key can sign.
    fn ids_of(&self, key: &PublicKey) -> impl Iterator<Item = KeyId> {
        let own = VerifyingKey::Ed25519(*key);
        let is_own = move |id: &&KeyId| {
            self.keys.get(*id).and_then(Key::verifying).is_some_and(|known| known == own)
        };
        self.key_ids().iter().filter(is_own).copied()
    }

    /// Everything that decides whether these keys have signed something.
    pub(super) fn rule(&self) -> KeyRule {
        let keys = self.key_ids().iter().filter_map(|id| Some((*id, self.keys.get(id)?.clone())));
        KeyRule { keys: keys.collect(), threshold: self.threshold() }
    }

    /// How many of them must sign.
    pub(super) fn threshold(&self) -> NonZeroU64 {
        self.role.map_or(NonZeroU64::MAX, |role| role.threshold)
    }

    /// Whether a key that signed before no longer does, whatever it is called.
    pub fn lost_a_key(&self, before: &VerificationKeys<'_>) -> bool {
        let left = self.verifying_keys();
        before.verifying_keys().iter().any(|key| !left.contains(key))
    }

    fn key_ids(&self) -> &[KeyId] {
        self.role.map_or(&[], |role| &role.keyids)
    }
}

/// The keys of a role by their ids, and how many of them must sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyRule {
    keys: BTreeMap<KeyId, Key>,
    threshold: NonZeroU64,
}

/// What is said of a file of metadata by another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetaFile {
    /// Its version.
    pub version: Version,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Its digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<Hashes>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl MetaFile {
    /// What there is to say of this version with these bytes.
    pub fn of(version: Version, bytes: &[u8]) -> Self {
        let (length, hashes) = (Some(bytes.len() as u64), Some(Hashes::of(bytes)));
        Self { version, length, hashes, other: OtherFields::new() }
    }

    /// Whether these are the bytes that it speaks of, as far as it says.
    pub fn expect(&self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.length.is_some_and(|length| length != bytes.len() as u64) {
            return Err("it has another length");
        }
        self.hashes.as_ref().map_or(Ok(()), |hashes| hashes.expect(bytes))
    }
}

/// Digests by the names of their algorithms, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hashes(pub BTreeMap<String, String>);

impl Hashes {
    /// The SHA-256 of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self([("sha256".to_owned(), Sha256::of(bytes).hex())].into())
    }

    /// Whether all digests of known algorithms are those of these bytes, and there is one.
    pub fn expect(&self, bytes: &[u8]) -> Result<(), &'static str> {
        let mut known = 0;
        for (algorithm, digest) in &self.0 {
            let own = match algorithm.as_str() {
                "sha256" => Sha256::of(bytes).hex(),
                "sha512" => hex(&Sha512::digest(bytes)),
                _ => continue,
            };
            if own != *digest {
                return Err("it has another digest");
            }
            known += 1;
        }
        if known == 0 { Err("it has no digest of a known algorithm") } else { Ok(()) }
    }

    /// A digest of a known algorithm, for the name of the file.
    pub fn name(&self) -> Option<&str> {
        let known = self.0.get("sha256").or_else(|| self.0.get("sha512"))?;
        known.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(known.as_str())
    }
}

/// The timestamp: which snapshot is the current one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimestampRole {
    /// Always `timestamp`.
    #[serde(rename = "_type")]
    pub kind: RoleKind,
    /// The version of the specification.
    pub spec_version: String,
    /// The version of the file.
    pub version: Version,
    /// When it ceases to be trusted.
    pub expires: Expiry,
    /// The snapshot, under `snapshot.json`.
    pub meta: BTreeMap<String, MetaFile>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

const SNAPSHOT_FILE: &str = "snapshot.json";

impl Role for TimestampRole {
    header!(Timestamp);

    fn check(&self) -> Result<(), String> {
        let only = self.meta.len() == 1 && self.snapshot().is_some();
        only.then_some(()).ok_or_else(|| format!("it names other files than `{SNAPSHOT_FILE}`"))
    }
}

impl TimestampRole {
    /// The snapshot that it names.
    pub fn snapshot(&self) -> Option<&MetaFile> {
        self.meta.get(SNAPSHOT_FILE)
    }

    /// What it names as snapshot.
    pub fn meta_of(snapshot: MetaFile) -> BTreeMap<String, MetaFile> {
        [(SNAPSHOT_FILE.to_owned(), snapshot)].into()
    }
}

/// The snapshot: which versions of all targets belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotRole {
    /// Always `snapshot`.
    #[serde(rename = "_type")]
    pub kind: RoleKind,
    /// The version of the specification.
    pub spec_version: String,
    /// The version of the file.
    pub version: Version,
    /// When it ceases to be trusted.
    pub expires: Expiry,
    /// The roles with targets, each under its name and `.json`.
    pub meta: BTreeMap<String, MetaFile>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Role for SnapshotRole {
    header!(Snapshot);

    fn check(&self) -> Result<(), String> {
        let named = self.targets(RoleKind::Targets.name()).is_some();
        named.then_some(()).ok_or_else(|| "it does not name `targets.json`".to_owned())
    }
}

impl SnapshotRole {
    /// What it says of a role with targets.
    pub fn targets(&self, role: &str) -> Option<&MetaFile> {
        self.meta.get(&format!("{role}.json"))
    }
}

/// A file that is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetFile {
    /// Its size in bytes.
    pub length: u64,
    /// Its digests.
    pub hashes: Hashes,
    /// What the publisher says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl TargetFile {
    /// A target with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        Self { length, hashes: Hashes::of(bytes), custom: None, other: OtherFields::new() }
    }

    /// Whether these are its bytes.
    pub fn expect(&self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.length != bytes.len() as u64 {
            return Err("it has another length");
        }
        self.hashes.expect(bytes)
    }
}

/// Who else may publish what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delegations {
    /// The keys of all roles, by name.
    pub keys: BTreeMap<KeyId, Key>,
    /// The roles in the order in which they are asked.
    pub roles: Vec<DelegatedRole>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Delegations {
    /// The keys of a role that is delegated to.
    pub fn keys_of<'a>(&'a self, role: &'a DelegatedRole) -> VerificationKeys<'a> {
        VerificationKeys { keys: &self.keys, role: Some(&role.keys) }
    }
}

/// A role that is delegated to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelegatedRole {
    /// Its name.
    pub name: String,
    /// Whether nobody after it is asked for what it is asked for.
    pub terminating: bool,
    /// The patterns of the paths that are delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// What the SHA-256 of the paths that are delegated begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hash_prefixes: Option<Vec<String>>,
    /// Its keys, their threshold, and what else is said.
    #[serde(flatten)]
    pub keys: RoleKeys,
}

impl DelegatedRole {
    /// Whether it is asked for this path.
    pub fn has(&self, path: &str) -> bool {
        let by_path = |patterns: &Vec<String>| patterns.iter().any(|it| matches(it, path));
        let by_digest = |prefixes: &Vec<String>| {
            let digest = Sha256::of(path.as_bytes()).hex();
            prefixes.iter().any(|prefix| digest.starts_with(prefix.as_str()))
        };
        self.paths.as_ref().is_some_and(by_path)
            || self.path_hash_prefixes.as_ref().is_some_and(by_digest)
    }

    fn check(&self) -> Result<(), String> {
        let name: String = self.name.chars().take(80).collect();
        let top = ["root", "timestamp", "snapshot", "targets"].contains(&self.name.as_str());
        let odd = self.name.is_empty()
            || self.name.len() > NAME_LIMIT_BYTES
            || self.name.contains(is_deceptive);
        if top || odd {
            return Err(format!("`{}` is no name of a role", shown(&name)));
        }
        if self.paths.is_some() == self.path_hash_prefixes.is_some() {
            return Err(format!("`{}` has no paths, or two kinds of them", shown(&name)));
        }
        self.keys.check()
    }
}

/// Targets: what is published, and who else may publish what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetsRole {
    /// Always `targets`.
    #[serde(rename = "_type")]
    pub kind: RoleKind,
    /// The version of the specification.
    pub spec_version: String,
    /// The version of the file.
    pub version: Version,
    /// When it ceases to be trusted.
    pub expires: Expiry,
    /// The targets by path.
    pub targets: BTreeMap<String, TargetFile>,
    /// Who else may publish what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
    /// What else is said.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Role for TargetsRole {
    header!(Targets);

    fn check(&self) -> Result<(), String> {
        let Some(delegations) = &self.delegations else { return Ok(()) };
        let names: BTreeSet<_> = delegations.roles.iter().map(|role| &role.name).collect();
        if names.len() != delegations.roles.len() {
            return Err("it delegates to the same role twice".to_owned());
        }
        delegations.roles.iter().try_for_each(DelegatedRole::check)
    }
}

/// A file of metadata as it was received, with what it says.
#[derive(Debug, Clone)]
pub struct Signed<T> {
    bytes: Vec<u8>,
    message: Vec<u8>,
    signatures: BTreeMap<String, String>,
    content: T,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    signatures: Vec<SignatureEntry>,
    signed: T,
}

#[derive(Serialize, Deserialize)]
struct SignatureEntry {
    keyid: String,
    sig: String,
}

impl<T: Role> Signed<T> {
    /// Reads a file. What the specification does not name is tolerated; a name that stands twice in
    /// an object, two signatures by one key id, and another kind of role are not.
    pub fn parse(role: &str, bytes: &[u8]) -> Result<Self, RoleError> {
        let malformed = |why: String| RoleError::Malformed { role: role.to_owned(), why };
        if bytes.len() as u64 > T::KIND.limit_bytes() {
            return Err(malformed("it is too long".to_owned()));
        }
        let envelope: Envelope<Value> =
            strict_json(bytes).map_err(|error| malformed(error.to_string()))?;
        if !is_nested_at_most(&envelope.signed, DEPTH_LIMIT) {
            return Err(malformed("its values are nested too deep".to_owned()));
        }
        let message = canonical(&envelope.signed).map_err(|error| malformed(error.to_string()))?;
        let content: T = serde_json::from_value(envelope.signed)
            .map_err(|error| malformed(shown(&error.to_string()).into_owned()))?;
        let header = content.header();
        if header.kind != T::KIND {
            return Err(malformed(format!("it is of the role `{}`", header.kind.name())));
        }
        if header.spec_version.split('.').next() != Some("1") {
            return Err(malformed("it follows another version of the specification".to_owned()));
        }
        content.check().map_err(malformed)?;
        let mut signatures = BTreeMap::new();
        for SignatureEntry { keyid, sig } in envelope.signatures {
            if signatures.insert(keyid, sig).is_some() {
                return Err(malformed("it has two signatures by one key".to_owned()));
            }
        }
        Ok(Self { bytes: bytes.to_vec(), message, signatures, content })
    }

    /// Signs this content, by each of these once.
    pub fn sign(role: &str, content: T, signers: &[&dyn Signer]) -> Result<Self, RoleError> {
        Self::sign_for(role, content, signers, &[])
    }

    /// Signs this content, by each of these once. The signature stands under each id by which one
    /// of these sets knows the key, since that is where a verifier looks for it; under the digest
    /// of the key, where none of them knows it.
    pub(super) fn sign_for(
        role: &str,
        content: T,
        signers: &[&dyn Signer],
        sets: &[VerificationKeys<'_>],
    ) -> Result<Self, RoleError> {
        let unfit = |why: String| {
            let hint = "it holds what another program put there; sign it with that one";
            RoleError::Unfit { role: role.to_owned(), why, hint }
        };
        let message = canonical(&content).map_err(|error| unfit(error.to_string()))?;
        let mut signatures = BTreeMap::new();
        for signer in signers {
            let failed = |source| RoleError::Signer { role: role.to_owned(), source };
            let signature = signer.sign(&message).map_err(failed)?;
            let public = signer.public_key();
            let mut ids: Vec<KeyId> = sets.iter().flat_map(|set| set.ids_of(&public)).collect();
            if ids.is_empty() {
                ids.push(public.id());
            }
            let text = hex(signature.as_bytes());
            signatures.extend(ids.iter().map(|id| (id.to_string(), text.clone())));
        }
        let entry = |(keyid, sig): (&String, &String)| SignatureEntry {
            keyid: keyid.clone(),
            sig: sig.clone(),
        };
        let signed = serde_json::to_value(&content).map_err(|error| unfit(error.to_string()))?;
        let envelope = Envelope { signatures: signatures.iter().map(entry).collect(), signed };
        let mut bytes =
            serde_json::to_vec_pretty(&envelope).map_err(|error| unfit(error.to_string()))?;
        bytes.push(b'\n');
        let limit = T::KIND.limit_bytes();
        if bytes.len() as u64 > limit {
            let why = format!("it would be longer than {limit} bytes");
            let hint = "put less into it: a shorter reason, or another namespace";
            return Err(RoleError::Unfit { role: role.to_owned(), why, hint });
        }
        Self::parse(role, &bytes)
    }

    /// Refuses it unless enough different keys of the role have signed it.
    pub fn expect_signed(&self, role: &str, by: &VerificationKeys<'_>) -> Result<(), RoleError> {
        let mut valid = BTreeSet::new();
        for id in by.key_ids() {
            let key = by.keys.get(id).and_then(Key::verifying);
            let signature = self.signatures.get(&id.to_string()).and_then(|it| unhex_bytes(it));
            let (Some(key), Some(signature)) = (key, signature) else { continue };
            if key.verifies(&self.message, &signature) {
                // The same key under two names is one key.
                valid.insert(key);
            }
        }
        let threshold = by.threshold().get();
        if (valid.len() as u64) < threshold {
            let role = role.to_owned();
            return Err(RoleError::Unsigned { role, valid: valid.len(), threshold });
        }
        Ok(())
    }

    /// The bytes as they were received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Its version.
    pub fn version(&self) -> u64 {
        self.content.header().version.get()
    }

    /// When it ceases to be trusted.
    pub fn expires(&self) -> Timestamp {
        self.content.header().expires
    }
}

fn is_nested_at_most(value: &Value, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else { return false };
    match value {
        Value::Array(items) => items.iter().all(|item| is_nested_at_most(item, below)),
        Value::Object(members) => members.values().all(|it| is_nested_at_most(it, below)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_form() {
        let expiry = |text: &str| Expiry::try_from(text.to_owned()).is_ok();
        assert!(expiry("2030-01-01T00:00:00Z"));
        for text in ["2030-01-01T00:00:00.5Z", "2030-01-01T01:00:00+01:00", "2030-01-01", ""] {
            assert!(!expiry(text), "{text}");
        }
    }
}
