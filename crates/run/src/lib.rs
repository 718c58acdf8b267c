//! Tasks and runs as values, units of work with a contract, and the walker that runs them one after
//! the other in one process.
//!
//! Nothing here knows what a node does: a node takes a value and gives a value, its contract says
//! of which models, and the walker writes into the journal of the run when it starts and how it
//! ends.

mod context;
mod contract;
mod journal;
mod lease;
mod legacy_planner;
mod plan;
mod record;
mod recorder;
mod task;
mod walker;

pub use context::{IdError, RunContext, RunId, TaskId, TraceId, WorkerId};
pub use contract::{
    Capability, Contract, ContractError, ContractVersion, Dependency, ModelDefinition, NodeKind,
    model_definition,
};
pub use journal::{
    ArtifactReference, Break, Event, Journal, JournalEntry, JournalError, JournalWriter,
    LINE_LIMIT_BYTES, RunState, StepState, TornEnd, read_journal,
};
pub use lease::{Fence, Lease, LeaseTerm};
pub use legacy_planner::{
    ANSWER_LIMIT_BYTES, LegacyPlanner, PlannerError, PlannerProgram, STEP_LIMIT, TASK_PLAN_FORMAT,
    TaskPlan,
};
pub use plan::{Plan, PlanError, RUN_PLAN_FORMAT, Work};
pub use record::{Run, RunStatus};
pub use recorder::{Durability, OutgoingEvent, RecordError, Recorder};
pub use task::{StatusError, Task, TaskStatus};
pub use walker::{Node, Observer, Outcome, Silent, Walker};
