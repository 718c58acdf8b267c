//! One file after another: what is read, which codemods run, and the proof that nothing broke.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use artifact::{Finding, Severity, TreePath};
use code_model::DottedName;
use code_model::api::ApiIndex;
use python::edit::{self, Span};
use python::lines::Lines;
use python::parse::ParsedFile;
use python::references::{
    DependentIndex, FileReferences, ModuleSurface, NameProblem, ReferenceOptions, StarExports,
};

use crate::guards::Versions;
use crate::readings::{Readings, parse};
use crate::words::{Mentions, Words};
use crate::{
    Applicability, DependentFile, Edit, FileContext, FileRewrite, NewNames, Plan, Receivers,
    Rewriting, call, codemods, embedded, guards, keys, paths, rename, todo,
};

/// Rewrites the files of dependents by one plan.
pub struct Rewriter<'a> {
    pub(crate) plan: &'a Plan,
    api_from: Option<ApiIndex<'a>>,
    api_to: Option<ApiIndex<'a>>,
    minimum: Applicability,
    words: Words,
    members: BTreeSet<String>,
    unique: BTreeSet<String>,
    guards: Option<Versions>,
    writes_comments: bool,
    readings: Readings,
}

/// What star imports of the old version bring in.
struct SnapshotStars<'a> {
    api: Option<ApiIndex<'a>>,
    plan: &'a Plan,
}

impl StarExports for SnapshotStars<'_> {
    fn exports(&self, module: &DottedName, name: &str) -> Option<bool> {
        let Some(api) = self.api else {
            // Without the old version at hand: a name that changes in this module was there.
            return self.plan.names.contains_key(&module.join(name)).then_some(true);
        };
        api.star_import_brings(module, name)
    }
}

impl<'a> Rewriter<'a> {
    /// A rewriter that applies edits of at least this applicability. Snapshots of both versions
    /// make it surer.
    pub fn new(
        plan: &'a Plan,
        api_from: Option<ApiIndex<'a>>,
        api_to: Option<ApiIndex<'a>>,
        minimum: Applicability,
    ) -> Self {
        let changes_calls =
            !plan.calls.is_empty() || plan.members.iter().any(|member| member.keyword);
        let members = plan
            .members
            .iter()
            .map(|member| member.from.clone())
            .chain(plan.calls.iter().map(|call| call.callable.leaf().to_owned()))
            // Subclasses call a constructor whose parameters changed through `super()`.
            .chain(["__init__".to_owned()].into_iter().filter(|_| changes_calls))
            .chain(plan.keys.iter().map(|key| keys::leaf(&key.from).to_owned()))
            .collect();
        let (words, unique) = (Words::of(plan, api_from), BTreeSet::new());
        Self {
            plan,
            api_from,
            api_to,
            minimum,
            words,
            members,
            unique,
            guards: None,
            writes_comments: false,
            readings: Readings::default(),
        }
    }

    /// The same, taking choices between the old and the new version apart: only the new one is
    /// supported from now on. Versions that are none leave all choices as they are.
    #[must_use]
    pub fn with_simplified_guards(self, from_version: &str, to_version: &str) -> Self {
        Self { guards: Versions::new(from_version, to_version), ..self }
    }

    /// The same, leaving a comment in Python files for each finding about a line.
    #[must_use]
    pub fn with_comments(self) -> Self {
        Self { writes_comments: true, ..self }
    }

    /// The same, knowing that nothing but the library has these members and keywords. Edits that
    /// rest on it are [`Applicability::Assumed`].
    #[must_use]
    pub fn with_unique(self, unique: BTreeSet<String>) -> Self {
        Self { unique, ..self }
    }

    /// What a file mentions of the core and of what changes; one scan of its bytes.
    pub fn mentions(&self, file: &DependentFile) -> Mentions {
        self.readings.mentions(file, |bytes| self.mentions_of(bytes))
    }

