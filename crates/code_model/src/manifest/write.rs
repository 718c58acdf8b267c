//! Writing a manifest as YAML: one order of fields, the same bytes for equal manifests.

use std::fmt::Write as _;

use artifact::Digest;
use serde_json::{Map, Value};

use super::Manifest;
use super::fields::{self, Field, Shape};
use super::yaml::quote;

impl Manifest {
    /// The YAML text; equal manifests have equal texts, and reading it gives an equal manifest.
    pub fn write(&self) -> String {
        let mut out = String::new();
        // A manifest holds texts, numbers and lists of them under text names: JSON can hold all of
        // that.
        if let Ok(Value::Object(members)) = serde_json::to_value(self) {
            write_record(&members, fields::MANIFEST, "", 0, &mut out);
        }
        out
    }

    /// The digest of the written bytes: the manifest's identity.
    pub fn digest(&self) -> Digest {
        Digest::of(self.write().as_bytes())
    }

    /// What the manifest's `checksum` must be: the digest of its text without the `checksum`.
    pub fn expected_checksum(&self) -> Digest {
        Self { checksum: None, ..self.clone() }.digest()
    }

    /// The same manifest with its `checksum` in place.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.checksum = None;
        self.checksum = Some(self.digest());
        self
    }
}

fn write_record(
    members: &Map<String, Value>,
    known: &[Field],
    kind: &str,
    depth: usize,
    out: &mut String,
) {
    let kind = members.get("kind").and_then(Value::as_str).unwrap_or(kind);
    for field in known {
        let Some(value) = members.get(field.name) else { continue };
        if depth == 0 && field.name == "checksum" {
            out.push('\n');
        }
        match (field.shape, value) {
            (Shape::Record(fields), Value::Object(inner)) => {
                open_record(field.name, inner, depth, out);
                write_record(inner, fields, kind, depth + 1, out);
            }
            (Shape::Match, Value::Object(inner)) => {
                open_record(field.name, inner, depth, out);
                write_record(inner, fields::of_match(kind).unwrap_or(&[]), kind, depth + 1, out);
            }
            (Shape::Records(fields), Value::Array(items)) => {
                write_records(field.name, items, fields, depth, out);
            }
            (_, value) => write_member(field.name, value, depth, out),
        }
        let wide =
            depth == 0 && !matches!(field.name, "manifest_version" | "operations" | "checksum");
        if wide {
            out.push('\n');
        }
    }
    for (name, value) in members.iter().filter(|(name, _)| name.starts_with("x-")) {
        write_member(name, value, depth, out);
    }
}

fn open_record(name: &str, inner: &Map<String, Value>, depth: usize, out: &mut String) {
    indent(depth, out);
    out.push_str(name);
    out.push_str(if inner.is_empty() { ": {}\n" } else { ":\n" });
}

fn write_records(name: &str, items: &[Value], fields: &[Field], depth: usize, out: &mut String) {
    indent(depth, out);
    out.push_str(name);
    if items.is_empty() {
        out.push_str(": []\n");
        return;
    }
    out.push_str(":\n");
    for (position, item) in items.iter().enumerate() {
        if position > 0 && depth == 0 {
            out.push('\n');
        }
        let Value::Object(inner) = item else { continue };
        let start = out.len();
        write_record(inner, fields, "", depth + 2, out);
        // The dash stands where the first member's indentation ends.
        let dash = start + (depth + 2) * 2 - 2;
        if out.len() > dash {
            out.replace_range(dash..=dash, "-");
        }
    }
}

/// A member without a table of its own: scalars, lists of scalars and maps of them, extensions.
fn write_member(name: &str, value: &Value, depth: usize, out: &mut String) {
    indent(depth, out);
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        && !matches!(name, "true" | "false" | "null" | "y" | "n" | "yes" | "no" | "on" | "off");
    if plain {
        out.push_str(name);
    } else {
        quote(name, out);
    }
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            out.push_str(":\n");
            for (name, value) in inner {
                write_member(name, value, depth + 1, out);
            }
        }
        other => {
            out.push_str(": ");
            write_flow(other, out);
            out.push('\n');
        }
    }
}

fn write_flow(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                write_flow(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (position, (name, value)) in members.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                quote(name, out);
                out.push_str(": ");
                write_flow(value, out);
            }
            out.push('}');
        }
        Value::Null => out.push_str("null"),
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}
