//! Configuration keys: in YAML, TOML, JSON and INI files, and in Python where the holder is the
//! core's.

use artifact::{Finding, Severity};
use configuration::Format;
use python::edit::{Span, TextEdit};
use python::references::{ArgumentForm, Certainty};

use crate::plan::KeyChange;
use crate::{Applicability, Codemod, DependentFile, Edit, FileContext, Plan, Rewriting};

/// Renames keys of configuration in Python: `settings.OLD`, `configure(OLD=…)`.
pub(crate) struct Keys;

impl Codemod for Keys {
    fn kinds(&self) -> &'static [&'static str] {
        &["config.key_rename"]
    }

    fn rewrite(&self, context: &FileContext<'_>, rewriting: &mut Rewriting) {
        for change in &context.plan.keys {
            attributes(context, change, rewriting);
            keywords(context, change, rewriting);
        }
    }
}

fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// `settings.OLD`, where `settings` is an object of the core.
fn attributes(context: &FileContext<'_>, change: &KeyChange, rewriting: &mut Rewriting) {
    let (from, to) = (leaf(&change.from), leaf(&change.to));
    for reference in &context.references.references {
        let [.., holder, key] = reference.segments.as_slice() else { continue };
        if key.target.leaf() != from || reference.certainty != Certainty::Certain {
            continue;
        }
        // A module's own names are no keys: a manifest speaks of them as symbols.
        let is_module = context.api_from.is_some_and(|api| {
            matches!(
                api.resolve(&holder.target),
                code_model::api::Resolution::Module(_) | code_model::api::Resolution::Missing
            )
        });
        if is_module || reference.segments.len() < 2 {
            continue;
        }
        if reference.conditions.version_guard {
            rewriting.already_right += 1;
            continue;
        }
        let edit = TextEdit::replace(key.span, to);
        rewriting.edit(&change.operation, Applicability::Safe, edit);
    }
}

/// `configure(OLD=…)`, where the callee is the core's.
fn keywords(context: &FileContext<'_>, change: &KeyChange, rewriting: &mut Rewriting) {
    let (from, to) = (leaf(&change.from), leaf(&change.to));
    for reference in &context.references.references {
        let Some(call) = reference.call.and_then(|call| context.references.call(call)) else {
            continue;
        };
        let configures = reference.target().is_some_and(|target| {
            matches!(
                target.leaf(),
                "update" | "configure" | "setup" | "from_mapping" | "setdefault"
            )
        });
        if !configures || reference.certainty != Certainty::Certain {
            continue;
        }
        for argument in &call.arguments {
            if let ArgumentForm::Keyword { name, span } = &argument.form
                && **name == *from
            {
                let edit = TextEdit::replace(*span, to);
                rewriting.edit(&change.operation, Applicability::Safe, edit);
            }
        }
    }
}

/// Renames keys in a file that is not Python. The edit is safe where the file says whose keys they
/// are: in a table or file of the core's name.
pub(crate) fn data_edits(
    file: &DependentFile,
    text: &str,
    plan: &Plan,
    edits: &mut Vec<Edit>,
    findings: &mut Vec<Finding>,
) {
    let Some(format) = file.path.extension().and_then(Format::of_extension) else { return };
    if plan.keys.is_empty() {
        return;
    }
    let (keys, _) = configuration::read(format, text);
    let stem = file.path.file_name().split('.').next().unwrap_or_default();
    for change in &plan.keys {
        for key in keys.iter().filter(|key| ends_with(&key.path, &change.from)) {
            if parent(&change.from) != parent(&change.to) {
                let message = format!(
                    "`{}` moves to `{}`; move it by hand ({}).",
                    change.from, change.to, change.operation
                );
                findings.push(
                    Finding::new(Severity::Warning, "key-moves", message).in_file(&file.path),
                );
                continue;
            }
            let depth = change.from.split('.').count();
            let named_after = |text: &str| plan.roots.iter().any(|root| text == root.root());
            let ours = named_after(stem)
                || key.path.iter().rev().skip(depth).any(|table| named_after(table));
            let written = text.get(key.key.clone()).unwrap_or_default();
            let Some(at) = written.rfind(leaf(&change.from)) else { continue };
            let start = (key.key.start + at) as u32;
            let span = Span::new(start, start + leaf(&change.from).len() as u32);
            edits.push(Edit {
                text: TextEdit::replace(span, leaf(&change.to)),
                operation: change.operation.clone(),
                applicability: if ours { Applicability::Safe } else { Applicability::Unsafe },
            });
        }
    }
}

/// Whether a key's path ends in these dotted keys.
fn ends_with(path: &[String], dotted: &str) -> bool {
    let wanted: Vec<&str> = dotted.split('.').collect();
    path.len() >= wanted.len() && path.iter().rev().zip(wanted.iter().rev()).all(|(a, b)| a == b)
}

fn parent(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(parent, _)| parent)
}
