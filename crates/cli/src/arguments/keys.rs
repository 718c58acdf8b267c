//! The commands of `onx keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::{Identity, KeyId, Kind, Namespace};

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    New(KeyNewArguments),
    List(KeyListArguments),
    Show(KeyShowArguments),
    Trust(KeyTrustArguments),
    Revoke(KeyRevokeArguments),
}

/// Make a key, and trust it on this machine
///
/// The private half stays in a file that only you may read. Others trust the key once they have
/// what `onx keys show` prints. What is signed without --key is signed with the key `local`, which
/// is made when it is first needed, and anew when it was revoked, and which this machine alone
/// trusts.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys new release --owner ada@example.org --namespace core_migrations")]
pub(crate) struct KeyNewArguments {
    /// Its name on this machine: lower-case letters, digits, `-` and `_`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) grant: GrantArguments,
}

/// List the keys that are trusted on this machine, with what, and until when
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys list")]
pub(crate) struct KeyListArguments {}

/// Print the public half of a key, for whoever is to trust it
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys show release > release.key.json")]
pub(crate) struct KeyShowArguments {
    /// The name of the key on this machine
    #[arg(value_name = "NAME", default_value = "local")]
    pub(crate) name: String,
}

/// Trust the key of somebody else
///
/// Make sure that the file comes from whom it says: whoever holds the key can change your packages.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys trust release.key.json --owner ada@example.org --namespace core_migrations
  onx keys trust release.key.json --owner ada@example.org --namespace acme --days 90")]
pub(crate) struct KeyTrustArguments {
    /// The file with the public half
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) grant: GrantArguments,
}

/// With what a key is trusted.
#[derive(Debug, Args)]
pub(crate) struct GrantArguments {
    /// Who holds it, in lower case
    #[arg(long, value_name = "WHO")]
    pub(crate) owner: Identity,

    /// The namespaces in which it may sign
    #[arg(long = "namespace", value_name = "NAMESPACE", default_value = "core_migrations")]
    pub(crate) namespaces: Vec<Namespace>,

    /// What it may sign: manifest, plan, approval, checkpoint, evidence or tree_head
    #[arg(long = "kind", value_name = "KIND", value_parser = kind, default_value = "manifest")]
    pub(crate) kinds: Vec<Kind>,

    /// For how long, from now
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: u32,
}

/// Trust a key no more: nothing that it signed counts on this machine, whenever it was signed
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx keys revoke 9f0c… --reason 'the laptop was stolen'")]
pub(crate) struct KeyRevokeArguments {
    /// The id of the key, as `onx keys list` shows it
    #[arg(value_name = "ID")]
    pub(crate) id: KeyId,

    /// Why, for whoever reads the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

fn kind(text: &str) -> Result<Kind, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| {
        "expected manifest, plan, approval, checkpoint, evidence or tree_head".to_owned()
    })
}
