//! What each command does with its arguments.

use std::path::PathBuf;

use code_line::settings::Settings;
use code_line::{Error, ErrorCode};

use crate::arguments::GlobalArguments;
use crate::configuration;
use crate::output::Output;

/// What every command needs.
pub(crate) struct Context<'a> {
    pub(crate) output: &'a Output,
    pub(crate) settings: Settings,
    pub(crate) working_directory: PathBuf,
}

impl<'a> Context<'a> {
    pub(crate) fn new(global: &GlobalArguments, output: &'a Output) -> Result<Self, Error> {
        let working_directory = std::env::current_dir().map_err(|error| {
            Error::outside(ErrorCode::UsageError, "the working directory cannot be found", error)
        })?;
        let settings = configuration::load(global.config.as_deref(), &working_directory, None)?;
        Ok(Self { output, settings, working_directory })
    }
}

macro_rules! not_built {
    ($($name:ident: $arguments:ident),* $(,)?) => {
        $(pub(crate) fn $name(
            _: &Context<'_>,
            _: &crate::arguments::$arguments,
        ) -> Result<crate::Answer, Error> {
            Err(Error::internal(concat!("`", stringify!($name), "` is not built yet")))
        })*
    };
}
not_built! {
    generate: GenerateArguments, compat: CompatArguments, semver: SemverArguments, diff: DiffArguments,
    docs: DocsArguments, explain: ExplainArguments, verify: VerifyArguments,
    calibrate: CalibrateArguments, apply: ApplyArguments, rollback: RollbackArguments,
    status: StatusArguments, history: HistoryArguments,
}
