//! Change logs and guides: rows of old and new names, and sentences that tie an old name to its
//! successor.

use std::sync::Arc;

use code_model::hint::HintIdiom;

use super::phrases::{Mention, dotted, looks_like_code, mention_at};
use super::signatures::folded;
use super::{HintFact, HintFactSubject};

/// Texts beyond this size are data, not documentation.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// At most so many hints of one text are kept.
const MAX_HINTS: usize = 5000;

/// Reads a text.
pub(super) fn read(text: &str) -> Vec<HintFact> {
    if text.len() > MAX_BYTES {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut hints = Vec::new();
    tables(&lines, &mut hints);
    paragraphs(&lines, &mut hints);
    hints.truncate(MAX_HINTS);
    hints
}

fn hint(subject: HintFactSubject, line: usize, text: &str) -> HintFact {
    HintFact {
        owner: None,
        subject,
        idiom: HintIdiom::ChangeLog,
        line: line as u32 + 1,
        text: folded(text, 300).into(),
    }
}

/// The columns of a table: old names and new names.
struct Columns {
    old: usize,
    new: usize,
    are_keys: bool,
}

fn columns(header: &[&str], title: &str) -> Option<Columns> {
    let lower: Vec<String> = header.iter().map(|cell| cell.to_ascii_lowercase()).collect();
    let has = |cell: &str, words: &[&str]| {
        cell.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
    };
    let new = lower.iter().position(|cell| {
        has(
            cell,
            &[
                "new",
                "renamed",
                "replacement",
                "replace",
                "replaced",
                "instead",
                "now",
                "after",
                "successor",
                "alternative",
                "migration",
                "guideline",
                "recommendation",
            ],
        )
    })?;
    let old = lower
        .iter()
        .position(|cell| {
            has(cell, &["old", "deprecated", "removed", "previous", "before", "former", "legacy"])
        })
        .or_else(|| (new > 0).then_some(0))?;
    if old == new {
        return None;
    }
    let about_keys = ["setting", "option", "key", "config", "environment"];
    let are_keys = lower.iter().any(|cell| about_keys.iter().any(|word| cell.contains(word)))
        || about_keys.iter().any(|word| title.to_ascii_lowercase().contains(word));
    Some(Columns { old, new, are_keys })
}

/// reStructuredText's simple and grid tables, and Markdown's.
fn tables(lines: &[&str], hints: &mut Vec<HintFact>) {
    let mut number = 0;
    let mut title = "";
    while number < lines.len() {
        let line = lines[number];
        if is_underline(line) && number > 0 && !lines[number - 1].trim().is_empty() {
            title = lines[number - 1].trim();
        } else if let Some(heading) = line.strip_prefix('#') {
            title = heading.trim_start_matches('#').trim();
        }
        let next = if is_simple_border(line) {
            simple_table(lines, number, title, hints)
        } else if line.trim_start().starts_with("+-") || line.trim_start().starts_with('|') {
            bar_table(lines, number, title, hints)
        } else {
            None
        };
        number = next.unwrap_or(number + 1).max(number + 1);
    }
}

fn is_underline(line: &str) -> bool {
    let line = line.trim_end();
    line.len() >= 3
        && line.bytes().all(|byte| byte == line.as_bytes()[0])
        && matches!(line.as_bytes()[0], b'=' | b'-' | b'~' | b'^' | b'*' | b'#' | b'"' | b'\'')
}

fn is_simple_border(line: &str) -> bool {
    let line = line.trim();
    line.len() > 6 && line.contains(' ') && line.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

fn simple_table(
    lines: &[&str],
    start: usize,
    title: &str,
    hints: &mut Vec<HintFact>,
) -> Option<usize> {
    let border = lines[start];
    let mut bounds: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for piece in border.split_inclusive(' ') {
        let width = piece.trim_end().len();
        if width > 0 {
            bounds.push((at, at + width));
        }
        at += piece.len();
    }
    let cells = |line: &str| -> Vec<String> {
        bounds
            .iter()
            .enumerate()
            .map(|(column, (from, to))| {
                let end = if column + 1 == bounds.len() { line.len() } else { *to };
                line.get(*from..end.min(line.len())).unwrap_or("").trim().to_owned()
            })
            .collect()
    };
    let second = (start + 1..lines.len().min(start + 8)).find(|at| is_simple_border(lines[*at]))?;
    let header: Vec<String> = cells(lines.get(start + 1)?);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let found = columns(&header, title);
    let mut number = second + 1;
    while let Some(line) = lines.get(number) {
        if is_simple_border(line) {
            return Some(number + 1);
        }
        if let Some(columns) = &found {
            row(&cells(line), columns, number, title, hints);
        }
        number += 1;
    }
    Some(number)
}

#[expect(clippy::unnecessary_wraps, reason = "every reader of a table answers alike")]
fn bar_table(
    lines: &[&str],
    start: usize,
    title: &str,
    hints: &mut Vec<HintFact>,
) -> Option<usize> {
    let mut number = start;
    let mut found: Option<Columns> = None;
    let mut is_header = true;
    while let Some(line) = lines.get(number).map(|line| line.trim()) {
        if line.starts_with("+-")
            || line.starts_with("+=")
            || line.starts_with("|-")
            || line.starts_with("|:")
            || line.starts_with("| -")
            || line.starts_with("| :")
        {
            number += 1;
            continue;
        }
        if !line.starts_with('|') {
            break;
        }
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        if is_header {
            let header: Vec<&str> = cells.iter().map(String::as_str).collect();
            found = columns(&header, title);
            is_header = false;
        } else if let Some(columns) = &found {
            row(&cells, columns, number, title, hints);
        }
        number += 1;
    }
    Some(number)
}

fn row(cells: &[String], columns: &Columns, line: usize, title: &str, hints: &mut Vec<HintFact>) {
    let (Some(old), Some(new)) = (cells.get(columns.old), cells.get(columns.new)) else { return };
    let name = |cell: &str| -> Option<String> {
        let mention = mention_at(cell, 0, false)?;
        let alone = mention.end + 3 >= cell.trim_end().len() || mention.is_marked;
        (alone && (mention.is_marked || dotted(cell).is_some())).then_some(mention.name)
    };
    let (Some(old), Some(new_name)) = (name(old), name(new)) else { return };
    if old == new_name {
        return;
    }
    let text = format!("{old} | {new}");
    let subject = if columns.are_keys || new.starts_with(":setting:") {
        let holder = if title.is_empty() { "table" } else { title };
        HintFactSubject::Key {
            old: old.as_str().into(),
            new: new_name.as_str().into(),
            holder: holder.into(),
        }
    } else {
        HintFactSubject::Names { old: old.as_str().into(), new: Some(new_name.as_str().into()) }
    };
    hints.push(hint(subject, line, &text));
}

/// Sentences of paragraphs and list items.
fn paragraphs(lines: &[&str], hints: &mut Vec<HintFact>) {
    let mut number = 0;
    let mut topic = None;
    while number < lines.len() {
        let first = lines[number];
        if let Some(name) = titled_name(lines, number) {
            topic = Some(name);
            number += 1 + usize::from(!first.starts_with('#'));
            continue;
        }
        let is_drawn = first.trim_start().starts_with(['|', '+', '=']);
        if first.trim().is_empty() || (is_drawn && !is_simple_border(first)) {
            number += 1;
            continue;
        }
        // The rows of a table are read as such.
        if is_simple_border(first) {
            number += 1;
            while lines.get(number).is_some_and(|line| !line.trim().is_empty()) {
                number += 1;
            }
            continue;
        }
        let start = number;
        let mut text = item_text(first).to_owned();
        number += 1;
        while let Some(line) = lines.get(number) {
            if line.trim().is_empty() || is_item(line) || is_underline(line) || text.len() > 3000 {
                break;
            }
            text.push(' ');
            text.push_str(line.trim());
            number += 1;
        }
        if is_worth_reading(&text) {
            for sentence in sentences(&text) {
                read_sentence(sentence, start, hints);
            }
        }
        if let Some(old) = topic.take() {
            read_section(&old, &text, start, hints);
        }
    }
}

/// The name that a section is about, when its title is nothing but that name, set off as code.
fn titled_name(lines: &[&str], number: usize) -> Option<String> {
    let line = lines[number];
    let title = match line.strip_prefix('#') {
        Some(title) => title.trim_start_matches('#').trim(),
        None => {
            let underlined = lines.get(number + 1).is_some_and(|next| is_underline(next));
            line.trim().starts_with('`').then_some(line.trim()).filter(|_| underlined)?
        }
    };
    let mention = mention_at(title, 0, false).filter(|mention| mention.is_marked)?;
    title[mention.end..].trim().is_empty().then_some(mention.name)
}

/// The first words of a section about one name that is deprecated or gone: what they say to use
/// instead takes its place.
fn read_section(old: &str, text: &str, line: usize, hints: &mut Vec<HintFact>) {
    let Some(opening) = sentences(text).into_iter().next() else { return };
    let lower = opening.to_ascii_lowercase();
    let goes = [
        "is deprecated",
        "has been deprecated",
        "was deprecated",
        "is removed",
        "has been removed",
        "was removed",
    ]
    .iter()
    .any(|words| lower.contains(words));
    if !goes || mentions(opening).iter().any(|mention| mention.name == old) {
        return;
    }
    if let [new] = super::phrases::successors(opening, true).as_slice()
        && **new != *old
    {
        let subject = HintFactSubject::Names { old: old.into(), new: Some(new.clone()) };
        hints.push(hint(subject, line, opening));
    }
}

fn is_item(line: &str) -> bool {
    let trimmed = line.trim_start();
    ["- ", "* ", "+ ", "• "].iter().any(|mark| trimmed.starts_with(mark))
        || trimmed.split_once(". ").is_some_and(|(number, _)| {
            number.len() < 4
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn item_text(line: &str) -> &str {
    let trimmed = line.trim_start();
    ["- ", "* ", "+ ", "• "]
        .iter()
        .find_map(|mark| trimmed.strip_prefix(mark))
        .unwrap_or(trimmed)
        .trim()
}

fn is_worth_reading(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "renam", "deprecat", "replace", "in favo", "instead", "moved", "->", "→", "=>", "removed",
        "supersed",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Sentences end with a full stop that a blank and a capital or a mark follow.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(". ") {
        let next = text[at + 2..].trim_start().chars().next();
        if next.is_some_and(|c| c.is_uppercase() || matches!(c, '`' | ':' | '*')) {
            // "`old` is deprecated. Use `new` instead." is one statement.
            let lower = text[at + 2..].trim_start().to_ascii_lowercase();
            if ["use ", "please use", "instead", "it is replaced", "prefer "]
                .iter()
                .any(|word| lower.starts_with(word))
            {
                continue;
            }
            found.push(&text[start..=at]);
            start = at + 2;
        }
    }
    found.push(&text[start..]);
    found
}

/// The names that are set off as code in a sentence.
fn mentions(sentence: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let mut position = 0;
    while let Some(at) = sentence[position..].find('`').map(|at| position + at) {
        // A role belongs to its name.
        let start = sentence[..at].rfind([' ', '(', ',']).map_or(0, |at| at + 1).max(position);
        let is_role = sentence[start..at].starts_with(':') && sentence[start..at].ends_with(':');
        let start = if is_role { start } else { at };
        match mention_at(sentence, start, false).filter(|mention| mention.is_marked) {
            Some(mention) => {
                position = mention.end;
                found.push(mention);
            }
            None => {
                // Something that is no name: skip to behind its closing mark.
                let open = if sentence[at..].starts_with("``") { 2 } else { 1 };
                let mark = &sentence[at..at + open];
                position = match sentence[at + open..].find(mark) {
                    Some(length) => at + open + length + open,
                    None => return found,
                };
            }
        }
        if found.len() > 20 {
            return found;
        }
    }
    found
}

fn read_sentence(sentence: &str, line: usize, hints: &mut Vec<HintFact>) {
    let lower = sentence.to_ascii_lowercase();
    if lower.len() != sentence.len() {
        return;
    }
    let about_arguments =
        ["parameter", "argument", "keyword", "kwarg"].iter().any(|word| lower.contains(word));
    let names = mentions(sentence);
    // Names before this one are already told what became of them.
    let mut free = 0;
    for (at, pair) in names.windows(2).enumerate() {
        let [old, new] = pair else { continue };
        let between = lower[old.end..new.start].trim();
        let before = lower[..old.start].trim_end();
        let Some(is_pair) = ties(before, between, &lower[new.end..]) else { continue };
        if !is_pair || old.name == new.name || about_arguments {
            continue;
        }
        // "`a` is replaced by `b` and `c`" names no single successor, and "some `A` methods are
        // deprecated" does not speak of `A`.
        let is_part = ["methods", "attributes", "functions", "parameters", "arguments", "usages"]
            .iter()
            .any(|parts| between.starts_with(parts));
        let listed = joined_before(&names, free..=at, &lower);
        if has_rival(&names, at + 1, &lower, listed.len() > 1) || (is_part && listed.len() == 1) {
            continue;
        }
        free = at + 2;
        for old in listed {
            let subject = HintFactSubject::Names {
                old: old.name.as_str().into(),
                new: Some(new.name.as_str().into()),
            };
            hints.push(hint(subject, line, sentence));
        }
    }
    if let Some((old, new)) = arrow(sentence) {
        let subject = HintFactSubject::Names { old, new: Some(new) };
        hints.push(hint(subject, line, sentence));
    }
    if let [only] = names.as_slice()
        && !about_arguments
    {
        let after = lower[only.end..].trim_start();
        let before = lower[..only.start].trim_end();
        let says = after.starts_with("is deprecated")
            || after.starts_with("has been deprecated")
            || after.starts_with("is now deprecated")
            || after.starts_with("was deprecated")
            || after.starts_with("has been removed")
            || after.starts_with("was removed")
            || before.ends_with("deprecated")
            || before.ends_with("deprecate")
            || before.ends_with("removed")
            || before.ends_with("removed deprecated");
        if says {
            let subject = HintFactSubject::Names { old: only.name.as_str().into(), new: None };
            hints.push(hint(subject, line, sentence));
        }
    }
}

/// Whether a further name is joined to a successor, one that is not itself said to be replaced.
fn has_rival(names: &[Mention], new: usize, lower: &str, of_several: bool) -> bool {
    let Some(next) = names.get(new + 1) else { return false };
    let between = lower[names[new].end..next.start].trim();
    // Several old names and several new ones belong together one by one.
    let joined = matches!(between, "and" | "or" | "and/or" | ", and" | ", or")
        || (of_several && between == ",");
    let goes = names.get(new + 2).is_some_and(|after| {
        ties("", lower[next.end..after.start].trim(), &lower[after.end..]) == Some(true)
    });
    joined && !goes
}

/// A name with those that are listed before it: "`a`, `b` and `c`".
fn joined_before<'m>(
    names: &'m [Mention],
    among: std::ops::RangeInclusive<usize>,
    lower: &str,
) -> &'m [Mention] {
    let last = *among.end();
    let mut first = last;
    while first > *among.start() {
        let between = lower[names[first - 1].end..names[first].start].trim();
        if !matches!(between, "and" | "or" | "," | ", and" | ", or") {
            break;
        }
        first -= 1;
    }
    &names[first..=last]
}

/// Whether the words around two names say that the second takes the place of the first.
fn ties(before: &str, between: &str, after: &str) -> Option<bool> {
    let between = between.trim_matches(|c: char| {
        matches!(c, ',' | ';' | ':' | '(' | ')' | '.') || c.is_whitespace()
    });
    let last = |text: &str| text.rsplit([' ', ',']).next().unwrap_or("").to_owned();
    let short = between.split_whitespace().count() <= 12;
    if !short {
        return None;
    }
    let joins = |words: &[&str]| {
        words.iter().any(|word| between == *word || between.ends_with(&format!(" {word}")))
    };
    // "`old` has been renamed to `new`", "`old` is deprecated in favor of `new`"
    if joins(&[
        "renamed to",
        "renamed as",
        "renamed",
        "replaced by",
        "replaced with",
        "in favor of",
        "in favour of",
        "moved to",
        "moved into",
        "superseded by",
        "->",
        "=>",
        "→",
        "now called",
        "is now",
        "are now",
        "replaced by the",
        "in favor of the",
        "in favour of the",
        "renamed to the",
        "use",
        "use the",
        "please use",
        "favor of using",
        "favour of using",
    ]) {
        let needs_deprecation =
            joins(&["use", "use the", "please use"]) || between.ends_with("is now");
        let deprecated = between.contains("deprecat")
            || between.contains("removed")
            || between.contains("instead")
            || between.contains("no longer")
            || says_instead(after);
        return Some(!needs_deprecation || deprecated);
    }
    // "renamed `old` to `new`", "replace `old` with `new`", "deprecated `old`; use `new`"
    let verb = last(before);
    let verb_before = before
        .trim_end_matches(" the")
        .trim_end_matches(" method")
        .trim_end_matches(" function")
        .trim_end_matches(" class");
    let verb = if verb == "the" || verb == "method" || verb == "function" || verb == "class" {
        last(verb_before)
    } else {
        verb
    };
    let between = between
        .strip_prefix("method ")
        .or(between.strip_prefix("function "))
        .or(between.strip_prefix("class "))
        .unwrap_or(between);
    let links = ["to", "as", "into", "with", "by", "to the", "with the"];
    Some(match verb.as_str() {
        "rename" | "renamed" | "renames" | "renaming" => links.contains(&between),
        "replace" | "replaced" | "replaces" | "replacing" => links.contains(&between),
        "move" | "moved" | "moves" => between == "to" || between == "into",
        _ => false,
    })
}

/// Whether "instead" follows, and not what it is instead of.
fn says_instead(after: &str) -> bool {
    after.trim_start().strip_prefix("instead").is_some_and(|rest| !rest.starts_with(" of"))
}

/// `old -> new` alone in a list item.
fn arrow(sentence: &str) -> Option<(Arc<str>, Arc<str>)> {
    let (old, new) = ["->", "=>", "→", "⇒"].iter().find_map(|arrow| sentence.split_once(arrow))?;
    let (old, new) = (old.trim(), new.trim());
    let name = |text: &str| {
        let bare = text.trim_matches('`');
        let bare = bare.strip_suffix("()").unwrap_or(bare);
        dotted(bare).filter(|name| name == bare && (text.starts_with('`') || looks_like_code(name)))
    };
    // Marked names are read with the other mentions.
    if old.starts_with('`') && new.starts_with('`') {
        return None;
    }
    let (old, new) = (name(old)?, name(new)?);
    (old != new).then(|| (old.into(), new.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        read(text)
            .into_iter()
            .map(|hint| match hint.subject {
                HintFactSubject::Names { old, new } => {
                    format!("{old} -> {}", new.as_deref().unwrap_or("?"))
                }
                HintFactSubject::Key { old, new, .. } => format!("key {old} -> {new}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn sentences_and_tables_tie_names() {
        let table: &[(&str, &[&str])] = &[
            ("- Renamed `a.old` to `a.new`.", &["a.old -> a.new"]),
            ("``old_thing`` has been renamed to ``new_thing``.", &["old_thing -> new_thing"]),
            ("* :func:`old` is deprecated in favor of :func:`~p.new`.", &["old -> p.new"]),
            ("* `old` is deprecated, use `new` instead.", &["old -> new"]),
            ("* `old` is deprecated. Use `new` instead.", &["old -> new"]),
            ("- old_name -> new_name", &["old_name -> new_name"]),
            ("Removed ``thing``.", &["thing -> ?"]),
            ("`a`, `b` and `c` were replaced by `d`.", &["a -> d", "b -> d", "c -> d"]),
            ("`a` was renamed to `b` and `c` was renamed to `d`.", &["a -> b", "c -> d"]),
            ("``old``\n~~~~~~~\n\n... is deprecated. Use `new` instead.\n", &["old -> new"]),
            (
                "Settings\n========\n\n======= =========\nOld     New\n======= =========\n``A``   :s:`b`\n======= =========\n",
                &["key A -> b"],
            ),
            ("| Old | New |\n|---|---|\n| `a.b` | `a.c` |\n", &["a.b -> a.c"]),
            (
                "+----+-----+\n| Old option | New option |\n+====+=====+\n| x_y | z_y |\n+----+-----+\n",
                &["key x_y -> z_y"],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn other_sentences_tie_nothing() {
        for text in [
            "Use `a` with `b`.",
            "`a` was replaced by `b` and `c`.",
            "`a`, `b`, and `c` were removed in favor of `x`, `y`, and `z`.",
            "Some `a` methods have been moved to `b`.",
            "Refactoring `a` to use `b` instead of `c` is now easier.",
            "====== ========\nmember guide\n====== ========\n`a`    Removed, use `b` instead\n====== ========\n\n",
            "`a` and `b` were improved.",
            "Fixed `a` when `b` is given, deprecated stuff aside.",
            "The argument `a` of `f` was renamed to `b`.",
            "| Name | Type |\n|---|---|\n| `a` | `b` |\n",
            "x -> y",
            "do this -> do that",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
