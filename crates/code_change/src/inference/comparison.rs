//! How alike two definitions are, each kind of evidence by itself.

use std::cell::RefCell;
use std::rc::Rc;

use code_model::DottedName;
use code_model::evidence::Factor;
use code_model::snapshot::{Symbol, SymbolKind};
use rustc_hash::FxHashMap;

use super::context::Context;
use super::meanings;
use super::scoring::{Factors, raw_score};
use super::signatures;
use crate::similarity::{doc_similarity, name_similarity, overlap, words};
use crate::sources::Version;

/// Whether a definition is just a value that many others have as well: `True`, `None`, `0`.
fn is_trivial(symbol: &Symbol) -> bool {
    symbol.signature.is_none()
        && symbol.docstring.is_none()
        && symbol.nodes < 12
        && symbol.value.as_ref().is_none_or(|value| value.len() <= 12)
}

/// Names that are as alike as this are two spellings of one.
const SPELLED_ALIKE_MIN: f64 = 0.9;

/// Whether two names are spellings of one, or one only adds words to the other.
fn is_spelled_alike(old: &str, new: &str) -> bool {
    let (old_words, new_words) = (words(old), words(new));
    let within = |one: &[String], other: &[String]| one.iter().all(|word| other.contains(word));
    let alike = name_similarity(old, new) >= SPELLED_ALIKE_MIN
        || within(&old_words, &new_words)
        || within(&new_words, &old_words);
    alike && !meanings::is_another(old, new)
}

/// Two definitions that are equal in shape, as far as that shows something.
fn unchanged(before: &Symbol, name: f64, (large, same_name): (bool, bool)) -> Compared {
    let class = match (large, same_name) {
        (true, true) => "moved_unchanged",
        (true, false) => "renamed_unchanged",
        _ => "moved_small",
    };
    Compared {
        score: 0.9 + 0.1 * name,
        factors: Factors::from([(Factor::HashMatch, 1.0)]),
        class,
        content_hash: Some(before.shape_hash.into()),
        is_same_definition: same_name,
    }
}

/// A compared pair.
pub(super) struct Compared {
    pub(super) score: f64,
    pub(super) factors: Factors,
    pub(super) class: &'static str,
    pub(super) content_hash: Option<String>,
    /// Equal in shape and name: only the place differs.
    pub(super) is_same_definition: bool,
}

/// Features of syntax by version and definition.
type FeatureCache = FxHashMap<(Version, DottedName), Rc<Vec<u64>>>;

