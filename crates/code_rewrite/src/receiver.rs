//! Answers about what a receiver is.

use artifact::TreePath;
use code_model::DottedName;
use python::edit::Span;

/// What the object before a dot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An instance of one of these classes of the core, or one of the classes itself; definition paths in the
    /// old version. More than one when its type is a union.
    Classes(Vec<DottedName>),
    /// Certainly nothing of the core.
    NotOurs,
    /// Nobody can say, with the reason.
    Unknown(String),
}

/// Answers what the object at a place in a dependent's file is.
pub trait Receivers {
    /// What the expression at `receiver` in `file` is; the range is one of the decoded text.
    fn receiver(&self, file: &TreePath, receiver: Span) -> Receiver;

    /// Whether it can tell anything at all. Otherwise files that do not name the core are not looked at for members.
    fn knows_types(&self) -> bool {
        true
    }
}

/// Knows nothing: only edits that need no types are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReceivers;

impl Receivers for NoReceivers {
    fn receiver(&self, _file: &TreePath, _receiver: Span) -> Receiver {
        Receiver::Unknown("types were not asked for".to_owned())
    }

    fn knows_types(&self) -> bool {
        false
    }
}
