//! A manifest with operations that a person added: a new manifest, which names the one before it.

use std::collections::{BTreeMap, BTreeSet};

use artifact::Digest;
use code_model::DottedName;
use code_model::evidence::{Confidence, Evidence, Factor, Recommendation};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation, OperationId, OperationMetadata};
use code_model::report::{OperationScore, Report, ReviewedOperation, UnresolvedName};

use crate::inference::{InferredOperation, in_order};
use crate::synthesis::{can_be_undone, required_kinds, title};

/// An operation that a person states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// What to do.
    pub change: Change,
    /// Whether a dependent that does nothing breaks.
    pub breaking: bool,
    /// Why, in that person's words.
    pub reason: String,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Amendment {
    /// The new manifest.
    pub manifest: Manifest,
    /// The report on it, where the parent had one.
    pub report: Option<Report>,
    /// The operations that were added.
    pub added: Vec<OperationId>,
    /// The operations of the parent that are left out for them.
    pub replaced: Vec<OperationId>,
    /// Operations that say something else about the same and that nobody allowed to be replaced:
    /// when there are any, the rest is as the parent has it.
    pub conflicts: Vec<OperationId>,
}

/// Adds operations to a manifest. An operation that says the same, and a removal of what now has a
/// successor, make way by themselves; another one that speaks of the same only when it is named in
/// `replace`.
pub fn amend(
    parent: &Manifest,
    digest: Digest,
    report: Option<&Report>,
    additions: &[Addition],
    replace: &BTreeSet<OperationId>,
) -> Amendment {
    let mut outcome = Amendment {
        manifest: parent.clone(),
        report: report.cloned(),
        added: Vec::new(),
        replaced: Vec::new(),
        conflicts: Vec::new(),
    };
    for addition in additions {
        for operation in &parent.operations {
            // What is inferred may say more than a person does, places of parameters among it.
            let same = operation.change.kind() == addition.change.kind()
                && operation.change.to_string() == addition.change.to_string();
            if subject(&operation.change) != subject(&addition.change) {
                continue;
            }
            let makes_way = same
                || matches!(operation.change, Change::SymbolRemove { .. })
                || replace.contains(&operation.id);
            let list = if makes_way { &mut outcome.replaced } else { &mut outcome.conflicts };
            list.push(operation.id.clone());
        }
    }
    outcome.replaced.extend(
        parent.operations.iter().map(|o| &o.id).filter(|id| replace.contains(*id)).cloned(),
    );
    outcome.replaced.sort();
    outcome.replaced.dedup();
    if outcome.conflicts.is_empty() {
        let replaced = &outcome.replaced;
        outcome.manifest.operations.retain(|operation| !replaced.contains(&operation.id));
        append(&mut outcome, parent, additions);
        finish(&mut outcome, parent, digest, &[]);
    }
    outcome
}

/// What an operation is about: two about the same are one too many.
pub(crate) fn subject(change: &Change) -> (String, String) {
    let name = |name: &DottedName| ("name".to_owned(), name.to_string());
    match change {
        Change::RenameImport { from, .. } => name(from),
        Change::RenameSymbol(matched) | Change::RenameCallable(matched) => {
            matched.old().map_or_else(|| ("name".to_owned(), String::new()), |old| name(&old))
        }
        Change::RenameAttribute { class, from, .. } => name(&class.join(from)),
        Change::SymbolRemove { name: gone } => name(gone),
        Change::MoveFile { from, .. } => ("file".to_owned(), from.to_string()),
        Change::ConfigKeyRename { from, holder, .. } => {
            ("key".to_owned(), format!("{} {from}", holder.as_deref().unwrap_or_default()))
        }
        Change::ArgRename { callable, parameter, .. } => {
            (format!("parameter of {callable}"), parameter.from.clone())
        }
        Change::ArgRemove { callable, parameter, .. } => {
            (format!("parameter of {callable}"), parameter.name.clone())
        }
        Change::ArgAddDefault { callable, parameter, .. }
        | Change::ArgAddRequired { callable, parameter, .. } => {
            (format!("new parameter of {callable}"), parameter.name.clone())
        }
        Change::ArgReorder { callable, .. } => ("order".to_owned(), callable.to_string()),
        Change::ArgKeywordOnly { callable, .. } => ("positions".to_owned(), callable.to_string()),
        Change::CallRewrite { callable, .. } => ("call".to_owned(), callable.to_string()),
    }
}

