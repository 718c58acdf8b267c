//! The commands of `onx-migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::manifest::probability;

/// What a dependent's owner asks for.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    Apply(ApplyArguments),
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
    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
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
  onx-migrate history --package ./my_package --json")]
pub(crate) struct HistoryArguments {
    /// The package
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) package: PathBuf,
}
