//! What is right instead, in the form of the operation that says it.

use artifact::TreePath;
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::{Change, NameMatch, ParameterRename};
use code_model::snapshot::{Snapshot, SymbolKind};

use crate::amendment::BothVersions;
use crate::{Error, ErrorCode};

/// The longest text that an operation is edited to, in bytes.
const TEXT_LIMIT_BYTES: usize = 4096;

/// The same operation with another successor.
pub(super) fn edited(change: &Change, to: &str, versions: &BothVersions) -> Result<Change, Error> {
    let mut edited = change.clone();
    if to.len() > TEXT_LIMIT_BYTES {
        return Err(no_successor(to, "a shorter text"));
    }
    match &mut edited {
        Change::RenameImport { to: new, .. } => *new = dotted(to)?,
        Change::MoveFile { to: new, .. } => {
            *new = TreePath::new(to).map_err(|_| no_successor(to, "a path in the package"))?;
        }
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            *name = with_new_name(name, to, versions)?;
        }
        Change::RenameAttribute { class, to: new, .. } => *new = member(class, to, versions)?,
        Change::ArgRename { parameter: ParameterRename { to: new, .. }, .. } => {
            *new = identifier(to)?;
        }
        Change::ConfigKeyRename { to: new, .. } => {
            if to.trim().is_empty() || to.contains(char::is_control) {
                return Err(no_successor(to, "a key"));
            }
            to.clone_into(new);
        }
        Change::CallRewrite { template, .. } => {
            if to.contains(char::is_control) || !python::parse::is_expression(to) {
                return Err(no_successor(to, "an expression of Python"));
            }
            to.trim().clone_into(template);
        }
        Change::ArgAddDefault { .. }
        | Change::ArgRemove { .. }
        | Change::ArgReorder { .. }
        | Change::ArgKeywordOnly { .. }
        | Change::ArgAddRequired { .. }
        | Change::SymbolRemove { .. } => {
            let message = format!("an operation of the kind {} names no successor", change.kind());
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("reject it, and state what is right with `onx-manifest template add`"));
        }
    }
    if edited == *change {
        let message = format!("`{change}` says that already");
        return Err(Error::user(ErrorCode::UsageError, message).hint("accept it instead"));
    }
    Ok(edited)
}

/// The operation that leads an old name of the library to this one.
pub(super) fn renamed(
    old: &DottedName,
    to: &str,
    versions: &BothVersions,
) -> Result<Change, Error> {
    let unknown = || {
        Error::user(ErrorCode::UsageError, format!("what `{old}` was cannot be seen"))
            .hint("state it with `onx-manifest template add`, where you say what it was")
    };
    let from = versions.from.as_ref().ok_or_else(unknown)?;
    let index = ApiIndex::new(from);
    let kind = match index.resolve(old) {
        Resolution::Module(_) => {
            return Ok(Change::RenameImport { from: old.clone(), to: dotted(to)? });
        }
        Resolution::Symbol(definition) => {
            index.symbol(&definition).map(|symbol| symbol.kind).ok_or_else(unknown)?
        }
        _ => return Err(unknown()),
    };
    let holder = old.parent().ok_or_else(unknown)?;
    let is_member = is_class(from, &holder);
    let (module, class) = if is_member { (None, Some(holder)) } else { (Some(holder), None) };
    let from = old.leaf().to_owned();
    let name = NameMatch { module, class, to: from.clone(), from, to_module: None };
    Ok(match (kind, &name.class) {
        (SymbolKind::Function | SymbolKind::Method, _) | (SymbolKind::Class, Some(_)) => {
            Change::RenameCallable(with_new_name(&name, to, versions)?)
        }
        (kind, Some(class)) => Change::RenameAttribute {
            class: class.clone(),
            from: name.from.clone(),
            to: member(class, to, versions)?,
            keyword: kind == SymbolKind::Field,
        },
        (_, None) => Change::RenameSymbol(with_new_name(&name, to, versions)?),
    })
}

fn is_class(snapshot: &Snapshot, name: &DottedName) -> bool {
    let index = ApiIndex::new(snapshot);
    match index.resolve(name) {
        Resolution::Symbol(definition) => {
            index.symbol(&definition).is_some_and(|symbol| symbol.kind == SymbolKind::Class)
        }
        _ => false,
    }
}

/// The same old name with this new one: an identifier where it was, or a dotted name.
fn with_new_name(name: &NameMatch, to: &str, versions: &BothVersions) -> Result<NameMatch, Error> {
    let mut named = NameMatch { to_module: None, ..name.clone() };
    if let Some(class) = &name.class {
        named.to = member(class, to, versions)?;
        return Ok(named);
    }
    let Some((holder, leaf)) = to.rsplit_once('.') else {
        named.to = identifier(to)?;
        return Ok(named);
    };
    named.to = identifier(leaf)?;
    named.to_module = Some(dotted(holder)?).filter(|holder| Some(holder) != name.module.as_ref());
    Ok(named)
}

/// The name of another member of a class: alone, or behind the class, by whatever path the new
/// version has it.
fn member(class: &DottedName, to: &str, versions: &BothVersions) -> Result<String, Error> {
    let Some((holder, leaf)) = to.rsplit_once('.') else { return identifier(to) };
    let holder = dotted(holder)?;
    let is_same = holder == *class
        || versions.to.as_ref().is_some_and(|new| {
            let index = ApiIndex::new(new);
            let found = index.resolve(class);
            found != Resolution::Missing && found == index.resolve(&holder)
        });
    if is_same {
        return identifier(leaf);
    }
    let message = format!("a member of `{class}` stays one, and `{to}` is none");
    Err(Error::user(ErrorCode::UsageError, message)
        .hint("reject it, and state what is right with `onx-manifest template add`"))
}

fn dotted(text: &str) -> Result<DottedName, Error> {
    DottedName::new(text).map_err(|_| no_successor(text, "a dotted name"))
}

fn identifier(text: &str) -> Result<String, Error> {
    let is_one = DottedName::new(text).is_ok_and(|name| name.parent().is_none());
    if is_one { Ok(text.to_owned()) } else { Err(no_successor(text, "one identifier")) }
}

fn no_successor(text: &str, expected: &str) -> Error {
    let text: String = text.chars().take(120).collect();
    Error::user(ErrorCode::UsageError, format!("`{text}` cannot be the successor"))
        .hint(format!("expected {expected}"))
}
