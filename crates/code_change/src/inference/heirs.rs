//! Bases that are gone because a class that inherited from them took in what they defined.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::evidence::Factor;
use code_model::snapshot::SymbolKind;

use super::context::Context;
use super::successors::{Successor, Successors};
use crate::surface::is_plain;

/// A base with fewer members of its own than this shows nothing by them.
const MEMBERS_MIN: usize = 5;

/// The share of its members that one heir must define now.
const SHARE_MIN: f64 = 0.6;

/// Finds what became of bases that nothing else explains.
pub(super) fn find(context: &Context<'_>, open: &[DottedName], successors: &mut Successors) {
    let gone: BTreeSet<&DottedName> = open
        .iter()
        .filter(|name| !successors.found.contains_key(*name))
        .filter(|name| context.from.symbols[*name].kind == SymbolKind::Class)
        .collect();
    if gone.is_empty() || !context.rules.uses(Factor::SignatureMatch) {
        return;
    }
    let mut heirs: BTreeMap<&DottedName, BTreeSet<DottedName>> = BTreeMap::new();
    let mut members: BTreeMap<&DottedName, Vec<&str>> = BTreeMap::new();
    for (path, symbol) in &context.from.symbols {
        for base in &symbol.bases {
            if let Some(base) = gone.get(base) {
                heirs.entry(base).or_default().extend(successors.of(context, path));
            }
        }
        if let Some(class) = symbol.parent.as_ref().and_then(|parent| gone.get(parent))
            && is_plain(context.from, path)
        {
            members.entry(class).or_default().push(path.leaf());
        }
    }
    for (base, heirs) in heirs {
        let own = members.get(base).map(Vec::as_slice).unwrap_or_default();
        if own.len() < MEMBERS_MIN {
            continue;
        }
        let mut taken: Vec<(usize, &DottedName)> = heirs
            .iter()
            .map(|heir| {
                let defines = |leaf: &&&str| context.to.symbols.contains_key(&heir.join(leaf));
                (own.iter().filter(defines).count(), heir)
            })
            .collect();
        taken.sort_by(|one, other| other.cmp(one));
        let Some((count, heir)) = taken.first().copied() else { continue };
        let rival = taken.get(1).map_or(0, |(count, _)| *count);
        let share = count as f64 / own.len() as f64;
        if share >= SHARE_MIN && rival * 2 <= count {
            let factor = Factor::SignatureMatch;
            let merged = Successor::of_factor_with(heir.clone(), factor, share, "merged_into_heir");
            successors.ambiguous.remove(base);
            successors.found.insert(base.clone(), merged);
        }
    }
}
