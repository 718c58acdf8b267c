//! Changes a target so that each file is old or new, never in between, and every change can be
//! taken back.
//!
//! lock → verify that nothing changed since it was read → checkpoint outside the target → note what
//! is pending → stage every new file beside its place → rename one after the other → record. What
//! is pending says enough to bring an interrupted change to its end or back.

mod pending;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath, uuid_from_digest};
use host::{
    Clock, FileError, FileErrorKind, FileLock, Files, NodeKind, Place, remove_temporary_files_in,
    tree_path,
};

use crate::application::{
    APPLICATION_FORMAT, ApplicationKind, ApplicationOutcome, ApplicationRecord, TargetState,
    all_records, newest_standing,
};
use crate::checkpoint::{
    CHECKPOINT_FORMAT, Checkpoint, CheckpointError, CheckpointFolder, FileState, Touched,
    checkpoint_folder,
};
pub use crate::settling::SettleError;
use crate::settling::{Side, Situation, settle};
pub use crate::transaction_error::TransactionError;

/// One file of the target and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: TreePath,
    /// What must stand there for the change to be right.
    pub expected: Expected,
    /// What shall stand there.
    pub new: NewContent,
}

/// What must stand at a path for a change to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// A regular file with these bytes; its mode does not matter.
    Bytes(Digest),
    /// Exactly this.
    State(FileState),
}

/// What shall stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewContent {
    /// Nothing.
    Absent,
    /// A regular file; without a mode it keeps the one it has, a new one gets `0o644`.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// The permission bits.
        mode: Option<u32>,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
}

impl FileChange {
    /// Replaces the bytes of a file that had these when it was read.
    pub fn edit(path: TreePath, old: Digest, bytes: Vec<u8>) -> Self {
        Self { path, expected: Expected::Bytes(old), new: NewContent::Bytes { bytes, mode: None } }
    }

    /// Makes a file where nothing stands.
    pub fn create(path: TreePath, bytes: Vec<u8>, mode: Option<u32>) -> Self {
        let expected = Expected::State(FileState::Absent);
        Self { path, expected, new: NewContent::Bytes { bytes, mode } }
    }

    /// Removes a file that had these bytes when it was read.
    pub fn remove(path: TreePath, old: Digest) -> Self {
        Self { path, expected: Expected::Bytes(old), new: NewContent::Absent }
    }
}

/// A set of changes, and what is to be remembered about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyRequest {
    /// The dependent's folder.
    pub target: PathBuf,
    /// The dependent's name.
    pub package: String,
    /// The library's version before.
    pub from_version: String,
    /// The library's version after.
    pub to_version: String,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// Every file that changes, once.
    pub changes: Vec<FileChange>,
    /// Where the checkpoint is kept; in the user's state folder when none is given.
    pub checkpoint: Option<PathBuf>,
    /// The commit that is checked out, if any.
    pub git_commit: Option<String>,
    /// The versions of the target's dependencies, as far as they are known.
    pub dependency_versions: BTreeMap<String, String>,
    /// The run that makes the change, where it is one.
    pub run: Option<String>,
    /// Operations that are applied by these changes.
    pub operations_applied: u64,
    /// Operations that could not be applied.
    pub operations_failed: u64,
}

/// Which checkpoint is to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The dependent's folder.
    pub target: PathBuf,
    /// The checkpoint's folder or file; the newest of the target when none is given.
    pub checkpoint: Option<PathBuf>,
    /// The library's version that the checkpoint must be of.
    pub to_version: Option<String>,
    /// Whether later work is replaced; it is kept in the checkpoint that the rollback takes.
    pub force: bool,
    /// The digest of the checkpoint's description, where somebody vouches for it: a checkpoint that
    /// no record of the target names is restored only then.
    pub vouched: Option<Digest>,
}

/// What is known about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStatus {
    /// A change that was interrupted.
    pub pending: Option<ApplicationRecord>,
    /// The newest application that was not taken back.
    pub standing: Option<ApplicationRecord>,
    /// Every record of the target, oldest first.
    pub records: Vec<ApplicationRecord>,
}

/// Makes, ends, takes back and remembers changes of targets.
#[derive(Debug)]
pub struct Transactions<'a> {
    files: &'a dyn Files,
    clock: &'a dyn Clock,
    state: PathBuf,
}

/// What a change is made of before its checkpoint is taken.
struct Prepared {
    files: BTreeMap<TreePath, Touched>,
    contents: BTreeMap<Digest, Vec<u8>>,
}

