//! What one file of a dependent says about names of other packages: imports, references, calls,
//! members.
//!
//! Names are followed through scopes, imports, local aliases and the dependent's own modules. Two
//! passes: the first collects scopes, bindings and uses, the second says what each use means.

mod attempts;
mod bound;
mod dependent;
mod expressions;
mod guards;
mod model;
mod names;
mod proof;
mod resolve;
mod scope;
mod strings;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;

use code_model::DottedName;

pub use dependent::{DependentIndex, ModuleSurface};
pub use guards::is_version_name;
pub use model::{
    Access, Argument, ArgumentForm, BindingId, CallId, CallSite, Certainty, ClassDefinition,
    ClassMember, Conditions, Construction, FileReferences, ImportBinding, ImportForm,
    ImportStatement, KeyAccess, KeyUse, MemberUse, Place, Reference, ScopeId, Segment, SegmentForm,
    StatementId, StringForm,
};
pub use names::{Occurrences, ParameterUses};
pub use proof::NameProblem;

use crate::edit::Span;
use crate::parse::{ParsedFile, with_stack_for};

/// Answers which names `from module import *` brings in.
pub trait StarExports {
    /// Whether the module exports this name; none when nobody knows.
    fn exports(&self, module: &DottedName, name: &str) -> Option<bool>;
}

/// Knows no module.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStarExports;

impl StarExports for NoStarExports {
    fn exports(&self, _module: &DottedName, _name: &str) -> Option<bool> {
        None
    }
}

/// What is asked of a file.
#[derive(Clone, Copy)]
pub struct ReferenceOptions<'a> {
    /// The packages whose names are looked for.
    pub roots: &'a BTreeSet<DottedName>,
    /// The name under which they are installed, where that is known.
    pub distribution: Option<&'a str>,
    /// The module that the file defines, where that is known.
    pub module: Option<&'a DottedName>,
    /// Whether that module is a package's `__init__`.
    pub is_package: bool,
    /// Which attributes of other things are wanted as member uses.
    pub members: &'a dyn Fn(&str) -> bool,
    /// What star imports of the packages bring in.
    pub star: &'a dyn StarExports,
    /// The dependent's own modules.
    pub dependent: Option<&'a DependentIndex>,
}

impl ReferenceOptions<'_> {
    pub(crate) fn is_core(&self, name: &DottedName) -> bool {
        self.roots.iter().any(|root| name.below(root).is_some())
    }

    pub(crate) fn is_internal(&self, name: &DottedName) -> bool {
        !self.is_core(name) && self.dependent.is_some_and(|index| index.is_internal(name))
    }
}

impl FileReferences {
    /// Reads everything that a parsed file says about the packages.
    pub fn read(file: &ParsedFile, options: &ReferenceOptions<'_>) -> Self {
        with_stack_for(file.depth(), || {
            let mut walker = walk::Walker::new(file.text(), file.parsed().tokens(), options);
            walker.body_in_place(&file.syntax().body);
            resolve::resolve(walker.found, options)
        })
    }

    /// Whether a reading with an index that knew the modules by name only says what one with this
    /// index would: no name that it met stands for something else, and no sibling takes what it
    /// imports.
    pub fn stand_with(&self, index: &DependentIndex, module: Option<&DottedName>) -> bool {
        let is_plain = |name: &DottedName| !index.is_flag(name) && index.follow(name).is_none();
        let is_taken = |import: &ImportBinding| {
            module.is_some_and(|module| index.is_used(module, &import.local))
        };
        let hides_names = |import: &ImportBinding| {
            import.form == ImportForm::Star
                && import.target.as_ref().is_some_and(|target| index.is_internal(target))
        };
        self.internal.iter().all(is_plain)
            && !self.imports.iter().any(|import| is_taken(import) || hides_names(import))
    }

    /// Whether `name` can newly be bound in `scope` and read in `readers` without meaning something
    /// else anywhere.
    pub fn is_free(&self, name: &str, scope: ScopeId, readers: &[ScopeId]) -> bool {
        self.names.is_free(name, scope, readers)
    }

    /// Whether what `scope` binds are attributes of a class, which others read without its name.
    pub fn is_class(&self, scope: ScopeId) -> bool {
        self.names.is_class(scope)
    }

    /// Every place where a name that `scope` binds is written; none when that is not all of it.
    pub fn occurrences(&self, name: &str, scope: ScopeId) -> Option<Occurrences> {
        self.names.occurrences(name, scope)
    }

    /// The parameter `name` of the function whose parameters stand in this range, with every place
    /// where it is written; none when there is no such parameter or its uses cannot be told.
    pub fn parameter(&self, name: &str, parameters: Span) -> Option<ParameterUses> {
        self.names.parameter(name, parameters)
    }

    /// Whether every reader finds the binding of `name` that `scope` makes.
    pub fn sees(&self, name: &str, scope: ScopeId, readers: &[ScopeId]) -> bool {
        self.names.sees(name, scope, readers)
    }

    /// Whether a reader in this scope finds the builtin of this name.
    pub fn sees_builtin(&self, name: &str, reader: ScopeId) -> bool {
        let starred = self.imports.iter().any(|import| import.form == ImportForm::Star);
        !starred && self.names.sees_builtin(name, reader)
    }

    /// What the module offers to its siblings and takes from them.
    pub fn surface(&self, options: &ReferenceOptions<'_>) -> ModuleSurface {
        resolve::surface(self, options)
    }
}
