//! Dotted paths of the core in files that are not Python: entry points, logging and framework
//! configuration.

use code_model::DottedName;
use python::edit::{Span, TextEdit};

use crate::new_names::{NewName, NewNames};
use crate::{Applicability, DependentFile, Edit, Plan};

/// Renames paths that stand for themselves. Safe are `package.module:object` in a file of entry
/// points, and modules where a tool or an interpreter is told one; any other path may be mere text.
pub(crate) fn data_edits(
    file: &DependentFile,
    text: &str,
    plan: &Plan,
    names: NewNames<'_>,
    edits: &mut Vec<Edit>,
) {
    let formats = ["toml", "cfg", "ini", "yaml", "yml", "json", "txt", "dockerfile"];
    let name = file.path.file_name();
    let has_format = file.path.extension().is_some_and(|it| formats.contains(&it));
    let is_recipe = ["Dockerfile", "Containerfile"].iter().any(|it| name.starts_with(it));
    if !has_format && !is_recipe {
        return;
    }
    let entry_points = matches!(name, "pyproject.toml" | "setup.cfg" | "entry_points.txt");
    let of_tools = matches!(
        name,
        "pyproject.toml" | "setup.cfg" | "tox.ini" | "pytest.ini" | "mypy.ini" | "ruff.toml"
    );
    let keys = if of_tools { keys(text) } else { Vec::new() };
    paths(text, plan, names, edits, |place| {
        entry_points && place.colon
            || is_run(place.before)
            || of_tools && !place.colon && names_a_module(place, &keys)
    });
}

/// Renames `package.module:object` behind the name of an entry point in strings of `setup.py`.
pub(crate) fn entry_points(text: &str, plan: &Plan, names: NewNames<'_>, edits: &mut Vec<Edit>) {
    let mut found = Vec::new();
    paths(text, plan, names, &mut found, |place| {
        let name = place.before.trim_end().strip_suffix('=').map(str::trim_end);
        let is_named = name.is_some_and(|name| {
            let name = name.rsplit(['"', '\'', '\n']).next().unwrap_or_default().trim();
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c))
        });
        is_named && place.colon && place.behind.starts_with(['"', '\'', '\n', ' ', '['])
    });
    found.retain(|edit| edit.applicability == Applicability::Safe);
    edits.extend(found);
}

/// A path with what stands around it.
struct Found<'t> {
    before: &'t str,
    behind: &'t str,
    colon: bool,
}

/// Whether an interpreter is told to run a module: `python -m package.module`.
fn is_run(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'', ',']);
    before.strip_suffix("-m").is_some_and(|before| before.ends_with([' ', '"', '\'', '[']))
        && end_of_line(before).contains("python")
}

/// What stands at the end of a text on its last line; of a line that is too long for a command only
/// so much as a command has.
fn end_of_line(before: &str) -> &str {
    const COMMAND_BYTES: usize = 4096;
    let from = before.len().saturating_sub(COMMAND_BYTES);
    let from = (from..=before.len()).find(|at| before.is_char_boundary(*at)).unwrap_or(from);
    let end = before.get(from..).unwrap_or_default();
    end.rsplit('\n').next().unwrap_or(end)
}

/// Keys below which tools are told modules.
const MODULE_KEYS: [&str; 12] = [
    "module",
    "modules",
    "plugins",
    "plugin",
    "load-plugins",
    "packages",
    "known_first_party",
    "known_third_party",
    "known-third-party",
    "follow_imports_for",
    "extension-pkg-allow-list",
    "source_modules",
];

/// Whether a path is a value of its own below a key that takes modules, or is a section's.
fn names_a_module(place: &Found<'_>, keys: &[Key<'_>]) -> bool {
    let behind = place.behind.strip_prefix(".*").unwrap_or(place.behind);
    let is_whole = behind.is_empty() || behind.starts_with(['"', '\'', '\n', '\r', ',', ']']);
    if !is_whole {
        return false;
    }
    let before = place.before;
    if end_of_line(before).trim_start().starts_with("[mypy-") {
        return true;
    }
    let starts = before.ends_with(['"', '\'', ' ', '\t', '\n', '=', ',']);
    let count = keys.partition_point(|key| key.value <= before.len());
    let key = count.checked_sub(1).and_then(|last| keys.get(last)?.in_force(before));
    starts && key.is_some_and(|key| MODULE_KEYS.contains(&key))
}

