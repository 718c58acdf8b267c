//! The doors that the code line uses, handed in by whoever starts it.

use std::fmt;
use std::sync::Arc;

use host::{Clock, Environment, Files, UserFolders};
use sources::SourceContext;

/// The doors to the user's machine.
#[derive(Clone)]
pub struct World {
    /// Files on the disk.
    pub files: Arc<dyn Files>,
    /// Environment variables and the working folder.
    pub environment: Environment,
    /// Where caches and state lie.
    pub folders: UserFolders,
    /// The time, for records only.
    pub clock: Arc<dyn Clock>,
}

impl World {
    /// What opening a source needs.
    pub fn sources(&self) -> SourceContext {
        SourceContext {
            environment: self.environment.clone(),
            folders: self.folders.clone(),
            clock: self.clock.clone(),
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("folders", &self.folders).finish_non_exhaustive()
    }
}
