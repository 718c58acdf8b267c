//! Operations on names: what dependents write changes to what they should write now.

use std::collections::BTreeMap;

use code_model::api::Resolution;
use code_model::evidence::{Candidate, Factor};
use code_model::operation::{Change, NameMatch};
use code_model::report::{AmbiguousName, UnresolvedName};
use code_model::snapshot::{Symbol, SymbolKind};
use code_model::{DottedName, NameMap};

use super::accounting::perhaps;
use super::advice;
use super::context::{Context, compatible};
use super::hints;
use super::kept::kept_path;
use super::modules::{self, ModuleMove};
use super::scoring::{confidence, evidence, round};
use super::signatures;
use super::successors::{Successor, Successors, called_alike, resolve_hint};
use super::{InferredOperation, hints::Hints};
use crate::Version;
use crate::surface::{AccessPath, is_gone, is_plain, is_plain_member};

/// What is known about gone paths that no operation covers.
#[derive(Default)]
pub(super) struct Open {
    pub(super) ambiguous: BTreeMap<DottedName, AmbiguousName>,
    pub(super) unseen: BTreeMap<DottedName, UnresolvedName>,
    pub(super) reasons: BTreeMap<DottedName, String>,
}

pub(super) struct Names {
    pub(super) operations: Vec<InferredOperation>,
    pub(super) open: Open,
}

/// Operations on modules, names of modules and members of classes.
pub(super) fn infer(context: &Context<'_>, successors: &Successors) -> Names {
    let moves = modules::find(context, successors);
    let mut module_operations: BTreeMap<DottedName, InferredOperation> =
        moves.iter().map(|(from, moved)| (from.clone(), module(context, from, moved))).collect();
    let mut names = Names { operations: Vec::new(), open: Open::default() };
    for (path, access) in &context.old_paths {
        if access.is_relisted || is_member(context, path) {
            member(context, successors, path, access, &mut names);
        } else if context.from.modules.contains_key(path) {
            cover_module(context, path, &moves, &mut module_operations);
        } else {
            module_level(
                context,
                successors,
                path,
                access,
                &moves,
                &mut module_operations,
                &mut names,
            );
        }
    }
    names.operations.splice(0..0, module_operations.into_values());
    names
}

/// Whether a path is a member of a class, defined there or another name for one: `old = new` in the
/// class's body.
fn is_member(context: &Context<'_>, path: &DottedName) -> bool {
    match context.from.symbols.get(path) {
        Some(symbol) => symbol.parent.is_some(),
        None => path.parent().is_some_and(|class| {
            context.from.symbols.get(&class).is_some_and(|it| it.kind == SymbolKind::Class)
        }),
    }
}

fn module(context: &Context<'_>, from: &DottedName, moved: &ModuleMove) -> InferredOperation {
    let change = Change::RenameImport { from: from.clone(), to: moved.to.clone() };
    let mut evidence = evidence(&moved.factors, &[], context.rules);
    evidence.content_hash.clone_from(&moved.content_hash);
    InferredOperation {
        confidence: confidence(change.kind(), moved.class, &moved.factors, context.rules),
        class: moved.class,
        change,
        evidence,
        breaking: moved.gone,
        not_repeatable: false,
        note: None,
        covers: Vec::new(),
    }
}

/// The module move that a path lies below, the innermost one, and the path that it gives.
fn moved_path(
    path: &DottedName,
    moves: &BTreeMap<DottedName, ModuleMove>,
) -> Option<(DottedName, DottedName)> {
    std::iter::once(path.clone()).chain(path.ancestors()).find_map(|module| {
        let moved = moves.get(&module)?;
        Some((module.clone(), path.rebased(&module, &moved.to)?))
    })
}

fn cover_module(
    context: &Context<'_>,
    path: &DottedName,
    moves: &BTreeMap<DottedName, ModuleMove>,
    operations: &mut BTreeMap<DottedName, InferredOperation>,
) {
    if is_gone(context.new, path)
        && let Some((module, new)) = moved_path(path, moves)
        && !is_gone(context.new, &new)
        && let Some(operation) = operations.get_mut(&module)
    {
        operation.covers.push(path.clone());
    }
}

