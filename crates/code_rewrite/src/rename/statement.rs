//! Import statements as they are written after the edits.

use std::collections::BTreeMap;

use code_model::DottedName;
use code_model::operation::OperationId;
use python::edit::{Span, TextEdit};
use python::references::{BindingId, ImportBinding, ImportForm, ImportStatement};

use super::layout::{Order, Surroundings, line_break, line_end, line_start};
use super::{Decision, Engine};
use crate::{Applicability, Rewriting};

/// Lines longer than this are broken when several names stand on them.
const LINE_LIMIT: usize = 88;

/// One alias of a statement as it will be.
#[derive(Debug, Clone)]
struct Name {
    binding: BindingId,
    /// The whole alias as text; none when it leaves the statement.
    text: Option<String>,
    changed: bool,
}

/// One statement as it will be.
#[derive(Debug, Clone, Default)]
struct Outline {
    names: Vec<Name>,
    /// The module of `from … import`, when it changes.
    module: Option<DottedName>,
    /// Names that come from elsewhere.
    added: Vec<String>,
    /// New `from` imports that follow it, by module.
    imports_from: Vec<(DottedName, Vec<String>)>,
    /// Other new statements that follow it.
    after: Vec<String>,
    operation: Option<OperationId>,
}

impl Outline {
    fn is_empty(&self) -> bool {
        self.names.iter().all(|name| name.text.is_none()) && self.added.is_empty()
    }

    fn is_changed(&self) -> bool {
        self.module.is_some()
            || !self.added.is_empty()
            || !self.imports_from.is_empty()
            || !self.after.is_empty()
            || self.names.iter().any(|name| name.changed)
    }

    fn follow_with(&mut self, module: &DottedName, name: String) {
        match self.imports_from.iter_mut().find(|(known, _)| known == module) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => self.imports_from.push((module.clone(), vec![name])),
        }
    }
}

impl Engine<'_, '_> {
    /// Writes the edits of all import statements.
    pub(super) fn statements(&mut self, rewriting: &mut Rewriting) {
        self.keep_old_roots(rewriting);
        let mut outlines = self.outlines();
        self.merge(&mut outlines);
        for (index, outline) in outlines.iter().enumerate() {
            if outline.is_changed()
                && let Some(statement) = self.context.references.statements.get(index)
                && let Some(operation) = &outline.operation
            {
                for edit in self.write(statement, outline) {
                    rewriting.edit(operation, Applicability::Safe, edit);
                }
            }
        }
    }

    /// `import a.b` binds `a`: when it becomes `import x.y`, other uses of `a` need it still.
    fn keep_old_roots(&mut self, rewriting: &Rewriting) {
        let mut kept = Vec::new();
        for (index, decision) in self.decisions.iter().enumerate() {
            let id = BindingId(index as u32);
            let Some(import) = self.context.references.import(id) else { continue };
            let (Some(target), Some(old), Some(operation)) =
                (&decision.target, &import.target, &decision.operation)
            else {
                continue;
            };
            let moved = import.form == ImportForm::Module
                && decision.as_name.is_none()
                && target.root() != old.root();
            if !moved {
                continue;
            }
            let left = self.uses(id).any(|used| {
                used.segments.first().is_some_and(|first| {
                    !self.is_gone(first.span)
                        && !rewriting.edits.iter().any(|edit| edit.text.span.contains(first.span))
                })
            });
            if left {
                kept.push((import.statement, old.root().to_owned(), operation.clone()));
            }
        }
        for (statement, root, operation) in kept {
            self.add(statement, None, root, &operation);
        }
    }

