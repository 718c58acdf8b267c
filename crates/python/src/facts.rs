//! What one file says, taken purely from its bytes: the part of a snapshot that can be cached by
//! content.
//!
//! Nothing here knows where the file lies in its tree beyond the kind that its name shows; names
//! that depend on the place (relative imports, the module's own name) are kept as references and
//! settled by [`crate::assemble`].

use std::sync::Arc;

use artifact::{Finding, Sha256};
use code_model::forward::Forward;
use code_model::hint::HintIdiom;
use code_model::signature::Signature;
use code_model::snapshot::{Deprecation, ShortHash, SymbolKind};
use serde::{Deserialize, Serialize};

mod documents;
mod exports;
mod extract;
mod forwarding;
mod forwards;
mod imports;
mod interner;
mod keywords;
mod layout;
mod notices;
mod phrases;
mod raising;
mod replacing;
mod shape;
mod signatures;
mod tables;
mod walk;
mod wrapping;

pub use extract::{FileKind, extract, extract_parsed};
pub(crate) use signatures::signature_hash;

/// Raised whenever the same bytes would give other facts: a part of every cache key.
pub const EXTRACTOR_VERSION: u32 = 16;

/// Everything that one file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content.
    pub hash: Sha256,
    /// What kind of file it is.
    pub kind: FileKind,
    /// What could not be read; without the file's path.
    pub findings: Vec<Finding>,
    /// What a Python file defines and uses.
    pub module: Option<Box<ModuleFacts>>,
    /// The keys of a configuration file.
    pub keys: Vec<KeyFact>,
    /// What a text says about old and new names.
    pub notes: Vec<HintFact>,
    /// What a build file says about where packages lie.
    pub layout: Option<LayoutFacts>,
}

/// What a Python file defines and uses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModuleFacts {
    /// The module's docstring, indentation removed.
    pub docstring: Option<Arc<str>>,
    /// What the module says about itself being deprecated.
    pub deprecated: Option<Deprecation>,
    /// Every name that the file mentions from outside a scope, each once.
    pub references: Vec<Reference>,
    /// Classes, functions, members and constants; members follow their class.
    pub definitions: Vec<Definition>,
    /// Names bound by imports and by assignments of other names.
    pub bindings: Vec<Binding>,
    /// What happens to `__all__`, in order; none when the module never mentions it.
    pub exports: Option<Vec<ExportStep>>,
    /// Why names may exist that were not seen.
    pub unseen: Option<Arc<str>>,
    /// Names that `__getattr__` serves from elsewhere.
    pub lazy: Vec<LazyEntry>,
    /// Tables of other modules in which `__getattr__` looks names up, sorted and unique.
    pub foreign_tables: Vec<ReferenceIndex>,
    /// Words from a `__getattr__` that serves the names of `__all__` from elsewhere: where from.
    pub forwards_all: Option<Vec<Arc<str>>>,
    /// The line of that `__getattr__`.
    pub forwards_line: u32,
    /// The keys of tables of defaults.
    pub keys: Vec<KeyFact>,
    /// What the code says about successors.
    pub hints: Vec<HintFact>,
    /// Functions whose bodies do nothing but hand on.
    pub forwards: Vec<ForwardFact>,
    /// Functions of the module with the keywords that functions inside them take beside
    /// `**kwargs`.
    pub wrappers: Vec<(DefinitionIndex, Vec<Arc<str>>)>,
    /// References used by statements of the module itself, sorted and unique.
    pub uses: Vec<ReferenceIndex>,
}

/// A place in [`ModuleFacts::references`].
pub type ReferenceIndex = u32;

/// A place in [`ModuleFacts::definitions`].
pub type DefinitionIndex = u32;

/// A dotted name as a file writes it, settled as far as the file alone allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reference {
    /// A complete name, from an absolute import.
    Absolute(Arc<str>),
    /// A name below the package that lies this many levels up; empty for the package itself.
    Relative(u32, Arc<str>),
    /// A name of this module.
    Local(Arc<str>),
    /// A name that nothing in the file binds: a builtin, or from a star import.
    Unbound(Arc<str>),
}

impl Reference {
    /// The name without what it is relative to.
    pub fn text(&self) -> &Arc<str> {
        match self {
            Self::Absolute(name)
            | Self::Relative(_, name)
            | Self::Local(name)
            | Self::Unbound(name) => name,
        }
    }
}

/// One definition of a module or class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its own name.
    pub name: Arc<str>,
    /// The class it stands in.
    pub parent: Option<DefinitionIndex>,
    /// What it is.
    pub kind: SymbolKind,
    /// First and last line, from 1.
    pub lines: (u32, u32),
    /// First and last byte in the decoded text, decorators included.
    pub bytes: (u32, u32),
    /// The signature of a function.
    pub signature: Option<Signature>,
    /// The bases of a class.
    pub bases: Vec<ReferenceIndex>,
    /// The decorators, in source order.
    pub decorators: Vec<DecoratorFact>,
    /// The docstring, indentation removed.
    pub docstring: Option<Arc<str>>,
    /// The annotation.
    pub annotation: Option<Arc<str>>,
    /// The value's source text when it is short.
    pub value: Option<Arc<str>>,
    /// See [`code_model::snapshot::Symbol::shape_hash`].
    pub shape_hash: ShortHash,
    /// Number of syntax nodes.
    pub nodes: u32,
    /// What it uses, sorted and unique.
    pub uses: Vec<ReferenceIndex>,
    /// The version since which it exists.
    pub since: Option<Arc<str>>,
    /// What it says about its own deprecation.
    pub deprecated: Option<Deprecation>,
    /// Whether its documentation or decorators call it experimental.
    pub experimental: bool,
    /// Whether it exists only under a condition.
    pub conditional: bool,
    /// Whether it stands in an `except`, for when what is tried failed.
    pub stands_in: bool,
    /// Whether it is one of several `@overload` declarations.
    pub overload: bool,
    /// Whether a class attribute is written in the class body, not in a method.
    pub in_class_body: bool,
    /// What the class statement says beyond its bases.
    pub class: Option<Box<ClassFact>>,
}

