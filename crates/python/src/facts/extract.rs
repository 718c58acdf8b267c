//! The entry: bytes of any file to its facts.

use artifact::{Finding, Severity, Sha256, TreePath};
use configuration::Format;
use serde::{Deserialize, Serialize};

use super::imports::ScopeNames;
use super::interner::Interner;
use super::walk::{LineIndex, Walker};
use super::{FileFacts, KeyFact, ModuleFacts};
use crate::parse::{ParsedFile, with_stack_for};

/// What kind of file a name shows: together with the content it decides all facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// A Python source.
    Python,
    /// A Python stub.
    Stub,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// `pyproject.toml`.
    Project,
    /// JSON.
    Json,
    /// INI and the like.
    Ini,
    /// `setup.cfg`.
    SetupCfg,
    /// `setup.py`.
    SetupPy,
    /// `RECORD` of an installed distribution or a wheel: the list of its files.
    Record,
    /// Markdown.
    Markdown,
    /// reStructuredText.
    Rst,
    /// Plain text.
    Text,
    /// Anything else.
    Other,
}

impl FileKind {
    /// The kind that this file's name shows.
    pub fn of(path: &TreePath) -> Self {
        match path.file_name() {
            "pyproject.toml" => return Self::Project,
            "setup.cfg" => return Self::SetupCfg,
            "setup.py" => return Self::SetupPy,
            "RECORD" if path.parent().is_some_and(|folder| folder.ends_with(".dist-info")) => {
                return Self::Record;
            }
            _ => {}
        }
        let Some(extension) = path.extension() else {
            return match path.file_name() {
                "CHANGES" | "CHANGELOG" | "NEWS" | "HISTORY" | "README" => Self::Text,
                _ => Self::Other,
            };
        };
        match extension {
            "py" => Self::Python,
            "pyi" => Self::Stub,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "json" => Self::Json,
            "ini" | "cfg" => Self::Ini,
            "md" | "markdown" => Self::Markdown,
            "rst" => Self::Rst,
            "txt" => Self::Text,
            _ => Self::Other,
        }
    }

    /// The `lang` of a file record.
    pub fn lang(self) -> &'static str {
        match self {
            Self::Python | Self::Stub | Self::SetupPy => "python",
            Self::Yaml => "yaml",
            Self::Toml | Self::Project => "toml",
            Self::Json => "json",
            Self::Ini | Self::SetupCfg => "ini",
            Self::Markdown => "markdown",
            Self::Rst => "rst",
            Self::Text => "text",
            Self::Record => "csv",
            Self::Other => "other",
        }
    }
}

/// Takes the facts of one file; never fails and never panics, whatever the bytes are.
pub fn extract(path: &TreePath, bytes: &[u8]) -> FileFacts {
    extract_parsed(path, bytes).0
}

/// The same, with the syntax of a Python file for whoever has more to ask of it.
pub fn extract_parsed(path: &TreePath, bytes: &[u8]) -> (FileFacts, Option<ParsedFile>) {
    let kind = FileKind::of(path);
    let mut facts = FileFacts {
        size_bytes: bytes.len() as u64,
        hash: Sha256::of(bytes),
        kind,
        findings: Vec::new(),
        module: None,
        keys: Vec::new(),
        notes: Vec::new(),
        layout: None,
    };
    let mut parsed = None;
    match kind {
        FileKind::Python | FileKind::SetupPy => {
            parsed = python(&mut facts, ParsedFile::parse(bytes));
        }
        FileKind::Stub => parsed = python(&mut facts, ParsedFile::parse_stub(bytes)),
        FileKind::Markdown | FileKind::Rst | FileKind::Text => {
            facts.notes = super::documents::read(&String::from_utf8_lossy(bytes));
        }
        FileKind::Other => {}
        _ => configuration_file(&mut facts, bytes),
    }
    (facts, parsed)
}

fn configuration_file(facts: &mut FileFacts, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        facts.findings.push(Finding::new(
            Severity::Warning,
            "undecodable",
            "The file is not valid UTF-8; its keys were not read.",
        ));
        return;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let format = match facts.kind {
        FileKind::Yaml => Format::Yaml,
        FileKind::Toml => Format::Toml,
        FileKind::Json => Format::Json,
        FileKind::Ini => Format::Ini,
        FileKind::Project => {
            facts.layout = super::layout::project(text);
            return;
        }
        FileKind::Record => {
            facts.layout = Some(super::layout::record(text));
            return;
        }
        FileKind::SetupCfg => {
            facts.layout = Some(super::layout::setup_cfg(text));
            return;
        }
        _ => return,
    };
    let (keys, findings) = configuration::read(format, text);
    facts.findings.extend(findings);
    facts.keys = keys
        .into_iter()
        .map(|key| KeyFact {
            holder: None,
            key: key.dotted().into(),
            value_type: key.value_type.into(),
            value: key.value.map(Into::into),
        })
        .collect();
}

fn python(facts: &mut FileFacts, parsed: Result<ParsedFile, Finding>) -> Option<ParsedFile> {
    let (module, file) = match parsed {
        Ok(file) => {
            if facts.kind == FileKind::SetupPy {
                facts.layout =
                    Some(with_stack_for(file.depth(), || super::layout::setup_py(&file)));
            }
            let mut module = with_stack_for(file.depth(), || module_facts(&file, facts.kind));
            if let Some(error) = file.syntax_error() {
                module.unseen = Some("the file does not parse".into());
                facts.findings.push(error);
            }
            (module, Some(file))
        }
        Err(finding) => {
            let reason = match finding.code.as_str() {
                "file-too-large" => "the file is too large to be read",
                _ => "the file could not be read",
            };
            facts.findings.push(finding);
            (ModuleFacts { unseen: Some(reason.into()), ..ModuleFacts::default() }, None)
        }
    };
    facts.module = Some(Box::new(module));
    file
}

fn module_facts(file: &ParsedFile, kind: FileKind) -> ModuleFacts {
    let body = &file.syntax().body;
    let names = ScopeNames::of(body);
    let lines = LineIndex::new(file.text());
    let mut interner = Interner::default();
    let mut walker = Walker::new(file.text(), &lines, &names, &mut interner);
    if kind == FileKind::Stub {
        walker = walker.of_stub();
    }
    let mut facts = walker.module(body);
    facts.references = interner.into_references();
    facts
}
