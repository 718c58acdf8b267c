//! What an application comes to, and what its records say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use artifact::{Finding, Severity};
use code_model::check::{CheckProblem, ProblemKind};
use code_model::operation::{Change, OperationId};
use code_rewrite::{Applicability, DependentFile, Edit, EmbeddedFile, FileRewrite, SkipReason};
use python::edit::Piece;

use super::report::{ApplicationSummary, AppliedEdit, Failure, ProposedEdit};
use super::work::Prepared;
use crate::records::transaction_error;
use crate::transaction::Transactions;
use crate::{Error, ErrorCode, ErrorKind, requirements};

/// Brings an interrupted application to its end before a new one begins.
pub(super) fn recover(
    transactions: &Transactions<'_>,
    target: &Path,
    dry_run: bool,
) -> Result<bool, Error> {
    let status = transactions.status(target).map_err(|error| transaction_error(&error))?;
    if status.pending.is_none() {
        return Ok(false);
    }
    if dry_run {
        let message = "an earlier apply of this package was interrupted";
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
            .hint("run onx-migrate status to bring it to its end, or onx-migrate rollback"));
    }
    let recovered = transactions.recover(target).map_err(|error| transaction_error(&error))?;
    Ok(recovered.is_some())
}

/// The edits of one file, by line.
pub(super) fn edits_of(file: &DependentFile, rewrite: &FileRewrite) -> Vec<AppliedEdit> {
    rewrite
        .edits
        .iter()
        .map(|edit| AppliedEdit {
            file: file.path.clone(),
            line: line_of(file, edit),
            operation_id: edit.operation.clone(),
            trust: edit.applicability.into(),
        })
        .collect()
}

/// The edits of one file that are shown and not made: in text that may speak of the old version.
pub(super) fn proposed(file: &DependentFile, rewrite: &FileRewrite) -> Vec<ProposedEdit> {
    let Ok(text) = std::str::from_utf8(&file.content) else { return Vec::new() };
    let shown =
        rewrite.held_back.iter().filter(|edit| edit.applicability == Applicability::Display);
    let shown = shown.filter_map(|edit| {
        let after: Option<String> = edit
            .text
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Source(span) => text.get(span.start as usize..span.end as usize),
            })
            .collect();
        let before = edit.text.span.of(text).to_owned();
        let after = after.filter(|after| *after != before)?;
        Some(ProposedEdit {
            file: file.path.clone(),
            line: line_of(file, edit),
            operation_id: edit.operation.clone(),
            trust: edit.applicability.into(),
            before,
            after,
        })
    });
    shown.collect()
}

fn line_of(file: &DependentFile, edit: &Edit) -> u32 {
    let end = (edit.text.span.start as usize).min(file.content.len());
    let before = file.content.get(..end).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1
}

/// How the operations fared: counted, failed and left out.
pub(super) fn tally(
    prepared: &Prepared,
    rewrites: &[FileRewrite],
) -> (ApplicationSummary, Vec<Failure>, Vec<Failure>) {
    let mut skipped: BTreeSet<Failure> = BTreeSet::new();
    for entry in &prepared.plan.skipped {
        let (reason, recommendation) = skip_words(&entry.reason);
        let operation_id = entry.operation.clone();
        skipped.insert(Failure { operation_id, reason, recommendation });
    }
    for operation in &prepared.suppressed {
        skipped.insert(Failure {
            operation_id: operation.id.clone(),
            reason: "suppressed by [tool.onx] of the target".to_owned(),
            recommendation: "remove the entry to have it applied".to_owned(),
        });
    }
    let mut failures: BTreeSet<Failure> = BTreeSet::new();
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        // What is only shown is no failure.
        let wanted = |edit: &&Edit| edit.applicability > Applicability::Display;
        for edit in rewrite.held_back.iter().filter(wanted) {
            failures.insert(Failure {
                operation_id: edit.operation.clone(),
                reason: format!("held back at {}:{}", file.path, line_of(file, edit)),
                recommendation: "change it by hand; the findings say why".to_owned(),
            });
        }
    }
    let left_out: BTreeSet<&OperationId> = skipped.iter().map(|s| &s.operation_id).collect();
    let failed: BTreeSet<&OperationId> = failures.iter().map(|f| &f.operation_id).collect();
    let attempted = prepared
        .loaded
        .manifest
        .operations
        .iter()
        .filter(|operation| !left_out.contains(&operation.id) && edits_calls(&operation.change))
        .count() as u32;
    let summary = ApplicationSummary {
        operations_attempted: attempted,
        operations_successful: attempted.saturating_sub(failed.len() as u32),
        operations_failed: failed.len() as u32,
        operations_skipped: left_out.len() as u32,
    };
    (summary, failures.into_iter().collect(), skipped.into_iter().collect())
}

