//! What a confined program may do.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::layer::{Layer, SandboxLevel};

/// What a confined program may do, beside reading what programs of the system need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxPolicy {
    /// Files and folders that it may read and run, absolute.
    pub readable: Vec<PathBuf>,
    /// Folders that it may change, absolute; they must exist. Nothing in them is a device or gives
    /// rights. Started by root, they must belong to [`UNPRIVILEGED_USER`].
    pub writable: Vec<PathBuf>,
    /// How much `/tmp` and `/dev/shm` hold, each in memory and empty at the start; they are not
    /// there without.
    pub scratch: Option<Scratch>,
    /// Whether it may speak to itself over the loopback address of its own network; nothing else is
    /// on that network.
    pub loopback: bool,
    /// How much it may use.
    pub limits: SandboxLimits,
    /// The least level; below it nothing is run.
    pub level: SandboxLevel,
    /// Layers that are left out, for tests and for machines where one of them harms.
    pub without: BTreeSet<Layer>,
}

/// How much a folder in memory holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scratch {
    /// The most that its files may hold together.
    pub size_bytes: u64,
    /// The most files and folders in it.
    pub entries: u64,
}

/// How much a confined program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxLimits {
    /// CPU seconds of each process.
    pub cpu_seconds: u64,
    /// Memory of all processes together; of each one where there are no control groups.
    pub memory_bytes: u64,
    /// Processes and threads together.
    pub processes: u64,
    /// The size of a file that it writes.
    pub file_size_bytes: u64,
    /// Open files of each process.
    pub open_files: u64,
}

impl Default for SandboxLimits {
    /// Five minutes of CPU, 4 GiB of memory, 512 processes, files of 1 GiB.
    fn default() -> Self {
        Self {
            cpu_seconds: 300,
            memory_bytes: 4 << 30,
            processes: 512,
            file_size_bytes: 1 << 30,
            open_files: 1024,
        }
    }
}

impl Default for SandboxPolicy {
    /// Nothing beside the system's programs can be read, nothing written; the level is `isolated`.
    fn default() -> Self {
        Self {
            readable: Vec::new(),
            writable: Vec::new(),
            scratch: None,
            loopback: false,
            limits: SandboxLimits::default(),
            level: SandboxLevel::default(),
            without: BTreeSet::new(),
        }
    }
}

/// The user and group that a program runs as when root starts it: `nobody` on most systems.
pub const UNPRIVILEGED_USER: u32 = 65534;

/// Whether this process has the rights of root.
pub fn runs_as_root() -> bool {
    nix::unistd::geteuid().is_root()
}
