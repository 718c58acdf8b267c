//! What speaks for an operation, and how sure that makes us.

use std::collections::BTreeMap;

use artifact::{Digest, TreePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::OperationId;

/// One kind of evidence. The names are those of the manifest's `evidence.method` and
/// `confidence.factors`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The definition is the same, byte for byte or but for its own name.
    HashMatch,
    /// 1 − edit distance / larger size over the syntax features.
    AstSimilarity,
    /// 0.3 Levenshtein + 0.7 TF-IDF cosine of the docstrings.
    DocSimilarity,
    /// Overlap of who uses it and what it uses.
    UsageSimilarity,
    /// Agreement of the signatures.
    SignatureMatch,
    /// Of the library's own definitions that gave up the old name, tests left out, the share that
    /// took up the new one.
    CallsiteCoverage,
    /// The old name is an alias or shim of the new one in either version.
    AliasMatch,
    /// A deprecation message, decorator or note names the successor.
    DeprecationMatch,
    /// The commit that removed the old name added the new one.
    HistoryMatch,
    /// The change log or a guide names both.
    ChangelogMatch,
    /// Of the tests that are in both versions and gave up the old name, the share that uses the new
    /// one.
    TestCoverage,
    /// A person accepted it.
    ManualValidation,
}

impl Factor {
    /// The name that manifests use.
    pub fn name(self) -> &'static str {
        match self {
            Self::HashMatch => "hash_match",
            Self::AstSimilarity => "ast_similarity",
            Self::DocSimilarity => "doc_similarity",
            Self::UsageSimilarity => "usage_similarity",
            Self::SignatureMatch => "signature_match",
            Self::CallsiteCoverage => "callsite_coverage",
            Self::AliasMatch => "alias_match",
            Self::DeprecationMatch => "deprecation_match",
            Self::HistoryMatch => "history_match",
            Self::ChangelogMatch => "changelog_match",
            Self::TestCoverage => "test_coverage",
            Self::ManualValidation => "manual_validation",
        }
    }
}

/// What speaks for an operation, for people and for machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The strongest kind of evidence, by its name; `callsite_analysis` where call sites decide.
    pub method: String,
    /// `automatic`, or `manual` once a person decided.
    pub detection: String,
    /// Digest of the content that is equal in both versions, for hash matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// Hash of the old signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sig_from: Option<String>,
    /// Hash of the new signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sig_to: Option<String>,
    /// Similarity of the syntax, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ast_similarity: Option<f64>,
    /// Similarity of the docstrings, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_similarity: Option<f64>,
    /// Similarity of use, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_similarity: Option<f64>,
    /// Definitions of the old version's own source and tests that use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callsites_found: Option<u32>,
    /// Share of those call sites that the operation can rewrite safely, 0 to 1: not those in
    /// strings, and for arguments not those that unpack what they pass. Read off the first
    /// three that use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_auto_fix_rate: Option<f64>,
    /// The lines of code, documentation or history that say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
    /// Other successors that were plausible, with their scores, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// The operations of earlier manifests that this one was composed of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub composed_of: Vec<ComposedPart>,
    /// Why a person decided so, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Evidence {
    /// Automatic evidence of this method, with nothing else said yet.
    pub fn automatic(method: &str) -> Self {
        Self {
            method: method.to_owned(),
            detection: "automatic".to_owned(),
            content_hash: None,
            sig_from: None,
            sig_to: None,
            ast_similarity: None,
            doc_similarity: None,
            usage_similarity: None,
            callsites_found: None,
            safe_auto_fix_rate: None,
            witnesses: Vec::new(),
            candidates: Vec::new(),
            composed_of: Vec::new(),
            reason: None,
        }
    }
}

/// A line that says what an operation says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// The factor it supports, or the idiom of the hint it comes from.
    pub kind: String,
    /// `from` or `to`: which version it stands in.
    pub version: String,
    /// The file.
    pub file: TreePath,
    /// The line, from 1.
    pub line: u32,
    /// What stands there, shortened.
    pub text: String,
}

/// A successor that was plausible but not chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The name of the candidate.
    pub name: String,
    /// Its raw score, 0 to 1.
    pub score: f64,
}

/// An operation of an earlier manifest that went into a composed one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposedPart {
    /// The old version of that manifest.
    pub from_version: String,
    /// The new version of that manifest.
    pub to_version: String,
    /// The digest of that manifest.
    pub manifest: Digest,
    /// The operation in it.
    pub operation: OperationId,
    /// How sure it was there.
    pub confidence: f64,
}

/// How sure an operation is, with the way there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// The calibrated probability that the operation is right: 0.9 means nine in ten such
    /// operations are.
    pub overall: f64,
    /// The weighted mean of the factors that are present, before calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<f64>,
    /// Each factor that is present, 0 to 1, by its name.
    pub factors: BTreeMap<String, f64>,
    /// What follows from `overall`.
    pub recommendation: Recommendation,
}

impl Confidence {
    /// Takes back what is claimed beyond this probability.
    pub fn lower_to(&mut self, overall: f64) {
        if overall < self.overall {
            self.overall = overall;
            self.recommendation = Recommendation::for_probability(overall);
        }
    }
}

/// What a probability means for the person who applies.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// At least 0.9.
    AutoApply,
    /// 0.7 to 0.9.
    ApplyWithWarning,
    /// 0.5 to 0.7.
    ManualReview,
    /// Below 0.5.
    HighRisk,
}

impl Recommendation {
    /// The recommendation for a calibrated probability.
    pub fn for_probability(overall: f64) -> Self {
        match overall {
            p if p >= 0.9 => Self::AutoApply,
            p if p >= 0.7 => Self::ApplyWithWarning,
            p if p >= 0.5 => Self::ManualReview,
            _ => Self::HighRisk,
        }
    }
}
