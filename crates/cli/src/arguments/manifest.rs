//! The commands of `onx-manifest`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::registry::{FetchArguments, PublicationArguments, PublishArguments, RegistryCommand};
use super::review::{ApprovalsArguments, ApproveArguments, ReviewArguments};
use super::tasks::StoreArguments;
use super::template::TemplateArguments;

/// What a library's maintainer asks for.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    Generate(GenerateArguments),
    Compat(CompatArguments),
    Semver(SemverArguments),
    Diff(DiffArguments),
    Docs(DocsArguments),
    Explain(ExplainArguments),
    Review(ReviewArguments),
    Approve(ApproveArguments),
    Approvals(ApprovalsArguments),
    Sign(SignArguments),
    Verify(VerifyArguments),
    Publish(PublishArguments),
    Fetch(FetchArguments),
    /// What is published: list it, say that it is not to be used any more
    #[command(subcommand)]
    Registry(RegistryCommand),
    Compose(ComposeArguments),
    Template(TemplateArguments),
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
  verification.json           what it does to the dependents of --preview and --verify-corpus
  patches/                    a patch for each of them

Exits with 1 when a dependent does not fit the new version once the manifest is applied.")]
pub(crate) struct GenerateArguments {
    #[command(flatten)]
    pub(crate) core: CoreArguments,

    /// The folder to write into [default: artifacts/core_diff/{from}_{to}]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Operations below this probability are marked for review; none is dropped [default: 0.7]
    #[arg(long, value_name = "0..1", value_parser = probability)]
    pub(crate) confidence_threshold: Option<f64>,

    /// A dependent to try the manifest on, without writing into it; repeatable
    #[arg(long, value_name = "DIR")]
    pub(crate) preview: Vec<PathBuf>,

    /// A folder of dependents to try the manifest on, each in a folder of its own
    ///
    /// Writes a patch for each into patches/ and verification.json: what would change, and what
    /// does not fit the new version afterwards. Tests are not run; onx-migrate verify does that.
    #[arg(long, value_name = "DIR")]
    pub(crate) verify_corpus: Option<PathBuf>,

    /// Publish the manifest in a registry once it is made
    #[arg(long)]
    pub(crate) publish: bool,

    #[command(flatten)]
    pub(crate) publication: PublicationArguments,

    /// Leave the work to a worker: add it to the queue instead of doing it now
    #[arg(long)]
    pub(crate) queue: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,

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
    pub(crate) acknowledged: AcknowledgedArguments,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// Show what breaks for users of an API, for continuous integration
///
/// Changes that are intended are acknowledged in the library's own configuration: for which version
/// they hold, and why. They are listed with their reason and fail nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest diff --core-path . --from v1.4.0 --to HEAD
  onx-manifest diff --core-path . --from main --to HEAD --format sarif > breaking.sarif
  onx-manifest diff --core-path . --from main --to HEAD --format github
  onx-manifest diff --core-path . --from v1.4.0 --to HEAD --declared 2.0.0

To acknowledge changes, in the library's pyproject.toml (in onx.toml without `tool.onx.`):
  [[tool.onx.acknowledge]]
  path = \"yourlib.legacy.*\"     # one name; * is part of an identifier, a last ** all below
  kind = \"object-removed\"       # may be left out
  version = \">=2.0,<2.1\"        # the new version, or a range
  reason = \"deprecated since 1.4\"

Exits with 1 when something breaks that is not acknowledged. An acknowledgement that is not needed,
or that covers a whole package, is a warning.")]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    pub(crate) core: CoreArguments,

    /// How to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,

    /// The new version's number, for which changes are acknowledged, where --to does not say it
    #[arg(long, value_name = "VERSION")]
    pub(crate) declared: Option<String>,

    #[command(flatten)]
    pub(crate) acknowledged: AcknowledgedArguments,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// Which changes are intended.
#[derive(Debug, Args)]
pub(crate) struct AcknowledgedArguments {
    /// Let acknowledged changes count as if nobody had acknowledged them
    #[arg(long)]
    pub(crate) no_acknowledge: bool,
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

/// Explain one operation: what it means, how sure it is, what speaks for it, and what it is for
///
/// Ends with a witness: the smallest dependent that breaks without the operation and works with it.
/// onx does not only write it, it tries it: against the old version, against the new one without
/// the operation, and with it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest explain OP003 --manifest artifacts/core_diff/0.9.0_1.0.0")]
pub(crate) struct ExplainArguments {
    /// The operation's id, for example OP003
    pub(crate) operation: String,

