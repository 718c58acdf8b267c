//! Python inside other texts: notebooks, documents, docstrings.
//!
//! Each fragment is rewritten as a module of its own. What it takes from imports elsewhere, those
//! of the module around a docstring or of earlier blocks of a document, stands before it while it
//! is read; its edits count only where these imports come out as they do in their own place.

mod literals;
mod write_back;

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::TreePath;
use code_model::operation::OperationId;
use python::edit::{Span, TextEdit};
use python::embedded::{
    DocumentKind, Fragment, FragmentKind, LineForm, docstring_fragments, docstrings, fragments,
};
use python::parse::ParsedFile;
use python::references::{DependentIndex, FileReferences};

use crate::rewriter::{Rewriter, apply, is_python, line_at};
use crate::{Applicability, DependentFile, Edit, FileRewrite, Receivers, Rewriting};

/// Keeps the imports that are only read apart from the code that is rewritten.
const BORDER: &str = "# \u{f8fe}\n";

/// Words in the names of documents that say what changed between versions: their code is old on
/// purpose.
const TELLS_OF_CHANGES: [&str; 10] = [
    "change",
    "changes",
    "changelog",
    "history",
    "news",
    "release",
    "releases",
    "relnotes",
    "whatsnew",
    "whats",
];

/// How other such words begin.
const BEGINNINGS: [&str; 3] = ["migrat", "upgrad", "deprecat"];

/// A fragment with what it takes from elsewhere.
struct Section {
    fragment: Fragment,
    /// Imports, each on lines of its own.
    imports: String,
}

/// What rewriting the fragments of one document asks for.
#[derive(Default)]
struct Outcome {
    edits: Vec<Edit>,
    findings: Vec<artifact::Finding>,
}

/// Python of a document as a file of its own.
#[derive(Debug, Clone)]
pub struct EmbeddedFile {
    /// The file.
    pub file: DependentFile,
    /// The document.
    pub document: TreePath,
    /// For each line of the file that on which it stands in the document, from 1; none for what
    /// only stands before it, or in for something else.
    pub lines: Vec<Option<u32>>,
}

impl EmbeddedFile {
    /// Whether the document is about changes between versions, so that what it shows may be old.
    pub fn tells_of_changes(&self) -> bool {
        tells_of_changes(&self.document)
    }
}

/// The kind of text that a file is, where it may hold Python.
pub(crate) fn document_kind(file: &DependentFile) -> Option<DocumentKind> {
    let has_prompts = || file.content.windows(4).any(|bytes| bytes == b">>> ");
    match file.path.extension()? {
        "ipynb" => Some(DocumentKind::Notebook),
        "md" => Some(DocumentKind::Markdown),
        "rst" => Some(DocumentKind::Restructured),
        // Texts of other kinds are lists: requirements, entry points.
        "txt" if has_prompts() => Some(DocumentKind::Restructured),
        _ => None,
    }
}

/// Whether a document is about changes between versions.
fn tells_of_changes(path: &TreePath) -> bool {
    path.parts().any(|part| {
        let part = part.to_ascii_lowercase();
        let mut words = part.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| {
            TELLS_OF_CHANGES.contains(&word) || BEGINNINGS.iter().any(|it| word.starts_with(it))
        })
    })
}

/// The path under which a fragment is known to inference.
fn section_path(document: &TreePath, position: usize) -> Option<TreePath> {
    TreePath::new(&format!("{document}.{position}.py")).ok()
}

impl Section {
    /// The whole text that is read.
    fn code(&self) -> String {
        format!("{}{BORDER}{}", self.imports, self.fragment.code)
    }

    fn lines_before(&self) -> usize {
        self.imports.lines().count() + BORDER.lines().count()
    }

    fn file(&self, document: &DependentFile, position: usize) -> Option<DependentFile> {
        Some(DependentFile {
            path: section_path(&document.path, position)?,
            content: self.code().into_bytes().into(),
            module: document.module.clone(),
        })
    }
}

