//! Reads a manifest with what lies beside it.

use std::path::{Path, PathBuf};

use artifact::{Digest, strict_json};
use code_model::manifest::Manifest;
use code_model::report::Report;
use code_model::snapshot::Snapshot;
use host::{FileErrorKind, NodeKind, Place, split_path};

use super::{BUNDLE_FILE_LIMIT_BYTES, BundleFolder, name};
use crate::{Error, ErrorCode, ErrorKind, World};

/// A manifest that was read and checked, and the folder that it lies in.
#[derive(Debug, Clone)]
pub struct LoadedManifest {
    /// The manifest.
    pub manifest: Manifest,
    /// The digest of the file's bytes.
    pub digest: Digest,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The file.
    pub path: PathBuf,
    /// The folder of its bundle.
    pub folder: BundleFolder,
    /// The report beside it, when there is one that can be read and is about this manifest.
    pub report: Option<Report>,
}

/// Reads a manifest from its file or from the folder of its bundle; the older names of both files
/// are read too.
pub fn load_manifest(world: &World, given: &Path) -> Result<LoadedManifest, Error> {
    let given = world.environment.absolute(given);
    let (path, bytes) = read_manifest(world, &given)?;
    let manifest = Manifest::read(&bytes).map_err(|error| {
        Error::user(
            ErrorCode::VerificationError,
            format!("`{}` is no usable manifest", path.display()),
        )
        .caused_by(error)
        .hint("make it again with onx-manifest generate")
    })?;
    let folder = BundleFolder::at(path.parent().unwrap_or(&path));
    let digest = Digest::of(&bytes);
    let report = [name::REPORT, "manifest_report.json"].into_iter().find_map(|file| {
        let bytes = folder.read(&*world.files, file).ok()??;
        let report: Report = strict_json(&bytes).ok()?;
        (report.manifest_digest == digest).then_some(report)
    });
    Ok(LoadedManifest { manifest, digest, bytes, path, folder, report })
}

/// One of the versions that lie beside a manifest; none when the file is missing.
pub(crate) fn read_snapshot(
    world: &World,
    loaded: &LoadedManifest,
    file: &str,
) -> Result<Option<Snapshot>, Error> {
    let Some(bytes) = read_named(world, loaded, file)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let message = format!("`{}` is no snapshot", loaded.folder.file(file).display());
        Error::user(ErrorCode::VerificationError, message).caused_by(error)
    })
}

/// The bytes of a file of the bundle, as the manifest names them; none where it names no such file,
/// whatever lies there.
pub(crate) fn read_named(
    world: &World,
    loaded: &LoadedManifest,
    file: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(digest) = loaded.manifest.metadata.bundle.get(file) else { return Ok(None) };
    let bytes = loaded.folder.read(&*world.files, file)?;
    if bytes.as_ref().is_some_and(|bytes| Digest::of(bytes) == *digest) {
        return Ok(bytes);
    }
    let message = format!("`{}` is not what the manifest says", loaded.folder.file(file).display());
    Err(Error::new(ErrorKind::Conflict, ErrorCode::VerificationError, message)
        .hint("take the bundle from where it was made, or make it again"))
}

fn read_manifest(world: &World, given: &Path) -> Result<(PathBuf, Vec<u8>), Error> {
    let missing = |path: &Path| {
        Error::user(
            ErrorCode::VerificationError,
            format!("there is no manifest at `{}`", path.display()),
        )
        .hint("make one with onx-manifest generate, or name its file or folder")
    };
    let unreadable = |error: host::FileError| {
        Error::outside(ErrorCode::VerificationError, "the manifest cannot be read", error)
    };
    let is_folder = given.is_dir();
    let candidates: Vec<PathBuf> = if is_folder {
        vec![given.join(name::MANIFEST), given.join("change_manifest.yaml")]
    } else {
        vec![given.to_owned()]
    };
    for path in candidates {
        let (base, file) = split_path(&path).map_err(unreadable)?;
        let place = Place::new(&base, &file);
        match world.files.metadata(place) {
            Ok(Some(metadata)) if metadata.kind == NodeKind::File => {}
            Ok(_) => continue,
            Err(error) if error.kind == FileErrorKind::Missing => continue,
            Err(error) => return Err(unreadable(error)),
        }
        let bytes = world.files.read(place, BUNDLE_FILE_LIMIT_BYTES).map_err(unreadable)?;
        return Ok((path, bytes));
    }
    Err(missing(given))
}
