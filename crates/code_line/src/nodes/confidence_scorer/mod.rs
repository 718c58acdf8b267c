//! From what was inferred to a scored manifest and the report on it.

use std::collections::BTreeMap;

use artifact::Digest;
use code_change::{Provenance, Rules, synthesize};
use code_model::manifest::Manifest;
use code_model::report::Report;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;
use crate::bundle::GENERATOR;
use crate::nodes::difference_detector::SnapshotPair;
use crate::nodes::inference_engine::InferredOperations;

/// Gives each operation its score, its calibrated probability and what follows from it.
#[derive(Debug, Clone, Copy)]
pub struct ConfidenceScorer;

/// What is to be scored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScoringRequest {
    /// The two versions.
    pub versions: SnapshotPair,
    /// What was inferred.
    pub inferred: InferredOperations,
    /// The numbers to go by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
    /// The digests of the bundle's files that applying reads.
    pub bundle: BTreeMap<String, Digest>,
}

/// A manifest and what a person should know about it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScoredManifest {
    /// The manifest.
    pub manifest: Manifest,
    /// The report.
    pub report: Report,
}

impl Node for ConfidenceScorer {
    type Input = ScoringRequest;
    type Output = ScoredManifest;
    type Error = Error;

    const NAME: &'static str = "confidence_scorer";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: ScoringRequest) -> Result<ScoredManifest, Error> {
        let provenance = Provenance { generator: GENERATOR.to_owned(), bundle: input.bundle };
        let SnapshotPair { from, to } = &input.versions;
        let (manifest, report) =
            synthesize(from, to, &input.inferred.inference, &input.rules, &provenance).map_err(
                |error| Error::internal("the manifest has no canonical form").caused_by(error),
            )?;
        Ok(ScoredManifest { manifest, report })
    }
}
