//! Definitions as symbols: kinds, stability, resolved bases and uses.

use code_model::snapshot::{Alias, Stability, Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use rustc_hash::FxHashSet;

use super::constructors::Classes;
use super::names::{Names, PartIndex};
use crate::facts::{Definition, DefinitionIndex};

/// Every symbol of every offered module.
pub(super) fn symbols(names: &Names<'_>, aliases: &NameMap<Alias>) -> NameMap<Symbol> {
    let offered: FxHashSet<&DottedName> =
        aliases.values().filter(|alias| alias.public).map(|alias| &alias.target).collect();
    let mut classes = Classes::new(names);
    let mut found = Vec::new();
    let mut of_stubs = Vec::new();
    for (index, _) in names.offered() {
        of_module(names, index, &offered, &mut classes, &mut found);
        if let Some(stub) = names.stub_of(index) {
            let mut of_stub = Vec::new();
            of_module(names, stub, &offered, &mut classes, &mut of_stub);
            of_stub.retain(|(path, symbol)| {
                !names.binds(index, path.leaf()) || symbol.parent.is_some()
            });
            of_stubs.extend(of_stub);
        }
    }
    // Of definitions with the same path the last one counts, and where there is none, the first of
    // the stubs.
    of_stubs.into_iter().rev().chain(found).collect()
}

fn of_module(
    names: &Names<'_>,
    index: PartIndex,
    offered: &FxHashSet<&DottedName>,
    classes: &mut Classes<'_, '_>,
    found: &mut Vec<(DottedName, Symbol)>,
) {
    let part = names.part(index);
    let mut stabilities = vec![Stability::Internal; part.facts.definitions.len()];
    let numbered = part.facts.definitions.iter().enumerate();
    let mut paths: Vec<_> = numbered
        .filter_map(|(number, definition)| {
            Some((names.path(index, number as DefinitionIndex)?, number, definition))
        })
        .collect();
    // All symbols are sorted in the end, which is quick when those of a module are already. What
    // a definition stands in comes before it in either order.
    paths.sort_by_key(|(path, ..)| *path);
    for (path, number, definition) in paths {
        let outer = definition.parent.and_then(|parent| stabilities.get(parent as usize).copied());
        let stability = stability_of(names, index, definition, outer, path, offered);
        stabilities[number] = stability;
        let symbol =
            symbol(names, index, number as DefinitionIndex, definition, stability, classes);
        found.push((path.clone(), symbol));
    }
}

fn symbol(
    names: &Names<'_>,
    index: PartIndex,
    number: DefinitionIndex,
    definition: &Definition,
    stability: Stability,
    classes: &mut Classes<'_, '_>,
) -> Symbol {
    let part = names.part(index);
    let settled = |reference: &u32| names.settled(index, *reference);
    let mut uses: Vec<DottedName> = definition.uses.iter().filter_map(settled).collect();
    uses.sort_unstable();
    uses.dedup();
    let kind = match definition.parent {
        Some(class) if definition.kind == SymbolKind::Attribute => {
            classes.kind_of_attribute(index, class, definition)
        }
        _ => definition.kind,
    };
    let signature = match definition.kind {
        SymbolKind::Class => classes.constructor(index, number),
        _ => definition.signature.clone(),
    };
    let decorators = definition.decorators.iter().filter_map(|decorator| {
        let reference = decorator.reference?;
        let name = names.settled(index, reference).map(|name| name.as_str().into());
        name.or_else(|| part.facts.references.get(reference as usize).map(|it| it.text().clone()))
    });
    Symbol {
        kind,
        module: part.name.clone(),
        parent: definition.parent.and_then(|parent| names.path(index, parent).cloned()),
        file: part.path.clone(),
        lines: definition.lines,
        bytes: definition.bytes,
        bases: definition.bases.iter().filter_map(|base| base_name(names, index, *base)).collect(),
        decorators: decorators.collect(),
        docstring: definition.docstring.clone(),
        annotation: definition.annotation.clone(),
        value: definition.value.clone(),
        stability,
        since: definition.since.clone(),
        deprecated: definition.deprecated.clone(),
        signature_hash: signature
            .as_ref()
            .map_or(definition.shape_hash, crate::facts::signature_hash),
        shape_hash: definition.shape_hash,
        nodes: definition.nodes,
        uses,
        signature,
    }
}

/// The name of a base: where it leads, or else as it is written.
fn base_name(names: &Names<'_>, index: PartIndex, base: u32) -> Option<DottedName> {
    names.settled(index, base).or_else(|| {
        let written = names.absolute(index, base);
        let written = written.or_else(|| {
            let reference = names.part(index).facts.references.get(base as usize)?;
            Some(reference.text().as_ref().to_owned())
        })?;
        DottedName::new(&written).ok()
    })
}

fn stability_of(
    names: &Names<'_>,
    index: PartIndex,
    definition: &Definition,
    outer: Option<Stability>,
    path: &DottedName,
    offered: &FxHashSet<&DottedName>,
) -> Stability {
    let name = &*definition.name;
    let is_dunder = name.starts_with("__") && name.ends_with("__");
    let is_private = name.starts_with('_') && !is_dunder;
    let public = match outer {
        Some(outer) => outer != Stability::Internal && !is_private,
        None => {
            let listed = names.lists(index, name).unwrap_or(true);
            let part = names.part(index);
            (listed && !path.is_private() && !part.is_test) || offered.contains(path)
        }
    };
    match (public, definition.experimental || outer == Some(Stability::Experimental)) {
        (false, _) => Stability::Internal,
        (true, true) => Stability::Experimental,
        (true, false) => Stability::PublicApi,
    }
}
