//! Orders what depends on each other.

use code_model::manifest::application_order;
use code_model::operation::Operation;
use run::{Node, RunContext};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Error, ErrorCode};

/// Sorts operations so that each comes after those that it depends on; names the circle where that
/// cannot be.
#[derive(Debug, Clone, Copy)]
pub struct DependencyResolver;

/// Operations in any order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OperationList {
    /// The operations.
    pub operations: Vec<Operation>,
}

/// Operations in the order of application.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OrderedOperations {
    /// The operations, each after those that it depends on.
    pub operations: Vec<Operation>,
}

impl Node for DependencyResolver {
    type Input = OperationList;
    type Output = OrderedOperations;
    type Error = Error;

    const NAME: &'static str = "dependency_resolver";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: OperationList) -> Result<OrderedOperations, Error> {
        let order = application_order(&input.operations).map_err(|cycle| {
            Error::user(ErrorCode::DependencyError, cycle.to_string())
                .hint("remove one of these dependencies from the manifest")
        })?;
        let mut slots: Vec<Option<Operation>> = input.operations.into_iter().map(Some).collect();
        let operations =
            order.into_iter().filter_map(|position| slots.get_mut(position)?.take()).collect();
        Ok(OrderedOperations { operations })
    }
}
