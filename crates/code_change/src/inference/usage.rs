//! Call sites in the library's own source and tests that changed from one name to another.

use code_model::DottedName;
use code_model::evidence::Factor;
use code_model::snapshot::Snapshot;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::rules::Rules;

/// A user of too many names at once says nothing about any of them.
const CHANGED_NAMES_MAX: usize = 24;

/// Who used what before and uses what now.
#[derive(Default)]
pub(crate) struct Usage<'a> {
    /// Definitions of the library, tests left out.
    source: Changes,
    /// Functions and methods of tests, inside packages and outside.
    tests: Changes,
    /// What the tests that dropped a name use now.
    tests_now: FxHashMap<&'a DottedName, Vec<&'a [DottedName]>>,
    /// Whether source and tests are left unheard as evidence.
    unheard: (bool, bool),
    /// How many definitions of the old version use the name.
    used: FxHashMap<DottedName, u32>,
}

/// Changes of the users that are in both versions.
#[derive(Default)]
struct Changes {
    /// How many of them dropped the one name and took up the other.
    replaced: FxHashMap<DottedName, FxHashMap<DottedName, u32>>,
    /// How many of them dropped the name.
    dropped: FxHashMap<DottedName, u32>,
}

impl Changes {
    fn add(&mut self, dropped: &[&DottedName], taken: &[&DottedName]) {
        for old in dropped {
            *self.dropped.entry((*old).clone()).or_default() += 1;
            let replaced = self.replaced.entry((*old).clone()).or_default();
            for new in taken {
                *replaced.entry((*new).clone()).or_default() += 1;
            }
        }
    }

    fn replaced(&self, old: &DottedName, new: &DottedName) -> (u32, u32) {
        let count = self.replaced.get(old).and_then(|names| names.get(new)).copied();
        (count.unwrap_or_default(), self.dropped.get(old).copied().unwrap_or_default())
    }
}

impl<'a> Usage<'a> {
    pub(super) fn new(from: &'a Snapshot, to: &'a Snapshot, rules: &Rules) -> Self {
        let tests = from.modules.iter().filter(|(_, module)| module.is_test);
        let tests: FxHashSet<&DottedName> = tests.map(|(name, _)| name).collect();
        let unheard = (!rules.uses(Factor::CallsiteCoverage), !rules.uses(Factor::TestCoverage));
        let mut usage = Self { unheard, ..Self::default() };
        for (path, before) in &from.symbols {
            let after = to.symbols.get(path).map(|after| after.uses.as_slice());
            usage.add(&before.uses, after, tests.contains(&before.module));
        }
        for (path, before) in &from.test_uses {
            usage.add(before, to.test_uses.get(path).map(Vec::as_slice), true);
        }
        usage
    }

    fn add(&mut self, before: &'a [DottedName], after: Option<&'a [DottedName]>, is_test: bool) {
        for name in before {
            *self.used.entry(name.clone()).or_default() += 1;
        }
        let Some(after) = after.filter(|after| *after != before) else { return };
        let missing = |a: &'a [DottedName], b: &[DottedName]| -> Vec<&'a DottedName> {
            a.iter().filter(|name| b.binary_search(name).is_err()).collect()
        };
        let dropped = missing(before, after);
        let taken = missing(after, before);
        if dropped.len() > CHANGED_NAMES_MAX || taken.len() > CHANGED_NAMES_MAX {
            return;
        }
        let unheard = if is_test { self.unheard.1 } else { self.unheard.0 };
        if unheard {
            return;
        }
        if is_test {
            self.tests.add(&dropped, &taken);
            for old in dropped {
                self.tests_now.entry(old).or_default().push(after);
            }
        } else {
            self.source.add(&dropped, &taken);
        }
    }

    /// How many definitions of the old version use the name.
    pub(crate) fn used(&self, old: &DottedName) -> u32 {
        self.used.get(old).copied().unwrap_or_default()
    }

    /// Of the users in source and tests that dropped the old name: how many took up the new one,
    /// and how many there are.
    pub(crate) fn replaced(&self, old: &DottedName, new: &DottedName) -> (u32, u32) {
        let (source, tests) = (self.source.replaced(old, new), self.tests.replaced(old, new));
        (source.0 + tests.0, source.1 + tests.1)
    }

    /// Of the library's own definitions that dropped the old name, tests left out, the share that
    /// took up the new one; none where none did.
    pub(crate) fn callsite_coverage(&self, old: &DottedName, new: &DottedName) -> Option<f64> {
        let (replaced, dropped) = self.source.replaced(old, new);
        (replaced > 0).then(|| f64::from(replaced) / f64::from(dropped))
    }

    /// Of the tests that are in both versions and dropped the old name, the share that uses the
    /// new one; none where there is no such test. A test that goes on using the old name may well
    /// test that it is deprecated.
    pub(crate) fn test_coverage(&self, old: &DottedName, new: &DottedName) -> Option<f64> {
        // Where only the path changes, tests use the same definition as before.
        let tests = self.tests_now.get(old).filter(|_| old != new)?;
        let uses = tests.iter().filter(|uses| uses.binary_search(new).is_ok()).count();
        Some(uses as f64 / tests.len() as f64)
    }

    /// The names that most often replaced the old one, with how often, the most frequent first.
    pub(crate) fn replacements(&self, old: &DottedName) -> Vec<(DottedName, u32)> {
        let mut counts: FxHashMap<&DottedName, u32> = FxHashMap::default();
        for changes in [&self.source, &self.tests] {
            for (name, count) in changes.replaced.get(old).into_iter().flatten() {
                *counts.entry(name).or_default() += count;
            }
        }
        let mut names: Vec<_> =
            counts.into_iter().map(|(name, count)| (name.clone(), count)).collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        names.truncate(8);
        names
    }
}
