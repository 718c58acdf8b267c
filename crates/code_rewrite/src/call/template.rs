//! Calls that the new version writes differently: a template filled with the call's arguments.

use std::collections::BTreeMap;

use code_model::DottedName;
use code_model::api::Resolution;
use code_model::operation::{Change, OperationId};
use python::edit::{Piece, Span, TextEdit};
use python::references::{Argument, ArgumentForm, Certainty, Place, StringForm};

use super::layout::{self, is_atomic, is_pure};
use super::matching::Target;
use crate::member::definition_of;
use crate::{FileContext, Rewriting};

/// The longest template that is read.
const LONGEST: usize = 4096;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'t> {
    /// Text that stays.
    Text(&'t str),
    /// A name, dotted where dots follow; `keyword` when it is the name of a keyword argument.
    Name(&'t str),
}

pub(super) fn rewrite(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    parameters: &[String],
    template: &str,
) {
    match filled(context, rewriting, target, operation, parameters, template) {
        Ok(pieces) => {
            let edit = TextEdit { span: target.call.span, pieces };
            rewriting.edit(operation, target.applicability, edit);
        }
        Err(reason) => {
            let message = format!("This call is written `{template}` now; {reason}.");
            rewriting.find(context, target.call.span, "call-not-rewritten", message);
        }
    }
}

fn filled(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    parameters: &[String],
    template: &str,
) -> Result<Vec<Piece>, String> {
    if template.len() > LONGEST {
        return Err("its template is too long".to_owned());
    }
    let given = bind(target, parameters)?;
    let parts = without_missing(split(template), parameters, &given);
    check_use(context, &parts, parameters, &given)?;
    if let Some(pieces) = in_place(context, rewriting, target, operation, &parts, &given) {
        return Ok(pieces);
    }
    let mut pieces = Vec::new();
    let wrapped = !is_atomic(template);
    if wrapped {
        pieces.push(Piece::Text("(".to_owned()));
    }
    for (number, part) in parts.iter().enumerate() {
        let alone = stands_alone(&parts, number);
        match part {
            Part::Text(text) => pieces.push(Piece::Text((*text).to_owned())),
            Part::Name(name) => {
                let (root, rest) = name.split_once('.').unwrap_or((name, ""));
                let value = match root {
                    "self" => target.receiver,
                    root => given.get(root).map(|argument| argument.value),
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
                } else {
                    let at = target.call.span;
                    pieces.push(Piece::Text(needed(context, rewriting, name, at, operation)));
                }
            }
        }
    }
    if wrapped {
        pieces.push(Piece::Text(")".to_owned()));
    }
    Ok(pieces)
}

/// The call with its layout and comments, where the template is a call too that takes the
/// arguments in the order in which they stand.
fn in_place(
    context: &FileContext<'_>,
    rewriting: &mut Rewriting,
    target: &Target<'_>,
    operation: &OperationId,
    parts: &[Part<'_>],
    given: &BTreeMap<&str, &Argument>,
) -> Option<Vec<Piece>> {
    let call = target.call;
    let (Part::Name(callee), rest) = parts.split_first()? else { return None };
    // A method of an argument is no name of the library.
    if given.contains_key(callee.split('.').next().unwrap_or(callee)) {
        return None;
    }
    let wanted = plain_arguments(rest)?;
    let mut edits: Vec<(Span, Vec<Piece>)> = Vec::new();
    let mut kept = Vec::new();
    for (keyword, name) in &wanted {
        let argument = *given.get(name)?;
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
    if !kept.is_sorted() {
        return None;
    }
    for (index, argument) in call.arguments.iter().enumerate() {
        if !kept.contains(&argument.span) {
            edits.push((layout::removal(context.text, call, index)?.span, Vec::new()));
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
            let text = needed(context, rewriting, callee, call.span, operation);
            (call.callee, vec![Piece::Text(text)])
        }
    });
    between(call.span, edits)
}

/// The keyword and parameter of each argument of a template that ends in nothing but a plain call.
fn plain_arguments<'t>(parts: &[Part<'t>]) -> Option<Vec<(Option<&'t str>, &'t str)>> {
    let mut arguments = Vec::new();
    let mut opener = "(";
    let mut rest = parts;
    while let [Part::Text(before), Part::Name(name), more @ ..] = rest {
        let keyword = before.strip_prefix(opener)?.trim_start();
        let keyword = match keyword.strip_suffix('=') {
            Some(keyword) => Some(keyword),
            None => keyword.is_empty().then_some(None)?,
        };
        arguments.push((keyword, *name));
        opener = ",";
        rest = more;
    }
    match rest {
        [Part::Text(")")] if !arguments.is_empty() => Some(arguments),
        [Part::Text("()")] if arguments.is_empty() => Some(arguments),
        _ => None,
    }
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

/// The argument for each parameter; the reason where that cannot be told.
fn bind<'t>(
    target: &'t Target<'_>,
    parameters: &'t [String],
) -> Result<BTreeMap<&'t str, &'t Argument>, String> {
    let mut given = BTreeMap::new();
    let mut positions =
        parameters.iter().map(String::as_str).take_while(|name| !name.starts_with('*'));
    if target.receivers_given > 0 {
        return Err("its receiver is given as an argument".to_owned());
    }
    if target.call.bound_by.is_some() {
        return Err("its arguments are bound before it is called".to_owned());
    }
    for argument in &target.call.arguments {
        match &argument.form {
            ArgumentForm::Starred | ArgumentForm::DoubleStarred => {
                return Err("its arguments are unpacked".to_owned());
            }
            ArgumentForm::Positional => {
                let name = positions
                    .find(|name| !matches!(*name, "self" | "cls" | "/"))
                    .ok_or("it has more arguments than the template knows")?;
                given.insert(name, argument);
            }
            ArgumentForm::Keyword { name, .. } => {
                let known = parameters.iter().find(|parameter| **parameter == **name);
                let known = known.ok_or_else(|| format!("the template does not know `{name}`"))?;
                given.insert(known.as_str(), argument);
            }
        }
    }
    Ok(given)
}

