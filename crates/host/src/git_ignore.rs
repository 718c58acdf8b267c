//! What git ignores below a folder.
//!
//! The files that say so come with the folder, from anybody: they are read like every other file
//! there, never through a link and never beyond a limit. A `.gitignore` that is a link has no
//! effect, as in git itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::TreePath;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::{DiskFiles, FileErrorKind, Files as _, Place};

/// Larger files of patterns are not read.
const LIMIT_BYTES: u64 = 1 << 20;

/// The patterns that hold in one folder: its own, then those of the folders above it.
#[derive(Debug, Clone)]
pub(crate) struct IgnoreLevel(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    patterns: Gitignore,
    /// Those of `.git/info/exclude` and of the user, at the root of the repository.
    last: Vec<Gitignore>,
    above: IgnoreLevel,
}

impl IgnoreLevel {
    /// Nothing is ignored.
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// What holds in a folder, with what the folders above it say up to the root of its repository;
    /// outside a repository nothing is ignored.
    pub(crate) fn at(folder: &Path, problems: &mut Vec<String>) -> Self {
        let Some(root) = folder.ancestors().find(|folder| has_git(folder)) else {
            return Self::nothing();
        };
        let between = folder.strip_prefix(root).unwrap_or(Path::new(""));
        let mut level = Self(Some(Arc::new(Level {
            patterns: patterns(root, &[".gitignore"], root, problems),
            last: vec![excluded(root, problems), of_the_user(root)],
            above: Self::nothing(),
        })));
        let mut below = root.to_owned();
        for part in between.components() {
            below.push(part);
            level = level.inside(&below, problems);
        }
        level
    }

    /// What holds in a folder of this one's, given by its whole path.
    pub(crate) fn inside(&self, folder: &Path, problems: &mut Vec<String>) -> Self {
        if self.0.is_none() {
            return Self::nothing();
        }
        let patterns = patterns(folder, &[".gitignore"], folder, problems);
        if patterns.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Level { patterns, last: Vec::new(), above: self.clone() })))
    }

    /// Whether git ignores this path of the folder, given as a whole.
    pub(crate) fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        let mut level = self.0.as_deref();
        let mut root = None;
        while let Some(here) = level {
            if let Some(ignores) = decided(&here.patterns, path, is_folder) {
                return ignores;
            }
            root = Some(here);
            level = here.above.0.as_deref();
        }
        let last = root.map(|root| root.last.as_slice()).unwrap_or_default();
        last.iter().find_map(|patterns| decided(patterns, path, is_folder)).unwrap_or(false)
    }
}

fn decided(patterns: &Gitignore, path: &Path, is_folder: bool) -> Option<bool> {
    match patterns.matched(path, is_folder) {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }
}

fn has_git(folder: &Path) -> bool {
    read_kind(folder, ".git").is_some()
}

fn read_kind(folder: &Path, name: &str) -> Option<crate::NodeKind> {
    let path = TreePath::new(name).ok()?;
    Some(DiskFiles.metadata(Place::new(folder, &path)).ok()??.kind)
}

/// `.git/info/exclude`, of the repository that a linked work tree belongs to.
fn excluded(root: &Path, problems: &mut Vec<String>) -> Gitignore {
    let git = root.join(".git");
    let git = match read_kind(root, ".git") {
        Some(crate::NodeKind::File) => linked_git_folder(root).unwrap_or(git),
        _ => git,
    };
    patterns(&git, &["info", "exclude"], root, problems)
}

/// The folder of the repository that a `.git` file names.
fn linked_git_folder(root: &Path) -> Option<PathBuf> {
    let line = |folder: &Path, name: &str| {
        let path = TreePath::new(name).ok()?;
        let bytes = DiskFiles.read(Place::new(folder, &path), 4096).ok()?;
        Some(String::from_utf8(bytes).ok()?.trim_end().to_owned())
    };
    let git = root.join(line(root, ".git")?.strip_prefix("gitdir:")?.trim_start());
    Some(match line(&git, "commondir") {
        Some(common) => git.join(common),
        None => git,
    })
}

fn of_the_user(root: &Path) -> Gitignore {
    // The file is the user's own; one that cannot be read ignores nothing.
    GitignoreBuilder::new(root).build_global().0
}

/// The patterns of a file, which hold below `root`.
fn patterns(folder: &Path, parts: &[&str], root: &Path, problems: &mut Vec<String>) -> Gitignore {
    let Ok(path) = TreePath::new(&parts.join("/")) else { return Gitignore::empty() };
    let place = Place::new(folder, &path);
    let bytes = match DiskFiles.read(place, LIMIT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            if !matches!(error.kind, FileErrorKind::Missing | FileErrorKind::NotAFolder) {
                problems.push(format!("its patterns are not followed: {error}"));
            }
            return Gitignore::empty();
        }
    };
    let mut builder = GitignoreBuilder::new(root);
    let text = String::from_utf8_lossy(&bytes);
    for line in text.trim_start_matches('\u{feff}').lines() {
        if let Err(error) = builder.add_line(None, line) {
            problems.push(format!(
                "a pattern of {} is not followed: {error}",
                place.to_path().display()
            ));
        }
    }
    builder.build().unwrap_or_else(|error| {
        problems.push(format!("{}: {error}", place.to_path().display()));
        Gitignore::empty()
    })
}