impl Rewriter<'_> {
    /// The Python inside of documents, notebooks and docstrings that mentions what changes, as
    /// files that are read beside the others.
    pub fn embedded(&self, files: &[DependentFile]) -> Vec<EmbeddedFile> {
        let mut found = Vec::new();
        for file in files {
            let mentions = self.mentions(file);
            if !mentions.core || !(mentions.name || mentions.member) {
                continue;
            }
            let sections = match document_kind(file) {
                Some(kind) => self.sections_of_document(file, kind),
                None if !is_python(&file.path) => continue,
                None if !may_hold_examples(&String::from_utf8_lossy(&file.content)) => continue,
                None => match self.readings().tree(file) {
                    Ok(parsed) => self.sections_of_module(file, &parsed),
                    Err(_) => continue,
                },
            };
            let text = String::from_utf8_lossy(&file.content);
            let sections = sections.iter().enumerate();
            found.extend(sections.filter_map(|(position, section)| {
                let before = std::iter::repeat_n(None, section.lines_before());
                let own = section.fragment.lines.iter().map(|line| {
                    let is_code = line.form != LineForm::Fixed;
                    is_code.then(|| line_at(&text, line.whole.start))
                });
                Some(EmbeddedFile {
                    file: section.file(file, position)?,
                    document: file.path.clone(),
                    lines: before.chain(own).collect(),
                })
            }));
        }
        found
    }

    fn sections_of_document(&self, file: &DependentFile, kind: DocumentKind) -> Vec<Section> {
        let Ok(text) = std::str::from_utf8(&file.content) else { return Vec::new() };
        let fragments = fragments(kind, text);
        if !fragments.iter().any(|fragment| self.may_change(&fragment.code)) {
            return Vec::new();
        }
        let mut earlier: Vec<Import> = Vec::new();
        let mut sections = Vec::new();
        for fragment in fragments {
            let own = self.imports_of(file, &fragment.code);
            sections.push(Section { fragment, imports: lines_of(&earlier, &own) });
            earlier.retain(|import| !import.binds_one_of(&own));
            earlier.extend(own);
        }
        sections
    }

    fn sections_of_module(&self, file: &DependentFile, parsed: &ParsedFile) -> Vec<Section> {
        let text = parsed.text();
        let found: Vec<Fragment> = docstrings(parsed)
            .into_iter()
            .flat_map(|content| docstring_fragments(text, content))
            .filter(|fragment| self.may_change(&fragment.code))
            .collect();
        if found.is_empty() {
            return Vec::new();
        }
        let imports = imports(text, &self.read(file, parsed, &DependentIndex::default()));
        let section = |fragment: Fragment| {
            let own = self.imports_of(file, &fragment.code);
            Section { imports: lines_of(&imports, &own), fragment }
        };
        found.into_iter().map(section).collect()
    }

    /// Whether code mentions anything that changes.
    fn may_change(&self, code: &str) -> bool {
        let mentions = self.mentions_of(code.as_bytes());
        mentions.name || mentions.member
    }

    fn imports_of(&self, file: &DependentFile, code: &str) -> Vec<Import> {
        if !code.contains("import") {
            return Vec::new();
        }
        let Ok(parsed) = ParsedFile::parse(code.as_bytes()) else { return Vec::new() };
        if parsed.syntax_error().is_some() {
            return Vec::new();
        }
        imports(code, &self.read(file, &parsed, &DependentIndex::default()))
    }

    /// Rewrites the Python in a notebook or document.
    pub(crate) fn rewrite_document(
        &self,
        file: &DependentFile,
        kind: DocumentKind,
        index: &DependentIndex,
        receivers: &dyn Receivers,
        result: &mut FileRewrite,
    ) {
        let Ok(text) = std::str::from_utf8(&file.content) else { return };
        let sections = self.sections_of_document(file, kind);
        let mut outcome = Outcome::default();
        let mut written = String::new();
        for (position, section) in sections.iter().enumerate() {
            let new = self.section(
                file,
                text,
                (position, section),
                index,
                receivers,
                &written,
                &mut outcome,
            );
            written.push_str(new.as_deref().unwrap_or(&section.fragment.code));
        }
        if kind != DocumentKind::Notebook {
            let taken: Vec<Span> = spans(&sections);
            literals::edits(
                text,
                Span::new(0, text.len() as u32),
                kind,
                self,
                &taken,
                &mut outcome.edits,
            );
        }
        if tells_of_changes(&file.path) {
            for edit in &mut outcome.edits {
                edit.applicability = Applicability::Display;
            }
            outcome.findings.clear();
        }
        result.findings.append(&mut outcome.findings);
        let (wanted, held_back): (Vec<Edit>, Vec<Edit>) =
            outcome.edits.into_iter().partition(|edit| edit.applicability >= self.minimum());
        result.held_back.extend(held_back);
        apply(text, wanted, result, file);
    }

    /// Adds what the docstrings of a module ask for to what the module itself asks for.
    pub(crate) fn rewrite_docstrings(
        &self,
        file: &DependentFile,
        parsed: &ParsedFile,
        index: &DependentIndex,
        receivers: &dyn Receivers,
        rewriting: &mut Rewriting,
    ) {
        let text = parsed.text();
        if !may_hold_examples(text) && !text.contains('`') {
            return;
        }
        let sections = self.sections_of_module(file, parsed);
        let mut outcome = Outcome::default();
        let wanted: Vec<TextEdit> = rewriting
            .edits
            .iter()
            .filter(|edit| edit.applicability >= self.minimum())
            .map(|edit| edit.text.clone())
            .collect();
        let written = python::edit::apply(text, &wanted).text;
        for (position, section) in sections.iter().enumerate() {
            self.section(file, text, (position, section), index, receivers, &written, &mut outcome);
        }
        let taken = spans(&sections);
        for content in docstrings(parsed) {
            literals::edits(
                text,
                content,
                DocumentKind::Docstring,
                self,
                &taken,
                &mut outcome.edits,
            );
        }
        rewriting.edits.append(&mut outcome.edits);
        rewriting.findings.append(&mut outcome.findings);
    }

    /// Rewrites one section; gives its new code, where that can be written.
    #[expect(clippy::too_many_arguments, reason = "what a section needs to be read and written")]
    fn section(
        &self,
        file: &DependentFile,
        text: &str,
        (position, section): (usize, &Section),
        index: &DependentIndex,
        receivers: &dyn Receivers,
        written: &str,
        outcome: &mut Outcome,
    ) -> Option<String> {
        let virtual_file = section.file(file, position)?;
        let mentions = self.mentions_of(&virtual_file.content);
        if !mentions.core || !(mentions.name || mentions.member && receivers.knows_types()) {
            return None;
        }
        let mut rewrite = self.rewrite_python(&virtual_file, index, receivers, true);
        let before = section.lines_before();
        let fragment = &section.fragment;
        let document_line = |line: u32| {
            let own = (line as usize).checked_sub(before + 1)?;
            Some(line_at(text, fragment.lines.get(own)?.whole.start))
        };
        // Examples are often cut short, so that code that does not parse is nothing to report.
        rewrite.findings.retain(|finding| finding.code != "syntax-error");
        for mut finding in rewrite.findings {
            let Some(line) = document_line(finding.line.unwrap_or(before as u32 + 1)) else {
                continue;
            };
            finding.line = Some(line);
            outcome.findings.push(finding.in_file(&file.path));
        }
        let code = section.code();
        let held_back = std::mem::take(&mut rewrite.held_back);
        outcome.edits.extend(self.held_back(held_back, text, section));
        let new = String::from_utf8(rewrite.content?).ok()?;
        let (imports, new_code) = new.split_once(BORDER)?;
        let stands = |line: &str| line.trim().is_empty() || written.contains(line.trim());
        let agrees = imports.lines().all(stands);
        let texts: Vec<TextEdit> = rewrite.edits.iter().map(|edit| edit.text.clone()).collect();
        let lines = write_back::followed(&code, &texts)?;
        // Nothing is written between the imports and the code.
        let border = lines.iter().find(|it| it.old == (before - 1..before))?;
        if border.new != [BORDER.trim_end()] {
            return None;
        }
        let edits = write_back::write_back(fragment, text, &lines, before)?;
        for document_edit in edits {
            let lines = document_edit.lines.start + before
                ..document_edit.lines.end.max(document_edit.lines.start + 1) + before;
            for (operation, applicability) in operations(&rewrite.edits, &code, &lines) {
                outcome.edits.push(Edit {
                    text: document_edit.edit.clone(),
                    operation,
                    applicability: if agrees { applicability } else { Applicability::Display },
                });
                if document_edit.edit.span.is_empty() {
                    break;
                }
            }
        }
        agrees.then(|| new_code.to_owned())
    }

    /// Edits of a section that were not made, at the lines where they would stand.
    fn held_back(&self, edits: Vec<Edit>, text: &str, section: &Section) -> Vec<Edit> {
        let (code, before) = (section.code(), section.lines_before());
        let edits = edits.into_iter().filter_map(|edit| {
            let line = line_of(&code, edit.text.span, before)?;
            let line = section.fragment.lines.get(line)?;
            // What was not applied there is not applied here, whatever it was.
            let applicability = Applicability::Unsafe.min(edit.applicability);
            let is_wanted = applicability >= self.minimum();
            Some(Edit {
                text: TextEdit::replace(line.code, line.code.of(text)),
                operation: edit.operation,
                applicability: if is_wanted { Applicability::Display } else { applicability },
            })
        });
        edits.collect()
    }
}