/// What is remembered about a change, whichever kind it is.
struct Occasion<'a> {
    kind: ApplicationKind,
    package: &'a str,
    from_version: &'a str,
    to_version: &'a str,
    manifest: Option<Digest>,
    label: String,
    checkpoint: Option<&'a Path>,
    git_commit: Option<String>,
    dependency_versions: BTreeMap<String, String>,
    operations: (u64, u64),
    folders_removed: Vec<TreePath>,
    overwritten: Vec<TreePath>,
    run: Option<&'a str>,
    undoes: Option<uuid::Uuid>,
}

impl<'a> Transactions<'a> {
    /// Changes whose records and checkpoints lie in this state folder.
    pub fn new(files: &'a dyn Files, clock: &'a dyn Clock, state: impl Into<PathBuf>) -> Self {
        Self { files, clock, state: state.into() }
    }

    /// What is known about a target.
    pub fn status(&self, target: &Path) -> Result<TargetStatus, TransactionError> {
        let target = self.files.canonical(target)?;
        let state = TargetState::of(self.files, &self.state, &target);
        let records = state.records()?;
        Ok(TargetStatus {
            pending: state.pending()?,
            standing: newest_standing(&records).cloned(),
            records,
        })
    }

    /// The records of one target, or of all.
    pub fn history(
        &self,
        target: Option<&Path>,
    ) -> Result<Vec<ApplicationRecord>, TransactionError> {
        match target {
            Some(target) => Ok(self.status(target)?.records),
            None => Ok(all_records(self.files, &self.state)?),
        }
    }

    /// Makes a set of changes, all or none; none when nothing is to be changed.
    pub fn apply(
        &self,
        request: &ApplyRequest,
    ) -> Result<Option<ApplicationRecord>, TransactionError> {
        let target = self.files.canonical(&request.target)?;
        let state = TargetState::of(self.files, &self.state, &target);
        let _lock = self.lock(&state)?;
        if state.pending()?.is_some() {
            return Err(TransactionError::Pending(target));
        }
        let prepared = self.prepare(&target, &request.changes)?;
        let occasion = Occasion {
            kind: ApplicationKind::Apply,
            package: &request.package,
            from_version: &request.from_version,
            to_version: &request.to_version,
            manifest: Some(request.manifest),
            label: format!("checkpoint_pre_{}", safe_name(&request.to_version)),
            checkpoint: request.checkpoint.as_deref(),
            git_commit: request.git_commit.clone(),
            dependency_versions: request.dependency_versions.clone(),
            operations: (request.operations_applied, request.operations_failed),
            folders_removed: Vec::new(),
            overwritten: Vec::new(),
            run: request.run.as_deref(),
            undoes: None,
        };
        self.carry_out(&target, &state, prepared, occasion)
    }

    /// Restores a checkpoint; none when every file is as the checkpoint says already. An apply that
    /// was interrupted is taken back instead, and a rollback that was is brought to its end. Where
    /// later work is in the way of that and is to be replaced, the checkpoint is restored over it.
    pub fn rollback(
        &self,
        request: &RollbackRequest,
    ) -> Result<Option<ApplicationRecord>, TransactionError> {
        let target = self.files.canonical(&request.target)?;
        let state = TargetState::of(self.files, &self.state, &target);
        let _lock = self.lock(&state)?;
        let mut named = match &request.checkpoint {
            Some(path) => Some(checkpoint_folder(self.files, path)?),
            None => None,
        };
        if let Some(pending) = state.pending()? {
            match self.roll_pending_back(request, &target, &state, &pending, &mut named) {
                Err(TransactionError::Edited(_)) if request.force && named.is_some() => {}
                ended => return ended.map(Some),
            }
            // What it wrote so far stays on record, and its checkpoint with it.
            state.keep(&pending).and_then(|()| state.clear_pending())?;
        }
        let records = state.records()?;
        let folder = match (named, newest_standing(&records)) {
            (Some(folder), _) => folder,
            (None, Some(record)) => PathBuf::from(&record.checkpoint),
            (None, None) => return Err(TransactionError::NoCheckpoint(target)),
        };
        let store = CheckpointFolder::new(self.files, &folder);
        let (checkpoint, digest) = store.load()?;
        let known = records.iter().rfind(|record| Path::new(&record.checkpoint) == folder);
        if known.is_some_and(|record| record.checkpoint_digest != digest) {
            return Err(changed_checkpoint(&folder).into());
        }
        if known.is_none() && request.vouched != Some(digest) {
            return Err(TransactionError::Foreign(folder));
        }
        check_rollback(request, &target, &checkpoint)?;
        let (changes, edited) = self.restoring(&target, &checkpoint, store)?;
        if !edited.is_empty() && !request.force {
            return Err(TransactionError::Edited(edited));
        }
        let prepared = self.prepare(&target, &changes)?;
        let occasion = Occasion {
            kind: ApplicationKind::Rollback,
            package: &checkpoint.package,
            from_version: &checkpoint.to_version,
            to_version: &checkpoint.from_version,
            manifest: None,
            label: format!("checkpoint_pre_rollback_to_{}", safe_name(&checkpoint.from_version)),
            checkpoint: None,
            git_commit: None,
            dependency_versions: BTreeMap::new(),
            operations: (0, 0),
            folders_removed: checkpoint.folders_made.clone(),
            overwritten: edited,
            run: None,
            undoes: known.map(|record| record.id),
        };
        self.carry_out(&target, &state, prepared, occasion)
    }

