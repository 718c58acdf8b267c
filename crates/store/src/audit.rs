//! The audit log of a machine: one file that only grows, with a signed head beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact::{ErrorKind, Timestamp, TreePath, canonical_json, strict_json};
use host::{
    Durability, FileError, FileErrorKind, FileLock, Files, Place, remove_temporary_files_in,
};
use ledger::{
    AuditEntry, AuditLog, DocumentError, Event, Identity, Line, LogBreak, LogStand, MerkleTree,
    NoteError, Origin, PublicKey, Signer, SignerError, TreeHead, leaf_hash,
};
use serde::{Deserialize, Serialize};

const LOG: &str = "log.jsonl";
const STAND: &str = "stand.json";
const HEAD: &str = "head.note";
const LOCK: &str = "lock";

/// Largest log that is read, in bytes.
const LOG_LIMIT_BYTES: u64 = 8 << 30;
const SMALL_LIMIT_BYTES: u64 = 64 << 10;
/// How far back an entry of the same run is looked for, in bytes.
const RECENT_BYTES: u64 = 1 << 20;
/// How long another process may hold the log, and how long is waited between two looks.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// An audit log in a folder.
#[derive(Debug, Clone)]
pub struct AuditFolder {
    files: Arc<dyn Files>,
    base: PathBuf,
}

/// Something that happened, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Who did it.
    pub actor: Identity,
    /// In which run, if in one: the same event of one run is written once.
    pub run: Option<Line>,
    /// What it was.
    pub event: Event,
    /// When.
    pub at: Timestamp,
}

/// An audit log that was read as a whole and hangs together.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadLog {
    /// Its entries.
    pub entries: Vec<AuditEntry>,
    /// The tree over them.
    pub tree: MerkleTree,
    /// The head over all of them.
    pub head: TreeHead,
}

/// Why an audit log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Something in it was changed.
    #[error("the audit log `{}` was changed", path.display())]
    Broken {
        /// The log.
        path: PathBuf,
        /// The first entry that does not fit.
        #[source]
        source: LogBreak,
    },
    /// A head is no head of this log by a trusted key.
    #[error("the head `{}` cannot be believed", path.display())]
    Head {
        /// The head.
        path: PathBuf,
        /// Why not.
        #[source]
        source: NoteError,
    },
    /// There is no log.
    #[error("there is no audit log `{}`", .0.display())]
    Missing(PathBuf),
    /// An entry has no bytes.
    #[error("an entry of the audit log cannot be written")]
    Entry(#[from] DocumentError),
    /// The head could not be signed.
    #[error("the head of the audit log could not be signed")]
    Signer(#[from] SignerError),
    /// A file of it could not be used.
    #[error("a file of the audit log could not be used")]
    File(#[from] FileError),
}

impl AuditError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Broken { .. } | Self::Head { .. } => ErrorKind::Conflict,
            Self::Missing(_) => ErrorKind::User,
            Self::Entry(_) => ErrorKind::Internal,
            Self::Signer(error) => error.kind(),
            Self::File(_) => ErrorKind::Outside,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Broken { .. } => "keep the folder as it is for whoever looks into it, and put \
                                    back a copy, or move the folder away to begin a new log"
                .to_owned(),
            Self::Head { .. } => {
                "give a head of this log, and trust the key that signed it".to_owned()
            }
            Self::Missing(_) => "it begins with the first manifest that is made".to_owned(),
            Self::Entry(_) => "please report this with the command that you ran".to_owned(),
            Self::Signer(error) => error.hint().to_owned(),
            Self::File(error) => error.hint().to_owned(),
        }
    }
}

/// Where a log stands, and how long its file is then.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    bytes: u64,
    log: LogStand,
}

/// What makes an event one that was told before: it stands in the last bytes of the log, in an
/// entry that holds this text, and of this run where one is named.
struct Told<'a> {
    holding: &'a str,
    within_bytes: u64,
    in_run: Option<&'a Line>,
}

impl<'a> Told<'a> {
    /// The same event of the same run, if it happened in one.
    fn of_run(happening: &'a Happening, within_bytes: u64) -> Option<Self> {
        let run = happening.run.as_ref()?;
        Some(Self { holding: run.as_str(), within_bytes, in_run: Some(run) })
    }
}

impl AuditFolder {
    /// The log in this folder, which need not be there yet.
    pub fn new(files: Arc<dyn Files>, base: impl Into<PathBuf>) -> Self {
        Self { files, base: base.into() }
    }

