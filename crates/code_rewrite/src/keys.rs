//! Configuration keys: in YAML, TOML, JSON and INI files, and in Python where the holder is the
//! core's.

use artifact::{Finding, Severity};
use code_model::DottedName;
use configuration::Format;
use python::edit::{Span, TextEdit};
use python::references::{Certainty, ScopeId};

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
            named(context, change, rewriting);
            module_settings(context, change, rewriting);
        }
    }
}

pub(crate) fn leaf(key: &str) -> &str {
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
        // A default hides that the key is gone: `getattr` with one is no question by itself.
        let both = || reads_both(context, &holder.target, to);
        let guarded = if reference.conditions.defaulted {
            is_guarded(context, key.span) || both()
        } else {
            reference.conditions.version_guard
        };
        if guarded {
            rewriting.already_right += 1;
            continue;
        }
        let edit = TextEdit::replace(key.span, to);
        rewriting.edit(&change.operation, Applicability::Safe, edit);
    }
}

fn is_guarded(context: &FileContext<'_>, at: Span) -> bool {
    context.references.version_guards.iter().any(|guard| guard.contains(at))
}

/// `conf["OLD"]`, `conf.get("OLD")`, `configure(OLD=…)`, of what the core holds or made.
fn named(context: &FileContext<'_>, change: &KeyChange, rewriting: &mut Rewriting) {
    let (from, to) = (leaf(&change.from), leaf(&change.to));
    for key in context.references.keys.iter().filter(|key| *key.name == *from) {
        if key.conditions.version_guard || key.beside.iter().any(|other| **other == *to) {
            rewriting.already_right += 1;
            continue;
        }
        let edit = TextEdit::replace(key.span, to);
        rewriting.edit(&change.operation, Applicability::Safe, edit);
    }
}

/// Whether code reads both keys: each with a default for where the other version lacks it.
fn reads_both(context: &FileContext<'_>, holder: &DottedName, to: &str) -> bool {
    let new = holder.join(to);
    context
        .references
        .references
        .iter()
        .any(|other| other.conditions.defaulted && other.target() == Some(&new))
}

/// `OLD = …` in a module of settings. Nothing says whose settings they are, so that the edit is
/// made only when asked for.
fn module_settings(context: &FileContext<'_>, change: &KeyChange, rewriting: &mut Rewriting) {
    let (from, to) = (leaf(&change.from), leaf(&change.to));
    let stem = context.file.path.file_name().split('.').next().unwrap_or_default();
    let references = context.references;
    let module = ScopeId(0);
    let is_settings = ["settings", "conf"].iter().any(|word| stem.contains(word));
    let Some(found) = references.occurrences(from, module).filter(|_| is_settings) else { return };
    let free = references.is_free(to, module, &[module]) && !references.exported.contains(from);
    if found.imports > 0 || !free {
        return;
    }
    for span in found.bound.into_iter().chain(found.used) {
        let edit = TextEdit::replace(span, to);
        rewriting.edit(&change.operation, Applicability::Unsafe, edit);
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
