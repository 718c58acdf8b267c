//! What should be written instead of a path that still works.

use code_model::evidence::Factor;
use code_model::hint::{Hint, HintIdiom};
use code_model::snapshot::{AliasRoute, Snapshot};
use code_model::{DottedName, NameMap};

use super::context::Context;
use super::names::hinted_path;
use super::successors::{Successor, Successors};
use crate::sources::Version;
use crate::surface::AccessPath;

/// What should be written instead of a path that still works.
pub(super) fn kept_path(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
) -> Option<Successor> {
    let definition = context.new_definition(path)?;
    // The same thing in its new package comes before whatever the new package would rather have
    // used.
    if let Some(moved) = moved_definition(context, path, &definition) {
        return Some(moved);
    }
    if context.is_deprecated(path, &definition) {
        // Where what the name reaches is deprecated, the successor is something else.
        let place = context.is_deprecated_place(path);
        let itself = context.is_deprecated_itself(&definition);
        if place && !itself && is_as_before(context, path, &definition) {
            return None;
        }
        let reached = if place { path } else { &definition };
        let hinted = hinted_path(context, path, Some(reached))
            .or_else(|| hinted_path(context, &definition, Some(&definition)));
        if hinted.is_some() {
            return hinted;
        }
        // Where only the place is deprecated, another place has the same thing.
        let aliased = context.rules.uses(Factor::AliasMatch);
        if definition != *path && !itself && place && aliased {
            let class = "deprecated_path";
            let mut successor = Successor::of_factor(definition, Factor::AliasMatch, class);
            successor.factors.insert(Factor::DeprecationMatch, 1.0);
            return Some(successor);
        }
        return None;
    }
    alias_left_behind(context, successors, path, &definition)
        .or_else(|| reused_name(context, successors, path, &definition))
}

/// Whether both versions bind a path in the same way to what has the same other public names, and
/// their modules say the same of themselves, without a successor: then nothing changed between
/// them, whatever was said long before.
pub(super) fn is_as_before(
    context: &Context<'_>,
    path: &DottedName,
    definition: &DottedName,
) -> bool {
    let Some(module) = path.parent() else { return false };
    let Some(target) = context.old_paths.get(path).map(|access| &access.target) else {
        return false;
    };
    let said = |version: Version, snapshot: &Snapshot| {
        let record = snapshot.modules.get(&module)?;
        let text = context.sources.text(version, &record.file)?;
        let is_pending = text.contains("PendingDeprecationWarning");
        Some((record.deprecated.as_ref()?.message.clone(), is_pending))
    };
    let before = said(Version::From, context.from);
    let after = said(Version::To, context.to);
    // That a module which warns imports a name is no word about the name.
    let is_word = |(_, hint): &(Version, &Hint)| hint.idiom != HintIdiom::ModuleShim;
    let names_successor = context.hints.about(path).iter().any(is_word)
        || !context.hints.about(&module).is_empty()
        || context.hints.deprecates(definition);
    if before.is_none() || before != after || names_successor {
        return false;
    }
    // What `__getattr__` serves is there for the sake of its warning.
    let route = |version: &Snapshot| {
        let route = version.aliases.get(path).map(|alias| alias.route);
        route.filter(|route| !matches!(route, AliasRoute::LazyTable | AliasRoute::Conditional))
    };
    let bound = route(context.from);
    let public = |paths: &NameMap<AccessPath>, name: &DottedName| {
        paths.get(name).is_some_and(|access| access.public)
    };
    let reach = context.old_reach.get(target).into_iter().flatten();
    let now = context.new_reach.get(definition);
    bound.is_some()
        && bound == route(context.to)
        && reach.filter(|other| *other != path && other.leaf() == path.leaf()).any(|other| {
            public(&context.old_paths, other)
                && public(&context.new_paths, other)
                && now.is_some_and(|paths| paths.contains(other))
        })
}

/// The old name now means something else, and its definition lives on unchanged under another name.
fn reused_name(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    definition: &DottedName,
) -> Option<Successor> {
    let target = &context.old_paths.get(path)?.target;
    let successor = successors.found.get(target)?;
    let unchanged = successor.class == "renamed_unchanged" && successor.to != *definition;
    unchanged.then(|| Successor { class: "name_reused", ..successor.clone() })
}

/// A definition that went to another top-level package, of which the old name is a mere import.
/// Within one package such a name is a place that the package goes on offering.
fn moved_definition(
    context: &Context<'_>,
    path: &DottedName,
    definition: &DottedName,
) -> Option<Successor> {
    let access = context.old_paths.get(path)?;
    let target = &access.target;
    // A module that only happened to import the name goes on doing so.
    let left = context.rules.uses(Factor::AliasMatch)
        && (access.public || target == path)
        && definition.root() != path.root()
        && target.root() == path.root()
        && definition.leaf() == target.leaf();
    if !left {
        return None;
    }
    let mut successor =
        Successor::of_factor(definition.clone(), Factor::AliasMatch, "left_package");
    let (before, after) = (context.from.symbols.get(target)?, context.to.symbols.get(definition)?);
    if context.is_same_shape(before, after) {
        successor.factors.insert(Factor::HashMatch, 1.0);
        successor.content_hash = Some(before.shape_hash.into());
    }
    Some(successor)
}

/// `Old = New` where the old version still defined the old name.
fn alias_left_behind(
    context: &Context<'_>,
    successors: &Successors,
    path: &DottedName,
    definition: &DottedName,
) -> Option<Successor> {
    let was_defined = context.from.symbols.contains_key(path);
    let renamed = was_defined && definition != path && definition.leaf() != path.leaf();
    if renamed
        && !is_bound_to_implementation(context, path, definition)
        && !context.from.symbols.contains_key(definition)
    {
        return successors.found.get(path).filter(|s| s.to == *definition).cloned();
    }
    None
}

/// Whether a name is what its module goes on offering, and what it is bound to only carries it out:
/// one of several that a condition chooses from, or what is not offered beside it or above it.
fn is_bound_to_implementation(
    context: &Context<'_>,
    path: &DottedName,
    definition: &DottedName,
) -> bool {
    let Some(alias) = context.to.aliases.get(path) else { return false };
    let Some(module) = path.parent() else { return false };
    let exported = |module: &DottedName, leaf: &str| {
        let exported = context.to.modules.get(module)?.exported.as_ref()?;
        Some(exported.iter().any(|name| **name == *leaf))
    };
    let offered = || {
        std::iter::once(module.clone())
            .chain(module.ancestors())
            .any(|place| context.new_paths.contains_key(&place.join(definition.leaf())))
    };
    match alias.route {
        AliasRoute::Conditional => true,
        AliasRoute::Import => !offered(),
        _ => {
            exported(&module, path.leaf()) == Some(true)
                && exported(&module, definition.leaf()) == Some(false)
        }
    }
}
