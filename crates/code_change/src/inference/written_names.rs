//! Names as texts write them, completed by what a version has: a change log of the new version
//! speaks of names that only the old one knows, and an old message of what only the new one has.

use code_model::DottedName;
use code_model::snapshot::{Snapshot, Symbol};
use rustc_hash::FxHashMap;

use crate::surface::is_plain;

/// The public definitions of one version by their last part.
pub(crate) struct WrittenNames<'a> {
    snapshot: &'a Snapshot,
    by_leaf: FxHashMap<&'a str, Vec<&'a DottedName>>,
}

impl<'a> WrittenNames<'a> {
    /// The definitions of `snapshot` that `other` does not have at the same place.
    pub(crate) fn only_in(snapshot: &'a Snapshot, other: &Snapshot) -> Self {
        let mut by_leaf: FxHashMap<&str, Vec<&DottedName>> = FxHashMap::default();
        let own = |(path, _): &(&DottedName, &Symbol)| {
            !other.symbols.contains_key(path) && is_plain(snapshot, path)
        };
        for (path, _) in snapshot.symbols.iter().filter(own) {
            by_leaf.entry(path.leaf()).or_default().push(path);
        }
        Self { snapshot, by_leaf }
    }

    /// What a partial name means: what lies nearest to `place`, else the only definition that it
    /// can be.
    pub(crate) fn complete(
        &self,
        written: &DottedName,
        place: Option<&DottedName>,
    ) -> Option<DottedName> {
        let written = self.spelled_out(written);
        let exists = |path: &DottedName| {
            self.by_leaf.get(path.leaf()).is_some_and(|paths| paths.contains(&path))
        };
        let near = place.and_then(|place| {
            place.ancestors().map(|outer| outer.join(written.as_str())).find(exists)
        });
        near.or_else(|| {
            let mut found = self.by_leaf.get(written.leaf())?.iter().filter(|path| {
                path.as_str()
                    .strip_suffix(written.as_str())
                    .is_some_and(|before| before.is_empty() || before.ends_with('.'))
            });
            match (found.next(), found.next()) {
                (Some(only), None) => Some((*only).clone()),
                _ => None,
            }
        })
    }

    /// Whether a name is a complete one of this version.
    pub(crate) fn is_inside(&self, name: &DottedName) -> bool {
        self.snapshot.roots.iter().any(|root| name.below(&root.name).is_some())
    }

    /// `np.thing` for `numpy.thing`: documents shorten a package as its users import it.
    pub(crate) fn spelled_out(&self, written: &DottedName) -> DottedName {
        let roots = self.snapshot.roots.iter().map(|root| &root.name);
        let mut meant = roots.filter(|root| {
            written.as_str().contains('.') && is_abbreviation(written.root(), root.as_str())
        });
        match (meant.next(), meant.next(), written.as_str().split_once('.')) {
            (Some(root), None, Some((_, rest))) => root.join(rest),
            _ => written.clone(),
        }
    }
}

/// Whether a short word is made of letters of a longer one, in order and from its first one on.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    (2..=4).contains(&short.len())
        && short.len() * 2 <= long.len()
        && short.chars().next() == long.chars().next()
        && short.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_of_packages_are_recognised() {
        for (short, long) in [("np", "numpy"), ("pd", "pandas"), ("nx", "networkx")] {
            assert!(is_abbreviation(short, long), "{short}");
        }
        for (short, long) in
            [("os", "numpy"), ("nt", "numpy"), ("n", "numpy"), ("nump", "numpy"), ("py", "numpy")]
        {
            assert!(!is_abbreviation(short, long), "{short}");
        }
    }
}
