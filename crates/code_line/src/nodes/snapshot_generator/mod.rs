//! From a version's files to its snapshot.

use std::sync::Arc;

use code_model::snapshot::Snapshot;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;
use sources::SourceTree;

use crate::facts::FactStore;
use crate::generate::snapshot_of;
use crate::nodes::git_operations::OpenedSource;
use crate::snapshot::SnapshotConfig;
use crate::{Error, Progress};

/// Takes the facts of every file, in parallel and once for each content, and assembles them.
pub struct SnapshotGenerator<'a> {
    /// Facts of files that were read before.
    pub facts: &'a FactStore<'a>,
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
}

/// A version and how to read it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SnapshotRequest {
    /// The version.
    pub source: OpenedSource,
    /// How to read it.
    pub config: SnapshotConfig,
}

/// A version as a value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GeneratedSnapshot {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The files that it was made from; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub tree: Option<SourceTree>,
}

impl Node for SnapshotGenerator<'_> {
    type Input = SnapshotRequest;
    type Output = GeneratedSnapshot;
    type Error = Error;

    const NAME: &'static str = "snapshot_generator";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: SnapshotRequest) -> Result<GeneratedSnapshot, Error> {
        let (snapshot, tree) = snapshot_of(input.source, &input.config, self.facts, self.progress)?;
        Ok(GeneratedSnapshot { snapshot: Arc::new(snapshot), tree: Some(tree) })
    }
}
