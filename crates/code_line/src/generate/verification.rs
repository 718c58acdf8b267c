//! What a manifest does to dependents: a patch for each, and a report on all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use artifact::{Digest, Finding, FormatName};
use code_model::report::VerificationOutcome;
use host::NodeKind;
use run::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GenerateRequest;
use crate::apply::{
    ApplicationReport, ApplicationSummary, ApplyOptions, ChangeSummary, Failure, RewriteWishes,
    preview,
};
use crate::bundle::{BundleFolder, Content, name};
use crate::versions::folder_name;
use crate::{Error, ErrorCode, ErrorReport, Progress, World};

/// The format of `verification.json`.
pub const VERIFICATION_FORMAT: FormatName = FormatName { name: "verification_report", version: 1 };

/// Operations that are less sure are not part of a verification, as with `apply`.
const THRESHOLD: f64 = 0.7;

/// What a manifest does to dependents, without writing into them: the content of
/// `verification.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationReport {
    /// Always `onx/verification_report/1`.
    pub format: String,
    /// The library.
    pub library: String,
    /// The version that is left.
    pub from_version: String,
    /// The version that is reached.
    pub to_version: String,
    /// The digest of the manifest's bytes.
    pub manifest_digest: Digest,
    /// Whether every dependent passed.
    pub passed: bool,
    /// The numbers of all dependents together.
    pub summary: VerificationSummary,
    /// Each dependent, by name.
    pub dependents: Vec<DependentVerification>,
}

/// The numbers of a verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationSummary {
    /// How many dependents there are.
    pub dependents: u32,
    /// Those that are edited and fit the new version.
    pub passed: u32,
    /// Those that need no edit and fit the new version.
    pub unchanged: u32,
    /// Those that do not fit the new version, or in which an operation could not be applied
    /// everywhere.
    pub failed: u32,
    /// Those that could not be read.
    pub errors: u32,
    /// Of the dependents, the share that passed or needed nothing.
    pub migration_success_rate: f64,
    /// Operations that were to be applied, over all dependents.
    pub operations_attempted: u32,
    /// Of those, the ones that are done everywhere.
    pub operations_successful: u32,
    /// Of those, the ones that are not.
    pub operations_failed: u32,
    /// How many files would be edited.
    pub files_modified: u32,
    /// How many new lines.
    pub lines_added: u32,
    /// How many old lines.
    pub lines_removed: u32,
}

/// What a manifest does to one dependent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DependentVerification {
    /// The name of its folder, by which its patch is called too.
    pub dependent: String,
    /// How it fared.
    pub status: VerificationStatus,
    /// The numbers of the application.
    pub summary: ApplicationSummary,
    /// What would change; the patch lies in the bundle.
    pub changes: ChangeSummary,
    /// Operations that could not be applied, or not everywhere.
    pub failures: Vec<Failure>,
    /// What does not resolve or bind in the new version once the edits are made.
    pub remaining: Vec<Finding>,
    /// What a person should know about its files.
    pub findings: Vec<Finding>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// How a dependent fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStatus {
    /// It is edited, and every reference resolves and every call binds afterwards.
    Passed,
    /// It needs no edit, and fits the new version.
    Unchanged,
    /// Something does not fit the new version, or could not be applied.
    Failed,
    /// It could not be read.
    Error,
}

/// What a verification leaves in the bundle.
pub(super) struct Verified {
    pub(super) report: VerificationReport,
    pub(super) outcome: VerificationOutcome,
    /// The patches and the report, by their names in the bundle.
    pub(super) written: BTreeMap<String, Digest>,
}

/// Applies the manifest that lies in the bundle to every dependent that was named or lies in the
/// folder that was named, and writes a patch for each and a report; none when none was named.
pub(super) fn verify(
    request: &GenerateRequest,
    folder: &BundleFolder,
    manifest: &code_model::manifest::Manifest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<Option<Verified>, Error> {
    let dependents = dependents(request, world)?;
    if dependents.is_empty() {
        return Ok(None);
    }
    let mut written = BTreeMap::new();
    let mut rows = Vec::new();
    for (dependent, path) in dependents {
        let (row, patch) = try_one(dependent, &path, folder, world, progress, observer);
        if !patch.is_empty() {
            let file = patch_file(&row.dependent);
            let digest = folder.write(&*world.files, &file, &Content::of_bytes(patch))?;
            written.insert(file, digest);
        }
        rows.push(row);
    }
    let metadata = &manifest.metadata;
    let report = VerificationReport {
        format: VERIFICATION_FORMAT.to_string(),
        library: metadata.library.clone(),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        manifest_digest: manifest.digest(),
        passed: rows.iter().all(is_good),
        summary: summary(&rows),
        dependents: rows,
    };
    let mut json = serde_json::to_vec_pretty(&report)
        .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
    json.push(b'\n');
    let digest = folder.write(&*world.files, name::VERIFICATION, &Content::of_bytes(json))?;
    written.insert(name::VERIFICATION.to_owned(), digest);
    let outcome = VerificationOutcome {
        passed: report.passed,
        dependents: report.summary.dependents,
        failed: report.summary.failed + report.summary.errors,
        report: digest,
    };
    Ok(Some(Verified { report, outcome, written }))
}

fn is_good(row: &DependentVerification) -> bool {
    matches!(row.status, VerificationStatus::Passed | VerificationStatus::Unchanged)
}

fn patch_file(dependent: &str) -> String {
    format!("{}/{dependent}.patch", name::PATCHES)
}

/// The dependents by the names of their folders, each name once.
fn dependents(request: &GenerateRequest, world: &World) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut paths = request.previews.clone();
    if let Some(corpus) = &request.corpus {
        paths.extend(folders(corpus, world)?);
    }
    let mut taken = BTreeSet::new();
    let mut named = Vec::new();
    for path in paths {
        let stem = own_name(world, &path);
        let mut name = stem.clone();
        for number in 2_u32.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{stem}-{number}");
        }
        named.push((name, path));
    }
    Ok(named)
}

