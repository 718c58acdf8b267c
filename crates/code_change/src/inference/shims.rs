//! Calls that are written differently, read off bodies that say how.
//!
//! Two bodies say it: that of a deprecated shim, in either version, and that of an old callable
//! that is gone and did nothing but call what is still there. A template counts only where binding
//! both signatures proves it; else whatever else is known of the name stands.

use std::collections::BTreeSet;

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::evidence::{Factor, Witness};
use code_model::forward::{Forward, ForwardHolder, ForwardingBody};
use code_model::operation::Change;
use code_model::signature::{Binding, Signature};
use code_model::snapshot::{Symbol, SymbolKind};
use rustc_hash::FxHashMap;

use super::InferredOperation;
use super::context::Context;
use super::hints;
use super::parameters::written_path;
use super::scoring::{Factors, confidence, evidence, round};
use super::successors::Successors;
use super::template::{Derivation, Template};
use crate::sources::Version;
use crate::surface::{is_gone, is_plain};

/// A rename that is this sure stands where only names of parameters differ.
const RENAME_SURE_MIN: f64 = 0.7;

/// Adds an operation for every call that a body says how to write, and takes out what it makes
/// needless: renames of the same name, and changes of its parameters.
pub(super) fn settle(
    context: &Context<'_>,
    successors: &Successors,
    operations: &mut Vec<InferredOperation>,
) {
    let mut owners: BTreeSet<&DottedName> = context.from.forwards.keys().collect();
    owners.extend(context.to.forwards.keys().filter(|it| context.from.symbols.contains_key(it)));
    let mut rewritten: BTreeSet<DottedName> = BTreeSet::new();
    let mut added = Vec::new();
    let renames = renames(context, operations);
    for owner in owners {
        let rename = renames.get(owner).map(|at| &operations[*at]);
        let Some(operation) = rewrite(context, successors, owner, rename) else { continue };
        rewritten.insert(owner.clone());
        added.push(operation);
    }
    operations.retain(|operation| {
        let old = match &operation.change {
            Change::RenameCallable(name) | Change::RenameSymbol(name) => name.old(),
            change => callable_of(change).cloned(),
        };
        let definition = old.and_then(|old| context.old_definition(&old));
        definition.is_none_or(|definition| !rewritten.contains(&definition))
    });
    operations.extend(added);
}

/// The callable whose parameters a change is about.
fn callable_of(change: &Change) -> Option<&DottedName> {
    match change {
        Change::ArgRename { callable, .. }
        | Change::ArgAddDefault { callable, .. }
        | Change::ArgRemove { callable, .. }
        | Change::ArgReorder { callable, .. }
        | Change::ArgKeywordOnly { callable, .. }
        | Change::ArgAddRequired { callable, .. } => Some(callable),
        _ => None,
    }
}

/// An old callable whose body hands on.
struct Shim<'a> {
    owner: &'a DottedName,
    before: &'a Symbol,
    version: Version,
    body: &'a ForwardingBody,
    /// The class that has the owner in the new version, for members.
    new_class: Option<DottedName>,
    gone: bool,
}

fn rewrite(
    context: &Context<'_>,
    successors: &Successors,
    owner: &DottedName,
    rename: Option<&InferredOperation>,
) -> Option<InferredOperation> {
    let shim = shim(context, successors, owner)?;
    let (path, receiver, public) = written_path(context, owner, shim.before)?;
    if !public || !is_plain(context.from, &path) {
        return None;
    }
    let (target, template) = template(context, successors, &shim, &path)?;
    if template.is_rename || !agrees(context, successors, &shim, &target) {
        return None;
    }
    // Keywords follow by operations of their own, and a rename reaches uses that are no calls.
    let is_sure = rename.is_some_and(|it| it.confidence.overall >= RENAME_SURE_MIN);
    if template.keeps_places && is_sure {
        return None;
    }
    let is_deprecated = shim.body.forward.is_deprecated;
    let class = if is_deprecated { "shim_template" } else { "body_template" };
    let mut factors = Factors::from([(Factor::AliasMatch, 1.0), (Factor::SignatureMatch, 1.0)]);
    if is_deprecated {
        factors.insert(Factor::DeprecationMatch, 1.0);
    }
    let mut witnesses = vec![witness(&shim)];
    witnesses.extend(rename.iter().flat_map(|it| it.evidence.witnesses.iter().cloned()));
    let change = Change::CallRewrite {
        callable: path,
        receiver,
        parameters: template.parameters,
        defaults: template.defaults,
        template: template.text,
    };
    let mut evidence = evidence(&factors, &witnesses, context.rules);
    evidence.sig_from = Some(shim.before.signature_hash.into());
    evidence.sig_to = context.to.symbols.get(&target).map(|it| it.signature_hash.into());
    let used = context.usage.used(owner);
    evidence.callsites_found = (used > 0).then_some(used);
    let sites = context.call_sites(owner);
    evidence.safe_auto_fix_rate = sites.safe_to_change_arguments().map(round);
    let covers = covered(context, owner, shim.before, shim.gone);
    Some(InferredOperation {
        confidence: confidence(change.kind(), class, &factors, context.rules),
        class,
        change,
        evidence,
        breaking: shim.gone,
        not_repeatable: false,
        note: None,
        covers,
    })
}

