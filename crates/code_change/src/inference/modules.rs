//! Modules that moved as a whole, read off the definitions that moved out of them.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::evidence::Factor;
use rustc_hash::FxHashMap;

use super::context::Context;
use super::kept::is_as_before;
use super::scoring::Factors;
use super::successors::Successors;
use crate::surface::{is_gone, is_plain};

/// So many names that move together show that their module does.
const MOVED_NAMES_MIN: usize = 3;

/// A module path whose successor is another module path.
#[derive(Debug, Clone)]
pub(super) struct ModuleMove {
    pub(super) to: DottedName,
    pub(super) class: &'static str,
    pub(super) factors: Factors,
    pub(super) content_hash: Option<String>,
    /// Whether the old path is gone.
    pub(super) gone: bool,
}

/// Module moves by old path; what a package's own move already says is left out.
pub(super) fn find(
    context: &Context<'_>,
    successors: &Successors,
) -> BTreeMap<DottedName, ModuleMove> {
    if !context.rules.uses(Factor::UsageSimilarity) {
        return BTreeMap::new();
    }
    let mut names: BTreeMap<DottedName, Vec<DottedName>> = BTreeMap::new();
    for (path, access) in &context.old_paths {
        let own = context.from.symbols.get(path).is_none_or(|symbol| symbol.parent.is_none());
        if let Some(module) = path.parent()
            && own
            && !access.is_relisted
            && !context.from.modules.contains_key(&access.target)
        {
            names.entry(module).or_default().push(path.clone());
        }
    }
    let mut moves = BTreeMap::new();
    for module in
        context.from.modules.keys().filter(|module| context.old_paths.contains_key(module))
    {
        let own = names.get(module).map(Vec::as_slice).unwrap_or_default();
        if let Some(moved) = module_move(context, successors, module, own) {
            moves.insert(module.clone(), moved);
        }
    }
    let moves = with_packages(context, moves);
    collapse(context, moves)
}

fn module_move(
    context: &Context<'_>,
    successors: &Successors,
    module: &DottedName,
    names: &[DottedName],
) -> Option<ModuleMove> {
    let gone = !context.to.modules.contains_key(module) && is_gone(context.new, module);
    let aliased = context.rules.uses(Factor::AliasMatch);
    let shim = !gone && aliased && became_shim(context, module, names);
    if !gone && !shim {
        return None;
    }
    let reached = reached(context, successors, module, names, shim);
    let (to, count) = home_of_most(context, module, &reached)?;
    if gone && context.is_in_copy(&to) {
        return None;
    }
    let share = count as f64 / reached.len() as f64;
    let deprecated = context.module_deprecated(module)
        || names.iter().all(|name| context.hints.deprecates(name));
    // A module that its own package goes on offering, and says nothing against, is no old name.
    if shim && !deprecated && to.root() == module.root() {
        return None;
    }
    // Nor is one of which both versions say and serve the same.
    if shim && reached.iter().all(|it| is_as_before(context, it.path, &it.new)) {
        return None;
    }
    if share < context.rules.module_move_share_min || count * 2 < own_count(context, module, names)
    {
        return None;
    }
    let hashed = context.rules.uses(Factor::HashMatch);
    let unchanged = same_file(context, module, &to).filter(|_| hashed);
    let mut factors = Factors::from([(Factor::UsageSimilarity, share)]);
    let mut content_hash = None;
    if let Some(hash) = unchanged {
        factors.insert(Factor::HashMatch, 1.0);
        content_hash = Some(hash);
    }
    // A name or two that went into a module of another name moved by themselves.
    let related = content_hash.is_some() || to.leaf() == module.leaf() || is_package(context, &to);
    if gone && !related && count < MOVED_NAMES_MIN {
        return None;
    }
    if shim {
        factors.insert(Factor::AliasMatch, 1.0);
    }
    let class = match (gone, content_hash.is_some(), deprecated) {
        (true, true, _) => "module_moved_unchanged",
        (true, false, _) if count >= MOVED_NAMES_MIN => "module_moved",
        (true, false, _) => "module_moved_small",
        (false, _, true) => "module_shim_deprecated",
        (false, _, false) => "module_shim",
    };
    Some(ModuleMove { to, class, factors, content_hash, gone })
}