    fn lock(&self, state: &TargetState<'_>) -> Result<FileLock, FileError> {
        self.files.create_base(&state.folder)?;
        let path = tree_path("lock")?;
        let holder = format!("process {} since {}", std::process::id(), self.clock.now());
        let lock = self.files.lock(Place::new(&state.folder, &path), &holder)?;
        // What an interrupted run left; with the lock nobody else writes there.
        for below in [None, Some(tree_path("records")?)] {
            remove_temporary_files_in(self.files, &state.folder, below.as_ref())?;
        }
        Ok(lock)
    }

    /// Reads what stands at every path, and compares it with what each change expects.
    fn prepare(&self, target: &Path, changes: &[FileChange]) -> Result<Prepared, TransactionError> {
        let mut prepared = Prepared { files: BTreeMap::new(), contents: BTreeMap::new() };
        let mut seen = BTreeSet::new();
        for change in changes {
            if !seen.insert(&change.path) {
                return Err(TransactionError::Twice(change.path.clone()));
            }
            if change.path.is_version_control() {
                return Err(TransactionError::VersionControl(change.path.clone()));
            }
            let place = Place::new(target, &change.path);
            let (before, bytes) = FileState::with_bytes(self.files, place)?;
            let as_expected = match (&change.expected, &before) {
                (Expected::Bytes(wanted), FileState::File { digest, .. }) => wanted == digest,
                (Expected::Bytes(_), _) => false,
                (Expected::State(wanted), found) => wanted == found,
            };
            if !as_expected {
                return Err(TransactionError::Changed(change.path.clone()));
            }
            let after = state_after(&before, &change.new);
            if before == after {
                continue;
            }
            if let FileState::File { digest, .. } = &before {
                prepared.contents.insert(*digest, bytes);
            }
            if let (FileState::File { digest, .. }, NewContent::Bytes { bytes, .. }) =
                (&after, &change.new)
            {
                prepared.contents.insert(*digest, bytes.clone());
            }
            prepared.files.insert(change.path.clone(), Touched { before, after });
        }
        check_names(&prepared.files)?;
        Ok(prepared)
    }

    /// Takes the checkpoint, notes what is pending, writes, records.
    fn carry_out(
        &self,
        target: &Path,
        state: &TargetState<'_>,
        prepared: Prepared,
        occasion: Occasion<'_>,
    ) -> Result<Option<ApplicationRecord>, TransactionError> {
        if prepared.files.is_empty() {
            return Ok(None);
        }
        let checkpoint = self.describe(target, &prepared, &occasion)?;
        let folder = self.checkpoint_place(target, state, &checkpoint, occasion.checkpoint)?;
        let store = CheckpointFolder::new(self.files, &folder);
        let noted = store
            .save(&checkpoint, &prepared.contents)
            .map_err(TransactionError::from)
            .and_then(|digest| {
                let record = pending_record(&checkpoint, &folder, digest, &occasion);
                state.set_pending(&record).map(|()| record).map_err(TransactionError::from)
            });
        let record = match noted {
            Ok(record) => record,
            Err(error) => {
                // The note may stand although syncing it failed; with it the checkpoint must stay.
                if state.clear_pending().is_ok() {
                    store.discard(&prepared.contents);
                }
                return Err(error);
            }
        };
        let bring =
            |side, situation| settle(self.files, target, &checkpoint, store, side, situation);
        if let Err(error) = bring(Side::After, Situation::First) {
            let taken_back = bring(Side::Before, Situation::Undoing);
            if taken_back.is_err() || state.clear_pending().is_err() {
                return Err(TransactionError::Interrupted(error));
            }
            store.discard(&prepared.contents);
            return Err(TransactionError::TakenBack(error));
        }
        self.finish(state, record, ApplicationOutcome::Completed).map(Some)
    }

