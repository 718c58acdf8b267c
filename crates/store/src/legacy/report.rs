//! What an import did, as its report says it.

use artifact::{Digest, Finding, FormatName};
use run::TaskStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The format of the report.
pub(crate) const FORMAT: FormatName = FormatName { name: "migration_report", version: 1 };

/// What an import of tasks of the old form did: the content of `migration_report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// Always `onx/migration_report/1`.
    pub format: String,
    /// The name of the database, which lies beside this report.
    pub database: String,
    /// The name of its copy from before the import, in the same folder.
    pub database_backup: String,
    /// The digest of that copy.
    pub database_digest: Digest,
    /// The copy of the workspaces.
    pub workspaces: WorkspacesBackup,
    /// How many tasks there are now.
    pub tasks: u32,
    /// How many runs there are now: one for each task that was completed.
    pub runs: u32,
    /// What became of each status, by the word that the old table had; none where it had none.
    pub statuses: Vec<StatusCount>,
    /// Rows that are no tasks, as they were. The store keeps them in its table `set_aside`.
    pub set_aside: Vec<SetAside>,
    /// Tables of other content that had a name which a store needs, with their new names.
    pub renamed_tables: Vec<String>,
    /// What should be known beyond that.
    pub findings: Vec<Finding>,
}

/// The copy of the workspaces from before an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspacesBackup {
    /// The folder that was copied, by its path from the folder of the database, or in full.
    pub folder: String,
    /// The name of the copy beside it.
    pub backup: String,
    /// The digest over all names, kinds, modes of files, and contents.
    pub digest: Digest,
    /// How many files and links it holds.
    pub files: u32,
}

/// How many tasks had a status, and which one they have now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCount {
    /// The word in the old table; none where there was none.
    pub from: Option<String>,
    /// The status now.
    pub to: TaskStatus,
    /// How many tasks.
    pub tasks: u32,
}

/// A row that is no task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// Which row of the old table it was, from 1.
    pub position: u32,
    /// Why it is no task.
    pub reason: String,
    /// Its columns. Bytes that are no text are an object with `bytes_hex`.
    pub row: Map<String, Value>,
}
