//! What becomes of each import.

use code_model::DottedName;
use code_model::operation::OperationId;
use python::edit::{Span, TextEdit};
use python::references::{BindingId, Certainty, ImportBinding, ImportForm, Reference, ScopeId};

use super::Engine;
use crate::call::{asks_for_names, is_self_documenting};
use crate::new_names::NewName;
use crate::{Applicability, Rewriting};

impl Engine<'_, '_> {
    /// Decides about every import of the core.
    pub(super) fn decide(&mut self, rewriting: &mut Rewriting) {
        for index in 0..self.context.references.imports.len() {
            self.decide_one(BindingId(index as u32), rewriting);
        }
    }

    fn decide_one(&mut self, id: BindingId, rewriting: &mut Rewriting) {
        let references = self.context.references;
        let Some(import) = references.import(id) else { return };
        let Some(statement) = references.statement(import.statement) else { return };
        let Some(target) = import.target.as_ref().filter(|target| self.is_ours(target)) else {
            return;
        };
        // A relative import stays inside of the dependent.
        if statement.level > 0 {
            return;
        }
        let (new, operation) = match self.names.of(target) {
            NewName::Same => return,
            NewName::AlreadyRight => {
                rewriting.already_right += 1;
                return;
            }
            _ if statement.conditions.version_guard => {
                rewriting.already_right += 1;
                return;
            }
            NewName::Removed(operation) => {
                self.removed.push((id, operation));
                return;
            }
            NewName::Doubtful(new, operation) => {
                let message = format!(
                    "{operation} renames `{target}` to `{new}`, which the new version does not \
                     have; the import was left."
                );
                rewriting.find(self.context, import.span, "doubtful-name", message);
                return;
            }
            NewName::Renamed(new, operation) => (new, operation),
        };
        if !self.names.is_importable(&new) && import.form != ImportForm::Star {
            let message = format!(
                "{operation} makes `{target}` a member of a class, `{new}`, which cannot be \
                 imported; change it by hand."
            );
            rewriting.find(self.context, import.span, "not-importable", message);
            return;
        }
        match import.form {
            ImportForm::From => {
                self.decide_from(id, import, statement.scope, new, operation, rewriting);
            }
            ImportForm::Module => self.decide_module(id, import, statement.scope, new, operation),
            ImportForm::ModuleAs | ImportForm::Star => {
                self.change(id, new, None, None, operation);
            }
        }
    }

    /// Imports of what is gone, unless they went with their last use.
    pub(super) fn removed_imports(&self, rewriting: &mut Rewriting) {
        for (id, operation) in &self.removed {
            let dropped = self.decision(*id).is_some_and(|decision| decision.dropped);
            let Some(import) = self.context.references.import(*id).filter(|_| !dropped) else {
                continue;
            };
            let target = import.target.as_ref().map(ToString::to_string).unwrap_or_default();
            let message = format!(
                "`{target}` is gone in the new version and has no successor; this import fails \
                 ({operation})."
            );
            rewriting.find(self.context, import.span, "removed-name", message);
        }
    }

    pub(super) fn is_ours(&self, name: &DottedName) -> bool {
        self.context.plan.roots.iter().any(|root| name.below(root).is_some())
    }

    fn change(
        &mut self,
        id: BindingId,
        target: DottedName,
        as_name: Option<String>,
        local: Option<String>,
        operation: OperationId,
    ) {
        if let Some(decision) = self.decisions.get_mut(id.0 as usize) {
            decision.target = Some(target);
            decision.as_name = as_name;
            decision.local = local;
            decision.operation = Some(operation);
        }
    }

    fn decide_from(
        &mut self,
        id: BindingId,
        import: &ImportBinding,
        scope: ScopeId,
        new: DottedName,
        operation: OperationId,
        rewriting: &mut Rewriting,
    ) {
        if let Some(twin) = self.twin(id, import, &new)
            && self.join_twin(id, import, scope, twin, &operation)
        {
            return;
        }
        let local_is_builtin = super::reach::builtin(&new) == Some(&*import.local);
        if local_is_builtin && import.sole && !import.exported {
            if let Some(decision) = self.decisions.get_mut(id.0 as usize) {
                decision.dropped = true;
                decision.operation = Some(operation);
            }
            return;
        }
        if import.as_name.is_some() || new.leaf() == &*import.local {
            self.change(id, new, None, None, operation);
            return;
        }
        let leaf = new.leaf().to_owned();
        if self.can_rename_local(id, import, scope, &leaf) {
            self.change(id, new, None, Some(leaf), operation);
        } else if let Some(places) = self.with_placeholders(id, import, scope, &leaf) {
            for place in places {
                let edit = TextEdit::replace(place, leaf.clone());
                rewriting.edit(&operation, Applicability::Safe, edit);
            }
            self.change(id, new, None, Some(leaf), operation);
        } else {
            self.change(id, new, Some(import.local.to_string()), None, operation);
        }
    }

