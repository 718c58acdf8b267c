//! Tables of moved and renamed names, and of settings with their defaults.

use std::sync::Arc;

use code_model::hint::HintIdiom;
use ruff_python_ast::{Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator};
use ruff_text_size::Ranged;

use super::exports::text_of;
use super::notices::{Notices, is_message_variable, leaf_of, prose_of, speaks_of_replacement};
use super::phrases::{dotted, successors};
use super::shape::Shaper;
use super::{HintFactSubject, KeyFact, Reference};

/// At most so many entries of one table are read.
const MAX_ENTRIES: usize = 20_000;

/// The pairs of a literal table: a dictionary of texts, or a sequence of pairs of texts.
pub(super) struct Table {
    pub(super) pairs: Vec<(String, TableValue, u32)>,
}

/// The value of a table's entry.
pub(super) enum TableValue {
    /// One text.
    Text(String),
    /// A module and a name in it, or a text and whatever follows it.
    Pair(String, String),
}

impl TableValue {
    fn first(&self) -> &str {
        match self {
            Self::Text(text) | Self::Pair(text, _) => text,
        }
    }
}

/// Reads a literal table; none when it is something else, or holds anything but texts.
pub(super) fn read(value: &Expr) -> Option<Table> {
    let mut pairs = Vec::new();
    match value {
        Expr::Dict(table) => {
            for item in table.items.iter().take(MAX_ENTRIES) {
                let key = text_of(item.key.as_ref()?)?;
                pairs.push((key, entry(&item.value)?, item.value_start()));
            }
        }
        Expr::DictComp(made) => {
            let [generator] = made.generators.as_slice() else { return None };
            let (Expr::Name(variable), true) = (&generator.target, generator.ifs.is_empty()) else {
                return None;
            };
            for element in elements(&generator.iter)?.iter().take(MAX_ENTRIES) {
                let (word, variable) = (text_of(element)?, variable.id.as_str());
                let old = filled(made.key.as_deref()?, variable, &word)?;
                let new = filled(&made.value, variable, &word)?;
                pairs.push((old, TableValue::Text(new), start(element)));
            }
        }
        Expr::Tuple(_) | Expr::List(_) | Expr::Set(_) => {
            let elements = elements(value)?;
            for element in elements.iter().take(MAX_ENTRIES) {
                let [old, new] = self::elements(element)? else { return None };
                pairs.push((text_of(old)?, TableValue::Text(text_of(new)?), start(element)));
            }
        }
        Expr::Call(call) => {
            // `dict(old="new")`, `MappingProxyType({…})`
            if let [inner] = &*call.arguments.args
                && call.arguments.keywords.is_empty()
            {
                return read(inner);
            }
            if leaf_of(&call.func) != "dict" || !call.arguments.args.is_empty() {
                return None;
            }
            for keyword in &call.arguments.keywords {
                let key = keyword.arg.as_ref()?.to_string();
                pairs.push((key, entry(&keyword.value)?, start(&keyword.value)));
            }
        }
        _ => return None,
    }
    (!pairs.is_empty()).then_some(Table { pairs })
}

/// A template of literals and one variable with the variable's text filled in.
fn filled(template: &Expr, variable: &str, word: &str) -> Option<String> {
    match template {
        Expr::Name(name) => (name.id.as_str() == variable).then(|| word.to_owned()),
        Expr::FString(template) => {
            let mut text = String::new();
            for part in &template.value {
                match part {
                    FStringPart::Literal(literal) => text.push_str(&literal.value),
                    FStringPart::FString(inner) => {
                        for element in &inner.elements {
                            match element {
                                InterpolatedStringElement::Literal(literal) => {
                                    text.push_str(&literal.value);
                                }
                                InterpolatedStringElement::Interpolation(value) => {
                                    text.push_str(&filled(&value.expression, variable, word)?);
                                }
                            }
                        }
                    }
                }
            }
            Some(text)
        }
        Expr::BinOp(sum) if sum.op == Operator::Add => {
            let left = filled(&sum.left, variable, word)?;
            Some(left + &filled(&sum.right, variable, word)?)
        }
        other => text_of(other),
    }
}

fn start(expression: &Expr) -> u32 {
    ruff_text_size::Ranged::range(expression).start().to_u32()
}

trait ValueStart {
    fn value_start(&self) -> u32;
}

