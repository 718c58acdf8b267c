//! Work that is done as a run: what is asked for as a value that outlasts the process, and the
//! pipeline that carries it out.

use std::path::PathBuf;

use artifact::{Digest, uuid_from_digest};
use code_model::manifest::Manifest;
use run::{Node as _, Observer, Plan, Recorder, RunId, Work};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::application::ApplicationRecord;
use crate::apply::{ApplicationReport, Applied, ApplyWork, was_taken_back};
use crate::bundle::GENERATOR;
use crate::generate::{GenerateAnswer, GenerateRequest};
use crate::nodes::application_coordinator::ApplicationCoordinator;
use crate::nodes::pipeline_coordinator::PipelineCoordinator;
use crate::trust::SignatureState;
use crate::{Error, ErrorCode, Progress, World, nodes};

/// What `generate` as a run is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateWork {
    /// What is derived from what, and how.
    pub request: GenerateRequest,
    /// The folder from which every relative path counts.
    pub working_folder: PathBuf,
}

/// What the code line can be asked to do as a run.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a command makes one")]
pub enum CodeWork {
    /// Derive a manifest from two versions.
    Generate(GenerateWork),
    /// Apply a manifest to a dependent.
    Apply(ApplyWork),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum CodeAnswer {
    /// A manifest.
    Generated(GenerateAnswer),
    /// A dependent that was edited.
    Applied(Applied),
}

/// Where manifests and applications are listed.
pub trait Listings: Sync {
    /// Lists a manifest with its operations; one that is listed stays as it is.
    fn list_manifest(&self, manifest: &ManifestListing) -> Result<(), Error>;
    /// Lists an application; one that is listed stays as it is.
    fn list_application(&self, application: &ApplicationListing) -> Result<(), Error>;
    /// Writes down that a manifest was applied, once for each record: one that is not new may have
    /// been written down long ago.
    fn note_application(
        &self,
        record: &ApplicationRecord,
        signature: &SignatureState,
        is_new: bool,
    ) -> Result<(), Error>;
}

/// The run that a pipeline is part of, and where its results are listed.
#[derive(Clone, Copy)]
pub struct Recorded<'a> {
    /// Keeps the run.
    pub recorder: &'a dyn Recorder,
    /// Where manifests and applications are listed.
    pub listings: &'a dyn Listings,
}

/// A manifest as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ManifestListing {
    /// A UUID of version 8 from the manifest's digest.
    pub id: String,
    /// The library.
    pub library: String,
    /// The version that is left.
    pub from_version: String,
    /// The version that is reached.
    pub to_version: String,
    /// Where the manifest lies.
    pub uri: String,
    /// The manifest's identity.
    pub digest: Digest,
    /// Mean confidence of its operations.
    pub confidence_avg: f64,
    /// Its operations, in the order of application.
    pub operations: Vec<OperationListing>,
}

/// An operation as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OperationListing {
    /// A UUID of version 8 from the manifest's digest and the operation's own id.
    pub id: String,
    /// Its kind, such as `rename.symbol`.
    pub kind: String,
    /// All of it, as the manifest has it.
    pub data: Value,
    /// How sure it is.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Value,
    /// Its place in the order of application, from 1.
    pub sequence: u32,
}

/// An application as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ApplicationListing {
    /// Its id.
    pub id: String,
    /// The id of the manifest.
    pub manifest_id: String,
    /// The dependent.
    pub package: String,
    /// When it was applied.
    #[schemars(with = "String")]
    pub applied_at: artifact::Timestamp,
    /// Whether every operation could be applied everywhere.
    pub success: bool,
    /// Operations that are done everywhere.
    pub operations_applied: u32,
    /// Operations that are not.
    pub operations_failed: u32,
    /// The folder of the checkpoint.
    pub checkpoint: String,
    /// What else is to be remembered: versions, folder, files.
    pub details: Map<String, Value>,
}

impl CodeWork {
    const GENERATE: &'static str = "generate";
    const APPLY: &'static str = "apply";

