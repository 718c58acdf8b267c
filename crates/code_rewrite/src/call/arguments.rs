//! What changed parameters mean for the arguments of one call.

use std::collections::{BTreeMap, BTreeSet};

use code_model::operation::{Change, OperationId};
use python::edit::{Piece, Span, TextEdit};
use python::references::{Argument, ArgumentForm};

use super::layout;
use super::matching::{Met, Target};
use crate::{Applicability, FileContext, Rewriting};

/// Everything that changes about the parameters, in the old version's names.
#[derive(Default)]
struct Effects<'a> {
    renamed: BTreeMap<&'a str, (&'a str, &'a OperationId)>,
    removed: BTreeMap<&'a str, &'a OperationId>,
    /// Parameters whose positional arguments become keywords.
    by_keyword: BTreeMap<&'a str, &'a OperationId>,
    /// Those of them whose positions are another parameter's in the new version.
    reordered: BTreeSet<&'a str>,
    /// The old positional parameters in order, where an operation or the old signature says them.
    positional: Vec<&'a str>,
    /// Parameters to be given when the call does not: name, value.
    given_anew: Vec<(&'a str, &'a str, &'a OperationId)>,
    required: Vec<(&'a str, &'a OperationId)>,
}

impl<'a> Effects<'a> {
    fn of(target: &'a Target<'_>) -> Self {
        let mut effects = Self::default();
        if let Some(signature) = target.signature {
            effects.positional = signature
                .caller_parameters()
                .iter()
                .filter(|parameter| parameter.takes_position())
                .map(|parameter| &*parameter.name)
                .collect();
        }
        for Met { operation, change } in &target.changes {
            effects.add(operation, change);
        }
        effects
    }

    fn add(&mut self, operation: &'a OperationId, change: &'a Change) {
        match change {
            Change::ArgRename { parameter, .. } if parameter.from != parameter.to => {
                self.renamed.insert(&parameter.from, (&parameter.to, operation));
            }
            Change::ArgRemove { parameter, .. } => {
                self.removed.insert(&parameter.name, operation);
                if let Some(position) = parameter.position.map(|position| position as usize)
                    && self.positional.len() <= position
                    && position < 256
                {
                    self.positional.resize(position, "");
                    self.positional.push(&parameter.name);
                }
            }
            Change::ArgReorder { from, to, .. } => {
                // The old signature knows those, too, that have no place in either order.
                if from.iter().any(|name| !self.positional.contains(&name.as_str())) {
                    self.positional = from.iter().map(String::as_str).collect();
                }
                let kept: Vec<&String> = from.iter().filter(|name| to.contains(name)).collect();
                let first = kept.iter().zip(to).take_while(|(old, new)| **old == *new).count();
                for name in &kept[first..] {
                    self.by_keyword.insert(name, operation);
                    self.reordered.insert(name);
                }
            }
            Change::ArgKeywordOnly { positional, parameters, .. } => {
                self.positional = positional.iter().map(String::as_str).collect();
                for name in parameters {
                    self.by_keyword.insert(name, operation);
                }
            }
            Change::ArgAddDefault { parameter, .. } => {
                if let Some(value) = &parameter.old_behaviour {
                    self.given_anew.push((&parameter.name, value, operation));
                }
            }
            Change::ArgAddRequired { parameter, .. } => {
                self.required.push((&parameter.name, operation));
            }
            _ => {}
        }
    }

    /// The operation behind a change of one parameter.
    fn operation(&self, name: &str) -> Option<&'a OperationId> {
        let renamed = self.renamed.get(name).map(|(_, operation)| *operation);
        self.by_keyword.get(name).or_else(|| self.removed.get(name)).copied().or(renamed)
    }
}

/// One call's arguments with the parameters that they are for.
struct Bound<'a> {
    argument: &'a Argument,
    index: usize,
    /// The parameter, where it can be told.
    parameter: Option<&'a str>,
}

