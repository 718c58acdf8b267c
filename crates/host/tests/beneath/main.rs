//! Nothing outside a base folder is read or written, whatever stands in the way below it and
//! whoever changes it meanwhile.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "it sets up what a stranger left on the disk")]
#![expect(clippy::print_stderr, reason = "how a race ended is worth reading")]

mod in_the_way;
mod races;
mod walks;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use artifact::TreePath;

fn path(text: &str) -> TreePath {
    TreePath::new(text).expect("a path of the test")
}

/// A folder that is worked in, and one beside it that must stay as it is.
struct Scene {
    _held: tempfile::TempDir,
    base: PathBuf,
    outside: PathBuf,
}

const SECRET: &str = "what lies outside";

impl Scene {
    fn new() -> Self {
        // Memory where there is some: a race is about the order of steps, not about the disk.
        let memory = Path::new("/dev/shm");
        let held = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let held = held.expect("a folder");
        let root = fs::canonicalize(held.path()).expect("a path");
        let scene = Self { base: root.join("base"), outside: root.join("outside"), _held: held };
        fs::create_dir_all(scene.base.join("sub")).expect("a folder");
        fs::create_dir_all(scene.outside.join("deep")).expect("a folder");
        fs::write(scene.base.join("sub/file"), "inside").expect("a file");
        fs::write(scene.outside.join("file"), SECRET).expect("a file");
        fs::write(scene.outside.join("deep/file"), SECRET).expect("a file");
        scene
    }

    /// Everything outside with its mode and content, and the number of its names.
    fn outside(&self) -> BTreeMap<PathBuf, (u32, u64, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.outside.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let metadata = fs::symlink_metadata(&path).expect("an entry");
                let content =
                    if metadata.is_file() { fs::read(&path).expect("a file") } else { Vec::new() };
                let mode = metadata.permissions().mode();
                if metadata.is_dir() {
                    folders.push(path.clone());
                }
                found.insert(path, (mode, metadata.len(), content));
            }
        }
        found
    }
}
