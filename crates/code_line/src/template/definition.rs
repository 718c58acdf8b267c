//! What a template is, and those that onx has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// One kind of change that a maintainer can state, with what must be said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name: that of its file.
    #[serde(default)]
    pub name: String,
    /// What it states, in one line.
    pub title: String,
    /// When to use it, and when another one.
    pub description: String,
    /// What must be said.
    pub parameters: Vec<TemplateParameter>,
    /// The operations that come out.
    pub operations: Vec<TemplateOperation>,
    /// A library, a dependent, and what becomes of it.
    pub example: TemplateExample,
}

/// Something that must be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateParameter {
    /// Its name.
    pub name: String,
    /// What it may be.
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    /// What it means.
    pub description: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// What it is when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What a parameter of a template may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// A dotted name of the library, at least a package and a name in it.
    DottedName,
    /// One identifier.
    Identifier,
    /// Identifiers, separated by commas.
    Identifiers,
    /// Parameters of a callable, separated by commas, with their stars.
    Parameters,
    /// A path in the installed package.
    Path,
    /// A configuration key, nested ones joined with dots.
    Key,
    /// A Python expression.
    Expression,
    /// A number from 0.
    Position,
    /// `true` or `false`.
    Boolean,
}

impl ParameterType {
    /// The type as people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::DottedName => "dotted name",
            Self::Identifier => "identifier",
            Self::Identifiers => "identifiers, separated by commas",
            Self::Parameters => "parameters, separated by commas",
            Self::Path => "path in the installed package",
            Self::Key => "key, nested ones joined with dots",
            Self::Expression => "Python expression",
            Self::Position => "number from 0",
            Self::Boolean => "true or false",
        }
    }
}

/// One operation, or one for each value of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateOperation {
    /// Its kind.
    pub kind: String,
    /// Whether a dependent that does nothing breaks.
    pub breaking: bool,
    /// The list that it is written for each value of, which is called `each` in its match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// Its match, in which `${name}` stands for what was said, `${name.parent}` and `${name.leaf}`
    /// for the parts of a dotted name, `${name.first}` and `${name.rest}` for those of a list. A
    /// field whose value was left out is left out.
    #[serde(rename = "match")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub matched: toml::Table,
}

/// An example, which a test applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateExample {
    /// The name of the dependent's file.
    #[serde(default = "python_file")]
    pub file: String,
    /// What was said.
    pub parameters: BTreeMap<String, String>,
    /// The dependent before.
    pub before: String,
    /// The dependent after.
    pub after: String,
    /// How the dependent is repaired.
    #[serde(default)]
    pub repaired: Repaired,
    /// The files of the old version.
    pub old: BTreeMap<String, String>,
    /// The files of the new version.
    pub new: BTreeMap<String, String>,
}

/// How a dependent is repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repaired {
    /// By applying the manifest.
    #[default]
    ByOnx,
    /// By an edit that is shown, and made when it is asked for.
    WhenAsked,
    /// By a person, who is told where.
    ByAPerson,
}

fn python_file() -> String {
    "dependent.py".to_owned()
}

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name, ".toml")))),*]
    };
}

/// The files of the library of templates, in the order in which they are listed.
pub(super) const FILES: &[(&str, &str)] = templates![
    "module-moved",
    "module-split",
    "file-moved",
    "class-renamed",
    "function-renamed",
    "method-renamed",
    "attribute-renamed",
    "parameter-renamed",
    "parameter-removed",
    "parameter-added",
    "parameter-required",
    "parameters-reordered",
    "parameters-keyword-only",
    "call-rewritten",
    "function-to-method",
    "method-to-attribute",
    "configuration-key-renamed",
    "name-removed",
];

/// Every template.
pub fn library() -> Result<Vec<Template>, Error> {
    FILES.iter().map(|(name, text)| parsed(name, text)).collect()
}

/// The template of this name.
pub fn find(name: &str) -> Result<Template, Error> {
    let found = FILES.iter().find(|(other, _)| *other == name);
    found.map_or_else(
        || {
            let message =
                format!("there is no template `{}`", name.chars().take(80).collect::<String>());
            let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
            Err(Error::user(ErrorCode::UsageError, message)
                .detail(names.join(", "))
                .hint("onx-manifest template list says what each is for"))
        },
        |(name, text)| parsed(name, text),
    )
}

fn parsed(name: &str, text: &str) -> Result<Template, Error> {
    let template: Template = toml::from_str(text).map_err(|error| {
        Error::internal(format!("the template `{name}` cannot be read")).caused_by(error)
    })?;
    Ok(Template { name: name.to_owned(), ..template })
}