    /// Whether every use of a local name is seen and may be renamed with it.
    fn can_rename_local(
        &self,
        id: BindingId,
        import: &ImportBinding,
        scope: ScopeId,
        leaf: &str,
    ) -> bool {
        let readers = self.readers(id);
        let counted = self.uses(id).filter(|used| !super::is_attribute_string(used));
        let seen = counted
            .filter(|reference| {
                reference.certainty == Certainty::Certain && !reference.conditions.version_guard
            })
            .count();
        import.sole
            && !import.exported
            && seen == import.uses as usize
            && !self.is_taken(scope, leaf)
            && self.context.references.is_free(leaf, scope, &readers)
            && !in_type_comment(self.context.text, &import.local)
            && !self.is_read_by_name(id, import, scope)
            && !(import.uses == 0 && self.is_kept_unused(import))
    }

    /// Where a local name is written apart from its import and the uses that follow it, when what
    /// else binds it only stands for the missing import and all of it may be renamed together.
    fn with_placeholders(
        &self,
        id: BindingId,
        import: &ImportBinding,
        scope: ScopeId,
        leaf: &str,
    ) -> Option<Vec<Span>> {
        let references = self.context.references;
        let found = references.occurrences(&import.local, scope)?;
        let guarded = self.uses(id).any(|used| used.conditions.version_guard);
        let may = found.placeholders
            && !found.bound.is_empty()
            && found.imports == 1
            && !import.exported
            && !guarded
            && !self.is_taken(scope, leaf)
            && references.is_free(leaf, scope, &self.readers(id))
            && !in_type_comment(self.context.text, &import.local)
            && !self.is_read_by_name(id, import, scope);
        let follows = |span: &Span| {
            self.uses(id).any(|used| {
                used.certainty == Certainty::Certain
                    && used.segments.first().is_some_and(|first| first.span == *span)
            })
        };
        let others = found.bound.into_iter().chain(found.used);
        may.then(|| others.filter(|span| !follows(span)).collect())
    }

    /// Whether the local name itself is read, and not only what it means: as an attribute of a
    /// class, by a string that is evaluated or looked up, or by an f-string that shows it.
    fn is_read_by_name(&self, id: BindingId, import: &ImportBinding, scope: ScopeId) -> bool {
        let text = self.context.text;
        let references = self.context.references;
        let shown = |used: &Reference| {
            let first = used.segments.first();
            first.is_some_and(|first| is_self_documenting(text, first.span))
        };
        let evaluated = || {
            let seen = references
                .occurrences(&import.local, scope)
                .map_or(0, |found| found.bound.len() + found.imports + found.used.len());
            words(text).filter(|word| *word == &*import.local).count() > seen
        };
        references.is_class(scope)
            || self.uses(id).any(shown)
            || asks_for_names(text) && evaluated()
    }

    /// Whether an import that nothing uses says that it is there for others.
    fn is_kept_unused(&self, import: &ImportBinding) -> bool {
        let rest = self.context.text.get(import.span.end as usize..).unwrap_or_default();
        rest.lines().next().is_some_and(|line| line.contains("noqa"))
    }

    /// Whether another edit binds this name already.
    fn is_taken(&self, scope: ScopeId, name: &str) -> bool {
        self.context.references.imports.iter().zip(&self.decisions).any(|(import, decision)| {
            decision.local.as_deref() == Some(name)
                && self
                    .context
                    .references
                    .statement(import.statement)
                    .is_some_and(|statement| statement.scope == scope)
        })
    }

    /// Another import in the same block that brings in the same thing.
    fn twin(&self, id: BindingId, import: &ImportBinding, new: &DottedName) -> Option<BindingId> {
        let references = self.context.references;
        let block = references.statement(import.statement)?.block;
        (0..references.imports.len() as u32).map(BindingId).find(|other| {
            let (Some(candidate), Some(decision)) =
                (references.import(*other), self.decision(*other))
            else {
                return false;
            };
            *other != id
                && !decision.dropped
                && candidate.target != import.target
                && matches!(candidate.form, ImportForm::From | ImportForm::ModuleAs)
                && self.meaning_after(*other).as_ref() == Some(new)
                && references.statement(candidate.statement).is_some_and(|s| s.block == block)
                // What comes later must itself be settled: it keeps what it imports.
                && (decision.target.is_some()
                    || !matches!(
                        candidate.target.as_ref().map(|target| self.names.of(target)),
                        Some(NewName::Renamed(..))
                    ))
        })
    }

