//! Parameters whose default is another value now: calls that do not give them behave differently.

use code_model::signature::{Parameter, Signature};

/// A default that changed.
pub(super) struct ChangedDefault<'a> {
    pub(super) name: &'a str,
    pub(super) old: &'a str,
    pub(super) new: &'a str,
}

/// Parameters of both signatures whose defaults are literals of one kind with different values.
///
/// A literal means the same in both versions. A default that only stands for "not given" says
/// nothing about what happens then, so that `None` and the usual words for it do not count.
pub(super) fn changed<'a>(before: &'a Signature, after: &'a Signature) -> Vec<ChangedDefault<'a>> {
    let differs = |old: &'a Parameter| {
        let new = after.parameter(&old.name)?;
        let (old_text, new_text) = (old.default.as_deref()?, new.default.as_deref()?);
        let (was, is) = (Literal::read(old_text)?, Literal::read(new_text)?);
        let counts = was.is_other_value_than(&is) && new.takes_keyword();
        counts.then_some(ChangedDefault { name: &old.name, old: old_text, new: new_text })
    };
    before.caller_parameters().iter().filter_map(differs).collect()
}

/// A default whose source text is its value.
#[derive(Debug, PartialEq)]
enum Literal<'t> {
    Switch(bool),
    Number(f64),
    Text(&'t str),
}

impl<'t> Literal<'t> {
    fn read(text: &'t str) -> Option<Self> {
        match text {
            "True" => return Some(Self::Switch(true)),
            "False" => return Some(Self::Switch(false)),
            _ => {}
        }
        for quote in ['"', '\''] {
            let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            if let Some(inner) = inner {
                let plain = !inner.contains([quote, '\\']) && !stands_for_nothing(inner);
                return plain.then_some(Self::Text(inner));
            }
        }
        let is_number = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        let number = text.replace('_', "").parse().ok().filter(|_| is_number);
        number.map(Self::Number)
    }

    fn is_other_value_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Switch(a), Self::Switch(b)) => a != b,
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b).is_ne(),
            (Self::Text(a), Self::Text(b)) => a != b,
            _ => false,
        }
    }
}

/// Words that defaults use for "decide it yourself" or "nobody gave it".
fn stands_for_nothing(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "",
        "auto",
        "automatic",
        "default",
        "deprecated",
        "infer",
        "inherit",
        "legacy",
        "missing",
        "no_default",
        "none",
        "unset",
        "unspecified",
        "warn",
    ];
    WORDS.contains(&word.trim_matches(['_', '<', '>', ' ']).to_ascii_lowercase().as_str())
}

/// The sentence of a text that says that the default of this parameter changes from the one value
/// to the other.
pub(super) fn announced<'t>(
    text: &'t str,
    change: &ChangedDefault<'_>,
) -> Option<(usize, &'t str)> {
    const REACH: usize = 240;
    let bare = |value: &str| value.trim_matches(['"', '\'']).to_owned();
    let (old, new) = (bare(change.old), bare(change.new));
    text.match_indices("default").find_map(|(at, _)| {
        let boundary = |mut place: usize| {
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            place
        };
        let start = boundary(at.saturating_sub(REACH / 2));
        let end = boundary((at + REACH).min(text.len()));
        let window = text.get(start..end)?;
        let behind = text.get(at..end)?;
        let mut words = behind.match_indices("from");
        let (from, _) = words.find(|(at, _)| behind[at + 4..].starts_with(char::is_whitespace))?;
        let told = behind.get(from..)?;
        let first = word_at(told, &old)?;
        let says = behind.contains("chang")
            && word_at(window, change.name).is_some()
            && told.get(first..)?.find(" to ").is_some_and(|to| {
                told.get(first + to..)
                    .is_some_and(|rest| word_at(rest, &new).is_some_and(|place| place < 16))
            });
        says.then(|| (at, behind.lines().next().unwrap_or(behind).trim()))
    })
}

/// Where a word stands in a text by itself.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        let after = text.get(at + word.len()..).unwrap_or_default();
        let mut following = after.chars();
        let next = following.next();
        let goes_on = next.is_some_and(part)
            || next == Some('.') && following.next().is_some_and(|c| c.is_ascii_digit());
        !before.is_some_and(part) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_one_kind_that_mean_something_count() {
        for (old, new, counts) in [
            ("True", "False", true),
            ("10", "100", true),
            ("'a'", "\"b\"", true),
            ("'a'", "\"a\"", false),
            ("1", "1.0", false),
            ("1_000", "1000", false),
            ("None", "5", false),
            ("'warn'", "'raise'", false),
            ("'auto'", "'sqrt'", false),
            ("False", "'raise'", false),
            ("_MISSING", "10", false),
            ("1", "limit", false),
        ] {
            let read = (Literal::read(old), Literal::read(new));
            let other = matches!(&read, (Some(a), Some(b)) if a.is_other_value_than(b));
            assert_eq!(other, counts, "{old} -> {new}");
        }
    }

    #[test]
    fn announcements_give_both_values_in_order() {
        let change = ChangedDefault { name: "trees", old: "10", new: "100" };
        for (text, found) in [
            ("The default of `trees` will change from 10 to 100 in 2.0.", true),
            ("The default value of trees changed from\n    10 to 100.", true),
            ("The default of `trees` will change from 100 to 10.", false),
            ("The default of `leaves` will change from 10 to 100.", false),
            ("The default of `trees` will change from 10 to 1000.", false),
            ("trees: 10 by default; may be given from 10 to 100.", false),
        ] {
            assert_eq!(announced(text, &change).is_some(), found, "{text}");
        }
    }
}
