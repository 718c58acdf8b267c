//! Members that users have through a class which they may name, although the class that defines
//! them is private: it lies in a private module behind a public name, or it is a private base.

use code_model::api::{ApiIndex, Resolution};
use code_model::snapshot::{Snapshot, Stability, Symbol, SymbolKind};
use code_model::{DottedName, NameMap};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{AccessPath, Wanted, is_dunder, is_plain, is_plain_member};

/// A private base is listed on so many of the classes that inherit from it. One with more is the
/// ground of a whole framework, and the first ones show what becomes of it.
const HEIRS_MAX: u32 = 200;

/// Private bases of private bases are followed over so many classes.
const BASES_MAX: usize = 64;

/// Access paths to the members of private classes, on the public classes that have them.
pub(super) fn members(
    snapshot: &Snapshot,
    tests: &FxHashSet<&str>,
    wanted: &Wanted<'_>,
) -> Vec<(DottedName, AccessPath)> {
    let mut members = Members {
        snapshot,
        tests,
        wanted,
        names: names_of_hidden(snapshot, tests),
        heirs: FxHashMap::default(),
        unlisted: Vec::new(),
        found: Vec::new(),
    };
    for (definition, symbol) in &snapshot.symbols {
        if symbol.kind == SymbolKind::Class && !tests.contains(symbol.module.as_str()) {
            members.of_class(definition, symbol);
        }
    }
    // Names that only happen to be there are left out where classes that are meant for users have
    // the members.
    for (name, class) in std::mem::take(&mut members.unlisted) {
        if !members.heirs.contains_key(class) {
            members.list((&name, false), class, &mut FxHashSet::default());
        }
    }
    members.found
}

/// The best plain name of each class whose own path is not plain, and whether it is public.
fn names_of_hidden<'a>(
    snapshot: &'a Snapshot,
    tests: &FxHashSet<&str>,
) -> FxHashMap<&'a DottedName, (DottedName, bool)> {
    let mut names: FxHashMap<&DottedName, (DottedName, bool)> = FxHashMap::default();
    for (path, alias) in &snapshot.aliases {
        if is_plain(snapshot, &alias.target) || !is_plain(snapshot, path) {
            continue;
        }
        let class = snapshot.symbols.get(&alias.target);
        let is_class = class.is_some_and(|it| it.kind == SymbolKind::Class && it.parent.is_none());
        let module = path.as_str().rsplit_once('.').map_or("", |(module, _)| module);
        if !is_class || is_dunder(path.leaf()) || tests.contains(module) {
            continue;
        }
        let rank = |path: &DottedName, public: bool| {
            (!public, path.leaf() != alias.target.leaf(), path.parts().count())
        };
        // They come in order, so that of equals the first one stays.
        let better = names
            .get(&alias.target)
            .is_none_or(|(known, public)| rank(path, alias.public) < rank(known, *public));
        if better {
            names.insert(&alias.target, (path.clone(), alias.public));
        }
    }
    names
}

struct Members<'a, 'w> {
    snapshot: &'a Snapshot,
    tests: &'w FxHashSet<&'w str>,
    wanted: &'w Wanted<'w>,
    /// Names that users may write for classes whose own path they may not.
    names: FxHashMap<&'a DottedName, (DottedName, bool)>,
    /// On how many classes each private base is listed.
    heirs: FxHashMap<&'a DottedName, u32>,
    /// Private classes that have a name without being meant for users.
    unlisted: Vec<(DottedName, &'a DottedName)>,
    found: Vec<(DottedName, AccessPath)>,
}

impl<'a> Members<'a, '_> {
    fn of_class(&mut self, definition: &'a DottedName, symbol: &'a Symbol) {
        let is_hidden = !is_plain(self.snapshot, definition);
        let name = if is_hidden {
            self.name_of_hidden(definition, symbol)
        } else {
            Some((definition.clone(), symbol.stability != Stability::Internal))
        };
        let Some((name, public)) = name else { return };
        let bases = if public { self.private_bases(symbol) } else { Vec::new() };
        if is_hidden && public {
            self.list((&name, true), definition, &mut FxHashSet::default());
        } else if is_hidden {
            self.unlisted.push((name.clone(), definition));
        }
        if bases.is_empty() {
            return;
        }
        let mut seen: FxHashSet<&str> =
            own_members(&self.snapshot.symbols, definition).map(DottedName::leaf).collect();
        seen.extend(own_members(&self.snapshot.aliases, definition).map(DottedName::leaf));
        for base in bases {
            let heirs = self.heirs.entry(base).or_default();
            *heirs += 1;
            if *heirs <= HEIRS_MAX {
                self.list((&name, true), base, &mut seen);
            }
        }
    }

