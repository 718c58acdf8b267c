//! From a manifest and a dependent to edited files, a way back, and a list of what is left.

mod answers;
mod report;
mod target;
mod types;

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::{Digest, Finding, TreePath, uuid_from_digest};
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::Snapshot;
use code_rewrite::{
    Applicability, DependentFile, FileRewrite, NoReceivers, Plan, PlanOptions, Receivers,
    RequirementChange, Rewriter, may_hold_requirements, rewrite_requirement, unified_patch,
};
use rayon::prelude::*;
use run::{Observer, Walker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use report::{
    APPLICATION_REPORT_FORMAT, ApplicationReport, ApplicationStatus, ApplicationSummary,
    AppliedEdit, ChangeSummary, CheckpointReference, Failure,
};
pub(crate) use target::Target;

use crate::bundle::{LoadedManifest, load_manifest, name};
use crate::nodes::checkpoint_manager::{CheckpointManager, CheckpointRequest};
use crate::nodes::codemod_generator::{CodemodGenerator, CodemodRequest};
use crate::nodes::command_context;
use crate::nodes::verification_engine::{VerificationEngine, VerificationRequest};
use crate::records::{transaction_error, transactions};
use crate::transaction::{ApplyRequest, FileChange, Transactions};
use crate::verify::expect_intact;
use crate::{Error, ErrorCode, ErrorKind, Progress, World, requirements};

/// What `apply` is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApplyOptions {
    /// The manifest or its folder.
    pub manifest: PathBuf,
    /// The dependent.
    pub target: PathBuf,
    /// Whether nothing is to be written into it.
    pub dry_run: bool,
    /// Operations below this probability are left out.
    pub auto_apply_threshold: f64,
    /// Whether only edits are made that need no types.
    pub untyped: bool,
    /// Whether files with uncommitted work are edited.
    pub allow_dirty: bool,
    /// Whether the requirement of the library stays as it is.
    pub keep_requirement: bool,
    /// Where the checkpoint is kept; in the user's state folder when none is given.
    pub checkpoint: Option<PathBuf>,
    /// Files that are left out, as globs.
    pub exclude: Vec<String>,
}

/// What `apply` answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// What was done, and what is left.
    pub report: ApplicationReport,
    /// The edits as a patch that `git apply` takes.
    pub patch: Vec<u8>,
    /// An application that had been interrupted and was brought to its end first.
    pub recovered: bool,
}

/// Everything that is known before anything is written.
struct Prepared {
    loaded: LoadedManifest,
    target: Target,
    files: Vec<DependentFile>,
    findings: Vec<Finding>,
    plan: Plan,
    suppressed: Vec<Operation>,
}

