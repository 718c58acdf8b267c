//! An inference becomes a manifest and a report.

use std::collections::BTreeMap;

use artifact::{CanonicalError, Digest};
use code_model::api::ApiIndex;
use code_model::manifest::{Manifest, ManifestMetadata, ManifestSummary, SCHEMA_URL};
use code_model::operation::{Change, Operation, OperationId, OperationMetadata};
use code_model::report::{Accounting, OperationScore, REPORT_FORMAT, Report, Statistics};
use code_model::snapshot::{Origin, Snapshot};

use crate::inference::{Inference, InferredOperation};
use crate::older::works_before;
use crate::rules::Rules;

/// What a manifest says about its making beyond the two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// `onx/` and the version that makes it.
    pub generator: String,
    /// Digest of each further file of the bundle that applying reads, by file name.
    pub bundle: BTreeMap<String, Digest>,
}

/// The manifest and the report on it. The same inputs give the same bytes.
pub fn synthesize(
    from: &Snapshot,
    to: &Snapshot,
    inference: &Inference,
    rules: &Rules,
    provenance: &Provenance,
) -> Result<(Manifest, Report), CanonicalError> {
    let operations: Vec<Operation> = inference
        .operations
        .iter()
        .zip(1..)
        .map(|(inferred, sequence)| operation(ApiIndex::new(from), inferred, sequence))
        .collect();
    let manifest = Manifest {
        manifest_version: 1,
        schema_url: SCHEMA_URL.to_owned(),
        metadata: ManifestMetadata {
            library: to.origin.library.clone(),
            packages: from.roots.iter().map(|root| root.name.clone()).collect(),
            from_version: from.origin.version.clone(),
            to_version: to.origin.version.clone(),
            from_commit: identity(&from.origin),
            to_commit: identity(&to.origin),
            from_reference: from.origin.reference.clone(),
            to_reference: to.origin.reference.clone(),
            generated_at: to.origin.created_at,
            generator: provenance.generator.clone(),
            from_checksum: Some(from.checksum),
            to_checksum: Some(to.checksum),
            rules_digest: Some(rules.digest()?),
            bundle: provenance.bundle.clone(),
            parent: None,
            composed_from: Vec::new(),
        },
        summary: summary(inference, rules),
        requires: required_kinds(&operations),
        operations,
        checksum: None,
        extensions: BTreeMap::new(),
    }
    .sealed();
    let report = report(from, to, inference, &manifest, rules);
    Ok((manifest, report))
}

fn identity(origin: &Origin) -> Option<String> {
    origin.commit.clone().or_else(|| origin.archive.map(|archive| archive.to_string()))
}

fn operation(old: ApiIndex<'_>, inferred: &InferredOperation, sequence: u32) -> Operation {
    let callsites = inferred.evidence.callsites_found.unwrap_or_default();
    Operation {
        id: OperationId(format!("OP{sequence:03}")),
        change: inferred.change.clone(),
        sequence,
        dependencies: Vec::new(),
        evidence: inferred.evidence.clone(),
        confidence: inferred.confidence.clone(),
        metadata: OperationMetadata {
            breaking: inferred.breaking,
            safe_rollback: can_be_undone(&inferred.change) && !inferred.not_repeatable,
            estimated_impact: match callsites {
                0..=4 => "low",
                5..=24 => "medium",
                _ => "high",
            }
            .to_owned(),
            not_repeatable: inferred.not_repeatable,
            works_before: works_before(old, &inferred.change),
            note: inferred.note.clone(),
        },
        extensions: BTreeMap::new(),
    }
}

/// Whether the inverse of the edit gives back what was there.
pub(crate) fn can_be_undone(change: &Change) -> bool {
    matches!(
        change,
        Change::RenameImport { .. }
            | Change::MoveFile { .. }
            | Change::RenameSymbol(_)
            | Change::RenameCallable(_)
            | Change::RenameAttribute { .. }
            | Change::ArgRename { .. }
            | Change::ArgAddDefault { .. }
            | Change::ConfigKeyRename { .. }
    )
}

/// Kinds beyond the eight that every reader of version 1 knows.
pub(crate) fn required_kinds(operations: &[Operation]) -> Vec<String> {
    let beyond: std::collections::BTreeSet<&str> = operations
        .iter()
        .map(|operation| operation.change.kind())
        .filter(|kind| !Change::KINDS[..8].contains(kind))
        .collect();
    beyond.into_iter().map(str::to_owned).collect()
}

