//! Code cells of Jupyter's notebooks.
//!
//! Lines of IPython that are no Python (`%matplotlib inline`, `!pip install …`) stay in the code as
//! statements that do nothing.

use std::collections::{BTreeMap, BTreeSet};

use configuration::{JsonStep, JsonString, json_strings};

use super::{DocumentLine, Fragment, FragmentKind, LineForm};
use crate::edit::Span;
use crate::parse::ParsedFile;

/// Magic commands of a whole cell below which Python follows.
const PYTHON_MAGICS: [&str; 5] = ["%%time", "%%timeit", "%%capture", "%%prun", "%%memit"];

/// Magic commands behind which Python follows on the same line.
const LINE_MAGICS: [&str; 4] = ["time", "timeit", "prun", "memit"];

/// All code cells as one fragment; none where the notebook is not one of Python.
pub(super) fn read(text: &str) -> Option<Fragment> {
    let strings = json_strings(text, &is_wanted);
    let language = strings.iter().find(|string| is_language(&string.path));
    if language.is_some_and(|language| !language.text.eq_ignore_ascii_case("python")) {
        return None;
    }
    let mut cells: BTreeMap<usize, Vec<&JsonString>> = BTreeMap::new();
    let mut code_cells: BTreeSet<usize> = BTreeSet::new();
    for string in &strings {
        match string.path.as_slice() {
            [JsonStep::Key(_), JsonStep::Index(cell), JsonStep::Key(key), ..]
                if key == "source" =>
            {
                cells.entry(*cell).or_default().push(string);
            }
            [JsonStep::Key(_), JsonStep::Index(cell), ..] if string.text == "code" => {
                code_cells.insert(*cell);
            }
            _ => {}
        }
    }
    let mut fragment = Fragment::new(FragmentKind::Cells);
    for (cell, parts) in cells {
        if code_cells.contains(&cell) {
            add_cell(&mut fragment, cell as u32, &parts, text);
        }
    }
    (!fragment.lines.is_empty()).then_some(fragment)
}

fn is_wanted(path: &[JsonStep]) -> bool {
    match path {
        [JsonStep::Key(cells), JsonStep::Index(_), JsonStep::Key(key)] => {
            cells == "cells" && matches!(key.as_str(), "source" | "cell_type")
        }
        [JsonStep::Key(cells), JsonStep::Index(_), JsonStep::Key(key), JsonStep::Index(_)] => {
            cells == "cells" && key == "source"
        }
        _ => is_language(path),
    }
}

fn is_language(path: &[JsonStep]) -> bool {
    let [JsonStep::Key(metadata), JsonStep::Key(holder), JsonStep::Key(key)] = path else {
        return false;
    };
    metadata == "metadata"
        && matches!(
            (holder.as_str(), key.as_str()),
            ("kernelspec", "language") | ("language_info", "name")
        )
}

/// Adds a cell's lines behind a comment that keeps them apart from the cell before.
fn add_cell(fragment: &mut Fragment, cell: u32, parts: &[&JsonString], text: &str) {
    let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
    let first = whole.trim_start().lines().next().unwrap_or_default();
    let magic = first.split_whitespace().next().unwrap_or_default();
    if magic.starts_with("%%") && !PYTHON_MAGICS.contains(&magic) {
        return;
    }
    let start = parts.first().map_or(0, |part| part.range.start as u32);
    fragment.push_fixed("#", start, cell);
    let is_list = parts.iter().any(|part| part.path.len() > 3);
    let count = parts.len();
    for (position, part) in parts.iter().enumerate() {
        let place = Span::new(part.range.start as u32, part.range.end as u32);
        if is_list {
            let line = part.text.strip_suffix('\n');
            let is_line = !line.unwrap_or(&part.text).contains('\n')
                && (line.is_some() || position + 1 == count)
                && !part.text.contains('\r');
            let Some(code) = element_code(place, text, line.is_some()).filter(|_| is_line) else {
                // Lines that are cut in another way can be read, and not written.
                part.text.lines().for_each(|line| fragment.push_fixed(line, place.start, cell));
                continue;
            };
            let code_text = line.unwrap_or(&part.text);
            let line =
                DocumentLine { code, whole: place, form: LineForm::JsonElement, group: cell };
            add_line(fragment, code_text, line, text);
        } else {
            add_parts(fragment, part, text, cell);
        }
    }
}

