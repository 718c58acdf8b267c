//! What a target was like before a change: enough to bring every touched file back exactly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, FormatName, Timestamp, TreePath, strict_json};
use host::{
    FileError, FileErrorKind, Files, NodeKind, Place, remove_temporary_files_in, split_path,
    tree_path,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format of `checkpoint.json`.
pub const CHECKPOINT_FORMAT: FormatName = FormatName { name: "checkpoint", version: 1 };

/// The name of the file that says what a checkpoint holds.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

/// The largest file that a checkpoint holds.
const CONTENT_LIMIT_BYTES: u64 = 1 << 30;
const DESCRIPTION_LIMIT_BYTES: u64 = 256 << 20;

/// What a target was like before a change, and what the change makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Always `onx/checkpoint/1`.
    pub format: String,
    /// Names this checkpoint; made from what it holds.
    #[schemars(with = "String")]
    pub id: uuid::Uuid,
    /// The label, for example `checkpoint_pre_1.0.0`.
    pub label: String,
    /// The dependent's name.
    pub package: String,
    /// The dependent's folder, with every link in it resolved.
    pub target: String,
    /// The library's version before the change.
    pub from_version: String,
    /// The library's version after the change.
    pub to_version: String,
    /// The digest of the manifest that was applied; none when a checkpoint was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// When it was taken.
    pub created_at: Timestamp,
    /// The commit that was checked out, when the target lies in a git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
    /// The versions of the target's dependencies, as far as they were known, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependency_versions: BTreeMap<String, String>,
    /// Every touched file, before and after.
    pub files: BTreeMap<TreePath, Touched>,
    /// Folders that the change makes, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders_made: Vec<TreePath>,
    /// Folders that the change removes if they are empty afterwards, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders_removed: Vec<TreePath>,
}

