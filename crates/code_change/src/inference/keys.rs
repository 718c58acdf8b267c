//! Renamed configuration keys.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use artifact::TreePath;
use code_model::difference::DifferenceSet;
use code_model::evidence::{Factor, Witness};
use code_model::hint::{Hint, HintIdiom, HintSubject};
use code_model::operation::Change;
use code_model::snapshot::{ConfigurationKey, Snapshot};

use super::InferredOperation;
use super::assignment::{Pair, assign};
use super::context::Context;
use super::hints;
use super::scoring::{Factors, confidence, evidence};
use super::successors::Successors;
use crate::Version;
use crate::similarity::name_similarity;

/// Holders with more changed keys than this on either side are data, not settings.
const CHANGED_KEYS_MAX: usize = 400;

/// Keys that tables of either version rename, and keys that have the same type and value under a
/// similar name.
pub(super) fn infer(
    context: &Context<'_>,
    _successors: &Successors,
    differences: &DifferenceSet,
) -> Vec<InferredOperation> {
    let mut operations = hinted(context);
    let known: Vec<String> = operations
        .iter()
        .filter_map(|operation| match &operation.change {
            Change::ConfigKeyRename { from, .. } => Some(from.clone()),
            _ => None,
        })
        .collect();
    if context.rules.uses(Factor::SignatureMatch) {
        operations.extend(compared(context, differences, &known));
    }
    follow_chains(&mut operations);
    operations.retain(|operation| match &operation.change {
        Change::ConfigKeyRename { from, to, .. } => !is_spelling_that_stays(context, from, to),
        _ => true,
    });
    operations
}

/// Whether two keys differ in capitals alone and the new version's tables go on holding the old
/// one: whoever writes it so is understood, and the other spelling is that of messages.
fn is_spelling_that_stays(context: &Context<'_>, from: &str, to: &str) -> bool {
    let holds =
        |key: &ConfigurationKey| *key.key == *from || key.key.rsplit('.').next() == Some(from);
    from.eq_ignore_ascii_case(to) && context.to.keys.iter().any(holds)
}

/// Where the new key of one rename is the old key of another, both old keys lead to the last one.
fn follow_chains(operations: &mut [InferredOperation]) {
    let next: BTreeMap<String, String> = operations
        .iter()
        .filter_map(|operation| match &operation.change {
            Change::ConfigKeyRename { from, to, .. } => Some((from.clone(), to.clone())),
            _ => None,
        })
        .collect();
    for operation in operations {
        let Change::ConfigKeyRename { from, to, .. } = &mut operation.change else { continue };
        // As many steps as there are renames are enough; more would be a circle.
        for _ in 0..next.len() {
            match next.get(to) {
                Some(last) if last != from => to.clone_from(last),
                _ => break,
            }
        }
    }
}

fn hinted(context: &Context<'_>) -> Vec<InferredOperation> {
    type Said = (Factors, Vec<Witness>, String, bool);
    let spelling = Spelling::of(context);
    let mut by_old: BTreeMap<String, BTreeMap<String, Said>> = BTreeMap::new();
    for (version, hint) in &context.hints.keys {
        let HintSubject::Key { old, new, holder } = &hint.subject else { continue };
        if old == new {
            continue;
        }
        if is_any_table(context, *version, hint) {
            continue;
        }
        let vouched = !is_news(hint) || spelling.known.contains(&**old);
        let old = spelling.written(old);
        let said = by_old
            .entry(old)
            .or_default()
            .entry(new.to_string())
            .or_insert_with(|| (Factors::new(), Vec::new(), holder.to_string(), false));
        said.3 |= vouched;
        said.0.insert(hints::factor(hint.idiom), 1.0);
        said.1.push(hints::witness(*version, hint));
    }
    let mut operations = Vec::new();
    for (from, news) in by_old {
        let mut ranked: Vec<(f64, String, Said)> = news
            .into_iter()
            .map(|(to, said)| (name_similarity(&from.to_lowercase(), &to.to_lowercase()), to, said))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let rival = ranked.get(1).map_or(-1.0, |(similar, _, _)| *similar);
        if let Some((similar, to, said)) = ranked.into_iter().next() {
            let (factors, witnesses, holder, vouched) = said;
            // A key that nothing but news speaks of may have been gone before the old version.
            let sure = vouched && similar - rival >= 0.15;
            let class = match sure {
                _ if takes_another_form(context, &from, &to) => "key_of_another_form",
                true => "key_table",
                false => "key_contested",
            };
            let change = Change::ConfigKeyRename { from: from.clone(), to, holder: Some(holder) };
            operations.push(operation(context, change, class, &factors, &witnesses));
        }
    }
    operations
}

