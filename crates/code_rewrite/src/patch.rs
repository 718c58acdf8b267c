//! Changes of files as one patch that `git apply` takes, byte for byte.

use std::fmt::Write as _;

use artifact::TreePath;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// Lines around a change that show where it belongs.
const CONTEXT_LINES: usize = 3;

/// One changed file.
#[derive(Debug, Clone, Copy)]
pub struct FileChange<'a> {
    /// The path before; none for a new file.
    pub old_path: Option<&'a TreePath>,
    /// The path after; none for a deleted file.
    pub new_path: Option<&'a TreePath>,
    /// The bytes before.
    pub old: &'a [u8],
    /// The bytes after.
    pub new: &'a [u8],
    /// Whether the file is executable, which a patch says of new and deleted files.
    pub executable: bool,
}

/// Writes changes as a patch. Files that did not change leave no trace in it.
///
/// Lines end at line feeds alone, so that carriage returns stay part of their lines as git has it.
pub fn unified_patch<'a>(changes: impl IntoIterator<Item = FileChange<'a>>) -> Vec<u8> {
    let mut patch = Vec::new();
    for change in changes {
        write_file(&mut patch, &change);
    }
    patch
}

fn write_file(patch: &mut Vec<u8>, change: &FileChange<'_>) {
    if change.old_path == change.new_path && change.old == change.new {
        return;
    }
    let Some(any) = change.new_path.or(change.old_path) else { return };
    let old_name = quoted("a/", change.old_path.unwrap_or(any));
    let new_name = quoted("b/", change.new_path.unwrap_or(any));
    let mode = if change.executable { "100755" } else { "100644" };
    let mut text = |line: String| patch.extend_from_slice(line.as_bytes());
    text(format!("diff --git {old_name} {new_name}\n"));
    match (change.old_path, change.new_path) {
        (None, _) => text(format!("new file mode {mode}\n")),
        (_, None) => text(format!("deleted file mode {mode}\n")),
        (Some(old), Some(new)) if old != new => {
            let plain = |name: &str| name.to_owned();
            text(format!("rename from {}\n", quoted_or(&plain(old.as_str()))));
            text(format!("rename to {}\n", quoted_or(&plain(new.as_str()))));
        }
        _ => {}
    }
    if change.old == change.new {
        return;
    }
    let from = if change.old_path.is_some() { old_name } else { "/dev/null".to_owned() };
    let to = if change.new_path.is_some() { new_name } else { "/dev/null".to_owned() };
    text(format!("--- {}\n+++ {}\n", tabbed(from), tabbed(to)));
    write_hunks(patch, change.old, change.new);
}

/// Git ends names that hold blanks with a tab, so that what follows is no part of them.
fn tabbed(name: String) -> String {
    if name.contains(' ') && !name.starts_with('"') { name + "\t" } else { name }
}

fn quoted_or(path: &str) -> String {
    quote(path).unwrap_or_else(|| path.to_owned())
}

fn quoted(prefix: &str, path: &TreePath) -> String {
    let name = format!("{prefix}{path}");
    quote(&name).unwrap_or(name)
}

/// The name in quotes as C has them, when it needs quotes.
fn quote(name: &str) -> Option<String> {
    if !name.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)) {
        return None;
    }
    let mut quoted = String::from("\"");
    for character in name.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other if u32::from(other) < 0x20 || other == '\u{7f}' => {
                let _ = write!(quoted, "\\{:03o}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    Some(quoted)
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn write_hunks(patch: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let (old, new) = (lines(old), lines(new));
    let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
    for group in group_diff_ops(operations, CONTEXT_LINES) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let header = format!("@@ -{} +{} @@\n", place(&old_range), place(&new_range));
        patch.extend_from_slice(header.as_bytes());
        for operation in &group {
            write_operation(patch, operation, &old, &new);
        }
    }
}

/// First line and number of lines as hunks write them; an empty range stands after the line it
/// names.
fn place(range: &std::ops::Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        count => format!("{},{count}", range.start + 1),
    }
}

fn write_operation(patch: &mut Vec<u8>, operation: &DiffOp, old: &[&[u8]], new: &[&[u8]]) {
    let mut write = |mark: u8, lines: &[&[u8]]| {
        for line in lines {
            patch.push(mark);
            patch.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                patch.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    };
    let old_lines = old.get(operation.old_range()).unwrap_or_default();
    let new_lines = new.get(operation.new_range()).unwrap_or_default();
    match operation.tag() {
        DiffTag::Equal => write(b' ', old_lines),
        DiffTag::Delete => write(b'-', old_lines),
        DiffTag::Insert => write(b'+', new_lines),
        DiffTag::Replace => {
            write(b'-', old_lines);
            write(b'+', new_lines);
        }
    }
}
