//! Decisions of a review that is not done yet: they outlive whoever made them.

use std::path::PathBuf;

use artifact::TreePath;
use host::{FileErrorKind, Place};

use super::{ReviewDecision, read_decisions};
use crate::bundle::LoadedManifest;
use crate::{Error, ErrorCode, World};

/// The longest file of decisions that is read, in bytes.
const LIMIT_BYTES: u64 = 64 << 20;

/// The decisions about one manifest that wait for the end of its review, in the user's state.
#[derive(Debug)]
pub struct KeptDecisions<'a> {
    world: &'a World,
    path: TreePath,
}

impl<'a> KeptDecisions<'a> {
    /// Those about this manifest.
    pub fn of(loaded: &LoadedManifest, world: &'a World) -> Result<Self, Error> {
        let path = TreePath::new(&format!("reviews/{}.json", loaded.digest.hex()))
            .map_err(|error| Error::internal("decisions have no usable name").caused_by(error))?;
        Ok(Self { world, path })
    }

    /// The file that holds them, which is a file of decisions like any other.
    pub fn path(&self) -> PathBuf {
        self.place().to_path()
    }

    /// What was decided so far.
    pub fn read(&self) -> Result<Vec<ReviewDecision>, Error> {
        match self.world.files.read(self.place(), LIMIT_BYTES) {
            Ok(bytes) => read_decisions(&bytes).map_err(|error| {
                let path = self.path();
                error.hint(format!("`{}` was changed: remove it to begin anew", path.display()))
            }),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Vec::new()),
            Err(error) => {
                let message = "the decisions that were made before cannot be read";
                Err(Error::outside(ErrorCode::StoreError, message, error))
            }
        }
    }

    /// Keeps these decisions in place of those that were kept before.
    pub fn write(&self, decisions: &[ReviewDecision]) -> Result<(), Error> {
        let mut bytes = serde_json::to_vec_pretty(decisions)
            .map_err(|error| Error::internal("decisions have no JSON form").caused_by(error))?;
        bytes.push(b'\n');
        let (files, base) = (&*self.world.files, &self.world.folders.state);
        let written = files
            .create_base(base)
            .and_then(|()| files.create_parents(base, &self.path))
            .and_then(|_| files.write(self.place(), &bytes, Some(0o600)));
        written.map_err(|error| {
            let message = "the decision could not be kept";
            Error::outside(ErrorCode::StoreError, message, error)
        })
    }

    /// Forgets them: they stand in a manifest now, or were dismissed.
    pub fn remove(&self) -> Result<(), Error> {
        match self.world.files.remove_file(self.place()) {
            Err(error) if error.kind != FileErrorKind::Missing => {
                let message = "the decisions could not be removed";
                Err(Error::outside(ErrorCode::StoreError, message, error))
            }
            _ => Ok(()),
        }
    }

    fn place(&self) -> Place<'_> {
        Place::new(&self.world.folders.state, &self.path)
    }
}
