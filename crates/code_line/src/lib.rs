//! What a user asks of the code line: generate, apply, check, compare, verify, undo.

mod acknowledgement;
pub mod application;
pub mod apply;
pub mod bundle;
pub mod calibrate;
mod check;
pub mod checkpoint;
pub mod compare;
pub mod compat;
pub mod compose;
pub mod diff;
pub mod docs;
pub mod error;
pub mod explain;
mod facts;
pub mod generate;
pub mod nodes;
pub mod progress;
pub mod records;
mod requirements;
pub mod semver;
pub mod settings;
mod settling;
pub mod snapshot;
pub mod template;
pub mod transaction;
mod transaction_error;
pub mod trial;
pub mod verify;
pub mod versions;
pub mod witness;
mod world;

pub use error::{Error, ErrorCode, ErrorKind, ErrorReport};
pub use progress::{Progress, Quiet};
pub use world::World;