/// Applies a manifest to a dependent.
pub fn apply(
    options: &ApplyOptions,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<Applied, Error> {
    let inputs = artifact::canonical_digest(options)
        .map_err(|error| Error::internal("the options have no canonical form").caused_by(error))?;
    let context = command_context("apply", &inputs, world.environment.working_folder())?;
    let walker = Walker::new(context, observer);
    progress.stage("reading the manifest", None);
    let loaded = load_manifest(world, &options.manifest)?;
    expect_intact(world, &loaded)?;
    let packages = &loaded.manifest.metadata.packages;
    let packages: Vec<&str> = packages.iter().map(code_model::DottedName::as_str).collect();
    let target = Target::open(world, &options.target, &packages)?;
    let transactions = transactions(world);
    let recovered = answers::recover(&transactions, &target, options.dry_run)?;
    let prepared = prepare(options, loaded, target, world, &transactions)?;
    let from = snapshot(world, &prepared.loaded, name::SNAPSHOT_FROM)?;
    let to = snapshot(world, &prepared.loaded, name::SNAPSHOT_TO)?;
    progress.stage("working out edits", Some(prepared.files.len() as u64));
    let versions = (from.as_ref(), to.as_ref());
    let rewrites = rewrite(options, &prepared, versions, world, progress, &walker)?;
    let changed = changed_files(&prepared, &rewrites);
    expect_clean(options, &prepared, &changed)?;
    let mut report = outline(options, &prepared, &rewrites);
    let patch = count_changes(&prepared, &changed, &mut report);
    if !report.failures.is_empty() {
        report.status = ApplicationStatus::Partial;
    } else if changed.is_empty() {
        report.status = ApplicationStatus::Unchanged;
    }
    if options.dry_run {
        report.status = ApplicationStatus::DryRun;
    } else if !changed.is_empty() {
        progress.stage("writing", None);
        write(options, &prepared, &changed, world, &walker, &mut report)?;
    }
    if let Some(to) = &to {
        progress.stage("checking against the new version", None);
        check(options, &prepared, &changed, to, world, &walker, &mut report)?;
    }
    Ok(Applied { report, patch, recovered })
}

fn prepare(
    options: &ApplyOptions,
    mut loaded: LoadedManifest,
    target: Target,
    world: &World,
    transactions: &Transactions<'_>,
) -> Result<Prepared, Error> {
    let (files, findings) = target.files(world, &options.exclude)?;
    let suppressed = suppress(&mut loaded.manifest, &target.settings.suppress);
    let metadata = &loaded.manifest.metadata;
    let standing = transactions
        .status(&target.folder)
        .map_err(|error| transaction_error(&error))?
        .standing
        .is_some_and(|record| record.manifest == Some(loaded.digest));
    let still_on_old_version =
        !standing && requirements::excludes(&files, &metadata.library, &metadata.to_version);
    let plan_options =
        PlanOptions { threshold: options.auto_apply_threshold, still_on_old_version };
    let plan = Plan::compile(&loaded.manifest, &plan_options);
    Ok(Prepared { loaded, target, files, findings, plan, suppressed })
}

/// Takes operations out that the dependent does not want.
fn suppress(manifest: &mut Manifest, names: &[String]) -> Vec<Operation> {
    if names.is_empty() {
        return Vec::new();
    }
    let wanted = |operation: &Operation| {
        let subject = operation.change.to_string();
        let old = subject.split(" → ").next().unwrap_or(&subject).to_owned();
        !names.iter().any(|name| {
            let name = name.trim_end_matches(".*");
            old.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let (kept, suppressed) = std::mem::take(&mut manifest.operations).into_iter().partition(wanted);
    manifest.operations = kept;
    suppressed
}

fn snapshot(world: &World, loaded: &LoadedManifest, file: &str) -> Result<Option<Snapshot>, Error> {
    let Some(bytes) = loaded.folder.read(&*world.files, file)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let message = format!("`{}` is no snapshot", loaded.folder.file(file).display());
        Error::user(ErrorCode::VerificationError, message).caused_by(error)
    })
}

fn rewrite(
    options: &ApplyOptions,
    prepared: &Prepared,
    (from, to): (Option<&Snapshot>, Option<&Snapshot>),
    world: &World,
    progress: &dyn Progress,
    walker: &Walker<'_>,
) -> Result<Vec<FileRewrite>, Error> {
    let rewriter = Rewriter::new(
        &prepared.plan,
        from.map(ApiIndex::new),
        to.map(ApiIndex::new),
        Applicability::Safe,
    );
    let asks_types = !prepared.plan.members.is_empty() || !prepared.plan.calls.is_empty();
    let typed = if options.untyped || !asks_types {
        None
    } else {
        let files = prepared.files.iter().map(|file| (&file.path, &*file.content));
        types::oracle(&prepared.loaded, name::STUBS_FROM, types::texts(files), world)?
    };
    let receivers: &(dyn Receivers + Sync) = match &typed {
        Some(oracle) => oracle,
        None => &NoReceivers,
    };
    let index = rewriter.index(&prepared.files);
    let node = CodemodGenerator { rewriter: &rewriter, index: &index, receivers };
    let rewrites: Result<Vec<FileRewrite>, Error> = prepared
        .files
        .par_iter()
        .map(|file| {
            let codemod = walker.step(&node, CodemodRequest::of(file))?;
            progress.advance(1);
            Ok(codemod.rewrite)
        })
        .collect();
    let mut rewrites = rewrites?;
    if !options.keep_requirement {
        follow_requirement(prepared, &mut rewrites);
    }
    Ok(rewrites)
}

/// Lets the requirement of the library follow the edits; a package that only admits the old version
/// must admit the new one, and one whose text now needs the new version must say so.
fn follow_requirement(prepared: &Prepared, rewrites: &mut [FileRewrite]) {
    let metadata = &prepared.loaded.manifest.metadata;
    let written = rewrites.iter().any(|rewrite| rewrite.content.is_some());
    let change = RequirementChange {
        library: metadata.library.clone(),
        to_version: metadata.to_version.clone(),
        first_version: written.then(|| metadata.to_version.clone()),
    };
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        if !may_hold_requirements(file) {
            continue;
        }
        let current = DependentFile {
            content: rewrite.content.as_deref().unwrap_or(&file.content).into(),
            ..file.clone()
        };
        let followed = rewrite_requirement(&current, &change);
        rewrite.findings.extend(followed.findings);
        rewrite.held_back.extend(followed.held_back);
        if followed.content.is_some() {
            rewrite.content = followed.content;
        }
    }
}

/// One file that is to be written.
struct Changed<'a> {
    file: &'a DependentFile,
    content: &'a [u8],
}

