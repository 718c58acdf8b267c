//! Configuration keys: in YAML, TOML, JSON and INI files, and in Python where the holder is the
//! core's.

use artifact::{Finding, Severity};
use code_model::DottedName;
use code_model::api::Resolution;
use configuration::Format;
use python::edit::{Span, TextEdit};
use python::references::{Certainty, KeyAccess, KeyUse, Reference, ScopeId};
use python::types::{AlternativeKind, Origin};

use crate::plan::KeyChange;
use crate::{
    Applicability, Codemod, DependentFile, Edit, FileContext, Plan, Rewriting, class_settings,
};

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
            class_settings::rewrite(context, change, rewriting);
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
            matches!(api.resolve(&holder.target), Resolution::Module(_) | Resolution::Missing)
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
        if keeps_the_name(context, change, &holder.target) {
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
        if is_no_setting(context, change, key) {
            continue;
        }
        let edit = TextEdit::replace(key.span, to);
        rewriting.edit(&change.operation, Applicability::Safe, edit);
    }
}

/// Whether something else than the key's holder has a name like the key in the new version: that
/// is what is meant there.
fn keeps_the_name(context: &FileContext<'_>, change: &KeyChange, holder: &DottedName) -> bool {
    let Some(api) = context.api_to else { return false };
    let is_holder = change.holder.as_deref().is_some_and(|own| own == holder.as_str());
    let holder = context.plan.renamed(holder).unwrap_or_else(|| holder.clone());
    let member = match api.resolve(&holder) {
        Resolution::Symbol(definition) => api.member(&definition, leaf(&change.from)),
        _ => return false,
    };
    !is_holder && matches!(member, Resolution::Symbol(_))
}

/// Whether the types and signatures at hand say that a key's holder holds no settings: its class
/// has a member of that name, or no way to take keys.
fn is_no_setting(context: &FileContext<'_>, change: &KeyChange, key: &KeyUse) -> bool {
    let Some(from) = context.api_from else { return false };
    if let KeyAccess::Call = key.access {
        return takes_keyword(context, key);
    }
    let member = match &key.access {
        KeyAccess::Method(method) => method,
        KeyAccess::Subscript => "__getitem__",
        KeyAccess::Attribute | KeyAccess::Call => &*key.name,
    };
    let receiver = context.receivers.receiver(&context.file.path, key.holder, member);
    let mut told = receiver.alternatives.iter().peekable();
    receiver.unknown.is_none()
        && told.peek().is_some()
        && told.all(|alternative| {
            let class = &alternative.place.name;
            let is_class = matches!(
                alternative.kind,
                AlternativeKind::Instance | AlternativeKind::ClassObject
            );
            is_class
                && alternative.place.origin == Origin::Core
                && alternative.lineage_complete
                && (key.access != KeyAccess::Attribute
                    && from.member(class, member) == Resolution::Missing
                    || keeps_the_name(context, change, class))
        })
}

/// Whether a function of the library takes a keyword of the key's name in the new version.
fn takes_keyword(context: &FileContext<'_>, key: &KeyUse) -> bool {
    let Some(api) = context.api_to else { return false };
    let called = context.references.references.iter().find(|used| used.span == key.holder);
    let Some(target) = called.and_then(Reference::target) else { return false };
    let callable = context.plan.renamed(target).unwrap_or_else(|| target.clone());
    let Resolution::Symbol(definition) = api.resolve(&callable) else { return false };
    let signature = api.symbol(&definition).and_then(|symbol| symbol.signature.as_ref());
    signature.is_some_and(|signature| {
        let parameters = signature.caller_parameters().iter();
        parameters.filter(|it| it.takes_keyword()).any(|it| *it.name == *key.name)
    })
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
            // The same key deeper inside is another one.
            let mut tables = key.path.iter().rev().skip(depth);
            let ours = tables.next().map_or(named_after(stem), |table| named_after(table));
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
