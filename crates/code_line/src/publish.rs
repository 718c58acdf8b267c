//! Publishing bundles in a registry, and using what was published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath, shown};
use code_model::manifest::{Manifest, ManifestMetadata};
use host::Place;
use registry::{Entry, EntryName, EntryStatus, Listed, Reach, RegistryError, SCHEME, VersionPair};
use run::Walker;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approvals::{ManifestStep, expect_approved, has_approvals};
use crate::bundle::{LoadedManifest, load_manifest, name};
use crate::nodes::migration_event::{ManifestReady, MigrationEvent};
use crate::nodes::registry_api::{PublicationRequest, PublishedBundle, RegistryApi};
use crate::registries::{FoundEntry, OpenRegistry};
use crate::trust::{self, SignatureState};
use crate::verify::expect_intact;
use crate::versions::folder_name;
use crate::{Error, ErrorCode, ErrorKind, World};

/// The namespace in which libraries' manifests are published unless another one is asked for.
pub const DEFAULT_NAMESPACE: &str = "core_migrations";

/// Where and how a manifest is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// The folder of the registry.
    pub registry: PathBuf,
    /// The namespace.
    pub namespace: String,
    /// Why it is published although dependents do not fit it, where somebody decided that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
}

/// The files of a bundle that others need: everything but what was tried on dependents.
const PUBLISHED: [&str; 13] = [
    name::MANIFEST,
    name::SIGNATURE,
    name::REPORT,
    name::SNAPSHOT_FROM,
    name::SNAPSHOT_TO,
    name::STUBS_FROM,
    name::STUBS_TO,
    name::GRAPH_FROM,
    name::GRAPH_TO,
    name::TREE_FROM,
    name::TREE_TO,
    name::STAMPS,
    name::DIFFERENCES,
];

/// Publishes the bundle in this folder, and tells others of it where the work is a run.
pub fn publish(
    publication: &Publication,
    bundle: &Path,
    world: &World,
    walker: &Walker<'_>,
) -> Result<PublishedBundle, Error> {
    let loaded = load_manifest(world, bundle)?;
    expect_intact(world, &loaded)?;
    expect_verified(publication, &loaded)?;
    let cleared = expect_approved(world, &loaded, ManifestStep::Publish)?;
    let registry = OpenRegistry::open(world, &world.environment.absolute(&publication.registry))?;
    expect_signed_for(publication, &loaded, world)?;
    let LoadedManifest { manifest, folder, .. } = &loaded;
    let mut files = Vec::new();
    for file in PUBLISHED {
        if folder.read(&*world.files, file)?.is_some() {
            files.push(file.to_owned());
        }
    }
    let metadata = &manifest.metadata;
    let request = PublicationRequest {
        namespace: publication.namespace.clone(),
        package: metadata.library.clone(),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        digests: metadata.bundle.clone(),
        bundle: loaded.path.parent().unwrap_or(Path::new(".")).to_owned(),
        files,
        manifest: loaded.digest,
    };
    cleared.take_effect(world, &loaded)?;
    let published = walker.effect(&RegistryApi { world, registry: &registry }, request)?;
    if let Some(recorder) = walker.recorder() {
        let ready = ready(manifest, &published.uri);
        walker.step(&MigrationEvent { recorder }, ready)?;
    }
    Ok(published)
}

/// Refuses a manifest that nobody signed who is trusted here, and signs one for the namespace in
/// which it is published, unless it is signed for that one. What was approved for a namespace is
/// published in no other, and what others signed is not signed over: their signature may be worth
/// more to readers than the own one.
fn expect_signed_for(
    publication: &Publication,
    loaded: &LoadedManifest,
    world: &World,
) -> Result<(), Error> {
    let SignatureState::Signed { by, namespace } = trust::expect_signed(world, loaded, false)?
    else {
        return trust::sign(world, loaded, &publication.namespace).map(drop);
    };
    if namespace == publication.namespace {
        return Ok(());
    }
    let refused = |code, message: String| {
        Err(Error::new(ErrorKind::Conflict, code, message).hint(
            "publish it there, or sign it for the other namespace with `onx-manifest sign`, and \
             have it approved anew",
        ))
    };
    if has_approvals(world, loaded)? {
        let message = format!("the manifest was approved as one of `{namespace}`");
        return refused(ErrorCode::ApprovalError, message);
    }
    let own = world.trust.own_key()?.owner.to_string();
    if by.iter().any(|signer| *signer != own) {
        let message = format!("the manifest is signed by {} for `{namespace}`", by.join(", "));
        return refused(ErrorCode::SignatureError, message);
    }
    trust::sign(world, loaded, &publication.namespace).map(drop)
}

