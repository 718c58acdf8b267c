//! Choices between versions that are none any more once only the new version is supported.
//!
//! Only asked for: a package may well go on supporting both. A choice is taken apart where the old
//! and the new version decide it differently and nothing is lost: the code for the new version
//! stays as it is, one level further out.

use std::cmp::Ordering;
use std::str::FromStr as _;

use code_model::api::Resolution;
use code_model::operation::OperationId;
use pep440_rs::Version;
use python::choices::{Bound, Choice, Choices, Comparison, Flag, Question};
use python::edit::{Piece, Span, TextEdit};
use python::parse::ParsedFile;
use python::references::{ScopeId, is_version_name};

use crate::new_names::{NewName, NewNames};
use crate::{Applicability, FileContext, Rewriting};

/// The versions between which choices are decided.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    pub(crate) from: Version,
    pub(crate) to: Version,
}

impl Versions {
    pub(crate) fn new(from: &str, to: &str) -> Option<Self> {
        Some(Self { from: Version::from_str(from).ok()?, to: Version::from_str(to).ok()? })
    }
}

struct Decider<'c, 'a> {
    context: &'c FileContext<'a>,
    versions: &'c Versions,
    flags: Vec<Flag>,
}

/// Adds the edits that take choices apart.
pub(crate) fn rewrite(
    context: &FileContext<'_>,
    parsed: &ParsedFile,
    versions: &Versions,
    rewriting: &mut Rewriting,
) {
    let Choices { choices, flags } = Choices::read(parsed);
    let decider = Decider { context, versions, flags };
    let mut done: Vec<Span> = Vec::new();
    for choice in &choices {
        if done.iter().any(|outer| outer.contains(choice.whole)) {
            continue;
        }
        let Some(keeps_first) = decider.decide(choice) else { continue };
        let kept = if keeps_first { Some(choice.first) } else { choice.second };
        let (first, second) = choice.leave;
        let (kept_leaves, other_leaves) =
            if keeps_first { (first, second) } else { (second, first) };
        // What follows would never be reached.
        if kept_leaves && !other_leaves {
            continue;
        }
        let Some(edit) = taken_apart(context.text, choice, kept) else { continue };
        let Some(operation) = decider.operation(choice) else { continue };
        done.push(choice.whole);
        rewriting.edit(&operation, Applicability::Safe, edit);
    }
}

impl Decider<'_, '_> {
    /// Whether the new version takes the first choice; none where both versions decide alike, or
    /// where nobody can tell.
    fn decide(&self, choice: &Choice) -> Option<bool> {
        if choice.question == Question::Import {
            return self.decide_imports(choice);
        }
        let (old, new) = self.answers(&choice.question, 0)?;
        (old != new).then_some(new != choice.negated)
    }

    /// The arm whose imports the new version has, if the other arm's are gone from it.
    fn decide_imports(&self, choice: &Choice) -> Option<bool> {
        let first = self.imports_stand(choice.first)?;
        let second = self.imports_stand(choice.second?)?;
        (first != second).then_some(first)
    }

    /// Whether everything that is imported from the library here exists in the new version; none
    /// where nothing is.
    fn imports_stand(&self, arm: Span) -> Option<bool> {
        let api = self.context.api_to?;
        let targets: Vec<_> = self
            .context
            .references
            .imports
            .iter()
            .filter(|import| arm.contains(import.span))
            .filter_map(|import| import.target.as_ref())
            .filter(|target| api.is_inside(target))
            .collect();
        if targets.is_empty() {
            return None;
        }
        let mut all = true;
        for target in targets {
            match api.resolve(target) {
                Resolution::Missing => all = false,
                Resolution::Unseen(_) => return None,
                _ => {}
            }
        }
        Some(all)
    }

