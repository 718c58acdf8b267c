//! How new text reaches a name: through an import that is there, or through a new one.

use code_model::DottedName;
use code_model::operation::OperationId;
use python::edit::{Piece, Span};
use python::references::{BindingId, Conditions, ImportForm, Reference, ScopeId, StatementId};

use super::{Addition, Engine};
use crate::Rewriting;

/// Where a name is needed.
struct Reader {
    at: Span,
    scope: ScopeId,
    conditions: Conditions,
    /// The import through which the old text reached its name.
    through: Option<BindingId>,
}

impl Engine<'_, '_> {
    /// An expression for `new` where a reference stands.
    pub(super) fn reach(
        &mut self,
        new: &DottedName,
        reference: &Reference,
        operation: &OperationId,
        sets: bool,
    ) -> Result<String, &'static str> {
        let reader = Reader {
            at: reference.span,
            scope: reference.scope,
            conditions: reference.conditions,
            through: reference.binding,
        };
        let text = self.reach_from(new, &reader, operation, sets)?;
        if sets && !text.contains('.') {
            return Err("setting it would only set a local name");
        }
        Ok(text)
    }

    fn reach_from(
        &mut self,
        new: &DottedName,
        reader: &Reader,
        operation: &OperationId,
        sets: bool,
    ) -> Result<String, &'static str> {
        if let Some(name) = builtin(new).filter(|_| !sets)
            && self.context.references.sees_builtin(name, reader.scope)
        {
            return Ok(name.to_owned());
        }
        if let Some(text) = self.existing(new, reader, sets) {
            return Ok(text);
        }
        if let Some(text) = self.added(new, reader, sets) {
            return Ok(text);
        }
        if self.comes_with_star(new, reader) && !sets {
            return Ok(new.leaf().to_owned());
        }
        let anchor = self.anchor(reader).ok_or("no import stands before it")?;
        let module = self.names.module_of(new).unwrap_or_else(|| new.clone());
        for (from, name) in self.forms(new, &module, reader, sets) {
            let addition =
                Addition { anchor, from, name, as_name: None, operation: operation.clone() };
            if !self.can_bind(&addition, reader) {
                continue;
            }
            let Some(meaning) = addition.meaning() else { continue };
            let Some(rest) = new.below(&meaning) else { continue };
            let text = join(addition.local(), rest);
            self.additions.push(addition);
            return Ok(text);
        }
        Err("every local name for it is taken")
    }

    /// The import forms that a person would try, the one nearest to the old text's style first.
    fn forms(
        &self,
        new: &DottedName,
        module: &DottedName,
        reader: &Reader,
        sets: bool,
    ) -> Vec<(Option<DottedName>, String)> {
        let plain = (None, module.to_string());
        let module_from = module.parent().map(|parent| (Some(parent), module.leaf().to_owned()));
        let symbol_from = new.below(module).filter(|rest| !rest.is_empty()).map(|rest| {
            let first = rest.split('.').next().unwrap_or(rest);
            (Some(module.clone()), first.to_owned())
        });
        let style = reader
            .through
            .and_then(|id| self.context.references.import(id))
            .map(|import| import.form);
        let mut forms = Vec::new();
        match style {
            Some(ImportForm::Module) => {
                forms.push(plain);
                forms.extend(module_from);
                forms.extend(symbol_from.filter(|_| !sets));
            }
            Some(ImportForm::From) => {
                forms.extend(module_from);
                forms.extend(symbol_from.filter(|_| !sets));
                forms.push(plain);
            }
            _ => {
                forms.extend(symbol_from.filter(|_| !sets));
                forms.extend(module_from);
                forms.push(plain);
            }
        }
        forms
    }

    fn can_bind(&self, addition: &Addition, reader: &Reader) -> bool {
        let references = self.context.references;
        let Some(statement) = references.statement(addition.anchor) else { return false };
        let local = addition.local();
        if addition.from.is_none() && self.binds_module(local) {
            return references.sees(local, statement.scope, &[reader.scope]);
        }
        let other = self
            .additions
            .iter()
            .any(|other| other.local() == local && other.meaning() != addition.meaning());
        let renamed = self.decisions.iter().any(|decision| {
            decision.local.as_deref() == Some(local)
                && decision.target.as_ref() != addition.meaning().as_ref()
        });
        !other && !renamed && references.is_free(local, statement.scope, &[reader.scope])
    }

    /// Adds an import after a statement, once.
    pub(super) fn add(
        &mut self,
        anchor: StatementId,
        from: Option<DottedName>,
        name: String,
        operation: &OperationId,
    ) {
        let addition = Addition { anchor, from, name, as_name: None, operation: operation.clone() };
        let known = self
            .additions
            .iter()
            .any(|other| other.from == addition.from && other.name == addition.name);
        if !known {
            self.additions.push(addition);
        }
    }

    /// An expression through an import that is there.
    fn existing(&mut self, new: &DottedName, reader: &Reader, sets: bool) -> Option<String> {
        let references = self.context.references;
        let mut best: Option<(usize, BindingId, String)> = None;
        for index in 0..references.imports.len() as u32 {
            let id = BindingId(index);
            let Some(text) = self.through(id, new, reader) else { continue };
            if sets && !text.contains('.') {
                continue;
            }
            let length = text.split('.').count();
            if best.as_ref().is_none_or(|(shortest, _, _)| length < *shortest) {
                best = Some((length, id, text));
            }
        }
        let (_, id, text) = best?;
        self.decisions.get_mut(id.0 as usize)?.uses_left += 1;
        Some(text)
    }

    /// Whether a star import of the file brings the name in under its own name in the new version.
    fn comes_with_star(&self, new: &DottedName, reader: &Reader) -> bool {
        let Some(module) = new.parent() else { return false };
        let starred = self.context.references.imports.iter().enumerate().any(|(index, import)| {
            let decided = self.decisions.get(index).and_then(|decision| decision.target.as_ref());
            import.form == ImportForm::Star
                && decided.or(import.target.as_ref()) == Some(&module)
                && self.names.is_exported(&module, new.leaf())
        });
        starred && self.context.references.is_free(new.leaf(), ScopeId(0), &[reader.scope])
    }

    fn through(&self, id: BindingId, new: &DottedName, reader: &Reader) -> Option<String> {
        let references = self.context.references;
        let import = references.import(id)?;
        let statement = references.statement(import.statement)?;
        let conditions = statement.conditions;
        let usable = import.form != ImportForm::Star
            && !conditions.version_guard
            && !conditions.import_guard
            && (!conditions.type_checking || reader.conditions.type_checking)
            && (statement.span.end <= reader.at.start || reader.conditions.in_function)
            && references.sees(&import.local, statement.scope, &[reader.scope])
            && self.is_ours_or_new(id);
        if !usable {
            return None;
        }
        let meaning = self.meaning_after(id)?;
        let rest = new.below(&meaning)?;
        if import.form == ImportForm::Module {
            // `import a.b` reaches what lies in `a.b`, and what loading `a` alone gives.
            let decision = self.decision(id)?;
            let target = decision.target.as_ref().or(import.target.as_ref())?;
            let module = self.names.module_of(new)?;
            let loaded = target.below(&module).is_some()
                || self.names.is_loaded_with(&meaning, &module) == Some(true);
            if !loaded {
                return None;
            }
        } else if !rest.is_empty() {
            let module = self.names.module_of(new)?;
            let inside = meaning.below(&module).is_some();
            let loaded = DottedName::new(new.root())
                .is_ok_and(|root| self.names.is_loaded_with(&root, &module) == Some(true));
            if !inside && !loaded {
                return None;
            }
        }
        Some(join(&self.local_after(id)?, rest))
    }

    /// Whether a binding's local name is the same before and after, or follows all of its uses.
    fn is_ours_or_new(&self, id: BindingId) -> bool {
        self.context
            .references
            .import(id)
            .is_some_and(|import| import.sole || import.form == ImportForm::Module)
    }

    /// An expression through an import that was added before.
    fn added(&self, new: &DottedName, reader: &Reader, sets: bool) -> Option<String> {
        let references = self.context.references;
        self.additions.iter().find_map(|addition| {
            let statement = references.statement(addition.anchor)?;
            let visible = statement.scope == ScopeId(0) || statement.scope == reader.scope;
            let conditional =
                statement.conditions.type_checking && !reader.conditions.type_checking;
            let free = references.is_free(addition.local(), statement.scope, &[reader.scope])
                || self.binds_module(addition.local());
            if !visible || conditional || !free {
                return None;
            }
            let meaning = addition.meaning()?;
            let rest = new.below(&meaning)?;
            let inside = match &addition.from {
                None => {
                    let module = DottedName::new(&addition.name).ok()?;
                    new.below(&module).is_some()
                }
                Some(_) => true,
            };
            (inside && !(sets && rest.is_empty())).then(|| join(addition.local(), rest))
        })
    }

    /// The statement after which a new import is written.
    fn anchor(&self, reader: &Reader) -> Option<StatementId> {
        let references = self.context.references;
        if let Some(import) = reader.through.and_then(|id| references.import(id)) {
            let conditions = references.statement(import.statement)?.conditions;
            // Beside an import that may fail a new one would fail unseen, but inside its guard it
            // is right.
            if !conditions.version_guard {
                return Some(import.statement);
            }
        }
        let mut best = None;
        for (index, statement) in references.statements.iter().enumerate() {
            let plain = statement.scope == ScopeId(0)
                && !statement.conditions.type_checking
                && !statement.conditions.import_guard
                && !statement.conditions.version_guard;
            let in_time = statement.span.end <= reader.at.start || reader.conditions.in_function;
            if plain && in_time {
                best = Some(StatementId(index as u32));
            }
        }
        best
    }

    /// Replaces what stands for names in the text of other edits by expressions that reach them.
    pub(super) fn fill_placeholders(&mut self, rewriting: &mut Rewriting) {
        let needed = std::mem::take(&mut rewriting.needed);
        let mut failed = Vec::new();
        for need in &needed {
            let near = self
                .context
                .references
                .references
                .iter()
                .filter(|reference| {
                    need.at.contains(reference.span) || reference.span.contains(need.at)
                })
                .min_by_key(|reference| reference.span.start.abs_diff(need.at.start));
            let member = self
                .context
                .references
                .members
                .iter()
                .find(|member| need.at.contains(member.span) || member.span.contains(need.at));
            let (scope, conditions) = match (near, member) {
                (Some(reference), _) => (reference.scope, reference.conditions),
                (None, Some(member)) => (member.scope, member.conditions),
                (None, None) => (ScopeId(0), Conditions::default()),
            };
            let through = near.and_then(|reference| reference.binding);
            let reader = Reader { at: need.at, scope, conditions, through };
            match self.reach_from(&need.name, &reader, &need.operation, false) {
                Ok(text) => {
                    for edit in &mut rewriting.edits {
                        for piece in &mut edit.text.pieces {
                            if let Piece::Text(new) = piece
                                && new.contains(&need.placeholder)
                            {
                                *new = new.replace(&need.placeholder, &text);
                            }
                        }
                    }
                }
                Err(reason) => failed.push((need, reason)),
            }
        }
        for (need, reason) in failed {
            let message = format!(
                "The new text needs `{}`, but {reason}; nothing was changed here ({}).",
                need.name, need.operation
            );
            rewriting.find(self.context, need.at, "name-out-of-reach", message);
            rewriting.edits.retain(|edit| {
                !edit.text.pieces.iter().any(
                    |piece| matches!(piece, Piece::Text(new) if new.contains(&need.placeholder)),
                )
            });
        }
    }
}

/// The name that needs no import, when the new name is a builtin's.
pub(super) fn builtin(new: &DottedName) -> Option<&str> {
    let name = new.as_str().strip_prefix("builtins.")?;
    (!name.contains('.')).then_some(name)
}

fn join(local: &str, rest: &str) -> String {
    if rest.is_empty() { local.to_owned() } else { format!("{local}.{rest}") }
}
