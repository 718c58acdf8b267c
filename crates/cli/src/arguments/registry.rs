//! The commands that publish bundles and use what is published.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use registry::EntryName;

/// Which registry.
#[derive(Debug, Args)]
pub(crate) struct RegistryArguments {
    /// The folder of the registry [default: registry in the state folder]
    #[arg(long, value_name = "DIR", env = "ONX_REGISTRY", hide_env_values = true)]
    pub(crate) registry: Option<PathBuf>,
}

/// How something is published.
#[derive(Debug, Args)]
pub(crate) struct PublicationArguments {
    /// The namespace to publish in
    #[arg(long, value_name = "NAME", default_value = "core_migrations")]
    pub(crate) namespace: String,

    /// Publish although dependents on which the manifest was tried do not fit it, and why
    #[arg(long, value_name = "REASON")]
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) despite: Option<String>,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Publish a bundle in a registry
///
/// What is published under a name stays what it is: the same again changes nothing, something else
/// is refused. A manifest that does not fit the dependents on which it was tried is not published
/// without a reason.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest publish artifacts/core_diff/0.9.0_1.0.0
  onx-manifest publish artifacts/core_diff/0.9.0_1.0.0 --registry /shared/registry")]
pub(crate) struct PublishArguments {
    /// The manifest or its folder
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,

    #[command(flatten)]
    pub(crate) publication: PublicationArguments,
}

/// Fetch a bundle from a registry
///
/// Every file is compared with the digest under which it was published.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest fetch registry://core_migrations/yourlib/0.9.0_1.0.0
  onx-manifest fetch registry://core_migrations/0.9.0_1.0.0 --out ./bundle")]
pub(crate) struct FetchArguments {
    /// The name: registry://NAMESPACE/PACKAGE/FROM_TO, without the package where it is the only one
    #[arg(value_name = "NAME", value_parser = entry_name)]
    pub(crate) name: EntryName,

    /// The folder to write into [default: a folder of the cache, which is printed]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// What is done with a registry.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    List(RegistryListArguments),
    /// Say that there is something better than an entry; it can still be used
    Deprecate(StatusChangeArguments),
    /// Say that an entry must not be used any more; it is kept, and not given
    Yank(StatusChangeArguments),
    /// Say that an entry is to be used again
    Restore(StatusChangeArguments),
}

/// List what is published
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry list
  onx-manifest registry list --registry /shared/registry --json")]
pub(crate) struct RegistryListArguments {
    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry yank registry://core_migrations/yourlib/0.9.0_1.0.0 --reason 'it drops calls'")]
pub(crate) struct StatusChangeArguments {
    /// The name of the entry
    #[arg(value_name = "NAME", value_parser = entry_name)]
    pub(crate) name: EntryName,

    /// Why, for whoever wants to use it
    #[arg(long, value_name = "TEXT")]
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

fn entry_name(text: &str) -> Result<EntryName, String> {
    text.parse().map_err(|error: registry::NameError| error.to_string())
}
