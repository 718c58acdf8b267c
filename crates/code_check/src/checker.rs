//! Going through a dependent's references.

use std::collections::BTreeSet;

use artifact::TreePath;
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::check::{CHECK_FORMAT, CheckCounts, CheckProblem, CheckReport, ProblemKind};
use code_model::signature::{Binding, Parameter};
use code_model::snapshot::{Symbol, SymbolKind};
use python::lines::Lines;
use python::references::{
    Access, CallSite, Certainty, Conditions, MemberUse, Place, Reference, SegmentForm, StringForm,
};
use python::types::{Alternative, AlternativeKind, Origin, Question, TypeOracle};

use crate::CheckedFile;
use crate::bind::{Refusal, bind};
use crate::suggestion::{Suggestions, nearest};

pub(crate) struct Checker<'a> {
    api: ApiIndex<'a>,
    oracle: Option<&'a TypeOracle>,
    suggestions: Suggestions<'a>,
    /// Last identifiers of members of classes, to know which attributes could matter.
    members: BTreeSet<&'a str>,
    problems: BTreeSet<CheckProblem>,
    deprecated: BTreeSet<CheckProblem>,
    counts: CheckCounts,
}

/// What a name means for the check.
enum Reached<'a> {
    Symbol(DottedName, &'a Symbol),
    Other,
    Unseen,
    /// It does not exist, from the identifier at this place on.
    Missing,
}

/// Imports of one file that fail.
#[derive(Default)]
struct Failing {
    /// Those that are problems.
    reported: BTreeSet<DottedName>,
    /// Those that the code catches.
    caught: BTreeSet<DottedName>,
}

/// Names that build tools write, which a source tree does not hold.
const WRITTEN_BY_BUILDS: [&str; 4] = ["_version", "version", "__version__", "_build_config"];

/// Decorators that leave how a function is called as it is.
const TRANSPARENT: [&str; 12] = [
    "abstractmethod",
    "cache",
    "classmethod",
    "contextmanager",
    "asynccontextmanager",
    "deprecated",
    "final",
    "lru_cache",
    "override",
    "staticmethod",
    "total_ordering",
    "typing_extensions.deprecated",
];

impl<'a> Checker<'a> {
    pub(crate) fn new(api: ApiIndex<'a>, oracle: Option<&'a TypeOracle>) -> Self {
        let symbols = api.snapshot().symbols.iter();
        let members = symbols
            .filter(|(_, symbol)| symbol.parent.is_some())
            .map(|(name, _)| name.leaf())
            .collect();
        Self {
            api,
            oracle,
            suggestions: Suggestions::new(api),
            members,
            problems: BTreeSet::new(),
            deprecated: BTreeSet::new(),
            counts: CheckCounts::default(),
        }
    }

    pub(crate) fn report(self) -> CheckReport {
        let origin = &self.api.snapshot().origin;
        CheckReport {
            format: CHECK_FORMAT.to_string(),
            library: origin.library.clone(),
            version: origin.version.clone(),
            compatible: self.problems.is_empty(),
            problems: self.problems.into_iter().collect(),
            deprecated: self.deprecated.into_iter().collect(),
            counts: self.counts,
        }
    }

    pub(crate) fn file(&mut self, file: &CheckedFile<'_>) {
        let lines = Lines::of(file.text);
        let failing = self.imports(file, &lines);
        for reference in &file.references.references {
            self.reference(file, &lines, reference, &failing);
        }
        let named: BTreeSet<_> = file.references.references.iter().map(|r| r.span).collect();
        for used in file.references.members.iter().filter(|used| !named.contains(&used.span)) {
            self.member(file, &lines, used);
        }
    }

    /// Checks what is imported; gives the targets that do not exist, so that their uses are not
    /// reported again.
    fn imports(&mut self, file: &CheckedFile<'_>, lines: &Lines) -> Failing {
        let mut failing = Failing::default();
        for import in &file.references.imports {
            let Some(target) = import.target.as_ref().filter(|name| self.api.is_inside(name))
            else {
                continue;
            };
            let conditions = file
                .references
                .statement(import.statement)
                .map_or(Conditions::default(), |statement| statement.conditions);
            self.counts.references += 1;
            if is_guarded(conditions) {
                self.counts.guarded += 1;
                if matches!(self.reach(target), Reached::Missing) {
                    failing.caught.insert(target.clone());
                }
                continue;
            }
            match self.reach(target) {
                Reached::Missing => {
                    failing.reported.insert(target.clone());
                    let prefix = self.first_missing(target);
                    let reason = format!("there is no name `{prefix}` in this version");
                    self.missing(file.path, lines.at(import.span.start), &prefix, reason);
                }
                Reached::Unseen => self.counts.unseen += 1,
                Reached::Symbol(_, symbol) => {
                    self.counts.resolved += 1;
                    let line = lines.at(import.span.start);
                    self.note_deprecation(file.path, line, target, symbol);
                }
                Reached::Other => self.counts.resolved += 1,
            }
        }
        failing
    }

