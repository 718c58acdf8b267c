//! Reading a manifest: the full form and the compact one, strictly.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value as Json, json};

use super::fields::{self, Field, Shape};
use super::order::CycleError;
use super::validate::validate;
use super::yaml::{self, Node, Value};
use super::{Manifest, SCHEMA_URL};
use crate::operation::Change;

/// Why a text is no manifest that this onx may apply. Paths are written like
/// `operations[2].match.from`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are no UTF-8.
    #[error("the manifest is not UTF-8 (first wrong byte at {0})")]
    NotUtf8(usize),
    /// The file is larger than any manifest.
    #[error("the manifest has {0} bytes, more than the limit of {limit}", limit = yaml::SIZE_LIMIT_BYTES)]
    TooLarge(usize),
    /// The text is no YAML.
    #[error("line {line}, column {column}: no valid YAML: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// There is nothing in the file.
    #[error("the manifest is empty")]
    Empty,
    /// A second YAML document follows.
    #[error("line {line}: a manifest is one YAML document, a second one starts here")]
    SeveralDocuments {
        /// The line, from 1.
        line: usize,
    },
    /// Nesting beyond what the format can need.
    #[error("line {line}: nested deeper than {limit} levels")]
    TooDeep {
        /// The line, from 1.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// A text that is too long to be one of the format's.
    #[error("line {line}: a single text of more than 64 KiB")]
    TextTooLong {
        /// The line, from 1.
        line: usize,
    },
    /// A record with more names than any of the format.
    #[error("line {line}: a record of more than 4096 names")]
    TooManyMembers {
        /// The line, from 1.
        line: usize,
    },
    /// A name that YAML could not write as one.
    #[error("line {line}: a name of more than 1000 characters, escapes counted")]
    NameTooLong {
        /// The line, from 1.
        line: usize,
    },
    /// YAML aliases could multiply a small file into a large one.
    #[error("line {line}: anchors and aliases are not part of the format")]
    Alias {
        /// The line, from 1.
        line: usize,
    },
    /// A list or record where a field's name belongs.
    #[error("line {line}: the name of a field must be a text")]
    NameIsNoText {
        /// The line, from 1.
        line: usize,
    },
    /// A field stands twice in one record.
    #[error("line {line}: the field `{name}` stands here twice")]
    DuplicateKey {
        /// The line, from 1.
        line: usize,
        /// The field.
        name: String,
    },
    /// A field that the format does not have.
    #[error("line {line}: unknown field `{path}`{}", hint(.nearest.as_deref()))]
    UnknownField {
        /// The line, from 1.
        line: usize,
        /// The field with the way to it.
        path: String,
        /// The known field with the most similar name.
        nearest: Option<String>,
    },
    /// A field that the format needs is not there.
    #[error("line {line}: `{path}` is missing")]
    Missing {
        /// The line of the record that lacks it, from 1.
        line: usize,
        /// The field with the way to it.
        path: String,
    },
    /// A value of the wrong type.
    #[error("line {line}: `{path}` must be {expected}")]
    WrongType {
        /// The line, from 1.
        line: usize,
        /// The field with the way to it.
        path: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value of the right type that the format does not allow.
    #[error("`{path}`: {message}")]
    WrongValue {
        /// The field with the way to it.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// Another version of the format.
    #[error("manifest_version is {0}; this onx reads version 1")]
    Version(String),
    /// A kind of operation that this onx does not know.
    #[error(
        "`{path}`: this onx does not know the operation kind `{kind}`{}; {}",
        hint(.nearest.as_deref()),
        newer(.generator.as_deref())
    )]
    UnknownKind {
        /// Where the kind is named.
        path: String,
        /// The kind.
        kind: String,
        /// The known kind with the most similar name.
        nearest: Option<String>,
        /// What wrote the manifest, and so knows the kind.
        generator: Option<String>,
    },
    /// Two operations share an id.
    #[error("`{path}`: the id {id} belongs to an earlier operation")]
    DuplicateId {
        /// The second operation's id field.
        path: String,
        /// The id.
        id: String,
    },
    /// An operation depends on one that does not exist.
    #[error("`{path}`: there is no operation {id}{}", hint(.nearest.as_deref()))]
    UnknownDependency {
        /// The dependency's place.
        path: String,
        /// The id that is not there.
        id: String,
        /// The id with the most similar text.
        nearest: Option<String>,
    },
    /// Operations depend on each other in a circle.
    #[error(transparent)]
    Cycle(#[from] CycleError),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn newer(generator: Option<&str>) -> String {
    match generator {
        Some(generator) => {
            format!("it was written by {generator}: use that version or a newer one")
        }
        None => "use a newer onx".to_owned(),
    }
}

impl Manifest {
    /// Reads and checks the text of a manifest; what it gives back can be applied without further
    /// questions about its form. Unknown fields are errors unless their names start with `x-`.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > yaml::SIZE_LIMIT_BYTES {
            return Err(ManifestError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ManifestError::NotUtf8(error.valid_up_to()))?;
        let mut root = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        check_version(&root)?;
        expand_compact(&mut root);
        check_kinds(&root)?;
        let mut value = convert_record(&root, fields::MANIFEST, "", "")?;
        fill_in(&mut value);
        let manifest = deserialise(&value)?;
        validate(&manifest)?;
        Ok(manifest)
    }
}

