//! Members of classes: they follow their class, and are compared with new members of the same
//! class.

use std::collections::BTreeMap;

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::snapshot::{Snapshot, SymbolKind};
use rustc_hash::FxHashMap;

use super::assignment::Pair;
use super::context::{Context, compatible};
use super::successors::{Comparison, Successors, hinted, settle};
use crate::surface::is_plain;

/// Classes with more changed members than this on either side are compared by hints alone.
const CHANGED_MEMBERS_MAX: usize = 300;

/// The members of each class by the class's path.
fn by_class(snapshot: &Snapshot) -> BTreeMap<&DottedName, Vec<&DottedName>> {
    let mut classes: BTreeMap<&DottedName, Vec<&DottedName>> = BTreeMap::new();
    for (path, symbol) in &snapshot.symbols {
        if let Some(parent) = &symbol.parent {
            classes.entry(parent).or_default().push(path);
        }
    }
    classes
}

/// Finds the successors of members that are gone from classes that are still there, under any name.
pub(super) fn find(
    context: &Context<'_>,
    comparison: &Comparison<'_>,
    successors: &mut Successors,
) {
    let (old_members, new_members) = (by_class(context.from), by_class(context.to));
    for (class, members) in old_members {
        let Some(before) = context.from.symbols.get(class) else { continue };
        if before.kind != SymbolKind::Class || !context.old_reach.contains_key(class) {
            continue;
        }
        let Some(new_class) = successors.of(context, class) else { continue };
        let Some(after) = context.to.symbols.get(&new_class) else { continue };
        if *class == new_class
            && before.shape_hash == after.shape_hash
            && before.bases == after.bases
        {
            continue;
        }
        let mut gone = Vec::new();
        for member in members.into_iter().filter(|member| is_plain(member)) {
            match context.new.member(&new_class, member.leaf()) {
                Resolution::Symbol(_) | Resolution::External(_) | Resolution::Module(_) => {}
                Resolution::Unseen(reason) if !context.to.symbols.contains_key(member) => {
                    successors.unseen_members.insert(member.clone(), reason);
                    gone.push(member.clone());
                }
                _ => gone.push(member.clone()),
            }
        }
        if gone.is_empty() {
            continue;
        }
        let mut open = Vec::new();
        for member in gone {
            let hint = hinted(context, &member).filter(|successor| {
                // A member of another class cannot be reached by renaming.
                context.to.symbols.get(&successor.to).is_some_and(|s| s.parent.is_some())
            });
            match hint {
                Some(successor) => {
                    successors.unseen_members.remove(&member);
                    successors.found.insert(member, successor);
                }
                None => open.push(member),
            }
        }
        let came: Vec<DottedName> = new_members
            .get(&new_class)
            .into_iter()
            .flatten()
            .filter(|member| {
                is_plain(member)
                    && matches!(
                        context.old.member(class, member.leaf()),
                        Resolution::Missing | Resolution::Unseen(_)
                    )
            })
            .map(|member| (*member).clone())
            .collect();
        compare_members(context, comparison, &open, &came, successors);
    }
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
