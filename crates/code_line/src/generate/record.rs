//! What an earlier run wrote, so that an unchanged repeat need not be computed again.

use std::collections::BTreeMap;

use artifact::{Digest, TreePath};
use host::{Files, Place, remove_temporary_files};
use python::facts::EXTRACTOR_VERSION;
use serde::{Deserialize, Serialize};

use super::history::CommitRange;
use super::{GenerateAnswer, GenerateRequest};
use crate::World;
use crate::bundle::{BundleFolder, GENERATOR};
use crate::nodes::git_operations::OpenedSource;

/// The outputs of a run, by the digest of everything that they follow from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The digest of each output, by its name in the folder.
    pub(super) outputs: BTreeMap<String, Digest>,
    /// What was answered.
    pub(super) answer: GenerateAnswer,
}

/// Digest of everything that the outputs follow from.
pub(super) fn inputs_digest(
    request: &GenerateRequest,
    sides: [&OpenedSource; 2],
) -> Option<Digest> {
    let mut parts: Vec<Vec<u8>> = vec![GENERATOR.into(), EXTRACTOR_VERSION.to_le_bytes().into()];
    // Another build may infer differently under the same version.
    parts.push(env!("ONX_CODE_IDENTITY").into());
    let mut config = request.config.clone();
    // Neither changes a result.
    config.chunk_size = 0;
    config.cache_enabled = true;
    parts.push(artifact::canonical_json(&config).ok()?);
    parts.push(artifact::canonical_json(&request.rules).ok()?);
    parts.push(artifact::canonical_json(&request.acknowledge).ok()?);
    for source in sides {
        let tree = source.tree.as_ref()?;
        let identity = tree.identity();
        parts.push(source.label.as_str().into());
        parts.push(format!("{:?}", source.times).into_bytes());
        parts.push(format!("{identity:?}").into_bytes());
        let mut listing = Vec::with_capacity(tree.entries().len() * 64);
        for entry in tree.entries() {
            listing.extend_from_slice(entry.path.as_str().as_bytes());
            listing.extend_from_slice(
                format!("\0{}\0{:?}\0{:?}\n", entry.identity, entry.kind, entry.modified)
                    .as_bytes(),
            );
        }
        parts.push(listing);
    }
    // A clone that is deepened has more to say about the same two commits.
    let [from, to] = sides;
    let commits = CommitRange::between(from, to);
    parts.push(commits.map(|range| range.shallow_boundary().join(" ")).unwrap_or_default().into());
    Some(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}

fn path(inputs: &Digest) -> Option<TreePath> {
    TreePath::new(&format!("generate/{}.json", &inputs.hex()[..32])).ok()
}

/// The record of a run with these inputs, if there is one and the folder still holds its outputs.
pub(super) fn find(world: &World, inputs: &Digest, folder: &BundleFolder) -> Option<Record> {
    use rayon::prelude::*;
    let files = &*world.files;
    let bytes = files.read(Place::new(&world.folders.cache, &path(inputs)?), 1 << 24).ok()?;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    let holds = |(name, digest): (&String, &Digest)| {
        let found = folder.read(files, name).ok().flatten();
        found.is_some_and(|bytes| Digest::of(&bytes) == *digest)
    };
    record.outputs.par_iter().all(holds).then_some(record)
}

/// Keeps the record of a run; that this fails is no reason for the work to fail.
pub(super) fn keep(world: &World, inputs: &Digest, record: &Record) {
    let (Some(path), Ok(bytes)) = (path(inputs), serde_json::to_vec(record)) else { return };
    let cache = &world.folders.cache;
    let files: &dyn Files = &*world.files;
    let place = Place::new(cache, &path);
    let kept = files
        .create_base(cache)
        .and_then(|()| files.create_parents(cache, &path))
        .and_then(|_| remove_temporary_files(files, place))
        .and_then(|_| files.write(place, &bytes, None));
    drop(kept);
}
