//! The commands of `onx audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Show(AuditShowArguments),
    Verify(AuditVerifyArguments),
    Prove(AuditProveArguments),
}

/// Show what was written down: manifests made, published, applied and taken back, and keys
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx audit show
  onx audit show --last 5 --json")]
pub(crate) struct AuditShowArguments {
    /// How many of the newest entries
    #[arg(long, value_name = "N", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) last: u32,
}

/// Verify the audit log: every entry follows on the one before, and the head over all is signed
///
/// Names the first entry that does not fit, and exits with 1. That a whole log was replaced shows
/// only against a head that was kept elsewhere: copy `head.note` now and then, and give it with
/// --head. With --log it verifies a copy that lies anywhere, without anything of this machine.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx audit verify
  onx audit verify --head /backup/head.note
  onx audit verify --log log.jsonl --head head.note --key release.key.json")]
pub(crate) struct AuditVerifyArguments {
    /// A log that was copied, instead of the own one
    #[arg(long, value_name = "FILE", requires = "head", requires = "key")]
    pub(crate) log: Option<PathBuf>,

    /// A head that was kept elsewhere; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) head: Vec<PathBuf>,

    /// A key that may have signed it, as `onx keys show` prints it; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
}

/// Prove that an entry stands in the log, or that the log goes on from an earlier one
///
/// Prints the proof as JSON: the entry's hash with the hashes that lead from it to the root of the
/// head (RFC 9162), or those that lead from an earlier root to it.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["entry", "from"])))]
#[command(after_long_help = "\
Examples:
  onx audit prove 12
  onx audit prove --from 10")]
pub(crate) struct AuditProveArguments {
    /// The number of the entry, counted from 0
    #[arg(value_name = "ENTRY")]
    pub(crate) entry: Option<u64>,

    /// How many entries the earlier log had
    #[arg(long, value_name = "SIZE")]
    pub(crate) from: Option<u64>,
}
