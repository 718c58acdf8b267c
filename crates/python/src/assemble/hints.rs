//! Hints with complete names: what files say, settled by what all modules offer.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::TreePath;
use code_model::DottedName;
use code_model::hint::{Hint, HintIdiom, HintSubject};
use code_model::snapshot::{Alias, AliasRoute, FileRole, Snapshot, SymbolKind};
use rustc_hash::FxHashMap;

use super::TreeFile;
use super::names::{Names, PartIndex, Reached};
use crate::facts::{HintFact, HintFactSubject};

/// All hints of a tree, sorted and unique.
pub(super) fn hints(
    names: &Names<'_>,
    snapshot: &Snapshot,
    files: &BTreeMap<TreePath, TreeFile>,
) -> Vec<Hint> {
    let mut gathered = Gathered { names, by_leaf: by_leaf(snapshot), hints: Vec::new() };
    for (index, part) in names.offered() {
        if part.is_test {
            continue;
        }
        for fact in &part.facts.hints {
            gathered.of_fact(index, fact);
        }
        gathered.of_foreign_tables(index);
        gathered.of_module(index, snapshot);
    }
    gathered.of_aliases(snapshot);
    for (path, file) in files {
        let role = snapshot.files.get(path).map(|record| record.role);
        if !matches!(role, None | Some(FileRole::Test | FileRole::Example)) {
            for fact in &file.facts.notes {
                gathered.of_text(path, fact);
            }
        }
    }
    gathered.hints.sort_unstable();
    gathered.hints.dedup();
    gathered.hints
}

/// Where public names with the same last part lie; aliases count only where nothing is defined.
fn by_leaf(snapshot: &Snapshot) -> FxHashMap<&str, Vec<&DottedName>> {
    let mut index: FxHashMap<&str, Vec<&DottedName>> = FxHashMap::default();
    for (path, symbol) in &snapshot.symbols {
        if !snapshot.modules.get(&symbol.module).is_some_and(|module| module.is_test) {
            index.entry(path.leaf()).or_default().push(path);
        }
    }
    for path in snapshot.modules.keys() {
        index.entry(path.leaf()).or_default().push(path);
    }
    index
}

struct Gathered<'n, 'a, 's> {
    names: &'n Names<'a>,
    by_leaf: FxHashMap<&'s str, Vec<&'s DottedName>>,
    hints: Vec<Hint>,
}

/// A successor with whether it exists in this version.
type Successor = (DottedName, bool);

