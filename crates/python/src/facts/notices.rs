//! What decorators, bodies and docstrings say about the deprecation of a function or class.

use std::sync::Arc;

use code_model::hint::HintIdiom;
use code_model::snapshot::Deprecation;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::exports::text_of;
use super::phrases::{dotted, is_version, speaks_of_deprecation, successors, version_in};
use super::shape::Shaper;
use super::signatures::folded;
use super::{HintFact, HintFactSubject};

/// Texts of hints are cut here.
const MAX_TEXT_BYTES: usize = 300;

/// What was noticed about one definition.
#[derive(Debug, Default)]
pub(super) struct Notices {
    pub(super) deprecated: Option<Deprecation>,
    /// Subject, idiom, offset in the text, words.
    pub(super) hints: Vec<(HintFactSubject, HintIdiom, u32, Arc<str>)>,
    pub(super) experimental: bool,
}

impl Notices {
    pub(super) fn add(
        &mut self,
        subject: HintFactSubject,
        idiom: HintIdiom,
        at: impl Ranged,
        text: &str,
    ) {
        let text = folded(text, MAX_TEXT_BYTES).into();
        self.hints.push((subject, idiom, at.start().to_u32(), text));
    }

    pub(super) fn deprecate(&mut self, message: &str) {
        let message = folded(message, 1000);
        let better = self.deprecated.as_ref().is_none_or(|known| known.message.is_empty());
        if better {
            let since = version_in(&message);
            self.deprecated = Some(Deprecation { message: message.into(), since });
        }
    }

    /// The owner is deprecated, and a text names its successors or none.
    pub(super) fn successor_text(
        &mut self,
        text: &str,
        idiom: HintIdiom,
        at: impl Ranged + Copy,
        own: &str,
    ) {
        let mut names = successors(text, true);
        names.retain(|name| **name != *own);
        let subject = if names.is_empty() {
            HintFactSubject::Deprecated
        } else {
            HintFactSubject::Successor(names)
        };
        self.add(subject, idiom, at, text);
    }

    /// The old names that the owner's documentation says it took the place of.
    pub(super) fn replaces(&mut self, docstring: &str, own: &str, at: impl Ranged + Copy) {
        for (old, sentence) in super::replacing::old_names(docstring) {
            if old != own {
                let subject = HintFactSubject::Replaces(old.into());
                self.add(subject, HintIdiom::PredecessorNote, at, &sentence);
            }
        }
    }

    /// The hints as facts about an owner.
    pub(super) fn into_facts(
        self,
        owner: Option<u32>,
        line: impl Fn(u32) -> u32,
    ) -> impl Iterator<Item = HintFact> {
        self.hints.into_iter().map(move |(subject, idiom, at, text)| HintFact {
            owner,
            subject,
            idiom,
            line: line(at),
            text,
        })
    }
}

/// The last identifier of a callee.
pub(super) fn leaf_of(callee: &Expr) -> &str {
    match callee {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Call(call) => leaf_of(&call.func),
        _ => "",
    }
}

/// Whether a name of a callee speaks of deprecation or replacement.
pub(super) fn speaks_of_replacement(leaf: &str) -> bool {
    let leaf = leaf.to_ascii_lowercase();
    [
        "deprecat",
        "renam",
        "moved",
        "replaced",
        "obsolete",
        "superseded",
        "legacy",
        "alias",
        "relocat",
        "removed",
    ]
    .iter()
    .any(|word| leaf.contains(word))
        // What is made of deprecators need not be deprecated.
        && !leaf.contains("deprecator")
}

/// Reads the decorators of a function or class for words about the whole of it.
pub(super) fn decorators<'a>(
    notices: &mut Notices,
    shaper: &mut Shaper<'a, '_>,
    list: &'a [ast::Decorator],
    own: &str,
    parameters: &[&str],
) {
    for decorator in list {
        let leaf = leaf_of(&decorator.expression);
        let lower = leaf.to_ascii_lowercase();
        if ["experimental", "provisional", "beta", "preview", "unstable", "alpha"]
            .iter()
            .any(|word| lower == *word || lower.starts_with(&format!("{word}_")))
        {
            notices.experimental = true;
        }
        if !speaks_of_replacement(leaf) || is_about_parameters(&lower) {
            continue;
        }
        let Expr::Call(call) = &decorator.expression else {
            if lower.contains("deprecat") || lower.contains("obsolete") {
                notices.deprecate("");
                notices.add(
                    HintFactSubject::Deprecated,
                    HintIdiom::DeprecationDecorator,
                    decorator,
                    leaf,
                );
            }
            continue;
        };
        decorator_call(notices, shaper, call, own, parameters);
    }
}

