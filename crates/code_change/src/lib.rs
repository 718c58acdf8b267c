//! Two snapshots of a library become operations with evidence and confidence, and these become a
//! manifest.
//!
//! Everything here is a pure function of the two snapshots, the texts of their files and the rules.

pub mod amendment;
pub mod breakage;
pub mod calibration;
pub mod composition;
mod difference;
pub mod history;
pub mod inference;
mod older;
pub mod reliability;
pub mod review;
pub mod rules;
pub mod similarity;
pub mod sources;
mod surface;
mod synthesis;

pub use amendment::{Addition, Amendment, amend};
pub use breakage::{breakages, required_bump};
pub use composition::{CompositionStep, OuterVersions, compose};
pub use difference::difference;
pub use history::{CommitHistory, SoughtNames};
pub use inference::{Inference, infer};
pub use review::{Decision, Verdict, review};
pub use rules::Rules;
pub use sources::{NoSources, SourceText, Version};
pub use synthesis::{Provenance, synthesize};
