//! A registry in a folder as commands use it: with roles or without.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::{Digest, Timestamp};
use ledger::Signer;
use registry::{
    EntryName, EntryStatus, FolderRegistry, Lifetimes, Listed, Published, Reach, Refused,
    RegistryError, RegistryKeeper, RegistryKind, RoleError, SignedRegistry, VerifiedEntry,
};

use crate::publish::registry_error;
use crate::{Error, World};

/// The roles that say what is current.
const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// A registry that was looked at.
#[derive(Debug)]
pub enum OpenRegistry {
    /// A folder that is worth as much as whoever may write into it.
    Plain(FolderRegistry),
    /// One in which every entry is signed by a publisher of its namespace.
    Signed(FolderRoles),
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
        let roles = roles_of(world, folder);
        let plain = FolderRegistry::new(files.clone(), folder);
        let is_trusted = roles.reader.trusted().map_err(registry_error)?.is_some();
        if is_trusted || plain.kind().map_err(registry_error)? == RegistryKind::Signed {
            return Ok(Self::Signed(roles));
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

    /// Publishes these files, signed by those of the keys that publish in the namespace, and shows
    /// it where one of them may say what is current.
    pub fn publish(
        &self,
        name: &EntryName,
        contents: &BTreeMap<String, Vec<u8>>,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Published, RegistryError> {
        match self {
            Self::Plain(folder) => folder.publish(name, contents),
            Self::Signed(signed) => {
                let published = signed.keeper.publish(name, contents, signers, now)?;
                signed.show(signers, now)?;
                Ok(published)
            }
        }
    }

    /// Says of an entry whether it is to be used.
    pub fn set_status(
        &self,
        name: &EntryName,
        status: EntryStatus,
        reason: &str,
        signers: &[&dyn Signer],
        now: Timestamp,
    ) -> Result<Listed, RegistryError> {
        match self {
            Self::Plain(folder) => folder.set_status(name, status, reason, now),
            Self::Signed(signed) => {
                let listed = signed.keeper.set_status(name, status, reason, signers, now)?;
                signed.show(signers, now)?;
                Ok(listed)
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
        match self.keeper.renew(signers, now) {
            Ok(_) => Ok(true),
            Err(RegistryError::Role(RoleError::TooFewKeys { role, .. }))
                if ONLINE.contains(&&*role) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// The roles of the registry in this folder, which need not have any yet. What is trusted of it lies
/// in the user's state, by where the folder is.
pub fn roles_of(world: &World, folder: &Path) -> FolderRoles {
    let files = &world.files;
    let canonical = files.canonical(folder).unwrap_or_else(|_| folder.to_owned());
    let identity = Digest::of(canonical.as_os_str().as_encoded_bytes()).hex()[..32].to_owned();
    let trust = world.folders.state.join("registries").join(&identity);
    let cache = world.folders.cache.join("registries").join(&identity);
    let reader = SignedRegistry::new(files.clone(), folder, trust, cache);
    FolderRoles { keeper: RegistryKeeper::new(reader.clone(), Lifetimes::default()), reader }
}
