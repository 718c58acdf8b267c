//! Name resolution across the modules of one tree.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use code_model::DottedName;
use code_model::snapshot::SymbolKind;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Part;
use crate::facts::{Binding, BindingRoute, Definition, DefinitionIndex, Reference, ReferenceIndex};

mod exports;
mod forwarded;

pub(super) use exports::UsedNames;
use exports::{Exports, StarNames};

/// A place in the list of parts.
pub(super) type PartIndex = usize;

/// Re-exports that lead on to re-exports are followed this far.
const MAX_HOPS: u32 = 40;

/// What a dotted name reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reached {
    /// A definition, and whether attributes of it follow that are no definitions.
    Definition(PartIndex, DefinitionIndex, bool),
    /// A module.
    Module(PartIndex),
    /// A name outside the library.
    External(Arc<str>),
    /// Nothing that was seen.
    Missing,
}

/// What binds a name in a module or class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Definition(DefinitionIndex),
    Binding(u32),
    Lazy(u32),
}

#[derive(Debug, Default)]
struct Scope<'a> {
    entries: FxHashMap<(Option<DefinitionIndex>, &'a str), Entry>,
    stars: Vec<ReferenceIndex>,
}

/// All modules with the paths of their definitions.
#[derive(Debug)]
#[expect(
    clippy::option_option,
    clippy::struct_field_names,
    reason = "not asked yet, asked without an answer, and answered are three states"
)]
pub(super) struct Names<'a> {
    parts: Vec<Part<'a>>,
    scopes: Vec<Scope<'a>>,
    by_name: FxHashMap<DottedName, PartIndex>,
    /// A stub beside a source of the same module.
    stubs: FxHashMap<PartIndex, PartIndex>,
    /// The first parts of the names of offered modules.
    tops: FxHashSet<String>,
    sorted_tops: Vec<String>,
    /// The path of each definition; none for what a later definition or a deletion hides.
    paths: Vec<Vec<Option<DottedName>>>,
    exports: Vec<Exports>,
    reached: RefCell<FxHashMap<Box<str>, Reached>>,
    settled: RefCell<Vec<Vec<Option<Option<DottedName>>>>>,
    public_names: RefCell<FxHashMap<PartIndex, Rc<StarNames>>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(parts: Vec<Part<'a>>) -> Self {
        let mut by_name: FxHashMap<DottedName, PartIndex> = FxHashMap::default();
        let mut stubs = FxHashMap::default();
        let mut tops = FxHashSet::default();
        for (index, part) in parts.iter().enumerate() {
            if !part.is_outside {
                tops.insert(part.name.root().to_owned());
            }
            let is_stub = part.path.extension() == Some("pyi");
            match by_name.get(part.name.as_str()).copied() {
                None => {
                    by_name.insert(part.name.clone(), index);
                }
                Some(known) if is_stub => {
                    stubs.insert(known, index);
                }
                Some(known) if parts[known].path.extension() == Some("pyi") => {
                    stubs.insert(index, known);
                    by_name.insert(part.name.clone(), index);
                }
                // A module that lies inside a package hides one of the same name outside.
                Some(known) if parts[known].is_outside => {
                    by_name.insert(part.name.clone(), index);
                }
                Some(_) => {}
            }
        }
        let mut sorted_tops: Vec<String> = tops.iter().cloned().collect();
        sorted_tops.sort_unstable();
        let mut names = Names {
            sorted_tops,
            scopes: parts.iter().map(Scope::of).collect(),
            settled: RefCell::new(
                parts.iter().map(|part| vec![None; part.facts.references.len()]).collect(),
            ),
            exports: vec![Exports::None; parts.len()],
            paths: vec![Vec::new(); parts.len()],
            reached: RefCell::default(),
            public_names: RefCell::default(),
            parts,
            by_name,
            stubs,
            tops,
        };
        names.name_definitions();
        // A list that is spelled out needs no other module, and decides what star imports give.
        for index in 0..names.parts.len() {
            if names.spells_exports_out(index) {
                names.exports[index] = names.read_exports(index, &mut Vec::new());
            }
        }
        names.settle_assignments();
        for index in 0..names.parts.len() {
            names.exports[index] = names.read_exports(index, &mut Vec::new());
        }
        names.forget_answers();
        names
    }

    /// Drops what was answered while some lists of exports were still unread.
    fn forget_answers(&mut self) {
        self.reached.get_mut().clear();
        self.public_names.get_mut().clear();
        for answers in self.settled.get_mut() {
            answers.fill(None);
        }
    }

    /// Gives each definition that is not hidden its path.
    fn name_definitions(&mut self) {
        for (index, part) in self.parts.iter().enumerate() {
            let mut paths: Vec<Option<DottedName>> =
                Vec::with_capacity(part.facts.definitions.len());
            for (number, definition) in part.facts.definitions.iter().enumerate() {
                let key = (definition.parent, &*definition.name);
                let visible = match self.scopes[index].entries.get(&key) {
                    Some(Entry::Definition(winner)) => *winner as usize == number,
                    _ => false,
                };
                let holder = match definition.parent {
                    None => Some(&part.name),
                    Some(parent) => paths.get(parent as usize).and_then(Option::as_ref),
                };
                let path = holder.filter(|_| visible && !definition.name.is_empty());
                let path = path.and_then(|holder| {
                    DottedName::new(&format!("{holder}.{}", definition.name)).ok()
                });
                paths.push(path);
            }
            self.paths[index] = paths;
        }
    }

    /// `Old = New` is an alias where `New` reaches something, and else a constant.
    fn settle_assignments(&mut self) {
        let mut constants = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            for (number, binding) in part.facts.bindings.iter().enumerate() {
                if binding.route != BindingRoute::Assignment {
                    continue;
                }
                let key = (binding.scope, &*binding.name);
                if self.scopes[index].entries.get(&key) != Some(&Entry::Binding(number as u32)) {
                    continue;
                }
                let reached = self.reach_reference(index, binding.target);
                let is_alias = match reached.clone() {
                    // A class attribute that holds a class or a value is an attribute; one that
                    // holds a function or another member is that under another name.
                    Reached::Definition(at, definition, false) => {
                        let target = self.parts[at].facts.definitions.get(definition as usize);
                        let is_member = target.is_some_and(|target| {
                            target.parent.is_some() || target.kind == SymbolKind::Function
                        });
                        self.paths[at][definition as usize].is_some()
                            && (binding.scope.is_none() || is_member)
                    }
                    Reached::Module(_) | Reached::External(_) => binding.scope.is_none(),
                    _ => false,
                };
                let is_alias = is_alias && !self.has_another_target(index, binding, &reached);
                let same = |known: &Definition| {
                    known.parent == binding.scope && *known.name == *binding.name
                };
                let found = part.facts.definitions.iter().rposition(same);
                if let Some(definition) = found.filter(|_| !is_alias) {
                    constants.push((index, key, definition));
                }
            }
        }
        for (index, key, definition) in constants {
            self.scopes[index]
                .entries
                .insert(key, Entry::Definition(definition as DefinitionIndex));
        }
        self.name_definitions();
        self.reached.borrow_mut().clear();
    }

    /// Whether a name that is assigned under a condition is assigned another definition under
    /// another one, so that nobody knows for which of them it stands.
    fn has_another_target(&self, index: PartIndex, binding: &Binding, reached: &Reached) -> bool {
        let is_definition = |reached: &Reached| matches!(reached, Reached::Definition(..));
        binding.conditional
            && is_definition(reached)
            && self.parts[index].facts.bindings.iter().any(|other| {
                other.route == BindingRoute::Assignment
                    && other.conditional
                    && other.target != binding.target
                    && (other.scope, &other.name) == (binding.scope, &binding.name)
                    && {
                        let another = self.reach_reference(index, other.target);
                        is_definition(&another) && another != *reached
                    }
            })
    }

    /// Every part, with its index.
    pub(super) fn all(&self) -> impl Iterator<Item = (PartIndex, &Part<'a>)> {
        self.parts.iter().enumerate()
    }

    /// The modules that importing the library offers, each once.
    pub(super) fn offered(&self) -> impl Iterator<Item = (PartIndex, &Part<'a>)> {
        self.all().filter(|(index, part)| {
            !part.is_outside && self.by_name.get(part.name.as_str()) == Some(index)
        })
    }

    /// The stub beside a source.
    pub(super) fn stub_of(&self, index: PartIndex) -> Option<PartIndex> {
        self.stubs.get(&index).copied()
    }

    /// The module of this name.
    pub(super) fn index_of(&self, module: &DottedName) -> Option<PartIndex> {
        self.by_name.get(module).copied()
    }

    /// The first parts of the names of offered modules, in order.
    pub(super) fn tops(&self) -> impl Iterator<Item = &str> {
        self.sorted_tops.iter().map(String::as_str)
    }

    pub(super) fn part(&self, index: PartIndex) -> &Part<'a> {
        &self.parts[index]
    }

    /// The path of a definition, unless something hides it.
    pub(super) fn path(
        &self,
        index: PartIndex,
        definition: DefinitionIndex,
    ) -> Option<&DottedName> {
        self.paths[index].get(definition as usize)?.as_ref()
    }

    /// The names that imports and assignments of other names bind.
    pub(super) fn bound(
        &self,
        index: PartIndex,
    ) -> impl Iterator<Item = (Option<DefinitionIndex>, &'a str, Entry)> {
        let entries = self.scopes[index].entries.iter();
        entries
            .filter(|(_, entry)| !matches!(entry, Entry::Definition(_)))
            .map(|((scope, name), entry)| (*scope, *name, *entry))
    }

    pub(super) fn stars(&self, index: PartIndex) -> &[ReferenceIndex] {
        &self.scopes[index].stars
    }

    pub(super) fn binds(&self, index: PartIndex, name: &str) -> bool {
        self.scopes[index].entries.contains_key(&(None, name))
    }

    /// Why the module may have names that were not seen.
    pub(super) fn unseen(&self, index: PartIndex) -> Option<Arc<str>> {
        let part = &self.parts[index];
        if let Some(reason) = &part.facts.unseen {
            return Some(reason.clone());
        }
        let external = self.scopes[index].stars.iter().find_map(|star| {
            match self.reach_reference(index, *star) {
                Reached::Module(_) => None,
                _ => self.absolute(index, *star),
            }
        })?;
        Some(format!("a star import from `{external}`, which was not seen").into())
    }

    /// Whether a name begins like a module of this tree.
    pub(super) fn is_inside(&self, name: &str) -> bool {
        self.tops.contains(name.split('.').next().unwrap_or(name))
    }

    /// The complete name that a reference of a module means; none for a name that only a star
    /// import or the language can bind.
    pub(super) fn absolute(&self, index: PartIndex, reference: ReferenceIndex) -> Option<String> {
        let part = &self.parts[index];
        match part.facts.references.get(reference as usize)? {
            Reference::Unbound(name) => {
                let first = name.split('.').next().unwrap_or(name);
                let from = self.star_source(index, first, 0)?;
                Some(format!("{}.{name}", self.parts[from].name))
            }
            _ => part.absolute(reference),
        }
    }

    /// What a reference of a module reaches.
    pub(super) fn reach_reference(&self, index: PartIndex, reference: ReferenceIndex) -> Reached {
        match self.absolute(index, reference) {
            Some(name) => self.reach(&name),
            None => Reached::Missing,
        }
    }

    /// What a complete name reaches.
    pub(super) fn reach(&self, name: &str) -> Reached {
        self.reach_within(name, 0)
    }

    fn reach_within(&self, name: &str, hops: u32) -> Reached {
        if let Some(known) = self.reached.borrow().get(name) {
            return known.clone();
        }
        if hops > MAX_HOPS || name.len() > 1000 {
            return Reached::Missing;
        }
        let found = self.find(name, hops);
        self.reached.borrow_mut().insert(name.into(), found.clone());
        found
    }

    fn find(&self, name: &str, hops: u32) -> Reached {
        let mut module = name;
        loop {
            if let Some(index) = self.by_name.get(module).copied() {
                let rest = name[module.len()..].trim_start_matches('.');
                return self.find_below(index, rest, hops);
            }
            match module.rsplit_once('.') {
                Some((outer, _)) => module = outer,
                None if self.tops.contains(module) => return Reached::Missing,
                None => return Reached::External(name.into()),
            }
        }
    }

    fn find_below(&self, index: PartIndex, rest: &str, hops: u32) -> Reached {
        if rest.is_empty() {
            return Reached::Module(index);
        }
        let (first, further) = rest.split_once('.').unwrap_or((rest, ""));
        let found = self.entry(index, None, first);
        let Some((at, entry)) = found else {
            let Some(from) = self.star_source(index, first, hops) else { return Reached::Missing };
            return self.reach_within(&format!("{}.{rest}", self.parts[from].name), hops + 1);
        };
        match entry {
            Entry::Definition(definition) => self.member(at, definition, further, hops),
            Entry::Binding(_) | Entry::Lazy(_) => {
                let Some(target) = self.target_of(at, entry) else { return Reached::Missing };
                let own = self.parts[index].name.as_str();
                if target
                    .strip_prefix(own)
                    .is_some_and(|below| below.strip_prefix('.') == Some(first))
                {
                    // A submodule that is bound under its own name, and was not found as a module.
                    return Reached::Missing;
                }
                let target =
                    if further.is_empty() { target } else { format!("{target}.{further}") };
                self.reach_within(&target, hops + 1)
            }
        }
    }

    /// The complete name that a bound name leads to next.
    pub(super) fn target_of(&self, index: PartIndex, entry: Entry) -> Option<String> {
        let facts = self.parts[index].facts;
        match entry {
            Entry::Definition(definition) => self.path(index, definition).map(ToString::to_string),
            Entry::Binding(number) => {
                let binding = facts.bindings.get(number as usize)?;
                let target = self.absolute(index, binding.target)?;
                Some(match binding.route {
                    BindingRoute::Module => target.split('.').next().unwrap_or(&target).to_owned(),
                    _ => target,
                })
            }
            Entry::Lazy(number) => {
                let lazy = facts.lazy.get(number as usize)?;
                let target = self.absolute(index, lazy.target?)?;
                Some(self.without_own_name(&lazy.name, target))
            }
        }
    }

    /// A table that serves names from modules may as well name what they are called there: what was
    /// read as a module and is a definition is what the name stands for.
    fn without_own_name(&self, name: &str, target: String) -> String {
        let whole = target.strip_suffix(name).and_then(|it| it.strip_suffix('.'));
        let is_definition = whole.is_some_and(|whole| {
            let holder = whole.rsplit_once('.');
            !self.by_name.contains_key(whole)
                && holder.is_some_and(|(module, leaf)| {
                    self.by_name.get(module).is_some_and(|at| {
                        matches!(self.entry(*at, None, leaf), Some((_, Entry::Definition(_))))
                    })
                })
        });
        match whole {
            Some(whole) if is_definition => whole.to_owned(),
            _ => target,
        }
    }

    fn entry(
        &self,
        index: PartIndex,
        scope: Option<DefinitionIndex>,
        name: &str,
    ) -> Option<(PartIndex, Entry)> {
        if let Some(entry) = self.scopes[index].entries.get(&(scope, name)) {
            return Some((index, *entry));
        }
        let stub = *self.stubs.get(&index).filter(|_| scope.is_none())?;
        self.scopes[stub].entries.get(&(scope, name)).map(|entry| (stub, *entry))
    }

    fn member(
        &self,
        index: PartIndex,
        definition: DefinitionIndex,
        rest: &str,
        hops: u32,
    ) -> Reached {
        if rest.is_empty() {
            return Reached::Definition(index, definition, false);
        }
        let whole = Reached::Definition(index, definition, true);
        if hops > MAX_HOPS {
            return whole;
        }
        let Some(fact) = self.parts[index].facts.definitions.get(definition as usize) else {
            return Reached::Missing;
        };
        if fact.kind != SymbolKind::Class {
            return whole;
        }
        let (first, further) = rest.split_once('.').unwrap_or((rest, ""));
        match self.scopes[index].entries.get(&(Some(definition), first)) {
            Some(Entry::Definition(member)) => {
                return self.member(index, *member, further, hops + 1);
            }
            Some(entry) => {
                if let Some(target) = self.target_of(index, *entry) {
                    let target =
                        if further.is_empty() { target } else { format!("{target}.{further}") };
                    return self.reach_within(&target, hops + 1);
                }
            }
            None => {}
        }
        for base in &fact.bases {
            let Some(base) = self.absolute(index, *base) else { continue };
            if let Reached::Definition(at, class, false) = self.reach_within(&base, hops + 1)
                && (at, class) != (index, definition)
                && let found @ Reached::Definition(_, _, false) =
                    self.member(at, class, rest, hops + 1)
            {
                return found;
            }
        }
        whole
    }

    /// Star imports name modules, never names that a star import binds.
    fn absolute_of_star(&self, index: PartIndex, star: ReferenceIndex) -> Option<String> {
        match self.parts[index].facts.references.get(star as usize)? {
            Reference::Unbound(_) => None,
            _ => self.absolute(index, star),
        }
    }

    /// The final name that a reference reaches, as far as it can be known.
    pub(super) fn settled(
        &self,
        index: PartIndex,
        reference: ReferenceIndex,
    ) -> Option<DottedName> {
        let place = reference as usize;
        if let Some(known) = self.settled.borrow()[index].get(place)? {
            return known.clone();
        }
        let found = self.absolute(index, reference).and_then(|name| self.settled_name(&name));
        if let Some(slot) = self.settled.borrow_mut()[index].get_mut(place) {
            *slot = Some(found.clone());
        }
        found
    }

    /// The final name that a complete name reaches.
    pub(super) fn settled_name(&self, name: &str) -> Option<DottedName> {
        match self.reach(name) {
            Reached::Definition(at, definition, _) => self.path(at, definition).cloned(),
            Reached::Module(at) => Some(self.parts[at].name.clone()),
            Reached::External(text) => DottedName::new(&text).ok(),
            Reached::Missing => None,
        }
    }
}