/// Refuses a manifest that does not fit the dependents on which it was tried.
fn expect_verified(publication: &Publication, loaded: &LoadedManifest) -> Result<(), Error> {
    let verification = loaded.report.as_ref().and_then(|report| report.verification.as_ref());
    let failed = verification.is_some_and(|outcome| !outcome.passed);
    if failed && publication.despite.is_none() {
        let message = "dependents on which the manifest was tried do not fit the new version";
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::VerificationError, message)
            .hint("verification.json of the bundle that was tried says where; publish it all the same with \
             --despite REASON"));
    }
    Ok(())
}

fn ready(manifest: &Manifest, uri: &str) -> ManifestReady {
    let operations = &manifest.operations;
    let breaking = operations.iter().filter(|operation| operation.metadata.breaking).count();
    let total: f64 = operations.iter().map(|operation| operation.confidence.overall).sum();
    let count = operations.len();
    ManifestReady {
        core_package: manifest.metadata.library.clone(),
        from_version: manifest.metadata.from_version.clone(),
        to_version: manifest.metadata.to_version.clone(),
        manifest_uri: uri.to_owned(),
        breaking_changes: breaking as u32,
        safe_changes: (count - breaking) as u32,
        confidence_avg: if count == 0 { 0.0 } else { total / count as f64 },
    }
}

/// Fetches what is published under a name into a folder of the cache, and gives that folder. What
/// is there already, whole, is not fetched again.
pub fn fetch(
    name: &EntryName,
    registry: &Path,
    reach: Reach,
    world: &World,
) -> Result<Fetched, Error> {
    let registry = OpenRegistry::open(world, registry)?;
    let found = registry.find(name, reach, world.clock.now()).map_err(registry_error)?;
    expect_bundle(&found.listed.entry)?;
    let contents = registry.fetch(&found, reach).map_err(registry_error)?;
    let FoundEntry { listed, expired, .. } = found;
    let identity = artifact::canonical_digest(&listed.entry)
        .map_err(|error| Error::internal("an entry has no canonical form").caused_by(error))?;
    let folder = world.folders.cache.join("registry").join(&identity.hex()[..32]);
    write_out(&contents, &folder, world)?;
    let loaded = load_manifest(world, &folder)?;
    expect_named(&listed.entry.name, &loaded)?;
    expect_namespace(&listed.entry.name, &loaded, world)?;
    Ok(Fetched { folder, listed, expired, contents })
}

/// Refuses an entry with files that no bundle has: a publisher chose their names, and they would
/// lie wherever the user wants the bundle to be.
fn expect_bundle(entry: &Entry) -> Result<(), Error> {
    let Some(file) = entry.files.keys().find(|file| !PUBLISHED.contains(&file.as_str())) else {
        return Ok(());
    };
    let message = format!("`{}` has a file that no bundle has: `{}`", entry.name, shown(file));
    Err(Error::new(ErrorKind::Conflict, ErrorCode::RegistryError, message)
        .hint("ask its publisher, and do not use it"))
}

