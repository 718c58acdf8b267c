//! The keys of a user: private ones in files that only the user may read, and the list of those
//! that are trusted on this machine, and with what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{ErrorKind, Timestamp};
use host::{
    FileError, FileErrorKind, FileLock, Files, NodeKind, Place, RandomnessError, lock_patiently,
    remove_temporary_files_in, tree_path,
};
use ledger::{
    DocumentError, Grant, Identity, KeyError, KeyId, Kind, Namespaces, Signer as _, SigningKey,
    TrustError, TrustedKey, TrustedKeys,
};

/// The name of the key that is made when the first one is needed. Keys that it had before are kept
/// beside it, under names that begin with it.
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

/// A key that is trusted from now on, or was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownKey {
    /// The key.
    pub id: KeyId,
    /// Whether it is trusted only from now on.
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
    /// The name is that of the key which onx makes itself.
    #[error("the key `{LOCAL_KEY}` is made by onx itself")]
    Reserved,
    /// There are private keys and no list that says what became of them.
    #[error("there are private keys, and the list of trusted keys `{}` is missing", .0.display())]
    Unlisted(PathBuf),
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
            Self::Name(_) | Self::Reserved | Self::Missing(_) => ErrorKind::User,
            Self::Trust(TrustError::Unknown(_)) => ErrorKind::User,
            Self::Exists(_) | Self::Trust(TrustError::Known(_)) => ErrorKind::Conflict,
            Self::Exposed(_) | Self::Unusable { .. } | Self::Damaged { .. } | Self::Unlisted(_) => {
                ErrorKind::Config
            }
            Self::File(_) | Self::Randomness(_) => ErrorKind::Outside,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Name(_) => "choose another name".to_owned(),
            Self::Reserved => {
                "choose another name; this key is made when it is first needed, and anew when it \
                 was revoked"
                    .to_owned()
            }
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
            Self::Unusable { .. } => {
                "put back a copy of it, or move it away and make another key".to_owned()
            }
            Self::Damaged { path, .. } | Self::Unlisted(path) => format!(
                "put back a copy of it. Without one, what was revoked is lost as well: move the \
                 whole folder {} away, so that new keys are made, and trust only keys of which \
                 you know that they were not revoked",
                path.parent().unwrap_or(path).display()
            ),
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

    /// The keys that are trusted here, and with what. The list is there before the first private
    /// key is: where there are keys without it, nobody knows any more which of them were revoked.
    pub fn trusted(&self) -> Result<TrustedKeys, KeyringError> {
        let mut bytes = self.read(TRUSTED, TRUSTED_LIMIT_BYTES)?;
        if bytes.is_none() {
            if self.names()?.is_empty() {
                return Ok(TrustedKeys::new());
            }
            // Another process may have begun the list, and then made a key.
            bytes = self.read(TRUSTED, TRUSTED_LIMIT_BYTES)?;
        }
        let path = || self.base.join(TRUSTED);
        let bytes = bytes.ok_or_else(|| KeyringError::Unlisted(path()))?;
        TrustedKeys::read(&bytes).map_err(|source| KeyringError::Damaged { path: path(), source })
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
        let Some(found) = self.files.metadata(Place::new(&self.base, &path))? else {
            return Err(KeyringError::Missing(name.to_owned()));
        };
        if found.mode & 0o077 != 0 {
            return Err(KeyringError::Exposed(self.base.join(&file)));
        }
        self.unguarded(name)
    }

    /// The private key of this name, whoever may read it.
    fn unguarded(&self, name: &str) -> Result<SigningKey, KeyringError> {
        let file = file_of(name)?;
        let path = tree_path(&file)?;
        let bytes = self.files.read(Place::new(&self.base, &path), PRIVATE_LIMIT_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        SigningKey::from_pem(&text)
            .map_err(|source| KeyringError::Unusable { path: self.base.join(&file), source })
    }

    /// The keys that this machine has or had for itself: the list has them with everything, which
    /// no other key is trusted with.
    pub fn machine(&self) -> Result<Vec<TrustedKey>, KeyringError> {
        let all = |grant: &Grant| {
            grant.namespaces == Namespaces::Any && grant.kinds.contains(&Kind::TreeHead)
        };
        let trusted = self.trusted()?;
        let keys = trusted.iter().map(|(_, key)| key);
        Ok(keys.filter(|key| key.grants.iter().any(all)).cloned().collect())
    }

    /// Makes a key of this name that is trusted here with all that `trust` says. One that is there
    /// and trusted with the same is given as it is.
    pub fn create(&self, name: &str, trust: &Trust) -> Result<OwnKey, KeyringError> {
        if name == LOCAL_KEY {
            return Err(KeyringError::Reserved);
        }
        let _held = self.lock()?;
        self.begun_list()?;
        let exists = self.names()?.iter().any(|known| known == name);
        let key = if exists { self.private(name)? } else { self.make(name)? };
        // One that was made by a process which then ended is not trusted yet.
        let KnownKey { is_new, .. } =
            self.add(key.public_key(), trust).map_err(|error| match error {
                KeyringError::Trust(TrustError::Known(_)) => KeyringError::Exists(name.to_owned()),
                other => other,
            })?;
        Ok(OwnKey { name: name.to_owned(), key, owner: trust.owner.clone(), is_new })
    }

    /// The key of this machine, which this machine alone trusts, with everything; it is made when
    /// there is none, and anew when the one that there is counts no more.
    pub fn local(&self, owner: &Identity, now: Timestamp) -> Result<OwnKey, KeyringError> {
        let found = |key: SigningKey, owner: &Identity| OwnKey {
            name: LOCAL_KEY.to_owned(),
            key,
            owner: owner.clone(),
            is_new: false,
        };
        let counts = |known: &TrustedKey| known.revoked_at.is_none() && now < known.expires;
        if let Ok(key) = self.private(LOCAL_KEY)
            && let Some(known) = self.trusted()?.get(&key.public_key().id())
            && counts(known)
        {
            return Ok(found(key, &known.owner));
        }
        let _held = self.lock()?;
        let trusted = self.begun_list()?;
        let mut is_new = !self.names()?.iter().any(|known| known == LOCAL_KEY);
        if !is_new {
            // A key that others could read may have been revoked for that.
            let id = self.unguarded(LOCAL_KEY)?.public_key().id();
            if trusted.get(&id).is_some_and(|known| !counts(known)) {
                self.put_aside(id)?;
                is_new = true;
            }
        }
        // One that was made by a process which then ended is not trusted yet.
        let key = if is_new { self.make(LOCAL_KEY)? } else { self.private(LOCAL_KEY)? };
        if let Some(known) = trusted.get(&key.public_key().id()) {
            return Ok(found(key, &known.owner));
        }
        let kinds = Kind::STATEMENTS.into_iter().chain([Kind::TreeHead]).collect();
        let end = now.unix_seconds().saturating_add(LOCAL_YEARS * 365 * 24 * 60 * 60);
        let expires = Timestamp::from_unix_seconds(end).unwrap_or(now);
        // A clock may be set back: the key of a machine is trusted there from the beginning.
        let not_before = Timestamp::from_unix_seconds(0).unwrap_or(now);
        let namespaces = Namespaces::Any;
        let trust = Trust { owner: owner.clone(), kinds, namespaces, not_before, expires };
        self.add(key.public_key(), &trust)?;
        Ok(OwnKey { name: LOCAL_KEY.to_owned(), key, owner: owner.clone(), is_new })
    }

    /// Gives the key of this machine, which counts no more, another name, so that it can still be
    /// looked up.
    fn put_aside(&self, id: KeyId) -> Result<(), KeyringError> {
        let aside = format!("{LOCAL_KEY}-{}", &id.to_string()[..16]);
        let (from, to) = (tree_path(&file_of(LOCAL_KEY)?)?, tree_path(&file_of(&aside)?)?);
        self.files.rename(&self.base, &from, &to)?;
        Ok(self.files.sync_folder(&self.base, Some(&tree_path(PRIVATE)?))?)
    }

    /// Trusts a key of somebody else. One that is trusted with the same stays as it is.
    pub fn trust(&self, key: ledger::PublicKey, trust: &Trust) -> Result<KnownKey, KeyringError> {
        let _held = self.lock()?;
        self.begun_list()?;
        self.add(key, trust)
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

    fn add(&self, key: ledger::PublicKey, trust: &Trust) -> Result<KnownKey, KeyringError> {
        let Trust { owner, kinds, namespaces, not_before, expires } = trust.clone();
        let grants = vec![Grant { kinds, namespaces }];
        let mut trusted = self.trusted()?;
        let new = TrustedKey { expires, grants, key, not_before, owner, revoked_at: None };
        let id = key.id();
        if trusted.get(&id).is_some_and(|known| grants_the_same(known, &new)) {
            return Ok(KnownKey { id, is_new: false });
        }
        trusted.trust(new)?;
        self.write_trusted(&trusted)?;
        Ok(KnownKey { id, is_new: true })
    }

    /// The list of trusted keys, which is begun where there is none.
    fn begun_list(&self) -> Result<TrustedKeys, KeyringError> {
        let trusted = self.trusted()?;
        if trusted.iter().next().is_none() {
            self.write_trusted(&trusted)?;
        }
        Ok(trusted)
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

/// Whether this key is trusted with the same already, for as long, and still: what was said twice
/// is done.
fn grants_the_same(known: &TrustedKey, new: &TrustedKey) -> bool {
    let lasts = |key: &TrustedKey| key.expires.unix_seconds() - key.not_before.unix_seconds();
    known.revoked_at.is_none()
        && new.not_before < known.expires
        && known.owner == new.owner
        && known.grants == new.grants
        && lasts(known) == lasts(new)
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