fn witness(shim: &Shim<'_>) -> Witness {
    Witness {
        kind: "forwarding_body".to_owned(),
        version: shim.version.name().to_owned(),
        file: shim.body.file.clone(),
        line: shim.body.line,
        text: shim.body.text.to_string(),
    }
}

/// The first operation that renames each old definition.
fn renames(
    context: &Context<'_>,
    operations: &[InferredOperation],
) -> FxHashMap<DottedName, usize> {
    let mut renames = FxHashMap::default();
    for (at, operation) in operations.iter().enumerate() {
        if let Change::RenameCallable(name) | Change::RenameSymbol(name) = &operation.change
            && let Some(definition) = name.old().and_then(|old| context.old_definition(&old))
        {
            renames.entry(definition).or_insert(at);
        }
    }
    renames
}

/// The gone public paths of the owner.
fn covered(
    context: &Context<'_>,
    owner: &DottedName,
    before: &Symbol,
    gone: bool,
) -> Vec<DottedName> {
    let is_own = before.parent.is_some() && is_plain(context.from, owner);
    let reach = || context.old_reach.get(owner).cloned().unwrap_or_default();
    let paths = if is_own { vec![owner.clone()] } else { reach() };
    let is_public = |path: &DottedName| context.old_paths.get(path).is_some_and(|it| it.public);
    paths.into_iter().filter(|it| gone && is_public(it) && is_gone(context.new, it)).collect()
}

/// The body that speaks for an old callable: in the new version that of a deprecated shim that is
/// still there, else that which the old version had.
fn shim<'a>(
    context: &Context<'a>,
    successors: &Successors,
    owner: &'a DottedName,
) -> Option<Shim<'a>> {
    let before = context.from.symbols.get(owner)?;
    // A definition in a private place is called by whatever name users have for it.
    let is_called = is_plain(context.from, owner) || context.old_reach.contains_key(owner);
    if !matches!(before.kind, SymbolKind::Function | SymbolKind::Method) || !is_called {
        return None;
    }
    let new_class = match &before.parent {
        Some(class) => Some(successors.of(context, class)?),
        None => None,
    };
    let (here, gone) = match &new_class {
        Some(class) => {
            let here = class.join(owner.leaf());
            let gone = context.new.member(class, owner.leaf()) == Resolution::Missing;
            (here, gone)
        }
        None => {
            let paths = context.old_reach.get(owner).map(Vec::as_slice).unwrap_or_default();
            let public =
                |path: &&DottedName| context.old_paths.get(path).is_some_and(|it| it.public);
            let gone = is_gone(context.new, owner)
                && paths.iter().filter(public).all(|path| is_gone(context.new, path));
            (owner.clone(), gone)
        }
    };
    let only = |version: Version, name: &DottedName| {
        let snapshot = if version == Version::To { context.to } else { context.from };
        match snapshot.forwards.get(name).map(Vec::as_slice) {
            Some([only]) => Some(only),
            _ => None,
        }
    };
    let shim =
        |version, body| Shim { owner, before, version, body, new_class: new_class.clone(), gone };
    if gone {
        return only(Version::From, owner).map(|body| shim(Version::From, body));
    }
    let after = context.to.symbols.get(&here)?;
    let body = only(Version::To, &here).filter(|body| body.forward.is_deprecated)?;
    // A shim that takes its calls otherwise than the old callable says nothing of old calls.
    let same = caller_parameters_agree(before.signature.as_ref()?, after.signature.as_ref()?);
    same.then(|| shim(Version::To, body))
}

fn caller_parameters_agree(before: &Signature, after: &Signature) -> bool {
    let (before, after) = (before.caller_parameters(), after.caller_parameters());
    before.len() == after.len()
        && before
            .iter()
            .zip(after)
            .all(|(a, b)| (&a.name, a.kind, &a.default) == (&b.name, b.kind, &b.default))
}

