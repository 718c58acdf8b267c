//! A new manifest with what a maintainer states by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use artifact::Digest;
use code_change::{Addition, Amendment, amend};
use code_model::manifest::Manifest;
use code_model::operation::OperationId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amend::untrue;
use super::definition::find;
use super::instance::instantiate;
use crate::bundle::{BundleFolder, Content, LoadedManifest, load_manifest, name, read_snapshot};
use crate::trust::{SignatureState, sign_descendant};
use crate::verify::expect_intact;
use crate::{Error, ErrorCode, ErrorKind, World};

/// What `template add` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRequest {
    /// The manifest or its folder.
    pub manifest: PathBuf,
    /// The name of the template.
    pub template: String,
    /// What is said, by the parameter's name.
    pub parameters: BTreeMap<String, String>,
    /// Why, in the maintainer's words.
    pub reason: String,
    /// Operations of the manifest that are left out for it.
    pub replace: Vec<String>,
    /// Whether names that neither version has are taken all the same.
    pub unchecked: bool,
    /// The folder to write into; by default it stands beside the manifest's own.
    pub out: Option<PathBuf>,
}

/// What came out of `template add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddAnswer {
    /// Where the new manifest lies.
    pub manifest_uri: String,
    /// Its identity.
    pub manifest_digest: Digest,
    /// Who signed it.
    pub signature: SignatureState,
    /// The manifest that it was made from, which stays as it is.
    pub parent: Digest,
    /// What was added.
    pub added: Vec<AddedOperation>,
    /// Operations of the parent that it leaves out.
    pub replaced: Vec<OperationId>,
    /// Each file that was written, by what it is.
    pub artifacts: BTreeMap<String, String>,
}

/// An operation that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddedOperation {
    /// Its id.
    pub id: OperationId,
    /// Its kind.
    pub kind: String,
    /// Old → new, for people.
    pub subject: String,
}

/// The longest reason, in bytes.
const REASON_LIMIT_BYTES: usize = 1000;

/// Instantiates a template into a manifest: writes a new one, which names the old one.
pub fn add(request: &AddRequest, world: &World) -> Result<AddAnswer, Error> {
    let reason = request.reason.trim();
    if reason.is_empty() || reason.len() > REASON_LIMIT_BYTES {
        let message = format!("a reason has 1 to {REASON_LIMIT_BYTES} bytes");
        return Err(Error::user(ErrorCode::UsageError, message)
            .hint("say with --reason why this is so; it stands in the manifest"));
    }
    let template = find(&request.template)?;
    let changes = instantiate(&template, &request.parameters)?;
    let loaded = load_manifest(world, &request.manifest)?;
    expect_intact(world, &loaded)?;
    if !request.unchecked {
        let from = read_snapshot(world, &loaded, name::SNAPSHOT_FROM)?;
        let to = read_snapshot(world, &loaded, name::SNAPSHOT_TO)?;
        let wrong: Vec<String> = changes
            .iter()
            .flat_map(|(change, _)| untrue(change, from.as_ref(), to.as_ref()))
            .collect();
        if !wrong.is_empty() {
            let message = "what is said does not fit the two versions";
            let error = Error::user(ErrorCode::UsageError, message);
            let error = wrong.into_iter().fold(error, Error::detail);
            return Err(error.hint(
                "correct the names; --unchecked takes names that cannot be seen in the source",
            ));
        }
    }
    let replace = replaced(&request.replace, &loaded)?;
    let additions: Vec<Addition> = changes
        .into_iter()
        .map(|(change, breaking)| Addition { change, breaking, reason: reason.to_owned() })
        .collect();
    let amended =
        amend(&loaded.manifest, loaded.digest, loaded.report.as_ref(), &additions, &replace);
    if !amended.conflicts.is_empty() {
        return Err(conflict(&amended, &loaded));
    }
    // Whatever a template makes must be a manifest that others can read.
    Manifest::read(amended.manifest.write().as_bytes()).map_err(|error| {
        Error::user(ErrorCode::UsageError, "what is said makes no valid operation").caused_by(error)
    })?;
    write(&amended, &loaded, request, world)
}