/// Whether a decorator's name says that it is about parameters.
pub(super) fn is_about_parameters(lower: &str) -> bool {
    ["kwarg", "param", "arg", "keyword", "option"].iter().any(|word| lower.contains(word))
}

fn decorator_call<'a>(
    notices: &mut Notices,
    shaper: &mut Shaper<'a, '_>,
    call: &'a ast::ExprCall,
    own: &str,
    parameters: &[&str],
) {
    let source = shaper.text_of_range(call.range());
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut prose = String::new();
    let mut about_parameter = false;
    for argument in &call.arguments.args {
        about_parameter |= argument.is_dict_expr();
        if let Some(text) = prose_of(argument) {
            about_parameter |= parameters.contains(&text.as_str());
            let direct = dotted(&text).filter(|_| !text.contains(' ') && !is_version(&text));
            match direct {
                Some(name) => names.push(name.into()),
                None => push_prose(&mut prose, &text),
            }
        } else if let Some(name) = reference_argument(argument) {
            names.push(name.into());
        }
    }
    for keyword in &call.arguments.keywords {
        let Some(key) = &keyword.arg else { continue };
        let key = key.as_str().to_ascii_lowercase();
        let names_successor =
            ["altern", "replac", "new", "instead", "successor", "moved_to", "target", "use"]
                .iter()
                .any(|word| key.contains(word));
        let Some(text) = prose_of(&keyword.value) else {
            if names_successor && let Some(name) = reference_argument(&keyword.value) {
                names.insert(0, name.into());
            }
            continue;
        };
        if names_successor && let Some(name) = first_name(&text) {
            names.insert(0, name.into());
            continue;
        }
        if !matches!(
            key.as_str(),
            "since" | "version" | "removal" | "deprecated_in" | "name" | "obj_type"
        ) {
            push_prose(&mut prose, &text);
        }
    }
    if about_parameter {
        return;
    }
    let mut all = names;
    all.extend(successors(&prose, true));
    all.retain(|name| **name != *own && !is_version(name));
    all.dedup();
    notices.deprecate(if prose.is_empty() { source } else { &prose });
    if let Some(known) = &mut notices.deprecated
        && known.since.is_none()
    {
        known.since = version_in(source);
    }
    let subject =
        if all.is_empty() { HintFactSubject::Deprecated } else { HintFactSubject::Successor(all) };
    notices.add(subject, HintIdiom::DeprecationDecorator, call, source);
}

fn push_prose(prose: &mut String, text: &str) {
    if !prose.is_empty() {
        prose.push(' ');
    }
    prose.push_str(text);
}

/// The first name in a text that is nothing but a name, perhaps marked and followed by words.
fn first_name(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if let Some(name) = dotted(trimmed).filter(|name| name == trimmed) {
        return Some(name);
    }
    let first = super::phrases::mention_at(trimmed, 0, true)?;
    Some(first.name)
}

/// An argument that is a name but no warning category and no constant.
fn reference_argument(argument: &Expr) -> Option<String> {
    let name = match argument {
        Expr::Name(name) => name.id.to_string(),
        Expr::Attribute(attribute) => {
            let (root, _) = super::shape::root_of(attribute)?;
            let mut path = root.to_owned();
            super::shape::write_attributes(attribute, &mut path);
            path
        }
        _ => return None,
    };
    let leaf = name.rsplit('.').next().unwrap_or(&name);
    if is_message_variable(leaf) {
        return None;
    }
    let is_category = leaf.ends_with("Warning")
        || leaf.chars().all(|c| c.is_uppercase() || c == '_' || c.is_ascii_digit());
    (!is_category && !matches!(leaf, "self" | "cls" | "None" | "True" | "False")).then_some(name)
}

/// Whether a name is that of a variable that holds words.
pub(super) fn is_message_variable(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["msg", "message", "reason", "docstring"].iter().any(|word| name.ends_with(word))
}

