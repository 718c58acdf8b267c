//! Sentences that name a successor: a cue phrase, then a name.
//!
//! A name without a cue is only mentioned. Whether what follows a cue is a name of the library at
//! all is decided later, where all names are known.

use std::sync::Arc;

/// Words after which the name of a successor stands.
const CUES: &[&str] = &[
    "use the new",
    "use the",
    "use of",
    "use",
    "uses",
    "using",
    "replaced by",
    "replaced with",
    "replace it with",
    "renamed to",
    "renamed as",
    "renamed into",
    "rename to",
    "moved to",
    "moved into",
    "relocated to",
    "favor of",
    "favour of",
    "superseded by",
    "superseeded by",
    "alias for",
    "alias of",
    "alias to",
    "synonym for",
    "same as",
    "equivalent to",
    "identical to",
    "switch to",
    "migrate to",
    "now called",
    "now named",
    "is now",
    "consider",
    "prefer",
    "call",
    "changed to",
    "merged into",
    "merged with",
    "wrapper for",
    "wrapper around",
    "wraps",
    "import from",
    "import it from",
    "available as",
    "available in",
    "available at",
    "available under",
    "available from",
    "available through",
    "available via",
    "shorthand for",
    "see",
    "replacement is",
    "try",
    "accessible via",
    "accessible as",
    "accessible from",
    "-->",
];

/// Cues that only make sense where something is already known to be replaced.
const WEAK_CUES: &[&str] = &[
    "see",
    "try",
    "is now",
    "consider",
    "call",
    "same as",
    "equivalent to",
    "using",
    "uses",
    "use of",
    "identical to",
    "wraps",
    "wrapper around",
    "wrapper for",
    "-->",
];

/// Words that may stand between a cue and the name.
const FILLERS: &[&str] = &[
    "use",
    "please",
    "call",
    "the",
    "a",
    "an",
    "new",
    "either",
    "function",
    "method",
    "class",
    "property",
    "attribute",
    "parameter",
    "argument",
    "keyword",
    "option",
    "module",
    "decorator",
    "both",
    "of",
    "following",
    "more",
    "recent",
    "equivalent",
    "newer",
    "generic",
    "its",
    "instead",
    "from",
    "with",
    "by",
    "to",
    "standard",
    "library",
    "builtin",
    "built-in",
    "package",
    "explicitly",
    "setting",
    "key",
    "constant",
    "exception",
    "variable",
    "name",
    "type",
    "field",
    "kwarg",
    "parameters",
    "arguments",
];

/// Words that look like names and are none.
const NO_NAMES: &[&str] = &[
    "it",
    "this",
    "that",
    "these",
    "those",
    "them",
    "and",
    "or",
    "not",
    "no",
    "in",
    "on",
    "as",
    "at",
    "for",
    "if",
    "is",
    "are",
    "be",
    "one",
    "any",
    "all",
    "some",
    "your",
    "you",
    "we",
    "our",
    "other",
    "another",
    "instead",
    "only",
    "when",
    "where",
    "which",
    "python",
    "none",
    "true",
    "false",
    "self",
    "also",
    "below",
    "above",
    "documentation",
    "docs",
    "pep",
    "e.g",
    "i.e",
    "http",
    "https",
    "such",
    "can",
    "will",
    "should",
    "must",
    "may",
    "deprecated",
    "default",
    "version",
    "code",
    "same",
];

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: String,
    /// Whether marks set it off as code.
    pub(super) is_marked: bool,
    /// The byte after it.
    pub(super) end: usize,
    pub(super) start: usize,
}

/// The successors that a text about one deprecated thing names, in order, each once; at most four.
///
/// With `certain`, the text is known to be about something that is replaced, and weak cues count.
pub(super) fn successors(text: &str, certain: bool) -> Vec<Arc<str>> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(usize, String)> = Vec::new();
    for cue in CUES {
        if !certain && WEAK_CUES.contains(cue) {
            continue;
        }
        for (at, _) in lower.match_indices(cue) {
            let end = at + cue.len();
            let starts_word = !lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let ends_word = !lower[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if !starts_word || !ends_word || negated(&lower[..at]) {
                continue;
            }
            let strong = cue.starts_with("rename")
                || cue.starts_with("replace")
                || cue.starts_with("moved")
                || cue.starts_with("alias")
                || cue.starts_with("favo")
                || cue.starts_with("supersed")
                || cue.starts_with("now ")
                || *cue == "-->";
            names_after(text, end, strong, &mut found);
        }
    }
    for (at, _) in lower.match_indices("instead") {
        if let Some(mention) = mention_before(text, at) {
            found.push((mention.start, mention.name));
        }
    }
    found.sort();
    let mut names: Vec<Arc<str>> = Vec::new();
    for (_, name) in found {
        if names.iter().all(|known| **known != *name) && names.len() < 4 {
            names.push(name.into());
        }
    }
    names
}

