//! A small library with two versions, a package that uses it, and the binary, in one folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::fixture;

/// What was asked for cannot be done as asked.
pub(crate) const USER: i32 = 2;
/// A configuration file is wrong.
pub(crate) const CONFIG: i32 = 3;
/// The state of the world stands against it.
pub(crate) const CONFLICT: i32 = 4;
/// Something outside failed.
pub(crate) const OUTSIDE: i32 = 5;

/// A folder of its own for one test, with its own cache and state.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) words: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Writes files, each below the world's folder.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.write_bytes(path, text.as_bytes());
        }
    }

    pub(crate) fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    /// Two folders with the versions of a library: a class is renamed, and the old name stays in
    /// the old version alone.
    pub(crate) fn library(&self) {
        let body = "    \"\"\"Reads records.\"\"\"\n\n    def read(self, path, limit=10):\n        \
                    rows = open(path).readlines()\n        return [r.strip() for r in rows][:limit]\n";
        self.write(&[
            ("old/corelib/__init__.py", "from corelib.reading import OldReader\n"),
            ("old/corelib/reading.py", &format!("class OldReader:\n{body}")),
            ("new/corelib/__init__.py", "from corelib.reading import NewReader\n"),
            ("new/corelib/reading.py", &format!("class NewReader:\n{body}")),
        ]);
    }

    /// A package in a git repository that uses the library.
    pub(crate) fn dependent(&self) {
        self.write(&[(
            "dependent/user.py",
            "from corelib import OldReader\n\nprint(OldReader().read(\"a\"))\n",
        )]);
        self.git("dependent", &["init", "--quiet"]);
        self.commit("dependent");
    }

    pub(crate) fn commit(&self, folder: &str) {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--message", "a state"]);
    }

    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) {
        let ended = Command::new("git")
            .arg("-C")
            .arg(self.path(folder))
            .args(["-c", "user.name=A", "-c", "user.email=a@invalid"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(ended.status.success(), "git {arguments:?}: {ended:?}");
    }

    /// The bundle of the library, made once for this world.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.library();
        let ended = self.generate("old", "new");
        assert_eq!(ended.code, 0, "{}", ended.words);
        self.path("bundle")
    }

    /// Generates from two paths below the world's folder into `bundle`.
    pub(crate) fn generate(&self, from: &str, to: &str) -> Ended {
        let (from, to) = (self.path(from), self.path(to));
        self.onx(&[
            "manifest",
            "generate",
            "--from",
            text(&from),
            "--to",
            text(&to),
            "--out",
            text(&self.path("bundle")),
        ])
    }

    pub(crate) fn apply(&self, manifest: &Path, further: &[&str]) -> Ended {
        let target = self.path("dependent");
        let mut arguments = vec!["migrate", "apply", "--manifest", text(manifest), "--target"];
        arguments.push(text(&target));
        arguments.extend(further);
        self.onx(&arguments)
    }

    pub(crate) fn onx(&self, arguments: &[&str]) -> Ended {
        self.finish(self.command().args(arguments).output().expect("onx starts"))
    }

    /// The binary with this world's folders as its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onx"));
        self.dress(&mut command);
        command
    }

    /// The same environment for a shell that starts the binary itself.
    pub(crate) fn shell(&self, script: &str) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("ONX", env!("CARGO_BIN_EXE_onx"));
        self.dress(&mut command);
        self.finish(command.output().expect("a shell starts"))
    }

    fn dress(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env("ONX_CACHE_DIR", self.path("cache"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
    }

    fn finish(&self, output: Output) -> Ended {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!words.contains("panicked at"), "onx panicked: {words}");
        let code = output.status.code();
        let Some(code) = code else { panic!("onx was killed: {:?}\n{words}", output.status) };
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        Ended { code, out, words }
    }

    /// Every file of a folder with its bytes, git's own left out.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = fixture::files(&self.path(folder));
        files.retain(|path, _| !path.starts_with(".git/"));
        files
    }

    /// What the report of the bundle and its snapshots say was found.
    pub(crate) fn findings(&self) -> String {
        let snapshots = ["snapshot_from.json", "snapshot_to.json", "report.json"];
        let texts = snapshots
            .map(|name| fs::read_to_string(self.path("bundle").join(name)).unwrap_or_default());
        let values = texts.iter().filter_map(|text| serde_json::from_str(text).ok());
        values.map(|value: serde_json::Value| value["findings"].to_string()).collect()
    }
}

impl Ended {
    /// Refused with this code, in words that name what is wrong and no more than one error.
    pub(crate) fn refused(&self, code: i32, names: &str) -> &Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.words);
        assert!(self.words.contains("error["), "no error is named: {}", self.words);
        assert!(self.words.contains(names), "`{names}` is not named: {}", self.words);
        self
    }

    pub(crate) fn succeeded(&self) -> &Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.words);
        self
    }
}

/// Temporary folders have names that are text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the temporary folder has a name in UTF-8")
}
