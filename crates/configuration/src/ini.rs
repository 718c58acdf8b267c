//! INI as Python's `configparser` reads it: sections, `=` or `:`, full-line comments, continued
//! values.

use std::collections::BTreeSet;

use crate::Keys;

/// The option whose continued lines may still follow.
struct Open {
    indentation: usize,
}

pub(crate) fn read(keys: &mut Keys<'_>) {
    let mut section: Option<String> = None;
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut open: Option<Open> = None;
    let mut start = 0;
    let text = keys.text;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let content = line.trim_end();
        let trimmed = content.trim_start();
        let indentation = content.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if open.as_ref().is_some_and(|open| indentation > open.indentation) {
            continue;
        }
        open = None;
        if let Some(header) = trimmed.strip_prefix('[') {
            let Some(end) = header.find(']') else {
                keys.unreadable("INI", Some(at), "a section header is not closed");
                return;
            };
            let name = header[..end].to_owned();
            let place = at + indentation + 1;
            if !keys.add(std::slice::from_ref(&name), place..place + end, "table", None) {
                return;
            }
            section = Some(name);
            continue;
        }
        let Some(current) = &section else {
            keys.unreadable("INI", Some(at), "an option stands before the first section");
            return;
        };
        let separator = trimmed.find(['=', ':']);
        let name = separator.map_or(trimmed, |end| &trimmed[..end]).trim_end();
        if name.is_empty() {
            keys.unreadable("INI", Some(at), "an option has no name");
            return;
        }
        let value = separator.map(|end| trimmed[end + 1..].trim());
        // Names of options ignore case; as they are written is how they are edited.
        if !seen.insert((current.clone(), name.to_lowercase())) {
            keys.duplicate(name, at + indentation);
        }
        let path = [current.clone(), name.to_owned()];
        let place = at + indentation;
        let value_type = value.map_or("null", type_of);
        if !keys.add(&path, place..place + name.len(), value_type, value) {
            return;
        }
        open = Some(Open { indentation });
    }
}

fn type_of(value: &str) -> &'static str {
    if value.parse::<i128>().is_ok() {
        return "integer";
    }
    if value.starts_with(|c: char| c.is_ascii_digit() || c == '-') && value.parse::<f64>().is_ok() {
        return "float";
    }
    match value.to_ascii_lowercase().as_str() {
        "true" | "false" | "yes" | "no" | "on" | "off" => "boolean",
        _ => "string",
    }
}
