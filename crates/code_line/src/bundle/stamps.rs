//! `metadata.json`: what each file exports, to whom, since when, and whether it is deprecated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use artifact::TreePath;
use code_model::DottedName;
use code_model::snapshot::{Snapshot, Stability, Symbol};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::tags;

/// The stamps of both versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stamps {
    /// Of the old version.
    pub from: Vec<FileStamp>,
    /// Of the new version.
    pub to: Vec<FileStamp>,
}

/// What one file exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileStamp {
    /// The file.
    pub file: TreePath,
    /// Its exports, in the order of the file.
    pub exports: Vec<ExportStamp>,
}

/// One exported symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportStamp {
    /// The fully qualified name.
    pub fq: DottedName,
    /// Who may use it.
    pub tags: Vec<Cow<'static, str>>,
    /// The version since which it exists, when its documentation says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Whether it is deprecated.
    pub deprecated: bool,
}

/// The stamps of one version: every symbol that a user may reach.
pub fn stamps(snapshot: &Snapshot) -> Vec<FileStamp> {
    let mut by_file: BTreeMap<&TreePath, Vec<(&DottedName, &Symbol)>> = BTreeMap::new();
    for (name, symbol) in &snapshot.symbols {
        if symbol.stability != Stability::Internal {
            by_file.entry(&symbol.file).or_default().push((name, symbol));
        }
    }
    let stamp = |(file, mut symbols): (&TreePath, Vec<(&DottedName, &Symbol)>)| {
        symbols.sort_by_key(|(name, symbol)| (symbol.lines.0, symbol.bytes.0, *name));
        let exports = symbols
            .into_iter()
            .map(|(name, symbol)| ExportStamp {
                fq: name.clone(),
                tags: tags(symbol).map(Cow::Borrowed).collect(),
                since: symbol.since.as_deref().map(str::to_owned),
                deprecated: symbol.deprecated.is_some(),
            })
            .collect();
        FileStamp { file: file.clone(), exports }
    };
    by_file.into_iter().map(stamp).collect()
}

/// Writes the stamps of both versions as JSON.
pub fn write_stamps(from: &Snapshot, to: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let stamps = Stamps { from: stamps(from), to: stamps(to) };
    super::values::write_line(&stamps, out)
}