impl<'a> Scope<'a> {
    fn of(part: &Part<'a>) -> Self {
        let facts = part.facts;
        let mut scope = Self::default();
        let mut bindings = facts.bindings.iter().enumerate().peekable();
        for (number, definition) in facts.definitions.iter().enumerate() {
            while let Some((index, binding)) =
                bindings.next_if(|(_, binding)| binding.line < definition.lines.0)
            {
                scope.bind(facts, index, binding);
            }
            scope.define(facts, number, definition);
        }
        for (index, binding) in bindings {
            scope.bind(facts, index, binding);
        }
        for (number, lazy) in facts.lazy.iter().enumerate() {
            scope.entries.entry((None, &*lazy.name)).or_insert(Entry::Lazy(number as u32));
        }
        scope
    }

    fn define(
        &mut self,
        facts: &'a crate::facts::ModuleFacts,
        number: usize,
        definition: &'a Definition,
    ) {
        let key = (definition.parent, &*definition.name);
        let entry = Entry::Definition(number as DefinitionIndex);
        let Some(known) = self.entries.get(&key).copied() else {
            self.entries.insert(key, entry);
            return;
        };
        let is_instance_attribute = definition.parent.is_some() && !definition.in_class_body;
        let replaces = match known {
            _ if is_instance_attribute => false,
            Entry::Definition(first) => {
                let first = facts.definitions.get(first as usize);
                first.is_none_or(|first| {
                    !definition.conditional
                        || first.overload
                        // What stands in for something is not what users usually have.
                        || (first.stands_in && !definition.stands_in)
                        || (first.parent.is_some() && !first.in_class_body)
                })
            }
            // What the module itself defines says more than what it might import.
            Entry::Binding(first) => {
                let first = facts.bindings.get(first as usize);
                !definition.conditional || first.is_none_or(|first| first.conditional)
            }
            Entry::Lazy(_) => true,
        };
        if replaces {
            self.entries.insert(key, entry);
        }
    }

