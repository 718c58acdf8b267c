//! The commands in which people decide: `review`, `approve`, `approvals` and `policy`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use code_line::approvals::ManifestStep;
use code_line::review::OPEN_BELOW;
use ledger::{Identity, Role};

use super::manifest::probability;
use super::registry::RegistryArguments;

/// Decide what onx left open: accept, reject or edit each uncertain operation, with a reason
///
/// Goes through the operations below a probability, and the names with several plausible
/// successors, one by one in the terminal; what most depends on comes first. Every decision is kept
/// at once, so the same command goes on where an earlier one was left, and nothing is written until
/// you ask for it. A manifest never changes: a review writes a new bundle with a new manifest,
/// which names the one before it. What was accepted or edited is sure, with manual_validation as
/// its evidence; what was rejected is left out.
///
/// With decisions on the command line, or in a file, nothing is asked, and only those are written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest review artifacts/core_diff/1.0_2.0
  onx-manifest review artifacts/core_diff/1.0_2.0 --list --kind arg.rename
  onx-manifest review artifacts/core_diff/1.0_2.0 --accept OP012 --accept OP013 \\
      --reason 'see the change log of 2.0'
  onx-manifest review artifacts/core_diff/1.0_2.0 --edit OP014=yourlib.shapes.Quadrat \\
      --edit yourlib.area=yourlib.shapes.surface --reject OP015 --reason 'asked the author'
  onx-manifest review artifacts/core_diff/1.0_2.0 --decisions decisions.yaml

A file of decisions is a list in YAML or JSON:
  - {item: OP012, verdict: accepted, reason: see the change log}
  - {item: OP014, verdict: edited, to: yourlib.shapes.Quadrat, reason: asked the author}

Exits with 1 when something is open still of what --below and --kind ask for.")]
pub(crate) struct ReviewArguments {
    /// The manifest or its folder
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,

    /// List what is open, and decide nothing
    #[arg(long, conflicts_with_all = ["accept", "reject", "edit", "decisions", "out"])]
    pub(crate) list: bool,

    /// Operations below this probability are open
    #[arg(long, value_name = "0..1", value_parser = probability, default_value_t = OPEN_BELOW)]
    pub(crate) below: f64,

    /// Only operations of this kind, for example arg.rename; repeatable
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,

    /// An operation that is right as it is; repeatable
    #[arg(long, value_name = "OP", requires = "reason")]
    pub(crate) accept: Vec<String>,

    /// An operation or an open name that is not so; repeatable
    #[arg(long, value_name = "OP|NAME", requires = "reason")]
    pub(crate) reject: Vec<String>,

    /// What is right instead: a new name, key, path or expression; repeatable
    #[arg(long, value_name = "OP|NAME=SUCCESSOR", requires = "reason", value_parser = edit)]
    pub(crate) edit: Vec<(String, String)>,

    /// Why, for the decisions on the command line; it stands in the manifest
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    /// A file with decisions
    #[arg(long, value_name = "FILE")]
    pub(crate) decisions: Option<PathBuf>,

    /// Take names that the source of neither version shows
    #[arg(long)]
    pub(crate) unchecked: bool,

    /// The folder to write into [default: beside the manifest's own, with the new digest]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

fn edit(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((item, to)) if !item.trim().is_empty() && !to.trim().is_empty() => {
            Ok((item.trim().to_owned(), to.trim().to_owned()))
        }
        _ => Err("expected OP=SUCCESSOR or NAME=SUCCESSOR".to_owned()),
    }
}

/// A step that is taken with a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepArgument {
    /// It is put into a registry
    Publish,
    /// Dependents are edited by it
    Apply,
}

impl From<StepArgument> for ManifestStep {
    fn from(argument: StepArgument) -> Self {
        match argument {
            StepArgument::Publish => Self::Publish,
            StepArgument::Apply => Self::Apply,
        }
    }
}

