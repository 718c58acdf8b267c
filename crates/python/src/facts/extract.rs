//! The entry: bytes of any file to its facts.

use artifact::{Finding, Severity, Sha256, TreePath};
use serde::{Deserialize, Serialize};

use super::imports::ScopeNames;
use super::interner::Interner;
use super::walk::{LineIndex, Walker};
use super::{FileFacts, ModuleFacts};
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
            Self::Other => "other",
        }
    }
}

/// Takes the facts of one file; never fails and never panics, whatever the bytes are.
pub fn extract(path: &TreePath, bytes: &[u8]) -> FileFacts {
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
    match kind {
        FileKind::Python | FileKind::SetupPy => {
            python(&mut facts, bytes.len(), || ParsedFile::parse(bytes));
        }
        FileKind::Stub => python(&mut facts, bytes.len(), || ParsedFile::parse_stub(bytes)),
        _ => {}
    }
    facts
}

fn python(
    facts: &mut FileFacts,
    size_bytes: usize,
    parse: impl FnOnce() -> Result<ParsedFile, Finding>,
) {
    let module = match parse() {
        Ok(file) => {
            let mut module = with_stack_for(file.depth(), || module_facts(&file));
            if let Some(error) = file.syntax_error() {
                module.unseen = Some("the file does not parse".into());
                facts.findings.push(error);
            }
            module
        }
        Err(finding) => {
            let reason = if finding.severity == Severity::Error {
                "the file could not be read"
            } else {
                "the file is too large to be read"
            };
            facts.findings.push(finding);
            ModuleFacts { unseen: Some(reason.into()), ..ModuleFacts::default() }
        }
    };
    debug_assert!(facts.size_bytes == size_bytes as u64);
    facts.module = Some(Box::new(module));
}

fn module_facts(file: &ParsedFile) -> ModuleFacts {
    let body = &file.syntax().body;
    let names = ScopeNames::of(body);
    let lines = LineIndex::new(file.text());
    let mut interner = Interner::default();
    let walker = Walker::new(file.text(), &lines, &names, &mut interner);
    let mut facts = walker.module(body);
    facts.references = interner.into_references();
    facts
}