    /// What was read so far, for others who read the same files.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    pub(crate) fn mentions_of(&self, bytes: &[u8]) -> Mentions {
        self.words.mentioned(bytes)
    }

    /// Whether a file can need an edit at all, as far as its own bytes tell. Where neither types
    /// nor unique names tell members apart, they are looked at only in files that mention the core.
    pub fn concerns(&self, file: &DependentFile, knows_types: bool) -> bool {
        let mentions = self.mentions(file);
        let tells_apart = knows_types || !self.unique.is_empty();
        mentions.name || (mentions.member && (mentions.core || tells_apart))
    }

    pub(crate) fn read(
        &self,
        file: &DependentFile,
        parsed: &ParsedFile,
        index: &DependentIndex,
    ) -> FileReferences {
        FileReferences::read(
            parsed,
            &self.options(file, index, &self.stars(), &|name| self.members.contains(name)),
        )
    }

    fn stars(&self) -> SnapshotStars<'a> {
        SnapshotStars { api: self.api_from, plan: self.plan }
    }

    fn options<'o>(
        &'o self,
        file: &'o DependentFile,
        index: &'o DependentIndex,
        star: &'o dyn StarExports,
        members: &'o dyn Fn(&str) -> bool,
    ) -> ReferenceOptions<'o> {
        ReferenceOptions {
            roots: &self.plan.roots,
            distribution: self.plan.distribution.as_deref(),
            module: file.module.as_ref(),
            is_package: file.path.file_name().starts_with("__init__."),
            members,
            star,
            dependent: Some(index),
        }
    }

    /// What a module offers to its siblings and takes from them. Only Python files that
    /// [`Rewriter::concerns`] names need to be asked.
    pub fn surface(&self, file: &DependentFile, index: &DependentIndex) -> ModuleSurface {
        if !is_python(&file.path) {
            return ModuleSurface::default();
        }
        match self.readings.tree(file) {
            Ok(parsed) => {
                let stars = self.stars();
                let members = |name: &str| self.members.contains(name);
                let options = self.options(file, index, &stars, &members);
                let references = Arc::new(FileReferences::read(&parsed, &options));
                let mut surface = references.surface(&options);
                surface.followed = call::followed_parameters(self.plan, &references, parsed.text());
                self.readings.keep_references(file, references);
                surface
            }
            Err(_) => ModuleSurface::default(),
        }
    }

    /// The index of a dependent's modules before any of their surfaces is known.
    pub fn empty_index(&self, files: &[DependentFile]) -> DependentIndex {
        DependentIndex::new(files.iter().filter_map(|file| file.module.clone()))
    }

    /// The index of a dependent's modules, from all of its files.
    pub fn index(&self, files: &[DependentFile], knows_types: bool) -> DependentIndex {
        let empty = self.empty_index(files);
        let mut index = empty.clone();
        for file in files.iter().filter(|file| self.concerns(file, knows_types)) {
            if let Some(module) = &file.module {
                index.add(module.clone(), self.surface(file, &empty));
            }
        }
        index
    }

    /// Rewrites every file, in the order given.
    pub fn rewrite(&self, files: &[DependentFile], receivers: &dyn Receivers) -> Vec<FileRewrite> {
        let index = self.index(files, receivers.knows_types());
        files.iter().map(|file| self.rewrite_file(file, &index, receivers)).collect()
    }

    /// Rewrites one file.
    pub fn rewrite_file(
        &self,
        file: &DependentFile,
        index: &DependentIndex,
        receivers: &dyn Receivers,
    ) -> FileRewrite {
        if !self.concerns(file, receivers.knows_types()) {
            return FileRewrite::default();
        }
        if is_python(&file.path) {
            return self.rewrite_python(file, index, receivers, false);
        }
        let mut result = FileRewrite::default();
        match embedded::document_kind(file).filter(|_| self.mentions(file).core) {
            Some(kind) => self.rewrite_document(file, kind, index, receivers, &mut result),
            None => self.rewrite_data(file, &mut result),
        }
        result
    }

    /// Rewrites a Python file; one that stands for code inside another text has no docstrings that
    /// are looked at.
    pub(crate) fn rewrite_python(
        &self,
        file: &DependentFile,
        index: &DependentIndex,
        receivers: &dyn Receivers,
        is_embedded: bool,
    ) -> FileRewrite {
        let parsed = if is_embedded { parse(file).map(Arc::new) } else { self.readings.tree(file) };
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(finding) => return only(finding.in_file(&file.path)),
        };
        if let Some(finding) = parsed.syntax_error() {
            return only(finding.in_file(&file.path));
        }
        let early = self.readings.references(file).filter(|_| !is_embedded);
        let references = early
            .filter(|early| early.stand_with(index, file.module.as_ref()))
            .unwrap_or_else(|| Arc::new(self.read(file, &parsed, index)));
        let lines = Lines::of(parsed.text());
        let context = FileContext {
            file,
            text: parsed.text(),
            lines: &lines,
            references: &references,
            plan: self.plan,
            receivers,
            index,
            unique: &self.unique,
            api_from: self.api_from,
            api_to: self.api_to,
        };
        let mut rewriting = Rewriting::default();
        for codemod in codemods::ALL {
            codemod.rewrite(&context, &mut rewriting);
        }
        if let Some(versions) = &self.guards {
            guards::rewrite(&context, &parsed, versions, &mut rewriting);
        }
        rename::rewrite(&context, &mut rewriting);
        if file.path.file_name() == "setup.py" {
            let (plan, names) = (self.plan, self.new_names());
            paths::entry_points(parsed.text(), plan, names, &mut rewriting.edits);
        }
        if !is_embedded && self.mentions(file).core {
            self.rewrite_docstrings(file, &parsed, index, receivers, &mut rewriting);
        }
        if self.writes_comments && !is_embedded {
            rewriting.edits.extend(todo::comments(&parsed, &lines, &rewriting.findings));
        }
        if is_generated(parsed.text()) && !rewriting.edits.is_empty() {
            let message = "The file says that it is generated; change what generates it.";
            return only(
                Finding::new(Severity::Warning, "generated-file", message).in_file(&file.path),
            );
        }
        self.finish(file, &parsed, &references, index, rewriting)
    }

    fn rewrite_data(&self, file: &DependentFile, result: &mut FileRewrite) {
        let Ok(text) = std::str::from_utf8(&file.content) else { return };
        let mut edits = Vec::new();
        keys::data_edits(file, text, self.plan, &mut edits, &mut result.findings);
        paths::data_edits(file, text, self.plan, self.new_names(), &mut edits);
        let (wanted, held_back): (Vec<Edit>, Vec<Edit>) =
            edits.into_iter().partition(|edit| edit.applicability >= self.minimum);
        result.held_back = held_back;
        apply(text, wanted, result, file);
    }

    pub(crate) fn new_names(&self) -> NewNames<'a> {
        NewNames::new(self.plan, self.api_from, self.api_to)
    }

    pub(crate) fn roots(&self) -> &BTreeSet<DottedName> {
        &self.plan.roots
    }

    pub(crate) fn minimum(&self) -> Applicability {
        self.minimum
    }

    fn finish(
        &self,
        file: &DependentFile,
        parsed: &ParsedFile,
        references: &FileReferences,
        index: &DependentIndex,
        rewriting: Rewriting,
    ) -> FileRewrite {
        let mut result = FileRewrite {
            findings: rewriting.findings,
            already_right: rewriting.already_right,
            ..FileRewrite::default()
        };
        let (wanted, held_back): (Vec<Edit>, Vec<Edit>) =
            rewriting.edits.into_iter().partition(|edit| edit.applicability >= self.minimum);
        result.held_back = held_back;
        apply(parsed.text(), wanted, &mut result, file);
        say_once(&mut result.findings);
        let Some(text) = result.content.take().and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            return result;
        };
        let problem = match parsed.source().encode(&text) {
            None => Some("the new text has characters that the file's encoding lacks".to_owned()),
            Some(bytes) => {
                let problem = self.problem(file, &bytes, references, index);
                result.content = Some(bytes);
                problem
            }
        };
        if let Some(problem) = problem {
            result.content = None;
            result.held_back.append(&mut result.edits);
            result.operations.clear();
            let message = format!(
                "The edits of this file were held back because {problem}; change it by hand."
            );
            result.findings.push(
                Finding::new(Severity::Warning, "edits-not-proven", message).in_file(&file.path),
            );
        }
        result
    }

    /// What the new text gets wrong that the old one had right.
    fn problem(
        &self,
        file: &DependentFile,
        bytes: &[u8],
        before: &FileReferences,
        index: &DependentIndex,
    ) -> Option<String> {
        let new = DependentFile { content: bytes.into(), ..file.clone() };
        let parsed = match parse(&new) {
            Ok(parsed) => parsed,
            Err(finding) => return Some(finding.message),
        };
        if let Some(finding) = parsed.syntax_error() {
            return Some(format!("the new text would not parse: {}", finding.message));
        }
        let known: BTreeSet<NameProblem> = before.problems().into_iter().collect();
        let mut problems = self.read(&new, &parsed, index).problems();
        // What was there for others is so under its old local name still.
        let exported = before.imports.iter().filter(|import| import.exported);
        let exported: BTreeSet<&str> = exported.map(|import| &*import.local).collect();
        problems.retain(|problem| match problem {
            NameProblem::Unused(name) => !exported.contains(&**name),
            NameProblem::Undefined(_) => true,
        });
        let is_unused = |problem: &&NameProblem| matches!(problem, NameProblem::Unused(_));
        // An import that nothing used before may be renamed, but none may become unused.
        let more_unused =
            problems.iter().filter(is_unused).count() > known.iter().filter(is_unused).count();
        problems.into_iter().filter(|problem| !known.contains(problem)).find_map(|problem| {
            match problem {
                NameProblem::Undefined(name) => Some(format!("`{name}` would not be defined")),
                NameProblem::Unused(name) => {
                    more_unused.then(|| format!("the import of `{name}` would not be used"))
                }
            }
        })
    }
}