    fn bind(&mut self, facts: &'a crate::facts::ModuleFacts, number: usize, binding: &'a Binding) {
        let name = match binding.route {
            BindingRoute::InFunction => return,
            BindingRoute::Star => {
                if binding.scope.is_none() {
                    self.stars.push(binding.target);
                }
                return;
            }
            BindingRoute::Module => binding.name.split('.').next().unwrap_or(&binding.name),
            _ => &*binding.name,
        };
        let key = (binding.scope, name);
        let entry = Entry::Binding(number as u32);
        let replaces = match self.entries.get(&key) {
            None => true,
            Some(Entry::Binding(first)) => {
                let first = facts.bindings.get(*first as usize);
                !binding.conditional
                    && first.is_none_or(|first| first.conditional || first.line < binding.line)
            }
            Some(Entry::Definition(first)) => {
                let first = facts.definitions.get(*first as usize);
                // The assignment that makes the alias is a definition, too, until its value is
                // known.
                first.is_none_or(|first| {
                    let same = binding.route == BindingRoute::Assignment
                        && first.lines.0 <= binding.line
                        && binding.line <= first.lines.1;
                    same || (!binding.conditional && first.lines.0 < binding.line)
                })
            }
            Some(Entry::Lazy(_)) => true,
        };
        if replaces {
            self.entries.insert(key, entry);
        }
    }
}