fn module_level(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    access: &AccessPath,
    moves: &BTreeMap<DottedName, ModuleMove>,
    module_operations: &mut BTreeMap<DottedName, InferredOperation>,
    names: &mut Names,
) {
    let gone = is_gone(context.new, path);
    let target = &access.target;
    let Some(successor) = successor_of_path(context, successors, path, target, gone) else {
        if gone && !follows_module(context, path, access, moves, module_operations) {
            explain(context, successors, path, target, &mut names.open);
        }
        return;
    };
    if is_only_in_copy(context, &successor) {
        if gone {
            let reason = format!("only the copy of the old version has it, as `{}`", successor.to);
            names.open.reasons.insert(path.clone(), reason);
        }
        return;
    }
    if let Some((module, moved)) = moved_path(path, moves)
        && context.new_definition(&moved).as_ref() == Some(&successor.to)
    {
        if gone
            && access.public
            && let Some(operation) = module_operations.get_mut(&module)
        {
            operation.covers.push(path.clone());
        }
        // The module's move is right; where the package itself offers the name, that is what to
        // write.
        let better = new_path(context, path, &successor).filter(|new| {
            new.leaf() == path.leaf()
                && new.parts().count() < moved.parts().count()
                && context.new_paths.get(new).is_some_and(|access| access.public)
        });
        if let Some(new) = better
            && let Some(change) = name_change(context, path, &new, &successor.to)
        {
            names.operations.push(operation(context, change, (target, &successor), gone));
        }
        return;
    }
    let Some(new) = new_path(context, path, &successor) else {
        if gone {
            let reason = format!("its successor `{}` has no public path", successor.to);
            names.open.reasons.insert(path.clone(), reason);
        }
        return;
    };
    if new == *path {
        return;
    }
    if changes_use(context, target, &successor) {
        if gone {
            let mut entry = ambiguous(path, &[Candidate { name: new.to_string(), score: 0.5 }]);
            "its successor is used differently".clone_into(&mut entry.reason);
            entry.witnesses.clone_from(&successor.witnesses);
            names.open.ambiguous.insert(path.clone(), entry);
        }
        return;
    }
    let mut successor = successor;
    let is_spelled = spelled_path(context, path, &successor).as_ref() == Some(&new);
    if !is_spelled && !context.is_offered(&new, &successor.to, path) {
        successor.class = "place_not_offered";
    }
    if let Some(change) = name_change(context, path, &new, &successor.to) {
        // A name that now means something else breaks whoever goes on using it.
        let breaking = gone || successor.class == "name_reused";
        let mut operation = operation(context, change, (target, &successor), breaking);
        operation.covers = if gone && access.public { vec![path.clone()] } else { Vec::new() };
        names.operations.push(operation);
    }
}

/// Covers a gone path by the move of its module where that has something under this name now: it is
/// what the module offers.
fn follows_module(
    context: &Context<'_>,
    path: &DottedName,
    access: &AccessPath,
    moves: &BTreeMap<DottedName, ModuleMove>,
    operations: &mut BTreeMap<DottedName, InferredOperation>,
) -> bool {
    let follows =
        moved_path(path, moves).filter(|(_, moved)| context.new_definition(moved).is_some());
    let Some(operation) = follows.and_then(|(module, _)| operations.get_mut(&module)) else {
        return false;
    };
    if access.public {
        operation.covers.push(path.clone());
    }
    true
}

/// Whether something lies in a copy of the old version alone: unless the library sends its users
/// there, that is no successor.
fn is_only_in_copy(context: &Context<'_>, successor: &Successor) -> bool {
    let is_sent = matches!(
        successor.class,
        "alias" | "alias_and_deprecation" | "deprecation" | "changelog" | "hint_contested"
    );
    context.is_in_copy(&successor.to) && !is_sent
}

