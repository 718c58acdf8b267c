//! The one door to the clock, child processes, the user's files and folders, and the environment.
//!
//! Everything that touches the world stands behind a trait with a real and a simulated
//! implementation, so that every step of a longer piece of work can be made to fail or to stop in a
//! test.

mod beneath;
mod clock;
mod contents;
mod disk;
mod environment;
mod error;
mod faults;
mod files;
mod git_ignore;
mod interrupted;
mod machine;
mod memory;
mod place;
mod process;
mod randomness;
mod sandbox;
mod user_folders;
mod walk;

pub use clock::{Clock, SimulatedClock, SystemClock};
pub use contents::{ContentError, Contents, FolderContents};
pub use disk::DiskFiles;
pub use environment::Environment;
pub use error::{FileError, FileErrorKind};
pub use faults::{Fault, FaultyFiles};
pub use files::{
    Durability, FileLock, Files, Fill, FolderEntry, Metadata, NodeKind, lock_patiently,
    remove_temporary_files, remove_temporary_files_in, temporary_path, tree_path,
};
pub use machine::machine_name;
pub use memory::MemoryFiles;
pub use place::{Place, split_path};
pub use process::{
    ChildCommand, Completed, Ending, ProcessError, Processes, SimulatedProcesses, SystemProcesses,
};
pub use randomness::{RandomnessError, random_bytes};
pub use sandbox::{
    Confined, Confinement, Layer, Sandbox, SandboxError, SandboxLevel, SandboxLimits,
    SandboxPolicy, Scratch, Throwaway, UNPRIVILEGED_USER, enter_when_asked, runs_as_root,
};
pub use user_folders::{FolderError, UserFolders};
pub use walk::{WalkOptions, Walked, WalkedFile, walk_folder};
