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

pub use json::{JsonStep, JsonString, json_strings};

/// Texts beyond this size are not read.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Keys nested deeper than this are not read.
pub const MAX_DEPTH: usize = 64;

/// At most so many keys of one text are read.
pub const MAX_KEYS: usize = 50_000;

/// What the names of all paths together may come to: in a deep text each key carries those above
/// it.
const MAX_NAME_BYTES: usize = 16 << 20;

/// What a name takes beside its bytes.
const NAME_BYTES: usize = 48;

/// Texts with more signs that begin a value are not read where the parser keeps all values at once.
const MAX_VALUES: usize = 2 * MAX_KEYS;

/// At most so many keys that stand twice are told.
const MAX_DUPLICATES: usize = 100;

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
    let mut keys =
        Keys { text, found: Vec::new(), findings: Vec::new(), name_bytes: 0, duplicates: 0 };
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
    /// What the names of all paths come to.
    name_bytes: usize,
    duplicates: usize,
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
        self.name_bytes += path.iter().map(|name| name.len() + NAME_BYTES).sum::<usize>();
        if self.found.len() >= MAX_KEYS || self.name_bytes > MAX_NAME_BYTES {
            self.too_many();
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

    fn too_many(&mut self) {
        if self.findings.iter().all(|finding| finding.code != "too-many-keys") {
            self.note(
                "too-many-keys",
                None,
                format!(
                    "The file has more than {MAX_KEYS} keys, {MAX_VALUES} values, or names of more \
                     than {} MiB; the others were not read.",
                    MAX_NAME_BYTES >> 20
                ),
            );
        }
    }

    /// Whether the text may hold more values than are kept at once; then this is noted.
    fn holds_too_many(&mut self) -> bool {
        // A list or table takes as much as several values.
        let weights = self.text.bytes().map(|byte| match byte {
            b'=' | b':' | b',' => 1,
            b'[' | b'{' => 4,
            _ => 0_usize,
        });
        let holds = weights.sum::<usize>() > MAX_VALUES;
        if holds {
            self.too_many();
        }
        holds
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
        self.duplicates += 1;
        if self.duplicates > MAX_DUPLICATES {
            return;
        }
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
