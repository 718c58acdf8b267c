//! A git repository at a ref, read from its object database; the user's work tree is never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use artifact::{Finding, Severity, Timestamp, TreePath};
use gix::object::tree::EntryKind as GitEntryKind;
use gix::objs::tree::EntryMode;
use rayon::prelude::*;

use crate::tree::{Content, FILE_LIMIT_BYTES, is_lfs_pointer};
use crate::version::{tag_names, tag_version};
use crate::{
    ContentIdentity, EntryKind, ReadError, ReleasedVersion, SourceEntry, SourceError, SourceTree,
    TreeIdentity,
};

/// A git repository, or one folder of it.
#[derive(Clone)]
pub struct GitRepository {
    repository: Arc<gix::ThreadSafeRepository>,
    path: PathBuf,
    folder: Option<TreePath>,
}

impl std::fmt::Debug for GitRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitRepository")
            .field("path", &self.path)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl GitRepository {
    /// The repository that this folder is, or lies in. A folder inside a work tree stands for that
    /// folder alone. None when there is no repository.
    pub fn discover(path: &Path) -> Result<Option<Self>, SourceError> {
        use host::Files as _;
        let path = host::DiskFiles.canonical(path)?;
        let options = gix::discover::upwards::Options::default();
        let found = gix::discover_opts(&path, options, gix::open::Options::isolated());
        let repository = match found {
            Ok(repository) => repository,
            Err(_) if !looks_like_repository(&path) => return Ok(None),
            Err(error) => return Err(git_error("open it", &path, error)),
        };
        let workdir = repository.workdir().and_then(|dir| host::DiskFiles.canonical(dir).ok());
        let folder = workdir
            .as_deref()
            .and_then(|workdir| path.strip_prefix(workdir).ok())
            .and_then(Path::to_str)
            .and_then(|below| TreePath::new(below).ok());
        Ok(Some(Self { repository: Arc::new(repository.into_sync()), path, folder }))
    }

    /// The folder of the work tree, if the repository has one.
    pub fn work_tree(&self) -> Option<PathBuf> {
        self.repository.to_thread_local().workdir().map(Path::to_owned)
    }

    /// The path that it was found by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that holds the objects.
    pub(crate) fn git_folder(&self) -> PathBuf {
        self.local().common_dir().to_owned()
    }

    /// A handle for this thread.
    pub(crate) fn local(&self) -> gix::Repository {
        self.repository.to_thread_local()
    }

    /// Its files' content, for any thread.
    pub(crate) fn content(&self) -> BlobContent {
        BlobContent::new(self.repository.clone())
    }

    /// Every folder that must be readable to use the repository: its work tree, its own folders,
    /// and where it borrows objects from.
    pub fn folders(&self) -> Vec<PathBuf> {
        use host::Files as _;
        let repository = self.repository.to_thread_local();
        let borrowed = repository.objects.store_ref().alternate_db_paths().unwrap_or_default();
        let own = [repository.git_dir(), repository.common_dir()];
        let folders = own.into_iter().chain(repository.workdir()).map(Path::to_owned);
        let folders = folders.chain(borrowed);
        // A link among them would lead nowhere in a sandbox.
        folders.filter_map(|folder| host::DiskFiles.canonical(&folder).ok()).collect()
    }

    /// The folder below the repository's root that this stands for; none for the whole.
    pub fn folder(&self) -> Option<&TreePath> {
        self.folder.as_ref()
    }

    /// The commit that is checked out; none in a repository without commits.
    pub fn head(&self) -> Option<String> {
        let repository = self.repository.to_thread_local();
        repository.head_id().ok().map(|id| id.to_string())
    }

    /// The commit that a version, tag, branch or (shortened) commit id names. Two tags of one
    /// version that name different commits are an error.
    pub fn resolve(
        &self,
        version: &str,
        distribution: Option<&str>,
    ) -> Result<(String, String), SourceError> {
        let repository = self.repository.to_thread_local();
        let mut commits: BTreeMap<gix::ObjectId, Vec<String>> = BTreeMap::new();
        let names = tag_names(version, distribution);
        for name in &names {
            let reference = repository.try_find_reference(format!("refs/tags/{name}").as_str());
            if let Ok(Some(mut reference)) = reference {
                let commit = reference.peel_to_commit().map_err(|error| {
                    git_error(&format!("follow the tag `{name}`"), &self.path, error)
                })?;
                commits.entry(commit.id).or_default().push(name.clone());
            }
        }
        if commits.is_empty() {
            commits = self.tags_of_equal_version(&repository, version, distribution)?;
        }
        if commits.len() > 1 {
            let choices = commits
                .iter()
                .map(|(commit, names)| {
                    (names.first().cloned().unwrap_or_default(), commit.to_string())
                })
                .collect();
            return Err(SourceError::AmbiguousVersion { version: version.to_owned(), choices });
        }
        if let Some((commit, names)) = commits.into_iter().next() {
            return Ok((names.into_iter().next().unwrap_or_default(), commit.to_string()));
        }
        let commit = repository
            .rev_parse_single(version)
            .ok()
            .and_then(|id| id.object().ok())
            .and_then(|object| object.peel_to_commit().ok());
        match commit {
            Some(commit) => Ok((version.to_owned(), commit.id.to_string())),
            None => Err(SourceError::UnknownVersion {
                version: version.to_owned(),
                path: self.path.clone(),
                alike: self.alike(version, distribution),
            }),
        }
    }

    /// Tags whose version equals this one by PEP 440, such as `1.0` for `1.0.0`.
    fn tags_of_equal_version(
        &self,
        repository: &gix::Repository,
        version: &str,
        distribution: Option<&str>,
    ) -> Result<BTreeMap<gix::ObjectId, Vec<String>>, SourceError> {
        let mut commits: BTreeMap<gix::ObjectId, Vec<String>> = BTreeMap::new();
        let Some(wanted) = tag_version(version, distribution) else { return Ok(commits) };
        for (tag, commit) in self.tags(repository)? {
            if tag_version(&tag, distribution).as_ref() == Some(&wanted) {
                commits.entry(commit).or_default().push(tag);
            }
        }
        Ok(commits)
    }

    /// The released versions by their tags, oldest first.
    pub fn versions(
        &self,
        distribution: Option<&str>,
    ) -> Result<Vec<ReleasedVersion>, SourceError> {
        let repository = self.repository.to_thread_local();
        let mut versions: Vec<ReleasedVersion> = Vec::new();
        for (tag, commit) in self.tags(&repository)? {
            let Some(version) = tag_version(&tag, distribution) else { continue };
            let time = repository.find_commit(commit).ok().and_then(|commit| commit_time(&commit));
            versions.push(ReleasedVersion {
                is_prerelease: version.any_prerelease(),
                version,
                reference: tag,
                yanked: None,
                released_at: time,
            });
        }
        versions.sort_by(|a, b| a.version.cmp(&b.version).then(a.reference.cmp(&b.reference)));
        versions.dedup_by(|later, first| later.version == first.version);
        Ok(versions)
    }

    fn tags(
        &self,
        repository: &gix::Repository,
    ) -> Result<Vec<(String, gix::ObjectId)>, SourceError> {
        let failed = |error| git_error("list the tags", &self.path, error);
        let platform = repository.references().map_err(failed)?;
        let mut tags = Vec::new();
        for reference in platform.tags().map_err(failed)? {
            // A broken tag must not hide the others.
            let Ok(mut reference) = reference else { continue };
            let name = reference.name().shorten().to_string();
            if let Ok(commit) = reference.peel_to_commit() {
                tags.push((name, commit.id));
            }
        }
        tags.sort();
        Ok(tags)
    }

    fn alike(&self, version: &str, distribution: Option<&str>) -> Vec<String> {
        let numbers =
            |text: &str| text.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
        let wanted = numbers(version);
        let major = wanted.split('.').next().unwrap_or_default().to_owned();
        let versions = self.versions(distribution).unwrap_or_default();
        let shared = |a: &str| a.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
        let mut alike: Vec<(usize, String)> = versions
            .into_iter()
            .filter(|known| numbers(&known.reference).split('.').next() == Some(major.as_str()))
            .map(|known| (shared(&numbers(&known.reference)), known.reference))
            .collect();
        alike.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)));
        alike.into_iter().take(5).map(|(_, name)| name).collect()
    }

    /// The tree of a version, tag, branch or commit.
    pub fn open(
        &self,
        version: &str,
        distribution: Option<&str>,
    ) -> Result<SourceTree, SourceError> {
        let (reference, commit) = self.resolve(version, distribution)?;
        let repository = self.repository.to_thread_local();
        let failed = |error| git_error(&format!("read commit {commit}"), &self.path, error);
        let id = gix::ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| git_error("read a commit id", &self.path, error))?;
        let commit_object = repository.find_commit(id).map_err(failed)?;
        let mut tree = commit_object.tree().map_err(failed)?;
        if let Some(folder) = &self.folder {
            let below = tree.lookup_entry_by_path(folder.as_str()).map_err(failed)?;
            let missing = || SourceError::MissingFolder {
                folder: folder.to_string(),
                commit: commit.clone(),
            };
            let below = below.filter(|entry| entry.mode().is_tree()).ok_or_else(missing)?;
            tree = below.object().map_err(failed)?.into_tree();
        }
        let files = tree.traverse().breadthfirst.files().map_err(failed)?;
        let content = Arc::new(BlobContent::new(self.repository.clone()));
        let (entries, findings) = list(&content, files);
        let identity = TreeIdentity {
            commit: Some(commit.clone()),
            created_at: commit_time(&commit_object),
            distribution: distribution.map(str::to_owned),
            ..TreeIdentity::named(reference)
        };
        Ok(SourceTree::new(identity, entries, findings, content))
    }

    /// When each path last changed in the history of a commit: the time of the newest commit on the
    /// first-parent line that touched it.
    pub fn last_modified(
        &self,
        commit: &str,
    ) -> Result<BTreeMap<TreePath, Timestamp>, SourceError> {
        let repository = self.repository.to_thread_local();
        let failed = |error| git_error("walk the history", &self.path, error);
        let id = gix::ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| git_error("read a commit id", &self.path, error))?;
        let mut times = BTreeMap::new();
        let mut current = repository.find_commit(id).map_err(failed)?;
        let mut files = self.flat_files(&current).map_err(failed)?;
        let mut open: BTreeSet<Vec<u8>> = files.keys().cloned().collect();
        while !open.is_empty() {
            let parent_id = current.parent_ids().next().map(gix::Id::detach);
            // A shallow clone ends where its history was cut off.
            let parent = parent_id.and_then(|id| repository.find_commit(id).ok());
            let before = match &parent {
                Some(parent) => self.flat_files(parent).map_err(failed)?,
                None => BTreeMap::new(),
            };
            let time = commit_time(&current);
            open.retain(|path| {
                if before.get(path) == files.get(path) {
                    return true;
                }
                let known = std::str::from_utf8(path).ok().and_then(|p| TreePath::new(p).ok());
                if let (Some(path), Some(time)) = (known, time) {
                    times.insert(path, time);
                }
                false
            });
            let Some(parent) = parent else { break };
            current = parent;
            files = before;
        }
        Ok(times)
    }

    fn flat_files(
        &self,
        commit: &gix::Commit<'_>,
    ) -> Result<BTreeMap<Vec<u8>, gix::ObjectId>, gix::Error> {
        let mut tree = commit.tree()?;
        if let Some(folder) = &self.folder {
            match tree.lookup_entry_by_path(folder.as_str())? {
                Some(entry) if entry.mode().is_tree() => tree = entry.object()?.into_tree(),
                _ => return Ok(BTreeMap::new()),
            }
        }
        let files = tree.traverse().breadthfirst.files()?;
        let blobs = files.into_iter().filter(|entry| !entry.mode.is_tree());
        Ok(blobs.map(|entry| (entry.filepath.into(), entry.oid)).collect())
    }

    /// A path below the folder that this stands for, as the repository writes it.
    fn full_path(&self, path: &TreePath) -> String {
        match &self.folder {
            Some(folder) => format!("{folder}/{path}"),
            None => path.to_string(),
        }
    }
}

