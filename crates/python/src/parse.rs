//! Bytes of a Python file to text and syntax, without ever panicking or running out of stack.

use artifact::{Finding, Severity};
use ruff_python_ast::{ModModule, PySourceType};
use ruff_python_parser::{Parsed, parse_unchecked_source};

use crate::nesting;

/// Files beyond this size are not parsed: they are generated data, and their syntax tree would not
/// fit the memory that a whole run may take.
pub const MAX_SOURCE_BYTES: usize = 8 * 1024 * 1024;

/// Syntax nested deeper than this is not parsed. Python's own compiler gives up at about a quarter.
pub const MAX_DEPTH: usize = 4000;

/// Python refuses more than a hundred levels of indentation.
const MAX_INDENTATIONS: usize = 200;

/// Depth that every thread's stack holds, whoever walks the tree.
const SAFE_DEPTH: usize = 150;

/// Stack that one level of syntax may take in a recursive walk, debug builds included.
const STACK_BYTES_PER_LEVEL: usize = 8 * 1024;

/// How the bytes of a source file encode its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceEncoding {
    /// UTF-8, as Python assumes without a declaration.
    Utf8,
    /// ISO 8859-1: every byte is the character of the same number.
    Latin1,
    /// Any other encoding that a declaration names.
    Declared(&'static encoding_rs::Encoding),
}

/// The text of a source file and what is needed to write it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The text without its byte order mark.
    pub text: String,
    /// How it was encoded.
    pub encoding: SourceEncoding,
    /// Whether it began with a UTF-8 byte order mark.
    pub has_byte_order_mark: bool,
}

impl SourceText {
    /// Reads bytes as Python reads them: byte order mark, then the declaration of PEP 263, else
    /// UTF-8.
    pub fn decode(bytes: &[u8]) -> Result<Self, Finding> {
        if bytes.len() > MAX_SOURCE_BYTES {
            return Err(too_large(bytes.len()));
        }
        let (bytes, has_byte_order_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => (rest, true),
            None => (bytes, false),
        };
        let encoding = match declared_encoding(bytes) {
            Some(label) => encoding_of(&label).ok_or_else(|| unknown_encoding(&label))?,
            None => SourceEncoding::Utf8,
        };
        let text = match encoding {
            SourceEncoding::Utf8 => String::from_utf8(bytes.to_vec())
                .map_err(|error| undecodable("UTF-8", bytes, error.utf8_error().valid_up_to()))?,
            SourceEncoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            SourceEncoding::Declared(declared) => declared
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned)
                .ok_or_else(|| undecodable(declared.name(), bytes, 0))?,
        };
        Ok(Self { text, encoding, has_byte_order_mark })
    }

    /// The bytes of another text in this file's encoding; none when a character has no bytes in it.
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let mut bytes =
            if self.has_byte_order_mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        match self.encoding {
            SourceEncoding::Utf8 => bytes.extend_from_slice(text.as_bytes()),
            SourceEncoding::Latin1 => {
                for character in text.chars() {
                    bytes.push(u8::try_from(u32::from(character)).ok()?);
                }
            }
            SourceEncoding::Declared(declared) => {
                let (encoded, _, replaced) = declared.encode(text);
                if replaced {
                    return None;
                }
                bytes.extend_from_slice(&encoded);
            }
        }
        Some(bytes)
    }
}

/// A source file with its syntax tree and tokens.
///
/// Offsets of nodes are byte offsets into [`SourceText::text`]. The tree of a file with syntax
/// errors holds what could be recovered.
#[derive(Debug)]
pub struct ParsedFile {
    source: SourceText,
    depth: usize,
    // Taken out only while dropping.
    parsed: Option<Parsed<ModModule>>,
}

impl ParsedFile {
    /// Decodes and parses; the finding says why there is no tree at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, Finding> {
        Self::of_source(SourceText::decode(bytes)?, PySourceType::Python)
    }

    /// Like [`ParsedFile::parse`], for a `.pyi` stub.
    pub fn parse_stub(bytes: &[u8]) -> Result<Self, Finding> {
        Self::of_source(SourceText::decode(bytes)?, PySourceType::Stub)
    }

    /// Parses text that was decoded before.
    pub fn of_source(source: SourceText, kind: PySourceType) -> Result<Self, Finding> {
        if source.text.len() > MAX_SOURCE_BYTES {
            return Err(too_large(source.text.len()));
        }
        let nesting = nesting::measure(&source.text);
        if nesting.expressions > MAX_DEPTH || nesting.blocks > MAX_INDENTATIONS {
            return Err(Finding::new(
                Severity::Error,
                "nested-too-deeply",
                "The file nests its syntax deeper than any Python would run; it was not read.",
            )
            .at_line(nesting.deepest_line));
        }
        let depth = nesting.expressions + nesting.blocks;
        let parsed = with_stack_for(depth, || parse_unchecked_source(&source.text, kind));
        Ok(Self { source, depth, parsed: Some(parsed) })
    }

    /// The text and its encoding.
    pub fn source(&self) -> &SourceText {
        &self.source
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The tree, the tokens and the syntax errors.
    pub fn parsed(&self) -> &Parsed<ModModule> {
        self.parsed.as_ref().unwrap_or_else(|| unreachable!("the tree is taken only by drop"))
    }

    /// The module's tree.
    pub fn syntax(&self) -> &ModModule {
        self.parsed().syntax()
    }

    /// An upper bound of the tree's depth: what [`with_stack_for`] wants to know before a walk.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The first syntax error, as a finding about the file.
    pub fn syntax_error(&self) -> Option<Finding> {
        let error = self.parsed().errors().first()?;
        let line = self.line_of(error.location.start().to_usize());
        Some(
            Finding::new(
                Severity::Warning,
                "syntax-error",
                format!(
                    "The file does not parse ({}); what follows the error may be missing.",
                    error.error
                ),
            )
            .at_line(line),
        )
    }

    fn line_of(&self, offset: usize) -> u32 {
        let before = self.source.text.as_bytes().get(..offset).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() as u32 + 1
    }
}

