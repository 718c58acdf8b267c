//! One bundle from manifests of consecutive versions.

mod steps;
mod writing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::{Digest, Finding};
use code_change::Rules;
use code_model::report::Accounting;
use run::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use steps::{ComposeLibrary, Every};

use crate::bundle::{LoadedManifest, load_manifest};
use crate::snapshot::SnapshotConfig;
use crate::trust::SignatureState;
use crate::verify::expect_intact;
use crate::versions::folder_name;
use crate::{Error, ErrorCode, Progress, World};

/// What `compose` is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeRequest {
    /// Manifests or their folders, in the order of their versions; none when a library says which
    /// versions to walk.
    pub parts: Vec<PathBuf>,
    /// The library whose versions are walked.
    pub library: Option<ComposeLibrary>,
    /// The folder to write into; by default it is named after the outer versions.
    pub out: Option<PathBuf>,
    /// How versions are read.
    pub config: SnapshotConfig,
    /// The numbers that inference goes by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
}

/// What came out of `compose`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeAnswer {
    /// Where the composed manifest lies.
    pub manifest_uri: String,
    /// Its identity.
    pub manifest_digest: Digest,
    /// Who signed it.
    pub signature: SignatureState,
    /// The library.
    pub library: String,
    /// The first version.
    pub from_version: String,
    /// The last version.
    pub to_version: String,
    /// The manifests that it was composed from, in order.
    pub steps: Vec<ComposedStepAnswer>,
    /// All operations.
    pub operations_total: u32,
    /// Operations at 0.9 and above.
    pub operations_auto: u32,
    /// Operations from 0.7 to 0.9.
    pub operations_with_warning: u32,
    /// Operations below that.
    pub operations_review: u32,
    /// Where each public path that is gone went; all zero when the parts have no snapshots.
    pub accounting: Accounting,
    /// Whether the direct comparison of the outer versions was made as well.
    pub compared_directly: bool,
    /// Where the composed manifest says something else than its parts one after the other, or than
    /// the direct comparison, and what a reader should know about the composition.
    pub findings: Vec<Finding>,
    /// Each file of the bundle, by what it is.
    pub artifacts: BTreeMap<String, String>,
}

/// One manifest of the sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposedStepAnswer {
    /// Its old version.
    pub from_version: String,
    /// Its new version.
    pub to_version: String,
    /// How many operations it has.
    pub operations: u32,
    /// Where it lies.
    pub manifest_uri: String,
    /// Its identity.
    pub manifest_digest: Digest,
}

/// Composes manifests of consecutive versions, which are made first where a library is named.
pub fn compose(
    request: &ComposeRequest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<ComposeAnswer, Error> {
    let (parts, direct) = match &request.library {
        Some(library) => steps::walk(library, request, world, progress, observer)?,
        None => (request.parts.clone(), None),
    };
    if parts.len() < 2 {
        let message = "one manifest alone is composed already";
        return Err(Error::user(ErrorCode::UsageError, message)
            .hint("name at least two, in the order of their versions"));
    }
    progress.stage("composing", None);
    let load = |path: &PathBuf| -> Result<LoadedManifest, Error> {
        let loaded = load_manifest(world, path)?;
        expect_intact(world, &loaded)?;
        Ok(loaded)
    };
    let parts = parts.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let direct = direct.as_ref().map(load).transpose()?;
    expect_consecutive(&parts)?;
    let (first, last) = (&parts[0].manifest.metadata, &parts[parts.len() - 1].manifest.metadata);
    let out = request.out.clone().unwrap_or_else(|| {
        let (from, to) = (folder_name(&first.from_version), folder_name(&last.to_version));
        format!("artifacts/core_diff/{from}_{to}_composed").into()
    });
    writing::write(&parts, direct.as_ref(), &out, request, world)
}

/// Each manifest must begin where the one before it ends.
fn expect_consecutive(parts: &[LoadedManifest]) -> Result<(), Error> {
    for pair in parts.windows(2) {
        let (one, two) = (&pair[0].manifest.metadata, &pair[1].manifest.metadata);
        let paths = [&pair[0].path, &pair[1].path].map(|path| path.display());
        if one.library != two.library {
            let message = format!(
                "`{}` is about `{}`, `{}` about `{}`",
                paths[0], one.library, paths[1], two.library
            );
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("compose manifests of one library"));
        }
        let meets = match (one.to_checksum, two.from_checksum) {
            (Some(end), Some(begin)) => end == begin,
            _ => one.to_version == two.from_version,
        };
        if !meets {
            let message = format!(
                "`{}` ends at {}, `{}` begins at {}",
                paths[0], one.to_version, paths[1], two.from_version
            );
            let message = if one.to_version == two.from_version {
                format!("{message} of other content")
            } else {
                message
            };
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("name the manifests in the order of their versions, without a gap"));
        }
    }
    Ok(())
}
