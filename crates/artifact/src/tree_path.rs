//! Paths inside a source tree or a target, which can never leave it.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization as _;

use crate::{is_deceptive, shown};

/// A relative path with `/` between its parts and no part that is empty, `.` or `..`, without
/// control characters, backslashes and a colon after one letter: joined to a folder it stays below
/// that folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct TreePath(Arc<str>);

/// A text that is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no relative path inside a tree: {problem}", shown(path))]
pub struct TreePathError {
    /// The text, at most its first 200 characters.
    path: String,
    /// Why it is none.
    pub problem: PathProblem,
}

/// Why a text is no path inside a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PathProblem {
    /// There is no text.
    #[error("it is empty")]
    Empty,
    /// It starts with `/`.
    #[error("it is absolute")]
    Absolute,
    /// It starts with a letter and a colon: some systems take that for a drive.
    #[error("it names a drive")]
    Drive,
    /// It holds `\\`, which is a part of a name here and a separator there.
    #[error("it holds a backslash")]
    Backslash,
    /// It holds NUL or another control character.
    #[error("it holds a control character")]
    Control,
    /// A part is `..`.
    #[error("it goes up with `..`")]
    Up,
    /// A part is empty or `.`.
    #[error("it has a part that is empty or `.`")]
    EmptyPart,
    /// It has more than 4096 bytes, or a part more than 255.
    #[error("it is longer than any file system takes")]
    TooLong,
}

/// The most bytes of a path.
const LIMIT_BYTES: usize = 4096;

/// The most bytes of one of its parts.
const PART_LIMIT_BYTES: usize = 255;

impl TreePath {
    /// Checks and takes a path.
    pub fn new(path: &str) -> Result<Self, TreePathError> {
        match problem(path) {
            None => Ok(Self(path.into())),
            Some(problem) => Err(TreePathError { path: path.chars().take(200).collect(), problem }),
        }
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

    /// The same for two paths that some file system takes for one: they differ only in case, in the
    /// form of their characters, in characters that cannot be seen, or in dots and spaces at the
    /// end of a part.
    pub fn folded(&self) -> String {
        let parts: Vec<String> = self.parts().map(folded).collect();
        parts.join("/")
    }

    /// Whether it lies in a folder of a version control system, under any name that some file
    /// system takes for one: what is written there can run with the next command.
    pub fn is_version_control(&self) -> bool {
        self.parts().any(|part| {
            let part = folded(part);
            // A stream of a folder is the folder itself.
            let name = part.split(':').next().unwrap_or_default();
            matches!(name, ".git" | "git~1" | ".hg" | ".svn" | ".bzr" | "_darcs" | ".jj")
        })
    }
}

fn folded(part: &str) -> String {
    let lower: String = if part.is_ascii() {
        part.to_ascii_lowercase()
    } else {
        let seen = part.nfd().filter(|character| !is_deceptive(*character));
        seen.flat_map(char::to_lowercase).nfc().collect()
    };
    let kept = lower.trim_end_matches(['.', ' ']).len();
    // A part of nothing else stays, or it would be none.
    if kept == 0 { lower } else { lower[..kept].to_owned() }
}

fn problem(path: &str) -> Option<PathProblem> {
    let bytes = path.as_bytes();
    if path.is_empty() {
        return Some(PathProblem::Empty);
    }
    if bytes.len() > LIMIT_BYTES {
        return Some(PathProblem::TooLong);
    }
    if path.contains(char::is_control) {
        return Some(PathProblem::Control);
    }
    if path.contains('\\') {
        return Some(PathProblem::Backslash);
    }
    if bytes[0] == b'/' {
        return Some(PathProblem::Absolute);
    }
    if bytes[0].is_ascii_alphabetic() && bytes.get(1) == Some(&b':') {
        return Some(PathProblem::Drive);
    }
    path.split('/').find_map(|part| match part {
        ".." => Some(PathProblem::Up),
        "" | "." => Some(PathProblem::EmptyPart),
        part if part.len() > PART_LIMIT_BYTES => Some(PathProblem::TooLong),
        _ => None,
    })
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
    fn paths_that_leave_the_tree_are_refused_with_the_reason() {
        let table = [
            ("", PathProblem::Empty),
            ("/etc/passwd", PathProblem::Absolute),
            ("../x", PathProblem::Up),
            ("a/../../b", PathProblem::Up),
            ("a//b", PathProblem::EmptyPart),
            ("a/", PathProblem::EmptyPart),
            ("./a", PathProblem::EmptyPart),
            ("a\\b", PathProblem::Backslash),
            ("C:/x", PathProblem::Drive),
            ("a/\0", PathProblem::Control),
            ("a\u{1b}[2J", PathProblem::Control),
            ("a\u{9b}b", PathProblem::Control),
        ];
        for (hostile, problem) in table {
            assert_eq!(TreePath::new(hostile).expect_err(hostile).problem, problem, "{hostile:?}");
        }
        let long = "x".repeat(256);
        assert_eq!(TreePath::new(&long).expect_err("long").problem, PathProblem::TooLong);
        assert!(TreePath::new(&long[1..]).is_ok());
        let path = TreePath::new("src/pkg/mod.py").expect("a plain path");
        assert_eq!(
            (path.file_name(), path.extension(), path.parent()),
            ("mod.py", Some("py"), Some("src/pkg"))
        );
    }

    #[test]
    fn an_error_cannot_steer_the_terminal() {
        let error = TreePath::new("a\u{1b}[2J").expect_err("a control character").to_string();
        assert!(!error.contains('\u{1b}') && error.contains("\\u{1b}[2J"), "{error}");
    }

    #[test]
    fn paths_that_a_file_system_takes_for_one_fold_to_the_same() {
        let path = |text: &str| TreePath::new(text).expect("a path");
        for (one, other) in [
            ("pkg/Mod.py", "PKG/mod.py"),
            ("caf\u{e9}.py", "cafe\u{301}.py"),
            ("a./b ", "a/b"),
            ("a\u{200d}b", "ab"),
            ("\u{212b}", "\u{e5}"),
            ("\u{130}", "i\u{307}"),
        ] {
            assert_eq!(path(one).folded(), path(other).folded(), "{one} and {other}");
        }
        for (one, other) in [("a/b", "ab"), ("a..b", "ab"), ("...", "."), ("stra\u{df}e", "strase")]
        {
            let other = TreePath::new(other).map_or(other.to_owned(), |path| path.folded());
            assert_ne!(path(one).folded(), other, "{one}");
        }
    }

    #[test]
    fn folders_of_version_control_are_known_under_every_name() {
        for text in [
            ".git/config",
            "sub/.GIT/hooks/x",
            "GIT~1/config",
            ".git./config",
            ".git /config",
            ".g\u{200c}it/config",
            ".git::$INDEX_ALLOCATION/config",
            ".hg/hgrc",
            ".git",
        ] {
            assert!(TreePath::new(text).expect(text).is_version_control(), "{text}");
        }
        for text in [".gitignore", ".github/workflows/x.yml", "git/x", "a.git/x", ".gitmodules"] {
            assert!(!TreePath::new(text).expect(text).is_version_control(), "{text}");
        }
    }
}
