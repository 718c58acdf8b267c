//! The right to work at a task, for a while.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{TaskId, WorkerId};

/// Counts the claims of one task. What a lease protects is written with its number, and a number
/// below the newest is refused, so that a worker that was stopped past its lease and wakes up
/// cannot write.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Fence(pub u32);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How long a lease lasts unless it is renewed: from 1 ms to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseTerm(Duration);

impl LeaseTerm {
    /// A term of this length, brought into its bounds.
    pub fn new(length: Duration) -> Self {
        Self(length.clamp(Duration::from_millis(1), Duration::from_hours(24)))
    }

    /// The length in milliseconds.
    pub fn milliseconds(self) -> u32 {
        u32::try_from(self.0.as_millis()).unwrap_or(u32::MAX)
    }
}

/// The right to work at a task until it expires, as its holder knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What may be worked at.
    pub task_id: TaskId,
    /// Who may.
    pub worker_id: WorkerId,
    /// Which claim of the task this is.
    pub fence: Fence,
}
