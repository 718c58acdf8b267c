//! Definitions that were renamed together: two texts that are equal but for names of which the old
//! version has the one and the new version the other.
//!
//! A shape that leaves out only the definition's own name differs as soon as something that it uses
//! was renamed in the same release.

use code_model::DottedName;
use code_model::snapshot::{Snapshot, Symbol, SymbolKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::{Context, compatible};
use super::successors::Successor;
use crate::sources::Version;
use code_model::evidence::Factor;

/// For each name that was renamed beside the definition's own, so many words must have stayed.
const KEPT_MIN: usize = 2;

/// Words that stand in any definition.
const EVERYWHERE: [&str; 13] = [
    "def", "class", "self", "cls", "return", "if", "else", "for", "in", "not", "None", "True",
    "False",
];

/// Names that only one version has, and the definitions behind them.
pub(super) struct Together<'a> {
    /// Last parts of the names that went.
    went: FxHashSet<&'a str>,
    /// Last parts of the names that came.
    came: FxHashSet<&'a str>,
    /// New definitions by the size of their syntax.
    by_size: FxHashMap<u32, Vec<(&'a DottedName, &'a Symbol)>>,
}

impl<'a> Together<'a> {
    pub(super) fn new(context: &Context<'a>) -> Self {
        let mut by_size: FxHashMap<u32, Vec<(&DottedName, &Symbol)>> = FxHashMap::default();
        for (path, symbol) in only_in(context.to, context.from) {
            if symbol.parent.is_none() && symbol.nodes >= context.rules.shape_nodes_min {
                by_size.entry(symbol.nodes).or_default().push((path, symbol));
            }
        }
        let leaves = |one, other| only_in(one, other).map(|(path, _)| path.leaf()).collect();
        let (went, came) = (leaves(context.from, context.to), leaves(context.to, context.from));
        Self { went, came, by_size }
    }

    /// The only new definition that an old one is equal to but for names that went and came.
    pub(super) fn successor(&self, context: &Context<'_>, old: &DottedName) -> Option<Successor> {
        if !context.rules.uses(Factor::HashMatch) {
            return None;
        }
        let before = context.from.symbols.get(old)?;
        let candidates = self.by_size.get(&before.nodes)?.iter().copied();
        self.among(context, (old, before), candidates)
    }

    /// The same for a member of a class, among those that came to the class.
    pub(super) fn successor_of_member(
        &self,
        context: &Context<'_>,
        old: &DottedName,
        came: &[DottedName],
    ) -> Option<Successor> {
        let before = context.from.symbols.get(old)?;
        let is_large = before.nodes >= context.rules.shape_nodes_min;
        if !is_large || !context.rules.uses(Factor::HashMatch) {
            return None;
        }
        let came = came.iter().filter_map(|new| Some((new, context.to.symbols.get(new)?)));
        self.among(context, (old, before), came.filter(|(_, it)| it.nodes == before.nodes))
    }

    /// The only attribute that came to a class and that every method which uses the old one uses in
    /// its place, where these methods are equal otherwise.
    pub(super) fn successor_of_attribute(
        &self,
        context: &Context<'_>,
        (class, new_class): (&DottedName, &DottedName),
        old: &DottedName,
        came: &[DottedName],
    ) -> Option<Successor> {
        let is_attribute =
            |symbol: Option<&Symbol>| symbol.is_some_and(|it| it.kind == SymbolKind::Attribute);
        if !is_attribute(context.from.symbols.get(old)) || !context.rules.uses(Factor::HashMatch) {
            return None;
        }
        let mut methods: Vec<(String, String)> = Vec::new();
        for (path, before) in context.from.symbols.below(class) {
            let is_own = before.parent.as_ref() == Some(class);
            if !is_own || !matches!(before.kind, SymbolKind::Method | SymbolKind::Property) {
                continue;
            }
            let text = context.text_of(Version::From, before)?;
            let after = context.to.symbols.get(&new_class.join(path.leaf()));
            if !mentions(&text, old.leaf()) {
                continue;
            }
            methods.push((text, context.text_of(Version::To, after?)?));
        }
        let mut equal = came.iter().filter(|new| {
            is_attribute(context.to.symbols.get(new))
                && methods.iter().all(|(before, after)| {
                    mentions(after, new.leaf())
                        && self.are_equal((before, old.leaf()), (after, new.leaf()))
                })
        });
        let new = equal.next().filter(|_| !methods.is_empty())?;
        let is_only = equal.next().is_none();
        is_only.then(|| Successor::of_factor(new.clone(), Factor::HashMatch, "renamed_together"))
    }

    fn among<'n>(
        &self,
        context: &Context<'_>,
        (old, before): (&DottedName, &Symbol),
        candidates: impl Iterator<Item = (&'n DottedName, &'n Symbol)>,
    ) -> Option<Successor> {
        let text = context.text_of(Version::From, before)?;
        let mut equal = candidates.filter(|(new, after)| {
            compatible(before.kind, after.kind)
                && context
                    .text_of(Version::To, after)
                    .is_some_and(|other| self.are_equal((&text, old.leaf()), (&other, new.leaf())))
        });
        let (new, _) = equal.next()?;
        let is_only = equal.next().is_none() && !context.says_nothing(Version::From, before);
        is_only.then(|| Successor::of_factor(new.clone(), Factor::HashMatch, "renamed_together"))
    }

    /// Whether two texts differ in such names alone, each old one in one new one.
    fn are_equal(&self, (old, own): (&str, &str), (new, new_own): (&str, &str)) -> bool {
        let mut renamed: FxHashMap<&str, &str> = FxHashMap::from_iter([(own, new_own)]);
        let mut taken: FxHashMap<&str, &str> = FxHashMap::from_iter([(new_own, own)]);
        let mut kept: FxHashSet<&str> = FxHashSet::default();
        let (mut olds, mut news) = (Words(old), Words(new));
        loop {
            let (before, after) = match (olds.next(), news.next()) {
                // Where most names differ, what is equal is only how Python is written.
                (None, None) => return kept.len() >= KEPT_MIN * (renamed.len() - 1),
                (Some(before), Some(after)) => (before, after),
                _ => return false,
            };
            if let Some(known) = renamed.get(before) {
                // The own name may stand in a text, where it is a word like others.
                if *known != after && !(before == own && after == own) {
                    return false;
                }
                continue;
            }
            if before == after {
                if taken.contains_key(after) && after != new_own {
                    return false;
                }
                if before.starts_with(|c: char| c.is_alphabetic()) && !EVERYWHERE.contains(&before)
                {
                    kept.insert(before);
                }
                continue;
            }
            if !self.went.contains(before) || !self.came.contains(after) {
                return false;
            }
            if taken.insert(after, before).is_some() {
                return false;
            }
            renamed.insert(before, after);
        }
    }
}

fn mentions(text: &str, name: &str) -> bool {
    Words(text).any(|word| word == name)
}

fn only_in<'a>(
    one: &'a Snapshot,
    other: &'a Snapshot,
) -> impl Iterator<Item = (&'a DottedName, &'a Symbol)> {
    one.symbols.iter().filter(|(path, _)| !other.symbols.contains_key(path))
}

/// The names, numbers and marks of a text, without the space between them.
struct Words<'t>(&'t str);

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_part(first) {
            text.find(|c: char| !is_part(c)).unwrap_or(text.len())
        } else {
            first.len_utf8()
        };
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        Some(word)
    }
}
