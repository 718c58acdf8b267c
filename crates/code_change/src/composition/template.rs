//! The names in the template of a rewritten call.

use code_model::DottedName;

use super::Part;
use super::names::Names;

/// A template with its names replaced.
pub(super) struct Followed<'m> {
    pub(super) text: String,
    /// The dotted names that stood in it.
    pub(super) names: Vec<DottedName>,
    /// The first of them that is gone.
    pub(super) gone: Option<DottedName>,
    /// What says where they went.
    pub(super) parts: Vec<Part<'m>>,
}

/// Replaces the dotted names of a template, which are written in full; what stands in strings, and
/// attributes of other values, stays.
pub(super) fn through<'m>(template: &str, names: &Names<'m>) -> Followed<'m> {
    let mut followed =
        Followed { text: String::new(), names: Vec::new(), gone: None, parts: Vec::new() };
    let mut rest = template;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' || first == '\'' {
            string_length(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            end.unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        let name = DottedName::new(token).ok().filter(|name| name.parent().is_some());
        match name.filter(|_| !matches!(before, Some('.' | ')' | ']'))) {
            Some(name) => {
                let (new, parts) = names.image(&name);
                followed.parts.extend(parts);
                if new.is_none() {
                    followed.gone.get_or_insert(name.clone());
                }
                followed.text.push_str(new.as_ref().unwrap_or(&name).as_str());
                followed.names.push(name);
            }
            None => followed.text.push_str(token),
        }
        before = token.chars().last();
        rest = after;
    }
    followed
}

/// How many bytes the string at the start of a text has, quotes included.
fn string_length(text: &str) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let end = if text.starts_with(&triple) { triple.as_str() } else { quote };
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(end.len()) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if text[at..].starts_with(end) {
            return at + end.len();
        }
    }
    text.len()
}
