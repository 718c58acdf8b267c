//! Every gone path ends in exactly one place, and every operation in its order.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::evidence::Factor;
use code_model::operation::Change;
use code_model::report::UnresolvedName;

use super::context::Context;
use super::names::Open;
use super::scoring::{Factors, confidence, evidence};
use super::{Inference, InferredOperation};

/// Puts the parts of an inference together.
pub(super) fn settle(
    context: &Context<'_>,
    gone: &[DottedName],
    mut operations: Vec<InferredOperation>,
    open: Open,
) -> Inference {
    let mut unaccounted: BTreeSet<&DottedName> = gone.iter().collect();
    sort(&mut operations);
    drop_keywords_of_fields(context, &mut operations);
    for operation in &mut operations {
        operation.covers.retain(|path| unaccounted.remove(path));
    }
    let mut inference = Inference::default();
    for (path, name) in open.ambiguous {
        if unaccounted.remove(&path) {
            inference.ambiguous.push(name);
        }
    }
    for (path, name) in open.unseen {
        if unaccounted.remove(&path) {
            inference.unseen.push(name);
        }
    }
    for name in unaccounted {
        if let Some(reason) = perhaps(context, name) {
            let witnesses = Vec::new();
            inference.unseen.push(UnresolvedName { name: name.clone(), reason, witnesses });
            continue;
        }
        let reason = match open.reasons.get(name) {
            Some(reason) => reason.clone(),
            None => "nothing in the new version is like it".to_owned(),
        };
        operations.push(removal(context, name));
        let witnesses = Vec::new();
        inference.without_successor.push(UnresolvedName { name: name.clone(), reason, witnesses });
    }
    mark_not_repeatable(&mut operations);
    inference.operations = operations;
    inference
}

/// Why a name may still be where it was, if only a list of exports that is computed knows.
pub(super) fn perhaps(context: &Context<'_>, name: &DottedName) -> Option<String> {
    let module = context.to.modules.get(&name.parent()?)?;
    let is_listed = module.perhaps.iter().any(|known| **known == *name.leaf());
    match context.new.resolve(name) {
        Resolution::Unseen(reason) if is_listed => Some(reason),
        _ => None,
    }
}

/// The order of application; of two equal changes the surer one stays.
fn sort(operations: &mut Vec<InferredOperation>) {
    let place = |change: &Change| {
        Change::KINDS.iter().position(|kind| *kind == change.kind()).unwrap_or(usize::MAX)
    };
    operations.sort_by(|a, b| {
        (place(&a.change), &a.change)
            .cmp(&(place(&b.change), &b.change))
            .then(b.confidence.overall.total_cmp(&a.confidence.overall))
    });
    operations.dedup_by(|later, earlier| later.change == earlier.change);
}

/// Operations in the order of application, those marked that must not be applied twice.
pub(crate) fn in_order(mut operations: Vec<InferredOperation>) -> Vec<InferredOperation> {
    sort(&mut operations);
    mark_not_repeatable(&mut operations);
    operations
}

/// A renamed field already carries its constructor keyword.
fn drop_keywords_of_fields(context: &Context<'_>, operations: &mut Vec<InferredOperation>) {
    let fields: BTreeSet<(DottedName, String)> = operations
        .iter()
        .filter_map(|operation| match &operation.change {
            Change::RenameAttribute { class, from, keyword: true, .. } => {
                let definition = context.old_definition(class);
                Some((definition.unwrap_or_else(|| class.clone()), from.clone()))
            }
            _ => None,
        })
        .collect();
    operations.retain(|operation| match &operation.change {
        Change::ArgRename { callable, parameter, .. } => !context
            .old_definition(callable)
            .is_some_and(|class| fields.contains(&(class, parameter.from.clone()))),
        _ => true,
    });
}

fn removal(context: &Context<'_>, name: &DottedName) -> InferredOperation {
    let factors = Factors::from([(Factor::SignatureMatch, 1.0)]);
    let change = Change::SymbolRemove { name: name.clone() };
    let mut evidence = evidence(&factors, &[], context.rules);
    "no_successor".clone_into(&mut evidence.method);
    InferredOperation {
        confidence: confidence(change.kind(), "no_successor", &factors, context.rules),
        class: "no_successor",
        change,
        evidence,
        breaking: true,
        not_repeatable: false,
        note: None,
        covers: Vec::new(),
    }
}

/// An operation whose result is again what some operation changes cannot be told from one not yet
/// applied.
fn mark_not_repeatable(operations: &mut [InferredOperation]) {
    let mut names: BTreeSet<DottedName> = BTreeSet::new();
    let mut modules: BTreeSet<DottedName> = BTreeSet::new();
    let mut keywords: BTreeMap<&DottedName, BTreeSet<String>> = BTreeMap::new();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let all: Vec<Change> = operations.iter().map(|operation| operation.change.clone()).collect();
    for change in &all {
        match change {
            Change::RenameImport { from, .. } => {
                modules.insert(from.clone());
            }
            Change::RenameSymbol(name) | Change::RenameCallable(name) => names.extend(name.old()),
            Change::RenameAttribute { class, from, .. } => {
                names.insert(class.join(from));
            }
            Change::ArgRename { callable, parameter, .. } => {
                keywords.entry(callable).or_default().insert(parameter.from.clone());
            }
            Change::ConfigKeyRename { from, .. } => {
                keys.insert(from.clone());
            }
            _ => {}
        }
    }
    let below_a_module = |name: &DottedName| {
        modules.contains(name) || name.ancestors().any(|module| modules.contains(&module))
    };
    for operation in operations {
        operation.not_repeatable = match &operation.change {
            Change::RenameImport { to, .. } => below_a_module(to),
            Change::RenameSymbol(name) | Change::RenameCallable(name) => {
                name.new_name().is_some_and(|new| {
                    names.contains(&new) || (name.class.is_none() && below_a_module(&new))
                })
            }
            Change::RenameAttribute { class, to, .. } => names.contains(&class.join(to)),
            Change::ArgRename { callable, parameter, .. } => {
                keywords.get(callable).is_some_and(|olds| olds.contains(&parameter.to))
            }
            Change::ConfigKeyRename { to, .. } => keys.contains(to),
            _ => false,
        };
    }
}
