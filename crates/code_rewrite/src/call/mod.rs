//! Calls of callables whose parameters changed, and calls that the new version writes differently.
//!
//! One file per concern: which operations a call meets, what they do to its arguments, how
//! arguments are taken out and put in, how a template becomes a call, and what overriding methods
//! need.

mod arguments;
mod layout;
mod matching;
mod overrides;
mod template;
mod template_text;

use code_model::operation::Change;

use crate::{Codemod, FileContext, Rewriting};
use matching::Target;
pub(crate) use matching::needs_other_arguments;
pub(crate) use overrides::{asks_for_names, followed_parameters, is_self_documenting};

/// All kinds `arg.*`, `call.rewrite`, and the constructor keywords of renamed attributes.
pub(crate) struct Calls;

impl Codemod for Calls {
    fn kinds(&self) -> &'static [&'static str] {
        &[
            "arg.rename",
            "arg.remove",
            "arg.add_default",
            "arg.add_required",
            "arg.reorder",
            "arg.keyword_only",
            "call.rewrite",
        ]
    }

    fn rewrite(&self, context: &FileContext<'_>, rewriting: &mut Rewriting) {
        if context.plan.calls.is_empty() && !context.plan.members.iter().any(|m| m.keyword) {
            return;
        }
        for target in matching::targets(context, rewriting) {
            rewrite_call(context, rewriting, &target);
        }
        template::report_uncalled(context, rewriting);
        overrides::rewrite(context, rewriting);
    }
}

fn rewrite_call(context: &FileContext<'_>, rewriting: &mut Rewriting, target: &Target<'_>) {
    if target.call.conditions.version_guard {
        rewriting.already_right += 1;
        return;
    }
    for change in &target.changes {
        if let Change::CallRewrite { parameters, defaults, template, .. } = &*change.change {
            let form = template::Form { parameters, defaults, template };
            template::rewrite(context, rewriting, target, &change.operation, &form);
            return;
        }
    }
    arguments::rewrite(context, rewriting, target);
}
