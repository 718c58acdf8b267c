//! Compares two snapshots.

use std::sync::Arc;

use code_model::difference::DifferenceSet;
use code_model::snapshot::Snapshot;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// Finds what differs between two versions, without interpreting it.
#[derive(Debug, Clone, Copy)]
pub struct DifferenceDetector;

/// Two versions of one library.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SnapshotPair {
    /// The old version.
    pub from: Arc<Snapshot>,
    /// The new version.
    pub to: Arc<Snapshot>,
}

impl Node for DifferenceDetector {
    type Input = SnapshotPair;
    type Output = DifferenceSet;
    type Error = Error;

    const NAME: &'static str = "difference_detector";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: SnapshotPair) -> Result<DifferenceSet, Error> {
        Ok(code_change::difference(&input.from, &input.to))
    }
}
