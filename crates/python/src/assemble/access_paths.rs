//! Names that reach something defined elsewhere.

use code_model::snapshot::{Alias, AliasRoute};
use code_model::{DottedName, NameMap};

use rustc_hash::FxHashSet;

use super::names::{Entry, Names, PartIndex, Reached, UsedNames};
use crate::facts::{BindingRoute, ModuleFacts, ReferenceIndex};

/// Every alias of every offered module.
pub(super) fn aliases(names: &Names<'_>, used: &UsedNames) -> NameMap<Alias> {
    let mut aliases = Vec::new();
    for (index, _) in names.offered() {
        of_module(names, index, used, &mut aliases);
        if let Some(stub) = names.stub_of(index) {
            let mut of_stub = Vec::new();
            of_module(names, stub, used, &mut of_stub);
            of_stub.retain(|(path, _)| !names.binds(index, path.leaf()));
            aliases.extend(of_stub);
        }
    }
    aliases.into_iter().collect()
}

fn of_module(
    names: &Names<'_>,
    index: PartIndex,
    used_names: &UsedNames,
    aliases: &mut Vec<(DottedName, Alias)>,
) {
    let part = names.part(index);
    // What a stub imports for its own annotations is no name of a module that serves others lazily.
    let is_lazy = serves_lazily(part.facts) && part.path.extension() != Some("pyi");
    let used = if part.is_package { used_by_own_code(part.facts) } else { FxHashSet::default() };
    for (scope, name, entry) in names.bound(index) {
        if is_out_of_reach(part.facts, entry) && !is_lazy {
            continue;
        }
        let holder = match scope {
            None => Some(&part.name),
            Some(class) => names.path(index, class),
        };
        let Some(path) =
            holder.and_then(|holder| DottedName::new(&format!("{holder}.{name}")).ok())
        else {
            continue;
        };
        let Some(target) = target(names, index, entry) else { continue };
        if target == path {
            continue;
        }
        let route = route_of(names, index, entry);
        let public = is_public(names, index, scope.is_some(), name, entry, &path, &target)
            && (scope.is_some() || !is_taken_for_own_use(names, index, entry, &target, &used));
        aliases.push((path, Alias { target, route, public }));
    }
    stars(names, index, used_names, aliases);
    for (name, place) in names.forwarded(index) {
        if names.binds(index, &name) {
            continue;
        }
        let next = format!("{place}.{name}");
        let (Ok(path), Some(target)) =
            (DottedName::new(&format!("{}.{name}", part.name)), names.settled_name(&next))
        else {
            continue;
        };
        let public = !path.is_private();
        aliases.push((path, Alias { target, route: AliasRoute::LazyTable, public }));
    }
}

/// Whether a package that keeps no list of exports takes this name from elsewhere for its own code:
/// it then only happens to be there.
fn is_taken_for_own_use(
    names: &Names<'_>,
    index: PartIndex,
    entry: Entry,
    target: &DottedName,
    used: &FxHashSet<ReferenceIndex>,
) -> bool {
    let Entry::Binding(number) = entry else { return false };
    let part = names.part(index);
    part.facts.bindings.get(number as usize).is_some_and(|binding| {
        names.lists(index, &binding.name).is_none()
            && target.below(&part.name).is_none()
            && binding.route == BindingRoute::From
            && used.contains(&binding.target)
    })
}

/// What the definitions and statements of a module use.
fn used_by_own_code(facts: &ModuleFacts) -> FxHashSet<ReferenceIndex> {
    let by_definitions = facts.definitions.iter().flat_map(|definition| &definition.uses);
    by_definitions.chain(&facts.uses).copied().collect()
}

/// Whether a name is bound where an import never gets, so that nobody can have it.
fn is_out_of_reach(facts: &ModuleFacts, entry: Entry) -> bool {
    let Entry::Binding(number) = entry else { return false };
    facts.bindings.get(number as usize).is_some_and(|binding| binding.out_of_reach)
}

/// Whether a module serves names when they are asked for; what it imports for type checkers then
/// says which.
fn serves_lazily(facts: &ModuleFacts) -> bool {
    !facts.lazy.is_empty()
        || facts.unseen.is_some()
        || facts.forwards_all.is_some()
        || !facts.foreign_tables.is_empty()
}

fn target(names: &Names<'_>, index: PartIndex, entry: Entry) -> Option<DottedName> {
    let next = names.target_of(index, entry)?;
    match names.reach(&next) {
        Reached::Definition(at, definition, false) => names.path(at, definition).cloned(),
        Reached::Module(at) => Some(names.part(at).name.clone()),
        Reached::External(text) => DottedName::new(&text).ok(),
        Reached::Definition(_, _, true) | Reached::Missing => DottedName::new(&next).ok(),
    }
}

fn route_of(names: &Names<'_>, index: PartIndex, entry: Entry) -> AliasRoute {
    let Entry::Binding(number) = entry else { return AliasRoute::LazyTable };
    match names.part(index).facts.bindings.get(number as usize) {
        Some(binding) if binding.conditional => AliasRoute::Conditional,
        Some(binding) if binding.route == BindingRoute::Assignment => AliasRoute::Assignment,
        _ => AliasRoute::Import,
    }
}

fn is_public(
    names: &Names<'_>,
    index: PartIndex,
    in_class: bool,
    name: &str,
    entry: Entry,
    path: &DottedName,
    target: &DottedName,
) -> bool {
    if path.is_private() {
        return false;
    }
    if in_class {
        return true;
    }
    if let Some(listed) = names.lists(index, name) {
        return listed;
    }
    let part = names.part(index);
    let is_own = match entry {
        Entry::Binding(number) => part
            .facts
            .bindings
            .get(number as usize)
            .is_some_and(|binding| binding.route == BindingRoute::Assignment),
        _ => true,
    };
    is_own || (part.is_package && names.is_inside(target.as_str()))
}

fn stars(
    names: &Names<'_>,
    index: PartIndex,
    used: &UsedNames,
    aliases: &mut Vec<(DottedName, Alias)>,
) {
    let part = names.part(index);
    for (from, name) in names.brought(index, used).sure {
        let Ok(path) = DottedName::new(&format!("{}.{name}", part.name)) else { continue };
        let next = format!("{}.{name}", names.part(from).name);
        let Some(target) = names.settled_name(&next).or_else(|| DottedName::new(&next).ok()) else {
            continue;
        };
        if target == path {
            continue;
        }
        let public = !path.is_private()
            && names
                .lists(index, &name)
                .unwrap_or_else(|| part.is_package && names.is_inside(target.as_str()));
        aliases.push((path, Alias { target, route: AliasRoute::StarImport, public }));
    }
}
