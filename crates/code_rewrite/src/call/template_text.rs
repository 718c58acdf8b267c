//! The text of a template in parts: names, what stands between them, and the arguments of a call.

use super::template::Given;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// Text that stays.
    Text(&'t str),
    /// A name, dotted where dots follow; no name of a keyword argument.
    Name(&'t str),
}

/// One argument of a template that is a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written<'t> {
    /// The keyword, where it has one.
    pub(super) keyword: Option<&'t str>,
    /// What is passed.
    pub(super) value: Value<'t>,
}

/// What an argument of a template passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A name by itself.
    Name(&'t str),
    /// `*name` or `**name`: everything that a call gives beyond the named parameters.
    Rest(&'t str),
    /// Text without names.
    Literal(&'t str),
    /// Anything else.
    Other,
}

/// Splits a template into names and what stands between them; strings and keyword names are text.
pub(super) fn split(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let bytes = template.as_bytes();
    let (mut at, mut text_start) = (0, 0);
    let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80;
    while let Some(byte) = bytes.get(at).copied() {
        if matches!(byte, b'"' | b'\'') {
            at = string_end(bytes, at);
        } else if byte.is_ascii_digit() {
            while bytes.get(at).is_some_and(|byte| is_name(*byte) || *byte == b'.') {
                at += 1;
            }
        } else if is_name(byte) {
            let start = at;
            while bytes.get(at).is_some_and(|byte| is_name(*byte) || *byte == b'.') {
                at += 1;
            }
            let name = template.get(start..at).unwrap_or_default();
            // What stands before a quotation mark says how the string is read.
            if matches!(bytes.get(at), Some(b'"' | b'\'')) {
                at = string_end(bytes, at);
                continue;
            }
            let behind = template.get(at..).unwrap_or_default().trim_start();
            let keyword = behind.starts_with('=') && !behind.starts_with("==");
            let attribute = start > 0 && bytes.get(start - 1) == Some(&b'.');
            if !keyword && !attribute && !is_word(name) {
                if text_start < start {
                    parts.push(Part::Text(template.get(text_start..start).unwrap_or_default()));
                }
                parts.push(Part::Name(name));
                text_start = at;
            }
        } else {
            at += 1;
        }
    }
    if text_start < template.len() {
        parts.push(Part::Text(template.get(text_start..).unwrap_or_default()));
    }
    parts
}

pub(super) fn string_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes.get(start).copied();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' => at += 1,
            byte if Some(byte) == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Words of the language and its builtins that need no import.
fn is_word(name: &str) -> bool {
    const WORDS: [&str; 24] = [
        "None", "True", "False", "and", "or", "not", "in", "is", "if", "else", "lambda", "for",
        "await", "list", "dict", "tuple", "set", "str", "int", "float", "bool", "len", "sorted",
        "bytes",
    ];
    WORDS.contains(&name)
}

/// The callee of a template that is one plain call, with its arguments.
pub(super) fn call(template: &str) -> Option<(&str, Vec<Written<'_>>)> {
    let (callee, rest) = template.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    };
    if !is_name(callee) {
        return None;
    }
    let mut arguments = Vec::new();
    for text in pieces(inside)? {
        let text = text.trim();
        let keyword = text.split_once('=').filter(|(name, value)| {
            is_name(name) && !name.contains('.') && !value.starts_with('=')
        });
        let (keyword, value) = match keyword {
            Some((name, value)) => (Some(name), value.trim()),
            None => (None, text),
        };
        let stars = value.len() - value.trim_start_matches('*').len();
        let value = match (stars, split(value).as_slice()) {
            (1 | 2, _) if is_name(&value[stars..]) => Value::Rest(&value[stars..]),
            (0, [Part::Name(name)]) => Value::Name(name),
            (0, [Part::Text(text)]) => Value::Literal(text),
            _ => Value::Other,
        };
        arguments.push(Written { keyword, value });
    }
    Some((callee, arguments))
}

/// What stands between the commas outside of brackets and strings; none where a bracket closes
/// that was not opened.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let bytes = text.as_bytes();
    let (mut found, mut depth, mut start, mut at) = (Vec::new(), 0_usize, 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                found.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let last = text.get(start..)?;
    if !last.trim().is_empty() {
        found.push(last);
    }
    Some(found)
}

/// A template without the arguments whose parameter the call does not give, and without the stars
/// before what takes the rest.
pub(super) fn without_missing<'t>(parts: Vec<Part<'t>>, given: &Given<'_>) -> Vec<Part<'t>> {
    let mut kept: Vec<Part<'t>> = Vec::new();
    let mut after_removed = false;
    for part in parts {
        if let Part::Name(name) = &part
            && let Some(Part::Text(before)) = kept.last_mut()
        {
            let plain = before.trim_end_matches('*');
            let cut = match given.rest(name) {
                Some([]) => Some(plain.trim_end().len()),
                Some(_) => {
                    *before = plain;
                    None
                }
                None if given.is_missing(name) => keyword_start(before),
                None => None,
            };
            if let Some(cut) = cut {
                let shorter = before.get(..cut).unwrap_or_default();
                *before = shorter.strip_suffix(',').unwrap_or(shorter);
                after_removed = true;
                continue;
            }
        }
        match part {
            Part::Text(text) if after_removed => {
                let open = matches!(kept.last(), Some(Part::Text(t)) if t.ends_with('('));
                let text =
                    if open { text.strip_prefix(',').map_or(text, str::trim_start) } else { text };
                kept.push(Part::Text(text));
            }
            other => kept.push(other),
        }
        after_removed = false;
    }
    kept
}

/// Where `, name=` begins at the end of a text.
fn keyword_start(text: &str) -> Option<usize> {
    let before = text.trim_end().strip_suffix('=')?.trim_end();
    let name_start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_'))? + 1;
    (name_start < before.len()).then(|| before.get(..name_start).unwrap_or("").trim_end().len())
}

/// Whether what stands at a place of the template has brackets or commas on both sides.
pub(super) fn stands_alone(parts: &[Part<'_>], number: usize) -> bool {
    let text = |part: Option<&Part<'_>>| match part {
        Some(Part::Text(text)) => (*text).to_owned(),
        _ => String::new(),
    };
    let before = text(number.checked_sub(1).and_then(|before| parts.get(before)));
    let after = text(parts.get(number + 1));
    let opens = before.trim_end().ends_with(['(', ',', '=', '[']);
    opens && after.trim_start().starts_with([')', ',', ']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split_at_names() {
        assert_eq!(
            split("pkg.new(a, key=b, other='a b') + 1"),
            [
                Part::Name("pkg.new"),
                Part::Text("("),
                Part::Name("a"),
                Part::Text(", key="),
                Part::Name("b"),
                Part::Text(", other='a b') + 1"),
            ]
        );
    }

    #[test]
    fn calls_are_read_argument_by_argument() {
        let (callee, arguments) =
            call("pkg.new(a, *args, key=b, mode='x, y', c=[d], **kw)").expect("a call");
        let values: Vec<_> = arguments.iter().map(|it| (it.keyword, it.value)).collect();
        assert_eq!(callee, "pkg.new");
        assert_eq!(
            values,
            [
                (None, Value::Name("a")),
                (None, Value::Rest("args")),
                (Some("key"), Value::Name("b")),
                (Some("mode"), Value::Literal("'x, y'")),
                (Some("c"), Value::Other),
                (None, Value::Rest("kw")),
            ]
        );
        assert!(call("self.x").is_none());
        assert!(call("a(1) + b(2)").is_none());
    }

    #[test]
    fn keywords_end_texts() {
        assert_eq!(keyword_start(", key="), Some(1));
        assert_eq!(keyword_start("(key = "), Some(1));
        assert_eq!(keyword_start("a == "), None);
        assert_eq!(keyword_start("("), None);
    }
}
