//! Why a change of a target could not be made.

use std::path::PathBuf;

use artifact::TreePath;
use host::FileError;

use crate::checkpoint::CheckpointError;
use crate::settling::SettleError;

/// A change of a target that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// A file could not be used; nothing was changed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A checkpoint could not be used; nothing was changed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file is not as it was when it was read; nothing was changed.
    #[error("`{0}` changed since it was read; nothing was written")]
    Changed(TreePath),
    /// One file has two changes; nothing was changed.
    #[error("`{0}` is to be changed twice; nothing was written")]
    Twice(TreePath),
    /// The file belongs to a version control system; nothing was changed.
    #[error("`{0}` belongs to version control, where onx writes nothing")]
    VersionControl(TreePath),
    /// Two files that some file systems take for one would both stand; nothing was changed.
    #[error("`{0}` and `{1}` differ only in case or in the form of their characters")]
    SameName(TreePath, TreePath),
    /// The checkpoint would lie in the folder that changes.
    #[error("the checkpoint `{}` lies inside the target", .0.display())]
    CheckpointInside(PathBuf),
    /// Another checkpoint lies there already.
    #[error("`{}` holds another checkpoint", .0.display())]
    CheckpointExists(PathBuf),
    /// An earlier change was interrupted and must be brought to its end first.
    #[error("an earlier change of `{}` was interrupted", .0.display())]
    Pending(PathBuf),
    /// Files were edited after the change that is to be taken back or brought to its end.
    #[error("files were edited since: {}", listed(.0))]
    Edited(Vec<TreePath>),
    /// There is nothing to take back.
    #[error("there is no checkpoint of `{}`", .0.display())]
    NoCheckpoint(PathBuf),
    /// The checkpoint is of another version.
    #[error("the checkpoint is of version `{found}`, not of `{wanted}`")]
    OtherVersion {
        /// The version that was asked for.
        wanted: String,
        /// The version of the checkpoint.
        found: String,
    },
    /// The checkpoint is of another folder.
    #[error("the checkpoint is of `{0}`")]
    OtherTarget(String),
    /// Nobody here took the checkpoint, and nobody vouches for it.
    #[error("no record here names the checkpoint `{}`, and nobody vouches for it", .0.display())]
    Foreign(PathBuf),
    /// Writing failed, and every file was brought back: nothing is changed.
    #[error("the change could not be made; every file is as it was")]
    TakenBack(#[source] SettleError),
    /// Writing failed in the middle, and what is pending was noted.
    #[error("the change was interrupted: each file is old or new")]
    Interrupted(#[source] SettleError),
}

fn listed(paths: &[TreePath]) -> String {
    let shown: Vec<_> = paths.iter().take(5).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(5) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl TransactionError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::File(error) | Self::Checkpoint(CheckpointError::File(error)) => error.hint(),
            Self::Checkpoint(CheckpointError::Damaged { .. }) => {
                "restore the files from version control"
            }
            Self::Changed(_) => "run the same command again",
            Self::Twice(_) => "please report this with the manifest",
            Self::VersionControl(_) => "use a manifest or checkpoint from a source that you trust",
            Self::SameName(..) => "rename one of them first",
            Self::CheckpointInside(_) => "keep the checkpoint outside the package",
            Self::CheckpointExists(_) => "name another folder for the checkpoint",
            Self::Pending(_) => "`onx-migrate status` brings it to its end; then try again",
            Self::Edited(_) => {
                "put the files back, or take the change back with `onx-migrate rollback --force`: \
                 their later content is kept in a checkpoint"
            }
            Self::NoCheckpoint(_) => "name the checkpoint's folder",
            Self::OtherVersion { .. } => "name the checkpoint's version, or another checkpoint",
            Self::OtherTarget(_) => "use --force if the package was moved here",
            Self::Foreign(_) => {
                "a checkpoint says what is written into the package: restore one that you took, or \
                 say --allow-unsigned, which is recorded"
            }
            Self::TakenBack(_) => "remove the cause and run the same command again",
            Self::Interrupted(_) => {
                "remove the cause and run the same command again to end it, or roll an apply back"
            }
        }
        .to_owned()
    }

    /// Whether the state of the target stands against it, rather than something outside.
    pub fn is_conflict(&self) -> bool {
        !matches!(
            self,
            Self::File(_) | Self::Checkpoint(_) | Self::TakenBack(_) | Self::Interrupted(_)
        )
    }
}
