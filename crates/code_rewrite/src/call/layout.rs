//! Taking arguments out and putting them in without disturbing what stands around them.

use python::edit::{Piece, Span, TextEdit};
use python::references::{Argument, CallSite};

/// Takes one argument out, with its comma and the line and comment that are its own.
pub(super) fn removal(text: &str, call: &CallSite, index: usize) -> Option<TextEdit> {
    let argument = call.arguments.get(index)?;
    let (start, end) = (argument.span.start, argument.span.end);
    let close = call.parentheses.end.saturating_sub(1);
    let comma = comma_between(text, end, close);
    let line_start = line_start(text, start);
    let own_line = Span::new(line_start, start).of(text).trim().is_empty();
    if let Some(comma) = comma {
        let rest = Span::new(comma + 1, close).of(text);
        let line_rest = rest.split('\n').next().unwrap_or_default();
        let trailing = line_rest.trim();
        let ends_line = rest.contains('\n') && (trailing.is_empty() || trailing.starts_with('#'));
        if own_line && ends_line {
            let line_end = comma + 1 + line_rest.len() as u32 + 1;
            return Some(TextEdit::delete(Span::new(line_start, line_end)));
        }
        if index + 1 < call.arguments.len() {
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            return Some(TextEdit::delete(Span::new(start, comma + 1 + blanks as u32)));
        }
    }
    let before = index.checked_sub(1).and_then(|before| call.arguments.get(before));
    match before.map(|before| before.span).or(call.bound_by) {
        // The last argument goes with the comma before it; a comma after it stays with the new last
        // one.
        Some(before) => {
            let gap = Span::new(before.end, start).of(text);
            if gap.contains('#') {
                let cut = gap.rfind('\n').map_or(start, |at| before.end + at as u32);
                return Some(TextEdit::delete(Span::new(cut, comma.map_or(end, |at| at + 1))));
            }
            Some(TextEdit::delete(Span::new(before.end, end)))
        }
        None => Some(TextEdit::delete(Span::new(start, comma.map_or(end, |comma| comma + 1)))),
    }
}

/// Adds arguments behind the last one, on lines of their own where that one has a line of its own.
pub(super) fn addition(text: &str, call: &CallSite, arguments: &str) -> TextEdit {
    match (call.arguments.last(), call.bound_by) {
        (None, Some(callee)) => TextEdit::insert(callee.end, format!(", {arguments}")),
        (None, None) => TextEdit::insert(call.parentheses.start + 1, arguments),
        (Some(last), _) => {
            let line_start = line_start(text, last.span.start);
            let indent = Span::new(line_start, last.span.start).of(text);
            let own_line = indent.trim().is_empty() && line_start > call.parentheses.start;
            let separator =
                if own_line { format!(",{}{indent}", line_end(text)) } else { ", ".to_owned() };
            TextEdit {
                span: last.span,
                pieces: vec![
                    Piece::Source(last.span),
                    Piece::Text(format!("{separator}{arguments}")),
                ],
            }
        }
    }
}

/// The line ending that a text uses.
fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, offset: u32) -> u32 {
    let before = text.get(..offset as usize).unwrap_or_default();
    before.rfind('\n').map_or(0, |at| at as u32 + 1)
}

/// The comma that follows an argument, past blanks and comments.
fn comma_between(text: &str, from: u32, to: u32) -> Option<u32> {
    let mut in_comment = false;
    for (offset, byte) in Span::new(from, to).of(text).bytes().enumerate() {
        match byte {
            b'\n' => in_comment = false,
            _ if in_comment => {}
            b'#' => in_comment = true,
            b',' => return Some(from + offset as u32),
            byte if byte.is_ascii_whitespace() || byte == b'\\' => {}
            _ => return None,
        }
    }
    None
}

/// Whether evaluating a value has no effect, as far as its text shows.
pub(super) fn is_pure(text: &str, argument: &Argument) -> bool {
    let code = without_strings(argument.value.of(text));
    let words = ["await", "yield", ":="];
    let calls = code.char_indices().any(|(at, character)| {
        let before = code.get(..at).unwrap_or_default().trim_end().chars().last();
        character == '('
            && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '"'))
    });
    !calls && !words.iter().any(|word| code.contains(word))
}

/// A value with the content of its plain strings left out; formatted strings hold code and stay.
fn without_strings(value: &str) -> String {
    let mut code = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        code.push(if character == '\'' { '"' } else { character });
        let formatted = code.len() >= 2 && matches!(code.as_bytes()[code.len() - 2], b'f' | b'F');
        if !matches!(character, '"' | '\'') || formatted {
            continue;
        }
        let mut escaped = false;
        for inner in characters.by_ref() {
            match inner {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                inner if inner == character => break,
                _ => {}
            }
        }
        code.push('"');
    }
    code
}

/// Whether a value can stand anywhere without parentheses: one name, literal, call or bracketed
/// thing.
pub(super) fn is_atomic(value: &str) -> bool {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut escaped = false;
    for character in value.chars() {
        if let Some(open) = quote {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == open => quote = None,
                _ => {}
            }
            continue;
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            c if c.is_alphanumeric() || c == '_' || c == '.' => {}
            _ => return false,
        }
    }
    true
}
