//! A new manifest with what a maintainer states by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use artifact::Digest;
use code_change::{Addition, Amendment, amend};
use code_model::operation::OperationId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::find;
use super::instance::instantiate;
use crate::amendment::{BothVersions, Written, reason, write};
use crate::bundle::{LoadedManifest, load_manifest};
use crate::trust::SignatureState;
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

/// Instantiates a template into a manifest: writes a new one, which names the old one.
pub fn add(request: &AddRequest, world: &World) -> Result<AddAnswer, Error> {
    let reason = reason(&request.reason)?;
    let template = find(&request.template)?;
    let changes = instantiate(&template, &request.parameters)?;
    let loaded = load_manifest(world, &request.manifest)?;
    expect_intact(world, &loaded)?;
    if !request.unchecked {
        BothVersions::beside(&loaded, world)?.expect_true(changes.iter().map(|(it, _)| it))?;
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
    let Written { artifacts, digest, signature, uri } =
        write(&amended, &loaded, request.out.as_deref(), world)?;
    let added = amended.manifest.operations.iter().filter(|o| amended.added.contains(&o.id));
    Ok(AddAnswer {
        manifest_uri: uri,
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
        artifacts,
    })
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
