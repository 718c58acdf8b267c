//! What a receiver's type says about renamed members.

use code_model::DottedName;
use code_model::api::Resolution;
use python::types::{Alternative, AlternativeKind, Origin, Receiver};

use crate::{FileContext, MemberChange};

/// What to do at one place.
pub(crate) enum Verdict<'a> {
    /// It is the renamed member.
    Apply(&'a MemberChange),
    /// It is the renamed member, or something that nobody can tell.
    Probably(&'a MemberChange, String),
    /// Nobody can tell.
    Unknown(String),
    /// It is the renamed member of one class or another member of another class.
    Mixed,
    /// It is something else.
    Leave,
}

/// The definition that a name of the old version reaches; the name itself where the old version is
/// not at hand.
pub(crate) fn definition_of(context: &FileContext<'_>, name: &DottedName) -> DottedName {
    match context.api_from.map(|api| api.resolve(name)) {
        Some(Resolution::Symbol(definition)) => definition,
        _ => name.clone(),
    }
}

/// Whether a file mentions the library at all, directly or through the dependent's own modules.
pub(crate) fn uses_core(context: &FileContext<'_>) -> bool {
    let roots = &context.plan.roots;
    let is_core = |name: &DottedName| roots.iter().any(|root| name.below(root).is_some());
    !context.references.references.is_empty()
        || context
            .references
            .imports
            .iter()
            .filter_map(|import| import.target.as_ref())
            .any(is_core)
}

/// What the type of a receiver says about a member that these changes rename.
pub(crate) fn judge<'a>(
    context: &FileContext<'_>,
    changes: &[&'a MemberChange],
    receiver: &Receiver,
) -> Verdict<'a> {
    let mut found: Option<&'a MemberChange> = None;
    let mut other = false;
    for alternative in &receiver.alternatives {
        match change_for(context, changes, alternative) {
            Some(change) if found.is_some_and(|found| found.to != change.to) => {
                return Verdict::Mixed;
            }
            Some(change) => found = Some(change),
            // Without a definition of the member the code would fail on this alternative anyway.
            None => other |= !alternative.defined_in.is_empty(),
        }
    }
    match (found, other, &receiver.unknown) {
        (Some(_), true, _) => Verdict::Mixed,
        (Some(change), false, None) => Verdict::Apply(change),
        (Some(change), false, Some(reason)) => Verdict::Probably(change, reason.clone()),
        (None, true, _) | (None, false, None) => Verdict::Leave,
        (None, false, Some(reason)) => Verdict::Unknown(reason.clone()),
    }
}

/// The change that applies to one thing that the receiver may be.
fn change_for<'a>(
    context: &FileContext<'_>,
    changes: &[&'a MemberChange],
    alternative: &Alternative,
) -> Option<&'a MemberChange> {
    if matches!(
        alternative.kind,
        AlternativeKind::Module | AlternativeKind::Function | AlternativeKind::Method
    ) {
        return None;
    }
    let change_of = |class: &DottedName| {
        changes.iter().copied().find(|change| definition_of(context, &change.class) == *class)
    };
    let from = &changes.first()?.from;
    let core = |origin: Origin| origin == Origin::Core;
    let mut definers = alternative.defined_in.iter().filter(|place| core(place.origin)).peekable();
    if definers.peek().is_none() {
        let mut inherited = alternative.lineage.iter().filter(|place| core(place.origin));
        return inherited.find_map(|place| change_of(&place.name));
    }
    let lineage = || alternative.lineage.iter().map(|place| &place.name);
    for definer in definers {
        let through = || through_heir(context, changes, lineage(), &definer.name);
        if let Some(change) = change_of(&definer.name).or_else(through) {
            return Some(change);
        }
        // A class of the library that overrides the member and keeps it is meant before its bases.
        let api_to = context.api_to?;
        let class = context.plan.renamed(&definer.name).unwrap_or_else(|| definer.name.clone());
        if !matches!(api_to.resolve(&class.join(from)), Resolution::Missing) {
            return None;
        }
    }
    None
}

/// The change of a member on one of the classes that inherit it from `definer`: what a private base
/// defines is changed on the classes that users have.
fn through_heir<'a, 'n>(
    context: &FileContext<'_>,
    changes: &[&'a MemberChange],
    mut lineage: impl Iterator<Item = &'n DottedName>,
    definer: &DottedName,
) -> Option<&'a MemberChange> {
    let api = context.api_from?;
    lineage.find_map(|class| {
        changes.iter().copied().find(|change| {
            definition_of(context, &change.class) == *class
                && api.resolve(&change.class.join(&change.from))
                    == Resolution::Symbol(definer.join(&change.from))
        })
    })
}
