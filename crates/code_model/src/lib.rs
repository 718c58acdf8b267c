//! The words of the code line as types: snapshot, symbol, access path, signature, operation,
//! manifest, reports.
//!
//! No parser, no disk, no git: everything here is a value that other crates make and read.

pub mod api;
pub mod check;
pub mod difference;
pub mod evidence;
pub mod forward;
pub mod hint;
pub mod kept_copies;
pub mod manifest;
pub mod name;
pub mod name_map;
pub mod operation;
pub mod report;
pub mod signature;
pub mod snapshot;

pub use name::{DottedName, DottedNameError};
pub use name_map::NameMap;
