//! From a plan and a file to the file's new text.

use artifact::TreePath;
use code_model::operation::OperationId;
use code_rewrite::{DependentFile, FileRewrite, Receivers, Rewriter};
use python::references::DependentIndex;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;

/// Works out the edits of one file; nothing is written.
pub struct CodemodGenerator<'a> {
    /// The plan that a manifest was compiled to.
    pub rewriter: &'a Rewriter<'a>,
    /// What the dependent's modules offer each other.
    pub index: &'a DependentIndex,
    /// Answers what receivers are.
    pub receivers: &'a (dyn Receivers + Sync),
}

/// A file of a dependent.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CodemodRequest {
    /// Its path.
    pub path: TreePath,
    /// The file; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub file: Option<DependentFile>,
}

/// What becomes of a file.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GeneratedCodemod {
    /// Its path.
    pub path: TreePath,
    /// Whether anything about it changes.
    pub changed: bool,
    /// The operations that found something to change, each once.
    pub operations: Vec<OperationId>,
    /// The edits; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub rewrite: FileRewrite,
}

impl CodemodRequest {
    /// Asks for the edits of this file.
    pub fn of(file: &DependentFile) -> Self {
        Self { path: file.path.clone(), file: Some(file.clone()) }
    }
}

impl Node for CodemodGenerator<'_> {
    type Input = CodemodRequest;
    type Output = GeneratedCodemod;
    type Error = Error;

    const NAME: &'static str = "codemod_generator";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: CodemodRequest) -> Result<GeneratedCodemod, Error> {
        let file =
            input.file.ok_or_else(|| Error::internal("a file was handed on without its text"))?;
        let rewrite = self.rewriter.rewrite_file(&file, self.index, self.receivers);
        Ok(GeneratedCodemod {
            path: input.path,
            changed: rewrite.content.is_some(),
            operations: rewrite.operations.clone(),
            rewrite,
        })
    }
}
