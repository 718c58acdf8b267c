//! What a run is to do, settled before it begins: the content of `plan.json`.

use std::collections::BTreeMap;

use artifact::{Digest, FormatName, canonical_digest, canonical_json, strict_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The format of `plan.json`.
pub const RUN_PLAN_FORMAT: FormatName = FormatName { name: "run_plan", version: 1 };

/// What is to be done, in the words of whoever can do it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Which kind of work it is.
    pub kind: String,
    /// What is asked for.
    pub request: Value,
}

impl Work {
    /// Under which name the metadata of a task holds its work.
    pub const METADATA: &str = "work";

    /// Under which name it holds who asked for the work: an envelope with a signature.
    pub const SIGNATURE_METADATA: &str = "work_signature";

    /// The work that the metadata of a task holds; none when it holds none that can be read.
    pub fn of_metadata(metadata: &Map<String, Value>) -> Option<Self> {
        serde_json::from_value(metadata.get(Self::METADATA)?.clone()).ok()
    }

    /// The metadata of a task that is this work.
    pub fn to_metadata(&self) -> Map<String, Value> {
        let work = serde_json::json!({ "kind": self.kind, "request": self.request });
        Map::from_iter([(Self::METADATA.to_owned(), work)])
    }
}

/// What a run is to do, and by whom that was settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always `onx/run_plan/1`.
    pub format: String,
    /// What is to be done.
    pub work: Work,
    /// The version of each node's contract, by the node's name.
    pub nodes: BTreeMap<String, String>,
    /// Names the code that began the run; another build may decide otherwise.
    pub code: String,
}

/// A run that cannot be continued by this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The bytes are no plan.
    #[error("the plan of the run cannot be read: {0}")]
    Unreadable(String),
    /// The plan is not the one that the run began with.
    #[error("the plan of the run is not the one that it began with")]
    Changed,
    /// Another build began the run.
    #[error("the run was begun by another build of onx")]
    OtherCode,
    /// The run is to do something else.
    #[error("the run was begun for other work")]
    OtherWork,
}

impl Plan {
    /// The plan for this work, by code of this identity with these nodes.
    pub fn new(work: Work, nodes: BTreeMap<String, String>, code: impl Into<String>) -> Self {
        Self { format: RUN_PLAN_FORMAT.to_string(), work, nodes, code: code.into() }
    }

    /// The identity of the plan.
    pub fn digest(&self) -> Result<Digest, PlanError> {
        canonical_digest(self).map_err(|error| PlanError::Unreadable(error.to_string()))
    }

    /// The content of `plan.json`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlanError> {
        canonical_json(self).map_err(|error| PlanError::Unreadable(error.to_string()))
    }

    /// Reads a `plan.json`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let plan: Self =
            strict_json(bytes).map_err(|error| PlanError::Unreadable(error.to_string()))?;
        if plan.format != RUN_PLAN_FORMAT.to_string() {
            return Err(PlanError::Unreadable(format!("it does not say {RUN_PLAN_FORMAT}")));
        }
        Ok(plan)
    }

    /// Refuses to go on with a run that began with another plan than this one, whose digest its
    /// journal names.
    pub fn expect_begun(&self, begun: &Self, named: Digest) -> Result<(), PlanError> {
        if begun.digest()? != named {
            return Err(PlanError::Changed);
        }
        if begun.work != self.work {
            return Err(PlanError::OtherWork);
        }
        if begun.code != self.code || begun.nodes != self.nodes {
            return Err(PlanError::OtherCode);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(code: &str) -> Plan {
        let work = Work { kind: "generate".to_owned(), request: serde_json::json!({"a": 1}) };
        Plan::new(work, BTreeMap::from([("differ".to_owned(), "1.0.0".to_owned())]), code)
    }

    #[test]
    fn a_run_goes_on_only_with_the_plan_that_it_began_with() {
        let begun = plan("a");
        let named = begun.digest().expect("a digest");
        assert_eq!(plan("a").expect_begun(&begun, named), Ok(()));
        assert_eq!(plan("b").expect_begun(&begun, named), Err(PlanError::OtherCode));
        let other = Digest::of(b"other");
        assert_eq!(plan("a").expect_begun(&begun, other), Err(PlanError::Changed));
        let mut work = plan("a");
        work.work.request = serde_json::json!({"a": 2});
        assert_eq!(work.expect_begun(&begun, named), Err(PlanError::OtherWork));
        let bytes = begun.to_bytes().expect("a form");
        assert_eq!(Plan::from_bytes(&bytes), Ok(begun));
        assert!(Plan::from_bytes(&bytes[1..]).is_err());
    }

    #[test]
    fn a_task_holds_its_work() {
        let work = plan("a").work;
        assert_eq!(Work::of_metadata(&work.to_metadata()), Some(work));
        assert_eq!(Work::of_metadata(&Map::new()), None);
    }
}