/// Approve a step with a manifest that somebody else made
///
/// Signs a statement over the digest of the manifest, the step, your role and until when it counts.
/// Nobody approves what he made, and any changed byte voids it. Where a policy asks for approvals,
/// `publish` and `apply` look for them when they begin and once more when they take effect. They
/// lie in a file beside the manifest, which you may hand on; for one in a registry they lie in your
/// state.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest approve artifacts/core_diff/1.0_2.0 --for publish --role maintainer
  onx-manifest approve registry://core_migrations/yourlib/1.0_2.0 --for apply --role owner")]
pub(crate) struct ApproveArguments {
    /// The manifest, its folder, or its name in a registry
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,

    /// The step
    #[arg(long = "for", value_enum, value_name = "STEP")]
    pub(crate) step: StepArgument,

    /// The role in which you approve, as the policy has it
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Role,

    /// The name of the key on this machine
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub(crate) key: String,

    /// For how long it counts, from now
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Show who approved what with a manifest, what is missing, and what does not count
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest approvals artifacts/core_diff/1.0_2.0
  onx-manifest approvals artifacts/core_diff/1.0_2.0 --add from_ada.approvals.jsonl

Exits with 1 when a step that the policy knows lacks an approval.")]
pub(crate) struct ApprovalsArguments {
    /// The manifest, its folder, or its name in a registry
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,

    /// Only this step
    #[arg(long = "for", value_enum, value_name = "STEP")]
    pub(crate) step: Option<StepArgument>,

    /// Take up the approvals in a file that somebody else gave you; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) add: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// What is done with the policy of this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Show(PolicyShowArguments),
    Set(PolicySetArguments),
    Remove(PolicyRemoveArguments),
}

/// Show which steps need whose approval on this machine
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx policy show")]
pub(crate) struct PolicyShowArguments {}

/// Say which steps need whose approval on this machine, in place of what was said before
///
/// Each required approval is of another person, and one person stands for one role. A step that is
/// not named needs none.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx policy set --holder maintainer=ada@example.org,bob@example.org --require publish=maintainer
  onx policy set --holder owner=ada@example.org --holder security=eve@example.org \\
      --require apply=owner --require apply=security
  onx policy set --holder owner=ada@example.org,bob@example.org --require apply=owner:2")]
pub(crate) struct PolicySetArguments {
    /// Who holds a role, separated by commas; repeatable
    #[arg(long = "holder", value_name = "ROLE=WHO,…", value_parser = holders, required = true)]
    pub(crate) holders: Vec<(Role, Vec<Identity>)>,

    /// How many approvals in which role a step takes; repeatable
    #[arg(long = "require", value_name = "STEP=ROLE[:N]", value_parser = requirement)]
    #[arg(required = true)]
    pub(crate) requirements: Vec<(StepArgument, Role, NonZeroU32)>,
}

/// Remove the policy: no step needs an approval any more
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx policy remove --reason 'the team has one member now'")]
pub(crate) struct PolicyRemoveArguments {
    /// Why, for whoever reads the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

fn holders(text: &str) -> Result<(Role, Vec<Identity>), String> {
    let (role, people) = text.split_once('=').ok_or("expected ROLE=WHO,WHO")?;
    let role = role.trim().parse::<Role>().map_err(|error| error.to_string())?;
    let people: Result<Vec<Identity>, _> =
        people.split(',').map(|who| who.trim().parse::<Identity>()).collect();
    Ok((role, people.map_err(|error| error.to_string())?))
}

fn requirement(text: &str) -> Result<(StepArgument, Role, NonZeroU32), String> {
    let (step, role) = text.split_once('=').ok_or("expected STEP=ROLE or STEP=ROLE:N")?;
    let step = StepArgument::from_str(step.trim(), true)
        .map_err(|_| format!("`{step}` is no step: expected publish or apply"))?;
    let (role, count) = role.split_once(':').unwrap_or((role, "1"));
    let role = role.trim().parse::<Role>().map_err(|error| error.to_string())?;
    let count = count.trim().parse().map_err(|_| "expected a number from 1 on after the role")?;
    Ok((step, role, count))
}