impl ValueStart for ruff_python_ast::DictItem {
    fn value_start(&self) -> u32 {
        start(self.key.as_ref().unwrap_or(&self.value))
    }
}

fn elements(expression: &Expr) -> Option<&[Expr]> {
    match expression {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}

fn entry(value: &Expr) -> Option<TableValue> {
    if let Some(text) = text_of(value) {
        return Some(TableValue::Text(text));
    }
    match elements(value)? {
        [first] => Some(TableValue::Text(text_of(first)?)),
        [first, second, ..] => {
            let first = text_of(first)?;
            Some(match text_of(second) {
                Some(second) => TableValue::Pair(first, second),
                None => TableValue::Text(first),
            })
        }
        [] => None,
    }
}

/// What a table's name says about its contents.
fn topic(name: &str) -> (bool, bool) {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let moves = has(&[
        "moved", "renam", "deprecat", "redirect", "alias", "legacy", "compat", "old", "migrat",
        "relocat", "replac", "backward", "removed", "obsolete", "expired",
    ]);
    let keys =
        has(&["key", "setting", "config", "option", "param", "field", "kwarg", "arg", "env"]);
    (moves, keys)
}

/// Notices the pairs of a table of moved names or renamed keys.
pub(super) fn renamed(notices: &mut Notices, name: &str, table: &Table) {
    let (moves, keys) = topic(name);
    let is_path = |text: &str| dotted(text).is_some_and(|_| text.contains(['.', ':']));
    let paths = table
        .pairs
        .iter()
        .filter(|(key, value, _)| is_path(key) && dotted(value.first()).is_some())
        .count();
    let all_paths = paths * 10 >= table.pairs.len() * 8;
    if !moves && !all_paths {
        return;
    }
    for (old, value, at) in &table.pairs {
        let TableValue::Text(new) = value else { continue };
        if old == new {
            continue;
        }
        let range = ruff_text_size::TextRange::empty((*at).into());
        let text = format!("{name}: {old} -> {new}");
        let plain = |text: &str| dotted(text).is_some_and(|dotted| dotted == *text);
        if keys && plain(old) && plain(new) && !all_paths {
            let subject = HintFactSubject::Key {
                old: old.as_str().into(),
                new: new.as_str().into(),
                holder: name.into(),
            };
            notices.add(subject, HintIdiom::SettingsTable, range, &text);
            continue;
        }
        // A sentence of advice is a message, however the table that holds it is read.
        let is_sentence = new.contains(' ');
        let (Some(old), Some(new)) = (dotted(old), successor(new)) else { continue };
        let subject = HintFactSubject::Names { old: old.into(), new: Some(new) };
        let idiom = if is_sentence { HintIdiom::DeprecationWarning } else { HintIdiom::LazyTable };
        notices.add(subject, idiom, range, &text);
    }
}

/// The name that a table's value is, or that its text names.
fn successor(text: &str) -> Option<Arc<str>> {
    match dotted(text) {
        Some(name) if !text.contains(' ') => Some(name.into()),
        _ => successors(text, true).into_iter().next(),
    }
}

/// The names that a value serves lazily, with what they reach: a table of them, or a call that is
/// given such tables. `literals` are the module's own tables by name.
pub(super) fn served_by(
    value: &Expr,
    literals: &[(&str, &Expr)],
) -> Vec<(String, Option<Reference>)> {
    if let Expr::Call(call) = value {
        let given = call.arguments.args.iter();
        let given = given.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        return given
            .filter_map(|argument| match argument {
                Expr::Name(name) => {
                    literals.iter().find(|(known, _)| *known == name.id.as_str()).map(|it| it.1)
                }
                other => Some(other),
            })
            .filter(|argument| matches!(argument, Expr::Dict(_)))
            .flat_map(|table| served_by(table, literals))
            .collect();
    }
    let by_module = served_by_module(value);
    let found = if by_module.is_empty() {
        read(value).map(|table| served(&table)).unwrap_or_default()
    } else {
        by_module
    };
    found.into_iter().map(|(name, target)| (name, Some(target))).collect()
}

/// The names that a lazy table serves, with what they reach.
fn served(table: &Table) -> Vec<(String, Reference)> {
    let mut entries = Vec::new();
    for (name, value, _) in &table.pairs {
        let (module, leaf) = match value {
            TableValue::Pair(module, leaf) if !leaf.contains(' ') => {
                (module.as_str(), leaf.as_str())
            }
            TableValue::Text(text) | TableValue::Pair(text, _) => match text.rsplit_once(':') {
                Some((module, leaf)) => (module, leaf),
                None if text.rsplit(['.', ':']).next() == Some(name) => match text.rsplit_once('.')
                {
                    Some((module, leaf)) if !module.is_empty() => (module, leaf),
                    Some((_, leaf)) => (".", leaf),
                    None => (text.as_str(), name.as_str()),
                },
                // A table of modules: each name lies in its module under the same name.
                None => (text.as_str(), name.as_str()),
            },
        };
        let bare = module.trim_start_matches('.');
        let level = (module.len() - bare.len()) as u32;
        let path: Arc<str> =
            if bare.is_empty() { leaf.into() } else { format!("{bare}.{leaf}").into() };
        if dotted(&path).is_none() {
            continue;
        }
        entries.push((
            name.clone(),
            if level == 0 { Reference::Absolute(path) } else { Reference::Relative(level, path) },
        ));
    }
    entries
}

/// `{"module": ["Name", …]}`, the other common form of a lazy table.
fn served_by_module(value: &Expr) -> Vec<(String, Reference)> {
    let Expr::Dict(table) = value else { return Vec::new() };
    let mut entries = Vec::new();
    for item in &table.items {
        let Some(module) = item.key.as_ref().and_then(text_of) else { continue };
        let Some(names) = elements(&item.value) else { continue };
        for name in names.iter().filter_map(text_of) {
            let bare = module.trim_start_matches('.');
            if dotted(bare).is_none() || dotted(&name).is_none() {
                continue;
            }
            // Such tables name modules of the package they stand in.
            entries.push((name.clone(), Reference::Relative(1, format!("{bare}.{name}").into())));
        }
    }
    entries
}

/// `old = deprecated_alias("new")`, `Old = moved(New, …)`: the value of an assignment that stands
/// for another.
pub(super) fn assigned<'a>(
    notices: &mut Notices,
    shaper: &mut Shaper<'a, '_>,
    own: &str,
    call: &'a ExprCall,
) {
    let leaf = match &*call.func {
        Expr::Call(inner) => leaf_of(&inner.func),
        other => leaf_of(other),
    };
    if !speaks_of_replacement(leaf) {
        return;
    }
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut reference = None;
    let outer = match &*call.func {
        Expr::Call(inner) => Some(inner),
        _ => None,
    };
    let calls = std::iter::once(call).chain(outer);
    for call in calls {
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        for argument in call.arguments.args.iter().chain(keywords) {
            if let Some(text) = prose_of(argument) {
                match dotted(&text).filter(|_| !text.contains(' ')) {
                    Some(name) if name != own => names.push(name.into()),
                    Some(_) => {}
                    None => names.extend(successors(&text, true)),
                }
            } else if matches!(argument, Expr::Name(_) | Expr::Attribute(_))
                && !leaf_of(argument).ends_with("Warning")
                && !is_message_variable(leaf_of(argument))
                && !leaf_of(argument).chars().all(|c| c.is_uppercase() || c == '_')
                && reference.is_none()
            {
                reference = shaper.reference_of(argument);
            }
        }
    }
    let text = shaper.text_of_range(call.range());
    names.retain(|name| **name != *own && !super::phrases::is_version(name));
    let subject = match (names.is_empty(), reference) {
        (_, Some(reference)) => HintFactSubject::SuccessorReference(reference),
        (false, None) => HintFactSubject::Successor(names),
        (true, None) => HintFactSubject::Deprecated,
    };
    notices.add(subject, HintIdiom::DeprecationDecorator, call, text);
}

