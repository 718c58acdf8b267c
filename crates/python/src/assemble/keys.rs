//! Keys of configuration: shipped files, settings classes and modules, tables of defaults.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::TreePath;
use code_model::snapshot::{ConfigurationKey, FileRole, Snapshot, SymbolKind};

use super::TreeFile;
use super::names::Names;

/// All keys, sorted and unique.
pub(super) fn keys(
    names: &Names<'_>,
    snapshot: &Snapshot,
    files: &BTreeMap<TreePath, TreeFile>,
) -> Vec<ConfigurationKey> {
    let mut keys = Vec::new();
    for (path, file) in files {
        let shipped = snapshot.files.get(path).is_some_and(|it| it.role == FileRole::Library);
        if shipped {
            let holder: Arc<str> = path.as_str().into();
            keys.extend(file.facts.keys.iter().map(|key| ConfigurationKey {
                holder: holder.clone(),
                key: key.key.clone(),
                value_type: key.value_type.clone(),
                value: key.value.clone(),
            }));
        }
    }
    for (_, part) in names.offered() {
        if part.is_test {
            continue;
        }
        for key in &part.facts.keys {
            let holder = key.holder.as_deref().unwrap_or_default();
            keys.push(ConfigurationKey {
                holder: format!("{}.{holder}", part.name).into(),
                key: key.key.clone(),
                value_type: key.value_type.clone(),
                value: key.value.clone(),
            });
        }
    }
    settings(snapshot, &mut keys);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Attributes of settings classes, and upper-case constants of settings modules.
fn settings(snapshot: &Snapshot, keys: &mut Vec<ConfigurationKey>) {
    for (path, symbol) in &snapshot.symbols {
        let leaf = path.leaf();
        let is_upper =
            leaf.chars().any(char::is_uppercase) && !leaf.chars().any(char::is_lowercase);
        let holder = match (symbol.kind, &symbol.parent) {
            (SymbolKind::Constant, None) if is_upper && names_settings(symbol.module.leaf()) => {
                &symbol.module
            }
            (SymbolKind::Attribute | SymbolKind::Field, Some(class)) => {
                let declared = is_upper || symbol.annotation.is_some() || symbol.value.is_some();
                if !declared || leaf.starts_with('_') || !names_settings(class.leaf()) {
                    continue;
                }
                class
            }
            _ => continue,
        };
        keys.push(ConfigurationKey {
            holder: holder.as_str().into(),
            key: leaf.into(),
            value_type: type_of(symbol.value.as_deref()).into(),
            value: symbol.value.clone(),
        });
    }
}

fn names_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["config", "settings", "options", "defaults", "configdict", "preferences"]
        .iter()
        .any(|word| name.ends_with(word))
}

fn type_of(value: Option<&str>) -> &'static str {
    let Some(value) = value else { return "expression" };
    match value {
        "True" | "False" => "boolean",
        "None" => "null",
        _ if value.starts_with(['"', '\'']) => "string",
        _ if value.starts_with(['[', '(']) => "list",
        _ if value.starts_with('{') => "table",
        _ if value.parse::<i64>().is_ok() => "integer",
        _ if value.starts_with(|c: char| c.is_ascii_digit()) && value.parse::<f64>().is_ok() => {
            "float"
        }
        _ => "expression",
    }
}
