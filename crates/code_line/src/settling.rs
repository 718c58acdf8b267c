//! Brings every file of a checkpoint to one of its two sides.

use std::collections::BTreeSet;
use std::path::Path;

use artifact::TreePath;
use host::{
    FileError, FileErrorKind, Files, Place, remove_temporary_files, temporary_path, tree_path,
};

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointFolder, FileState};

/// Which side of a checkpoint every file is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// As it was before the change.
    Before,
    /// As the change makes it.
    After,
}

/// The situation in which files are brought to a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// For the first time: no earlier attempt left anything.
    First,
    /// Again, after an interruption.
    Resumed,
    /// Because the way to the other side failed: files that others edited are left as they are.
    Undoing,
}

/// Why the files could not all be brought to one side.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Files are on neither side: somebody edited them.
    #[error("{} files were edited meanwhile", .0.len())]
    Edited(Vec<TreePath>),
}

/// One file that has still to be written, with its staged content beside it.
struct Step<'a> {
    path: &'a TreePath,
    now: &'a FileState,
    staged: Option<TreePath>,
}

/// Brings every file to one side. Files that are there already are left alone, so that it can be
/// repeated; nothing is written when a file is on neither side.
pub(crate) fn settle(
    files: &dyn Files,
    target: &Path,
    checkpoint: &Checkpoint,
    store: CheckpointFolder<'_>,
    side: Side,
    situation: Situation,
) -> Result<(), SettleError> {
    let mut steps = Vec::new();
    let mut edited = Vec::new();
    for (path, touched) in &checkpoint.files {
        let place = Place::new(target, path);
        if situation != Situation::First {
            remove_temporary_files(files, place)?;
        }
        let (wanted, other) = match side {
            Side::Before => (&touched.before, &touched.after),
            Side::After => (&touched.after, &touched.before),
        };
        let now = FileState::of(files, place)?;
        if now == *other {
            steps.push((Step { path, now: other, staged: None }, wanted));
        } else if now != *wanted {
            edited.push(path.clone());
        }
    }
    if !edited.is_empty() && situation != Situation::Undoing {
        return Err(SettleError::Edited(edited));
    }
    let written = write_steps(files, target, store, &mut steps);
    if written.is_err() {
        for (step, _) in &steps {
            if let Some(staged) = &step.staged {
                // Already renamed ones are gone; the first error is what the user reads.
                let _ = files.remove_file(Place::new(target, staged));
            }
        }
    }
    written?;
    let emptied = match side {
        Side::Before => &checkpoint.folders_made,
        Side::After => &checkpoint.folders_removed,
    };
    remove_folders(files, target, emptied)
}

fn write_steps(
    files: &dyn Files,
    target: &Path,
    store: CheckpointFolder<'_>,
    steps: &mut [(Step<'_>, &FileState)],
) -> Result<(), SettleError> {
    // Whatever can fail for want of space or permission fails here, before any file is replaced.
    for (step, wanted) in steps.iter_mut() {
        stage(files, target, store, step, wanted)?;
    }
    let mut folders = BTreeSet::new();
    for (step, _) in steps.iter() {
        let place = Place::new(target, step.path);
        // Somebody may have edited it while the others were staged.
        if FileState::of(files, place)? != *step.now {
            return Err(SettleError::Edited(vec![step.path.clone()]));
        }
        match &step.staged {
            Some(staged) => files.rename(target, staged, step.path)?,
            None => files.remove_file(place)?,
        }
        folders.insert(step.path.parent().map(tree_path).transpose()?);
    }
    for folder in folders {
        files.sync_folder(target, folder.as_ref())?;
    }
    Ok(())
}

fn stage(
    files: &dyn Files,
    target: &Path,
    store: CheckpointFolder<'_>,
    step: &mut Step<'_>,
    wanted: &FileState,
) -> Result<(), SettleError> {
    let temporary = temporary_path(step.path)?;
    let place = Place::new(target, &temporary);
    match wanted {
        FileState::Absent => return Ok(()),
        FileState::File { digest, mode, .. } => {
            let bytes = store.content(digest)?;
            files.create_parents(target, step.path)?;
            step.staged = Some(temporary.clone());
            files.create(place, &bytes, Some(*mode))?;
        }
        FileState::Link { target: says } => {
            files.create_parents(target, step.path)?;
            step.staged = Some(temporary.clone());
            files.symlink(place, Path::new(says))?;
        }
    }
    Ok(())
}

fn remove_folders(
    files: &dyn Files,
    target: &Path,
    folders: &[TreePath],
) -> Result<(), SettleError> {
    for folder in folders.iter().rev() {
        let place = Place::new(target, folder);
        // On a read-only disk even removing what is not there fails.
        if files.metadata(place)?.is_none() {
            continue;
        }
        match files.remove_folder(place) {
            Ok(()) => {}
            // Others may have put something there, or have removed it.
            Err(error)
                if matches!(
                    error.kind,
                    FileErrorKind::NotEmpty | FileErrorKind::Missing | FileErrorKind::Exists
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
