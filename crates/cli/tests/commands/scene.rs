//! A temporary folder with a library in two versions, and a way to run onx there.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// A working folder of its own, with caches and state beside it.
pub(crate) struct Scene {
    folder: TempDir,
}

const SHAPES: &str = r#"class Square:
    """A square with a side."""

    def __init__(self, side, unit="m"):
        self.side = side
        self.unit = unit

    def describe(self, precision=2):
        """Describe the square in words."""
        text = f"{self.side:.{precision}f}"
        return " ".join(["square", text, self.unit])


def area(shape, encoding="utf-8"):
    """The area of a shape."""
    if shape.side < 0:
        raise ValueError("a negative side")
    return shape.side * shape.side, encoding
"#;

const OLD: [(&str, &str); 3] = [
    (
        "yourlib/__init__.py",
        "from yourlib.shapes import Square, area\n\n__all__ = [\"Square\", \"area\"]\n",
    ),
    ("yourlib/shapes.py", SHAPES),
    ("pyproject.toml", "[project]\nname = \"yourlib\"\nversion = \"1.0.0\"\n"),
];

/// The private key of every scene, so that what is made in two of them is signed alike. It signs
/// nothing else.
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIGJGqEeSa/8QwezvwbuY21S27bKE8wB5U+Iv0t+8Nzx0\n\
    -----END PRIVATE KEY-----\n";

/// The list of trusted keys in which that one does not stand yet. Without a list it would not be
/// used.
const NOBODY_YET: &str = r#"{"format":"onx/trusted-keys/1","keys":[]}"#;

impl Scene {
    /// An empty working folder.
    pub(crate) fn empty() -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::create_dir_all(scene.work()).expect("a folder");
        let key = scene.configuration().join("keys/private/local.pem");
        std::fs::create_dir_all(key.parent().expect("a folder")).expect("folders");
        std::fs::write(&key, KEY).expect("a key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let list = scene.configuration().join("keys/trusted.json");
        std::fs::write(list, NOBODY_YET).expect("a list");
        scene
    }

    /// The folder of what the user decided.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("configuration")
    }

    /// `old` and `new` hold a library in which the class was renamed.
    pub(crate) fn with_library() -> Self {
        let scene = Self::empty();
        for (path, text) in OLD {
            scene.write(&format!("old/{path}"), text);
            let renamed = text.replace("Square", "Quadrat").replace("1.0.0", "2.0.0");
            scene.write(&format!("new/{path}"), &renamed);
        }
        scene
    }

    /// The working folder.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder of the cache.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The folder of what must be kept.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Writes a file below the working folder.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }

    /// The text of a file below the working folder.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.work().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// A command that knows nothing of the machine that it runs on.
    pub(crate) fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(binary);
        command
            .current_dir(self.work())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ONX_CACHE_DIR", self.cache())
            .env("ONX_STATE_DIR", self.state())
            .env("ONX_CONFIG_DIR", self.configuration());
        command
    }

    /// Runs `onx` with these arguments.
    pub(crate) fn onx(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_onx"));
        command.args(arguments).output().expect("onx starts").into()
    }

    /// Runs git with these arguments in a folder below the working folder.
    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) {
        let ran = Command::new("git")
            .current_dir(self.work().join(folder))
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .output()
            .expect("git starts");
        assert!(
            ran.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }

    /// Every file below a folder of the working folder, by its path there.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let base = self.work().join(folder);
        let mut files = BTreeMap::new();
        collect(&base, &base, &mut files);
        files
    }
}

fn collect(base: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(base, &path, files);
        } else {
            let name = path.strip_prefix(base).expect("below").display().to_string();
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
}
