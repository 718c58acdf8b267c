//! Calls that the new version writes differently: a template filled with the call's arguments.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::operation::{Change, OperationId};
use python::edit::{Piece, Span, TextEdit};
use python::references::{Argument, ArgumentForm, Certainty, Place, StringForm};

use super::layout::{self, is_atomic, is_pure};
use super::matching::Target;
use super::template_text::{self, Part, Value, Written, split, stands_alone, without_missing};
use crate::member::definition_of;
use crate::{FileContext, Rewriting};

/// The longest template that is read.
const LONGEST: usize = 4096;

/// How a call is written now.
#[derive(Clone, Copy)]
pub(super) struct Form<'t> {
    pub(super) parameters: &'t [String],
    pub(super) defaults: &'t BTreeMap<String, String>,
    pub(super) template: &'t str,
}

pub(super) fn rewrite(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    form: &Form<'_>,
) {
    match filled(context, rewriting, target, operation, form) {
        Ok(pieces) => {
            let edit = TextEdit { span: target.call.span, pieces };
            rewriting.edit(operation, target.applicability, edit);
        }
        Err(reason) => {
            let message = format!("This call is written `{}` now; {reason}.", form.template);
            rewriting.find(context, target.call.span, "call-not-rewritten", message);
        }
    }
}

fn filled(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    form: &Form<'_>,
) -> Result<Vec<Piece>, String> {
    if form.template.len() > LONGEST {
        return Err("its template is too long".to_owned());
    }
    let given = Given::of(target, form)?;
    let call = template_text::call(form.template);
    given.check_rest(call.as_ref().map(|(_, arguments)| arguments.as_slice()))?;
    let parts = without_missing(split(form.template), &given);
    check_use(context, &parts, &given)?;
    if let Some((callee, arguments)) = &call
        && let Some(pieces) =
            in_place(context, rewriting, target, operation, callee, arguments, &given)
    {
        return Ok(pieces);
    }
    check_order(context, &parts, &given)?;
    let mut pieces = Vec::new();
    let wrapped = !is_atomic(form.template);
    if wrapped {
        pieces.push(Piece::Text("(".to_owned()));
    }
    for (number, part) in parts.iter().enumerate() {
        let alone = stands_alone(&parts, number);
        match part {
            Part::Text(text) => pieces.push(Piece::Text((*text).to_owned())),
            Part::Name(name) => {
                let (root, rest) = name.split_once('.').unwrap_or((name, ""));
                if let Some(arguments) = given.rest(root) {
                    push_listed(&mut pieces, arguments);
                    continue;
                }
                let value = match root {
                    "self" => target.receiver,
                    root => given.named.get(root).map(|argument| argument.value),
                };
                if let Some(value) = value {
                    let alone = alone && rest.is_empty();
                    let parenthesised = !alone && !is_atomic(value.of(context.text));
                    push_value(&mut pieces, value, parenthesised);
                    if !rest.is_empty() {
                        pieces.push(Piece::Text(format!(".{rest}")));
                    }
                } else if root == "self" {
                    return Err("its receiver is not written here".to_owned());
                } else if let Some(default) = form.defaults.get(root) {
                    let alone = alone && rest.is_empty() || is_atomic(default);
                    let text = if alone { default.clone() } else { format!("({default})") };
                    let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
                    pieces.push(Piece::Text(text + &rest));
                } else {
                    let at = target.call.span;
                    pieces.push(Piece::Text(needed(context, rewriting, name, at, operation)));
                }
            }
        }
    }
    if let Some(mapping) = given.mapping {
        push_last(&mut pieces, mapping.span);
    }
    if wrapped {
        pieces.push(Piece::Text(")".to_owned()));
    }
    Ok(pieces)
}

/// Arguments as they are, with commas between them.
fn push_listed(pieces: &mut Vec<Piece>, arguments: &[&Argument]) {
    for (number, argument) in arguments.iter().enumerate() {
        if number > 0 {
            pieces.push(Piece::Text(", ".to_owned()));
        }
        pieces.push(Piece::Source(argument.span));
    }
}

/// One more argument before the parenthesis that ends a call.
fn push_last(pieces: &mut Vec<Piece>, argument: Span) {
    let Some(Piece::Text(end)) = pieces.last_mut() else { return };
    let Some(before) = end.strip_suffix(')') else { return };
    let separator = if before.ends_with('(') { "" } else { ", " };
    *end = format!("{before}{separator}");
    pieces.extend([Piece::Source(argument), Piece::Text(")".to_owned())]);
}

