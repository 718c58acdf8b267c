//! Full dotted paths that documents set as code: ``package.module.name``, :class:`package.Name`.
//!
//! Such a path may stand in a sentence about the old version, so that its edit is only shown.

use code_model::DottedName;
use python::edit::{Span, TextEdit};
use python::embedded::DocumentKind;

use crate::new_names::NewName;
use crate::rewriter::Rewriter;
use crate::{Applicability, Edit};

/// Adds an edit, to be shown, for each path in `range` that is a literal of its own.
pub(super) fn edits(
    text: &str,
    range: Span,
    kind: DocumentKind,
    rewriter: &Rewriter<'_>,
    taken: &[Span],
    edits: &mut Vec<Edit>,
) {
    let names = rewriter.new_names();
    for root in rewriter.roots() {
        let mut offset = range.start as usize;
        let end = range.end as usize;
        while let Some(at) = text.get(offset..end).and_then(|rest| rest.find(root.as_str())) {
            let start = offset + at;
            let rest = text.get(start..end).unwrap_or_default();
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))
                .unwrap_or(rest.len());
            offset = start + length.max(root.as_str().len());
            let before = text.get(range.start as usize..start).unwrap_or_default();
            let behind = text.get(start + length..end).unwrap_or_default();
            let span = Span::new(start as u32, (start + length) as u32);
            if !is_literal(before, behind, kind) || is_taken(taken, span) {
                continue;
            }
            let Ok(old) = DottedName::new(span.of(text)) else { continue };
            if let NewName::Renamed(new, operation) = names.of(&old) {
                edits.push(Edit {
                    text: TextEdit::replace(span, new.to_string()),
                    operation,
                    applicability: Applicability::Display,
                });
            }
        }
    }
}

/// Whether a range lies on one of these lines, which are in order.
fn is_taken(lines: &[Span], span: Span) -> bool {
    let count = lines.partition_point(|line| line.start <= span.start);
    count.checked_sub(1).and_then(|last| lines.get(last)).is_some_and(|line| line.contains(span))
}

/// Whether what stands around a path makes it a literal or a role's argument.
fn is_literal(before: &str, behind: &str, kind: DocumentKind) -> bool {
    let closes = behind.strip_prefix("()").unwrap_or(behind).starts_with('`');
    let before = before.strip_suffix('~').unwrap_or(before);
    let Some(outside) = before.strip_suffix('`').filter(|_| closes) else { return false };
    match kind {
        DocumentKind::Markdown => true,
        _ => outside.ends_with('`') || outside.ends_with(':'),
    }
}
