//! What the types of a manifest cannot say about it.

use std::collections::BTreeSet;

use super::fields::nearest;
use super::order::application_order;
use super::{Manifest, ManifestError};
use crate::operation::{Change, NameMatch, Operation};
use crate::{DottedName, evidence::Confidence};

/// The most operations that a manifest may hold.
const OPERATIONS_LIMIT: usize = 500_000;

/// Checks ids, dependencies, identifiers and probabilities.
pub(super) fn validate(manifest: &Manifest) -> Result<(), ManifestError> {
    if manifest.operations.len() > OPERATIONS_LIMIT {
        return Err(wrong("operations", format!("more than {OPERATIONS_LIMIT} operations")));
    }
    let mut ids = BTreeSet::new();
    for (position, operation) in manifest.operations.iter().enumerate() {
        let path = format!("operations[{position}]");
        let id = operation.id.0.as_str();
        let digits = id.strip_prefix("OP").unwrap_or_default();
        if digits.len() < 3 || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong(
                &format!("{path}.id"),
                "an id is `OP` and at least three digits".to_owned(),
            ));
        }
        if !ids.insert(id) {
            return Err(ManifestError::DuplicateId {
                path: format!("{path}.id"),
                id: id.to_owned(),
            });
        }
        check_change(&operation.change, &format!("{path}.match"))?;
        check_confidence(&operation.confidence, &format!("{path}.confidence"))?;
    }
    for (position, operation) in manifest.operations.iter().enumerate() {
        check_dependencies(operation, position, &ids)?;
    }
    application_order(&manifest.operations)?;
    Ok(())
}

fn wrong(path: &str, message: String) -> ManifestError {
    ManifestError::WrongValue { path: path.to_owned(), message }
}

fn check_dependencies(
    operation: &Operation,
    position: usize,
    ids: &BTreeSet<&str>,
) -> Result<(), ManifestError> {
    for (index, dependency) in operation.dependencies.iter().enumerate() {
        if !ids.contains(dependency.0.as_str()) {
            return Err(ManifestError::UnknownDependency {
                path: format!("operations[{position}].dependencies[{index}]"),
                id: dependency.0.chars().take(80).collect(),
                nearest: nearest(&dependency.0, ids.iter().copied()).map(str::to_owned),
            });
        }
    }
    Ok(())
}

fn check_confidence(confidence: &Confidence, path: &str) -> Result<(), ManifestError> {
    let all = std::iter::once(("overall", confidence.overall))
        .chain(confidence.raw.map(|raw| ("raw", raw)))
        .chain(confidence.factors.iter().map(|(name, value)| (name.as_str(), *value)));
    for (name, value) in all {
        if !(0.0..=1.0).contains(&value) {
            return Err(wrong(&format!("{path}.{name}"), format!("{value} is not from 0 to 1")));
        }
    }
    Ok(())
}

/// Names end up in code: one that is no identifier could carry anything.
fn identifier(text: &str, path: &str) -> Result<(), ManifestError> {
    match DottedName::new(text) {
        Ok(name) if name.parent().is_none() => Ok(()),
        _ => Err(wrong(
            path,
            format!("`{}` is no identifier", text.chars().take(80).collect::<String>()),
        )),
    }
}

fn identifiers(texts: &[String], path: &str) -> Result<(), ManifestError> {
    texts.iter().enumerate().try_for_each(|(i, text)| identifier(text, &format!("{path}[{i}]")))
}

/// Source text that is written into calls: code_rewrite parses it before it uses it.
fn expression(text: Option<&str>, path: &str) -> Result<(), ManifestError> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > 4096 => {
            Err(wrong(path, "an expression has 1 to 4096 bytes".to_owned()))
        }
        _ => Ok(()),
    }
}

fn check_change(change: &Change, path: &str) -> Result<(), ManifestError> {
    let at = |field: &str| format!("{path}.{field}");
    match change {
        Change::RenameSymbol(name) | Change::RenameCallable(name) => check_name(name, path),
        Change::RenameAttribute { from, to, .. } => {
            identifier(from, &at("from"))?;
            identifier(to, &at("to"))
        }
        Change::ArgRename { parameter, .. } => {
            identifier(&parameter.from, &at("parameter.from"))?;
            identifier(&parameter.to, &at("parameter.to"))?;
            expression(parameter.default.as_deref(), &at("parameter.default"))
        }
        Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
            identifier(&parameter.name, &at("parameter.name"))?;
            expression(parameter.default.as_deref(), &at("parameter.default"))?;
            expression(parameter.old_behaviour.as_deref(), &at("parameter.old_behaviour"))
        }
        Change::ArgRemove { parameter, .. } => identifier(&parameter.name, &at("parameter.name")),
        Change::ArgReorder { from, to, .. } => {
            identifiers(from, &at("from"))?;
            identifiers(to, &at("to"))
        }
        Change::ArgKeywordOnly { positional, parameters, .. } => {
            identifiers(positional, &at("positional"))?;
            identifiers(parameters, &at("parameters"))
        }
        Change::CallRewrite { parameters, defaults, template, .. } => {
            let named =
                parameters.iter().enumerate().filter(|(_, it)| !matches!(&***it, "/" | "*"));
            for (index, parameter) in named {
                identifier(
                    parameter.trim_start_matches('*'),
                    &format!("{}[{index}]", at("parameters")),
                )?;
            }
            for (parameter, value) in defaults {
                let field = format!("{}.{parameter}", at("defaults"));
                if !parameters.contains(parameter) {
                    return Err(wrong(&field, "no parameter has this name".to_owned()));
                }
                expression(Some(value), &field)?;
            }
            expression(Some(template), &at("template"))
        }
        Change::ConfigKeyRename { from, to, .. } => {
            for (field, key) in [("from", from), ("to", to)] {
                if key.is_empty() || key.len() > 1024 || key.contains(char::is_control) {
                    return Err(wrong(
                        &at(field),
                        "a key has 1 to 1024 printable bytes".to_owned(),
                    ));
                }
            }
            Ok(())
        }
        Change::RenameImport { .. } | Change::MoveFile { .. } | Change::SymbolRemove { .. } => {
            Ok(())
        }
    }
}

fn check_name(name: &NameMatch, path: &str) -> Result<(), ManifestError> {
    identifier(&name.from, &format!("{path}.from"))?;
    identifier(&name.to, &format!("{path}.to"))?;
    match (&name.module, &name.class, &name.to_module) {
        (Some(_), None, _) | (None, Some(_), None) => Ok(()),
        (None, Some(_), Some(_)) => {
            Err(wrong(path, "`to_module` belongs to names with a `module`".to_owned()))
        }
        _ => Err(wrong(path, "either `module` or `class` must be given".to_owned())),
    }
}