/// Whether one of two keys holds a table or a list and the other a single value: then the value
/// must be written differently, which another name alone does not do.
fn takes_another_form(context: &Context<'_>, from: &str, to: &str) -> bool {
    let form = |snapshot: &Snapshot, name: &str| -> Option<bool> {
        let is_it =
            |it: &&ConfigurationKey| *it.key == *name || it.key.rsplit('.').next() == Some(name);
        let key = snapshot.keys.iter().find(is_it)?;
        match &*key.value_type {
            "table" | "list" => Some(true),
            "string" | "integer" | "float" | "boolean" => Some(false),
            _ => None,
        }
    };
    form(context.from, from).zip(form(context.to, to)).is_some_and(|(old, new)| old != new)
}

/// Whether a hint is an entry of a table that is the same in the other version, about words that
/// neither version's configuration has: it may as well name keys of a keyboard.
fn is_any_table(context: &Context<'_>, version: Version, hint: &Hint) -> bool {
    let HintSubject::Key { old, new, .. } = &hint.subject else { return false };
    let stays = hint.idiom == HintIdiom::SettingsTable
        && context.hints.keys.iter().any(|(other, it)| {
            *other != version && it.idiom == hint.idiom && it.subject == hint.subject
        });
    let is_key = |written: &str| {
        let last = written.rsplit('.').next().unwrap_or(written);
        [old, new].into_iter().any(|key| **key == *written || **key == *last)
    };
    stays && ![context.from, context.to].iter().any(|it| it.keys.iter().any(|it| is_key(&it.key)))
}

/// How the old version's code and documents write the keys that hints call old.
#[derive(Default)]
struct Spelling<'a> {
    as_said: BTreeSet<&'a str>,
    in_capitals: BTreeSet<&'a str>,
    /// Keys that its documents or its code speak of, news apart.
    known: BTreeSet<&'a str>,
}

impl<'a> Spelling<'a> {
    /// Reads the code only where a hint leaves room for doubt.
    fn of(context: &'a Context<'_>) -> Self {
        let doubtful: BTreeMap<&str, String> = context
            .hints
            .keys
            .iter()
            .filter_map(|(_, hint)| match &hint.subject {
                HintSubject::Key { old, .. } if is_small(old) || is_news(hint) => Some(&**old),
                _ => None,
            })
            .map(|old| (old, old.to_uppercase()))
            .collect();
        let written = Written::of(context, doubtful.iter().flat_map(|(old, new)| [*old, &**new]));
        let mut spelling = Self::default();
        for (key, capitals) in &doubtful {
            if written.anywhere.contains(key) || written.anywhere.contains(&**capitals) {
                spelling.known.insert(*key);
            }
            if written.in_code.contains(key) {
                spelling.as_said.insert(*key);
            }
            if written.anywhere.contains(&**capitals) {
                spelling.in_capitals.insert(*key);
            }
        }
        spelling
    }

    /// The key as users of the old version write it: the table of a newer version may ignore
    /// capitals, they could not.
    fn written(&self, old: &str) -> String {
        let capitals =
            is_small(old) && self.in_capitals.contains(old) && !self.as_said.contains(old);
        if capitals { old.to_uppercase() } else { old.to_owned() }
    }
}

fn is_small(key: &str) -> bool {
    key.contains('_') && !key.contains(char::is_uppercase)
}

fn is_news(hint: &Hint) -> bool {
    hints::factor(hint.idiom) == Factor::ChangelogMatch
}

/// Whether a document tells what changed from version to version.
fn tells_news(file: &TreePath) -> bool {
    let path = file.as_str().to_ascii_lowercase();
    let words = ["change", "history", "news", "release", "whats", "migrat", "upgrad", "deprecat"];
    !path.ends_with(".py") && words.iter().any(|word| path.contains(word))
}

/// Which of some words the texts of the old version hold, news apart.
#[derive(Default)]
struct Written<'a> {
    anywhere: BTreeSet<&'a str>,
    in_code: BTreeSet<&'a str>,
}

impl<'a> Written<'a> {
    fn of(context: &Context<'_>, words: impl Iterator<Item = &'a str>) -> Self {
        let mut written = Self::default();
        let mut open: Vec<&str> = words.collect();
        let texts = ["py", "rst", "md", "txt"].map(Some);
        let read = |file: &&TreePath| texts.contains(&file.extension()) && !tells_news(file);
        let mut files = context.from.files.keys().filter(read);
        while let Some(search) = Words::new(open.clone()).filter(|_| !open.is_empty()) {
            let held = files.find_map(|file| {
                let text = context.sources.text(Version::From, file)?;
                let held = search.held_by(&text);
                (!held.is_empty()).then_some((file, held))
            });
            let Some((file, held)) = held else { break };
            if file.extension() == Some("py") {
                // Nothing more is to be learnt of them, and frequent words are slow to look for.
                open.retain(|word| !held.contains(word));
                written.in_code.extend(&held);
            }
            written.anywhere.extend(held);
        }
        written
    }
}