    fn reference(
        &mut self,
        file: &CheckedFile<'_>,
        lines: &Lines,
        reference: &Reference,
        failing: &Failing,
    ) {
        let Some(target) = reference.target() else { return };
        let plain_string = matches!(reference.place, Place::Text(form) if form != StringForm::Import
            && form != StringForm::Annotation);
        let fails = |imports: &BTreeSet<DottedName>| {
            imports.iter().any(|import| target.below(import).is_some())
        };
        if plain_string || fails(&failing.reported) || !self.api.is_inside(target) {
            return;
        }
        self.counts.references += 1;
        // What follows an import that fails in the same `try` is not reached.
        let not_reached = reference.conditions.import_guard && fails(&failing.caught);
        if is_harmless(reference.conditions) || not_reached {
            self.counts.guarded += 1;
            return;
        }
        let asked_by_name =
            reference.segments.iter().any(|s| s.form == SegmentForm::AttributeString);
        let undecided = reference.certainty == Certainty::Uncertain
            || reference.access != Access::Load
            || asked_by_name;
        let line = lines.at(reference.span.start);
        match self.reach(target) {
            Reached::Missing if undecided => self.counts.undecidable += 1,
            Reached::Missing => {
                let prefix = self.first_missing(target);
                let reason = format!("there is no name `{prefix}` in this version");
                self.missing(file.path, line, &prefix, reason);
            }
            Reached::Unseen => self.counts.unseen += 1,
            Reached::Other => self.counts.resolved += 1,
            Reached::Symbol(definition, symbol) => {
                self.counts.resolved += 1;
                self.note_deprecation(file.path, line, target, symbol);
                let call = reference.call.and_then(|id| file.references.call(id));
                if let Some(call) = call.filter(|_| !undecided) {
                    let through_class = self.is_class_member_path(target);
                    self.call(file.path, lines, call, target, &definition, through_class);
                }
            }
        }
    }

