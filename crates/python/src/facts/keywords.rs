//! Old keywords of a callable: decorators that map them, bodies that hand them on, notes in
//! docstrings.

use std::sync::Arc;

use code_model::hint::HintIdiom;
use ruff_python_ast::{self as ast, CmpOp, Expr, Stmt};
use ruff_text_size::Ranged;

use super::HintFactSubject;
use super::exports::text_of;
use super::notices::{Notices, Warning, is_about_parameters, leaf_of, speaks_of_replacement};
use super::phrases::{dotted, speaks_of_deprecation, successors};
use super::shape::Shaper;

fn subject(old: &str, new: Option<&str>) -> HintFactSubject {
    HintFactSubject::Parameter { old: old.into(), new: new.map(Arc::from) }
}

fn is_identifier(text: &str) -> bool {
    dotted(text).is_some_and(|name| name == text && !name.contains('.'))
}

/// Decorators that map an old keyword to a new one, or take one away.
pub(super) fn decorators<'a>(
    notices: &mut Notices,
    shaper: &Shaper<'a, '_>,
    list: &'a [ast::Decorator],
    parameters: &[&str],
) {
    for decorator in list {
        let Expr::Call(call) = &decorator.expression else { continue };
        let leaf = leaf_of(&call.func).to_ascii_lowercase();
        let text = shaper.text_of_range(call.range());
        let mut add = |old: &str, new: Option<&str>| {
            notices.add(subject(old, new), HintIdiom::KeywordDecorator, call, text);
        };
        if let Some((old, new)) = named_pair(call) {
            add(&old, new.as_deref());
            continue;
        }
        let speaks =
            (speaks_of_replacement(&leaf) || leaf.contains("delet")) && is_about_parameters(&leaf);
        for (old, new) in mapped_pairs(call, parameters, speaks) {
            add(&old, Some(&new));
        }
        let words: Vec<String> = call
            .arguments
            .args
            .iter()
            .filter_map(text_of)
            .filter(|text| is_identifier(text))
            .collect();
        match words.as_slice() {
            [first, second] => {
                let known =
                    (parameters.contains(&first.as_str()), parameters.contains(&second.as_str()));
                match known {
                    (false, true) => add(first, Some(second)),
                    (true, false) if !speaks => add(second, Some(first)),
                    (true, true) if speaks => add(first, Some(second)),
                    _ => {}
                }
            }
            [only] if speaks || leaf.contains("delete_param") => {
                if parameters.contains(&only.as_str()) {
                    let named = call.arguments.keywords.iter().find_map(|keyword| {
                        let key = keyword.arg.as_ref()?.as_str();
                        let value = text_of(&keyword.value)?;
                        let says =
                            key.contains("altern") || key.contains("new") || key.contains("replac");
                        (says && parameters.contains(&value.as_str())).then_some(value)
                    });
                    add(only, named.as_deref());
                } else if call.arguments.args.get(1).is_some_and(Expr::is_none_literal_expr)
                    || call.arguments.args.len() == 1 && leaf.contains("delet")
                {
                    add(only, None);
                }
            }
            _ => {}
        }
    }
}

/// `old_arg_name="a", new_arg_name="b"`, and the same with `None` or by position after the first
/// keyword.
fn named_pair(call: &ast::ExprCall) -> Option<(String, Option<String>)> {
    let mut old = None;
    let mut new = None;
    for keyword in &call.arguments.keywords {
        let key = keyword.arg.as_ref()?.as_str();
        let is_name = |word: &str| {
            key == word
                || key.starts_with(&format!("{word}_"))
                || key.ends_with(&format!("_{word}"))
        };
        if is_name("old") || is_name("from") {
            old = text_of(&keyword.value);
        } else if is_name("new") || is_name("to") {
            new = Some(text_of(&keyword.value).filter(|text| is_identifier(text)));
        }
    }
    let old = old.filter(|text| is_identifier(text))?;
    new.map(|new| (old, new))
}

/// What decorators that rename or take away keywords call their own arguments.
const OF_DECORATORS: [&str; 12] = [
    "addendum",
    "alternative",
    "category",
    "details",
    "instead",
    "message",
    "obj_type",
    "reason",
    "removal",
    "replacement",
    "since",
    "version",
];

/// `{"old": "new"}` and `old="new"` where the new name is a parameter and the old one is none; it
/// may still be one where the decorator's own name says that parameters are replaced.
fn mapped_pairs(call: &ast::ExprCall, parameters: &[&str], speaks: bool) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let values =
        call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value));
    for value in values {
        let Expr::Dict(table) = value else { continue };
        for item in &table.items {
            let (Some(old), Some(new)) =
                (item.key.as_ref().and_then(text_of), text_of(&item.value))
            else {
                continue;
            };
            pairs.push((old, new));
        }
    }
    for keyword in &call.arguments.keywords {
        if let (Some(old), Some(new)) = (&keyword.arg, text_of(&keyword.value)) {
            pairs.push((old.to_string(), new));
        }
    }
    pairs.retain(|(old, new)| {
        is_identifier(old)
            && !OF_DECORATORS.contains(&old.as_str())
            && parameters.contains(&new.as_str())
            && (!parameters.contains(&old.as_str()) || (speaks && old != new))
    });
    pairs
}

