//! Adds to a journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{ErrorKind, Timestamp, TreePath};
use host::{Durability, FileError, FileErrorKind, Files, Place, tree_path};
use serde::Serialize;

use super::line::{LINE_LIMIT_BYTES, Line, Void, encode};
use super::{ArtifactReference, Break, Event, Journal, JournalEntry, read_journal};
use crate::{Fence, RunId, WorkerId};

/// The journal, below the folder of its run.
const EVENTS: &str = "journal/events.jsonl";

/// What is said about a journal that is broken, beside it.
const QUARANTINE: &str = "journal/quarantine.json";

/// The largest journal that is read.
const JOURNAL_LIMIT_BYTES: u64 = 1 << 30;

/// How much of the end of a journal is looked at after a write: more than others add meanwhile.
const CONFIRM_BYTES: u64 = 64 << 10;

/// How often a line is written again that ended up behind an unfinished one.
const ATTEMPTS: u32 = 8;

/// Why a journal could not be read or added to.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file could not be read or written.
    #[error("the journal could not be used")]
    File(#[from] FileError),
    /// The event is too long for a line.
    #[error("an event of {0} bytes does not fit into a line of {LINE_LIMIT_BYTES}")]
    TooLong(usize),
    /// The journal is not what was written.
    #[error("the journal `{}` is broken at line {}: {}", path.display(), first.line, first.why)]
    Broken {
        /// The journal.
        path: PathBuf,
        /// The first place at which it is.
        first: Break,
    },
    /// An earlier event may or may not have been written.
    #[error("an earlier event of this writer failed, and the journal was not read again since")]
    Unsure,
    /// An event has no JSON form.
    #[error("an event has no JSON form")]
    Json(#[from] serde_json::Error),
}

impl JournalError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::File(_) => ErrorKind::Outside,
            Self::Broken { .. } => ErrorKind::Conflict,
            Self::TooLong(_) | Self::Unsure | Self::Json(_) => ErrorKind::Internal,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File(error) => error.hint(),
            Self::Broken { .. } => {
                "the journal stays as it is; put back a copy, or begin another run of the task"
            }
            Self::TooLong(_) => "attach what is large as an artifact",
            Self::Unsure => "open the journal again",
            Self::Json(_) => "please report this with the command that you ran",
        }
    }
}

/// Adds events to the journal of one run. The file is opened for each of them, and any number of
/// writers may add to one journal, as long as each has a name of its own.
#[derive(Debug)]
pub struct JournalWriter {
    files: Arc<dyn Files>,
    folder: PathBuf,
    events: TreePath,
    run: RunId,
    writer: WorkerId,
    fence: Fence,
    sequence: u32,
    unsure: bool,
    /// Where this writer's last line ends, as far as it is known to be the end of the journal.
    end: Option<u64>,
    /// Whether the name of the journal is known to outlast a loss of power.
    is_named: bool,
}

impl JournalWriter {
    /// Opens the journal in the folder of a run, or makes the folders for it. A journal that is
    /// broken is not added to: what is wrong with it is written beside it.
    pub fn open(
        files: Arc<dyn Files>,
        folder: &Path,
        run: &RunId,
        writer: &WorkerId,
        fence: Fence,
    ) -> Result<Self, JournalError> {
        files.create_base(folder)?;
        let events = tree_path(EVENTS)?;
        files.create_parents(folder, &events)?;
        let journal = Self::read(&*files, folder, run)?;
        if let Some(first) = journal.breaks.first() {
            quarantine(&*files, folder, &journal.breaks)?;
            let path = folder.join(EVENTS);
            return Err(JournalError::Broken { path, first: first.clone() });
        }
        Ok(Self {
            files,
            folder: folder.to_owned(),
            events,
            run: run.clone(),
            writer: writer.clone(),
            fence,
            sequence: journal.sequence_of(writer),
            unsure: false,
            end: None,
            is_named: false,
        })
    }

