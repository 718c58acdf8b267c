//! What `generate` answers.

use std::collections::BTreeMap;

use artifact::{Digest, uuid_from_digest};
use code_model::manifest::Manifest;
use code_model::report::{Accounting, Report};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VerificationReport;
use crate::ErrorReport;
use crate::trust::SignatureState;

/// What came out of `generate`, with where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenerateAnswer {
    /// A UUID of version 8 from the manifest's digest.
    pub manifest_id: String,
    /// Where the manifest lies.
    pub manifest_uri: String,
    /// The manifest's identity.
    pub manifest_digest: Digest,
    /// Who signed it.
    pub signature: SignatureState,
    /// The library.
    pub library: String,
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// The numbers.
    pub summary: GenerateSummary,
    /// Where each public path that is gone went.
    pub accounting: Accounting,
    /// Each file of the bundle, by what it is.
    pub artifacts: BTreeMap<String, String>,
    /// What the manifest does to the dependents that were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationReport>,
    /// Where it is published, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_uri: Option<String>,
    /// Why it is not published although that was asked for. What was made stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<ErrorReport>,
    /// Whether everything was there already and nothing had to be written.
    pub unchanged: bool,
    /// How long it took.
    pub processing_time_ms: u64,
}

/// The numbers of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenerateSummary {
    /// All operations.
    pub operations_total: u32,
    /// Operations at 0.9 and above.
    pub operations_auto: u32,
    /// Operations from 0.7 to 0.9.
    pub operations_with_warning: u32,
    /// Operations below that.
    pub operations_review: u32,
    /// Mean confidence.
    pub confidence_avg: f64,
    /// How many operations of each kind there are at 0.9 and above.
    pub auto_by_kind: BTreeMap<String, u32>,
    /// Symbols of the new version.
    pub symbols: u32,
    /// What could not be read or seen.
    pub findings: u32,
    /// The share of gone paths that a person must look at.
    pub review_rate: f64,
}

impl GenerateAnswer {
    /// The answer about this manifest and report.
    pub fn new(manifest: &Manifest, report: &Report, artifacts: BTreeMap<String, String>) -> Self {
        let statistics = &report.statistics;
        let mut auto_by_kind = BTreeMap::new();
        for operation in report.operations.iter().filter(|o| o.confidence >= 0.9) {
            *auto_by_kind.entry(operation.kind.clone()).or_default() += 1;
        }
        Self {
            manifest_id: uuid_from_digest(&report.manifest_digest).to_string(),
            manifest_uri: artifacts.get("manifest").cloned().unwrap_or_default(),
            manifest_digest: report.manifest_digest,
            signature: SignatureState::Unsigned,
            library: manifest.metadata.library.clone(),
            from_version: manifest.metadata.from_version.clone(),
            to_version: manifest.metadata.to_version.clone(),
            summary: GenerateSummary {
                operations_total: statistics.operations_total,
                operations_auto: statistics.operations_auto,
                operations_with_warning: statistics.operations_with_warning,
                operations_review: statistics.operations_review,
                confidence_avg: statistics.confidence_avg,
                auto_by_kind,
                symbols: statistics.symbols_after,
                findings: report.findings.len() as u32,
                review_rate: statistics.review_rate,
            },
            accounting: report.accounting,
            artifacts,
            verification: None,
            published_uri: None,
            unpublished: None,
            unchanged: false,
            processing_time_ms: 0,
        }
    }
}
