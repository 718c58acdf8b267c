//! Call sites in the library's own source and tests that changed from one name to another.

use code_model::DottedName;
use code_model::snapshot::Snapshot;
use rustc_hash::FxHashMap;

/// A user of too many names at once says nothing about any of them.
const CHANGED_NAMES_MAX: usize = 24;

/// Who used what before and uses what now.
#[derive(Default)]
pub(crate) struct Usage {
    /// How many definitions dropped the one name and took up the other.
    replaced: FxHashMap<DottedName, FxHashMap<DottedName, u32>>,
    /// How many definitions that are in both versions dropped the name.
    dropped: FxHashMap<DottedName, u32>,
    /// How many definitions of the old version use the name.
    used: FxHashMap<DottedName, u32>,
}

impl Usage {
    pub(super) fn new(from: &Snapshot, to: &Snapshot) -> Self {
        let mut usage = Self::default();
        for (path, before) in &from.symbols {
            for name in &before.uses {
                *usage.used.entry(name.clone()).or_default() += 1;
            }
            let Some(after) = to.symbols.get(path) else { continue };
            if before.uses == after.uses {
                continue;
            }
            let missing = |a: &[DottedName], b: &[DottedName]| -> Vec<DottedName> {
                a.iter().filter(|name| b.binary_search(name).is_err()).cloned().collect()
            };
            let dropped = missing(&before.uses, &after.uses);
            let taken = missing(&after.uses, &before.uses);
            if dropped.len() > CHANGED_NAMES_MAX || taken.len() > CHANGED_NAMES_MAX {
                continue;
            }
            for old in dropped {
                *usage.dropped.entry(old.clone()).or_default() += 1;
                let replaced = usage.replaced.entry(old).or_default();
                for new in &taken {
                    *replaced.entry(new.clone()).or_default() += 1;
                }
            }
        }
        usage
    }

    /// How many definitions of the old version use the name.
    pub(crate) fn used(&self, old: &DottedName) -> u32 {
        self.used.get(old).copied().unwrap_or_default()
    }

    /// Of the users that dropped the old name: how many took up the new one, and how many there
    /// are.
    pub(crate) fn replaced(&self, old: &DottedName, new: &DottedName) -> (u32, u32) {
        let count = self.replaced.get(old).and_then(|names| names.get(new)).copied();
        (count.unwrap_or_default(), self.dropped.get(old).copied().unwrap_or_default())
    }

    /// The names that most often replaced the old one, with how often, the most frequent first.
    pub(crate) fn replacements(&self, old: &DottedName) -> Vec<(DottedName, u32)> {
        let mut names: Vec<_> = self
            .replaced
            .get(old)
            .into_iter()
            .flatten()
            .map(|(name, count)| (name.clone(), *count))
            .collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        names.truncate(8);
        names
    }
}