/// The line of the section's own code on which an edit begins.
fn line_of(code: &str, span: Span, before: usize) -> Option<usize> {
    (line_at(code, span.start) as usize).checked_sub(before + 1)
}

/// The operations behind the edits of these lines; those of the whole section where no edit stands
/// there.
fn operations(
    edits: &[Edit],
    code: &str,
    lines: &std::ops::Range<usize>,
) -> BTreeMap<OperationId, Applicability> {
    let touches = |edit: &&Edit| {
        let first = line_at(code, edit.text.span.start) as usize - 1;
        let last = line_at(code, edit.text.span.end) as usize - 1;
        first < lines.end && lines.start <= last
    };
    let mut found: BTreeMap<OperationId, Applicability> = BTreeMap::new();
    let mut touching = edits.iter().filter(touches).peekable();
    let first = edits.first().filter(|_| touching.peek().is_none());
    for edit in touching.chain(first) {
        let least = found.entry(edit.operation.clone()).or_insert(edit.applicability);
        *least = edit.applicability.min(*least);
    }
    found
}

/// An import that code elsewhere builds on.
#[derive(Debug, Clone)]
struct Import {
    text: String,
    /// The names that it binds.
    locals: Vec<Arc<str>>,
}

impl Import {
    fn binds_one_of(&self, others: &[Self]) -> bool {
        others.iter().flat_map(|other| &other.locals).any(|local| self.locals.contains(local))
    }
}