/// Puts what is added behind everything else. What the replaced operations were to others, those
/// that speak of the same are now.
pub(crate) fn append(outcome: &mut Amendment, parent: &Manifest, additions: &[Addition]) {
    let number = |id: &OperationId| id.0.trim_start_matches("OP").parse::<u64>().unwrap_or(0);
    let mut id = parent.operations.iter().map(|operation| number(&operation.id)).max().unwrap_or(0);
    let mut sequence = parent.operations.iter().map(|o| o.sequence).max().unwrap_or(0);
    let manifest = &mut outcome.manifest;
    let replaced = &outcome.replaced;
    let mut heirs: BTreeMap<OperationId, OperationId> = BTreeMap::new();
    for addition in additions {
        (id, sequence) = (id + 1, sequence.saturating_add(1));
        let new = OperationId(format!("OP{id:03}"));
        let before: Vec<&Operation> = parent
            .operations
            .iter()
            .filter(|o| replaced.contains(&o.id))
            .filter(|o| subject(&o.change) == subject(&addition.change))
            .collect();
        heirs.extend(before.iter().map(|operation| (operation.id.clone(), new.clone())));
        manifest.operations.push(stated(addition, new.clone(), sequence, &before));
        outcome.added.push(new);
    }
    for operation in &mut manifest.operations {
        for dependency in &mut operation.dependencies {
            if let Some(heir) = heirs.get(dependency) {
                *dependency = heir.clone();
            }
        }
    }
}

/// Brings what follows from the operations up to them: marks, numbers, the digest, the report.
pub(crate) fn finish(
    outcome: &mut Amendment,
    parent: &Manifest,
    digest: Digest,
    reviewed: &[ReviewedOperation],
) {
    let manifest = &mut outcome.manifest;
    let kept: BTreeSet<OperationId> = manifest.operations.iter().map(|o| o.id.clone()).collect();
    for operation in &mut manifest.operations {
        operation.dependencies.retain(|id| kept.contains(id));
    }
    mark_not_repeatable(&mut manifest.operations);
    manifest.requires = required_kinds(&manifest.operations);
    summarise(manifest, parent, &outcome.replaced);
    manifest.metadata.parent = Some(digest);
    *manifest = manifest.clone().sealed();
    if let Some(report) = &mut outcome.report {
        report.reviewed.extend_from_slice(reviewed);
        follow(report, &outcome.manifest, parent, &outcome.added, &outcome.replaced);
    }
}

/// The operation that a person states; what spoke for the same before stays beside it.
fn stated(addition: &Addition, id: OperationId, sequence: u32, before: &[&Operation]) -> Operation {
    let method = Factor::ManualValidation.name();
    let same = before.iter().find(|operation| operation.change == addition.change);
    let evidence = same.map(|operation| operation.evidence.clone());
    let factors = same.map(|operation| operation.confidence.factors.clone());
    let mut factors = factors.unwrap_or_default();
    factors.insert(method.to_owned(), 1.0);
    let evidence = Evidence {
        method: method.to_owned(),
        detection: "manual".to_owned(),
        reason: Some(addition.reason.clone()),
        ..evidence.unwrap_or_else(|| Evidence::automatic(method))
    };
    let impact = before.first().map(|operation| operation.metadata.estimated_impact.clone());
    Operation {
        id,
        change: addition.change.clone(),
        sequence,
        dependencies: same.map(|operation| operation.dependencies.clone()).unwrap_or_default(),
        evidence,
        confidence: Confidence {
            overall: 1.0,
            raw: None,
            factors,
            recommendation: Recommendation::AutoApply,
        },
        metadata: OperationMetadata {
            breaking: addition.breaking,
            safe_rollback: can_be_undone(&addition.change),
            estimated_impact: impact.unwrap_or_else(|| "low".to_owned()),
            not_repeatable: false,
            works_before: false,
            note: None,
        },
        extensions: BTreeMap::new(),
    }
}

