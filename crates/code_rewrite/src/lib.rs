//! Manifest and dependent in, edits out.
//!
//! A manifest is compiled once to a [`Plan`]: one simultaneous map from the old version's names to the new
//! version's. Each file of a dependent is then rewritten on its own by [`rewrite_file`]; nothing here reads or
//! writes a disk, and the same inputs give the same edits.

mod codemod;
mod dependent;
mod plan;
mod receiver;

pub use codemod::{Applicability, Codemod, Edit, FileContext, NeededName, Rewriting};
pub use dependent::{DependentFile, FileRewrite};
pub use plan::{CallChange, KeyChange, MemberChange, NameChange, Plan, SkipReason, Skipped};
pub use receiver::{NoReceivers, Receiver, Receivers};
