//! Reads a journal whatever was done to it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::JournalEntry;
use super::line::{LINE_BEGINS, Line, Void, decode};
use crate::RunId;

/// What a journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// The events, in the order of the file.
    pub entries: Vec<JournalEntry>,
    /// Places where the journal is not what was written. While there is one, nothing may be
    /// concluded from what follows it.
    pub breaks: Vec<Break>,
    /// What stands after the last line end: a write that was interrupted, and never acknowledged.
    pub torn_end: Option<TornEnd>,
    /// How many interrupted writes were followed by further ones.
    pub repaired: u32,
}

/// A place where a journal is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Break {
    /// Which line it is, from 1.
    pub line: u32,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// Its length without its end.
    pub bytes: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The end of a journal that no line end follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornEnd {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Journal {
    /// The digest of the plan that the run began with; none where the journal does not say that it
    /// began, or began without a plan.
    pub fn begun_with(&self) -> Option<artifact::Digest> {
        self.entries.iter().find_map(|entry| match &entry.event {
            crate::Event::Began { plan, .. } => *plan,
            _ => None,
        })
    }

    /// How many events this writer has written.
    pub(crate) fn sequence_of(&self, writer: &crate::WorkerId) -> u32 {
        let own = self.entries.iter().filter(|entry| entry.writer == *writer);
        own.map(|entry| entry.sequence).max().unwrap_or(0)
    }
}

/// Reads the journal of a run. Every line is judged by itself, so that a break hides nothing behind
/// it; lines that are gone are missed by the count that their writer keeps.
pub fn read_journal(bytes: &[u8], run: &RunId) -> Journal {
    let mut journal = Journal::default();
    let mut unread: Vec<(Void, Break)> = Vec::new();
    let mut counts = BTreeMap::new();
    let mut offset = 0;
    for (segment, line) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1_u32..) {
        let begins = offset;
        offset += segment.len() as u64;
        let Some(segment) = segment.strip_suffix(b"\n") else {
            journal.torn_end = Some(TornEnd { offset: begins, bytes: segment.len() as u64 });
            break;
        };
        let broken = |why: String| Break { line, offset: begins, bytes: segment.len() as u64, why };
        match decode(segment) {
            // Two writers that found the same end behind each other leave an empty line.
            _ if segment.is_empty() => {}
            Ok(Line::Void(void)) => {
                let before = unread.len();
                unread.retain(|(unfinished, _)| *unfinished != void);
                journal.repaired += u32::try_from(before - unread.len()).unwrap_or(u32::MAX);
            }
            Ok(Line::Entry(entry)) if entry.run != *run => {
                let why = format!("it belongs to the journal of the run `{}`", entry.run);
                unread.push((Void::of(segment), broken(why)));
            }
            Ok(Line::Entry(entry)) => {
                let last = counts.insert(entry.writer.clone(), entry.sequence).unwrap_or(0);
                if entry.sequence != last.saturating_add(1) {
                    let (writer, sequence) = (&entry.writer, entry.sequence);
                    let why = format!("event {sequence} of `{writer}` follows event {last}");
                    journal.breaks.push(broken(why));
                }
                journal.entries.push(entry);
            }
            // Both were killed before anybody was told that the line is there.
            Err(_) if is_glued(segment, run) => journal.repaired += 1,
            Err(why) => unread.push((Void::of(segment), broken(why))),
        }
    }
    journal.breaks.extend(unread.into_iter().map(|(_, broken)| broken));
    journal.breaks.sort();
    journal
}

/// Whether this is what a writer left who was killed while it wrote, and behind it the whole line
/// of another that was killed before it looked at what its line stands behind. A writer that lives
/// on writes such a line again, so that it is never counted.
fn is_glued(segment: &[u8], run: &RunId) -> bool {
    let begins = |place: &usize| segment[*place..].starts_with(LINE_BEGINS);
    // A whole line before it, even with one byte more, is one that lost its end in another way.
    let is_whole = |end: usize| decode(&segment[..end]).is_ok();
    let is_behind = |place: usize| {
        matches!(decode(&segment[place..]), Ok(Line::Entry(entry)) if entry.run == *run)
            && !is_whole(place)
            && !is_whole(place - 1)
    };
    segment.starts_with(LINE_BEGINS) && (1..segment.len()).filter(begins).any(is_behind)
}
