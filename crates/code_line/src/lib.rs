//! What a user asks of the code line: generate, apply, check, compare, verify, undo.

pub mod bundle;
pub mod error;
pub mod progress;
pub mod settings;

pub use error::{Error, ErrorCode, ErrorKind, ErrorReport};
pub use progress::{Progress, Quiet};
