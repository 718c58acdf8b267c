//! Dotted paths of the core in files that are not Python: entry points, logging and framework
//! configuration.

use code_model::DottedName;
use python::edit::{Span, TextEdit};

use crate::new_names::{NewName, NewNames};
use crate::{Applicability, DependentFile, Edit, Plan};

/// Renames paths that stand for themselves. `package.module:object` in a file of entry points is
/// safe; any other path may be mere text.
pub(crate) fn data_edits(
    file: &DependentFile,
    text: &str,
    plan: &Plan,
    names: NewNames<'_>,
    edits: &mut Vec<Edit>,
) {
    let formats = ["toml", "cfg", "ini", "yaml", "yml", "json", "txt"];
    if !file.path.extension().is_some_and(|extension| formats.contains(&extension)) {
        return;
    }
    let entry_points =
        matches!(file.path.file_name(), "pyproject.toml" | "setup.cfg" | "entry_points.txt");
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
            edits.push(Edit {
                text: TextEdit::replace(span, written),
                operation,
                applicability: if entry_points && with_colon {
                    Applicability::Safe
                } else {
                    Applicability::Unsafe
                },
            });
        }
    }
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
    text.get(..start)
        .and_then(|before| before.chars().next_back())
        .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'))
}
