//! What `__all__` lists, and which names star imports bring.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Names, PartIndex, Reached};
use crate::facts::{ExportStep, ReferenceIndex};

/// What is known of a module's `__all__`.
#[derive(Debug, Clone)]
pub(super) enum Exports {
    /// There is none, or it is every public name.
    None,
    /// All of its names.
    Whole(Vec<Arc<str>>),
    /// The names that it surely has; the others are computed.
    Partly(Vec<Arc<str>>),
}

/// The names that `from module import *` binds, both sorted.
#[derive(Debug, Default)]
pub(in super::super) struct StarNames {
    /// Those that it surely binds.
    pub(in super::super) sure: Vec<Arc<str>>,
    /// Those that it binds if the computed part of an `__all__` holds them.
    pub(in super::super) perhaps: Vec<Arc<str>>,
}

impl StarNames {
    fn of(mut sure: Vec<Arc<str>>, mut perhaps: Vec<Arc<str>>) -> Self {
        sure.sort_unstable();
        sure.dedup();
        perhaps.retain(|name| sure.binary_search(name).is_err());
        perhaps.sort_unstable();
        perhaps.dedup();
        Self { sure, perhaps }
    }
}

/// What the star imports of a module bring into it.
#[derive(Debug, Default)]
pub(in super::super) struct Brought {
    /// Names that are there, each with the module that offers it.
    pub(in super::super) sure: Vec<(PartIndex, Arc<str>)>,
    /// Names that nobody can know to be there, sorted.
    pub(in super::super) perhaps: Vec<Arc<str>>,
}

