//! Signatures of callables and the rules by which a call binds to them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

/// How a parameter takes its argument, in the order in which Python requires the kinds to stand.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Before `/`: by position only.
    PositionalOnly,
    /// By position or by keyword.
    Positional,
    /// `*args`.
    VariadicPositional,
    /// After `*`: by keyword only.
    KeywordOnly,
    /// `**kwargs`.
    VariadicKeyword,
}

/// One parameter of a callable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
pub struct Parameter {
    /// The name without stars.
    pub name: Arc<str>,
    /// How it takes its argument.
    pub kind: ParameterKind,
    /// The default's source text, white space normalised; none when the argument is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Arc<str>>,
    /// The annotation's source text, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Arc<str>>,
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { name, kind, default, annotation } = self;
        if !serializer.is_human_readable() {
            return (name, kind, default, annotation).serialize(serializer);
        }
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("name", name)?;
        fields.serialize_entry("kind", kind)?;
        if default.is_some() {
            fields.serialize_entry("default", default)?;
        }
        if annotation.is_some() {
            fields.serialize_entry("annotation", annotation)?;
        }
        fields.end()
    }
}

impl Parameter {
    /// Whether a call must give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none()
            && !matches!(
                self.kind,
                ParameterKind::VariadicPositional | ParameterKind::VariadicKeyword
            )
    }

    /// Whether a call may give it by its name.
    pub fn takes_keyword(&self) -> bool {
        matches!(self.kind, ParameterKind::Positional | ParameterKind::KeywordOnly)
    }

    /// Whether a call may give it by its position.
    pub fn takes_position(&self) -> bool {
        matches!(self.kind, ParameterKind::PositionalOnly | ParameterKind::Positional)
    }
}

/// How a function inside a class receives its first argument.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// A plain function, or a static method: every parameter is the caller's.
    #[default]
    None,
    /// The first parameter is the instance.
    Instance,
    /// The first parameter is the class.
    Class,
}

/// The parameters of a callable as its definition writes them, `self` and `cls` included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema, Default)]
pub struct Signature {
    /// In source order.
    pub parameters: Vec<Parameter>,
    /// The return annotation's source text, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Arc<str>>,
    /// What the first parameter stands for.
    #[serde(default)]
    pub binding: Binding,
    /// Whether it is `async def`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_async: bool,
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { parameters, returns, binding, is_async } = self;
        if !serializer.is_human_readable() {
            return (parameters, returns, binding, is_async).serialize(serializer);
        }
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("parameters", parameters)?;
        if returns.is_some() {
            fields.serialize_entry("returns", returns)?;
        }
        fields.serialize_entry("binding", binding)?;
        if *is_async {
            fields.serialize_entry("is_async", is_async)?;
        }
        fields.end()
    }
}

impl Signature {
    /// The parameters that a caller gives: without the bound first one.
    pub fn caller_parameters(&self) -> &[Parameter] {
        match self.binding {
            Binding::None => &self.parameters,
            Binding::Instance | Binding::Class => match self.parameters.first() {
                Some(first) if first.takes_position() => &self.parameters[1..],
                _ => &self.parameters,
            },
        }
    }

    /// The caller's parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.caller_parameters().iter().find(|parameter| &*parameter.name == name)
    }

    /// Whether unknown keywords are swallowed by `**kwargs`.
    pub fn takes_any_keyword(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.kind == ParameterKind::VariadicKeyword)
    }

    /// Whether surplus positions are swallowed by `*args`.
    pub fn takes_any_position(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.kind == ParameterKind::VariadicPositional)
    }
}
