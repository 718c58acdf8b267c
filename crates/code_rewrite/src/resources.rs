//! Files of the core that move: paths of its data in strings of the dependent.

use python::edit::{Span, TextEdit};

use crate::plan::FileMove;
use crate::{Applicability, Codemod, FileContext, Rewriting};

/// Renames paths of package data in string literals.
pub(crate) struct Resources;

impl Codemod for Resources {
    fn kinds(&self) -> &'static [&'static str] {
        &["move.file"]
    }

    fn rewrite(&self, context: &FileContext<'_>, rewriting: &mut Rewriting) {
        for change in &context.plan.files {
            for (old, new, applicability) in spellings(context, change) {
                let guards = &context.references.version_guards;
                let mut found = literals(context.text, &old);
                found.retain(|span| !guards.iter().any(|guard| guard.contains(*span)));
                for span in found {
                    let edit = TextEdit::replace(span, new.clone());
                    rewriting.edit(&change.operation, applicability, edit);
                }
            }
        }
    }
}

/// How a dependent may write the path: from the package's parent, or from the package as loaders of
/// data take it.
fn spellings(context: &FileContext<'_>, change: &FileMove) -> Vec<(String, String, Applicability)> {
    let (from, to) = (change.from.as_str(), change.to.as_str());
    let mut spellings = vec![(from.to_owned(), to.to_owned(), Applicability::Unsafe)];
    for root in &context.plan.roots {
        let prefix = format!("{}/", root.as_str().replace('.', "/"));
        if let (Some(old), Some(new)) = (from.strip_prefix(&prefix), to.strip_prefix(&prefix))
            && old.contains('/')
        {
            spellings.push((old.to_owned(), new.to_owned(), Applicability::Display));
        }
    }
    spellings
}

/// The contents of string literals that are exactly this text.
fn literals(text: &str, content: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut offset = 0;
    while let Some(at) = text.get(offset..).and_then(|rest| rest.find(content)) {
        let start = offset + at;
        let end = start + content.len();
        let quote = text.get(..start).and_then(|before| before.chars().next_back());
        let closing = text.get(end..).and_then(|after| after.chars().next());
        if quote == closing && matches!(quote, Some('"' | '\'')) {
            found.push(Span::new(start as u32, end as u32));
        }
        offset = end;
    }
    found
}
