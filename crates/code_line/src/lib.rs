//! What a user asks of the code line: generate, apply, check, compare, verify, undo.

pub mod application;
pub mod bundle;
pub mod checkpoint;
pub mod error;
pub mod progress;
pub mod settings;
mod settling;
pub mod transaction;
mod transaction_error;

pub use error::{Error, ErrorCode, ErrorKind, ErrorReport};
pub use progress::{Progress, Quiet};