/// Words that are looked for in many texts at once.
struct Words<'a> {
    words: Vec<&'a str>,
    starts: AhoCorasick,
}

impl<'a> Words<'a> {
    /// None when there are more words than a search can hold.
    fn new(words: Vec<&'a str>) -> Option<Self> {
        let starts =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&words).ok()?;
        Some(Self { words, starts })
    }

    /// The words that stand in the text with nothing of an identifier around them.
    fn held_by(&self, text: &str) -> BTreeSet<&'a str> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut held = BTreeSet::new();
        let mut from = 0;
        // One word may begin within another one, or with it.
        while let Some(found) = text.get(from..).and_then(|rest| self.starts.find(rest)) {
            let start = from + found.start();
            let (before, rest) = text.split_at(start);
            if !before.ends_with(is_part) {
                let ends = |word: &&&str| {
                    rest.strip_prefix(**word).is_some_and(|after| !after.starts_with(is_part))
                };
                held.extend(self.words.iter().filter(ends));
            }
            from = start + rest.chars().next().map_or(1, char::len_utf8);
        }
        held
    }
}

fn operation(
    context: &Context<'_>,
    change: Change,
    class: &'static str,
    factors: &Factors,
    witnesses: &[Witness],
) -> InferredOperation {
    InferredOperation {
        confidence: confidence(change.kind(), class, factors, context.rules),
        class,
        change,
        evidence: evidence(factors, witnesses, context.rules),
        breaking: true,
        not_repeatable: false,
        note: None,
        covers: Vec::new(),
    }
}

fn compared(
    context: &Context<'_>,
    differences: &DifferenceSet,
    known: &[String],
) -> Vec<InferredOperation> {
    type Changed<'a> = (Vec<&'a ConfigurationKey>, Vec<&'a ConfigurationKey>);
    let mut by_holder: BTreeMap<&str, Changed<'_>> = BTreeMap::new();
    for difference in &differences.keys {
        match (&difference.before, &difference.after) {
            (Some(gone), None) if !known.contains(&gone.key.to_string()) => {
                by_holder.entry(&gone.holder).or_default().0.push(gone);
            }
            (None, Some(came)) => by_holder.entry(&came.holder).or_default().1.push(came),
            _ => {}
        }
    }
    let mut operations = Vec::new();
    for (holder, (gone, came)) in by_holder {
        if gone.len() > CHANGED_KEYS_MAX || came.len() > CHANGED_KEYS_MAX {
            continue;
        }
        let mut pairs = Vec::new();
        for (old, before) in gone.iter().enumerate() {
            for (new, after) in came.iter().enumerate() {
                let score = similarity(before, after);
                if score >= 0.7 {
                    pairs.push(Pair { old, new, score });
                }
            }
        }
        for chosen in assign(&pairs) {
            let clear = chosen.lead >= context.rules.lead_min;
            let class = if clear { "key_same_value" } else { "key_contested" };
            let change = Change::ConfigKeyRename {
                from: gone[chosen.pair.old].key.to_string(),
                to: came[chosen.pair.new].key.to_string(),
                holder: Some(holder.to_owned()),
            };
            let factors = Factors::from([(Factor::SignatureMatch, chosen.pair.score)]);
            operations.push(operation(context, change, class, &factors, &[]));
        }
    }
    operations
}

fn similarity(before: &ConfigurationKey, after: &ConfigurationKey) -> f64 {
    if before.value_type != after.value_type {
        return 0.0;
    }
    let value = match (&before.value, &after.value) {
        (Some(a), Some(b)) => f64::from(a == b),
        _ => 0.4,
    };
    let leaf = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    0.6 * name_similarity(&leaf(&before.key), &leaf(&after.key)) + 0.4 * value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_wherever_they_begin() {
        let words = Words::new(vec!["a_b", "A_B", "b.c", "a_b.c", "ä_b"]).expect("a few words");
        let held = |text: &str| -> Vec<&str> { words.held_by(text).into_iter().collect() };
        assert_eq!(held("xa_b a_bx A_B_ _a_b 1A_B"), Vec::<&str>::new());
        assert_eq!(held("conf['a_b']"), ["a_b"]);
        assert_eq!(held("a_b.c"), ["a_b", "a_b.c"]);
        assert_eq!(held("(b.c)A_B"), ["A_B", "b.c"]);
        assert_eq!(held("ää_b ä_b"), ["ä_b"]);
        assert_eq!(held(""), Vec::<&str>::new());
    }
}
