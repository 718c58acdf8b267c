//! The keys of a user: private ones in files that only the user may read, and the list of those
//! that are trusted on this machine, and with what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{ErrorKind, Timestamp, TreePath};
use host::{
    FileError, FileErrorKind, FileLock, Files, NodeKind, Place, RandomnessError,
    remove_temporary_files_in,
};
use ledger::{
    DocumentError, Grant, Identity, KeyError, KeyId, Kind, Namespaces, Signer as _, SigningKey,
    TrustError, TrustedKey, TrustedKeys,
};

use crate::audit::lock_patiently;

/// The name of the key that is made when the first one is needed.
pub const LOCAL_KEY: &str = "local";

const TRUSTED: &str = "trusted.json";
const PRIVATE: &str = "private";
const LOCK: &str = "lock";
const EXTENSION: &str = ".pem";
const TRUSTED_LIMIT_BYTES: u64 = 4 << 20;
const PRIVATE_LIMIT_BYTES: u64 = 4096;
/// Only the user reads it and writes it.
const PRIVATE_MODE: u32 = 0o600;
/// How long the key of a machine is trusted by that machine, in years of 365 days.
const LOCAL_YEARS: i64 = 100;

/// The keys of a user, in a folder.
#[derive(Debug, Clone)]
pub struct Keyring {
    files: Arc<dyn Files>,
    base: PathBuf,
}

/// A private key of the user, with the name of its file.
#[derive(Debug)]
pub struct OwnKey {
    /// The name.
    pub name: String,
    /// The key.
    pub key: SigningKey,
    /// Who the user is.
    pub owner: Identity,
    /// Whether it was made just now, because there was none.
    pub is_new: bool,
}

/// What a key may sign, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Who holds it.
    pub owner: Identity,
    /// What it may sign.
    pub kinds: BTreeSet<Kind>,
    /// Where.
    pub namespaces: Namespaces,
    /// From when on.
    pub not_before: Timestamp,
    /// From when on not any more.
    pub expires: Timestamp,
}

/// Something that cannot be done with keys, and why.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The name would leave the folder, or is long or odd.
    #[error("`{0}` is no name of a key: lower-case letters, digits, - and _, at most 64")]
    Name(String),
    /// There is a key of this name.
    #[error("there is a key `{0}` already")]
    Exists(String),
    /// There is no private key of this name.
    #[error("there is no private key `{0}`")]
    Missing(String),
    /// Others may read a private key.
    #[error("others can read the private key `{}`", .0.display())]
    Exposed(PathBuf),
    /// A file is no private key.
    #[error("`{}` is no private key", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: KeyError,
    },
    /// The list of trusted keys cannot be read.
    #[error("`{}` is no list of trusted keys", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: DocumentError,
    },
    /// A key cannot be trusted or revoked.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A file could not be used.
    #[error("a file of the keys could not be used")]
    File(#[from] FileError),
    /// No key could be made.
    #[error("no key could be made")]
    Randomness(#[from] RandomnessError),
}

impl KeyringError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_) | Self::Missing(_) => ErrorKind::User,
            Self::Trust(TrustError::Unknown(_)) => ErrorKind::User,
            Self::Exists(_) | Self::Trust(TrustError::Known(_)) => ErrorKind::Conflict,
            Self::Exposed(_) | Self::Unusable { .. } | Self::Damaged { .. } => ErrorKind::Config,
            Self::File(_) | Self::Randomness(_) => ErrorKind::Outside,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Name(_) => "choose another name".to_owned(),
            Self::Exists(_) => "choose another name; a key is never replaced".to_owned(),
            Self::Missing(_) | Self::Trust(TrustError::Unknown(_)) => {
                "`onx keys list` shows the keys that there are".to_owned()
            }
            Self::Trust(TrustError::Known(_)) => {
                "a key that is known keeps what it was trusted with; a revoked one stays so"
                    .to_owned()
            }
            Self::Exposed(path) => format!(
                "if nobody has read it, `chmod 600 {}`; else revoke it and make another",
                path.display()
            ),
            Self::Unusable { .. } => "put back a copy of it, or make another key".to_owned(),
            Self::Damaged { path, .. } => {
                format!("put back a copy, or move {} away and trust the keys anew", path.display())
            }
            Self::File(error) => error.hint().to_owned(),
            Self::Randomness(_) => "see whether the system is short of resources".to_owned(),
        }
    }
}