/// The call with its layout and comments, where the template is a call too that takes the
/// arguments in the order in which they stand; what it adds comes last.
#[expect(clippy::too_many_lines, reason = "one way for each form of argument, read in one go")]
fn in_place(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    callee: &str,
    arguments: &[Written<'_>],
    given: &Given<'_>,
) -> Option<Vec<Piece>> {
    let call = target.call;
    // A method of an argument is no name of the library.
    let root = callee.split('.').next().unwrap_or(callee);
    if given.form.parameters.iter().any(|parameter| parameter.trim_start_matches('*') == root) {
        return None;
    }
    let mut edits: Vec<(Span, Vec<Piece>)> = Vec::new();
    let mut kept = Vec::new();
    let mut added = Vec::new();
    for Written { keyword, value } in arguments {
        let argument = match value {
            Value::Rest(name) => {
                kept.extend(given.rest(name)?.iter().map(|argument| argument.span));
                continue;
            }
            Value::Name(name) => match (given.named.get(name), given.form.defaults.get(*name)) {
                (Some(argument), _) => argument,
                (None, Some(default)) => {
                    added.push(format!("{}={default}", (*keyword)?));
                    continue;
                }
                (None, None) if keyword.is_some() && given.is_missing(name) => continue,
                (None, None) => return None,
            },
            Value::Literal(text) => {
                added.push(format!("{}={text}", (*keyword)?));
                continue;
            }
            Value::Other => return None,
        };
        kept.push(argument.span);
        let value = Piece::Source(argument.value);
        match (&argument.form, keyword) {
            (ArgumentForm::Positional, None) => {}
            (ArgumentForm::Keyword { name, .. }, Some(keyword)) if **name == **keyword => {}
            (_, Some(keyword)) => {
                edits.push((argument.span, vec![Piece::Text(format!("{keyword}=")), value]));
            }
            (_, None) => edits.push((argument.span, vec![value])),
        }
    }
    kept.extend(given.mapping.map(|mapping| mapping.span));
    if !kept.is_sorted() || kept.len() < call.arguments.len() && !added.is_empty() {
        return None;
    }
    let arguments = call.arguments.iter().enumerate();
    let gone = arguments.filter(|(_, argument)| !kept.contains(&argument.span));
    let gone: BTreeSet<usize> = gone.map(|(index, _)| index).collect();
    for index in &gone {
        edits.push((layout::removal(context.text, call, *index, &gone)?.span, Vec::new()));
    }
    if !added.is_empty() {
        let addition = layout::addition(context.text, call, &added.join(", "));
        match edits.iter_mut().find(|(span, _)| *span == addition.span) {
            // The last argument becomes a keyword: what follows its value stays to be added.
            Some((_, pieces)) => {
                let new = addition.pieces.into_iter();
                pieces.extend(new.filter(|piece| matches!(piece, Piece::Text(_))));
            }
            None => edits.push((addition.span, addition.pieces)),
        }
    }
    edits.push(match callee.strip_prefix("self.") {
        Some(member) => {
            let callee = call.callee.of(context.text);
            let leaf = callee.rsplit(|c: char| c != '_' && !c.is_alphanumeric()).next()?;
            let plain = !member.contains('.') && target.receiver.is_some();
            let start = call.callee.end - u32::try_from(leaf.len()).ok()?;
            let text = vec![Piece::Text(member.to_owned())];
            (plain && !leaf.is_empty()).then(|| (Span::new(start, call.callee.end), text))?
        }
        None => {
            let root = callee.split('.').next().unwrap_or_default();
            if given.named.contains_key(root) {
                return None;
            }
            let text = needed(context, rewriting, callee, call.span, operation);
            (call.callee, vec![Piece::Text(text)])
        }
    });
    between(call.span, edits)
}

/// A range with these replacements, everything else as it is; none where two overlap.
fn between(whole: Span, mut edits: Vec<(Span, Vec<Piece>)>) -> Option<Vec<Piece>> {
    edits.sort_by_key(|(span, _)| *span);
    let mut pieces = Vec::new();
    let mut offset = whole.start;
    for (span, new) in edits {
        if span.start < offset || span.end > whole.end {
            return None;
        }
        if span.start > offset {
            pieces.push(Piece::Source(Span::new(offset, span.start)));
        }
        pieces.extend(new);
        offset = span.end;
    }
    pieces.push(Piece::Source(Span::new(offset, whole.end)));
    Some(pieces)
}

/// A finding for every use of a callable that is no call of it, when the new version has no such
/// name any more: a template says nothing about it.
pub(super) fn report_uncalled(context: &FileContext<'_>, rewriting: &mut Rewriting) {
    let Some(api_to) = context.api_to else { return };
    let gone: Vec<(&DottedName, &str)> = context
        .plan
        .calls
        .iter()
        .filter_map(|call| match &call.change {
            Change::CallRewrite { template, .. } => Some((&call.callable, template.as_str())),
            _ => None,
        })
        .filter(|(callable, _)| {
            context.plan.change(callable).is_none()
                && api_to.resolve(callable) == Resolution::Missing
        })
        .collect();
    let mut find = |name: &DottedName, at: Span| {
        let definition = definition_of(context, name);
        let said = gone.iter().find(|(callable, _)| {
            *callable == name || definition_of(context, callable) == definition
        });
        if let Some((_, template)) = said {
            let message = format!(
                "`{name}` is gone in the new version; a call of it is written `{template}`, and \
                 this use must be changed by hand."
            );
            rewriting.find(context, at, "call-not-rewritten", message);
        }
    };
    for reference in &context.references.references {
        let plain = matches!(reference.place, Place::Text(StringForm::Plain | StringForm::Export));
        let sure = reference.certainty == Certainty::Certain && !reference.conditions.version_guard;
        if let Some(name) =
            reference.target().filter(|_| sure && !plain && reference.call.is_none())
        {
            find(name, reference.span);
        }
    }
    for import in context.references.imports.iter().filter(|import| import.exported) {
        if let Some(name) = &import.target {
            find(name, import.span);
        }
    }
}

fn push_value(pieces: &mut Vec<Piece>, value: Span, parenthesised: bool) {
    if parenthesised {
        pieces.push(Piece::Text("(".to_owned()));
    }
    pieces.push(Piece::Source(value));
    if parenthesised {
        pieces.push(Piece::Text(")".to_owned()));
    }
}

/// Text that reaches a name of the new version; what stands behind a class or function is written
/// as it is.
fn needed(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    name: &str,
    at: Span,
    operation: &OperationId,
) -> String {
    let Ok(dotted) = DottedName::new(name) else { return name.to_owned() };
    if !name.contains('.') {
        return name.to_owned();
    }
    let reaches = |prefix: &DottedName| match context.api_to {
        Some(api) => matches!(api.resolve(prefix), Resolution::Symbol(_)),
        None => *prefix == dotted,
    };
    let mut prefixes: Vec<DottedName> = dotted.ancestors().collect();
    prefixes.reverse();
    prefixes.push(dotted.clone());
    let Some(prefix) = prefixes.into_iter().find(|prefix| reaches(prefix)) else {
        return rewriting.need(&dotted, at, operation);
    };
    let rest = dotted.below(&prefix).unwrap_or_default().to_owned();
    let text = rewriting.need(&prefix, at, operation);
    if rest.is_empty() { text } else { format!("{text}.{rest}") }
}

/// The arguments of a call by the parameters that take them.
pub(super) struct Given<'t> {
    form: &'t Form<'t>,
    named: BTreeMap<&'t str, &'t Argument>,
    /// What `*args` takes.
    positions: Vec<&'t Argument>,
    /// What `**kwargs` takes.
    keywords: Vec<&'t Argument>,
    /// `**mapping`, as the call has it.
    mapping: Option<&'t Argument>,
}

