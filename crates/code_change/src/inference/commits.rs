//! What the commits between the versions say about successors.

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::evidence::{Candidate, Factor, Witness};
use rustc_hash::FxHashSet;

use super::comparison::Comparison;
use super::context::{Context, compatible};
use super::scoring::round;
use super::signatures;
use super::successors::{Successor, Successors};
use crate::history::{CommitRecord, Verdict, by_old};
use crate::sources::Version;

/// Which definitions are looked at: members come after their classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Definitions of modules.
    Module,
    /// Members of classes.
    Member,
}

/// Adds what commits say to successors that were found, and finds those that only commits show: one
/// commit took out the old definition and brought in the new one, and what used the one uses the
/// other since.
pub(super) fn confirm(
    context: &Context<'_>,
    comparison: &Comparison<'_>,
    successors: &mut Successors,
    level: Level,
) {
    if !context.rules.uses(Factor::HistoryMatch) {
        return;
    }
    let taken: FxHashSet<DottedName> =
        successors.found.values().map(|successor| successor.to.clone()).collect();
    for (old, commits) in by_old(context.history) {
        let Some(before) = context.from.symbols.get(old) else { continue };
        let is_member = before.parent.is_some();
        if is_member != (level == Level::Member) || !is_open(context, successors, old) {
            continue;
        }
        let strong = strong_candidates(context, successors, old, &commits);
        match successors.found.get_mut(old) {
            Some(found) => {
                if let Some(candidates) = weigh(context, old, found, &commits, &strong) {
                    successors.found.remove(old);
                    successors.ambiguous.insert(old.clone(), candidates);
                }
            }
            None => {
                let [(new, verdict)] = strong.as_slice() else { continue };
                if taken.contains(new) {
                    continue;
                }
                let after = &context.to.symbols[new];
                let compared = comparison.compare(old, before, new, after);
                let mut successor = Successor::of_factor(new.clone(), Factor::HistoryMatch, CLASS);
                successor.factors.extend(compared.factors);
                successor.content_hash = compared.content_hash;
                note(context, &mut successor, *verdict);
                let others = successors.ambiguous.remove(old).unwrap_or_default();
                let others = others.into_iter().filter(|other| other.name != new.as_str());
                successor.candidates = others.collect();
                successors.unseen_members.remove(old);
                successors.found.insert(old.clone(), successor);
            }
        }
    }
}

/// The class of evidence where nothing else is as sure.
const CLASS: &str = "renamed_in_history";

/// Classes that rest on likeness or on use alone.
fn is_weak(class: &str) -> bool {
    matches!(
        class,
        "renamed_similar_name" | "renamed_other_name" | "replaced_in_use" | "merged_into_heir"
    )
}

/// Whether users could reach the definition and cannot do so under its old name any more.
fn is_open(context: &Context<'_>, successors: &Successors, old: &DottedName) -> bool {
    let Some(symbol) = context.from.symbols.get(old) else { return false };
    let Some(class) = &symbol.parent else { return context.old_reach.contains_key(old) };
    let Some(class) = successors.of(context, class) else { return false };
    !matches!(context.new.member(&class, old.leaf()), Resolution::Symbol(_))
}

/// New definitions that can stand where the old one stood and that a commit leaves no doubt about.
fn strong_candidates<'a>(
    context: &Context<'_>,
    successors: &Successors,
    old: &DottedName,
    commits: &[&'a CommitRecord],
) -> Vec<(DottedName, Verdict<'a>)> {
    let before = &context.from.symbols[old];
    let class = before.parent.as_ref().and_then(|class| successors.of(context, class));
    let mut found: Vec<(DottedName, Verdict<'a>)> = Vec::new();
    for commit in commits {
        for new in commit.came_for(old) {
            let Some(after) = context.to.symbols.get(new) else { continue };
            let reachable = after.parent.is_some() || context.new_reach.contains_key(new);
            if after.parent != class || !reachable || !compatible(before.kind, after.kind) {
                continue;
            }
            let is_called_alike = match (&before.signature, &after.signature) {
                (Some(before), Some(after)) => signatures::takes_calls_of(after, before),
                _ => true,
            };
            let Some(verdict) = commit.verdict(old, new).filter(|it| it.is_strong) else {
                continue;
            };
            if is_called_alike && found.iter().all(|(known, _)| known != new) {
                found.push((new.clone(), verdict));
            }
        }
    }
    found
}

/// Adds the commit to a successor. Where a commit leaves no doubt that it is another one, and only
/// likeness spoke for this one, the candidates are given back and nothing is decided.
fn weigh(
    context: &Context<'_>,
    old: &DottedName,
    found: &mut Successor,
    commits: &[&CommitRecord],
    strong: &[(DottedName, Verdict<'_>)],
) -> Option<Vec<Candidate>> {
    let mut best: Option<Verdict<'_>> = None;
    for verdict in commits.iter().filter_map(|commit| commit.verdict(old, &found.to)) {
        if best.is_none_or(|best| verdict.value > best.value) {
            best = Some(verdict);
        }
    }
    if let Some(verdict) = best {
        note(context, found, verdict);
        let alone = strong.len() == 1 && strong[0].0 == found.to;
        if alone && is_weak(found.class) {
            found.class = CLASS;
        }
        return None;
    }
    let (other, verdict) = strong.first().filter(|_| is_weak(found.class))?;
    let own = Candidate { name: found.to.to_string(), score: 0.5 };
    let other = Candidate { name: other.to_string(), score: round(verdict.value) };
    Some(vec![other, own])
}

/// Writes down what a commit says.
fn note(context: &Context<'_>, successor: &mut Successor, verdict: Verdict<'_>) {
    successor.factors.insert(Factor::HistoryMatch, verdict.value);
    let Some(symbol) = context.to.symbols.get(&successor.to) else { return };
    let files = match verdict.left {
        0 => String::new(),
        left => format!(" ({} of {left} files that used the old name followed)", verdict.followed),
    };
    successor.witnesses.push(Witness {
        kind: Factor::HistoryMatch.name().to_owned(),
        version: Version::To.name().to_owned(),
        file: symbol.file.clone(),
        line: symbol.lines.0,
        text: format!("{}{files}", verdict.commit.title()),
    });
}
