//! Which new definition each old definition became, or is replaced by.

use std::collections::BTreeMap;

use code_model::api::Resolution;
use code_model::evidence::{Candidate, Factor, Witness};
use code_model::hint::HintIdiom;
use code_model::signature::Signature;
use code_model::snapshot::{Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use rustc_hash::{FxHashMap, FxHashSet};

use super::appeared::Appeared;
use super::assignment::{Pair, assign};
use super::commits::{self, Level};
use super::comparison::{Compared, Comparison};
use super::context::{Context, compatible};
use super::heirs;
use super::hints;
use super::members;
use super::scoring::{Factors, round};
use super::signatures;
use super::together::Together;
use crate::similarity::words;
use crate::sources::Version;
use crate::surface::is_plain;

/// What an old definition became, with what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Successor {
    /// The new definition.
    pub(crate) to: DottedName,
    pub(crate) factors: Factors,
    /// The class of evidence, by which confidence is calibrated.
    pub(crate) class: &'static str,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) content_hash: Option<String>,
    /// Others that were plausible.
    pub(crate) candidates: Vec<Candidate>,
}

impl Successor {
    pub(crate) fn of_factor(to: DottedName, factor: Factor, class: &'static str) -> Self {
        Self::of_factor_with(to, factor, 1.0, class)
    }

    pub(crate) fn of_factor_with(
        to: DottedName,
        factor: Factor,
        value: f64,
        class: &'static str,
    ) -> Self {
        Self {
            to,
            factors: Factors::from([(factor, value)]),
            class,
            witnesses: Vec::new(),
            content_hash: None,
            candidates: Vec::new(),
        }
    }
}

/// The successors of old definitions that are gone from their place.
#[derive(Debug, Default)]
pub(crate) struct Successors {
    pub(crate) found: FxHashMap<DottedName, Successor>,
    /// Old definitions with several plausible successors, best first.
    pub(crate) ambiguous: FxHashMap<DottedName, Vec<Candidate>>,
    /// Members that may still be there, with what could not be seen.
    pub(crate) unseen_members: FxHashMap<DottedName, String>,
}

impl Successors {
    pub(crate) fn find(context: &Context<'_>) -> Self {
        let mut successors = Self::default();
        let comparison = Comparison::new(context);
        let vanished = vanished(context);
        let shapes = new_shapes(context);
        let mut open = Vec::new();
        let together = Together::new(context);
        for old in &vanished {
            let same_shape = |symbol: &Symbol| shapes.contains_key(&symbol.shape_hash.0);
            let is_unlike = !context.from.symbols.get(old).is_some_and(same_shape);
            let renamed = || together.successor(context, old).filter(|_| is_unlike);
            match certain(context, old, &shapes).or_else(renamed) {
                Some(successor) => {
                    successors.found.insert(old.clone(), successor);
                }
                None => open.push(old.clone()),
            }
        }
        let taken: FxHashSet<DottedName> =
            successors.found.values().map(|successor| successor.to.clone()).collect();
        let appeared = Appeared::new(context, &taken);
        successors.assign_open(context, &comparison, &open, &appeared);
        for old in &open {
            if !successors.found.contains_key(old)
                && let Some(successor) = successors.twin(context, old)
            {
                successors.ambiguous.remove(old);
                successors.found.insert(old.clone(), successor);
            }
        }
        commits::confirm(context, &comparison, &mut successors, Level::Module);
        heirs::find(context, &open, &mut successors);
        members::find(context, &comparison, &together, &mut successors);
        commits::confirm(context, &comparison, &mut successors, Level::Member);
        successors
    }

    /// The new definition of an old one: itself where it is still defined.
    pub(crate) fn of(&self, context: &Context<'_>, old: &DottedName) -> Option<DottedName> {
        if context.to.symbols.contains_key(old) || context.to.modules.contains_key(old) {
            return Some(old.clone());
        }
        if let Some(successor) = self.found.get(old) {
            return Some(successor.to.clone());
        }
        // A member follows its class.
        let class = context.from.symbols.get(old)?.parent.clone()?;
        let class = self.of(context, &class)?;
        match context.new.member(&class, old.leaf()) {
            Resolution::Symbol(member) => Some(member),
            _ => None,
        }
    }

