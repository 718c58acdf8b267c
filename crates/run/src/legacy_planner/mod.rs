//! The bridge to planners of the old kind, which are wrapped and never edited: each is a child
//! process behind the contract of a node. It reads `{"description": …}` and answers an object with
//! `goal` and `steps`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use artifact::{ErrorKind, FormatName, strict_json};
use host::{ChildCommand, Completed, Ending, ProcessError, Processes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Node, RecordError, RunContext, Task};

/// The format of a plan that tells how a task is to be done.
pub const TASK_PLAN_FORMAT: FormatName = FormatName { name: "task_plan", version: 1 };

/// How many steps a plan may have.
pub const STEP_LIMIT: usize = 1_000;

/// How many bytes an answer may have.
pub const ANSWER_LIMIT_BYTES: u64 = 1 << 20;

/// Under which name the metadata of a task holds what is known beside its objective.
const DETAILS: &str = "details";

/// Makes a class with the method `generate_plan(description)` a child process.
const BRIDGE: &str = include_str!("bridge.py");

/// How a task is to be done, as a planner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskPlan {
    /// Always `onx/task_plan/1`.
    pub format: String,
    /// What should be true when it is done.
    pub objective: String,
    /// What is done for it, in this order; each is a text or an object of the planner's own kind.
    pub steps: Vec<Value>,
}

impl TaskPlan {
    /// Under which name the metadata of a task holds how it is to be done.
    pub const METADATA: &str = "plan";

    /// Under which name it holds who had it planned: an envelope with a signature.
    pub const SIGNATURE_METADATA: &str = "plan_signature";

    /// How this task is to be done; none where nobody planned it.
    pub fn of_task(task: &Task) -> Option<Self> {
        serde_json::from_value(task.metadata.get(Self::METADATA)?.clone()).ok()
    }
}

/// A planner of the old kind as a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannerProgram {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working folder, from which the modules of a Python planner are imported.
    pub folder: PathBuf,
    /// Its environment: the user's own, for it has to reach what it always reached.
    pub environment: BTreeMap<OsString, OsString>,
    /// After this time it and its children are killed.
    pub timeout: Duration,
}

impl PlannerProgram {
    /// What `python`, the interpreter of the old code, is told so that `class`, which is
    /// `MODULE:CLASS`, answers as a planner.
    pub fn python_arguments(class: &str) -> Vec<OsString> {
        ["-c", BRIDGE, class].map(OsString::from).to_vec()
    }
}

/// Asks a planner of the old kind.
#[derive(Debug)]
pub struct LegacyPlanner<'a> {
    /// What starts it.
    pub processes: &'a dyn Processes,
    /// What is started.
    pub program: PlannerProgram,
}

/// A planner that gave no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlannerError {
    /// It could not be started.
    #[error("the planner cannot be started")]
    Start(#[from] ProcessError),
    /// It took too long.
    #[error("the planner gave no plan within {} s and was stopped", .0.as_secs())]
    TimedOut(Duration),
    /// It ended in another way than with success.
    #[error("the planner failed: {ending}")]
    Failed {
        /// How it ended.
        ending: String,
        /// The end of what it said about it.
        said: String,
    },
    /// It answered something that is no plan.
    #[error("the planner answered no plan: {0}")]
    Nonsense(String),
    /// The run in which it was asked cannot be recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl PlannerError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Start(error) if error.missing => ErrorKind::User,
            Self::Record(error) => error.kind(),
            _ => ErrorKind::Outside,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Start(_) => "name the planner's program, or --python the interpreter of the old \
                               code; the task is as it was"
                .to_owned(),
            Self::TimedOut(_) => "--timeout-s gives it longer; the task is as it was".to_owned(),
            Self::Failed { .. } => {
                "run the planner by itself; the task is as it was, and can be planned again"
                    .to_owned()
            }
            Self::Nonsense(_) => "a planner answers one JSON object with `goal`, a text, and \
                                  `steps`, a list; the task is as it was"
                .to_owned(),
            Self::Record(error) => error.hint(),
        }
    }
}