/// The folders in a folder, hidden ones and links left out.
fn folders(corpus: &Path, world: &World) -> Result<Vec<PathBuf>, Error> {
    let path = world.environment.absolute(corpus);
    let entries = world.files.list(&path, None).map_err(|error| {
        let hint = error.hint().to_owned();
        let message = format!("the corpus `{}` cannot be read", corpus.display());
        let kind = if error.kind == host::FileErrorKind::Missing {
            crate::ErrorKind::User
        } else {
            crate::ErrorKind::Outside
        };
        Error::new(kind, ErrorCode::VerificationError, message).caused_by(error).hint(hint)
    })?;
    let found: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| entry.kind == NodeKind::Folder && !entry.name.starts_with('.'))
        .map(|entry| path.join(&entry.name))
        .collect();
    if found.is_empty() {
        let message = format!("the corpus `{}` holds no folders", corpus.display());
        return Err(Error::user(ErrorCode::VerificationError, message)
            .hint("give each dependent a folder of its own in it"));
    }
    Ok(found)
}

fn own_name(world: &World, dependent: &Path) -> String {
    let path = world.environment.absolute(dependent);
    let path = world.files.canonical(&path).unwrap_or(path);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    folder_name(&name.unwrap_or_default())
}

/// What becomes of one dependent; that it cannot be read is part of the answer.
fn try_one(
    dependent: String,
    path: &Path,
    folder: &BundleFolder,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> (DependentVerification, Vec<u8>) {
    let options = ApplyOptions {
        manifest: folder.path().to_owned(),
        target: path.to_owned(),
        dry_run: true,
        auto_apply_threshold: THRESHOLD,
        untyped: false,
        allow_unsigned: false,
        expired: Vec::new(),
        allow_dirty: true,
        keep_requirement: false,
        checkpoint: None,
        exclude: Vec::new(),
        wishes: RewriteWishes::default(),
    };
    match preview(&options, world, progress, observer) {
        Ok(applied) => (row(dependent, applied.report), applied.patch),
        Err(error) => {
            let row = DependentVerification {
                dependent,
                status: VerificationStatus::Error,
                summary: ApplicationSummary::default(),
                changes: ChangeSummary::default(),
                failures: Vec::new(),
                remaining: Vec::new(),
                findings: Vec::new(),
                error: Some(error.report()),
            };
            (row, Vec::new())
        }
    }
}

fn row(dependent: String, report: ApplicationReport) -> DependentVerification {
    let edited = report.changes.files_modified > 0;
    let status = if !report.failures.is_empty() || !report.remaining.is_empty() {
        VerificationStatus::Failed
    } else if edited {
        VerificationStatus::Passed
    } else {
        VerificationStatus::Unchanged
    };
    let patch_file = edited.then(|| patch_file(&dependent));
    DependentVerification {
        dependent,
        status,
        summary: report.summary,
        changes: ChangeSummary { patch_file, ..report.changes },
        failures: report.failures,
        remaining: report.remaining,
        findings: report.findings,
        error: None,
    }
}

fn summary(rows: &[DependentVerification]) -> VerificationSummary {
    let mut summary = VerificationSummary { dependents: rows.len() as u32, ..Default::default() };
    for row in rows {
        *match row.status {
            VerificationStatus::Passed => &mut summary.passed,
            VerificationStatus::Unchanged => &mut summary.unchanged,
            VerificationStatus::Failed => &mut summary.failed,
            VerificationStatus::Error => &mut summary.errors,
        } += 1;
        summary.operations_attempted += row.summary.operations_attempted;
        summary.operations_successful += row.summary.operations_successful;
        summary.operations_failed += row.summary.operations_failed;
        summary.files_modified += row.changes.files_modified;
        summary.lines_added += row.changes.lines_added;
        summary.lines_removed += row.changes.lines_removed;
    }
    let good = f64::from(summary.passed + summary.unchanged);
    if summary.dependents > 0 {
        let rate = good / f64::from(summary.dependents);
        summary.migration_success_rate = (rate * 1e4).round() / 1e4;
    }
    summary
}
