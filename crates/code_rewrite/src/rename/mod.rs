//! Names: imports, references, strings that are code, and imports for what new text uses.
//!
//! Runs last, when every other codemod has said what it writes, because only then it is known which
//! imports are still needed and which names are still read.

mod decide;
mod exported;
mod layout;
mod reach;
mod reference;
mod statement;

use code_model::DottedName;
use code_model::operation::OperationId;
use python::edit::{Piece, Span};
use python::references::{
    BindingId, ImportForm, Place, Reference, ScopeId, SegmentForm, StatementId, StringForm,
};

use crate::new_names::NewNames;
use crate::{Edit, FileContext, Rewriting};

/// What becomes of one import binding.
#[derive(Debug, Clone, Default)]
struct Decision {
    /// What is imported after the edits, when that changes.
    target: Option<DottedName>,
    /// The name to write after `as` where none stood.
    as_name: Option<String>,
    /// What uses write in place of the local name.
    local: Option<String>,
    /// The operation behind it.
    operation: Option<OperationId>,
    /// The alias goes away.
    dropped: bool,
    /// Uses that remain.
    uses_left: u32,
}

/// An import that new text needs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Addition {
    /// The statement after which it is written.
    anchor: StatementId,
    /// The module of `from … import`; none for `import`.
    from: Option<DottedName>,
    /// What is imported.
    name: String,
    /// The name after `as`.
    as_name: Option<String>,
    operation: OperationId,
}

impl Addition {
    /// What the bound name means.
    fn meaning(&self) -> Option<DottedName> {
        match &self.from {
            Some(module) => Some(module.join(&self.name)),
            None => DottedName::new(self.name.split('.').next()?).ok(),
        }
    }

    fn local(&self) -> &str {
        match &self.as_name {
            Some(local) => local,
            None => self.name.split('.').next().unwrap_or(&self.name),
        }
    }

