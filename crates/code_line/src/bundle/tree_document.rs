//! The shape of `tree_from.tree` and `tree_to.tree`, for readers.

use artifact::{Sha256, Timestamp, TreePath};
use code_model::DottedName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The files and symbols of one version, for people and for other tools: version 2 of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeDocument {
    /// Always 2.
    pub version: u32,
    /// What it was made from.
    pub metadata: TreeMetadata,
    /// The folder of the only package, else the tree itself.
    pub root: String,
    /// Every file, by path.
    pub files: Vec<TreeFile>,
}

/// What a tree was made from, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeMetadata {
    /// When the version was made, as its source says; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<Timestamp>,
    /// The program and its version.
    pub generator: String,
    /// The version as it was asked for.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The commit; absent where the version comes from no repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
}

/// A file and the symbols that it defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeFile {
    /// The path below the tree.
    pub path: TreePath,
    /// Size in bytes.
    pub size_bytes: u64,
    /// The language, `python` for Python.
    pub lang: String,
    /// SHA-256 of the content.
    pub hash: Sha256,
    /// The version's time, or the file's own where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
    /// What it defines, in the order of the file.
    pub symbols: Vec<TreeSymbol>,
}

/// A symbol in the file that defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeSymbol {
    /// The fully qualified name.
    pub fq: DottedName,
    /// The kind, such as `class` or `method`.
    pub kind: String,
    /// First line, from 1.
    pub line_start: u32,
    /// Last line.
    pub line_end: u32,
    /// Hash of the signature.
    pub sig_hash: String,
    /// The class that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<DottedName>,
    /// Who may use it, and whether it is deprecated.
    pub exports: Vec<String>,
}