/// How a file in the work tree stands to the last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileStatus {
    /// As in the last commit.
    Clean,
    /// Different from the last commit, staged or not.
    Modified,
    /// Not tracked: git could not bring it back.
    Untracked,
}

/// The regular files that the index tracks below the folder, as paths below it.
pub(crate) fn tracked_files(repository: &GitRepository) -> Result<Vec<TreePath>, SourceError> {
    use gix::index::entry::Mode;
    let local = repository.repository.to_thread_local();
    let index = match local.try_index() {
        Ok(Some(index)) => index,
        Ok(None) => return Ok(Vec::new()),
        Err(error) => return Err(git_error("read the index", &repository.path, error)),
    };
    let prefix = repository.folder.as_ref().map(|folder| format!("{folder}/")).unwrap_or_default();
    let below = index.entries().iter().filter_map(|entry| {
        let is_file = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK);
        let path = std::str::from_utf8(entry.path(&index)).ok()?;
        TreePath::new(path.strip_prefix(&prefix)?).ok().filter(|_| is_file)
    });
    Ok(below.collect())
}

/// How each of these files stands to the last commit. Differences of line ends alone are none, for
/// git may be set up to convert them.
pub(crate) fn file_status(
    repository: &GitRepository,
    paths: &[TreePath],
) -> Result<BTreeMap<TreePath, FileStatus>, SourceError> {
    use gix::bstr::ByteSlice as _;
    use host::{Files as _, Place};
    let failed = |error| git_error("compare files with the last commit", &repository.path, error);
    let local = repository.repository.to_thread_local();
    let index = local.try_index().map_err(failed)?;
    let head = local.head_tree_id().ok().and_then(|id| local.find_tree(id).ok());
    let mut found = BTreeMap::new();
    for path in paths {
        let full = repository.full_path(path);
        let staged = index.as_ref().and_then(|i| i.entry_by_path(full.as_bytes().as_bstr()));
        let Some(staged) = staged.map(|entry| entry.id) else {
            found.insert(path.clone(), FileStatus::Untracked);
            continue;
        };
        let committed = match &head {
            Some(tree) => tree.lookup_entry_by_path(&full).map_err(failed)?,
            None => None,
        };
        let committed = committed.map(|entry| entry.object_id());
        let bytes = host::DiskFiles.read(Place::new(&repository.path, path), FILE_LIMIT_BYTES);
        let is_same = committed == Some(staged)
            && bytes.is_ok_and(|bytes| {
                let unix = || bytes.replace(b"\r\n", b"\n");
                is_blob(staged, &bytes) || is_blob(staged, &unix())
            });
        let status = if is_same { FileStatus::Clean } else { FileStatus::Modified };
        found.insert(path.clone(), status);
    }
    Ok(found)
}

