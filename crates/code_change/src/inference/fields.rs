//! Fields of records: the constructor's keyword and the attribute are one name, and go one way.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::Change;
use code_model::snapshot::SymbolKind;

use super::InferredOperation;
use super::context::Context;
use super::successors::Successors;
use crate::surface::is_gone;

/// A keyword's new name that is less sure than this says nothing of the field.
const SURE_MIN: f64 = 0.5;

/// What only a person can carry through is at most this sure.
const FOR_REVIEW: f64 = 0.6;

/// Where a constructor's keyword became another one and the field of that name is gone while one of
/// the new name came, the field became that. What is also a key is left for review.
pub(super) fn settle(
    context: &Context<'_>,
    successors: &Successors,
    operations: &mut [InferredOperation],
) {
    for operation in operations {
        let is_sure = operation.confidence.overall >= SURE_MIN;
        let renamed = || renamed_field(context, successors, &operation.change);
        if let Some((change, covers)) = is_sure.then(renamed).flatten() {
            operation.change = change;
            operation.covers = covers;
        }
        if is_key(context, &operation.change) {
            operation.confidence.lower_to(FOR_REVIEW);
            let note = "it is a key as well, and what reads the key is not edited";
            operation.note.get_or_insert_with(|| note.to_owned());
        }
    }
}

fn renamed_field(
    context: &Context<'_>,
    successors: &Successors,
    change: &Change,
) -> Option<(Change, Vec<DottedName>)> {
    let Change::ArgRename { callable, parameter, .. } = change else { return None };
    let class = context.old_definition(callable)?;
    let field = class.join(&parameter.from);
    let is_field = |kind: Option<SymbolKind>| kind == Some(SymbolKind::Field);
    if !is_field(context.from.symbols.get(&field).map(|it| it.kind))
        || successors.found.contains_key(&field)
    {
        return None;
    }
    let new_class = successors.of(context, &class)?;
    let new = new_class.join(&parameter.to);
    let there = |index: ApiIndex<'_>, class: &DottedName, name: &str| {
        matches!(index.member(class, name), Resolution::Symbol(_))
    };
    let went_over = is_field(context.to.symbols.get(&new).map(|it| it.kind))
        && !there(context.new, &new_class, &parameter.from)
        && !there(context.old, &class, &parameter.to);
    if !went_over {
        return None;
    }
    let paths = context.old_reach.get(&field).into_iter().flatten();
    let covers = paths
        .filter(|path| context.old_paths[*path].public && is_gone(context.new, path))
        .cloned()
        .collect();
    let (from, to) = (parameter.from.clone(), parameter.to.clone());
    let change = Change::RenameAttribute { class: callable.clone(), from, to, keyword: true };
    Some((change, covers))
}

/// Whether a renamed field is a key of a dictionary, which strings name wherever it is read.
fn is_key(context: &Context<'_>, change: &Change) -> bool {
    let class = match change {
        Change::RenameAttribute { class, keyword: true, .. } => class,
        Change::ArgRename { callable, receiver: None, .. } => callable,
        _ => return false,
    };
    let Some(class) = context.old_definition(class) else { return false };
    context
        .old
        .linearised(&class)
        .iter()
        .any(|base| matches!(base.as_str(), "typing.TypedDict" | "typing_extensions.TypedDict"))
}
