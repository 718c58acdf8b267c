//! Methods of the dependent's own classes that override one whose parameters changed.
//!
//! A renamed parameter is renamed with every use in the method. How others follow is for a person
//! to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::operation::{Change, ParameterRename};
use python::edit::{Span, TextEdit};
use python::references::{ClassMember, FileReferences};
use python::types::Origin;

use super::matching::missing_callable;
use crate::member::definition_of;
use crate::{Applicability, CallChange, FileContext, Plan, Rewriting};

/// Renames the parameters of overriding methods; a finding for every method whose parameters follow
/// in another way.
pub(super) fn rewrite(context: &FileContext<'_>, rewriting: &mut Rewriting) {
    let overrides = |name: &str| {
        context.references.classes.iter().any(|class| {
            class.members.iter().any(|member| member.is_function && &*member.name == name)
        })
    };
    let calls: Vec<_> =
        context.plan.calls.iter().filter(|call| overrides(call.callable.leaf())).collect();
    if calls.is_empty() {
        return;
    }
    let lineages = context.receivers.classes(&context.file.path);
    for class in &context.references.classes {
        let start = class.name_span.start;
        let Some(lineage) = lineages.iter().find(|found| found.name_start == start) else {
            continue;
        };
        for member in class.members.iter().filter(|member| member.is_function) {
            for call in calls.iter().filter(|call| call.callable.leaf() == &*member.name) {
                let definition = definition_of(context, &call.callable);
                let inherits = definition.parent().is_some_and(|base| {
                    lineage
                        .class
                        .lineage
                        .iter()
                        .skip(1)
                        .any(|place| place.origin == Origin::Core && place.name == base)
                });
                let parameters = member.parameters.map_or("", |span| span.of(context.text));
                let is_gone = missing_callable(context, call).is_some();
                if !inherits || is_gone || !concerns(&call.change, parameters) {
                    continue;
                }
                if !renamed(context, rewriting, call, member) {
                    let message = format!(
                        "`{}.{}` overrides a method whose parameters changed: {}.",
                        class.qualified_name,
                        member.name,
                        said(&call.change)
                    );
                    rewriting.find(context, member.name_span, "override-differs", message);
                }
            }
        }
    }
}

/// Renames a parameter of an override, where every use of it is seen and the new name is free.
fn renamed(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    call: &CallChange,
    member: &ClassMember,
) -> bool {
    let Change::ArgRename { parameter, .. } = &call.change else { return false };
    // What a constructor takes is its class's own.
    if &*member.name == "__init__" {
        return false;
    }
    let Some(places) = places(context.references, context.text, member, parameter) else {
        return false;
    };
    for place in places {
        let edit = TextEdit::replace(place, parameter.to.clone());
        rewriting.edit(&call.operation, Applicability::Safe, edit);
    }
    true
}

/// Every place that names a parameter of a method; none where it has no such parameter, or cannot
/// take its new name.
fn places(
    references: &FileReferences,
    text: &str,
    member: &ClassMember,
    parameter: &ParameterRename,
) -> Option<Vec<Span>> {
    let uses = references.parameter(&parameter.from, member.parameters?)?;
    let can_follow = references.is_free(&parameter.to, uses.scope, &uses.readers)
        && !asks_for_names(member.span.of(text))
        && !uses.places.iter().any(|place| is_self_documenting(text, *place));
    can_follow.then_some(uses.places)
}

/// The parameters of methods that are renamed with those of what they override, if they override
/// something that is.
pub(crate) fn followed_parameters(
    plan: &Plan,
    references: &FileReferences,
    text: &str,
) -> BTreeMap<String, BTreeSet<Arc<str>>> {
    let mut followed: BTreeMap<String, BTreeSet<Arc<str>>> = BTreeMap::new();
    for class in &references.classes {
        for member in class.members.iter().filter(|member| member.is_function) {
            for call in plan.calls.iter().filter(|call| call.callable.leaf() == &*member.name) {
                let Change::ArgRename { parameter, .. } = &call.change else { continue };
                if places(references, text, member, parameter).is_some() {
                    let method = format!("{}.{}", class.qualified_name, member.name);
                    followed.entry(method).or_default().insert(Arc::from(&*parameter.from));
                }
            }
        }
    }
    followed
}

/// Whether code reads local names by strings that are made while it runs.
pub(crate) fn asks_for_names(code: &str) -> bool {
    ["locals(", "globals(", "vars(", "eval(", "exec("].iter().any(|call| code.contains(call))
}

/// Whether a use stands in an f-string that shows its name: `f"{name=}"`.
pub(crate) fn is_self_documenting(text: &str, place: Span) -> bool {
    let before = text.get(..place.start as usize).unwrap_or_default().trim_end();
    let behind = text.get(place.end as usize..).unwrap_or_default().trim_start();
    before.ends_with('{') && behind.strip_prefix('=').is_some_and(|rest| !rest.starts_with('='))
}

/// Whether the parameters of an override do not say yet what the new version says.
fn concerns(change: &Change, parameters: &str) -> bool {
    let mut words = parameters.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut has = |name: &str| words.any(|word| word == name);
    match change {
        Change::ArgRename { parameter, .. } => has(&parameter.from),
        Change::ArgRemove { parameter, .. } => has(&parameter.name),
        Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
            !has(&parameter.name) && !parameters.contains("**")
        }
        Change::ArgReorder { .. } | Change::ArgKeywordOnly { .. } => true,
        _ => false,
    }
}

fn said(change: &Change) -> String {
    match change {
        Change::ArgRename { parameter, .. } => {
            format!("`{}` is `{}` now", parameter.from, parameter.to)
        }
        Change::ArgRemove { parameter, .. } => format!("`{}` is gone", parameter.name),
        Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
            format!("`{}` was added", parameter.name)
        }
        Change::ArgReorder { .. } => "their order is another one".to_owned(),
        Change::ArgKeywordOnly { parameters, .. } => {
            format!("`{}` only as keywords", parameters.join("`, `"))
        }
        _ => String::new(),
    }
}
