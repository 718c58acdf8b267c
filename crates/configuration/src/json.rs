//! JSON with comments.

use std::collections::BTreeSet;

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