    /// The work that a task asks for.
    pub fn of(work: &Work) -> Result<Self, Error> {
        let unreadable = |error: serde_json::Error| {
            let message = format!("what the task asks for is no `{}` of this onx", work.kind);
            Error::user(ErrorCode::TaskError, message).caused_by(error)
        };
        let request = work.request.clone();
        match work.kind.as_str() {
            Self::GENERATE => {
                serde_json::from_value(request).map(Self::Generate).map_err(unreadable)
            }
            Self::APPLY => serde_json::from_value(request).map(Self::Apply).map_err(unreadable),
            other => {
                let other: String = other.chars().take(60).collect();
                let message = format!("this onx knows no work of the kind `{other}`");
                Err(Error::user(ErrorCode::TaskError, message)
                    .hint("use the onx that added the task, or a newer one"))
            }
        }
    }

    /// The work as a task holds it.
    pub fn to_work(&self) -> Result<Work, Error> {
        let (kind, request) = match self {
            Self::Generate(work) => (Self::GENERATE, serde_json::to_value(work)),
            Self::Apply(work) => (Self::APPLY, serde_json::to_value(work)),
        };
        let request = request
            .map_err(|error| Error::internal("the request has no JSON form").caused_by(error))?;
        Ok(Work { kind: kind.to_owned(), request })
    }

    /// What a list of tasks shows of it.
    pub fn title(&self) -> String {
        match self {
            Self::Generate(work) => {
                let core = &work.request.core;
                let library =
                    core.core.as_deref().map(|name| format!("{name} ")).unwrap_or_default();
                format!("generate {library}{} → {}", core.from, core.to)
            }
            Self::Apply(work) => {
                let ApplyWork { options, named, .. } = work;
                let path = || options.manifest.display().to_string();
                let manifest = named.clone().unwrap_or_else(path);
                format!("apply {manifest} to {}", options.target.display())
            }
        }
    }

    /// What a run of it is to do, by the nodes of this build.
    pub fn plan(&self) -> Result<Plan, Error> {
        let versions = nodes::contracts();
        let versions = versions.map(|(name, contract)| (name.to_owned(), version_of(contract)));
        let code = format!("{GENERATOR} {}", env!("ONX_CODE_IDENTITY"));
        Ok(Plan::new(self.to_work()?, versions.collect(), code))
    }

    /// Whether what a run of it did was taken back since, so that going on with it would do what
    /// nobody asked for.
    pub fn was_taken_back(&self, run: &RunId, world: &World) -> Result<bool, Error> {
        match self {
            Self::Generate(_) => Ok(false),
            Self::Apply(work) => was_taken_back(work, run, &world.working_in(&work.working_folder)),
        }
    }

    /// Does the work as the run that `recorder` keeps, from wherever an earlier attempt came to.
    pub fn carry_out(
        &self,
        world: &World,
        progress: &dyn Progress,
        observer: &dyn Observer,
        recorder: &dyn Recorder,
        listings: &dyn Listings,
    ) -> Result<CodeAnswer, Error> {
        let context = recorder.context();
        match self {
            Self::Generate(work) => {
                let world = &world.working_in(&work.working_folder);
                let recorded = Some(Recorded { recorder, listings });
                let node = PipelineCoordinator { world, progress, observer, recorded };
                node.process(context, work.request.clone()).map(CodeAnswer::Generated)
            }
            Self::Apply(work) => {
                let world = &world.working_in(&work.working_folder);
                let node = ApplicationCoordinator { world, progress, observer, recorder, listings };
                node.process(context, work.clone()).map(CodeAnswer::Applied)
            }
        }
    }
}

/// The version that a contract says it has. It stands in the first line, which a test holds, so
/// that no command has to read a dozen documents before it begins.
fn version_of(contract: &str) -> String {
    let numbers = contract.lines().next().unwrap_or_default();
    let numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
    numbers.collect::<Vec<_>>().join(".")
}

impl CodeAnswer {
    /// What the report of the run says, without what differs from one attempt to the next.
    pub fn result(&self) -> Result<Value, Error> {
        let value = match self {
            Self::Generated(answer) => {
                let settled =
                    GenerateAnswer { processing_time_ms: 0, unchanged: false, ..answer.clone() };
                serde_json::to_value(settled)
            }
            Self::Applied(applied) => serde_json::to_value(&applied.report),
        };
        value.map_err(|error| Error::internal("the answer has no JSON form").caused_by(error))
    }

