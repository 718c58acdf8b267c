//! Python inside other texts: cells of notebooks, examples in docstrings, blocks of code in
//! Markdown and reStructuredText.
//!
//! A fragment is read as a text of its own and remembers for each of its lines where it stands in
//! the document, so that changed code can be written back with the document's prompts, indentation,
//! quotes and escapes.

mod docstrings;
mod markup;
mod notebook;
#[cfg(test)]
mod tests;

use crate::edit::Span;

pub use docstrings::docstrings;

/// Texts beyond this size are data.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// At most so many fragments of one text are read.
const MAX_FRAGMENTS: usize = 2000;

/// What kind of text holds the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// A notebook of Jupyter.
    Notebook,
    /// Markdown: fenced blocks that say that they are Python, and examples with prompts.
    Markdown,
    /// reStructuredText: directives that say that they hold Python, and examples with prompts.
    Restructured,
    /// A docstring, which may be written as either.
    Docstring,
}

/// How a fragment came to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FragmentKind {
    /// All code cells of a notebook, which share their names.
    Cells,
    /// All examples with prompts of one text, which share their names.
    Examples,
    /// One block that is marked as Python.
    Block,
}

/// How the code of a line is written in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineForm {
    /// As it is.
    Plain,
    /// As one string of a JSON list.
    JsonElement,
    /// As a part of one JSON string.
    JsonPart,
    /// It stands in for something that is no Python, or that nothing may change.
    Fixed,
}

/// Where a line of a fragment stands in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentLine {
    /// The code alone, without prompts, indentation of the block, and line break.
    pub code: Span,
    /// The whole line with what stands before the code and its line break; of an element of a list
    /// the string with its quotes.
    pub whole: Span,
    /// How the code is written.
    pub form: LineForm,
    /// The cell or block that the line belongs to.
    pub group: u32,
}

/// One piece of Python inside another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// How it came to be.
    pub kind: FragmentKind,
    /// The code, each line with its line feed.
    pub code: String,
    /// One entry for each line of the code.
    pub lines: Vec<DocumentLine>,
}

impl Fragment {
    fn new(kind: FragmentKind) -> Self {
        Self { kind, code: String::new(), lines: Vec::new() }
    }

    fn push(&mut self, code: &str, line: DocumentLine) {
        self.code.push_str(code);
        self.code.push('\n');
        self.lines.push(line);
    }

    /// A line that stands for nothing in the document.
    fn push_fixed(&mut self, code: &str, at: u32, group: u32) {
        let place = Span::at(at);
        self.push(code, DocumentLine { code: place, whole: place, form: LineForm::Fixed, group });
    }
}

/// Every fragment of a text, in the order in which they begin.
pub fn fragments(kind: DocumentKind, text: &str) -> Vec<Fragment> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Vec::new();
    }
    match kind {
        DocumentKind::Notebook => notebook::read(text).into_iter().collect(),
        _ => markup::read(kind, text, 0),
    }
}

/// Every fragment of a docstring whose content stands at this range of a Python text.
pub fn docstring_fragments(text: &str, content: Span) -> Vec<Fragment> {
    markup::read(DocumentKind::Docstring, content.of(text), content.start)
}
