//! What an application comes to, and what its records say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use artifact::{Finding, Severity, TreePath};
use code_model::check::{CheckProblem, ProblemKind};
use code_model::operation::{Change, OperationId};
use code_rewrite::{Applicability, DependentFile, Edit, EmbeddedFile, FileRewrite, SkipReason};
use python::edit::Piece;
use python::lines::Lines;

use super::report::{ApplicationSummary, AppliedEdit, Failure, ProposedEdit};
use super::work::Prepared;
use crate::records::transaction_error;
use crate::transaction::Transactions;
use crate::{Error, ErrorCode, ErrorKind, requirements};

/// Brings an interrupted change to its end before a new one begins.
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
        let message = "an earlier change of this package was interrupted";
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
            .hint("run onx-migrate status to bring it to its end, or onx-migrate rollback"));
    }
    let recovered = transactions.recover(target).map_err(|error| transaction_error(&error))?;
    Ok(recovered.is_some())
}

/// The edits of one file, by line.
pub(super) fn edits_of(file: &DependentFile, rewrite: &FileRewrite) -> Vec<AppliedEdit> {
    let lines = Lines::of(&file.content);
    let edits = rewrite.edits.iter().map(|edit| AppliedEdit {
        file: file.path.clone(),
        line: lines.at(edit.text.span.start),
        operation_id: edit.operation.clone(),
        trust: edit.applicability.into(),
    });
    edits.collect()
}

/// The edits of one file that are shown and not made: in text that may speak of the old version.
pub(super) fn proposed(file: &DependentFile, rewrite: &FileRewrite) -> Vec<ProposedEdit> {
    let is_shown = |edit: &&Edit| edit.applicability == Applicability::Display;
    let mut shown = rewrite.held_back.iter().filter(is_shown).peekable();
    if shown.peek().is_none() {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(&file.content) else { return Vec::new() };
    let lines = Lines::of(text);
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
            line: lines.at(edit.text.span.start),
            operation_id: edit.operation.clone(),
            trust: edit.applicability.into(),
            before,
            after,
        })
    });
    shown.collect()
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
    let mut failures = BTreeMap::new();
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        held_back(file, rewrite, &mut failures);
    }
    let failures: Vec<Failure> = failures.into_values().collect();
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
    (summary, failures, skipped.into_iter().collect())
}

/// Adds the edits of one file that were wanted and not made, by operation and place.
fn held_back<'a>(
    file: &'a DependentFile,
    rewrite: &'a FileRewrite,
    failures: &mut BTreeMap<(&'a OperationId, &'a TreePath, u32), Failure>,
) {
    // What is only shown is no failure, and a comment carries no operation out.
    let is_wanted =
        |edit: &&Edit| edit.applicability > Applicability::Display && !edit.is_comment();
    let mut wanted = rewrite.held_back.iter().filter(is_wanted).peekable();
    if wanted.peek().is_none() {
        return;
    }
    let lines = Lines::of(&file.content);
    let explained: BTreeSet<Option<u32>> = rewrite.findings.iter().map(|it| it.line).collect();
    for edit in wanted {
        let line = lines.at(edit.text.span.start);
        let is_explained = explained.contains(&Some(line)) || explained.contains(&None);
        let recommendation = if is_explained {
            "change it by hand; the findings say why"
        } else {
            "change it by hand if the library is meant; nothing there proves it"
        };
        failures.entry((&edit.operation, &file.path, line)).or_insert_with(|| Failure {
            operation_id: edit.operation.clone(),
            reason: format!("held back at {}:{line}", file.path),
            recommendation: recommendation.to_owned(),
        });
    }
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
pub(super) fn remaining(
    problem: &CheckProblem,
    embedded: &BTreeMap<&TreePath, &EmbeddedFile>,
) -> Option<Finding> {
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
    let (file, line) = match embedded.get(&problem.file) {
        None => (&problem.file, problem.line),
        Some(it) => {
            let line = it.lines.get((problem.line as usize).checked_sub(1)?).copied()??;
            (&it.document, line)
        }
    };
    Some(Finding::new(Severity::Error, code, message).in_file(file).at_line(line))
}

/// What a finding is about: its file and the name that it quotes first.
type Subject = (Option<TreePath>, Option<String>);

/// Says once what both lists say of one place: that a name is gone, and that it has no successor.
pub(super) fn say_once(findings: &mut Vec<Finding>, remaining: &mut [Finding]) {
    let said = by_subject(findings, "removed-name");
    let left = by_subject(remaining, "missing-name");
    let mut repeated: BTreeSet<usize> = BTreeSet::new();
    for (subject, said) in &said {
        let Some(left) = left.get(subject) else { continue };
        // One list counts lines before the edits, the other one behind them.
        let by_order = said.len() == left.len();
        let by_line: BTreeMap<Option<u32>, usize> =
            left.iter().map(|place| (remaining[*place].line, *place)).collect();
        for (order, finding) in said.iter().enumerate() {
            let at_line = || by_line.get(&findings[*finding].line).copied();
            let place = if by_order { left.get(order).copied() } else { at_line() };
            let Some(place) = place else { continue };
            remaining[place].message.clone_from(&findings[*finding].message);
            repeated.insert(*finding);
        }
    }
    let mut position = 0..;
    findings.retain(|_| position.next().is_none_or(|position| !repeated.contains(&position)));
}

/// The positions of findings with this code, by what they are about and in the order of lines.
fn by_subject(findings: &[Finding], code: &str) -> BTreeMap<Subject, Vec<usize>> {
    let mut found: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate().filter(|(_, it)| it.code == code) {
        let quoted = finding.message.split('`').nth(1).map(str::to_owned);
        found.entry((finding.file.clone(), quoted)).or_default().push(position);
    }
    for positions in found.values_mut() {
        positions.sort_by_key(|position| findings[*position].line);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &str, line: u32, name: &str) -> Finding {
        let path = TreePath::new("a.py").expect("a path");
        let message = format!("`{name}` {code}");
        Finding::new(Severity::Warning, code, message).in_file(&path).at_line(line)
    }

    #[test]
    fn a_place_is_said_once_though_its_line_moved() {
        let mut findings = vec![
            finding("removed-name", 3, "core.gone"),
            finding("removed-name", 12, "core.gone"),
            finding("removed-name", 4, "core.other"),
            finding("receiver-unknown", 3, "core.gone"),
        ];
        let mut remaining = vec![
            finding("missing-name", 4, "core.gone"),
            finding("missing-name", 14, "core.gone"),
            finding("missing-name", 4, "core.other"),
            finding("missing-name", 9, "core.other"),
        ];
        say_once(&mut findings, &mut remaining);
        assert_eq!(findings, [finding("receiver-unknown", 3, "core.gone")]);
        let messages: Vec<&str> = remaining.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`core.gone` removed-name",
                "`core.gone` removed-name",
                "`core.other` removed-name",
                "`core.other` missing-name"
            ]
        );
    }
}
