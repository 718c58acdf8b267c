//! Type inference behind one door.
//!
//! A [`TypeOracle`] sees a dependent's Python files, the library's stub tree and, where given,
//! further installed packages: texts in memory, without a disk, processes or environment. It
//! answers which class the receiver of an expression is an instance of, in the dotted names of
//! definitions, and says why when it cannot tell.

mod answer;
mod database;
mod decorators;
mod definitions;
mod fixtures;
mod follow;
mod inquiry;
mod lineage;
mod oracle;
mod standard;
mod system;

pub use answer::{Alternative, AlternativeKind, ClassInFile, Origin, Place, Question, Receiver};
pub use oracle::{OracleInput, TypeOracle};
pub use standard::standard_library_defines;
pub use system::TextTree;

#[cfg(test)]
mod tests;
