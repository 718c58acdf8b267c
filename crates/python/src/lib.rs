//! Everything that knows Python: facts of files, names, types and text edits. The parser stays
//! behind this door.

pub mod assemble;
pub mod branches;
pub mod callsites;
pub mod choices;
pub mod defined;
pub mod edit;
pub mod embedded;
pub mod facts;
pub mod features;
pub mod lines;
pub mod module_names;
mod nesting;
pub mod parse;
pub mod places;
pub mod references;
mod statements;
pub mod stubs;
#[cfg(feature = "types")]
pub mod types;