/// Whether the successor cannot simply stand where the old name stood, as a function cannot for a
/// class that was subclassed, unless the code itself equates the two.
fn changes_use(context: &Context<'_>, old: &DottedName, successor: &Successor) -> bool {
    let kind = |symbols: &NameMap<Symbol>, name| symbols.get(name).map(|s| s.kind);
    let equated = successor.factors.contains_key(&Factor::AliasMatch);
    if let (Some(before), Some(after)) =
        (context.from.symbols.get(old), context.to.symbols.get(&successor.to))
        && !equated
        && signatures::is_awaited_otherwise(before, after)
    {
        return true;
    }
    let is_module = context.to.modules.contains_key(&successor.to);
    let was = (context.from.modules.contains_key(old), context.from.symbols.contains_key(old));
    let is_symbol = context.to.symbols.contains_key(&successor.to);
    if (is_module && was.1) || (is_symbol && was.0 && !was.1) {
        return true;
    }
    match (kind(&context.from.symbols, old), kind(&context.to.symbols, &successor.to)) {
        (Some(before), Some(after)) if before != after => {
            let loses = before == SymbolKind::Class && after == SymbolKind::Function;
            !equated && (loses || !compatible(before, after))
        }
        _ => false,
    }
}

/// What replaces an old path: what hints about this very path say, else the definition's own new
/// place, else the definition's successor. A path that is still there is replaced only when it is
/// deprecated or was turned from a definition into another name for something else.
fn successor_of_path(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    target: &DottedName,
    gone: bool,
) -> Option<Successor> {
    if !gone {
        return kept_path(context, successors, path);
    }
    let found = successors.found.get(target);
    let left = |successor: &&Successor| {
        successor.to.leaf() == target.leaf() && successor.to.root() != target.root()
    };
    if let Some(moved) = found.filter(left) {
        return Some(moved.clone());
    }
    if let Some(hinted) = hinted_path(context, path, None) {
        return Some(hinted);
    }
    // What a star may still bring under a list that is computed need not be anywhere else.
    if perhaps(context, path).is_some() {
        return None;
    }
    if let (Some(before), Some(after)) =
        (context.from.symbols.get(target), context.to.symbols.get(target))
    {
        if !context.rules.uses(Factor::AliasMatch) {
            return None;
        }
        let mut successor =
            Successor::of_factor(target.clone(), Factor::AliasMatch, "access_path_dropped");
        if context.rules.uses(Factor::HashMatch) && before.shape_hash == after.shape_hash {
            successor.factors.insert(Factor::HashMatch, 1.0);
            successor.content_hash = Some(before.shape_hash.into());
        }
        return Some(successor);
    }
    found.cloned()
}

/// The successor that hints about exactly this path name; other than what the path reaches now.
pub(super) fn hinted_path(
    context: &Context<'_>,
    path: &DottedName,
    reached: Option<&DottedName>,
) -> Option<Successor> {
    let agreed = hints::agreed(context.hints.about(path).iter().filter_map(|(version, hint)| {
        let target = resolve_hint(context, *version, path, hint)?;
        (Some(&target) != reached).then_some((target, *version, *hint))
    }))?;
    let old = context.old_paths.get(path).map_or(path, |access| &access.target);
    Some(called_alike(context, old, agreed))
}

/// The path to write for a successor: the one that the hint spells, where it can be written, else
/// the best one.
fn new_path(context: &Context<'_>, old: &DottedName, successor: &Successor) -> Option<DottedName> {
    let spelled = spelled_path(context, old, successor);
    let best = context.best_path(&successor.to, old);
    // A hint that was completed to the definition's own place is no advice on how to write it,
    // unless it stands in a table of moved names.
    let listed = successor.witnesses.iter().any(|witness| witness.kind == "lazy_table");
    let advice = spelled.filter(|spelled| listed || *spelled != successor.to);
    advice.or(best)
}

/// The path to a successor as a hint about the old path spells it, where it can be written.
fn spelled_path(
    context: &Context<'_>,
    old: &DottedName,
    successor: &Successor,
) -> Option<DottedName> {
    context.hints.about(old).iter().find_map(|(version, hint)| {
        let new = &context.came.spelled_out(hints::successor(hint)?);
        // The old version could not know what has left its package since.
        let is_current = *version == Version::To || new.root() == successor.to.root();
        let usable = is_current && context.new_paths.contains_key(new) && is_plain(context.to, new);
        (usable && context.new_definition(new).as_ref() == Some(&successor.to)).then(|| new.clone())
    })
}

