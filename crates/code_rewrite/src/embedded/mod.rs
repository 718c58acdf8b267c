//! Python inside other texts: notebooks, documents, docstrings.
//!
//! Each fragment is rewritten as a module of its own. What it takes from imports elsewhere, those
//! of the module around a docstring or of earlier blocks of a document, stands before it while it
//! is read; its edits count only where these imports come out as they do in their own place.

mod imports;
mod literals;
mod write_back;

use std::collections::{BTreeMap, HashSet};

use artifact::TreePath;
use code_model::operation::OperationId;
use python::edit::{Span, TextEdit};
use python::embedded::{
    DocumentKind, DocumentLine, Fragment, FragmentKind, LineForm, docstring_fragments, docstrings,
    fragments,
};
use python::lines::Lines;
use python::parse::ParsedFile;
use python::references::DependentIndex;

use crate::rewriter::{Rewriter, apply, is_python};
use crate::{Applicability, DependentFile, Edit, FileRewrite, Receivers, Rewriting};
use imports::{Import, Imports};

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

/// A document while its sections are rewritten.
struct Document<'a> {
    file: &'a DependentFile,
    text: &'a str,
    lines: Lines,
    index: &'a DependentIndex,
    receivers: &'a dyn Receivers,
}

/// What a document says so far, as it will be written.
#[derive(Default)]
struct Written {
    text: String,
    lines: HashSet<String>,
}