    fn outlines(&self) -> Vec<Outline> {
        let references = self.context.references;
        let mut outlines = vec![Outline::default(); references.statements.len()];
        for (index, import) in references.imports.iter().enumerate() {
            if let Some(outline) = outlines.get_mut(import.statement.0 as usize) {
                outline.names.push(Name {
                    binding: BindingId(index as u32),
                    text: Some(import.span.of(self.context.text).to_owned()),
                    changed: false,
                });
            }
        }
        for (index, outline) in outlines.iter_mut().enumerate() {
            let Some(statement) = references.statements.get(index) else { continue };
            if statement.from.is_some() {
                self.outline_from(statement, outline);
            } else {
                self.outline_import(outline);
            }
        }
        for addition in &self.additions {
            let Some(outline) = outlines.get_mut(addition.anchor.0 as usize) else { continue };
            outline.operation.get_or_insert_with(|| addition.operation.clone());
            if let Some(module) = &addition.from {
                outline.follow_with(module, addition.alias());
            } else {
                let statement = format!("import {}", addition.name);
                let there =
                    references.imports.iter().zip(&self.decisions).any(|(import, decision)| {
                        !decision.dropped
                            && import.form == ImportForm::Module
                            && decision
                                .target
                                .as_ref()
                                .or(import.target.as_ref())
                                .is_some_and(|target| target.as_str() == addition.name)
                    });
                if !there && !outline.after.contains(&statement) {
                    outline.after.push(statement);
                }
            }
        }
        outlines
    }

    /// The alias of `from … import` as text, with the module that it is imported from.
    fn alias(&self, import: &ImportBinding, decision: &Decision, new: &DottedName) -> String {
        let written = import.as_name.map(|span| span.of(self.context.text).to_owned());
        match decision.as_name.clone().or(written) {
            Some(local) if local != new.leaf() || import.as_name.is_some() => {
                format!("{} as {local}", new.leaf())
            }
            _ => new.leaf().to_owned(),
        }
    }

    fn outline_from(&self, statement: &ImportStatement, outline: &mut Outline) {
        let Some(old_module) = statement.module.clone() else { return };
        let mut homes: BTreeMap<usize, DottedName> = BTreeMap::new();
        let mut alone = Vec::new();
        for (position, name) in outline.names.iter_mut().enumerate() {
            let (Some(import), Some(decision)) =
                (self.context.references.import(name.binding), self.decision(name.binding))
            else {
                continue;
            };
            if decision.dropped {
                name.text = None;
                name.changed = true;
                outline.operation = outline.operation.take().or_else(|| decision.operation.clone());
                continue;
            }
            let Some(new) = &decision.target else {
                homes.insert(position, old_module.clone());
                continue;
            };
            outline.operation = outline.operation.take().or_else(|| decision.operation.clone());
            if import.form == ImportForm::Star {
                homes.insert(position, new.clone());
                continue;
            }
            if let Some(module) = new.parent() {
                let text = self.alias(import, decision, new);
                name.changed = name.text.as_ref() != Some(&text);
                name.text = Some(text);
                homes.insert(position, module);
            } else {
                let local = decision.local.clone().unwrap_or_else(|| import.local.to_string());
                alone.push(if local == new.as_str() {
                    format!("import {new}")
                } else {
                    format!("import {new} as {local}")
                });
                name.text = None;
                name.changed = true;
            }
        }
        outline.after.extend(alone);
        if outline.operation.is_none() {
            outline.operation = self.any_operation(outline);
        }
        // The statement stays with its module, or goes where its module goes, or where its first
        // name goes.
        let moved = self.names.name(&old_module);
        let home = [&old_module, &moved]
            .into_iter()
            .find(|module| homes.values().any(|home| home == *module))
            .or_else(|| homes.values().next());
        let Some(home) = home.cloned() else { return };
        if home != old_module {
            outline.module = Some(home.clone());
        }
        for (position, module) in homes {
            if module != home
                && let Some(text) = outline.names[position].text.take()
            {
                outline.names[position].changed = true;
                outline.follow_with(&module, text);
            }
        }
    }

    /// The operation behind a statement whose names went away with their last use.
    fn any_operation(&self, outline: &Outline) -> Option<OperationId> {
        outline
            .names
            .iter()
            .filter(|name| name.changed)
            .find_map(|name| self.operation_of_uses(name.binding))
    }

