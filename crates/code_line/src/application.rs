//! Records of what was done to a target: one file for each, in the user's state folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use artifact::{Digest, FormatName, Timestamp, TreePath, strict_json};
use host::{FileError, FileErrorKind, Files, NodeKind, Place, tree_path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format of a record.
pub const APPLICATION_FORMAT: FormatName = FormatName { name: "application", version: 1 };

const RECORD_LIMIT_BYTES: u64 = 64 << 20;

/// One change of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRecord {
    /// Always `onx/application/1`.
    pub format: String,
    /// Names this application.
    #[schemars(with = "String")]
    pub id: uuid::Uuid,
    /// What was done.
    pub kind: ApplicationKind,
    /// How it ended.
    pub outcome: ApplicationOutcome,
    /// The dependent's name.
    pub package: String,
    /// The dependent's folder.
    pub target: String,
    /// The digest of the manifest; none when a checkpoint was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The library's version before.
    pub from_version: String,
    /// The library's version after.
    pub to_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The folder of the checkpoint that brings it back.
    pub checkpoint: String,
    /// The digest of the checkpoint's description, so that a changed one is noticed.
    pub checkpoint_digest: Digest,
    /// Files that were written, made, renamed or removed.
    pub files: Vec<TreePath>,
    /// Operations that were applied.
    #[serde(default)]
    pub operations_applied: u64,
    /// Operations that could not be applied.
    #[serde(default)]
    pub operations_failed: u64,
    /// Files with later work that a forced rollback replaced; the checkpoint of the rollback holds
    /// that work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overwritten: Vec<TreePath>,
    /// The run that made it, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The application that a rollback took back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub undoes: Option<uuid::Uuid>,
}

/// What was done to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationKind {
    /// A manifest was applied.
    Apply,
    /// A checkpoint was restored.
    Rollback,
}

/// How a change of a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationOutcome {
    /// It has begun and not ended.
    Pending,
    /// Every file was written.
    Completed,
    /// It was interrupted and later brought to its end.
    Recovered,
    /// It was interrupted and later taken back.
    TakenBack,
}

/// The folder of one target below the state folder.
#[derive(Debug, Clone)]
pub(crate) struct TargetState<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) folder: PathBuf,
}

impl<'a> TargetState<'a> {
    pub(crate) fn of(files: &'a dyn Files, state: &Path, target: &Path) -> Self {
        let id = Digest::of(target.as_os_str().as_encoded_bytes()).hex();
        Self { files, folder: state.join("targets").join(&id[..32]) }
    }

    /// Every record, oldest first.
    pub(crate) fn records(&self) -> Result<Vec<ApplicationRecord>, FileError> {
        let folder = self.folder.join("records");
        let mut records = Vec::new();
        for name in self.record_names()? {
            let path = tree_path(&name)?;
            let text = self.files.read(Place::new(&folder, &path), RECORD_LIMIT_BYTES)?;
            // A record of a later onx is left alone; it cannot be shown.
            if let Ok(record) = strict_json::<ApplicationRecord>(&text) {
                records.push(record);
            }
        }
        Ok(records)
    }

    fn record_names(&self) -> Result<Vec<String>, FileError> {
        let entries = match self.files.list(&self.folder.join("records"), None) {
            Ok(entries) => entries,
            Err(error) if error.kind == FileErrorKind::Missing => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        Ok(entries
            .into_iter()
            .filter(|entry| entry.kind == NodeKind::File && !entry.name.starts_with('.'))
            .map(|entry| entry.name)
            .collect())
    }

    /// Keeps a record; one of the same id is kept once.
    pub(crate) fn keep(&self, record: &ApplicationRecord) -> Result<(), FileError> {
        if self.records()?.iter().any(|known| known.id == record.id) {
            return Ok(());
        }
        let last = self
            .record_names()?
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        let folder = self.folder.join("records");
        self.files.create_base(&folder)?;
        let path = tree_path(&format!("{:08}.json", last + 1))?;
        self.files.write(Place::new(&folder, &path), &to_json(record)?, Some(0o600))
    }

    /// The change that has begun and not ended.
    pub(crate) fn pending(&self) -> Result<Option<ApplicationRecord>, FileError> {
        let path = tree_path("pending.json")?;
        match self.files.read(Place::new(&self.folder, &path), RECORD_LIMIT_BYTES) {
            Ok(text) => strict_json(&text).map(Some).map_err(|error| FileError {
                action: "understand",
                path: self.folder.join("pending.json"),
                kind: FileErrorKind::Other,
                source: Some(std::io::Error::other(error)),
            }),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn set_pending(&self, record: &ApplicationRecord) -> Result<(), FileError> {
        let path = tree_path("pending.json")?;
        self.files.write(Place::new(&self.folder, &path), &to_json(record)?, Some(0o600))
    }

    pub(crate) fn clear_pending(&self) -> Result<(), FileError> {
        let path = tree_path("pending.json")?;
        match self.files.remove_file(Place::new(&self.folder, &path)) {
            Err(error) if error.kind != FileErrorKind::Missing => Err(error),
            _ => self.files.sync_folder(&self.folder, None),
        }
    }
}

/// The newest application that was not taken back.
pub(crate) fn newest_standing(records: &[ApplicationRecord]) -> Option<&ApplicationRecord> {
    let undone: BTreeSet<_> = records.iter().filter_map(|record| record.undoes).collect();
    records.iter().rev().find(|record| {
        record.kind == ApplicationKind::Apply
            && record.outcome != ApplicationOutcome::TakenBack
            && !undone.contains(&record.id)
    })
}

/// The records of every target in the state folder, in order of their time.
pub(crate) fn all_records(
    files: &dyn Files,
    state: &Path,
) -> Result<Vec<ApplicationRecord>, FileError> {
    let targets = state.join("targets");
    let entries = match files.list(&targets, None) {
        Ok(entries) => entries,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut records = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.kind == NodeKind::Folder) {
        records.extend(TargetState { files, folder: targets.join(entry.name) }.records()?);
    }
    records.sort_by(|a, b| (a.started_at, &a.target).cmp(&(b.started_at, &b.target)));
    Ok(records)
}

fn to_json(record: &ApplicationRecord) -> Result<Vec<u8>, FileError> {
    serde_json::to_vec_pretty(record).map_err(|error| FileError {
        action: "write",
        path: PathBuf::from("record"),
        kind: FileErrorKind::Other,
        source: Some(std::io::Error::other(error)),
    })
}