fn is_blob(id: gix::ObjectId, bytes: &[u8]) -> bool {
    let hash = gix::objs::compute_hash(id.kind(), gix::objs::Kind::Blob, bytes);
    hash.is_ok_and(|hash| hash == id)
}

fn looks_like_repository(path: &Path) -> bool {
    use host::{Files as _, Place};
    let git = TreePath::new(".git").ok();
    path.ancestors().any(|folder| {
        git.as_ref().is_some_and(|git| {
            matches!(host::DiskFiles.metadata(Place::new(folder, git)), Ok(Some(_)))
        })
    })
}

pub(crate) fn git_error(
    action: &str,
    path: &Path,
    error: impl std::error::Error + Send + Sync + 'static,
) -> SourceError {
    SourceError::Git { action: action.to_owned(), path: path.to_owned(), source: Box::new(error) }
}

fn commit_time(commit: &gix::Commit<'_>) -> Option<Timestamp> {
    let seconds = commit.committer().ok()?.time().ok()?.seconds;
    Timestamp::from_unix_seconds(seconds).ok()
}

fn list(
    content: &BlobContent,
    files: Vec<gix::traverse::tree::recorder::Entry>,
) -> (Vec<SourceEntry>, Vec<Finding>) {
    let listed: Vec<Result<SourceEntry, Finding>> = files
        .into_par_iter()
        .filter(|entry| !entry.mode.is_tree())
        .map(|entry| describe(content, entry.mode, &entry.filepath, entry.oid))
        .collect();
    let (mut entries, mut findings) = (Vec::new(), Vec::new());
    for outcome in listed {
        match outcome {
            Ok(entry) => entries.push(entry),
            Err(finding) => findings.push(finding),
        }
    }
    (entries, findings)
}