/// The words of a string expression: literals, f-strings without their values, sums, formatted
/// strings.
pub(super) fn prose_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(_) => text_of(expression),
        Expr::FString(template) => {
            let mut text = String::new();
            for part in &template.value {
                match part {
                    ast::FStringPart::Literal(literal) => text.push_str(&literal.value),
                    ast::FStringPart::FString(inner) => {
                        for element in &inner.elements {
                            match element {
                                ast::InterpolatedStringElement::Literal(literal) => {
                                    text.push_str(&literal.value);
                                }
                                ast::InterpolatedStringElement::Interpolation(value) => {
                                    // `{cls.__name__}` and the like stand for what is deprecated.
                                    match &*value.expression {
                                        Expr::StringLiteral(_) => {
                                            text.push_str(
                                                &text_of(&value.expression).unwrap_or_default(),
                                            );
                                        }
                                        _ => text.push('…'),
                                    }
                                }
                            }
                        }
                    }
                }
            }
            Some(text)
        }
        Expr::BinOp(operation) if operation.op == ast::Operator::Add => {
            let mut text = prose_of(&operation.left)?;
            text.push_str(&prose_of(&operation.right).unwrap_or_default());
            Some(text)
        }
        Expr::BinOp(operation) if operation.op == ast::Operator::Mod => {
            let template = prose_of(&operation.left)?;
            Some(filled(&template, &operation.right))
        }
        Expr::Call(call) => {
            let method = call.func.as_attribute_expr()?;
            match method.attr.as_str() {
                "format" | "strip" | "lstrip" | "join" => prose_of(&method.value),
                "dedent" => prose_of(call.arguments.args.first()?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A template with `%s` filled by the string literals on the right.
fn filled(template: &str, values: &Expr) -> String {
    let values: Vec<String> = match values {
        Expr::Tuple(tuple) => {
            tuple.elts.iter().map(|value| text_of(value).unwrap_or("…".to_owned())).collect()
        }
        other => vec![text_of(other).unwrap_or("…".to_owned())],
    };
    let mut out = String::new();
    let mut values = values.into_iter();
    for (number, piece) in template.split("%s").enumerate() {
        if number > 0 {
            out.push_str(&values.next().unwrap_or("…".to_owned()));
        }
        out.push_str(piece);
    }
    out
}

/// A call in a body that warns.
pub(super) struct Warning<'a> {
    pub(super) call: &'a ast::ExprCall,
    pub(super) text: String,
    /// Whether its category or the callee's own name says that it is about a deprecation.
    pub(super) speaks: bool,
    /// The tests of the `if` statements around it, innermost last.
    pub(super) guards: Vec<&'a Expr>,
    /// The statements of the innermost block it stands in.
    pub(super) block: &'a [Stmt],
}

/// The deprecation warnings of a body; inner functions are other definitions.
pub(super) fn warnings_in(body: &[Stmt]) -> Vec<Warning<'_>> {
    let mut found = Vec::new();
    collect_warnings(body, &mut Vec::new(), &mut found, 0);
    for warning in &mut found {
        if warning.text.is_empty() {
            warning.text = assigned_message(body, warning.call, 0).unwrap_or_default();
        }
    }
    found.retain(|warning| warning.speaks || speaks_of_deprecation(&warning.text));
    found
}

/// The words of a message that was put into a variable before the call.
fn assigned_message(body: &[Stmt], call: &ast::ExprCall, depth: u32) -> Option<String> {
    let variable = call.arguments.args.first()?.as_name_expr()?.id.as_str();
    let mut found = None;
    for statement in body {
        if statement.start() >= call.start() || depth > 8 {
            break;
        }
        if let Stmt::Assign(assign) = statement
            && assign.targets.iter().any(|target| {
                target.as_name_expr().is_some_and(|name| name.id.as_str() == variable)
            })
        {
            found = prose_of(&assign.value).or(found);
        }
        super::imports::for_each_block(statement, &mut |block| {
            if let Some(inner) = assigned_message(block, call, depth + 1) {
                found = Some(inner);
            }
        });
    }
    found
}

fn collect_warnings<'a>(
    body: &'a [Stmt],
    guards: &mut Vec<&'a Expr>,
    found: &mut Vec<Warning<'a>>,
    depth: u32,
) {
    if depth > 12 || found.len() > 40 {
        return;
    }
    for statement in body {
        match statement {
            Stmt::Expr(expression) => {
                let mut value = &*expression.value;
                if let Expr::Await(awaited) = value {
                    value = &awaited.value;
                }
                if let Expr::Call(call) = value
                    && let Some((text, speaks)) = words_of_warning(call)
                {
                    found.push(Warning { call, text, speaks, guards: guards.clone(), block: body });
                }
            }
            Stmt::Return(returned) => {
                if let Some(Expr::Call(call)) = returned.value.as_deref()
                    && let Some((text, speaks)) = words_of_warning(call)
                {
                    found.push(Warning { call, text, speaks, guards: guards.clone(), block: body });
                }
            }
            Stmt::If(branch) => {
                guards.push(&branch.test);
                collect_warnings(&branch.body, guards, found, depth + 1);
                guards.pop();
                for clause in &branch.elif_else_clauses {
                    guards.push(clause.test.as_ref().unwrap_or(&branch.test));
                    collect_warnings(&clause.body, guards, found, depth + 1);
                    guards.pop();
                }
            }
            other => super::imports::for_each_block(other, &mut |block| {
                collect_warnings(block, guards, found, depth + 1);
            }),
        }
    }
}