    /// A class in a class is named through the outer one.
    fn name_of_hidden(
        &mut self,
        definition: &'a DottedName,
        symbol: &Symbol,
    ) -> Option<(DottedName, bool)> {
        if let Some(known) = self.names.get(definition) {
            return Some(known.clone());
        }
        let (outer, public) = self.names.get(symbol.parent.as_ref()?)?;
        let leaf = definition.leaf();
        let name =
            (is_plain_member(leaf) && !is_dunder(leaf)).then(|| (outer.join(leaf), *public))?;
        self.names.insert(definition, name.clone());
        Some(name)
    }

    /// The private classes that a class inherits from, through none that is public: what that one
    /// has is listed there.
    fn private_bases(&self, class: &'a Symbol) -> Vec<&'a DottedName> {
        let mut found: Vec<&DottedName> = Vec::new();
        let mut pending = vec![class];
        let mut next = 0;
        while let Some(current) = pending.get(next).copied() {
            next += 1;
            for base in &current.bases {
                let Some((base, symbol)) = self.class(base) else { continue };
                let is_private = symbol.stability == Stability::Internal
                    && !self.tests.contains(symbol.module.as_str());
                if is_private && !found.contains(&base) && found.len() < BASES_MAX {
                    found.push(base);
                    pending.push(symbol);
                }
            }
        }
        found
    }

    fn class(&self, name: &DottedName) -> Option<(&'a DottedName, &'a Symbol)> {
        let symbols = &self.snapshot.symbols;
        let index = ApiIndex::new(self.snapshot);
        let found = symbols.get_key_value(name).or_else(|| {
            match index.is_inside(name).then(|| index.resolve(name)) {
                Some(Resolution::Symbol(definition)) => symbols.get_key_value(&definition),
                _ => None,
            }
        });
        found.filter(|(_, symbol)| symbol.kind == SymbolKind::Class)
    }

    /// Lists what `class` defines on the class that users have, but for what was seen there before.
    fn list(
        &mut self,
        (name, public): (&DottedName, bool),
        class: &'a DottedName,
        seen: &mut FxHashSet<&'a str>,
    ) {
        let stays = self.wanted.leaves_out(name, class);
        for member in own_members(&self.snapshot.symbols, class) {
            let leaf = member.leaf();
            if is_dunder(leaf) || !is_plain_member(leaf) || !seen.insert(leaf) {
                continue;
            }
            if stays.is_some_and(|new| new.symbols.contains_key(member)) {
                continue;
            }
            let path = name.join(leaf);
            if self.wanted.wants(&path) {
                let target = member.clone();
                self.found.push((path, AccessPath { target, public, is_relisted: true }));
            }
        }
    }
}

/// The names directly below a class.
fn own_members<'a, V>(
    names: &'a NameMap<V>,
    class: &DottedName,
) -> impl Iterator<Item = &'a DottedName> {
    let length = class.as_str().len() + 1;
    names
        .below(class)
        .map(|(path, _)| path)
        .filter(move |path| !path.as_str()[length..].contains('.'))
}
