//! Paths inside a source tree or a target, which can never leave it.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A relative path with `/` between its parts and no part that is empty, `.`, `..` or holds a NUL,
/// a backslash or a colon after one letter: joined to a folder it stays below that folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct TreePath(Arc<str>);

/// A text that is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no relative path inside a tree")]
pub struct TreePathError(String);

impl TreePath {
    /// Checks and takes a path.
    pub fn new(path: &str) -> Result<Self, TreePathError> {
        let windows_drive =
            path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
        let hostile = |part: &str| {
            part.is_empty() || part == "." || part == ".." || part.contains(['\0', '\\'])
        };
        if windows_drive || path.len() > 4096 || path.split('/').any(hostile) {
            return Err(TreePathError(path.chars().take(200).collect()));
        }
        Ok(Self(path.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The last part's ending after its last dot, if it has one that is not at its start.
    pub fn extension(&self) -> Option<&str> {
        self.file_name()
            .rsplit_once('.')
            .filter(|(stem, _)| !stem.is_empty())
            .map(|(_, ending)| ending)
    }

    /// Everything before the last `/`; none for a path of one part.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// The parts from the outermost folder to the file name.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::borrow::Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> Self {
        path.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for TreePath {
    type Error = TreePathError;
    fn try_from(path: String) -> Result<Self, Self::Error> {
        Self::new(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_tree_are_refused() {
        for hostile in
            ["", "/etc/passwd", "../x", "a/../../b", "a//b", "./a", "a\\b", "C:/x", "a/\0"]
        {
            assert!(TreePath::new(hostile).is_err(), "{hostile:?}");
        }
        let path = TreePath::new("src/pkg/mod.py").expect("a plain path");
        assert_eq!(
            (path.file_name(), path.extension(), path.parent()),
            ("mod.py", Some("py"), Some("src/pkg"))
        );
    }
}