/// An operation that was added may lead to what another one changes.
fn mark_not_repeatable(operations: &mut [Operation]) {
    let inferred = operations.iter().map(|operation| InferredOperation {
        change: operation.change.clone(),
        evidence: operation.evidence.clone(),
        confidence: operation.confidence.clone(),
        class: "",
        breaking: false,
        not_repeatable: false,
        note: None,
        covers: Vec::new(),
    });
    let marked: Vec<Change> = in_order(inferred.collect())
        .into_iter()
        .filter(|operation| operation.not_repeatable)
        .map(|operation| operation.change)
        .collect();
    for operation in operations {
        operation.metadata.not_repeatable |= marked.contains(&operation.change);
        operation.metadata.safe_rollback &= !operation.metadata.not_repeatable;
    }
}

fn summarise(manifest: &mut Manifest, parent: &Manifest, replaced: &[OperationId]) {
    let all = &manifest.operations;
    manifest.summary.title = title(all.iter().map(|operation| &operation.change));
    let breaking = all.iter().filter(|operation| operation.metadata.breaking).count() as u32;
    manifest.summary.breaking_changes = breaking;
    manifest.summary.safe_changes = all.len() as u32 - breaking;
    let settled = parent
        .operations
        .iter()
        .filter(|o| replaced.contains(&o.id) && o.confidence.overall < 0.7)
        .count() as u32;
    let review = &mut manifest.summary.manual_review_required;
    *review = review.saturating_sub(settled);
}

/// Brings the report up to the new manifest.
fn follow(
    report: &mut Report,
    manifest: &Manifest,
    parent: &Manifest,
    added: &[OperationId],
    replaced: &[OperationId],
) {
    let scores = std::mem::take(&mut report.operations);
    let (gone, mut kept): (Vec<_>, Vec<_>) =
        scores.into_iter().partition(|score| replaced.contains(&score.id));
    for score in &gone {
        let before = parent.operations.iter().find(|operation| operation.id == score.id);
        let is_heir = |o: &&Operation| {
            added.contains(&o.id)
                && is_removal(&o.change)
                && before.is_some_and(|before| subject(&before.change) == subject(&o.change))
        };
        uncover(report, score, manifest.operations.iter().find(is_heir));
    }
    for operation in manifest.operations.iter().filter(|o| added.contains(&o.id)) {
        let about = subject(&operation.change);
        let inherits = |o: &&Operation| replaced.contains(&o.id) && subject(&o.change) == about;
        let inherited: u32 = parent
            .operations
            .iter()
            .filter(inherits)
            .filter_map(|o| gone.iter().find(|score| score.id == o.id))
            .map(|score| score.covers)
            .sum();
        let settled = settle(report, operation);
        let covers = if is_removal(&operation.change) { 0 } else { inherited + settled };
        kept.push(OperationScore {
            id: operation.id.clone(),
            kind: operation.change.kind().to_owned(),
            class: "manual_validation".to_owned(),
            subject: operation.change.to_string(),
            confidence: operation.confidence.overall,
            recommendation: operation.confidence.recommendation,
            covers,
        });
    }
    let places: BTreeMap<&OperationId, usize> =
        manifest.operations.iter().enumerate().map(|(place, o)| (&o.id, place)).collect();
    kept.sort_by_key(|score| places.get(&score.id).copied());
    report.operations = kept;
    report.manifest_digest = manifest.digest();
    // What was tried was the parent; nobody tried what this one does. That it did not fit is not
    // mended by a person's word.
    report.verification = report.verification.take().filter(|outcome| !outcome.passed);
    count(report, manifest);
}

