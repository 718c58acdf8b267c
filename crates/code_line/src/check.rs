//! A dependent against one version of the library: what does not resolve or bind.

use std::collections::BTreeSet;
use std::sync::Arc;

use artifact::TreePath;
use code_check::{CheckedFile, wanted_members};
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::check::CheckReport;
use code_model::snapshot::Snapshot;
use code_rewrite::{DependentFile, Readings};
use python::parse::ParsedFile;
use python::references::{DependentIndex, FileReferences, ReferenceOptions, StarExports};
use python::types::TypeOracle;
use rayon::prelude::*;

/// A dependent's file that was read for checking.
#[derive(Debug)]
pub(crate) struct ReadFile {
    path: TreePath,
    text: Arc<str>,
    references: FileReferences,
}

/// What star imports of a version bring in.
struct Stars<'a>(ApiIndex<'a>);

impl StarExports for Stars<'_> {
    fn exports(&self, module: &DottedName, name: &str) -> Option<bool> {
        self.0.star_import_brings(module, name)
    }
}

/// Reads what the files say about a version; files that never name its packages are left out. Trees
/// of files that were parsed before are taken from `readings`.
pub(crate) fn read_files(
    files: &[DependentFile],
    snapshot: &Snapshot,
    with_members: bool,
    readings: &Readings,
) -> Vec<ReadFile> {
    let roots: BTreeSet<DottedName> = snapshot.roots.iter().map(|root| root.name.clone()).collect();
    let api = ApiIndex::new(snapshot);
    let members = if with_members { wanted_members(api) } else { BTreeSet::new() };
    let wanted = |name: &str| members.contains(name);
    let finders: Vec<_> =
        roots.iter().map(|root| memchr::memmem::Finder::new(root.as_str().as_bytes())).collect();
    let index = DependentIndex::new(files.iter().filter_map(|file| file.module.clone()));
    let read = |file: &DependentFile| {
        let parsed = match (readings.kept_tree(file), file.path.extension()) {
            (Some(parsed), _) => parsed,
            (None, Some("py" | "pyw")) => ParsedFile::parse(&file.content).ok().map(Arc::new)?,
            (None, Some("pyi")) => ParsedFile::parse_stub(&file.content).ok().map(Arc::new)?,
            _ => return None,
        };
        if parsed.syntax_error().is_some() {
            return None;
        }
        let stars = Stars(api);
        let options = ReferenceOptions {
            roots: &roots,
            distribution: Some(&snapshot.origin.library),
            module: file.module.as_ref(),
            is_package: file.path.file_name().starts_with("__init__."),
            members: &wanted,
            star: &stars,
            dependent: Some(&index),
        };
        let references = FileReferences::read(&parsed, &options);
        Some(ReadFile { path: file.path.clone(), text: parsed.text().into(), references })
    };
    files
        .par_iter()
        .filter(|file| finders.iter().any(|finder| finder.find(&file.content).is_some()))
        .filter_map(read)
        .collect()
}

/// Checks files that were read against a version.
pub(crate) fn check_files(
    files: &[ReadFile],
    snapshot: &Snapshot,
    oracle: Option<&TypeOracle>,
) -> CheckReport {
    let checked: Vec<CheckedFile<'_>> = files
        .iter()
        .map(|file| CheckedFile {
            path: &file.path,
            text: &file.text,
            references: &file.references,
        })
        .collect();
    code_check::check(&checked, ApiIndex::new(snapshot), oracle)
}
