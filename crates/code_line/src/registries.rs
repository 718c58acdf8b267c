//! A registry in a folder as commands use it: with roles or without.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, Timestamp, TreePath};
use host::{FileErrorKind, Place};
use ledger::Signer;
use registry::{
    EntryName, EntryStatus, FolderRegistry, Lifetimes, Listed, Published, Reach, Refused,
    RegistryError, RegistryKeeper, RegistryKind, RoleError, SignedRegistry, VerifiedEntry,
};

use crate::publish::registry_error;
use crate::{Error, ErrorCode, ErrorKind, World};

/// The roles that say what is current.
const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// A registry that was looked at.
#[derive(Debug)]
pub enum OpenRegistry {
    /// A folder that is worth as much as whoever may write into it.
    Plain(FolderRegistry),
    /// One in which every entry is signed by a publisher of its namespace.
    Signed(Box<FolderRoles>),
}

/// The roles of a registry in a folder, where it has some.
#[derive(Debug)]
pub struct FolderRoles {
    /// For those who use what is published.
    pub reader: SignedRegistry,
    /// For those who sign there.
    pub keeper: RegistryKeeper,
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEntry {
    /// The entry, and whether it is to be used.
    pub listed: Listed,
    /// What signed it had expired, and was used because that was asked for.
    pub expired: Vec<String>,
    verified: Option<VerifiedEntry>,
}

/// What a registry has, and what of it is not used, each with the reason.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entries {
    /// The entries by name.
    pub listed: Vec<Listed>,
    /// The namespaces and the entries that are not used, by name.
    pub refused: Vec<(String, String)>,
}

impl OpenRegistry {
    /// Looks at the registry in this folder. One of which a root is trusted has roles, whatever the
    /// folder says.
    pub fn open(world: &World, folder: &Path) -> Result<Self, Error> {
        let files = &world.files;
        let roles = roles_of(world, folder)?;
        let plain = FolderRegistry::new(files.clone(), folder);
        let is_trusted = roles.reader.trusted().map_err(registry_error)?.is_some();
        if is_trusted {
            remember_names(world, folder)?;
        }
        if is_trusted || plain.kind().map_err(registry_error)? == RegistryKind::Signed {
            return Ok(Self::Signed(Box::new(roles)));
        }
        Ok(Self::Plain(plain))
    }

    /// What is published under a name, whether it is to be used or not.
    pub fn find(
        &self,
        name: &EntryName,
        reach: Reach,
        now: Timestamp,
    ) -> Result<FoundEntry, RegistryError> {
        match self {
            Self::Plain(folder) => {
                Ok(FoundEntry { listed: folder.find(name)?, expired: Vec::new(), verified: None })
            }
            Self::Signed(signed) => {
                let found = signed.reader.find(name, reach, now)?;
                let expired = found
                    .expired
                    .iter()
                    .map(|role| format!("`{}` expired at {}", role.role, role.at));
                Ok(FoundEntry {
                    listed: found.listed.clone(),
                    expired: expired.collect(),
                    verified: Some(found),
                })
            }
        }
    }

    /// The files of an entry that may be used, each compared with its digest.
    pub fn fetch(
        &self,
        found: &FoundEntry,
        reach: Reach,
    ) -> Result<BTreeMap<String, Vec<u8>>, RegistryError> {
        match (self, &found.verified) {
            (Self::Signed(signed), Some(verified)) => signed.reader.fetch(verified, reach),
            (Self::Signed(_), None) => Err(RegistryError::NothingTrusted),
            (Self::Plain(folder), _) => folder.fetch(&found.listed),
        }
    }

    /// Everything that is published.
    pub fn list(&self, reach: Reach, now: Timestamp) -> Result<Entries, RegistryError> {
        match self {
            Self::Plain(folder) => {
                let listing = folder.list()?;
                Ok(Entries { listed: listing.entries, refused: reasons(listing.refused) })
            }
            Self::Signed(signed) => {
                let listing = signed.reader.list(reach, now)?;
                Ok(Entries {
                    listed: listing.entries.into_iter().map(|entry| entry.listed).collect(),
                    refused: reasons(listing.refused),
                })
            }
        }
    }

    /// The keys of the user that sign there; none where nothing is signed.
    pub fn signers(&self, world: &World) -> Result<Vec<Box<dyn Signer>>, Error> {
        match self {
            Self::Plain(_) => Ok(Vec::new()),
            Self::Signed(_) => world.trust.own_keys(),
        }
    }

