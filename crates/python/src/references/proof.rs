//! What is wrong with the names of a file: uses that nothing binds, imports that nothing uses.

use std::sync::Arc;

use super::model::{FileReferences, ImportForm};
use super::resolve::{is_builtin, shared};

/// One thing that is wrong with a file's names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameProblem {
    /// A name is used that nothing binds: running it raises a `NameError`.
    Undefined(Arc<str>),
    /// An import binds a name that is neither used nor meant for others.
    Unused(Arc<str>),
}

impl FileReferences {
    /// Everything that is wrong with the names, sorted; undefined names are not looked for when a
    /// star import may bind anything.
    pub fn problems(&self) -> Vec<NameProblem> {
        let mut problems = Vec::new();
        let star = self.imports.iter().any(|import| import.form == ImportForm::Star);
        if !star {
            let undefined = self.names.uses.iter().filter(|used| {
                used.owner.is_none()
                    && !is_builtin(&used.name)
                    && !self.names.declared.contains(&used.name)
            });
            problems.extend(undefined.map(|used| NameProblem::Undefined(shared(&used.name))));
        }
        for import in &self.imports {
            let future = import.target.as_ref().is_some_and(|target| target.root() == "__future__");
            if import.uses == 0 && !import.exported && import.form != ImportForm::Star && !future {
                problems.push(NameProblem::Unused(import.local.clone()));
            }
        }
        problems.sort();
        problems.dedup();
        problems
    }
}
