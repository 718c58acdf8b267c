//! Opens versions: from git objects, folders, archives and the package index, without a checkout.

use std::collections::BTreeMap;

use artifact::{Timestamp, TreePath};
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;
use sources::{GitRepository, SourceTree};

use crate::versions::{VersionSelection, open_version};
use crate::{Error, World};

/// Reads a version's list of files straight from where it lies; no work tree is touched.
#[derive(Debug)]
pub struct GitOperations<'a> {
    /// The doors to the machine.
    pub world: &'a World,
}

/// A version whose files can be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenedSource {
    /// The version as a person writes it.
    pub label: String,
    /// How it can be found again.
    pub reference: String,
    /// The commit, when it comes from a git repository.
    pub commit: Option<String>,
    /// How many files it has.
    pub files: u64,
    /// The files themselves; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub tree: Option<SourceTree>,
    /// When each file last changed, where that was asked for; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub times: BTreeMap<TreePath, Timestamp>,
    /// The repository that it comes from, if it does; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub repository: Option<GitRepository>,
}

impl Node for GitOperations<'_> {
    type Input = VersionSelection;
    type Output = OpenedSource;
    type Error = Error;

    const NAME: &'static str = "git_operations";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: VersionSelection) -> Result<OpenedSource, Error> {
        let opened = open_version(&input, self.world)?;
        let identity = opened.tree.identity();
        Ok(OpenedSource {
            label: opened.label,
            reference: identity.reference.clone(),
            commit: identity.commit.clone(),
            files: opened.tree.entries().len() as u64,
            tree: Some(opened.tree),
            times: opened.times,
            repository: opened.repository,
        })
    }
}
