//! What a review has to decide.

use code_model::evidence::{Candidate, Evidence};
use code_model::operation::{Change, Operation};
use code_model::report::AmbiguousName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::LoadedManifest;

/// Something that a person has to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewItem {
    /// The id of an operation, or a name that has several plausible successors.
    pub item: String,
    /// The kind of the operation; none for a name without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Old → new, or the old name, for people.
    pub subject: String,
    /// How sure the operation is; 0 for a name without one.
    pub confidence: f64,
    /// Whether a dependent that does nothing breaks.
    pub breaking: bool,
    /// How many public paths that are gone depend on the answer.
    pub covers: u32,
    /// Why a person is asked, where more is known than the probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What else it could be, the most plausible first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// What speaks for the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What of a manifest a person is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedItems {
    /// Operations below this probability are open.
    pub below: f64,
    /// Only operations of these kinds; everything where none is named.
    pub kinds: Vec<String>,
}

impl WantedItems {
    /// Everything that can be decided, however sure it is.
    pub fn all() -> Self {
        Self { below: f64::INFINITY, kinds: Vec::new() }
    }
}

/// What nobody has decided of what is wanted: operations below a probability, and names with
/// several plausible successors. What most depends on comes first, and what is equal as the
/// manifest has it.
pub fn open_items(loaded: &LoadedManifest, wanted: &WantedItems) -> Vec<ReviewItem> {
    let WantedItems { below, kinds } = wanted;
    let operations = loaded.manifest.operations.iter();
    let is_open = |o: &&Operation| {
        o.confidence.overall < *below
            && o.evidence.detection != "manual"
            && !matches!(o.change, Change::SymbolRemove { .. })
    };
    let mut items: Vec<ReviewItem> =
        operations.filter(is_open).map(|operation| of_operation(operation, loaded)).collect();
    let report = loaded.report.iter();
    items.extend(report.flat_map(|report| &report.ambiguous).map(of_name));
    items.retain(|item| {
        kinds.is_empty() || item.kind.as_ref().is_some_and(|kind| kinds.contains(kind))
    });
    items.sort_by_key(|item| (std::cmp::Reverse(item.covers), !item.breaking));
    items
}

fn of_operation(operation: &Operation, loaded: &LoadedManifest) -> ReviewItem {
    let scores = loaded.report.iter().flat_map(|report| &report.operations);
    ReviewItem {
        item: operation.id.to_string(),
        kind: Some(operation.change.kind().to_owned()),
        subject: operation.change.to_string(),
        confidence: operation.confidence.overall,
        breaking: operation.metadata.breaking,
        covers: scores.filter(|score| score.id == operation.id).map(|score| score.covers).sum(),
        note: operation.metadata.note.clone(),
        candidates: operation.evidence.candidates.clone(),
        evidence: Some(operation.evidence.clone()),
    }
}

fn of_name(name: &AmbiguousName) -> ReviewItem {
    ReviewItem {
        item: name.name.to_string(),
        kind: None,
        subject: name.name.to_string(),
        confidence: 0.0,
        breaking: true,
        covers: 1,
        note: Some(name.reason.clone()),
        candidates: name.candidates.clone(),
        evidence: None,
    }
}