pub(super) fn rewrite(context: &FileContext<'_>, rewriting: &mut Rewriting, target: &Target<'_>) {
    let effects = Effects::of(target);
    let bound = bind(target, &effects);
    let given: BTreeSet<&str> = bound.iter().filter_map(|bound| bound.parameter).collect();
    let starred = bound.iter().any(|bound| bound.argument.form == ArgumentForm::Starred);
    let spread = bound.iter().any(|bound| bound.argument.form == ArgumentForm::DoubleStarred);
    let names_that_matter = effects.removed.keys().chain(effects.renamed.keys());
    let hidden: Vec<&str> = names_that_matter.copied().filter(|n| !given.contains(n)).collect();
    let mut sites = Sites { context, rewriting, target, effects: &effects, gone: Gone::default() };
    sites.gone = sites.gone(&bound);
    for argument in &bound {
        match argument.argument.form {
            ArgumentForm::DoubleStarred => sites.mapping(argument.argument, &hidden),
            ArgumentForm::Starred => sites.sequence(argument.argument),
            ArgumentForm::Keyword { .. } => sites.keyword(argument),
            ArgumentForm::Positional => {}
        }
    }
    sites.positional(&bound);
    sites.later(&bound);
    sites.missing(&given, starred, spread);
}

/// Which parameter each argument is for; none behind a star, or where the old signature is not
/// known.
fn bind<'a>(target: &'a Target<'_>, effects: &Effects<'a>) -> Vec<Bound<'a>> {
    let mut position = 0;
    let mut starred = false;
    let mut bound = Vec::new();
    for (index, argument) in target.call.arguments.iter().enumerate() {
        let parameter = match &argument.form {
            ArgumentForm::Keyword { name, .. } => Some(&**name),
            ArgumentForm::Positional if !starred => {
                position += 1;
                let place = (position - 1_usize).checked_sub(target.receivers_given);
                let name = place.and_then(|place| effects.positional.get(place).copied());
                name.filter(|name| !name.is_empty())
            }
            ArgumentForm::Starred => {
                starred = true;
                None
            }
            _ => None,
        };
        bound.push(Bound { argument, index, parameter });
    }
    bound
}

struct Sites<'s, 'a> {
    context: &'s FileContext<'a>,
    rewriting: &'s mut Rewriting,
    target: &'s Target<'s>,
    effects: &'s Effects<'s>,
    gone: Gone,
}

/// The places of arguments that are taken out.
#[derive(Default)]
struct Gone {
    /// Of those that certainly go.
    certain: BTreeSet<usize>,
    /// Of those that go where what is not certain is asked for, too.
    all: BTreeSet<usize>,
}

