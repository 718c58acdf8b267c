//! One attempt at a task, and how far it is.

use std::fmt;
use std::str::FromStr;

use artifact::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::task::{StatusError, status};
use crate::{RunId, TaskId};

status! {
    /// How far a run is.
    RunStatus of "run" {
        /// It works out what is to be done.
        Planning = "PLANNING",
        /// It does it.
        Executing = "EXECUTING",
        /// It checks what it did.
        Verifying = "VERIFYING",
        /// What was to be done is done, and was checked.
        Success = "SUCCESS",
        /// It ended without that, or was abandoned.
        Failed = "FAILED",
    }
}

impl RunStatus {
    /// Where one step leads from here.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Planning => &[Self::Executing, Self::Failed],
            Self::Executing => &[Self::Verifying, Self::Failed],
            Self::Verifying => &[Self::Success, Self::Failed],
            Self::Success | Self::Failed => &[],
        }
    }

    /// Whether a run of this status has come as far as one of the other; one that is over has come
    /// as far as any that is not.
    pub const fn is_at_least(self, other: Self) -> bool {
        self as u8 >= other as u8
    }

    /// Whether the run is over.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

/// One attempt at a task, as a store lists it; the journal in its folder says what happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Names it.
    pub run_id: RunId,
    /// What it is an attempt at.
    pub task_id: TaskId,
    /// How far it is.
    pub status: RunStatus,
    /// Its folder, as `workspaces/<task_id>/runs/<run_id>`, below the folder that holds
    /// `workspaces`.
    pub run_path: String,
    /// Results in short; empty until there are some.
    pub artifact_summary: Map<String, Value>,
    /// When it began; none where that is not known.
    pub created_at: Option<Timestamp>,
}

impl Run {
    /// The folder of a run below the folder that holds `workspaces`.
    pub fn path_of(task: &TaskId, run: &RunId) -> String {
        format!("workspaces/{task}/runs/{run}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_only_the_steps_that_there_are() {
        let mut taken = Vec::new();
        for from in RunStatus::ALL {
            for to in RunStatus::ALL {
                if from.become_status(*to).is_ok() {
                    taken.push(format!("{from} {to}"));
                }
            }
            assert_eq!(from.is_over(), from.next().is_empty());
        }
        let expected = [
            "PLANNING EXECUTING",
            "PLANNING FAILED",
            "EXECUTING VERIFYING",
            "EXECUTING FAILED",
            "VERIFYING SUCCESS",
            "VERIFYING FAILED",
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn a_run_lies_below_its_task() {
        let task = TaskId::new("TASK-1").expect("an id");
        let run = RunId::new("RUN-1").expect("an id");
        assert_eq!(Run::path_of(&task, &run), "workspaces/TASK-1/runs/RUN-1");
    }
}
