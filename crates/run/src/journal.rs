//! What happened in a run, one line for each event, in the order in which it was written.
//!
//! The journal is `journal/events.jsonl` in the folder of the run. It is only ever added to: every
//! event is one write of one line, which holds its own length and checksum. The state of a run is
//! what its journal says, and nothing else.

mod line;
mod reader;
mod state;
mod writer;

use artifact::{Digest, Timestamp, TreePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Fence, RunId, RunStatus, TaskId, WorkerId};

pub use line::LINE_LIMIT_BYTES;
pub use reader::{Break, Journal, TornEnd, read_journal};
pub use state::{RunState, StepState};
pub use writer::{JournalError, JournalWriter};

/// One event, with who wrote it and when: the `entry` of a line of `events.jsonl`.
///
/// Before it stand `journal`, which is the version of the line's form, then `bytes`, the length of
/// the entry, and `checksum`, the first 32 digits of its BLAKE3 digest. A line with
/// `unfinished_bytes` and `unfinished_checksum` instead says the same of an earlier line, which its
/// writer never finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalEntry {
    /// The run that the journal is of; a line of another run's journal is no line of this one.
    pub run: RunId,
    /// Who wrote it.
    pub writer: WorkerId,
    /// How many events this writer has written, this one included, so that a line that is gone is
    /// missed.
    pub sequence: u32,
    /// Under which claim of the task it was written. What an older claim wrote after a newer one
    /// counts for nothing.
    pub fence: Fence,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The run began.
    Began {
        /// What it is an attempt at.
        task: TaskId,
        /// The digest of the plan that it carries out, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Digest>,
    },
    /// The run went one step further.
    Advanced {
        /// How far it is now.
        to: RunStatus,
    },
    /// A node began its work.
    StepBegan {
        /// The node.
        node: String,
    },
    /// A node ended its work.
    StepEnded {
        /// The node.
        node: String,
        /// The word by which the next node is chosen.
        word: String,
    },
    /// Something was written into the run's folder.
    Attached {
        /// What, and where.
        artifact: ArtifactReference,
    },
    /// The run failed, or somebody gave it up.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A file in the folder of a run, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactReference {
    /// Where it lies below the folder of the run.
    pub path: TreePath,
    /// Its size.
    pub bytes: u64,
    /// The digest of its content.
    pub digest: Digest,
}

impl ArtifactReference {
    /// A reference to these bytes at this place below the folder of the run.
    pub fn new(path: TreePath, bytes: &[u8]) -> Self {
        Self { path, bytes: bytes.len() as u64, digest: Digest::of(bytes) }
    }
}
