//! Members of classes that are renamed: attribute accesses, calls of methods, and what subclasses
//! override.
//!
//! The receiver's type decides. Where nobody can tell it, the place is a finding and stays as it
//! is.

mod verdict;

use std::collections::BTreeMap;

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::snapshot::SymbolKind;
use python::edit::{Span, TextEdit};
use python::references::{Access, CallSite, ImportForm, Place, Reference, SegmentForm};
use python::types::{Origin, Receiver};

use verdict::{Verdict, judge};
pub(crate) use verdict::{definition_of, uses_core};

use crate::call::needs_other_arguments;
use crate::{Applicability, Codemod, FileContext, MemberChange, Rewriting};

/// `rename.callable` of methods and `rename.attribute`.
pub(crate) struct Members;

type Renames<'a> = BTreeMap<&'a str, Vec<&'a MemberChange>>;

impl Codemod for Members {
    fn kinds(&self) -> &'static [&'static str] {
        &["rename.callable", "rename.attribute"]
    }

    fn rewrite(&self, context: &FileContext<'_>, rewriting: &mut Rewriting) {
        let mut renames: Renames<'_> = BTreeMap::new();
        for change in context.plan.members.iter().filter(|change| change.from != change.to) {
            renames.entry(&change.from).or_default().push(change);
        }
        if renames.is_empty() {
            return;
        }
        for used in &context.references.members {
            let Some(changes) = renames.get(&*used.name) else { continue };
            if used.conditions.version_guard {
                rewriting.already_right += 1;
                continue;
            }
            if is_foreign_module(context, used.receiver_node) {
                continue;
            }
            let receiver =
                context.receivers.receiver(&context.file.path, used.receiver_node, &used.name);
            let call = used.call.and_then(|id| context.references.call(id));
            let place = Used { name: used.name_span, access: used.access, call };
            rename(context, rewriting, changes, &receiver, place);
        }
        for reference in &context.references.references {
            through_values(context, rewriting, &renames, reference);
        }
        overrides(context, rewriting, &renames);
    }
}

/// Whether a receiver is a module of another library, by the imports: `import other` and
/// `other.member`, whether that library is installed or not.
pub(crate) fn is_foreign_module(context: &FileContext<'_>, receiver: Span) -> bool {
    let name = receiver.of(context.text);
    let mut bound = context.references.imports.iter().filter(|import| *import.local == *name);
    let sole = bound.next().filter(|import| import.sole && bound.next().is_none());
    sole.is_some_and(|import| {
        matches!(import.form, ImportForm::Module | ImportForm::ModuleAs)
            && import.target.as_ref().is_some_and(|target| {
                !context.plan.roots.iter().any(|root| target.below(root).is_some())
            })
    })
}

/// Where a member is used, and how.
#[derive(Clone, Copy)]
struct Used<'a> {
    name: Span,
    access: Access,
    call: Option<&'a CallSite>,
}

impl Used<'_> {
    /// Whether a name alone may tell that this is the library's: others set attributes and read
    /// fields of any name, but call methods by what they do. A call whose arguments must change
    /// with it follows as a whole or not at all.
    fn may_be_assumed(self, context: &FileContext<'_>, change: &MemberChange) -> bool {
        let as_a_whole = |call: &CallSite| {
            let method = definition_of(context, &change.class).join(&change.from);
            !needs_other_arguments(context, call, &method)
        };
        self.access == Access::Load && self.call.map_or(!change.method, as_a_whole)
    }
}

