//! Answers about what a receiver is.

use artifact::TreePath;
use python::edit::Span;
use python::types::{ClassInFile, Question, Receiver, TypeOracle};

/// Answers what the object at a place in a dependent's file is.
pub trait Receivers {
    /// What the expression at `receiver` in `file` is, and which classes define `member` of it; the
    /// range is one of the decoded text, without parentheses around the expression.
    fn receiver(&self, file: &TreePath, receiver: Span, member: &str) -> Receiver;

    /// The classes that `file` defines, with what they inherit from.
    fn classes(&self, file: &TreePath) -> Vec<ClassInFile>;

    /// Whether it can tell anything at all. Otherwise files that do not name the core are not
    /// looked at for members.
    fn knows_types(&self) -> bool {
        true
    }
}

/// Knows nothing: only edits that need no types are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReceivers;

impl Receivers for NoReceivers {
    fn receiver(&self, _file: &TreePath, _receiver: Span, _member: &str) -> Receiver {
        Receiver { unknown: Some("types were not asked for".to_owned()), ..Receiver::default() }
    }

    fn classes(&self, _file: &TreePath) -> Vec<ClassInFile> {
        Vec::new()
    }

    fn knows_types(&self) -> bool {
        false
    }
}

impl Receivers for TypeOracle {
    fn receiver(&self, file: &TreePath, receiver: Span, member: &str) -> Receiver {
        let question =
            Question { bytes: (receiver.start, receiver.end), member: Some(member.to_owned()) };
        self.ask(file, &[question]).into_iter().next().unwrap_or_default()
    }

    fn classes(&self, file: &TreePath) -> Vec<ClassInFile> {
        TypeOracle::classes(self, file).unwrap_or_default()
    }
}
