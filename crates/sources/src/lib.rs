//! Where code comes from: a git repository at a ref, a folder, an archive, or the package index.
//!
//! All of them give one [`SourceTree`]: a sorted list of files that can be read, and what was
//! noticed on the way. Nothing of a source is ever executed, and nothing is written but the user's
//! cache.

mod archive;
mod dependent;
mod error;
mod folder;
mod git;
mod history;
mod index;
mod merge;
mod metadata;
mod spec;
mod tarball;
mod tree;
mod version;
mod zipped;

pub use archive::{ArchiveKind, ArchiveLimits, archive_tree, open_archive};
pub use dependent::{Dependent, says_generated};
pub use error::SourceError;
pub use folder::{FolderOptions, open_folder};
pub use git::{FileStatus, GitRepository};
pub use history::{ChangedBlob, CommitChanges, History, HistoryLimits, WantedChanges};
pub use index::{PackageIndex, PipSettings};
pub use metadata::{DistributionMetadata, distribution_metadata};
pub use spec::{SourceContext, SourceSpec};
pub use tree::{ContentIdentity, EntryKind, ReadError, SourceEntry, SourceTree, TreeIdentity};
pub use version::{ReleasedVersion, tag_version};
