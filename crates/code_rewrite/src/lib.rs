//! Manifest and dependent in, edits out.
//!
//! A manifest is compiled once to a [`Plan`]: one simultaneous map from the old version's names to
//! the new version's. Each file of a dependent is then rewritten on its own by a [`Rewriter`];
//! nothing here reads or writes a disk, and the same inputs give the same edits.

mod call;
mod class_settings;
mod codemod;
mod codemods;
mod compile;
mod dependent;
mod embedded;
mod guards;
mod keys;
mod member;
mod new_names;
mod patch;
mod paths;
mod plan;
mod readings;
mod receiver;
mod rename;
mod requirement;
mod resources;
mod rewriter;
mod todo;
mod unique;
mod words;

pub use codemod::{Applicability, Codemod, Edit, FileContext, NeededName, Rewriting};
pub use compile::PlanOptions;
pub use dependent::{DependentFile, FileRewrite};
pub use embedded::EmbeddedFile;
pub use new_names::{NewName, NewNames};
pub use patch::{FileChange, unified_patch};
pub use plan::{
    CallChange, FileMove, KeyChange, MemberChange, NameChange, Plan, SkipReason, Skipped,
};
pub use readings::Readings;
pub use receiver::{NoReceivers, Receivers};
pub use requirement::{RequirementChange, may_hold_requirements, rewrite_requirement};
pub use rewriter::{Rewriter, module_names};
pub use words::Mentions;
