//! The manifest: what changed between two versions, as operations that a dependent can apply.

use std::collections::BTreeMap;

use artifact::{Digest, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DottedName;
use crate::operation::Operation;

mod fields;
mod order;
mod read;
mod validate;
mod write;
mod yaml;

pub use order::{CycleError, application_order};
pub use read::ManifestError;

/// Where the schema of version 1 is published.
pub const SCHEMA_URL: &str = "https://registry.omninode.dev/schemas/manifest/v1.json";

/// A manifest of version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::operation::tolerate_extensions)]
pub struct Manifest {
    /// Always 1.
    pub manifest_version: u32,
    /// Where the schema is published.
    pub schema_url: String,
    /// What the manifest was made from.
    pub metadata: ManifestMetadata,
    /// What a person should know first.
    pub summary: ManifestSummary,
    /// Kinds that a reader must know to apply this manifest; an older onx refuses with the version
    /// needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// The operations in the order of application.
    pub operations: Vec<Operation>,
    /// Digest of the written form without this field; none in manifests that people or other tools
    /// wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Digest>,
    /// Extensions of others: names that start with `x-`.
    #[serde(flatten)]
    pub extensions: BTreeMap<String, serde_json::Value>,
}

/// What a manifest was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestMetadata {
    /// The library's distribution name.
    pub library: String,
    /// The importable packages of the old version.
    pub packages: Vec<DottedName>,
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// The old commit, or the old archive's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_commit: Option<String>,
    /// The new commit, or the new archive's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_commit: Option<String>,
    /// How the old version can be found again, for example a git ref or `pypi:NAME==VERSION`.
    pub from_reference: String,
    /// How the new version can be found again.
    pub to_reference: String,
    /// The time of the new version, not of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<Timestamp>,
    /// `onx/` and the version that made it.
    pub generator: String,
    /// Checksum of the old snapshot; none in manifests that people or other tools wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_checksum: Option<Digest>,
    /// Checksum of the new snapshot; none in manifests that people or other tools wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_checksum: Option<Digest>,
    /// Digest of the rules, weights and thresholds that were in force, if rules made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_digest: Option<Digest>,
    /// Digest of each further file of the bundle that applying reads, by file name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bundle: BTreeMap<String, Digest>,
    /// The manifest that this one was made from by adding operations to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
    /// The manifests that this one was composed from, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub composed_from: Vec<ComposedStep>,
}

/// One of the manifests that a composed manifest was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposedStep {
    /// Its old version.
    pub from_version: String,
    /// Its new version.
    pub to_version: String,
    /// Its digest.
    pub manifest: Digest,
}

impl ManifestMetadata {
    /// Whether onx made the manifest, by what it says of itself.
    pub fn is_generated(&self) -> bool {
        self.generator.starts_with("onx/")
    }
}

/// What a person should know first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestSummary {
    /// One line.
    pub title: String,
    /// Operations without which a dependent breaks.
    pub breaking_changes: u32,
    /// Operations without which a dependent goes on working.
    pub safe_changes: u32,
    /// Operations below 0.7, and names whose successor is ambiguous.
    pub manual_review_required: u32,
}
