//! `tasks` and `runs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::Finding;
use code_line::signed_plan::{PlannedPart, signature_of_part};
use code_line::trust::SignatureState;
use code_line::{Error, ErrorCode};
use run::{
    JournalError, JournalWriter, Run, RunState, RunStatus, Task, TaskPlan, TaskStatus, Work,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Import, ImportReport, NewTask, Recovery, SqliteStore, Store, StoreError};

use super::Context;
use crate::Answer;
use crate::arguments::{
    ImportLegacyArguments, RunListArguments, RunShowArguments, RunsCommand, StoreArguments,
    TaskAddArguments, TaskArchiveArguments, TaskListArguments, TaskShowArguments, TasksCommand,
};
use crate::words::{Lines, amount};

/// What `tasks show --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaskAnswer {
    /// The task.
    pub task: Task,
    /// Its runs, in the order in which they began.
    pub runs: Vec<Run>,
}

/// What `runs show --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunAnswer {
    /// The run, as the store lists it.
    pub run: Run,
    /// What its journal says; none where there is no journal.
    pub journal: Option<RunState>,
    /// What the two do not agree about, and what else is odd.
    pub findings: Vec<Finding>,
}

/// What `tasks import-legacy --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImportAnswer {
    /// Whether everything had been imported before.
    pub unchanged: bool,
    /// What was done, now or then.
    pub report: ImportReport,
}

pub(crate) fn tasks(context: &Context<'_>, command: &TasksCommand) -> Result<Answer, Error> {
    match command {
        TasksCommand::Add(arguments) => add(context, arguments),
        TasksCommand::List(arguments) => list(context, arguments),
        TasksCommand::Show(arguments) => show(context, arguments),
        TasksCommand::Plan(arguments) => super::planner::plan(context, arguments),
        TasksCommand::Archive(arguments) => archive(context, arguments),
        TasksCommand::ImportLegacy(arguments) => import_legacy(context, arguments),
    }
}

pub(crate) fn runs(context: &Context<'_>, command: &RunsCommand) -> Result<Answer, Error> {
    match command {
        RunsCommand::List(arguments) => list_runs(context, arguments),
        RunsCommand::Show(arguments) => show_run(context, arguments),
        RunsCommand::Resume(arguments) => super::runs::resume(context, arguments),
        RunsCommand::Abandon(arguments) => super::runs::abandon(context, arguments),
        RunsCommand::Tail(arguments) => super::runs::tail(context, arguments),
    }
}

/// The store that the user named, which must be there, or the one in the state folder.
pub(super) fn open(
    context: &Context<'_>,
    arguments: &StoreArguments,
) -> Result<Arc<dyn Store>, Error> {
    let world = &context.world;
    let absolute = |path: &Path| world.environment.absolute(path);
    let opened = match &arguments.store {
        Some(url) if url.to_string_lossy().contains("://") => match &arguments.workspaces {
            Some(folder) => store::open(url, &absolute(folder)),
            None => store::open_below(url, &world.folders.state),
        },
        _ if arguments.workspaces.is_some() => {
            let message = "only a store in PostgreSQL is told where its workspaces are";
            let hint = "leave out --workspaces and ONX_WORKSPACES: a file has them beside it";
            return Err(Error::user(ErrorCode::StoreError, message).hint(hint));
        }
        Some(path) => store::open(&absolute(path), Path::new("")),
        None => SqliteStore::open_or_create(&world.folders.state.join("onx.db"))
            .map(|store| Box::new(store) as Box<dyn Store>),
    };
    Ok(Arc::from(opened.map_err(refused)?))
}

/// An error of the store in the words of the command line.
pub(super) fn refused(error: StoreError) -> Error {
    let code = if error.is_about_a_task() { ErrorCode::TaskError } else { ErrorCode::StoreError };
    let refused = Error::new(error.kind(), code, error.to_string()).hint(error.hint());
    match std::error::Error::source(&error) {
        Some(source) => causes(source).into_iter().fold(refused, Error::detail),
        None => refused,
    }
}

pub(super) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let rest = error.source().map(causes).unwrap_or_default();
    std::iter::once(error.to_string()).chain(rest).collect()
}