/// Applies edits and writes down which of them are in the new text.
pub(crate) fn apply(text: &str, edits: Vec<Edit>, result: &mut FileRewrite, file: &DependentFile) {
    let texts: Vec<edit::TextEdit> = edits.iter().map(|edit| edit.text.clone()).collect();
    let applied = edit::apply(text, &texts);
    let lines = Lines::of(text);
    for span in in_the_way(&texts, &applied) {
        let line = lines.at(span.start);
        let message = "Two edits want to change the same text; neither was applied.";
        result.findings.push(
            Finding::new(Severity::Warning, "edits-in-conflict", message)
                .in_file(&file.path)
                .at_line(line),
        );
    }
    let mut operations = BTreeSet::new();
    for (position, edit) in edits.into_iter().enumerate() {
        if applied.applied.binary_search(&position).is_ok() {
            operations.insert(edit.operation.clone());
            result.edits.push(edit);
        } else {
            result.held_back.push(edit);
        }
    }
    result.edits.sort_by_key(|edit| edit.text.span);
    result.operations = operations.into_iter().collect();
    if applied.text == text {
        result.edits.clear();
        result.operations.clear();
    } else {
        result.content = Some(applied.text.into_bytes());
    }
}

/// The ranges of edits that were refused because of another one. An edit of text that another edit
/// takes out is done with.
fn in_the_way(texts: &[edit::TextEdit], applied: &edit::Applied) -> Vec<Span> {
    let mut written: Vec<Span> = applied.applied.iter().map(|index| texts[*index].span).collect();
    written.sort();
    let mut furthest = 0;
    let ends: Vec<u32> = written
        .iter()
        .map(|span| {
            furthest = furthest.max(span.end);
            furthest
        })
        .collect();
    let is_taken_out = |span: Span| {
        let earlier = written.partition_point(|other| other.start < span.start);
        let beside = written.partition_point(|other| other.start <= span.start);
        let from_before = earlier.checked_sub(1).is_some_and(|last| ends[last] >= span.end);
        from_before || written[earlier..beside].last().is_some_and(|last| last.end > span.end)
    };
    let refused = applied.refused.iter().map(|index| texts[*index].span);
    refused.filter(|span| !is_taken_out(*span)).collect()
}