impl<'t> Given<'t> {
    /// The argument for each parameter; the reason where that cannot be told.
    fn of(target: &'t Target<'_>, form: &'t Form<'t>) -> Result<Self, String> {
        if target.receivers_given > 0 {
            return Err("its receiver is given as an argument".to_owned());
        }
        if target.call.bound_by.is_some() {
            return Err("its arguments are bound before it is called".to_owned());
        }
        let named = BTreeMap::new();
        let (positions, keywords, mapping) = (Vec::new(), Vec::new(), None);
        let mut given = Self { form, named, positions, keywords, mapping };
        let names = form.parameters.iter().map(String::as_str);
        let mut places = names
            .take_while(|name| !name.starts_with('*'))
            .filter(|name| !matches!(*name, "self" | "cls" | "/"));
        for argument in &target.call.arguments {
            match &argument.form {
                ArgumentForm::Starred => return Err("its arguments are unpacked".to_owned()),
                ArgumentForm::DoubleStarred => {
                    if given.mapping.replace(argument).is_some() {
                        return Err("its arguments are unpacked".to_owned());
                    }
                }
                ArgumentForm::Positional => match places.next() {
                    Some(name) => given.name(name, argument)?,
                    None if given.takes_rest("*") => given.positions.push(argument),
                    None => {
                        return Err("it has more arguments than the template knows".to_owned());
                    }
                },
                ArgumentForm::Keyword { name, .. } => {
                    let known = form.parameters.iter().find(|parameter| **parameter == **name);
                    match known {
                        Some(known) => given.name(known, argument)?,
                        None if given.takes_rest("**") => given.keywords.push(argument),
                        None => return Err(format!("the template does not know `{name}`")),
                    }
                }
            }
        }
        Ok(given)
    }

