//! `tasks plan`.

use std::time::Duration;

use artifact::Digest;
use code_line::nodes::command_context;
use code_line::signed_plan::{PlannedPart, sign_part};
use code_line::{Error, ErrorCode};
use run::{LegacyPlanner, PlannerError, PlannerProgram, Task, TaskPlan, TaskStatus, Walker};
use serde_json::{Map, Value};
use store::{SignedPlan, StoreError};

use super::Context;
use super::tasks::{causes, open, plan_text, refused};
use crate::Answer;
use crate::arguments::TaskPlanArguments;

/// Asks the planner and keeps its plan with the task. Until then nothing is written, so whatever
/// ends it leaves the task as it was.
pub(super) fn plan(context: &Context<'_>, arguments: &TaskPlanArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let task = store.task(&arguments.task).map_err(refused)?;
    let task = task.ok_or_else(|| refused(StoreError::NoTask(arguments.task.clone())))?;
    // The store asks the same once more; a planner may cost much, and this one for nothing.
    if task.status != TaskStatus::Todo {
        return Err(refused(StoreError::TaskChanged(task.task_id)));
    }
    let planner = LegacyPlanner {
        processes: &*context.world.processes,
        program: program(context, arguments),
    };
    // By its id alone: what was imported may hold numbers that have no canonical form.
    let inputs = Digest::of(task.task_id.as_str().as_bytes());
    let folder = &context.world.folders.state;
    let walked = command_context("plan", &inputs, folder)?;
    let plan = Walker::new(walked, &context.timings).step(&planner, task.clone());
    let plan = plan.map_err(no_plan)?;
    let signature = signature(context, &task, &plan)?;
    let signed = SignedPlan { plan: &plan, signature: &signature };
    let task = store.plan_task(&task, signed).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&task)?;
    } else {
        context.output.result(&plan_text(context, &task)?)?;
    }
    Ok(Answer::Yes)
}

/// The signature of whoever had the task planned.
fn signature(context: &Context<'_>, task: &Task, plan: &TaskPlan) -> Result<Value, Error> {
    let plan = serde_json::to_value(plan)
        .map_err(|error| Error::internal("a plan has no JSON form").caused_by(error))?;
    if let Err(error) = artifact::canonical_json(&plan) {
        let message = format!("the planner answered no plan: {error}");
        return Err(Error::outside(ErrorCode::TaskError, message, error)
            .hint("let the planner write that number as a text"));
    }
    let mut metadata = Map::from_iter([(TaskPlan::METADATA.to_owned(), plan)]);
    sign_part(&context.world, PlannedPart::Plan, &mut metadata, task.task_id.as_str())?;
    metadata
        .remove(TaskPlan::SIGNATURE_METADATA)
        .ok_or_else(|| Error::internal("a plan was signed and has no signature"))
}

fn program(context: &Context<'_>, arguments: &TaskPlanArguments) -> PlannerProgram {
    let environment = &context.world.environment;
    let owned = |text: &std::ffi::OsStr| text.to_owned();
    let (program, rest) = match (&arguments.class, &arguments.program[..]) {
        (Some(class), _) => (arguments.python.clone(), PlannerProgram::python_arguments(class)),
        (None, [program, rest @ ..]) => (program.into(), rest.to_vec()),
        (None, []) => (arguments.python.clone(), Vec::new()),
    };
    // A path counts from here and not from the folder in which the planner works.
    let program =
        if program.components().count() > 1 { environment.absolute(program) } else { program };
    PlannerProgram {
        program,
        arguments: rest,
        folder: environment.absolute(arguments.folder.as_deref().unwrap_or(".".as_ref())),
        environment: environment
            .variables()
            .map(|(name, value)| (owned(name), owned(value)))
            .collect(),
        timeout: Duration::from_secs(arguments.timeout_s),
    }
}

fn no_plan(error: PlannerError) -> Error {
    let refused =
        Error::new(error.kind(), ErrorCode::TaskError, error.to_string()).hint(error.hint());
    let refused = causes(&error).into_iter().skip(1).fold(refused, Error::detail);
    match error {
        PlannerError::Failed { said, .. } if !said.is_empty() => refused.detail(said),
        _ => refused,
    }
}
