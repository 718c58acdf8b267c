//! The commands of `onx-manifest template`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// State operations by hand, from a library of documented templates
///
/// What onx cannot know, a maintainer can say: that a removed function became a method, what a new
/// default did before, where the names of a split module went. A template says what must be said,
/// checks it, and makes operations of it. A manifest never changes, so adding to one makes a new
/// one, which names the old one.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest template list
  onx-manifest template show function-to-method
  onx-manifest template add function-to-method --manifest artifacts/core_diff/1.0_2.0 \\
      --set function=yourlib.shapes.describe --set parameters=shape,precision \\
      --set method=describe --reason 'moved to the class, see the change log of 2.0'")]
pub(crate) struct TemplateArguments {
    #[command(subcommand)]
    pub(crate) command: TemplateCommand,
}

/// What is done with templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    List(TemplateListArguments),
    Show(TemplateShowArguments),
    Add(TemplateAddArguments),
}

/// List the templates, each with what it states
#[derive(Debug, Args)]
pub(crate) struct TemplateListArguments {}

/// Show a template: when to use it, what must be said, and an example
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest template show parameter-renamed")]
pub(crate) struct TemplateShowArguments {
    /// The name of the template
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: String,
}

/// Fill a template in and add what comes out to a manifest
///
/// Writes a new bundle with a new manifest, which names the one before it by its digest; that one
/// stays as it is. What is added is evidence of the kind manual_validation with the given reason,
/// and is sure. It takes the place of an operation that says the same and of the removal of a name
/// that has a successor now; anything else that speaks of the same must be replaced by name.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest template add class-renamed --manifest artifacts/core_diff/1.0_2.0 \\
      --set old=yourlib.Square --set new=yourlib.shapes.Quadrat --reason 'renamed in 2.0'
  onx-manifest template add parameter-removed --manifest manifest.yaml --replace OP012 \\
      --set callable=yourlib.area --set name=unit --set position=1 --reason 'had no effect'")]
pub(crate) struct TemplateAddArguments {
    /// The name of the template
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: String,

    /// The manifest or its folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,

    /// What a parameter of the template is; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,

    /// Why this is so; it stands in the manifest
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    /// An operation of the manifest that makes way for what is added; repeatable
    #[arg(long, value_name = "OP")]
    pub(crate) replace: Vec<String>,

    /// Take names that the source of neither version shows
    #[arg(long)]
    pub(crate) unchecked: bool,

    /// The folder to write into [default: beside the manifest's own, with the new digest]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
