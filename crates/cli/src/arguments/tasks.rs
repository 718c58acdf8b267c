//! The commands of `onx tasks` and `onx runs`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use run::{RunId, TaskId, TaskStatus};

/// Where tasks and runs are kept.
#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    /// The file that holds tasks and runs, or a URL [default: onx.db in the state folder]
    ///
    /// A URL is `postgres://USER@HOST:PORT/DATABASE`, with `?schema=NAME` for another schema than
    /// `onx`. Give the password in PGPASSWORD or in ~/.pgpass: arguments can be seen by others.
    #[arg(long, value_name = "FILE|URL", env = "ONX_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,

    /// The workspaces of a store in PostgreSQL [default: a folder of its own in the state folder]
    ///
    /// All who work with that store share the folder, and no other store has it. A store in a file
    /// has its workspaces beside it.
    #[arg(long, value_name = "DIR", env = "ONX_WORKSPACES", hide_env_values = true)]
    pub(crate) workspaces: Option<PathBuf>,
}

/// What is done with tasks.
#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    Add(TaskAddArguments),
    List(TaskListArguments),
    Show(TaskShowArguments),
    Plan(TaskPlanArguments),
    Archive(TaskArchiveArguments),
    ImportLegacy(ImportLegacyArguments),
}

/// Add a task: what should be done, however many runs it takes
///
/// The task is TODO. Adding the same task under the same id again changes nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx tasks add 'Move the billing service to yourlib 3.0'
  onx tasks add 'Nightly check' --id nightly --objective 'Every dependent fits the new version'
  onx tasks add 'Migrate' --set package=billing --set priority=2")]
pub(crate) struct TaskAddArguments {
    /// What a list shows of it
    #[arg(value_name = "TITLE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) title: String,

    /// What should be true when it is done
    #[arg(long, value_name = "TEXT")]
    pub(crate) objective: Option<String>,

    /// Its id, of letters, digits, `-`, `_` and `.` [default: the next of TASK-1, TASK-2, …]
    #[arg(long, value_name = "ID", value_parser = new_task_id)]
    pub(crate) id: Option<TaskId>,

    /// What else is known about it; a value that is JSON is kept as such
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// List the tasks, in the order in which they came
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx tasks list
  onx tasks list --status TODO --status IN_PROGRESS
  onx tasks list --all --json")]
pub(crate) struct TaskListArguments {
    /// Only tasks of this status: TODO, IN_PROGRESS, DONE or ARCHIVED
    #[arg(long, value_name = "STATUS", value_parser = status, conflicts_with = "all")]
    pub(crate) status: Vec<TaskStatus>,

    /// Archived tasks too
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Show a task with its runs
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx tasks show TASK-1")]
pub(crate) struct TaskShowArguments {
    /// The id of the task
    #[arg(value_name = "TASK", value_parser = task_id)]
    pub(crate) task: TaskId,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Let an old planner say how a task is to be done
///
/// The planner is told the objective of the task and its details. It answers a goal and steps,
/// which become the plan of the task; `onx tasks show` shows it. Its code is not touched: it runs
/// as a child process, with your rights and your environment.
///
/// A class of Python is named as MODULE:CLASS and has a method `generate_plan(description)`, async
/// or not. Any other planner is a program that reads one line, `{"description": TEXT}`, and answers
/// `{"goal": TEXT, "steps": [...]}`.
///
/// A planner that fails, takes too long or answers something else leaves the task as it was.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("planner").required(true).args(["class", "program"])))]
#[command(after_long_help = "\
Examples:
  onx tasks plan TASK-1 --class agentic.bridges.crewai_bridge:CrewAIBridge --folder old/src
  onx tasks plan TASK-1 --timeout-s 60 -- ./planner --brief")]
pub(crate) struct TaskPlanArguments {
    /// The id of the task, which is TODO
    #[arg(value_name = "TASK", value_parser = task_id)]
    pub(crate) task: TaskId,

