//! What the code and its documents say about single keywords, and how sure that makes a rename or a
//! removal.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::evidence::{Factor, Witness};
use code_model::hint::{HintIdiom, HintSubject};
use code_model::signature::{Parameter, Signature};
use code_model::snapshot::Symbol;

use super::context::Context;
use super::hints;
use super::meanings;
use super::scoring::Factors;
use crate::similarity::words;
use crate::sources::Version;

/// What the code says about one keyword.
#[derive(Default)]
pub(super) struct KeywordHint {
    /// Its successor, if one is named.
    pub(super) new: Option<String>,
    pub(super) witnesses: Vec<Witness>,
    pub(super) factors: Factors,
    /// Whether code of the new version still takes the old keyword.
    pub(super) in_new_version: bool,
    /// Whether what is said is more, or other, than one name for another.
    pub(super) contested: bool,
}

impl KeywordHint {
    /// Whether both versions take the two spellings alike, and no word is against the old one: by a
    /// decorator that stands on both and neither deprecates nor names a version.
    pub(super) fn is_second_spelling(&self) -> bool {
        const AGAINST: [&str; 4] = ["deprecat", "legacy", "remov", "delet"];
        let of = |version: &str| -> BTreeSet<&str> {
            let texts = self.witnesses.iter().filter(|it| it.version == version);
            texts.map(|it| it.text.as_str()).collect()
        };
        let (before, after) = (of("from"), of("to"));
        let speaks_against = |text: &&str| {
            let text = text.to_lowercase();
            AGAINST.iter().any(|word| text.contains(word)) || text.contains(char::is_numeric)
        };
        let is_decorator = |it: &Witness| it.kind == "keyword_decorator";
        before == after
            && self.witnesses.iter().all(is_decorator)
            && !before.iter().any(speaks_against)
    }
}

/// What is said of a callable's keywords, under its old name and its new one, by old keyword.
pub(super) fn keyword_hints(
    context: &Context<'_>,
    definition: &DottedName,
    new_definition: &DottedName,
) -> BTreeMap<String, KeywordHint> {
    let mut found: BTreeMap<String, KeywordHint> = BTreeMap::new();
    let both = [definition, new_definition];
    let same = definition == new_definition;
    for (version, hint) in both
        .iter()
        .take(if same { 1 } else { 2 })
        .flat_map(|name| context.hints.about_callable(name))
    {
        let HintSubject::Parameter { old, new, .. } = &hint.subject else { continue };
        if hint.idiom == HintIdiom::KeywordDecorator && !speaks_of_renaming(&hint.text) {
            continue;
        }
        let entry = found.entry(old.to_string()).or_default();
        let new = new.as_deref().map(str::to_owned);
        if entry.witnesses.is_empty() {
            entry.new.clone_from(&new);
        } else if entry.new != new && new.is_some() {
            // A removal said in one place and a successor named in another are no contradiction.
            entry.contested |= entry.new.is_some();
            entry.new = entry.new.take().or_else(|| new.clone());
        }
        let is_text = matches!(hint.idiom, HintIdiom::DocumentationNote | HintIdiom::ChangeLog);
        entry.factors.insert(hints::factor(hint.idiom), if is_text { 0.8 } else { 1.0 });
        entry.contested |= names_several(&hint.text);
        // "Use `new='value'` instead" is no renaming.
        entry.contested |= new.as_deref().is_some_and(|new| gives_value(&hint.text, new));
        entry.contested |= hint.idiom == HintIdiom::KeywordForwarding
            && new.as_deref().is_some_and(|new| is_converted(&hint.text, old, new));
        // A text only tells of the change; code still takes the old keyword.
        entry.in_new_version |= *version == Version::To && !is_text;
        entry.witnesses.push(hints::witness(*version, hint));
    }
    contest_merged(&mut found);
    found
}

/// Two keywords that become one do so with another kind of value.
fn contest_merged(found: &mut BTreeMap<String, KeywordHint>) {
    let mut olds: BTreeMap<String, usize> = BTreeMap::new();
    for new in found.values().filter_map(|hint| hint.new.clone()) {
        *olds.entry(new).or_default() += 1;
    }
    for hint in found.values_mut() {
        hint.contested |= hint.new.as_ref().is_some_and(|new| olds[new] > 1);
    }
}

/// "Use `a` and `b` instead", "use `a` or `b`".
fn names_several(text: &str) -> bool {
    ["` and `", "` or `", "' and '", "' or '"].iter().any(|words| text.contains(words))
}

