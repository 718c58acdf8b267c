//! One of the two versions: from its files to its snapshot.

use artifact::{Timestamp, TreePath};
use code_model::snapshot::{FileRole, Origin, Snapshot};
use globset::GlobSet;
use host::Environment;
use python::assemble::assemble;
use python::module_names::role_of;
use sources::{SourceEntry, SourceTree};

use crate::facts::FactStore;
use crate::nodes::git_operations::OpenedSource;
use crate::snapshot::{SnapshotConfig, globs};
use crate::{Error, Progress};

/// The snapshot of an opened version, and the files that it was made from.
pub(crate) fn snapshot_of(
    source: OpenedSource,
    config: &SnapshotConfig,
    store: &FactStore<'_>,
    progress: &dyn Progress,
) -> Result<(Snapshot, SourceTree), Error> {
    let tree = source.tree.ok_or_else(|| Error::internal("a version was handed on unopened"))?;
    let identity = tree.identity();
    let created_at = identity.created_at;
    let origin = Origin {
        library: identity.distribution.clone().unwrap_or_default(),
        version: source.label,
        reference: identity.reference.clone(),
        commit: identity.commit.clone(),
        archive: identity.archive,
        created_at,
    };
    let mut facts = store.facts(&tree, progress);
    for (path, file) in &mut facts.files {
        file.last_modified =
            if config.file_times { source.times.get(path).copied() } else { created_at };
    }
    let mut snapshot = assemble(origin, &facts.files);
    snapshot.findings.extend(facts.findings);
    snapshot.findings.sort();
    snapshot.findings.dedup();
    Ok((snapshot, tree))
}

/// The tree without what the options leave out, and with the times that they ask for.
pub(crate) fn prepared(
    tree: SourceTree,
    config: &SnapshotConfig,
    environment: &Environment,
) -> Result<SourceTree, Error> {
    let excluded = globs(&config.exclude)?;
    let keep = |entry: &SourceEntry| keeps(&entry.path, config, &excluded);
    let mut identity = tree.identity().clone();
    identity.created_at = identity.created_at.or_else(|| build_date(environment));
    let all = config.exclude.is_empty() && config.include_tests && config.include_docs;
    let tree = if all { tree } else { tree.filtered(keep) };
    Ok(tree.with_identity(identity))
}

/// Whether the options leave a file in.
pub(super) fn keeps(path: &TreePath, config: &SnapshotConfig, excluded: &GlobSet) -> bool {
    let role = role_of(path, &[]);
    !excluded.is_match(path.as_str())
        && (config.include_tests || role != FileRole::Test)
        && (config.include_docs || role != FileRole::Documentation)
}

/// The time that reproducible builds hand over.
fn build_date(environment: &Environment) -> Option<Timestamp> {
    let seconds = environment.text("SOURCE_DATE_EPOCH")?.parse().ok()?;
    Timestamp::from_unix_seconds(seconds).ok()
}
