//! The audit log of a machine: one file that only grows, with a signed head beside it.

use std::path::PathBuf;
use std::sync::Arc;

use artifact::{ErrorKind, Timestamp, canonical_json, strict_json};
use host::{
    Durability, FileError, FileErrorKind, FileLock, Files, Place, lock_patiently,
    remove_temporary_files_in, tree_path,
};
use ledger::{
    AuditEntry, AuditLog, DocumentError, Event, Identity, KeyId, Line, LogBreak, LogStand,
    MerkleTree, NoteError, Origin, PublicKey, Signer, SignerError, TreeHead, TrustedKey, leaf_hash,
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

/// The audit log of a machine, in a folder.
#[derive(Debug, Clone)]
pub struct AuditFolder {
    files: Arc<dyn Files>,
    base: PathBuf,
    keys: Vec<TrustedKey>,
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
    /// The newest head was signed by a key of this machine that was revoked since.
    #[error("the head `{}` was signed by the key {key}, which was revoked at {at}", path.display())]
    Revoked {
        /// The head.
        path: PathBuf,
        /// The key.
        key: KeyId,
        /// When it was revoked.
        at: Timestamp,
    },
    /// There is no log.
    #[error("there is no audit log `{}`", .0.display())]
    Missing(PathBuf),
    /// There is a log without the head that is signed before its first entry is written.
    #[error("the audit log has entries, and its head `{}` is missing", .0.display())]
    NoHead(PathBuf),
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
            Self::Broken { .. } | Self::Head { .. } | Self::Revoked { .. } | Self::NoHead(_) => {
                ErrorKind::Conflict
            }
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
            Self::Head { .. } | Self::NoHead(_) => "put back copies of the folder and of the \
                                                    keys, or move the folder away to begin a new \
                                                    log"
            .to_owned(),
            Self::Revoked { .. } => "the next entry is signed with another key; if somebody else \
                                     may have had this one, hold the log against a head that was \
                                     kept elsewhere, with `onx audit verify --head`"
                .to_owned(),
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

/// The newest head, and what became of the key that signed it.
struct Sealed {
    head: TreeHead,
    revoked: Option<(KeyId, Timestamp)>,
}

impl AuditFolder {
    /// The log in this folder, which need not be there yet. Its heads are signed by the keys of the
    /// machine: the one that it has, and those that it had.
    pub fn new(files: Arc<dyn Files>, base: impl Into<PathBuf>, keys: Vec<TrustedKey>) -> Self {
        Self { files, base: base.into(), keys }
    }

    /// The file with the entries.
    pub fn file(&self) -> PathBuf {
        self.base.join(LOG)
    }

    /// Writes down what happened, and signs the head over everything so far. The entry outlasts a
    /// loss of power; the head may be that of a moment before, and is never ahead. What one run did
    /// is written once, however often it is told. Nothing is written, and no head signed, over a
    /// log that is not the one whose head was signed last.
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
        let (mut log, bytes, covered) = self.standing(signer)?;
        let path = tree_path(LOG)?;
        let place = Place::new(&self.base, &path);
        if let Some(told) = told
            && self.was_told(&happening.event, &told)?
        {
            if covered < log.size() {
                // Whoever wrote it ended before it was sure to last.
                self.files.append(place, &[], Durability::Power)?;
                self.files.sync_folder(&self.base, None)?;
                self.seal(&log, signer)?;
            }
            return Ok(());
        }
        let Happening { actor, run, event, at } = happening.clone();
        let mut line = log.append(actor, run, event, at)?;
        line.push(b'\n');
        let size = self.files.append(place, &line, Durability::Power)?;
        if bytes == 0 {
            // A file lasts only if its name does.
            self.files.sync_folder(&self.base, None)?;
        }
        self.seal(&log, signer)?;
        let expected = bytes + line.len() as u64;
        if size == expected {
            let standing = Standing { bytes: size, log: log.stand() };
            let standing = canonical_json(&standing).unwrap_or_default();
            let path = tree_path(STAND)?;
            self.files.keep(Place::new(&self.base, &path), &standing, None)?;
        }
        Ok(())
    }

    /// Reads the whole log and holds it against the head beside it, and against others that were
    /// kept elsewhere.
    pub fn read(&self, kept: &[TreeHead]) -> Result<ReadLog, AuditError> {
        // The head first, since the log is ahead of it while an entry is added.
        let mut note = self.head_bytes()?;
        let bytes = self.bytes()?.unwrap_or_default();
        if note.is_none() {
            note = self.head_bytes()?;
        }
        let mut heads = kept.to_vec();
        let broken = |source| AuditError::Broken { path: self.file(), source };
        let origin = match note {
            Some(note) => {
                let Sealed { head, revoked } = self.opened(&note)?;
                if let Some((key, at)) = revoked {
                    return Err(AuditError::Revoked { path: self.base.join(HEAD), key, at });
                }
                heads.push(head.clone());
                head.origin
            }
            None if !bytes.is_empty() => return Err(AuditError::NoHead(self.base.join(HEAD))),
            None => match kept.first() {
                Some(head) => head.origin.clone(),
                None => return Err(AuditError::Missing(self.file())),
            },
        };
        if bytes.is_empty() && heads.iter().all(|head| head.size == 0) {
            return Err(AuditError::Missing(self.file()));
        }
        read_log(whole_lines(&bytes), &origin, &heads).map_err(broken)
    }

    /// The note of the newest head; one without any bytes is none.
    pub fn head_bytes(&self) -> Result<Option<Vec<u8>>, AuditError> {
        Ok(self.small(HEAD)?.filter(|note| !note.is_empty()))
    }

    /// The head in this note, if it is one of the log of this machine that a key of this machine
    /// signed. Who goes on with the log may do so from a head by a key that was revoked: the log
    /// says then that it was.
    fn opened(&self, note: &[u8]) -> Result<Sealed, AuditError> {
        let path = || self.base.join(HEAD);
        let bad = |source| AuditError::Head { path: path(), source };
        let origin = origin_of(note).ok_or_else(|| bad(NoteError::Form("it has no name")))?;
        let mut is_own = false;
        for key in &self.keys {
            is_own |= own_origin(&key.key)? == origin;
        }
        if !is_own {
            return Err(bad(NoteError::Origin(origin.to_string())));
        }
        let usable = self.keys.iter().filter(|key| key.revoked_at.is_none());
        let usable: Vec<PublicKey> = usable.map(|key| key.key).collect();
        let unsigned = match TreeHead::open(note, &origin, &usable) {
            Ok(head) => return Ok(Sealed { head, revoked: None }),
            Err(unsigned @ NoteError::Unsigned) => unsigned,
            Err(other) => return Err(bad(other)),
        };
        for key in &self.keys {
            if let Some(at) = key.revoked_at
                && let Ok(head) = TreeHead::open(note, &origin, &[key.key])
            {
                return Ok(Sealed { head, revoked: Some((key.key.id(), at)) });
            }
        }
        Err(bad(unsigned))
    }

    /// Signs the head over what was added. It outlasts a loss of power: a log without the head that
    /// it had is not believed.
    fn seal(&self, log: &AuditLog, signer: &dyn Signer) -> Result<(), AuditError> {
        let note = log.head().sign(signer)?;
        let path = tree_path(HEAD)?;
        Ok(self.files.write(Place::new(&self.base, &path), note.as_bytes(), None)?)
    }

    /// Where the log stands, how long its file is, and how many entries the newest head covers.
    /// What is written beside it is taken where it fits both; else everything is read.
    fn standing(&self, signer: &dyn Signer) -> Result<(AuditLog, u64, u64), AuditError> {
        let path = tree_path(LOG)?;
        let found = self.files.metadata(Place::new(&self.base, &path))?;
        let size_bytes = found.map_or(0, |found| found.size_bytes);
        let Some(note) = self.head_bytes()? else {
            if size_bytes > 0 {
                return Err(AuditError::NoHead(self.base.join(HEAD)));
            }
            // The head over nothing comes before the first entry, so that a log without a head is
            // never one that was only begun.
            let log = AuditLog::begin(own_origin(&signer.public_key())?);
            self.seal(&log, signer)?;
            return Ok((log, 0, 0));
        };
        let Sealed { head, .. } = self.opened(&note)?;
        let covered = head.size;
        let standing = self.small(STAND)?;
        let standing = standing.and_then(|bytes| strict_json::<Standing>(&bytes).ok());
        if let Some(Standing { bytes, log }) = standing
            && bytes == size_bytes
            && let Some(log) = AuditLog::at(log)
            && log.head() == head
        {
            return Ok((log, bytes, covered));
        }
        let (log, bytes) = self.reread(&head)?;
        Ok((log, bytes, covered))
    }

    /// Reads the log anew and holds it against its newest head. An end that was cut off while it
    /// was written goes: nobody was told that it is there.
    fn reread(&self, head: &TreeHead) -> Result<(AuditLog, u64), AuditError> {
        let bytes = self.bytes()?.unwrap_or_default();
        let whole = whole_lines(&bytes);
        let log = AuditLog::verify(&head.origin, lines_of(whole), std::slice::from_ref(head))
            .map_err(|source| AuditError::Broken { path: self.file(), source })?;
        if whole.len() < bytes.len() {
            let path = tree_path(LOG)?;
            self.files.write(Place::new(&self.base, &path), whole, None)?;
        }
        Ok((log, whole.len() as u64))
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
        Ok(lines_of(whole_lines(&recent)).any(is_told))
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

/// The name of the log of a machine: that of its key.
fn own_origin(key: &PublicKey) -> Result<Origin, DocumentError> {
    let id = key.id().to_string();
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

/// The lines that have an end. What follows was cut off while it was written, or is being written.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}
