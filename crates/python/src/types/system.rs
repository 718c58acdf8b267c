//! The file system that type inference sees: texts in memory, and nothing else.
//!
//! There is no disk, no child process and no environment behind it. Whatever asks for one gets "not
//! found" or "unsupported", so that neither a dependent nor a library can reach the machine through
//! inference.

use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::sync::Arc;

use artifact::TreePath;
use ruff_db::file_revision::FileRevision;
use ruff_db::system::walk_directory::{
    DirectoryWalker, IgnoreIncremental, WalkDirectoryBuilder, WalkDirectoryConfiguration,
    WalkDirectoryVisitorBuilder,
};
use ruff_db::system::{
    DirectoryEntry, FileType, Metadata, Result, System, SystemPath, SystemPathBuf,
    SystemVirtualPath, WhichError, WhichResult, WritableSystem,
};

/// Texts by path, read one at a time when they are needed.
pub trait TextTree: Send + Sync {
    /// Every path in the tree.
    fn paths(&self) -> Vec<TreePath>;

    /// The text at this path; none when it cannot be read as text.
    fn read(&self, path: &TreePath) -> Option<Arc<str>>;
}

impl TextTree for BTreeMap<TreePath, Arc<str>> {
    fn paths(&self) -> Vec<TreePath> {
        self.keys().cloned().collect()
    }

    fn read(&self, path: &TreePath) -> Option<Arc<str>> {
        self.get(path).cloned()
    }
}

/// What is done to a text of a mounted tree before inference sees it; offsets must stay as they
/// are.
pub(super) type Preparation = fn(&str) -> String;

/// One tree below its own folder.
struct Mount {
    folder: &'static str,
    tree: Arc<dyn TextTree>,
    prepare: Option<Preparation>,
}

/// A read-only system made of mounted trees.
#[derive(Clone)]
pub(super) struct MountedSystem {
    mounts: Arc<Vec<Mount>>,
    files: Arc<BTreeMap<String, (usize, TreePath)>>,
    folders: Arc<BTreeMap<String, BTreeSet<String>>>,
}

impl fmt::Debug for MountedSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MountedSystem({} files)", self.files.len())
    }
}

impl MountedSystem {
    /// Mounts each tree at its folder, which is an absolute path of one part.
    pub(super) fn new(trees: Vec<(&'static str, Arc<dyn TextTree>, Option<Preparation>)>) -> Self {
        let mut files = BTreeMap::new();
        let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut mounts = Vec::new();
        for (number, (folder, tree, prepare)) in trees.into_iter().enumerate() {
            folders.entry("/".to_owned()).or_default().insert(folder.to_owned());
            folders.entry(folder.to_owned()).or_default();
            for path in tree.paths().into_iter().filter(is_python) {
                let full = format!("{folder}/{path}");
                register_folders(&mut folders, &full);
                files.insert(full, (number, path));
            }
            mounts.push(Mount { folder, tree, prepare });
        }
        Self { mounts: Arc::new(mounts), files: Arc::new(files), folders: Arc::new(folders) }
    }

    /// The mounted folder and the path below it of a file of this system.
    pub(super) fn locate(&self, path: &SystemPath) -> Option<(&'static str, &TreePath)> {
        let (number, below) = self.files.get(path.as_str())?;
        Some((self.mounts.get(*number)?.folder, below))
    }

    fn kind(&self, path: &SystemPath) -> Option<FileType> {
        let text = normal(path);
        if self.files.contains_key(text) {
            Some(FileType::File)
        } else {
            self.folders.contains_key(text).then_some(FileType::Directory)
        }
    }
}

fn is_python(path: &TreePath) -> bool {
    matches!(path.extension(), Some("py" | "pyi")) || path.file_name() == "py.typed"
}

/// Registers every folder above a file, each as an entry of its own parent.
fn register_folders(folders: &mut BTreeMap<String, BTreeSet<String>>, full: &str) {
    let mut entry = full;
    while let Some((parent, _)) = entry.rsplit_once('/').filter(|(parent, _)| !parent.is_empty()) {
        if !folders.entry(parent.to_owned()).or_default().insert(entry.to_owned()) {
            break;
        }
        entry = parent;
    }
}

fn normal(path: &SystemPath) -> &str {
    let text = path.as_str();
    match text.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    }
}