    /// The file with the entries.
    pub fn file(&self) -> PathBuf {
        self.base.join(LOG)
    }

    /// Writes down what happened, and signs the head over everything so far. The entry outlasts a
    /// loss of power; the head may be that of a moment before. What one run did is written once,
    /// however often it is told.
    pub fn add(&self, happening: &Happening, signer: &dyn Signer) -> Result<(), AuditError> {
        self.add_unless(happening, Told::of_run(happening, RECENT_BYTES), signer)
    }

    /// The same for what may be told long after it happened: the whole log is looked through.
    pub fn add_late(&self, happening: &Happening, signer: &dyn Signer) -> Result<(), AuditError> {
        self.add_unless(happening, Told::of_run(happening, LOG_LIMIT_BYTES), signer)
    }

    /// The same for what was found done already: it is written unless the same was written lately,
    /// in whichever run. `subject` is a text that its entry holds.
    pub fn add_if_new(
        &self,
        happening: &Happening,
        subject: &str,
        signer: &dyn Signer,
    ) -> Result<(), AuditError> {
        let told = Told { holding: subject, within_bytes: RECENT_BYTES, in_run: None };
        self.add_unless(happening, Some(told), signer)
    }

    fn add_unless(
        &self,
        happening: &Happening,
        told: Option<Told<'_>>,
        signer: &dyn Signer,
    ) -> Result<(), AuditError> {
        let _held = self.lock()?;
        if let Some(told) = told
            && self.was_told(&happening.event, &told)?
        {
            return Ok(());
        }
        let (mut log, bytes) = self.standing(signer)?;
        let Happening { actor, run, event, at } = happening.clone();
        let mut line = log.append(actor, run, event, at)?;
        line.push(b'\n');
        let path = tree_path(LOG)?;
        let place = Place::new(&self.base, &path);
        let size = self.files.append(place, &line, Durability::Power)?;
        let note = log.head().sign(signer)?;
        self.keep(HEAD, note.as_bytes())?;
        let expected = bytes + line.len() as u64;
        if size == expected {
            let standing = Standing { bytes: size, log: log.stand() };
            let standing = canonical_json(&standing).unwrap_or_default();
            self.keep(STAND, &standing)?;
        }
        Ok(())
    }

    /// Reads the whole log and holds it against the head beside it, and against others that were
    /// kept elsewhere.
    pub fn read(&self, keys: &[PublicKey], kept: &[TreeHead]) -> Result<ReadLog, AuditError> {
        let bytes = self.bytes()?.ok_or_else(|| AuditError::Missing(self.file()))?;
        let mut heads = kept.to_vec();
        let note = self.head_bytes()?.ok_or_else(|| AuditError::Missing(self.base.join(HEAD)))?;
        let origin = origin_of(&note).ok_or_else(|| AuditError::Missing(self.base.join(HEAD)))?;
        let head = TreeHead::open(&note, &origin, keys);
        heads.push(head.map_err(|source| self.bad_head(source))?);
        read_log(&bytes, &origin, &heads)
            .map_err(|source| AuditError::Broken { path: self.file(), source })
    }

    /// The note of the newest head.
    pub fn head_bytes(&self) -> Result<Option<Vec<u8>>, AuditError> {
        Ok(self.small(HEAD)?)
    }

    fn bad_head(&self, source: NoteError) -> AuditError {
        AuditError::Head { path: self.base.join(HEAD), source }
    }

    /// Where the log stands, and how long it is. What is written beside it is taken where it fits
    /// the file; else everything is read.
    fn standing(&self, signer: &dyn Signer) -> Result<(AuditLog, u64), AuditError> {
        let path = tree_path(LOG)?;
        let found = self.files.metadata(Place::new(&self.base, &path))?;
        let Some(found) = found.filter(|found| found.size_bytes > 0) else {
            return Ok((AuditLog::begin(own_origin(signer)?), 0));
        };
        let standing = self.small(STAND)?;
        let standing = standing.and_then(|bytes| strict_json::<Standing>(&bytes).ok());
        if let Some(Standing { bytes, log }) = standing
            && bytes == found.size_bytes
            && let Some(log) = AuditLog::at(log)
        {
            return Ok((log, bytes));
        }
        self.reread(signer)
    }