    fn name(&mut self, name: &'t str, argument: &'t Argument) -> Result<(), String> {
        match self.named.insert(name, argument) {
            Some(_) => Err(format!("it gives `{name}` twice")),
            None => Ok(()),
        }
    }

    /// The parameters with names of their own.
    fn parameters(&self) -> impl Iterator<Item = &'t str> {
        let form = self.form;
        let all = form.parameters.iter().map(String::as_str);
        all.filter(|name| !name.starts_with('*') && *name != "/")
    }

    fn takes_rest(&self, stars: &str) -> bool {
        self.form.parameters.iter().any(|parameter| {
            let name = parameter.trim_start_matches('*');
            !name.is_empty() && parameter.len() - name.len() == stars.len()
        })
    }

    /// The arguments for a parameter that takes the rest; none for any other name.
    pub(super) fn rest(&self, name: &str) -> Option<&[&'t Argument]> {
        self.form.parameters.iter().find_map(|parameter| {
            match parameter.strip_prefix("**").or(parameter.strip_prefix('*'))? {
                rest if rest != name => None,
                _ if parameter.starts_with("**") => Some(self.keywords.as_slice()),
                _ => Some(self.positions.as_slice()),
            }
        })
    }

    /// Whether a name is a parameter that the call does not give and that nothing stands in for.
    pub(super) fn is_missing(&self, name: &str) -> bool {
        !self.named.contains_key(name)
            && !self.form.defaults.contains_key(name)
            && self.parameters().any(|parameter| parameter == name)
    }

    /// Whether what the call gives beyond the named parameters can stand in the new call as it is.
    fn check_rest(&self, written: Option<&[Written<'_>]>) -> Result<(), String> {
        let is_written =
            |name: &str| written.unwrap_or_default().iter().any(|it| it.keyword == Some(name));
        for argument in &self.keywords {
            if let ArgumentForm::Keyword { name, .. } = &argument.form
                && is_written(name)
            {
                return Err(format!("`{name}` would be given twice"));
            }
        }
        // What a mapping holds may be meant for every parameter that is not given.
        let passes = |name: &str| {
            self.named.contains_key(name)
                || written.is_some_and(|written| {
                    let same = Written { keyword: Some(name), value: Value::Name(name) };
                    written.contains(&same) && !self.form.defaults.contains_key(name)
                })
        };
        if self.mapping.is_some() && !self.parameters().all(passes) {
            return Err("its arguments are unpacked".to_owned());
        }
        Ok(())
    }
}

/// Every argument must have its place, and only what has no effect may be written twice or not at
/// all.
fn check_use(
    context: &FileContext<'_>,
    parts: &[Part<'_>],
    given: &Given<'_>,
) -> Result<(), String> {
    let uses = |name: &str| {
        let is_use = |part: &&Part<'_>| match part {
            Part::Name(part) => part.split('.').next() == Some(name),
            Part::Text(_) => false,
        };
        parts.iter().filter(is_use).count()
    };
    for name in given.parameters() {
        match given.named.get(name) {
            None if uses(name) > 0 && given.is_missing(name) => {
                return Err(format!("it does not give `{name}`"));
            }
            Some(argument) if uses(name) != 1 && !is_pure(context.text, argument) => {
                return Err(format!("evaluating `{name}` may have an effect"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What has an effect must go on being evaluated before and after what it was.
fn check_order(
    context: &FileContext<'_>,
    parts: &[Part<'_>],
    given: &Given<'_>,
) -> Result<(), String> {
    let mut written: Vec<&Argument> = Vec::new();
    for part in parts {
        let Part::Name(name) = part else { continue };
        let root = name.split('.').next().unwrap_or_default();
        written.extend(given.rest(root).unwrap_or_default());
        written.extend(given.named.get(root));
    }
    for (place, later) in written.iter().enumerate() {
        let passed = written.iter().take(place).filter(|it| it.span.start > later.span.start);
        for earlier in passed {
            let effects = !is_pure(context.text, earlier) || !is_pure(context.text, later);
            let fixed = |argument: &Argument| is_fixed(argument.value.of(context.text));
            if effects && !fixed(earlier) && !fixed(later) {
                return Err("its arguments would be evaluated in another order".to_owned());
            }
        }
    }
    Ok(())
}

/// Whether a value is a plain name or literal, which nothing changes that is evaluated beside it.
fn is_fixed(value: &str) -> bool {
    let quoted = |quote: char| {
        let inner = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains(quote))
    };
    value.chars().all(|c| c.is_alphanumeric() || c == '_') || quoted('"') || quoted('\'')
}
