//! What each command does with its arguments.

mod apply;
mod approvals;
mod attempts;
mod audit;
mod calibrate;
mod compat;
mod compose;
mod doctor;
mod events;
mod explain;
mod gc;
mod generate;
mod keys;
mod listings;
mod manifest;
mod planner;
mod policy;
mod records;
mod registry;
mod review;
mod roles;
mod runs;
mod tasks;
mod template;
mod trial;
mod trust;
mod work;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::TreePath;
use code_line::settings::{Rules, Settings};
use code_line::{Error, ErrorCode, ErrorKind, World};
use host::{
    Clock, DiskFiles, Environment, Files, Place, SystemClock, SystemProcesses, UserFolders,
    split_path,
};

pub(crate) use self::apply::apply;
pub(crate) use self::approvals::{approvals, approve};
pub(crate) use self::audit::audit;
pub use self::audit::{AuditAnswer, AuditProof};
pub(crate) use self::calibrate::calibrate;
pub(crate) use self::compat::compat;
pub(crate) use self::compose::compose;
pub(crate) use self::doctor::doctor;
pub use self::events::EventItem;
pub(crate) use self::events::events;
pub(crate) use self::explain::explain;
pub use self::gc::GcAnswer;
pub(crate) use self::gc::gc;
pub(crate) use self::generate::generate;
pub(crate) use self::keys::keys;
pub use self::keys::{KeyItem, SignedFileAnswer};
pub(crate) use self::manifest::{diff, docs, semver, verify};
pub(crate) use self::policy::policy;
pub use self::records::AppliedItem;
pub(crate) use self::records::{history, rollback, status};
pub use self::registry::{FetchAnswer, PublishAnswer, RegistryItem};
pub(crate) use self::registry::{fetch, publish, registry};
pub(crate) use self::review::review;
pub use self::tasks::{ImportAnswer, RunAnswer, TaskAnswer};
pub(crate) use self::tasks::{runs, tasks};
pub(crate) use self::template::template;
pub(crate) use self::trial::try_migration;
use self::trust::UserTrust;
pub(crate) use self::trust::sign;
pub(crate) use self::work::work_when_asked;
pub(crate) use self::worker::worker;
use crate::arguments::GlobalArguments;
use crate::configuration;
use crate::output::Output;
use crate::timings::Timings;

/// What every command needs.
pub(crate) struct Context<'a> {
    pub(crate) output: &'a Output,
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) timings: Timings,
}

impl<'a> Context<'a> {
    pub(crate) fn new(global: &GlobalArguments, output: &'a Output) -> Result<Self, Error> {
        let environment = Environment::of_process();
        let mut folders = UserFolders::of(&environment).map_err(|error| {
            let hint = error.hint();
            Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, error.to_string())
                .hint(hint)
        })?;
        if let Some(cache) = &global.cache_dir {
            folders.cache = environment.absolute(cache);
        }
        let named = global.config.as_ref().map(|path| environment.absolute(path));
        let settings = configuration::load(
            named.as_deref(),
            environment.working_folder(),
            &folders.configuration,
        )?;
        let files: Arc<dyn Files> = Arc::new(DiskFiles);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let trust = Arc::new(UserTrust::new(&files, &clock, &folders, &environment));
        let world = World {
            trust,
            files,
            environment,
            folders,
            clock,
            processes: Arc::new(SystemProcesses),
            worker: std::env::current_exe().ok(),
        };
        let timings = Timings::new(world.clock.clone(), global.timings);
        Ok(Self { output, settings, world, timings })
    }

    /// The rules of inference, with the threshold that the user asks for.
    pub(crate) fn rules(&self, threshold: Option<f64>) -> Rules {
        let mut rules = self.settings.rules.clone();
        if let Some(threshold) = threshold.or(self.settings.generate.confidence_threshold) {
            rules.confidence_threshold = threshold;
        }
        rules
    }

    /// A folder below the cache that this process alone uses.
    pub(crate) fn scratch(&self, purpose: &str) -> PathBuf {
        self.world.folders.cache.join(format!("scratch/{purpose}-{}", std::process::id()))
    }

    /// Removes a scratch folder; what stays behind may be deleted at any time.
    pub(crate) fn discard(&self, scratch: &Path) {
        let files = &*self.world.files;
        let names = files.list(scratch, None).unwrap_or_default();
        for path in names.iter().filter_map(|entry| TreePath::new(&entry.name).ok()) {
            drop(files.remove_file(Place::new(scratch, &path)));
        }
        if let Ok((base, name)) = split_path(scratch) {
            drop(files.remove_folder(Place::new(&base, &name)));
        }
    }

    /// The bytes of a file that the user named.
    pub(crate) fn read_file(&self, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Error> {
        self.world.read_named(path, limit_bytes)
    }

    /// Writes a file that the user named.
    pub(crate) fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        self.world.write_named(path, bytes)
    }
}
