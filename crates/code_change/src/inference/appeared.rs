//! What is new in a version, as candidates for what is gone from the one before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;
use code_model::evidence::Factor;
use code_model::snapshot::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::{Context, compatible};
use crate::similarity::{name_similarity, words};

/// So many names of one module are looked at for each old name of it.
const OF_MODULE_MAX: usize = 400;

/// New definitions that no old definition has as its place, by what they can be found with.
pub(super) struct Appeared {
    pub(super) names: Vec<DottedName>,
    by_shape: FxHashMap<u64, Vec<usize>>,
    by_words: FxHashMap<String, Vec<usize>>,
    by_module: FxHashMap<DottedName, Vec<usize>>,
    /// The words of names, in modules with too many of them to look at all.
    by_module_word: FxHashMap<(DottedName, String), Vec<usize>>,
    by_document: FxHashMap<Arc<str>, Vec<usize>>,
    by_name: FxHashMap<DottedName, usize>,
}

impl Appeared {
    pub(super) fn new(context: &Context<'_>, taken: &FxHashSet<DottedName>) -> Self {
        let mut appeared = Self {
            names: Vec::new(),
            by_shape: FxHashMap::default(),
            by_words: FxHashMap::default(),
            by_module: FxHashMap::default(),
            by_module_word: FxHashMap::default(),
            by_document: FxHashMap::default(),
            by_name: FxHashMap::default(),
        };
        for (path, symbol) in &context.to.symbols {
            let is_new = symbol.parent.is_none()
                && !context.from.symbols.contains_key(path)
                && context.new_reach.contains_key(path)
                && !taken.contains(path);
            if !is_new {
                continue;
            }
            let index = appeared.names.len();
            appeared.names.push(path.clone());
            appeared.by_name.insert(path.clone(), index);
            if symbol.nodes >= context.rules.shape_nodes_min {
                appeared.by_shape.entry(symbol.shape_hash.0).or_default().push(index);
            }
            appeared.by_words.entry(words(path.leaf()).concat()).or_default().push(index);
            appeared.by_module.entry(symbol.module.clone()).or_default().push(index);
            if let Some(text) = symbol.docstring.as_ref().filter(|text| text.len() >= 40) {
                appeared.by_document.entry(text.clone()).or_default().push(index);
            }
        }
        appeared.index_words();
        appeared
    }

    fn index_words(&mut self) {
        let mut found: FxHashMap<(DottedName, String), Vec<usize>> = FxHashMap::default();
        #[expect(clippy::iter_over_hash_type, reason = "each module has its own entries")]
        for (module, names) in &self.by_module {
            if names.len() <= OF_MODULE_MAX {
                continue;
            }
            for index in names {
                for word in words(self.names[*index].leaf()).into_iter().collect::<BTreeSet<_>>() {
                    found.entry((module.clone(), word)).or_default().push(*index);
                }
            }
        }
        self.by_module_word = found;
    }

    /// New names of a module that an old one is compared with: where there are too many, those that
    /// have most words in common with it.
    fn of_module(&self, module: &DottedName, old: &DottedName) -> Vec<usize> {
        let all = self.by_module.get(module).map(Vec::as_slice).unwrap_or_default();
        if all.len() <= OF_MODULE_MAX {
            return all.to_vec();
        }
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for word in words(old.leaf()).into_iter().collect::<BTreeSet<_>>() {
            let named = self.by_module_word.get(&(module.clone(), word));
            // A word that most of them have tells none of them apart.
            for index in named.into_iter().flatten().take(OF_MODULE_MAX) {
                *common.entry(*index).or_default() += 1;
            }
        }
        let mut ranked: Vec<usize> = common.keys().copied().collect();
        ranked.sort_by_key(|index| Reverse(common[index]));
        ranked.extend(all.iter().filter(|index| !common.contains_key(*index)).take(OF_MODULE_MAX));
        ranked.truncate(OF_MODULE_MAX);
        ranked
    }

    /// New definitions worth a close comparison, at most as many as the rules allow.
    pub(super) fn candidates(
        &self,
        context: &Context<'_>,
        old: &DottedName,
        symbol: &Symbol,
    ) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let limit = context.rules.candidates_max;
        let mut take = |list: Option<&Vec<usize>>, limit: usize| {
            found.extend(list.into_iter().flatten().take(limit));
        };
        let hashed = context.rules.uses(Factor::HashMatch);
        if hashed && symbol.nodes >= context.rules.shape_nodes_min {
            take(self.by_shape.get(&symbol.shape_hash.0), limit);
        }
        take(self.by_words.get(&words(old.leaf()).concat()), limit);
        take(symbol.docstring.as_ref().and_then(|text| self.by_document.get(text)), limit);
        let replacements = context.usage.replacements(old);
        found.extend(replacements.iter().filter_map(|(name, _)| self.by_name.get(name)));
        let mut ranked: Vec<(f64, usize)> = self
            .of_module(&symbol.module, old)
            .into_iter()
            .map(|new| (self.promise(context, old, symbol, new), new))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.extend(ranked.into_iter().take(limit).map(|(_, new)| new));
        found.sort_unstable();
        found.dedup();
        found.retain(|new| {
            context
                .to
                .symbols
                .get(&self.names[*new])
                .is_some_and(|after| compatible(symbol.kind, after.kind))
        });
        found
    }

    /// A cheap guess of how well a candidate will do.
    fn promise(&self, context: &Context<'_>, old: &DottedName, symbol: &Symbol, new: usize) -> f64 {
        let Some(after) = context.to.symbols.get(&self.names[new]) else { return 0.0 };
        let size = f64::from(symbol.nodes.min(after.nodes))
            / f64::from(symbol.nodes.max(after.nodes).max(1));
        name_similarity(old.leaf(), self.names[new].leaf()) + 0.5 * size
    }
}
