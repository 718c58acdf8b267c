//! Members of classes: they follow their class, and are compared with new members of the same
//! class.

use std::collections::BTreeMap;

use code_model::api::{ApiIndex, Resolution};
use code_model::snapshot::{Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use rustc_hash::FxHashMap;

use super::assignment::Pair;
use super::comparison::Comparison;
use super::context::{Context, compatible};
use super::successors::{Successor, Successors, hinted, settle};
use super::together::Together;
use crate::surface::{AccessPath, is_plain, is_plain_member};

/// Classes with more changed members than this on either side are compared by hints alone.
const CHANGED_MEMBERS_MAX: usize = 300;

/// The members of each class by the class's path: those that it defines, then those of private
/// bases that users have through it.
fn by_class<'a>(
    index: ApiIndex<'a>,
    paths: &'a NameMap<AccessPath>,
) -> BTreeMap<&'a DottedName, Vec<&'a DottedName>> {
    let symbols = &index.snapshot().symbols;
    let mut classes: BTreeMap<&DottedName, Vec<&DottedName>> = BTreeMap::new();
    for (path, symbol) in symbols {
        if let Some(parent) = &symbol.parent {
            classes.entry(parent).or_default().push(path);
        }
    }
    // The members of a class follow each other.
    let mut last: Option<(DottedName, Option<&DottedName>)> = None;
    for (path, access) in paths.iter().filter(|(_, access)| access.is_relisted) {
        let Some(name) = path.parent() else { continue };
        if last.as_ref().is_none_or(|(known, _)| *known != name) {
            let class = match index.resolve(&name) {
                Resolution::Symbol(class) => symbols.get_key_value(&class).map(|(class, _)| class),
                _ => None,
            };
            last = Some((name, class));
        }
        let class = last.as_ref().and_then(|(_, class)| *class);
        let parent = symbols.get(&access.target).and_then(|symbol| symbol.parent.as_ref());
        if let Some(class) = class.filter(|class| Some(*class) != parent) {
            classes.entry(class).or_default().push(&access.target);
        }
    }
    classes
}

/// What a class became. Users know a private one by its public name.
fn new_class(
    context: &Context<'_>,
    successors: &Successors,
    class: &DottedName,
) -> Option<DottedName> {
    let is_public = |path: &&DottedName| context.old_paths.get(path).is_some_and(|it| it.public);
    let name = context
        .old_reach
        .get(class)?
        .iter()
        .find(is_public)
        .filter(|_| !is_plain(context.from, class));
    successors.of_class(context, name.unwrap_or(class), class)
}

/// Finds the successors of members that are gone from classes that are still there, under any name.
pub(super) fn find(
    context: &Context<'_>,
    comparison: &Comparison<'_>,
    together: &Together<'_>,
    successors: &mut Successors,
) {
    let old_members = by_class(context.old, &context.old_paths);
    let new_members = by_class(context.new, &context.new_paths);
    for (class, members) in old_members {
        let Some(before) = context.from.symbols.get(class) else { continue };
        if before.kind != SymbolKind::Class || !context.old_reach.contains_key(class) {
            continue;
        }
        let Some(new_class) = new_class(context, successors, class) else { continue };
        let Some(after) = context.to.symbols.get(&new_class) else { continue };
        let is_own = |member: &DottedName| member.below(class).is_some();
        if *class == new_class
            && members.iter().all(|member| is_own(member))
            && before.shape_hash == after.shape_hash
            && before.bases == after.bases
        {
            continue;
        }
        let mut gone = Vec::new();
        for member in members.into_iter().filter(|it| is_plain_member(it.leaf())) {
            if successors.found.contains_key(member) {
                continue;
            }
            match context.new.member(&new_class, member.leaf()) {
                Resolution::Symbol(_) | Resolution::External(_) | Resolution::Module(_) => {}
                Resolution::Unseen(reason)
                    if !is_own(member) || !context.to.symbols.contains_key(member) =>
                {
                    successors.unseen_members.insert(member.clone(), reason);
                    gone.push(member.clone());
                }
                _ => gone.push(member.clone()),
            }
        }
        if gone.is_empty() {
            continue;
        }
        let came: Vec<DottedName> = new_members
            .get(&new_class)
            .into_iter()
            .flatten()
            .filter(|member| {
                is_plain_member(member.leaf())
                    && matches!(
                        context.old.member(class, member.leaf()),
                        Resolution::Missing | Resolution::Unseen(_)
                    )
            })
            .map(|member| (*member).clone())
            .collect();
        let mut open = Vec::new();
        for member in gone {
            let sure = certain(context, together, &member, &came).or_else(|| {
                let classes = (class, &new_class);
                together.successor_of_attribute(context, classes, &member, &came)
            });
            match sure {
                Some(successor) => {
                    successors.unseen_members.remove(&member);
                    successors.found.insert(member, successor);
                }
                None => open.push(member),
            }
        }
        compare_members(context, comparison, &open, &came, successors);
    }
}

/// The successor of a member that needs no comparison with the others.
fn certain(
    context: &Context<'_>,
    together: &Together<'_>,
    member: &DottedName,
    came: &[DottedName],
) -> Option<Successor> {
    let hint = hinted(context, member).filter(|successor| {
        // A member of another class cannot be reached by renaming.
        context.to.symbols.get(&successor.to).is_some_and(|symbol| symbol.parent.is_some())
    });
    let shape = |it: Option<&Symbol>| it.map(|symbol| symbol.shape_hash);
    hint.or_else(|| {
        let before = shape(context.from.symbols.get(member));
        let renamed = together.successor_of_member(context, member, came);
        renamed.filter(|successor| shape(context.to.symbols.get(&successor.to)) != before)
    })
}

fn compare_members(
    context: &Context<'_>,
    comparison: &Comparison<'_>,
    open: &[DottedName],
    came: &[DottedName],
    successors: &mut Successors,
) {
    if open.len() > CHANGED_MEMBERS_MAX || came.len() > CHANGED_MEMBERS_MAX {
        return;
    }
    let mut pairs = Vec::new();
    let mut details = FxHashMap::default();
    for (old, member) in open.iter().enumerate() {
        let Some(before) = context.from.symbols.get(member) else { continue };
        for (new, candidate) in came.iter().enumerate() {
            let Some(after) = context.to.symbols.get(candidate) else { continue };
            if !compatible(before.kind, after.kind) {
                continue;
            }
            let compared = comparison.compare(member, before, candidate, after);
            if compared.score >= context.rules.candidate_score_min {
                pairs.push(Pair { old, new, score: compared.score });
                details.insert((old, new), compared);
            }
        }
    }
    settle(context, open, came, &pairs, details, successors);
    for member in open {
        if successors.found.contains_key(member) {
            successors.unseen_members.remove(member);
        }
    }
}