    /// The class of a planner in Python
    #[arg(long, value_name = "MODULE:CLASS", value_parser = python_class)]
    pub(crate) class: Option<String>,

    /// The interpreter that has what the class needs
    #[arg(long, value_name = "PROGRAM", default_value = "python3", conflicts_with = "program")]
    pub(crate) python: PathBuf,

    /// The folder in which the planner works, and from which its modules are imported [default:
    /// this folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// How long it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout_s: u64,

    /// A planner that is a program, with its arguments
    #[arg(last = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Archive a task: keep it for the record, and do nothing about it any more
///
/// A task that is in progress cannot be archived, and one that is archived stays so.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx tasks archive TASK-1")]
pub(crate) struct TaskArchiveArguments {
    /// The id of the task
    #[arg(value_name = "TASK", value_parser = task_id)]
    pub(crate) task: TaskId,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Bring a database in which a task and its execution were one row into the new form
///
/// The database becomes a store in its place, for use with --store. First it is copied to
/// `tasks.db.bak_v4` and the workspaces to `workspaces_backup`; then one transaction makes tasks of
/// its rows. A task that was COMPLETED is DONE and gets a run `<id>-legacy-01` that points to its
/// archive; every other one is TODO. What has no column any more is in the metadata of the task. A
/// row that is no task is kept aside and reported. `migration_report.json` says what was done.
///
/// An import that was interrupted can be repeated, and one that was done changes nothing when it is
/// repeated. With --recover database and workspaces are put back as they were before; what stands
/// in the way is kept under another name.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx tasks import-legacy --db tasks.db --workspaces workspaces
  onx tasks list --store tasks.db
  onx tasks import-legacy --db tasks.db --workspaces workspaces --recover")]
pub(crate) struct ImportLegacyArguments {
    /// The database, with a table `tasks` of `id`, `goal`, `details`, `status` and `metadata`
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,

    /// The folder of the workspaces
    #[arg(long, value_name = "DIR")]
    pub(crate) workspaces: PathBuf,

    /// Put everything back as it was before the import
    #[arg(long)]
    pub(crate) recover: bool,
}

/// What is done with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    List(RunListArguments),
    Show(RunShowArguments),
    Resume(RunResumeArguments),
    Abandon(RunAbandonArguments),
    Tail(RunTailArguments),
}

/// List the runs, in the order in which they began
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx runs list
  onx runs list --task TASK-1")]
pub(crate) struct RunListArguments {
    /// Only runs of this task
    #[arg(long, value_name = "TASK", value_parser = task_id)]
    pub(crate) task: Option<TaskId>,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Show a run: how far it is, and what its journal says
///
/// The exit code is 1 when the journal is not what was written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx runs show TASK-1-run-01")]
pub(crate) struct RunShowArguments {
    /// The id of the run
    #[arg(value_name = "RUN", value_parser = run_id)]
    pub(crate) run: RunId,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Go on with a run whose process has ended, from wherever it came to
///
/// The run goes on only with what it began with: the same plan, the same build of onx, the same
/// versions and manifest. Giving the command again that began it does the same.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx runs resume TASK-1-run-01")]
pub(crate) struct RunResumeArguments {
    /// The id of the run
    #[arg(value_name = "RUN", value_parser = run_id)]
    pub(crate) run: RunId,

    /// Go on with what nobody asked for whose key is trusted on this machine; the run says so
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Give up a run that nobody works at: it is FAILED, with the reason
///
/// What it has written stays. A dependent that was left half changed is brought to its end, or
/// back, by onx-migrate status and rollback.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx runs abandon TASK-1-run-01 --reason 'the versions have moved on'")]
pub(crate) struct RunAbandonArguments {
    /// The id of the run
    #[arg(value_name = "RUN", value_parser = run_id)]
    pub(crate) run: RunId,

