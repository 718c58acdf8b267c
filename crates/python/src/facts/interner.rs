//! One allocation for each distinct text of a file.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Reference, ReferenceIndex};

/// Shares equal texts and numbers equal references.
#[derive(Default)]
pub(super) struct Interner {
    texts: FxHashSet<Arc<str>>,
    indices: FxHashMap<Reference, ReferenceIndex>,
    references: Vec<Reference>,
}

impl Interner {
    /// The shared form of a text.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(shared.clone());
        shared
    }

    /// The number of a reference.
    pub(super) fn reference(&mut self, reference: Reference) -> ReferenceIndex {
        if let Some(known) = self.indices.get(&reference) {
            return *known;
        }
        let index = self.references.len() as ReferenceIndex;
        self.references.push(reference.clone());
        self.indices.insert(reference, index);
        index
    }

    /// The number of the reference to a member of what another reference means.
    pub(super) fn member(&mut self, holder: ReferenceIndex, name: &str) -> Option<ReferenceIndex> {
        let reference = self.references.get(holder as usize)?.clone();
        let path = self.text(&format!("{}.{name}", reference.text()));
        Some(self.reference(match reference {
            Reference::Absolute(_) => Reference::Absolute(path),
            Reference::Relative(level, _) => Reference::Relative(level, path),
            Reference::Local(_) => Reference::Local(path),
            Reference::Unbound(_) => Reference::Unbound(path),
        }))
    }

    /// All references, in the order of their numbers.
    pub(super) fn into_references(self) -> Vec<Reference> {
        self.references
    }
}
