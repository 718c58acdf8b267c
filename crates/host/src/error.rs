//! What can go wrong with a file.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A file operation that failed: what was done, where, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`: {kind}", path.display())]
pub struct FileError {
    /// What was attempted, as a verb phrase.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why it failed, as far as the operating system says.
    pub kind: FileErrorKind,
    /// The answer of the operating system, where there is one.
    #[source]
    pub source: Option<io::Error>,
}

/// Why a file operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileErrorKind {
    /// The file or a folder on the way to it does not exist.
    #[error("it does not exist")]
    Missing,
    /// Something of that name exists already.
    #[error("it exists already")]
    Exists,
    /// The user may not do this.
    #[error("permission denied")]
    Denied,
    /// The file system is mounted read-only.
    #[error("the file system is read-only")]
    ReadOnly,
    /// The disk or the user's quota is full.
    #[error("no space is left")]
    Full,
    /// A symbolic link stands where a file or folder is expected.
    #[error("a symbolic link stands in the way")]
    Link,
    /// The file has another name, which may lie anywhere.
    #[error("it is a hard link: the same file has another name")]
    HardLink,
    /// The content is larger than the limit, in bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The folder holds more files than the limit.
    #[error("it holds more than {0} files")]
    TooMany(usize),
    /// It is no regular file.
    #[error("it is no regular file")]
    NotAFile,
    /// It is no folder.
    #[error("it is no folder")]
    NotAFolder,
    /// The folder still holds something.
    #[error("the folder is not empty")]
    NotEmpty,
    /// Another process holds the lock; what it wrote about itself.
    #[error("it is locked by {0}")]
    Locked(String),
    /// The path cannot be used: not UTF-8, empty, or it leaves its folder.
    #[error("the path cannot be used")]
    Path,
    /// The process was made to stop here by a test.
    #[error("the process stopped")]
    Stopped,
    /// Anything else.
    #[error("the operating system refused")]
    Other,
}

impl FileError {
    /// An error that onx itself found, without an answer of the operating system.
    pub fn new(action: &'static str, path: impl Into<PathBuf>, kind: FileErrorKind) -> Self {
        Self { action, path: path.into(), kind, source: None }
    }

    pub(crate) fn from_errno(action: &'static str, path: &Path, errno: Errno) -> Self {
        Self {
            action,
            path: path.to_owned(),
            kind: FileErrorKind::from_errno(errno),
            source: Some(errno.into()),
        }
    }

    /// An error of the operating system while doing this.
    pub fn from_io(action: &'static str, path: &Path, error: io::Error) -> Self {
        let kind =
            Errno::from_io_error(&error).map_or(FileErrorKind::Other, FileErrorKind::from_errno);
        Self { action, path: path.to_owned(), kind, source: Some(error) }
    }

    /// Whether the machine failed: too many open files, a broken disk, an interruption. That says
    /// nothing about the file, so a file that meets it must not be passed over.
    pub fn is_of_the_machine(&self) -> bool {
        matches!(self.kind, FileErrorKind::Other | FileErrorKind::Full | FileErrorKind::Stopped)
    }

    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            FileErrorKind::Missing => "check the path",
            FileErrorKind::Exists => "move it away or choose another name",
            FileErrorKind::Denied => {
                "check the owner and the permissions of the file and its folder"
            }
            FileErrorKind::ReadOnly => "use a folder on a file system that is mounted for writing",
            FileErrorKind::Full => "free some space and run the same command again",
            FileErrorKind::Link => {
                "replace the link by what it points to, or name that place itself"
            }
            FileErrorKind::HardLink => "replace it by a copy of its own",
            FileErrorKind::TooLarge(_) => "leave the file out with an exclude pattern",
            FileErrorKind::TooMany(_) => "name a smaller folder",
            FileErrorKind::NotAFile | FileErrorKind::NotAFolder => "check what stands at that path",
            FileErrorKind::NotEmpty => "empty the folder or choose another",
            FileErrorKind::Locked(_) => "wait until the other run has ended",
            FileErrorKind::Path => "use a path inside the folder, written in UTF-8",
            FileErrorKind::Stopped => "run the same command again",
            FileErrorKind::Other => "see the answer of the operating system",
        }
    }
}

impl FileErrorKind {
    pub(crate) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing,
            Errno::EXIST => Self::Exists,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::ROFS => Self::ReadOnly,
            Errno::NOSPC | Errno::DQUOT => Self::Full,
            Errno::LOOP | Errno::MLINK => Self::Link,
            Errno::NOTDIR => Self::NotAFolder,
            // A pipe without a reader, a socket or a device without a driver.
            Errno::ISDIR | Errno::NXIO | Errno::NODEV => Self::NotAFile,
            Errno::NOTEMPTY => Self::NotEmpty,
            Errno::NAMETOOLONG | Errno::INVAL | Errno::XDEV => Self::Path,
            _ => Self::Other,
        }
    }
}