/// The words of a call that may warn of a deprecation, none yet where they are in a variable, and
/// whether the rest of the call says that it does; nothing when it does something else.
fn words_of_warning(call: &ast::ExprCall) -> Option<(String, bool)> {
    let leaf = leaf_of(&call.func).to_ascii_lowercase();
    if !(leaf.contains("warn")
        || leaf.contains("deprecat")
        || leaf == "_d"
        || leaf.contains("renamed"))
    {
        return None;
    }
    let mut text = String::new();
    let mut category = leaf.contains("deprecat");
    let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
    for argument in call.arguments.args.iter().chain(keywords) {
        if let Some(words) = prose_of(argument) {
            push_prose(&mut text, &words);
        } else if let Expr::Call(inner) = argument {
            // `warn(DeprecationWarning("…"))`
            category |= is_category(leaf_of(&inner.func));
            if is_category(leaf_of(&inner.func)) {
                inner
                    .arguments
                    .args
                    .iter()
                    .filter_map(prose_of)
                    .for_each(|words| push_prose(&mut text, &words));
            }
        } else {
            category |= is_category(leaf_of(argument));
        }
    }
    let in_variable =
        text.is_empty() && call.arguments.args.first().is_some_and(Expr::is_name_expr);
    let may_warn = category || in_variable || speaks_of_deprecation(&text);
    may_warn.then_some((text, category))
}

fn is_category(name: &str) -> bool {
    name.contains("Deprecat") || name == "FutureWarning" || name.contains("RemovedIn")
}

