//! Changed code of a fragment as edits of its document.
//!
//! Each line of the old code is followed into the new one. Only lines that differ are written, with
//! the prompt, the indentation or the quotes of the line beside them; nothing else of the document
//! changes.

use std::cell::OnceCell;
use std::ops::Range;

use python::edit::{self, Span, TextEdit};
use python::embedded::{DocumentLine, Fragment, LineForm};

/// Stands at the end of each line of the old code while the new one is put together.
const MARK: char = '\u{f8fc}';

/// One edit of a document with the lines of the old code that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentEdit {
    pub(super) edit: TextEdit,
    pub(super) lines: Range<usize>,
}

/// Lines of the old code with those that take their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) old: Range<usize>,
    pub(super) new: Vec<String>,
}

/// What becomes of each line of a text by edits, in order; none where that cannot be told.
pub(super) fn followed(code: &str, edits: &[TextEdit]) -> Option<Vec<Followed>> {
    if code.contains(MARK) {
        return None;
    }
    let mut all = edits.to_vec();
    let mut offset = 0;
    for (number, line) in code.split_inclusive('\n').enumerate() {
        let end = offset + line.trim_end_matches('\n').len() as u32;
        all.push(TextEdit::insert(end, format!("{MARK}{number}{MARK}")));
        offset += line.len() as u32;
    }
    let new = edit::apply(code, &all).text;
    let mut found = Vec::new();
    let mut start = 0;
    let mut parts = new.split(MARK);
    let mut text = parts.next()?;
    while let Some(number) = parts.next() {
        let end = number.parse::<usize>().ok()? + 1;
        // The line feed of the line before.
        let own = if start == 0 { text } else { text.strip_prefix('\n').unwrap_or(text) };
        let new = own.split('\n').map(str::to_owned).collect();
        found.push(Followed { old: start..end, new });
        start = end;
        text = parts.next()?;
    }
    let count = code.lines().count();
    if !text.trim().is_empty() {
        return None;
    }
    if start < count {
        found.push(Followed { old: start..count, new: Vec::new() });
    }
    Some(found)
}

/// The edits that make the document say what became of the fragment's lines, which begin behind
/// `before` others; none where that would change what is no code of the document.
pub(super) fn write_back(
    fragment: &Fragment,
    document: &str,
    followed: &[Followed],
    before: usize,
) -> Option<Vec<DocumentEdit>> {
    let old: Vec<&str> = fragment.code.lines().collect();
    let writer = Writer { lines: &fragment.lines, document, separator: OnceCell::new() };
    let mut edits = Vec::new();
    for Followed { old: range, new } in followed.iter().filter(|it| it.old.end > before) {
        let mut range = range.start.checked_sub(before)?..range.end - before;
        let mut new: &[String] = new;
        let was = |index: usize| old.get(index).copied();
        // What is the same at either end stays where it is.
        while let Some((last, rest)) = new.split_last().filter(|_| !range.is_empty())
            && was(range.end - 1) == Some(last.as_str())
        {
            range.end -= 1;
            new = rest;
        }
        while let Some((first, rest)) = new.split_first().filter(|_| !range.is_empty())
            && was(range.start) == Some(first.as_str())
        {
            range.start += 1;
            new = rest;
        }
        if !range.is_empty() || !new.is_empty() {
            let new: Vec<&str> = new.iter().map(String::as_str).collect();
            edits.extend(writer.write(range, &old, &new)?);
        }
    }
    Some(edits)
}

struct Writer<'a> {
    lines: &'a [DocumentLine],
    document: &'a str,
    /// What stands between the first two strings of one list.
    separator: OnceCell<Option<Span>>,
}

