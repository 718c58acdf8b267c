//! The commands of `onx-migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use code_line::trial::TestRunner;
use host::SandboxLevel;

use super::manifest::probability;
use super::registry::RegistryArguments;
use super::tasks::StoreArguments;

/// What a dependent's owner asks for.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    Apply(ApplyArguments),
    Verify(Box<TrialArguments>),
    Rollback(RollbackArguments),
    Status(StatusArguments),
    History(HistoryArguments),
}

/// Apply a manifest to a package
///
/// Reads the package, works out every edit, takes a checkpoint outside the package, writes, and
/// then checks every reference to the library against the new version. What still needs a person is
/// listed with file, line and reason. Only files that git tracks, or would track, are edited. None
/// of the package's code is run. Applying twice changes nothing the second time.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-migrate apply --manifest artifacts/core_diff/0.9.0_1.0.0 --target ./my_package \\
      --dry-run --diff-output migration_preview.patch
  onx-migrate apply --manifest artifacts/core_diff/0.9.0_1.0.0 --target ./my_package

The preview is exact: 'git apply migration_preview.patch' gives the same bytes as the apply.")]
pub(crate) struct ApplyArguments {
    /// The manifest or its folder, or its name in a registry
    #[arg(long, value_name = "FILE|DIR|NAME")]
    pub(crate) manifest: PathBuf,

    /// The package to migrate
    #[arg(long, value_name = "DIR")]
    pub(crate) target: PathBuf,

    /// Work out everything and write nothing into the package
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write the edits as a patch that 'git apply' takes; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) diff_output: Option<PathBuf>,

    /// Operations below this probability are not applied [default: 0.7]
    #[arg(long, value_name = "0..1", value_parser = probability)]
    pub(crate) auto_apply_threshold: Option<f64>,

    /// Edit only what names alone decide; methods, attributes and arguments need types
    #[arg(long)]
    pub(crate) untyped: bool,

    /// Apply a manifest that nobody signed who is trusted on this machine; that is recorded
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    /// Edit files that hold uncommitted work, too
    #[arg(long)]
    pub(crate) allow_dirty: bool,

    /// Where to keep the checkpoint [default: the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Where to write application_report.json [default: beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Leave out files that match, for example 'vendor/**'; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Exit with 1 when something is left for a person
    #[arg(long)]
    pub(crate) fail_on_remaining: bool,

    /// Leave the package's requirement of the library as it is
    #[arg(long)]
    pub(crate) keep_requirement: bool,

    /// Read the types of other packages that are installed in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) site_packages: Option<PathBuf>,

    /// Edit members and keywords of unknown objects where nothing else has such a name
    #[arg(long)]
    pub(crate) assume_unique: bool,

    /// Take choices between the old and the new version apart; only the new one is kept
    #[arg(long)]
    pub(crate) simplify_guards: bool,

    /// Leave a comment with the reason above what a person must look at, once
    #[arg(long)]
    pub(crate) todo_comments: bool,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,

    /// Leave the work to a worker: add it to the queue instead of doing it now
    #[arg(long, conflicts_with_all = ["dry_run", "fail_on_remaining"])]
    pub(crate) queue: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Run a package's tests before and after a migration, in a sandbox
///
/// Works on copies: the package itself is not touched, whether the manifest is applied to it
/// already or not. For each run an environment is made with one version of the library. The
/// package client of the interpreter (pip, as you have set it up) fetches wheels; everything after
/// that happens in the sandbox, without a network. Success means that every test that passed before
/// passes after, that no more are skipped, and that coverage did not fall by more than five points.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-migrate verify --manifest artifacts/core_diff/0.9.0_1.0.0 --target ./my_package
  onx-migrate verify --manifest artifacts/core_diff/0.9.0_1.0.0 --target ./my_package \\
      --unmigrated --python python3.12 --require 'other<2' -- tests/unit -k 'not slow'

What is installed is what the package says it needs to run and to be tested (pyproject.toml,
setup.cfg, tox.ini, requirements files, metadata of a release). Tests that need more, or less:
--extra, --require and --without.")]
pub(crate) struct TrialArguments {
    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,

    /// The package to test; migrated already or not
    #[arg(long, value_name = "DIR")]
    pub(crate) target: PathBuf,

    /// Take a manifest that nobody signed who is trusted on this machine
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    /// How the tests are run [default: what the package is set up for]
    #[arg(long, value_name = "RUNNER")]
    pub(crate) tests: Option<RunnerName>,