/// Whether a text is an assignment that makes another value of the old keyword's: `new = old * 60`.
fn is_converted(text: &str, old: &str, new: &str) -> bool {
    text.strip_prefix(new)
        .and_then(|rest| rest.trim_start().strip_prefix('='))
        .is_some_and(|value| !value.starts_with('=') && value.trim() != old)
}

/// Whether a text writes a value for a keyword: `new="value"`.
fn gives_value(text: &str, keyword: &str) -> bool {
    text.match_indices(keyword).any(|(at, _)| {
        let rest = text[at + keyword.len()..].trim_start();
        rest.strip_prefix('=').map(str::trim_start).is_some_and(|value| {
            value.starts_with(['\'', '"', '(', '[', '{', '-'])
                || value.starts_with(|c: char| c.is_ascii_digit())
                || ["True", "False", "None"].iter().any(|word| value.starts_with(word))
        })
    })
}

/// Decorators take keywords for many ends; one that renames or deprecates says so by its name, or
/// calls what it is given old and new.
fn speaks_of_renaming(text: &str) -> bool {
    const BEGINNINGS: [&str; 7] =
        ["renam", "deprecat", "alias", "legacy", "replac", "delet", "remov"];
    let (name, arguments) = text.split_once('(').unwrap_or((text, ""));
    let name = words(name);
    let begins = |word: &String| BEGINNINGS.iter().any(|start| word.starts_with(start));
    let says = |word: &String| begins(word) || matches!(word.as_str(), "old" | "drop" | "dropped");
    let given: Vec<String> = arguments
        .match_indices('=')
        .filter_map(|(at, _)| {
            let before = arguments[..at].trim_end();
            before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()
        })
        .flat_map(words)
        .collect();
    let names = |word: &str| given.iter().any(|it| it == word);
    name.iter().any(says) || (names("old") && names("new"))
}

/// What words of documentation say of values that go to another parameter in another form.
const OTHER_VALUES: [&str; 8] = [
    "inverse of",
    "opposite of",
    "negation of",
    "reciprocal of",
    "complement of",
    "and not in ",
    "rather than in ",
    "instead of in ",
];

/// Whether a text about an old keyword says that the values of its successor are others, or gives
/// one that only running it shows.
fn gives_other_values(text: &str, new: &str) -> bool {
    let given = text.contains(&format!("{new}=…"));
    let text = text.to_lowercase();
    given || OTHER_VALUES.iter().any(|words| text.contains(words))
}

/// What a docstring says about a parameter, in any of the usual styles: `name : type` with an
/// indented text, `name (type): text`, `:param name: text`.
pub(super) fn parameter_document(symbol: &Symbol, name: &str) -> Option<String> {
    let text = symbol.docstring.as_ref()?;
    let mut lines = text.lines();
    let indent = |line: &str| line.len() - line.trim_start().len();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let rest = trimmed.strip_prefix(":param ").map_or(trimmed, |rest| rest.trim_start());
        let Some(rest) = rest.strip_prefix(name) else { continue };
        if !rest.is_empty() && !rest.starts_with([' ', ':', ',', '(']) {
            continue;
        }
        if rest.is_empty() && lines.clone().next().is_none_or(|next| indent(next) <= indent(line)) {
            continue;
        }
        let mut found = rest.trim_start_matches([' ', ':']).to_owned();
        for next in lines.by_ref() {
            if next.trim().is_empty() || indent(next) <= indent(line) {
                break;
            }
            found.push(' ');
            found.push_str(next.trim());
        }
        return Some(found);
    }
    None
}

