//! Whom this machine trusts with what: keys, the kinds and namespaces that they may sign, and until
//! when.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{FormatName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError, format_field};
use crate::key::{KeyId, PublicKey};
use crate::names::{Identity, Namespace};
use crate::statement::Kind;

/// The format of the document of trusted keys.
pub const TRUSTED_KEYS_FORMAT: FormatName = FormatName { name: "trusted-keys", version: 1 };

/// Longest document of trusted keys, in bytes.
const TRUST_LIMIT: usize = 4 * 1024 * 1024;

/// The keys that are trusted, each for what it may sign. What it does not hold is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(with = "TrustDocument")]
pub struct TrustedKeys(BTreeMap<KeyId, TrustedKey>);

/// One trusted key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// From when on it is not trusted any more.
    pub expires: Timestamp,
    /// What it may sign; each grant stands for itself.
    pub grants: Vec<Grant>,
    /// The key.
    pub key: PublicKey,
    /// From when on it is trusted.
    pub not_before: Timestamp,
    /// Who holds the private key. One person may have several keys.
    pub owner: Identity,
    /// When it was revoked. Nothing that it signed counts then, whenever it was signed, since
    /// whoever took a key can write any time into a statement; and whatever the clock says now,
    /// since a clock may be set back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Kinds that may be signed in these namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What may be signed.
    pub kinds: BTreeSet<Kind>,
    /// Where.
    pub namespaces: Namespaces,
}

/// Some namespaces, by their exact names, or all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Namespaces {
    /// All of them.
    Any,
    /// These.
    Only(BTreeSet<Namespace>),
}

impl Namespaces {
    fn hold(&self, namespace: &Namespace) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(namespace),
        }
    }
}

/// Why a key is not trusted with something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody trusts it.
    #[error("the key is not trusted here")]
    UnknownKey,
    /// It is not trusted yet.
    #[error("the key is trusted only from {0} on")]
    NotYet(Timestamp),
    /// It was revoked.
    #[error("the key was revoked at {0}")]
    Revoked(Timestamp),
    /// Its time is over.
    #[error("the key expired at {0}")]
    Expired(Timestamp),
    /// It signs no such thing, wherever.
    #[error("the key may not sign anything of the kind {0}")]
    WrongKind(Kind),
    /// It signs such things elsewhere.
    #[error("the key may not sign anything of the kind {kind} in `{namespace}`")]
    WrongNamespace {
        /// What it would sign.
        kind: Kind,
        /// Where it may not.
        namespace: Namespace,
    },
}

impl Refusal {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownKey => {
                "ask the publisher for the key in a way that you trust, and trust it with `onx keys \
                 trust`"
            }
            Self::NotYet(_) => "look whether the clock of this machine is right",
            Self::Revoked(_) => {
                "do not use this: whoever has the key now may have signed it; ask the publisher for \
                 one that is signed with another key"
            }
            Self::Expired(_) => {
                "ask the publisher to sign it with a key that is still good, and trust that one"
            }
            Self::WrongKind(_) | Self::WrongNamespace { .. } => {
                "`onx keys list` shows what each key may sign; ask the publisher for the key that is \
                 for this"
            }
        }
    }
}

/// A key cannot be trusted again under other conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The key stands there already, perhaps revoked.
    #[error("the key {0} is known already")]
    Known(KeyId),
    /// No such key.
    #[error("the key {0} is not trusted here")]
    Unknown(KeyId),
}

impl TrustedKeys {
    /// No key at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts one more key. A key that is known stays as it is, so that what was revoked cannot
    /// come back by being trusted anew.
    pub fn trust(&mut self, key: TrustedKey) -> Result<KeyId, TrustError> {
        let id = key.key.id();
        if self.0.contains_key(&id) {
            return Err(TrustError::Known(id));
        }
        self.0.insert(id, key);
        Ok(id)
    }

    /// Revokes a key for good. One that was revoked before stays revoked since then.
    pub fn revoke(&mut self, id: KeyId, at: Timestamp) -> Result<(), TrustError> {
        let key = self.0.get_mut(&id).ok_or(TrustError::Unknown(id))?;
        key.revoked_at = Some(key.revoked_at.map_or(at, |before| before.min(at)));
        Ok(())
    }

    /// The key with this id, whether or not it may sign anything now.
    pub fn get(&self, id: &KeyId) -> Option<&TrustedKey> {
        self.0.get(id)
    }

    /// All keys by id.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &TrustedKey)> {
        self.0.iter()
    }

    /// The key, if it may sign this kind in this namespace at this time.
    pub fn check(
        &self,
        id: &KeyId,
        kind: Kind,
        namespace: &Namespace,
        now: Timestamp,
    ) -> Result<&TrustedKey, Refusal> {
        let key = self.0.get(id).ok_or(Refusal::UnknownKey)?;
        if let Some(at) = key.revoked_at {
            return Err(Refusal::Revoked(at));
        }
        if now < key.not_before {
            return Err(Refusal::NotYet(key.not_before));
        }
        if now >= key.expires {
            return Err(Refusal::Expired(key.expires));
        }
        let mut grants = key.grants.iter().filter(|grant| grant.kinds.contains(&kind)).peekable();
        if grants.peek().is_none() {
            return Err(Refusal::WrongKind(kind));
        }
        if !grants.any(|grant| grant.namespaces.hold(namespace)) {
            return Err(Refusal::WrongNamespace { kind, namespace: namespace.clone() });
        }
        Ok(key)
    }

    /// The keys that may sign this kind in this namespace at this time.
    pub fn keys_for(&self, kind: Kind, namespace: &Namespace, now: Timestamp) -> Vec<PublicKey> {
        let may = self.0.keys().filter_map(|id| self.check(id, kind, namespace, now).ok());
        may.map(|key| key.key).collect()
    }

    /// The document.
    pub fn write(&self) -> Result<Vec<u8>, DocumentError> {
        document::write(&TrustDocument {
            format: TrustFormat,
            keys: self.0.values().cloned().collect(),
        })
    }

    /// Reads a document.
    pub fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        let document: TrustDocument = document::read(bytes, TRUST_LIMIT)?;
        let mut keys = Self::new();
        let known = DocumentError::Unreadable("a key stands there twice".to_owned());
        for key in document.keys {
            keys.trust(key).map_err(|_| known.clone())?;
        }
        if keys.write()? != bytes {
            return Err(DocumentError::Unreadable("the keys are not in order".to_owned()));
        }
        Ok(keys)
    }
}

format_field!(TrustFormat, TRUSTED_KEYS_FORMAT);

/// The trusted keys as a document, in the order of their ids.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TrustDocument {
    format: TrustFormat,
    keys: Vec<TrustedKey>,
}
