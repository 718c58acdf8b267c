//! Heads of an audit log as signed notes: the checkpoint format of C2SP (`tlog-checkpoint`) with
//! Ed25519 signatures of `signed-note`.

use std::fmt;

use artifact::{Sha256, shown};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{PublicKey, Signer, SignerError};
use crate::merkle;
use crate::names::Origin;

/// Longest note, in bytes.
const NOTE_LIMIT: usize = 16 * 1024;

/// Most signatures of a note, those by others included.
const SIGNATURE_LIMIT: usize = 32;

/// What begins the line of a signature.
const SIGNATURE_START: &str = "\u{2014} ";

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// How long a log is and what it holds: its name, the number of entries, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeHead {
    /// The log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root over its entries.
    pub root: Sha256,
}

/// Why a text is no head that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no note, or not in its one form.
    #[error("the text is no signed note of a log: {0}")]
    Form(&'static str),
    /// It is the head of another log.
    #[error("it is the head of the log `{}`", shown(.0))]
    Origin(String),
    /// A signature by a trusted key does not hold, so something was changed.
    #[error("a signature does not hold")]
    Signature,
    /// None of the keys that are trusted with it signed it.
    #[error("no trusted key signed it")]
    Unsigned,
}

/// Why one head does not go on from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fork {
    /// They are heads of two logs.
    #[error("the two are heads of different logs")]
    Origin,
    /// The log has become shorter.
    #[error("the log has {size} entries and had {earlier}")]
    Shorter {
        /// How many it had.
        earlier: u64,
        /// How many it has.
        size: u64,
    },
    /// The proof does not show that what was there is still there.
    #[error("what the log held before is not shown to be in it still")]
    Unproved,
}

impl TreeHead {
    /// Whether this head goes on from an earlier one of the same log. Who keeps the newest head
    /// that he has seen, and takes another only if this holds, cannot be shown two logs.
    pub fn follows(&self, earlier: &Self, proof: &[Sha256]) -> Result<(), Fork> {
        if self.origin != earlier.origin {
            return Err(Fork::Origin);
        }
        if self.size < earlier.size {
            return Err(Fork::Shorter { earlier: earlier.size, size: self.size });
        }
        let (before, now) = (&earlier.root, &self.root);
        if !merkle::is_consistent(earlier.size, self.size, proof, before, now) {
            return Err(Fork::Unproved);
        }
        Ok(())
    }

    /// The note with one signature, whose key has the name of the log.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, SignerError> {
        let text = self.to_string();
        let key = signer.public_key();
        let signature = signer.sign(text.as_bytes())?;
        let holds = key.verify(text.as_bytes(), signature.as_bytes());
        holds.map_err(|_| SignerError::Wrong)?;
        let hint = key_hint(&self.origin, &key);
        let signed = STANDARD.encode([hint.as_slice(), signature.as_bytes()].concat());
        Ok(format!("{text}\n{SIGNATURE_START}{} {signed}\n", self.origin))
    }

    /// Reads a note of this log that at least one of these keys signed. A signature by one of them
    /// that does not hold refuses the note; those by others, such as witnesses, say nothing here.
    pub fn open(note: &[u8], origin: &Origin, keys: &[PublicKey]) -> Result<Self, NoteError> {
        if note.len() > NOTE_LIMIT {
            return Err(NoteError::Form("it is too long"));
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Form("it is no UTF-8"))?;
        let (text, signatures) =
            note.split_once("\n\n").ok_or(NoteError::Form("it has no signatures"))?;
        let text = format!("{text}\n");
        let head = Self::read(&text, origin)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Form("it is cut off"))?;
        if signatures.split('\n').count() > SIGNATURE_LIMIT {
            return Err(NoteError::Form("it has too many signatures"));
        }
        let mut signed = false;
        for line in signatures.split('\n') {
            let Some((name, bytes)) = signature_line(line) else {
                return Err(NoteError::Form("a line is no signature"));
            };
            let (hint, signature) = bytes.split_at(4);
            let own = keys.iter().filter(|key| key_hint(origin, key) == hint);
            for key in own.filter(|_| name == origin.as_str()) {
                let holds = key.verify(text.as_bytes(), signature);
                holds.map_err(|_| NoteError::Signature)?;
                signed = true;
            }
        }
        if signed { Ok(head) } else { Err(NoteError::Unsigned) }
    }

    fn read(text: &str, origin: &Origin) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [name, size, root, ""] = lines[..] else {
            return Err(NoteError::Form("it is not a name, a size and a root"));
        };
        if name != origin.as_str() {
            return Err(NoteError::Origin(name.chars().take(80).collect()));
        }
        let size = size.parse().map_err(|_| NoteError::Form("its size is no number"))?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = root.ok_or(NoteError::Form("its root is no base64 of 32 bytes"))?;
        let head = Self { origin: origin.clone(), size, root: Sha256::from_bytes(root) };
        if head.to_string() != text {
            return Err(NoteError::Form("it is written in another way"));
        }
        Ok(head)
    }
}

/// The text that is signed.
impl fmt::Display for TreeHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// The four bytes by which a note says where to look for the key.
fn key_hint(origin: &Origin, key: &PublicKey) -> [u8; 4] {
    let name = origin.as_str().as_bytes();
    let hash = Sha256::of_joined([name, b"\n", &[ED25519], key.as_bytes()]);
    let [first, second, third, fourth, ..] = *hash.as_bytes();
    [first, second, third, fourth]
}

fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, bytes) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok().filter(|bytes| bytes.len() > 4)?;
    (!name.is_empty()).then_some((name, bytes))
}