    /// Reads the log anew. An end that was cut off while it was written goes: nobody was told that
    /// it is there.
    fn reread(&self, signer: &dyn Signer) -> Result<(AuditLog, u64), AuditError> {
        let mut bytes = self.bytes()?.unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            bytes.truncate(whole);
            let path = tree_path(LOG)?;
            self.files.write(Place::new(&self.base, &path), &bytes, None)?;
        }
        let origin = match self.head_bytes()?.as_deref().and_then(origin_of) {
            Some(origin) => origin,
            None => own_origin(signer)?,
        };
        let log = AuditLog::verify(&origin, lines_of(&bytes), &[])
            .map_err(|source| AuditError::Broken { path: self.file(), source })?;
        Ok((log, bytes.len() as u64))
    }

    /// Whether the same event was told before.
    fn was_told(&self, event: &Event, told: &Told<'_>) -> Result<bool, AuditError> {
        let path = tree_path(LOG)?;
        let recent = match self.files.read_end(Place::new(&self.base, &path), told.within_bytes) {
            Ok(recent) => recent,
            Err(error) if error.kind == FileErrorKind::Missing => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        // Few lines hold the text, and only those are read.
        let is_same = |entry: AuditEntry| {
            entry.event == *event && told.in_run.is_none_or(|run| entry.run.as_ref() == Some(run))
        };
        let is_told = |line: &[u8]| {
            std::str::from_utf8(line).is_ok_and(|text| text.contains(told.holding))
                && strict_json::<AuditEntry>(line).is_ok_and(is_same)
        };
        Ok(lines_of(&recent).any(is_told))
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, FileError> {
        self.file_bytes(LOG, LOG_LIMIT_BYTES)
    }

    fn small(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        self.file_bytes(name, SMALL_LIMIT_BYTES)
    }

    fn file_bytes(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, FileError> {
        let path = tree_path(name)?;
        match self.files.read(Place::new(&self.base, &path), limit_bytes) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = tree_path(name)?;
        self.files.keep(Place::new(&self.base, &path), bytes, None)
    }

    /// Waits for whoever writes to the log now.
    fn lock(&self) -> Result<FileLock, FileError> {
        self.files.create_base(&self.base)?;
        let path = tree_path(LOCK)?;
        let place = Place::new(&self.base, &path);
        let held = lock_patiently(&*self.files, place, "whoever writes to the log")?;
        // What is incomplete is of a process that has ended.
        remove_temporary_files_in(&*self.files, &self.base, None)?;
        Ok(held)
    }
}

/// Reads a log that lies anywhere, such as one that was exported, and holds it against these heads.
pub fn read_log(bytes: &[u8], origin: &Origin, heads: &[TreeHead]) -> Result<ReadLog, LogBreak> {
    let log = AuditLog::verify(origin, lines_of(bytes), heads)?;
    let mut tree = MerkleTree::default();
    let mut entries = Vec::new();
    for line in lines_of(bytes) {
        tree.push(leaf_hash(line));
        if let Ok(entry) = strict_json(line) {
            entries.push(entry);
        }
    }
    Ok(ReadLog { entries, tree, head: log.head() })
}

/// The name of the log that the note of a head is about, whoever signed it.
pub fn origin_of(note: &[u8]) -> Option<Origin> {
    std::str::from_utf8(note).ok()?.lines().next()?.parse().ok()
}

/// Takes a lock for which others wait as well, and not for long.
pub(crate) fn lock_patiently(
    files: &dyn Files,
    place: Place<'_>,
    holder: &str,
) -> Result<FileLock, FileError> {
    let mut waited = Duration::ZERO;
    loop {
        match files.lock(place, holder) {
            Err(error) if matches!(error.kind, FileErrorKind::Locked(_)) && waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            locked => return locked,
        }
    }
}

/// The name of the log of a machine: that of its key.
fn own_origin(signer: &dyn Signer) -> Result<Origin, DocumentError> {
    let id = signer.public_key().id().to_string();
    format!("onx/{}", &id[..16])
        .parse()
        .map_err(|error: ledger::WordError| DocumentError::Unreadable(error.to_string()))
}

/// The lines of a log; an empty one is a line like any other, which fits nowhere.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_empty = bytes.is_empty();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').filter(move |_| !is_empty)
}

fn tree_path(text: &str) -> Result<TreePath, FileError> {
    TreePath::new(text).map_err(|_| FileError::new("use", text, FileErrorKind::Path))
}
