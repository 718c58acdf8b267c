//! Lists manifests and applications, so that they can be asked for across packages.

use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Error;
use crate::work::{ApplicationListing, Listings, ManifestListing};

/// Keeps the listing of each manifest and of each application once, however often it is told.
pub struct ManifestDatabase<'a> {
    /// Where they are listed.
    pub listings: &'a dyn Listings,
}

/// What is to be listed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DatabaseEntry {
    /// A manifest with its operations.
    Manifest(ManifestListing),
    /// An application of one to a package.
    Application(ApplicationListing),
}

/// What was listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListedEntry {
    /// Its id.
    pub id: String,
}

impl Node for ManifestDatabase<'_> {
    type Input = DatabaseEntry;
    type Output = ListedEntry;
    type Error = Error;

    const NAME: &'static str = "manifest_database";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: DatabaseEntry) -> Result<ListedEntry, Error> {
        let id = match input {
            DatabaseEntry::Manifest(manifest) => {
                self.listings.list_manifest(&manifest)?;
                manifest.id
            }
            DatabaseEntry::Application(application) => {
                self.listings.list_application(&application)?;
                application.id
            }
        };
        Ok(ListedEntry { id })
    }
}