/// Local names that hold what was taken out of `**kwargs`, with the keyword: `old =
/// kwargs.pop("old", None)`.
pub(super) type Taken<'a> = Vec<(&'a str, String)>;

/// The local names of a function's own block that hold keywords out of `**kwargs`.
pub(super) fn taken_out(function: &ast::StmtFunctionDef) -> Taken<'_> {
    let Some(variadic) = &function.parameters.kwarg else { return Vec::new() };
    let variadic = variadic.name.as_str();
    let mut taken = Vec::new();
    for statement in &function.body {
        let (target, value) = match statement {
            Stmt::Assign(assign) => match &*assign.targets {
                [Expr::Name(name)] => (name, &*assign.value),
                _ => continue,
            },
            Stmt::AnnAssign(assign) => match (&*assign.target, assign.value.as_deref()) {
                (Expr::Name(name), Some(value)) => (name, value),
                _ => continue,
            },
            _ => continue,
        };
        if let Expr::Call(call) = value
            && let Expr::Attribute(method) = &*call.func
            && matches!(method.attr.as_str(), "pop" | "get")
            && method.value.as_name_expr().is_some_and(|name| name.id.as_str() == variadic)
            && let Some(keyword) = call.arguments.args.first().and_then(text_of)
            && is_identifier(&keyword)
        {
            taken.push((target.id.as_str(), keyword));
        }
    }
    taken
}

/// Warnings and assignments under a test of an old keyword.
pub(super) fn guarded<'a>(
    notices: &mut Notices,
    shaper: &Shaper<'a, '_>,
    warnings: &[Warning<'a>],
    parameters: &[&str],
    taken: &Taken<'_>,
) {
    let tested_names: Vec<&str> =
        parameters.iter().copied().chain(taken.iter().map(|(local, _)| *local)).collect();
    for warning in warnings {
        for guard in &warning.guards {
            for local in tested(guard, &tested_names) {
                let keyword = taken.iter().find(|(name, _)| *name == local);
                let old = keyword.map_or_else(|| local.clone(), |(_, keyword)| keyword.clone());
                let assigned = warning
                    .block
                    .iter()
                    .find_map(|statement| handed_on(statement, &local, parameters));
                let named = successors(&warning.text, true)
                    .into_iter()
                    .map(|name| name.rsplit('.').next().unwrap_or("").to_owned())
                    .find(|name| *name != old && parameters.contains(&name.as_str()));
                let is_handed_on = assigned.is_some()
                    && named.as_ref().is_none_or(|named| Some(named) == assigned.as_ref());
                let new = named.or(assigned);
                let lower = warning.text.to_ascii_lowercase();
                let about_it = ["argument", "parameter", "keyword", "kwarg", "option"]
                    .iter()
                    .any(|word| lower.contains(word));
                let mentions = warning
                    .text
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|word| word == old);
                let deprecates = new.is_some() && speaks_of_deprecation(&warning.text);
                if !(mentions || deprecates) {
                    continue;
                }
                if new.is_none() && !about_it {
                    continue;
                }
                notices.add(
                    subject(&old, new.as_deref()),
                    HintIdiom::KeywordForwarding,
                    warning.call,
                    &warning.text,
                );
                let other = new.as_deref().filter(|_| !is_handed_on);
                let converted = other.and_then(|new| {
                    let all = warning.block.iter();
                    all.filter_map(Stmt::as_assign_stmt).find(|it| is_converted(it, &local, new))
                });
                if let Some(assign) = converted {
                    let text = shaper.text_of_range(assign.range);
                    let subject = subject(&old, new.as_deref());
                    notices.add(subject, HintIdiom::KeywordForwarding, assign, text);
                }
                // The message is one witness, the assignment that goes with it another.
                if let Some(new) = new.filter(|_| is_handed_on) {
                    let text = format!("{new} = {old}");
                    let subject = subject(&old, Some(&new));
                    notices.add(subject, HintIdiom::KeywordPop, warning.call, &text);
                }
            }
        }
    }
}