/// The content of a string without the line feed that ends it.
fn element_code(place: Span, text: &str, ended: bool) -> Option<Span> {
    let content = Span::new(place.start + 1, place.end.saturating_sub(1));
    if !ended {
        return Some(content);
    }
    let raw = content.of(text);
    raw.ends_with("\\n").then(|| Span::new(content.start, content.end - 2))
}

/// The lines of a cell that is one string.
fn add_parts(fragment: &mut Fragment, part: &JsonString, text: &str, cell: u32) {
    let start = part.range.start as u32 + 1;
    let end = (part.range.end as u32).saturating_sub(1);
    let raw = Span::new(start, end).of(text);
    let mut offset = start;
    let mut lines = part.text.split('\n').peekable();
    for piece in split_at_line_feeds(raw) {
        let Some(line) = lines.next() else { return };
        let code = Span::new(offset, offset + piece.len() as u32);
        let is_last = lines.peek().is_none();
        if is_last && line.is_empty() {
            return;
        }
        let whole = Span::new(code.start, code.end + if is_last { 0 } else { 2 });
        let place = DocumentLine { code, whole, form: LineForm::JsonPart, group: cell };
        add_line(fragment, line, place, text);
        offset = whole.end;
    }
}

/// The raw content of a JSON string, cut at each `\n`.
fn split_at_line_feeds(raw: &str) -> Vec<&str> {
    let bytes = raw.as_bytes();
    let (mut start, mut at) = (0, 0);
    let mut found = Vec::new();
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            if bytes.get(at + 1) == Some(&b'n') {
                found.push(&raw[start..at]);
                start = at + 2;
            }
            at += 2;
        } else {
            at += 1;
        }
    }
    found.push(raw.get(start..).unwrap_or_default());
    found
}

fn add_line(fragment: &mut Fragment, line: &str, place: DocumentLine, text: &str) {
    let behind = behind_magic(line).filter(|code| {
        let magic = &line[..line.len() - code.len()];
        place.code.of(text).starts_with(magic)
    });
    if let Some(code) = behind {
        let start = place.code.start + (line.len() - code.len()) as u32;
        fragment.push(code, DocumentLine { code: Span::new(start, place.code.end), ..place });
    } else if let Some(stand_in) = stand_in(line) {
        fragment.push(&stand_in, DocumentLine { form: LineForm::Fixed, ..place });
    } else {
        fragment.push(line, place);
    }
}

/// The Python behind a magic command and its options at the beginning of a line.
fn behind_magic(line: &str) -> Option<&str> {
    let command = line.strip_prefix("%%").or_else(|| line.strip_prefix('%'))?;
    let (name, rest) = command.split_once(' ')?;
    let mut code = rest.trim_start();
    while code.starts_with('-') {
        let (option, rest) = code.split_once(' ')?;
        code = rest.trim_start();
        // A number belongs to the letter before it.
        if let Some((number, rest)) = code.split_once(' ').filter(|_| option.len() == 2)
            && number.chars().all(|c| c.is_ascii_digit())
        {
            code = rest.trim_start();
        }
    }
    let is_python = || {
        let parsed = ParsedFile::parse(code.as_bytes());
        parsed.is_ok_and(|parsed| parsed.syntax_error().is_none())
    };
    (LINE_MAGICS.contains(&name) && !code.is_empty() && is_python()).then_some(code)
}

/// What stands for a line that only IPython understands.
fn stand_in(line: &str) -> Option<String> {
    let code = line.trim_start();
    let indent = &line[..line.len() - code.len()];
    let is_word = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let starts_magic = |code: &str| {
        code.strip_prefix("%%")
            .or_else(|| code.strip_prefix('%'))
            .or_else(|| code.strip_prefix('!'))
            .is_some_and(is_word)
    };
    let asks =
        code.starts_with('?') || code.trim_end().ends_with('?') && !code.contains(['"', '#']);
    let assigned = code
        .split_once('=')
        .is_some_and(|(target, value)| is_word(target.trim()) && starts_magic(value.trim_start()));
    (starts_magic(code) || asks || assigned).then(|| format!("{indent}pass"))
}