fn summary(inference: &Inference, rules: &Rules) -> ManifestSummary {
    let count = |wanted: &dyn Fn(&InferredOperation) -> bool| {
        inference.operations.iter().filter(|operation| wanted(operation)).count() as u32
    };
    ManifestSummary {
        title: title(inference.operations.iter().map(|operation| &operation.change)),
        breaking_changes: count(&|operation| operation.breaking),
        safe_changes: count(&|operation| !operation.breaking),
        manual_review_required: count(&|operation| {
            operation.confidence.overall < rules.confidence_threshold
        }) + inference.ambiguous.len() as u32,
    }
}

/// How many operations of each kind there are, in one line.
pub(crate) fn title<'c>(changes: impl Iterator<Item = &'c Change>) -> String {
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for change in changes {
        *kinds.entry(change.kind()).or_default() += 1;
    }
    let parts: Vec<String> = Change::KINDS
        .iter()
        .filter_map(|kind| kinds.get(kind).map(|count| format!("{count} {kind}")))
        .collect();
    if parts.is_empty() { "No operation".to_owned() } else { parts.join(", ") }
}

fn report(
    from: &Snapshot,
    to: &Snapshot,
    inference: &Inference,
    manifest: &Manifest,
    rules: &Rules,
) -> Report {
    let accounting = accounting(inference);
    Report {
        format: REPORT_FORMAT.to_string(),
        library: manifest.metadata.library.clone(),
        from_version: from.origin.version.clone(),
        to_version: to.origin.version.clone(),
        manifest_digest: manifest.digest(),
        statistics: statistics(from, to, manifest, &accounting, rules),
        accounting,
        operations: manifest
            .operations
            .iter()
            .zip(&inference.operations)
            .map(|(operation, inferred)| OperationScore {
                id: operation.id.clone(),
                kind: operation.change.kind().to_owned(),
                class: inferred.class.to_owned(),
                subject: operation.change.to_string(),
                confidence: operation.confidence.overall,
                recommendation: operation.confidence.recommendation,
                covers: inferred.covers.len() as u32,
            })
            .collect(),
        ambiguous: inference.ambiguous.clone(),
        without_successor: inference.without_successor.clone(),
        unseen: inference.unseen.clone(),
        findings: inference.findings.clone(),
        acknowledged: Vec::new(),
        reviewed: Vec::new(),
        verification: None,
    }
}

fn accounting(inference: &Inference) -> Accounting {
    let mut accounting = Accounting {
        ambiguous: inference.ambiguous.len() as u32,
        without_successor: inference.without_successor.len() as u32,
        unseen: inference.unseen.len() as u32,
        ..Accounting::default()
    };
    for operation in &inference.operations {
        let covers = operation.covers.len() as u32;
        accounting.covered += covers;
        *match operation.confidence.overall {
            p if p >= 0.9 => &mut accounting.covered_auto,
            p if p >= 0.7 => &mut accounting.covered_with_warning,
            _ => &mut accounting.covered_review,
        } += covers;
    }
    accounting.gone = accounting.covered
        + accounting.ambiguous
        + accounting.without_successor
        + accounting.unseen;
    accounting
}

fn statistics(
    from: &Snapshot,
    to: &Snapshot,
    manifest: &Manifest,
    accounting: &Accounting,
    rules: &Rules,
) -> Statistics {
    let operations = &manifest.operations;
    let between = |low: f64, high: f64| {
        let inside = |p: f64| p >= low && p < high;
        operations.iter().filter(|o| inside(o.confidence.overall)).count() as u32
    };
    let mut statistics = Statistics {
        operations_total: operations.len() as u32,
        operations_auto: between(0.9, f64::INFINITY),
        operations_with_warning: between(0.7, 0.9),
        operations_review: between(f64::NEG_INFINITY, rules.confidence_threshold.min(0.7)),
        confidence_avg: 0.0,
        by_kind: BTreeMap::new(),
        by_method: BTreeMap::new(),
        by_recommendation: BTreeMap::new(),
        symbols_before: from.symbols.len() as u32,
        symbols_after: to.symbols.len() as u32,
        callsites_found: 0,
        review_rate: 0.0,
    };
    for operation in operations {
        *statistics.by_kind.entry(operation.change.kind().to_owned()).or_default() += 1;
        *statistics.by_method.entry(operation.evidence.method.clone()).or_default() += 1;
        *statistics.by_recommendation.entry(operation.confidence.recommendation).or_default() += 1;
        statistics.callsites_found += operation.evidence.callsites_found.unwrap_or_default();
        statistics.confidence_avg += operation.confidence.overall;
    }
    let rounded = |sum: f64, count: u32| match count {
        0 => 0.0,
        count => (sum / f64::from(count) * 1e4).round() / 1e4,
    };
    statistics.confidence_avg = rounded(statistics.confidence_avg, statistics.operations_total);
    let review = f64::from(accounting.covered_review + accounting.ambiguous);
    statistics.review_rate = rounded(review, accounting.gone);
    statistics
}
