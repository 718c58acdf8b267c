//! The command line as types. The doc comments are the help texts.

mod audit;
mod keys;
mod manifest;
mod migrate;
mod registry;
mod review;
mod tasks;
mod template;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use audit::{
    AuditCommand, AuditProveArguments, AuditShowArguments, AuditVerifyArguments,
};
pub(crate) use keys::{
    GrantArguments, KeyNewArguments, KeyRevokeArguments, KeyShowArguments, KeyTrustArguments,
    KeyVerifyArguments, KeysCommand,
};
pub(crate) use manifest::{
    AcknowledgedArguments, CalibrateArguments, CompatArguments, ComposeArguments, CoreArguments,
    DiffArguments, DiffFormat, DocsArguments, DocsKind, EveryArgument, ExplainArguments,
    GenerateArguments, ManifestCommand, SemverArguments, SignArguments, SnapshotArguments,
    VerifyArguments,
};
pub(crate) use migrate::{
    ApplyArguments, HistoryArguments, MigrateCommand, RollbackArguments, StatusArguments,
    TrialArguments,
};
pub(crate) use registry::{
    FetchArguments, PublicationArguments, PublishArguments, RegistryArguments, RegistryCommand,
    RegistryDelegateArguments, RegistryInitArguments, RegistryMirrorArguments,
    RegistryRenewArguments, RegistryResignArguments, RegistryRotateArguments,
    RegistryTrustArguments, StatusChangeArguments,
};
pub(crate) use review::{
    ApprovalsArguments, ApproveArguments, PolicyCommand, PolicyRemoveArguments, PolicySetArguments,
    ReviewArguments,
};
pub(crate) use tasks::{
    EventsArguments, GcArguments, ImportLegacyArguments, RunAbandonArguments, RunListArguments,
    RunResumeArguments, RunShowArguments, RunTailArguments, RunsCommand, StoreArguments,
    TaskAddArguments, TaskArchiveArguments, TaskListArguments, TaskPlanArguments,
    TaskShowArguments, TasksCommand, WorkerArguments,
};
pub(crate) use template::{TemplateAddArguments, TemplateArguments, TemplateCommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  done; the answer is yes
  1  done; the answer is no (breaking change, bump too small, incompatible, not verified)
  2  what was asked for cannot be done as asked: wrong argument, missing reference, bad manifest
  3  a configuration file is wrong
  4  the state of the world stands against it: dirty target, foreign folder, later work
  5  something outside failed: disk, network, git
  6  onx itself is wrong; please report it";

/// Carries a change from where it was made to everywhere it must arrive, and proves that it
/// arrived.
///
/// A library's maintainer derives a manifest from two versions of the library: what moved, what was
/// renamed, which arguments changed, each with its evidence and a confidence. A dependent's owner
/// applies the manifest: a preview, a checkpoint, edits that keep the format, a check of what is
/// left, and a way back.
#[derive(Debug, Parser)]
#[command(name = "onx", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub(crate) struct Onx {
    #[command(subcommand)]
    pub(crate) command: OnxCommand,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
}

/// The two sides of the work, and what both stand on.
#[derive(Debug, Subcommand)]
pub(crate) enum OnxCommand {
    /// For a library's maintainer: derive, read and check manifests
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Manifest(ManifestCommand),
    /// For a dependent's owner: apply a manifest, test what it did, undo it
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Migrate(MigrateCommand),
    /// Tasks: what should be done, how far it is, and the import of older ones
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Tasks(TasksCommand),
    /// Runs: the attempts at tasks, and what their journals say
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Runs(RunsCommand),
    Worker(WorkerArguments),
    /// Keys: what signs what you make, and whose signatures count on this machine
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Keys(KeysCommand),
    /// The approval policy of this machine: which steps need whose approval
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Policy(PolicyCommand),
    /// The audit log of this machine: what was made, published, applied and taken back, provably
    #[command(subcommand, after_long_help = EXIT_CODES)]
    Audit(AuditCommand),
    Events(EventsArguments),
    Gc(GcArguments),
    /// Show what this machine offers: how well foreign code can be confined, and where onx keeps
    /// its files
    ///
    /// Tries the sandbox with a program that does nothing, and lists the layers that stand and why
    /// the others do not. The level `isolated` has what running foreign code needs; below it the
    /// exit code is 1.
    Doctor,
}

/// Derives, reads and checks manifests: what changed between two versions of a library.
#[derive(Debug, Parser)]
#[command(name = "onx-manifest", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub(crate) struct OnxManifest {
    #[command(subcommand)]
    pub(crate) command: ManifestCommand,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
}

/// Applies a manifest to a dependent, tests what it did, shows what was applied, and undoes it.
#[derive(Debug, Parser)]
#[command(name = "onx-migrate", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub(crate) struct OnxMigrate {
    #[command(subcommand)]
    pub(crate) command: MigrateCommand,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// Print the result as one JSON object on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only the result: no progress and no explanations
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Say on standard error how often each step ran and how long it took; steps that run side by
    /// side overlap
    #[arg(long, global = true)]
    pub(crate) timings: bool,

    /// The configuration file, instead of ./onx.toml and the user's own
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Where facts are kept between runs; may be deleted at any time
    #[arg(long, global = true, value_name = "DIR", env = "ONX_CACHE_DIR", hide_env_values = true)]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Threads to use; the result does not depend on it [default: one for each processor]
    #[arg(long, global = true, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) parallel: Option<u16>,
}
