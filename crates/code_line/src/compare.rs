//! What breaks between two versions, without writing anything.

use artifact::canonical_digest;
use code_change::{Rules, breakages, required_bump};
use code_model::report::Bump;
use run::{Observer, Walker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::acknowledgement::{Acknowledgement, Acknowledgements, Judged, number};
use crate::diff::DiffAnswer;
use crate::generate::{GenerateRequest, Pipeline};
use crate::nodes::command_context;
use crate::snapshot::SnapshotConfig;
use crate::versions::CoreSelection;
use crate::{Error, Progress, World};

/// What `diff` and `semver` are asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareRequest {
    /// Which library, and which two versions.
    pub core: CoreSelection,
    /// How versions are read.
    pub config: SnapshotConfig,
    /// The numbers that inference goes by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
    /// Changes that are intended; none of them and none of the library's own counts where this is
    /// none.
    pub acknowledge: Option<Vec<Acknowledgement>>,
    /// The number of the new version, where its name does not say it.
    pub declared: Option<String>,
}

/// Compares two versions and says what breaks; successors are named where they are known.
pub fn compare(
    request: CompareRequest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<DiffAnswer, Error> {
    let inputs = canonical_digest(&request)
        .map_err(|error| Error::internal("the request has no canonical form").caused_by(error))?;
    let context = command_context("diff", &inputs, world.environment.working_folder())?;
    let walker = Walker::new(context, observer);
    let generate = GenerateRequest {
        core: request.core,
        out: None,
        config: request.config,
        rules: request.rules,
        previews: Vec::new(),
        corpus: None,
        publish: None,
        acknowledge: Vec::new(),
    };
    let (acknowledge, declared) = (request.acknowledge, request.declared);
    let request = generate;
    let pipeline = Pipeline { world, progress, walker };
    let opened = pipeline.open(&request)?;
    let compared = pipeline.compare(&request, opened, None)?;
    let inferred = pipeline.infer(&request, &compared)?;
    let (from, to) = (&*compared.versions.from, &*compared.versions.to);
    let breakages = breakages(from, to, &inferred.inference);
    let judged = match &acknowledge {
        Some(own) => {
            let tree = &compared.trees[1];
            let version = number(declared.as_deref(), &to.origin.version, tree);
            Acknowledgements::gather(own, tree).judge(breakages, version.as_ref())
        }
        None => Judged { breakages, ..Judged::default() },
    };
    let breakages = judged.breakages;
    let demanded = required_bump(from, to, &breakages);
    Ok(DiffAnswer {
        library: to.origin.library.clone(),
        from_version: from.origin.version.clone(),
        to_version: to.origin.version.clone(),
        breaking: breakages.iter().any(|breakage| breakage.bump == Bump::Major),
        demanded,
        breakages,
        acknowledged: judged.acknowledged,
        findings: judged.findings,
    })
}