/// What a class statement says beyond its bases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClassFact {
    /// The keywords after the bases, with their source text.
    pub keywords: Vec<(Arc<str>, Arc<str>)>,
    /// Whether the body holds nothing but a docstring, `pass`, or a constructor that only warns and
    /// delegates.
    pub body_is_empty: bool,
}

/// A decorator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecoratorFact {
    /// What it refers to.
    pub reference: Option<ReferenceIndex>,
    /// Its arguments as source text; none when it is not called.
    pub arguments: Option<Arc<str>>,
}

/// A name that an import or an assignment of another name binds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The class whose body binds it; none for the module.
    pub scope: Option<DefinitionIndex>,
    /// The bound name; `*` for a star import.
    pub name: Arc<str>,
    /// What it is bound to.
    pub target: ReferenceIndex,
    /// How it is bound.
    pub route: BindingRoute,
    /// Whether it is bound only under a condition.
    pub conditional: bool,
    /// Whether an import of the module never gets there: below `if TYPE_CHECKING:` or
    /// `if __name__ == "__main__":`, or an import that a stub makes for itself.
    pub out_of_reach: bool,
    /// The line, from 1.
    pub line: u32,
}

/// How a name is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BindingRoute {
    /// `import a.b.c`: binds `a`, and makes the submodule an attribute.
    Module,
    /// `import a.b as c`.
    ModuleAs,
    /// `from a import b`, also with `as`.
    From,
    /// `from a import *`.
    Star,
    /// `Old = New`.
    Assignment,
    /// An import inside a function: it binds nothing in the module, but it says what the module
    /// depends on.
    InFunction,
}

/// One thing that happens to `__all__`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportStep {
    /// It becomes exactly these names.
    Set(Vec<Arc<str>>),
    /// These names are added.
    Add(Vec<Arc<str>>),
    /// These names are taken away.
    Remove(Vec<Arc<str>>),
    /// The `__all__` of this module is added.
    AddOf(ReferenceIndex),
    /// Every name that the module binds is added, or every one without a leading underscore.
    AddPublic,
    /// Something happens that cannot be read statically.
    Unknown,
}

/// A name that the module's `__getattr__` serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LazyEntry {
    /// The served name.
    pub name: Arc<str>,
    /// What it reaches; none when the name is known to be served but not from where.
    pub target: Option<ReferenceIndex>,
    /// The line, from 1.
    pub line: u32,
    /// Whether serving it warns.
    pub deprecated: bool,
}

/// A hint, with names as the file gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HintFact {
    /// The definition that it stands in or is about; none for the module or a text.
    pub owner: Option<DefinitionIndex>,
    /// What it is about.
    pub subject: HintFactSubject,
    /// How it is said.
    pub idiom: HintIdiom,
    /// The line, from 1.
    pub line: u32,
    /// The words or code that say it.
    pub text: Arc<str>,
}

/// What a hint is about, before names are settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HintFactSubject {
    /// The owner is replaced by what the text names, best candidate first.
    Successor(Vec<Arc<str>>),
    /// The owner is replaced by what this reference reaches.
    SuccessorReference(ReferenceIndex),
    /// The owner is deprecated, its successor is not named.
    Deprecated,
    /// A member or name written out in a text is replaced by another.
    Names {
        /// The old name as written.
        old: Arc<str>,
        /// The new name as written; none when the text names no successor.
        new: Option<Arc<str>>,
    },
    /// The owner took the place of a name written out in its documentation.
    Replaces(Arc<str>),
    /// A keyword of the owner is replaced.
    Parameter {
        /// The old keyword.
        old: Arc<str>,
        /// The new keyword; none when it goes away.
        new: Option<Arc<str>>,
    },
    /// A configuration key is replaced.
    Key {
        /// The old key.
        old: Arc<str>,
        /// The new key.
        new: Arc<str>,
        /// The table that says so, as a name of this module.
        holder: Arc<str>,
    },
    /// The owner's body says how a call of it is written in the new API.
    Call {
        /// The returned expression.
        template: Arc<str>,
        /// The callable that it calls.
        new: ReferenceIndex,
    },
}

/// A function whose body does nothing but hand on to another callable or attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardFact {
    /// The function.
    pub owner: DefinitionIndex,
    /// What its body does.
    pub forward: Forward<ReferenceIndex>,
    /// The line, from 1.
    pub line: u32,
    /// The code that does it.
    pub text: Arc<str>,
}

/// One key of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFact {
    /// The table or class in this module that holds it; none when the file itself does.
    pub holder: Option<Arc<str>>,
    /// The key; nested keys are joined with dots.
    pub key: Arc<str>,
    /// See [`code_model::snapshot::ConfigurationKey::value_type`].
    pub value_type: Arc<str>,
    /// The default when it is short.
    pub value: Option<Arc<str>>,
}

/// What a build file says about where packages lie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LayoutFacts {
    /// The distribution's name.
    pub distribution: Option<Arc<str>>,
    /// Folders in which packages are searched, relative to the build file's own; `.` for itself.
    pub search: Vec<Arc<str>>,
    /// Import names with their folders, relative to the build file's own.
    pub packages: Vec<(Arc<str>, Arc<str>)>,
    /// Names of single modules.
    pub modules: Vec<Arc<str>>,
    /// The top-level names that an installed distribution's own list of files makes importable.
    pub installed: Vec<Arc<str>>,
}
