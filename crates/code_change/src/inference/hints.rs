//! What the code of both versions says about successors, by old name.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::evidence::{Candidate, Factor, Witness};
use code_model::hint::{Hint, HintIdiom, HintSubject};
use code_model::snapshot::Snapshot;
use rustc_hash::{FxHashMap, FxHashSet};

use super::successors::Successor;
use super::written_names::WrittenNames;
use crate::rules::Rules;
use crate::similarity::name_similarity;
use crate::sources::Version;
use crate::surface::is_plain;

/// Hints of both versions.
pub(crate) struct Hints<'a> {
    by_name: FxHashMap<DottedName, Vec<(Version, &'a Hint)>>,
    by_callable: FxHashMap<DottedName, Vec<(Version, &'a Hint)>>,
    pub(crate) keys: Vec<(Version, &'a Hint)>,
    pub(crate) calls: Vec<(Version, &'a Hint)>,
    /// Names that the new version deprecates.
    deprecated: FxHashSet<DottedName>,
}

/// The factor that an idiom supports.
pub(crate) fn factor(idiom: HintIdiom) -> Factor {
    match idiom {
        HintIdiom::AliasAssignment
        | HintIdiom::AliasImport
        | HintIdiom::LazyTable
        | HintIdiom::ModuleShim
        | HintIdiom::ForwardingBody
        | HintIdiom::SubclassShim
        | HintIdiom::ForwardingProperty
        | HintIdiom::KeywordForwarding
        | HintIdiom::KeywordPop
        | HintIdiom::SettingsTable => Factor::AliasMatch,
        HintIdiom::DeprecationDecorator
        | HintIdiom::DeprecationWarning
        | HintIdiom::DocumentationNote
        | HintIdiom::PredecessorNote
        | HintIdiom::KeywordDecorator => Factor::DeprecationMatch,
        HintIdiom::ChangeLog => Factor::ChangelogMatch,
    }
}

/// Whether the idiom says that the old name should no longer be used.
pub(crate) fn deprecates(idiom: HintIdiom) -> bool {
    matches!(
        idiom,
        HintIdiom::ModuleShim
            | HintIdiom::DeprecationDecorator
            | HintIdiom::DeprecationWarning
            | HintIdiom::DocumentationNote
            | HintIdiom::PredecessorNote
            | HintIdiom::KeywordDecorator
    )
}

/// How much an idiom weighs against another one that names another successor: a name that is bound
/// to its successor, or a message that says it, then a body that calls something, then what may
/// only look like a shim, then what texts beside the code say.
fn rank(idiom: HintIdiom) -> u8 {
    match idiom {
        HintIdiom::AliasAssignment
        | HintIdiom::AliasImport
        | HintIdiom::LazyTable
        | HintIdiom::ModuleShim
        | HintIdiom::DeprecationDecorator
        | HintIdiom::DeprecationWarning => 3,
        HintIdiom::SubclassShim => 1,
        HintIdiom::ChangeLog => 0,
        _ => 2,
    }
}

/// The successor that most and best hints name. Another one that is named as well makes it
/// contested.
pub(super) fn agreed<'h>(
    named: impl Iterator<Item = (DottedName, Version, &'h Hint)>,
) -> Option<Successor> {
    let mut by_target: BTreeMap<DottedName, (u8, u32, Successor)> = BTreeMap::new();
    let mut rewritten: BTreeSet<DottedName> = BTreeSet::new();
    for (target, version, hint) in named {
        if matches!(hint.subject, HintSubject::Call { .. }) {
            rewritten.insert(target.clone());
        }
        let entry = by_target.entry(target.clone()).or_insert_with(|| {
            (0, 0, Successor::of_factor(target, factor(hint.idiom), "changelog"))
        });
        entry.0 = entry.0.max(rank(hint.idiom));
        entry.1 += 1;
        entry.2.factors.insert(factor(hint.idiom), 1.0);
        entry.2.witnesses.push(witness(version, hint));
    }
    let best = by_target.values().map(|(rank, count, _)| (*rank, *count)).max()?;
    let contested = by_target.values().filter(|(rank, _, _)| *rank == best.0).count() > 1;
    let names: Vec<Candidate> =
        by_target.keys().map(|name| Candidate { name: name.to_string(), score: 0.5 }).collect();
    let (rank, _, mut successor) =
        by_target.into_values().find(|(rank, count, _)| (*rank, *count) == best)?;
    let has = |factor| successor.factors.contains_key(&factor);
    let says = |kind: &str| successor.witnesses.iter().any(|witness| witness.kind == kind);
    successor.class = match (rank, has(Factor::AliasMatch), has(Factor::DeprecationMatch)) {
        _ if contested => "hint_contested",
        (1, _, false) => "subclass",
        (_, true, true) => "alias_and_deprecation",
        (_, true, false) => "alias",
        (_, false, true) if says("deprecation_decorator") || says("deprecation_warning") => {
            "deprecation"
        }
        (_, false, true) if says("predecessor_note") => "predecessor_note",
        (_, false, true) => "deprecation_note",
        _ => "changelog",
    };
    // A body that hands on other arguments than it was given is another call.
    if rewritten.contains(&successor.to) && !says("alias_assignment") && !says("alias_import") {
        successor.class = "forwards_otherwise";
    }
    let message = |witness: &Witness| {
        let kinds = ["deprecation_warning", "deprecation_decorator", "documentation_note"];
        kinds.contains(&&*witness.kind) || witness.kind == "change_log"
    };
    let mut witnesses = successor.witnesses.iter();
    if !matches!(successor.class, "hint_contested" | "forwards_otherwise")
        && (witnesses
            .clone()
            .all(|witness| message(witness) && is_qualified(&witness.text, successor.to.leaf()))
            || witnesses.any(|witness| message(witness) && tells_of_change(&witness.text)))
    {
        successor.class = "qualified_advice";
    }
    let own = successor.to.to_string();
    successor.candidates = names.into_iter().filter(|name| name.name != own).take(4).collect();
    Some(successor)
}

/// What is said of something that has done nothing for a while: no call does the same.
const IDLE: [&str; 4] =
    ["no longer does anything", "does nothing", "has no effect", "have no effect"];

/// Whether a text says that no call of the successor does what the old one did as it stands: that
/// did nothing any more, or what is left out means something else now.
fn tells_of_change(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let default = lower.split_once("default").map(|(_, rest)| rest);
    // What was raised by the old one is only made by the new one.
    let raised = ["`raise ", "'raise ", "use raise "].iter().any(|words| lower.contains(words));
    raised
        || IDLE.iter().any(|words| lower.contains(words))
        || default.is_some_and(|rest| {
            ["has changed", "have changed", "differs", "is different"]
                .iter()
                .any(|words| rest.contains(words))
        })
}

/// Whether the words in small letters before and behind a name say that it is only part of what is
/// to be done, or something else than what it was.
fn is_part_of_a_step(before: &str, behind: &str) -> bool {
    const SOURCES: [&str; 9] = [
        "result of",
        "results of",
        "output of",
        "return value of",
        "inverse of",
        "opposite of",
        "negation of",
        "returned by",
        "iterate over",
    ];
    const REFERENCES: [&str; 6] = [
        "for detail",
        "for more",
        "for further",
        "for information",
        "for an explanation",
        "for example",
    ];
    const CONDITIONS: [&str; 9] = [
        "but ",
        "if you need",
        "if you want",
        "if needed",
        "if necessary",
        "which returns",
        "which takes",
        "which expects",
        "which requires",
    ];
    // Marks and the path before the name belong to it.
    let before = before.trim_end_matches(|c: char| !c.is_whitespace()).trim_end();
    let sentence = before.rsplit_once(". ").map_or(before, |(_, last)| last);
    let behind = behind.strip_prefix("()").unwrap_or(behind);
    let behind = behind.trim_start_matches(['`', '\'', '"', ',', ' ']);
    let behind = behind.strip_prefix("instead").unwrap_or(behind).trim_start_matches([',', ' ']);
    let starts = |words: &[&str]| words.iter().any(|words| behind.starts_with(words));
    let given_to =
        ["pass ", "passing "].iter().any(|word| sentence.contains(word)) && before.ends_with(" to");
    let is_reference = before.ends_with("see") && starts(&REFERENCES);
    // "before calling it", "after closing the other": another step goes with it.
    let step = ["before ", "after "].iter().find_map(|word| behind.strip_prefix(word));
    let is_step =
        step.is_some_and(|rest| rest.split(' ').next().is_some_and(|it| it.ends_with("ing")));
    given_to
        || is_reference
        || is_step
        || starts(&CONDITIONS)
        || SOURCES.iter().any(|words| before.ends_with(words))
}

/// Whether a text gives its successor together with something else, as arguments of its own or
/// another step: what it says to write is more than another name.
fn is_qualified(text: &str, leaf: &str) -> bool {
    const FURTHER: [&str; 8] = [
        "with ",
        "and ",
        "together",
        "combined",
        "in combination",
        "context manager",
        "followed by",
        "plus ",
    ];
    // Advice to consider something leaves the choice to the reader.
    let lower = text.to_ascii_lowercase();
    let leaves_choice = ["consider ", "either ", "and/or"].iter().any(|it| lower.contains(it));
    if leaves_choice || tells_of_change(text) {
        return true;
    }
    text.match_indices(leaf).any(|(at, _)| {
        if is_part_of_a_step(&lower[..at], &lower[at + leaf.len()..]) {
            return true;
        }
        let rest = &text[at + leaf.len()..];
        let given = rest.strip_prefix('(').map(str::trim_start);
        let further = given.map(|given| given.trim_start_matches(['.', '…']));
        if further.is_some_and(|further| further.starts_with(", ")) {
            return true;
        }
        if given.is_some_and(|given| !given.starts_with([')', '.', '…'])) {
            return true;
        }
        // `Name().member`: the member does it, on something that has to be made first.
        let made = given.and_then(|given| given.split_once(')')).map(|(_, behind)| behind);
        let is_name = |behind: &str| behind.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if made.and_then(|behind| behind.strip_prefix('.')).is_some_and(is_name) {
            return true;
        }
        let rest = rest.strip_prefix("()").unwrap_or(rest);
        let rest = rest.trim_start_matches(['`', '\'', '"']).trim_start();
        let rest = rest.strip_prefix("instead ").unwrap_or(rest);
        FURTHER.iter().any(|words| rest.starts_with(words)) || rest.contains("e.g.")
    })
}

/// Whether a text that names several old names gives the successor of another one: a name of the
/// successor's number stands there, and this one has a different number.
pub(super) fn is_about_sibling(text: &str, old: &str, new: &str) -> bool {
    let number = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let wanted = number(new);
    if wanted.is_empty() || number(old).is_empty() || number(old) == wanted {
        return false;
    }
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| {
        word != old && word != new && number(word) == wanted && name_similarity(word, old) >= 0.8
    })
}

/// A hint as a witness in a manifest.
pub(crate) fn witness(version: Version, hint: &Hint) -> Witness {
    let idiom = serde_json::to_value(hint.idiom).ok();
    Witness {
        kind: idiom.and_then(|idiom| idiom.as_str().map(str::to_owned)).unwrap_or_default(),
        version: version.name().to_owned(),
        file: hint.file.clone(),
        line: hint.line,
        text: hint.text.to_string(),
    }
}

impl<'a> Hints<'a> {
    pub(super) fn new(from: &'a Snapshot, to: &'a Snapshot, rules: &Rules) -> Self {
        let mut hints = Self {
            by_name: FxHashMap::default(),
            by_callable: FxHashMap::default(),
            keys: Vec::new(),
            calls: Vec::new(),
            deprecated: FxHashSet::default(),
        };
        let both = [(Version::From, from), (Version::To, to)];
        let defining = [defining_modules(from), defining_modules(to)];
        let gone = WrittenNames::only_in(from, to);
        for (version, hint) in
            both.into_iter().flat_map(|(v, s)| s.hints.iter().map(move |h| (v, h)))
        {
            if !rules.uses(factor(hint.idiom)) {
                continue;
            }
            // A module that defines things of its own may only speak of the deprecation of some of
            // them.
            let defining = &defining[usize::from(version == Version::To)];
            let of_module = |old: &DottedName| old.parent().is_some_and(|m| defining.contains(&m));
            // A decorator that only takes another function's documentation names no successor.
            if hint.idiom == HintIdiom::DeprecationDecorator
                && !hint.text.contains(['"', '\'', '='])
            {
                continue;
            }
            match &hint.subject {
                HintSubject::Name { old, .. }
                    if hint.idiom == HintIdiom::ModuleShim && of_module(old) => {}
                // A module that goes as a whole is no better reached through what lies below it.
                HintSubject::Name { old, new, .. }
                    if hint.idiom == HintIdiom::ModuleShim
                        && old.parent().is_some_and(|module| new.below(&module).is_some()) => {}
                HintSubject::Name { old, new, .. } => {
                    let old = old_path(&gone, old, new, hint.idiom);
                    hints.by_name.entry(old.clone()).or_default().push((version, hint));
                    if version == Version::To && deprecates(hint.idiom) && speaks_against(hint) {
                        hints.deprecated.insert(old);
                    }
                }
                HintSubject::NameDeprecated { old } => {
                    // A change log speaks of some use of a name as often as of the name.
                    if version == Version::To && hint.idiom != HintIdiom::ChangeLog {
                        hints.deprecated.insert(old.clone());
                    }
                }
                HintSubject::Parameter { callable, .. } => {
                    hints.by_callable.entry(callable.clone()).or_default().push((version, hint));
                }
                HintSubject::Key { .. } => hints.keys.push((version, hint)),
                HintSubject::Call { callable, new, .. } => {
                    hints.calls.push((version, hint));
                    let _ = new;
                    hints.by_name.entry(callable.clone()).or_default().push((version, hint));
                }
            }
        }
        hints
    }

    /// Hints about this old name, those of the old version first.
    pub(crate) fn about(&self, old: &DottedName) -> &[(Version, &'a Hint)] {
        self.by_name.get(old).map(Vec::as_slice).unwrap_or_default()
    }

    /// Hints about keywords of this callable.
    pub(crate) fn about_callable(&self, callable: &DottedName) -> &[(Version, &'a Hint)] {
        self.by_callable.get(callable).map(Vec::as_slice).unwrap_or_default()
    }

    /// Old and new keywords of all callables that hints are about. Where several keywords of a
    /// callable became one, its values are others.
    pub(crate) fn renamed_keywords(&self) -> BTreeSet<(&'a str, &'a str)> {
        let mut pairs = BTreeSet::new();
        #[expect(clippy::iter_over_hash_type, reason = "the pairs are sorted")]
        for hints in self.by_callable.values() {
            let mut olds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for (_, hint) in hints {
                if let HintSubject::Parameter { old, new: Some(new), .. } = &hint.subject {
                    olds.entry(new).or_default().insert(old);
                }
            }
            let alone = olds.into_iter().filter(|(_, olds)| olds.len() == 1);
            pairs.extend(alone.flat_map(|(new, olds)| olds.into_iter().map(move |old| (old, new))));
        }
        pairs
    }

    /// Every callable that a keyword hint is about.
    pub(crate) fn callables(&self) -> impl Iterator<Item = &DottedName> {
        self.by_callable.keys()
    }

    /// Whether the new version says that this name is deprecated.
    pub(crate) fn deprecates(&self, name: &DottedName) -> bool {
        self.deprecated.contains(name)
    }
}

/// The old path that a hint means: a partial name is completed by what only the old version has.
fn old_path(
    gone: &WrittenNames<'_>,
    old: &DottedName,
    new: &DottedName,
    idiom: HintIdiom,
) -> DottedName {
    if gone.is_inside(old) {
        return old.clone();
    }
    // What a change log calls by a plain word may be anything.
    let is_word = !old.as_str().contains(['.', '_']) && !old.as_str().contains(char::is_uppercase);
    if is_word && idiom == HintIdiom::ChangeLog {
        return old.clone();
    }
    gone.complete(old, Some(new)).unwrap_or_else(|| old.clone())
}

/// Whether a note says that the old name should go; some only say that two names mean the same.
fn speaks_against(hint: &Hint) -> bool {
    const WORDS: [&str; 8] =
        ["deprecat", "instead", "replac", "renam", "remov", "legacy", "obsolete", "supersed"];
    let text = hint.text.to_lowercase();
    hint.idiom != HintIdiom::DocumentationNote || WORDS.iter().any(|word| text.contains(word))
}

/// Modules that define public names of their own.
fn defining_modules(snapshot: &Snapshot) -> FxHashSet<DottedName> {
    snapshot
        .symbols
        .iter()
        .filter(|(path, symbol)| {
            symbol.parent.is_none() && is_plain(snapshot, path) && !path.leaf().starts_with("__")
        })
        .map(|(_, symbol)| symbol.module.clone())
        .collect()
}

/// The successor that a hint names, if it names one.
pub(crate) fn successor(hint: &Hint) -> Option<&DottedName> {
    match &hint.subject {
        HintSubject::Name { new, .. } | HintSubject::Call { new, .. } => Some(new),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_about_several_names_may_speak_of_another_one() {
        let text = "`Manager3Draw` and `Manager4Draw` (use `Manager3` instead)";
        assert!(is_about_sibling(text, "Manager4Draw", "Manager3"));
        assert!(!is_about_sibling(text, "Manager3Draw", "Manager3"));
        assert!(!is_about_sibling("use `sha256` instead of `sha1`", "sha1", "sha256"));
        assert!(!is_about_sibling("`old` is now `new2`", "old", "new2"));
    }

    #[test]
    fn advice_that_is_more_than_a_name_is_recognised() {
        for (text, leaf) in [
            ("old is deprecated, use sort(a, axis=0) instead", "sort"),
            ("Use `p.make` with a proper size instead.", "make"),
            ("Use `load` and `dump` instead.", "load"),
            ("Use the state context manager instead.", "state"),
            ("Use `select` in combination with `scalar`.", "select"),
            ("Consider using `p.other` instead.", "other"),
            ("Use ``Text(..., turned=True)`` instead.", "Text"),
            ("Pass strict=True to `p.load` instead.", "load"),
            ("Iterate over the result of load() instead.", "load"),
            ("`a` is deprecated, use the inverse of `load` instead.", "load"),
            ("Deprecated; see `load` for details.", "load"),
            ("Use `load` before calling `run` to get the same effect.", "load"),
            ("It no longer does anything; call `load` to get the data.", "load"),
            ("Call `load` if you need the data.", "load"),
            ("Use `load`, but it returns a list of tuples.", "load"),
            ("Use `load` instead, which returns a list.", "load"),
            ("Renamed to `load`. Note that the default `kind` has changed.", "load"),
        ] {
            assert!(is_qualified(text, leaf), "{text}");
        }
        for (text, leaf) in [
            ("old is deprecated, use `sort` instead.", "sort"),
            ("Use sort() instead.", "sort"),
            ("old(...) was renamed to sort(...).", "sort"),
            ("Use ``sort(...)``, which is faster.", "sort"),
            ("Use `sort`; it also takes a key.", "sort"),
            ("See `sort`.", "sort"),
            ("The password helper was renamed to `sort`.", "sort"),
            ("Use `sort` after version 3.", "sort"),
        ] {
            assert!(!is_qualified(text, leaf), "{text}");
        }
    }
}