fn add(context: &Context<'_>, arguments: &TaskAddArguments) -> Result<Answer, Error> {
    let new = NewTask {
        task_id: arguments.id.clone(),
        title: arguments.title.clone(),
        objective: arguments.objective.clone(),
        metadata: metadata(&arguments.values)?,
        created_at: context.world.clock.now(),
    };
    let task = open(context, &arguments.store)?.add_task(&new).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&task)?;
    } else {
        context.output.result(&format!("{}  {}  {}\n", task.task_id, task.status, task.title))?;
    }
    Ok(Answer::Yes)
}

fn metadata(values: &[String]) -> Result<Map<String, Value>, Error> {
    let mut metadata = Map::new();
    for value in values {
        let wrong = |message| Error::user(ErrorCode::UsageError, message);
        let Some((name, text)) = value.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(wrong(format!("`--set {value}` is no NAME=VALUE")));
        };
        let kept = artifact::strict_json(text.as_bytes());
        let kept = kept.unwrap_or_else(|_| Value::String(text.to_owned()));
        if metadata.insert(name.to_owned(), kept).is_some() {
            return Err(wrong(format!("`{name}` is set twice")));
        }
    }
    Ok(metadata)
}

fn list(context: &Context<'_>, arguments: &TaskListArguments) -> Result<Answer, Error> {
    let statuses: Vec<TaskStatus> = match (&arguments.status[..], arguments.all) {
        ([], true) => TaskStatus::ALL.to_vec(),
        ([], false) => {
            TaskStatus::ALL.iter().copied().filter(|it| *it != TaskStatus::Archived).collect()
        }
        (named, _) => named.to_vec(),
    };
    let tasks = open(context, &arguments.store)?.tasks(&statuses).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&tasks)?;
        return Ok(Answer::Yes);
    }
    let mut lines = Lines::default();
    for task in &tasks {
        let created = task.created_at.map(|at| at.to_string()).unwrap_or_default();
        let (id, status) = (task.task_id.to_string(), task.status.to_string());
        lines.push([id, status, created, task.title.clone()]);
    }
    let text = lines.finish();
    context.output.result(if tasks.is_empty() { "there is no task\n" } else { &text })?;
    Ok(Answer::Yes)
}

fn show(context: &Context<'_>, arguments: &TaskShowArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let task = store.task(&arguments.task).map_err(refused)?;
    let task = task.ok_or_else(|| refused(StoreError::NoTask(arguments.task.clone())))?;
    let runs = store.runs(Some(&task.task_id)).map_err(refused)?;
    let answer = TaskAnswer { task, runs };
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&task_text(context, &answer)?)?;
    }
    Ok(Answer::Yes)
}

fn task_text(context: &Context<'_>, answer: &TaskAnswer) -> Result<String, Error> {
    let TaskAnswer { task, runs } = answer;
    let mut lines = Lines::default();
    let mut push = |name: &str, value: String| lines.push([name.to_owned(), value]);
    push("task", task.task_id.to_string());
    push("title", task.title.clone());
    push("status", task.status.to_string());
    if let Some(objective) = &task.objective {
        push("objective", objective.clone());
    }
    if let Some(at) = task.created_at {
        push("created", at.to_string());
    }
    let is_planned = TaskPlan::of_task(task).is_some();
    let is_work = Work::of_metadata(&task.metadata).is_some();
    for (name, value) in &task.metadata {
        // The title says what the work is, and the plan has lines of its own.
        let is_told = match name.as_str() {
            Work::METADATA => is_work,
            TaskPlan::METADATA => is_planned,
            other => [Work::SIGNATURE_METADATA, TaskPlan::SIGNATURE_METADATA].contains(&other),
        };
        if !is_told {
            push(&format!("  {name}"), value_text(value)?);
        }
    }
    if is_work {
        push("asked for", signature_text(context, PlannedPart::Work, task)?);
    }
    if runs.is_empty() {
        push("runs", "none yet".to_owned());
    }
    Ok(lines.finish() + &run_lines(runs) + &plan_text(context, task)?)
}

/// A plan as a person reads it: what should be true in the end, who says so, then what is done for
/// it; nothing where there is none.
pub(super) fn plan_text(context: &Context<'_>, task: &Task) -> Result<String, Error> {
    let Some(plan) = TaskPlan::of_task(task) else { return Ok(String::new()) };
    let mut lines = Lines::default();
    lines.push(["plan".to_owned(), plan.objective.clone()]);
    lines.push(["planned".to_owned(), signature_text(context, PlannedPart::Plan, task)?]);
    for (place, step) in plan.steps.iter().enumerate() {
        lines.push([format!("  {}", place + 1), value_text(step)?]);
    }
    Ok(lines.finish())
}

