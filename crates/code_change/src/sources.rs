//! The texts behind two snapshots, as inference asks for them.

use std::sync::Arc;

use artifact::TreePath;

/// One of the two versions that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The old one.
    From,
    /// The new one.
    To,
}

impl Version {
    /// `from` or `to`, as manifests write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
        }
    }
}

/// Gives the text of a file of either version. Inference asks only for files whose symbols it must
/// compare closely, and goes on without them when there is none.
pub trait SourceText {
    /// The text, when the file exists and is text.
    fn text(&self, version: Version, file: &TreePath) -> Option<Arc<str>>;
}

/// No texts at all: symbols are compared by what their snapshots say.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSources;

impl SourceText for NoSources {
    fn text(&self, _: Version, _: &TreePath) -> Option<Arc<str>> {
        None
    }
}