fn replaced(ids: &[String], loaded: &LoadedManifest) -> Result<BTreeSet<OperationId>, Error> {
    let known = |id: &String| {
        let operations = &loaded.manifest.operations;
        let found = operations.iter().find(|o| o.id.0.eq_ignore_ascii_case(id));
        found.map(|operation| operation.id.clone()).ok_or_else(|| {
            let id: String = id.chars().take(80).collect();
            let message = format!("`{}` has no operation `{id}`", loaded.path.display());
            Error::user(ErrorCode::UsageError, message)
                .hint("--replace takes the id of an operation, for example OP003")
        })
    };
    ids.iter().map(known).collect()
}

fn conflict(amended: &Amendment, loaded: &LoadedManifest) -> Error {
    let message = "the manifest says something else about the same";
    let mut error = Error::new(ErrorKind::Conflict, ErrorCode::UsageError, message);
    let operations = &loaded.manifest.operations;
    for operation in operations.iter().filter(|o| amended.conflicts.contains(&o.id)) {
        error = error.detail(format!(
            "{} ({:.2}): {}",
            operation.id, operation.confidence.overall, operation.change
        ));
    }
    let ids: Vec<String> = amended.conflicts.iter().map(|id| format!("--replace {id}")).collect();
    error.hint(format!("add {} to put yours in its place", ids.join(" ")))
}

fn write(
    amended: &Amendment,
    loaded: &LoadedManifest,
    request: &AddRequest,
    world: &World,
) -> Result<AddAnswer, Error> {
    let manifest = &amended.manifest;
    let digest = manifest.digest();
    let own = loaded.folder.path();
    let out = request.out.clone().unwrap_or_else(|| {
        let stem = own.file_name().map(|name| name.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_else(|| "manifest".to_owned());
        own.with_file_name(format!("{stem}_{}", &digest.hex()[..8]))
    });
    let folder =
        BundleFolder::claim(world, &world.environment.absolute(&out), &manifest.metadata.library)?;
    if folder.path() == own {
        let message = format!("`{}` holds the manifest that is added to", own.display());
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::OutputError, message)
            .hint("name another folder with --out: a manifest never changes"));
    }
    let mut written = Vec::new();
    for file in name::OF_VERSIONS {
        if let Some(bytes) = loaded.folder.read(&*world.files, file)? {
            folder.write(&*world.files, file, &Content::of_bytes(bytes))?;
            written.push(file);
        }
    }
    if let Some(report) = &amended.report {
        let mut bytes = serde_json::to_vec_pretty(report)
            .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
        bytes.push(b'\n');
        folder.write(&*world.files, name::REPORT, &Content::of_bytes(bytes))?;
        written.push(name::REPORT);
    }
    let bytes = manifest.write().into_bytes();
    folder.write(&*world.files, name::MANIFEST, &Content::of_bytes(bytes))?;
    written.push(name::MANIFEST);
    let made = load_manifest(world, folder.path())?;
    let signature = sign_descendant(world, &made, std::slice::from_ref(loaded))?;
    let artifacts = written.into_iter().map(|file| {
        let what = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        (what.to_owned(), out.join(file).display().to_string())
    });
    let added = manifest.operations.iter().filter(|o| amended.added.contains(&o.id));
    Ok(AddAnswer {
        manifest_uri: out.join(name::MANIFEST).display().to_string(),
        manifest_digest: digest,
        signature,
        parent: loaded.digest,
        added: added
            .map(|operation| AddedOperation {
                id: operation.id.clone(),
                kind: operation.change.kind().to_owned(),
                subject: operation.change.to_string(),
            })
            .collect(),
        replaced: amended.replaced.clone(),
        artifacts: artifacts.collect(),
    })
}
