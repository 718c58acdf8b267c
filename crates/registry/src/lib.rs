//! Bundles by name: what was published under a name stays what it is.
//!
//! A [`FolderRegistry`] is a folder that several may share. It knows names and bytes; what a
//! manifest says, it does not know.

mod entry;
mod error;
mod folder;
mod name;

pub use entry::{Entry, EntryFile, EntryStatus, REGISTRY_ENTRY_FORMAT, StatusChange};
pub use error::RegistryError;
pub use folder::{FolderRegistry, Listed, Published};
pub use name::{EntryName, NameError, SCHEME, VersionPair};
