//! The values that reading a dependent's file yields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;

use super::names::NameTable;
use crate::edit::Span;

/// Index of an import statement in [`FileReferences::statements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId(pub u32);

/// Index of an import binding in [`FileReferences::imports`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub u32);

/// Index of a call in [`FileReferences::calls`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// Index of a scope; 0 is the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u32);

/// Everything that one file says about the names of the packages that were asked for.
#[derive(Debug, Clone, Default)]
pub struct FileReferences {
    /// Every import statement of the file, in source order, of whatever package.
    pub statements: Vec<ImportStatement>,
    /// Every name that an import statement binds, in source order, of whatever package.
    pub imports: Vec<ImportBinding>,
    /// Every use of a name that starts at one of the packages asked for, in source order; of a
    /// chain of attributes only the longest.
    pub references: Vec<Reference>,
    /// Attributes of something that is no such name (`thing.method`, `self.x.y`), in source order;
    /// only those whose name was asked for.
    pub members: Vec<MemberUse>,
    /// Calls whose callee is a reference or a member use, in source order.
    pub calls: Vec<CallSite>,
    /// Every class that the file defines, in source order.
    pub classes: Vec<ClassDefinition>,
    /// Calls of the dependent's own classes, in source order.
    pub constructions: Vec<Construction>,
    /// Keys, among the members that were asked for, of something that the packages hold or made.
    pub keys: Vec<KeyUse>,
    /// The names in `__all__`.
    pub exported: BTreeSet<Arc<str>>,
    /// Names of the dependent's own modules that the file uses, complete.
    pub internal: BTreeSet<DottedName>,
    /// What choices between versions govern; see [`Conditions::version_guard`].
    pub version_guards: Vec<Span>,
    pub(super) aliases: BTreeMap<Arc<str>, DottedName>,
    pub(super) flags: BTreeSet<Arc<str>>,
    pub(super) names: NameTable,
}

impl FileReferences {
    /// The import statement with this id.
    pub fn statement(&self, id: StatementId) -> Option<&ImportStatement> {
        self.statements.get(id.0 as usize)
    }

    /// The import binding with this id.
    pub fn import(&self, id: BindingId) -> Option<&ImportBinding> {
        self.imports.get(id.0 as usize)
    }

    /// The call with this id.
    pub fn call(&self, id: CallId) -> Option<&CallSite> {
        self.calls.get(id.0 as usize)
    }
}

/// Conditions under which a piece of code runs, as far as they matter for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, all of them needed")]
pub struct Conditions {
    /// Below `if TYPE_CHECKING:`.
    pub type_checking: bool,
    /// Inside a `try` that catches a failed import, or in its handlers.
    pub import_guard: bool,
    /// Where a missing attribute does no harm: inside a `try` that catches it, outside of functions
    /// that run later; or in the handlers of a `try` whose imports are not there.
    pub attribute_guard: bool,
    /// A branch of a choice between versions: such a `try` whose arms give the same name
    /// differently, a test of the package's version, or `hasattr` on it. What stands there is right
    /// for one of the versions on purpose.
    pub version_guard: bool,
    /// Inside a function, not at the level of a module or class.
    pub in_function: bool,
    /// Given to `getattr` with a default.
    pub defaulted: bool,
}

/// One `import` or `from … import` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportStatement {
    /// The whole statement, without the line break.
    pub span: Span,
    /// The module of `from … import` as written, with its dots; none for `import`.
    pub from: Option<Span>,
    /// The module of `from … import` as an absolute name; none for `import` or when it cannot be
    /// known.
    pub module: Option<DottedName>,
    /// Number of leading dots of `from`.
    pub level: u32,
    /// The scope in which it stands.
    pub scope: ScopeId,
    /// The block in which it stands: the list of statements, numbered within the file.
    pub block: u32,
    /// Whether it is the only statement of its block.
    pub only_statement: bool,
    /// Conditions under which it runs.
    pub conditions: Conditions,
}

/// How an import binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportForm {
    /// `import a.b.c`: binds `a`.
    Module,
    /// `import a.b.c as d`: binds `d`.
    ModuleAs,
    /// `from a import b` or `from a import b as c`.
    From,
    /// `from a import *`: binds what the module exports.
    Star,
}

/// One name bound by an import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportBinding {
    /// The statement.
    pub statement: StatementId,
    /// How it binds.
    pub form: ImportForm,
    /// The whole alias: `b as c`.
    pub span: Span,
    /// The imported name: `b` of `from a import b`, `a.b` of `import a.b`, `*`.
    pub name: Span,
    /// The name after `as`.
    pub as_name: Option<Span>,
    /// The local name; `*` for a star import.
    pub local: Arc<str>,
    /// What is imported, as an absolute name; for a star import the module. None when a relative
    /// import cannot be made absolute.
    pub target: Option<DottedName>,
    /// Whether nothing else binds the local name in this scope.
    pub sole: bool,
    /// Whether the name is meant for other modules: in `__all__`, imported under its own name with
    /// `as`, or not used here though this is a package's `__init__`.
    pub exported: bool,
    /// Number of uses of the local name in this file, strings that are code included.
    pub uses: u32,
}

/// What a use does with the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reads it.
    Load,
    /// Binds or sets it.
    Store,
    /// Deletes it.
    Delete,
}

/// Whether a use certainly means its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Every binding that can reach the use agrees.
    Certain,
    /// Another binding of the same name may reach the use.
    Uncertain,
}

/// Where a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In code.
    Code,
    /// In an annotation that is code.
    Annotation,
    /// In a decorator.
    Decorator,
    /// Among the bases of a class.
    Base,
    /// In a string that is code.
    Text(StringForm),
}

