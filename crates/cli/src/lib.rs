//! The binaries of onx: arguments, words, progress and exit codes.
//!
//! Results go to standard output, words about them to standard error. Nothing here decides what a
//! change means.

mod arguments;
mod commands;
mod configuration;
mod output;
mod progress;
mod timings;
mod words;

use std::process::ExitCode;

use clap::Parser;
use code_line::{Error, ErrorKind};

use crate::arguments::{
    GlobalArguments, ManifestCommand, MigrateCommand, Onx, OnxCommand, OnxManifest, OnxMigrate,
};
use crate::output::Output;

pub use crate::commands::{
    AppliedItem, AuditAnswer, AuditProof, EventItem, FetchAnswer, GcAnswer, ImportAnswer, KeyItem,
    PublishAnswer, RegistryItem, RunAnswer, SignedFileAnswer, TaskAnswer,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Which of the binaries was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// `onx`, with every command.
    Onx,
    /// `onx-manifest`.
    Manifest,
    /// `onx-migrate`.
    Migrate,
}

/// What a command answers, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes.
    Yes,
    /// Done, and the answer is no.
    No,
}

/// Reads the command line, does what it asks for and says how it went.
pub fn main(entry: Entry) -> ExitCode {
    if let Some(ended) = host::enter_when_asked().or_else(commands::work_when_asked) {
        return ended;
    }
    let (command, global) = parse(entry);
    let output = Output::new(global.json, global.quiet);
    match run(&command, &global, &output) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            output.error(&error);
            ExitCode::from(exit_code(error.kind()))
        }
    }
}

/// The command line of `onx` as a value, for the pages that are made from it.
pub fn command_line() -> clap::Command {
    use clap::CommandFactory as _;
    Onx::command()
}

fn parse(entry: Entry) -> (OnxCommand, GlobalArguments) {
    match entry {
        Entry::Onx => {
            let Onx { command, global } = Onx::parse();
            (command, global)
        }
        Entry::Manifest => {
            let OnxManifest { command, global } = OnxManifest::parse();
            (OnxCommand::Manifest(command), global)
        }
        Entry::Migrate => {
            let OnxMigrate { command, global } = OnxMigrate::parse();
            (OnxCommand::Migrate(command), global)
        }
    }
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::User => 2,
        ErrorKind::Config => 3,
        ErrorKind::Conflict => 4,
        ErrorKind::Outside => 5,
        ErrorKind::Internal => 6,
    }
}

fn run(command: &OnxCommand, global: &GlobalArguments, output: &Output) -> Result<Answer, Error> {
    if let Some(threads) = global.parallel {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        pool.build_global().map_err(|error| {
            Error::internal("the threads could not be started").caused_by(error)
        })?;
    }
    let context = commands::Context::new(global, output)?;
    let answer = carry_out(command, &context);
    output.timings(&context.timings);
    answer
}

fn carry_out(command: &OnxCommand, context: &commands::Context<'_>) -> Result<Answer, Error> {
    match command {
        OnxCommand::Doctor => commands::doctor(context),
        OnxCommand::Tasks(command) => commands::tasks(context, command),
        OnxCommand::Runs(command) => commands::runs(context, command),
        OnxCommand::Worker(arguments) => commands::worker(context, arguments),
        OnxCommand::Keys(command) => commands::keys(context, command),
        OnxCommand::Policy(command) => commands::policy(context, command),
        OnxCommand::Audit(command) => commands::audit(context, command),
        OnxCommand::Events(arguments) => commands::events(context, arguments),
        OnxCommand::Gc(arguments) => commands::gc(context, arguments),
        OnxCommand::Manifest(command) => match command {
            ManifestCommand::Generate(arguments) => commands::generate(context, arguments),
            ManifestCommand::Compat(arguments) => commands::compat(context, arguments),
            ManifestCommand::Semver(arguments) => commands::semver(context, arguments),
            ManifestCommand::Diff(arguments) => commands::diff(context, arguments),
            ManifestCommand::Docs(arguments) => commands::docs(context, arguments),
            ManifestCommand::Explain(arguments) => commands::explain(context, arguments),
            ManifestCommand::Review(arguments) => commands::review(context, arguments),
            ManifestCommand::Approve(arguments) => commands::approve(context, arguments),
            ManifestCommand::Approvals(arguments) => commands::approvals(context, arguments),
            ManifestCommand::Sign(arguments) => commands::sign(context, arguments),
            ManifestCommand::Verify(arguments) => commands::verify(context, arguments),
            ManifestCommand::Publish(arguments) => commands::publish(context, arguments),
            ManifestCommand::Fetch(arguments) => commands::fetch(context, arguments),
            ManifestCommand::Registry(command) => commands::registry(context, command),
            ManifestCommand::Compose(arguments) => commands::compose(context, arguments),
            ManifestCommand::Template(arguments) => commands::template(context, arguments),
            ManifestCommand::Calibrate(arguments) => commands::calibrate(context, arguments),
        },
        OnxCommand::Migrate(command) => match command {
            MigrateCommand::Apply(arguments) => commands::apply(context, arguments),
            MigrateCommand::Verify(arguments) => commands::try_migration(context, arguments),
            MigrateCommand::Rollback(arguments) => commands::rollback(context, arguments),
            MigrateCommand::Status(arguments) => commands::status(context, arguments),
            MigrateCommand::History(arguments) => commands::history(context, arguments),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_lines_are_consistent() {
        Onx::command().debug_assert();
        OnxManifest::command().debug_assert();
        OnxMigrate::command().debug_assert();
    }
}
