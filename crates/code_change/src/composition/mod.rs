//! Manifests of consecutive versions become one from the first version to the last.
//!
//! Each manifest is one simultaneous map of names, and so is what comes out: an old name goes
//! through all of them. Where the result cannot say the same as its parts one after the other, the
//! operation falls below the threshold for editing, and a finding says why.

mod calls;
mod comparison;
mod names;
mod settle;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Digest, Finding, Severity};
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation};
use code_model::report::Report;
use code_model::snapshot::Snapshot;

use self::calls::{Call, Calls};
use self::names::Names;
use crate::inference::Inference;

/// One manifest of the sequence.
#[derive(Debug, Clone, Copy)]
pub struct CompositionStep<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The report beside it, if there is one.
    pub report: Option<&'a Report>,
}

/// The first version and the last one.
#[derive(Debug, Clone, Copy)]
pub struct OuterVersions<'a> {
    /// The old version of the first manifest.
    pub from: &'a Snapshot,
    /// The new version of the last manifest.
    pub to: &'a Snapshot,
}

/// An operation that has become doubtful keeps at most this probability: a person decides.
const DOUBTFUL: f64 = 0.6;

/// Composes manifests of consecutive versions. With the outer versions at hand, names that only
/// versions between have are left out and every gone path is accounted for; with the manifest of
/// the direct comparison, what it says otherwise is found.
///
/// The probability of a composed operation is the product of those that it was composed of: it is
/// right only if each of them is.
pub fn compose(
    steps: &[CompositionStep<'_>],
    versions: Option<OuterVersions<'_>>,
    direct: Option<&Manifest>,
) -> Inference {
    let known = Known { versions };
    let mut composition = Composition::default();
    for (index, step) in steps.iter().enumerate() {
        let stated = stated(index, &step.manifest.operations);
        composition.follow(&stated, &known);
    }
    settle::settle(composition, steps, &known, direct)
}

/// An operation of a step that went into what is composed.
#[derive(Debug, Clone, Copy)]
struct Part<'m> {
    step: usize,
    operation: &'m Operation,
}

/// What an operation of a step says, in the names of that step's old version.
#[derive(Debug, Clone)]
struct Stated<'m> {
    change: Change,
    part: Part<'m>,
}

/// What is known of the outer versions.
#[derive(Clone, Copy)]
struct Known<'a> {
    versions: Option<OuterVersions<'a>>,
}

impl Known<'_> {
    /// Whether the first version has this name, as far as can be seen.
    fn existed(&self, name: &DottedName) -> bool {
        self.versions.is_none_or(|v| ApiIndex::new(v.from).resolve(name) != Resolution::Missing)
    }

    /// The definition behind a name of the first version: for a constructor its class.
    fn definition(&self, name: &DottedName) -> DottedName {
        let found = self.versions.and_then(|v| match ApiIndex::new(v.from).resolve(name) {
            Resolution::Symbol(definition) => Some(definition),
            _ => None,
        });
        let definition = found.unwrap_or_else(|| name.clone());
        match definition.parent() {
            Some(class) if matches!(definition.leaf(), "__init__" | "__new__") => class,
            _ => definition,
        }
    }

    /// The names by which a caller of the first version gives arguments by position.
    fn positional(&self, definition: &DottedName) -> Option<Vec<String>> {
        let symbols = &self.versions?.from.symbols;
        let signature = |name: &DottedName| symbols.get(name)?.signature.as_ref();
        let signature =
            signature(definition).or_else(|| signature(&definition.join("__init__")))?;
        let parameters = signature.caller_parameters().iter();
        Some(parameters.filter(|p| p.takes_position()).map(|p| p.name.to_string()).collect())
    }
}

/// What the steps so far come to, in the names of the first version.
#[derive(Default)]
struct Composition<'m> {
    names: Names<'m>,
    calls: Calls<'m>,
    /// Keys with their holder: the new key and the parts.
    keys: Vec<Pair<'m, (String, Option<String>), String>>,
    files: Vec<Pair<'m, artifact::TreePath, artifact::TreePath>>,
    findings: BTreeSet<Finding>,
    /// How many operations speak of names that only versions between have.
    between: u32,
}

/// An old value, its new one, and what says so.
struct Pair<'m, Old, New> {
    old: Old,
    new: New,
    parts: Vec<Part<'m>>,
}

