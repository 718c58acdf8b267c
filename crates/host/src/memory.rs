//! Files that live in memory, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use artifact::TreePath;

use crate::{
    Durability, FileError, FileErrorKind, FileLock, Files, Fill, FolderEntry, Metadata, NodeKind,
    Place,
};

/// Files in memory with folders, modes, links and locks, like a disk that nobody else uses.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<PathBuf, Node>,
    locked: BTreeSet<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    File { bytes: Vec<u8>, mode: u32 },
    Folder,
    Link(PathBuf),
}

impl Node {
    fn kind(&self) -> NodeKind {
        match self {
            Self::File { .. } => NodeKind::File,
            Self::Folder => NodeKind::Folder,
            Self::Link(_) => NodeKind::Link,
        }
    }
}

impl MemoryFiles {
    /// A disk with nothing on it but its root folder.
    pub fn new() -> Self {
        let files = Self::default();
        files.state().nodes.insert(PathBuf::from("/"), Node::Folder);
        files
    }

    /// Every path with a short description of what stands there, sorted: for comparing two disks.
    pub fn picture(&self) -> BTreeMap<PathBuf, String> {
        let describe = |node: &Node| match node {
            Node::File { bytes, mode } => {
                format!("{mode:o} {}", String::from_utf8_lossy(bytes))
            }
            Node::Folder => "folder".to_owned(),
            Node::Link(target) => format!("-> {}", target.display()),
        };
        self.state().nodes.iter().map(|(path, node)| (path.clone(), describe(node))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locate(state: &State, place: Place<'_>, action: &'static str) -> Result<PathBuf, FileError> {
        let mut path = folder_of(state, place.base, action)?;
        let mut parts = place.path.parts().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            if parts.peek().is_none() {
                break;
            }
            expect_folder(state, &path, action)?;
        }
        Ok(path)
    }

    fn insert(&self, place: Place<'_>, action: &'static str, node: Node) -> Result<(), FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, action)?;
        if state.nodes.contains_key(&path) {
            return Err(FileError::new(action, path, FileErrorKind::Exists));
        }
        state.nodes.insert(path, node);
        Ok(())
    }
}

