//! A manifest that a person reviewed: a new manifest, which names the one before it.

use std::collections::BTreeMap;

use artifact::Digest;
use code_model::DottedName;
use code_model::evidence::{Confidence, Evidence, Factor, Recommendation};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation, OperationId};
use code_model::report::{Report, ReviewVerdict, ReviewedOperation};

use crate::amendment::{Addition, Amendment, append, finish, subject};
use crate::synthesis::can_be_undone;

/// What a person decided about one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The operation.
    pub operation: OperationId,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why, in that person's words.
    pub reason: String,
}

/// What becomes of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is right as it is.
    Accept,
    /// It is not so. What it named is gone without a successor then, if it is gone.
    Reject,
    /// This is right instead; it speaks of the same.
    Edit(Change),
}

/// Carries out decisions: operations keep their ids and places, and what was accepted or edited is
/// sure, with manual validation as its evidence. `additions` are about names that had no operation,
/// and `is_gone` says of an old name whether the new version lacks it. An edit that speaks of
/// something else, and an operation whose names a rejected or edited one leaves, are conflicts:
/// when there are any, the rest is as the parent has it.
pub fn review(
    parent: &Manifest,
    digest: Digest,
    report: Option<&Report>,
    decisions: &[Decision],
    additions: &[Addition],
    is_gone: &dyn Fn(&DottedName) -> bool,
) -> Amendment {
    let decided: BTreeMap<&OperationId, &Decision> =
        decisions.iter().map(|decision| (&decision.operation, decision)).collect();
    let mut outcome = Amendment {
        manifest: parent.clone(),
        report: report.cloned(),
        added: Vec::new(),
        replaced: Vec::new(),
        conflicts: conflicts(parent, &decided, additions),
    };
    if !outcome.conflicts.is_empty() {
        return outcome;
    }
    let mut reviewed = Vec::new();
    outcome.manifest.operations.clear();
    for operation in &parent.operations {
        let Some(decision) = decided.get(&operation.id) else {
            outcome.manifest.operations.push(operation.clone());
            continue;
        };
        reviewed.push(remembered(operation, decision));
        outcome.replaced.push(operation.id.clone());
        if let Some(operation) = after(operation, decision, is_gone) {
            outcome.added.push(operation.id.clone());
            outcome.manifest.operations.push(operation);
        }
    }
    append(&mut outcome, parent, additions);
    reviewed.extend(additions.iter().map(|addition| ReviewedOperation {
        operation: None,
        subject: addition.change.to_string(),
        confidence: 0.0,
        verdict: match addition.change {
            Change::SymbolRemove { .. } => ReviewVerdict::Rejected,
            _ => ReviewVerdict::Edited,
        },
        reason: addition.reason.clone(),
    }));
    finish(&mut outcome, parent, digest, &reviewed);
    outcome
}

/// Operations that stand against the decisions.
fn conflicts(
    parent: &Manifest,
    decided: &BTreeMap<&OperationId, &Decision>,
    additions: &[Addition],
) -> Vec<OperationId> {
    let changes = |id: &OperationId| {
        let verdict = decided.get(id).map(|decision| &decision.verdict);
        matches!(verdict, Some(Verdict::Reject | Verdict::Edit(_)))
    };
    let stands_against = |operation: &&Operation| {
        let about = subject(&operation.change);
        let elsewhere = match decided.get(&operation.id).map(|decision| &decision.verdict) {
            Some(Verdict::Edit(change)) => subject(change) != about,
            Some(Verdict::Reject) => false,
            Some(Verdict::Accept) | None => operation.dependencies.iter().any(changes),
        };
        elsewhere || additions.iter().any(|addition| subject(&addition.change) == about)
    };
    parent.operations.iter().filter(stands_against).map(|o| o.id.clone()).collect()
}

fn remembered(operation: &Operation, decision: &Decision) -> ReviewedOperation {
    ReviewedOperation {
        operation: Some(operation.id.clone()),
        subject: operation.change.to_string(),
        confidence: operation.confidence.overall,
        verdict: match decision.verdict {
            Verdict::Accept => ReviewVerdict::Accepted,
            Verdict::Reject => ReviewVerdict::Rejected,
            Verdict::Edit(_) => ReviewVerdict::Edited,
        },
        reason: decision.reason.clone(),
    }
}

/// The operation as the decision leaves it; none where nothing is left to do.
fn after(
    operation: &Operation,
    decision: &Decision,
    is_gone: &dyn Fn(&DottedName) -> bool,
) -> Option<Operation> {
    let change = match &decision.verdict {
        Verdict::Accept => return Some(accepted(operation, &decision.reason)),
        Verdict::Edit(change) => change.clone(),
        Verdict::Reject => {
            Change::SymbolRemove { name: removed(&operation.change).filter(is_gone)? }
        }
    };
    let mut stated = accepted(operation, &decision.reason);
    stated.metadata.safe_rollback = can_be_undone(&change);
    stated.metadata.works_before = false;
    stated.metadata.not_repeatable = false;
    stated.change = change;
    // What was found speaks for what was found, and not for what is right instead.
    stated.evidence = Evidence {
        detection: stated.evidence.detection.clone(),
        reason: stated.evidence.reason.clone(),
        ..Evidence::automatic(&stated.evidence.method)
    };
    stated.confidence.factors.retain(|factor, _| factor == Factor::ManualValidation.name());
    Some(stated)
}

/// The old name that an operation speaks of, if it speaks of one.
fn removed(change: &Change) -> Option<DottedName> {
    match change {
        Change::RenameImport { from, .. } => Some(from.clone()),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => name.old(),
        Change::RenameAttribute { class, from, .. } => Some(class.join(from)),
        Change::CallRewrite { callable, .. } => Some(callable.clone()),
        Change::SymbolRemove { name } => Some(name.clone()),
        _ => None,
    }
}

fn accepted(operation: &Operation, reason: &str) -> Operation {
    let method = Factor::ManualValidation.name();
    let mut accepted = operation.clone();
    method.clone_into(&mut accepted.evidence.method);
    "manual".clone_into(&mut accepted.evidence.detection);
    accepted.evidence.reason = Some(reason.to_owned());
    let mut factors = accepted.confidence.factors;
    factors.insert(method.to_owned(), 1.0);
    accepted.confidence =
        Confidence { overall: 1.0, raw: None, factors, recommendation: Recommendation::AutoApply };
    accepted.metadata.note = None;
    accepted
}
