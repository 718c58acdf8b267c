//! The commands of `onx-manifest`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What a library's maintainer asks for.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    Generate(GenerateArguments),
    Compat(CompatArguments),
    Semver(SemverArguments),
    Diff(DiffArguments),
    Docs(DocsArguments),
    Explain(ExplainArguments),
    Verify(VerifyArguments),
    Calibrate(CalibrateArguments),
}

/// Which library, and which two versions of it.
#[derive(Debug, Args)]
pub(crate) struct CoreArguments {
    /// The library: a git repository, a folder, an archive, or pypi:NAME
    ///
    /// May be left out when --from and --to say everything themselves.
    #[arg(long, value_name = "PATH|pypi:NAME")]
    pub(crate) core_path: Option<String>,

    /// The old version: a version, a git reference, a path, or pypi:NAME==VERSION
    ///
    /// In a git repository a version finds the tags 0.9.0, v0.9.0 and NAME-0.9.0.
    #[arg(long, value_name = "VERSION|REF|PATH|pypi:NAME==V")]
    pub(crate) from: String,

    /// The new version, written like --from
    #[arg(long, value_name = "VERSION|REF|PATH|pypi:NAME==V")]
    pub(crate) to: String,

    /// A further distribution that belongs to the old version; repeatable
    #[arg(long, value_name = "pypi:NAME==V|PATH")]
    pub(crate) with_from: Vec<String>,

    /// A further distribution that belongs to the new version, for a library that was split;
    /// repeatable
    #[arg(long, value_name = "pypi:NAME==V|PATH")]
    pub(crate) with_to: Vec<String>,
}

/// How versions are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading versions")]
pub(crate) struct SnapshotArguments {
    /// Leave tests out: no evidence is taken from them
    #[arg(long)]
    pub(crate) no_tests: bool,

    /// Leave documentation and change logs out
    #[arg(long)]
    pub(crate) no_docs: bool,

    /// Neither read nor write the cache of facts
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Leave out files that match, for example 'vendor/**'; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// How many files one unit of parallel work takes
    #[arg(long, value_name = "N", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(crate) chunk_size: u32,

    /// Take each file's own time of change from the source instead of the version's
    #[arg(long)]
    pub(crate) file_times: bool,
}

/// Derive a manifest from two versions of a library
///
/// Reads both versions without touching a work tree and without running any of their code, compares
/// what a dependent can reach in each, and writes a folder with the manifest, its evidence, and
/// everything that applying it needs. The same inputs give the same bytes.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest generate --core-path ./core --from 0.9.0 --to 1.0.0
  onx-manifest generate --core-path pypi:NAME --from 1.0 --to 2.0
  onx-manifest generate --from ./old --to ./new --out artifacts/mine
  onx-manifest generate --from pypi:NAME==1.0 --to pypi:NAME==2.0 --with-to pypi:NAME-extra==2.0

The folder holds:
  manifest.yaml               the operations, ordered, each with evidence and confidence
  report.json                 statistics, and everything that needs a person
  differences.json            what was seen to differ
  snapshot_{from,to}.json     files, symbols, access paths, signatures
  graph_{from,to}.json        nodes, edges, entry points
  tree_{from,to}.tree         files and symbols, for people
  metadata.json               stability, since, deprecated for each export
  stubs_{from,to}.zip         both versions without bodies, for types
  patches/                    previews, if --preview was given")]
pub(crate) struct GenerateArguments {
    #[command(flatten)]
    pub(crate) core: CoreArguments,

    /// The folder to write into [default: artifacts/core_diff/{from}_{to}]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Operations below this probability are marked for review; none is dropped [default: 0.7]
    #[arg(long, value_name = "0..1", value_parser = probability)]
    pub(crate) confidence_threshold: Option<f64>,

    /// A dependent for which a preview patch is written into patches/; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) preview: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// Show which released versions of a library a package works with
///
/// Resolves every reference of the package to the library, and binds every call, in each version.
/// The library is found in the package's requirements; name it with --core where they leave it
/// open. Versions come from the tags of --core-path, else from the package index.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest compat --package ./my_package --core NAME --core-versions '>=0.9.0,<2.0.0'
  onx-manifest compat --package ./my_package --core NAME --core-path ./core --core-versions '>=1'

Exits with 1 when a version in the range is not compatible.")]
pub(crate) struct CompatArguments {
    /// The package whose references are looked at
    #[arg(long, value_name = "DIR")]
    pub(crate) package: PathBuf,