    fn operation_of_uses(&self, id: BindingId) -> Option<OperationId> {
        self.uses(id)
            .flat_map(|reference| &reference.segments)
            .find_map(|segment| match self.names.of(&segment.target) {
                crate::NewName::Renamed(_, operation) => Some(operation),
                _ => None,
            })
            .or_else(|| self.context.plan.calls.first().map(|call| call.operation.clone()))
            .or_else(|| self.context.plan.members.first().map(|member| member.operation.clone()))
            .or_else(|| self.context.plan.names.values().next().map(crate::NameChange::operation))
    }

    fn outline_import(&self, outline: &mut Outline) {
        for name in &mut outline.names {
            let (Some(import), Some(decision)) =
                (self.context.references.import(name.binding), self.decision(name.binding))
            else {
                continue;
            };
            if decision.dropped {
                name.text = None;
                name.changed = true;
                outline.operation = outline
                    .operation
                    .take()
                    .or_else(|| decision.operation.clone())
                    .or_else(|| self.operation_of_uses(name.binding));
                continue;
            }
            let Some(new) = &decision.target else { continue };
            outline.operation = outline.operation.take().or_else(|| decision.operation.clone());
            let written = import.as_name.map(|span| span.of(self.context.text).to_owned());
            let text = match decision.as_name.clone().or(written) {
                Some(local) => format!("{new} as {local}"),
                None => new.to_string(),
            };
            name.changed = name.text.as_ref() != Some(&text);
            name.text = Some(text);
        }
    }

    /// Names that leave their statement join an import from the same module where one stands in the
    /// same block.
    fn merge(&self, outlines: &mut [Outline]) {
        for index in 0..outlines.len() {
            let Some(statement) = self.context.references.statements.get(index) else { continue };
            self.merge_whole(outlines, index, statement);
            let moved = std::mem::take(&mut outlines[index].imports_from);
            for (module, names) in moved {
                let own = outlines[index].module.as_ref().or(statement.module.as_ref());
                let here = statement.from.is_some()
                    && own == Some(&module)
                    && !outlines[index].is_empty()
                    && !outlines[index].names.iter().any(|name| name.text.as_deref() == Some("*"));
                let home =
                    if here { Some(index) } else { self.home(outlines, index, &module, true) };
                match home {
                    Some(home) => {
                        let operation = outlines[index].operation.clone();
                        let target = &mut outlines[home];
                        for name in names {
                            let there = target.names.iter().any(|n| n.text.as_ref() == Some(&name));
                            if !there && !target.added.contains(&name) {
                                target.added.push(name);
                            }
                        }
                        target.operation = target.operation.take().or(operation);
                    }
                    None => {
                        for name in names {
                            outlines[index].follow_with(&module, name);
                        }
                    }
                }
            }
        }
    }

    /// A statement on one line whose names all come from another module now joins an earlier import
    /// from there.
    fn merge_whole(&self, outlines: &mut [Outline], index: usize, statement: &ImportStatement) {
        let Some(module) = outlines[index].module.clone() else { return };
        let line = Span::new(
            line_start(self.context.text, statement.span.start),
            line_end(self.context.text, statement.span.end),
        );
        let text = line.of(self.context.text);
        let star = outlines[index].names.iter().any(|name| name.text.as_deref() == Some("*"));
        if text.contains(['#', '(', '\n', '\r', '\\']) || star {
            return;
        }
        let Some(home) = self.home(outlines, index, &module, false) else { return };
        let names: Vec<String> = outlines[index]
            .names
            .iter_mut()
            .filter_map(|name| {
                name.changed = true;
                name.text.take()
            })
            .collect();
        let operation = outlines[index].operation.clone();
        outlines[index].module = None;
        let target = &mut outlines[home];
        for name in names {
            let there = target.names.iter().any(|known| known.text.as_ref() == Some(&name));
            if !there && !target.added.contains(&name) {
                target.added.push(name);
            }
        }
        target.operation = target.operation.take().or(operation);
    }

