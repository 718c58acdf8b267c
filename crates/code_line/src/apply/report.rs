//! What applying a manifest answers: the content of `application_report.json`.

use std::collections::BTreeMap;

use artifact::{Finding, TreePath};
use code_model::operation::OperationId;
use code_rewrite::Applicability;
use host::Confinement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trust::SignatureState;

/// The format of `application_report.json`.
pub const APPLICATION_REPORT_FORMAT: artifact::FormatName =
    artifact::FormatName { name: "application_report", version: 1 };

/// What was done to a dependent, and what is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationReport {
    /// Always `onx/application_report/1`.
    pub format: String,
    /// Names the application: a UUID of version 8 from the manifest, the target and the edits.
    pub application_id: String,
    /// How it ended.
    pub status: ApplicationStatus,
    /// The library.
    pub library: String,
    /// The version that is left.
    pub from_version: String,
    /// The version that is reached.
    pub to_version: String,
    /// The dependent's folder, as it was named.
    pub target: String,
    /// The digest of the manifest's bytes.
    pub manifest_digest: artifact::Digest,
    /// Who signed the manifest, and whether that counts here.
    pub signature: SignatureState,
    /// What had expired of that which a registry says of the manifest, and was used all the same
    /// because that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<String>,
    /// How well the process was confined that read the dependent; none when it was not apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxReport>,
    /// The numbers.
    pub summary: ApplicationSummary,
    /// Where the way back is kept; none when nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointReference>,
    /// What changed.
    pub changes: ChangeSummary,
    /// Operations that could not be applied, or not everywhere.
    pub failures: Vec<Failure>,
    /// Operations that were left out, each with the reason.
    pub skipped: Vec<Failure>,
    /// Every edit, by file and line.
    pub edits: Vec<AppliedEdit>,
    /// Edits that are shown and not made, by file and line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposed: Vec<ProposedEdit>,
    /// What a person should know about the dependent's files.
    pub findings: Vec<Finding>,
    /// What does not resolve or bind in the new version.
    pub remaining: Vec<Finding>,
    /// Whether the dependent was checked against the new version.
    pub checked: bool,
    /// References and calls of which the check could not decide whether they work.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undecided: u32,
    /// References to changed names that needed no edit.
    pub already_right: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How well a process was confined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxReport {
    /// The level that was reached: `none`, `filtered`, `isolated` or `complete`.
    pub level: String,
    /// The layers that were not there, each with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

impl From<Confinement> for SandboxReport {
    fn from(confinement: Confinement) -> Self {
        let missing = confinement.missing.iter();
        Self {
            level: confinement.level().to_string(),
            missing: missing.map(|(layer, why)| (layer.to_string(), why.clone())).collect(),
        }
    }
}

/// How an application ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    /// Every operation that applies was applied.
    Success,
    /// Some operation could not be applied everywhere.
    Partial,
    /// Nothing had to be edited.
    Unchanged,
    /// Nothing was written, as asked for.
    DryRun,
}

/// The numbers of an application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSummary {
    /// Operations that were to be applied.
    pub operations_attempted: u32,
    /// Of those, the ones that are done everywhere.
    pub operations_successful: u32,
    /// Of those, the ones that are not.
    pub operations_failed: u32,
    /// Operations that were left out.
    pub operations_skipped: u32,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointReference {
    /// Names the application that took it.
    pub id: String,
    /// Its folder.
    pub path: String,
}

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSummary {
    /// How many files.
    pub files_modified: u32,
    /// How many new lines.
    pub lines_added: u32,
    /// How many old lines.
    pub lines_removed: u32,
    /// The patch, when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_file: Option<String>,
    /// The files, sorted.
    pub files: Vec<TreePath>,
}

/// An operation that was not applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The operation.
    pub operation_id: OperationId,
    /// Why not.
    pub reason: String,
    /// What to do.
    pub recommendation: String,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedEdit {
    /// The file.
    pub file: TreePath,
    /// The line in the old text, from 1.
    pub line: u32,
    /// The operation that asks for it; `todo-comment` where it only leaves a comment.
    pub operation_id: OperationId,
    /// How far it may be trusted.
    #[serde(default, skip_serializing_if = "EditTrust::is_certain")]
    pub trust: EditTrust,
}

/// How far an edit may be trusted.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EditTrust {
    /// It cannot change anything but what the operation says.
    #[default]
    Safe,
    /// Nothing but the library has a name like it; what it is asked of is unknown.
    Assumed,
    /// It is probably right, and nothing proves it.
    Unsafe,
    /// It stands in a text about code, and is shown alone.
    Display,
}

impl EditTrust {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser hands a reference")]
    fn is_certain(&self) -> bool {
        *self == Self::Safe
    }
}

impl From<Applicability> for EditTrust {
    fn from(applicability: Applicability) -> Self {
        match applicability {
            Applicability::Safe => Self::Safe,
            Applicability::Assumed => Self::Assumed,
            Applicability::Unsafe => Self::Unsafe,
            Applicability::Display => Self::Display,
        }
    }
}

/// One edit that was not made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedEdit {
    /// The file.
    pub file: TreePath,
    /// The line in the old text, from 1.
    pub line: u32,
    /// The operation that asks for it.
    pub operation_id: OperationId,
    /// How far it may be trusted.
    pub trust: EditTrust,
    /// What stands there.
    pub before: String,
    /// What would stand there.
    pub after: String,
}
