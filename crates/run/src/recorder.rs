//! Where a run says what it does, as the pipeline that is part of it sees it.

use std::error::Error as StdError;
use std::fmt;

use artifact::{ErrorKind, TreePath};
use serde_json::{Map, Value};

use crate::{Event, JournalError, RunContext, RunStatus, TaskId};

pub use host::Durability;

/// Keeps what a run does: its journal, its artifacts and its status. Whoever has one works at the
/// run under a lease.
pub trait Recorder: Send + Sync + fmt::Debug {
    /// The run.
    fn context(&self) -> &RunContext;
    /// How far the run is.
    fn status(&self) -> RunStatus;
    /// Adds an event to the journal.
    fn record(&self, event: Event, durability: Durability) -> Result<(), RecordError>;
    /// Keeps an artifact of the run under this name, and says so in the journal.
    fn attach(
        &self,
        name: &TreePath,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), RecordError>;
    /// The artifact that this run or an earlier attempt at it attached under this name; none when
    /// there is none, or when it is not any more what was attached.
    fn attached(&self, name: &TreePath) -> Result<Option<Vec<u8>>, RecordError>;
    /// Takes the run to this status, if it is not there or further already.
    fn reach(&self, status: RunStatus, durability: Durability) -> Result<(), RecordError>;
    /// Refuses when another worker has taken the run over: asked before every effect.
    fn expect_held(&self) -> Result<(), RecordError>;
    /// Notes an event for the world outside; it is sent off when the run has succeeded, once.
    fn publish(&self, event: OutgoingEvent);
}

/// An event for others, on a topic of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct OutgoingEvent {
    /// The topic.
    pub topic: String,
    /// What events of one subject share, so that they stay in order.
    pub key: String,
    /// What happened.
    pub payload: Map<String, Value>,
}

/// Why something could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The journal or an artifact could not be written.
    #[error("what the run did could not be written down")]
    Journal(#[from] JournalError),
    /// Another worker has taken the task over.
    #[error("another worker has taken over the task `{0}`")]
    LeaseLost(TaskId),
    /// The store could not be used.
    #[error("the status of the run could not be kept")]
    Store {
        /// Who can do something about it.
        kind: ErrorKind,
        /// What to do next.
        hint: String,
        /// What the store says.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl RecordError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Journal(error) => error.kind(),
            Self::LeaseLost(_) => ErrorKind::Conflict,
            Self::Store { kind, .. } => *kind,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Journal(error) => error.hint().to_owned(),
            Self::LeaseLost(_) => "leave it to that worker; `onx runs list` shows it".to_owned(),
            Self::Store { hint, .. } => hint.clone(),
        }
    }
}

impl From<host::FileError> for RecordError {
    fn from(error: host::FileError) -> Self {
        Self::Journal(error.into())
    }
}
