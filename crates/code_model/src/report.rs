//! What a maintainer reads after a manifest was made: statistics, and everything that needs a
//! person.

use std::collections::BTreeMap;

use artifact::{Digest, Finding, FormatName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DottedName;
use crate::evidence::{Candidate, Recommendation, Witness};
use crate::operation::OperationId;

/// The format of `report.json`.
pub const REPORT_FORMAT: FormatName = FormatName { name: "report", version: 1 };

/// The report on a manifest: the content of `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `onx/report/1`.
    pub format: String,
    /// The library.
    pub library: String,
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// Digest of the manifest that this is about.
    pub manifest_digest: Digest,
    /// The numbers.
    pub statistics: Statistics,
    /// Where each public access path that is gone went.
    pub accounting: Accounting,
    /// Each operation's confidence, in the manifest's order.
    pub operations: Vec<OperationScore>,
    /// Old names that have several plausible successors.
    pub ambiguous: Vec<AmbiguousName>,
    /// Old names without a successor, each with why it is thought so.
    pub without_successor: Vec<UnresolvedName>,
    /// Old names that may or may not still exist, each with what could not be seen.
    pub unseen: Vec<UnresolvedName>,
    /// What could not be read or seen in either version.
    pub findings: Vec<Finding>,
    /// Changes that the library's maintainers intend; they are counted all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<AcknowledgedBreakage>,
    /// What people decided about operations, the first decision first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewed: Vec<ReviewedOperation>,
    /// How applying the manifest to known dependents went, where that was tried: one that failed is
    /// a reason not to publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationOutcome>,
}

/// What a person decided about one operation, or about a name with several plausible successors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewedOperation {
    /// The operation; none where a name had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
    /// What it said before, or the name: old → new, for people.
    pub subject: String,
    /// How sure it was before; 0 where there was none.
    pub confidence: f64,
    /// What was decided.
    pub verdict: ReviewVerdict,
    /// Why, in that person's words.
    pub reason: String,
}

/// What a person decided about an operation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// It is right as it is.
    Accepted,
    /// It is not so.
    Rejected,
    /// Something else is right instead.
    Edited,
}

impl std::fmt::Display for ReviewVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Edited => "edited",
        })
    }
}

/// How applying a manifest to known dependents went; the details are in `verification.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationOutcome {
    /// Whether every dependent fits the new version once the manifest is applied.
    pub passed: bool,
    /// How many dependents there are.
    pub dependents: u32,
    /// How many of them do not.
    pub failed: u32,
    /// The digest of the verification report.
    pub report: Digest,
}

/// The numbers of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// All operations.
    pub operations_total: u32,
    /// Operations at 0.9 and above.
    pub operations_auto: u32,
    /// Operations from 0.7 to 0.9.
    pub operations_with_warning: u32,
    /// Operations below 0.7.
    pub operations_review: u32,
    /// Mean of the operations' confidence; 0 without operations.
    pub confidence_avg: f64,
    /// Operations of each kind.
    pub by_kind: BTreeMap<String, u32>,
    /// Operations of each method of evidence.
    pub by_method: BTreeMap<String, u32>,
    /// Operations of each recommendation.
    pub by_recommendation: BTreeMap<Recommendation, u32>,
    /// Symbols of the old version.
    pub symbols_before: u32,
    /// Symbols of the new version.
    pub symbols_after: u32,
    /// Call sites in the library's own source and tests that bear on an operation.
    pub callsites_found: u32,
    /// (Paths whose operation is below 0.7, and ambiguous paths) / paths gone; 0 when none is gone.
    pub review_rate: f64,
}

/// Every public access path that is gone is counted in exactly one of the last four fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounting {
    /// Public access paths of the old version that no longer resolve.
    pub gone: u32,
    /// Covered by an operation.
    pub covered: u32,
    /// With several plausible successors.
    pub ambiguous: u32,
    /// Without a successor.
    pub without_successor: u32,
    /// Perhaps still there, where it cannot be seen statically.
    pub unseen: u32,
    /// Of the covered ones, those whose operation is at 0.9 and above.
    pub covered_auto: u32,
    /// Of the covered ones, those whose operation is from 0.7 to 0.9.
    pub covered_with_warning: u32,
    /// Of the covered ones, those whose operation is below 0.7.
    pub covered_review: u32,
}

impl Accounting {
    /// Whether nothing is lost and nothing counted twice.
    pub fn is_complete(&self) -> bool {
        self.gone == self.covered + self.ambiguous + self.without_successor + self.unseen
            && self.covered == self.covered_auto + self.covered_with_warning + self.covered_review
    }
}

/// One operation's confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationScore {
    /// The operation.
    pub id: OperationId,
    /// Its kind.
    pub kind: String,
    /// The class of evidence by which the confidence was calibrated, as labelled pairs name it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Old → new, for people.
    pub subject: String,
    /// The calibrated probability.
    pub confidence: f64,
    /// What follows from it.
    pub recommendation: Recommendation,
    /// Public access paths of the old version that it covers.
    pub covers: u32,
}

/// An old name with several plausible successors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmbiguousName {
    /// The access path that is gone.
    pub name: DottedName,
    /// Why none was chosen.
    pub reason: String,
    /// The plausible successors, best first.
    pub candidates: Vec<Candidate>,
    /// The lines that speak for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
}

/// An old name about which nothing more is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnresolvedName {
    /// The access path that is gone.
    pub name: DottedName,
    /// Why it is in this list.
    pub reason: String,
    /// The lines that say so, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
}

/// A breakage that is intended, with the words of those who intend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgedBreakage {
    /// What is gone or different.
    pub breakage: Breakage,
    /// Why that is intended.
    pub reason: String,
    /// The path or pattern that acknowledges it.
    pub path: String,
    /// The version or range for which it does.
    pub version: String,
    /// Where that is written.
    pub written_in: String,
}

/// How much a breakage asks of a version number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Bump {
    /// Nothing that a user can notice through the API.
    Patch,
    /// Something was added or deprecated.
    Minor,
    /// Something that users may rely on is gone or different.
    Major,
}

/// Every [`Breakage::code`].
pub const BREAKAGE_CODES: [&str; 15] = [
    "object-removed",
    "object-renamed",
    "object-unseen",
    "object-kind-changed",
    "async-changed",
    "binding-changed",
    "base-removed",
    "attribute-value-changed",
    "parameter-removed",
    "parameter-renamed",
    "parameter-kind-changed",
    "parameter-moved",
    "parameter-required",
    "parameter-added-required",
    "parameter-default-changed",
];

/// One thing in a public API that users may rely on and that is gone or different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breakage {
    /// The access path that users write.
    pub path: DottedName,
    /// A stable name of what happened, for example `parameter-removed`.
    pub code: String,
    /// What it asks of the version number: `major` for breakages, `minor` for notes.
    pub bump: Bump,
    /// What happened, in one sentence.
    pub message: String,
    /// The file in the new version, or in the old one when it is gone.
    pub file: artifact::TreePath,
    /// The line, from 1.
    pub line: u32,
    /// The successor, when one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}
