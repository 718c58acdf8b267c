//! What differs between two versions: seen, not yet interpreted. The content of `differences.json`.

use artifact::{FormatName, Sha256, TreePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DottedName;
use crate::snapshot::{Alias, ConfigurationKey, SymbolKind};

/// The format of `differences.json`.
pub const DIFFERENCES_FORMAT: FormatName = FormatName { name: "differences", version: 1 };

/// Everything that differs between two snapshots; each list in order of its names. A snapshot
/// against itself gives empty lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DifferenceSet {
    /// Always `onx/differences/1`.
    pub format: String,
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// Files that came, went, changed or moved.
    pub files: Vec<FileDifference>,
    /// Definitions that came, went or changed.
    pub symbols: Vec<SymbolDifference>,
    /// Names that reach something else than before, or came or went.
    pub aliases: Vec<AliasDifference>,
    /// Configuration keys that came, went or changed.
    pub keys: Vec<KeyDifference>,
    /// Public access paths of the old version that reach nothing in the new one.
    pub gone: Vec<DottedName>,
}

impl DifferenceSet {
    /// Whether the two snapshots are the same in everything that is compared.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.symbols.is_empty()
            && self.aliases.is_empty()
            && self.keys.is_empty()
            && self.gone.is_empty()
    }
}

/// What happened to a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FileDifference {
    /// Only the new version has it.
    FileAdded {
        /// Where it is.
        path: TreePath,
        /// Its content.
        content_hash: Sha256,
    },
    /// Only the old version has it.
    FileRemoved {
        /// Where it was.
        path: TreePath,
        /// Its content.
        content_hash: Sha256,
    },
    /// Both versions have it, with different content.
    FileModified {
        /// Where it is.
        path: TreePath,
        /// The old content.
        content_hash_before: Sha256,
        /// The new content.
        content_hash_after: Sha256,
    },
    /// The same content lies elsewhere.
    FileMoved {
        /// Where it was.
        path_before: TreePath,
        /// Where it is.
        path_after: TreePath,
        /// Its content.
        content_hash: Sha256,
    },
}

/// What happened to a definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum SymbolDifference {
    /// Only the new version defines it.
    SymbolAdded {
        /// The path of its definition.
        fq: DottedName,
        /// What it is.
        kind: SymbolKind,
    },
    /// Only the old version defines it.
    SymbolRemoved {
        /// The path of its definition.
        fq: DottedName,
        /// What it was.
        kind: SymbolKind,
    },
    /// Both versions define it, differently.
    SymbolChanged {
        /// The path of its definition.
        fq: DottedName,
        /// What it is in the new version.
        kind: SymbolKind,
        /// What about it changed: `annotation`, `bases`, `body`, `decorators`, `deprecation`,
        /// `docstring`, `kind`, `signature`, `stability`, `value`.
        aspects: Vec<String>,
    },
}

/// What happened to a name that reaches a definition elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasDifference {
    /// The name.
    pub path: DottedName,
    /// What it was, if it existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Alias>,
    /// What it is, if it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Alias>,
}

/// What happened to a configuration key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyDifference {
    /// The key as it was, if it existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ConfigurationKey>,
    /// The key as it is, if it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ConfigurationKey>,
}
