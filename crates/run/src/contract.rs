//! The contract of a node: what it is, what it takes and what it gives.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The four kinds of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NodeKind {
    /// Touches the world.
    Effect,
    /// Is pure: equal inputs give equal outputs.
    Compute,
    /// Owns state.
    Reducer,
    /// Orders other nodes.
    Orchestrator,
}

/// The content of a `contract.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The version of the contract's own form.
    pub contract_version: ContractVersion,
    /// The node's name, unique in the product.
    pub node_name: String,
    /// What kind of node it is, in capitals.
    pub node_type: NodeKind,
    /// What it does, in one sentence.
    pub description: String,
    /// What others may ask of it.
    pub capabilities: Vec<Capability>,
    /// The name of the model that it takes; defined under `definitions`.
    pub input_model: String,
    /// The name of the model that it gives; defined under `definitions`.
    pub output_model: String,
    /// Nodes that it needs.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// The fields of both models.
    pub definitions: BTreeMap<String, ModelDefinition>,
}

/// A version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractVersion {
    /// Changes when readers of the old form break.
    pub major: u32,
    /// Changes when something is added.
    pub minor: u32,
    /// Changes for corrections.
    pub patch: u32,
}

/// Something that a node can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name in snake case.
    pub name: String,
    /// What it promises, in one sentence.
    pub description: String,
}

/// A node that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The name of the needed node.
    pub name: String,
    /// Always `node`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is needed for.
    pub description: String,
}

/// The fields of a model: which there are, and which must be present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDefinition {
    /// The names of all fields, with the JSON type of each (`any` where there are several).
    pub properties: BTreeMap<String, String>,
    /// The names of the fields that are always there.
    #[serde(default)]
    pub required: BTreeSet<String>,
}

/// A text that is no contract.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The text is no YAML of the expected form.
    #[error("the contract cannot be read")]
    Form(#[source] Box<serde_saphyr::Error>),
    /// A model is named and not defined.
    #[error("the contract of `{node}` names the model `{model}` and does not define it")]
    UndefinedModel {
        /// The node.
        node: String,
        /// The model.
        model: String,
    },
}

impl Contract {
    /// Reads a contract and checks that the models which it names are defined in it.
    pub fn from_yaml(text: &str) -> Result<Self, ContractError> {
        let contract: Self =
            serde_saphyr::from_str(text).map_err(|error| ContractError::Form(Box::new(error)))?;
        for model in [&contract.input_model, &contract.output_model] {
            if !contract.definitions.contains_key(model) {
                return Err(ContractError::UndefinedModel {
                    node: contract.node_name.clone(),
                    model: model.clone(),
                });
            }
        }
        Ok(contract)
    }
}

/// The fields of a Rust type, as its JSON Schema has them: what a contract must say about it.
pub fn model_definition<T: JsonSchema>() -> ModelDefinition {
    let schema = schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    let schema = schema.as_value();
    let definitions = schema.get("$defs");
    let mut properties = BTreeMap::new();
    for (name, property) in
        schema.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten()
    {
        properties.insert(name.clone(), json_type(property, definitions, 0));
    }
    let required = schema.get("required").and_then(serde_json::Value::as_array);
    let required = required
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    ModelDefinition { properties, required }
}

fn json_type(
    property: &serde_json::Value,
    definitions: Option<&serde_json::Value>,
    depth: u8,
) -> String {
    if let Some(name) = property.get("type").and_then(serde_json::Value::as_str) {
        return name.to_owned();
    }
    if let Some(names) = property.get("type").and_then(serde_json::Value::as_array) {
        let mut plain =
            names.iter().filter_map(serde_json::Value::as_str).filter(|name| *name != "null");
        if let (Some(only), None) = (plain.next(), plain.next()) {
            return only.to_owned();
        }
    }
    let target = property
        .get("$ref")
        .and_then(serde_json::Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
        .and_then(|name| definitions?.get(name));
    match target {
        Some(target) if depth < 8 => json_type(target, definitions, depth + 1),
        _ => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
contract_version: {major: 1, minor: 0, patch: 0}
node_name: doubler
node_type: COMPUTE
description: Doubles a number.
capabilities:
  - {name: double, description: Gives twice the number.}
input_model: Number
output_model: Number
definitions:
  Number:
    properties: {value: integer, unit: string}
    required: [value]
";

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Number {
        value: i64,
        unit: Option<String>,
    }

    #[test]
    fn a_contract_says_what_the_type_says() {
        let contract = Contract::from_yaml(TEXT).expect("the text is a contract");
        assert_eq!(contract.node_type, NodeKind::Compute);
        assert_eq!(contract.definitions["Number"], model_definition::<Number>());
    }

    #[test]
    fn a_model_must_be_defined_and_fields_must_be_known() {
        let undefined = TEXT.replace("output_model: Number", "output_model: Text");
        assert!(matches!(
            Contract::from_yaml(&undefined),
            Err(ContractError::UndefinedModel { .. })
        ));
        let unknown = format!("{TEXT}colour: red\n");
        assert!(matches!(Contract::from_yaml(&unknown), Err(ContractError::Form(_))));
        let small = TEXT.replace("COMPUTE", "compute");
        assert!(Contract::from_yaml(&small).is_err());
    }
}