impl Writer<'_> {
    fn line(&self, index: usize) -> Option<&DocumentLine> {
        self.lines.get(index).filter(|line| line.form != LineForm::Fixed)
    }

    /// Writes new lines over old ones.
    fn write(&self, range: Range<usize>, old: &[&str], new: &[&str]) -> Option<Vec<DocumentEdit>> {
        let common = range.len().min(new.len());
        let mut edits = Vec::new();
        if range.is_empty() {
            let edit = self.insert(range.start, new)?;
            return Some(vec![DocumentEdit { edit, lines: range.start..range.start + 1 }]);
        }
        for (offset, line) in new.iter().take(common).enumerate() {
            let index = range.start + offset;
            let is_last = offset + 1 == common;
            let follow = if is_last { new.get(common..)? } else { &[] };
            if *line != *old.get(index)? || !follow.is_empty() {
                let edit = self.replace(index, old.get(index)?, line, follow)?;
                edits.push(DocumentEdit { edit, lines: index..index + 1 });
            }
        }
        if range.len() > common {
            edits.extend(self.delete(range.start + common..range.end)?);
        }
        Some(edits)
    }

    /// Writes `new` over one line, and further lines behind it.
    fn replace(&self, index: usize, old: &str, new: &str, follow: &[&str]) -> Option<TextEdit> {
        let line = self.line(index)?;
        let (kept_before, kept_behind) = common_ends(old, new);
        let code = line.code.of(self.document);
        let (start, end) = if line.form == LineForm::Plain {
            (kept_before, code.len().checked_sub(kept_behind)?)
        } else {
            (raw_offset(code, kept_before)?, raw_offset(code, old.len() - kept_behind)?)
        };
        let written = new.get(kept_before..new.len() - kept_behind)?;
        let span = Span::new(line.code.start + start as u32, line.code.start + end as u32);
        let text = self.encoded(line, written);
        if follow.is_empty() {
            return Some(TextEdit::replace(span, text));
        }
        // The rest of the line stands before what follows.
        let rest = code.get(end..)?;
        let span = Span::new(span.start, line.code.end);
        let behind = self.behind(line, follow)?;
        Some(TextEdit::replace(span, format!("{text}{rest}{behind}")))
    }

    /// Writes lines between two others: behind the one before it where that is code, else before
    /// the one at `index`.
    fn insert(&self, index: usize, added: &[&str]) -> Option<TextEdit> {
        if let Some(before) = index.checked_sub(1).and_then(|before| self.line(before)) {
            return Some(TextEdit::insert(before.code.end, self.behind(before, added)?));
        }
        let line = self.line(index)?;
        let begins = match line.form {
            LineForm::JsonElement => line.whole.start + 1,
            LineForm::JsonPart => line.whole.start,
            LineForm::Plain | LineForm::Fixed => line.code.start,
        };
        // Nothing can stand between a command and its code.
        if begins != line.code.start {
            return None;
        }
        let mut text = String::new();
        for new in added {
            text.push_str(&self.encoded(line, new));
            text.push_str(&self.between(line, "x")?);
        }
        Some(TextEdit::insert(line.code.start, text))
    }

    /// The text of lines that are written at the end of a line's code.
    fn behind(&self, line: &DocumentLine, added: &[&str]) -> Option<String> {
        let mut text = String::new();
        for new in added {
            text.push_str(&self.between(line, new)?);
            text.push_str(&self.encoded(line, new));
        }
        Some(text)
    }

    /// What stands between the code of a line and that of the next one, which is new.
    fn between(&self, line: &DocumentLine, new: &str) -> Option<String> {
        Some(match line.form {
            LineForm::Plain => format!("{}{}", self.line_break(line), self.prefix(line, new)),
            LineForm::JsonPart => "\\n".to_owned(),
            LineForm::JsonElement => format!("\\n\"{}\"", self.separator(line)),
            LineForm::Fixed => return None,
        })
    }

    /// What stands before the code of a line: an indentation, a prompt.
    fn prefix(&self, line: &DocumentLine, new: &str) -> String {
        let prefix = Span::new(line.whole.start, line.code.start).of(self.document);
        let continues = new.starts_with([' ', '\t', ')', ']', '}']);
        let (prompt, other) = if continues { (">>> ", "... ") } else { ("... ", ">>> ") };
        prefix
            .strip_suffix(prompt)
            .map_or_else(|| prefix.to_owned(), |indent| format!("{indent}{other}"))
    }

    fn line_break(&self, line: &DocumentLine) -> &'static str {
        let windows = Span::new(line.code.end, line.whole.end).of(self.document).ends_with("\r\n");
        if windows { "\r\n" } else { "\n" }
    }

    /// What stands between two strings of the list that a line belongs to.
    fn separator(&self, line: &DocumentLine) -> String {
        // Cells are numbered in order.
        let start = self.lines.partition_point(|other| other.group < line.group);
        let behind = self.lines.get(start..).unwrap_or_default();
        let own = behind.get(..behind.partition_point(|other| other.group == line.group));
        let found = own
            .and_then(first_separator)
            .or_else(|| *self.separator.get_or_init(|| first_separator(self.lines)));
        found.map_or_else(|| ", ".to_owned(), |between| between.of(self.document).to_owned())
    }

    fn encoded(&self, line: &DocumentLine, code: &str) -> String {
        if line.form == LineForm::Plain {
            return code.to_owned();
        }
        let mut text = String::with_capacity(code.len());
        for character in code.chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                control if u32::from(control) < 0x20 => {
                    text.push_str(&format!("\\u{:04x}", u32::from(control)));
                }
                other => text.push(other),
            }
        }
        text
    }

    /// Takes lines out, with their line breaks.
    fn delete(&self, gone: Range<usize>) -> Option<Vec<DocumentEdit>> {
        let mut edits = Vec::new();
        let mut start = gone.start;
        while start < gone.end {
            let group = self.line(start)?.group;
            let same = |index: &usize| self.line(*index).is_some_and(|line| line.group == group);
            let end = (start..gone.end).take_while(same).last()? + 1;
            let span = self.deleted(start, end)?;
            edits.push(DocumentEdit { edit: TextEdit::delete(span), lines: start..end });
            start = end;
        }
        Some(edits)
    }

    /// The range of lines of one group.
    fn deleted(&self, start: usize, end: usize) -> Option<Span> {
        let (first, last) = (self.line(start)?, self.line(end.checked_sub(1)?)?);
        if first.form == LineForm::Plain {
            return Some(Span::new(first.whole.start, last.whole.end));
        }
        let sibling = |index: Option<usize>| {
            let line = index.and_then(|index| self.lines.get(index))?;
            (line.group == first.group && !line.whole.is_empty()).then_some(line)
        };
        let next = sibling(Some(end)).filter(|next| next.whole.start > last.whole.start);
        if let Some(next) = next {
            return Some(Span::new(first.whole.start, next.whole.start));
        }
        let previous = sibling(start.checked_sub(1));
        match previous.filter(|previous| previous.whole.start < first.whole.start) {
            Some(previous) => Some(Span::new(previous.code.end, last.code.end)),
            None => Some(Span::new(first.code.start, last.code.end)),
        }
    }
}

