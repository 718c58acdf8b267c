//! Names that are alike and mean something else: the opposite, another unit, another one of a
//! series.

use crate::similarity::words;

/// Words of which two different ones never mean the same. Each entry of a family holds the
/// spellings of one meaning.
const FAMILIES: &[&[&[&str]]] = &[
    &[&["min", "minimum", "minimal"], &["max", "maximum", "maximal"]],
    &[&["low", "lower", "lowest"], &["high", "higher", "highest", "up", "upper"]],
    &[&["small", "smaller", "smallest"], &["large", "larger", "largest"]],
    &[&["less", "fewer", "least"], &["more", "greater", "most"]],
    &[&["asc", "ascend", "ascending"], &["desc", "descend", "descending"]],
    &[&["open"], &["close"]],
    &[&["start", "begin"], &["end", "stop", "finish"]],
    &[&["first"], &["last"]],
    &[&["head"], &["tail"]],
    &[&["left"], &["right"], &["top"], &["bottom"]],
    &[&["front"], &["back"]],
    &[&["before"], &["after"]],
    &[&["prev", "previous"], &["next"]],
    &[&["with"], &["without"]],
    &[&["on"], &["off"]],
    &[&["up"], &["down"]],
    &[&["in", "input"], &["out", "output"]],
    &[&["source", "src"], &["target", "destination", "dest", "dst"]],
    &[&["keep"], &["drop", "remove", "discard"]],
    &[&["add"], &["drop", "remove", "subtract"]],
    &[&["insert"], &["delete"]],
    &[&["show"], &["hide"]],
    &[&["visible"], &["hidden", "invisible"]],
    &[&["accept", "allow"], &["reject", "deny", "forbid", "prohibit", "block", "ignore"]],
    &[&["raise"], &["ignore"]],
    &[&["true"], &["false"]],
    &[&["read", "reader"], &["write", "writer"]],
    &[&["load"], &["save", "dump"]],
    &[&["send"], &["receive"]],
    &[&["row"], &["column", "col"]],
    &[&["width"], &["height"], &["depth"]],
    &[&["horizontal"], &["vertical"]],
    &[&["x"], &["y"], &["z"]],
    &[
        &["ns", "nanosecond"],
        &["us", "microsecond"],
        &["ms", "msec", "millisecond", "millis"],
        &["s", "sec", "second"],
        &["minute"],
        &["hour"],
        &["day"],
        &["week"],
        &["month"],
        &["year"],
    ],
    &[
        &["bit"],
        &["byte"],
        &["kb", "kib", "kilobyte"],
        &["mb", "mib", "megabyte"],
        &["gb", "gib", "gigabyte"],
    ],
    &[&["deg", "degree"], &["rad", "radian"]],
    &[
        &["px", "pixel"],
        &["pt", "point"],
        &["mm", "millimeter"],
        &["cm", "centimeter"],
        &["inch", "inches"],
    ],
    &[&["percent", "pct", "percentage"], &["fraction", "ratio"]],
];

/// Beginnings that turn what follows into its opposite.
const BEGINNINGS: &[(&str, &str)] = &[
    ("en", "dis"),
    ("en", "de"),
    ("in", "ex"),
    ("im", "ex"),
    ("in", "de"),
    ("", "un"),
    ("", "dis"),
    ("", "non"),
];

/// Words that turn the rest of a name into its opposite.
const NEGATIONS: &[&str] =
    &["no", "not", "non", "without", "disable", "disabled", "disallow", "deny", "forbid"];

/// Fewer letters behind a beginning are a word of their own.
const REST_MIN: usize = 3;

/// Whether what one name has and the other has not is the opposite, another unit, or another
/// number.
pub(super) fn is_another(old: &str, new: &str) -> bool {
    let (old_words, new_words) = (words(old), words(new));
    let olds: Vec<&str> = missing(&old_words, &new_words);
    let news: Vec<&str> = missing(&new_words, &old_words);
    let negates = |one: &[&str], other: &[&str]| {
        one.is_empty() && !other.is_empty() && other.iter().all(|word| NEGATIONS.contains(word))
    };
    // `on_…` is called when that is done which the other does.
    let is_hook = |one: &[&str], other: &[&str], words: &[String]| {
        *one == ["on"] && other.is_empty() && words.first().is_some_and(|word| word == "on")
    };
    if is_hook(&olds, &news, &old_words) || is_hook(&news, &olds, &new_words) {
        return true;
    }
    negates(&olds, &news)
        || negates(&news, &olds)
        || is_numbered_otherwise(&old_words.concat(), &new_words.concat())
        || olds.iter().any(|old| news.iter().any(|new| is_other_word(old, new)))
}

