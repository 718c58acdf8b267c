//! The name that was perhaps meant.

use std::collections::BTreeMap;

use code_model::DottedName;
use code_model::api::ApiIndex;

/// Public names of a version by their last identifier.
pub(crate) struct Suggestions<'a> {
    api: ApiIndex<'a>,
    by_leaf: Option<BTreeMap<&'a str, Vec<&'a DottedName>>>,
}

impl<'a> Suggestions<'a> {
    pub(crate) fn new(api: ApiIndex<'a>) -> Self {
        Self { api, by_leaf: None }
    }

    /// The shortest public name with the same last identifier, else the most similar name beside
    /// the missing one.
    pub(crate) fn for_name(&mut self, missing: &DottedName) -> Option<String> {
        let snapshot = self.api.snapshot();
        let by_leaf = self.by_leaf.get_or_insert_with(|| {
            let mut by_leaf: BTreeMap<&str, Vec<&DottedName>> = BTreeMap::new();
            let symbols = snapshot.symbols.iter().filter(|(_, symbol)| symbol.parent.is_none());
            let names = symbols.map(|(name, _)| name).chain(snapshot.aliases.keys());
            for name in names.chain(snapshot.modules.keys()).filter(|name| !name.is_private()) {
                by_leaf.entry(name.leaf()).or_default().push(name);
            }
            by_leaf
        });
        let same = by_leaf.get(missing.leaf()).into_iter().flatten();
        if let Some(name) = same.min_by_key(|name| (name.parts().count(), name.as_str())) {
            return Some(name.to_string());
        }
        let holder = missing.parent()?;
        let beside = by_leaf
            .iter()
            .filter(|(_, names)| names.iter().any(|name| name.parent().as_ref() == Some(&holder)))
            .map(|(leaf, _)| *leaf);
        nearest(missing.leaf(), beside).map(|leaf| holder.join(leaf).to_string())
    }
}

/// The most similar candidate, if it differs in no more than a third of its characters.
pub(crate) fn nearest<'c>(
    wanted: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    candidates
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, left) in a.chars().take(128).enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (right, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *cell;
            before = replaced.min(before + 1).min(diagonal + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, expected) in [("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
        assert_eq!(nearest("colour", ["color", "shape"].into_iter()), Some("color"));
        assert_eq!(nearest("x", ["shape"].into_iter()), None);
    }
}
