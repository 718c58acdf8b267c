//! New bundles out of old ones, by what a person states: a manifest never changes.

mod truth;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use code_change::Amendment;
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::manifest::Manifest;
use code_model::operation::Change;
use code_model::snapshot::Snapshot;
use host::{FileError, FileErrorKind, Place};

use crate::bundle::{BundleFolder, Content, LoadedManifest, load_manifest, name, read_snapshot};
use crate::trust::{SignatureState, sign_descendant};
use crate::{Error, ErrorCode, ErrorKind, World};

/// The longest reason, in bytes.
const REASON_LIMIT_BYTES: usize = 1000;

/// A bundle that was written.
pub(crate) struct Written {
    /// Where its manifest lies.
    pub(crate) uri: String,
    /// The identity of that.
    pub(crate) digest: Digest,
    /// Who signed it.
    pub(crate) signature: SignatureState,
    /// Each file that was written, by what it is.
    pub(crate) artifacts: BTreeMap<String, String>,
}

/// The two versions that lie beside a manifest, as far as they do.
#[derive(Debug)]
pub(crate) struct BothVersions {
    pub(crate) from: Option<Snapshot>,
    pub(crate) to: Option<Snapshot>,
}

impl BothVersions {
    pub(crate) fn beside(loaded: &LoadedManifest, world: &World) -> Result<Self, Error> {
        Ok(Self {
            from: read_snapshot(world, loaded, name::SNAPSHOT_FROM)?,
            to: read_snapshot(world, loaded, name::SNAPSHOT_TO)?,
        })
    }

    /// Refuses changes that cannot be true of the two versions.
    pub(crate) fn expect_true<'c>(
        &self,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Result<(), Error> {
        let (from, to) = (self.from.as_ref(), self.to.as_ref());
        let wrong: Vec<String> =
            changes.flat_map(|change| truth::untrue(change, from, to)).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let message = "what is said does not fit the two versions";
        let error = Error::user(ErrorCode::UsageError, message);
        let error = wrong.into_iter().fold(error, Error::detail);
        Err(error
            .hint("correct the names; --unchecked takes names that cannot be seen in the source"))
    }

    /// Whether the new version lacks a name, as far as can be seen.
    pub(crate) fn is_gone(&self, name: &DottedName) -> bool {
        let resolution = self.to.as_ref().map(|to| ApiIndex::new(to).resolve(name));
        resolution.is_some_and(|resolution| resolution == Resolution::Missing)
    }
}

/// A reason as a manifest holds it.
pub(crate) fn reason(text: &str) -> Result<&str, Error> {
    let reason = text.trim();
    if (1..=REASON_LIMIT_BYTES).contains(&reason.len()) {
        return Ok(reason);
    }
    let message = format!("a reason has 1 to {REASON_LIMIT_BYTES} bytes");
    Err(Error::user(ErrorCode::UsageError, message)
        .hint("say with --reason why this is so; it stands in the manifest"))
}

/// Writes a new bundle with what was amended, beside the old one unless a folder is named. It is
/// signed if the old one is by somebody who is trusted here.
pub(crate) fn write(
    amended: &Amendment,
    loaded: &LoadedManifest,
    out: Option<&Path>,
    world: &World,
) -> Result<Written, Error> {
    let manifest = &amended.manifest;
    let text = manifest.write();
    // Whatever a person states must be a manifest that others can read.
    Manifest::read(text.as_bytes()).map_err(|error| {
        Error::user(ErrorCode::UsageError, "what is said makes no valid operation").caused_by(error)
    })?;
    let digest = manifest.digest();
    let own = resolved(loaded.folder.path(), world)?;
    let out = out.map_or_else(
        || {
            let stem = own.file_name().map(|name| name.to_string_lossy().into_owned());
            let stem = stem.unwrap_or_else(|| "manifest".to_owned());
            own.with_file_name(format!("{stem}_{}", &digest.hex()[..8]))
        },
        Path::to_path_buf,
    );
    let folder = empty_folder(&out, &own, manifest, world)?;
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
    folder.write(&*world.files, name::MANIFEST, &Content::of_bytes(text.into_bytes()))?;
    written.push(name::MANIFEST);
    let made = load_manifest(world, folder.path())?;
    let signature = sign_descendant(world, &made, std::slice::from_ref(loaded))?;
    let artifacts = written.into_iter().map(|file| {
        let what = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        (what.to_owned(), out.join(file).display().to_string())
    });
    let uri = out.join(name::MANIFEST).display().to_string();
    Ok(Written { uri, digest, signature, artifacts: artifacts.collect() })
}

/// The folder for a new bundle: neither the one of the manifest that it is made from, by whatever
/// path that was named, nor one with another manifest, which somebody may have published or signed.
fn empty_folder(
    out: &Path,
    own: &Path,
    manifest: &Manifest,
    world: &World,
) -> Result<BundleFolder, Error> {
    let path = world.environment.absolute(out);
    let refused = |message: String| {
        Error::new(ErrorKind::Conflict, ErrorCode::OutputError, message)
            .hint("name another folder with --out: a manifest never changes")
    };
    let is_own = match world.files.canonical(&path) {
        Ok(path) => path == own,
        Err(error) if error.kind == FileErrorKind::Missing => false,
        Err(error) => return Err(unusable(&path, error)),
    };
    if is_own {
        let path = path.display();
        return Err(refused(format!("`{path}` holds the manifest that this is made from")));
    }
    let folder = BundleFolder::claim(world, &path, &manifest.metadata.library)?;
    match folder.read(&*world.files, name::MANIFEST)? {
        Some(bytes) if Digest::of(&bytes) != manifest.digest() => {
            let (path, other) = (path.display(), Digest::of(&bytes).short());
            Err(refused(format!("`{path}` holds another manifest, {other}")))
        }
        Some(_) => Ok(folder),
        None => {
            // Signatures of a manifest that is gone would stand beside the new one as broken.
            let signature = TreePath::new(name::SIGNATURE).map_err(|error| {
                Error::internal("a bundle's file has no usable name").caused_by(error)
            })?;
            match world.files.remove_file(Place::new(&path, &signature)) {
                Err(error) if error.kind != FileErrorKind::Missing => Err(unusable(&path, error)),
                _ => Ok(folder),
            }
        }
    }
}

/// The path with every link in it resolved.
fn resolved(path: &Path, world: &World) -> Result<PathBuf, Error> {
    world.files.canonical(path).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: FileError) -> Error {
    let hint = error.hint().to_owned();
    let message = format!("`{}` cannot be used", path.display());
    Error::outside(ErrorCode::OutputError, message, error).hint(hint)
}