    /// The versions to try, as a requirement writes them
    #[arg(long, value_name = "SPECIFIERS")]
    pub(crate) core_versions: String,

    /// The library's distribution name
    #[arg(long, value_name = "NAME")]
    pub(crate) core: Option<String>,

    /// A git repository of the library; its tags are the versions
    #[arg(long, value_name = "DIR")]
    pub(crate) core_path: Option<PathBuf>,

    /// How many reasons to show for each version
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) reasons: usize,

    /// Try at most this many versions, the newest ones
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
}

/// Compare the version bump that was made with the one that the changes demand
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest semver --core-path ./core --from 1.4.0 --to 1.5.0
  onx-manifest semver --core-path . --from 1.4.0 --to HEAD --declared 1.5.0

Exits with 1 when the bump is smaller than the changes demand. Before 1.0 a minor bump may break.")]
pub(crate) struct SemverArguments {
    #[command(flatten)]
    pub(crate) core: CoreArguments,

    /// The new version's number, where --to does not say it
    #[arg(long, value_name = "VERSION")]
    pub(crate) declared: Option<String>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// Show what breaks for users of an API, for continuous integration
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest diff --core-path . --from v1.4.0 --to HEAD
  onx-manifest diff --core-path . --from main --to HEAD --format sarif > breaking.sarif
  onx-manifest diff --core-path . --from main --to HEAD --format github

Exits with 1 when something breaks.")]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    pub(crate) core: CoreArguments,

    /// How to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// How breaking changes are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub workflows
    Github,
}

/// Write release notes or a migration guide from a manifest
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest docs --manifest artifacts/core_diff/0.9.0_1.0.0 > MIGRATION.md
  onx-manifest docs --manifest manifest.yaml --kind release-notes --output NOTES.md")]
pub(crate) struct DocsArguments {
    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,

    /// What to write
    #[arg(long, value_enum, default_value_t = DocsKind::Guide)]
    pub(crate) kind: DocsKind,

    /// The file to write, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What is written from a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocsKind {
    /// What a dependent's owner has to do, step by step
    Guide,
    /// What changed, for a change log
    ReleaseNotes,
}

/// Show what speaks for one operation: factors, witnesses, other candidates
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest explain OP003 --manifest artifacts/core_diff/0.9.0_1.0.0")]
pub(crate) struct ExplainArguments {
    /// The operation's id, for example OP003
    pub(crate) operation: String,

    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,
}

/// Check a manifest: form, ids, order, cycles, and the digests of its bundle
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest verify artifacts/core_diff/0.9.0_1.0.0
  onx-manifest verify artifacts/core_diff/0.9.0_1.0.0 --regenerate --core-path ./core

--regenerate makes the manifest again from the references that it records and names the first byte
that differs. Exits with 1 when something does not fit.")]
pub(crate) struct VerifyArguments {
    /// The manifest or its folder
    #[arg(value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,

    /// Make the manifest again and compare
    #[arg(long)]
    pub(crate) regenerate: bool,

    /// Where the library lies, for --regenerate, when the recorded references are not from the
    /// index
    #[arg(long, value_name = "PATH|pypi:NAME", requires = "regenerate")]
    pub(crate) core_path: Option<String>,
}

/// Fit the table that maps evidence to probabilities from labelled operations
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest calibrate labels.json --output calibration.json")]
pub(crate) struct CalibrateArguments {
    /// Labelled operations: a JSON array of kind, evidence class, raw score, and whether it was
    /// right
    #[arg(value_name = "FILE")]
    pub(crate) labels: PathBuf,

    /// The file to write, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write the reliability diagram to this file, as an SVG picture
    #[arg(long, value_name = "FILE")]
    pub(crate) diagram: Option<PathBuf>,
}

/// A number between 0 and 1, both included.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number between 0 and 1".to_owned()),
    }
}
