//! What a user asks of the code line: generate, apply, check, compare, verify, undo.
//!
//! What changes something for good is done as a run: [`work::CodeWork`] says what, and goes on from
//! wherever an earlier attempt came to.

mod acknowledgement;
mod amendment;
pub mod application;
pub mod apply;
pub mod approvals;
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
pub mod publish;
pub mod records;
pub mod registries;
mod requirements;
pub mod review;
pub mod semver;
pub mod settings;
mod settling;
pub mod signed_file;
pub mod signed_plan;
pub mod snapshot;
pub mod template;
pub mod transaction;
mod transaction_error;
pub mod trial;
pub mod trust;
pub mod verify;
pub mod versions;
pub mod witness;
pub mod work;
mod world;

pub use error::{Error, ErrorCode, ErrorKind, ErrorReport};
pub use progress::{Progress, Quiet};
pub use world::World;
