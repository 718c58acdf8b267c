//! Every file of a folder, without what a person would not call part of it.

use std::path::Path;

use artifact::TreePath;
use ignore::{DirEntry, WalkBuilder};

use crate::{FileError, FileErrorKind};

/// How a folder is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkOptions {
    /// Whether `.gitignore`, `.git/info/exclude` and the user's git excludes are followed.
    pub respect_git_ignore: bool,
    /// The most files that are listed; a larger folder is an error.
    pub limit_files: usize,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self { respect_git_ignore: true, limit_files: 1_000_000 }
    }
}

/// One file or link that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkedFile {
    /// The path below the folder.
    pub path: TreePath,
    /// Whether it is a symbolic link; links are listed, never followed.
    pub is_link: bool,
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// Files and links, sorted by path.
    pub files: Vec<WalkedFile>,
    /// Folders that hold a repository of their own, sorted; what is in them is not listed.
    pub nested_repositories: Vec<TreePath>,
    /// What could not be listed, in words.
    pub problems: Vec<String>,
}

/// Lists the files of a folder. Left out are folders of version control systems, virtual
/// environments, `__pycache__`, `node_modules`, nested repositories and, if asked for, what git
/// ignores.
pub fn walk_folder(folder: &Path, options: WalkOptions) -> Result<Walked, FileError> {
    let mut walked = Walked::default();
    let mut nested = Vec::new();
    let walk = WalkBuilder::new(folder)
        .follow_links(false)
        .hidden(false)
        .ignore(false)
        .parents(options.respect_git_ignore)
        .git_ignore(options.respect_git_ignore)
        .git_exclude(options.respect_git_ignore)
        .git_global(options.respect_git_ignore)
        .require_git(true)
        .filter_entry(|entry| entry.depth() == 0 || !is_foreign(entry))
        .build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == Some(0) => return Err(root_error(folder, error)),
            Err(error) => {
                walked.problems.push(error.to_string());
                continue;
            }
        };
        if let Some(error) = entry.error() {
            walked.problems.push(error.to_string());
        }
        let Some(kind) = entry.file_type() else { continue };
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        if below.as_os_str().is_empty() {
            if !kind.is_dir() {
                return Err(FileError::new("list", folder, FileErrorKind::NotAFolder));
            }
            continue;
        }
        let Some(path) = below.to_str().and_then(|text| TreePath::new(text).ok()) else {
            walked.problems.push(format!("the name of {} cannot be used", below.display()));
            continue;
        };
        if kind.is_dir() {
            if is_repository(&entry) {
                nested.push(path);
            }
        } else if kind.is_file() || kind.is_symlink() {
            walked.files.push(WalkedFile { path, is_link: kind.is_symlink() });
        }
        if walked.files.len() > options.limit_files {
            let kind = FileErrorKind::TooMany(options.limit_files);
            return Err(FileError::new("list", folder, kind));
        }
    }
    walked.files.sort();
    walked.problems.sort();
    nested.sort();
    walked.nested_repositories = nested;
    let nested = &walked.nested_repositories;
    if !nested.is_empty() {
        walked.files.retain(|file| !nested.iter().any(|outer| is_below(&file.path, outer)));
    }
    Ok(walked)
}

fn is_below(path: &TreePath, folder: &TreePath) -> bool {
    path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

fn root_error(folder: &Path, error: ignore::Error) -> FileError {
    match error.into_io_error() {
        Some(error) => FileError::from_io("list", folder, error),
        None => FileError::new("list", folder, FileErrorKind::Other),
    }
}

fn is_foreign(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let name = entry.file_name().to_str().unwrap_or_default();
    if matches!(name, ".git" | ".hg" | ".svn" | ".bzr" | "_darcs" | ".jj") {
        return true;
    }
    is_folder
        && (matches!(name, "__pycache__" | "node_modules")
            || exists(&entry.path().join("pyvenv.cfg")))
}

fn is_repository(entry: &DirEntry) -> bool {
    exists(&entry.path().join(".git"))
}

fn exists(path: &Path) -> bool {
    rustix::fs::lstat(path).is_ok()
}
