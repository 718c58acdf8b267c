//! From what the steps come to, to operations, and to an account of every gone path.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Finding, Severity};
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::evidence::{ComposedPart, Confidence, Evidence, Recommendation, Witness};
use code_model::manifest::Manifest;
use code_model::operation::Change;
use code_model::report::{AmbiguousName, UnresolvedName};

use super::{
    Composition, CompositionStep, DOUBTFUL, Known, OuterVersions, Part, comparison, warning,
};
use crate::inference::{Inference, InferredOperation, in_order};
use crate::surface::gone_paths;

/// What a class of evidence is called for composed operations.
const COMPOSITION: &str = "composition";

/// The threshold that applies unless a user asks for another.
const APPLIED: f64 = 0.7;

/// Puts the parts together.
pub(super) fn settle(
    mut composition: Composition<'_>,
    steps: &[CompositionStep<'_>],
    known: &Known<'_>,
    direct: Option<&Manifest>,
) -> Inference {
    if let Some(versions) = known.versions {
        leave_out_returned(&mut composition, versions);
        doubt_missing(&mut composition, versions);
    }
    if let Some(direct) = direct {
        comparison::compare(&mut composition, known, direct);
    }
    if composition.between > 0 {
        let message = format!(
            "{} of the steps' operations speak of names that only versions between have, and are \
             left out",
            composition.between
        );
        let note = Finding::new(Severity::Note, "composition-between", message);
        composition.findings.insert(note);
    }
    if known.versions.is_none() {
        let message = "the manifests have no snapshots beside them: what was added and taken away \
                       between cannot be told, and gone paths are not counted";
        composition.findings.insert(warning("composition-without-snapshots", message.to_owned()));
    }
    let mut inference = Inference::default();
    let mut writer = Writer { steps, findings: std::mem::take(&mut composition.findings) };
    let mut covering: BTreeMap<DottedName, usize> = BTreeMap::new();
    for (old, entry) in &composition.names.entries {
        if let Some((change, doubt)) = composition.names.operation(old) {
            covering.insert(old.clone(), inference.operations.len());
            inference.operations.push(writer.operation(change, &entry.parts, doubt));
        }
    }
    for call in &composition.calls.changes {
        let operation = writer.operation(call.change.clone(), &call.parts, call.doubt.clone());
        inference.operations.push(operation);
    }
    for pair in &composition.keys {
        let (from, holder) = pair.old.clone();
        let change = Change::ConfigKeyRename { from, to: pair.new.clone(), holder };
        inference.operations.push(writer.operation(change, &pair.parts, None));
    }
    for pair in &composition.files {
        let change = Change::MoveFile { from: pair.old.clone(), to: pair.new.clone() };
        inference.operations.push(writer.operation(change, &pair.parts, None));
    }
    if let Some(versions) = known.versions {
        account(&composition, versions, &covering, steps, &mut writer.findings, &mut inference);
    }
    let composed = inference.operations.iter().map(|operation| &operation.change);
    writer.findings.extend(reused_places(composed));
    for step in steps {
        let stated = step.manifest.operations.iter().map(|operation| &operation.change);
        writer.findings.extend(reused_places(stated));
    }
    inference.operations = in_order(inference.operations);
    inference.findings = writer.findings.into_iter().collect();
    inference
}

/// Modules that take the place of others that move as well. Which of the two a name below such a
/// place meant cannot be told apart in every step.
fn reused_places<'c>(changes: impl Iterator<Item = &'c Change>) -> BTreeSet<Finding> {
    let moves: Vec<_> = changes
        .filter_map(|change| match change {
            Change::RenameImport { from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    let olds: BTreeSet<&DottedName> = moves.iter().map(|(from, _)| *from).collect();
    let taken = moves.iter().filter(|(from, to)| {
        let outer = std::iter::once((*to).clone()).chain(to.ancestors());
        outer.into_iter().any(|place| place != **from && olds.contains(&place))
    });
    taken
        .map(|(from, to)| {
            let message = format!(
                "`{from}` moves to `{to}`, a place that another module leaves: apply the steps one \
                 after the other where a dependent uses both"
            );
            warning("composition-place-reused", message)
        })
        .collect()
}

/// A name that one step removes and that the last version has again is none that is gone.
fn leave_out_returned(composition: &mut Composition<'_>, versions: OuterVersions<'_>) {
    let index = ApiIndex::new(versions.to);
    let findings = &mut composition.findings;
    composition.names.entries.retain(|old, entry| {
        let back = entry.new.is_none()
            && matches!(index.resolve(old), Resolution::Symbol(_) | Resolution::Module(_));
        if back {
            let message = format!(
                "`{old}` is removed by the steps and is there again in the last version: the \
                 steps one after the other report it, the whole leaves it"
            );
            findings.insert(warning("composition-returned", message));
        }
        !back
    });
}

/// A successor that the last version does not have is none.
fn doubt_missing(composition: &mut Composition<'_>, versions: OuterVersions<'_>) {
    let index = ApiIndex::new(versions.to);
    for (old, entry) in &mut composition.names.entries {
        let Some(new) = &entry.new else { continue };
        if index.is_inside(new) && index.resolve(new) == Resolution::Missing {
            let message = format!("the steps lead from `{old}` to `{new}`, which is not there");
            composition.findings.insert(warning("composition-missing", message));
            entry.doubt.get_or_insert(format!("the last version has no `{new}`"));
        }
    }
}

/// Writes operations.
struct Writer<'s> {
    steps: &'s [CompositionStep<'s>],
    findings: BTreeSet<Finding>,
}

impl Writer<'_> {
    fn operation(
        &mut self,
        change: Change,
        parts: &[Part<'_>],
        doubt: Option<String>,
    ) -> InferredOperation {
        let mut seen = BTreeSet::new();
        let parts: Vec<Part<'_>> = parts
            .iter()
            .filter(|part| seen.insert((part.step, &part.operation.id)))
            .copied()
            .collect();
        let mut confidence = confidence(&parts);
        let weakest = parts.iter().map(|part| part.operation.confidence.overall);
        let weakest = weakest.fold(1.0, f64::min);
        if weakest >= APPLIED && confidence.overall < APPLIED {
            let message = format!(
                "`{change}` has a probability of {:.2}: each step alone is applied, the whole is \
                 left for review",
                confidence.overall
            );
            self.findings.insert(warning("composition-less-sure", message));
        }
        let notes = parts.iter().filter_map(|part| part.operation.metadata.note.clone());
        let mut notes: Vec<String> = notes.collect();
        if let Some(doubt) = doubt {
            confidence.lower_to(DOUBTFUL);
            let message = format!("`{change}` is left for review: {doubt}");
            self.findings.insert(warning("composition-inexpressible", message));
            notes.push(doubt);
        }
        notes.dedup();
        InferredOperation {
            evidence: self.evidence(&parts),
            confidence,
            class: COMPOSITION,
            breaking: parts.iter().any(|part| part.operation.metadata.breaking),
            not_repeatable: false,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            covers: Vec::new(),
            change,
        }
    }

    fn evidence(&self, parts: &[Part<'_>]) -> Evidence {
        let mut evidence = match parts {
            [only] => only.operation.evidence.clone(),
            _ => self.joined(parts),
        };
        evidence.composed_of = parts
            .iter()
            .map(|part| {
                let step = &self.steps[part.step];
                let metadata = &step.manifest.metadata;
                ComposedPart {
                    from_version: metadata.from_version.clone(),
                    to_version: metadata.to_version.clone(),
                    manifest: step.digest,
                    operation: part.operation.id.clone(),
                    confidence: part.operation.confidence.overall,
                }
            })
            .collect();
        evidence
    }

    fn joined(&self, parts: &[Part<'_>]) -> Evidence {
        let mut evidence = Evidence::automatic(COMPOSITION);
        let all = || parts.iter().map(|part| &part.operation.evidence);
        if all().any(|evidence| evidence.detection == "manual") {
            "manual".clone_into(&mut evidence.detection);
        }
        evidence.callsites_found = all().next().and_then(|evidence| evidence.callsites_found);
        let rates = all().filter_map(|evidence| evidence.safe_auto_fix_rate);
        evidence.safe_auto_fix_rate = rates.reduce(f64::min);
        evidence.witnesses = parts
            .iter()
            .flat_map(|part| {
                let metadata = &self.steps[part.step].manifest.metadata;
                let step = format!("{} → {}", metadata.from_version, metadata.to_version);
                part.operation.evidence.witnesses.iter().map(move |witness| Witness {
                    text: format!("({step}) {}", witness.text),
                    ..witness.clone()
                })
            })
            .collect();
        evidence
    }
}

/// The probability that every part is right.
fn confidence(parts: &[Part<'_>]) -> Confidence {
    if let [only] = parts {
        return only.operation.confidence.clone();
    }
    let all = parts.iter().map(|part| part.operation.confidence.overall);
    let overall = (all.product::<f64>() * 1e4).round() / 1e4;
    let recommendation = Recommendation::for_probability(overall);
    Confidence { overall, raw: None, factors: BTreeMap::new(), recommendation }
}

/// Puts every gone path of the outer versions into exactly one place.
fn account(
    composition: &Composition<'_>,
    versions: OuterVersions<'_>,
    covering: &BTreeMap<DottedName, usize>,
    steps: &[CompositionStep<'_>],
    findings: &mut BTreeSet<Finding>,
    inference: &mut Inference,
) {
    for path in gone_paths(versions.from, versions.to) {
        let unresolved = |reason: &str| UnresolvedName {
            name: path.clone(),
            reason: reason.to_owned(),
            witnesses: Vec::new(),
        };
        if let Some((old, entry)) = composition.names.change(&path) {
            match covering.get(old).and_then(|at| inference.operations.get_mut(*at)) {
                Some(operation) if entry.new.is_some() => operation.covers.push(path.clone()),
                _ => inference.without_successor.push(unresolved("a step removes it")),
            }
            continue;
        }
        match in_reports(&path, steps) {
            Some(Open::Ambiguous(name)) => {
                inference.ambiguous.push(AmbiguousName { name: path, ..name });
            }
            Some(Open::Unseen(reason)) => inference.unseen.push(unresolved(&reason)),
            None => {
                let message = format!("`{path}` is gone, and no step says where it went");
                findings.insert(warning("composition-unexplained", message));
                inference.without_successor.push(unresolved("no step says where it went"));
            }
        }
    }
}

/// What a step's report leaves open.
enum Open {
    Ambiguous(AmbiguousName),
    Unseen(String),
}

/// What the reports of the steps say about a path that no operation carries.
fn in_reports(path: &DottedName, steps: &[CompositionStep<'_>]) -> Option<Open> {
    steps.iter().filter_map(|step| step.report).find_map(|report| {
        let ambiguous = report.ambiguous.iter().find(|name| name.name == *path);
        let unseen = || report.unseen.iter().find(|name| name.name == *path);
        match ambiguous {
            Some(name) => Some(Open::Ambiguous(name.clone())),
            None => unseen().map(|name| Open::Unseen(name.reason.clone())),
        }
    })
}