/// Whether one name is for several of what the other is for.
pub(super) fn is_plural_of_other(old: &str, new: &str) -> bool {
    let is_plural = |one: &str, other: &str| {
        one.strip_suffix('s').is_some_and(|rest| rest == other)
            || one.strip_suffix("es").is_some_and(|rest| rest == other)
            || one.strip_suffix("ies").is_some_and(|rest| other.strip_suffix('y') == Some(rest))
    };
    let (old, new) = (words(old), words(new));
    old.len() == new.len()
        && old.iter().zip(&new).filter(|(old, new)| old != new).count() == 1
        && old.iter().zip(&new).any(|(old, new)| is_plural(old, new) || is_plural(new, old))
}

/// The words of one name that the other has not.
fn missing<'a>(words: &'a [String], others: &[String]) -> Vec<&'a str> {
    words.iter().filter(|word| !others.contains(word)).map(String::as_str).collect()
}

fn is_other_word(old: &str, new: &str) -> bool {
    let place = |family: &[&[&str]], word: &str| {
        family.iter().position(|spellings| spellings.iter().any(|it| is_form_of(word, it)))
    };
    let turned = |one: &str, other: &str| {
        BEGINNINGS.iter().any(|(plain, opposite)| {
            let rest = one.strip_prefix(plain).filter(|rest| rest.len() >= REST_MIN);
            rest.is_some_and(|rest| other.strip_prefix(opposite) == Some(rest))
        })
    };
    FAMILIES.iter().any(|family| {
        let both = place(family, old).zip(place(family, new));
        both.is_some_and(|(old, new)| old != new)
    }) || turned(old, new)
        || turned(new, old)
}

/// Whether a word is another one with one of the common endings.
fn is_form_of(word: &str, plain: &str) -> bool {
    let ending = |word: &str| ["", "s", "d", "ed", "ing"].contains(&word);
    let of = |plain: &str| word.strip_prefix(plain).is_some_and(ending);
    // Endings of short words make other words.
    if plain.len() < REST_MIN { word == plain } else { of(plain) }
}

/// Whether two names differ in their numbers alone.
fn is_numbered_otherwise(old: &str, new: &str) -> bool {
    let letters = |name: &str| -> String { name.chars().filter(|c| !c.is_ascii_digit()).collect() };
    let numbers = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let (before, after) = (numbers(old), numbers(new));
    !before.is_empty() && !after.is_empty() && before != after && letters(old) == letters(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_are_not_one() {
        for (old, new) in [("filters", "filter"), ("get_entries", "get_entry"), ("box", "boxes")] {
            assert!(is_plural_of_other(old, new) && is_plural_of_other(new, old), "{old}, {new}");
        }
        for (old, new) in [("filters", "filters"), ("filters", "filters_of"), ("as", "a_b")] {
            assert!(!is_plural_of_other(old, new), "{old}, {new}");
        }
    }

    #[test]
    fn opposites_units_and_numbers_are_something_else() {
        for (old, new) in [
            ("disable_cache", "enable_cache"),
            ("include", "exclude"),
            ("allow_errors", "ignore_errors"),
            ("ascending", "descending"),
            ("min_value", "maximum_value"),
            ("timeout_ms", "timeout_s"),
            ("is_open", "is_closed"),
            ("seconds", "milliseconds"),
            ("delete_message_days", "delete_message_seconds"),
            ("x1", "x2"),
            ("left", "top"),
            ("cache", "no_cache"),
            ("not_found", "found"),
            ("safe", "unsafe"),
            ("encode", "decode"),
            ("rows", "columns"),
        ] {
            assert!(is_another(old, new), "{old} -> {new}");
        }
    }

    #[test]
    fn other_spellings_are_the_same() {
        for (old, new) in [
            ("timeout", "timeout_ms"),
            ("seconds", "secs"),
            ("size", "height"),
            ("xmin", "left"),
            ("n_iter", "max_iter"),
            ("closed", "inclusive"),
            ("low", "min"),
            ("day", "days"),
            ("input", "inputs"),
            ("line_terminator", "lineterminator"),
            ("is_open", "opened"),
            ("arg1", "first_argument"),
            ("interval", "inter_val"),
            ("expr", "condition"),
            ("patterns", "exclude_patterns"),
        ] {
            assert!(!is_another(old, new), "{old} -> {new}");
        }
    }
}
