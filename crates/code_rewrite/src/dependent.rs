//! A dependent's files and what rewriting makes of them.

use std::sync::Arc;

use artifact::{Finding, TreePath};
use code_model::DottedName;
use code_model::operation::OperationId;

use crate::Edit;

/// One file of a dependent.
#[derive(Debug, Clone)]
pub struct DependentFile {
    /// Its path in the target.
    pub path: TreePath,
    /// Its bytes.
    pub content: Arc<[u8]>,
    /// The importable name of the module that it defines, where it is known; relative imports need
    /// it.
    pub module: Option<DottedName>,
}

/// What rewriting makes of one file.
#[derive(Debug, Clone, Default)]
pub struct FileRewrite {
    /// The new bytes, when anything changed.
    pub content: Option<Vec<u8>>,
    /// The edits that were applied, in order of their ranges.
    pub edits: Vec<Edit>,
    /// The edits that were not applied: less applicable than asked for, or in each other's way.
    pub held_back: Vec<Edit>,
    /// What a person must look at.
    pub findings: Vec<Finding>,
    /// References to changed names that are already right in the new version, or guarded for both.
    pub already_right: u32,
    /// Operations that found something to change here, each once, in order.
    pub operations: Vec<OperationId>,
}
