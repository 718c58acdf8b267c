//! Patches, as `git apply` takes them.

use std::path::Path;
use std::process::{Command, Stdio};

use artifact::TreePath;
use code_rewrite::{FileChange, unified_patch};

const FILES: &[(&str, &[u8], &[u8])] = &[
    ("plain.py", b"a\nb\nc\nd\ne\nf\ng\nh\ni\n", b"a\nB\nc\nd\ne\nf\ng\nh\nI\n"),
    ("unended.py", b"a\nb", b"a\nc"),
    ("ended.py", b"a\nb", b"a\nb\n"),
    ("windows.py", b"a\r\nb\r\n", b"a\r\nc\r\n"),
    ("latin.py", b"x = '\xe9'\ny\n", b"x = '\xe9'\nz\n"),
    ("with blank é.py", b"a\n", b"b\n"),
    ("quo\"te.py", b"a\n", b"b\n"),
    ("same.py", b"a\n", b"a\n"),
    ("emptied.py", b"a\n", b""),
];

fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Option<String> {
    use std::io::Write as _;
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(input).expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(input)
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn git_applies_patches_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    if run(folder, &["init", "-q"], b"").is_none() {
        return;
    }
    let path = |name: &str| TreePath::new(name).expect("a path");
    let paths: Vec<TreePath> = FILES.iter().map(|(name, _, _)| path(name)).collect();
    let (gone, made, old, new) = (path("gone.py"), path("made.py"), path("old.py"), path("new.py"));
    std::fs::write(folder.join("gone.py"), "x\n").expect("written");
    std::fs::write(folder.join("old.py"), "a\nb\n").expect("written");
    let mut changes = Vec::new();
    for ((name, before, after), path) in FILES.iter().zip(&paths) {
        std::fs::write(folder.join(name), before).expect("written");
        changes.push(FileChange {
            old_path: Some(path),
            new_path: Some(path),
            old: before,
            new: after,
            executable: false,
        });
    }
    let changed = |old_path, new_path, old, new| FileChange {
        old_path,
        new_path,
        old,
        new,
        executable: false,
    };
    changes.push(changed(Some(&gone), None, b"x\n", b""));
    changes.push(changed(None, Some(&made), b"", b"y\n"));
    changes.push(changed(Some(&old), Some(&new), b"a\nb\n", b"a\nc\n"));
    let patch = unified_patch(changes);
    run(folder, &["apply", "-"], &patch);
    for (name, _, after) in FILES {
        assert_eq!(std::fs::read(folder.join(name)).expect("read"), *after, "{name}");
    }
    assert!(!folder.join("gone.py").exists() && !folder.join("old.py").exists());
    assert_eq!(std::fs::read(folder.join("made.py")).expect("read"), b"y\n");
    assert_eq!(std::fs::read(folder.join("new.py")).expect("read"), b"a\nc\n");
}

#[test]
fn nothing_changed_is_an_empty_patch() {
    let path = TreePath::new("a").expect("a path");
    let same = FileChange {
        old_path: Some(&path),
        new_path: Some(&path),
        old: b"a",
        new: b"a",
        executable: false,
    };
    assert_eq!(unified_patch([same]), b"");
}
