//! A folder as the place where the files of a registry with roles come from.

use std::path::PathBuf;
use std::sync::Arc;

use host::{FileErrorKind, Files, Place, tree_path};

use super::{Transport, TransportError};

/// A folder with `metadata` and `targets`.
#[derive(Debug, Clone)]
pub struct FolderTransport {
    files: Arc<dyn Files>,
    root: PathBuf,
}

impl FolderTransport {
    /// The files below this folder.
    pub fn new(files: Arc<dyn Files>, root: impl Into<PathBuf>) -> Self {
        Self { files, root: root.into() }
    }
}

impl Transport for FolderTransport {
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        let path = tree_path(name)?;
        match self.files.read(Place::new(&self.root, &path), limit_bytes) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) if matches!(error.kind, FileErrorKind::TooLarge(_)) => {
                Err(TransportError::TooLong(limit_bytes))
            }
            Err(error) => Err(error.into()),
        }
    }
}