impl Names<'_> {
    /// The names in `__all__` where all of them can be read.
    pub(in super::super) fn exported(&self, index: PartIndex) -> Option<&[Arc<str>]> {
        match &self.exports[index] {
            Exports::Whole(names) => Some(names),
            Exports::None | Exports::Partly(_) => None,
        }
    }

    /// The names that `__all__` surely holds, where the rest of it is computed.
    pub(in super::super) fn exported_partly(&self, index: PartIndex) -> Option<&[Arc<str>]> {
        match &self.exports[index] {
            Exports::Partly(names) => Some(names),
            Exports::None | Exports::Whole(_) => None,
        }
    }

    /// Whether `__all__` lists a name; none where there is no list, and where a part of it that is
    /// computed decides.
    pub(in super::super) fn lists(&self, index: PartIndex, name: &str) -> Option<bool> {
        let holds = |names: &[Arc<str>]| names.iter().any(|known| **known == *name);
        match &self.exports[index] {
            Exports::Whole(names) => Some(holds(names)),
            Exports::Partly(names) => holds(names).then_some(true),
            Exports::None => None,
        }
    }

    /// Whether the list of exports needs no other module to be read.
    pub(super) fn spells_exports_out(&self, index: PartIndex) -> bool {
        let steps = self.parts[index].facts.exports.as_ref();
        steps.is_some_and(|steps| {
            !steps.iter().any(|step| matches!(step, ExportStep::AddOf(_) | ExportStep::Unknown))
        })
    }

    pub(super) fn read_exports(&self, index: PartIndex, open: &mut Vec<PartIndex>) -> Exports {
        if let known @ (Exports::Whole(_) | Exports::Partly(_)) = &self.exports[index] {
            return known.clone();
        }
        let Some(steps) = self.parts[index].facts.exports.as_ref() else { return Exports::None };
        if open.contains(&index) || open.len() > 20 {
            return Exports::Partly(Vec::new());
        }
        open.push(index);
        let mut names: Vec<Arc<str>> = Vec::new();
        let (mut is_public, mut is_partly) = (false, false);
        for step in steps {
            match step {
                ExportStep::Set(all) => {
                    names.clone_from(all);
                    (is_public, is_partly) = (false, false);
                }
                ExportStep::Add(more) => names.extend(more.iter().cloned()),
                ExportStep::Remove(fewer) => names.retain(|name| !fewer.contains(name)),
                ExportStep::AddPublic => is_public = true,
                ExportStep::AddOf(module) => {
                    let other = match self.reach_reference(index, *module) {
                        Reached::Module(other) => self.read_exports(other, open),
                        _ => Exports::None,
                    };
                    is_partly |= !matches!(other, Exports::Whole(_));
                    if let Exports::Whole(more) | Exports::Partly(more) = other {
                        names.extend(more);
                    }
                }
                ExportStep::Unknown => is_partly = true,
            }
        }
        open.pop();
        let mut seen = FxHashSet::default();
        names.retain(|name| seen.insert(name.clone()));
        match (is_public, is_partly) {
            (true, _) => Exports::None,
            (false, true) => Exports::Partly(names),
            (false, false) => Exports::Whole(names),
        }
    }

    /// The names that `from module import *` binds.
    pub(in super::super) fn public_names(&self, index: PartIndex) -> Rc<StarNames> {
        if let Some(known) = self.public_names.borrow().get(&index) {
            return known.clone();
        }
        // While the names are being gathered a cycle sees none.
        self.public_names.borrow_mut().insert(index, Rc::default());
        let found = Rc::new(self.gather_public_names(index));
        self.public_names.borrow_mut().insert(index, found.clone());
        found
    }

    fn gather_public_names(&self, index: PartIndex) -> StarNames {
        if let Exports::Whole(names) = &self.exports[index] {
            let mut sure = names.clone();
            sure.sort_unstable();
            return StarNames { sure, perhaps: Vec::new() };
        }
        let (mut sure, mut perhaps) = (Vec::new(), Vec::new());
        #[expect(clippy::iter_over_hash_type, reason = "the names are sorted below")]
        for (scope, name) in self.scopes[index].entries.keys() {
            if scope.is_none() && !name.starts_with('_') {
                sure.push((*name).into());
            }
        }
        for star in &self.scopes[index].stars {
            if let Some(target) = self.absolute_of_star(index, *star)
                && let Some(from) = self.by_name.get(target.as_str())
            {
                let brought = self.public_names(*from);
                sure.extend(brought.sure.iter().filter(|it| !it.starts_with('_')).cloned());
                perhaps.extend(brought.perhaps.iter().cloned());
            }
        }
        if let Exports::Partly(names) = &self.exports[index] {
            perhaps.append(&mut sure);
            sure.clone_from(names);
        }
        StarNames::of(sure, perhaps)
    }

    /// The module among the star imports that offers a name. Code that uses a name says that it is
    /// there, so that a module which offers it perhaps is taken where none surely does.
    pub(super) fn star_source(&self, index: PartIndex, name: &str, hops: u32) -> Option<PartIndex> {
        if hops > super::MAX_HOPS {
            return None;
        }
        let sources = || {
            self.scopes[index].stars.iter().rev().filter_map(|star| {
                let target = self.absolute_of_star(index, *star)?;
                self.by_name.get(target.as_str()).copied().filter(|from| *from != index)
            })
        };
        let holds = |names: &[Arc<str>]| names.iter().any(|known| **known == *name);
        sources()
            .find(|from| holds(&self.public_names(*from).sure))
            .or_else(|| sources().find(|from| holds(&self.public_names(*from).perhaps)))
    }

    /// What the star imports of a module bring in beside what it binds itself. A name that only a
    /// computed list may offer is there where the module lists it, or where code uses it from
    /// there: `used` are all names that code of the tree uses.
    pub(in super::super) fn brought(&self, index: PartIndex, used: &UsedNames) -> Brought {
        let mut brought = Brought::default();
        let mut perhaps: Vec<(PartIndex, Arc<str>)> = Vec::new();
        for star in self.stars(index) {
            let Reached::Module(from) = self.reach_reference(index, *star) else { continue };
            if from == index {
                continue;
            }
            let names = self.public_names(from);
            let free = |name: &&Arc<str>| !self.binds(index, name);
            brought.sure.extend(names.sure.iter().filter(free).map(|name| (from, name.clone())));
            perhaps.extend(names.perhaps.iter().filter(free).map(|name| (from, name.clone())));
        }
        let known: FxHashSet<Arc<str>> =
            brought.sure.iter().map(|(_, name)| name.clone()).collect();
        let module = &self.parts[index].name;
        for (from, name) in perhaps.into_iter().filter(|(_, name)| !known.contains(name)) {
            let is_there = self.lists(index, &name) == Some(true)
                || used.0.contains(format!("{module}.{name}").as_str());
            if is_there {
                brought.sure.push((from, name));
            } else {
                brought.perhaps.push(name);
            }
        }
        brought.perhaps.sort_unstable();
        brought.perhaps.dedup();
        brought
    }

    /// All names below the tree's modules that its code uses from elsewhere. An import that is
    /// tried, or made under a condition, does not say that its name is there. Empty where no list
    /// of exports is computed, since nobody asks then.
    pub(in super::super) fn used_names(&self) -> UsedNames {
        let mut used = UsedNames::default();
        if !self.exports.iter().any(|exports| matches!(exports, Exports::Partly(_))) {
            return used;
        }
        for (index, part) in self.parts.iter().enumerate() {
            let bindings = &part.facts.bindings;
            let mut tried: FxHashMap<ReferenceIndex, bool> = FxHashMap::default();
            for binding in bindings {
                *tried.entry(binding.target).or_insert(true) &= binding.conditional;
            }
            for (number, reference) in part.facts.references.iter().enumerate() {
                let number = number as ReferenceIndex;
                let is_elsewhere = matches!(
                    reference,
                    crate::facts::Reference::Absolute(_) | crate::facts::Reference::Relative(..)
                );
                if !is_elsewhere || tried.get(&number) == Some(&true) {
                    continue;
                }
                let Some(mut name) = self.absolute(index, number).filter(|it| self.is_inside(it))
                else {
                    continue;
                };
                while !used.0.contains(&name) {
                    let outer = name.rfind('.');
                    used.0.insert(name.clone());
                    match outer {
                        Some(outer) => name.truncate(outer),
                        None => break,
                    }
                }
            }
        }
        used
    }
}

/// Dotted names that code uses, with what they lie in.
#[derive(Debug, Default)]
pub(in super::super) struct UsedNames(FxHashSet<String>);