    /// The answers of both versions.
    fn answers(&self, question: &Question, depth: u32) -> Option<(bool, bool)> {
        match question {
            Question::Import => None,
            Question::Version { subject, comparison, bound } => {
                if !self.holds_version(*subject) {
                    return None;
                }
                let of = |version| holds(version, *comparison, bound);
                Some((of(&self.versions.from)?, of(&self.versions.to)?))
            }
            Question::Attribute { subject, name } => {
                let references = &self.context.references.references;
                let asked = references.iter().find(|reference| reference.span == *subject)?;
                let name = asked.target()?.join(name);
                let has = |api: Option<code_model::api::ApiIndex<'_>>| match api?.resolve(&name) {
                    Resolution::Missing => Some(false),
                    Resolution::Unseen(_) => None,
                    _ => Some(true),
                };
                Some((has(self.context.api_from)?, has(self.context.api_to)?))
            }
            Question::Flag { name } => {
                let text = name.of(self.context.text);
                let mut flags = self.flags.iter().filter(|flag| flag.name == text);
                let flag = flags.next().filter(|_| flags.next().is_none())?;
                let found = self.context.references.occurrences(text, ScopeId(0))?;
                let is_sole = found.bound == [flag.at] && found.imports == 0;
                if !is_sole || !found.used.contains(name) || depth > 2 {
                    return None;
                }
                let (old, new) = self.answers(&flag.question, depth + 1)?;
                Some((old != flag.negated, new != flag.negated))
            }
        }
    }

    /// Whether an expression holds the version of the library, and no other of its names.
    fn holds_version(&self, subject: Span) -> bool {
        let mut inside = self
            .context
            .references
            .references
            .iter()
            .filter(|reference| subject.contains(reference.span))
            .filter_map(|reference| reference.target());
        let is_version = |name: &code_model::DottedName| {
            let roots = &self.context.plan.roots;
            is_version_name(name.leaf())
                && name.parent().is_some_and(|holder| {
                    roots.iter().any(|root| *root == holder || holder == root.join("version"))
                })
        };
        inside.next().is_some_and(is_version) && inside.next().is_none()
    }

    /// The operation that makes one of the arms code of the old version.
    fn operation(&self, choice: &Choice) -> Option<OperationId> {
        let FileContext { plan, api_from, api_to, references, .. } = self.context;
        let names = NewNames::new(plan, *api_from, *api_to);
        let inside = references.references.iter().filter(|r| choice.whole.contains(r.span));
        let imported = references.imports.iter().filter(|it| choice.whole.contains(it.span));
        let targets = imported
            .filter_map(|import| import.target.as_ref())
            .chain(inside.filter_map(|reference| reference.target()));
        let mut found = targets.filter_map(|target| match names.of(target) {
            NewName::Renamed(_, operation) | NewName::Removed(operation) => Some(operation),
            _ => None,
        });
        let any = || plan.names.values().next().map(crate::NameChange::operation);
        found.next().or_else(any)
    }
}

/// Whether a version passes a test.
fn holds(version: &Version, comparison: Comparison, bound: &Bound) -> Option<bool> {
    let text = version.to_string();
    let ordering = match bound {
        Bound::Letters(letters) if comparison == Comparison::StartsWith => {
            return Some(text.starts_with(letters.as_str()));
        }
        // Comparing letters agrees with comparing versions, or nobody meant it.
        Bound::Letters(letters) => {
            let meant = passes(version.cmp(&Version::from_str(letters).ok()?), comparison)?;
            return (passes(text.as_str().cmp(letters), comparison)? == meant).then_some(meant);
        }
        Bound::Version(bound) => version.cmp(&Version::from_str(bound).ok()?),
        Bound::Numbers(numbers) => {
            let padded = version.release().iter().copied().chain(std::iter::repeat(0));
            let own: Vec<u64> = padded.take(numbers.len()).collect();
            // `(1, 10) > (1,)` holds although the first numbers are equal.
            if own == *numbers
                && matches!(comparison, Comparison::Greater | Comparison::LessOrEqual)
            {
                return None;
            }
            own.cmp(numbers)
        }
    };
    passes(ordering, comparison)
}