fn check_version(root: &Node) -> Result<(), ManifestError> {
    match root.member("manifest_version") {
        Some(Node { value: Value::Scalar(text, _), .. }) if text == "1" => Ok(()),
        Some(Node { value: Value::Scalar(text, _), .. }) => {
            Err(ManifestError::Version(text.chars().take(40).collect()))
        }
        Some(other) => Err(ManifestError::WrongType {
            line: other.line,
            path: "manifest_version".to_owned(),
            expected: "a whole number",
        }),
        None => {
            Err(ManifestError::Missing { line: root.line, path: "manifest_version".to_owned() })
        }
    }
}

/// Names every kind that is not known before any field of it is judged.
fn check_kinds(root: &Node) -> Result<(), ManifestError> {
    let generator = root.member("metadata").and_then(|m| m.member("generator")).and_then(text_of);
    let unknown = |path: String, kind: &str| ManifestError::UnknownKind {
        path,
        kind: kind.chars().take(80).collect(),
        nearest: fields::nearest(kind, Change::KINDS.into_iter()).map(str::to_owned),
        generator: generator.map(str::to_owned),
    };
    let known: BTreeSet<&str> = Change::KINDS.into_iter().collect();
    for (position, kind) in items(root.member("requires")).filter_map(text_of).enumerate() {
        if !known.contains(kind) {
            return Err(unknown(format!("requires[{position}]"), kind));
        }
    }
    for (position, operation) in items(root.member("operations")).enumerate() {
        if let Some(kind) = operation.member("kind").and_then(text_of)
            && !known.contains(kind)
        {
            return Err(unknown(format!("operations[{position}].kind"), kind));
        }
    }
    Ok(())
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(text, _) => Some(text),
        _ => None,
    }
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    }
    .iter()
}

/// Turns the compact form into the full one; the full form stays as it is.
fn expand_compact(root: &mut Node) {
    let line = root.line;
    let Value::Record(members) = &mut root.value else { return };
    let mut metadata = Vec::new();
    for (compact, full) in [("from", "from_version"), ("to", "to_version")] {
        if let Some(position) = members.iter().position(|(name, _)| name == compact) {
            metadata.push((full.to_owned(), members.remove(position).1));
        }
    }
    if !metadata.is_empty() && !members.iter().any(|(name, _)| name == "metadata") {
        members.push(("metadata".to_owned(), Node { line, value: Value::Record(metadata) }));
    }
    for (name, node) in members.iter_mut() {
        match (name.as_str(), &mut node.value) {
            ("summary", Value::Scalar(..)) => {
                let title = node.clone();
                node.value = Value::Record(vec![("title".to_owned(), title)]);
            }
            ("operations", Value::List(operations)) => {
                operations.iter_mut().for_each(expand_operation);
            }
            _ => {}
        }
    }
}

