//! What was found when a dependent was checked against one version of the library.

use artifact::{FormatName, TreePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format of check reports.
pub const CHECK_FORMAT: FormatName = FormatName { name: "check", version: 1 };

/// One dependent against one version: what no longer resolves or binds, and how much could be
/// looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckReport {
    /// Always `onx/check/1`.
    pub format: String,
    /// The library's distribution name.
    pub library: String,
    /// The version that the dependent was checked against.
    pub version: String,
    /// Whether nothing was found that fails in this version.
    pub compatible: bool,
    /// What fails, by file and line.
    pub problems: Vec<CheckProblem>,
    /// What works and is deprecated, by file and line.
    pub deprecated: Vec<CheckProblem>,
    /// How much was looked at.
    pub counts: CheckCounts,
}

/// One place of the dependent that fails, or that is deprecated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckProblem {
    /// The file.
    pub file: TreePath,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The name as the dependent reaches it, or the callable.
    pub name: String,
    /// One sentence that says why.
    pub reason: String,
    /// What was perhaps meant: the nearest name of this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// What is wrong at one place.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The name does not exist.
    MissingName,
    /// The callable takes no such keyword.
    UnknownKeyword,
    /// The callable takes fewer positional arguments.
    TooManyPositional,
    /// A required argument is not given.
    MissingArgument,
    /// An argument is given by position and by keyword.
    RepeatedArgument,
    /// The name or callable is deprecated.
    Deprecated,
}

/// How much of a dependent was looked at, and what could not be decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckCounts {
    /// Uses and imports of the library's names.
    pub references: u32,
    /// Those that reach something.
    pub resolved: u32,
    /// Those that may reach something that cannot be seen statically.
    pub unseen: u32,
    /// Those that stand in a branch for another version.
    pub guarded: u32,
    /// Calls of the library's callables.
    pub calls: u32,
    /// Those that bind.
    pub bound: u32,
    /// Those whose arguments or signature cannot be told.
    pub undecidable: u32,
    /// Attributes and calls on objects whose type cannot be told.
    pub unknown_receivers: u32,
}
