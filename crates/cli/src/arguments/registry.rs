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

    /// Use only what was fetched before from a registry with roles, while it has not expired
    #[arg(long)]
    pub(crate) offline: bool,

    /// With --offline, use what has expired, too; that is said
    #[arg(long, requires = "offline")]
    pub(crate) allow_expired: bool,
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
    Init(RegistryInitArguments),
    Delegate(RegistryDelegateArguments),
    Rotate(RegistryRotateArguments),
    Resign(RegistryResignArguments),
    Renew(RegistryRenewArguments),
    Trust(RegistryTrustArguments),
    Mirror(RegistryMirrorArguments),
}

/// Give a registry roles: from then on only what is signed counts there (TUF 1.0)
///
/// The offline keys sign the root and say who publishes in which namespace; keep them away from
/// machines that are reached from outside. The online key says every day what is current. Give
/// the root to those who are to use the registry, by a way that they trust.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys new root-1 --owner ada@example.org --kind tree_head
  onx-manifest registry init --offline-key root-1 --online-key online --out root.json")]
pub(crate) struct RegistryInitArguments {
    /// The name of a key of yours that signs the root; repeatable
    #[arg(long = "offline-key", value_name = "NAME", required = true)]
    pub(crate) offline_keys: Vec<String>,

    /// How many of them must sign
    #[arg(long, value_name = "N", default_value_t = std::num::NonZeroU64::MIN)]
    pub(crate) threshold: std::num::NonZeroU64,

    /// The name of the key of yours that says what is current
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub(crate) online_key: String,

    /// Where to write the root for those who are to use the registry
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Give a namespace of a registry to its publishers, and to nobody else any more
///
/// The offline keys sign.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry delegate core_migrations --publisher release.key.json")]
pub(crate) struct RegistryDelegateArguments {
    /// The namespace
    #[arg(value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    /// The public key of a publisher, as `onx keys show` prints it; repeatable
    #[arg(long = "publisher", value_name = "FILE", required = true)]
    pub(crate) publishers: Vec<PathBuf>,

    /// How many of them must sign what is published
    #[arg(long, value_name = "N", default_value_t = std::num::NonZeroU64::MIN)]
    pub(crate) threshold: std::num::NonZeroU64,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Make a new root of a registry, with other keys or with those that it has, for another year
///
/// The offline keys sign: as many of the old ones as had to sign so far, and as many of the new
/// ones as have to from now on. What is not named stays as it is. Who trusts the old root follows
/// by themselves.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry rotate
  onx-manifest registry rotate --new-online-key online-2.key.json --out root.json")]
pub(crate) struct RegistryRotateArguments {
    /// The public key of who signs the root from now on, as `onx keys show` prints it; repeatable
    #[arg(long = "new-offline-key", value_name = "FILE")]
    pub(crate) offline_keys: Vec<PathBuf>,

    /// How many of them must sign [default: as many as before]
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<std::num::NonZeroU64>,

    /// The public key that says from now on what is current
    #[arg(long = "new-online-key", value_name = "FILE")]
    pub(crate) online_key: Option<PathBuf>,

    /// Where to write the root for those who are to use the registry
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Sign what is published in a namespace anew, for another half year
///
/// The publishers of the namespace sign: before it expires, or after it was given to them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry resign core_migrations --registry /shared/registry")]
pub(crate) struct RegistryResignArguments {
    /// The namespace
    #[arg(value_name = "NAMESPACE")]
    pub(crate) namespace: String,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Say for another day what is current in a registry; the online key signs
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry renew --registry /shared/registry")]
pub(crate) struct RegistryRenewArguments {
    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Trust the root of a registry, which came to you by a way that you trust
///
/// From then on the registry counts only with its roles, and never goes back.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry trust root.json --registry /shared/registry")]
pub(crate) struct RegistryTrustArguments {
    /// The root, as `registry init` wrote it
    #[arg(value_name = "FILE")]
    pub(crate) root: PathBuf,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// Copy what is verified of a registry into another folder, with its roles
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest registry mirror /backup/registry --registry /shared/registry")]
pub(crate) struct RegistryMirrorArguments {
    /// The folder to copy into
    #[arg(value_name = "DIR")]
    pub(crate) into: PathBuf,

    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
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