impl Node for LegacyPlanner<'_> {
    type Input = Task;
    type Output = TaskPlan;
    type Error = PlannerError;

    const NAME: &'static str = "legacy_planner";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, task: Task) -> Result<TaskPlan, PlannerError> {
        let PlannerProgram { program, arguments, folder, environment, timeout } = &self.program;
        let question = serde_json::json!({ "description": description(&task) });
        let completed = self.processes.run(&ChildCommand {
            program: program.clone(),
            arguments: arguments.clone(),
            folder: Some(folder.clone()),
            environment: environment.clone(),
            input: format!("{question}\n").into_bytes(),
            timeout: *timeout,
            output_limit_bytes: ANSWER_LIMIT_BYTES,
        })?;
        plan_of(&completed, *timeout)
    }
}

/// What an old planner is told: the objective, or else the title, then the details.
fn description(task: &Task) -> String {
    let objective = task.objective.as_deref().filter(|text| !text.trim().is_empty());
    let mut description = objective.unwrap_or(&task.title).to_owned();
    if let Some(details) = task.metadata.get(DETAILS) {
        let details = details.as_str().map_or_else(|| details.to_string(), str::to_owned);
        if !details.trim().is_empty() {
            description.push_str("\n\n");
            description.push_str(&details);
        }
    }
    description
}

/// The old result in the new form: its goal is the objective, its steps are the steps.
fn plan_of(completed: &Completed, timeout: Duration) -> Result<TaskPlan, PlannerError> {
    let ending = match completed.ending {
        Ending::Exited(0) => None,
        Ending::Exited(code) => Some(format!("exit code {code}")),
        Ending::Killed(signal) => Some(format!("killed by signal {signal}")),
        Ending::TimedOut => return Err(PlannerError::TimedOut(timeout)),
    };
    if let Some(ending) = ending {
        return Err(PlannerError::Failed { ending, said: end_of(&completed.stderr) });
    }
    let nonsense = |why: String| PlannerError::Nonsense(why);
    if completed.stdout.len() as u64 >= ANSWER_LIMIT_BYTES {
        return Err(nonsense(format!("it has {ANSWER_LIMIT_BYTES} bytes or more")));
    }
    let answer: Map<String, Value> = strict_json(&completed.stdout)
        .map_err(|error| nonsense(format!("it is no JSON object ({error})")))?;
    let objective = match answer.get("goal") {
        Some(Value::String(goal)) if !goal.trim().is_empty() => goal.clone(),
        Some(Value::String(_)) => return Err(nonsense("`goal` is empty".to_owned())),
        Some(_) => return Err(nonsense("`goal` is no text".to_owned())),
        None => return Err(nonsense("it has no `goal`".to_owned())),
    };
    let steps = match answer.get("steps") {
        Some(Value::Array(steps)) => steps.clone(),
        Some(_) => return Err(nonsense("`steps` is no list".to_owned())),
        None => return Err(nonsense("it has no `steps`".to_owned())),
    };
    if steps.is_empty() || steps.len() > STEP_LIMIT {
        return Err(nonsense(format!("it has {} steps, not 1 to {STEP_LIMIT}", steps.len())));
    }
    if let Some(place) = steps.iter().position(says_nothing) {
        let place = place + 1;
        return Err(nonsense(format!("step {place} is neither a text nor an object that says it")));
    }
    Ok(TaskPlan { format: TASK_PLAN_FORMAT.to_string(), objective, steps })
}

fn says_nothing(step: &Value) -> bool {
    match step {
        Value::String(text) => text.trim().is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => true,
    }
}

/// The last lines of what a program said.
fn end_of(output: &[u8]) -> String {
    const LINES: usize = 5;
    let text = String::from_utf8_lossy(output);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests;