    /// The interpreter [default: python3]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) python: Option<PathBuf>,

    /// Run the tests also with the new version and without the migration
    #[arg(long)]
    pub(crate) unmigrated: bool,

    /// A further requirement of the tests, for example 'other<2'; repeatable
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) require: Vec<String>,

    /// A further requirement with the old version alone; repeatable
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) require_before: Vec<String>,

    /// A further requirement with the new version alone; repeatable
    #[arg(long, value_name = "REQUIREMENT")]
    pub(crate) require_after: Vec<String>,

    /// An environment variable that the tests need; no other of yours is seen; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Leave out what the package says that it needs, by name; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) without: Vec<String>,

    /// The old version of the library, where the package index does not have it: a wheel, for
    /// example
    #[arg(long, value_name = "WHEEL|REQUIREMENT")]
    pub(crate) core_before: Option<String>,

    /// The new version of the library, where the package index does not have it
    #[arg(long, value_name = "WHEEL|REQUIREMENT")]
    pub(crate) core_after: Option<String>,

    /// An extra or group of requirements of the package that its tests need; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) extra: Vec<String>,

    /// Build packages that have no wheel; that runs code of theirs outside of the sandbox
    #[arg(long)]
    pub(crate) allow_source: bool,

    /// Do not measure coverage
    #[arg(long)]
    pub(crate) no_coverage: bool,

    /// The least sandbox in which tests are run [default: isolated]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) sandbox: Option<LevelName>,

    /// How long each step may take [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,

    /// How much memory each step may take [default: 4096]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    pub(crate) memory: Option<u64>,

    /// Where to write trial_report.json
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Operations below this probability are not applied [default: 0.7]
    #[arg(long, value_name = "0..1", value_parser = probability)]
    pub(crate) auto_apply_threshold: Option<f64>,

    /// Edit only what names alone decide
    #[arg(long)]
    pub(crate) untyped: bool,

    /// Leave out files that match from the migration; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Further arguments of the runner
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) test_arguments: Vec<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// A program that runs tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunnerName {
    Pytest,
    Unittest,
    Nox,
    Tox,
}

impl From<RunnerName> for TestRunner {
    fn from(name: RunnerName) -> Self {
        match name {
            RunnerName::Pytest => Self::Pytest,
            RunnerName::Unittest => Self::Unittest,
            RunnerName::Nox => Self::Nox,
            RunnerName::Tox => Self::Tox,
        }
    }
}

/// How well a program is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    None,
    Filtered,
    Isolated,
    Complete,
}

impl From<LevelName> for SandboxLevel {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::None => Self::None,
            LevelName::Filtered => Self::Filtered,
            LevelName::Isolated => Self::Isolated,
            LevelName::Complete => Self::Complete,
        }
    }
}

/// Bring a package back to a checkpoint
///
/// Restores bytes, modes and links of every file that the apply touched. Refuses when a file was
/// changed after the apply, unless --force is given. The rollback is recorded.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-migrate rollback --package ./my_package
  onx-migrate rollback --package ./my_package --to-version 0.9.0 \\
      --checkpoint artifacts/rollback/checkpoint_pre_1.0.0")]
pub(crate) struct RollbackArguments {
    /// The package to bring back
    #[arg(long, value_name = "DIR")]
    pub(crate) package: PathBuf,

    /// The library's version to go back to; must be the one that the checkpoint was taken on
    #[arg(long, value_name = "VERSION")]
    pub(crate) to_version: Option<String>,

    /// The checkpoint's folder or file [default: the package's newest]
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Overwrite what was changed after the apply
    #[arg(long)]
    pub(crate) force: bool,

    /// Take a checkpoint that was not taken here and that nobody signed who is trusted on this
    /// machine
    #[arg(long)]
    pub(crate) allow_unsigned: bool,
}

/// Show what is applied to a package, and end an apply that was interrupted
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-migrate status --package ./my_package")]
pub(crate) struct StatusArguments {
    /// The package
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) package: PathBuf,
}

/// List every apply and rollback of a package, the newest first
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-migrate history --package ./my_package --json
  onx-migrate history --all")]
pub(crate) struct HistoryArguments {
    /// The package
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "all")]
    pub(crate) package: PathBuf,

    /// What was applied to any package, as the store lists it
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}
