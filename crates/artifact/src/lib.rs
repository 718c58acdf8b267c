//! Values with an identity: digests, canonical bytes, times and names of formats.
//!
//! Everything here is pure. Two equal values always have equal bytes, on every machine.

mod canonical;
mod digest;
mod error_kind;
mod finding;
mod format;
mod shown;
mod strict_json;
mod time;
mod tree_path;

pub use canonical::{CanonicalError, canonical_digest, canonical_json};
pub use digest::{
    Digest, DigestBuilder, DigestParseError, Sha256, hex, unhex, unhex_bytes, uuid_from_digest,
};
pub use error_kind::ErrorKind;
pub use finding::{Finding, Severity};
pub use format::FormatName;
pub use shown::{is_deceptive, shown, shown_json, shown_lines};
pub use strict_json::strict_json;
pub use time::{Timestamp, TimestampParseError};
pub use tree_path::{PathProblem, TreePath, TreePathError};