    /// Another statement of the same block that imports from this module.
    fn home(
        &self,
        outlines: &[Outline],
        index: usize,
        module: &DottedName,
        later: bool,
    ) -> Option<usize> {
        let references = self.context.references;
        let statement = references.statements.get(index)?;
        outlines.iter().enumerate().position(|(other, outline)| {
            let Some(candidate) = references.statements.get(other) else { return false };
            let from = outline.module.as_ref().or(candidate.module.as_ref());
            let between = Span::new(
                statement.span.end.min(candidate.span.end),
                statement.span.start.max(candidate.span.start),
            );
            let used_between =
                references.references.iter().any(|reference| between.contains(reference.span));
            other != index
                && candidate.from.is_some()
                && candidate.level == 0
                && candidate.block == statement.block
                && from == Some(module)
                && !outline.is_empty()
                && !candidate.conditions.version_guard
                && (other < index || later && !used_between)
                && !outline.names.iter().any(|name| name.text.as_deref() == Some("*"))
        })
    }

    fn write(&self, statement: &ImportStatement, outline: &Outline) -> Vec<TextEdit> {
        let text = self.context.text;
        let surroundings = Surroundings::of(text, statement.span);
        let mut after: Vec<String> = outline.after.clone();
        let indent =
            Span::new(line_start(text, statement.span.start), statement.span.start).of(text);
        for (module, names) in &outline.imports_from {
            after.push(import_from(module, names, indent, line_break(text)));
        }
        if outline.is_empty() {
            return vec![if after.is_empty() {
                surroundings.delete(statement.only_statement)
            } else {
                surroundings.replace(&after)
            }];
        }
        let mut edits = Vec::new();
        if let (Some(module), Some(from)) = (&outline.module, statement.from) {
            edits.push(TextEdit::replace(from, module.to_string()));
        }
        edits.extend(self.write_names(outline));
        if !after.is_empty() {
            edits.push(surroundings.insert_after(&after));
        }
        edits
    }

    fn write_names(&self, outline: &Outline) -> Vec<TextEdit> {
        let imports: Vec<(&ImportBinding, &Name)> = outline
            .names
            .iter()
            .filter_map(|name| Some((self.context.references.import(name.binding)?, name)))
            .collect();
        if let Some(edit) = self.write_list(&imports, outline) {
            return vec![edit];
        }
        let mut edits = Vec::new();
        let spans: Vec<Span> = imports.iter().map(|(import, _)| import.span).collect();
        let mut added = outline.added.clone();
        for (position, (import, name)) in imports.iter().enumerate() {
            match &name.text {
                // What comes takes the place of what goes, with its line and comment.
                None if !added.is_empty() => {
                    edits.push(TextEdit::replace(import.span, added.remove(0)));
                }
                None => edits.push(self.remove_alias(&spans, position)),
                Some(text) if name.changed => edits.extend(self.change_alias(import, text)),
                Some(_) => {}
            }
        }
        if let Some(last) = spans.last()
            && !added.is_empty()
        {
            let text = self.context.text;
            let start = line_start(text, last.start);
            let before = Span::new(start, last.start).of(text);
            let separator = if before.trim().is_empty() && spans.len() > 1 {
                format!(",{}{before}", line_break(text))
            } else {
                ", ".to_owned()
            };
            let names = added.join(&separator);
            edits.push(TextEdit::insert(last.end, format!("{separator}{names}")));
        }
        edits
    }