/// Whether an operation can ask for an edit at all.
fn edits_calls(change: &Change) -> bool {
    match change {
        Change::SymbolRemove { .. } | Change::ArgAddRequired { .. } => false,
        Change::ArgAddDefault { parameter, .. } => parameter.old_behaviour.is_some(),
        _ => true,
    }
}

fn skip_words(reason: &SkipReason) -> (String, String) {
    let (reason, recommendation) = match reason {
        SkipReason::BelowThreshold => (
            "less sure than --auto-apply-threshold".to_owned(),
            "look at it with onx-manifest explain",
        ),
        SkipReason::DependencySkipped(id) => {
            (format!("depends on {id}, which is not applied"), "decide about that one first")
        }
        SkipReason::NotRepeatable => (
            "must not be applied twice, and nothing shows that the package is on the old version"
                .to_owned(),
            "require the old version in the package, then apply again",
        ),
        SkipReason::Malformed(problem) => (problem.clone(), "correct the manifest"),
    };
    (reason, recommendation.to_owned())
}

/// The versions that the dependent pins, by name.
pub(super) fn dependency_versions(files: &[DependentFile]) -> BTreeMap<String, String> {
    requirements::requirements(files)
        .into_iter()
        .filter_map(|(name, specifiers)| {
            let text = specifiers.first()?.to_string();
            (!text.is_empty()).then_some((name, text))
        })
        .collect()
}

/// A place that fails in the new version, as a finding; none for an import that only stands before
/// the code of a document.
pub(super) fn remaining(problem: &CheckProblem, embedded: &[EmbeddedFile]) -> Option<Finding> {
    let code = match problem.kind {
        ProblemKind::MissingName => "missing-name",
        ProblemKind::UnknownKeyword => "unknown-keyword",
        ProblemKind::TooManyPositional => "too-many-positional",
        ProblemKind::MissingArgument => "missing-argument",
        ProblemKind::RepeatedArgument => "repeated-argument",
        ProblemKind::Deprecated => "deprecated",
    };
    let message = match &problem.suggestion {
        Some(suggestion) => format!("{}; perhaps `{suggestion}`", problem.reason),
        None => problem.reason.clone(),
    };
    let document = embedded.iter().find(|it| it.file.path == problem.file);
    let (file, line) = match document {
        None => (&problem.file, problem.line),
        Some(it) => {
            let line = it.lines.get((problem.line as usize).checked_sub(1)?).copied()??;
            (&it.document, line)
        }
    };
    Some(Finding::new(Severity::Error, code, message).in_file(file).at_line(line))
}

/// Says once what both lists say of one place: that a name is gone, and that it has no successor.
pub(super) fn say_once(findings: &mut Vec<Finding>, remaining: &mut [Finding]) {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    findings.retain(|finding| {
        let same_place = |left: &&mut Finding| {
            left.code == "missing-name"
                && (&left.file, left.line) == (&finding.file, finding.line)
                && quoted(&left.message) == quoted(&finding.message)
        };
        if finding.code != "removed-name" {
            return true;
        }
        let Some(left) = remaining.iter_mut().find(same_place) else { return true };
        left.message.clone_from(&finding.message);
        false
    });
}
