//! Keys of configuration texts with their places: YAML, TOML, JSON and INI, read as their own
//! programs read them.
//!
//! Texts are hostile input: what cannot be read is a finding, and depth, size and number of keys
//! are limited.

use std::ops::Range;

use artifact::{Finding, Severity};

mod ini;
mod json;
mod toml;
mod yaml;

/// Texts beyond this size are not read.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Keys nested deeper than this are not read.
pub const MAX_DEPTH: usize = 64;

/// At most so many keys of one text are read.
pub const MAX_KEYS: usize = 50_000;

/// Values up to this length are kept.
const MAX_VALUE_BYTES: usize = 200;

/// A format of configuration texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// YAML 1.2, several documents in one text included.
    Yaml,
    /// TOML.
    Toml,
    /// JSON, with the comments and trailing commas that many tools allow.
    Json,
    /// INI as `configparser` reads it.
    Ini,
}

impl Format {
    /// The format that a file name's ending shows.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "ini" | "cfg" => Some(Self::Ini),
            _ => None,
        }
    }
}

/// One key of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAt {
    /// The keys from the outermost to this one; positions in lists are left out.
    pub path: Vec<String>,
    /// Where the key itself stands in the text, quotes included.
    pub key: Range<usize>,
    /// `string`, `integer`, `float`, `boolean`, `null`, `list` or `table`.
    pub value_type: &'static str,
    /// The value's source text when it is a scalar of at most 200 bytes.
    pub value: Option<String>,
}

impl KeyAt {
    /// The keys joined with dots.
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }
}

/// Reads every key of a text, in the order in which they stand.
pub fn read(format: Format, text: &str) -> (Vec<KeyAt>, Vec<Finding>) {
    if text.len() > MAX_BYTES {
        let message = format!("The file has more than {MAX_BYTES} bytes; its keys were not read.");
        return (Vec::new(), vec![Finding::new(Severity::Warning, "file-too-large", message)]);
    }
    let mut keys = Keys { text, found: Vec::new(), findings: Vec::new() };
    match format {
        Format::Yaml => yaml::read(&mut keys),
        Format::Toml => toml::read(&mut keys),
        Format::Json => json::read(&mut keys),
        Format::Ini => ini::read(&mut keys),
    }
    (keys.found, keys.findings)
}

/// What the readers gather.
struct Keys<'a> {
    text: &'a str,
    found: Vec<KeyAt>,
    findings: Vec<Finding>,
}

impl Keys<'_> {
    /// Adds a key; false when no more are taken.
    fn add(
        &mut self,
        path: &[String],
        key: Range<usize>,
        value_type: &'static str,
        value: Option<&str>,
    ) -> bool {
        if self.found.len() >= MAX_KEYS {
            if self.findings.iter().all(|finding| finding.code != "too-many-keys") {
                self.note(
                    "too-many-keys",
                    None,
                    format!("The file has more than {MAX_KEYS} keys; the others were not read."),
                );
            }
            return false;
        }
        let value = value.map(str::trim).filter(|value| value.len() <= MAX_VALUE_BYTES);
        self.found.push(KeyAt {
            path: path.to_vec(),
            key,
            value_type,
            value: value.map(str::to_owned),
        });
        true
    }

    fn note(&mut self, code: &str, at: Option<usize>, message: String) {
        let mut finding = Finding::new(Severity::Warning, code, message);
        finding.line = at.map(|at| self.line(at));
        self.findings.push(finding);
    }

    fn unreadable(&mut self, format: &str, at: Option<usize>, error: impl std::fmt::Display) {
        let error = error.to_string();
        let error = error.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        self.note(
            "unreadable-configuration",
            at,
            format!("The file is no valid {format} ({error}); its keys were not read."),
        );
    }

    fn too_deep(&mut self, at: usize) {
        self.note(
            "nested-too-deeply",
            Some(at),
            format!("The file nests keys deeper than {MAX_DEPTH}; the deeper ones were not read."),
        );
    }

    fn duplicate(&mut self, key: &str, at: usize) {
        self.note(
            "duplicate-key",
            Some(at),
            format!("The key `{}` stands twice; readers take the last.", shortened(key)),
        );
    }

    fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
