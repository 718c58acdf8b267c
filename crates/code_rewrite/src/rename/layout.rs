//! Lines, indentation and order of import statements.

use python::edit::{Span, TextEdit};

/// The line break that a text uses first.
pub(super) fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        None if text.contains('\r') => "\r",
        _ => "\n",
    }
}

/// Where the line of an offset begins.
pub(super) fn line_start(text: &str, offset: u32) -> u32 {
    let before = text.get(..offset as usize).unwrap_or_default();
    before.rfind(['\n', '\r']).map_or(0, |at| at as u32 + 1)
}

/// Where the line of an offset ends, before its line break.
pub(super) fn line_end(text: &str, offset: u32) -> u32 {
    let after = text.get(offset as usize..).unwrap_or_default();
    offset + after.find(['\n', '\r']).unwrap_or(after.len()) as u32
}

/// Where the line after that of an offset begins.
fn next_line(text: &str, offset: u32) -> u32 {
    let end = line_end(text, offset);
    let rest = text.get(end as usize..).unwrap_or_default();
    let length = match rest.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [] => 0,
        _ => 1,
    };
    end + length
}

/// How a statement stands among others.
pub(super) struct Surroundings<'t> {
    text: &'t str,
    span: Span,
    /// What stands before it on its line, when that is only white space.
    indent: Option<&'t str>,
    /// Whether only a comment or nothing follows on its line.
    last_on_line: bool,
}

impl<'t> Surroundings<'t> {
    pub(super) fn of(text: &'t str, span: Span) -> Self {
        let before = Span::new(line_start(text, span.start), span.start).of(text);
        let after = Span::new(span.end, line_end(text, span.end)).of(text);
        let after = after.trim_start();
        Self {
            text,
            span,
            indent: before.trim().is_empty().then_some(before),
            last_on_line: after.is_empty() || after.starts_with('#'),
        }
    }

    /// Writes statements after this one.
    pub(super) fn insert_after(&self, statements: &[String]) -> TextEdit {
        match self.indent {
            Some(indent) if self.last_on_line => {
                let line_break = line_break(self.text);
                let lines = statements
                    .iter()
                    .map(|statement| format!("{line_break}{indent}{statement}"))
                    .collect::<String>();
                TextEdit::insert(line_end(self.text, self.span.end), lines)
            }
            _ => TextEdit::insert(self.span.end, format!("; {}", statements.join("; "))),
        }
    }

    /// Writes statements in place of this one.
    pub(super) fn replace(&self, statements: &[String]) -> TextEdit {
        let separator = match self.indent {
            Some(indent) if self.last_on_line => {
                format!("{}{indent}", line_break(self.text))
            }
            _ => "; ".to_owned(),
        };
        TextEdit::replace(self.span, statements.join(&separator))
    }

    /// Takes this statement out; a block that would be empty gets `pass`.
    pub(super) fn delete(&self, only_statement: bool) -> TextEdit {
        if only_statement && !self.is_top_level() {
            return TextEdit::replace(self.span, "pass");
        }
        if self.indent.is_some() && self.last_on_line {
            let start = line_start(self.text, self.span.start);
            return TextEdit::delete(Span::new(start, next_line(self.text, self.span.end)));
        }
        let after = Span::new(self.span.end, line_end(self.text, self.span.end)).of(self.text);
        if let Some(semicolon) = after.find(';') {
            let rest = &after[semicolon + 1..];
            let blank = (rest.len() - rest.trim_start().len()) as u32;
            let end = self.span.end + semicolon as u32 + 1 + blank;
            return TextEdit::delete(Span::new(self.span.start, end));
        }
        let before =
            Span::new(line_start(self.text, self.span.start), self.span.start).of(self.text);
        let start = before
            .trim_end()
            .strip_suffix(';')
            .map_or(self.span.start, |kept| self.span.start - (before.len() - kept.len()) as u32);
        TextEdit::delete(Span::new(start, self.span.end))
    }

    fn is_top_level(&self) -> bool {
        self.indent == Some("")
    }
}

/// An order in which people and tools keep imported names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Bytes,
    CaseBlind,
    /// Constants, then classes, then the rest.
    ByKind,
}

impl Order {
    /// The order that names are in; none when they are in none of them, or too few to tell.
    pub(super) fn of(names: &[&str]) -> Option<Self> {
        if names.len() < 2 {
            return None;
        }
        [Self::ByKind, Self::Bytes, Self::CaseBlind]
            .into_iter()
            .find(|order| names.windows(2).all(|pair| order.key(pair[0]) <= order.key(pair[1])))
    }

    pub(super) fn key(self, name: &str) -> (u8, String, String) {
        let name = name.split_whitespace().next().unwrap_or(name);
        match self {
            Self::Bytes => (0, name.to_owned(), String::new()),
            Self::CaseBlind => (0, name.to_lowercase(), name.to_owned()),
            Self::ByKind => {
                let letters = name.trim_start_matches('_');
                let kind = if letters.len() > 1 && !letters.chars().any(char::is_lowercase) {
                    0
                } else if letters.starts_with(char::is_uppercase) {
                    1
                } else {
                    2
                };
                (kind, name.to_lowercase(), name.to_owned())
            }
        }
    }
}
