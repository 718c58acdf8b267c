//! The numbers that inference goes by, as a value that configuration may replace.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{CanonicalError, Digest, canonical_digest};
use code_model::evidence::Factor;
use serde::{Deserialize, Serialize};

/// Weights, thresholds and limits of inference. Their digest is in the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Weight of each factor in the raw score; renormalised over the factors that are present.
    pub weights: BTreeMap<Factor, f64>,
    /// Kinds of evidence that inference does without: neither found nor weighed.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub without: BTreeSet<Factor>,
    /// Equal shapes with fewer syntax nodes than this prove nothing.
    pub shape_nodes_min: u32,
    /// A pair whose score is lower is no candidate.
    pub candidate_score_min: f64,
    /// A pair whose score is lower is not chosen without other evidence.
    pub assignment_score_min: f64,
    /// A choice whose lead over the next candidate is smaller is ambiguous.
    pub lead_min: f64,
    /// The most new symbols that one old symbol is compared with closely.
    pub candidates_max: usize,
    /// The share of a module's public names that must move together for the module to count as
    /// moved.
    pub module_move_share_min: f64,
    /// Operations below this are counted for review; they stay in the manifest.
    pub confidence_threshold: f64,
}

impl Default for Rules {
    fn default() -> Self {
        use Factor::{
            AliasMatch, AstSimilarity, CallsiteCoverage, ChangelogMatch, DeprecationMatch,
            DocSimilarity, HashMatch, HistoryMatch, ManualValidation, SignatureMatch, TestCoverage,
            UsageSimilarity,
        };
        Self {
            weights: BTreeMap::from([
                (HashMatch, 1.0),
                (AstSimilarity, 0.35),
                (DocSimilarity, 0.20),
                (UsageSimilarity, 0.25),
                (SignatureMatch, 0.25),
                (CallsiteCoverage, 0.25),
                (AliasMatch, 0.60),
                (DeprecationMatch, 0.60),
                (HistoryMatch, 0.20),
                (ChangelogMatch, 0.40),
                (TestCoverage, 0.10),
                (ManualValidation, 0.10),
            ]),
            without: BTreeSet::new(),
            shape_nodes_min: 12,
            candidate_score_min: 0.45,
            assignment_score_min: 0.70,
            lead_min: 0.08,
            candidates_max: 24,
            module_move_share_min: 0.8,
            confidence_threshold: 0.7,
        }
    }
}

impl Rules {
    /// Whether inference may use this kind of evidence.
    pub(crate) fn uses(&self, factor: Factor) -> bool {
        !self.without.contains(&factor)
    }

    /// The digest of these numbers.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        canonical_digest(self)
    }
}