    fn finish(
        &self,
        state: &TargetState<'_>,
        mut record: ApplicationRecord,
        outcome: ApplicationOutcome,
    ) -> Result<ApplicationRecord, TransactionError> {
        record.outcome = outcome;
        record.finished_at = Some(self.clock.now());
        state
            .keep(&record)
            .and_then(|()| state.clear_pending())
            .map_err(|error| TransactionError::Interrupted(SettleError::File(error)))?;
        Ok(record)
    }

    fn describe(
        &self,
        target: &Path,
        prepared: &Prepared,
        occasion: &Occasion<'_>,
    ) -> Result<Checkpoint, TransactionError> {
        let text = target
            .to_str()
            .ok_or_else(|| FileError::new("remember the folder", target, FileErrorKind::Path))?;
        let mut checkpoint = Checkpoint {
            format: CHECKPOINT_FORMAT.to_string(),
            id: uuid::Uuid::nil(),
            label: occasion.label.clone(),
            package: occasion.package.to_owned(),
            target: text.to_owned(),
            from_version: occasion.from_version.to_owned(),
            to_version: occasion.to_version.to_owned(),
            manifest: occasion.manifest,
            created_at: self.clock.now(),
            git_commit: occasion.git_commit.clone(),
            dependency_versions: occasion.dependency_versions.clone(),
            files: prepared.files.clone(),
            folders_made: self.missing_folders(target, &prepared.files)?,
            folders_removed: occasion.folders_removed.clone(),
        };
        let bytes = serde_json::to_vec(&checkpoint).unwrap_or_default();
        checkpoint.id = uuid_from_digest(&Digest::of(&bytes));
        Ok(checkpoint)
    }

    /// The folders that new files need and that are missing, outermost first.
    fn missing_folders(
        &self,
        target: &Path,
        files: &BTreeMap<TreePath, Touched>,
    ) -> Result<Vec<TreePath>, TransactionError> {
        let mut folders = BTreeSet::new();
        for (path, touched) in files {
            if touched.before != FileState::Absent {
                continue;
            }
            let mut parent = path.parent();
            while let Some(text) = parent {
                let folder = tree_path(text)?;
                match self.files.metadata(Place::new(target, &folder))? {
                    Some(found) if found.kind == NodeKind::Folder => break,
                    Some(_) => {
                        let path = target.join(text);
                        let kind = FileErrorKind::NotAFolder;
                        return Err(FileError::new("write below", path, kind).into());
                    }
                    None => {}
                }
                parent = text.rsplit_once('/').map(|(outer, _)| outer);
                folders.insert(folder);
            }
        }
        Ok(folders.into_iter().collect())
    }

    /// A folder for the checkpoint outside the target that holds no other one.
    fn checkpoint_place(
        &self,
        target: &Path,
        state: &TargetState<'_>,
        checkpoint: &Checkpoint,
        wanted: Option<&Path>,
    ) -> Result<PathBuf, TransactionError> {
        let records = state.records()?;
        let is_free = |folder: &Path| -> Result<bool, TransactionError> {
            let store = CheckpointFolder::new(self.files, folder);
            if !store.is_complete()? {
                return Ok(true);
            }
            // What an interrupted attempt at the same change left may be replaced.
            let is_used = records.iter().any(|r| Path::new(&r.checkpoint) == folder);
            let same = store.load().is_ok_and(|(found, _)| {
                found.target == checkpoint.target && found.files == checkpoint.files
            });
            Ok(same && !is_used)
        };
        if let Some(wanted) = wanted {
            self.files.create_base(wanted)?;
            let folder = self.files.canonical(wanted)?;
            if folder.starts_with(target) {
                return Err(TransactionError::CheckpointInside(folder));
            }
            if !is_free(&folder)? {
                return Err(TransactionError::CheckpointExists(folder));
            }
            return Ok(folder);
        }
        let base = self.files.canonical(&state.folder)?.join("checkpoints");
        if base.starts_with(target) {
            return Err(TransactionError::CheckpointInside(base));
        }
        for number in 1_u32.. {
            let name = match number {
                1 => checkpoint.label.clone(),
                _ => format!("{}_{number}", checkpoint.label),
            };
            let folder = base.join(name);
            if is_free(&folder)? {
                return Ok(folder);
            }
        }
        Err(TransactionError::CheckpointExists(base))
    }