fn rename(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    changes: &[&MemberChange],
    receiver: &Receiver,
    used: Used<'_>,
) {
    let name = used.name;
    let from = changes.first().map_or("", |change| change.from.as_str());
    match judge(context, changes, receiver) {
        Verdict::Apply(change) => {
            let edit = TextEdit::replace(name, change.to.clone());
            rewriting.edit(&change.operation, Applicability::Safe, edit);
        }
        Verdict::Probably(change, reason) => {
            let edit = TextEdit::replace(name, change.to.clone());
            rewriting.edit(&change.operation, Applicability::Unsafe, edit);
            let message = format!(
                "`{from}` is `{}` now if this is a `{}`, which is not certain: {reason}.",
                change.to, change.class
            );
            rewriting.find(context, name, "receiver-uncertain", message);
        }
        Verdict::Unknown(reason) => {
            let assumed = |change: &&&MemberChange| {
                context.unique.contains(from) && used.may_be_assumed(context, change)
            };
            if let Some(change) = changes.first().filter(assumed) {
                let edit = TextEdit::replace(name, change.to.clone());
                rewriting.edit(&change.operation, Applicability::Assumed, edit);
                let message = format!(
                    "`{from}` is taken for that of `{}`, since nothing else has a name like it; what \
                     it is asked of cannot be told: {reason}.",
                    change.class
                );
                rewriting.find(context, name, "receiver-assumed", message);
            } else if uses_core(context) {
                let class = changes.first().map_or("", |change| change.class.as_str());
                let message = format!(
                    "`{from}` was renamed in `{class}`; whether this is one cannot be told: \
                     {reason}."
                );
                rewriting.find(context, name, "receiver-unknown", message);
            }
        }
        Verdict::Mixed => {
            let message =
                format!("`{from}` is renamed for some of what this may be, and not for the rest.");
            rewriting.find(context, name, "receiver-mixed", message);
        }
        Verdict::Leave => {}
    }
}

/// Members of values that the library's modules hold, such as `package.DEFAULT.method`.
fn through_values(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    renames: &Renames<'_>,
    reference: &Reference,
) {
    if matches!(reference.place, Place::Text(_)) || reference.conditions.version_guard {
        return;
    }
    for pair in reference.segments.windows(2) {
        let [holder, member] = pair else { continue };
        let Some(changes) = renames.get(member.target.leaf()) else { continue };
        if member.form != SegmentForm::Identifier || !is_value(context, &holder.target) {
            continue;
        }
        let span = Span::new(reference.span.start, holder.span.end);
        let name = member.target.leaf();
        let receiver = context.receivers.receiver(&context.file.path, span, name);
        let is_last = reference.segments.last().is_some_and(|last| last.span == member.span);
        let used = Used {
            name: member.span,
            access: if is_last { reference.access } else { Access::Load },
            call: reference.call.filter(|_| is_last).and_then(|id| context.references.call(id)),
        };
        rename(context, rewriting, changes, &receiver, used);
    }
}

/// Whether a name of the old version is neither a module nor a class, so that what lies behind it
/// follows its type.
pub(crate) fn is_value(context: &FileContext<'_>, name: &DottedName) -> bool {
    let Some(api) = context.api_from else { return false };
    match api.resolve(name) {
        Resolution::Symbol(definition) => {
            api.symbol(&definition).is_some_and(|symbol| symbol.kind != SymbolKind::Class)
        }
        _ => false,
    }
}

/// Members that the dependent's own classes override follow the renamed ones.
fn overrides(context: &FileContext<'_>, rewriting: &mut Rewriting, renames: &Renames<'_>) {
    let overriding = context
        .references
        .classes
        .iter()
        .any(|class| class.members.iter().any(|member| renames.contains_key(&*member.name)));
    if !overriding {
        return;
    }
    let lineages = context.receivers.classes(&context.file.path);
    for class in &context.references.classes {
        let start = class.name_span.start;
        let Some(lineage) = lineages.iter().find(|found| found.name_start == start) else {
            continue;
        };
        for member in &class.members {
            let Some(changes) = renames.get(&*member.name) else { continue };
            let inherited = lineage.class.lineage.iter().skip(1);
            let mut inherited = inherited.filter(|place| place.origin == Origin::Core);
            let change = inherited.find_map(|place| {
                changes.iter().find(|change| definition_of(context, &change.class) == place.name)
            });
            let taken =
                change.filter(|change| class.members.iter().any(|other| *other.name == *change.to));
            if let Some(change) = taken {
                let message = format!(
                    "`{}` overrides a method that is called `{}` now, and the class has one of \
                     that name.",
                    member.name, change.to
                );
                rewriting.find(context, member.name_span, "override-collides", message);
            } else if let Some(change) = change {
                let edit = TextEdit::replace(member.name_span, change.to.clone());
                rewriting.edit(&change.operation, Applicability::Safe, edit);
            }
        }
    }
}
