//! Takes a checkpoint of a dependent and changes it, all or nothing.

use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::application::ApplicationRecord;
use crate::records::{transaction_error, transactions};
use crate::transaction::ApplyRequest;
use crate::{Error, World};

/// Keeps the way back of every change of a dependent.
#[derive(Debug)]
pub struct CheckpointManager<'a> {
    /// The doors to the machine.
    pub world: &'a World,
}

/// A change that is to be made.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckpointRequest {
    /// The dependent's name.
    pub package: String,
    /// How many files change.
    pub files: u32,
    /// The change; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub change: Option<ApplyRequest>,
}

/// The way back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TakenCheckpoint {
    /// The folder of the checkpoint; none when nothing had to change.
    pub path: Option<String>,
    /// The record of the change; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub record: Option<ApplicationRecord>,
}

impl CheckpointRequest {
    /// Asks for this change.
    pub fn of(change: ApplyRequest) -> Self {
        let files = change.changes.len() as u32;
        Self { package: change.package.clone(), files, change: Some(change) }
    }
}

impl Node for CheckpointManager<'_> {
    type Input = CheckpointRequest;
    type Output = TakenCheckpoint;
    type Error = Error;

    const NAME: &'static str = "checkpoint_manager";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: CheckpointRequest) -> Result<TakenCheckpoint, Error> {
        let change =
            input.change.ok_or_else(|| Error::internal("a change was handed on without files"))?;
        let record =
            transactions(self.world).apply(&change).map_err(|error| transaction_error(&error))?;
        let path = record.as_ref().map(|record| record.checkpoint.clone());
        Ok(TakenCheckpoint { path, record })
    }
}