/// A message in a constant: "The OLD setting is deprecated. Use NEW instead."
pub(super) fn message(notices: &mut Notices, holder: &str, value: &Expr) {
    let Some(text) = prose_of(value).filter(|text| text.contains("deprecated")) else { return };
    let words = ["setting", "option", "configuration key"];
    let Some(at) = words.iter().find_map(|word| text.find(&format!(" {word} "))) else { return };
    let old = text[..at].rsplit(' ').next().unwrap_or("").trim_matches(['`', '\'', '"']);
    let plain =
        |name: &str| dotted(name).is_some_and(|dotted| dotted == name && !name.contains('.'));
    let new = successors(&text, true).into_iter().find(|new| plain(new) && **new != *old);
    if let Some(new) = new.filter(|_| plain(old)) {
        let subject = HintFactSubject::Key { old: old.into(), new, holder: holder.into() };
        notices.add(subject, HintIdiom::SettingsTable, value, &text);
    }
}

/// The keys of a table of defaults.
pub(super) fn default_keys(
    holder: &str,
    value: &Expr,
    source: impl Fn(&Expr) -> String,
) -> Vec<KeyFact> {
    let mut keys = Vec::new();
    collect_keys(holder, value, "", 0, &source, &mut keys);
    keys
}

fn collect_keys(
    holder: &str,
    value: &Expr,
    prefix: &str,
    depth: u32,
    source: &dyn Fn(&Expr) -> String,
    keys: &mut Vec<KeyFact>,
) {
    let Expr::Dict(table) = value else { return };
    for item in &table.items {
        let Some(key) = item.key.as_ref().and_then(text_of) else { continue };
        if key.is_empty() || key.len() > 200 || keys.len() > MAX_ENTRIES {
            continue;
        }
        let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        let text = source(&item.value);
        keys.push(KeyFact {
            holder: Some(holder.into()),
            key: path.as_str().into(),
            value_type: type_of(&item.value).into(),
            value: (text.len() <= 200).then(|| text.into()),
        });
        if depth < 6 {
            collect_keys(holder, &item.value, &path, depth + 1, source, keys);
        }
    }
}