fn name_change(
    context: &Context<'_>,
    old: &DottedName,
    new: &DottedName,
    definition: &DottedName,
) -> Option<Change> {
    if context.to.modules.contains_key(definition) {
        return Some(Change::RenameImport { from: old.clone(), to: new.clone() });
    }
    let symbol = context.to.symbols.get(definition);
    let before = context.old_paths.get(old).and_then(|a| context.from.symbols.get(&a.target));
    let kind = symbol.or(before)?.kind;
    let (module, to_module) = (old.parent()?, new.parent()?);
    if symbol.is_some_and(|symbol| symbol.parent.is_some())
        && !context.to.modules.contains_key(&to_module)
    {
        // A member of a class is no name that can be imported.
        return None;
    }
    let name = NameMatch {
        to_module: (to_module != module).then_some(to_module),
        module: Some(module),
        class: None,
        from: old.leaf().to_owned(),
        to: new.leaf().to_owned(),
    };
    Some(match kind {
        SymbolKind::Function | SymbolKind::Method => Change::RenameCallable(name),
        _ => Change::RenameSymbol(name),
    })
}

fn operation(
    context: &Context<'_>,
    change: Change,
    (old, successor): (&DottedName, &Successor),
    gone: bool,
) -> InferredOperation {
    let class = advice::class(context, old, successor, gone);
    let mut factors = successor.factors.clone();
    if let Some(share) = context.usage.test_coverage(old, &successor.to) {
        factors.insert(Factor::TestCoverage, share);
    }
    let mut evidence = evidence(&factors, &successor.witnesses, context.rules);
    evidence.content_hash.clone_from(&successor.content_hash);
    evidence.candidates.clone_from(&successor.candidates);
    let used = context.usage.used(old);
    evidence.callsites_found = (used > 0).then_some(used);
    evidence.safe_auto_fix_rate = context.call_sites(old).safe_to_rename().map(round);
    InferredOperation {
        confidence: confidence(change.kind(), class, &factors, context.rules),
        class,
        change,
        evidence,
        breaking: gone,
        not_repeatable: false,
        note: None,
        covers: Vec::new(),
    }
}

/// Says why no operation covers a gone path.
fn explain(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    target: &DottedName,
    open: &mut Open,
) {
    if let Some(candidates) = successors.ambiguous.get(target) {
        open.ambiguous.insert(path.clone(), ambiguous(path, candidates));
    } else if let Some(reason) = successors.unseen_members.get(target) {
        open.unseen.insert(path.clone(), unresolved(path, reason.clone()));
    } else if let Resolution::Unseen(reason) = context.new.resolve(path) {
        open.unseen.insert(path.clone(), unresolved(path, reason));
    }
}

fn ambiguous(path: &DottedName, candidates: &[Candidate]) -> AmbiguousName {
    AmbiguousName {
        name: path.clone(),
        reason: "several successors are about equally plausible".to_owned(),
        candidates: candidates.to_vec(),
        witnesses: Vec::new(),
    }
}

/// Whether a member's successor can stand where the member stood.
fn is_used_alike(successor: &Successor, before: &Symbol, after: &Symbol) -> bool {
    // What only handed on gave whatever the other one gave.
    let equated = successor.factors.contains_key(&Factor::AliasMatch);
    compatible(before.kind, after.kind)
        && (equated || !signatures::is_awaited_otherwise(before, after))
}

/// A successor that cannot simply be written in place of a member.
fn no_stand_in(path: &DottedName, successor: &Successor, reachable: bool) -> AmbiguousName {
    let reason = if reachable {
        "its successor is used differently"
    } else {
        "its successor belongs to another class or module"
    };
    AmbiguousName {
        reason: reason.to_owned(),
        witnesses: successor.witnesses.clone(),
        ..ambiguous(path, &[Candidate { name: successor.to.to_string(), score: 0.5 }])
    }
}

