//! One operation with everything that is known about it.

use code_model::operation::Operation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::LoadedManifest;
use crate::witness::{TwoVersions, Witness, witness};
use crate::{Error, World};

/// What `explain` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The operation as the manifest has it.
    pub operation: Operation,
    /// How many public paths that are gone it covers; 0 where no report says it.
    pub covers: u32,
    /// The smallest dependent that breaks without it; none where no program can show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// Explains an operation; the witness is written and tried, if it is asked for.
pub fn explain(
    loaded: &LoadedManifest,
    operation: &Operation,
    with_witness: bool,
    world: &World,
) -> Result<Explanation, Error> {
    let scores = loaded.report.iter().flat_map(|report| &report.operations);
    let covers = scores.filter(|score| score.id == operation.id).map(|score| score.covers).sum();
    let witness = if with_witness {
        let versions = TwoVersions::beside(loaded, world)?;
        witness(&loaded.manifest, operation, versions.as_ref())
    } else {
        None
    };
    Ok(Explanation { operation: operation.clone(), covers, witness })
}