    /// The changes that bring every file back, and the files that were edited since.
    fn restoring(
        &self,
        target: &Path,
        checkpoint: &Checkpoint,
        store: CheckpointFolder<'_>,
    ) -> Result<(Vec<FileChange>, Vec<TreePath>), TransactionError> {
        let (mut changes, mut edited) = (Vec::new(), Vec::new());
        for (path, touched) in &checkpoint.files {
            let now = FileState::of(self.files, Place::new(target, path))?;
            if now == touched.before {
                continue;
            }
            if now != touched.after {
                edited.push(path.clone());
            }
            let new = match &touched.before {
                FileState::Absent => NewContent::Absent,
                FileState::Link { target } => NewContent::Link { target: target.clone() },
                FileState::File { digest, mode, .. } => {
                    NewContent::Bytes { bytes: store.content(digest)?, mode: Some(*mode) }
                }
            };
            changes.push(FileChange { path: path.clone(), expected: Expected::State(now), new });
        }
        Ok((changes, edited))
    }
}

/// A file that is made must not be another changed one under a second name: on some file systems
/// the one would be written over the other.
fn check_names(files: &BTreeMap<TreePath, Touched>) -> Result<(), TransactionError> {
    let mut standing: BTreeMap<String, (&TreePath, bool)> = BTreeMap::new();
    let stays = files.iter().filter(|(_, touched)| touched.after != FileState::Absent);
    for (path, touched) in stays {
        let is_new = touched.before == FileState::Absent;
        if let Some((other, other_is_new)) = standing.insert(path.folded(), (path, is_new))
            && (is_new || other_is_new)
        {
            return Err(TransactionError::SameName(other.clone(), path.clone()));
        }
    }
    Ok(())
}

fn check_rollback(
    request: &RollbackRequest,
    target: &Path,
    checkpoint: &Checkpoint,
) -> Result<(), TransactionError> {
    if let Some(wanted) = &request.to_version
        && *wanted != checkpoint.from_version
    {
        return Err(TransactionError::OtherVersion {
            wanted: wanted.clone(),
            found: checkpoint.from_version.clone(),
        });
    }
    if Path::new(&checkpoint.target) != target && !request.force {
        return Err(TransactionError::OtherTarget(checkpoint.target.clone()));
    }
    Ok(())
}

fn changed_checkpoint(folder: &Path) -> CheckpointError {
    CheckpointError::Damaged {
        path: folder.to_owned(),
        problem: "it was changed after it was taken".to_owned(),
    }
}

fn state_after(before: &FileState, new: &NewContent) -> FileState {
    match new {
        NewContent::Absent => FileState::Absent,
        NewContent::Link { target } => FileState::Link { target: target.clone() },
        NewContent::Bytes { bytes, mode } => FileState::File {
            digest: Digest::of(bytes),
            size_bytes: bytes.len() as u64,
            mode: match (mode, before) {
                (Some(mode), _) | (None, FileState::File { mode, .. }) => *mode,
                (None, _) => 0o644,
            },
        },
    }
}

fn pending_record(
    checkpoint: &Checkpoint,
    folder: &Path,
    checkpoint_digest: Digest,
    occasion: &Occasion<'_>,
) -> ApplicationRecord {
    let parts = [checkpoint.id.as_bytes().as_slice(), folder.as_os_str().as_encoded_bytes()];
    ApplicationRecord {
        format: APPLICATION_FORMAT.to_string(),
        id: uuid_from_digest(&Digest::of_parts(parts)),
        kind: occasion.kind,
        outcome: ApplicationOutcome::Pending,
        package: checkpoint.package.clone(),
        target: checkpoint.target.clone(),
        manifest: checkpoint.manifest,
        from_version: checkpoint.from_version.clone(),
        to_version: checkpoint.to_version.clone(),
        started_at: checkpoint.created_at,
        finished_at: None,
        checkpoint: folder.to_string_lossy().into_owned(),
        checkpoint_digest,
        files: checkpoint.files.keys().cloned().collect(),
        operations_applied: occasion.operations.0,
        operations_failed: occasion.operations.1,
        overwritten: occasion.overwritten.clone(),
        run: occasion.run.map(str::to_owned),
        undoes: occasion.undoes,
    }
}

/// A version as a part of a file name: whatever else stands in it becomes `_`.
fn safe_name(version: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '!');
    let name: String = version.chars().take(80).map(|c| if safe(c) { c } else { '_' }).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}