impl Files for MemoryFiles {
    fn metadata(&self, place: Place<'_>) -> Result<Option<Metadata>, FileError> {
        let state = self.state();
        let path = match Self::locate(&state, place, "look at") {
            Ok(path) => path,
            Err(error) if error.kind == FileErrorKind::Missing => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(state.nodes.get(&path).map(|node| Metadata {
            kind: node.kind(),
            size_bytes: match node {
                Node::File { bytes, .. } => bytes.len() as u64,
                Node::Folder => 0,
                Node::Link(target) => target.as_os_str().len() as u64,
            },
            mode: if let Node::File { mode, .. } = node { *mode } else { 0o777 },
            modified_nanoseconds: 0,
        }))
    }

    fn list(&self, base: &Path, below: Option<&TreePath>) -> Result<Vec<FolderEntry>, FileError> {
        let state = self.state();
        let path = match below {
            Some(below) => Self::locate(&state, Place::new(base, below), "list")?,
            None => folder_of(&state, base, "list")?,
        };
        expect_folder(&state, &path, "list")?;
        let inside = state.nodes.iter().filter(|(node, _)| node.parent() == Some(&path));
        let name = |node: &Path| node.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(inside
            .filter_map(|(node, what)| {
                Some(FolderEntry { name: name(node)?, is_utf8: true, kind: what.kind() })
            })
            .collect())
    }

    fn read(&self, place: Place<'_>, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
        let state = self.state();
        let path = Self::locate(&state, place, "read")?;
        let kind = match state.nodes.get(&path) {
            Some(Node::File { bytes, .. }) if bytes.len() as u64 > limit_bytes => {
                FileErrorKind::TooLarge(limit_bytes)
            }
            Some(Node::File { bytes, .. }) => return Ok(bytes.clone()),
            Some(Node::Link(_)) => FileErrorKind::Link,
            Some(Node::Folder) => FileErrorKind::NotAFile,
            None => FileErrorKind::Missing,
        };
        Err(FileError::new("read", path, kind))
    }

    fn read_end(&self, place: Place<'_>, at_most_bytes: u64) -> Result<Vec<u8>, FileError> {
        let bytes = self.read(place, u64::MAX)?;
        let kept = usize::try_from(at_most_bytes).unwrap_or(usize::MAX);
        Ok(bytes[bytes.len().saturating_sub(kept)..].to_vec())
    }

    fn read_link(&self, place: Place<'_>) -> Result<PathBuf, FileError> {
        let state = self.state();
        let path = Self::locate(&state, place, "read the link")?;
        match state.nodes.get(&path) {
            Some(Node::Link(target)) => Ok(target.clone()),
            Some(_) => Err(FileError::new("read the link", path, FileErrorKind::Path)),
            None => Err(FileError::new("read the link", path, FileErrorKind::Missing)),
        }
    }

    fn create_with(
        &self,
        place: Place<'_>,
        fill: Fill<'_>,
        mode: Option<u32>,
    ) -> Result<(), FileError> {
        let mut bytes = Vec::new();
        fill(&mut bytes).map_err(|error| FileError::from_io("write", &place.to_path(), error))?;
        let node = Node::File { bytes, mode: mode.unwrap_or(0o644) };
        self.insert(place, "create", node)
    }

    fn append(
        &self,
        place: Place<'_>,
        added: &[u8],
        _durability: Durability,
    ) -> Result<u64, FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, "append to")?;
        let new = || Node::File { bytes: Vec::new(), mode: 0o644 };
        match state.nodes.entry(path.clone()).or_insert_with(new) {
            Node::File { bytes, .. } => {
                bytes.extend_from_slice(added);
                Ok(bytes.len() as u64)
            }
            Node::Folder => Err(FileError::new("append to", path, FileErrorKind::NotAFile)),
            Node::Link(_) => Err(FileError::new("append to", path, FileErrorKind::Link)),
        }
    }

    fn rename(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        let mut state = self.state();
        let source = Self::locate(&state, Place::new(base, from), "rename")?;
        let target = Self::locate(&state, Place::new(base, to), "rename to")?;
        let Some(node) = state.nodes.get(&source).cloned() else {
            return Err(FileError::new("rename", source, FileErrorKind::Missing));
        };
        let onto_folder = state.nodes.get(&target) == Some(&Node::Folder);
        if node == Node::Folder || onto_folder {
            return Err(FileError::new("rename", source, FileErrorKind::NotAFile));
        }
        state.nodes.remove(&source);
        state.nodes.insert(target, node);
        Ok(())
    }

    fn link(&self, base: &Path, from: &TreePath, to: &TreePath) -> Result<(), FileError> {
        let mut state = self.state();
        let source = Self::locate(&state, Place::new(base, from), "link")?;
        let target = Self::locate(&state, Place::new(base, to), "link to")?;
        // The two are copies here, which nobody can tell apart as long as neither is changed.
        let Some(node @ Node::File { .. }) = state.nodes.get(&source).cloned() else {
            return Err(FileError::new("link", target, FileErrorKind::Missing));
        };
        if state.nodes.contains_key(&target) {
            return Err(FileError::new("link", target, FileErrorKind::Exists));
        }
        state.nodes.insert(target, node);
        Ok(())
    }

    fn sync_folder(&self, base: &Path, below: Option<&TreePath>) -> Result<(), FileError> {
        let state = self.state();
        let path = match below {
            Some(below) => Self::locate(&state, Place::new(base, below), "sync")?,
            None => folder_of(&state, base, "sync")?,
        };
        expect_folder(&state, &path, "sync")
    }

    fn create_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        self.insert(place, "create", Node::Folder)
    }

    fn remove_file(&self, place: Place<'_>) -> Result<(), FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, "remove")?;
        let kind = match state.nodes.get(&path) {
            Some(Node::Folder) => FileErrorKind::NotAFile,
            Some(_) => {
                state.nodes.remove(&path);
                return Ok(());
            }
            None => FileErrorKind::Missing,
        };
        Err(FileError::new("remove", path, kind))
    }

    fn remove_folder(&self, place: Place<'_>) -> Result<(), FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, "remove")?;
        expect_folder(&state, &path, "remove")?;
        if state.nodes.keys().any(|node| node.parent() == Some(&path)) {
            return Err(FileError::new("remove", path, FileErrorKind::NotEmpty));
        }
        state.nodes.remove(&path);
        Ok(())
    }

    fn symlink(&self, place: Place<'_>, target: &Path) -> Result<(), FileError> {
        self.insert(place, "link", Node::Link(target.to_owned()))
    }

    fn set_mode(&self, place: Place<'_>, new_mode: u32) -> Result<(), FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, "set the mode of")?;
        match state.nodes.get_mut(&path) {
            Some(Node::File { mode, .. }) => {
                *mode = new_mode;
                Ok(())
            }
            Some(_) => Err(FileError::new("set the mode of", path, FileErrorKind::NotAFile)),
            None => Err(FileError::new("set the mode of", path, FileErrorKind::Missing)),
        }
    }

    fn create_base(&self, base: &Path) -> Result<(), FileError> {
        let mut state = self.state();
        let mut path = PathBuf::new();
        for component in base.components() {
            path.push(component);
            state.nodes.entry(path.clone()).or_insert(Node::Folder);
            expect_folder(&state, &path, "create")?;
        }
        Ok(())
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        let state = self.state();
        let mut resolved = PathBuf::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    resolved.pop();
                }
                other => resolved.push(other),
            }
            if let Some(Node::Link(target)) = state.nodes.get(&resolved) {
                resolved.pop();
                resolved.push(target);
            }
            if !state.nodes.contains_key(&resolved) {
                return Err(FileError::new("find", path, FileErrorKind::Missing));
            }
        }
        Ok(resolved)
    }

    fn lock(&self, place: Place<'_>, holder: &str) -> Result<FileLock, FileError> {
        let mut state = self.state();
        let path = Self::locate(&state, place, "lock")?;
        if state.locked.contains(&path) {
            let said = match state.nodes.get(&path) {
                Some(Node::File { bytes, .. }) => String::from_utf8_lossy(bytes).into_owned(),
                _ => "another run".to_owned(),
            };
            return Err(FileError::new("lock", path, FileErrorKind::Locked(said)));
        }
        state.locked.insert(path.clone());
        let node = Node::File { bytes: holder.as_bytes().to_vec(), mode: 0o644 };
        state.nodes.insert(path.clone(), node);
        Ok(FileLock { _held: Box::new(Held { files: self.clone(), path }) })
    }
}

struct Held {
    files: MemoryFiles,
    path: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.files.state().locked.remove(&self.path);
    }
}

fn folder_of(state: &State, base: &Path, action: &'static str) -> Result<PathBuf, FileError> {
    // A base may be reached through a link, like on a disk.
    let path = match state.nodes.get(base) {
        Some(Node::Link(target)) => base.parent().unwrap_or(base).join(target),
        _ => base.to_owned(),
    };
    expect_folder(state, &path, action)?;
    Ok(path)
}

fn expect_folder(state: &State, path: &Path, action: &'static str) -> Result<(), FileError> {
    let kind = match state.nodes.get(path) {
        Some(Node::Folder) => return Ok(()),
        Some(Node::Link(_)) => FileErrorKind::Link,
        Some(Node::File { .. }) => FileErrorKind::NotAFolder,
        None => FileErrorKind::Missing,
    };
    Err(FileError::new(action, path, kind))
}
