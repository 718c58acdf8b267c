//! From differences to operations.

use std::sync::Arc;

use code_change::{CommitHistory, Inference, Rules, SourceText, Version, infer};
use code_model::difference::DifferenceSet;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;
use crate::nodes::difference_detector::SnapshotPair;

/// Infers what a dependent must do, with what speaks for it.
#[derive(Debug, Clone, Copy)]
pub struct InferenceEngine;

/// What is known about two versions.
#[derive(Clone, Serialize, JsonSchema)]
pub struct InferenceRequest {
    /// The two versions.
    pub versions: SnapshotPair,
    /// What differs between them.
    pub differences: Arc<DifferenceSet>,
    /// The numbers to go by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
    /// The texts behind the versions; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub texts: Texts,
    /// What the commits between the versions say; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub history: CommitHistory,
}

/// The texts behind two versions, if there are any.
#[derive(Clone, Default)]
pub struct Texts(pub Option<Arc<dyn SourceText + Send + Sync>>);

impl SourceText for Texts {
    fn text(&self, version: Version, file: &artifact::TreePath) -> Option<Arc<str>> {
        self.0.as_ref()?.text(version, file)
    }
}

/// What was inferred.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct InferredOperations {
    /// How many operations there are.
    pub operations: u32,
    /// How many gone paths have several plausible successors.
    pub ambiguous: u32,
    /// How many gone paths have no successor.
    pub without_successor: u32,
    /// How many paths may still be there, unseen.
    pub unseen: u32,
    /// All of it; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub inference: Inference,
}

impl Node for InferenceEngine {
    type Input = InferenceRequest;
    type Output = InferredOperations;
    type Error = Error;

    const NAME: &'static str = "inference_engine";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(
        &self,
        _: &RunContext,
        input: InferenceRequest,
    ) -> Result<InferredOperations, Error> {
        let SnapshotPair { from, to } = &input.versions;
        let InferenceRequest { differences, texts, history, rules, .. } = &input;
        let inference = infer(from, to, differences, texts, history, rules);
        Ok(InferredOperations {
            operations: inference.operations.len() as u32,
            ambiguous: inference.ambiguous.len() as u32,
            without_successor: inference.without_successor.len() as u32,
            unseen: inference.unseen.len() as u32,
            inference,
        })
    }
}
