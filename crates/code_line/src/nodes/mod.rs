//! The nodes of the code line, each with its contract beside it.

pub mod application_coordinator;
pub mod artifact_storage;
pub mod checkpoint_manager;
pub mod codemod_generator;
pub mod confidence_scorer;
pub mod dependency_resolver;
pub mod difference_detector;
pub mod git_operations;
pub mod inference_engine;
pub mod manifest_database;
pub mod migration_event;
pub mod pipeline_coordinator;
pub mod registry_api;
pub mod snapshot_generator;
pub mod verification_engine;

use run::{RunContext, RunId, TaskId, TraceId};

use crate::Error;

/// Gives the name and the contract of each of these nodes.
macro_rules! contracts {
    ($($name:ident),+ $(,)?) => {
        [$((stringify!($name), include_str!(concat!(stringify!($name), "/contract.yaml")))),+]
    };
}

/// Every node with the text of its contract.
const CONTRACTS: [(&str, &str); 15] = contracts![
    application_coordinator,
    artifact_storage,
    checkpoint_manager,
    codemod_generator,
    confidence_scorer,
    dependency_resolver,
    difference_detector,
    git_operations,
    inference_engine,
    manifest_database,
    migration_event,
    pipeline_coordinator,
    registry_api,
    snapshot_generator,
    verification_engine,
];

/// The name of every node, with the text of its contract.
pub(crate) fn contracts() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTRACTS.into_iter()
}

/// The context of a command that is run once: its ids follow from what it is asked to do.
pub fn command_context(
    command: &str,
    inputs: &artifact::Digest,
    path: &std::path::Path,
) -> Result<RunContext, Error> {
    let id = format!("{command}-{}", &inputs.hex()[..16]);
    let wrong = |error: run::IdError| Error::internal("a run has no usable id").caused_by(error);
    Ok(RunContext::new(
        TaskId::new(id.clone()).map_err(wrong)?,
        RunId::new("0").map_err(wrong)?,
        path.to_owned(),
        TraceId::new(id).map_err(wrong)?,
    ))
}

#[cfg(test)]
mod tests {
    use run::{Contract, ModelDefinition, Node, NodeKind, model_definition};
    use schemars::JsonSchema;

    use super::*;

    /// Adds what a contract says otherwise than its types.
    fn check<N>(kind: NodeKind, wrong: &mut String)
    where
        N: Node,
        N::Input: JsonSchema,
        N::Output: JsonSchema,
    {
        let contract = N::contract().expect(N::NAME);
        assert_eq!(contract.node_name, N::NAME);
        assert_eq!(contract.node_type, kind, "{}", N::NAME);
        assert!(!contract.capabilities.is_empty(), "{}", N::NAME);
        let models = [
            (&contract.input_model, N::Input::schema_name(), model_definition::<N::Input>()),
            (&contract.output_model, N::Output::schema_name(), model_definition::<N::Output>()),
        ];
        for (model, name, definition) in models {
            assert_eq!(**model, *name, "{}", N::NAME);
            if contract.definitions[model.as_str()] != definition {
                wrong.push_str(&format!("== {} {model}\n{}\n", N::NAME, yaml(&definition)));
            }
        }
        for dependency in &contract.dependencies {
            let name = dependency.name.as_str();
            assert!(contracts().any(|(known, _)| known == name), "{name}");
        }
    }

    fn yaml(definition: &ModelDefinition) -> String {
        serde_saphyr::to_string(definition).expect("a plain value")
    }

    #[test]
    fn contracts_say_what_the_types_say() {
        let mut wrong = String::new();
        check::<git_operations::GitOperations<'_>>(NodeKind::Effect, &mut wrong);
        check::<snapshot_generator::SnapshotGenerator<'_>>(NodeKind::Compute, &mut wrong);
        check::<difference_detector::DifferenceDetector>(NodeKind::Compute, &mut wrong);
        check::<inference_engine::InferenceEngine>(NodeKind::Compute, &mut wrong);
        check::<confidence_scorer::ConfidenceScorer>(NodeKind::Compute, &mut wrong);
        check::<dependency_resolver::DependencyResolver>(NodeKind::Orchestrator, &mut wrong);
        check::<application_coordinator::ApplicationCoordinator<'_>>(
            NodeKind::Orchestrator,
            &mut wrong,
        );
        check::<manifest_database::ManifestDatabase<'_>>(NodeKind::Reducer, &mut wrong);
        check::<registry_api::RegistryApi<'_>>(NodeKind::Effect, &mut wrong);
        check::<migration_event::MigrationEvent<'_>>(NodeKind::Effect, &mut wrong);
        check::<artifact_storage::ArtifactStorage<'_>>(NodeKind::Reducer, &mut wrong);
        check::<pipeline_coordinator::PipelineCoordinator<'_>>(NodeKind::Orchestrator, &mut wrong);
        check::<codemod_generator::CodemodGenerator<'_>>(NodeKind::Compute, &mut wrong);
        check::<checkpoint_manager::CheckpointManager<'_>>(NodeKind::Reducer, &mut wrong);
        check::<verification_engine::VerificationEngine<'_>>(NodeKind::Orchestrator, &mut wrong);
        assert!(wrong.is_empty(), "the types say\n{wrong}");
    }

    #[test]
    fn every_contract_is_the_one_of_its_node() {
        for (name, text) in contracts() {
            assert_eq!(Contract::from_yaml(text).expect(name).node_name, name);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the folders beside the code are what is tested")]
    fn every_folder_is_a_node() {
        let folder = format!("{}/src/nodes", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one"));
        let mut folders: Vec<_> = entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().expect("a name"))
            .collect();
        folders.sort();
        assert_eq!(folders, contracts().map(|(name, _)| name).collect::<Vec<_>>());
    }
}