/// "do not use", "instead of using", "rather than": what follows is the old name.
fn negated(before: &str) -> bool {
    let tail: String =
        before.chars().rev().take(24).collect::<Vec<_>>().into_iter().rev().collect();
    let tail = tail.trim_end();
    [
        "not",
        "n't",
        "never",
        "instead of",
        "rather than",
        "stop",
        "avoid",
        "to",
        "cannot",
        "without",
        "when",
        "if you",
        "and will",
    ]
    .iter()
    .any(|word| tail.ends_with(word))
        && !tail.ends_with("want to")
        && !tail.ends_with("need to")
        && !tail.ends_with("have to")
        && !tail.ends_with("recommended to")
        && !tail.ends_with("code to")
}

/// The name right after a cue, and further ones joined with `or`, `and`, commas.
fn names_after(text: &str, start: usize, strong: bool, found: &mut Vec<(usize, String)>) {
    let mut position = start;
    for round in 0..3 {
        let Some(mention) = mention_at(text, position, round == 0) else { return };
        let rest = text[mention.end..].trim_start();
        let instead = rest.get(..8).is_some_and(|next| next.eq_ignore_ascii_case("instead "))
            || rest.trim_end_matches(['.', ')', '"', '\'']).eq_ignore_ascii_case("instead")
            || rest.to_ascii_lowercase().starts_with("instead");
        if !mention.is_marked && !looks_like_code(&mention.name) && !instead && !strong {
            return;
        }
        position = mention.end;
        found.push((mention.start, mention.name));
        let rest = &text[position..];
        let trimmed = rest.trim_start_matches([' ', ',', '\n']);
        let Some(more) = ["or ", "and "].iter().find_map(|word| trimmed.strip_prefix(word)) else {
            return;
        };
        position = text.len() - more.len();
    }
}

/// Whether an unmarked word can only be a name of code.
pub(super) fn looks_like_code(name: &str) -> bool {
    name.contains('_')
        || name.contains('.')
        || name.chars().skip(1).any(char::is_uppercase) && name.chars().any(char::is_lowercase)
}

/// The name that stands directly before a position, set off as code or looking like it.
fn mention_before(text: &str, at: usize) -> Option<Mention> {
    let before = text.get(..at)?.trim_end();
    let before =
        ["should be used", "must be used", "can be used", "may be used", "is used", "be used"]
            .iter()
            .find_map(|words| before.strip_suffix(words))
            .unwrap_or(before)
            .trim_end();
    let word_start = before.rfind([' ', '\n', '\t']).map_or(0, |at| at + 1);
    let mention = mention_at(text, word_start, false)?;
    let whole = text.get(word_start..before.len())?;
    // The end of an expression with blanks in it, as in `isinstance(x, Name)`.
    if whole.matches(')').count() > whole.matches('(').count() {
        return None;
    }
    let fits =
        mention.is_marked || (looks_like_code(&mention.name) && !whole.ends_with([',', ';', '.']));
    fits.then_some(mention)
}

/// The name at a position, after words that may stand before it.
pub(super) fn mention_at(text: &str, start: usize, skip_fillers: bool) -> Option<Mention> {
    let mut position = start;
    for _ in 0..5 {
        let rest = text.get(position..)?;
        let skipped = rest.len() - rest.trim_start_matches([' ', '\n', '\t', ':', '(']).len();
        // A role such as `:func:` keeps its colon.
        let at = position + skipped;
        let rest = text.get(at..)?;
        if skipped > 12 {
            return None;
        }
        if let Some(mention) = marked(text, at) {
            return Some(mention);
        }
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
            .unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches(['.', '-']);
        if word.is_empty() {
            return None;
        }
        let lower = word.to_ascii_lowercase();
        if skip_fillers && FILLERS.contains(&lower.as_str()) {
            position = at + end;
            continue;
        }
        if NO_NAMES.contains(&lower.as_str()) || FILLERS.contains(&lower.as_str()) {
            return None;
        }
        let name = dotted(word)?;
        let mut after = at + word.len();
        if text.get(after..).is_some_and(|rest| rest.starts_with("()")) {
            after += 2;
        }
        return Some(Mention { name, is_marked: after > at + word.len(), end: after, start: at });
    }
    None
}

