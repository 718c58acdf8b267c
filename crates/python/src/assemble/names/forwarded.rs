//! Names that a module's `__getattr__` serves out of `__all__`.

use std::sync::Arc;

use code_model::DottedName;
use code_model::snapshot::SymbolKind;

use super::{Names, PartIndex, Reached};

impl Names<'_> {
    /// The names that `__getattr__` serves out of `__all__`, each with the module that offers it:
    /// the most public of those that the words in `__getattr__` can mean.
    pub(in super::super) fn forwarded(&self, index: PartIndex) -> Vec<(Arc<str>, DottedName)> {
        let part = &self.parts[index];
        let Some(words) = &part.facts.forwards_all else { return Vec::new() };
        let mut places: Vec<PartIndex> = Vec::new();
        let mut packages: Vec<String> = part.name.ancestors().map(|it| it.to_string()).collect();
        packages.push(String::new());
        for word in words {
            let word = word.trim_start_matches('.');
            for package in &packages {
                let path =
                    if package.is_empty() { word.to_owned() } else { format!("{package}.{word}") };
                places.extend(self.by_name.get(path.as_str()));
            }
        }
        // A private module is named with the package that it lies in.
        let inner: Vec<PartIndex> = words
            .iter()
            .flat_map(|word| {
                places.iter().filter_map(move |place| {
                    self.by_name.get(format!("{}.{word}", self.parts[*place].name).as_str())
                })
            })
            .copied()
            .collect();
        places.extend(inner);
        places.extend(part.name.parent().and_then(|parent| self.index_of(&parent)));
        places.retain(|place| *place != index);
        places.sort_by_key(|place| {
            let name = &self.parts[*place].name;
            (name.is_private(), name.parts().count(), name.clone())
        });
        places.dedup();
        let private = self.private_modules(index, &places);
        let mut found = Vec::new();
        for name in self.exported(index).unwrap_or_default() {
            if let Some(place) = self.place_that_serves(index, &places, &private, name) {
                found.push((name.clone(), place.clone()));
            }
        }
        found
    }

    /// The private modules where a module takes from what it serves: those among the places, and
    /// those that it imports.
    fn private_modules(&self, index: PartIndex, places: &[PartIndex]) -> Vec<PartIndex> {
        let imported = self.parts[index].facts.bindings.iter().filter_map(|binding| {
            match self.reach_reference(index, binding.target) {
                Reached::Module(module) => Some(module),
                _ => None,
            }
        });
        let is_private = |module: &PartIndex| self.parts[*module].name.is_private();
        places.iter().copied().chain(imported).filter(is_private).collect()
    }

    /// The first of these places that has a name. A private module is where things come from, and
    /// a public one may have something else of the same name: then what the private one has is
    /// meant, where another public module offers it.
    fn place_that_serves(
        &self,
        index: PartIndex,
        places: &[PartIndex],
        private: &[PartIndex],
        name: &str,
    ) -> Option<&DottedName> {
        let reached = |places: &[PartIndex]| -> Vec<(PartIndex, Reached)> {
            let serves =
                |it: &Reached| matches!(it, Reached::Definition(_, _, false) | Reached::Module(_));
            let all = places.iter().map(|place| (*place, self.reach_in(*place, name)));
            all.filter(|(_, it)| serves(it)).collect()
        };
        let (serving, sources) = (reached(places), reached(private));
        let (first, usual) = serving.first()?;
        let is_public = |place: PartIndex| !self.parts[place].name.is_private();
        let is_source = |thing: &Reached| sources.iter().any(|(_, source)| source == thing);
        let agreed = serving.iter().find(|(place, it)| is_public(*place) && is_source(it));
        let own = |thing: &Reached| self.is_written_out(thing, name);
        let apart = || {
            let (_, source) = sources.iter().find(|(_, it)| own(usual) && own(it))?;
            let package = self.parts[index].name.parent();
            let beside = self.offered().map(|(place, _)| place).filter(|place| {
                *place != index && is_public(*place) && self.parts[*place].name.parent() == package
            });
            beside.into_iter().find(|place| self.reach_in(*place, name) == *source)
        };
        let place = agreed.map(|(place, _)| *place).or_else(apart).unwrap_or(*first);
        Some(&self.parts[place].name)
    }

    fn reach_in(&self, place: PartIndex, name: &str) -> Reached {
        self.reach(&format!("{}.{name}", self.parts[place].name))
    }

    /// Whether something is a function or a class with this as its own name.
    fn is_written_out(&self, reached: &Reached, name: &str) -> bool {
        let Reached::Definition(at, number, _) = reached else { return false };
        self.parts[*at].facts.definitions.get(*number as usize).is_some_and(|it| {
            *it.name == *name && matches!(it.kind, SymbolKind::Function | SymbolKind::Class)
        })
    }
}