    /// What a name reaches, with everything that makes a missing name uncertain taken as unseen.
    fn reach(&self, name: &DottedName) -> Reached<'a> {
        match self.api.resolve(name) {
            Resolution::Symbol(definition) => match self.api.symbol(&definition) {
                Some(symbol) => Reached::Symbol(definition, symbol),
                None => Reached::Other,
            },
            Resolution::Module(_) | Resolution::External(_) => Reached::Other,
            Resolution::Unseen(_) => Reached::Unseen,
            Resolution::Missing => {
                let prefix = self.first_missing(name);
                if self.is_open(&prefix) { Reached::Unseen } else { Reached::Missing }
            }
        }
    }

    /// The shortest prefix that does not exist.
    fn first_missing(&self, name: &DottedName) -> DottedName {
        let mut shortest = name.clone();
        for prefix in name.ancestors() {
            if !matches!(self.api.resolve(&prefix), Resolution::Missing) {
                break;
            }
            shortest = prefix;
        }
        shortest
    }

    /// Whether a name that was not found may exist all the same.
    fn is_open(&self, missing: &DottedName) -> bool {
        let leaf = missing.leaf();
        let dunder = leaf.starts_with("__") && leaf.ends_with("__");
        if dunder || WRITTEN_BY_BUILDS.contains(&leaf) {
            return true;
        }
        let Some(holder) = missing.parent() else { return false };
        match self.api.resolve(&holder) {
            Resolution::Module(module) => self.is_compiled(&module, leaf),
            Resolution::Symbol(definition) => match self.api.symbol(&definition) {
                // What an object has is a matter of its type, and classes may be given members from
                // outside.
                Some(symbol) if symbol.kind == SymbolKind::Class => self.class_is_open(&definition),
                _ => true,
            },
            _ => true,
        }
    }

    /// Whether a class may have members that its definition does not show.
    fn class_is_open(&self, class: &DottedName) -> bool {
        self.api.linearised(class).iter().any(|ancestor| {
            let Some(symbol) = self.api.symbol(ancestor) else {
                return ancestor.as_str() != "object";
            };
            let dynamic = ["__getattr__", "__getattribute__"];
            symbol.kind != SymbolKind::Class
                || !symbol.decorators.is_empty()
                || dynamic.iter().any(|name| self.api.symbol(&ancestor.join(name)).is_some())
        })
    }

    /// Whether a submodule is there as something that is no Python source.
    fn is_compiled(&self, module: &DottedName, leaf: &str) -> bool {
        let snapshot = self.api.snapshot();
        let Some(record) = snapshot.modules.get(module) else { return false };
        let folder = record.file.parent().map_or(String::new(), |folder| format!("{folder}/"));
        let prefix = format!("{folder}{leaf}");
        let from = TreePath::new(&prefix).ok();
        let Some(from) = from else { return false };
        snapshot.files.range(from..).take_while(|(path, _)| path.as_str().starts_with(&prefix)).any(
            |(path, _)| {
                let rest = path.as_str().get(prefix.len()..).unwrap_or_default();
                let compiled = ["so", "pyd", "pyx", "c", "cc", "cpp", "rs", "in"];
                rest.starts_with('/')
                    || rest.starts_with('.')
                        && path.extension().is_some_and(|ending| compiled.contains(&ending))
            },
        )
    }

    fn is_class_member_path(&self, name: &DottedName) -> bool {
        name.parent().is_some_and(|holder| match self.api.resolve(&holder) {
            Resolution::Symbol(class) => {
                self.api.symbol(&class).is_some_and(|symbol| symbol.kind == SymbolKind::Class)
            }
            _ => false,
        })
    }

    fn missing(&mut self, file: &TreePath, line: u32, name: &DottedName, reason: String) {
        let suggestion = self.suggestions.for_name(name);
        self.problems.insert(CheckProblem {
            file: file.clone(),
            line,
            kind: ProblemKind::MissingName,
            name: name.to_string(),
            reason,
            suggestion,
        });
    }

    fn note_deprecation(&mut self, file: &TreePath, line: u32, name: &DottedName, symbol: &Symbol) {
        if let Some(deprecation) = &symbol.deprecated {
            self.deprecated.insert(CheckProblem {
                file: file.clone(),
                line,
                kind: ProblemKind::Deprecated,
                name: name.to_string(),
                reason: deprecation.message.to_string(),
                suggestion: None,
            });
        }
    }

    fn call(
        &mut self,
        file: &TreePath,
        lines: &Lines,
        call: &CallSite,
        name: &DottedName,
        definition: &DottedName,
        through_class: bool,
    ) {
        self.counts.calls += 1;
        if is_harmless(call.conditions) {
            self.counts.guarded += 1;
            return;
        }
        let Some((parameters, given_first)) = self.parameters(definition, through_class) else {
            self.counts.undecidable += 1;
            return;
        };
        match bind(call, parameters, given_first) {
            Ok(()) => self.counts.bound += 1,
            Err(refusal) => {
                let line = lines.at(call.span.start);
                self.refused(file, line, name.as_str(), parameters, refusal);
            }
        }
    }

    fn refused(
        &mut self,
        file: &TreePath,
        line: u32,
        name: &str,
        parameters: &[Parameter],
        refusal: Refusal,
    ) {
        let suggestion = refusal.keyword.as_deref().and_then(|keyword| {
            let taken = parameters.iter().filter(|parameter| parameter.takes_keyword());
            nearest(keyword, taken.map(|parameter| &*parameter.name)).map(ToOwned::to_owned)
        });
        self.problems.insert(CheckProblem {
            file: file.clone(),
            line,
            kind: refusal.kind,
            name: name.to_owned(),
            reason: refusal.reason,
            suggestion,
        });
    }

    /// The parameters that a caller of this definition gives, and how many arguments stand for the
    /// receiver; none where how it is called cannot be told.
    fn parameters(
        &self,
        definition: &DottedName,
        through_class: bool,
    ) -> Option<(&'a [Parameter], usize)> {
        let symbol = self.api.symbol(definition)?;
        match symbol.kind {
            SymbolKind::Function | SymbolKind::Method => {
                let signature = symbol.signature.as_ref().filter(|_| is_transparent(symbol))?;
                let unbound = through_class && signature.binding == Binding::Instance;
                Some((signature.caller_parameters(), usize::from(unbound)))
            }
            SymbolKind::Class => self.constructor(definition, symbol),
            _ => None,
        }
    }

    /// Only constructors that a class of the library writes itself are certain; those that
    /// decorators, metaclasses and bases outside of it make are not.
    fn constructor(&self, class: &DottedName, symbol: &Symbol) -> Option<(&'a [Parameter], usize)> {
        if !symbol.decorators.is_empty() {
            return None;
        }
        for ancestor in self.api.linearised(class) {
            let found = self.api.symbol(&ancestor)?;
            if !found.decorators.is_empty() {
                return None;
            }
            if self.api.symbol(&ancestor.join("__new__")).is_some() {
                return None;
            }
            if let Some(init) = self.api.symbol(&ancestor.join("__init__")) {
                let signature = init.signature.as_ref().filter(|_| is_transparent(init))?;
                return Some((signature.caller_parameters(), 0));
            }
        }
        None
    }

    /// Attributes of objects: only those of the library's classes, and only what certainly fails.
    fn member(&mut self, file: &CheckedFile<'_>, lines: &Lines, used: &MemberUse) {
        if used.access != Access::Load || is_harmless(used.conditions) {
            return;
        }
        let call = used.call.and_then(|id| file.references.call(id));
        let known = self.members.contains(&*used.name);
        if known && call.is_none() {
            return;
        }
        let Some(oracle) = self.oracle else {
            self.counts.unknown_receivers += 1;
            return;
        };
        let question = Question {
            bytes: (used.receiver_node.start, used.receiver_node.end),
            member: Some(used.name.to_string()),
        };
        let Some(receiver) = oracle.ask(file.path, &[question]).into_iter().next() else {
            return;
        };
        if !receiver.touches_core() {
            self.counts.unknown_receivers += u32::from(receiver.alternatives.is_empty());
            return;
        }
        self.counts.references += 1;
        if receiver.unknown.is_some() {
            self.counts.undecidable += 1;
            return;
        }
        self.member_of(file.path, lines, used, call, &receiver.alternatives);
    }

    /// A problem only when it fails for everything that the receiver may be.
    fn member_of(
        &mut self,
        file: &TreePath,
        lines: &Lines,
        used: &MemberUse,
        call: Option<&CallSite>,
        alternatives: &[Alternative],
    ) {
        let line = lines.at(used.name_span.start);
        let mut refusal = None;
        for alternative in alternatives {
            let class = &alternative.place.name;
            let path = class.join(&used.name);
            let plain = matches!(
                alternative.kind,
                AlternativeKind::Instance | AlternativeKind::ClassObject
            );
            if !plain || alternative.place.origin != Origin::Core || !alternative.lineage_complete {
                self.counts.undecidable += 1;
                return;
            }
            match self.api.member(class, &used.name) {
                Resolution::Missing if self.class_is_open(class) => {
                    self.counts.unseen += 1;
                    return;
                }
                Resolution::Missing => {
                    let candidates = self.members_of(class);
                    let suggestion = nearest(&used.name, candidates.into_iter());
                    refusal.get_or_insert(CheckProblem {
                        file: file.clone(),
                        line,
                        kind: ProblemKind::MissingName,
                        name: path.to_string(),
                        reason: format!("`{class}` has no `{}` in this version", used.name),
                        suggestion: suggestion.map(|name| class.join(name).to_string()),
                    });
                }
                Resolution::Symbol(definition) if call.is_some() && alternatives.len() == 1 => {
                    self.counts.resolved += 1;
                    let through_class = alternative.kind == AlternativeKind::ClassObject;
                    if let Some(call) = call {
                        self.call(file, lines, call, &path, &definition, through_class);
                    }
                    return;
                }
                _ => {
                    self.counts.resolved += 1;
                    return;
                }
            }
        }
        self.problems.extend(refusal);
    }

    fn members_of(&self, class: &DottedName) -> Vec<&'a str> {
        let ancestors = self.api.linearised(class);
        let symbols = self.api.snapshot().symbols.iter();
        symbols
            .filter(|(_, symbol)| symbol.parent.as_ref().is_some_and(|p| ancestors.contains(p)))
            .map(|(name, _)| name.leaf())
            .collect()
    }
}

/// Imports that are there for another version, or that fail without harm.
fn is_guarded(conditions: Conditions) -> bool {
    conditions.import_guard || conditions.version_guard || conditions.type_checking
}

/// Other code of that kind. What catches a failed import lets a missing attribute through.
fn is_harmless(conditions: Conditions) -> bool {
    conditions.attribute_guard || conditions.version_guard || conditions.type_checking
}

/// Whether a function is called as its parameters say.
fn is_transparent(symbol: &Symbol) -> bool {
    symbol.decorators.iter().all(|decorator| {
        let leaf = decorator.rsplit('.').next().unwrap_or(decorator);
        TRANSPARENT.contains(&leaf)
    })
}
