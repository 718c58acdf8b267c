//! Publishes bundles, and fetches what was published.

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::Digest;
use ledger::Signer;
use registry::{EntryName, VersionPair};
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{BundleFolder, name};
use crate::publish::registry_error;
use crate::registries::OpenRegistry;
use crate::versions::folder_name;
use crate::{Error, ErrorCode, ErrorKind, World};

/// Publishes under a name what stays what it is from then on.
#[derive(Debug)]
pub struct RegistryApi<'a> {
    /// The doors to the machine.
    pub world: &'a World,
    /// Which registry.
    pub registry: &'a OpenRegistry,
}

/// A bundle that is to be published.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PublicationRequest {
    /// Who publishes there.
    pub namespace: String,
    /// The library.
    pub package: String,
    /// The version that is left.
    pub from_version: String,
    /// The version that is reached.
    pub to_version: String,
    /// The folder of the bundle.
    pub bundle: PathBuf,
    /// The files of the bundle that are published, by name.
    pub files: Vec<String>,
    /// The digest of the manifest that is to be published, which nobody may change meanwhile.
    pub manifest: Digest,
    /// The digests that the manifest names, by the name of the file.
    pub digests: BTreeMap<String, Digest>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PublishedBundle {
    /// Where it can be fetched.
    pub uri: String,
    /// Whether the same was published before.
    pub unchanged: bool,
    /// Whether readers see it now; else when whoever has the online key shows it.
    pub shown: bool,
    /// The digest of the manifest that was published.
    pub manifest_digest: Digest,
}

impl Node for RegistryApi<'_> {
    type Input = PublicationRequest;
    type Output = PublishedBundle;
    type Error = Error;

    const NAME: &'static str = "registry_api";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: PublicationRequest) -> Result<PublishedBundle, Error> {
        let [from, to] =
            [&input.from_version, &input.to_version].map(|version| folder_name(version));
        let entry = VersionPair::new(&from, &to)
            .and_then(|versions| EntryName::new(&input.namespace, &input.package, versions));
        let entry = entry.map_err(|error| registry_error(error.into()))?;
        let changed = |file: &str| {
            let message = format!("`{file}` changed while the bundle was published");
            Error::new(ErrorKind::Conflict, ErrorCode::RegistryError, message)
                .hint("look at what changed it, then publish again")
        };
        let folder = BundleFolder::at(&input.bundle);
        let mut contents = BTreeMap::new();
        for file in &input.files {
            let bytes = folder.read(&*self.world.files, file)?;
            let bytes = bytes.ok_or_else(|| changed(file))?;
            let expected = match file.as_str() {
                name::MANIFEST => Some(&input.manifest),
                other => input.digests.get(other),
            };
            if expected.is_some_and(|digest| *digest != Digest::of(&bytes)) {
                return Err(changed(file));
            }
            contents.insert(file.clone(), bytes);
        }
        let keys = self.registry.signers(self.world)?;
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| &**key).collect();
        let now = self.world.clock.now();
        let published = self.registry.publish(&entry, &contents, &signers, now);
        let (published, shown) = published.map_err(registry_error)?;
        Ok(PublishedBundle {
            uri: entry.to_string(),
            unchanged: published.unchanged,
            shown,
            manifest_digest: input.manifest,
        })
    }
}