    /// What the store keeps beside the run.
    pub fn summary(&self) -> Map<String, Value> {
        let entries = match self {
            Self::Generated(answer) => [
                ("library", Value::from(answer.library.clone())),
                ("from_version", Value::from(answer.from_version.clone())),
                ("to_version", Value::from(answer.to_version.clone())),
                ("manifest", Value::from(answer.manifest_uri.clone())),
                ("manifest_digest", Value::from(answer.manifest_digest.to_string())),
                ("operations", Value::from(answer.summary.operations_total)),
            ]
            .into_iter()
            .chain(answer.unpublished.iter().map(|why| ("unpublished", why.message.clone().into())))
            .collect(),
            Self::Applied(applied) => {
                let report = &applied.report;
                vec![
                    ("library", Value::from(report.library.clone())),
                    ("from_version", Value::from(report.from_version.clone())),
                    ("to_version", Value::from(report.to_version.clone())),
                    ("target", Value::from(report.target.clone())),
                    ("files", Value::from(report.changes.files_modified)),
                    ("edits", Value::from(report.edits.len())),
                    ("left", Value::from(report.remaining.len())),
                ]
            }
        };
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl ManifestListing {
    /// The listing of this manifest, which lies there.
    pub fn new(manifest: &Manifest, digest: Digest, uri: String) -> Result<Self, Error> {
        let no_form = |error: serde_json::Error| {
            Error::internal("an operation has no JSON form").caused_by(error)
        };
        let mut operations = Vec::new();
        let mut total = 0.0;
        for operation in &manifest.operations {
            let id = Digest::of_parts([digest.hex().as_bytes(), operation.id.0.as_bytes()]);
            total += operation.confidence.overall;
            operations.push(OperationListing {
                id: uuid_from_digest(&id).to_string(),
                kind: operation.change.kind().to_owned(),
                data: serde_json::to_value(operation).map_err(no_form)?,
                confidence: operation.confidence.overall,
                evidence: serde_json::to_value(&operation.evidence).map_err(no_form)?,
                sequence: operation.sequence,
            });
        }
        let count = manifest.operations.len();
        Ok(Self {
            id: uuid_from_digest(&digest).to_string(),
            library: manifest.metadata.library.clone(),
            from_version: manifest.metadata.from_version.clone(),
            to_version: manifest.metadata.to_version.clone(),
            uri,
            digest,
            confidence_avg: if count == 0 { 0.0 } else { total / count as f64 },
            operations,
        })
    }
}

impl ApplicationListing {
    /// The listing of this application.
    pub(crate) fn new(record: &ApplicationRecord, report: &ApplicationReport) -> Self {
        let files: Vec<_> = record.files.iter().map(|path| Value::from(path.as_str())).collect();
        let details = [
            ("library", Value::from(report.library.clone())),
            ("from_version", Value::from(record.from_version.clone())),
            ("to_version", Value::from(record.to_version.clone())),
            ("target", Value::from(record.target.clone())),
            ("files", Value::from(files)),
            ("left", Value::from(report.remaining.len())),
        ];
        Self {
            id: record.id.to_string(),
            manifest_id: uuid_from_digest(&report.manifest_digest).to_string(),
            package: record.package.clone(),
            applied_at: record.started_at,
            success: record.operations_failed == 0,
            operations_applied: u32::try_from(record.operations_applied).unwrap_or(u32::MAX),
            operations_failed: u32::try_from(record.operations_failed).unwrap_or(u32::MAX),
            checkpoint: record.checkpoint.clone(),
            details: details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use run::Contract;

    use super::*;

    #[test]
    fn a_plan_names_the_version_of_every_contract() {
        for (name, contract) in nodes::contracts() {
            let read = Contract::from_yaml(contract).expect(name);
            let run::ContractVersion { major, minor, patch } = read.contract_version;
            assert_eq!(version_of(contract), format!("{major}.{minor}.{patch}"), "{name}");
        }
    }

    #[test]
    fn work_that_nobody_knows_is_refused() {
        let work = |kind: &str| Work { kind: kind.to_owned(), request: Value::Null };
        let unknown = CodeWork::of(&work("paint")).expect_err("nobody can");
        assert_eq!(unknown.to_string(), "this onx knows no work of the kind `paint`");
        assert_eq!(
            CodeWork::of(&work("apply")).expect_err("no request").code(),
            ErrorCode::TaskError
        );
    }
}