    /// Writes the whole list anew where names come, go or would leave its order, and nothing but
    /// names and equal separators stands in it.
    fn write_list(
        &self,
        imports: &[(&ImportBinding, &Name)],
        outline: &Outline,
    ) -> Option<TextEdit> {
        let text = self.context.text;
        let (first, last) = (imports.first()?.0.span, imports.last()?.0.span);
        let whole = first.cover(last);
        let old: Vec<&str> = imports.iter().map(|(import, _)| import.span.of(text)).collect();
        let separators: Vec<&str> = imports
            .windows(2)
            .map(|pair| Span::new(pair[0].0.span.end, pair[1].0.span.start).of(text))
            .collect();
        let separator = match separators.first() {
            Some(first) if separators.iter().all(|other| other == first) => first,
            Some(_) => return None,
            None => ", ",
        };
        if separator.contains('#') || whole.of(text).contains('#') {
            return None;
        }
        let mut new: Vec<String> =
            imports.iter().filter_map(|(_, name)| name.text.clone()).collect();
        let complete = new.len() == old.len() && outline.added.is_empty();
        let order = Order::of(&old);
        new.extend(outline.added.iter().cloned());
        match order {
            Some(order) => new.sort_by_key(|name| order.key(name)),
            None if complete => return None,
            None => {}
        }
        // A plain change in place stays a small edit.
        let in_place = complete
            && imports.iter().zip(&new).all(|((_, name), new)| name.text.as_ref() == Some(new));
        if in_place {
            return None;
        }
        Some(TextEdit::replace(whole, new.join(separator)))
    }

    /// Changes an alias token by token, so that odd spacing stays.
    fn change_alias(&self, import: &ImportBinding, text: &str) -> Vec<TextEdit> {
        let (name, local) = match text.split_once(" as ") {
            Some((name, local)) => (name, Some(local)),
            None => (text, None),
        };
        let mut edits = Vec::new();
        if import.name.of(self.context.text) != name {
            edits.push(TextEdit::replace(import.name, name));
        }
        match (import.as_name, local) {
            (None, Some(local)) => {
                edits.clear();
                edits.push(TextEdit::replace(import.name, format!("{name} as {local}")));
            }
            (Some(span), Some(local)) if span.of(self.context.text) != local => {
                edits.push(TextEdit::replace(span, local));
            }
            _ => {}
        }
        edits
    }

    /// Takes one alias out of a list: with its line where it has one of its own, else with one
    /// comma.
    fn remove_alias(&self, spans: &[Span], position: usize) -> TextEdit {
        let text = self.context.text;
        let span = spans[position];
        let start = line_start(text, span.start);
        let end = line_end(text, span.end);
        let before = Span::new(start, span.start).of(text);
        let after = Span::new(span.end, end).of(text).trim_start();
        let after = after.strip_prefix(',').unwrap_or(after).trim_start();
        let continued = text.get(..start as usize).unwrap_or_default().trim_end().ends_with('\\');
        let own_line =
            !continued && before.trim().is_empty() && (after.is_empty() || after.starts_with('#'));
        if own_line && spans.len() > 1 {
            let rest = text.get(end as usize..).unwrap_or_default();
            let length = if rest.starts_with("\r\n") { 2 } else { u32::from(!rest.is_empty()) };
            return TextEdit::delete(Span::new(start, end + length));
        }
        match (position.checked_sub(1).and_then(|at| spans.get(at)), spans.get(position + 1)) {
            (_, Some(next)) => TextEdit::delete(Span::new(span.start, next.start)),
            (Some(previous), None) => TextEdit::delete(Span::new(previous.end, span.end)),
            (None, None) => TextEdit::delete(span),
        }
    }
}

/// A new `from` import, broken over lines when it is too long for one.
fn import_from(module: &DottedName, names: &[String], indent: &str, line_break: &str) -> String {
    let line = format!("from {module} import {}", names.join(", "));
    if names.len() < 2 || indent.chars().count() + line.chars().count() <= LINE_LIMIT {
        return line;
    }
    let names: String =
        names.iter().map(|name| format!("{line_break}{indent}    {name},")).collect();
    format!("from {module} import ({names}{line_break}{indent})")
}
