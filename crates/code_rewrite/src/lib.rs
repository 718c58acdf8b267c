//! Manifest and dependent in, edits out.
//!
//! A manifest is compiled once to a [`Plan`]: one simultaneous map from the old version's names to the new
//! version's. Each file of a dependent is then rewritten on its own; nothing here reads or writes a disk, and the
//! same inputs give the same edits.

mod codemod;
mod compile;
mod dependent;
mod new_names;
mod plan;
mod receiver;

pub use codemod::{Applicability, Codemod, Edit, FileContext, NeededName, Rewriting};
pub use compile::PlanOptions;
pub use dependent::{DependentFile, FileRewrite};
pub use new_names::{NewName, NewNames};
pub use plan::{
    CallChange, FileMove, KeyChange, MemberChange, NameChange, Plan, SkipReason, Skipped,
};
pub use receiver::{NoReceivers, Receiver, Receivers};
