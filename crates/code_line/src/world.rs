//! The doors that the code line uses, handed in by whoever starts it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::{Clock, Environment, FileErrorKind, Files, Place, Processes, UserFolders, split_path};
use sources::SourceContext;

use crate::trust::Trust;
use crate::{Error, ErrorCode, ErrorKind};

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
    /// Who signs here, and whom this machine trusts.
    pub trust: Arc<dyn Trust>,
    /// Programs that are started.
    pub processes: Arc<dyn Processes>,
    /// The binary of onx that confines programs, and that works out edits confined; it calls
    /// [`host::enter_when_asked`] before all else and answers [`crate::apply::WORK_ARGUMENT`].
    /// Without it edits are worked out in this process.
    pub worker: Option<PathBuf>,
}

impl World {
    /// The same doors, with relative paths counted from this folder.
    #[must_use]
    pub fn working_in(&self, folder: &Path) -> Self {
        Self { environment: self.environment.working_in(folder), ..self.clone() }
    }

    /// Writes a file that the user named, at once or not at all.
    pub fn write_named(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let path = self.environment.absolute(path);
        let written = split_path(&path)
            .and_then(|(base, name)| self.files.write(Place::new(&base, &name), bytes, None));
        written.map_err(|error| {
            let hint = error.hint().to_owned();
            let message = format!("`{}` cannot be written", path.display());
            Error::outside(ErrorCode::OutputError, message, error).hint(hint)
        })
    }

    /// The bytes of a file that the user named.
    pub fn read_named(&self, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Error> {
        let path = self.environment.absolute(path);
        let read = split_path(&path)
            .and_then(|(base, name)| self.files.read(Place::new(&base, &name), limit_bytes));
        read.map_err(|error| {
            let hint = error.hint().to_owned();
            let message = format!("`{}` cannot be read", path.display());
            let kind = match error.kind {
                FileErrorKind::Missing | FileErrorKind::TooLarge(_) | FileErrorKind::NotAFile => {
                    ErrorKind::User
                }
                _ => ErrorKind::Outside,
            };
            Error::new(kind, ErrorCode::UsageError, message).caused_by(error).hint(hint)
        })
    }

    /// Doors to the disk for a test, with caches and state below this folder. Nobody is trusted.
    #[cfg(test)]
    pub(crate) fn of_a_test(folder: &Path) -> Self {
        let place = |name: &str| folder.join(name);
        Self {
            files: Arc::new(host::DiskFiles),
            environment: Environment::fixed([]),
            folders: UserFolders {
                cache: place("cache"),
                state: place("state"),
                configuration: place("configuration"),
            },
            clock: Arc::new(host::SystemClock::new()),
            processes: Arc::new(host::SystemProcesses),
            trust: Arc::new(crate::trust::NoTrust),
            worker: None,
        }
    }

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