/// The new definition that a shim hands on to, with the template.
fn template(
    context: &Context<'_>,
    successors: &Successors,
    shim: &Shim<'_>,
    path: &DottedName,
) -> Option<(DottedName, Template)> {
    let forward = &shim.body.forward;
    let (spoken, symbols): (ApiIndex<'_>, _) = match shim.version {
        Version::From => (context.old, &context.from.symbols),
        Version::To => (context.new, &context.to.symbols),
    };
    let Resolution::Symbol(called) = spoken.resolve(&forward.target) else { return None };
    let target = match (shim.version, &shim.new_class, &forward.holder) {
        (_, Some(class), ForwardHolder::Receiver) => {
            match context.new.member(class, forward.target.leaf()) {
                Resolution::Symbol(member) => member,
                _ => return None,
            }
        }
        (Version::To, ..) => called.clone(),
        (Version::From, ..) => successors.of(context, &called)?,
    };
    let (before, after) = (symbols.get(&called)?, context.to.symbols.get(&target)?);
    let is_call = forward.arguments.is_some();
    let fits = |symbol: &Symbol| match forward.arguments {
        Some(_) => symbol.kind.is_callable(),
        None => !symbol.kind.is_callable(),
    };
    let unusable = target == *shim.owner
        || target.leaf().starts_with('_')
        || after.deprecated.is_some()
        || !fits(before)
        || !fits(after)
        || binding_differs(shim, before, after, forward);
    if unusable || (is_call && context.hints.deprecates(&target)) {
        return None;
    }
    let callee = callee(context, shim, &target, path)?;
    let same_names = after.module == shim.before.module;
    let old = shim.before.signature.as_ref()?;
    let derivation = Derivation {
        old,
        forward,
        called: before.signature.as_ref(),
        new: after.signature.as_ref(),
        callee,
        same_names,
    };
    let names = |name: &DottedName| written(context, successors, (shim.version, path), name);
    Some((target.clone(), derivation.template(&names)?))
}

/// Whether what is called takes its receiver otherwise than the body gives it.
fn binding_differs(
    shim: &Shim<'_>,
    before: &Symbol,
    after: &Symbol,
    forward: &Forward<DottedName>,
) -> bool {
    let binding = |symbol: &Symbol| symbol.signature.as_ref().map(|it| it.binding);
    let own = shim.before.signature.as_ref().map(|it| it.binding);
    let is_member = |symbol: &Symbol| {
        matches!(symbol.kind, SymbolKind::Method | SymbolKind::Property)
            || symbol.parent.is_some() && symbol.kind != SymbolKind::Class
    };
    match (&forward.holder, forward.arguments.is_some()) {
        // A method of an instance cannot be reached through a class, nor a class's own name
        // through what it was given.
        (ForwardHolder::Receiver, true) => [before, after].iter().any(|it| match binding(it) {
            Some(Binding::Instance) => own != Some(Binding::Instance),
            _ => it.kind == SymbolKind::Class,
        }),
        (ForwardHolder::Receiver, false) => own != Some(Binding::Instance),
        (ForwardHolder::Parameter(_), true) => {
            [before, after].iter().any(|it| binding(it) != Some(Binding::Instance))
        }
        (ForwardHolder::Parameter(_), false) => false,
        (ForwardHolder::None, _) => {
            [before, after].iter().any(|it| is_member(it) && binding(it) == Some(Binding::Instance))
        }
    }
}

/// How the new version writes what is called or read.
fn callee(
    context: &Context<'_>,
    shim: &Shim<'_>,
    target: &DottedName,
    old: &DottedName,
) -> Option<String> {
    let member = || {
        let name = shim.body.forward.target.leaf();
        (!name.starts_with('_')).then(|| name.to_owned())
    };
    match &shim.body.forward.holder {
        ForwardHolder::Receiver => member().map(|member| format!("self.{member}")),
        ForwardHolder::Parameter(name) => member().map(|member| format!("{name}.{member}")),
        ForwardHolder::None => {
            let path = context.best_path(target, old)?;
            let offered = !path.is_private()
                && context.new_definition(&path).as_ref() == Some(target)
                && context.is_offered(&path, target, old);
            offered.then(|| path.to_string())
        }
    }
}

/// How the new version writes a name of the body's version: a public value, or a builtin.
fn written(
    context: &Context<'_>,
    successors: &Successors,
    (version, old): (Version, &DottedName),
    name: &DottedName,
) -> Option<String> {
    let definition = match version {
        Version::From => successors.of(context, &context.old_definition(name)?)?,
        Version::To => context.new_definition(name)?,
    };
    let symbol = context.to.symbols.get(&definition)?;
    // A variable may have another value when the call is made than when it is read.
    let is_capital = !definition.leaf().contains(char::is_lowercase);
    let is_constant = match symbol.kind {
        SymbolKind::EnumMember | SymbolKind::Class => true,
        SymbolKind::Constant | SymbolKind::Attribute => is_capital,
        _ => false,
    };
    let path = context.best_path(&definition, old)?;
    (is_constant && !path.is_private()).then(|| path.to_string())
}

/// Whether nothing else that is known about the owner names something else.
fn agrees(
    context: &Context<'_>,
    successors: &Successors,
    shim: &Shim<'_>,
    target: &DottedName,
) -> bool {
    let found = successors.found.get(shim.owner);
    let is_same =
        |name: &DottedName| name == target || context.new_definition(name).as_ref() == Some(target);
    let found_other = found.is_some_and(|found| !is_same(&found.to));
    let named_other = context.hints.about(shim.owner).iter().any(|(_, hint)| {
        hints::successor(hint).is_some_and(|name| {
            name.leaf() != target.leaf() && !is_same(name) && name != shim.owner
        })
    });
    !found_other && !named_other
}
