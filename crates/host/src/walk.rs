//! Every file of a folder, without what a person would not call part of it.

use std::path::Path;

use artifact::TreePath;

use crate::git_ignore::IgnoreLevel;
use crate::{DiskFiles, FileError, FileErrorKind, Files as _, FolderEntry, NodeKind};

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
///
/// A folder that may not be listed is a problem of its own; a machine that fails ends the walk, so
/// that nothing is taken for the whole that is a part.
///
/// Each folder is opened below the one that was named, so that the walk stays inside it even when
/// others put links in its way meanwhile.
pub fn walk_folder(folder: &Path, options: WalkOptions) -> Result<Walked, FileError> {
    let mut walk = Walk { folder, options, walked: Walked::default(), open: Vec::new() };
    let entries = DiskFiles.list(folder, None)?;
    let problems = &mut walk.walked.problems;
    let level = if options.respect_git_ignore {
        IgnoreLevel::at(folder, problems)
    } else {
        IgnoreLevel::nothing()
    };
    walk.take(None, entries, &level)?;
    while let Some((below, level)) = walk.open.pop() {
        walk.enter(below, &level)?;
    }
    let mut walked = walk.walked;
    walked.files.sort();
    walked.problems.sort();
    walked.nested_repositories.sort();
    Ok(walked)
}

struct Walk<'a> {
    folder: &'a Path,
    options: WalkOptions,
    walked: Walked,
    /// Folders that have still to be listed, with the patterns that hold above them.
    open: Vec<(TreePath, IgnoreLevel)>,
}

impl Walk<'_> {
    fn enter(&mut self, below: TreePath, above: &IgnoreLevel) -> Result<(), FileError> {
        let entries = match DiskFiles.list(self.folder, Some(&below)) {
            Ok(entries) => entries,
            Err(error) if error.is_of_the_machine() => return Err(error),
            Err(error) => {
                self.walked.problems.push(error.to_string());
                return Ok(());
            }
        };
        let holds = |name: &str| entries.iter().any(|entry| entry.name == name);
        if holds(".git") {
            self.walked.nested_repositories.push(below);
            return Ok(());
        }
        // A virtual environment.
        if holds("pyvenv.cfg") {
            return Ok(());
        }
        let level = if holds(".gitignore") {
            above.inside(&self.folder.join(below.as_str()), &mut self.walked.problems)
        } else {
            above.clone()
        };
        self.take(Some(&below), entries, &level)
    }

    fn take(
        &mut self,
        below: Option<&TreePath>,
        entries: Vec<FolderEntry>,
        level: &IgnoreLevel,
    ) -> Result<(), FileError> {
        for entry in entries {
            let is_folder = entry.kind == NodeKind::Folder;
            if is_foreign(&entry.name, is_folder) {
                continue;
            }
            let text = match below {
                Some(below) => format!("{below}/{}", entry.name),
                None => entry.name,
            };
            if level.ignores(&self.folder.join(&text), is_folder) {
                continue;
            }
            let path = match TreePath::new(&text) {
                Ok(path) if entry.is_utf8 => path,
                Ok(_) => {
                    self.walked.problems.push(format!("the name of `{text}` is not UTF-8"));
                    continue;
                }
                Err(error) => {
                    self.walked.problems.push(error.to_string());
                    continue;
                }
            };
            match entry.kind {
                NodeKind::Folder => self.open.push((path, level.clone())),
                NodeKind::File => self.walked.files.push(WalkedFile { path, is_link: false }),
                NodeKind::Link => self.walked.files.push(WalkedFile { path, is_link: true }),
                NodeKind::Special => {}
            }
            if self.walked.files.len() > self.options.limit_files {
                let kind = FileErrorKind::TooMany(self.options.limit_files);
                return Err(FileError::new("list", self.folder, kind));
            }
        }
        Ok(())
    }
}

fn is_foreign(name: &str, is_folder: bool) -> bool {
    matches!(name, ".git" | ".hg" | ".svn" | ".bzr" | "_darcs" | ".jj")
        || (is_folder && matches!(name, "__pycache__" | "node_modules"))
}