/// The type of a default's expression.
pub(super) fn type_of(value: &Expr) -> &'static str {
    match value {
        Expr::StringLiteral(_) | Expr::FString(_) => "string",
        Expr::NumberLiteral(number) => match number.value {
            ruff_python_ast::Number::Int(_) => "integer",
            _ => "float",
        },
        Expr::UnaryOp(operation) => type_of(&operation.operand),
        Expr::BooleanLiteral(_) => "boolean",
        Expr::NoneLiteral(_) => "null",
        Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => "list",
        Expr::Dict(_) => "table",
        _ => "expression",
    }
}

/// Old names that options are declared with: `name=Option(default, old={"OLD_NAME"})`, nested in
/// groups.
pub(super) fn declared_options(
    notices: &mut Notices,
    holder: &str,
    call: &ExprCall,
    path: &str,
    depth: u32,
) {
    if depth > 5 {
        return;
    }
    let template = call
        .arguments
        .keywords
        .iter()
        .find(|keyword| keyword.arg.as_ref().is_some_and(|name| name.as_str() == "__old__"));
    let templates: Vec<String> = template.map(|keyword| texts(&keyword.value)).unwrap_or_default();
    for keyword in &call.arguments.keywords {
        let (Some(name), Expr::Call(inner)) = (&keyword.arg, &keyword.value) else { continue };
        let name = name.as_str();
        let key = if path.is_empty() { name.to_owned() } else { format!("{path}_{name}") };
        let mut old_names: Vec<String> = Vec::new();
        for option in &inner.arguments.keywords {
            let is_old = option.arg.as_ref().is_some_and(|name| {
                matches!(
                    name.as_str(),
                    "old"
                        | "old_name"
                        | "old_names"
                        | "deprecated_name"
                        | "deprecated_names"
                        | "aliases"
                        | "formerly"
                )
            });
            if is_old {
                old_names.extend(texts(&option.value));
            }
        }
        if old_names.is_empty() {
            old_names.extend(
                templates.iter().map(|template| template.replace("{0}", name).replace("{}", name)),
            );
        }
        for old in old_names {
            if old == key || dotted(&old).is_none() {
                continue;
            }
            let subject = HintFactSubject::Key {
                old: old.as_str().into(),
                new: key.as_str().into(),
                holder: holder.into(),
            };
            notices.add(subject, HintIdiom::SettingsTable, keyword, &format!("{key} (old: {old})"));
        }
        declared_options(notices, holder, inner, &key, depth + 1);
    }
}

fn texts(value: &Expr) -> Vec<String> {
    match text_of(value) {
        Some(text) => vec![text],
        None => elements(value).into_iter().flatten().filter_map(text_of).collect(),
    }
}
