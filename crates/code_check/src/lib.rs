//! Does every reference of a dependent resolve, and does every call bind, in one version of the
//! library?
//!
//! The checker imports neither what makes manifests nor what rewrites: it must not share their
//! mistakes. It reports only what certainly fails; what cannot be decided is counted, not guessed.

mod bind;
mod checker;
mod suggestion;

use artifact::TreePath;
use code_model::api::ApiIndex;
use code_model::check::CheckReport;
use python::references::FileReferences;
use python::types::TypeOracle;

/// One file of a dependent, read once and checked against any number of versions.
#[derive(Clone, Copy)]
pub struct CheckedFile<'a> {
    /// Its path in the dependent.
    pub path: &'a TreePath,
    /// Its decoded text, in which the references count.
    pub text: &'a str,
    /// What it says about the library.
    pub references: &'a FileReferences,
}

/// Checks files against one version. With an oracle over that version's stub tree, members of
/// objects are checked too; without it they are counted as unknown where they could matter.
pub fn check(
    files: &[CheckedFile<'_>],
    api: ApiIndex<'_>,
    oracle: Option<&TypeOracle>,
) -> CheckReport {
    let mut checker = checker::Checker::new(api, oracle);
    for file in files {
        checker.file(file);
    }
    checker.report()
}

/// Attribute names that reading a dependent's file must keep as member uses, so that this version
/// can be checked.
pub fn wanted_members(api: ApiIndex<'_>) -> std::collections::BTreeSet<String> {
    let symbols = api.snapshot().symbols.iter();
    symbols
        .filter(|(_, symbol)| symbol.parent.is_some())
        .map(|(name, _)| name.leaf().to_owned())
        .filter(|name| !name.starts_with("__"))
        .collect()
}
