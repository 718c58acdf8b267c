//! From two versions of a library to a bundle.

mod answer;
mod history;
mod pipeline;
mod record;
mod side;
mod verification;

use std::path::PathBuf;

use code_change::Rules;
use run::{Node as _, Observer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answer::{GenerateAnswer, GenerateSummary};
pub(crate) use pipeline::with_newline;
pub use pipeline::{Compared, Pipeline};
pub(crate) use side::{prepared, snapshot_of};
pub use verification::{
    DependentVerification, VERIFICATION_FORMAT, VerificationReport, VerificationStatus,
    VerificationSummary,
};

use crate::acknowledgement::Acknowledgement;
use crate::nodes::command_context;
use crate::nodes::pipeline_coordinator::PipelineCoordinator;
use crate::publish::Publication;
use crate::snapshot::SnapshotConfig;
use crate::versions::CoreSelection;
use crate::{Error, Progress, World};

/// What `generate` is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenerateRequest {
    /// Which library, and which two versions.
    pub core: CoreSelection,
    /// The folder to write into; by default it is named after the versions, below the working
    /// folder.
    pub out: Option<PathBuf>,
    /// How versions are read.
    pub config: SnapshotConfig,
    /// The numbers that inference goes by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
    /// Dependents to which the manifest is applied, for a patch of each and a report.
    pub previews: Vec<PathBuf>,
    /// A folder of such dependents.
    pub corpus: Option<PathBuf>,
    /// Where the manifest is published once it is made, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<Publication>,
    /// Changes that are intended, beside those that the library's own files acknowledge; the report
    /// lists them apart.
    pub acknowledge: Vec<Acknowledgement>,
}

/// Derives a manifest from two versions and writes its bundle, as a part of other work.
pub(crate) fn generate(
    request: GenerateRequest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<GenerateAnswer, Error> {
    let inputs = artifact::canonical_digest(&request)
        .map_err(|error| Error::internal("the request has no canonical form").caused_by(error))?;
    let context = command_context("generate", &inputs, world.environment.working_folder())?;
    let node = PipelineCoordinator { world, progress, observer, recorded: None };
    node.process(&context, request)
}