/// A name of a module, and where it is found now.
struct Reached<'a> {
    path: &'a DottedName,
    new: DottedName,
    /// It only plays the same part in a module that took this one's place: it did not move there.
    is_likeness: bool,
}

/// Where the names of a module are found now, as far as that is known.
fn reached<'a>(
    context: &Context<'_>,
    successors: &Successors,
    module: &DottedName,
    names: &'a [DottedName],
    shim: bool,
) -> Vec<Reached<'a>> {
    let is_likeness = |definition: &DottedName| {
        successors.found.get(definition).is_some_and(|it| it.class == "renamed_other_name")
    };
    let found = names.iter().filter_map(|path| {
        let definition = &context.old_paths.get(path)?.target;
        // What a module merely imports from elsewhere says nothing about where it went.
        let handed_on = shim && context.old_paths.get(path).is_some_and(|access| access.public)
            || context.hints.deprecates(path);
        let own = context.from.symbols.get(definition)?.module == *module || handed_on;
        if !own {
            return None;
        }
        let new = context.new_definition(path).or_else(|| successors.of(context, definition))?;
        Some(Reached { path, new, is_likeness: is_likeness(definition) })
    });
    found.collect()
}

/// The module where most of the names are, and how many of them.
fn home_of_most(
    context: &Context<'_>,
    module: &DottedName,
    reached: &[Reached<'_>],
) -> Option<(DottedName, usize)> {
    let mut votes: BTreeMap<DottedName, usize> = BTreeMap::new();
    for Reached { path, new, .. } in reached.iter().filter(|it| !it.is_likeness) {
        for home in homes(context, path, new) {
            *votes.entry(home).or_default() += 1;
        }
    }
    votes.retain(|home, _| {
        home != module && is_plain(context.to, home) && home.below(module).is_none()
    });
    // A package offers what it imports; another module may only use what one of them defines.
    let defined = |home: &DottedName| {
        let module_of = |new: &DottedName| context.to.symbols.get(new).map(|symbol| &symbol.module);
        reached.iter().filter(|it| module_of(&it.new) == Some(home)).count()
    };
    let rank = |home: &DottedName, count: usize| {
        let related = home.leaf() == module.leaf();
        let own = defined(home);
        let depth = std::cmp::Reverse(home.parts().count());
        let offers = own > 0 || is_package(context, home);
        (count, related, offers, depth, own, std::cmp::Reverse(home.clone()))
    };
    let best = votes.iter().max_by_key(|(home, count)| rank(home, **count));
    best.map(|(home, count)| (home.clone(), *count))
}

fn is_package(context: &Context<'_>, module: &DottedName) -> bool {
    context.to.modules.get(module).is_some_and(|module| module.is_package)
}

fn own_count(context: &Context<'_>, module: &DottedName, names: &[DottedName]) -> usize {
    names
        .iter()
        .filter(|path| {
            let target = context.old_paths.get(path).map(|access| &access.target);
            target
                .and_then(|target| context.from.symbols.get(target))
                .is_some_and(|symbol| symbol.module == *module)
        })
        .count()
}

/// Whether a module that is still there now only hands on what lives elsewhere.
fn became_shim(context: &Context<'_>, module: &DottedName, names: &[DottedName]) -> bool {
    let defined = |path: &&DottedName| context.from.symbols.contains_key(path);
    let own = names.iter().filter(defined).count();
    if names.iter().any(|path| context.to.symbols.contains_key(path)) {
        return false;
    }
    let deprecated = context.module_deprecated(module)
        || (!names.is_empty() && names.iter().all(|name| context.hints.deprecates(name)));
    let handed_on = names.iter().filter(defined).any(|path| !is_gone(context.new, path));
    deprecated || (own > 0 && handed_on)
}

/// Modules through which the new definition is reached under the old name.
fn homes(context: &Context<'_>, path: &DottedName, new: &DottedName) -> BTreeSet<DottedName> {
    context
        .new_reach
        .get(new)
        .into_iter()
        .flatten()
        .filter(|home| home.leaf() == path.leaf())
        .filter_map(DottedName::parent)
        .collect()
}

/// The content hash when the module's file is the same in its new place.
fn same_file(context: &Context<'_>, old: &DottedName, new: &DottedName) -> Option<String> {
    let before = context.from.files.get(&context.from.modules.get(old)?.file)?;
    let after = context.to.files.get(&context.to.modules.get(new)?.file)?;
    (before.hash == after.hash && before.size_bytes > 0).then(|| String::from(before.hash))
}

/// A package without names of its own moves with its submodules, when all of them go the same way.
fn with_packages(
    context: &Context<'_>,
    mut moves: BTreeMap<DottedName, ModuleMove>,
) -> BTreeMap<DottedName, ModuleMove> {
    let mut submodules: FxHashMap<DottedName, Vec<DottedName>> = FxHashMap::default();
    for module in context.from.modules.keys() {
        if let Some(package) = module.parent() {
            submodules.entry(package).or_default().push(module.clone());
        }
    }
    let mut packages: Vec<&DottedName> = submodules.keys().collect();
    packages
        .sort_by_key(|package| (std::cmp::Reverse(package.parts().count()), (*package).clone()));
    for package in packages {
        let gone = !context.to.modules.contains_key(package) && is_gone(context.new, package);
        if moves.contains_key(package) || !gone || !context.from.modules.contains_key(package) {
            continue;
        }
        let plain: Vec<&DottedName> =
            submodules[package].iter().filter(|module| is_plain(context.from, module)).collect();
        let targets: BTreeSet<Option<DottedName>> = plain
            .iter()
            .map(|module| {
                let target = &moves.get(*module)?.to;
                (target.leaf() == module.leaf()).then(|| target.parent()).flatten()
            })
            .collect();
        if targets.len() == 1
            && let Some(Some(to)) = targets.into_iter().next()
            && context.to.modules.contains_key(&to)
        {
            let factors = Factors::from([(Factor::UsageSimilarity, 1.0)]);
            let moved =
                ModuleMove { to, class: "module_moved", factors, content_hash: None, gone: true };
            moves.insert(package.clone(), moved);
        }
    }
    moves
}

/// Leaves out moves that follow from the move of a package above them, and moves of packages that
/// would break what still is where it was.
fn collapse(
    context: &Context<'_>,
    moves: BTreeMap<DottedName, ModuleMove>,
) -> BTreeMap<DottedName, ModuleMove> {
    let mut kept: BTreeMap<DottedName, ModuleMove> = BTreeMap::new();
    for (module, moved) in moves {
        let above = module
            .ancestors()
            .find_map(|package| kept.get(&package).and_then(|m| module.rebased(&package, &m.to)));
        if above.as_ref() == Some(&moved.to) {
            continue;
        }
        if !moved.gone && stays_below(context, &module, &moved.to) {
            continue;
        }
        kept.insert(module, moved);
    }
    kept
}

/// Whether something below a module that is still there would not be found below its successor.
/// What it offers now, or speaks of in its deprecation, may have been there in a way that could not
/// be seen.
fn stays_below(context: &Context<'_>, module: &DottedName, to: &DottedName) -> bool {
    let old = context.old_paths.below(module).filter(|(path, _)| !is_gone(context.new, path));
    let deprecation = context.to.modules.get(module).and_then(|it| it.deprecated.as_ref());
    let spoken_of = |path: &DottedName| {
        deprecation.is_some_and(|said| {
            let mut words = said.message.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            words.any(|word| word == path.leaf())
        })
    };
    let new = context.new_paths.below(module);
    let new = new.filter(|(path, access)| access.public || spoken_of(path));
    old.chain(new).any(|(path, _)| match path.rebased(module, to) {
        Some(moved) => is_gone(context.new, &moved),
        None => true,
    })
}
