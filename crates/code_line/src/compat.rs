//! Which released versions of a library a package works with.

use std::path::PathBuf;
use std::str::FromStr as _;

use code_model::check::CheckReport;
use code_rewrite::{DependentFile, Readings};
use pep440_rs::VersionSpecifiers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sources::{ReleasedVersion, SourceSpec};

use crate::apply::Target;
use crate::check::{check_files, read_files};
use crate::facts::FactStore;
use crate::generate::{prepared, snapshot_of};
use crate::nodes::git_operations::OpenedSource;
use crate::requirements::{normalised, requirements};
use crate::snapshot::SnapshotConfig;
use crate::versions::{distribution_of, source_error};
use crate::{Error, ErrorCode, Progress, World};

/// What `compat` is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatRequest {
    /// The package.
    pub package: PathBuf,
    /// The library's distribution name; found in the package's requirements when none is given.
    pub core: Option<String>,
    /// A git repository of the library; the package index when none is given.
    pub core_path: Option<PathBuf>,
    /// The versions to try, as a requirement writes them.
    pub core_versions: String,
    /// How many reasons are kept for each version.
    pub reasons: usize,
    /// At most this many versions are tried, the newest ones.
    pub limit: usize,
}

/// A row for each version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatAnswer {
    /// The package.
    pub package: String,
    /// The library.
    pub core: String,
    /// The versions that were asked for.
    pub core_versions: String,
    /// Whether every version that was tried is compatible.
    pub compatible: bool,
    /// How many versions in the range were not tried because of the limit.
    pub not_tried: u32,
    /// The versions that were tried, oldest first.
    pub versions: Vec<CompatRow>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatRow {
    /// The version.
    pub version: String,
    /// Whether nothing was found that fails in it; none when it could not be read.
    pub compatible: Option<bool>,
    /// How many places fail.
    pub problems: u32,
    /// How many references could not be decided.
    pub undecided: u32,
    /// The first reasons, with file and line.
    pub reasons: Vec<String>,
}

/// Tries every released version in a range.
pub fn compat(
    request: &CompatRequest,
    world: &World,
    progress: &dyn Progress,
) -> Result<CompatAnswer, Error> {
    let wanted = VersionSpecifiers::from_str(&request.core_versions).map_err(|error| {
        let message = format!("`{}` is no range of versions", request.core_versions);
        Error::user(ErrorCode::UsageError, message)
            .detail(error.to_string())
            .hint("write it like '>=0.9,<2.0'")
    })?;
    let target = Target::open(world, &request.package, &[])?;
    let (files, _) = target.files(world, &[])?;
    let (core, spec) = library(request, &files, world)?;
    let released =
        spec.versions(Some(&core), &world.sources()).map_err(|error| source_error(&error))?;
    let names_prerelease = wanted.iter().any(|part| part.version().any_prerelease());
    let mut chosen: Vec<ReleasedVersion> = released
        .into_iter()
        .filter(|known| known.yanked.is_none() && wanted.contains(&known.version))
        .filter(|known| names_prerelease || !known.is_prerelease)
        .collect();
    let not_tried = chosen.len().saturating_sub(request.limit);
    chosen.drain(..not_tried);
    if chosen.is_empty() {
        let message = format!("no released version of `{core}` is in `{}`", request.core_versions);
        return Err(Error::user(ErrorCode::UsageError, message)
            .hint("fetch the tags of the repository, or widen --core-versions"));
    }
    let store = FactStore::open(&*world.files, &world.folders.cache, &core, 64);
    progress.stage("trying versions", Some(chosen.len() as u64));
    let mut versions = Vec::new();
    for known in chosen {
        let row = try_version(&known, &spec, &core, &files, &store, world);
        versions.push(row.unwrap_or_else(|error| CompatRow {
            version: known.version.to_string(),
            compatible: None,
            problems: 0,
            undecided: 0,
            reasons: vec![error.to_string()],
        }));
        progress.advance(1);
    }
    store.save();
    for row in &mut versions {
        row.reasons.truncate(request.reasons);
    }
    Ok(CompatAnswer {
        package: request.package.display().to_string(),
        core,
        core_versions: request.core_versions.clone(),
        compatible: versions.iter().all(|row| row.compatible == Some(true)),
        not_tried: not_tried as u32,
        versions,
    })
}

/// The library's name, and where its versions are.
fn library(
    request: &CompatRequest,
    files: &[DependentFile],
    world: &World,
) -> Result<(String, SourceSpec), Error> {
    let folder = request
        .core_path
        .as_ref()
        .map(|path| SourceSpec::Folder { path: world.environment.absolute(path), version: None });
    let named = || folder.as_ref().and_then(|spec| distribution_of(spec, world));
    let core = match request.core.clone().or_else(named) {
        Some(core) => core,
        None => only_requirement(files)?,
    };
    let index = SourceSpec::Index { name: normalised(&core), version: None };
    Ok((core, folder.unwrap_or(index)))
}

fn only_requirement(files: &[DependentFile]) -> Result<String, Error> {
    let names: Vec<String> = requirements(files).into_keys().collect();
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::user(ErrorCode::UsageError, "the package names no requirement")
            .hint("name the library with --core")),
        several => Err(Error::user(
            ErrorCode::UsageError,
            "the package has several requirements, so the library must be named",
        )
        .detail(several.join(", "))
        .hint("name one of them with --core")),
    }
}

fn try_version(
    known: &ReleasedVersion,
    spec: &SourceSpec,
    core: &str,
    files: &[DependentFile],
    store: &FactStore<'_>,
    world: &World,
) -> Result<CompatRow, Error> {
    let at = spec.clone().at_version(&known.reference).map_err(|error| source_error(&error))?;
    let tree = at.open(Some(core), &world.sources()).map_err(|error| source_error(&error))?;
    let config =
        SnapshotConfig { include_tests: false, include_docs: false, ..SnapshotConfig::default() };
    let tree = prepared(tree, &config, &world.environment)?;
    let source = OpenedSource {
        label: known.version.to_string(),
        reference: known.reference.clone(),
        commit: None,
        files: tree.entries().len() as u64,
        tree: Some(tree),
        times: std::collections::BTreeMap::new(),
        repository: None,
    };
    let (snapshot, _) = snapshot_of(source, &config, store, &crate::Quiet)?;
    let read = read_files(files, &snapshot, false, &Readings::default());
    Ok(row(&known.version.to_string(), &check_files(&read, &snapshot, None)))
}

fn row(version: &str, report: &CheckReport) -> CompatRow {
    let counts = &report.counts;
    let reasons = report
        .problems
        .iter()
        .map(|problem| format!("{}:{}: {}", problem.file, problem.line, problem.reason));
    CompatRow {
        version: version.to_owned(),
        compatible: Some(report.compatible),
        problems: report.problems.len() as u32,
        undecided: counts.unseen + counts.undecidable,
        reasons: reasons.collect(),
    }
}
