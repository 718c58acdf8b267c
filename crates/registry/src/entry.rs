//! What stands in a registry under a name.

use std::collections::BTreeMap;

use artifact::{Digest, FormatName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EntryName;

/// The format of `entry.json`.
pub const REGISTRY_ENTRY_FORMAT: FormatName = FormatName { name: "registry_entry", version: 1 };

/// The content of `entry.json`: the files of a bundle, by name and digest. It never changes once it
/// is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Always `onx/registry_entry/1`.
    pub format: String,
    /// The name under which it was published.
    pub name: EntryName,
    /// Every file, by its name in the bundle.
    pub files: BTreeMap<String, EntryFile>,
}

/// A file of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryFile {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
}

/// Whether an entry is to be used.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    /// It is.
    Published,
    /// It can be, and there is something better.
    Deprecated,
    /// It must not be; it is kept for those who did.
    Yanked,
}

impl EntryStatus {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Deprecated => "deprecated",
            Self::Yanked => "yanked",
        }
    }
}

/// A change of whether an entry is to be used; the last one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusChange {
    /// What it is from then on.
    pub status: EntryStatus,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