fn changed_files<'a>(
    prepared: &'a Prepared,
    rewrites: &'a [FileRewrite],
) -> BTreeMap<&'a TreePath, Changed<'a>> {
    let pairs = prepared.files.iter().zip(rewrites);
    pairs
        .filter_map(|(file, rewrite)| {
            let content =
                rewrite.content.as_deref().filter(|content| *content != &*file.content)?;
            Some((&file.path, Changed { file, content }))
        })
        .collect()
}

fn expect_clean(
    options: &ApplyOptions,
    prepared: &Prepared,
    changed: &BTreeMap<&TreePath, Changed<'_>>,
) -> Result<(), Error> {
    if options.allow_dirty || options.dry_run {
        return Ok(());
    }
    let paths: Vec<TreePath> = changed.keys().map(|path| (*path).clone()).collect();
    let dirty = prepared.target.dirty(&paths)?;
    let Some(first) = dirty.first() else { return Ok(()) };
    let more = match dirty.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let message = format!("`{first}`{more} would be edited and holds uncommitted work");
    Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
        .hint("commit or stash it, or run again with --allow-dirty"))
}

/// The report before anything is written.
fn outline(
    options: &ApplyOptions,
    prepared: &Prepared,
    rewrites: &[FileRewrite],
) -> ApplicationReport {
    let metadata = &prepared.loaded.manifest.metadata;
    let mut parts: Vec<Vec<u8>> = vec![
        prepared.loaded.digest.as_bytes().to_vec(),
        prepared.target.folder.display().to_string().into_bytes(),
    ];
    let mut findings = prepared.findings.clone();
    let mut edits = Vec::new();
    let mut already_right = 0;
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        findings.extend(rewrite.findings.iter().cloned());
        already_right += rewrite.already_right;
        if let Some(content) = &rewrite.content {
            parts.push(file.path.as_str().into());
            parts.push(Digest::of(content).as_bytes().to_vec());
            edits.extend(answers::edits_of(file, rewrite));
        }
    }
    edits.sort();
    findings.sort();
    findings.dedup();
    let identity = Digest::of_parts(parts.iter().map(Vec::as_slice));
    let (summary, failures, skipped) = answers::tally(prepared, rewrites);
    ApplicationReport {
        format: APPLICATION_REPORT_FORMAT.to_string(),
        application_id: uuid_from_digest(&identity).to_string(),
        status: ApplicationStatus::Success,
        library: metadata.library.clone(),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        target: options.target.display().to_string(),
        manifest_digest: prepared.loaded.digest,
        signed: false,
        summary,
        checkpoint: None,
        changes: ChangeSummary::default(),
        failures,
        skipped,
        edits,
        findings,
        remaining: Vec::new(),
        checked: false,
        already_right,
    }
}

