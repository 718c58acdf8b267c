//! From a template and what was said to changes.

use std::collections::BTreeMap;

use artifact::TreePath;
use code_model::DottedName;
use code_model::operation::Change;
use serde_json::Value;

use super::definition::{ParameterType, Template, TemplateOperation, TemplateParameter};
use crate::{Error, ErrorCode};

/// The longest text that may be said.
const TEXT_LIMIT_BYTES: usize = 4096;

/// What was said, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Text(String),
    Name(DottedName),
    List(Vec<String>),
    Number(u32),
    Boolean(bool),
}

impl Said {
    fn read(parameter_type: ParameterType, text: &str) -> Option<Self> {
        let identifier =
            |text: &str| DottedName::new(text).is_ok_and(|name| name.parent().is_none());
        let list = |allowed: &dyn Fn(&str) -> bool| {
            let parts: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
            parts.iter().all(|part| allowed(part)).then_some(Self::List(parts))
        };
        let is_printable = !text.trim().is_empty() && !text.contains(char::is_control);
        if text.len() > TEXT_LIMIT_BYTES {
            return None;
        }
        match parameter_type {
            ParameterType::DottedName => {
                DottedName::new(text).ok().filter(|name| name.parent().is_some()).map(Self::Name)
            }
            ParameterType::Identifier => identifier(text).then(|| Self::Text(text.to_owned())),
            ParameterType::Identifiers => list(&identifier),
            ParameterType::Parameters if text.trim().is_empty() => Some(Self::List(Vec::new())),
            ParameterType::Parameters => list(&|part| {
                identifier(
                    part.strip_prefix("**").unwrap_or(part.strip_prefix('*').unwrap_or(part)),
                )
            }),
            ParameterType::Path => {
                TreePath::new(text).ok().map(|path| Self::Text(path.as_str().to_owned()))
            }
            ParameterType::Key => {
                (is_printable && text.len() <= 1024).then(|| Self::Text(text.to_owned()))
            }
            ParameterType::Expression => (is_printable && python::parse::is_expression(text))
                .then(|| Self::Text(text.trim().to_owned())),
            ParameterType::Position => text.parse().ok().filter(|n| *n < 256).map(Self::Number),
            ParameterType::Boolean => text.parse().ok().map(Self::Boolean),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Name(name) => Value::String(name.to_string()),
            Self::List(parts) => parts.iter().cloned().map(Value::String).collect(),
            Self::Number(number) => Value::from(*number),
            Self::Boolean(value) => Value::Bool(*value),
        }
    }

    /// The whole or a part of it, as text.
    fn part(&self, part: Option<&str>) -> Option<String> {
        match (self, part) {
            (Self::Name(name), Some("parent")) => Some(name.parent()?.to_string()),
            (Self::Name(name), Some("leaf")) => Some(name.leaf().to_owned()),
            (Self::List(parts), Some("first")) => parts.first().cloned(),
            (Self::List(parts), Some("rest")) => Some(parts.get(1..)?.join(", ")),
            (Self::List(parts), None) => Some(parts.join(", ")),
            (Self::Text(text), None) => Some(text.clone()),
            (Self::Name(name), None) => Some(name.to_string()),
            (Self::Number(number), None) => Some(number.to_string()),
            (Self::Boolean(value), None) => Some(value.to_string()),
            _ => None,
        }
    }
}

type Values = BTreeMap<String, Said>;

/// The changes that a template makes of what was said, each with whether it breaks a dependent that
/// does nothing.
pub fn instantiate(
    template: &Template,
    said: &BTreeMap<String, String>,
) -> Result<Vec<(Change, bool)>, Error> {
    let values = check(template, said)?;
    let mut changes = Vec::new();
    for operation in &template.operations {
        let each: Vec<Option<String>> = match &operation.for_each {
            None => vec![None],
            Some(list) => match values.get(list) {
                Some(Said::List(parts)) => parts.iter().cloned().map(Some).collect(),
                _ => Vec::new(),
            },
        };
        for value in each {
            let mut values = values.clone();
            if let Some(value) = value {
                values.insert("each".to_owned(), Said::Text(value));
            }
            changes.push((change(template, operation, &values)?, operation.breaking));
        }
    }
    Ok(changes)
}

fn check(template: &Template, said: &BTreeMap<String, String>) -> Result<Values, Error> {
    let mut wrong = Vec::new();
    let mut values = Values::new();
    for name in said.keys() {
        if template.parameters.iter().all(|parameter| parameter.name != *name) {
            wrong.push(format!("`{}` is none of its parameters", shortened(name)));
        }
    }
    for parameter in &template.parameters {
        let TemplateParameter { name, parameter_type, optional, default, .. } = parameter;
        match said.get(name).or(default.as_ref()) {
            Some(text) => match Said::read(*parameter_type, text) {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None => wrong.push(format!(
                    "{name}: `{}` is no {}",
                    shortened(text),
                    parameter_type.words()
                )),
            },
            None if *optional => {}
            None => wrong.push(format!("{name} is missing: {}", parameter.description)),
        }
    }
    if wrong.is_empty() {
        return Ok(values);
    }
    let message = format!("the template `{}` cannot be filled in", template.name);
    let mut error = Error::user(ErrorCode::UsageError, message);
    for line in wrong {
        error = error.detail(line);
    }
    Err(error.hint(format!(
        "write each as --set NAME=VALUE; onx-manifest template show {} says what they mean",
        template.name
    )))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn change(
    template: &Template,
    operation: &TemplateOperation,
    values: &Values,
) -> Result<Change, Error> {
    let matched = filled(&toml::Value::Table(operation.matched.clone()), values);
    let value = serde_json::json!({"kind": operation.kind, "match": matched});
    let mut change: Change = serde_json::from_value(value).map_err(|error| {
        Error::internal(format!("the template `{}` makes no operation", template.name))
            .caused_by(error)
    })?;
    // A manifest names the new module only where it is another one.
    if let Change::RenameSymbol(name) | Change::RenameCallable(name) = &mut change
        && name.to_module == name.module
    {
        name.to_module = None;
    }
    Ok(change)
}

/// A value of a match with everything filled in; none where what it stands for was left out.
fn filled(value: &toml::Value, values: &Values) -> Option<Value> {
    match value {
        toml::Value::String(text) => filled_text(text, values),
        toml::Value::Table(table) => {
            let members = table
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), filled(value, values)?)));
            Some(Value::Object(members.collect()))
        }
        toml::Value::Array(items) => {
            Some(items.iter().filter_map(|item| filled(item, values)).collect())
        }
        toml::Value::Boolean(value) => Some(Value::Bool(*value)),
        toml::Value::Integer(value) => Some(Value::from(*value)),
        toml::Value::Float(_) | toml::Value::Datetime(_) => None,
    }
}

fn filled_text(text: &str, values: &Values) -> Option<Value> {
    let placeholder = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    if let Some(name) = placeholder.filter(|name| !name.contains(['.', '$'])) {
        return values.get(name).map(Said::value);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (placeholder, after) = after.split_once('}')?;
        let (name, part) = match placeholder.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (placeholder, None),
        };
        out.push_str(before);
        out.push_str(&values.get(name)?.part(part)?);
        rest = after;
    }
    out.push_str(rest);
    Some(Value::String(out))
}
