//! Which operations a call meets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::{Change, OperationId, ParameterRename};
use code_model::signature::{Binding, Signature};
use code_model::snapshot::SymbolKind;
use python::edit::Span;
use python::references::{CallId, CallSite, Certainty, Construction, MemberUse, Reference};
use python::types::{Alternative, AlternativeKind, Origin, Receiver};

use crate::member::{definition_of, is_foreign_module, is_value, uses_core};
use crate::{Applicability, CallChange, FileContext, Rewriting};

/// One call with everything that changes about it.
pub(super) struct Target<'a> {
    pub(super) call: &'a CallSite,
    /// In the order of the plan.
    pub(super) changes: Vec<Met<'a>>,
    /// How sure it is that the call is meant.
    pub(super) applicability: Applicability,
    /// Leading arguments that stand for the receiver: one when a method is called through its
    /// class.
    pub(super) receivers_given: usize,
    /// The expression of the instance or class that a member is called on.
    pub(super) receiver: Option<Span>,
    /// The old signature, where it is known.
    pub(super) signature: Option<&'a Signature>,
    /// The signature of the same callable in the new version, where it is known.
    pub(super) new_signature: Option<&'a Signature>,
}

/// One operation that a call meets.
pub(super) struct Met<'a> {
    pub(super) operation: OperationId,
    pub(super) change: Cow<'a, Change>,
}

/// The plan's changes of calls, by the definition that they are about.
struct Changes<'a> {
    by_definition: BTreeMap<DottedName, Vec<Met<'a>>>,
    /// Operations about callables that the new version lacks under the name that the plan gives
    /// them, with that name: new arguments would be wrong in either version.
    without_callable: BTreeMap<OperationId, DottedName>,
}

const CONSTRUCTORS: [&str; 2] = ["__init__", "__new__"];

impl<'a> Changes<'a> {
    fn of(context: &FileContext<'a>) -> Self {
        let mut by_definition: BTreeMap<DottedName, Vec<Met<'a>>> = BTreeMap::new();
        let mut without_callable = BTreeMap::new();
        let mut with_callable = BTreeSet::new();
        for changed @ CallChange { operation, callable, change, .. } in &context.plan.calls {
            if let Some(name) = missing_callable(context, changed) {
                without_callable.insert(operation.clone(), name);
            } else {
                with_callable.insert(operation);
            }
            let met = Met { operation: operation.clone(), change: Cow::Borrowed(change) };
            by_definition.entry(subject(context, callable)).or_default().push(met);
        }
        for member in context.plan.members.iter().filter(|member| member.keyword) {
            let parameter = ParameterRename {
                from: member.from.clone(),
                to: member.to.clone(),
                default: None,
                required: false,
            };
            let class = member.class.clone();
            let change = Change::ArgRename { callable: class, receiver: None, parameter };
            let met = Met { operation: member.operation.clone(), change: Cow::Owned(change) };
            by_definition.entry(subject(context, &member.class)).or_default().push(met);
        }
        without_callable.retain(|operation, _| !with_callable.contains(operation));
        Self { by_definition, without_callable }
    }

    /// Copies of what is said about a definition.
    fn about(&self, definition: &DottedName) -> Vec<Met<'a>> {
        let said = self.by_definition.get(definition).into_iter().flatten();
        said.map(|met| Met { operation: met.operation.clone(), change: met.change.clone() })
            .collect()
    }
}

/// The definition that a change is about: for a constructor its class.
fn subject(context: &FileContext<'_>, callable: &DottedName) -> DottedName {
    let definition = definition_of(context, callable);
    match definition.parent() {
        Some(class) if CONSTRUCTORS.contains(&definition.leaf()) => class,
        _ => definition,
    }
}