impl Drop for ParsedFile {
    fn drop(&mut self) {
        let parsed = self.parsed.take();
        with_stack_for(self.depth, || drop(parsed));
    }
}

/// Whether a text is one Python expression and nothing else.
pub fn is_expression(text: &str) -> bool {
    !text.trim_end().ends_with(';')
        && ParsedFile::parse(text.trim().as_bytes()).is_ok_and(|parsed| {
            let body = parsed.syntax().body.as_slice();
            parsed.syntax_error().is_none() && matches!(body, [ruff_python_ast::Stmt::Expr(_)])
        })
}

/// Runs a walk over a tree of this depth on a stack that is large enough for it.
pub fn with_stack_for<T>(depth: usize, walk: impl FnOnce() -> T) -> T {
    if depth <= SAFE_DEPTH {
        return walk();
    }
    stacker::grow(1024 * 1024 + depth.min(2 * MAX_DEPTH) * STACK_BYTES_PER_LEVEL, walk)
}

fn too_large(bytes: usize) -> Finding {
    Finding::new(
        Severity::Warning,
        "file-too-large",
        format!(
            "The file has {bytes} bytes, more than the {MAX_SOURCE_BYTES} that are read; its names are unknown."
        ),
    )
}

fn unknown_encoding(label: &str) -> Finding {
    Finding::new(
        Severity::Error,
        "unknown-encoding",
        format!("The file declares the encoding `{label}`, which is not known; it was not read."),
    )
}

fn undecodable(encoding: &str, bytes: &[u8], valid_up_to: usize) -> Finding {
    let line =
        memchr::memchr_iter(b'\n', &bytes[..valid_up_to.min(bytes.len())]).count() as u32 + 1;
    Finding::new(
        Severity::Error,
        "undecodable",
        format!("The file is not valid {encoding}; it was not read."),
    )
    .at_line(line)
}

/// The encoding that one of the first two lines declares, as PEP 263 describes it.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    for line in bytes.splitn(3, |byte| *byte == b'\n').take(2) {
        let line = &line[..line.len().min(400)];
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c' | b'\r'));
        let Some(start) = start else { continue };
        if line[start] != b'#' {
            return None;
        }
        if let Some(label) = coding_label(&line[start..]) {
            return Some(label);
        }
    }
    None
}

fn coding_label(comment: &[u8]) -> Option<String> {
    let mut rest = comment;
    loop {
        let at = memchr::memmem::find(rest, b"coding")?;
        rest = &rest[at + b"coding".len()..];
        if !matches!(rest.first(), Some(b':' | b'=')) {
            continue;
        }
        let label: String = rest[1..]
            .iter()
            .skip_while(|byte| matches!(byte, b' ' | b'\t'))
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .map(|byte| char::from(*byte))
            .collect();
        if !label.is_empty() {
            return Some(label);
        }
    }
}

fn encoding_of(label: &str) -> Option<SourceEncoding> {
    let normal = label.to_ascii_lowercase().replace('_', "-");
    let normal = ["-unix", "-dos", "-mac"]
        .iter()
        .find_map(|ending| normal.strip_suffix(ending))
        .unwrap_or(&normal);
    match normal {
        // ASCII is read as UTF-8: a byte beyond it is an error in either.
        "utf-8" | "utf8" | "u8" | "utf-8-sig" | "utf-8mb4" | "cp65001" | "ascii" | "us-ascii" => {
            Some(SourceEncoding::Utf8)
        }
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" | "cp819" => {
            Some(SourceEncoding::Latin1)
        }
        _ => {
            let windows = normal.strip_prefix("cp").map(|number| format!("windows-{number}"));
            let found = encoding_rs::Encoding::for_label_no_replacement(normal.as_bytes())
                .or_else(|| encoding_rs::Encoding::for_label_no_replacement(windows?.as_bytes()))?;
            // Python refuses encodings in which the declaration itself would not be ASCII.
            found.is_ascii_compatible().then_some(SourceEncoding::Declared(found))
        }
    }
}