/// The edits as a patch from the top of the repository, and how many lines they come to.
fn count_changes(
    prepared: &Prepared,
    changed: &BTreeMap<&TreePath, Changed<'_>>,
    report: &mut ApplicationReport,
) -> Vec<u8> {
    let prefix = prepared.target.patch_prefix();
    let mut patch = Vec::new();
    for (path, changed) in changed {
        let full = TreePath::new(&format!("{prefix}{path}")).unwrap_or_else(|_| (*path).clone());
        let part = unified_patch([code_rewrite::FileChange {
            old_path: Some(&full),
            new_path: Some(&full),
            old: &changed.file.content,
            new: changed.content,
            executable: false,
        }]);
        let body = part.split(|byte| *byte == b'\n').skip_while(|line| !line.starts_with(b"@@"));
        for line in body {
            report.changes.lines_added += u32::from(line.starts_with(b"+"));
            report.changes.lines_removed += u32::from(line.starts_with(b"-"));
        }
        report.changes.files_modified += 1;
        report.changes.files.push((*path).clone());
        patch.extend_from_slice(&part);
    }
    patch
}

fn write(
    options: &ApplyOptions,
    prepared: &Prepared,
    changed: &BTreeMap<&TreePath, Changed<'_>>,
    world: &World,
    walker: &Walker<'_>,
    report: &mut ApplicationReport,
) -> Result<(), Error> {
    let metadata = &prepared.loaded.manifest.metadata;
    let changes = changed
        .values()
        .map(|changed| {
            let old = Digest::of(&changed.file.content);
            FileChange::edit(changed.file.path.clone(), old, changed.content.to_vec())
        })
        .collect();
    let request = ApplyRequest {
        target: prepared.target.folder.clone(),
        package: prepared.target.package(&prepared.files),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        manifest: prepared.loaded.digest,
        changes,
        checkpoint: options.checkpoint.clone(),
        git_commit: prepared.target.commit(),
        dependency_versions: answers::dependency_versions(&prepared.files),
        operations_applied: u64::from(report.summary.operations_successful),
        operations_failed: u64::from(report.summary.operations_failed),
    };
    let request = CheckpointRequest {
        package: request.package.clone(),
        files: request.changes.len() as u32,
        change: Some(request),
    };
    let record = walker.step(&CheckpointManager { world }, request)?.record;
    report.checkpoint = record
        .map(|record| CheckpointReference { id: record.id.to_string(), path: record.checkpoint });
    Ok(())
}

/// Lists what does not resolve or bind in the new version, with the edits in place.
fn check(
    options: &ApplyOptions,
    prepared: &Prepared,
    changed: &BTreeMap<&TreePath, Changed<'_>>,
    to: &Snapshot,
    world: &World,
    walker: &Walker<'_>,
    report: &mut ApplicationReport,
) -> Result<(), Error> {
    let files: Vec<DependentFile> = prepared
        .files
        .iter()
        .map(|file| match changed.get(&file.path) {
            Some(changed) => DependentFile { content: changed.content.into(), ..file.clone() },
            None => file.clone(),
        })
        .collect();
    let oracle = if options.untyped {
        None
    } else {
        let files = files.iter().map(|file| (&file.path, &*file.content));
        types::oracle(&prepared.loaded, name::STUBS_TO, types::texts(files), world)?
    };
    let node = VerificationEngine { snapshot: to, oracle: oracle.as_ref() };
    let request = VerificationRequest {
        version: to.origin.version.clone(),
        files: files.len() as u32,
        contents: files,
    };
    let checked = walker.step(&node, request)?;
    report.remaining = checked.problems.iter().map(answers::remaining).collect();
    report.checked = true;
    Ok(())
}
