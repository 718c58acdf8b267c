//! Units of work with a contract, and the walker that runs them one after the other in one process.
//!
//! Nothing here knows what a node does: a node takes a value and gives a value, its contract says
//! of which models, and the walker tells an observer when it starts and how it ends.

mod context;
mod contract;
mod walker;

pub use context::{IdError, RunContext, RunId, TaskId, TraceId};
pub use contract::{
    Capability, Contract, ContractError, ContractVersion, Dependency, ModelDefinition, NodeKind,
    model_definition,
};
pub use walker::{Node, Observer, Outcome, Silent, Walker};
