//! `tree_from.tree` and `tree_to.tree`: files and their symbols, version 2 of the format.

use std::collections::BTreeMap;
use std::io::{self, Write};

use artifact::TreePath;
use code_model::DottedName;
use code_model::snapshot::{Snapshot, Stability, Symbol, SymbolKind};

use super::GENERATOR;

/// Writes a snapshot's files and symbols as YAML.
pub fn write_tree(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let origin = &snapshot.origin;
    out.write_all(b"version: 2\nmetadata:\n")?;
    if let Some(moment) = origin.created_at {
        writeln!(out, "  generated_at: \"{moment}\"")?;
    }
    writeln!(out, "  generator: \"{GENERATOR}\"")?;
    field(out, "  ref: ", &origin.reference)?;
    if let Some(commit) = &origin.commit {
        field(out, "  commit_sha: ", commit)?;
    }
    field(out, "\nroot: ", &root(snapshot))?;
    out.write_all(if snapshot.files.is_empty() { b"\nfiles: []\n" } else { b"\nfiles:\n" })?;
    let mut by_file: BTreeMap<&TreePath, Vec<(&DottedName, &Symbol)>> = BTreeMap::new();
    for (name, symbol) in &snapshot.symbols {
        by_file.entry(&symbol.file).or_default().push((name, symbol));
    }
    for (path, record) in &snapshot.files {
        field(out, "  - path: ", path.as_str())?;
        writeln!(out, "    size_bytes: {}", record.size_bytes)?;
        field(out, "    lang: ", &record.lang)?;
        writeln!(out, "    hash: {}", record.hash)?;
        if let Some(moment) = record.last_modified {
            writeln!(out, "    last_modified: \"{moment}\"")?;
        }
        let Some(symbols) = by_file.get_mut(path) else {
            out.write_all(b"    symbols: []\n")?;
            continue;
        };
        symbols.sort_by_key(|(name, symbol)| (symbol.lines.0, symbol.bytes.0, *name));
        out.write_all(b"    symbols:\n")?;
        for (name, symbol) in symbols {
            write_symbol(name, symbol, out)?;
        }
    }
    Ok(())
}

fn write_symbol(name: &DottedName, symbol: &Symbol, out: &mut impl Write) -> io::Result<()> {
    field(out, "      - fq: ", name.as_str())?;
    writeln!(out, "        kind: {}", kind_name(symbol.kind))?;
    writeln!(out, "        line_start: {}", symbol.lines.0)?;
    writeln!(out, "        line_end: {}", symbol.lines.1)?;
    writeln!(out, "        sig_hash: {}", String::from(symbol.signature_hash))?;
    if let Some(parent) = &symbol.parent {
        field(out, "        parent: ", parent.as_str())?;
    }
    writeln!(out, "        exports: [{}]", tags(symbol).collect::<Vec<_>>().join(", "))
}

/// The tags of an exported symbol: who may use it, and whether it is deprecated.
pub(super) fn tags(symbol: &Symbol) -> impl Iterator<Item = &'static str> {
    let stability = match symbol.stability {
        Stability::PublicApi => "public_api",
        Stability::Experimental => "experimental",
        Stability::Internal => "internal",
    };
    std::iter::once(stability).chain(symbol.deprecated.as_ref().map(|_| "deprecated"))
}

/// The kind as the formats write it.
pub(super) fn kind_name(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Class => "class",
        SymbolKind::Function => "function",
        SymbolKind::Method => "method",
        SymbolKind::Property => "property",
        SymbolKind::Attribute => "attribute",
        SymbolKind::Field => "field",
        SymbolKind::EnumMember => "enum_member",
        SymbolKind::Constant => "constant",
        SymbolKind::TypeAlias => "type_alias",
    }
}

/// The folder of the only package, else the tree itself.
fn root(snapshot: &Snapshot) -> String {
    match snapshot.roots.as_slice() {
        [only] if only.path.extension() == Some("py") => only.path.to_string(),
        [only] => format!("{}/", only.path),
        _ => "./".to_owned(),
    }
}

/// Writes a key and a text; the text is quoted unless YAML reads it as the same plain text.
fn field(out: &mut impl Write, key: &str, text: &str) -> io::Result<()> {
    out.write_all(key.as_bytes())?;
    if is_plain(text) {
        out.write_all(text.as_bytes())?;
    } else {
        write_quoted(text, out)?;
    }
    out.write_all(b"\n")
}

fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'-');
    bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && bytes.iter().all(word)
        && !RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(text))
}

/// Words that YAML 1.1 or 1.2 readers take for something else than text.
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

fn write_quoted(text: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    for character in text.chars() {
        match character {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            c => out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?,
        }
    }
    out.write_all(b"\"")
}