impl<'m> Composition<'m> {
    /// Lets one more step follow.
    fn follow(&mut self, stated: &[Stated<'m>], known: &Known<'_>) {
        let step = Names::of_step(stated);
        let keywords = self.calls.follow(&self.names, &step, stated, known, &mut self.findings);
        self.follow_keys(stated);
        self.follow_files(stated);
        let (names, between) = self.names.then(&step, known, &mut self.findings);
        self.between += between + keywords.between;
        self.names = names;
        self.names.give_up_keywords(&keywords.given_up);
        for (class, from, to, parts) in self.names.take_split_keywords() {
            self.calls.add_keyword(class, from, to, parts, known);
        }
    }

    fn follow_keys(&mut self, stated: &[Stated<'m>]) {
        let mut fresh = Vec::new();
        for Stated { change, part } in stated {
            let Change::ConfigKeyRename { from, to, holder } = change else { continue };
            let holder = holder.as_ref().map(|holder| self.original_holder(holder));
            let same =
                |other: &Option<String>| other.is_none() || holder.is_none() || *other == holder;
            let mut continued = false;
            for pair in self.keys.iter_mut().filter(|p| p.new == *from && same(&p.old.1)) {
                pair.new.clone_from(to);
                pair.parts.push(*part);
                continued = true;
            }
            // A key that an earlier step renamed away and that is there again is another key.
            let reused = self.keys.iter().any(|p| p.old.0 == *from && same(&p.old.1));
            if !continued && !reused {
                let old = (from.clone(), holder);
                fresh.push(Pair { old, new: to.clone(), parts: vec![*part] });
            }
        }
        self.keys.extend(fresh);
        self.keys.retain(|pair| pair.old.0 != pair.new);
    }

    /// A key's holder in the first version's names, where it is a name.
    fn original_holder(&self, holder: &str) -> String {
        let original = DottedName::new(holder)
            .ok()
            .and_then(|name| self.names.originals(&name, &|_| true).into_iter().next());
        original.map_or_else(|| holder.to_owned(), |name| name.to_string())
    }

    fn follow_files(&mut self, stated: &[Stated<'m>]) {
        let mut fresh = Vec::new();
        for Stated { change, part } in stated {
            let Change::MoveFile { from, to } = change else { continue };
            let mut continued = false;
            for pair in self.files.iter_mut().filter(|pair| pair.new == *from) {
                pair.new = to.clone();
                pair.parts.push(*part);
                continued = true;
            }
            if !continued && !self.files.iter().any(|pair| pair.old == *from) {
                fresh.push(Pair { old: from.clone(), new: to.clone(), parts: vec![*part] });
            }
        }
        self.files.extend(fresh);
        self.files.retain(|pair| pair.old != pair.new);
    }
}

/// A warning about what cannot be composed, or that the parts and the whole say differently.
fn warning(code: &str, message: String) -> Finding {
    Finding::new(Severity::Warning, code, message)
}

/// What the operations of one manifest say, each in that manifest's old names: where a `match` is
/// written in the names that other operations left, the way back is taken.
fn stated(step: usize, operations: &[Operation]) -> Vec<Stated<'_>> {
    let by_id: BTreeMap<_, &Operation> = operations.iter().map(|o| (&o.id, o)).collect();
    let mut stated = Vec::new();
    for operation in operations {
        let mut before: BTreeMap<(u32, &str), &Operation> = BTreeMap::new();
        let mut pending = vec![operation];
        while let Some(current) = pending.pop() {
            for other in current.dependencies.iter().filter_map(|id| by_id.get(id).copied()) {
                if before.insert((other.sequence, &other.id.0), other).is_none() {
                    pending.push(other);
                }
            }
        }
        let renames: Vec<(DottedName, DottedName)> =
            before.values().filter_map(|other| names::mapping(&other.change)).collect();
        let back = |name: &DottedName| {
            renames.iter().rev().fold(name.clone(), |current, (old, new)| {
                current.rebased(new, old).unwrap_or(current)
            })
        };
        let change = names::with_old_names(&operation.change, &back);
        let part = Part { step, operation };
        // Lists written by hand often name what lies in a moved module by its new place.
        if operation.dependencies.is_empty() {
            for other in operations.iter().filter(|other| other.sequence < operation.sequence) {
                let Change::RenameImport { from, to } = &other.change else { continue };
                let moved = names::with_old_names(&change, &|name| match name.rebased(to, from) {
                    Some(old) if name != to => old,
                    _ => name.clone(),
                });
                if moved != change {
                    stated.push(Stated { change: moved, part });
                }
            }
        }
        stated.push(Stated { change, part });
    }
    stated
}

/// Calls and names that belong together, for the modules below.
type Group<'c, 'm> = Vec<&'c mut Call<'m>>;