/// A name between backquotes, quotes, or in a role, at exactly this position.
fn marked(text: &str, at: usize) -> Option<Mention> {
    let rest = text.get(at..)?;
    let mut inner_start = at;
    // `:func:` and the like; a trimmed first colon is fine.
    if let Some(role) = rest.split('`').next().filter(|role| role.len() < rest.len()) {
        let is_role = !role.is_empty()
            && role.len() <= 20
            && role.ends_with(':')
            && role.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_'));
        if is_role {
            inner_start += role.len();
        }
    }
    let rest = text.get(inner_start..)?;
    let (open, close) = ["``", "`", "'", "\"", "*", "[`"]
        .iter()
        .find(|mark| rest.starts_with(**mark))
        .map(|mark| (*mark, if *mark == "[`" { "`" } else { *mark }))?;
    let body_start = inner_start + open.len();
    let body = text.get(body_start..)?;
    let length = body.find(close).filter(|length| *length > 0 && *length <= 120)?;
    let body = &body[..length];
    // In `title <target>` the target is the name.
    let named = match (body.find('<'), body.rfind('>')) {
        (Some(open), Some(close)) if open < close => &body[open + 1..close],
        _ => body,
    };
    let name = dotted(named)?;
    let mut end = body_start + length + close.len();
    if let Some(after) = text.get(end..) {
        for suffix in ["_", "()"] {
            if after.starts_with(suffix) {
                end += suffix.len();
                break;
            }
        }
    }
    Some(Mention { name, is_marked: true, end, start: at })
}

/// The dotted name that a piece of code begins with; none for prose.
pub(super) fn dotted(code: &str) -> Option<String> {
    let code = code.trim().trim_start_matches(['~', '.', '!', '@']);
    let (code, call) = code.split_once('(').unwrap_or((code, ""));
    if is_followed_up(call) {
        return None;
    }
    let code = code.split('=').next().unwrap_or(code).trim();
    let code = code.strip_prefix("import ").unwrap_or(code);
    let code = match code.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) {
        Some((module, name)) => format!("{}.{}", module.trim(), name.trim()),
        None => code.replace(':', "."),
    };
    let code = code.trim_matches('.');
    let identifier = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    (code.len() <= 200 && code.split('.').all(identifier)).then(|| code.to_owned())
}

/// Whether what stands behind the opening bracket of a call goes on after the closing one, as
/// `name(…).more` does: that is an expression and no name.
fn is_followed_up(call: &str) -> bool {
    let mut depth = 1_u32;
    for (at, character) in call.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return call[at + 1..].starts_with(['.', '[', '(']);
        }
    }
    false
}

/// Whether a text speaks of something being deprecated, renamed or removed.
pub(super) fn speaks_of_deprecation(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "deprecat",
        "renamed",
        "obsolete",
        "will be removed",
        "no longer supported",
        "superseded",
        "removed in",
        "has moved",
        "moved to",
        "was moved",
        "been moved",
        "legacy",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// The version that a text names after `since`, `in`, `version` or at its start.
pub(super) fn version_in(text: &str) -> Option<Arc<str>> {
    for word in text.split_whitespace().take(40) {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_version(word) {
            return Some(word.trim_start_matches('v').into());
        }
    }
    None
}

/// Whether a word is a version such as `1.2`, `v3.0.1`, `2.0dev`.
pub(super) fn is_version(word: &str) -> bool {
    let word = word.strip_prefix('v').unwrap_or(word);
    word.len() <= 20
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.contains('.')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        successors(text, true).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn cues_name_successors() {
        let table: &[(&str, &[&str])] = &[
            ("foo is deprecated, use bar instead", &["bar"]),
            ("foo is deprecated; use `pkg.bar` instead.", &["pkg.bar"]),
            ("Deprecated. Use :meth:`~pkg.Class.new_method`.", &["pkg.Class.new_method"]),
            ("old() has been renamed to new_name().", &["new_name"]),
            ("This was renamed to fresh", &["fresh"]),
            ("`x` is deprecated in favor of ``pkg.y``", &["pkg.y"]),
            ("replaced by the function `bar()`", &["bar"]),
            ("Use `a` or `b` instead", &["a", "b"]),
            ("Deprecated alias for `Thing`.", &["Thing"]),
            ("moved to pkg.sub.thing", &["pkg.sub.thing"]),
            ("foo is deprecated, `bar` should be used instead", &["bar"]),
            ("Please use 'new_fn(x, y)' instead.", &["new_fn"]),
            ("import from `pkg.other` instead", &["pkg.other"]),
            ("See :ref:`title <pkg.x>`", &["pkg.x"]),
            ("old_name --> newname", &["newname"]),
        ];
        for (text, expected) in table {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn mentions_without_a_cue_name_nothing() {
        for text in [
            "`foo` is deprecated and will be removed in 2.0.",
            "Do not use `foo`.",
            "This is deprecated.",
            "use it with care",
            "Using this is discouraged.",
            "deprecated since version 1.2",
            "Use `p.make(x).thing` instead.",
            "Use isinstance(it, p.Thing) instead.",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
