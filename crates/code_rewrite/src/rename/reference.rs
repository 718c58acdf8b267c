//! References in code and in strings.

use code_model::DottedName;
use code_model::operation::OperationId;
use python::edit::TextEdit;
use python::references::{
    Access, Certainty, ImportForm, Place, Reference, SegmentForm, StringForm,
};

use super::{Engine, is_spelled};
use crate::new_names::NewName;
use crate::{Applicability, Rewriting};

/// What the identifiers of a reference are called in the new version.
struct Renamed {
    /// For each identifier what the chain up to it means then.
    names: Vec<DottedName>,
    /// The last identifier that does not just follow the one before it.
    jump: Option<usize>,
    operation: Option<OperationId>,
}

impl Engine<'_, '_> {
    pub(super) fn reference(&mut self, reference: &Reference, rewriting: &mut Rewriting) {
        if self.is_gone(reference.span) {
            self.used_up(reference);
            return;
        }
        let Some(renamed) = self.renamed(reference, rewriting) else { return };
        let changed = renamed.operation.is_some();
        if changed && reference.conditions.version_guard {
            rewriting.already_right += 1;
            return;
        }
        if is_spelled(reference.place) {
            self.spelled(reference, &renamed, rewriting);
            return;
        }
        let jump = renamed.jump.filter(|jump| *jump > 0);
        if reference.certainty == Certainty::Uncertain {
            if jump.is_some() {
                let message = format!(
                    "`{}` may mean `{}`, which changes; another binding of the name may reach \
                     this place, so it was left.",
                    reference.span.of(self.context.text),
                    reference.target().map(ToString::to_string).unwrap_or_default(),
                );
                rewriting.find(self.context, reference.span, "uncertain-name", message);
            }
            return;
        }
        if self.starred(reference, &renamed, rewriting) {
            return;
        }
        match (jump, renamed.operation.clone()) {
            (Some(jump), Some(operation)) => {
                self.chain(reference, &renamed, jump, &operation, rewriting);
            }
            _ => self.local_name(reference, rewriting),
        }
    }

    /// What each identifier is called; none when nothing is to be done, with what there is to say.
    fn renamed(&self, reference: &Reference, rewriting: &mut Rewriting) -> Option<Renamed> {
        let mut names: Vec<DottedName> = Vec::with_capacity(reference.segments.len());
        let mut renamed = Renamed { names: Vec::new(), jump: None, operation: None };
        let mut right = false;
        for (index, segment) in reference.segments.iter().enumerate() {
            let (name, operation) = match self.names.of(&segment.target) {
                // An attribute follows what stands before it.
                NewName::Same => match names.last().filter(|_| !segment.bound) {
                    Some(before) => (before.join(segment.target.leaf()), None),
                    None => (segment.target.clone(), None),
                },
                NewName::AlreadyRight => {
                    right = true;
                    (segment.target.clone(), None)
                }
                NewName::Renamed(new, operation) => (new, Some(operation)),
                // A module that was split is gone, but what it held is somewhere.
                NewName::Removed(_) if self.leads_on(reference, index) => {
                    let before = names.last().filter(|_| !segment.bound);
                    let follows = before.map(|before| before.join(segment.target.leaf()));
                    (follows.unwrap_or_else(|| segment.target.clone()), None)
                }
                NewName::Removed(operation) => {
                    self.gone_name(reference, &segment.target, &operation, rewriting);
                    return None;
                }
                NewName::Doubtful(new, operation) => {
                    if index + 1 == reference.segments.len() && !reference.conditions.version_guard
                    {
                        let message = format!(
                            "{operation} renames `{}` to `{new}`, which the new version does not \
                             have; it was left.",
                            segment.target
                        );
                        rewriting.find(self.context, reference.span, "doubtful-name", message);
                    }
                    (segment.target.clone(), None)
                }
            };
            let follows = names.last().is_some_and(|before: &DottedName| {
                name.parent().as_ref() == Some(before) && name.leaf() == segment.target.leaf()
            });
            if !follows && (index > 0 || operation.is_some()) {
                renamed.jump = Some(index);
            }
            if operation.is_some() {
                renamed.operation = operation;
            }
            names.push(name);
        }
        if right && renamed.operation.is_none() {
            rewriting.already_right += 1;
        }
        renamed.names = names;
        Some(renamed)
    }

    /// Whether an identifier behind this one has a new name of its own.
    fn leads_on(&self, reference: &Reference, index: usize) -> bool {
        let mut behind = reference.segments.iter().skip(index + 1);
        behind.any(|segment| matches!(self.names.of(&segment.target), NewName::Renamed(..)))
    }

    fn gone_name(
        &self,
        reference: &Reference,
        name: &DottedName,
        operation: &OperationId,
        rewriting: &mut Rewriting,
    ) {
        if reference.conditions.version_guard || reference.certainty == Certainty::Uncertain {
            return;
        }
        if matches!(reference.place, Place::Text(StringForm::Plain)) {
            return;
        }
        let message = format!(
            "`{name}` is gone in the new version and has no successor; this use must be changed \
             by hand ({operation})."
        );
        rewriting.find(self.context, reference.span, "removed-name", message);
    }

