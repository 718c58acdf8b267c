//! The bundle of a composed manifest.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::Digest;
use code_change::{CompositionStep, OuterVersions, Provenance, difference, synthesize};
use code_model::NameMap;
use code_model::manifest::{ComposedStep, Manifest};
use code_model::report::Report;
use code_model::snapshot::{Origin, PackageRoot, SNAPSHOT_FORMAT, Snapshot};

use super::{ComposeAnswer, ComposeRequest, ComposedStepAnswer};
use crate::bundle::{
    BundleFolder, Content, GENERATOR, LoadedManifest, load_manifest, name, read_snapshot,
    write_differences, write_graph, write_snapshot, write_stamps, write_tree,
};
use crate::trust::{SignatureState, sign_descendant};
use crate::{Error, World};

/// The first version and the last one, where the parts have them beside them.
struct Outer {
    from: Snapshot,
    to: Snapshot,
}

pub(super) fn write(
    parts: &[LoadedManifest],
    direct: Option<&LoadedManifest>,
    out: &Path,
    request: &ComposeRequest,
    world: &World,
) -> Result<ComposeAnswer, Error> {
    let outer = outer(parts, world)?;
    let steps: Vec<CompositionStep<'_>> = parts
        .iter()
        .map(|part| CompositionStep {
            manifest: &part.manifest,
            digest: part.digest,
            report: part.report.as_ref(),
        })
        .collect();
    let versions = outer.as_ref().map(|outer| OuterVersions { from: &outer.from, to: &outer.to });
    let inference = code_change::compose(&steps, versions, direct.map(|direct| &direct.manifest));
    let folder = BundleFolder::claim(
        world,
        &world.environment.absolute(out),
        &parts[0].manifest.metadata.library,
    )?;
    let mut outputs = match &outer {
        Some(outer) => write_versions(outer, parts, &folder, world)?,
        None => BTreeMap::new(),
    };
    let applied = [name::SNAPSHOT_FROM, name::SNAPSHOT_TO, name::STUBS_FROM, name::STUBS_TO];
    let bundle = outputs
        .iter()
        .filter(|(file, _)| applied.contains(&file.as_str()))
        .map(|(file, digest)| (file.clone(), *digest))
        .collect();
    let provenance = Provenance { generator: GENERATOR.to_owned(), bundle };
    let known = outer.unwrap_or_else(|| unseen(parts));
    let (manifest, report) =
        synthesize(&known.from, &known.to, &inference, &request.rules, &provenance).map_err(
            |error| Error::internal("the manifest has no canonical form").caused_by(error),
        )?;
    let (manifest, report) = with_origin(manifest, report, parts);
    let json = serde_json::to_vec_pretty(&report)
        .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
    let files = [
        (name::REPORT, [json, b"\n".to_vec()].concat()),
        (name::MANIFEST, manifest.write().into_bytes()),
    ];
    for (file, bytes) in files {
        let digest = folder.write(&*world.files, file, &Content::of_bytes(bytes))?;
        outputs.insert(file.to_owned(), digest);
    }
    let made = load_manifest(world, folder.path())?;
    let signature = sign_descendant(world, &made, parts)?;
    let artifacts = outputs.keys().map(|file| {
        let what = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
        (what.to_owned(), out.join(file).display().to_string())
    });
    let mut answer = answer(&manifest, report, parts, artifacts.collect(), direct.is_some());
    answer.signature = signature;
    Ok(answer)
}

fn outer(parts: &[LoadedManifest], world: &World) -> Result<Option<Outer>, Error> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(None) };
    let from = read_snapshot(world, first, name::SNAPSHOT_FROM)?;
    let to = read_snapshot(world, last, name::SNAPSHOT_TO)?;
    Ok(from.zip(to).map(|(from, to)| Outer { from, to }))
}

/// What is known of versions without snapshots: what the manifests say of them.
fn unseen(parts: &[LoadedManifest]) -> Outer {
    let (first, last) = (&parts[0].manifest.metadata, &parts[parts.len() - 1].manifest.metadata);
    let origin = |version: &str, reference: &str, commit: &Option<String>| Origin {
        library: first.library.clone(),
        version: version.to_owned(),
        reference: reference.to_owned(),
        commit: commit.clone(),
        archive: None,
        created_at: None,
    };
    let root = |name: &code_model::DottedName| {
        let path = artifact::TreePath::new(&name.as_str().replace('.', "/")).ok()?;
        Some(PackageRoot { name: name.clone(), path })
    };
    let empty = |origin: Origin| Snapshot {
        format: SNAPSHOT_FORMAT.to_string(),
        origin,
        roots: first.packages.iter().filter_map(root).collect(),
        files: BTreeMap::new(),
        modules: NameMap::new(),
        symbols: NameMap::new(),
        aliases: NameMap::new(),
        keys: Vec::new(),
        edges: Vec::new(),
        hints: Vec::new(),
        test_uses: NameMap::new(),
        forwards: BTreeMap::new(),
        wrappers: BTreeMap::new(),
        findings: Vec::new(),
        checksum: Digest::of(b""),
    };
    let to = origin(&last.to_version, &last.to_reference, &last.to_commit);
    let to = Origin { created_at: last.generated_at, ..to };
    Outer {
        from: empty(origin(&first.from_version, &first.from_reference, &first.from_commit)),
        to: empty(to),
    }
}

