//! What the code itself says about successors: language idioms, read by the Python crate into
//! neutral facts.
//!
//! A hint is no decision. Inference weighs hints of both versions with everything else that it
//! sees.

use std::sync::Arc;

use artifact::TreePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DottedName;

/// Something that the code, its documentation or its change log says about an old name and its
/// successor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Hint {
    /// What it is about.
    pub subject: HintSubject,
    /// How it is said.
    pub idiom: HintIdiom,
    /// Where it stands.
    pub file: TreePath,
    /// The line, from 1.
    pub line: u32,
    /// The words or code that say it, at most 300 bytes, white space folded.
    pub text: Arc<str>,
}

/// What a hint is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum HintSubject {
    /// An old access path and its successor, both complete dotted names where that could be
    /// resolved.
    Name {
        /// The old access path.
        old: DottedName,
        /// The successor; a single identifier or partial path when the text gives no more.
        new: DottedName,
        /// Whether `new` was resolved to an existing path of this version.
        resolved: bool,
    },
    /// An old access path that is deprecated without a successor that could be read.
    NameDeprecated {
        /// The old access path.
        old: DottedName,
    },
    /// An old keyword of a callable and its successor.
    Parameter {
        /// The callable's definition path; a class stands for its constructor.
        callable: DottedName,
        /// The old keyword.
        old: Arc<str>,
        /// The new keyword; none when the argument goes away.
        new: Option<Arc<str>>,
    },
    /// An old configuration key and its successor.
    Key {
        /// The old key.
        old: Arc<str>,
        /// The new key.
        new: Arc<str>,
        /// The table or class that says so.
        holder: Arc<str>,
    },
    /// A callable whose body says how a call of it is written in the new API.
    Call {
        /// The old callable's definition path.
        callable: DottedName,
        /// The expression that it returns, with its parameters as names.
        template: Arc<str>,
        /// The callable that the expression calls, resolved.
        new: DottedName,
    },
}

/// How a hint is said; each idiom is an evidence class of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HintIdiom {
    /// `Old = New`, in a module or class.
    AliasAssignment,
    /// `from x import New as Old`, or a plain re-export of a symbol that lives elsewhere.
    AliasImport,
    /// A table that a module's `__getattr__` reads, or a dictionary of moved names.
    LazyTable,
    /// A module whose names are all served, with a warning, from another module.
    ModuleShim,
    /// A function or method whose body only forwards, usually with a warning.
    ForwardingBody,
    /// A class that only inherits from its successor, usually with a warning.
    SubclassShim,
    /// A property or descriptor that only forwards.
    ForwardingProperty,
    /// A decorator with a message or an argument that names the successor.
    DeprecationDecorator,
    /// A warning in the body whose text names the successor.
    DeprecationWarning,
    /// A `deprecated` or `versionchanged` directive, or a sentence in a docstring.
    DocumentationNote,
    /// A sentence in the successor's docstring that names what it took the place of.
    PredecessorNote,
    /// A decorator that maps an old keyword to a new one.
    KeywordDecorator,
    /// A body that takes an old keyword and hands it to the new one (`if old is not None: new =
    /// old`).
    KeywordForwarding,
    /// A `**kwargs.pop("old")`, a lookup or an assignment `new = old` in the body.
    KeywordPop,
    /// A table of old and new configuration keys.
    SettingsTable,
    /// A sentence of the change log or a migration guide.
    ChangeLog,
}
