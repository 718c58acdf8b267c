//! A folder on the disk as a tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{Digest, Finding, Severity, Timestamp, TreePath};
use host::{
    DiskFiles, FileError, FileErrorKind, Files as _, Metadata, NodeKind, Place, WalkOptions,
    Walked, WalkedFile, walk_folder,
};
use rayon::prelude::*;

use crate::tree::{Content, FILE_LIMIT_BYTES, is_lfs_pointer};
use crate::{ContentIdentity, EntryKind, ReadError, SourceEntry, SourceTree, TreeIdentity};

/// How a folder is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderOptions {
    /// Whether what git ignores is part of the tree too.
    pub with_ignored: bool,
    /// Whether entries carry the time of their last change.
    pub with_times: bool,
}

/// The files of a folder, each with the digest of its content. Links are never followed out of it.
pub fn open_folder(folder: &Path, options: FolderOptions) -> Result<SourceTree, FileError> {
    open_folder_with(folder, options, &[])
}

/// The same, with files that are part of the tree although git would ignore them.
pub(crate) fn open_folder_with(
    folder: &Path,
    options: FolderOptions,
    tracked: &[TreePath],
) -> Result<SourceTree, FileError> {
    let folder = DiskFiles.canonical(folder)?;
    let walk = WalkOptions { respect_git_ignore: !options.with_ignored, ..WalkOptions::default() };
    let mut walked = walk_folder(&folder, walk)?;
    add_tracked(&folder, &mut walked, tracked);
    let read: Vec<Result<SourceEntry, FileError>> = walked
        .files
        .par_iter()
        .map(|file| {
            let place = Place::new(&folder, &file.path);
            entry(place, file.is_link, options)
        })
        .collect();
    let mut entries = Vec::new();
    let mut findings: Vec<Finding> = walked
        .problems
        .iter()
        .map(|problem| Finding::new(Severity::Warning, "unreadable-folder", problem))
        .collect();
    for (file, outcome) in walked.files.iter().zip(read) {
        match outcome {
            Ok(entry) => entries.push(entry),
            // Without it the tree would pass for whole.
            Err(error) if error.is_of_the_machine() => return Err(error),
            Err(error) => findings.push(
                Finding::new(Severity::Warning, "unreadable-file", error.to_string())
                    .in_file(&file.path),
            ),
        }
    }
    for path in walked.nested_repositories {
        let message = "a repository of its own: its content is not part of this tree";
        findings.push(Finding::new(Severity::Note, "nested-repository", message).in_file(&path));
    }
    let name = folder
        .file_name()
        .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
    let content = Arc::new(FolderContent { folder });
    Ok(SourceTree::new(TreeIdentity::named(name), entries, findings, content))
}

/// Adds tracked files that the walk left out because they are ignored; those that are gone are not
/// missed.
fn add_tracked(folder: &Path, walked: &mut Walked, tracked: &[TreePath]) {
    let known: BTreeSet<&TreePath> = walked.files.iter().map(|file| &file.path).collect();
    let is_foreign = |path: &TreePath| {
        path.parts().any(|part| matches!(part, "__pycache__" | "node_modules" | ".git"))
            || path.parent().is_some_and(|parent| in_environment(folder, parent))
    };
    let mut added = Vec::new();
    for path in tracked.iter().filter(|path| !known.contains(path) && !is_foreign(path)) {
        let found = DiskFiles.metadata(Place::new(folder, path));
        if let Ok(Some(Metadata { kind: kind @ (NodeKind::File | NodeKind::Link), .. })) = found {
            added.push(WalkedFile { path: path.clone(), is_link: kind == NodeKind::Link });
        }
    }
    walked.files.extend(added);
    walked.files.sort();
}

/// Whether a folder or one above it is a virtual environment.
fn in_environment(folder: &Path, below: &str) -> bool {
    let ends = below.match_indices('/').map(|(at, _)| at).chain([below.len()]);
    let marks = ends.filter_map(|end| TreePath::new(&format!("{}/pyvenv.cfg", &below[..end])).ok());
    let mut found = marks.map(|mark| DiskFiles.metadata(Place::new(folder, &mark)));
    found.any(|outcome| matches!(outcome, Ok(Some(_))))
}

fn entry(
    place: Place<'_>,
    is_link: bool,
    options: FolderOptions,
) -> Result<SourceEntry, FileError> {
    let (metadata, bytes) = if is_link {
        let missing = || FileError::new("read", place.to_path(), FileErrorKind::Missing);
        (DiskFiles.metadata(place)?.ok_or_else(missing)?, link_text(place)?)
    } else {
        DiskFiles.read_with_metadata(place, FILE_LIMIT_BYTES)?
    };
    let modified = metadata.modified_nanoseconds.div_euclid(1_000_000_000);
    let kind = if is_link {
        EntryKind::Symlink
    } else if is_lfs_pointer(&bytes) {
        EntryKind::LfsPointer
    } else {
        EntryKind::File
    };
    Ok(SourceEntry {
        path: place.path.clone(),
        kind,
        size_bytes: bytes.len() as u64,
        is_executable: !is_link && metadata.mode & 0o100 != 0,
        identity: ContentIdentity::Digest(Digest::of(&bytes)),
        modified: options.with_times.then(|| Timestamp::from_unix_seconds(modified).ok()).flatten(),
    })
}

fn link_text(place: Place<'_>) -> Result<Vec<u8>, FileError> {
    let target = DiskFiles.read_link(place)?;
    Ok(target.into_os_string().into_encoded_bytes())
}

#[derive(Debug)]
struct FolderContent {
    folder: PathBuf,
}

impl Content for FolderContent {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError> {
        let place = Place::new(&self.folder, &entry.path);
        let bytes = if entry.kind == EntryKind::Symlink {
            link_text(place)?
        } else {
            DiskFiles.read(place, FILE_LIMIT_BYTES)?
        };
        // What is read must be what the identity says, for it is the key of caches.
        if ContentIdentity::Digest(Digest::of(&bytes)) != entry.identity {
            return Err(ReadError::Damaged {
                path: entry.path.clone(),
                problem: "it changed while it was being read".to_owned(),
            });
        }
        Ok(bytes)
    }
}