/// One touched file, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Touched {
    /// What stood there before the change.
    pub before: FileState,
    /// What stands there after the change.
    pub after: FileState,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FileState {
    /// Nothing.
    Absent,
    /// A regular file.
    File {
        /// The digest of its bytes.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
}

impl FileState {
    /// What stands there now.
    pub fn of(files: &dyn Files, place: Place<'_>) -> Result<Self, FileError> {
        Self::with_bytes(files, place).map(|(state, _)| state)
    }

    /// What stands there now, and the bytes of a regular file.
    pub(crate) fn with_bytes(
        files: &dyn Files,
        place: Place<'_>,
    ) -> Result<(Self, Vec<u8>), FileError> {
        let Some(metadata) = files.metadata(place)? else {
            return Ok((Self::Absent, Vec::new()));
        };
        match metadata.kind {
            NodeKind::File => {
                let bytes = files.read(place, CONTENT_LIMIT_BYTES)?;
                let state = Self::File {
                    digest: Digest::of(&bytes),
                    size_bytes: bytes.len() as u64,
                    mode: metadata.mode,
                };
                Ok((state, bytes))
            }
            NodeKind::Link => {
                let target = files.read_link(place)?;
                let text = target.to_str().map(str::to_owned);
                let unusable =
                    || FileError::new("remember the link", place.to_path(), FileErrorKind::Path);
                Ok((Self::Link { target: text.ok_or_else(unusable)? }, Vec::new()))
            }
            NodeKind::Folder | NodeKind::Special => {
                Err(FileError::new("read", place.to_path(), FileErrorKind::NotAFile))
            }
        }
    }
}

/// A checkpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file of it could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged, of another version, or was changed.
    #[error("the checkpoint `{}` cannot be used: {problem}", path.display())]
    Damaged {
        /// Its folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// The folder of a checkpoint: a description, and the content of files by digest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckpointFolder<'a> {
    files: &'a dyn Files,
    folder: &'a Path,
}

impl<'a> CheckpointFolder<'a> {
    pub(crate) fn new(files: &'a dyn Files, folder: &'a Path) -> Self {
        Self { files, folder }
    }

    /// Whether a complete checkpoint lies there.
    pub(crate) fn is_complete(&self) -> Result<bool, FileError> {
        let description = tree_path(CHECKPOINT_FILE)?;
        match self.files.metadata(Place::new(self.folder, &description)) {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes content first and the description last: without the description there is no
    /// checkpoint.
    pub(crate) fn save(
        &self,
        checkpoint: &Checkpoint,
        contents: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<Digest, CheckpointError> {
        let content = self.folder.join("content");
        self.files.create_base(&content)?;
        for folder in [self.folder, &content] {
            remove_temporary_files_in(self.files, folder, None)?;
        }
        for (digest, bytes) in contents {
            let path = content_path(digest)?;
            // Content is private to the user: it may be source that others must not read.
            self.files.write(Place::new(self.folder, &path), bytes, Some(0o600))?;
        }
        let text = serde_json::to_vec_pretty(checkpoint).map_err(|error| {
            CheckpointError::Damaged { path: self.folder.to_owned(), problem: error.to_string() }
        })?;
        let description = tree_path(CHECKPOINT_FILE)?;
        self.files.write(Place::new(self.folder, &description), &text, Some(0o600))?;
        Ok(Digest::of(&text))
    }

    /// Removes what an attempt without a description left; what cannot be removed stays.
    pub(crate) fn discard(&self, contents: &BTreeMap<Digest, Vec<u8>>) {
        for digest in contents.keys() {
            if let Ok(path) = content_path(digest) {
                // The error that led here is what the user reads.
                let _ = self.files.remove_file(Place::new(self.folder, &path));
            }
        }
        for name in [CHECKPOINT_FILE, "content"] {
            if let Ok(path) = tree_path(name) {
                let place = Place::new(self.folder, &path);
                let _ = self.files.remove_file(place);
                let _ = self.files.remove_folder(place);
            }
        }
        if let Ok((base, name)) = split_path(self.folder) {
            let _ = self.files.remove_folder(Place::new(&base, &name));
        }
    }

    /// The description, and the digest of its bytes.
    pub(crate) fn load(&self) -> Result<(Checkpoint, Digest), CheckpointError> {
        let damaged =
            |problem: String| CheckpointError::Damaged { path: self.folder.to_owned(), problem };
        let description = tree_path(CHECKPOINT_FILE)?;
        let place = Place::new(self.folder, &description);
        let text = self.files.read(place, DESCRIPTION_LIMIT_BYTES)?;
        let checkpoint: Checkpoint = strict_json(&text)
            .map_err(|error| damaged(format!("{CHECKPOINT_FILE} cannot be read: {error}")))?;
        if checkpoint.format != CHECKPOINT_FORMAT.to_string() {
            return Err(damaged(format!(
                "its format is `{}`, this onx reads `{CHECKPOINT_FORMAT}`",
                checkpoint.format.chars().take(60).collect::<String>()
            )));
        }
        if let Some(problem) = checkpoint.problem() {
            return Err(damaged(problem));
        }
        Ok((checkpoint, Digest::of(&text)))
    }

    /// The bytes with this digest.
    pub(crate) fn content(&self, digest: &Digest) -> Result<Vec<u8>, CheckpointError> {
        let path = content_path(digest)?;
        let bytes = self.files.read(Place::new(self.folder, &path), CONTENT_LIMIT_BYTES)?;
        if Digest::of(&bytes) != *digest {
            return Err(CheckpointError::Damaged {
                path: self.folder.to_owned(),
                problem: format!("the content `{path}` was changed"),
            });
        }
        Ok(bytes)
    }
}

impl Checkpoint {
    /// Reads a checkpoint from its folder or from its `checkpoint.json`.
    pub fn load(files: &dyn Files, path: &Path) -> Result<(Self, PathBuf), CheckpointError> {
        let folder = checkpoint_folder(files, path)?;
        let (checkpoint, _) = CheckpointFolder::new(files, &folder).load()?;
        Ok((checkpoint, folder))
    }

    /// Why no onx wrote this: whoever may name the files that are restored could otherwise have
    /// programs run by the next command of a version control system.
    fn problem(&self) -> Option<String> {
        let folders = self.folders_made.iter().chain(&self.folders_removed);
        if let Some(path) = self.files.keys().chain(folders).find(|p| p.is_version_control()) {
            return Some(format!("`{path}` belongs to version control"));
        }
        let mut states = self.files.values().flat_map(|touched| [&touched.before, &touched.after]);
        let is_mode =
            |state: &FileState| !matches!(state, FileState::File { mode, .. } if *mode > 0o7777);
        (!states.all(is_mode)).then(|| "it has a mode that no file can have".to_owned())
    }
}

impl Checkpoint {
    /// The bytes that regular files had before the change.
    pub(crate) fn contents_before(
        files: &dyn Files,
        folder: &Path,
    ) -> Result<BTreeMap<TreePath, Vec<u8>>, CheckpointError> {
        let folder = CheckpointFolder::new(files, folder);
        let (checkpoint, _) = folder.load()?;
        let regular =
            checkpoint.files.into_iter().filter_map(|(path, touched)| match touched.before {
                FileState::File { digest, .. } => Some((path, digest)),
                FileState::Absent | FileState::Link { .. } => None,
            });
        regular.map(|(path, digest)| Ok((path, folder.content(&digest)?))).collect()
    }
}

/// The folder of the checkpoint that a user named by its folder or its file.
pub(crate) fn checkpoint_folder(files: &dyn Files, path: &Path) -> Result<PathBuf, FileError> {
    let path = files.canonical(path)?;
    let is_description = path.file_name().is_some_and(|name| name == CHECKPOINT_FILE);
    match path.parent() {
        Some(parent) if is_description => Ok(parent.to_owned()),
        _ => Ok(path),
    }
}

fn content_path(digest: &Digest) -> Result<TreePath, FileError> {
    tree_path(&format!("content/{}", digest.hex()))
}
