//! What a node knows about the run that it is part of.

use std::fmt;
use std::path::{Path, PathBuf};

use artifact::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is no id: empty, longer than 128 bytes, or with other characters than letters,
/// digits, `-`, `_`, `.`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id: letters, digits, `-`, `_` and `.` only, at most 128")]
pub struct IdError(String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes an id.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                let sized = (1..=128).contains(&text.len());
                if !sized || text.starts_with('.') || !text.chars().all(plain) {
                    return Err(IdError(text.chars().take(127).collect()));
                }
                Ok(Self(text))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Names what should be done.
    TaskId
}
id! {
    /// Names one attempt at a task.
    RunId
}
id! {
    /// Names who holds a lease: one worker, in one process, on one machine.
    WorkerId
}
impl WorkerId {
    /// An id as close to this text as ids can be: what no id may hold becomes `_`.
    pub fn like(text: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let id: String = text.chars().take(128).map(|c| if plain(c) { c } else { '_' }).collect();
        if id.is_empty() || id.starts_with('.') { Self(format!("_{id}")) } else { Self(id) }
    }

    /// The id of a process that works in this role since then; the role has no `-`.
    pub fn of_process(role: &str, machine: &str, process: u32, since: Timestamp) -> Self {
        let since = since.to_string().replace(['-', ':'], "");
        Self::like(&format!("{role}-{machine}-{process}-{since}"))
    }

    /// The machine on which the worker is a process; none where the id does not say it.
    pub fn machine(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once('-')?;
        let mut parts = rest.rsplitn(3, '-');
        let (since, process, machine) = (parts.next()?, parts.next()?, parts.next()?);
        let is_of_process = since.ends_with('Z') && process.parse::<u32>().is_ok();
        (is_of_process && !machine.is_empty()).then_some(machine)
    }
}

id! {
    /// Follows one piece of work through everything that it touches.
    TraceId
}

/// The run that a node is part of; nothing in it changes while the run lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunContext {
    task: TaskId,
    run: RunId,
    path: PathBuf,
    trace: TraceId,
}

impl RunContext {
    /// The context of this run, whose artifacts lie below `path`.
    pub fn new(task: TaskId, run: RunId, path: PathBuf, trace: TraceId) -> Self {
        Self { task, run, path, trace }
    }

    /// What should be done.
    pub fn task(&self) -> &TaskId {
        &self.task
    }

    /// Where the plan of the run is: what it is to do.
    pub fn plan_path(&self) -> PathBuf {
        self.path.join("artifacts/plan.json")
    }

    /// Where the report of the run is: what it came to.
    pub fn result_path(&self) -> PathBuf {
        self.path.join("artifacts/executor_report.json")
    }

    /// Which attempt at it this is.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The folder of the run's artifacts.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The id that logs and events of this run carry.
    pub fn trace(&self) -> &TraceId {
        &self.trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_folder_names() {
        assert!(TaskId::new("generate-2.8_3.0").is_ok());
        for hostile in ["", "..", ".hidden", "a/b", "a b", "a\n"] {
            assert!(RunId::new(hostile).is_err(), "{hostile:?}");
        }
        assert!(TraceId::new("x".repeat(129)).is_err());
        for text in ["", ".a", "a b/ü", &"x".repeat(300)] {
            assert!(WorkerId::new(WorkerId::like(text).as_str()).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_worker_says_on_which_machine_it_is() {
        let now = Timestamp::from_unix_seconds(1_800_000_000).expect("a time");
        let worker = |machine: &str| WorkerId::of_process("command", machine, 12, now);
        assert_eq!(worker("build-7").as_str(), "command-build-7-12-20270115T080000Z");
        assert_eq!(worker("build-7").machine(), Some("build-7"));
        for other in ["one", "command-build-7", "a-b-c-d", &"x-".repeat(60)] {
            assert_eq!(WorkerId::like(other).machine(), None, "{other}");
        }
        // What was cut off does not make another machine of it.
        assert_eq!(worker(&"m".repeat(200)).machine(), None);
    }
}
