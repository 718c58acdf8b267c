//! Stores the files of a bundle.

use std::collections::BTreeMap;

use artifact::Digest;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{BundleFolder, Content};
use crate::{Error, World};

/// Writes files into a bundle's folder, each at once or not at all; files that are there already
/// stay untouched.
#[derive(Debug)]
pub struct ArtifactStorage<'a> {
    /// The doors to the machine.
    pub world: &'a World,
    /// The folder.
    pub folder: &'a BundleFolder,
}

/// A file to store.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArtifactToStore<'a> {
    /// Its name in the folder.
    pub name: String,
    /// What is in it; written as it comes into being.
    #[serde(skip)]
    #[schemars(skip)]
    pub content: Content<'a>,
}

/// What was stored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoredArtifact {
    /// The digest of each file, by its name.
    pub files: BTreeMap<String, Digest>,
}

impl<'a> ArtifactToStore<'a> {
    /// This file under this name.
    pub fn new(name: &str, content: Content<'a>) -> Self {
        Self { name: name.to_owned(), content }
    }
}

impl<'a> Node for ArtifactStorage<'a> {
    type Input = ArtifactToStore<'a>;
    type Output = StoredArtifact;
    type Error = Error;

    const NAME: &'static str = "artifact_storage";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: ArtifactToStore<'a>) -> Result<StoredArtifact, Error> {
        let digest = self.folder.write(&*self.world.files, &input.name, &input.content)?;
        Ok(StoredArtifact { files: BTreeMap::from([(input.name, digest)]) })
    }
}
