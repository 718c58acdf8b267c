//! Comments for what a person must look at, where they were asked for.

use std::collections::BTreeSet;

use artifact::Finding;
use code_model::operation::OperationId;
use python::edit::TextEdit;
use python::lines::Lines;
use python::parse::ParsedFile;
use python::places::statement_start;

use crate::{Applicability, Edit};

/// What every such comment begins with.
const MARK: &str = "# TODO(onx): ";

/// What stands for the operation of an edit that only leaves a comment.
pub(crate) fn operation() -> OperationId {
    OperationId("todo-comment".to_owned())
}

/// A comment above the statement of each finding; none where the same stands there already.
pub(crate) fn comments(parsed: &ParsedFile, lines: &Lines, findings: &[Finding]) -> Vec<Edit> {
    let text = parsed.text();
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut written: BTreeSet<(u32, String)> = BTreeSet::new();
    let mut said: BTreeSet<&str> = BTreeSet::new();
    let mut edits = Vec::new();
    for finding in findings {
        let Some(offset) = finding.line.and_then(|line| first_code(text, lines.start(line)?))
        else {
            continue;
        };
        let Some(start) = statement_start(parsed, offset) else { continue };
        let once = finding.code.starts_with("receiver-") && !said.insert(&finding.message);
        let comment = format!("{MARK}{}", finding.message);
        if once || stands_above(text, start, &comment) || !written.insert((start, comment.clone()))
        {
            continue;
        }
        let (line_start, indent) = indentation(text, start);
        edits.push(Edit {
            text: TextEdit::insert(line_start, format!("{indent}{comment}{line_break}")),
            operation: operation(),
            applicability: Applicability::Safe,
        });
    }
    edits
}

/// The first byte that is no white space on the line that begins here.
fn first_code(text: &str, start: u32) -> Option<u32> {
    let content = text.get(start as usize..)?.split_inclusive('\n').next()?;
    Some(start + (content.len() - content.trim_start().len()) as u32)
}

/// Where the line of a statement begins, and what stands before the statement.
fn indentation(text: &str, start: u32) -> (u32, &str) {
    let before = text.get(..start as usize).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (line_start as u32, before.get(line_start..).unwrap_or_default())
}

/// Whether a comment is among those directly above a statement.
fn stands_above(text: &str, start: u32, comment: &str) -> bool {
    let (line_start, _) = indentation(text, start);
    let before = text.get(..line_start as usize).unwrap_or_default();
    before
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| line.starts_with('#'))
        .any(|line| line == comment)
}