/// The name under which the plan expects a callable in the new version, if that has none. What
/// replaces the whole call needs no callable.
pub(super) fn missing_callable(
    context: &FileContext<'_>,
    changed: &CallChange,
) -> Option<DottedName> {
    let is_replaced = matches!(changed.change, Change::CallRewrite { .. });
    let api = context.api_to.filter(|_| !is_replaced)?;
    let holder = changed.callable.parent();
    let constructor = CONSTRUCTORS.contains(&changed.callable.leaf());
    let callable = holder.filter(|_| constructor).unwrap_or_else(|| changed.callable.clone());
    let name = context.plan.renamed(&callable).unwrap_or(callable);
    let is_missing = api.is_inside(&name) && api.resolve(&name) == Resolution::Missing;
    is_missing.then_some(name)
}

/// Drops what changes about callables that are gone, with a finding.
fn leave_gone(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    changes: &Changes<'_>,
    target: &mut Target<'_>,
) {
    let mut left: Vec<(OperationId, &DottedName)> = Vec::new();
    target.changes.retain(|met| match changes.without_callable.get(&met.operation) {
        Some(name) => {
            if touches(&met.change, target.call) {
                left.push((met.operation.clone(), name));
            }
            false
        }
        None => true,
    });
    let guarded = target.call.conditions.version_guard;
    if let Some((operation, name)) = left.first().filter(|_| !guarded) {
        let message = format!(
            "The arguments change, but the new version has no `{name}` to take them; the call was \
             left ({operation})."
        );
        rewriting.find(context, target.call.callee, "callable-gone", message);
    }
}

/// Every call of the file that meets an operation.
pub(super) fn targets<'a>(context: &FileContext<'a>, rewriting: &mut Rewriting) -> Vec<Target<'a>> {
    let changes = Changes::of(context);
    let mut found = Vec::new();
    let of_call = |id: Option<CallId>| id.and_then(|id| context.references.call(id));
    for reference in &context.references.references {
        if let Some(call) = of_call(reference.call) {
            found.extend(of_reference(context, rewriting, &changes, reference, call));
        }
    }
    for used in &context.references.members {
        if let Some(call) = of_call(used.call) {
            found.extend(of_member(context, rewriting, &changes, used, call));
        }
    }
    for construction in &context.references.constructions {
        if let Some(call) = context.references.call(construction.call) {
            found.extend(of_construction(context, &changes, construction, call));
        }
    }
    for target in &mut found {
        leave_gone(context, rewriting, &changes, target);
    }
    found.retain(|target| !target.changes.is_empty());
    for target in &mut found {
        target.new_signature = new_signature(context, target);
    }
    found.sort_by_key(|target| target.call.span);
    found
}

/// The signature that the changed callable has in the new version.
fn new_signature<'a>(context: &FileContext<'a>, target: &Target<'_>) -> Option<&'a Signature> {
    let api = context.api_to?;
    let callable = target.changes.iter().find_map(|met| match &*met.change {
        Change::ArgRemove { callable, .. } => Some(callable),
        _ => None,
    })?;
    let new = context.plan.renamed(callable).unwrap_or_else(|| callable.clone());
    match api.resolve(&new) {
        Resolution::Symbol(definition) => api.symbol(&definition)?.signature.as_ref(),
        _ => None,
    }
}

fn of_reference<'a>(
    context: &FileContext<'a>,
    rewriting: &mut Rewriting,
    changes: &Changes<'a>,
    reference: &Reference,
    call: &'a CallSite,
) -> Option<Target<'a>> {
    let target = reference.target()?;
    let applicability = match reference.certainty {
        Certainty::Certain => Applicability::Safe,
        Certainty::Uncertain => Applicability::Unsafe,
    };
    let holder = reference.segments.iter().rev().nth(1);
    if let Some(holder) = holder.filter(|holder| is_value(context, &holder.target)) {
        let span = Span::new(reference.span.start, holder.span.end);
        let receiver = context.receivers.receiver(&context.file.path, span, target.leaf());
        return of_receiver(context, rewriting, changes, &receiver, call, span, target.leaf());
    }
    let plain = |changes, signature, receivers_given| Target {
        call,
        changes,
        applicability,
        receivers_given,
        receiver: None,
        signature,
        new_signature: None,
    };
    let Some(api) = context.api_from else {
        return Some(plain(changes.about(target), None, 0));
    };
    let Resolution::Symbol(definition) = api.resolve(target) else {
        return None;
    };
    let symbol = api.symbol(&definition)?;
    if symbol.kind == SymbolKind::Class {
        let (class, signature) = constructor(api, changes, &definition)?;
        return Some(plain(changes.about(&class), signature, 0));
    }
    let signature = symbol.signature.as_ref();
    let through_class = symbol.parent.is_some();
    let subject = subject(context, &definition);
    let unbound = signature.is_some_and(|s| s.binding == Binding::Instance) && through_class;
    let class = holder.filter(|_| through_class && !unbound);
    let receiver = class.map(|class| Span::new(reference.span.start, class.span.end));
    Some(Target { receiver, ..plain(changes.about(&subject), signature, usize::from(unbound)) })
}

