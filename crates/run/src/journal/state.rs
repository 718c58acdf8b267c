//! The state of a run, worked out from its journal.

use std::collections::BTreeMap;

use artifact::{Finding, Severity, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ArtifactReference, Event, Journal, JournalEntry};
use crate::{Fence, RunStatus};

/// How far a run is, by its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunState {
    /// How far it is.
    pub status: RunStatus,
    /// Why it failed.
    pub reason: Option<String>,
    /// Its nodes, each with how far it is.
    pub steps: BTreeMap<String, StepState>,
    /// What it wrote.
    pub artifacts: Vec<ArtifactReference>,
    /// When it last said something.
    pub last_at: Option<Timestamp>,
    /// Under which claim it last said something.
    pub fence: Fence,
    /// What is odd about the journal.
    pub findings: Vec<Finding>,
}

/// How far a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepState {
    /// How often it began.
    pub began: u32,
    /// The word by which the next node was chosen; none while it has not ended.
    pub word: Option<String>,
}

impl RunState {
    /// What the events of a journal come to, one after the other.
    pub fn of(journal: &Journal) -> Self {
        let mut state = Self {
            status: RunStatus::Planning,
            reason: None,
            steps: BTreeMap::new(),
            artifacts: Vec::new(),
            last_at: None,
            fence: Fence(0),
            findings: Vec::new(),
        };
        for entry in &journal.entries {
            state.take(entry);
        }
        for broken in &journal.breaks {
            let message = format!("the journal is broken at line {}: {}", broken.line, broken.why);
            state.findings.push(Finding::new(Severity::Error, "journal-broken", message));
        }
        if let Some(end) = &journal.torn_end {
            let message = format!("the last {} bytes were never finished", end.bytes);
            state.findings.push(Finding::new(Severity::Note, "journal-unfinished", message));
        }
        state
    }

    fn take(&mut self, entry: &JournalEntry) {
        if entry.fence < self.fence {
            let message = format!(
                "`{}` wrote event {} under claim {}, after claim {}; it counts for nothing",
                entry.writer, entry.sequence, entry.fence, self.fence
            );
            self.findings.push(Finding::new(Severity::Warning, "journal-stale", message));
            return;
        }
        self.fence = entry.fence;
        self.last_at = Some(entry.at);
        match &entry.event {
            Event::Began { .. } => {}
            Event::Advanced { to } => self.advance(*to, entry),
            Event::StepBegan { node } => {
                let step = self.steps.entry(node.clone());
                let step = step.or_insert(StepState { began: 0, word: None });
                step.began = step.began.saturating_add(1);
                step.word = None;
            }
            Event::StepEnded { node, word } => {
                let step = self.steps.entry(node.clone());
                step.or_insert(StepState { began: 0, word: None }).word = Some(word.clone());
            }
            Event::Attached { artifact } => {
                self.artifacts.retain(|known| known.path != artifact.path);
                self.artifacts.push(artifact.clone());
            }
            Event::Failed { reason } => {
                self.advance(RunStatus::Failed, entry);
                if self.status == RunStatus::Failed {
                    self.reason.get_or_insert_with(|| reason.clone());
                }
            }
        }
    }

    fn advance(&mut self, to: RunStatus, entry: &JournalEntry) {
        match self.status.become_status(to) {
            Ok(status) => self.status = status,
            Err(error) => {
                let message = format!("event {} of `{}`: {error}", entry.sequence, entry.writer);
                self.findings.push(Finding::new(Severity::Error, "journal-illegal", message));
            }
        }
    }
}
