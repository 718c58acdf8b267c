//! The doors that the code line uses, handed in by whoever starts it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use host::{Clock, Environment, Files, Processes, UserFolders};
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
    /// Programs that are started.
    pub processes: Arc<dyn Processes>,
    /// The binary of onx that confines programs, and that works out edits confined; it calls
    /// [`host::enter_when_asked`] before all else and answers [`crate::apply::WORK_ARGUMENT`].
    /// Without it edits are worked out in this process.
    pub worker: Option<PathBuf>,
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
