//! What can be asked of inference, and what it answers.

use code_model::DottedName;

/// Asks what an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// First byte of the expression in its file and the byte after its last one, without
    /// parentheses around it.
    pub bytes: (u32, u32),
    /// A member that is looked up on it, to learn which classes define it.
    pub member: Option<String>,
}

/// Whose definition something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The library whose stub tree is mounted.
    Core,
    /// The dependent itself.
    Dependent,
    /// Another installed package.
    Installed,
    /// The standard library.
    Standard,
}

/// A definition: whose it is, and its dotted name (module, then qualified name).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Whose definition it is.
    pub origin: Origin,
    /// The dotted name of the definition, not of an access path.
    pub name: DottedName,
}

/// What one alternative of an expression's type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlternativeKind {
    /// An instance of the class.
    Instance,
    /// The class itself, or a subclass of it.
    ClassObject,
    /// `super()`: the class is the one whose bases are searched, and its lineage starts after
    /// itself.
    Super,
    /// A module.
    Module,
    /// A function, or a method that is not bound to a receiver.
    Function,
    /// A method that is bound to its receiver.
    Method,
}

/// One thing that an expression may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alternative {
    /// What it is.
    pub kind: AlternativeKind,
    /// The class, module or function.
    pub place: Place,
    /// For classes: the class and everything it inherits from, in the order in which members are
    /// looked up.
    pub lineage: Vec<Place>,
    /// Whether no base of it is unknown.
    pub lineage_complete: bool,
    /// The classes of the lineage that define the member that was asked for, in order.
    pub defined_in: Vec<Place>,
}

/// What the receiver of an expression is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receiver {
    /// Everything that it may be, sorted; `None` and literals that cannot be ours are included as
    /// what they are.
    pub alternatives: Vec<Alternative>,
    /// Why it may also be something else, when that cannot be told.
    pub unknown: Option<String>,
}

impl Receiver {
    /// A receiver about which nothing is known.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self { alternatives: Vec::new(), unknown: Some(reason.into()) }
    }

    /// Whether some alternative is, or inherits from, a definition of the library.
    pub fn touches_core(&self) -> bool {
        self.alternatives.iter().any(|alternative| {
            alternative.place.origin == Origin::Core
                || alternative.lineage.iter().any(|class| class.origin == Origin::Core)
        })
    }
}

/// A class that a file of the dependent defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassInFile {
    /// First byte of the class's name in its statement.
    pub name_start: u32,
    /// The class with its lineage.
    pub class: Alternative,
}