/// Compares definitions closely; features of syntax are taken once a definition.
pub(super) struct Comparison<'a> {
    context: &'a Context<'a>,
    features: RefCell<FeatureCache>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, features: RefCell::new(FxHashMap::default()) }
    }

    fn features(&self, version: Version, path: &DottedName, symbol: &Symbol) -> Rc<Vec<u64>> {
        let key = (version, path.clone());
        if let Some(known) = self.features.borrow().get(&key) {
            return Rc::clone(known);
        }
        let features = Rc::new(self.context.features(version, symbol));
        self.features.borrow_mut().insert(key, Rc::clone(&features));
        features
    }

    pub(super) fn compare(
        &self,
        old: &DottedName,
        before: &Symbol,
        new: &DottedName,
        after: &Symbol,
    ) -> Compared {
        let rules = self.context.rules;
        let name = name_similarity(old.leaf(), new.leaf());
        let same_name = old.leaf() == new.leaf();
        let large = before.nodes >= rules.shape_nodes_min;
        let mut factors = Factors::new();
        let hashed = rules.uses(Factor::HashMatch);
        let equal = hashed && before.shape_hash == after.shape_hash;
        let proves = equal && (large || same_name);
        // Equal bodies that do nothing are equal in all that is left to others to fill in.
        let says_nothing = proves && !same_name && self.context.says_nothing(Version::From, before);
        if proves && !says_nothing {
            return unchanged(before, name, (large, same_name));
        }
        let in_its_place = self.is_used_in_its_place((old, before), (new, after));
        if name < 0.6 && (is_trivial(before) || is_trivial(after)) && !in_its_place {
            let class = "renamed_other_name";
            return Compared {
                score: 0.0,
                factors,
                class,
                content_hash: None,
                is_same_definition: false,
            };
        }
        self.similarities(old, before, new, after, &mut factors);
        let raw = raw_score(&factors, rules);
        let (replaced, dropped) = self.context.usage.replaced(old, new);
        let usage = if replaced >= 2 && replaced * 2 > dropped { 0.1 } else { 0.0 };
        let score = (0.7 * raw + 0.3 * name + usage).min(0.99);
        let is_sibling = same_name && self.context.is_sibling(old.leaf(), before, after);
        let class = match (same_name, name >= 0.6) {
            (false, false) if in_its_place => "replaced_in_use",
            _ if is_sibling || (says_nothing && !is_spelled_alike(old.leaf(), new.leaf())) => {
                "renamed_other_name"
            }
            (true, _) => "moved_changed",
            (false, true) => "renamed_similar_name",
            (false, false) => "renamed_other_name",
        };
        Compared { score, factors, class, content_hash: None, is_same_definition: false }
    }

    /// Whether two constants of one module are equal and whoever in the library dropped the one
    /// took up the other: the values alone would show nothing.
    fn is_used_in_its_place(
        &self,
        (old, before): (&DottedName, &Symbol),
        (new, after): (&DottedName, &Symbol),
    ) -> bool {
        let (replaced, dropped) = self.context.usage.replaced(old, new);
        let are_constants = [before, after].iter().all(|it| it.kind == SymbolKind::Constant);
        let are_equal = before.value.is_some() && before.value == after.value;
        are_constants
            && are_equal
            && before.module == after.module
            && replaced > 0
            && replaced == dropped
    }

    fn similarities(
        &self,
        old: &DottedName,
        before: &Symbol,
        new: &DottedName,
        after: &Symbol,
        factors: &mut Factors,
    ) {
        let value = |symbol: &Symbol| {
            matches!(
                symbol.kind,
                SymbolKind::Constant
                    | SymbolKind::TypeAlias
                    | SymbolKind::Attribute
                    | SymbolKind::Field
                    | SymbolKind::EnumMember
            )
        };
        if value(before) && value(after) {
            // The syntax of a small assignment says nothing; its value and type do.
            let equal = match (&before.value, &after.value) {
                (Some(a), Some(b)) => f64::from(a == b),
                _ => 0.3,
            };
            let typed = match (&before.annotation, &after.annotation) {
                (Some(a), Some(b)) => f64::from(a == b),
                _ => equal,
            };
            factors.insert(Factor::AstSimilarity, 0.6 * equal + 0.4 * typed);
        } else if self.context.rules.uses(Factor::AstSimilarity) {
            let a = self.features(Version::From, old, before);
            let b = self.features(Version::To, new, after);
            if !a.is_empty() && !b.is_empty() {
                factors.insert(Factor::AstSimilarity, python::features::feature_similarity(&a, &b));
            }
        }
        if self.context.rules.uses(Factor::DocSimilarity)
            && let (Some(a), Some(b)) = (&before.docstring, &after.docstring)
        {
            factors.insert(Factor::DocSimilarity, doc_similarity(a, b));
        }
        if let Some(uses) = overlap(&before.uses, &after.uses) {
            factors.insert(Factor::UsageSimilarity, uses);
        }
        if let (Some(a), Some(b)) = (&before.signature, &after.signature)
            && let Some(similar) = signatures::similarity(a, b)
        {
            factors.insert(Factor::SignatureMatch, similar);
        }
        if let Some(share) = self.context.usage.callsite_coverage(old, new) {
            factors.insert(Factor::CallsiteCoverage, share);
        }
        factors.retain(|factor, _| self.context.rules.uses(*factor));
    }
}
