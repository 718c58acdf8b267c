//! Which operations can be carried out while the old version is still in use.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::{Change, NameMatch};
use code_model::signature::{Parameter, Signature};

/// Whether what an operation writes works in the old version as well, as far as that can be seen.
pub(crate) fn works_before(old: ApiIndex<'_>, change: &Change) -> bool {
    match change {
        Change::RenameImport { from, to } => offers_all(old, from, to),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => has_name(old, name),
        Change::RenameAttribute { class, to, .. } => has_member(old, class, to),
        Change::ArgRename { callable, parameter, .. } => {
            takes(old, callable, &parameter.to, Parameter::takes_keyword)
        }
        Change::ArgRemove { callable, parameter, .. } => {
            takes(old, callable, &parameter.name, |it| !it.is_required())
        }
        Change::ArgReorder { callable, from, .. } => {
            from.iter().all(|name| takes(old, callable, name, Parameter::takes_keyword))
        }
        Change::ArgKeywordOnly { callable, parameters, .. } => {
            parameters.iter().all(|name| takes(old, callable, name, Parameter::takes_keyword))
        }
        _ => false,
    }
}

/// Whether one module had every public name of the other.
fn offers_all(old: ApiIndex<'_>, from: &DottedName, to: &DottedName) -> bool {
    let snapshot = old.snapshot();
    let symbols = snapshot.symbols.below(from).map(|(name, _)| name);
    let aliases = snapshot.aliases.below(from).map(|(name, _)| name);
    matches!(old.resolve(to), Resolution::Module(_))
        && symbols
            .chain(aliases)
            .filter(|name| name.parent().as_ref() == Some(from) && !name.is_private())
            .all(|name| is_there(&old.resolve(&to.join(name.leaf()))))
}

fn has_name(old: ApiIndex<'_>, name: &NameMatch) -> bool {
    if let Some(class) = &name.class {
        return has_member(old, class, &name.to);
    }
    let module = name.to_module.as_ref().or(name.module.as_ref());
    module.is_some_and(|module| is_there(&old.resolve(&module.join(&name.to))))
}

fn has_member(old: ApiIndex<'_>, class: &DottedName, member: &str) -> bool {
    match old.resolve(class) {
        Resolution::Symbol(class) => is_there(&old.member(&class, member)),
        _ => false,
    }
}

fn is_there(found: &Resolution) -> bool {
    matches!(found, Resolution::Symbol(_) | Resolution::Module(_))
}

fn takes(
    old: ApiIndex<'_>,
    callable: &DottedName,
    parameter: &str,
    fits: impl Fn(&Parameter) -> bool,
) -> bool {
    let Resolution::Symbol(definition) = old.resolve(callable) else { return false };
    let signature: Option<&Signature> =
        old.symbol(&definition).and_then(|symbol| symbol.signature.as_ref());
    signature.and_then(|it| it.parameter(parameter)).is_some_and(fits)
}
