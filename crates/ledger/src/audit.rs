//! The audit log: entries that each name the one before, under a root that a signed head pins.
//!
//! An entry is one line. The chain shows where a log was changed; it does not show that a whole log
//! was replaced, since anybody can write a new chain. That is what heads are for.

use std::fmt;

use artifact::{Digest, FormatName, Sha256, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError, format_field};
use crate::key::KeyId;
use crate::merkle::{self, CompactRange};
use crate::names::{Identity, Line, Namespace, Origin, Role};
use crate::note::TreeHead;
use crate::statement::Transition;

/// The format of the entries of an audit log.
pub const AUDIT_ENTRY_FORMAT: FormatName = FormatName { name: "audit-entry", version: 1 };

/// Longest entry, in bytes: with its line end it is written in one piece.
pub const ENTRY_LIMIT: usize = 4095;

/// One entry of an audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: Identity,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    format: EntryFormat,
    /// The hash of the entry before; for the first one, the digest of the log's name.
    pub predecessor: Sha256,
    /// The run in which it happened, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Line>,
    /// How many entries stand before it.
    pub sequence: u64,
    /// When, as the clock of the machine had it; a clock may be set back.
    pub timestamp: Timestamp,
}

format_field!(EntryFormat, AUDIT_ENTRY_FORMAT);

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A manifest was made.
    ManifestGenerated {
        /// The version that dependents come from.
        from_version: Line,
        /// The program and version that made it.
        generator: Line,
        /// The id of the manifest.
        manifest_id: Line,
        /// The version that dependents go to.
        to_version: Line,
    },
    /// A manifest was applied to a package, or was to be.
    ManifestApplied {
        /// Who applied it.
        applied_by: Identity,
        /// The id of the manifest.
        manifest_id: Line,
        /// The dependent.
        package: Line,
        /// Whether it was applied.
        success: bool,
    },
    /// A manifest was published.
    ManifestPublished {
        /// Why it was published although dependents do not fit it, where that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        despite: Option<Line>,
        /// The digest of what was published.
        digest: Digest,
        /// The id of the manifest.
        manifest_id: Line,
        /// The name that it has in the registry.
        name: Line,
    },
    /// What a manifest changed was taken back, or was to be.
    ManifestRolledBack {
        /// The id of the manifest.
        manifest_id: Line,
        /// The dependent.
        package: Line,
        /// Whether it was taken back.
        success: bool,
    },
    /// A published manifest is to be used no more.
    ManifestDeprecated {
        /// The name that it has in the registry.
        name: Line,
        /// Why.
        reason: Line,
    },
    /// A published manifest must not be used any more.
    ManifestYanked {
        /// The name that it has in the registry.
        name: Line,
        /// Why.
        reason: Line,
    },
    /// Somebody decided about operations of a manifest, which made a new one.
    ManifestReviewed {
        /// How many operations were accepted.
        accepted: u64,
        /// How many were edited.
        edited: u64,
        /// The id of the new manifest.
        manifest_id: Line,
        /// The id of the manifest that was reviewed.
        parent_id: Line,
        /// How many operations were rejected.
        rejected: u64,
    },
    /// Which steps need whose approval on this machine was said anew.
    PolicySet {
        /// The digest of the policy.
        policy: Digest,
    },
    /// No step needs an approval on this machine any more.
    PolicyRemoved {
        /// Why.
        reason: Line,
    },
    /// Somebody approved a step.
    ApprovalGiven {
        /// Who approved.
        approver: Identity,
        /// The capacity in which he did.
        role: Role,
        /// The digest of the signed statement.
        statement: Digest,
        /// The digest of what he reviewed.
        subject: Digest,
        /// The step.
        transition: Transition,
    },
    /// A key was made.
    KeyCreated {
        /// The key.
        key: KeyId,
        /// Who holds it.
        owner: Identity,
    },
    /// A key is trusted from now on.
    KeyTrusted {
        /// The key.
        key: KeyId,
        /// Where it is trusted; everywhere if none is named.
        namespaces: Vec<Namespace>,
        /// Who holds it.
        owner: Identity,
    },
    /// A key is trusted no more.
    KeyRevoked {
        /// The key.
        key: KeyId,
        /// Why.
        reason: Line,
    },
    /// Somebody let work go on that nobody signed.
    UnsignedWorkAllowed {
        /// What was let through.
        operation: Line,
        /// The digest of what nobody signed.
        subject: Digest,
    },
    /// Somebody let work go on with what a registry had said for a time that was over.
    ExpiredWorkAllowed {
        /// What had expired, and when.
        expired: Vec<Line>,
        /// What was let through.
        operation: Line,
        /// The digest of what the registry had spoken of.
        subject: Digest,
    },
}

/// Where an audit log stands: what must be known to add the next entry, and to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    origin: Origin,
    range: CompactRange,
    last: Sha256,
}

/// Where a log stands, as a document beside it: whoever adds the next entry need not read all
/// others. It proves nothing; what is added behind a wrong one does not fit, and is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogStand {
    /// The hash of the last entry.
    pub last: Sha256,
    /// The name of the log.
    pub origin: Origin,
    /// The roots of the complete trees over all entries, the largest first.
    pub peaks: Vec<Sha256>,
    /// How many entries there are.
    pub size: u64,
}