fn describe(
    content: &BlobContent,
    mode: EntryMode,
    path: &[u8],
    id: gix::ObjectId,
) -> Result<SourceEntry, Finding> {
    let text = String::from_utf8_lossy(path);
    let refuse = |why: String| Finding::new(Severity::Warning, "member-refused", why);
    let usable = std::str::from_utf8(path).ok().and_then(|text| TreePath::new(text).ok());
    let Some(path) = usable else {
        return Err(refuse(format!("the path `{}` cannot be used", text.escape_debug())));
    };
    let bytes: [u8; 20] = id
        .as_bytes()
        .try_into()
        .map_err(|_| refuse("objects are named by SHA-256, which is not supported".to_owned()))?;
    let identity = ContentIdentity::GitBlob(bytes);
    let kind = mode.kind();
    if kind == GitEntryKind::Commit {
        return Ok(SourceEntry {
            path,
            kind: EntryKind::Submodule,
            size_bytes: 0,
            is_executable: false,
            identity,
            modified: None,
        });
    }
    let unreadable =
        |why: String| Finding::new(Severity::Error, "unreadable-file", why).in_file(&path);
    let size_bytes = content.size(id).map_err(unreadable)?;
    // The pointers that git-lfs writes are between 120 and 200 bytes.
    let may_point = kind != GitEntryKind::Link && (100..400).contains(&size_bytes);
    let points = may_point && content.bytes(id).is_ok_and(|bytes| is_lfs_pointer(&bytes));
    Ok(SourceEntry {
        kind: match kind {
            GitEntryKind::Link => EntryKind::Symlink,
            _ if points => EntryKind::LfsPointer,
            _ => EntryKind::File,
        },
        path,
        size_bytes,
        is_executable: kind == GitEntryKind::BlobExecutable,
        identity,
        modified: None,
    })
}