/// What a replaced operation covered is sure now, or has no successor if a person took that away.
fn uncover(report: &mut Report, score: &OperationScore, removal: Option<&Operation>) {
    let accounting = &mut report.accounting;
    let bucket = match score.confidence {
        p if p >= 0.9 => &mut accounting.covered_auto,
        p if p >= 0.7 => &mut accounting.covered_with_warning,
        _ => &mut accounting.covered_review,
    };
    *bucket = bucket.saturating_sub(score.covers);
    let Some(Operation { change: Change::SymbolRemove { name }, evidence, .. }) = removal else {
        accounting.covered_auto += score.covers;
        return;
    };
    accounting.covered = accounting.covered.saturating_sub(score.covers);
    accounting.without_successor += score.covers;
    if score.covers > 0 {
        report.without_successor.push(decided(name, evidence));
    }
}

/// Takes what an operation speaks of out of the lists of what is open, and says how much that is.
fn settle(report: &mut Report, operation: &Operation) -> u32 {
    let about = subject(&operation.change);
    let Some(old) = DottedName::new(&about.1).ok().filter(|_| about.0 == "name") else { return 0 };
    let is_open = |name: &DottedName| name.below(&old).is_none();
    let mut newly = 0;
    let mut settle = |count: &mut u32, before: usize, after: usize| {
        let settled = (before - after) as u32;
        *count = count.saturating_sub(settled);
        newly += settled;
    };
    let accounting = &mut report.accounting;
    let before = report.ambiguous.len();
    report.ambiguous.retain(|open| is_open(&open.name));
    settle(&mut accounting.ambiguous, before, report.ambiguous.len());
    let before = report.unseen.len();
    report.unseen.retain(|open| is_open(&open.name));
    settle(&mut accounting.unseen, before, report.unseen.len());
    if is_removal(&operation.change) {
        accounting.without_successor += newly;
        if newly > 0 {
            report.without_successor.push(decided(&old, &operation.evidence));
        }
        return 0;
    }
    let before = report.without_successor.len();
    report.without_successor.retain(|open| is_open(&open.name));
    settle(&mut accounting.without_successor, before, report.without_successor.len());
    accounting.covered += newly;
    accounting.covered_auto += newly;
    newly
}

fn decided(name: &DottedName, evidence: &Evidence) -> UnresolvedName {
    let why = evidence.reason.as_deref().unwrap_or_default();
    let reason = format!("a person decided that nothing takes its place: {why}");
    UnresolvedName { name: name.clone(), reason, witnesses: Vec::new() }
}

fn is_removal(change: &Change) -> bool {
    matches!(change, Change::SymbolRemove { .. })
}

fn count(report: &mut Report, manifest: &Manifest) {
    let statistics = &mut report.statistics;
    let operations = &manifest.operations;
    let within = |low: f64, high: f64| {
        let inside = |o: &&Operation| (low..high).contains(&o.confidence.overall);
        operations.iter().filter(inside).count() as u32
    };
    statistics.operations_total = operations.len() as u32;
    statistics.operations_auto = within(0.9, f64::INFINITY);
    statistics.operations_with_warning = within(0.7, 0.9);
    statistics.operations_review = within(0.0, 0.7);
    statistics.by_kind.clear();
    statistics.by_method.clear();
    statistics.by_recommendation.clear();
    let mut sum = 0.0;
    for operation in operations {
        *statistics.by_kind.entry(operation.change.kind().to_owned()).or_default() += 1;
        *statistics.by_method.entry(operation.evidence.method.clone()).or_default() += 1;
        *statistics.by_recommendation.entry(operation.confidence.recommendation).or_default() += 1;
        sum += operation.confidence.overall;
    }
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    statistics.confidence_avg =
        if operations.is_empty() { 0.0 } else { rounded(sum / operations.len() as f64) };
    let open = f64::from(report.accounting.covered_review + report.accounting.ambiguous);
    let gone = f64::from(report.accounting.gone);
    statistics.review_rate = if gone > 0.0 { rounded(open / gone) } else { 0.0 };
}