impl Sites<'_, '_> {
    /// Which arguments go, each once all of them are known.
    fn gone(&self, bound: &[Bound<'_>]) -> Gone {
        let mut gone = Gone::default();
        let mut is_certain = true;
        for argument in bound {
            let removed = |name: &&str| self.effects.removed.contains_key(*name);
            let Some(name) = argument.parameter.filter(removed) else { continue };
            let by_position = argument.argument.form == ArgumentForm::Positional;
            is_certain &= !by_position || self.is_certainly_old(bound, name);
            gone.all.insert(argument.index);
            let is_pure = layout::is_pure(self.context.text, argument.argument);
            if is_pure && (is_certain || !by_position) {
                gone.certain.insert(argument.index);
            }
        }
        gone
    }

    fn edit(&mut self, operation: &OperationId, edit: TextEdit) {
        self.rewriting.edit(operation, self.target.applicability, edit);
    }

    fn find(&mut self, at: Span, code: &str, message: String) {
        self.rewriting.find(self.context, at, code, message);
    }

    fn keyword(&mut self, bound: &Bound<'_>) {
        let ArgumentForm::Keyword { name, span } = &bound.argument.form else { return };
        if let Some(operation) = self.effects.removed.get(&**name) {
            self.remove(operation, bound, self.target.applicability);
        } else if let Some((new, operation)) = self.effects.renamed.get(&**name) {
            self.edit(operation, TextEdit::replace(*span, *new));
        }
    }

    fn remove(&mut self, operation: &OperationId, bound: &Bound<'_>, applicability: Applicability) {
        let text = self.context.text;
        let is_certain = self.gone.certain.contains(&bound.index);
        let gone = if is_certain { &self.gone.certain } else { &self.gone.all };
        let edit = layout::removal(text, self.target.call, bound.index, gone);
        let Some(edit) = edit else { return };
        if layout::is_pure(text, bound.argument) {
            return self.rewriting.edit(operation, applicability, edit);
        }
        self.rewriting.edit(operation, Applicability::Unsafe, edit);
        let message = format!(
            "The argument `{}` is no longer taken, and evaluating it may have an effect: `{}`.",
            bound.parameter.unwrap_or_default(),
            shortened(bound.argument.value.of(text)),
        );
        self.find(bound.argument.span, "argument-with-effects", message);
    }

    /// Positional arguments that go away or become keywords; what stands behind must be keywords
    /// then, too.
    fn positional(&mut self, bound: &[Bound<'_>]) {
        if self.rest_stays_behind(bound) {
            return;
        }
        let mut followed: Option<&OperationId> = None;
        let mut applicability = self.target.applicability;
        let mut doubted = false;
        for argument in bound.iter().filter(|b| b.argument.form == ArgumentForm::Positional) {
            let Some(name) = argument.parameter else { continue };
            if let Some(operation) = self.effects.removed.get(name).copied() {
                if !self.is_certainly_old(bound, name) {
                    applicability = Applicability::Unsafe;
                    let message = format!(
                        "`{name}` is no longer taken; whether this argument is meant for it or, \
                         in the new version, for another one cannot be told."
                    );
                    self.find(argument.argument.span, "position-ambiguous", message);
                }
                self.remove(operation, argument, applicability);
                followed = Some(operation);
                continue;
            }
            let moved = self.effects.reordered.contains(name);
            if moved && self.context.plan.past_old_version && !std::mem::replace(&mut doubted, true)
            {
                applicability = Applicability::Unsafe;
                let message = format!(
                    "The order of the parameters changed, and this package needs the new version \
                     already; whether this argument is meant for `{name}` cannot be told."
                );
                self.find(argument.argument.span, "position-ambiguous", message);
            }
            followed = followed.or_else(|| self.effects.by_keyword.get(name).copied());
            if let Some(first) = followed {
                let operation = self.effects.operation(name).unwrap_or(first);
                let written = self.effects.renamed.get(name).map_or(name, |(new, _)| *new);
                let value = argument.argument.value;
                let edit = TextEdit {
                    span: argument.argument.span,
                    pieces: vec![Piece::Text(format!("{written}=")), Piece::Source(value)],
                };
                self.rewriting.edit(operation, applicability, edit);
            }
        }
    }

    /// Whether arguments must become keywords before one for which there is no keyword: that of
    /// `*args`, which cannot stand behind them. Such calls are listed.
    fn rest_stays_behind(&mut self, bound: &[Bound<'_>]) -> bool {
        let by_place = || bound.iter().filter(|b| b.argument.form == ArgumentForm::Positional);
        let changes = |b: &Bound<'_>| {
            let name = b.parameter.unwrap_or_default();
            self.effects.by_keyword.contains_key(name) || self.effects.removed.contains_key(name)
        };
        let behind: Vec<Span> = by_place()
            .skip_while(|b| !changes(b))
            .skip(1)
            .filter(|b| b.parameter.is_none())
            .map(|b| b.argument.span)
            .collect();
        for span in &behind {
            let message = "This argument must be a keyword now, and its parameter's name is not \
                           known."
                .to_owned();
            self.find(*span, "argument-without-name", message);
        }
        !behind.is_empty()
    }

    /// `partial(callable, …)` leaves positions to later calls, which nobody sees from here.
    fn later(&mut self, bound: &[Bound<'_>]) {
        let given = bound.iter().filter(|b| b.argument.form == ArgumentForm::Positional).count();
        let named = |name: &str| bound.iter().any(|b| b.parameter == Some(name));
        let open = self.effects.positional.iter().skip(given).any(|name| {
            let changed = self.effects.by_keyword.contains_key(name)
                || self.effects.removed.contains_key(name);
            changed && !named(name)
        });
        if self.target.call.bound_by.is_some() && open {
            let message = "Where this is called, positions may be given that changed.".to_owned();
            self.find(self.target.call.span, "arguments-unpacked", message);
        }
    }

    /// Whether a call that gives a removed parameter by position cannot be one of the new version.
    fn is_certainly_old(&self, bound: &[Bound<'_>], name: &str) -> bool {
        let place = self.effects.positional.iter().position(|other| *other == name);
        let Some(place) = place.filter(|_| !self.context.plan.still_on_old_version) else {
            return true;
        };
        let Some(signature) = self.target.new_signature else {
            return place + 1 == self.effects.positional.len();
        };
        let parameters = signature.caller_parameters();
        let taking: Vec<_> = parameters.iter().filter(|p| p.takes_position()).collect();
        let given = bound.iter().filter(|b| b.argument.form == ArgumentForm::Positional).count();
        let given = given.saturating_sub(self.target.receivers_given);
        let repeated = taking.iter().take(given).any(|parameter| {
            bound.iter().any(|b| {
                matches!(&b.argument.form, ArgumentForm::Keyword { name, .. }
                    if *name == parameter.name)
            })
        });
        given > taking.len() && !signature.takes_any_position() || repeated
    }

    /// `*iterable`: which parameters it fills cannot be told.
    fn sequence(&mut self, argument: &Argument) {
        let by_position = self.effects.positional.iter().any(|name| {
            self.effects.by_keyword.contains_key(name) || self.effects.removed.contains_key(name)
        });
        if by_position {
            let message = format!(
                "`{}` may fill parameters that no longer take positions.",
                shortened(argument.span.of(self.context.text))
            );
            self.find(argument.span, "arguments-unpacked", message);
        }
    }

    /// `**mapping`: keys of a literal are renamed; others cannot be seen.
    fn mapping(&mut self, argument: &Argument, hidden: &[&str]) {
        if hidden.is_empty() {
            return;
        }
        let value = argument.value.of(self.context.text);
        if !value.starts_with('{') {
            let message = format!(
                "`{}` may hold {}, which changed.",
                shortened(argument.span.of(self.context.text)),
                listed(hidden)
            );
            return self.find(argument.span, "arguments-unpacked", message);
        }
        for (name, span) in literal_keys(value, argument.value.start) {
            if let Some((new, operation)) = self.effects.renamed.get(name) {
                self.edit(operation, TextEdit::replace(span, *new));
            } else if self.effects.removed.contains_key(name) {
                let message = format!("The argument `{name}` is no longer taken.");
                self.find(span, "argument-removed", message);
            }
        }
    }

    /// Parameters that must be given now.
    fn missing(&mut self, given: &BTreeSet<&str>, starred: bool, spread: bool) {
        let effects = self.effects;
        let mut added: Vec<(String, &OperationId)> = Vec::new();
        for (name, value, operation) in &effects.given_anew {
            if given.contains(name) {
                continue;
            }
            if starred || spread {
                let message = format!(
                    "The default of `{name}` behaves differently now; whether this call gives it \
                     cannot be told."
                );
                self.find(self.target.call.span, "arguments-unpacked", message);
            } else {
                added.push((format!("{name}={value}"), operation));
            }
        }
        if let Some((_, operation)) = added.first() {
            let written: Vec<&str> = added.iter().map(|(written, _)| written.as_str()).collect();
            let edit = layout::addition(self.context.text, self.target.call, &written.join(", "));
            self.edit(operation, edit);
        }
        for (name, _) in &effects.required {
            if self.target.call.bound_by.is_some() {
                let message = format!("`{name}` must be given now, here or where this is called.");
                self.find(self.target.call.span, "argument-required", message);
            } else if !given.contains(name) && !spread {
                let message = format!("This call must give `{name}` now.");
                self.find(self.target.call.span, "argument-required", message);
            }
        }
    }
}

fn shortened(text: &str) -> String {
    let folded: Vec<&str> = text.split_whitespace().collect();
    folded.join(" ").chars().take(60).collect()
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" or ")
}

/// The string keys at the top level of a dict display, with the range of their content.
fn literal_keys(display: &str, offset: u32) -> Vec<(&str, Span)> {
    let mut keys = Vec::new();
    let mut depth = 0_u32;
    let mut expects_key = false;
    let bytes = display.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                let end = string_end(bytes, at);
                let behind = display.get(end..).unwrap_or_default().trim_start();
                if depth == 1 && expects_key && behind.starts_with(':') {
                    let content = at + 1..end.saturating_sub(1);
                    if let Some(name) = display.get(content.clone()) {
                        let span =
                            Span::new(offset + content.start as u32, offset + content.end as u32);
                        keys.push((name, span));
                    }
                }
                expects_key = false;
                at = end;
                continue;
            }
            b'(' | b'[' | b'{' => {
                depth += 1;
                expects_key = depth == 1;
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => expects_key = true,
            b'#' => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
                continue;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => expects_key = false,
        }
        at += 1;
    }
    keys
}

/// The byte after a plain string that starts here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes.get(start).copied();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' => at += 1,
            byte if Some(byte) == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