/// Splits a template into names and what stands between them; strings and keyword names are text.
fn split(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let bytes = template.as_bytes();
    let (mut at, mut text_start) = (0, 0);
    let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80;
    while let Some(byte) = bytes.get(at).copied() {
        if matches!(byte, b'"' | b'\'') {
            at = string_end(bytes, at);
        } else if byte.is_ascii_digit() {
            while bytes.get(at).is_some_and(|byte| is_name(*byte) || *byte == b'.') {
                at += 1;
            }
        } else if is_name(byte) {
            let start = at;
            while bytes.get(at).is_some_and(|byte| is_name(*byte) || *byte == b'.') {
                at += 1;
            }
            let name = template.get(start..at).unwrap_or_default();
            let behind = template.get(at..).unwrap_or_default().trim_start();
            let keyword = behind.starts_with('=') && !behind.starts_with("==");
            let attribute = start > 0 && bytes.get(start - 1) == Some(&b'.');
            if !keyword && !attribute && !is_word(name) {
                if text_start < start {
                    parts.push(Part::Text(template.get(text_start..start).unwrap_or_default()));
                }
                parts.push(Part::Name(name));
                text_start = at;
            }
        } else {
            at += 1;
        }
    }
    if text_start < template.len() {
        parts.push(Part::Text(template.get(text_start..).unwrap_or_default()));
    }
    parts
}

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

/// Words of the language and its builtins that need no import.
fn is_word(name: &str) -> bool {
    const WORDS: [&str; 24] = [
        "None", "True", "False", "and", "or", "not", "in", "is", "if", "else", "lambda", "for",
        "await", "list", "dict", "tuple", "set", "str", "int", "float", "bool", "len", "sorted",
        "bytes",
    ];
    WORDS.contains(&name)
}

/// A template without the keyword arguments whose parameter the call does not give.
fn without_missing<'t>(
    parts: Vec<Part<'t>>,
    parameters: &[String],
    given: &BTreeMap<&str, &Argument>,
) -> Vec<Part<'t>> {
    let missing = |part: &Part<'_>| match part {
        Part::Name(name) => {
            !given.contains_key(name) && parameters.iter().any(|parameter| parameter == name)
        }
        Part::Text(_) => false,
    };
    let mut kept: Vec<Part<'t>> = Vec::new();
    let mut after_removed = false;
    for part in parts {
        if missing(&part)
            && let Some(Part::Text(before)) = kept.last_mut()
            && let Some(cut) = keyword_start(before)
        {
            let shorter = before.get(..cut).unwrap_or_default();
            *before = shorter.strip_suffix(',').unwrap_or(shorter);
            after_removed = true;
            continue;
        }
        match part {
            Part::Text(text) if after_removed => {
                let open = matches!(kept.last(), Some(Part::Text(t)) if t.ends_with('('));
                let text =
                    if open { text.strip_prefix(',').map_or(text, str::trim_start) } else { text };
                kept.push(Part::Text(text));
            }
            other => kept.push(other),
        }
        after_removed = false;
    }
    kept
}

/// Where `, name=` begins at the end of a text.
fn keyword_start(text: &str) -> Option<usize> {
    let before = text.trim_end().strip_suffix('=')?.trim_end();
    let name_start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_'))? + 1;
    (name_start < before.len()).then(|| before.get(..name_start).unwrap_or("").trim_end().len())
}

/// Whether what stands at a place of the template has brackets or commas on both sides.
fn stands_alone(parts: &[Part<'_>], number: usize) -> bool {
    let text = |part: Option<&Part<'_>>| match part {
        Some(Part::Text(text)) => (*text).to_owned(),
        _ => String::new(),
    };
    let before = text(number.checked_sub(1).and_then(|before| parts.get(before)));
    let after = text(parts.get(number + 1));
    let opens = before.trim_end().ends_with(['(', ',', '=', '[']);
    opens && after.trim_start().starts_with([')', ',', ']'])
}

/// Every argument must have its place, and only what has no effect may be written twice or not at
/// all.
fn check_use(
    context: &FileContext<'_>,
    parts: &[Part<'_>],
    parameters: &[String],
    given: &BTreeMap<&str, &Argument>,
) -> Result<(), String> {
    let uses = |name: &str| {
        let is_use = |part: &&Part<'_>| match part {
            Part::Name(part) => part.split('.').next() == Some(name),
            Part::Text(_) => false,
        };
        parts.iter().filter(is_use).count()
    };
    for parameter in parameters {
        let name = parameter.as_str();
        match given.get(name) {
            None if uses(name) > 0 => return Err(format!("it does not give `{name}`")),
            Some(argument) if uses(name) != 1 && !is_pure(context.text, argument) => {
                return Err(format!("evaluating `{name}` may have an effect"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_split_at_names() {
        assert_eq!(
            split("pkg.new(a, key=b, other='a b') + 1"),
            [
                Part::Name("pkg.new"),
                Part::Text("("),
                Part::Name("a"),
                Part::Text(", key="),
                Part::Name("b"),
                Part::Text(", other='a b') + 1"),
            ]
        );
    }

    #[test]
    fn keywords_end_texts() {
        assert_eq!(keyword_start(", key="), Some(1));
        assert_eq!(keyword_start("(key = "), Some(1));
        assert_eq!(keyword_start("a == "), None);
        assert_eq!(keyword_start("("), None);
    }
}