fn signature_text(context: &Context<'_>, part: PlannedPart, task: &Task) -> Result<String, Error> {
    let state = signature_of_part(&context.world, part, task)?;
    Ok(match &state {
        SignatureState::Broken { why } => format!("{}: {why}", state.words()),
        _ => state.words(),
    })
}

fn value_text(value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => serde_json::to_string(other)
            .map_err(|error| Error::internal("a value has no JSON form").caused_by(error)),
    }
}

fn run_lines(runs: &[Run]) -> String {
    let mut lines = Lines::default();
    for run in runs {
        let created = run.created_at.map(|at| at.to_string()).unwrap_or_default();
        let (id, status) = (run.run_id.to_string(), run.status.to_string());
        lines.push([id, status, created, run.run_path.clone()]);
    }
    lines.finish()
}

fn archive(context: &Context<'_>, arguments: &TaskArchiveArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let task = store.archive_task(&arguments.task).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&task)?;
    } else {
        context.output.result(&format!("{}  {}  {}\n", task.task_id, task.status, task.title))?;
    }
    Ok(Answer::Yes)
}

fn list_runs(context: &Context<'_>, arguments: &RunListArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    if let Some(task) = &arguments.task
        && store.task(task).map_err(refused)?.is_none()
    {
        return Err(refused(StoreError::NoTask(task.clone())));
    }
    let runs = store.runs(arguments.task.as_ref()).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&runs)?;
        return Ok(Answer::Yes);
    }
    let text = listed_runs(&*store, &runs)?;
    context.output.result(if runs.is_empty() { "there is no run\n" } else { &text })?;
    Ok(Answer::Yes)
}

/// Each run with what its task is about.
fn listed_runs(store: &dyn Store, runs: &[Run]) -> Result<String, Error> {
    let tasks = store.tasks(TaskStatus::ALL).map_err(refused)?;
    let titles: BTreeMap<_, _> =
        tasks.iter().map(|task| (&task.task_id, task.title.as_str())).collect();
    let mut lines = Lines::default();
    for run in runs {
        let created = run.created_at.map(|at| at.to_string()).unwrap_or_default();
        let title = titles.get(&run.task_id).copied().unwrap_or_default().to_owned();
        lines.push([run.run_id.to_string(), run.status.to_string(), created, title]);
    }
    Ok(lines.finish())
}

fn show_run(context: &Context<'_>, arguments: &RunShowArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let run = store.run(&arguments.run).map_err(refused)?;
    let run = run.ok_or_else(|| refused(StoreError::NoRun(arguments.run.clone())))?;
    let journal = journal(context, &*store, &run)?;
    let answer = compared(run, journal);
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&run_text(&answer))?;
    }
    let broken = answer.findings.iter().any(|it| it.severity == artifact::Severity::Error);
    Ok(if broken { Answer::No } else { Answer::Yes })
}

/// A journal that cannot be read, in the words of the command line.
pub(super) fn journal_error(error: JournalError) -> Error {
    let refused = Error::new(error.kind(), ErrorCode::StoreError, error.to_string());
    let refused = refused.hint(error.hint());
    let source = std::error::Error::source(&error).map(causes).unwrap_or_default();
    source.into_iter().fold(refused, Error::detail)
}

/// What the journal of a run says; none where there is none.
fn journal(context: &Context<'_>, store: &dyn Store, run: &Run) -> Result<Option<RunState>, Error> {
    let Some(folder) = store.run_folder(run) else { return Ok(None) };
    let files = &*context.world.files;
    let journal = JournalWriter::read(files, &folder, &run.run_id).map_err(journal_error)?;
    Ok((journal != run::Journal::default()).then(|| RunState::of(&journal)))
}

/// The run with what it and its journal do not agree about. The journal is written first, so it may
/// be one step ahead.
fn compared(run: Run, journal: Option<RunState>) -> RunAnswer {
    let mut findings = journal.iter().flat_map(|state| state.findings.clone()).collect::<Vec<_>>();
    if let Some(state) = &journal {
        let ahead = run.status.next().contains(&state.status);
        if state.status != run.status {
            let message = format!("the store says {}, the journal {}", run.status, state.status);
            let severity = if ahead { artifact::Severity::Note } else { artifact::Severity::Error };
            findings.push(Finding::new(severity, "journal-disagrees", message));
        }
    }
    RunAnswer { run, journal, findings }
}

