//! Names that the documentation of a definition says it took the place of: "Replaces ``old``.",
//! "Renamed from ``old``."

use super::phrases::{Mention, mention_at};

/// Words that begin a sentence about what the definition used to be called.
const OPENINGS: &[&str] = &[
    "renamed from",
    "replaces",
    "replacement for",
    "supersedes",
    "formerly known as",
    "formerly called",
    "formerly named",
    "formerly",
    "previously known as",
    "previously called",
    "previously named",
    "new name for",
    "new name of",
];

/// The old names that a docstring gives to the definition as a whole, with the sentence: what
/// stands in a parameter's entry is about the parameter.
pub(super) fn old_names(docstring: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for paragraph in about_the_whole(docstring) {
        for sentence in paragraph.split_inclusive(". ") {
            for name in names_of(sentence.trim()) {
                found.push((name, sentence.trim().to_owned()));
            }
        }
    }
    found
}

/// The lines at the margin and the bodies of directives that stand there, each folded into one.
fn about_the_whole(docstring: &str) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    let mut in_directive = false;
    let mut open = false;
    for line in docstring.lines() {
        let trimmed = line.trim();
        let margin = line.len() - line.trim_start().len();
        if trimmed.is_empty() {
            open = false;
            continue;
        }
        if let Some(directive) = trimmed.strip_prefix("..").filter(|_| margin <= 3) {
            in_directive = directive.trim_start().starts_with("version");
            open = false;
            continue;
        }
        if margin == 0 {
            in_directive = false;
        } else if !in_directive {
            continue;
        }
        match sentences.last_mut().filter(|_| open) {
            Some(sentence) => {
                sentence.push(' ');
                sentence.push_str(trimmed);
            }
            None => sentences.push(trimmed.to_owned()),
        }
        open = true;
    }
    sentences
}

/// The names of a sentence that says nothing but what was replaced.
fn names_of(sentence: &str) -> Vec<String> {
    let lower = sentence.to_ascii_lowercase();
    if lower.len() != sentence.len() {
        return Vec::new();
    }
    let Some(opening) = OPENINGS.iter().find(|words| lower.starts_with(**words)) else {
        return Vec::new();
    };
    let mut names: Vec<Mention> = Vec::new();
    let mut position = opening.len();
    while let Some(mention) =
        mention_at(sentence, position, names.is_empty()).filter(|it| it.is_marked)
    {
        position = mention.end;
        names.push(mention);
        let rest = sentence[position..].trim_start_matches([' ', ',']);
        let rest = rest.strip_prefix("and ").or(rest.strip_prefix("or ")).unwrap_or(rest);
        position = sentence.len() - rest.len();
    }
    let rest = sentence[position..].trim_start();
    let ended = rest.is_empty() || rest.starts_with(['.', ';']);
    if !ended || names.len() > 6 {
        return Vec::new();
    }
    names.into_iter().map(|mention| mention.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(docstring: &str) -> Vec<String> {
        old_names(docstring).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_definition_names_what_it_took_the_place_of() {
        let directive = "Pass it.\n\n.. versionadded:: 3.0\n    Replaces ``old`` and ``older``.\n";
        assert_eq!(found(directive), ["old", "older"]);
        assert_eq!(found("Do it.\n\nRenamed from :func:`p.old`.\n"), ["p.old"]);
        let spread =
            ".. versionchanged:: 2\n   Replaces\n   ``old``,\n   ``older`` and ``oldest``\n";
        assert_eq!(found(spread), ["old", "older", "oldest"]);
        assert_eq!(found("Formerly `old`; see the guide."), ["old"]);
    }

    #[test]
    fn what_replaces_something_when_it_runs_was_not_renamed() {
        for text in [
            "Replaces specified elements of an array.",
            "Replaces ``old`` by ``new`` in the text.",
            "Replaces `x` with something else",
            "Renamed from ``dims`` to ``shape``.",
            "Parameters\n----------\nnew : int\n    Renamed from ``old``.",
            "Args:\n    new: Number of parts.\n        Replaces ``old``.",
            "This replaces ``old``.",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
