//! JSON with comments.

use std::collections::BTreeSet;
use std::ops::Range;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::{Keys, MAX_DEPTH};

pub(crate) fn read(keys: &mut Keys<'_>) {
    let text = keys.text;
    // The parser keeps a frame per level; its own limit is larger than a small stack holds.
    if deepest(text) > 4 * MAX_DEPTH {
        keys.too_deep(0);
        return;
    }
    if keys.holds_too_many() {
        return;
    }
    match parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) {
        Ok(parsed) => {
            if let Some(value) = &parsed.value {
                walk(keys, value, &mut Vec::new(), 0);
            }
        }
        Err(error) => keys.unreadable("JSON", Some(error.range().start), error.kind()),
    }
}

fn walk(keys: &mut Keys<'_>, value: &Value<'_>, path: &mut Vec<String>, depth: usize) {
    if depth > 2 * MAX_DEPTH || path.len() > MAX_DEPTH {
        keys.too_deep(value.range().start);
        return;
    }
    match value {
        Value::Object(inner) => object(keys, inner, path, depth),
        Value::Array(items) => {
            items.elements.iter().for_each(|item| walk(keys, item, path, depth + 1));
        }
        _ => {}
    }
}

fn object(keys: &mut Keys<'_>, object: &Object<'_>, path: &mut Vec<String>, depth: usize) {
    let mut seen = BTreeSet::new();
    for property in &object.properties {
        let name = property.name.as_str();
        let range = property.name.range();
        if !seen.insert(name) {
            keys.duplicate(name, range.start);
        }
        path.push(name.to_owned());
        let (value_type, scalar) = kind(&property.value);
        let place = property.value.range();
        let source = keys.text.get(place.start..place.end).filter(|_| scalar);
        if !keys.add(path, range.start..range.end, value_type, source) {
            return;
        }
        walk(keys, &property.value, path, depth + 1);
        path.pop();
    }
}

/// A step from the outside of a JSON text to a value inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// The value of this key.
    Key(String),
    /// The value at this position of a list.
    Index(usize),
}

/// One string of a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonString {
    /// The way to it.
    pub path: Vec<JsonStep>,
    /// What it says.
    pub text: String,
    /// Where it stands, quotes included.
    pub range: Range<usize>,
}

/// Reads those strings of a JSON text whose way is wanted, in the order in which they stand; none
/// where the text is no JSON or nests too deeply.
pub fn json_strings(text: &str, wanted: &dyn Fn(&[JsonStep]) -> bool) -> Vec<JsonString> {
    let mut found = Vec::new();
    if deepest(text) > 4 * MAX_DEPTH {
        return found;
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    if let Ok(Some(value)) = parsed.as_ref().map(|parsed| parsed.value.as_ref()) {
        strings(value, &mut Vec::new(), wanted, &mut found);
    }
    found
}

fn strings(
    value: &Value<'_>,
    path: &mut Vec<JsonStep>,
    wanted: &dyn Fn(&[JsonStep]) -> bool,
    found: &mut Vec<JsonString>,
) {
    match value {
        Value::Object(object) => {
            for property in &object.properties {
                path.push(JsonStep::Key(property.name.as_str().to_owned()));
                strings(&property.value, path, wanted, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (position, item) in items.elements.iter().enumerate() {
                path.push(JsonStep::Index(position));
                strings(item, path, wanted, found);
                path.pop();
            }
        }
        Value::StringLit(string) if wanted(path) => {
            let range = string.range.start..string.range.end;
            found.push(JsonString { path: path.clone(), text: string.value.to_string(), range });
        }
        _ => {}
    }
}

fn kind(value: &Value<'_>) -> (&'static str, bool) {
    match value {
        Value::StringLit(_) => ("string", true),
        Value::NumberLit(number) if number.value.contains(['.', 'e', 'E']) => ("float", true),
        Value::NumberLit(_) => ("integer", true),
        Value::BooleanLit(_) => ("boolean", true),
        Value::NullKeyword(_) => ("null", true),
        Value::Array(_) => ("list", false),
        Value::Object(_) => ("table", false),
    }
}

/// The deepest nesting of brackets outside strings.
fn deepest(text: &str) -> usize {
    let (mut open, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