/// Refuses a manifest of another library, or from and to other versions, than its name says: it may
/// be signed all the same, and whoever can write into the registry chose where it lies.
fn expect_named(name: &EntryName, loaded: &LoadedManifest) -> Result<(), Error> {
    let metadata = &loaded.manifest.metadata;
    let is_same = entry_of(&name.namespace, metadata).is_ok_and(|own| own == *name);
    if is_same {
        return Ok(());
    }
    let found = format!(
        "it is of {} {} → {}",
        shown(&metadata.library),
        shown(&metadata.from_version),
        shown(&metadata.to_version)
    );
    let message = format!("`{name}` holds another manifest");
    Err(Error::new(ErrorKind::Conflict, ErrorCode::RegistryError, message)
        .detail(found)
        .hint("ask its publisher, and do not use it"))
}

/// The name under which a manifest is published in a namespace.
pub(crate) fn entry_of(
    namespace: &str,
    metadata: &ManifestMetadata,
) -> Result<EntryName, RegistryError> {
    let [from, to] = [&metadata.from_version, &metadata.to_version].map(|it| folder_name(it));
    Ok(EntryName::new(namespace, &metadata.library, VersionPair::new(&from, &to)?)?)
}

/// Refuses a manifest that is signed for another namespace than the one under whose name it lies.
fn expect_namespace(name: &EntryName, loaded: &LoadedManifest, world: &World) -> Result<(), Error> {
    match trust::signature_of(world, loaded)? {
        SignatureState::Signed { namespace, .. } if namespace != name.namespace => {
            let message = format!("`{name}` is signed for the namespace `{namespace}`");
            Err(Error::new(ErrorKind::Conflict, ErrorCode::SignatureError, message)
                .hint("ask its publisher, and do not use it"))
        }
        _ => Ok(()),
    }
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The folder of the bundle.
    pub folder: PathBuf,
    /// The entry.
    pub listed: Listed,
    /// What had expired and was used all the same.
    pub expired: Vec<String>,
    /// The files.
    pub contents: BTreeMap<String, Vec<u8>>,
}

impl Fetched {
    /// What the user should know before they use it.
    pub fn warnings(&self) -> Vec<String> {
        let name = &self.listed.entry.name;
        let deprecated = self.listed.status.as_ref();
        let deprecated = deprecated.filter(|change| change.status == EntryStatus::Deprecated);
        let deprecated =
            deprecated.map(|change| format!("{name} is deprecated: {}", change.reason));
        let expired = self.expired.iter().map(|role| format!("used all the same: {role}"));
        deprecated.into_iter().chain(expired).collect()
    }
}

/// Writes the files of a bundle into a folder, each at once or not at all; those that are there
/// already, with these bytes, stay untouched.
pub fn write_out(
    contents: &BTreeMap<String, Vec<u8>>,
    folder: &Path,
    world: &World,
) -> Result<(), Error> {
    let files = &*world.files;
    let write = |file: &str, bytes: &[u8]| {
        let path = TreePath::new(file)
            .map_err(|_| host::FileError::new("use", file, host::FileErrorKind::Path))?;
        let place = Place::new(folder, &path);
        let there = files.read(place, bytes.len() as u64 + 1);
        if there.is_ok_and(|there| Digest::of(&there) == Digest::of(bytes)) {
            return Ok(());
        }
        files.create_parents(folder, &path)?;
        files.write(place, bytes, None)
    };
    let written = files
        .create_base(folder)
        .and_then(|()| contents.iter().try_for_each(|(file, bytes)| write(file, bytes)));
    written.map_err(|error| {
        let hint = error.hint().to_owned();
        let message = format!("`{}` cannot be written", folder.display());
        Error::outside(ErrorCode::OutputError, message, error).hint(hint)
    })
}

/// Whether what a user names as a manifest is a name in a registry.
pub fn entry_name(manifest: &Path) -> Option<Result<EntryName, Error>> {
    let text = manifest.to_str().filter(|text| text.starts_with(SCHEME))?;
    Some(text.parse().map_err(|error| registry_error(RegistryError::Name(error))))
}

/// What a registry says, as an error of the code line.
pub fn registry_error(error: RegistryError) -> Error {
    let (kind, hint) = (error.kind(), error.hint());
    let converted = Error::new(kind, ErrorCode::RegistryError, error.to_string()).hint(hint);
    converted.because_of(&error)
}