    /// A name that a star import brings in: under its new name where that comes the same way, else
    /// by an import of its own.
    fn starred(
        &mut self,
        reference: &Reference,
        renamed: &Renamed,
        rewriting: &mut Rewriting,
    ) -> bool {
        let Some(id) = reference.binding else { return false };
        let Some(import) = self.context.references.import(id) else { return false };
        let (Some(new), Some(operation)) = (renamed.names.first(), &renamed.operation) else {
            return false;
        };
        let first = &reference.segments[0];
        if import.form != ImportForm::Star || *new == first.target || !first.bound {
            return false;
        }
        let module = self
            .decision(id)
            .and_then(|decision| decision.target.as_ref())
            .or(import.target.as_ref());
        // A module of the dependent's own that offers the name goes on offering it.
        let is_own = module.is_none_or(|module| !self.is_ours(module));
        if is_own && new.leaf() == first.target.leaf() {
            return renamed.jump.is_none_or(|jump| jump == 0);
        }
        let same_way = new.parent().as_ref() == module;
        if same_way && new.leaf() == first.target.leaf() {
            return renamed.jump.is_none_or(|jump| jump == 0);
        }
        if renamed.jump.is_some_and(|jump| jump > 0) {
            return false;
        }
        let scope = python::references::ScopeId(0);
        let text =
            if same_way && self.context.references.is_free(new.leaf(), scope, &[reference.scope]) {
                Ok(new.leaf().to_owned())
            } else {
                self.reach(new, reference, operation, reference.access != Access::Load)
            };
        match text {
            Ok(text) => {
                let edit = TextEdit::replace(first.span, text);
                rewriting.edit(operation, Applicability::Safe, edit);
            }
            Err(reason) => {
                let message = format!(
                    "`{}` is called `{new}` in the new version, but {reason}; it was left \
                     ({operation}).",
                    first.target
                );
                rewriting.find(self.context, reference.span, "name-out-of-reach", message);
            }
        }
        true
    }

    /// Writes the new local name where the import's local name was renamed.
    fn local_name(&self, reference: &Reference, rewriting: &mut Rewriting) {
        let Some(first) = reference.segments.first() else { return };
        let Some(decision) = reference.binding.and_then(|id| self.decision(id)) else { return };
        let (Some(local), Some(operation)) = (&decision.local, &decision.operation) else { return };
        if first.span.of(self.context.text) != local {
            let edit = TextEdit::replace(first.span, local.clone());
            rewriting.edit(operation, Applicability::Safe, edit);
        }
    }

    /// A chain of attributes in which an attribute is called or reached differently.
    fn chain(
        &mut self,
        reference: &Reference,
        renamed: &Renamed,
        jump: usize,
        operation: &OperationId,
        rewriting: &mut Rewriting,
    ) {
        let bound = (0..=jump).rev().find(|index| reference.segments[*index].bound).unwrap_or(0);
        if bound == jump {
            self.local_name(reference, rewriting);
            return;
        }
        let base = &renamed.names[bound];
        let new = &renamed.names[jump];
        if self.is_said_by_a_string(reference, bound, jump, new.below(base)) {
            let message = format!(
                "`{}` is called `{new}` in the new version, which the text of this call cannot \
                 say; change it by hand ({operation}).",
                reference.segments[jump].target
            );
            rewriting.find(self.context, reference.span, "name-in-string", message);
            return;
        }
        if let Some(rest) = new.below(base).filter(|rest| !rest.is_empty()) {
            let rest: Vec<String> = rest.split('.').map(ToOwned::to_owned).collect();
            if self.leaves_its_module(reference, renamed, jump, operation)
                || self.is_reachable(reference, base, new)
            {
                self.local_name(reference, rewriting);
                self.attributes(reference, bound, jump, &rest, operation, rewriting);
                return;
            }
        }
        let sets = reference.access != Access::Load && jump + 1 == reference.segments.len();
        match self.reach(new, reference, operation, sets) {
            Ok(text) => {
                let span = reference.segments[0].span.cover(reference.segments[jump].span);
                rewriting.edit(operation, Applicability::Safe, TextEdit::replace(span, text));
                self.used_up(reference);
            }
            Err(reason) => {
                let message = format!(
                    "`{}` is called `{new}` in the new version, but {reason}; it was left \
                     ({operation}).",
                    reference.segments[jump].target
                );
                rewriting.find(self.context, reference.span, "name-out-of-reach", message);
            }
        }
    }

    /// Whether a string names an attribute that only another chain of attributes reaches now: from
    /// the base not at all, or over another number of steps.
    fn is_said_by_a_string(
        &self,
        reference: &Reference,
        bound: usize,
        jump: usize,
        rest: Option<&str>,
    ) -> bool {
        let steps = rest.filter(|rest| !rest.is_empty()).map(|rest| rest.split('.').count());
        reference.segments[..=jump].iter().any(|s| s.form == SegmentForm::AttributeString)
            && steps != Some(jump - bound)
    }

