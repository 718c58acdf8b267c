//! What happened, provably: signatures, envelopes, whom to trust, approvals and an audit log.
//!
//! Everything here is pure. Time comes as an argument, keys are made from bytes that the caller
//! drew, and nothing is read or written.

mod document;
mod envelope;
mod key;
mod names;
mod statement;
mod trust;

pub use document::DocumentError;
pub use envelope::{ENVELOPE_LIMIT, Envelope, EnvelopeError, OpenError, SealError, Verified};
pub use key::{
    KeyError, KeyId, KeyIdError, PublicKey, SecretText, Signature, SignatureError, Signer,
    SignerError, SigningKey,
};
pub use names::{Identity, Line, Namespace, Role, State, WordError};
pub use statement::{
    ApprovalGiven, CheckpointTaken, EvidenceGathered, Kind, ManifestMade, PlanMade, Predicate,
    STATEMENT_LIMIT, Statement, StatementError, Subject, SubjectDigest, Transition,
};
pub use trust::{
    Grant, Namespaces, Refusal, TRUSTED_KEYS_FORMAT, TrustError, TrustedKey, TrustedKeys,
};