impl Keyring {
    /// The keys in this folder, which need not be there yet.
    pub fn new(files: Arc<dyn Files>, base: impl Into<PathBuf>) -> Self {
        Self { files, base: base.into() }
    }

    /// The keys that are trusted here, and with what.
    pub fn trusted(&self) -> Result<TrustedKeys, KeyringError> {
        match self.read(TRUSTED, TRUSTED_LIMIT_BYTES)? {
            None => Ok(TrustedKeys::new()),
            Some(bytes) => TrustedKeys::read(&bytes)
                .map_err(|source| KeyringError::Damaged { path: self.base.join(TRUSTED), source }),
        }
    }

    /// The names of the private keys, sorted.
    pub fn names(&self) -> Result<Vec<String>, KeyringError> {
        let folder = tree_path(PRIVATE)?;
        match self.files.list(&self.base, Some(&folder)) {
            Ok(entries) => Ok(entries
                .iter()
                .filter(|entry| entry.kind == NodeKind::File)
                .filter_map(|entry| entry.name.strip_suffix(EXTENSION).map(str::to_owned))
                .filter(|name| is_name(name))
                .collect()),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The private key of this name, which nobody but the user may read.
    pub fn private(&self, name: &str) -> Result<SigningKey, KeyringError> {
        let file = file_of(name)?;
        let path = tree_path(&file)?;
        let place = Place::new(&self.base, &path);
        let Some(found) = self.files.metadata(place)? else {
            return Err(KeyringError::Missing(name.to_owned()));
        };
        if found.mode & 0o077 != 0 {
            return Err(KeyringError::Exposed(self.base.join(&file)));
        }
        let bytes = self.files.read(place, PRIVATE_LIMIT_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        SigningKey::from_pem(&text)
            .map_err(|source| KeyringError::Unusable { path: self.base.join(&file), source })
    }

    /// Makes a key of this name that is trusted here with all that `trust` says.
    pub fn create(&self, name: &str, trust: &Trust) -> Result<OwnKey, KeyringError> {
        let _held = self.lock()?;
        if self.names()?.iter().any(|known| known == name) {
            return Err(KeyringError::Exists(name.to_owned()));
        }
        let key = self.make(name)?;
        self.add(&key, trust)?;
        Ok(OwnKey { name: name.to_owned(), key, owner: trust.owner.clone(), is_new: true })
    }

    /// The key of this machine, which this machine alone trusts, with everything; it is made when
    /// there is none.
    pub fn local(&self, owner: &Identity, now: Timestamp) -> Result<OwnKey, KeyringError> {
        let found = |key: SigningKey, owner: &Identity| OwnKey {
            name: LOCAL_KEY.to_owned(),
            key,
            owner: owner.clone(),
            is_new: false,
        };
        if let Ok(key) = self.private(LOCAL_KEY)
            && let Some(known) = self.trusted()?.get(&key.public_key().id())
        {
            return Ok(found(key, &known.owner));
        }
        let _held = self.lock()?;
        let is_new = !self.names()?.iter().any(|known| known == LOCAL_KEY);
        // One that was made by a process which then ended is not trusted yet.
        let key = if is_new { self.make(LOCAL_KEY)? } else { self.private(LOCAL_KEY)? };
        if let Some(known) = self.trusted()?.get(&key.public_key().id()) {
            return Ok(found(key, &known.owner));
        }
        let kinds = Kind::STATEMENTS.into_iter().chain([Kind::TreeHead]).collect();
        let end = now.unix_seconds().saturating_add(LOCAL_YEARS * 365 * 24 * 60 * 60);
        let expires = Timestamp::from_unix_seconds(end).unwrap_or(now);
        // A clock may be set back: the key of a machine is trusted there from the beginning.
        let not_before = Timestamp::from_unix_seconds(0).unwrap_or(now);
        let namespaces = Namespaces::Any;
        let trust = Trust { owner: owner.clone(), kinds, namespaces, not_before, expires };
        self.add(&key, &trust)?;
        Ok(OwnKey { name: LOCAL_KEY.to_owned(), key, owner: owner.clone(), is_new })
    }

    /// Trusts a key of somebody else.
    pub fn trust(&self, key: ledger::PublicKey, trust: &Trust) -> Result<KeyId, KeyringError> {
        let _held = self.lock()?;
        self.add_public(key, trust)
    }

    /// Trusts a key no more; what it signed counts nowhere on this machine.
    pub fn revoke(&self, id: KeyId, at: Timestamp) -> Result<(), KeyringError> {
        let _held = self.lock()?;
        let mut trusted = self.trusted()?;
        trusted.revoke(id, at)?;
        self.write_trusted(&trusted)
    }

    fn make(&self, name: &str) -> Result<SigningKey, KeyringError> {
        let file = file_of(name)?;
        let path = tree_path(&file)?;
        let key = SigningKey::from_seed(&host::random_bytes()?);
        let text = key
            .to_pem()
            .map_err(|source| KeyringError::Unusable { path: self.base.join(&file), source })?;
        self.files.create_parents(&self.base, &path)?;
        let place = Place::new(&self.base, &path);
        self.files.write(place, text.reveal().as_bytes(), Some(PRIVATE_MODE))?;
        Ok(key)
    }

    fn add(&self, key: &SigningKey, trust: &Trust) -> Result<KeyId, KeyringError> {
        self.add_public(key.public_key(), trust)
    }

    fn add_public(&self, key: ledger::PublicKey, trust: &Trust) -> Result<KeyId, KeyringError> {
        let Trust { owner, kinds, namespaces, not_before, expires } = trust.clone();
        let mut trusted = self.trusted()?;
        let id = trusted.trust(TrustedKey {
            expires,
            grants: vec![Grant { kinds, namespaces }],
            key,
            not_before,
            owner,
            revoked_at: None,
        })?;
        self.write_trusted(&trusted)?;
        Ok(id)
    }

    fn write_trusted(&self, trusted: &TrustedKeys) -> Result<(), KeyringError> {
        let path = self.base.join(TRUSTED);
        let bytes = trusted.write().map_err(|source| KeyringError::Damaged { path, source })?;
        let path = tree_path(TRUSTED)?;
        Ok(self.files.write(Place::new(&self.base, &path), &bytes, None)?)
    }

    fn lock(&self) -> Result<FileLock, KeyringError> {
        self.files.create_base(&self.base)?;
        let path = tree_path(LOCK)?;
        let place = Place::new(&self.base, &path);
        let held = lock_patiently(&*self.files, place, "whoever changes the keys")?;
        // What is incomplete is of a process that has ended.
        for below in [None, Some(&tree_path(PRIVATE)?)] {
            remove_temporary_files_in(&*self.files, &self.base, below)?;
        }
        Ok(held)
    }

    fn read(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, KeyringError> {
        let path = tree_path(name)?;
        match self.files.read(Place::new(&self.base, &path), limit_bytes) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.base
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

fn file_of(name: &str) -> Result<String, KeyringError> {
    if !is_name(name) {
        return Err(KeyringError::Name(name.chars().take(80).collect()));
    }
    Ok(format!("{PRIVATE}/{name}{EXTENSION}"))
}

fn tree_path(text: &str) -> Result<TreePath, FileError> {
    TreePath::new(text).map_err(|_| FileError::new("use", text, FileErrorKind::Path))
}
