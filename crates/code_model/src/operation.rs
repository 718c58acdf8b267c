//! What a dependent must do about a change.

use std::collections::BTreeMap;

use artifact::TreePath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DottedName;
use crate::evidence::{Confidence, Evidence};

/// The id of an operation inside its manifest: `OP` and at least three digits.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct OperationId(pub String);

impl std::fmt::Display for OperationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says in a schema what readers of manifests do: only names that start with `x-` extend a record.
pub(crate) fn tolerate_extensions(schema: &mut schemars::Schema) {
    schema.remove("additionalProperties");
    schema.insert("patternProperties".to_owned(), serde_json::json!({ "^x-": true }));
    schema.insert("unevaluatedProperties".to_owned(), serde_json::json!(false));
}

/// One thing that a dependent must do, with what speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = tolerate_extensions)]
pub struct Operation {
    /// Unique in the manifest.
    pub id: OperationId,
    /// What to do.
    #[serde(flatten)]
    pub change: Change,
    /// Its place in the order of application, from 1.
    pub sequence: u32,
    /// Operations whose new names `match` is written in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<OperationId>,
    /// What speaks for it.
    pub evidence: Evidence,
    /// How sure it is.
    pub confidence: Confidence,
    /// What applying it means.
    pub metadata: OperationMetadata,
    /// Extensions of others: names that start with `x-`.
    #[serde(flatten)]
    pub extensions: BTreeMap<String, serde_json::Value>,
}

/// What applying an operation means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationMetadata {
    /// Whether a dependent that does nothing breaks.
    pub breaking: bool,
    /// Whether the edit can be undone by its inverse.
    pub safe_rollback: bool,
    /// `low`, `medium` or `high`, by how many call sites the library itself has.
    pub estimated_impact: String,
    /// Whether applying it twice would change the result again, as with swaps and reused names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_repeatable: bool,
    /// Whether what it writes works in the old version as well, as far as that can be seen, so that
    /// a dependent need not give that version up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub works_before: bool,
    /// Why a person should look before it is applied, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What to do: the kind and its `match`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "match", deny_unknown_fields)]
pub enum Change {
    /// A module path changes; everything below it follows.
    #[serde(rename = "rename.import")]
    RenameImport {
        /// The old module path.
        from: DottedName,
        /// The new module path.
        to: DottedName,
    },
    /// A file named by its path moves: data, resources, configuration.
    #[serde(rename = "move.file")]
    MoveFile {
        /// The old path in the installed package.
        from: TreePath,
        /// The new path in the installed package.
        to: TreePath,
    },
    /// A class, constant or alias is renamed, moved or both; members of a class follow it.
    #[serde(rename = "rename.symbol")]
    RenameSymbol(NameMatch),
    /// A function is renamed, moved or both, or a method is renamed within its class.
    #[serde(rename = "rename.callable")]
    RenameCallable(NameMatch),
    /// A field, property, attribute or enumeration member is renamed, with its constructor keyword
    /// and key.
    #[serde(rename = "rename.attribute")]
    RenameAttribute {
        /// The class that defines it.
        class: DottedName,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// Whether the constructor takes it as a keyword that is renamed with it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keyword: bool,
    },
    /// A parameter is renamed.
    #[serde(rename = "arg.rename")]
    ArgRename {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The parameter.
        parameter: ParameterRename,
    },
    /// A parameter with a default is added; calls need no edit unless the default changes what they
    /// do.
    #[serde(rename = "arg.add_default")]
    ArgAddDefault {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The parameter.
        parameter: AddedParameter,
    },
    /// A parameter is removed.
    #[serde(rename = "arg.remove")]
    ArgRemove {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The parameter.
        parameter: RemovedParameter,
    },
    /// Parameters change their order: positional calls become keyword calls.
    #[serde(rename = "arg.reorder")]
    ArgReorder {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The caller's positional parameters in the old order, complete.
        from: Vec<String>,
        /// The new order of those that stay, by their old names, with what was put before them.
        to: Vec<String>,
    },
    /// Parameters no longer take positions: positional calls become keyword calls.
    #[serde(rename = "arg.keyword_only")]
    ArgKeywordOnly {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The caller's positional parameters in the old order, complete.
        positional: Vec<String>,
        /// Those of them that become keyword-only.
        parameters: Vec<String>,
    },
    /// A parameter without a default is added: every call must give it, which only a person can
    /// decide.
    #[serde(rename = "arg.add_required")]
    ArgAddRequired {
        /// The callable, as an access path; a class stands for its constructor.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The parameter.
        parameter: AddedParameter,
    },
    /// A call is written differently in the new API.
    #[serde(rename = "call.rewrite")]
    CallRewrite {
        /// The old callable, as an access path.
        callable: DottedName,
        /// The class of the receiver, when the callable is a method.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receiver: Option<DottedName>,
        /// The old parameters in order, as the template names them; a leading `*` or `**` is kept,
        /// and `/` and `*` stand where they do in a signature.
        parameters: Vec<String>,
        /// What is written for a parameter that a call does not give; one that is not listed is
        /// left out with its keyword.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        defaults: BTreeMap<String, String>,
        /// A Python expression over the parameters; dotted names of the new version are written in
        /// full, and `self` stands for the receiver.
        template: String,
    },
    /// A configuration key is renamed.
    #[serde(rename = "config.key_rename")]
    ConfigKeyRename {
        /// The old key.
        from: String,
        /// The new key.
        to: String,
        /// The class, table or file that holds the key in the library.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<String>,
    },
    /// A public name is gone without a successor.
    #[serde(rename = "symbol.remove")]
    SymbolRemove {
        /// The access path that no longer resolves.
        name: DottedName,
    },
}

