//! TOML.

use toml_edit::{Document, Item, Key, TableLike, Value};

use crate::{Keys, MAX_DEPTH};

pub(crate) fn read(keys: &mut Keys<'_>) {
    if keys.holds_too_many() {
        return;
    }
    let text = keys.text.to_owned();
    match Document::parse(text.as_str()) {
        Ok(document) => table(keys, document.as_table(), &mut Vec::new()),
        Err(error) => {
            let at = error.span().map(|span| span.start);
            keys.unreadable("TOML", at, error.message());
        }
    }
}

fn table(keys: &mut Keys<'_>, table: &dyn TableLike, path: &mut Vec<String>) {
    let mut entries: Vec<(&Key, &Item)> =
        table.iter().filter_map(|(name, _)| table.get_key_value(name)).collect();
    entries.sort_by_key(|(key, _)| key.span().map_or(usize::MAX, |span| span.start));
    for (key, item) in entries {
        let Some(span) = key.span() else { continue };
        if path.len() >= MAX_DEPTH {
            keys.too_deep(span.start);
            return;
        }
        path.push(key.get().to_owned());
        let (value_type, scalar) = kind(item);
        let text = keys.text;
        let source = item.span().filter(|_| scalar).and_then(|range| text.get(range));
        if !keys.add(path, span, value_type, source) {
            return;
        }
        below(keys, item, path);
        path.pop();
    }
}

fn below(keys: &mut Keys<'_>, item: &Item, path: &mut Vec<String>) {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().for_each(|inner| table(keys, inner, path)),
        Item::Value(value) => in_value(keys, value, path, 0),
        _ => {
            if let Some(inner) = item.as_table_like() {
                table(keys, inner, path);
            }
        }
    }
}

fn in_value(keys: &mut Keys<'_>, value: &Value, path: &mut Vec<String>, depth: usize) {
    match value {
        Value::InlineTable(inner) => table(keys, inner, path),
        Value::Array(items) if depth < MAX_DEPTH => {
            items.iter().for_each(|item| in_value(keys, item, path, depth + 1));
        }
        _ => {}
    }
}

fn kind(item: &Item) -> (&'static str, bool) {
    match item {
        Item::Value(Value::String(_) | Value::Datetime(_)) => ("string", true),
        Item::Value(Value::Integer(_)) => ("integer", true),
        Item::Value(Value::Float(_)) => ("float", true),
        Item::Value(Value::Boolean(_)) => ("boolean", true),
        Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => ("list", false),
        _ => ("table", false),
    }
}