    /// Reads the journal in the folder of a run; one that is not there is empty.
    pub fn read(files: &dyn Files, folder: &Path, run: &RunId) -> Result<Journal, JournalError> {
        let events = tree_path(EVENTS)?;
        match files.read(Place::new(folder, &events), JOURNAL_LIMIT_BYTES) {
            Ok(bytes) => Ok(read_journal(&bytes, run)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(Journal::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds an event, which outlasts a loss of power. After an error nobody knows whether it is
    /// there, and the journal must be opened again.
    pub fn append(&mut self, at: Timestamp, event: Event) -> Result<(), JournalError> {
        self.note(at, event, Durability::Power)
    }

    /// Adds an event that outlasts what is asked for.
    pub fn note(
        &mut self,
        at: Timestamp,
        event: Event,
        durability: Durability,
    ) -> Result<(), JournalError> {
        if self.unsure {
            return Err(JournalError::Unsure);
        }
        let entry = JournalEntry {
            run: self.run.clone(),
            writer: self.writer.clone(),
            sequence: self.sequence + 1,
            fence: self.fence,
            at,
            event,
        };
        let line = encode(&Line::Entry(entry))?;
        if line.len() > LINE_LIMIT_BYTES {
            return Err(JournalError::TooLong(line.len()));
        }
        self.unsure = true;
        self.write(&line, durability)?;
        self.sequence += 1;
        self.unsure = false;
        Ok(())
    }

    /// How many events this writer has written.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Says that an artifact was put into the folder of the run.
    pub fn attach(
        &mut self,
        at: Timestamp,
        artifact: ArtifactReference,
        durability: Durability,
    ) -> Result<(), JournalError> {
        self.note(at, Event::Attached { artifact }, durability)
    }

    /// Writes a line. Where nobody else has added anything since this writer's last line, that is
    /// one write and no look.
    fn write(&mut self, line: &[u8], durability: Durability) -> Result<(), JournalError> {
        let place = Place::new(&self.folder, &self.events);
        let end = match self.end.take() {
            Some(end) => Some(end),
            None => self.clean_end(place)?,
        };
        let mut glued = None;
        let mut written = false;
        if let Some(end) = end {
            let size = self.files.append(place, line, durability)?;
            if size == end + line.len() as u64 {
                self.end = Some(size);
                written = true;
            } else {
                // Somebody else has added something, perhaps just before this.
                glued = self.glued_to(place, line)?;
                written = glued.is_none();
            }
        }
        if !written {
            let behind = match glued {
                Some(glued) => (Some(glued), true),
                None => (self.torn_end(place)?, false),
            };
            self.write_looking(place, line, durability, behind)?;
        }
        // The name of a new file lasts only once its folder is on the disk.
        if durability == Durability::Power && !self.is_named {
            self.files.sync_folder(&self.folder, Some(&tree_path("journal")?))?;
            self.is_named = true;
        }
        Ok(())
    }

    /// Writes a line, behind a note on what an interrupted write left, and which may have a line of
    /// its own. Between the look at the end and the write another writer may be interrupted; then
    /// the line stands behind what that one left, cannot be read, and is written again.
    fn write_looking(
        &self,
        place: Place<'_>,
        line: &[u8],
        durability: Durability,
        (mut unfinished, mut on_own_line): (Option<Vec<u8>>, bool),
    ) -> Result<(), JournalError> {
        for _ in 0..ATTEMPTS {
            let mut bytes = Vec::new();
            if let Some(unfinished) = &unfinished {
                if !on_own_line {
                    bytes.push(b'\n');
                }
                bytes.extend(encode(&Line::Void(Void::of(unfinished)))?);
            }
            bytes.extend_from_slice(line);
            self.files.append(place, &bytes, durability)?;
            match self.glued_to(place, line)? {
                None => return Ok(()),
                Some(glued) => (unfinished, on_own_line) = (Some(glued), true),
            }
        }
        Err(FileError::new("append to", place.to_path(), FileErrorKind::Other).into())
    }

    /// How long the journal is, where its end is the end of a line and nobody adds to it meanwhile.
    fn clean_end(&self, place: Place<'_>) -> Result<Option<u64>, JournalError> {
        let size = |found: Option<host::Metadata>| found.map_or(0, |found| found.size_bytes);
        let before = size(self.files.metadata(place)?);
        let is_clean = self.torn_end(place)?.is_none();
        let after = size(self.files.metadata(place)?);
        Ok((is_clean && before == after).then_some(after))
    }

    /// What stands after the last line end.
    fn torn_end(&self, place: Place<'_>) -> Result<Option<Vec<u8>>, JournalError> {
        let end = match self.files.read_end(place, CONFIRM_BYTES) {
            Ok(end) => end,
            Err(error) if error.kind == FileErrorKind::Missing => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let after = end.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok((!after.is_empty()).then(|| after.to_vec()))
    }

    /// The line on which ours ended up when something stands before it there; none when it stands
    /// alone.
    fn glued_to(&self, place: Place<'_>, line: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        for at_most in [CONFIRM_BYTES, JOURNAL_LIMIT_BYTES] {
            let end = self.files.read_end(place, at_most)?;
            // The first line of a part may lack its beginning.
            let cut = usize::from(end.len() as u64 == at_most);
            let lines: Vec<_> = end.split(|byte| *byte == b'\n').skip(cut).collect();
            if let Some(found) = lines.into_iter().rev().find(|found| found.ends_with(line)) {
                return Ok((found.len() > line.len()).then(|| found.to_vec()));
            }
        }
        // What was written is not there: somebody else has the file.
        Err(FileError::new("append to", place.to_path(), FileErrorKind::Other).into())
    }
}

/// Says beside a journal what is wrong with it; the journal itself stays as it is.
fn quarantine(files: &dyn Files, folder: &Path, breaks: &[Break]) -> Result<(), JournalError> {
    #[derive(Serialize)]
    struct Quarantine<'a> {
        format: &'static str,
        journal: &'static str,
        breaks: &'a [Break],
    }
    let said = Quarantine { format: "onx/quarantine/1", journal: EVENTS, breaks };
    let mut text = serde_json::to_vec_pretty(&said)?;
    text.push(b'\n');
    let path = tree_path(QUARANTINE)?;
    Ok(files.write(Place::new(folder, &path), &text, None)?)
}
