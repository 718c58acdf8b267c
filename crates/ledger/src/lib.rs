//! What happened, provably: signatures, envelopes, whom to trust, approvals and an audit log.
//!
//! Everything here is pure. Time comes as an argument, keys are made from bytes that the caller
//! drew, and nothing is read or written.

mod approval;
mod audit;
mod document;
mod envelope;
mod key;
mod merkle;
mod names;
mod note;
mod statement;
mod trust;

pub use approval::{
    APPROVAL_POLICY_FORMAT, ApprovalPolicy, Approved, Effect, Missing, PolicyError, Requirements,
    Step, Uncounted, decide,
};
pub use audit::{
    AUDIT_ENTRY_FORMAT, AuditEntry, AuditLog, BreakReason, ENTRY_LIMIT, Event, LogBreak, LogStand,
};
pub use document::DocumentError;
pub use envelope::{ENVELOPE_LIMIT, Envelope, EnvelopeError, OpenError, SealError, Verified};
pub use key::{
    KeyError, KeyId, KeyIdError, PublicKey, SecretText, Signature, SignatureError, Signer,
    SignerError, SigningKey,
};
pub use merkle::{CompactRange, MerkleTree, empty_root, is_consistent, is_included, leaf_hash};
pub use names::{Identity, Line, Namespace, Origin, Role, State, WordError};
pub use note::{Fork, NoteError, TreeHead};
pub use statement::{
    ApprovalGiven, CheckpointTaken, EvidenceGathered, Kind, ManifestMade, PlanMade, Predicate,
    STATEMENT_LIMIT, Statement, StatementError, Subject, SubjectDigest, Transition,
};
pub use trust::{
    Grant, Namespaces, Refusal, TRUSTED_KEYS_FORMAT, TrustError, TrustedKey, TrustedKeys,
};