    /// Publishes these files, signed by those of the keys that publish in the namespace, and shows
    /// it where one of them may say what is current; whether readers see it.
    pub fn publish(
        &self,
        name: &EntryName,
        contents: &BTreeMap<String, Vec<u8>>,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<(Published, bool), RegistryError> {
        match self {
            Self::Plain(folder) => Ok((folder.publish(name, contents)?, true)),
            Self::Signed(signed) => {
                let published = signed.keeper.publish(name, contents, signers, now)?;
                Ok((published, signed.show(signers, now)?))
            }
        }
    }

    /// Says of an entry whether it is to be used; whether readers see that.
    pub fn set_status(
        &self,
        name: &EntryName,
        status: EntryStatus,
        reason: &str,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<(Listed, bool), RegistryError> {
        match self {
            Self::Plain(folder) => Ok((folder.set_status(name, status, reason, now)?, true)),
            Self::Signed(signed) => {
                let listed = signed.keeper.set_status(name, status, reason, signers, now)?;
                Ok((listed, signed.show(signers, now)?))
            }
        }
    }
}

fn reasons(refused: Vec<Refused>) -> Vec<(String, String)> {
    refused.into_iter().map(|it| (it.name(), it.error.to_string())).collect()
}

impl FolderRoles {
    /// Makes what was signed the current state, if these keys may; else whoever keeps the online
    /// key does it later, and the answer is false.
    pub fn show(&self, signers: &[&dyn Signer], now: Timestamp) -> Result<bool, RegistryError> {
        let is_shown = match self.keeper.renew(signers, now) {
            Ok(_) => true,
            Err(RegistryError::Role(RoleError::TooFewKeys { role, .. }))
                if ONLINE.contains(&&*role) =>
            {
                false
            }
            Err(error) => return Err(error),
        };
        // Who signs here next must not be shown an older copy than this one. What was done is done
        // although not all of it can be verified now, as where something has expired.
        let _ = self.reader.refresh(now);
        Ok(is_shown)
    }
}

/// The file that says where the trust in a folder lies that has several names.
const SAME_AS: &str = "same_as";

/// What such a file holds at most: an identity.
const IDENTITY_DIGITS: usize = 32;

/// The roles of the registry in this folder, which need not have any yet. What is trusted of it
/// lies in the user's state, by where the folder is.
pub fn roles_of(world: &World, folder: &Path) -> Result<FolderRoles, Error> {
    let identity = identity_of(world, folder)?;
    let trust = world.folders.state.join("registries").join(&identity);
    let cache = world.folders.cache.join("registries").join(&identity);
    let reader = SignedRegistry::new(world.files.clone(), folder, trust, cache);
    Ok(FolderRoles { keeper: RegistryKeeper::new(reader.clone(), Lifetimes::default()), reader })
}

/// Writes down that the names of this folder stand for the registry of which something is trusted
/// now. Whoever may replace a link on the way to it must not be able to make it one that nobody
/// knows. Where it is without links is left out: another link may lead there tomorrow.
pub fn remember_names(world: &World, folder: &Path) -> Result<(), Error> {
    let identity = identity_of(world, folder)?;
    let files = &*world.files;
    let registries = world.folders.state.join("registries");
    let mut names = names_of(world, folder);
    names.pop();
    for name in names {
        let known = identity_by(&name);
        if known == identity || trust_by(world, &known)?.is_some() {
            continue;
        }
        let own = registries.join(&known);
        let path = tree_path(SAME_AS)?;
        files
            .create_base(&own)
            .and_then(|()| files.write(Place::new(&own, &path), identity.as_bytes(), None))
            .map_err(|error| registry_error(error.into()))?;
    }
    Ok(())
}

/// The identity under which the trust in a folder lies: that of the first of its names of which
/// something is known, else that of where it is.
fn identity_of(world: &World, folder: &Path) -> Result<String, Error> {
    let names = names_of(world, folder);
    for name in &names {
        if let Some(identity) = trust_by(world, &identity_by(name))? {
            return Ok(identity);
        }
    }
    Ok(names.last().map(|name| identity_by(name)).unwrap_or_default())
}

/// The names of a folder: as it was named, by its place in the folder above, and without any links.
fn names_of(world: &World, folder: &Path) -> Vec<PathBuf> {
    let named: PathBuf = folder.components().collect();
    let above = named.parent().and_then(|above| world.files.canonical(above).ok());
    let placed = above.zip(named.file_name()).map(|(above, name)| above.join(name));
    let canonical = world.files.canonical(&named).ok();
    let mut names = vec![named];
    names.extend(placed);
    names.extend(canonical);
    names.dedup();
    names
}

fn identity_by(name: &Path) -> String {
    Digest::of(name.as_os_str().as_encoded_bytes()).hex()[..IDENTITY_DIGITS].to_owned()
}

/// Where the trust lies in what has this identity; none where nothing is known of it.
fn trust_by(world: &World, identity: &str) -> Result<Option<String>, Error> {
    let files = &*world.files;
    let own = world.folders.state.join("registries").join(identity);
    let reader = SignedRegistry::new(world.files.clone(), &own, &own, &own);
    if reader.trusted().map_err(registry_error)?.is_some() {
        return Ok(Some(identity.to_owned()));
    }
    let path = tree_path(SAME_AS)?;
    let said = match files.read(Place::new(&own, &path), IDENTITY_DIGITS as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(None),
        Err(error) => return Err(registry_error(error.into())),
    };
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    if said.len() != IDENTITY_DIGITS || !said.iter().all(is_digit) {
        let message = format!("`{}` is damaged", own.join(SAME_AS).display());
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::RegistryError, message)
            .hint("remove it, and trust the root again with `onx-manifest registry trust FILE`"));
    }
    Ok(Some(String::from_utf8_lossy(&said).into_owned()))
}

fn tree_path(text: &str) -> Result<TreePath, Error> {
    TreePath::new(text).map_err(|_| Error::internal(format!("`{text}` is no name of a file")))
}