    /// The alias as text.
    fn alias(&self) -> String {
        match &self.as_name {
            Some(local) => format!("{} as {local}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The state of renaming in one file.
struct Engine<'c, 'a> {
    context: &'c FileContext<'a>,
    names: NewNames<'a>,
    decisions: Vec<Decision>,
    additions: Vec<Addition>,
    /// Imports of what is gone.
    removed: Vec<(BindingId, OperationId)>,
    /// Ranges of the old text that other edits take out.
    gone: Vec<Span>,
}

/// Adds everything that renaming asks for, and the imports for names that other edits write.
pub(crate) fn rewrite(context: &FileContext<'_>, rewriting: &mut Rewriting) {
    let names = NewNames::new(context.plan, context.api_from, context.api_to);
    let decisions = context
        .references
        .imports
        .iter()
        .map(|import| Decision { uses_left: import.uses, ..Decision::default() })
        .collect();
    let gone = rewriting.edits.iter().flat_map(gone).collect();
    let (additions, removed) = (Vec::new(), Vec::new());
    let mut engine = Engine { context, names, decisions, additions, removed, gone };
    engine.count_others();
    engine.decide(rewriting);
    for reference in &context.references.references {
        engine.reference(reference, rewriting);
    }
    engine.exported_by_stars(rewriting);
    engine.fill_placeholders(rewriting);
    engine.drop_unused();
    engine.removed_imports(rewriting);
    engine.statements(rewriting);
}

/// What an edit takes out: its range without the ranges that it keeps.
fn gone(edit: &Edit) -> Vec<Span> {
    let mut kept: Vec<Span> = edit
        .text
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Source(span) => Some(*span),
            Piece::Text(_) => None,
        })
        .collect();
    kept.sort_unstable();
    let mut gone = Vec::new();
    let mut offset = edit.text.span.start;
    for span in kept {
        if span.start > offset {
            gone.push(Span::new(offset, span.start));
        }
        offset = offset.max(span.end);
    }
    if offset < edit.text.span.end {
        gone.push(Span::new(offset, edit.text.span.end));
    }
    gone
}

impl Engine<'_, '_> {
    fn decision(&self, id: BindingId) -> Option<&Decision> {
        self.decisions.get(id.0 as usize)
    }

    /// What a binding means after the edits; none for star imports and what is dropped.
    fn meaning_after(&self, id: BindingId) -> Option<DottedName> {
        let import = self.context.references.import(id)?;
        let decision = self.decision(id)?;
        let target = decision.target.as_ref().or(import.target.as_ref())?;
        match import.form {
            _ if decision.dropped => None,
            ImportForm::Star => None,
            ImportForm::Module => DottedName::new(target.root()).ok(),
            ImportForm::ModuleAs | ImportForm::From => Some(target.clone()),
        }
    }

    /// The local name of a binding after the edits.
    fn local_after(&self, id: BindingId) -> Option<String> {
        let import = self.context.references.import(id)?;
        let decision = self.decision(id)?;
        if import.form == ImportForm::Module {
            let target = decision.target.as_ref().or(import.target.as_ref())?;
            return Some(decision.as_name.clone().unwrap_or_else(|| target.root().to_owned()));
        }
        Some(decision.local.clone().unwrap_or_else(|| import.local.to_string()))
    }

    fn is_gone(&self, span: Span) -> bool {
        self.gone.iter().any(|gone| gone.contains(span))
    }

    /// The scopes in which a binding is read.
    fn readers(&self, id: BindingId) -> Vec<ScopeId> {
        let mut readers: Vec<ScopeId> = self.uses(id).map(|reference| reference.scope).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    fn uses(&self, id: BindingId) -> impl Iterator<Item = &Reference> {
        self.context
            .references
            .references
            .iter()
            .filter(move |reference| reference.binding == Some(id))
    }

    fn used_up(&mut self, reference: &Reference) {
        if let Some(decision) =
            reference.binding.and_then(|id| self.decisions.get_mut(id.0 as usize))
            && !is_attribute_string(reference)
        {
            decision.uses_left = decision.uses_left.saturating_sub(1);
        }
    }

    /// Uses of other libraries that went away with a choice between versions.
    fn count_others(&mut self) {
        let FileContext { references, plan, .. } = self.context;
        if self.gone.iter().all(|gone| !references.version_guards.iter().any(|g| g.contains(*gone)))
        {
            return;
        }
        for (import, decision) in references.imports.iter().zip(self.decisions.iter_mut()) {
            let is_core = import
                .target
                .as_ref()
                .is_some_and(|target| plan.roots.iter().any(|root| target.below(root).is_some()));
            let scope = references.statement(import.statement).map(|statement| statement.scope);
            let Some(scope) = scope.filter(|_| !is_core && import.sole) else { continue };
            let Some(found) = references.occurrences(&import.local, scope) else { continue };
            let is_gone = |used: &&Span| self.gone.iter().any(|gone| gone.contains(**used));
            let gone = found.used.iter().filter(is_gone).count() as u32;
            decision.uses_left = decision.uses_left.saturating_sub(gone);
        }
    }

    /// Imports that nothing reads any more go away with their last use.
    fn drop_unused(&mut self) {
        for (import, decision) in
            self.context.references.imports.iter().zip(self.decisions.iter_mut())
        {
            let statement = self.context.references.statement(import.statement);
            let guarded = statement.is_some_and(|statement| statement.conditions.version_guard);
            if import.uses > 0
                && decision.uses_left == 0
                && !import.exported
                && !guarded
                && import.form != ImportForm::Star
            {
                decision.dropped = true;
            }
        }
    }
}

fn is_attribute_string(reference: &Reference) -> bool {
    reference.segments.iter().any(|segment| segment.form == SegmentForm::AttributeString)
}

/// Whether a string spells the whole path out.
fn is_spelled(place: Place) -> bool {
    matches!(place, Place::Text(StringForm::Import | StringForm::Plain))
}
