//! What a codemod is: something that reads one file's references and adds edits.

use std::collections::BTreeSet;

use artifact::{Finding, Severity};
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::operation::OperationId;
use python::edit::{Span, TextEdit};
use python::lines::Lines;
use python::references::{DependentIndex, FileReferences};

use crate::{DependentFile, Plan, Receivers, todo};

/// How far an edit may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// Shown, never applied.
    Display,
    /// Applied only when asked for: it is probably right, and nothing proves it.
    Unsafe,
    /// Applied when it may be assumed that a name which nothing else has is the library's: its
    /// receiver is unknown.
    Assumed,
    /// Applied: it cannot change anything but what the operation says.
    Safe,
}

/// One edit with the operation that asks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is written where.
    pub text: TextEdit,
    /// The operation.
    pub operation: OperationId,
    /// How far it may be trusted.
    pub applicability: Applicability,
}

impl Edit {
    /// Whether it only leaves a comment, which no operation asks for.
    pub fn is_comment(&self) -> bool {
        self.operation == todo::operation()
    }
}

/// What a codemod may look at.
pub struct FileContext<'a> {
    /// The file.
    pub file: &'a DependentFile,
    /// Its decoded text; all ranges count in it.
    pub text: &'a str,
    /// The lines of the text.
    pub lines: &'a Lines,
    /// What it says about the core.
    pub references: &'a FileReferences,
    /// What must change.
    pub plan: &'a Plan,
    /// Answers about receivers.
    pub receivers: &'a dyn Receivers,
    /// The dependent's other modules.
    pub index: &'a DependentIndex,
    /// Members and keywords that nothing but the library has.
    pub unique: &'a BTreeSet<String>,
    /// The old version, when its snapshot is at hand.
    pub api_from: Option<ApiIndex<'a>>,
    /// The new version, when its snapshot is at hand.
    pub api_to: Option<ApiIndex<'a>>,
}

/// What codemods add to while they go through a file.
#[derive(Debug, Default)]
pub struct Rewriting {
    /// Edits so far. Edits inside the [`python::edit::Piece::Source`] ranges of another edit are
    /// applied with it.
    pub edits: Vec<Edit>,
    /// Findings so far.
    pub findings: Vec<Finding>,
    /// References that need no edit though their name changed: right already, or guarded for both
    /// versions.
    pub already_right: u32,
    /// Names of the new version that an edit writes and that must be importable where it writes
    /// them.
    pub needed: Vec<NeededName>,
}

/// A name of the new version that new text uses.
///
/// The text holds `placeholder`; once all codemods are through, it is replaced by an expression
/// that reaches `name`, and an import is added where none does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededName {
    /// What must be reachable.
    pub name: DottedName,
    /// Where it is used, in the old text.
    pub at: Span,
    /// What stands for it in the text of edits.
    pub placeholder: String,
    /// The operation that asks for it.
    pub operation: OperationId,
}

impl Rewriting {
    /// Adds an edit.
    pub fn edit(&mut self, operation: &OperationId, applicability: Applicability, text: TextEdit) {
        self.edits.push(Edit { text, operation: operation.clone(), applicability });
    }

    /// Adds a finding about a place in the file.
    pub fn find(&mut self, context: &FileContext<'_>, at: Span, code: &str, message: String) {
        let line = context.lines.at(at.start);
        self.findings.push(
            Finding::new(Severity::Warning, code, message)
                .in_file(&context.file.path)
                .at_line(line),
        );
    }

    /// Text that will stand for `name`, a name of the new version, at this place. An import is
    /// added when needed.
    pub fn need(&mut self, name: &DottedName, at: Span, operation: &OperationId) -> String {
        // Private use characters cannot occur in Python code outside of strings and comments.
        let placeholder = format!("\u{f8ff}{}\u{f8ff}", self.needed.len());
        self.needed.push(NeededName {
            name: name.clone(),
            at,
            placeholder: placeholder.clone(),
            operation: operation.clone(),
        });
        placeholder
    }
}

/// One kind of rewriting.
pub trait Codemod: Sync {
    /// The operation kinds that it carries out.
    fn kinds(&self) -> &'static [&'static str];

    /// Adds what must change in this file.
    fn rewrite(&self, context: &FileContext<'_>, rewriting: &mut Rewriting);
}