/// Whether a text that deprecates a parameter names another one that is still there, and does not
/// say that nothing is done with it.
pub(super) fn sends_elsewhere(text: &str, old: &str, after: &Signature) -> bool {
    const IDLE: [&str; 7] = [
        "ignored",
        "no effect",
        "no longer used",
        "not used",
        "unused",
        "does nothing",
        "no longer has",
    ];
    let lower = text.to_lowercase();
    if !lower.contains("deprecat") || IDLE.iter().any(|words| lower.contains(words)) {
        return false;
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = quoted(text).flat_map(|code| code.split(|c: char| !is_part(c)));
    words.any(|word| word != old && after.parameter(word).is_some())
}

/// The class of evidence for a keyword that has a successor.
pub(super) fn class_of_rename(
    hint: &KeywordHint,
    old: (&Signature, &str),
    new: (&Signature, &str),
) -> &'static str {
    let says = |kind: &str| hint.witnesses.iter().any(|witness| witness.kind == kind);
    let (before, target) = (old.0.parameter(old.1), new.0.parameter(new.1));
    // A note that begins with the type of the old one.
    let was_switch = hint.witnesses.iter().any(|it| it.text.trim_start().starts_with("bool"));
    let unlike = before.zip(target).is_some_and(|(before, target)| {
        !takes_values(target, before) || (was_switch && values(target) != Values::Switch)
    });
    // Code that hands the value on as it is knows better than names and words.
    let handed_on = says("keyword_pop") || says("keyword_decorator");
    let another = meanings::is_another(old.1, new.1)
        || hint.witnesses.iter().any(|witness| gives_other_values(&witness.text, new.1));
    if hint.contested || unlike || (another && !handed_on) {
        return "keyword_contested";
    }
    if hint.factors.len() == 1 && hint.factors.contains_key(&Factor::ChangelogMatch) {
        return "keyword_changelog";
    }
    if says("keyword_decorator") {
        return "keyword_decorator";
    }
    if says("keyword_forwarding") {
        // A message alone may name what serves the same end with other values.
        return if says("keyword_pop") { "keyword_body" } else { "keyword_message" };
    }
    if says("keyword_pop") {
        // Nothing but the order of two assignments says which of the two spellings is the old one.
        return "keyword_popped";
    }
    if new.0.parameter(old.1).is_some() && !took_its_place(old, new) {
        return "keyword_note_kept";
    }
    "keyword_note"
}

/// Whether the new keyword came with the new version and stands where the old one stood, or the old
/// one's own default says that it is deprecated.
fn took_its_place(old: (&Signature, &str), new: (&Signature, &str)) -> bool {
    let place = |signature: &Signature, name: &str| {
        signature.caller_parameters().iter().position(|parameter| &*parameter.name == name)
    };
    let says_so = new.0.parameter(old.1).and_then(|parameter| parameter.default.as_deref());
    old.0.parameter(new.1).is_none()
        && (says_so.is_some_and(|default| default.contains("deprecat"))
            || place(old.0, old.1) == place(new.0, new.1))
}

/// The class of evidence for a keyword that is gone and of which nothing says what took its place.
pub(super) fn class_of_removal(hint: &KeywordHint, old: &str, after: &Signature) -> &'static str {
    let parameters = after.caller_parameters();
    let others: BTreeSet<&str> =
        parameters.iter().map(|parameter| &*parameter.name).filter(|name| *name != old).collect();
    let offers = |witness: &Witness| {
        witness.text.contains("alternative=") || quoted(&witness.text).any(|it| others.contains(it))
    };
    // What a message names by a value that only running it shows takes its place.
    let names_unknown = |witness: &Witness| {
        let refers = witness.text.to_lowercase().contains("instead");
        refers && quoted(&witness.text).any(|it| it == "…")
    };
    if hint.witnesses.iter().any(names_unknown) {
        "keyword_contested"
    } else if hint.contested || hint.witnesses.iter().any(offers) {
        "keyword_superseded"
    } else if hint.witnesses.iter().all(|witness| witness.kind == "documentation_note") {
        "keyword_removed_note"
    } else {
        "keyword_removed"
    }
}

/// The words that a text has in quotes or backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split(['`', '\'', '"']).skip(1).step_by(2).chain(text.split("``").skip(1).step_by(2))
}

/// What a default says about the values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Required,
    Nothing,
    Switch,
    Number,
    Text,
    Other,
}

fn values(parameter: &Parameter) -> Values {
    match parameter.default.as_deref() {
        None => Values::Required,
        Some("None") => Values::Nothing,
        Some("True" | "False") => Values::Switch,
        Some(text) if text.contains("deprecat") => Values::Nothing,
        Some(text) if text.starts_with(['\'', '"']) => Values::Text,
        Some(text) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Values::Number,
        Some(_) => Values::Other,
    }
}

/// Whether the new parameter takes what the old one took, as far as defaults and annotations say
/// otherwise.
pub(super) fn takes_values(new: &Parameter, old: &Parameter) -> bool {
    use Values::{Number, Other, Required, Switch, Text};
    let fits = match (values(old), values(new)) {
        (Switch, new) => matches!(new, Switch | Required),
        (Number, Text) | (Text, Number) | (Number | Text | Other, Switch) => false,
        _ => true,
    };
    fits && annotations_meet(new, old)
}

/// Whether two parameters have the same default, or defaults of one kind: what must hold where
/// nothing is said about this callable.
pub(super) fn has_like_values(new: &Parameter, old: &Parameter) -> bool {
    let alike = match (values(old), values(new)) {
        (Values::Other, Values::Other) => old.default == new.default,
        (before, after) => before == after,
    };
    alike && annotations_meet(new, old)
}