    /// Writes other attributes behind a base that stays.
    fn attributes(
        &self,
        reference: &Reference,
        bound: usize,
        jump: usize,
        rest: &[String],
        operation: &OperationId,
        rewriting: &mut Rewriting,
    ) {
        let old = &reference.segments[bound + 1..=jump];
        if old.len() == rest.len() {
            for (segment, name) in old.iter().zip(rest) {
                if segment.span.of(self.context.text) != name {
                    let edit = TextEdit::replace(segment.span, name.clone());
                    rewriting.edit(operation, Applicability::Safe, edit);
                }
            }
            return;
        }
        let span = old[0].span.cover(old[old.len() - 1].span);
        let edit = TextEdit::replace(span, rest.join("."));
        rewriting.edit(operation, Applicability::Safe, edit);
    }

    /// A path that a string spells out.
    fn spelled(&self, reference: &Reference, renamed: &Renamed, rewriting: &mut Rewriting) {
        let (Some(jump), Some(operation)) = (renamed.jump, &renamed.operation) else { return };
        let last = reference.segments.len() - 1;
        let bound = (0..=last).rev().find(|index| reference.segments[*index].bound);
        let new = &renamed.names[last];
        let (span, text) = match bound {
            Some(bound) if bound >= jump => return,
            Some(bound) => {
                let Some(rest) = new.below(&renamed.names[bound]).filter(|rest| !rest.is_empty())
                else {
                    let message = format!(
                        "`{}` is called `{new}` in the new version; this string must be changed \
                         by hand ({operation}).",
                        reference.segments[last].target
                    );
                    rewriting.find(self.context, reference.span, "name-in-string", message);
                    return;
                };
                let first = reference.segments[bound + 1].span;
                (first.cover(reference.segments[last].span), rest.to_owned())
            }
            None => (reference.span, self.spelled_text(reference, new)),
        };
        let applicability = match reference.place {
            Place::Text(StringForm::Import) => Applicability::Safe,
            _ => Applicability::Unsafe,
        };
        if span.of(self.context.text) != text {
            rewriting.edit(operation, applicability, TextEdit::replace(span, text));
        }
    }

    /// The new path in the form of the old one: with a colon before the object where one stood.
    fn spelled_text(&self, reference: &Reference, new: &DottedName) -> String {
        if !reference.span.of(self.context.text).contains(':') {
            return new.to_string();
        }
        match self.names.module_of(new) {
            Some(module) => match new.below(&module) {
                Some(rest) if !rest.is_empty() => format!("{module}:{rest}"),
                _ => new.to_string(),
            },
            None => new.to_string(),
        }
    }

    /// Whether `import a.b` was there for this use, which now needs `a.c`: then that is imported
    /// instead.
    fn leaves_its_module(
        &mut self,
        reference: &Reference,
        renamed: &Renamed,
        jump: usize,
        operation: &OperationId,
    ) -> bool {
        let (Some(id), Some(new)) = (reference.binding, renamed.names.last()) else {
            return false;
        };
        let Some(import) = self.context.references.import(id) else { return false };
        let Some(imported) = &import.target else { return false };
        let after =
            self.decision(id).and_then(|decision| decision.target.as_ref()).unwrap_or(imported);
        let served = reference.target().is_some_and(|target| target.below(imported).is_some());
        if import.form != ImportForm::Module
            || imported.parent().is_none()
            || !served
            || new.below(after).is_some()
        {
            return false;
        }
        let Some(module) = self.names.module_of(&renamed.names[jump]) else { return false };
        self.used_up(reference);
        self.add(import.statement, None, module.to_string(), operation);
        true
    }

    /// Whether an attribute chain from `base` finds `new`: its module is loaded.
    fn is_reachable(&mut self, reference: &Reference, base: &DottedName, new: &DottedName) -> bool {
        let Some(module) = self.names.module_of(new) else { return true };
        if base.below(&module).is_some() {
            return true;
        }
        let loads = |target: &DottedName| target.below(&module).is_some();
        let loaded = self.context.references.imports.iter().zip(&self.decisions).any(
            |(import, decision)| {
                !decision.dropped
                    && decision.target.as_ref().or(import.target.as_ref()).is_some_and(loads)
            },
        );
        let added = self.additions.iter().any(|addition| {
            addition.from.is_none()
                && DottedName::new(&addition.name).is_ok_and(|name| loads(&name))
        });
        if loaded || added {
            return true;
        }
        let Ok(root) = DottedName::new(base.root()) else { return true };
        if self.names.is_loaded_with(&root, &module) != Some(false) {
            // Without the new version at hand: what was reached through the package before is so
            // again.
            return true;
        }
        // `import a` beside a reference to `a.b.c` becomes whole with `import a.b`.
        let by_module = reference
            .binding
            .and_then(|id| self.context.references.import(id))
            .filter(|import| import.form == ImportForm::Module);
        if let Some(import) = by_module
            && let NewName::Renamed(_, operation) =
                reference.target().map_or(NewName::Same, |target| self.names.of(target))
        {
            self.add(import.statement, None, module.to_string(), &operation);
            return true;
        }
        false
    }
}