/// Whether an assignment gives a parameter what it reckons from the value of the old one, or a
/// choice that rests on it: `new = old * 60`, `new = not old`, `new = "a" if old else "b"`.
fn is_converted(assign: &ast::StmtAssign, old: &str, new: &str) -> bool {
    let takes = |target: &Expr| target.as_name_expr().is_some_and(|name| name.id.as_str() == new);
    if !assign.targets.iter().any(takes) {
        return false;
    }
    let is_old = |value: &Expr| value.as_name_expr().is_some_and(|name| name.id.as_str() == old);
    match &*assign.value {
        Expr::BinOp(operation) => is_old(&operation.left) || is_old(&operation.right),
        Expr::UnaryOp(operation) => is_old(&operation.operand),
        Expr::Compare(comparison) => is_old(&comparison.left),
        Expr::If(choice) => {
            is_old(&choice.test) && !is_old(&choice.body) && !is_old(&choice.orelse)
        }
        Expr::List(list) => list.elts.iter().any(is_old),
        Expr::Tuple(tuple) => tuple.elts.iter().any(is_old),
        _ => false,
    }
}

/// The parameters or keywords that a test asks for: `old is not None`, `old != "deprecated"`,
/// `"old" in kwargs`.
fn tested(guard: &Expr, parameters: &[&str]) -> Vec<String> {
    match guard {
        Expr::Compare(comparison) => {
            let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else {
                return Vec::new();
            };
            let left = &*comparison.left;
            match operator {
                CmpOp::IsNot | CmpOp::NotEq => match left {
                    Expr::Name(name) if parameters.contains(&name.id.as_str()) => {
                        vec![name.id.to_string()]
                    }
                    _ => Vec::new(),
                },
                CmpOp::In => match (text_of(left), right) {
                    (Some(old), Expr::Name(_)) if is_identifier(&old) => vec![old],
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            }
        }
        Expr::BoolOp(operation) => {
            operation.values.iter().flat_map(|value| tested(value, parameters)).collect()
        }
        Expr::Name(name) if parameters.contains(&name.id.as_str()) => vec![name.id.to_string()],
        Expr::Named(named) => tested(&named.value, parameters),
        _ => Vec::new(),
    }
}

/// The parameter that a statement gives the old keyword's value to.
fn handed_on(statement: &Stmt, old: &str, parameters: &[&str]) -> Option<String> {
    match statement {
        Stmt::Assign(assign) => {
            let takes_old = mentions_old(&assign.value, old);
            assign.targets.iter().find_map(|target| {
                let name = match target {
                    Expr::Name(name) => name.id.to_string(),
                    Expr::Subscript(subscript) => text_of(&subscript.slice)?,
                    _ => return None,
                };
                let is_keyword = target.is_subscript_expr() || parameters.contains(&name.as_str());
                (takes_old && name != old && is_keyword).then_some(name)
            })
        }
        Stmt::If(branch) => branch.body.iter().find_map(|inner| handed_on(inner, old, parameters)),
        _ => None,
    }
}

/// `old`, `kwargs["old"]`, `kwargs.pop("old", …)`.
fn mentions_old(value: &Expr, old: &str) -> bool {
    match value {
        Expr::Name(name) => name.id.as_str() == old,
        Expr::Subscript(subscript) => text_of(&subscript.slice).is_some_and(|key| key == old),
        Expr::Call(call) => {
            matches!(leaf_of(&call.func), "pop" | "get")
                && call.arguments.args.first().and_then(text_of).is_some_and(|key| key == old)
        }
        _ => false,
    }
}

/// `new = kwargs.pop("old", new)`, also as `kwargs["new"] = kwargs.pop("old")`.
pub(super) fn popped<'a>(
    notices: &mut Notices,
    shaper: &Shaper<'a, '_>,
    body: &'a [Stmt],
    variadic: Option<&str>,
    parameters: &[&str],
    depth: u32,
) {
    let Some(variadic) = variadic.filter(|_| depth < 8) else { return };
    for statement in body {
        if let Stmt::Assign(assign) = statement
            && let Expr::Call(call) = &*assign.value
            && leaf_of(&call.func) == "pop"
            && let Expr::Attribute(method) = &*call.func
            && method.value.as_name_expr().is_some_and(|name| name.id.as_str() == variadic)
            && let Some(old) = call.arguments.args.first().and_then(text_of)
            && is_identifier(&old)
            && let Some(new) = handed_on(statement, &old, parameters)
        {
            let text = shaper.text_of_range(assign.range);
            notices.add(subject(&old, Some(&new)), HintIdiom::KeywordPop, assign, text);
        }
        super::imports::for_each_block(statement, &mut |block| {
            popped(notices, shaper, block, Some(variadic), parameters, depth + 1);
        });
    }
}

