//! What was noticed about an input that is not as it should be.

use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::TreePath;

/// How much a finding matters to the reader.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is missing from the result.
    Note,
    /// Something could not be seen or done; the rest of the result stands.
    Warning,
    /// A part of the input could not be used at all; the rest of the result stands.
    Error,
}

/// Something about an input that a reader should know; findings are values, never failures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable kebab-case name of what was found, for example `syntax-error`.
    pub code: String,
    /// The file it is about, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<TreePath>,
    /// The line it is about, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// One sentence: what was found and what follows from it.
    pub message: String,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { severity, code, file, line, message } = self;
        if !serializer.is_human_readable() {
            return (severity, code, file, line, message).serialize(serializer);
        }
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("severity", severity)?;
        fields.serialize_entry("code", code)?;
        if file.is_some() {
            fields.serialize_entry("file", file)?;
        }
        if line.is_some() {
            fields.serialize_entry("line", line)?;
        }
        fields.serialize_entry("message", message)?;
        fields.end()
    }
}

impl Finding {
    /// A finding about no particular file.
    pub fn new(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        Self { severity, code: code.to_owned(), file: None, line: None, message: message.into() }
    }

    /// The same finding, about this file.
    #[must_use]
    pub fn in_file(mut self, file: &TreePath) -> Self {
        self.file = Some(file.clone());
        self
    }

    /// The same finding, about this line, counted from 1.
    #[must_use]
    pub fn at_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}