fn expand_operation(operation: &mut Node) {
    let renames_argument = operation.member("kind").and_then(text_of) == Some("arg.rename");
    let Value::Record(members) = &mut operation.value else { return };
    for (name, node) in members.iter_mut() {
        let line = node.line;
        match (name.as_str(), &mut node.value) {
            ("confidence", Value::Scalar(..)) => {
                let overall = node.clone();
                node.value = Value::Record(vec![("overall".to_owned(), overall)]);
            }
            ("evidence", Value::Record(fields)) => {
                for (name, _) in fields.iter_mut() {
                    let full = match name.as_str() {
                        "symbol_sha" => "content_hash",
                        "callsites_sampled" => "callsites_found",
                        _ => continue,
                    };
                    full.clone_into(name);
                }
            }
            ("match", Value::Record(fields))
                if renames_argument && !fields.iter().any(|(name, _)| name == "parameter") =>
            {
                let (callable, parameter) =
                    std::mem::take(fields).into_iter().partition(|(name, _)| {
                        !matches!(&**name, "from" | "to" | "default" | "required")
                    });
                *fields = callable;
                fields
                    .push(("parameter".to_owned(), Node { line, value: Value::Record(parameter) }));
            }
            _ => {}
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A record as JSON, each field as the table says; `kind` is the operation's around it.
fn convert_record(
    node: &Node,
    known: &'static [Field],
    path: &str,
    kind: &str,
) -> Result<Json, ManifestError> {
    let Value::Record(members) = &node.value else {
        return Err(ManifestError::WrongType {
            line: node.line,
            path: if path.is_empty() { "the manifest".to_owned() } else { path.to_owned() },
            expected: "a record of named fields",
        });
    };
    let kind = node.member("kind").and_then(text_of).unwrap_or(kind);
    // Only the manifest itself and its operations may be extended.
    let extensible = known.iter().any(|field| matches!(field.name, "operations" | "match"));
    let mut out = Map::new();
    for (name, member) in members {
        let path = join(path, name);
        let value = match known.iter().find(|field| field.name == name) {
            Some(field) => convert(member, field.shape, &path, kind)?,
            None if extensible && name.starts_with("x-") => member.to_json(),
            None => {
                return Err(ManifestError::UnknownField {
                    line: member.line,
                    path: path.chars().take(200).collect(),
                    nearest: fields::nearest(name, known.iter().map(|field| field.name))
                        .map(str::to_owned),
                });
            }
        };
        out.insert(name.clone(), value);
    }
    Ok(Json::Object(out))
}

fn convert(node: &Node, shape: Shape, path: &str, kind: &str) -> Result<Json, ManifestError> {
    let wrong = |expected| {
        Err(ManifestError::WrongType { line: node.line, path: path.to_owned(), expected })
    };
    match (shape, &node.value) {
        (Shape::Record(fields), _) => convert_record(node, fields, path, kind),
        (Shape::Match, _) => {
            convert_record(node, fields::of_match(kind).unwrap_or(&[]), path, kind)
        }
        (Shape::Records(fields), Value::List(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| convert_record(item, fields, &format!("{path}[{index}]"), kind))
            .collect(),
        (Shape::TextList, Value::List(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| convert(item, Shape::Text, &format!("{path}[{index}]"), kind))
            .collect(),
        (Shape::TextMap | Shape::NumberMap, Value::Record(members)) => {
            let inner = match shape {
                Shape::TextMap => Shape::Text,
                _ => Shape::Number,
            };
            members
                .iter()
                .map(|(name, value)| {
                    Ok((name.clone(), convert(value, inner, &join(path, name), kind)?))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Json::Object)
        }
        (Shape::Text, Value::Scalar(text, _)) => Ok(Json::from(text.as_str())),
        (Shape::Integer, Value::Scalar(text, true)) => match text.parse::<u32>() {
            Ok(number) => Ok(number.into()),
            Err(_) => wrong("a whole number from 0 to 4294967295"),
        },
        (Shape::Number, Value::Scalar(text, true)) => {
            let number = text.parse::<f64>().ok().filter(|_| !text.contains(['n', 'N', 'f', 'F']));
            match number.and_then(Number::from_f64) {
                Some(number) => Ok(number.into()),
                None => wrong("a number"),
            }
        }
        (Shape::Boolean, Value::Scalar(text, true)) if text == "true" => Ok(true.into()),
        (Shape::Boolean, Value::Scalar(text, true)) if text == "false" => Ok(false.into()),
        (Shape::Text, _) => wrong("a text"),
        (Shape::Integer, _) => wrong("a whole number"),
        (Shape::Number, _) => wrong("a number"),
        (Shape::Boolean, _) => wrong("true or false"),
        (Shape::TextList | Shape::Records(_), _) => wrong("a list"),
        (Shape::TextMap | Shape::NumberMap, _) => wrong("a record of named values"),
    }
}

/// Fills in what a manifest may leave out and what follows from the rest.
fn fill_in(manifest: &mut Json) {
    let Some(root) = manifest.as_object_mut() else { return };
    default(root, "schema_url", || json!(SCHEMA_URL));
    default(root, "operations", || json!([]));
    let mut packages = BTreeSet::new();
    let mut counts = (0_u32, 0_u32, 0_u32);
    if let Some(operations) = root.get_mut("operations").and_then(Json::as_array_mut) {
        for (position, operation) in operations.iter_mut().enumerate() {
            let Some(operation) = operation.as_object_mut() else { continue };
            fill_in_operation(operation, position);
            packages.extend(package_of(operation));
            let said = |part: &str, field: &str| operation.get(part)?.get(field).cloned();
            let breaking = said("metadata", "breaking") == Some(json!(true));
            let overall = said("confidence", "overall").and_then(|overall| overall.as_f64());
            counts.0 += u32::from(breaking);
            counts.1 += u32::from(!breaking);
            counts.2 += u32::from(overall < Some(0.7));
        }
    }
    default(root, "metadata", || json!({}));
    if let Some(metadata) = root.get_mut("metadata").and_then(Json::as_object_mut) {
        let first = packages.iter().next().cloned().unwrap_or_default();
        default(metadata, "packages", || json!(packages));
        default(metadata, "library", || json!(first));
        default(metadata, "generator", || json!("unknown"));
        for (reference, version) in
            [("from_reference", "from_version"), ("to_reference", "to_version")]
        {
            if let Some(version) = metadata.get(version).cloned() {
                default(metadata, reference, || version);
            }
        }
    }
    default(root, "summary", || json!({}));
    if let Some(summary) = root.get_mut("summary").and_then(Json::as_object_mut) {
        default(summary, "title", || json!(""));
        default(summary, "breaking_changes", || json!(counts.0));
        default(summary, "safe_changes", || json!(counts.1));
        default(summary, "manual_review_required", || json!(counts.2));
    }
}

fn fill_in_operation(operation: &mut Map<String, Json>, position: usize) {
    default(operation, "sequence", || json!(position + 1));
    default(operation, "evidence", || json!({}));
    default(operation, "metadata", || json!({}));
    if let Some(evidence) = operation.get_mut("evidence").and_then(Json::as_object_mut) {
        let method = if evidence.contains_key("content_hash") { "hash_match" } else { "unstated" };
        default(evidence, "method", || json!(method));
        default(evidence, "detection", || json!("automatic"));
    }
    if let Some(confidence) = operation.get_mut("confidence").and_then(Json::as_object_mut) {
        default(confidence, "factors", || json!({}));
        let overall = confidence.get("overall").and_then(Json::as_f64).unwrap_or(0.0);
        let follows = crate::evidence::Recommendation::for_probability(overall);
        default(confidence, "recommendation", || json!(follows));
    }
    if let Some(metadata) = operation.get_mut("metadata").and_then(Json::as_object_mut) {
        default(metadata, "breaking", || json!(true));
        default(metadata, "safe_rollback", || json!(false));
        default(metadata, "estimated_impact", || json!("medium"));
    }
}

fn default(record: &mut Map<String, Json>, name: &str, value: impl FnOnce() -> Json) {
    if !record.contains_key(name) {
        record.insert(name.to_owned(), value());
    }
}

/// The importable package that an operation's match speaks of, if it names one.
fn package_of(operation: &Map<String, Json>) -> Option<String> {
    if matches!(operation.get("kind")?.as_str()?, "move.file" | "config.key_rename") {
        return None;
    }
    let matched = operation.get("match")?;
    let name = ["module", "class", "callable", "name", "from"]
        .iter()
        .find_map(|field| matched.get(field).and_then(Json::as_str))?;
    Some(name.split('.').next().unwrap_or(name).to_owned())
}

/// The typed manifest; each operation by itself, so that a message can say which one is wrong.
fn deserialise(value: &Json) -> Result<Manifest, ManifestError> {
    if let Some(operations) = value.get("operations").and_then(Json::as_array) {
        for (position, operation) in operations.iter().enumerate() {
            if let Err(error) =
                serde_json::from_value::<crate::operation::Operation>(operation.clone())
            {
                return Err(wrong(format!("operations[{position}]"), &error));
            }
        }
    }
    for part in ["metadata", "summary"] {
        let Some(record) = value.get(part).cloned() else { continue };
        let result = match part {
            "metadata" => serde_json::from_value::<super::ManifestMetadata>(record).map(|_| ()),
            _ => serde_json::from_value::<super::ManifestSummary>(record).map(|_| ()),
        };
        result.map_err(|error| wrong(part.to_owned(), &error))?;
    }
    serde_json::from_value(value.clone()).map_err(|error| wrong("the manifest".to_owned(), &error))
}

fn wrong(path: String, error: &serde_json::Error) -> ManifestError {
    ManifestError::WrongValue { path, message: error.to_string() }
}