impl Gathered<'_, '_, '_> {
    fn push(
        &mut self,
        file: &TreePath,
        line: u32,
        idiom: HintIdiom,
        text: &Arc<str>,
        subject: HintSubject,
    ) {
        self.hints.push(Hint { subject, idiom, file: file.clone(), line, text: text.clone() });
    }

    fn of_fact(&mut self, index: PartIndex, fact: &HintFact) {
        let names = self.names;
        let part = names.part(index);
        let owner = match fact.owner {
            None => Some(part.name.clone()),
            Some(owner) => names.path(index, owner).cloned().or_else(|| {
                // What is bound to another name is an alias of this path, and no definition.
                let definition = part.facts.definitions.get(owner as usize)?;
                let holder = match definition.parent {
                    None => part.name.clone(),
                    Some(parent) => names.path(index, parent)?.clone(),
                };
                DottedName::new(&format!("{holder}.{}", definition.name)).ok()
            }),
        };
        let Some(owner) = owner else { return };
        // A deprecated constructor is a deprecated class.
        let owner = match (owner.leaf(), owner.parent()) {
            ("__init__" | "__new__", Some(class)) => class,
            _ => owner,
        };
        let subjects = self.subjects(index, &owner, fact);
        for subject in subjects {
            self.push(part.path, fact.line, fact.idiom, &fact.text, subject);
        }
    }

    fn subjects(&self, index: PartIndex, owner: &DottedName, fact: &HintFact) -> Vec<HintSubject> {
        match &fact.subject {
            HintFactSubject::Successor(candidates) => {
                let mut subjects: Vec<HintSubject> = candidates
                    .iter()
                    .filter_map(|text| self.successor(index, owner, text))
                    .filter(|(new, _)| new != owner)
                    .map(|(new, resolved)| HintSubject::Name { old: owner.clone(), new, resolved })
                    .collect();
                // Where one candidate exists, words that name nothing are no candidates.
                let exists =
                    |it: &HintSubject| matches!(it, HintSubject::Name { resolved: true, .. });
                if subjects.iter().any(exists) {
                    subjects.retain(exists);
                }
                if subjects.is_empty() {
                    subjects.push(HintSubject::NameDeprecated { old: owner.clone() });
                }
                subjects
            }
            HintFactSubject::SuccessorReference(reference) => {
                let name = self.names.absolute(index, *reference);
                let found = name.and_then(|name| self.exact(&name));
                let found = found.filter(|(new, _)| new != owner);
                found
                    .map(|(new, resolved)| HintSubject::Name { old: owner.clone(), new, resolved })
                    .into_iter()
                    .collect()
            }
            HintFactSubject::Deprecated => vec![HintSubject::NameDeprecated { old: owner.clone() }],
            HintFactSubject::Replaces(old) => self.replaced(index, owner, old),
            HintFactSubject::Names { old, new } => self.written(index, old, new.as_deref()),
            HintFactSubject::Parameter { old, new } => {
                let (callable, old, new) = (owner.clone(), old.clone(), new.clone());
                vec![HintSubject::Parameter { callable, old, new }]
            }
            HintFactSubject::Key { old, new, holder } => {
                let module = &self.names.part(index).name;
                let holder = format!("{module}.{holder}").into();
                vec![HintSubject::Key { old: old.clone(), new: new.clone(), holder }]
            }
            HintFactSubject::Call { template, new } => {
                let name = self.names.absolute(index, *new);
                let found = name.and_then(|name| self.exact(&name));
                let call = |(new, _): Successor| HintSubject::Call {
                    callable: owner.clone(),
                    template: template.clone(),
                    new,
                };
                found.map(call).into_iter().collect()
            }
        }
    }

    /// An old name that the documentation of `owner` says it took the place of: a member's is one
    /// of its class, any other stays as it is written.
    fn replaced(&self, index: PartIndex, owner: &DottedName, old: &str) -> Vec<HintSubject> {
        let module = &self.names.part(index).name;
        let class = owner.parent().filter(|holder| holder != module && !old.contains('.'));
        let old = match class {
            Some(class) => DottedName::new(&format!("{class}.{old}")),
            None => DottedName::new(old),
        };
        let Some(old) = old.ok().filter(|old| old != owner) else { return Vec::new() };
        vec![HintSubject::Name { old, new: owner.clone(), resolved: true }]
    }

    /// Entries of tables in other modules in which the module's `__getattr__` looks names up.
    fn of_foreign_tables(&mut self, index: PartIndex) {
        let names = self.names;
        let part = names.part(index);
        for table in &part.facts.foreign_tables {
            let Some(path) = names.absolute(index, *table) else { continue };
            let Reached::Definition(at, definition, _) = names.reach(&path) else { continue };
            let holder = names.part(at);
            for fact in &holder.facts.hints {
                let HintFactSubject::Names { old, new } = &fact.subject else { continue };
                if fact.owner != Some(definition) {
                    continue;
                }
                for subject in self.written(index, old, new.as_deref()) {
                    self.push(holder.path, fact.line, fact.idiom, &fact.text, subject);
                }
            }
        }
    }

    /// A pair of names out of a table in a module.
    fn written(&self, index: PartIndex, old: &str, new: Option<&str>) -> Vec<HintSubject> {
        let module = &self.names.part(index).name;
        let complete = |name: &str| {
            let inside = self.names.is_inside(name) && name.contains('.');
            let name = if inside { name.to_owned() } else { format!("{module}.{name}") };
            DottedName::new(&name).ok()
        };
        let Some(old) = complete(old) else { return Vec::new() };
        match new.and_then(|new| self.successor(index, &old, new)) {
            Some((new, _)) if new == old => Vec::new(),
            Some((new, resolved)) => vec![HintSubject::Name { old, new, resolved }],
            None => vec![HintSubject::NameDeprecated { old }],
        }
    }

    /// What a complete name exactly reaches.
    fn exact(&self, name: &str) -> Option<Successor> {
        match self.names.reach(name) {
            Reached::Definition(at, definition, false) => {
                self.names.path(at, definition).map(|path| (path.clone(), true))
            }
            Reached::Module(at) => Some((self.names.part(at).name.clone(), true)),
            Reached::External(text) => DottedName::new(&text).ok().map(|name| (name, false)),
            _ => None,
        }
    }

    /// What a text near `owner` means by a name: the path as it is written, completed.
    fn successor(&self, index: PartIndex, owner: &DottedName, text: &str) -> Option<Successor> {
        let text = text.strip_prefix("self.").or_else(|| text.strip_prefix("cls.")).unwrap_or(text);
        let module = self.names.part(index).name.clone();
        let inside = |path: String| -> Option<Successor> {
            let reached = self.names.reach(&path);
            let exists = matches!(reached, Reached::Definition(_, _, false) | Reached::Module(_));
            let path =
                exists.then(|| DottedName::new(&self.without_detour(path)).ok()).flatten()?;
            (path != *owner).then_some((path, true))
        };
        let is_complete = text.contains('.') && self.names.is_inside(text);
        if is_complete && let Some(found) = inside(text.to_owned()) {
            return Some(found);
        }
        // Members first: the classes around the owner, from the inside out.
        let holders =
            owner.ancestors().take_while(|holder| holder.as_str().len() >= module.as_str().len());
        for holder in holders {
            if let Some(found) = inside(format!("{holder}.{text}")) {
                return Some(found);
            }
        }
        if self.names.is_inside(text)
            && let Some(found) = inside(text.to_owned())
        {
            return Some(found);
        }
        // `import x as y` in the module gives `y.name` a meaning.
        if text.contains('.')
            && let Reached::External(name) = self.names.reach(&format!("{module}.{text}"))
        {
            return DottedName::new(&name).ok().map(|name| (name, false));
        }
        for package in module.ancestors() {
            if let Some(found) = inside(format!("{package}.{text}")) {
                return Some(found);
            }
        }
        // Documentation shortens modules in ways of its own; a class and its member are rarely
        // ambiguous.
        let last_two = text.rmatch_indices('.').nth(1).map_or(text, |(at, _)| &text[at + 1..]);
        for ending in [text, last_two] {
            if let Some(found) = self.unique(ending, Some(owner)) {
                return Some((found, true));
            }
        }
        let plausible = text.contains(['.', '_']) || text.chars().any(char::is_uppercase);
        DottedName::new(text).ok().filter(|_| plausible).map(|name| (name, false))
    }

    /// A path without the name that a package has in itself: `package.p.name` is `package.name` to
    /// everybody, where the package or its stub says `import package as p`.
    fn without_detour(&self, path: String) -> String {
        let Some((head, leaf)) = path.rsplit_once('.') else { return path };
        let Reached::Module(at) = self.names.reach(head) else { return path };
        let module = self.names.part(at).name.as_str();
        let is_inside = head.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'));
        if is_inside { format!("{module}.{leaf}") } else { path }
    }

    /// The only definition whose path ends with this text.
    fn unique(&self, text: &str, owner: Option<&DottedName>) -> Option<DottedName> {
        let leaf = text.rsplit('.').next().unwrap_or(text);
        let is_word = text == leaf && leaf.chars().all(char::is_lowercase);
        if is_word {
            return None;
        }
        let ending = format!(".{text}");
        let mut found = self
            .by_leaf
            .get(leaf)?
            .iter()
            .filter(|path| path.as_str() == text || path.as_str().ends_with(&ending))
            .filter(|path| owner != Some(path));
        match (found.next(), found.next()) {
            (Some(only), None) => Some((*only).clone()),
            _ => None,
        }
    }

    /// What a module as a whole stands for.
    fn of_module(&mut self, index: PartIndex, snapshot: &Snapshot) {
        let names = self.names;
        let part = names.part(index);
        for (name, place) in names.forwarded(index) {
            let (Ok(old), Ok(new)) = (
                DottedName::new(&format!("{}.{name}", part.name)),
                DottedName::new(&format!("{place}.{name}")),
            ) else {
                continue;
            };
            let text: Arc<str> = format!("__getattr__ serves {name} from {place}").into();
            let subject = HintSubject::Name { old, new, resolved: true };
            self.push(part.path, part.facts.forwards_line, HintIdiom::ModuleShim, &text, subject);
        }
        let Some(deprecation) = &part.facts.deprecated else { return };
        // A module that defines something of its own imports for its own use.
        let defines = |definition: &crate::facts::Definition| {
            matches!(definition.kind, SymbolKind::Class | SymbolKind::Function)
                && !definition.name.starts_with('_')
        };
        if part.facts.definitions.iter().any(defines) {
            return;
        }
        for (scope, name, _) in names.bound(index) {
            let Ok(old) = DottedName::new(&format!("{}.{name}", part.name)) else { continue };
            let Some(alias) = snapshot.aliases.get(&old).filter(|_| scope.is_none()) else {
                continue;
            };
            if alias.target.is_private()
                || old.is_private()
                || !snapshot.symbols.contains_key(&alias.target)
            {
                continue;
            }
            let new = alias.target.clone();
            let subject = HintSubject::Name { old, new, resolved: true };
            self.push(part.path, 1, HintIdiom::ModuleShim, &deprecation.message, subject);
        }
    }

    /// Names that are bound to something with another name.
    fn of_aliases(&mut self, snapshot: &Snapshot) {
        for (path, alias) in &snapshot.aliases {
            let idiom = match alias.route {
                AliasRoute::Assignment => HintIdiom::AliasAssignment,
                AliasRoute::LazyTable => HintIdiom::LazyTable,
                AliasRoute::Import | AliasRoute::Conditional
                    if path.leaf() != alias.target.leaf() =>
                {
                    HintIdiom::AliasImport
                }
                _ => continue,
            };
            if path.is_private() || !self.is_worth(snapshot, alias, idiom) {
                continue;
            }
            if snapshot.is_in_tests(path) {
                continue;
            }
            let Some((file, line)) = self.place_of(snapshot, path) else { continue };
            let resolved = self.names.is_inside(alias.target.as_str());
            let text: Arc<str> = format!("{} = {}", path.leaf(), alias.target).into();
            let (old, new) = (path.clone(), alias.target.clone());
            self.push(&file, line, idiom, &text, HintSubject::Name { old, new, resolved });
        }
    }

    fn is_worth(&self, snapshot: &Snapshot, alias: &Alias, idiom: HintIdiom) -> bool {
        let inside = snapshot.symbols.contains_key(&alias.target)
            || (idiom != HintIdiom::AliasImport && snapshot.modules.contains_key(&alias.target));
        inside || (idiom == HintIdiom::LazyTable && !self.names.is_inside(alias.target.as_str()))
    }

    /// The file and line that bind an alias.
    fn place_of(&self, snapshot: &Snapshot, path: &DottedName) -> Option<(TreePath, u32)> {
        let mut module = path.parent()?;
        while !snapshot.modules.contains_key(&module) {
            module = module.parent()?;
        }
        let index = self.names.index_of(&module)?;
        let part = self.names.part(index);
        let bound = part.facts.bindings.iter().find(|binding| &*binding.name == path.leaf());
        let lazy = part.facts.lazy.iter().find(|lazy| &*lazy.name == path.leaf());
        let line = bound.map(|it| it.line).or(lazy.map(|it| it.line)).unwrap_or(1);
        Some((part.path.clone(), line))
    }

    /// A sentence or a table row of a text: names are completed where only one thing can be meant.
    fn of_text(&mut self, path: &TreePath, fact: &HintFact) {
        let HintFactSubject::Names { old, new } = &fact.subject else {
            if let HintFactSubject::Key { old, new, holder } = &fact.subject {
                let (old, new, holder) = (old.clone(), new.clone(), holder.clone());
                self.push(
                    path,
                    fact.line,
                    fact.idiom,
                    &fact.text,
                    HintSubject::Key { old, new, holder },
                );
            }
            return;
        };
        let complete = |text: &str| -> Option<Successor> {
            if self.names.is_inside(text) && text.contains('.') {
                let exists = matches!(
                    self.names.reach(text),
                    Reached::Definition(_, _, false) | Reached::Module(_)
                );
                return DottedName::new(text).ok().map(|name| (name, exists));
            }
            let below = |top: &str| {
                let path = format!("{top}.{text}");
                let own = match self.names.reach(&path) {
                    Reached::Definition(at, _, false) | Reached::Module(at) => {
                        self.names.part(at).name.root() == top
                    }
                    _ => return None,
                };
                DottedName::new(&path).ok().map(|name| (own, name))
            };
            // The package that has it comes before one that only offers it as well.
            let (own, offered): (Vec<_>, Vec<_>) =
                self.names.tops().filter_map(below).partition(|(own, _)| *own);
            let first = |found: Vec<(bool, DottedName)>| found.into_iter().next();
            if let Some((_, name)) = first(own) {
                return Some((name, true));
            }
            let only = self.unique(text, None);
            match only.or_else(|| first(offered).map(|(_, name)| name)) {
                Some(name) => Some((name, true)),
                None => DottedName::new(text).ok().map(|name| (name, false)),
            }
        };
        let Some((old, _)) = complete(old) else { return };
        let subject = match new.as_deref().and_then(complete) {
            Some((new, _)) if new == old => return,
            Some((new, resolved)) => HintSubject::Name { old, new, resolved },
            None => HintSubject::NameDeprecated { old },
        };
        self.push(path, fact.line, fact.idiom, &fact.text, subject);
    }
}
