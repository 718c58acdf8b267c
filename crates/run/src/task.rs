//! What should be done, and how far it is.

use std::fmt;
use std::str::FromStr;

use artifact::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RunStatus, TaskId};

/// A word that is no status, or a step from one status to another that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// The word means nothing here.
    #[error("`{word}` is no status of a {of}; there are {known}")]
    Unknown {
        /// The word.
        word: String,
        /// What should have a status.
        of: &'static str,
        /// The words that there are.
        known: String,
    },
    /// There is no such step.
    #[error("a {of} that is {from} cannot become {to}")]
    Illegal {
        /// What has the status.
        of: &'static str,
        /// The status that it has.
        from: &'static str,
        /// The status that it was to get.
        to: &'static str,
    },
}

macro_rules! status {
    (
        $(#[$doc:meta])*
        $name:ident of $of:literal {
            $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every status, in the order of work.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word, as stores and files have it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The status after a step to `to`; only the steps of the state machine exist.
            pub fn become_status(self, to: Self) -> Result<Self, StatusError> {
                if self.next().contains(&to) {
                    return Ok(to);
                }
                Err(StatusError::Illegal { of: $of, from: self.word(), to: to.word() })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = StatusError;
            fn from_str(word: &str) -> Result<Self, StatusError> {
                Self::ALL.iter().copied().find(|status| status.word() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|status| status.word()).collect();
                    StatusError::Unknown {
                        word: word.chars().take(80).collect(),
                        of: $of,
                        known: known.join(", "),
                    }
                })
            }
        }
    };
}
pub(crate) use status;

status! {
    /// How far a task is.
    TaskStatus of "task" {
        /// Nobody works at it.
        Todo = "TODO",
        /// A run of it is under way.
        InProgress = "IN_PROGRESS",
        /// A run of it succeeded.
        Done = "DONE",
        /// It is kept for the record, and nothing will be done about it any more.
        Archived = "ARCHIVED",
    }
}

impl TaskStatus {
    /// Where one step leads from here.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Todo => &[Self::InProgress, Self::Archived],
            Self::InProgress => &[Self::Todo, Self::Done],
            Self::Done => &[Self::Archived],
            Self::Archived => &[],
        }
    }

    /// What becomes of a task that is in progress when its run has this status; none while the run
    /// goes on.
    pub const fn after_run(run: RunStatus) -> Option<Self> {
        match run {
            RunStatus::Planning | RunStatus::Executing | RunStatus::Verifying => None,
            RunStatus::Success => Some(Self::Done),
            RunStatus::Failed => Some(Self::Todo),
        }
    }
}

/// What should be done, however many runs it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Names it.
    pub task_id: TaskId,
    /// What a list shows of it.
    pub title: String,
    /// What should be true when it is done; none where nobody said it.
    pub objective: Option<String>,
    /// How far it is.
    pub status: TaskStatus,
    /// When it was added; none where that is not known.
    pub created_at: Option<Timestamp>,
    /// What else is known about it, for whoever carries it out.
    pub metadata: Map<String, Value>,
    /// The version of this form.
    pub schema_version: u32,
}

impl Task {
    /// The version of the form of a task that this onx writes.
    pub const SCHEMA_VERSION: u32 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_takes_only_the_steps_that_there_are() {
        let mut taken = Vec::new();
        for from in TaskStatus::ALL {
            for to in TaskStatus::ALL {
                if from.become_status(*to).is_ok() {
                    taken.push(format!("{from} {to}"));
                }
            }
        }
        let expected = [
            "TODO IN_PROGRESS",
            "TODO ARCHIVED",
            "IN_PROGRESS TODO",
            "IN_PROGRESS DONE",
            "DONE ARCHIVED",
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn a_status_is_one_word_and_no_other() {
        for status in TaskStatus::ALL {
            assert_eq!(status.word().parse(), Ok(*status));
            let json = serde_json::to_string(status).expect("a word");
            assert_eq!(json, format!("\"{status}\""));
        }
        let unknown = "Done".parse::<TaskStatus>().expect_err("no such word");
        assert_eq!(
            unknown.to_string(),
            "`Done` is no status of a task; there are TODO, IN_PROGRESS, DONE, ARCHIVED"
        );
    }
}
