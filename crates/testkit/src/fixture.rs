//! Fixture folders: inputs and expected outputs as plain files, one folder for each case.
//!
//! `ONX_UPDATE=1` writes what came out as the new expectation, to be read in the version control's
//! difference before it is kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

/// The environment variable that turns comparing into writing.
pub const UPDATE: &str = "ONX_UPDATE";

/// The cases below a folder, in order of names: every folder that is not hidden.
///
/// # Panics
/// When there is none: a suite without a case cannot fail.
pub fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir() && !is_hidden(path))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{} holds no case", folder.display());
    found
}

/// The files below a folder by their path with `/`, in order; an absent folder holds none.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

/// Compares bytes with an expected file, or writes them when updating.
///
/// # Errors
/// Says in a readable difference what is not as expected.
pub fn check_file(expected: &Path, actual: &[u8]) -> Result<(), String> {
    if updating() {
        return write(expected, actual);
    }
    match fs::read(expected) {
        Ok(known) if known == actual => Ok(()),
        Ok(known) => Err(difference(&expected.display().to_string(), &known, actual)),
        Err(why) => Err(format!("{}: {why} ({UPDATE}=1 writes it)", expected.display())),
    }
}

/// Compares a whole folder with what came out; a file too many is as wrong as one too few.
///
/// # Errors
/// Says in a readable difference what is not as expected.
pub fn check_folder(expected: &Path, actual: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let known = files(expected);
    if updating() {
        for path in known.keys().filter(|path| !actual.contains_key(*path)) {
            fs::remove_file(expected.join(path)).map_err(|why| format!("{path}: {why}"))?;
        }
        return actual.iter().try_for_each(|(path, bytes)| write(&expected.join(path), bytes));
    }
    let mut wrong = String::new();
    for (path, bytes) in &known {
        match actual.get(path) {
            None => _ = writeln!(wrong, "{path}: expected, but not there"),
            Some(found) if found != bytes => wrong.push_str(&difference(path, bytes, found)),
            Some(_) => {}
        }
    }
    for path in actual.keys().filter(|path| !known.contains_key(*path)) {
        _ = writeln!(wrong, "{path}: there, but not expected");
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{wrong}", expected.display())) }
}

/// Runs a check on every case and reports all that fail, not only the first.
///
/// # Panics
/// When a case fails, with the differences of each.
pub fn run(folder: &Path, check: impl Fn(&Path) -> Result<(), String>) {
    let failures: Vec<_> = cases(folder)
        .iter()
        .filter_map(|case| check(case).err().map(|why| format!("== {}\n{why}", case.display())))
        .collect();
    assert!(failures.is_empty(), "{} cases failed\n{}", failures.len(), failures.join("\n"));
}

/// Whether expectations are to be written instead of compared.
pub fn updating() -> bool {
    std::env::var_os(UPDATE).is_some_and(|value| value != "0" && !value.is_empty())
}

/// What differs between two texts, as lines marked `-` (expected) and `+` (found), with line ends
/// and other invisible characters made visible.
pub fn difference(name: &str, expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let compared = TextDiff::from_lines(&expected, &found);
    let mut out = format!("--- {name} (expected)\n+++ {name} (found)\n");
    for group in compared.grouped_ops(2) {
        for operation in &group {
            for change in compared.iter_changes(operation) {
                let mark = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                let line = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
                let shown = if mark == ' ' { line.to_owned() } else { visible(line) };
                _ = writeln!(out, "{mark}{shown}");
            }
        }
        out.push_str("...\n");
    }
    out
}

fn visible(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => '\t'.to_string(),
            c if c.is_control() || c == '\u{feff}' => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|why| format!("{}: {why}", path.display()))
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, found);
        } else if let (Ok(bytes), Ok(below)) = (fs::read(&path), path.strip_prefix(root)) {
            found.insert(below.to_string_lossy().replace('\\', "/"), bytes);
        }
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_too_many_and_a_changed_line_are_both_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("a.py"), "x = 1\r\ny = 2\n").expect("written");
        let actual =
            [("a.py", "x = 1\ny = 2\n"), ("b.py", "")].map(|(n, t)| (n.to_owned(), t.into()));
        let told = check_folder(folder.path(), &actual.into()).expect_err("two differences");
        assert!(told.contains("-x = 1\\r"), "{told}");
        assert!(told.contains("+x = 1"), "{told}");
        assert!(told.contains("b.py: there, but not expected"), "{told}");
    }

    #[test]
    fn equal_folders_pass() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("sub")).expect("made");
        fs::write(folder.path().join("sub/a.py"), "x\n").expect("written");
        let actual = BTreeMap::from([("sub/a.py".to_owned(), b"x\n".to_vec())]);
        assert_eq!(check_folder(folder.path(), &actual), Ok(()));
    }
}
