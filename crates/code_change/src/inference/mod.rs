//! From two snapshots and their differences to operations, each with what speaks for it.

use artifact::Finding;
use code_model::DottedName;
use code_model::difference::DifferenceSet;
use code_model::evidence::{Confidence, Evidence};
use code_model::kept_copies::{kept_copies, with_kept_copies};
use code_model::operation::Change;
use code_model::report::{AmbiguousName, UnresolvedName};
use code_model::snapshot::Snapshot;

use crate::history::CommitHistory;
use crate::rules::Rules;
use crate::sources::SourceText;

mod accounting;
mod advice;
mod appeared;
mod assignment;
mod commits;
mod comparison;
mod context;
mod copies;
mod defaults;
mod effective;
mod fields;
mod files;
mod heirs;
mod hints;
mod kept;
mod keys;
mod keywords;
mod meanings;
mod members;
mod modules;
mod names;
mod parameters;
mod scoring;
mod shims;
mod signatures;
mod successors;
mod template;
mod together;
mod usage;
mod written_names;

pub(crate) use accounting::in_order;
pub(crate) use context::Context;
pub(crate) use successors::Successors;

/// What was inferred: every public access path that is gone is in exactly one of the operations'
/// `covers`, `ambiguous`, `without_successor` and `unseen`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inference {
    /// Operations in order of application, without ids.
    pub operations: Vec<InferredOperation>,
    /// Gone paths with several plausible successors.
    pub ambiguous: Vec<AmbiguousName>,
    /// Gone paths without a successor.
    pub without_successor: Vec<UnresolvedName>,
    /// Paths that may still be there where nothing can be seen statically.
    pub unseen: Vec<UnresolvedName>,
    /// What a reader should know about the inference itself.
    pub findings: Vec<Finding>,
}

/// An operation before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct InferredOperation {
    /// What to do.
    pub change: Change,
    /// What speaks for it.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
    /// The class of evidence by which the confidence was calibrated.
    pub class: &'static str,
    /// Whether a dependent that does nothing breaks.
    pub breaking: bool,
    /// Whether applying it twice would change the result again.
    pub not_repeatable: bool,
    /// Why a person should look before it is applied.
    pub note: Option<String>,
    /// Public access paths that are gone and that this operation carries to their successors.
    pub covers: Vec<DottedName>,
}

/// Infers what a dependent must do to move from the one version to the other. Versions that do not
/// differ need nothing, whatever they deprecate.
pub fn infer(
    from: &Snapshot,
    to: &Snapshot,
    differences: &DifferenceSet,
    sources: &dyn SourceText,
    history: &CommitHistory,
    rules: &Rules,
) -> Inference {
    if differences.is_empty() {
        return Inference::default();
    }
    let copies = kept_copies(from, to);
    let joined = (!copies.is_empty()).then(|| with_kept_copies(from, to, &copies));
    let from = joined.as_ref().unwrap_or(from);
    let context = Context::new(from, to, sources, history, rules).with_copies(copies);
    let successors = Successors::find(&context);
    let names = names::infer(&context, &successors);
    let mut operations = names.operations;
    operations.extend(parameters::infer(&context, &successors));
    fields::settle(&context, &successors, &mut operations);
    shims::settle(&context, &successors, &mut operations);
    operations.extend(keys::infer(&context, &successors, differences));
    operations.extend(files::infer(&context, differences));
    let mut inference = accounting::settle(&context, &differences.gone, operations, names.open);
    inference.findings.extend(history.findings.iter().cloned());
    inference
}
