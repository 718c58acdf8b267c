//! From a manifest and a dependent to edited files, a way back, and a list of what is left.

mod answers;
mod confined;
mod edit_set;
mod installed;
mod recorded;
mod report;
mod target;
pub(crate) mod types;
mod work;

use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use code_rewrite::unified_patch;
use host::{FileErrorKind, Place};
use run::{Observer, RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sources::GitRepository;

pub(crate) use confined::sandbox_error;
pub use confined::{WORK_ARGUMENT, answer_order};
pub use recorded::ApplyWork;
pub(crate) use recorded::{apply_as_run, was_taken_back};
pub use report::{
    APPLICATION_REPORT_FORMAT, ApplicationReport, ApplicationStatus, ApplicationSummary,
    AppliedEdit, ChangeSummary, CheckpointReference, EditTrust, Failure, ProposedEdit,
    SandboxReport,
};
pub(crate) use target::Target;

use self::edit_set::{EditSet, EditedFile};
use self::work::WorkOrder;
use crate::bundle::{LoadedManifest, load_manifest};
use crate::records::{transaction_error, transactions};
use crate::transaction::{ApplyRequest, FileChange};
use crate::trust::{SignatureState, expect_signed};
use crate::verify::expect_intact;
use crate::{Error, ErrorCode, ErrorKind, Progress, World};

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
    /// Whether a manifest is applied that nobody signed who is trusted here.
    #[serde(default)]
    pub allow_unsigned: bool,
    /// What had expired of that which a registry says of the manifest, and is used all the same
    /// because that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<String>,
    /// Whether files with uncommitted work are edited.
    pub allow_dirty: bool,
    /// Whether the requirement of the library stays as it is.
    pub keep_requirement: bool,
    /// Where the checkpoint is kept; in the user's state folder when none is given.
    pub checkpoint: Option<PathBuf>,
    /// Files that are left out, as globs.
    pub exclude: Vec<String>,
    /// What is done beyond what is certain, or left undone.
    #[serde(default)]
    pub wishes: RewriteWishes,
}

/// What a user may ask for beyond edits that are certain by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RewriteWishes {
    /// Whether members and keywords that nothing but the library has are edited although what they
    /// are asked of is unknown.
    pub assume_unique: bool,
    /// Whether choices between the old and the new version are taken apart.
    pub simplify_guards: bool,
    /// Whether a comment is left for what a person must look at.
    pub todo_comments: bool,
    /// The folder of the other packages that the dependent uses, for their types.
    pub site_packages: Option<PathBuf>,
}

/// What `apply` answers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Applied {
    /// What was done, and what is left.
    pub report: ApplicationReport,
    /// The edits as a patch that `git apply` takes; handed on in memory.
    #[serde(skip)]
    #[schemars(skip)]
    pub patch: Vec<u8>,
    /// Whether a change that had been interrupted was brought to its end first.
    pub recovered: bool,
    /// Where the report was written, if it was.
    pub report_file: Option<PathBuf>,
}

/// Everything that is known before the dependent is read.
pub(crate) struct Prepared {
    loaded: LoadedManifest,
    signature: SignatureState,
    order: WorkOrder,
    /// The checkpoint of this migration, where it is applied already.
    stands: Option<PathBuf>,
    recovered: bool,
}

/// Everything that is known before anything is written.
pub(crate) struct Planned {
    pub(crate) loaded: LoadedManifest,
    pub(crate) signature: SignatureState,
    pub(crate) order: WorkOrder,
    pub(crate) edits: EditSet,
    /// The checkpoint of this migration, where it is applied already.
    pub(crate) stands: Option<PathBuf>,
    /// The old bytes of the files that are to be written, in the order of the edits.
    old: Vec<Vec<u8>>,
    recovered: bool,
}