/// Whether the defaults of two parameters are one quantity in two units: one is so many of the
/// other as one unit has of another.
pub(super) fn is_other_scale(new: &Parameter, old: &Parameter) -> bool {
    const FACTORS: [f64; 8] = [24.0, 60.0, 100.0, 1000.0, 1024.0, 3600.0, 86_400.0, 1e6];
    let number = |parameter: &Parameter| -> Option<f64> {
        let text = parameter.default.as_deref()?.replace('_', "");
        text.parse::<f64>().ok().filter(|value| *value != 0.0)
    };
    let Some((old, new)) = number(old).zip(number(new)) else { return false };
    let factor = (new / old).max(old / new);
    FACTORS.iter().any(|it| (factor / it - 1.0).abs() < 1e-9)
}

/// Whether two annotations have a type in common; what is not annotated may be anything.
fn annotations_meet(new: &Parameter, old: &Parameter) -> bool {
    let (Some(new), Some(old)) = (&new.annotation, &old.annotation) else { return true };
    let (new, old) = (types(new), types(old));
    new.is_empty() || old.is_empty() || new.iter().any(|name| old.contains(name))
}

/// The last parts of the names in an annotation, without those that say nothing about values.
fn types(annotation: &str) -> BTreeSet<String> {
    annotation
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter_map(|name| name.rsplit('.').next())
        .filter(|name| !matches!(*name, "" | "Optional" | "Union" | "None" | "Any" | "object"))
        .map(str::to_ascii_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use code_model::signature::ParameterKind;

    use super::*;

    /// `name=default: annotation`.
    fn parameter(text: &str) -> Parameter {
        let (text, annotation) = match text.split_once(": ") {
            Some((text, annotation)) => (text, Some(annotation.into())),
            None => (text, None),
        };
        let (name, default) = match text.split_once('=') {
            Some((name, default)) => (name, Some(default.into())),
            None => (text, None),
        };
        Parameter { name: name.into(), kind: ParameterKind::Positional, default, annotation }
    }

    #[test]
    fn defaults_and_annotations_say_whether_values_stay_the_same() {
        for (old, new, fits, alike) in [
            ("size=100", "vector_size=100", true, true),
            ("n=300", "max_n=1_000", true, true),
            ("old=None", "new='periodic'", true, false),
            ("linear=False", "which='mean'", false, false),
            ("linear=False", "which=None", false, false),
            ("copy=True", "copy_data=False", true, true),
            ("old='deprecated'", "new=None", true, true),
            ("when: datetime", "run_id: str", false, false),
            ("regex=None: Optional[str]", "pattern=None: str | Pattern[str] | None", true, true),
            ("x", "a", true, true),
            ("base=0", "origin='start'", false, false),
        ] {
            let (old, new) = (parameter(old), parameter(new));
            assert_eq!(takes_values(&new, &old), fits, "{old:?} {new:?}");
            assert_eq!(has_like_values(&new, &old), alike, "{old:?} {new:?}");
        }
    }

    #[test]
    fn defaults_may_be_one_quantity_in_two_units() {
        for (old, new, is) in [
            ("days=1", "seconds=86400", true),
            ("delay=0.5", "delay_in=500", true),
            ("limit=1_000", "limit_kb=1", true),
            ("size=10", "count=25", false),
            ("size=0", "count=60", false),
            ("size=None", "count=60", false),
        ] {
            assert_eq!(is_other_scale(&parameter(new), &parameter(old)), is, "{old} {new}");
        }
    }

    #[test]
    fn decorators_speak_of_renaming_by_their_names() {
        for text in [
            "deprecate_kwarg('a', 'b')",
            "compat.renamedArguments(a='b')",
            "change(old_name='a', new_name='b')",
            "_delete_parameter('3.1', 'a')",
            "drop_keyword('a', None)",
        ] {
            assert!(speaks_of_renaming(text), "{text}");
        }
        for text in [
            "check_threshold(low='value')",
            "ensure_folder('base', 'path')",
            "check(reason='deprecated', low='value')",
            "dropout(low='value')",
        ] {
            assert!(!speaks_of_renaming(text), "{text}");
        }
    }

    #[test]
    fn quotes_are_read_in_pairs() {
        let words: Vec<&str> = quoted("`a` is gone, use ``b`` or 'c'").collect();
        for word in ["a", "b", "c"] {
            assert!(words.contains(&word), "{words:?}");
        }
    }
}