fn unresolved(path: &DottedName, reason: String) -> UnresolvedName {
    UnresolvedName { name: path.clone(), reason, witnesses: Vec::new() }
}

fn member(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    access: &AccessPath,
    names: &mut Names,
) {
    let Some(before) = context.from.symbols.get(&access.target) else { return };
    let Some(class) = path.parent().filter(|_| before.parent.is_some()) else { return };
    if !context.from.modules.contains_key(&before.module) {
        return;
    }
    // What is known of a member is known of its definition.
    let (old_class, subject) = if access.is_relisted {
        let Some(old_class) = context.old_definition(&class) else { return };
        (old_class, &access.target)
    } else {
        (class.clone(), path)
    };
    let Some(new_class) = successors.of_class(context, &class, &old_class) else { return };
    let defined = new_class == class && context.to.symbols.contains_key(path);
    let there = match context.new.member(&new_class, path.leaf()) {
        Resolution::Symbol(there) => Some(there),
        _ => None,
    };
    let still_there = defined || there.is_some();
    let successor = if still_there {
        let here = there.filter(|_| access.is_relisted);
        kept_member(context, subject, &here.unwrap_or_else(|| new_class.join(path.leaf())))
    } else if access.target == *subject {
        successors.found.get(subject).cloned()
    } else {
        other_name(context, &new_class, &access.target)
    };
    let Some(successor) = successor else {
        if !still_there {
            explain(context, successors, path, subject, &mut names.open);
        }
        return;
    };
    let reachable = context.new.member(&new_class, successor.to.leaf())
        == Resolution::Symbol(successor.to.clone());
    let Some(after) = context.to.symbols.get(&successor.to) else { return };
    // What a private base defines is written on the class that users have.
    let is_named = is_plain(context.to, &new_class) || context.new_reach.contains_key(&new_class);
    let is_public = is_named && is_plain_member(successor.to.leaf());
    if !reachable || !is_used_alike(&successor, before, after) || !is_public {
        if !still_there {
            names.open.ambiguous.insert(path.clone(), no_stand_in(path, &successor, reachable));
        }
        return;
    }
    let (from, to) = (path.leaf().to_owned(), successor.to.leaf().to_owned());
    if from == to {
        return;
    }
    // What a member became is no surer than what its class became.
    let of_class = successors.found.get(&old_class).filter(|_| new_class != old_class);
    let sure_of_class = of_class.map(|became| {
        confidence("rename.symbol", became.class, &became.factors, context.rules).overall
    });
    let change = match before.kind {
        SymbolKind::Method | SymbolKind::Function | SymbolKind::Class => {
            Change::RenameCallable(NameMatch {
                module: None,
                class: Some(class),
                from,
                to,
                to_module: None,
            })
        }
        kind => Change::RenameAttribute { class, from, to, keyword: kind == SymbolKind::Field },
    };
    let mut operation = operation(context, change, (subject, &successor), !still_there);
    if let Some(sure) = sure_of_class {
        operation.confidence.lower_to(sure);
    }
    let counted = access.public && is_gone(context.new, path) && !still_there;
    operation.covers = if counted { vec![path.clone()] } else { Vec::new() };
    names.operations.push(operation);
}

/// The member that another name in the old class's body stood for, where the new class has it.
fn other_name(
    context: &Context<'_>,
    new_class: &DottedName,
    target: &DottedName,
) -> Option<Successor> {
    match context.new.member(new_class, target.leaf()) {
        Resolution::Symbol(there) if context.rules.uses(Factor::AliasMatch) => {
            Some(Successor::of_factor(there, Factor::AliasMatch, "alias"))
        }
        _ => None,
    }
}

/// What should be used instead of a member that still works, when the new version says so.
fn kept_member(context: &Context<'_>, path: &DottedName, here: &DottedName) -> Option<Successor> {
    let deprecated = context.hints.deprecates(here) || context.is_deprecated_itself(here);
    if !deprecated {
        return None;
    }
    let about = |hints: &Hints<'_>| !hints.about(here).is_empty();
    let subject = if about(&context.hints) { here } else { path };
    hinted_path(context, subject, Some(here))
}
