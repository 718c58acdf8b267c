//! The Python that a dependent's tests run with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use host::ChildCommand;
use serde::Deserialize;

use crate::{Error, ErrorCode, ErrorKind, World};

/// The interpreter that is taken when the user names none.
const DEFAULT: &str = "python3";

const DESCRIBE: &str = "import json, os, sys
base = getattr(sys, '_base_executable', None) or sys.executable
print(json.dumps({
    'program': sys.executable,
    'base': os.path.realpath(base),
    'folders': sorted({sys.base_prefix, sys.base_exec_prefix}),
    'version': '.'.join(map(str, sys.version_info[:3])),
}))";

/// A Python of the user's, outside of every environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Interpreter {
    /// The program that the user's package client runs with.
    pub(super) program: PathBuf,
    /// The program that new environments are made from.
    pub(super) base: PathBuf,
    /// The folders of its standard library.
    pub(super) folders: Vec<PathBuf>,
    /// Its version, for example `3.13.0`.
    pub(super) version: String,
}

impl Interpreter {
    /// The interpreter that the user named, or the one that is found first.
    pub(super) fn find(given: Option<&Path>, world: &World) -> Result<Self, Error> {
        let name = given.unwrap_or(Path::new(DEFAULT));
        let program = if name.components().count() > 1 {
            world.environment.absolute(name)
        } else {
            name.to_owned()
        };
        let mut command = ChildCommand::new(&program).argument("-c").argument(DESCRIBE);
        command.environment = variables(world);
        command.timeout = Duration::from_secs(30);
        let unusable = || {
            let message = format!("`{}` is no Python that can be used", name.display());
            Error::user(ErrorCode::UsageError, message)
                .hint("name an interpreter with --python, for example --python python3.12")
        };
        let completed =
            world.processes.run(&command).map_err(|error| unusable().caused_by(error))?;
        if !completed.succeeded() {
            let words = String::from_utf8_lossy(&completed.stderr).trim().to_owned();
            return Err(unusable().detail(words));
        }
        serde_json::from_slice(&completed.stdout).map_err(|error| unusable().caused_by(error))
    }

    /// The user's package client with these arguments, as the user has set it up.
    pub(super) fn package_client(
        &self,
        arguments: &[String],
        world: &World,
    ) -> Result<host::Completed, Error> {
        let mut command = ChildCommand::new(&self.program).argument("-m").argument("pip");
        command.arguments.extend(arguments.iter().map(Into::into));
        command.environment = variables(world);
        command.timeout = Duration::from_mins(10);
        world.processes.run(&command).map_err(|error| {
            let message = "the package client could not be run";
            Error::new(ErrorKind::Outside, ErrorCode::VerificationError, message).caused_by(error)
        })
    }
}

fn variables(world: &World) -> std::collections::BTreeMap<std::ffi::OsString, std::ffi::OsString> {
    let variables = world.environment.variables();
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