    /// Why, for whoever looks at the run
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Show what happened in a run, event by event
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx runs tail TASK-1-run-01
  onx runs tail TASK-1-run-01 --follow")]
pub(crate) struct RunTailArguments {
    /// The id of the run
    #[arg(value_name = "RUN", value_parser = run_id)]
    pub(crate) run: RunId,

    /// Show what happens from now on too, until the run is over
    #[arg(long)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Do what is in the queue, one task after the other
///
/// Tasks come into the queue by --queue of generate and apply. A worker holds a lease on the task
/// that it works at and renews it; when it ends without a word, another worker goes on with its
/// work once the lease has expired. What failed for a reason outside is tried again, later each
/// time and five times at most.
///
/// Whoever adds a task signs what is to be done. A worker does only what a key signed that its
/// machine trusts (onx keys trust); another worker may trust more, so the task is left to it.
///
/// The exit code is 1 when a task could not be done as asked.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx-manifest generate --core-path ./core --from 0.9.0 --to 1.0.0 --queue
  onx worker --drain
  onx worker --concurrency 4")]
pub(crate) struct WorkerArguments {
    /// How many tasks are worked at side by side
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,

    /// End when the queue is empty, instead of waiting for what comes
    #[arg(long)]
    pub(crate) drain: bool,

    /// Do what nobody asked for whose key is trusted on this machine; the run says so
    #[arg(long)]
    pub(crate) allow_unsigned: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Show the events that wait for whoever is to be told, one JSON object a line
///
/// A run that publishes a manifest says so once it has succeeded. An event is shown until it is
/// said to be delivered. Who must lose none says that of each with --delivered, after having
/// handled it: then it comes at least once, always under the same event_id. With --take, an event
/// counts as delivered as soon as it is in the pipe: a reader that crashes loses what it had not
/// handled yet.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx events
  onx events --delivered 5f0c1b8e-7a55-8d1c-9d0e-2b6f3c1a4e77
  onx events --take | ./show-the-others")]
pub(crate) struct EventsArguments {
    /// Say that what is printed was delivered, before the reader has handled it
    #[arg(long)]
    pub(crate) take: bool,

    /// Say that the event of this id was delivered, and print nothing; may be repeated
    #[arg(long, value_name = "EVENT_ID", conflicts_with = "take")]
    pub(crate) delivered: Vec<uuid::Uuid>,

    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

/// Remove tasks that ended long ago, with their runs and folders
///
/// Shows what would be removed, and removes it with --delete. Checkpoints of dependents and bundles
/// are not touched: they lie elsewhere, and rolling back needs them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onx gc
  onx gc --older-than-days 7 --delete")]
pub(crate) struct GcArguments {
    /// Leave alone what ended within this many days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub(crate) older_than_days: u32,

    /// Remove what is shown
    #[arg(long)]
    pub(crate) delete: bool,

    #[command(flatten)]
    pub(crate) store: StoreArguments,
}

fn task_id(text: &str) -> Result<TaskId, String> {
    TaskId::new(text).map_err(|error| error.to_string())
}

/// The id of a task that has room for the ids of its runs.
fn new_task_id(text: &str) -> Result<TaskId, String> {
    match task_id(text)? {
        id if id.as_str().len() > 100 => Err("it has more than 100 characters".to_owned()),
        id => Ok(id),
    }
}

fn python_class(text: &str) -> Result<String, String> {
    let is_dotted = |path: &str| {
        path.split('.')
            .all(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    match text.split_once(':') {
        Some((module, class)) if is_dotted(module) && is_dotted(class) => Ok(text.to_owned()),
        _ => Err("it is not of the form MODULE:CLASS".to_owned()),
    }
}

fn run_id(text: &str) -> Result<RunId, String> {
    RunId::new(text).map_err(|error| error.to_string())
}

fn status(text: &str) -> Result<TaskStatus, String> {
    text.parse().map_err(|error: run::StatusError| error.to_string())
}