    /// The class that users of a name have now: what the name itself reaches comes first, since a
    /// private class behind it may be another one in every version.
    pub(crate) fn of_class(
        &self,
        context: &Context<'_>,
        name: &DottedName,
        definition: &DottedName,
    ) -> Option<DottedName> {
        let reached = (name != definition).then(|| context.new_definition(name)).flatten();
        let is_class = |class: &DottedName| {
            context.to.symbols.get(class).is_some_and(|it| it.kind == SymbolKind::Class)
        };
        reached.filter(is_class).or_else(|| self.of(context, definition))
    }

    /// What another name of the same thing became: `Old = name = something` binds both to one
    /// object, so the name that stays takes the place of the one that goes.
    fn twin(&self, context: &Context<'_>, old: &DottedName) -> Option<Successor> {
        if !context.rules.uses(Factor::AliasMatch) {
            return None;
        }
        let symbol = context.from.symbols.get(old).filter(|s| s.kind == SymbolKind::Constant)?;
        let value = symbol.value.as_ref().filter(|value| DottedName::new(value).is_ok())?;
        if matches!(&**value, "None" | "True" | "False") {
            return None;
        }
        let targets: std::collections::BTreeSet<DottedName> = context
            .from
            .symbols
            .below(&symbol.module)
            .filter(|(path, other)| {
                *path != old && other.module == symbol.module && other.value.as_ref() == Some(value)
            })
            .filter_map(|(path, _)| self.of(context, path))
            .collect();
        let mut targets = targets.into_iter();
        match (targets.next(), targets.next()) {
            (Some(target), None) => {
                Some(Successor::of_factor(target, Factor::AliasMatch, "twin_of_kept_name"))
            }
            _ => None,
        }
    }

    fn assign_open(
        &mut self,
        context: &Context<'_>,
        comparison: &Comparison<'_>,
        open: &[DottedName],
        appeared: &Appeared,
    ) {
        let mut pairs = Vec::new();
        let mut details: FxHashMap<(usize, usize), Compared> = FxHashMap::default();
        for (position, old) in open.iter().enumerate() {
            let Some(symbol) = context.from.symbols.get(old) else { continue };
            for new in appeared.candidates(context, old, symbol) {
                let target = &appeared.names[new];
                let Some(after) = context.to.symbols.get(target) else { continue };
                let compared = comparison.compare(old, symbol, target, after);
                if compared.score >= context.rules.candidate_score_min {
                    pairs.push(Pair { old: position, new, score: compared.score });
                    details.insert((position, new), compared);
                }
            }
        }
        settle(context, open, &appeared.names, &pairs, details, self);
        for old in open {
            if !self.found.contains_key(old)
                && let Some(successor) = replaced_in_use(context, old)
            {
                self.ambiguous.remove(old);
                self.found.insert(old.clone(), successor);
            }
        }
    }
}

/// The one name that the library's own code took up where it dropped the old one. Several old names
/// may have become one new name, which no comparison of definitions shows.
fn replaced_in_use(context: &Context<'_>, old: &DottedName) -> Option<Successor> {
    let before = context.from.symbols.get(old)?;
    let mut candidates = context.usage.replacements(old).into_iter().filter(|(name, _)| {
        shares_words(old.leaf(), name.leaf())
            && context.to.symbols.get(name).is_some_and(|s| compatible(before.kind, s.kind))
    });
    let (new, count) = candidates.next()?;
    let rival = candidates.next().map_or(0, |(_, count)| count);
    let (_, dropped) = context.usage.replaced(old, &new);
    if count < 3 || count < 2 * rival || count * 2 < dropped {
        return None;
    }
    let share = f64::from(count) / f64::from(dropped);
    Some(Successor::of_factor_with(new, Factor::CallsiteCoverage, share, "replaced_in_use"))
}