/// Whether what compares so passes a test.
fn passes(ordering: Ordering, comparison: Comparison) -> Option<bool> {
    Some(match comparison {
        Comparison::Less => ordering == Ordering::Less,
        Comparison::LessOrEqual => ordering != Ordering::Greater,
        Comparison::Greater => ordering == Ordering::Greater,
        Comparison::GreaterOrEqual => ordering != Ordering::Less,
        Comparison::Equal => ordering == Ordering::Equal,
        Comparison::Unequal => ordering != Ordering::Equal,
        Comparison::StartsWith => return None,
    })
}

fn line_start(text: &str, at: u32) -> u32 {
    text.get(..at as usize).and_then(|before| before.rfind('\n')).map_or(0, |at| at as u32 + 1)
}

/// The statements of an arm, from the line on which they begin, with the comments that stand above
/// and below them as deep as they do, and behind the last one.
fn with_comments(text: &str, choice: Span, statements: Span, inner: &str) -> Span {
    let is_comment = |line: &str| {
        line.strip_prefix(inner).is_some_and(|line| line.trim_start().starts_with('#'))
    };
    let mut found = statements;
    let mut above = statements.start;
    while let Some(end) = above.checked_sub(1).filter(|end| *end > choice.start) {
        let start = line_start(text, end);
        let line = Span::new(start, end).of(text);
        if start > choice.start && is_comment(line) {
            found.start = start;
        } else if !line.trim().is_empty() {
            break;
        }
        above = start;
    }
    // Behind the last arm of a choice, its comments stand behind the choice.
    let is_last = statements.end == choice.end;
    let end = if is_last { text.len() as u32 } else { choice.end };
    let below = Span::new(statements.end, end).of(text);
    let mut at = statements.end;
    for (number, line) in below.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        let is_behind = number == 0 && content.trim_start().starts_with('#');
        if is_behind || number > 0 && is_comment(content) {
            found.end = at + content.len() as u32;
        } else if !content.is_empty() {
            break;
        }
        at += line.len() as u32;
    }
    found
}

/// The edit that leaves the kept arm where the choice stood; none where that would change more.
fn taken_apart(text: &str, choice: &Choice, kept: Option<Span>) -> Option<TextEdit> {
    let start = line_start(text, choice.whole.start);
    let indent = Span::new(start, choice.whole.start).of(text);
    if !indent.trim().is_empty() {
        return None;
    }
    let Some(kept) = kept else {
        if choice.only_statement {
            return None;
        }
        let rest = text.get(choice.whole.end as usize..)?;
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        return line
            .trim()
            .is_empty()
            .then(|| TextEdit::delete(Span::new(start, choice.whole.end + line.len() as u32)));
    };
    let first = line_start(text, kept.start);
    let inner = Span::new(first, kept.start).of(text);
    let whole_arm = with_comments(text, choice.whole, Span::new(first, kept.end), inner);
    let arm = whole_arm.of(text);
    // Moving the lines of a text over several lines would change the text.
    if !inner.trim().is_empty() || first <= start || arm.contains("\"\"\"") || arm.contains("'''") {
        return None;
    }
    let mut pieces = Vec::new();
    let mut at = whole_arm.start;
    for line in arm.split_inclusive('\n') {
        let end = at + line.len() as u32;
        if line.trim().is_empty() {
            pieces.push(Piece::Source(Span::new(at, end)));
        } else {
            line.strip_prefix(inner)?;
            pieces.push(Piece::Text(indent.to_owned()));
            pieces.push(Piece::Source(Span::new(at + inner.len() as u32, end)));
        }
        at = end;
    }
    let end = choice.whole.end.max(whole_arm.end);
    Some(TextEdit { span: Span::new(start, end), pieces })
}
