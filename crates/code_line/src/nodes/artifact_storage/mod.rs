//! Stores the files of a bundle.

use std::collections::BTreeMap;

use artifact::Digest;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::BundleFolder;
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
pub struct ArtifactToStore {
    /// Its name in the folder.
    pub name: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The bytes; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub bytes: Vec<u8>,
}

/// What was stored.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoredArtifact {
    /// The digest of each file, by its name.
    pub files: BTreeMap<String, Digest>,
}

impl ArtifactToStore {
    /// This file under this name.
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), size_bytes: bytes.len() as u64, bytes }
    }
}

impl Node for ArtifactStorage<'_> {
    type Input = ArtifactToStore;
    type Output = StoredArtifact;
    type Error = Error;

    const NAME: &'static str = "artifact_storage";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: ArtifactToStore) -> Result<StoredArtifact, Error> {
        let digest = self.folder.write(&*self.world.files, &input.name, &input.bytes)?;
        Ok(StoredArtifact { files: BTreeMap::from([(input.name, digest)]) })
    }
}
