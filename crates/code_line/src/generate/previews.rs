//! Previews of what a manifest does to dependents, kept in the bundle.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::Digest;
use run::Observer;

use super::GenerateRequest;
use crate::apply::{ApplyOptions, RewriteWishes, apply};
use crate::bundle::{BundleFolder, Content, name};
use crate::versions::folder_name;
use crate::{Error, Progress, World};

/// Operations that are less sure are not part of a preview, as with `apply`.
const THRESHOLD: f64 = 0.7;

/// Writes `patches/NAME.patch` for each dependent that was named, once the manifest lies in the
/// bundle.
pub(super) fn write(
    request: &GenerateRequest,
    folder: &BundleFolder,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<BTreeMap<String, Digest>, Error> {
    let mut written = BTreeMap::new();
    for dependent in &request.previews {
        let options = ApplyOptions {
            manifest: folder.path().to_owned(),
            target: dependent.clone(),
            dry_run: true,
            auto_apply_threshold: THRESHOLD,
            untyped: false,
            allow_dirty: true,
            keep_requirement: false,
            checkpoint: None,
            exclude: Vec::new(),
            wishes: RewriteWishes::default(),
        };
        let applied = apply(&options, world, progress, observer)?;
        let file = format!("{}/{}.patch", name::PATCHES, patch_name(world, dependent));
        let digest = folder.write(&*world.files, &file, &Content::of_bytes(applied.patch))?;
        written.insert(file, digest);
    }
    Ok(written)
}

fn patch_name(world: &World, dependent: &Path) -> String {
    let path = world.environment.absolute(dependent);
    let path = world.files.canonical(&path).unwrap_or(path);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    folder_name(&name.unwrap_or_default())
}