/// Writes what a bundle says about its two versions: what the parts hold, and what follows from
/// it.
fn write_versions(
    outer: &Outer,
    parts: &[LoadedManifest],
    folder: &BundleFolder,
    world: &World,
) -> Result<BTreeMap<String, Digest>, Error> {
    let Outer { from, to } = outer;
    let differences = difference(from, to);
    let stubs = |part: &LoadedManifest, file: &'static str| -> Result<Option<_>, Error> {
        let bytes = part.folder.read(&*world.files, file)?;
        Ok(bytes.map(|bytes| (file, Content::of_bytes(bytes))))
    };
    let mut contents: Vec<(&str, Content<'_>)> = vec![
        (name::SNAPSHOT_FROM, Content::new(|out| write_snapshot(from, out))),
        (name::SNAPSHOT_TO, Content::new(|out| write_snapshot(to, out))),
        (name::GRAPH_FROM, Content::new(|out| write_graph(from, out))),
        (name::GRAPH_TO, Content::new(|out| write_graph(to, out))),
        (name::TREE_FROM, Content::new(|out| write_tree(from, out))),
        (name::TREE_TO, Content::new(|out| write_tree(to, out))),
        (name::STAMPS, Content::new(|out| write_stamps(from, to, out))),
        (name::DIFFERENCES, Content::new(|out| write_differences(&differences, out))),
    ];
    contents.extend(stubs(&parts[0], name::STUBS_FROM)?);
    contents.extend(stubs(&parts[parts.len() - 1], name::STUBS_TO)?);
    let mut outputs = BTreeMap::new();
    for (file, content) in contents {
        outputs.insert(file.to_owned(), folder.write(&*world.files, file, &content)?);
    }
    Ok(outputs)
}

/// Says in the manifest what it was composed from, and in the report which manifest it is about.
fn with_origin(
    mut manifest: Manifest,
    mut report: Report,
    parts: &[LoadedManifest],
) -> (Manifest, Report) {
    let (first, last) = (&parts[0].manifest.metadata, &parts[parts.len() - 1].manifest.metadata);
    manifest.metadata.from_checksum = first.from_checksum;
    manifest.metadata.to_checksum = last.to_checksum;
    manifest.metadata.composed_from = parts
        .iter()
        .map(|part| ComposedStep {
            from_version: part.manifest.metadata.from_version.clone(),
            to_version: part.manifest.metadata.to_version.clone(),
            manifest: part.digest,
        })
        .collect();
    let manifest = manifest.sealed();
    report.manifest_digest = manifest.digest();
    (manifest, report)
}

fn answer(
    manifest: &Manifest,
    report: Report,
    parts: &[LoadedManifest],
    artifacts: BTreeMap<String, String>,
    compared_directly: bool,
) -> ComposeAnswer {
    let steps = parts.iter().map(|part| ComposedStepAnswer {
        from_version: part.manifest.metadata.from_version.clone(),
        to_version: part.manifest.metadata.to_version.clone(),
        operations: part.manifest.operations.len() as u32,
        manifest_uri: part.path.display().to_string(),
        manifest_digest: part.digest,
    });
    ComposeAnswer {
        manifest_uri: artifacts.get("manifest").cloned().unwrap_or_default(),
        manifest_digest: report.manifest_digest,
        signature: SignatureState::Unsigned,
        library: manifest.metadata.library.clone(),
        from_version: manifest.metadata.from_version.clone(),
        to_version: manifest.metadata.to_version.clone(),
        steps: steps.collect(),
        operations_total: report.statistics.operations_total,
        operations_auto: report.statistics.operations_auto,
        operations_with_warning: report.statistics.operations_with_warning,
        operations_review: report.statistics.operations_review,
        accounting: report.accounting,
        compared_directly,
        findings: report.findings,
        artifacts,
    }
}
