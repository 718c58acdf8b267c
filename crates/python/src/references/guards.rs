//! Choices between versions: code that is right for one version on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;

use super::ReferenceOptions;
use super::model::{Conditions, Reference, SegmentForm};
use super::resolve::Meaning;
use super::scope::BindingKind;
use super::walk::{ChoiceKind, Collected, RawUse};
use crate::edit::Span;

/// Attributes of a package that say its version.
const VERSION_NAMES: &[&str] = &[
    "__version__",
    "__version_info__",
    "__version_tuple__",
    "VERSION",
    "Version",
    "version",
    "version_info",
    "version_tuple",
    "get_version",
    "short_version",
    "full_version",
];

/// Whether an attribute of a package says its version.
pub fn is_version_name(name: &str) -> bool {
    VERSION_NAMES.contains(&name)
}

/// The ranges that a choice between versions governs.
pub(super) struct Guards {
    pub(super) spans: Vec<Span>,
    /// Names of the module whose value says which version is installed.
    pub(super) flags: BTreeSet<Arc<str>>,
}

pub(super) fn spans(
    found: &Collected,
    options: &ReferenceOptions<'_>,
    references: &[Reference],
    by_use: &BTreeMap<u32, usize>,
) -> Guards {
    let (questions, flags) = version_questions(found, options, references, by_use);
    let is_core_import = |inside: Span| {
        found.imports.iter().any(|import| {
            inside.contains(import.span)
                && import.target.as_ref().is_some_and(|target| options.is_core(target))
        })
    };
    let is_core_use = |inside: Span| {
        references.iter().any(|reference| {
            inside.contains(reference.span)
                && reference.target().is_some_and(|target| options.is_core(target))
        })
    };
    let asked = |part: Span| {
        questions.iter().any(|question| {
            let mut members = found.member_questions.iter();
            part.contains(*question)
                && members.all(|member| member.at != *question || member.wanted)
        })
    };
    let guards = found.choices.iter().filter(|choice| match choice.kind {
        ChoiceKind::Test(test) => questions.iter().any(|question| test.contains(*question)),
        ChoiceKind::Part(part) => asked(part),
        ChoiceKind::Assertion(_) => false,
        ChoiceKind::Import { body, handlers } => is_core_import(body) && is_core_import(handlers),
        ChoiceKind::Attribute { body, handlers } => {
            (is_core_use(body) || is_core_import(body))
                && (is_core_use(handlers) || is_core_import(handlers))
                || asks_one_thing_twice(found, body, handlers)
        }
    });
    let mut spans: Vec<Span> = guards.map(|choice| choice.whole).collect();
    spans.extend(found.choices.iter().flat_map(|choice| match choice.kind {
        ChoiceKind::Assertion(test) => asserted(found, test, choice.whole),
        _ => Vec::new(),
    }));
    Guards { spans, flags }
}

/// What an assertion asks for, where it is used behind it: with the call, if it is one.
fn asserted(found: &Collected, test: Span, behind: Span) -> Vec<Span> {
    let asked = found.member_questions.iter().filter(|asked| test.contains(asked.at));
    let paths: Vec<String> =
        asked.map(|asked| format!("{}.{}", asked.object, asked.name)).collect();
    if paths.is_empty() {
        return Vec::new();
    }
    let spells = |used: &RawUse, path: &String| {
        let attributes = used.attributes.iter().map(|(name, _, _)| name.as_str());
        let mut written = std::iter::once(used.root.as_str()).chain(attributes);
        path.split('.').all(|part| written.next() == Some(part))
    };
    let uses = found
        .uses
        .iter()
        .filter(|used| behind.contains(used.span) && paths.iter().any(|path| spells(used, path)));
    uses.map(|used| {
        let call = used.call.and_then(|id| found.calls.get(id.0 as usize));
        call.map_or(used.span, |call| call.span.cover(used.span))
    })
    .collect()
}

/// Whether what is tried and what is done instead take members of the same thing: `thing.new()`,
/// else `thing.old()`. Only members that were asked for count.
fn asks_one_thing_twice(found: &Collected, body: Span, handlers: Span) -> bool {
    let members = |inside: Span| {
        found.uses.iter().filter(move |used| {
            inside.contains(used.span) && used.root_span != used.span && !used.repeated
        })
    };
    members(handlers).any(|instead| {
        let asked = found.members.iter().any(|member| instead.span.contains(member.name_span));
        asked
            && members(body).any(|tried| {
                tried.root == instead.root
                    && tried.attributes.len() == instead.attributes.len()
                    && holder(tried) == holder(instead)
            })
    })
}

/// Calls of `hasattr` about something of which a member was asked for elsewhere.
fn member_questions(found: &Collected) -> impl Iterator<Item = Span> {
    let asked = found.member_questions.iter();
    asked.filter(|asked| found.receiver_texts.contains(&asked.object)).map(|asked| asked.at)
}