/// The class whose constructor runs when `class` is called, with its signature, if changes are said
/// about it.
fn constructor<'a>(
    api: ApiIndex<'a>,
    changes: &Changes<'_>,
    class: &DottedName,
) -> Option<(DottedName, Option<&'a Signature>)> {
    let signature = |class: &DottedName| api.symbol(class).and_then(|s| s.signature.as_ref());
    for ancestor in api.linearised(class) {
        if changes.by_definition.contains_key(&ancestor) {
            return Some((ancestor.clone(), signature(&ancestor).or_else(|| signature(class))));
        }
        let own = CONSTRUCTORS.iter().any(|name| api.symbol(&ancestor.join(name)).is_some());
        if own {
            return None;
        }
    }
    None
}

/// What a call of one of the dependent's own classes meets: the constructor may be inherited.
fn of_construction<'a>(
    context: &FileContext<'a>,
    changes: &Changes<'a>,
    construction: &Construction,
    call: &'a CallSite,
) -> Option<Target<'a>> {
    let matters = |met: &Met<'_>| touches(&met.change, call);
    if !changes.by_definition.values().flatten().any(matters) {
        return None;
    }
    let path = &context.file.path;
    let receiver = context.receivers.receiver(path, construction.class, CONSTRUCTORS[0]);
    let [alternative] = receiver.alternatives.as_slice() else { return None };
    if receiver.unknown.is_some() || alternative.kind != AlternativeKind::ClassObject {
        return None;
    }
    let definition = definition_called(changes, alternative, CONSTRUCTORS[0])?;
    let signature = context.api_from.and_then(|api| api.symbol(&definition)?.signature.as_ref());
    Some(Target {
        call,
        changes: changes.about(&definition),
        applicability: Applicability::Safe,
        receivers_given: 0,
        receiver: None,
        signature,
        new_signature: None,
    })
}

fn of_member<'a>(
    context: &FileContext<'a>,
    rewriting: &mut Rewriting,
    changes: &Changes<'a>,
    used: &MemberUse,
    call: &'a CallSite,
) -> Option<Target<'a>> {
    let constructs = CONSTRUCTORS.contains(&&*used.name);
    let named = |definition: &DottedName| definition.leaf() == &*used.name || constructs;
    if !changes.by_definition.keys().any(named) {
        return None;
    }
    if is_foreign_module(context, used.receiver_node) {
        return None;
    }
    let receiver = context.receivers.receiver(&context.file.path, used.receiver_node, &used.name);
    of_receiver(context, rewriting, changes, &receiver, call, used.receiver, &used.name)
}