/// A key with where its value stands.
struct Key<'t> {
    name: &'t str,
    /// Where its value begins.
    value: usize,
    /// Where its line ends.
    end: usize,
    /// Whether a list ends with its line, so that what follows belongs to an earlier key.
    closed: bool,
    /// The earlier key.
    earlier: Option<&'t str>,
}

impl<'t> Key<'t> {
    /// The key to which what follows a text belongs, where this is the last one in it.
    fn in_force(&self, before: &str) -> Option<&'t str> {
        let closed = if before.len() <= self.end {
            before.get(self.value..).is_some_and(|value| value.trim_end().ends_with(']'))
        } else {
            self.closed
        };
        if closed { self.earlier } else { Some(self.name) }
    }
}

/// Every `key = value` of a text.
fn keys(text: &str) -> Vec<Key<'_>> {
    let mut found = Vec::new();
    let mut earlier = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let is_key = |c: char| c.is_alphanumeric() || "-_".contains(c);
        if let Some((name, value)) = line.split_once('=')
            && !name.trim().is_empty()
            && name.trim().chars().all(is_key)
        {
            let (name, value_start) = (name.trim(), start + name.len() + 1);
            let closed = value.trim_end().ends_with(']');
            let end = start + line.trim_end_matches('\n').len();
            found.push(Key { name, value: value_start, end, closed, earlier });
            earlier = if closed { earlier } else { Some(name) };
        }
        start = end;
    }
    found
}

/// Adds an edit for each path of the library that is called differently.
fn paths(
    text: &str,
    plan: &Plan,
    names: NewNames<'_>,
    edits: &mut Vec<Edit>,
    is_safe: impl Fn(&Found<'_>) -> bool,
) {
    for root in &plan.roots {
        let mut offset = 0;
        while let Some(at) = text.get(offset..).and_then(|rest| rest.find(root.as_str())) {
            let start = offset + at;
            let length = path_length(text.get(start..).unwrap_or_default());
            offset = start + length.max(root.as_str().len());
            let Some(path) = text
                .get(start..start + length)
                .filter(|path| path.len() > root.as_str().len() && !continues_before(text, start))
            else {
                continue;
            };
            let Ok(old) = DottedName::new(&path.replacen(':', ".", 1)) else { continue };
            let NewName::Renamed(new, operation) = names.of(&old) else { continue };
            let with_colon = path.contains(':');
            let written = match names.module_of(&new).filter(|_| with_colon) {
                Some(module) => match new.below(&module) {
                    Some(rest) if !rest.is_empty() => format!("{module}:{rest}"),
                    _ => new.to_string(),
                },
                None => new.to_string(),
            };
            let span = Span::new(start as u32, (start + length) as u32);
            let found = Found {
                before: text.get(..start).unwrap_or_default(),
                behind: text.get(start + length..).unwrap_or_default(),
                colon: with_colon,
            };
            edits.push(Edit {
                text: TextEdit::replace(span, written),
                operation,
                applicability: if is_safe(&found) {
                    Applicability::Safe
                } else if is_value(&found) {
                    Applicability::Unsafe
                } else {
                    Applicability::Display
                },
            });
        }
    }
}

/// Whether a path is all of a value, and no part of a sentence.
fn is_value(place: &Found<'_>) -> bool {
    let quote = place.before.chars().next_back().filter(|sign| matches!(sign, '"' | '\''));
    if let Some(quote) = quote {
        return place.behind.starts_with(quote);
    }
    let is_blank = |c: char| c.is_whitespace() && c != '\n';
    let before = place.before.trim_end_matches(is_blank);
    let behind = place.behind.trim_start_matches(is_blank);
    (before.is_empty() || before.ends_with(['\n', '=', ':', '-', ',', '[']))
        && (behind.is_empty() || behind.starts_with(['\n', ',', '#', ']']))
}

/// Number of bytes at the start of a text that make a dotted path, one colon included.
fn path_length(text: &str) -> usize {
    let mut colon = false;
    let end = text
        .char_indices()
        .find(|(_, c)| match c {
            ':' => std::mem::replace(&mut colon, true),
            '.' | '_' => false,
            other => !other.is_alphanumeric(),
        })
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default().trim_end_matches(['.', ':']).len()
}

fn continues_before(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    // The type checker's sections for single modules.
    !before.ends_with("[mypy-")
        && before
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'))
}