/// The import statements at the top level of a text that nothing else rebinds.
fn imports(text: &str, references: &FileReferences) -> Vec<Import> {
    let mut imports = Vec::new();
    for (position, statement) in references.statements.iter().enumerate() {
        let bound: Vec<_> = references
            .imports
            .iter()
            .filter(|import| import.statement.0 as usize == position)
            .collect();
        let is_sole = bound.iter().all(|import| import.sole);
        if statement.block == 0 && statement.scope.0 == 0 && is_sole {
            let text = statement.span.of(text).to_owned();
            let locals = bound.iter().map(|import| Arc::clone(&import.local)).collect();
            imports.push(Import { text, locals });
        }
    }
    imports
}

/// Imports as lines, without those that the code binds anew.
fn lines_of(imports: &[Import], own: &[Import]) -> String {
    let kept = imports.iter().filter(|import| !import.binds_one_of(own));
    kept.map(|import| format!("{}\n", import.text)).collect()
}

fn spans(sections: &[Section]) -> Vec<Span> {
    let lines = sections.iter().filter(|section| section.fragment.kind != FragmentKind::Cells);
    lines.flat_map(|section| section.fragment.lines.iter().map(|line| line.whole)).collect()
}

/// A cheap look: does a text hold prompts, fences or directives.
fn may_hold_examples(text: &str) -> bool {
    text.contains(">>> ") || text.contains("```") || text.contains("~~~") || text.contains("::")
}
