//! Taking arguments out and putting them in without disturbing what stands around them.

use std::collections::BTreeSet;

use python::edit::{Piece, Span, TextEdit};
use python::references::{Argument, CallSite};

/// Takes one argument out, with its comma and the line and comment that are its own. `gone` are all
/// arguments of the call that go with it.
pub(super) fn removal(
    text: &str,
    call: &CallSite,
    index: usize,
    gone: &BTreeSet<usize>,
) -> Option<TextEdit> {
    let argument = call.arguments.get(index)?;
    let removed = Removed::of(text, call, argument);
    let first_of_tail = (0..call.arguments.len()).rev().take_while(|it| gone.contains(it)).last();
    let tail = first_of_tail.filter(|first| *first <= index);
    let all_on_lines = tail.is_some_and(|first| {
        let mut tail = call.arguments.iter().skip(first);
        tail.all(|argument| Removed::of(text, call, argument).whole_line.is_some())
    });
    if let Some(line) = removed.whole_line.filter(|_| tail.is_none() || all_on_lines) {
        return Some(TextEdit::delete(line));
    }
    let (start, end) = (argument.span.start, argument.span.end);
    match (tail, removed.comma) {
        (Some(first), _) => removal_at_the_end(text, call, first, index),
        (None, Some(comma)) => {
            let rest = Span::new(comma + 1, removed.close).of(text);
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            Some(TextEdit::delete(Span::new(start, comma + 1 + blanks as u32)))
        }
        (None, None) => Some(TextEdit::delete(Span::new(start, end))),
    }
}

/// What stands around an argument that goes.
struct Removed {
    /// Where the arguments end.
    close: u32,
    /// The comma behind it.
    comma: Option<u32>,
    /// Whether nothing stands before it on its line.
    own_line: bool,
    /// Its line with the line break, where nothing but its comma and a comment stand there, too.
    whole_line: Option<Span>,
}

impl Removed {
    fn of(text: &str, call: &CallSite, argument: &Argument) -> Self {
        let close = call.parentheses.end.saturating_sub(1);
        let comma = comma_between(text, argument.span.end, close);
        let line_start = line_start(text, argument.span.start);
        let own_line = Span::new(line_start, argument.span.start).of(text).trim().is_empty();
        let line_end = comma.filter(|_| own_line).and_then(|it| end_of_line(text, it + 1, close));
        let whole_line = line_end.map(|end| Span::new(line_start, end + 1));
        Self { close, comma, own_line, whole_line }
    }
}

/// Takes one of the arguments from `first` on out, all of which go. They go with the comma before
/// them; a comma behind the last one stays with the new last one.
fn removal_at_the_end(text: &str, call: &CallSite, first: usize, index: usize) -> Option<TextEdit> {
    let argument = call.arguments.get(index)?.span;
    let last = call.arguments.last()?;
    let Removed { close, comma, own_line, .. } = Removed::of(text, call, last);
    let first_start = call.arguments.get(first)?.span.start;
    let before = first.checked_sub(1).and_then(|before| call.arguments.get(before));
    let before = before.map(|before| before.span).or(call.bound_by);
    let gap = before.map(|before| Span::new(before.end, first_start));
    // What stands before keeps its comma together with its comment.
    let keeps_comma = gap.is_none_or(|gap| gap.of(text).contains('#'));
    let behind = if keeps_comma { comma.map_or(last.span.end, |at| at + 1) } else { last.span.end };
    let line_end = end_of_line(text, behind, close);
    let start = match gap {
        Some(gap) if !keeps_comma => gap.start,
        // The line break stays where the comment would take in what follows.
        Some(gap) if line_end.is_some() || Span::new(behind, close).of(text).contains('\n') => {
            let before = gap.of(text).rsplit_once('\n').map_or("", |(before, _)| before);
            gap.start + before.strip_suffix('\r').unwrap_or(before).len() as u32
        }
        _ => first_start,
    };
    let end = match line_end
        .filter(|_| own_line && gap.is_some() && (keeps_comma || comma.is_none()))
    {
        Some(end) if text.as_bytes().get(end.saturating_sub(1) as usize) == Some(&b'\r') => end - 1,
        Some(end) => end,
        None => behind,
    };
    let start = match index.checked_sub(1).filter(|_| index > first) {
        Some(previous) => call.arguments.get(previous)?.span.end,
        None => start,
    };
    let end = if index + 1 == call.arguments.len() { end } else { argument.end };
    Some(TextEdit::delete(Span::new(start, end)))
}

/// The line break behind a place, where nothing but a comment stands before it.
fn end_of_line(text: &str, from: u32, to: u32) -> Option<u32> {
    let (line, _) = Span::new(from, to).of(text).split_once('\n')?;
    let rest = line.trim();
    (rest.is_empty() || rest.starts_with('#')).then(|| from + line.len() as u32)
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