/// Findings about what is found wherever one name is used, each once with the lines where it
/// stands.
fn say_once(findings: &mut Vec<Finding>) {
    const ONCE: [&str; 4] =
        ["callable-gone", "receiver-unknown", "receiver-assumed", "receiver-uncertain"];
    findings.sort();
    findings.dedup();
    let mut places: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
    findings.retain(|finding| {
        if !ONCE.contains(&finding.code.as_str()) {
            return true;
        }
        let lines = places.entry((finding.code.clone(), finding.message.clone())).or_default();
        lines.extend(finding.line);
        lines.len() <= 1
    });
    for finding in findings.iter_mut() {
        let key = (finding.code.clone(), finding.message.clone());
        let Some([_, further @ ..]) = places.get(&key).map(Vec::as_slice) else { continue };
        if !further.is_empty() {
            let lines: Vec<String> = further.iter().map(ToString::to_string).collect();
            finding.message.push_str(&format!(" Also in line {}.", lines.join(", ")));
        }
    }
}

fn only(finding: Finding) -> FileRewrite {
    FileRewrite { findings: vec![finding], ..FileRewrite::default() }
}

pub(crate) fn is_python(path: &TreePath) -> bool {
    matches!(path.extension(), Some("py" | "pyi" | "pyw"))
}

/// Whether a file's first lines say that a program wrote it.
fn is_generated(text: &str) -> bool {
    text.lines().take(10).filter(|line| line.trim_start().starts_with('#')).any(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("@generated")
            || line.contains("do not edit")
            || line.contains("automatically generated")
            || line.contains("autogenerated")
            || line.contains("auto-generated")
    })
}

/// The importable names of a dependent's Python files, from their paths alone: a folder with an
/// `__init__` belongs to the package around it.
pub fn module_names<'p>(
    paths: impl IntoIterator<Item = &'p TreePath>,
) -> BTreeMap<TreePath, DottedName> {
    let paths: Vec<&TreePath> = paths.into_iter().filter(|path| is_python(path)).collect();
    let packages: BTreeSet<&str> = paths
        .iter()
        .filter(|path| path.file_name().starts_with("__init__."))
        .filter_map(|path| path.parent())
        .collect();
    let mut names = BTreeMap::new();
    for path in paths {
        let stem = path.file_name().split('.').next().unwrap_or_default();
        let mut parts = if stem == "__init__" { Vec::new() } else { vec![stem] };
        let mut folder = path.parent();
        while let Some(current) = folder.filter(|folder| packages.contains(folder)) {
            parts.push(current.rsplit('/').next().unwrap_or(current));
            folder = current.rsplit_once('/').map(|(outer, _)| outer);
        }
        parts.reverse();
        if let Ok(name) = DottedName::new(&parts.join(".")) {
            names.insert(path.clone(), name);
        }
    }
    names
}