    /// Lets the uses of an import read its twin, where they can.
    fn join_twin(
        &mut self,
        id: BindingId,
        import: &ImportBinding,
        scope: ScopeId,
        twin: BindingId,
        operation: &OperationId,
    ) -> bool {
        let Some(local) = self.local_after(twin) else { return false };
        let Some(other) = self.context.references.import(twin) else { return false };
        let same = local == *import.local;
        let first_use = self.uses(id).map(|reference| reference.span.start).min();
        let in_time = other.span.start < import.span.start
            || first_use.is_none_or(|first| first > other.span.end);
        let readers = self.readers(id);
        let visible = same
            || import.sole
                && !import.exported
                && self.context.references.sees(&other.local, scope, &readers);
        if !visible || !in_time || import.exported && !same {
            return false;
        }
        let remaining = self.decisions[id.0 as usize].uses_left;
        if let Some(decision) = self.decisions.get_mut(twin.0 as usize) {
            decision.uses_left += remaining;
        }
        if let Some(decision) = self.decisions.get_mut(id.0 as usize) {
            decision.dropped = true;
            decision.local = (!same).then_some(local);
            decision.operation = Some(operation.clone());
        }
        true
    }

    fn decide_module(
        &mut self,
        id: BindingId,
        import: &ImportBinding,
        scope: ScopeId,
        new: DottedName,
        operation: OperationId,
    ) {
        let Some(old) = import.target.clone() else { return };
        let references = self.context.references;
        let twin = (0..references.imports.len() as u32).map(BindingId).find(|other| {
            *other != id
                && references.import(*other).is_some_and(|candidate| {
                    let here = references.statement(import.statement).map(|s| s.block);
                    candidate.form == ImportForm::Module
                        && candidate.target.as_ref() == Some(&new)
                        && references.statement(candidate.statement).map(|s| s.block) == here
                })
        });
        let root = new.root().to_owned();
        if root == old.root() {
            self.change(id, new, None, None, operation.clone());
            if twin.is_some() {
                self.decisions[id.0 as usize].dropped = true;
            }
            return;
        }
        // The name that the statement binds becomes another one: all uses must follow.
        let readers = self.readers(id);
        let settled = import.sole
            || self
                .other_imports_of(&import.local, id)
                .all(|other| other.target.as_ref().is_some_and(|target| self.is_ours(target)));
        let all_seen = self
            .uses(id)
            .all(|used| used.certainty == Certainty::Certain && !used.conditions.version_guard);
        let free = twin.is_some()
            || self.binds_module(&root)
            || references.is_free(&root, scope, &readers);
        if settled && all_seen && free && !import.exported {
            let renamed_root = DottedName::new(old.root()).map(|root| self.names.name(&root));
            let local =
                renamed_root.ok().filter(|renamed| renamed.root() == root && *renamed != old);
            let local = if old.as_str() == old.root() {
                Some(new.to_string())
            } else {
                local.map(|renamed| renamed.to_string())
            };
            self.change(id, new, None, local, operation);
            if twin.is_some() {
                self.decisions[id.0 as usize].dropped = true;
            }
        } else if old.as_str() == old.root() {
            self.change(id, new, Some(import.local.to_string()), None, operation);
        }
    }

    fn other_imports_of(&self, local: &str, id: BindingId) -> impl Iterator<Item = &ImportBinding> {
        let local = local.to_owned();
        self.context
            .references
            .imports
            .iter()
            .enumerate()
            .filter(move |(index, other)| *index != id.0 as usize && *other.local == *local)
            .map(|(_, other)| other)
    }

    /// Whether the file binds this name by `import name…` already.
    pub(super) fn binds_module(&self, root: &str) -> bool {
        self.context
            .references
            .imports
            .iter()
            .any(|import| import.form == ImportForm::Module && *import.local == *root)
    }
}

/// Whether a type comment writes this name: nothing else would tell that it is used there.
fn in_type_comment(text: &str, name: &str) -> bool {
    text.contains("# type:")
        && text.lines().any(|line| {
            line.split_once("# type:")
                .is_some_and(|(_, comment)| words(comment).any(|word| word == name))
        })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c != '_' && !c.is_alphanumeric())
}