fn run_text(answer: &RunAnswer) -> String {
    let RunAnswer { run, journal, findings } = answer;
    let mut lines = Lines::default();
    let mut push = |name: &str, value: String| lines.push([name.to_owned(), value]);
    push("run", run.run_id.to_string());
    push("task", run.task_id.to_string());
    push("status", run.status.to_string());
    push("folder", run.run_path.clone());
    if let Some(at) = run.created_at {
        push("created", at.to_string());
    }
    match journal {
        None => push("journal", "there is none".to_owned()),
        Some(state) => {
            let last = state.last_at.map(|at| format!(", last at {at}")).unwrap_or_default();
            push("journal", format!("{}{last}", state.status));
            if let (RunStatus::Failed, Some(reason)) = (state.status, &state.reason) {
                push("reason", reason.clone());
            }
            for (node, step) in &state.steps {
                let word = step.word.as_deref().unwrap_or("not ended");
                push(&format!("  {node}"), word.to_owned());
            }
            for artifact in &state.artifacts {
                push(&format!("  {}", artifact.path), artifact.digest.to_string());
            }
        }
    }
    let mut out = lines.finish();
    for finding in findings {
        out.push_str(&format!("{:?}: {}\n", finding.severity, finding.message).to_lowercase());
    }
    out
}

fn import_legacy(
    context: &Context<'_>,
    arguments: &ImportLegacyArguments,
) -> Result<Answer, Error> {
    let environment = &context.world.environment;
    let request = Import {
        database: environment.absolute(&arguments.db),
        workspaces: environment.absolute(&arguments.workspaces),
    };
    let files = &*context.world.files;
    if arguments.recover {
        let recovery = store::recover(&request, files).map_err(refused)?;
        if context.output.is_json() {
            context.output.json(&recovery)?;
        } else {
            context.output.result(&recovery_text(&recovery))?;
        }
        return Ok(Answer::Yes);
    }
    let outcome = store::import(&request, files).map_err(refused)?;
    if context.output.is_json() {
        let (unchanged, report) = (outcome.unchanged, outcome.report);
        context.output.json(&ImportAnswer { unchanged, report })?;
    } else {
        context.output.result(&import_text(&outcome.report, outcome.unchanged))?;
        context.output.note(&next_text(&arguments.db));
    }
    Ok(Answer::Yes)
}

fn next_text(database: &Path) -> String {
    format!("next  onx tasks list --store {}\n", database.display())
}

fn import_text(report: &ImportReport, unchanged: bool) -> String {
    let mut out = if unchanged {
        "nothing to do: it was imported before\n".to_owned()
    } else {
        String::new()
    };
    out.push_str(&format!(
        "{} and {} from {}\n",
        amount(report.tasks, "task", "tasks"),
        amount(report.runs, "run", "runs"),
        report.database
    ));
    let mut lines = Lines::default();
    for count in &report.statuses {
        let from = count.from.as_deref().unwrap_or("(no status)");
        lines.push([format!("  {from} → {}", count.to), count.tasks.to_string()]);
    }
    out.push_str(&lines.finish());
    for aside in &report.set_aside {
        out.push_str(&format!("  row {} is kept aside: {}\n", aside.position, aside.reason));
    }
    let mut lines = Lines::default();
    let backups = [&report.database_backup, &report.workspaces.backup];
    lines.push(["backups".to_owned(), backups.map(String::as_str).join(", ")]);
    lines.push(["report".to_owned(), "migration_report.json".to_owned()]);
    out + &lines.finish()
}

fn recovery_text(recovery: &Recovery) -> String {
    if recovery.unchanged {
        return "nothing to do: the database has the old form\n".to_owned();
    }
    let mut out = "database and workspaces are as they were before the import\n".to_owned();
    if let Some(kept) = &recovery.replaced_database {
        out.push_str(&format!("what was imported is kept in {kept}\n"));
    }
    for path in &recovery.restored {
        out.push_str(&format!("  put back  {path}\n"));
    }
    for path in &recovery.replaced {
        out.push_str(&format!("  replaced  {path}\n"));
    }
    out
}
