#![expect(clippy::disallowed_methods, reason = "the planners are files that the tests write")]

use host::SystemProcesses;

use super::*;
use crate::{Contract, NodeKind, RunId, TaskId, TaskStatus, TraceId, model_definition};

fn task(objective: Option<&str>, details: Option<Value>) -> Task {
    Task {
        task_id: TaskId::new("TASK-1").expect("an id"),
        title: "Move billing".to_owned(),
        objective: objective.map(str::to_owned),
        status: TaskStatus::Todo,
        created_at: None,
        metadata: details.map(|details| (DETAILS.to_owned(), details)).into_iter().collect(),
        schema_version: Task::SCHEMA_VERSION,
    }
}

fn ask(
    program: &str,
    arguments: Vec<OsString>,
    folder: PathBuf,
    timeout_s: u64,
) -> Result<TaskPlan, PlannerError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let planner = LegacyPlanner {
        processes: &SystemProcesses,
        program: PlannerProgram {
            program: PathBuf::from(program),
            arguments,
            folder,
            environment: BTreeMap::from([("PATH".into(), path)]),
            timeout: Duration::from_secs(timeout_s),
        },
    };
    let context = RunContext::new(
        TaskId::new("TASK-1").expect("an id"),
        RunId::new("TASK-1-run-01").expect("an id"),
        PathBuf::new(),
        TraceId::new("t").expect("an id"),
    );
    planner.process(&context, task(Some("No call of the old name"), Some("only billing/".into())))
}

fn ask_shell(script: &str, timeout_s: u64) -> Result<TaskPlan, PlannerError> {
    ask("sh", vec!["-c".into(), script.into()], std::env::temp_dir(), timeout_s)
}

fn ask_python(code: &str) -> Result<TaskPlan, PlannerError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("old_bridge.py"), code).expect("a file");
    let arguments = PlannerProgram::python_arguments("old_bridge:OldBridge");
    ask("python3", arguments, folder.path().to_owned(), 60)
}

#[test]
fn a_description_is_the_objective_and_the_details() {
    assert_eq!(description(&task(None, None)), "Move billing");
    assert_eq!(description(&task(Some("  "), Some("".into()))), "Move billing");
    assert_eq!(description(&task(Some("None is left"), Some("all".into()))), "None is left\n\nall");
    let details = serde_json::json!({"package": "billing"});
    let described = description(&task(None, Some(details)));
    assert_eq!(described, "Move billing\n\n{\"package\":\"billing\"}");
}

#[test]
fn a_planner_that_waits_and_prints_is_understood() {
    let plan = ask_python(
        "class OldBridge:\n    async def generate_plan(self, description):\n        \
         print('thinking')\n        return {'goal': description, 'agents': 2, \
         'steps': ['look', {'tool': 'edit', 'n': 1}]}\n",
    );
    let plan = plan.expect("a plan");
    assert_eq!(plan.format, "onx/task_plan/1");
    assert_eq!(plan.objective, "No call of the old name\n\nonly billing/");
    let steps = [serde_json::json!("look"), serde_json::json!({"tool": "edit", "n": 1})];
    assert_eq!(plan.steps, steps);
}

#[test]
fn a_result_with_fields_is_read_by_its_fields() {
    let plan = ask_python(
        "import dataclasses\n@dataclasses.dataclass\nclass Old:\n    goal: str\n    steps: list\n\
         class OldBridge:\n    def generate_plan(self, description):\n        \
         return Old('g', ['s'])\n",
    );
    assert_eq!(plan.expect("a plan").steps, ["s"]);
}

#[test]
fn a_planner_that_fails_is_told_with_what_it_said() {
    let failed = ask_python("class OldBridge:\n    def generate_plan(self, d):\n        1 / 0\n");
    match failed {
        Err(PlannerError::Failed { ending, said }) => {
            assert_eq!(ending, "exit code 1");
            assert!(said.ends_with("ZeroDivisionError: division by zero"), "{said}");
        }
        other => panic!("{other:?}"),
    }
    let killed = ask_shell("kill -9 $$", 60).expect_err("killed");
    assert_eq!(killed.to_string(), "the planner failed: killed by signal 9");
    let missing = ask("there-is-no-planner", Vec::new(), std::env::temp_dir(), 60);
    let missing = missing.expect_err("no program");
    assert_eq!(missing.kind(), ErrorKind::User);
}

#[test]
fn nonsense_is_no_plan() {
    let many = format!("{{\"goal\":\"g\",\"steps\":[{}\"s\"]}}", "\"s\",".repeat(STEP_LIMIT));
    let nested = format!("{{\"goal\":\"g\",\"steps\":[{}", "[".repeat(100_000));
    let cases = [
        ("", "it is no JSON object"),
        ("thinking {\"goal\": \"g\"}", "it is no JSON object"),
        ("[\"goal\", \"steps\"]", "it is no JSON object"),
        ("{\"goal\":\"g\",\"goal\":\"h\",\"steps\":[\"s\"]}", "it is no JSON object"),
        ("{\"goal\":\"g\",\"steps\":[\"s\"]} more", "it is no JSON object"),
        (&nested, "it is no JSON object"),
        ("{\"steps\":[\"s\"]}", "it has no `goal`"),
        ("{\"goal\":7,\"steps\":[\"s\"]}", "`goal` is no text"),
        ("{\"goal\":\" \",\"steps\":[\"s\"]}", "`goal` is empty"),
        ("{\"goal\":\"g\"}", "it has no `steps`"),
        ("{\"goal\":\"g\",\"steps\":\"s\"}", "`steps` is no list"),
        ("{\"goal\":\"g\",\"steps\":[]}", "it has 0 steps, not 1 to 1000"),
        (&many, "it has 1001 steps, not 1 to 1000"),
        ("{\"goal\":\"g\",\"steps\":[\"s\",null]}", "step 2 is neither"),
        ("{\"goal\":\"g\",\"steps\":[{}]}", "step 1 is neither"),
    ];
    for (answer, why) in cases {
        let completed = Completed {
            ending: Ending::Exited(0),
            stdout: answer.as_bytes().to_vec(),
            stderr: Vec::new(),
            truncated: false,
        };
        let error = plan_of(&completed, Duration::from_secs(1)).expect_err(answer);
        let expected = format!("the planner answered no plan: {why}");
        assert!(error.to_string().starts_with(&expected), "{answer}: {error}");
    }
    let endless = ask_shell("yes", 1).expect_err("it does not end");
    assert!(matches!(endless, PlannerError::TimedOut(_)), "{endless}");
    let invalid = ask_shell("printf '\\377'", 60).expect_err("no text");
    assert!(matches!(invalid, PlannerError::Nonsense(_)), "{invalid}");
}

#[test]
fn the_contract_says_what_the_types_say() {
    let contract = LegacyPlanner::contract().expect("a contract");
    assert_eq!(contract.node_name, LegacyPlanner::NAME);
    assert_eq!(contract.node_type, NodeKind::Effect);
    assert_eq!(contract.definitions["Task"], model_definition::<Task>());
    assert_eq!(contract.definitions["TaskPlan"], model_definition::<TaskPlan>());
    assert!(Contract::from_yaml(LegacyPlanner::CONTRACT).is_ok());
}