    /// Write no witness, which needs both versions to be read
    #[arg(long)]
    pub(crate) no_witness: bool,

    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,
}

/// Sign a manifest: say that it is what you made, or that you vouch for it
///
/// What onx makes is signed when it is made. The signatures lie beside the manifest, in a file of
/// their own (DSSE v1 around a statement of in-toto); another key adds its own to those that are
/// there. The manifest itself never changes.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest sign artifacts/core_diff/0.9.0_1.0.0
  onx-manifest sign artifacts/core_diff/0.9.0_1.0.0 --key release")]
pub(crate) struct SignArguments {
    /// The manifest or its folder
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,

    /// The name of the key on this machine
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub(crate) key: String,

    /// The namespace for which it is signed
    #[arg(long, value_name = "NAME", default_value = "core_migrations")]
    pub(crate) namespace: String,
}

/// Check a manifest: signature, form, ids, order, cycles, and the digests of its bundle
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

    /// Take a manifest that nobody signed who is trusted on this machine
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    /// Make the manifest again and compare
    #[arg(long)]
    pub(crate) regenerate: bool,

    /// Where the library lies, for --regenerate, when the recorded references are not from the
    /// index
    #[arg(long, value_name = "PATH|pypi:NAME", requires = "regenerate")]
    pub(crate) core_path: Option<String>,
}

/// Compose one manifest over several versions
///
/// Takes manifests of consecutive versions, or makes one for each step between the released
/// versions of a library, and writes one bundle from the first version to the last: what was
/// renamed twice is renamed once, what was renamed and then removed is removed, what only versions
/// between had is left out. Each operation names the operations that it was composed of; its
/// probability is their product, because it is right only if each of them is.
///
/// Where the whole says something else than its parts one after the other, or than the direct
/// comparison of the outer versions, the report lists it as a finding, and the operation is left
/// for review.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest compose artifacts/core_diff/1.0_1.1 artifacts/core_diff/1.1_2.0
  onx-manifest compose --core-path ./core --from 1.0.0 --to 2.0.0
  onx-manifest compose --core-path pypi:NAME --versions '>=1.0,<3' --every minor
  onx-manifest compose --core-path pypi:NAME --from 1.0 --to 3.0 --through 1.4 --through 2.0

With --core-path, the manifest of each step and that of the direct comparison are written where
generate would write them.")]
pub(crate) struct ComposeArguments {
    /// Manifests or their folders, in the order of their versions
    #[arg(value_name = "FILE|DIR", required_unless_present = "core_path")]
    #[arg(conflicts_with = "core_path")]
    pub(crate) manifests: Vec<PathBuf>,

    /// Walk the versions of this library: the tags of a git repository, or pypi:NAME
    #[arg(long, value_name = "DIR|pypi:NAME")]
    pub(crate) core_path: Option<String>,

    /// The first version, or a git reference [default: the oldest of --versions]
    #[arg(long, value_name = "VERSION|REF", requires = "core_path")]
    pub(crate) from: Option<String>,

    /// The last version, or a git reference [default: the newest of --versions]
    #[arg(long, value_name = "VERSION|REF", requires = "core_path")]
    pub(crate) to: Option<String>,

    /// Walk releases in this range only, written as in a requirement
    #[arg(long, value_name = "SPECIFIERS", requires = "core_path")]
    pub(crate) versions: Option<String>,

    /// A version between to walk through, instead of all releases; repeatable
    #[arg(long, value_name = "VERSION", requires = "core_path")]
    pub(crate) through: Vec<String>,

    /// Which releases between are walked
    #[arg(long, value_enum, default_value_t = EveryArgument::Release, requires = "core_path")]
    pub(crate) every: EveryArgument,

    /// Walk at most this many steps
    #[arg(long, value_name = "N", default_value_t = 50, requires = "core_path")]
    pub(crate) limit: usize,

    /// The folder to write into [default: artifacts/core_diff/{from}_{to}_composed]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArguments,
}

/// Which releases are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EveryArgument {
    /// All of them
    Release,
    /// The first of each minor series
    Minor,
    /// The first of each major series
    Major,
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