/// What a call of a receiver's member meets; a finding where nobody can tell.
fn of_receiver<'a>(
    context: &FileContext<'a>,
    rewriting: &mut Rewriting,
    changes: &Changes<'a>,
    receiver: &Receiver,
    call: &'a CallSite,
    span: Span,
    member: &str,
) -> Option<Target<'a>> {
    let mut meant: Option<(DottedName, &Alternative)> = None;
    let mut others = false;
    let mut through_override = false;
    for alternative in &receiver.alternatives {
        let called = definition_called(changes, alternative, member);
        let overridden = || overridden(context, changes, alternative, member);
        through_override |= called.is_none() && overridden().is_some();
        match called.or_else(overridden) {
            Some(definition) => {
                others |= meant.as_ref().is_some_and(|(other, _)| *other != definition);
                meant = Some((definition, alternative));
            }
            None => others |= !alternative.defined_in.is_empty(),
        }
    }
    let Some((definition, alternative)) = meant else {
        let reason = receiver.unknown.as_deref().filter(|_| !others)?;
        return untold(context, rewriting, changes, reason, call, span, member);
    };
    if others {
        let message = format!(
            "`{member}` takes its arguments differently now for some of what this may be, and \
             not for the rest."
        );
        rewriting.find(context, call.callee, "receiver-mixed", message);
        return None;
    }
    let signature = context.api_from.and_then(|api| {
        let symbol = api.symbol(&definition.join(member)).or_else(|| api.symbol(&definition));
        symbol.and_then(|symbol| symbol.signature.as_ref())
    });
    let binding = signature.map(|signature| signature.binding);
    let through_class = alternative.kind == AlternativeKind::ClassObject;
    let given = usize::from(through_class && binding == Some(Binding::Instance));
    let sure = receiver.unknown.is_none();
    let mut about = changes.about(&definition);
    if through_override {
        // What else changed is for the author of the override to take over.
        about.retain(|met| matches!(*met.change, Change::ArgRename { .. }));
    }
    Some(Target {
        call,
        changes: about,
        applicability: if sure { Applicability::Safe } else { Applicability::Unsafe },
        receivers_given: given,
        receiver: (given == 0).then_some(span),
        signature,
        new_signature: None,
    })
}

/// What a call of a member meets whose receiver nobody can tell; a finding where that is open.
fn untold<'a>(
    context: &FileContext<'a>,
    rewriting: &mut Rewriting,
    changes: &Changes<'a>,
    reason: &str,
    call: &'a CallSite,
    receiver: Span,
    member: &str,
) -> Option<Target<'a>> {
    if let Some(target) = assumed(context, changes, call, receiver, member) {
        let message = format!(
            "A keyword of `{member}` is taken for the library's, since nothing else has a name \
             like it; what it is asked of cannot be told: {reason}."
        );
        rewriting.find(context, call.callee, "receiver-assumed", message);
        return Some(target);
    }
    let touches = |met: &Met<'_>| touches(&met.change, call);
    let may_be_meant = |(definition, met): (&DottedName, &Vec<Met<'_>>)| {
        definition.leaf() == member && met.iter().any(touches) && is_member(context, definition)
    };
    if uses_core(context) && changes.by_definition.iter().any(may_be_meant) {
        let message = format!(
            "`{member}` takes its arguments differently now in one class; whether this is a call \
             of it cannot be told: {reason}."
        );
        rewriting.find(context, call.callee, "receiver-unknown", message);
    }
    None
}

/// What a call of an unknown receiver's member meets if its keywords are names that nothing but the
/// library has.
fn assumed<'a>(
    context: &FileContext<'a>,
    changes: &Changes<'a>,
    call: &'a CallSite,
    receiver: Span,
    member: &str,
) -> Option<Target<'a>> {
    let is_unique = |met: &Met<'_>| match &*met.change {
        Change::ArgRename { parameter, .. } => {
            context.unique.contains(&parameter.from) && touches(&met.change, call)
        }
        _ => false,
    };
    let mut named = changes.by_definition.keys().filter(|definition| definition.leaf() == member);
    let definition = named.find(|definition| {
        changes.by_definition.get(*definition).into_iter().flatten().any(is_unique)
    })?;
    let mut about = changes.about(definition);
    // What must change as well and cannot be assumed would leave a call half of either version.
    let needs_more = about.iter().any(|met| touches(&met.change, call) && !is_unique(met));
    let is_renamed = context.plan.members.iter().any(|change| {
        change.from == member
            && change.to != member
            && definition_of(context, &change.class).join(member) == *definition
    });
    if needs_more || is_renamed && !context.unique.contains(member) {
        return None;
    }
    about.retain(is_unique);
    Some(Target {
        call,
        changes: about,
        applicability: Applicability::Assumed,
        receivers_given: 0,
        receiver: Some(receiver),
        signature: None,
        new_signature: None,
    })
}