/// The attributes before the last one.
fn holder(used: &RawUse) -> Vec<&str> {
    let before = used.attributes.len().saturating_sub(1);
    used.attributes.iter().take(before).map(|(name, _, _)| name.as_str()).collect()
}

/// Expressions that ask which version is installed, names that hold the answer included.
fn version_questions(
    found: &Collected,
    options: &ReferenceOptions<'_>,
    references: &[Reference],
    by_use: &BTreeMap<u32, usize>,
) -> (Vec<Span>, BTreeSet<Arc<str>>) {
    let mut answers = BTreeSet::new();
    let mut questions: Vec<Span> = references
        .iter()
        .filter(|reference| {
            let asks = reference.segments.iter().any(|segment| {
                options.is_core(&segment.target) && is_version_name(segment.target.leaf())
            });
            asks || reference.conditions.version_guard && asks_a_module(options, reference)
        })
        .map(|reference| reference.span)
        .collect();
    questions.extend(&found.version_questions);
    questions.extend(member_questions(found));
    for (index, used) in found.uses.iter().enumerate() {
        let named = by_use
            .get(&(index as u32))
            .and_then(|at| references[*at].target())
            .is_some_and(|target| is_flag(options, target));
        if named {
            questions.push(used.span);
        }
    }
    // A name that was given an answer asks the question wherever it is read; twice, for names of
    // names.
    for _ in 0..2 {
        let flags: Vec<u32> = (0..found.scopes.bindings.len() as u32)
            .filter(|id| {
                let binding = found.scopes.binding(*id);
                matches!(binding.kind, BindingKind::Flag | BindingKind::Alias(_))
                    && questions.iter().any(|question| binding.value.contains(*question))
            })
            .collect();
        if flags.is_empty() {
            break;
        }
        for id in &flags {
            let binding = found.scopes.binding(*id);
            if binding.scope == 0 {
                answers.insert(Arc::from(found.name_at(binding.span).as_str()));
            }
        }
        for used in &found.uses {
            let Some(owner) = found.scopes.lookup(&used.root, used.position) else { continue };
            let reaching = found.scopes.reaching(&used.root, owner, used.position);
            if reaching.iter().any(|id| flags.contains(id)) && !questions.contains(&used.span) {
                questions.push(used.span);
            }
        }
    }
    (questions, answers)
}

/// Whether `hasattr` or `getattr` asks a module of the packages for a name. What settings and other
/// objects hold says nothing about the version.
fn asks_a_module(options: &ReferenceOptions<'_>, reference: &Reference) -> bool {
    let [.., holder, name] = reference.segments.as_slice() else { return false };
    name.form == SegmentForm::AttributeString
        && (options.roots.contains(&holder.target)
            || options.star.exports(&holder.target, name.target.leaf()).is_some())
}

/// Whether a name of the dependent's own modules says which version is installed.
fn is_flag(options: &ReferenceOptions<'_>, name: &DottedName) -> bool {
    if !options.is_internal(name) {
        return false;
    }
    let leaf = name.leaf();
    let spelled = leaf.len() > 2
        && leaf.chars().all(|c| c == '_' || c.is_ascii_uppercase() || c.is_ascii_digit())
        && (leaf.contains("VERSION")
            || leaf.split('_').any(|word| {
                word.strip_prefix('V').is_some_and(|number| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                }) || matches!(word, "GE" | "GTE" | "LT" | "LTE")
            }));
    spelled || options.dependent.is_some_and(|index| index.is_flag(name))
}

impl Guards {
    fn holds(&self, span: Span) -> bool {
        self.spans.iter().any(|guard| guard.contains(span))
    }

    fn mark_one(&self, span: Span, conditions: &mut Conditions) {
        conditions.version_guard |= self.holds(span);
    }

    /// Marks what stands in a choice, and what only means something by one.
    pub(super) fn mark(
        &self,
        found: &mut Collected,
        references: &mut [Reference],
        meanings: &[Meaning],
    ) {
        for statement in &mut found.statements {
            let span = statement.span;
            self.mark_one(span, &mut statement.conditions);
        }
        for member in &mut found.members {
            let span = member.span;
            self.mark_one(span, &mut member.conditions);
        }
        for call in &mut found.calls {
            let span = call.span;
            self.mark_one(span, &mut call.conditions);
        }
        for (reference, meaning) in references.iter_mut().zip(meanings) {
            let span = reference.span;
            self.mark_one(span, &mut reference.conditions);
            let governed = !meaning.imports.is_empty()
                && meaning.imports.iter().all(|id| {
                    found
                        .imports
                        .get(id.0 as usize)
                        .and_then(|import| found.statements.get(import.statement.0 as usize))
                        .is_some_and(|statement| statement.conditions.version_guard)
                });
            // An import that is chosen by version, and everything that names it, is right on
            // purpose; but an attribute of it that no arm speaks of is not.
            let reaches_beyond = reference.segments.len() > 1 && meaning.certain;
            reference.conditions.version_guard |= governed && !reaches_beyond;
        }
    }
}