/// Whether a word of the one name stands in the other, alone or run together with further words.
fn shares_words(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    let (all, others) = (one.concat(), other.concat());
    let within = |word: &String, text: &String| word.len() >= 5 && text.contains(word.as_str());
    one.iter().any(|word| other.contains(word) || within(word, &others))
        || other.iter().any(|word| within(word, &all))
}

/// Chooses among compared pairs; near ties become ambiguous.
pub(super) fn settle(
    context: &Context<'_>,
    olds: &[DottedName],
    news: &[DottedName],
    pairs: &[Pair],
    mut details: FxHashMap<(usize, usize), Compared>,
    successors: &mut Successors,
) {
    let mut by_old: BTreeMap<usize, Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        by_old.entry(pair.old).or_default().push(*pair);
    }
    for list in by_old.values_mut() {
        list.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.new.cmp(&b.new)));
    }
    for chosen in assign(pairs) {
        let pair = chosen.pair;
        let candidates: Vec<Candidate> = by_old
            .get(&pair.old)
            .into_iter()
            .flatten()
            .take(5)
            .map(|other| Candidate { name: news[other.new].to_string(), score: round(other.score) })
            .collect();
        let Some(compared) = details.remove(&(pair.old, pair.new)) else { continue };
        let old = &olds[pair.old];
        if chosen.lead < context.rules.lead_min && !compared.is_same_definition {
            if pair.score >= context.rules.assignment_score_min {
                successors.ambiguous.insert(old.clone(), candidates);
            }
            continue;
        }
        if pair.score < context.rules.assignment_score_min && !compared.class.starts_with("weak") {
            continue;
        }
        let others = candidates.into_iter().filter(|c| c.name != news[pair.new].as_str());
        successors.found.insert(
            old.clone(),
            Successor {
                to: news[pair.new].clone(),
                class: compared.class,
                content_hash: compared.content_hash,
                factors: compared.factors,
                witnesses: Vec::new(),
                candidates: others.collect(),
            },
        );
    }
}

/// Definitions that only the new version has, by shapes that are large enough to prove something.
fn new_shapes(context: &Context<'_>) -> FxHashMap<u64, DottedName> {
    let mut shapes = FxHashMap::default();
    if !context.rules.uses(Factor::HashMatch) {
        return shapes;
    }
    for (path, symbol) in &context.to.symbols {
        let is_new = symbol.parent.is_none() && !context.from.symbols.contains_key(path);
        if is_new && symbol.nodes >= context.rules.shape_nodes_min {
            shapes.entry(symbol.shape_hash.0).or_insert_with(|| path.clone());
        }
    }
    shapes
}

/// Old module-level definitions that users can reach and that are no longer defined where they
/// were.
fn vanished(context: &Context<'_>) -> Vec<DottedName> {
    let mut names: Vec<DottedName> = context
        .from
        .symbols
        .iter()
        .filter(|(path, symbol)| {
            symbol.parent.is_none()
                && !context.to.symbols.contains_key(path)
                && context.old_reach.contains_key(*path)
        })
        .map(|(path, _)| path.clone())
        .collect();
    names.sort();
    names
}