/// What stands between the first two strings that follow each other in one list.
fn first_separator(lines: &[DocumentLine]) -> Option<Span> {
    lines.windows(2).find_map(|pair| {
        let [one, next] = pair else { return None };
        let both = [one, next].iter().all(|line| line.form == LineForm::JsonElement);
        (both && one.group == next.group).then(|| Span::new(one.whole.end, next.whole.start))
    })
}

/// How many bytes two texts have in common at their beginning and at their end.
fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let length = |pair: (char, char)| pair.0.len_utf8();
    let before: usize = old.chars().zip(new.chars()).take_while(same).map(length).sum();
    let rest = |text: &str| text.get(before..).unwrap_or_default().to_owned();
    let (old, new) = (rest(old), rest(new));
    let behind = old.chars().rev().zip(new.chars().rev()).take_while(same).map(length).sum();
    (before, behind)
}

/// Where the byte at `decoded` of a JSON string's text stands in its raw form.
fn raw_offset(raw: &str, decoded: usize) -> Option<usize> {
    let mut said = 0;
    let mut at = 0;
    while said < decoded {
        let rest = raw.get(at..)?;
        let (length, bytes) = match rest.strip_prefix('\\') {
            None => {
                let length = rest.chars().next()?.len_utf8();
                (length, length)
            }
            Some(escaped) if escaped.starts_with('u') => {
                let unit = u32::from_str_radix(rest.get(2..6)?, 16).ok()?;
                // Two escapes make one character beyond the basic plane.
                if (0xd800..0xdc00).contains(&unit) {
                    (12, 4)
                } else {
                    (6, char::from_u32(unit)?.len_utf8())
                }
            }
            Some(_) => (2, 1),
        };
        at += length;
        said += bytes;
    }
    (said == decoded).then_some(at)
}