/// Whether a call of a method needs its arguments changed by more than keywords that nothing but
/// the library has, so that its name alone must not follow.
pub(crate) fn needs_other_arguments(
    context: &FileContext<'_>,
    call: &CallSite,
    method: &DottedName,
) -> bool {
    context.plan.calls.iter().any(|change| {
        let is_assumed = matches!(&change.change, Change::ArgRename { parameter, .. }
            if context.unique.contains(&parameter.from));
        !is_assumed
            && touches(&change.change, call)
            && definition_of(context, &change.callable) == *method
    })
}

/// Whether a definition is a member of a class, which an unknown receiver may have; a module's
/// function is reached through its module alone.
fn is_member(context: &FileContext<'_>, definition: &DottedName) -> bool {
    context.api_from.and_then(|api| api.symbol(definition)).is_none_or(|s| s.parent.is_some())
}

/// The definition that calling this member reaches, if changes are said about it.
fn definition_called(
    changes: &Changes<'_>,
    alternative: &Alternative,
    member: &str,
) -> Option<DottedName> {
    if alternative.kind == AlternativeKind::Module {
        let definition = alternative.place.name.join(member);
        let ours = alternative.place.origin == Origin::Core;
        return (ours && changes.by_definition.contains_key(&definition)).then_some(definition);
    }
    let constructs = CONSTRUCTORS.contains(&member);
    let written =
        alternative.defined_in.iter().find(|place| place.name.as_str() != "builtins.object");
    let definer = match written {
        Some(definer) => definer,
        // Fields make constructors that no class writes.
        None if constructs => alternative.lineage.iter().find(|place| {
            place.origin == Origin::Core && changes.by_definition.contains_key(&place.name)
        })?,
        None => return None,
    };
    let definition = if constructs { definer.name.clone() } else { definer.name.join(member) };
    (definer.origin == Origin::Core && changes.by_definition.contains_key(&definition))
        .then_some(definition)
}

/// The library's method behind one of the dependent that overrides it, where parameters of both are
/// renamed together.
fn overridden(
    context: &FileContext<'_>,
    changes: &Changes<'_>,
    alternative: &Alternative,
    member: &str,
) -> Option<DottedName> {
    let own = alternative.defined_in.first().filter(|own| own.origin == Origin::Dependent)?;
    let base = alternative.defined_in.iter().find(|place| place.origin == Origin::Core)?;
    if CONSTRUCTORS.contains(&member) {
        return None;
    }
    let definition = base.name.join(member);
    let method = own.name.join(member);
    let follows = |met: &Met<'_>| match &*met.change {
        Change::ArgRename { parameter, .. } => context.index.follows(&method, &parameter.from),
        _ => false,
    };
    changes.by_definition.get(&definition)?.iter().any(follows).then_some(definition)
}

/// Whether a change can matter to a call at all, as far as the call shows.
fn touches(change: &Change, call: &CallSite) -> bool {
    use python::references::ArgumentForm;
    let keyword = |name: &str| {
        call.arguments.iter().any(|argument| match &argument.form {
            ArgumentForm::Keyword { name: given, .. } => &**given == name,
            ArgumentForm::Starred | ArgumentForm::DoubleStarred => true,
            ArgumentForm::Positional => false,
        })
    };
    let positional =
        || call.arguments.iter().any(|argument| argument.form == ArgumentForm::Positional);
    match change {
        Change::ArgRename { parameter, .. } => keyword(&parameter.from),
        Change::ArgRemove { parameter, .. } => {
            keyword(&parameter.name) || parameter.position.is_some() && positional()
        }
        Change::ArgAddDefault { parameter, .. } => parameter.old_behaviour.is_some(),
        Change::ArgReorder { .. } | Change::ArgKeywordOnly { .. } => positional(),
        _ => true,
    }
}
