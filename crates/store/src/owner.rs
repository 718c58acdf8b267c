//! Whose the folder of the workspaces is: ids of tasks and runs begin anew in each store, so two of
//! them in one folder would go on with, and remove, what is the other's.

use std::path::Path;

use artifact::TreePath;
use host::{FileError, FileErrorKind, Files, Place};

use crate::StoreError;

/// The file that names the store; no task can have this id.
const OWNER: &str = ".store";

const OWNER_LIMIT_BYTES: u64 = 64 << 10;

/// How often a store says that a folder is its own before it gives up.
const ATTEMPTS: u32 = 8;

/// A store, as the folder of its workspaces names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// What no other store has that could use the same folder.
    pub id: String,
    /// What a person knows it by.
    pub name: String,
}

impl Owner {
    /// Says in the folder of the workspaces that it is this store's, and makes the folder where it
    /// is missing. Refused where another store has said so.
    pub(crate) fn claim(&self, files: &dyn Files, folder: &Path) -> Result<(), StoreError> {
        let path = owner_path()?;
        let place = Place::new(folder, &path);
        let text = format!("{}\n{}\n", self.id, self.name);
        for _ in 0..ATTEMPTS {
            if self.is_named(files, folder)? {
                return Ok(());
            }
            files.create_base(folder)?;
            match files.create(place, text.as_bytes(), None) {
                // Somebody else says so now, or was stopped while saying so.
                Err(error) if error.kind == FileErrorKind::Exists => {}
                created => return Ok(created?),
            }
            if !self.is_named(files, folder)? {
                match files.remove_file(place) {
                    Err(error) if error.kind != FileErrorKind::Missing => return Err(error.into()),
                    _ => {}
                }
            }
        }
        Err(FileError::new("write", place.to_path(), FileErrorKind::Exists).into())
    }

    /// Whether the folder names this store, and not nobody or only half of one.
    fn is_named(&self, files: &dyn Files, folder: &Path) -> Result<bool, StoreError> {
        let path = owner_path()?;
        let text = match files.read(Place::new(folder, &path), OWNER_LIMIT_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind == FileErrorKind::Missing => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8_lossy(&text);
        match text.strip_suffix('\n').and_then(|text| text.split_once('\n')) {
            None => Ok(false),
            Some((id, _)) if id == self.id => Ok(true),
            Some((_, name)) => {
                let (folder, owner) = (folder.to_owned(), name.to_owned());
                Err(StoreError::OtherWorkspaces { folder, owner })
            }
        }
    }
}

fn owner_path() -> Result<TreePath, FileError> {
    TreePath::new(OWNER).map_err(|_| FileError::new("use", OWNER, FileErrorKind::Path))
}

#[cfg(test)]
mod tests {
    use host::MemoryFiles;

    use super::*;

    #[test]
    fn a_folder_is_of_one_store() {
        let files = MemoryFiles::new();
        let folder = Path::new("/state/workspaces");
        let owner = |id: &str| Owner { id: id.to_owned(), name: format!("the store {id}") };
        for _ in 0..2 {
            owner("a").claim(&files, folder).expect("its own");
        }
        let refused = owner("b").claim(&files, folder).expect_err("another's");
        let StoreError::OtherWorkspaces { owner: name, .. } = &refused else { panic!("{refused}") };
        assert_eq!(name, "the store a");
        assert_eq!(refused.kind(), artifact::ErrorKind::Conflict);
        owner("b").claim(&files, Path::new("/state/others")).expect("its own");
        // One that was stopped in the midst has said nothing.
        let path = owner_path().expect("a path");
        for half in ["", "a", "a\n", "a\nthe sto"] {
            files.write(Place::new(folder, &path), half.as_bytes(), None).expect("written");
            owner("b").claim(&files, folder).expect("nobody's");
            owner("a").claim(&files, folder).expect_err("another's");
        }
    }
}
