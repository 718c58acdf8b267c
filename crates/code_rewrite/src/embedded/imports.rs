//! Imports that stand elsewhere in a document, and those of them that a fragment builds on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;
use python::references::FileReferences;

/// So many imports of the library stand before a fragment that does not use their names: what is
/// written there may be reached through them. More would be read again for each fragment.
const REACHING: usize = 24;

/// An import that code elsewhere builds on.
#[derive(Debug, Clone)]
pub(super) struct Import {
    text: String,
    /// The names that it binds.
    locals: Vec<Arc<str>>,
    /// Whether it imports from the library.
    of_core: bool,
}

/// The import statements at the top level of a text that nothing else rebinds.
pub(super) fn at_top_level(
    text: &str,
    references: &FileReferences,
    roots: &BTreeSet<DottedName>,
) -> Vec<Import> {
    let mut bound: Vec<Vec<_>> = vec![Vec::new(); references.statements.len()];
    for import in &references.imports {
        if let Some(all) = bound.get_mut(import.statement.0 as usize) {
            all.push(import);
        }
    }
    let mut imports = Vec::new();
    for (statement, bound) in references.statements.iter().zip(bound) {
        let is_sole = bound.iter().all(|import| import.sole);
        if statement.block == 0 && statement.scope.0 == 0 && is_sole {
            let mut targets = bound.iter().filter_map(|import| import.target.as_ref());
            imports.push(Import {
                text: statement.span.of(text).to_owned(),
                locals: bound.iter().map(|import| Arc::clone(&import.local)).collect(),
                of_core: targets.any(|it| roots.iter().any(|root| it.below(root).is_some())),
            });
        }
    }
    imports
}

/// Imports that stand before a place; of those that bind one name the last.
#[derive(Default)]
pub(super) struct Imports {
    all: BTreeMap<usize, Import>,
    next: usize,
    by_local: BTreeMap<Arc<str>, usize>,
    of_core: BTreeSet<usize>,
}

impl Imports {
    /// Adds what stands behind the others.
    pub(super) fn add(&mut self, imports: Vec<Import>) {
        for import in imports {
            for local in &import.locals {
                self.remove(local);
            }
            let position = self.next;
            self.next += 1;
            self.by_local.extend(import.locals.iter().map(|it| (Arc::clone(it), position)));
            if import.of_core {
                self.of_core.insert(position);
            }
            self.all.insert(position, import);
        }
    }

    fn remove(&mut self, local: &str) {
        let Some(position) = self.by_local.get(local).copied() else { return };
        let import = self.all.remove(&position);
        for local in import.iter().flat_map(|import| &import.locals) {
            self.by_local.remove(local);
        }
        self.of_core.remove(&position);
    }

    /// The imports that code may build on, as lines, without those that it binds anew.
    pub(super) fn needed_by(&self, code: &str, own: &[Import]) -> String {
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let position = |local: &str| self.by_local.get(local).copied();
        let rebound: BTreeSet<usize> =
            own.iter().flat_map(|import| &import.locals).filter_map(|it| position(it)).collect();
        let reaching = self.of_core.iter().rev().take(REACHING).copied();
        let needed: BTreeSet<usize> = words.filter_map(position).chain(reaching).collect();
        let kept = needed.difference(&rebound).filter_map(|position| self.all.get(position));
        kept.map(|import| format!("{}\n", import.text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str, locals: &[&str], of_core: bool) -> Import {
        let locals = locals.iter().map(|local| Arc::from(*local)).collect();
        Import { text: text.to_owned(), locals, of_core }
    }

    #[test]
    fn only_what_code_builds_on_stands_before_it() {
        let mut imports = Imports::default();
        imports.add(vec![
            import("import a, b", &["a", "b"], false),
            import("import c", &["c"], false),
            import("import core", &["core"], true),
        ]);
        assert_eq!(imports.needed_by("c.x(aa)", &[]), "import c\nimport core\n");
        assert_eq!(imports.needed_by("a()", &[import("", &["core"], true)]), "import a, b\n");
        imports.add(vec![import("from d import a", &["a"], false)]);
        assert_eq!(imports.needed_by("b(a)", &[]), "import core\nfrom d import a\n");
    }

    #[test]
    fn what_many_imports_bring_is_read_where_it_is_used() {
        let mut imports = Imports::default();
        let each = |number: usize| {
            import(&format!("from core import f{number}"), &[&format!("f{number}")], true)
        };
        imports.add((0..1000).map(each).collect());
        let needed = imports.needed_by("f3()", &[]);
        assert_eq!(needed.lines().count(), REACHING + 1, "{needed}");
    }
}
