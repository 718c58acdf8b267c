//! The repository that is tested, as files and text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The work tree that this crate lies in.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository that holds this crate.
    ///
    /// # Panics
    /// When the crate does not lie two folders below the repository's root.
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        Self { root: root.expect("the crate lies in crates/testkit").to_owned() }
    }

    /// The folder that holds everything.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of each crate, in order of names.
    pub fn crates(&self) -> Vec<PathBuf> {
        let mut folders: Vec<_> = entries(&self.root.join("crates"));
        folders.retain(|folder| folder.join("Cargo.toml").is_file());
        folders
    }

    /// The files that git tracks or would track, with this ending, relative to the root and in
    /// order; all of them for an empty ending.
    ///
    /// # Panics
    /// When git is not installed: every check of the house rests on it.
    pub fn tracked(&self, ending: &str) -> Vec<String> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .expect("git lists the files of the repository");
        let mut files: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|file| !file.is_empty() && self.root.join(file).is_file())
            .filter(|file| ending.is_empty() || file.ends_with(&format!(".{ending}")))
            .map(str::to_owned)
            .collect();
        assert!(output.status.success(), "git could not list the files of the repository");
        files.sort();
        files
    }

    /// The text of a file, by its path below the root.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"))
    }
}

/// The part of a Rust file before its unit tests.
pub fn product_part(text: &str) -> &str {
    let tests = text.find("\n#[cfg(test)]\nmod ");
    tests.map_or(text, |at| &text[..at])
}

/// The names of the modules that a Rust file declares with `mod name;`.
pub fn declared_modules(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            let rest = match line.strip_prefix("pub") {
                Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
                Some(rest) => rest,
                None => line,
            };
            let name = rest.trim().strip_prefix("mod ")?.strip_suffix(';')?.trim();
            Some(name.to_owned())
        })
        .collect()
}

/// The targets of the links in a Markdown text, code left out.
pub fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("");
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push(target.trim().to_owned());
            }
        }
    }
    found
}

/// The files in a folder with this ending, in order; none when there is no such folder.
pub fn children(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files
}

/// The folders in a folder, in order; none when there is no such folder.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = entries(folder);
    found.retain(|path| path.is_dir());
    found
}

/// The last part of a path as text.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether the owner may run a file; always true where the system has no such mode.
pub fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o100 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_with_any_visibility() {
        let text = "mod a;\npub mod b;\npub(crate) mod c;\nmod inline {\n}\n// mod no;\n";
        assert_eq!(declared_modules(text), ["a", "b", "c"]);
    }

    #[test]
    fn links_in_code_are_no_links() {
        let text = "[a](x.md) and `[b](y.md)`\n```\n[c](z.md)\n```\n[d](w.md#part)";
        assert_eq!(links(text), ["x.md", "w.md#part"]);
    }

    #[test]
    fn tests_at_the_end_are_no_product() {
        assert_eq!(product_part("fn a() {}\n\n#[cfg(test)]\nmod tests {}\n"), "fn a() {}\n");
    }
}
