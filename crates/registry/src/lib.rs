//! Bundles by name: what was published under a name stays what it is.
//!
//! A [`FolderRegistry`] is a folder that several may share. It knows names and bytes; what a
//! manifest says, it does not know. A folder with `metadata/root.json` has roles: a
//! [`SignedRegistry`] reads it and trusts what is signed, a [`RegistryKeeper`] signs and publishes.

mod entry;
mod error;
mod folder;
mod name;
pub mod roles;

pub use entry::{Entry, EntryFile, EntryStatus, REGISTRY_ENTRY_FORMAT, StatusChange};
pub use error::RegistryError;
pub use folder::{FolderListing, FolderRegistry, Listed, Published, RegistryKind};
pub use name::{EntryName, NameError, SCHEME, VersionPair};
pub use roles::{
    KeySet, Lifetimes, Listing, Mirrored, Reach, Refused, RegistryKeeper, Renewed, RoleError,
    RootKeys, SignedRegistry, VerifiedEntry,
};