/// Works out what applying a manifest to a dependent would do, and writes nothing. What reads the
/// dependent's files runs in a sandbox.
pub fn preview(
    options: &ApplyOptions,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<Applied, Error> {
    let Planned { edits, old, recovered, .. } = plan(options, world, progress, observer)?;
    let mut report = edits.report.clone();
    report.target = options.target.display().to_string();
    let patch = count_changes(&edits, &old, &mut report);
    report.status = ApplicationStatus::DryRun;
    Ok(Applied { report, patch, recovered, report_file: None })
}

/// Works out what applying a manifest to a dependent writes.
pub(crate) fn plan(
    options: &ApplyOptions,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<Planned, Error> {
    let prepared = prepare(options, world, progress)?;
    let edits = worked_out(&prepared, world, progress, observer)?;
    let Prepared { loaded, signature, order, stands, recovered } = prepared;
    let old = contained(&edits, &order.options.target, world)?;
    Ok(Planned { loaded, signature, order, edits, stands, old, recovered })
}

/// Finds the manifest intact and the dependent there, with no change of it left half done.
pub(crate) fn prepare(
    options: &ApplyOptions,
    world: &World,
    progress: &dyn Progress,
) -> Result<Prepared, Error> {
    progress.stage("reading the manifest", None);
    let loaded = load_manifest(world, &options.manifest)?;
    expect_intact(world, &loaded)?;
    let signature = expect_signed(world, &loaded, options.allow_unsigned)?;
    let target = target::folder(world, &options.target)?;
    let recovered = answers::recover(&transactions(world), &target, options.dry_run)?;
    let (order, stands) = order(options, &loaded, target, world)?;
    Ok(Prepared { loaded, signature, order, stands, recovered })
}

/// The edits as a confined process works them out, with what it cannot know: whom this machine
/// trusts.
fn worked_out(
    prepared: &Prepared,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<EditSet, Error> {
    let readable = readable(&prepared.order)?;
    let mut edits = confined::edits(&prepared.order, &readable, world, progress, observer)?;
    edits.report.signature = prepared.signature.clone();
    edits.report.expired.clone_from(&prepared.order.options.expired);
    Ok(edits)
}

/// What a worker needs to know, with every path in its final form.
fn order(
    options: &ApplyOptions,
    loaded: &LoadedManifest,
    target: PathBuf,
    world: &World,
) -> Result<(WorkOrder, Option<PathBuf>), Error> {
    let in_final_form = |path: &Path| {
        let folder = path.parent().unwrap_or(path);
        let folder = world.files.canonical(folder).unwrap_or_else(|_| folder.to_owned());
        folder.join(path.file_name().unwrap_or_default())
    };
    let status = transactions(world).status(&target).map_err(|error| transaction_error(&error))?;
    let standing = status.standing.filter(|record| record.manifest == Some(loaded.digest));
    let stands = standing.is_some();
    let manifest = in_final_form(&loaded.path);
    let site_packages = options.wishes.site_packages.as_deref();
    let site_packages = site_packages.map(|it| packages_folder(world, it)).transpose()?;
    let wishes = RewriteWishes { site_packages, ..options.wishes.clone() };
    let options = ApplyOptions { manifest, target, wishes, ..options.clone() };
    let checkpoint = standing.map(|record| PathBuf::from(record.checkpoint));
    Ok((WorkOrder { options, manifest: loaded.digest, stands }, checkpoint))
}

/// The folder of other packages that a user named.
fn packages_folder(world: &World, given: &Path) -> Result<PathBuf, Error> {
    target::folder(world, given).map_err(|error| {
        let message = format!("`{}` is no folder of packages that can be read", given.display());
        Error::user(ErrorCode::ApplicationError, message)
            .caused_by(error)
            .hint("name the folder that holds them, such as site-packages")
    })
}

/// What a worker must read: the bundle, the dependent, and the repository that it lies in.
fn readable(order: &WorkOrder) -> Result<Vec<PathBuf>, Error> {
    let ApplyOptions { manifest, target, wishes, .. } = &order.options;
    let bundle = manifest.parent().unwrap_or(manifest);
    let mut readable = vec![bundle.to_owned(), target.clone()];
    readable.extend(wishes.site_packages.clone());
    let repository =
        GitRepository::discover(target).map_err(|error| crate::versions::source_error(&error))?;
    readable.extend(repository.map(|repository| repository.folders()).unwrap_or_default());
    Ok(readable)
}

/// The old bytes of every file that is to be written, in the order of the edits: each is a regular
/// file of the dependent, reached through no link, that nobody changed since it was read.
fn contained(edits: &EditSet, target: &Path, world: &World) -> Result<Vec<Vec<u8>>, Error> {
    let read = |(path, file): (&TreePath, &EditedFile)| {
        if !target::takes_edits(path) || path.parts().any(|part| part == ".git") {
            let message = format!("an edit of `{path}` was asked for, which is none of its files");
            return Err(Error::internal(message));
        }
        let place = Place::new(target, path);
        let old = world.files.read(place, target::FILE_LIMIT_BYTES);
        let changed = || {
            let message = format!("`{path}` changed while the edits were worked out");
            Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
                .hint("run the command again")
        };
        let old = old.map_err(|error| match error.kind {
            FileErrorKind::Missing | FileErrorKind::NotAFile | FileErrorKind::Path => {
                changed().caused_by(error)
            }
            _ => {
                let hint = error.hint().to_owned();
                let message = format!("`{path}` cannot be read");
                Error::outside(ErrorCode::ApplicationError, message, error).hint(hint)
            }
        })?;
        if Digest::of(&old) == file.old { Ok(old) } else { Err(changed()) }
    };
    edits.files.iter().map(read).collect()
}

fn expect_clean(options: &ApplyOptions, edits: &EditSet) -> Result<(), Error> {
    if options.allow_dirty {
        return Ok(());
    }
    let Some(first) = edits.dirty.first() else { return Ok(()) };
    let more = match edits.dirty.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let message = format!("`{first}`{more} would be edited and holds uncommitted work");
    Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
        .hint("commit or stash it, or run again with --allow-dirty"))
}

/// The edits as a patch from the top of the repository, and how many lines they come to.
fn count_changes(edits: &EditSet, old: &[Vec<u8>], report: &mut ApplicationReport) -> Vec<u8> {
    let prefix = &edits.patch_prefix;
    let mut patch = Vec::new();
    report.changes = ChangeSummary::default();
    for ((path, file), old) in edits.files.iter().zip(old) {
        let full = TreePath::new(&format!("{prefix}{path}")).unwrap_or_else(|_| path.clone());
        let part = unified_patch([code_rewrite::FileChange {
            old_path: Some(&full),
            new_path: Some(&full),
            old,
            new: &file.content,
            executable: false,
        }]);
        let body = part.split(|byte| *byte == b'\n').skip_while(|line| !line.starts_with(b"@@"));
        for line in body {
            report.changes.lines_added += u32::from(line.starts_with(b"+"));
            report.changes.lines_removed += u32::from(line.starts_with(b"-"));
        }
        report.changes.files_modified += 1;
        report.changes.files.push(path.clone());
        patch.extend_from_slice(&part);
    }
    patch
}

/// The change that these edits are, with what is to be remembered about it.
fn apply_request(prepared: &Prepared, edits: &EditSet, run: &RunId) -> ApplyRequest {
    let metadata = &prepared.loaded.manifest.metadata;
    let changes = edits
        .files
        .iter()
        .map(|(path, file)| FileChange::edit(path.clone(), file.old, file.content.clone()));
    let summary = &edits.report.summary;
    ApplyRequest {
        target: prepared.order.options.target.clone(),
        package: edits.package.clone(),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        manifest: prepared.loaded.digest,
        changes: changes.collect(),
        checkpoint: prepared.order.options.checkpoint.clone(),
        git_commit: edits.git_commit.clone(),
        dependency_versions: edits.dependency_versions.clone(),
        run: Some(run.to_string()),
        operations_applied: u64::from(summary.operations_successful),
        operations_failed: u64::from(summary.operations_failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(path: &str, old: &[u8]) -> EditSet {
        let path = TreePath::new(path).expect("a path");
        let file = EditedFile { old: Digest::of(old), content: b"new".to_vec() };
        EditSet { files: [(path, file)].into(), ..EditSet::empty_for_tests() }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what stands on the disk is what is tested")]
    fn only_files_of_the_dependent_that_nobody_changed_are_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("target");
        std::fs::create_dir_all(target.join(".git/hooks")).expect("folders");
        std::fs::create_dir_all(target.join("folder.py")).expect("a folder");
        std::fs::write(folder.path().join("outside.py"), "old").expect("a file");
        for inside in ["good.py", ".git/hooks/hook.py", "binary.so"] {
            std::fs::write(target.join(inside), "old").expect("a file");
        }
        std::os::unix::fs::symlink("../outside.py", target.join("link.py")).expect("a link");
        std::os::unix::fs::symlink("..", target.join("up")).expect("a link");
        let world = World::of_a_test(folder.path());
        let contained = |path: &str, old: &[u8]| contained(&edit(path, old), &target, &world);
        assert_eq!(contained("good.py", b"old").expect("inside"), [b"old"]);
        for (path, old) in [
            ("good.py", "other"),
            ("absent.py", "old"),
            ("link.py", "old"),
            ("up/outside.py", "old"),
            ("folder.py", "old"),
            (".git/hooks/hook.py", "old"),
            ("binary.so", "old"),
        ] {
            assert!(contained(path, old.as_bytes()).is_err(), "{path} with {old}");
        }
    }
}