/// An old name and a new one, for symbols and callables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameMatch {
    /// The module through which dependents reach the old name; none for members of a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<DottedName>,
    /// The class that defines the old name, for methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<DottedName>,
    /// The old name, one identifier.
    pub from: String,
    /// The new name, one identifier.
    pub to: String,
    /// The module of the new name when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_module: Option<DottedName>,
}

impl NameMatch {
    /// The complete old name: access path or member path.
    pub fn old(&self) -> Option<DottedName> {
        let holder = self.module.as_ref().or(self.class.as_ref())?;
        DottedName::new(&format!("{holder}.{}", self.from)).ok()
    }

    /// The complete new name.
    pub fn new_name(&self) -> Option<DottedName> {
        let holder = self.to_module.as_ref().or(self.module.as_ref()).or(self.class.as_ref())?;
        DottedName::new(&format!("{holder}.{}", self.to)).ok()
    }
}

/// A renamed parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterRename {
    /// The old keyword.
    pub from: String,
    /// The new keyword.
    pub to: String,
    /// The new default's source text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the new version requires it.
    #[serde(default)]
    pub required: bool,
}

/// An added parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddedParameter {
    /// The keyword.
    pub name: String,
    /// The default's source text; none when it is required, and when a stub does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The value that keeps the old behaviour, when the default does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_behaviour: Option<String>,
}

/// A removed parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovedParameter {
    /// The keyword.
    pub name: String,
    /// Its place among the caller's positional parameters, from 0, when it took a position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
}

impl Change {
    /// The kind as manifests write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RenameImport { .. } => "rename.import",
            Self::MoveFile { .. } => "move.file",
            Self::RenameSymbol(_) => "rename.symbol",
            Self::RenameCallable(_) => "rename.callable",
            Self::RenameAttribute { .. } => "rename.attribute",
            Self::ArgRename { .. } => "arg.rename",
            Self::ArgAddDefault { .. } => "arg.add_default",
            Self::ArgRemove { .. } => "arg.remove",
            Self::ArgReorder { .. } => "arg.reorder",
            Self::ArgKeywordOnly { .. } => "arg.keyword_only",
            Self::ArgAddRequired { .. } => "arg.add_required",
            Self::CallRewrite { .. } => "call.rewrite",
            Self::ConfigKeyRename { .. } => "config.key_rename",
            Self::SymbolRemove { .. } => "symbol.remove",
        }
    }

    /// Every kind that this version of onx knows; the first eight are known to every reader.
    pub const KINDS: [&'static str; 14] = [
        "rename.import",
        "move.file",
        "rename.symbol",
        "rename.callable",
        "arg.rename",
        "arg.add_default",
        "arg.remove",
        "config.key_rename",
        "arg.add_required",
        "arg.keyword_only",
        "arg.reorder",
        "call.rewrite",
        "rename.attribute",
        "symbol.remove",
    ];
}

impl std::fmt::Display for Change {
    /// Old → new, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RenameImport { from, to } => write!(f, "{from} → {to}"),
            Self::MoveFile { from, to } => write!(f, "{from} → {to}"),
            Self::RenameSymbol(name) | Self::RenameCallable(name) => {
                let holder = name.module.as_ref().or(name.class.as_ref());
                let to_holder = name.to_module.as_ref().or(holder);
                for (before, holder, leaf) in
                    [("", holder, &name.from), (" → ", to_holder, &name.to)]
                {
                    f.write_str(before)?;
                    if let Some(holder) = holder {
                        write!(f, "{holder}.")?;
                    }
                    f.write_str(leaf)?;
                }
                Ok(())
            }
            Self::RenameAttribute { class, from, to, .. } => {
                write!(f, "{class}.{from} → {class}.{to}")
            }
            Self::ArgRename { callable, parameter, .. } => {
                write!(f, "{callable}({} → {})", parameter.from, parameter.to)
            }
            Self::ArgAddDefault {
                callable,
                parameter: AddedParameter { name, default: Some(new), old_behaviour: Some(old) },
                ..
            } => write!(f, "{callable}({name}={old} → {new})"),
            Self::ArgAddDefault { callable, parameter, .. }
            | Self::ArgAddRequired { callable, parameter, .. } => match &parameter.default {
                Some(default) => write!(f, "{callable}(+ {}={default})", parameter.name),
                None => write!(f, "{callable}(+ {})", parameter.name),
            },
            Self::ArgRemove { callable, parameter, .. } => {
                write!(f, "{callable}(− {})", parameter.name)
            }
            Self::ArgReorder { callable, from, to, .. } => {
                write!(f, "{callable}({} → {})", from.join(", "), to.join(", "))
            }
            Self::ArgKeywordOnly { callable, parameters, .. } => {
                write!(f, "{callable}(*, {})", parameters.join(", "))
            }
            Self::CallRewrite { callable, parameters, template, .. } => {
                write!(f, "{callable}({}) → {template}", parameters.join(", "))
            }
            Self::ConfigKeyRename { from, to, .. } => write!(f, "{from} → {to}"),
            Self::SymbolRemove { name } => write!(f, "{name} is gone"),
        }
    }
}
