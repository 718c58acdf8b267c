//! What each commit between two versions changed.

use artifact::TreePath;
use gix::object::tree::diff::ChangeDetached;
use gix::objs::tree::EntryMode;
use rayon::prelude::*;

use crate::SourceError;
use crate::git::{BlobContent, GitRepository, git_error};

/// How much of a history is looked at. Both count what lies in the repository, so that the same
/// history always gives the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The newest commits, this many.
    pub commits: usize,
    /// Changed files over all commits that are kept.
    pub files: usize,
    /// Larger files than this are as good as unreadable.
    pub file_bytes: u64,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { commits: 10_000, files: 40_000, file_bytes: 2 << 20 }
    }
}

/// Which commits and which of their files are wanted, by paths.
pub struct WantedChanges<'a> {
    /// A commit is kept when it changes or drops such a file.
    pub anchor: &'a (dyn Fn(&str) -> bool + Sync),
    /// Of a commit that is kept, these files are.
    pub kept: &'a (dyn Fn(&str) -> bool + Sync),
}

/// The commits between two versions that changed wanted files, the newest first.
#[derive(Debug)]
pub struct History {
    /// The commits, without merges: what a merge brings, its own commits say.
    pub commits: Vec<CommitChanges>,
    /// Whether there is more than was looked at.
    pub is_cut: bool,
    content: BlobContent,
    file_bytes: u64,
}

/// What one commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitChanges {
    /// The commit.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// The wanted files that it changed, in order of their paths.
    pub files: Vec<ChangedBlob>,
}

/// A file before and after a commit; none where there was no such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedBlob {
    /// Where it lies.
    pub path: TreePath,
    before: Option<gix::ObjectId>,
    after: Option<gix::ObjectId>,
}

impl History {
    /// The bytes of a file before and after its commit; none where it was not there, or cannot be
    /// read.
    pub fn texts(&self, file: &ChangedBlob) -> [Option<Vec<u8>>; 2] {
        let read = |id: Option<gix::ObjectId>| {
            let id = id?;
            let fits = self.content.size(id).is_ok_and(|size| size <= self.file_bytes);
            fits.then(|| self.content.bytes(id).ok()).flatten()
        };
        [read(file.before), read(file.after)]
    }
}

impl GitRepository {
    /// Whether the other one stands for the same folder of the same repository.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let place = |it: &Self| (it.git_folder(), it.folder().cloned());
        place(self) == place(other)
    }

    /// The commits whose parents a shallow clone lacks, in order; none in a complete repository.
    pub fn shallow_boundary(&self) -> Vec<String> {
        let boundary = self.local().shallow_commits().ok().flatten();
        let mut ids: Vec<String> =
            boundary.iter().flat_map(|commits| commits.iter()).map(ToString::to_string).collect();
        ids.sort();
        ids
    }

    /// The commits that the one version has and the other lacks, as far as they changed wanted
    /// files. A shallow clone gives what it has.
    pub fn changes_between(
        &self,
        from: &str,
        to: &str,
        limits: HistoryLimits,
        wanted: &WantedChanges<'_>,
    ) -> Result<History, SourceError> {
        let local = self.local();
        let failed = |error| git_error("walk the history", self.path(), error);
        let id = |commit: &str| {
            gix::ObjectId::from_hex(commit.as_bytes())
                .map_err(|error| git_error("read a commit id", self.path(), error))
        };
        let walk = local.rev_walk([id(to)?]).with_hidden([id(from)?]).all().map_err(failed)?;
        let mut ids = Vec::new();
        for info in walk {
            let info = info.map_err(failed)?;
            if let [parent] = info.parent_ids.as_slice() {
                ids.push((info.id, *parent));
            }
            if ids.len() > limits.commits {
                break;
            }
        }
        let mut is_cut = ids.len() > limits.commits;
        ids.truncate(limits.commits);
        let content = self.content();
        let mut commits: Vec<CommitChanges> = ids
            .into_par_iter()
            .filter_map(|(id, parent)| {
                content.with_handle(|handle| changes(handle, self.folder(), id, parent, wanted))
            })
            .collect();
        let mut files = 0;
        let within = commits.iter().take_while(|commit| {
            files += commit.files.len();
            files <= limits.files
        });
        let within = within.count();
        is_cut |= within < commits.len();
        commits.truncate(within);
        Ok(History { commits, is_cut, content, file_bytes: limits.file_bytes })
    }
}

/// What a commit did to the wanted files; none when it did nothing to those that make it wanted, or
/// when its parent is not there.
fn changes(
    repository: &gix::Repository,
    folder: Option<&TreePath>,
    id: gix::ObjectId,
    parent: gix::ObjectId,
    wanted: &WantedChanges<'_>,
) -> Option<CommitChanges> {
    let commit = repository.find_commit(id).ok()?;
    let before = tree_of(&repository.find_commit(parent).ok()?, folder)?;
    let after = tree_of(&commit, folder)?;
    if before.id == after.id {
        return None;
    }
    let options = gix::diff::Options::default();
    let changed = repository.diff_tree_to_tree(&before, &after, options).ok()?;
    let mut files: Vec<ChangedBlob> = Vec::new();
    let mut is_wanted = false;
    for change in changed {
        let Some(file) = changed_blob(change) else { continue };
        let path = file.path.as_str();
        is_wanted |= file.before.is_some() && (wanted.anchor)(path);
        if (wanted.kept)(path) || (wanted.anchor)(path) {
            files.push(file);
        }
    }
    if !is_wanted {
        return None;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let message = commit.message().ok()?;
    let subject = message.summary().to_string();
    Some(CommitChanges { id: id.to_string(), subject, files })
}

/// The files of a commit, below the folder alone if there is one; an empty tree where it has no
/// such folder.
fn tree_of<'a>(commit: &gix::Commit<'a>, folder: Option<&TreePath>) -> Option<gix::Tree<'a>> {
    let tree = commit.tree().ok()?;
    let Some(folder) = folder else { return Some(tree) };
    let repository = commit.repo;
    match tree.lookup_entry_by_path(folder.as_str()).ok()? {
        Some(entry) if entry.mode().is_tree() => Some(entry.object().ok()?.into_tree()),
        _ => Some(repository.empty_tree()),
    }
}

fn changed_blob(change: ChangeDetached) -> Option<ChangedBlob> {
    let file = |mode: EntryMode, id: gix::ObjectId| mode.is_blob().then_some(id);
    let (location, before, after) = match change {
        ChangeDetached::Addition { location, entry_mode, id, .. } => {
            (location, None, file(entry_mode, id))
        }
        ChangeDetached::Deletion { location, entry_mode, id, .. } => {
            (location, file(entry_mode, id), None)
        }
        ChangeDetached::Modification {
            location,
            previous_entry_mode,
            previous_id,
            entry_mode,
            id,
        } => (location, file(previous_entry_mode, previous_id), file(entry_mode, id)),
        ChangeDetached::Rewrite { .. } => return None,
    };
    if before == after {
        return None;
    }
    let path = TreePath::new(std::str::from_utf8(&location).ok()?).ok()?;
    Some(ChangedBlob { path, before, after })
}
