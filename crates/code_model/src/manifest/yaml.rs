//! The part of YAML that manifests use, with lines for messages and limits against hostile input.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::read::ManifestError;

/// The most bytes that a manifest may have.
pub(super) const SIZE_LIMIT_BYTES: usize = 256 << 20;
/// The deepest nesting that a manifest may have; the format itself needs seven levels.
const DEPTH_LIMIT: usize = 32;
/// The most names in one record: those of the format are few, and extensions need no more.
const MEMBERS_LIMIT: usize = 4096;
/// The longest name in a record, with quotes and escapes: YAML itself takes no more than 1024
/// characters before a colon, so that a longer one could be read and not be written.
const NAME_LIMIT: usize = 1000;
/// The longest single text that a manifest may hold.
const TEXT_LIMIT_BYTES: usize = 64 << 10;

/// A YAML value with the line on which it starts.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node holds. Scalars stay text until the format says what they are: `1.10` is a version,
/// not 1.1.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// The text, and whether it stood there without quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    /// In the order of the file; names are unique.
    Record(Vec<(String, Node)>),
}

/// A list or record that is still open.
struct Open {
    node: Node,
    /// The name that waits for its value, in a record.
    name: Option<String>,
}

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, ManifestError> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| ManifestError::Syntax {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            message: error.info().to_owned(),
        })?;
        let line = span.start.line();
        let done = match event {
            Event::Scalar(text, style, _, _) => {
                if text.len() > TEXT_LIMIT_BYTES {
                    return Err(ManifestError::TextTooLong { line });
                }
                let plain = style == ScalarStyle::Plain;
                Node { line, value: Value::Scalar(text.into_owned(), plain) }
            }
            Event::SequenceStart(..) => {
                push(&mut open, Node { line, value: Value::List(Vec::new()) })?;
                continue;
            }
            Event::MappingStart(..) => {
                push(&mut open, Node { line, value: Value::Record(Vec::new()) })?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) => closed.node,
                None => continue,
            },
            Event::Alias(_) => return Err(ManifestError::Alias { line }),
            Event::DocumentStart(_) if root.is_some() => {
                return Err(ManifestError::SeveralDocuments { line });
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => attach(parent, done)?,
            None => root = Some(done),
        }
    }
    root.ok_or(ManifestError::Empty)
}

fn push(open: &mut Vec<Open>, node: Node) -> Result<(), ManifestError> {
    if open.len() >= DEPTH_LIMIT {
        return Err(ManifestError::TooDeep { line: node.line, limit: DEPTH_LIMIT });
    }
    open.push(Open { node, name: None });
    Ok(())
}

fn attach(parent: &mut Open, child: Node) -> Result<(), ManifestError> {
    match (&mut parent.node.value, parent.name.take()) {
        (Value::List(items), _) => items.push(child),
        (Value::Record(members), Some(name)) => members.push((name, child)),
        (Value::Record(members), None) => match child.value {
            Value::Scalar(name, _) => {
                let mut quoted = String::new();
                quote(&name, &mut quoted);
                if quoted.chars().count() > NAME_LIMIT {
                    return Err(ManifestError::NameTooLong { line: child.line });
                }
                if members.len() >= MEMBERS_LIMIT {
                    return Err(ManifestError::TooManyMembers { line: child.line });
                }
                if members.iter().any(|(known, _)| *known == name) {
                    return Err(ManifestError::DuplicateKey { line: child.line, name });
                }
                parent.name = Some(name);
            }
            _ => return Err(ManifestError::NameIsNoText { line: child.line }),
        },
        (Value::Scalar(..), _) => {}
    }
    Ok(())
}

impl Node {
    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Record(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value as JSON with the core schema's types, for extensions.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar(text, false) => serde_json::Value::from(text.as_str()),
            Value::Scalar(text, true) => match text.as_str() {
                "" | "~" | "null" => serde_json::Value::Null,
                "true" => true.into(),
                "false" => false.into(),
                plain => match plain.parse::<serde_json::Number>() {
                    Ok(number) => number.into(),
                    Err(_) => plain.into(),
                },
            },
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Record(members) => serde_json::Value::Object(
                members.iter().map(|(name, node)| (name.clone(), node.to_json())).collect(),
            ),
        }
    }
}

/// Writes a text so that every YAML and JSON reader gives it back exactly.
pub(super) fn quote(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