/// Notices what the warnings of a function say about the function as a whole.
pub(super) fn whole_body(
    notices: &mut Notices,
    warnings: &[Warning<'_>],
    own: &str,
    is_special: bool,
    forwards: bool,
) {
    for warning in warnings {
        let is_conditional = warning.guards.iter().any(|guard| !is_always(guard));
        // A function that makes such warnings is not deprecated itself; one that goes on to call
        // what it stands for is.
        let is_helper = !forwards && (own.contains("warn") || own.contains("deprecat"))
            || warning.text.trim_matches(['…', ' ']).is_empty();
        if is_conditional || is_special || is_helper {
            continue;
        }
        notices.deprecate(&warning.text);
        notices.successor_text(&warning.text, HintIdiom::DeprecationWarning, warning.call, own);
    }
}

/// Notices what a class says of itself in an attribute that holds the message, as
/// `deprecation_message = "Old is deprecated, use New instead."`.
pub(super) fn told_in_class(notices: &mut Notices, body: &[Stmt], own: &str) {
    for statement in body {
        let Stmt::Assign(assign) = statement else { continue };
        let [Expr::Name(name)] = &*assign.targets else { continue };
        let lower = name.id.to_ascii_lowercase();
        if !["deprecat", "removed", "obsolete"].iter().any(|word| lower.contains(word)) {
            continue;
        }
        let mut text = String::new();
        match &*assign.value {
            Expr::Dict(table) => {
                table
                    .items
                    .iter()
                    .filter_map(|item| prose_of(&item.value))
                    .for_each(|words| push_prose(&mut text, &words));
            }
            value => text = prose_of(value).unwrap_or_default(),
        }
        let names_itself = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if names_itself.into_iter().any(|word| word == own)
            && (speaks_of_deprecation(&text) || text.contains("is removed"))
        {
            notices.deprecate(&text);
            notices.successor_text(&text, HintIdiom::DeprecationWarning, assign, own);
        }
    }
}

/// Guards that do not depend on how the function is called.
fn is_always(guard: &Expr) -> bool {
    match guard {
        Expr::Name(name) => name.id.chars().all(|c| c.is_uppercase() || c == '_'),
        Expr::UnaryOp(operation) => is_always(&operation.operand),
        Expr::Attribute(attribute) => {
            let name = attribute.attr.as_str().to_ascii_lowercase();
            name.contains("warn") || name.contains("deprecat")
        }
        _ => false,
    }
}

/// Notices what a docstring says about the whole definition.
#[expect(clippy::too_many_lines, reason = "one case a form of note, in the order of their weight")]
pub(super) fn docstring(
    notices: &mut Notices,
    text: &str,
    own: &str,
    at: impl Ranged + Copy,
    is_module: bool,
) -> Option<Arc<str>> {
    let since = directive(text, "versionadded::").and_then(|(first, _)| version_in(first));
    let head: String = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with(":param"))
        .take(4)
        .collect::<Vec<_>>()
        .join(" ");
    let lower = head.to_ascii_lowercase();
    if lower.contains("experimental") || lower.contains("provisional") {
        let says_so = [
            "is experimental",
            "experimental feature",
            "experimental api",
            "(experimental",
            "is provisional",
            "experimental:",
        ]
        .iter()
        .any(|words| lower.contains(words));
        notices.experimental |= says_so;
    }
    if let Some((first, body)) = directive(text, "deprecated::") {
        let message = format!("{first} {body}");
        notices.deprecate(&message);
        if let Some(known) = &mut notices.deprecated {
            known.since = known.since.clone().or_else(|| version_in(first));
        }
        notices.successor_text(&message, HintIdiom::DocumentationNote, at, own);
        return since;
    }
    let first = text.split("\n\n").next().unwrap_or("").replace('\n', " ");
    let first_lower = first.to_ascii_lowercase();
    let is_note = first_lower.starts_with("deprecated")
        || first_lower.contains("is deprecated")
        || first_lower.contains("[deprecated")
        || first_lower.contains("(deprecated")
        || first_lower.contains("**deprecated")
        || first_lower.contains("deprecated:")
        || first_lower.contains("deprecated;")
        || first_lower.contains("deprecated.")
        || first_lower.contains("deprecated alias")
        || first_lower.contains("deprecated,")
        || first_lower.starts_with("obsolete");
    if is_note && !is_module {
        notices.deprecate(&first);
        notices.successor_text(&text_until(text, 600), HintIdiom::DocumentationNote, at, own);
        return since;
    }
    let is_alias = [
        "alias for",
        "alias of",
        "an alias to",
        "synonym for",
        "backwards compat",
        "backward compat",
        "for compatibility with",
    ]
    .iter()
    .any(|words| first_lower.contains(words));
    if is_alias && !is_module && first.len() < 200 {
        let mut names = successors(&first, false);
        let is_name = |name: &str| {
            super::phrases::looks_like_code(name)
                || ["`", "'", "\""].iter().any(|mark| first.contains(&format!("{mark}{name}")))
                || first.contains(&format!("{name}("))
        };
        names.retain(|name| **name != *own && is_name(name));
        if !names.is_empty() {
            notices.add(
                HintFactSubject::Successor(names),
                HintIdiom::DocumentationNote,
                at,
                &first,
            );
        }
    }
    since
}

fn text_until(text: &str, limit: usize) -> String {
    let text = text.split("\n\n").take(2).collect::<Vec<_>>().join(" ");
    folded(&text, limit)
}

/// The first line and the indented body of a directive.
pub(super) fn directive<'t>(text: &'t str, name: &str) -> Option<(&'t str, String)> {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let Some(rest) = trimmed.strip_prefix("..").map(str::trim_start) else { continue };
        let Some(first) = rest.strip_prefix(name) else { continue };
        let margin = line.len() - trimmed.len();
        // A directive of a parameter's entry or a section is about that only.
        if margin > 3 {
            continue;
        }
        let mut body = String::new();
        for line in lines {
            let indentation = line.len() - line.trim_start().len();
            if !line.trim().is_empty() && indentation <= margin {
                break;
            }
            if line.trim().is_empty() && !body.is_empty() {
                break;
            }
            push_prose(&mut body, line.trim());
        }
        return Some((first.trim(), body));
    }
    None
}