/// Notes about single parameters in a docstring: numpydoc, Google and reST entries, and directives
/// that name a parameter.
pub(super) fn documented(
    notices: &mut Notices,
    docstring: &str,
    at: impl ruff_text_size::Ranged + Copy,
    parameters: &[&str],
) {
    let lines: Vec<&str> = docstring.lines().collect();
    let mut number = 0;
    while let Some(line) = lines.get(number) {
        let Some(names) = entry_names(line) else {
            number += 1;
            continue;
        };
        let margin = line.len() - line.trim_start().len();
        let mut text = entry_text(line).to_owned();
        let mut next = number + 1;
        while let Some(line) = lines.get(next) {
            let indentation = line.len() - line.trim_start().len();
            if !line.trim().is_empty() && indentation <= margin {
                break;
            }
            text.push(' ');
            text.push_str(line.trim());
            next += 1;
        }
        number += 1;
        if text.len() > 4000 || !speaks_of_deprecation(&text) {
            continue;
        }
        for old in names {
            entry(notices, &old, &text, at, parameters);
        }
    }
}

fn entry(
    notices: &mut Notices,
    old: &str,
    text: &str,
    at: impl ruff_text_size::Ranged + Copy,
    parameters: &[&str],
) {
    for sentence in sentences(text) {
        let lower = sentence.to_ascii_lowercase();
        // `renamed from x` tells the old name in the entry of the new one.
        if let Some(after) = lower.find("renamed from").map(|at| at + "renamed from".len()) {
            if let Some(mention) = super::phrases::mention_at(sentence, after, true)
                && mention.name != old
                && is_identifier(&mention.name)
            {
                notices.add(
                    subject(&mention.name, Some(old)),
                    HintIdiom::DocumentationNote,
                    at,
                    sentence,
                );
            }
            continue;
        }
        if let Some(was) = renamed_pair(sentence) {
            let (from, to) = was;
            if parameters.contains(&to.as_str()) && from != to {
                notices.add(subject(&from, Some(&to)), HintIdiom::DocumentationNote, at, sentence);
                continue;
            }
        }
        if !(lower.contains("deprecat")
            || lower.contains("renamed to")
            || lower.contains("replaced by"))
        {
            continue;
        }
        if !parameters.contains(&old) && !lower.contains("renamed") {
            continue;
        }
        let new = successors(text, true)
            .into_iter()
            .find(|name| **name != *old && parameters.contains(&&**name));
        if new.is_none()
            && !(lower.contains("deprecated::")
                || lower.contains("is deprecated")
                || lower.starts_with("deprecated"))
        {
            continue;
        }
        // A value of the parameter may be deprecated, not the parameter.
        if new.is_none()
            && (sentence.contains('=')
                || lower.contains("passing")
                || lower.contains("default")
                || lower.contains("value"))
        {
            continue;
        }
        notices.add(subject(old, new.as_deref()), HintIdiom::DocumentationNote, at, sentence);
        return;
    }
}

/// "`a` was renamed to `b`", "parameter `a` has been renamed to `b`".
fn renamed_pair(sentence: &str) -> Option<(String, String)> {
    let lower = sentence.to_ascii_lowercase();
    let at = lower.find("renamed to")?;
    let before = sentence[..at].trim_end();
    let before = ["was", "has been", "is", "been", "were"]
        .iter()
        .find_map(|word| before.strip_suffix(word))
        .unwrap_or(before)
        .trim_end();
    let start = before.rfind([' ', '\t']).map_or(0, |at| at + 1);
    let old = super::phrases::mention_at(sentence, start, false)?;
    let new = super::phrases::mention_at(sentence, at + "renamed to".len(), true)?;
    (is_identifier(&old.name) && is_identifier(&new.name)).then_some((old.name, new.name))
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ").map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// The names of an entry: `name : type`, `a, b : type`, `name (type): text`, `:param type name:
/// text`.
fn entry_names(line: &str) -> Option<Vec<String>> {
    let trimmed = line.trim();
    if let Some(rest) = trimmed.strip_prefix(":param").or_else(|| trimmed.strip_prefix(":keyword"))
    {
        let head = rest.split(':').next()?.trim();
        let name = head.rsplit(' ').next()?.trim_start_matches('*');
        return is_identifier(name).then(|| vec![name.to_owned()]);
    }
    let head = match trimmed
        .split_once(" : ")
        .or_else(|| trimmed.strip_suffix(" :").map(|head| (head, "")))
    {
        Some((head, _)) => head,
        None => {
            let head = trimmed.split(':').next().filter(|head| head.len() < trimmed.len())?;
            head.split('(').next()?.trim()
        }
    };
    let names: Vec<String> = head
        .split(',')
        .map(|name| name.trim().trim_start_matches('*').trim_matches('`').to_owned())
        .collect();
    (names.len() <= 4 && names.iter().all(|name| is_identifier(name))).then_some(names)
}

fn entry_text(line: &str) -> &str {
    line.trim().split_once(": ").map_or("", |(_, text)| text)
}