/// Reads blobs from any thread; each thread borrows a repository handle, whose caches stay warm.
pub(crate) struct BlobContent {
    repository: Arc<gix::ThreadSafeRepository>,
    handles: Mutex<Vec<gix::Repository>>,
}

impl std::fmt::Debug for BlobContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobContent")
    }
}

impl BlobContent {
    fn new(repository: Arc<gix::ThreadSafeRepository>) -> Self {
        Self { repository, handles: Mutex::default() }
    }

    pub(crate) fn with_handle<T>(&self, work: impl FnOnce(&gix::Repository) -> T) -> T {
        let idle = self.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = idle.unwrap_or_else(|| self.repository.to_thread_local());
        let outcome = work(&handle);
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        outcome
    }

    pub(crate) fn size(&self, id: gix::ObjectId) -> Result<u64, String> {
        self.with_handle(|handle| handle.find_header(id).map(|header| header.size()))
            .map_err(|error| error.to_string())
    }

    pub(crate) fn bytes(&self, id: gix::ObjectId) -> Result<Vec<u8>, String> {
        self.with_handle(|handle| handle.find_blob(id).map(|mut blob| blob.take_data()))
            .map_err(|error| error.to_string())
    }
}

impl Content for BlobContent {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError> {
        let damaged = |problem: String| ReadError::Damaged { path: entry.path.clone(), problem };
        if entry.size_bytes > FILE_LIMIT_BYTES {
            return Err(damaged(format!("it is larger than {FILE_LIMIT_BYTES} bytes")));
        }
        let ContentIdentity::GitBlob(id) = entry.identity else {
            return Err(damaged("it has no git object".to_owned()));
        };
        self.bytes(gix::ObjectId::from_bytes_or_panic(&id)).map_err(damaged)
    }
}