fn missing() -> Error {
    Error::from(ErrorKind::NotFound)
}

impl System for MountedSystem {
    fn path_metadata(&self, path: &SystemPath) -> Result<Metadata> {
        let kind = self.kind(path).ok_or_else(missing)?;
        Ok(Metadata::new(FileRevision::new(1), Some(0o444), kind))
    }

    fn canonicalize_path(&self, path: &SystemPath) -> Result<SystemPathBuf> {
        self.kind(path).map(|_| SystemPathBuf::from(normal(path))).ok_or_else(missing)
    }

    fn is_same_file(&self, first: &SystemPath, second: &SystemPath) -> Result<bool> {
        Ok(normal(first) == normal(second))
    }

    fn which(&self, _binary_name: &str) -> WhichResult {
        Err(WhichError::CannotFindBinaryPath)
    }

    fn read_to_string(&self, path: &SystemPath) -> Result<String> {
        let (number, below) = self.files.get(normal(path)).ok_or_else(missing)?;
        let mount = self.mounts.get(*number).ok_or_else(missing)?;
        let text = mount.tree.read(below).ok_or_else(missing)?;
        Ok(match mount.prepare {
            Some(prepare) => prepare(&text),
            None => text.as_ref().to_owned(),
        })
    }

    fn read_to_notebook(
        &self,
        _path: &SystemPath,
    ) -> std::result::Result<ruff_notebook::Notebook, ruff_notebook::NotebookError> {
        Err(ruff_notebook::NotebookError::Io(missing()))
    }

    fn read_virtual_path_to_string(&self, _path: &SystemVirtualPath) -> Result<String> {
        Err(missing())
    }

    fn read_virtual_path_to_notebook(
        &self,
        _path: &SystemVirtualPath,
    ) -> std::result::Result<ruff_notebook::Notebook, ruff_notebook::NotebookError> {
        Err(ruff_notebook::NotebookError::Io(missing()))
    }

    fn current_directory(&self) -> &SystemPath {
        SystemPath::new("/")
    }

    fn user_config_directory(&self) -> Option<SystemPathBuf> {
        None
    }

    fn cache_dir(&self) -> Option<SystemPathBuf> {
        None
    }

    fn read_directory<'a>(
        &'a self,
        path: &SystemPath,
    ) -> Result<Box<dyn Iterator<Item = Result<DirectoryEntry>> + 'a>> {
        let entries = self.folders.get(normal(path)).ok_or_else(missing)?;
        Ok(Box::new(entries.iter().map(|entry| {
            let entry = SystemPathBuf::from(entry.as_str());
            let kind = self.kind(&entry).ok_or_else(missing)?;
            Ok(DirectoryEntry::new(entry, kind))
        })))
    }

    fn walk_directory(&self, path: &SystemPath) -> WalkDirectoryBuilder {
        WalkDirectoryBuilder::new(path, NoWalk)
    }

    fn env_var(&self, _name: &str) -> std::result::Result<String, VarError> {
        Err(VarError::NotPresent)
    }

    fn as_writable(&self) -> Option<&dyn WritableSystem> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }

    fn dyn_clone(&self) -> Box<dyn System> {
        Box::new(self.clone())
    }
}

/// Inference resolves modules by name and never needs to walk a tree.
struct NoWalk;

impl DirectoryWalker for NoWalk {
    fn walk(
        &self,
        _builder: &mut dyn WalkDirectoryVisitorBuilder,
        _configuration: WalkDirectoryConfiguration,
    ) {
    }

    fn incremental_matcher(
        &self,
        _configuration: WalkDirectoryConfiguration,
    ) -> Box<dyn IgnoreIncremental> {
        Box::new(NoWalk)
    }
}

impl IgnoreIncremental for NoWalk {
    fn is_ignored(&mut self, _path: &SystemPath, _is_directory: bool) -> bool {
        false
    }
}
