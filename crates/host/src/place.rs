//! Where a file lies: below a folder that the user named.

use std::path::{Component, Path, PathBuf};

use artifact::TreePath;

use crate::{FileError, FileErrorKind};

/// A place below a base folder. Links in the base are followed, for the user named it; below it
/// none is, so that nothing is read or written outside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The folder that the user named.
    pub base: &'a Path,
    /// The path below it.
    pub path: &'a TreePath,
}

impl<'a> Place<'a> {
    /// The place of this path below this folder.
    pub fn new(base: &'a Path, path: &'a TreePath) -> Self {
        Self { base, path }
    }

    /// The path as the operating system writes it.
    pub fn to_path(self) -> PathBuf {
        self.base.join(self.path.as_str())
    }
}

/// Splits a path that the user named into its folder and its name, ready for a [`Place`].
pub fn split_path(path: &Path) -> Result<(PathBuf, TreePath), FileError> {
    let unusable = || FileError::new("use", path, FileErrorKind::Path);
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return Err(unusable());
    };
    let name = name.to_str().and_then(|name| TreePath::new(name).ok()).ok_or_else(unusable)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((folder, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_into_folder_and_name() {
        for (path, folder, name) in
            [("/a/b", "/a", "b"), ("b", ".", "b"), ("a/b/", "a", "b"), ("../b", "..", "b")]
        {
            let (base, leaf) = split_path(Path::new(path)).expect(path);
            assert_eq!((base, leaf.as_str()), (PathBuf::from(folder), name), "{path}");
        }
        for path in ["", "/", "..", "a/.."] {
            assert!(split_path(Path::new(path)).is_err(), "{path}");
        }
    }
}
