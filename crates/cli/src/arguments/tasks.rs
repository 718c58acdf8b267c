//! The commands of `onx tasks` and `onx runs`.

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

    /// The workspaces of a store in PostgreSQL [default: workspaces in the state folder]
    ///
    /// All who work with that store share the folder. A store in a file has its workspaces beside
    /// it.
    #[arg(long, value_name = "DIR", env = "ONX_WORKSPACES", hide_env_values = true)]
    pub(crate) workspaces: Option<PathBuf>,
}

/// What is done with tasks.
#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    Add(TaskAddArguments),
    List(TaskListArguments),
    Show(TaskShowArguments),
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

fn run_id(text: &str) -> Result<RunId, String> {
    RunId::new(text).map_err(|error| error.to_string())
}

fn status(text: &str) -> Result<TaskStatus, String> {
    text.parse().map_err(|error: run::StatusError| error.to_string())
}