/// The first entry of a log that does not fit, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {position} does not fit: {reason}")]
pub struct LogBreak {
    /// How many entries before it fit.
    pub position: u64,
    /// Why this one does not.
    pub reason: BreakReason,
}

/// Why an entry does not fit where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakReason {
    /// It is no entry in its one form.
    Unreadable(DocumentError),
    /// It has the number of another place: something was dropped, inserted or moved.
    Sequence {
        /// The number that it has.
        found: u64,
    },
    /// It follows on something else than what stands before it: that one was changed or replaced,
    /// or this one belongs to another log.
    Predecessor,
    /// The entries up to here are not those that a head was signed for; all before this one are
    /// covered by an earlier head, or by none.
    Head {
        /// How many entries the head covers.
        size: u64,
    },
    /// The log ends here, and a head was signed for more.
    Missing {
        /// How many entries there were.
        size: u64,
    },
    /// The head is that of another log.
    Origin,
}

impl fmt::Display for BreakReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Sequence { found } => {
                write!(f, "it has the number {found}; entries were dropped, inserted or moved")
            }
            Self::Predecessor => f.write_str(
                "it follows on another entry than the one before it, as that one stands",
            ),
            Self::Head { size } => {
                write!(f, "from here on the log is another than that whose head of {size} was kept")
            }
            Self::Missing { size } => write!(f, "it is missing; there were {size} entries"),
            Self::Origin => f.write_str("the head that it is held against is that of another log"),
        }
    }
}

impl AuditLog {
    /// A log without entries. Its name is bound into the first one.
    pub fn begin(origin: Origin) -> Self {
        let last = Sha256::of(origin.as_str().as_bytes());
        Self { origin, range: CompactRange::default(), last }
    }

    /// The log where it stood; none where that is no place of a log.
    pub fn at(stand: LogStand) -> Option<Self> {
        let range = CompactRange::from_peaks(stand.size, stand.peaks)?;
        Some(Self { origin: stand.origin, range, last: stand.last })
    }

    /// Where it stands.
    pub fn stand(&self) -> LogStand {
        LogStand {
            last: self.last,
            origin: self.origin.clone(),
            peaks: self.range.peaks().to_vec(),
            size: self.range.size(),
        }
    }

    /// The next entry, as a line without its end. The log stands behind it from now on.
    pub fn append(
        &mut self,
        actor: Identity,
        run: Option<Line>,
        event: Event,
        now: Timestamp,
    ) -> Result<Vec<u8>, DocumentError> {
        let line = document::write(&AuditEntry {
            actor,
            event,
            format: EntryFormat,
            predecessor: self.last,
            run,
            sequence: self.range.size(),
            timestamp: now,
        })?;
        if line.len() > ENTRY_LIMIT {
            return Err(DocumentError::Long { limit: ENTRY_LIMIT, found: line.len() });
        }
        self.go_behind(&line);
        Ok(line)
    }

    /// Reads the next line of a log, without its end, and stands behind it if it fits.
    pub fn accept(&mut self, line: &[u8]) -> Result<AuditEntry, LogBreak> {
        let position = self.range.size();
        let wrong = |reason| LogBreak { position, reason };
        let entry: AuditEntry = document::read(line, ENTRY_LIMIT)
            .map_err(|error| wrong(BreakReason::Unreadable(error)))?;
        if entry.sequence != position {
            return Err(wrong(BreakReason::Sequence { found: entry.sequence }));
        }
        if entry.predecessor != self.last {
            return Err(wrong(BreakReason::Predecessor));
        }
        self.go_behind(line);
        Ok(entry)
    }

    /// Reads a whole log and holds it against heads that were kept from earlier times. Heads may
    /// come in any order; a log without any shows only that it hangs together.
    pub fn verify<L: AsRef<[u8]>>(
        origin: &Origin,
        lines: impl IntoIterator<Item = L>,
        kept: &[TreeHead],
    ) -> Result<Self, LogBreak> {
        let mut heads: Vec<&TreeHead> = kept.iter().collect();
        heads.sort_by_key(|head| head.size);
        if heads.iter().any(|head| head.origin != *origin) {
            return Err(LogBreak { position: 0, reason: BreakReason::Origin });
        }
        let mut heads = heads.into_iter().peekable();
        let (mut log, mut covered) = (Self::begin(origin.clone()), 0);
        let mut lines = lines.into_iter();
        loop {
            let size = log.range.size();
            while let Some(head) = heads.next_if(|head| head.size == size) {
                if head.root != log.range.root() {
                    let reason = BreakReason::Head { size };
                    return Err(LogBreak { position: covered, reason });
                }
                covered = size;
            }
            match lines.next() {
                Some(line) => drop(log.accept(line.as_ref())?),
                None => break,
            }
        }
        match heads.next() {
            Some(head) => {
                let reason = BreakReason::Missing { size: head.size };
                Err(LogBreak { position: log.range.size(), reason })
            }
            None => Ok(log),
        }
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.range.size()
    }

    /// The head over all entries.
    pub fn head(&self) -> TreeHead {
        let (size, root) = (self.range.size(), self.range.root());
        TreeHead { origin: self.origin.clone(), size, root }
    }

    fn go_behind(&mut self, line: &[u8]) {
        self.last = merkle::leaf_hash(line);
        self.range.push(self.last);
    }
}