/// What makes a string code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StringForm {
    /// A quoted annotation, or a quoted type in `cast`, `TypeVar` and the like: an expression.
    Annotation,
    /// An argument that is known to name a module or object: `mock.patch("a.b")`,
    /// `import_module("a.b")`.
    Import,
    /// Any other string that is exactly a dotted name of one of the packages.
    Plain,
    /// An entry of `__all__`.
    Export,
}

/// How a segment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentForm {
    /// An identifier in code, or in a string that is code.
    Identifier,
    /// The content of a string literal that names an attribute: `getattr(module, "name")`.
    AttributeString,
}

/// One identifier of a reference, with what the chain up to it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The identifier.
    pub span: Span,
    /// What the chain up to and including this identifier means in the packages' names.
    pub target: DottedName,
    /// How it is written.
    pub form: SegmentForm,
    /// Whether the identifier is bound by an import, here or in another module of the dependent:
    /// what it means follows that import. Otherwise it is an attribute of what stands before it.
    pub bound: bool,
}

/// One use of a name of one of the packages, for example `np.linalg.norm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The whole expression, or the content of a string.
    pub span: Span,
    /// Its identifiers; the first is a local name, except in strings that spell a path out.
    pub segments: Vec<Segment>,
    /// The import that it starts at; none when it starts at a local alias, at another module of the
    /// dependent, or spells a path out in a string.
    pub binding: Option<BindingId>,
    /// Whether it certainly means its target.
    pub certainty: Certainty,
    /// What is done with the last segment.
    pub access: Access,
    /// Where it stands.
    pub place: Place,
    /// The scope in which it stands.
    pub scope: ScopeId,
    /// Conditions under which it runs.
    pub conditions: Conditions,
    /// The call of which it is the callee.
    pub call: Option<CallId>,
}

impl Reference {
    /// What the whole expression means, in the old version's names as far as they were followed.
    pub fn target(&self) -> Option<&DottedName> {
        self.segments.last().map(|segment| &segment.target)
    }
}

/// An attribute of something whose meaning only its type can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberUse {
    /// The whole expression `receiver.name`.
    pub span: Span,
    /// The receiver, parentheses included.
    pub receiver: Span,
    /// The receiver's expression without parentheses around it: the range of its syntax node.
    pub receiver_node: Span,
    /// The attribute's identifier.
    pub name_span: Span,
    /// The attribute.
    pub name: Arc<str>,
    /// What is done with it.
    pub access: Access,
    /// The scope in which it stands.
    pub scope: ScopeId,
    /// Conditions under which it runs.
    pub conditions: Conditions,
    /// The call of which it is the callee.
    pub call: Option<CallId>,
}

/// How an argument is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentForm {
    /// By position.
    Positional,
    /// `*iterable`.
    Starred,
    /// By keyword.
    Keyword {
        /// The keyword.
        name: Arc<str>,
        /// Where it stands.
        span: Span,
    },
    /// `**mapping`.
    DoubleStarred,
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// How it is given.
    pub form: ArgumentForm,
    /// The whole argument: `name=value`, `*value`; parentheses around the value included.
    pub span: Span,
    /// The value, parentheses included.
    pub value: Span,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The whole call.
    pub span: Span,
    /// The callee, parentheses included.
    pub callee: Span,
    /// From the opening parenthesis to the closing one, both included.
    pub parentheses: Span,
    /// The arguments in source order.
    pub arguments: Vec<Argument>,
    /// For `partial(callable, …)`, which only binds arguments: the first argument, which is the
    /// callee and not among the arguments.
    pub bound_by: Option<Span>,
    /// The scope in which it stands.
    pub scope: ScopeId,
    /// Conditions under which it runs.
    pub conditions: Conditions,
}

/// A call of a class of the dependent: one that this file defines or takes from a sibling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Construction {
    /// The callee.
    pub class: Span,
    /// The call.
    pub call: CallId,
}

/// How code names a key of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyAccess {
    /// `thing.key`.
    Attribute,
    /// `thing["key"]`.
    Subscript,
    /// By this method: `thing.get("key")`, `thing.update(key=1)`.
    Method(Arc<str>),
    /// As an argument of the thing itself: `thing(key=1)`.
    Call,
}

/// A key that code names: `thing["key"]`, `thing.get("key")`, `thing.update(key=1)`, `thing.key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The thing: the range of its syntax node.
    pub holder: Span,
    /// How the key is named.
    pub access: KeyAccess,
    /// The key's text, without quotes.
    pub span: Span,
    /// The key.
    pub name: Arc<str>,
    /// The keys that are named together with it.
    pub beside: Vec<Arc<str>>,
    /// Conditions under which it runs.
    pub conditions: Conditions,
}

/// One class that the file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassDefinition {
    /// The class's qualified name in its module.
    pub qualified_name: String,
    /// The identifier in the `class` statement.
    pub name_span: Span,
    /// The whole definition, decorators included.
    pub span: Span,
    /// The bases, with what they mean where they are references.
    pub bases: Vec<(Span, Option<DottedName>)>,
    /// The keywords beside the bases, each with its place: `metaclass` and what it takes.
    pub keywords: Vec<(Arc<str>, Span)>,
    /// Functions and attributes of the class body, and attributes set on `self` in its methods.
    pub members: Vec<ClassMember>,
}

/// One member that a class defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMember {
    /// Its name.
    pub name: Arc<str>,
    /// The identifier.
    pub name_span: Span,
    /// The whole definition, decorators included; for attributes the statement.
    pub span: Span,
    /// From the opening parenthesis of a method's parameters to the closing one.
    pub parameters: Option<Span>,
    /// Whether it is a function.
    pub is_function: bool,
}