/// Successors that need no comparison: the old place now names another definition, or the code of
/// either version says what to use instead.
fn certain(
    context: &Context<'_>,
    old: &DottedName,
    shapes: &FxHashMap<u64, DottedName>,
) -> Option<Successor> {
    let same_shape =
        context.from.symbols.get(old).and_then(|symbol| shapes.get(&symbol.shape_hash.0));
    let aliased = context.rules.uses(Factor::AliasMatch);
    let at_old_place = context.new_definition(old).filter(|new| aliased && new != old);
    let at_old_place =
        at_old_place.or_else(|| behind_public_name(context, old).filter(|_| aliased));
    // The old name may have been given to something else, while its definition lives on under
    // another name.
    let reused = |new: &DottedName| {
        same_shape.is_some_and(|same| {
            same != new
                && context.to.symbols.get(new).map(|s| s.shape_hash)
                    != context.to.symbols.get(same).map(|s| s.shape_hash)
                && !context
                    .from
                    .symbols
                    .get(old)
                    .is_some_and(|symbol| context.says_nothing(Version::From, symbol))
        })
    };
    if let Some(new) = at_old_place.filter(|new| !reused(new)) {
        let mut successor = Successor::of_factor(new, Factor::AliasMatch, "alias_kept");
        let (before, after) =
            (context.from.symbols.get(old)?, context.to.symbols.get(&successor.to));
        if after.is_some_and(|after| context.is_same_shape(before, after)) {
            successor.factors.insert(Factor::HashMatch, 1.0);
            successor.content_hash = Some(before.shape_hash.into());
        }
        return Some(successor);
    }
    hinted(context, old)
}

/// What the public name of a private definition reaches now, where it is called the same.
fn behind_public_name(context: &Context<'_>, old: &DottedName) -> Option<DottedName> {
    if is_plain(context.from, old) {
        return None;
    }
    let kind = context.from.symbols.get(old)?.kind;
    let public = context.old_reach.get(old)?.iter().filter(|path| context.old_paths[*path].public);
    public.filter_map(|path| context.new_definition(path)).find(|new| {
        new.leaf() == old.leaf()
            && !context.from.symbols.contains_key(new)
            && context.to.symbols.get(new).is_some_and(|it| compatible(kind, it.kind))
    })
}

/// The successor that hints about any access path of a definition agree on.
pub(super) fn hinted(context: &Context<'_>, old: &DottedName) -> Option<Successor> {
    let reach = context.old_reach.get(old).map(Vec::as_slice).unwrap_or_default();
    let paths = std::iter::once(old).chain(reach.iter().filter(|path| *path != old));
    let mut named = Vec::new();
    let mut bound = Vec::new();
    for path in paths {
        for (version, hint) in context.hints.about(path) {
            let Some(target) = resolve_hint(context, *version, path, hint) else { continue };
            if target == *old {
                continue;
            }
            // That another name of it is bound to something else now does not say that this took
            // its place: it may have stood for whatever is current.
            let other_name = path.leaf() != old.leaf()
                && target.leaf() != old.leaf()
                && matches!(hint.idiom, HintIdiom::AliasAssignment | HintIdiom::AliasImport);
            let list = if other_name { &mut bound } else { &mut named };
            list.push((target, *version, *hint));
        }
    }
    let direct = hints::agreed(named.into_iter());
    let found = direct.or_else(|| {
        let rebound = hints::agreed(bound.into_iter())?;
        Some(Successor { class: "alias_rebound", ..rebound })
    });
    found.map(|successor| called_alike(context, old, successor))
}

