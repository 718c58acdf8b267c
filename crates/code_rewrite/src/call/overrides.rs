//! Methods of the dependent's own classes that override one whose parameters changed.

use code_model::operation::Change;
use python::types::Origin;

use crate::member::definition_of;
use crate::{FileContext, Rewriting};

/// A finding for every overriding method: how its parameters follow is for a person to decide,
/// since its body uses them.
pub(super) fn report(context: &FileContext<'_>, rewriting: &mut Rewriting) {
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
                if inherits && concerns(&call.change, parameters) {
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