impl Written {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.lines().map(|line| line.trim().to_owned()));
    }

    /// Whether it says this, on a line of its own or as a part of one.
    fn holds(&self, code: &str) -> bool {
        code.is_empty() || self.lines.contains(code) || self.text.contains(code)
    }
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
            let lines = Lines::of(&file.content);
            let sections = sections.iter().enumerate();
            found.extend(sections.filter_map(|(position, section)| {
                let before = std::iter::repeat_n(None, section.lines_before());
                let own = section.fragment.lines.iter().map(|line| {
                    let is_code = line.form != LineForm::Fixed;
                    is_code.then(|| lines.at(line.whole.start))
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
        let mut earlier = Imports::default();
        let mut sections = Vec::new();
        for fragment in fragments {
            let own = self.imports_of(file, &fragment.code);
            let imports = earlier.needed_by(&fragment.code, &own);
            sections.push(Section { fragment, imports });
            earlier.add(own);
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
        let mut imports = Imports::default();
        let references = self.read(file, parsed, &DependentIndex::default());
        imports.add(imports::at_top_level(text, &references, self.roots()));
        let section = |fragment: Fragment| {
            let own = self.imports_of(file, &fragment.code);
            Section { imports: imports.needed_by(&fragment.code, &own), fragment }
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
        let references = self.read(file, &parsed, &DependentIndex::default());
        imports::at_top_level(code, &references, self.roots())
    }

    /// Whether what was written in a file is run and asks for the new version: neither comments nor
    /// the examples of documents and docstrings are run, and some edits work with both versions.
    pub fn runs_what_was_written(&self, file: &DependentFile, rewrite: &FileRewrite) -> bool {
        let asks =
            |edit: &&Edit| !edit.is_comment() && !self.plan.works_before.contains(&edit.operation);
        let mut edits = rewrite.edits.iter().filter(asks);
        if rewrite.content.is_none() {
            return false;
        }
        if !is_python(&file.path) {
            let kind = document_kind(file);
            return kind.is_none_or(|kind| kind == DocumentKind::Notebook)
                && edits.next().is_some();
        }
        let texts = self.readings().tree(file).map(|parsed| docstrings(&parsed));
        let texts = texts.unwrap_or_default();
        edits.any(|edit| {
            let count = texts.partition_point(|text| text.start <= edit.text.span.start);
            let last = count.checked_sub(1).and_then(|last| texts.get(last));
            last.is_none_or(|text| !text.contains(edit.text.span))
        })
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
        let document = Document { file, text, lines: Lines::of(text), index, receivers };
        let mut outcome = Outcome::default();
        let mut written = Written::default();
        for (position, section) in sections.iter().enumerate() {
            let new = self.section(&document, (position, section), &written, &mut outcome);
            written.add(new.as_deref().unwrap_or(&section.fragment.code));
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
        let mut written = Written::default();
        written.add(&python::edit::apply(text, &wanted).text);
        let document = Document { file, text, lines: Lines::of(text), index, receivers };
        for (position, section) in sections.iter().enumerate() {
            self.section(&document, (position, section), &written, &mut outcome);
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
    fn section(
        &self,
        document: &Document<'_>,
        (position, section): (usize, &Section),
        written: &Written,
        outcome: &mut Outcome,
    ) -> Option<String> {
        let Document { file, text, index, receivers, .. } = *document;
        let virtual_file = section.file(file, position)?;
        let mentions = self.mentions_of(&virtual_file.content);
        if !mentions.core || !(mentions.name || mentions.member && receivers.knows_types()) {
            return None;
        }
        outcome.findings.extend(self.commands(document, section));
        let mut rewrite = self.rewrite_python(&virtual_file, index, receivers, true);
        let before = section.lines_before();
        let fragment = &section.fragment;
        let document_line = |line: u32| {
            let own = (line as usize).checked_sub(before + 1)?;
            Some(document.lines.at(fragment.lines.get(own)?.whole.start))
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
        let agrees = imports.lines().all(|line| written.holds(line.trim()));
        let texts: Vec<TextEdit> = rewrite.edits.iter().map(|edit| edit.text.clone()).collect();
        let lines = write_back::followed(&code, &texts)?;
        // Nothing is written between the imports and the code.
        let border = lines.iter().find(|it| it.old == (before - 1..before))?;
        if border.new != [BORDER.trim_end()] {
            return None;
        }
        let edits = write_back::write_back(fragment, text, &lines, before)?;
        let reasons = Reasons::of(&rewrite.edits, &code);
        for document_edit in edits {
            let lines = document_edit.lines.start + before
                ..document_edit.lines.end.max(document_edit.lines.start + 1) + before;
            for (operation, applicability) in reasons.at(&lines) {
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

    /// Findings about lines that only the notebook understands, and that may use what changes.
    fn commands(&self, document: &Document<'_>, section: &Section) -> Vec<artifact::Finding> {
        let is_fixed = |line: &&DocumentLine| line.form == LineForm::Fixed;
        let fixed = section.fragment.lines.iter().filter(is_fixed);
        let found = fixed.filter(|line| {
            let command = line.code.of(document.text).trim_start();
            let arguments = command.split_once(' ').map_or("", |(_, arguments)| arguments);
            self.mentions_of(arguments.as_bytes()).name
        });
        let message = "This line is no Python, and may use a name that changed; look at it.";
        let found = found.map(|line| {
            artifact::Finding::new(artifact::Severity::Warning, "notebook-command", message)
                .in_file(&document.file.path)
                .at_line(document.lines.at(line.whole.start))
        });
        found.collect()
    }

    /// Edits of a section that were not made, at the lines where they would stand.
    fn held_back(&self, edits: Vec<Edit>, text: &str, section: &Section) -> Vec<Edit> {
        let (lines, before) = (Lines::of(section.code()), section.lines_before());
        let edits = edits.into_iter().filter_map(|edit| {
            let line = (lines.at(edit.text.span.start) as usize).checked_sub(before + 1)?;
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

/// The edits of a section with the lines that they touch.
struct Reasons<'e> {
    edits: &'e [Edit],
    /// The first and the last line of each edit, from 0.
    touched: Vec<(usize, usize)>,
    /// The last line that this edit or an earlier one touches.
    furthest: Vec<usize>,
}

impl<'e> Reasons<'e> {
    /// Of edits in the order of their ranges.
    fn of(edits: &'e [Edit], code: &str) -> Self {
        let lines = Lines::of(code);
        let line = |offset: u32| lines.at(offset) as usize - 1;
        let spans = edits.iter().map(|edit| edit.text.span);
        let touched: Vec<_> = spans.map(|span| (line(span.start), line(span.end))).collect();
        let mut last = 0;
        let furthest = touched.iter().map(|(_, end)| {
            last = last.max(*end);
            last
        });
        let furthest = furthest.collect();
        Self { edits, touched, furthest }
    }

    /// The operations behind the edits of these lines; those of the first edit where none stands
    /// there.
    fn at(&self, lines: &std::ops::Range<usize>) -> BTreeMap<OperationId, Applicability> {
        let from = self.furthest.partition_point(|last| *last < lines.start);
        let to = self.touched.partition_point(|(first, _)| *first < lines.end);
        let touching = (from..to).filter(|index| lines.start <= self.touched[*index].1);
        let mut touching = touching.filter_map(|index| self.edits.get(index)).peekable();
        let first = self.edits.first().filter(|_| touching.peek().is_none());
        let mut found: BTreeMap<OperationId, Applicability> = BTreeMap::new();
        for edit in touching.chain(first) {
            let least = found.entry(edit.operation.clone()).or_insert(edit.applicability);
            *least = edit.applicability.min(*least);
        }
        found
    }
}

/// The lines of documents that hold code, in order.
fn spans(sections: &[Section]) -> Vec<Span> {
    let lines = sections.iter().filter(|section| section.fragment.kind != FragmentKind::Cells);
    let lines = lines.flat_map(|section| section.fragment.lines.iter().map(|line| line.whole));
    let mut spans: Vec<Span> = lines.collect();
    spans.sort();
    spans
}

/// A cheap look: does a text hold prompts, fences or directives.
fn may_hold_examples(text: &str) -> bool {
    text.contains(">>> ") || text.contains("```") || text.contains("~~~") || text.contains("::")
}
