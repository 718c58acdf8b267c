//! Checks a dependent against one version of the library.

use code_model::check::CheckReport;
use code_model::snapshot::Snapshot;
use code_rewrite::{DependentFile, Readings};
use python::types::TypeOracle;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;
use crate::check::{check_files, read_files};

/// Resolves every reference and binds every call; it shares nothing with what inferred or rewrote.
pub struct VerificationEngine<'a> {
    /// The version.
    pub snapshot: &'a Snapshot,
    /// Types in that version, if they are to be used.
    pub oracle: Option<&'a TypeOracle>,
    /// Files that were parsed before; what they say is read anew.
    pub readings: &'a Readings,
}

/// A dependent that is to be checked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerificationRequest {
    /// The version that it is checked against.
    pub version: String,
    /// How many files it has.
    pub files: u32,
    /// The files; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub contents: Vec<DependentFile>,
}

impl Node for VerificationEngine<'_> {
    type Input = VerificationRequest;
    type Output = CheckReport;
    type Error = Error;

    const NAME: &'static str = "verification_engine";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: VerificationRequest) -> Result<CheckReport, Error> {
        let read = read_files(&input.contents, self.snapshot, self.oracle.is_some(), self.readings);
        Ok(check_files(&read, self.snapshot, self.oracle))
    }
}
