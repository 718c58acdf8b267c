//! Other packages that are installed beside the dependent, read file by file when inference asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::TreePath;
use code_model::DottedName;
use host::{Files, Place, WalkOptions, walk_folder};
use python::parse::SourceText;
use python::types::TextTree;

use super::target::FILE_LIMIT_BYTES;
use crate::{Error, ErrorCode, World};

/// The Python files of a folder of packages.
pub(super) struct InstalledPackages {
    files: Arc<dyn Files>,
    folder: PathBuf,
    paths: Vec<TreePath>,
}

impl InstalledPackages {
    /// Lists a folder.
    pub(super) fn open(world: &World, folder: &Path) -> Result<Self, Error> {
        let walk = WalkOptions { respect_git_ignore: false, ..WalkOptions::default() };
        let walked = walk_folder(folder, walk).map_err(|error| {
            let message = format!("the packages in `{}` cannot be listed", folder.display());
            let hint = error.hint().to_owned();
            Error::outside(ErrorCode::ApplicationError, message, error).hint(hint)
        })?;
        let is_python = |path: &TreePath| {
            matches!(path.extension(), Some("py" | "pyi")) || path.file_name() == "py.typed"
        };
        let files = walked.files.into_iter().filter(|file| !file.is_link);
        let paths = files.map(|file| file.path).filter(is_python).collect();
        Ok(Self { files: Arc::clone(&world.files), folder: folder.to_owned(), paths })
    }

    /// The text of every Python file of another package than these.
    pub(super) fn texts(&self, without: &BTreeSet<DottedName>) -> impl Iterator<Item = Arc<str>> {
        let is_other = move |path: &&TreePath| {
            let package = path.parts().next().unwrap_or_default();
            !without.iter().any(|root| root.root() == package)
        };
        self.paths.iter().filter(is_other).filter_map(move |path| self.read(path))
    }
}

impl TextTree for InstalledPackages {
    fn paths(&self) -> Vec<TreePath> {
        self.paths.clone()
    }

    fn read(&self, path: &TreePath) -> Option<Arc<str>> {
        let bytes = self.files.read(Place::new(&self.folder, path), FILE_LIMIT_BYTES).ok()?;
        Some(Arc::from(SourceText::decode(&bytes).ok()?.text))
    }
}