/// A successor that only words name, and that cannot be called as the old definition was, is more
/// than another name for it.
pub(super) fn called_alike(
    context: &Context<'_>,
    old: &DottedName,
    mut successor: Successor,
) -> Successor {
    let signature = |symbols: &NameMap<Symbol>, name| {
        symbols.get(name).and_then(|symbol| symbol.signature.clone())
    };
    let by_words = matches!(
        successor.class,
        "deprecation" | "deprecation_note" | "changelog" | "predecessor_note"
    );
    let before = signature(&context.from.symbols, old);
    let after = signature(&context.to.symbols, &successor.to);
    // A body that calls the successor called it as it was then.
    let says = |kind: &str| successor.witnesses.iter().any(|witness| witness.kind == kind);
    let is_bound = says("alias_assignment") || says("alias_import") || says("lazy_table");
    let by_body = matches!(successor.class, "alias" | "alias_and_deprecation")
        && says("forwarding_body")
        && !is_bound;
    if let (Some(before), Some(after)) = (&before, &after)
        && ((by_words
            && (!signatures::takes_calls_of(after, before)
                || signatures::loses_places(after, before)))
            || (by_body && !signatures::keeps_what_is_required(after, before)))
    {
        successor.class = "called_differently";
    }
    // Documents that name a successor are as often a hint at something like it; what agrees with
    // them makes them sure.
    let both = before.zip(after);
    let binds =
        both.as_ref().is_some_and(|(before, after)| signatures::binds_calls_of(after, before));
    let takes_something = |(before, _): &(Signature, Signature)| {
        !before.caller_parameters().is_empty() && !before.takes_any_position()
    };
    if successor.class == "deprecation" && !binds && both.as_ref().is_some_and(takes_something) {
        successor.class = "deprecation_other_call";
    }
    if matches!(successor.class, "deprecation_note" | "changelog") {
        let says = |factor| successor.factors.contains_key(&factor);
        if says(Factor::ChangelogMatch) && says(Factor::DeprecationMatch) {
            successor.class = "note_and_changelog";
        } else if binds {
            successor.class = "note_and_signature";
        }
    }
    successor
}

/// The new definition that a hint about an old path names.
pub(super) fn resolve_hint(
    context: &Context<'_>,
    version: Version,
    old: &DottedName,
    hint: &code_model::hint::Hint,
) -> Option<DottedName> {
    if hints::is_about_sibling(&hint.text, old.leaf(), hints::successor(hint)?.leaf()) {
        return None;
    }
    let new = &context.came.spelled_out(hints::successor(hint)?);
    let complete = context.new.is_inside(new) || context.old.is_inside(new);
    if complete {
        if let Some(definition) = context.new_definition(new) {
            return Some(same_name_inside(context, old, definition));
        }
        // Something that is not written in Python is known by the path that reaches it.
        if context.is_only_named(new) {
            return Some(new.clone());
        }
        // Named in the old version's words: it may itself have moved since.
        if version == Version::From
            && let Some(definition) = context.old_definition(new)
        {
            let reach = context.old_reach.get(&definition).into_iter().flatten();
            // A name that stands for whatever is current says nothing of what it once reached.
            let same = |path: &DottedName, found: &DottedName| {
                path.leaf() == definition.leaf() || found.leaf() == definition.leaf()
            };
            return std::iter::once(&definition)
                .chain(reach)
                .filter_map(|path| Some((path, context.new_definition(path)?)))
                .find(|(path, found)| same(path, found))
                .map(|(_, found)| found);
        }
        return None;
    }
    // A partial name is read from the old name's place outwards.
    let near = old.ancestors().find_map(|place| context.new_definition(&place.join(new.as_str())));
    // The old version may have named what only the new one has.
    let is_name = new.as_str().contains(['.', '_']) || new.as_str().contains(char::is_uppercase);
    near.or_else(|| context.came.complete(new, None).filter(|_| is_name))
}

/// A text that names a package as the new home of a symbol means the symbol in it, when there is
/// just one.
fn same_name_inside(context: &Context<'_>, old: &DottedName, definition: DottedName) -> DottedName {
    let names_symbol = context.from.modules.contains_key(old)
        || context
            .old_paths
            .get(old)
            .is_some_and(|access| context.from.modules.contains_key(&access.target));
    if names_symbol || !context.to.modules.contains_key(&definition) {
        return definition;
    }
    // An import that binds the name there is what the text speaks of.
    let bound = definition.join(old.leaf());
    if context.to.aliases.contains_key(&bound) {
        return context.new_definition(&bound).unwrap_or(bound);
    }
    let inside = context.to.symbols.below(&definition);
    let alike: Vec<&DottedName> = inside
        .filter(|(path, symbol)| symbol.parent.is_none() && path.leaf() == old.leaf())
        .map(|(path, _)| path)
        .collect();
    match alike[..] {
        [only] => only.clone(),
        _ => definition,
    }
}
