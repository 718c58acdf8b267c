//! Works out edits in a sandbox: the process that parses what comes from outside can read the
//! dependent and the bundle, and do nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{
    ChildCommand, Completed, Confined, Ending, Layer, Sandbox, SandboxError, SandboxLevel,
    SandboxLimits, SandboxPolicy, runs_as_root,
};
use run::{Observer, Walker};

use super::SandboxReport;
use super::edit_set::{EditSet, StepTimes, WorkAnswer};
use super::work::{WorkOrder, work_out};
use crate::nodes::{self, command_context};
use crate::{Error, ErrorCode, ErrorKind, Progress, Quiet, World};

/// The first argument that makes a binary of onx work out edits; the second is the order.
pub const WORK_ARGUMENT: &str = "__work-out";

/// Edits take longer only where something is wrong.
const TIME_LIMIT: Duration = Duration::from_mins(5);
const MEMORY_LIMIT_BYTES: u64 = 8 << 30;
const ANSWER_LIMIT_BYTES: u64 = 2 << 30;

/// Does the work of an order that another process gave, and answers as bytes for its eyes.
pub fn answer_order(
    order: &str,
    world: &World,
    observer: &dyn Observer,
    steps: impl FnOnce() -> StepTimes,
) -> Result<Vec<u8>, Error> {
    let unreadable = "the order for working out edits cannot be read";
    let order: WorkOrder = serde_json::from_str(order)
        .map_err(|error| Error::internal(unreadable).caused_by(error))?;
    let outcome = walker(&order, Path::new("/"), observer)
        .and_then(|walker| work_out(&order, world, &Quiet, &walker));
    let answer = WorkAnswer::new(outcome.map_err(|error| error.report()), steps());
    answer.to_bytes().map_err(|error| Error::internal("edits have no form").caused_by(error))
}

/// Works out edits in the best sandbox that this machine offers; in this process where the world
/// names no binary that could do it.
pub(super) fn edits(
    order: &WorkOrder,
    readable: &[PathBuf],
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<EditSet, Error> {
    let Some(binary) = &world.worker else {
        let walker = walker(order, world.environment.working_folder(), observer)?;
        return work_out(order, world, progress, &walker);
    };
    progress.stage("working out edits", None);
    let worker = Worker { binary, readable, world };
    let mut confined = worker.run(order, &[])?;
    // What only root may read is read as root, with every other layer in place.
    if runs_as_root() && misses_files(&confined) {
        confined = worker.run(order, &[Layer::UnprivilegedUser])?;
        let why = "some of the files may be read by root alone".to_owned();
        confined.confinement.missing.insert(Layer::UnprivilegedUser, why);
    }
    let Confined { completed, confinement } = confined;
    let answer = answer_of(&completed)?;
    for (name, (times, nanoseconds)) in &answer.steps {
        if let Some((node, _)) = nodes::contracts().find(|(node, _)| node == name) {
            observer.took(node, *times, Duration::from_nanos(*nanoseconds));
        }
    }
    let mut edits = answer.outcome.map_err(Error::from)?;
    edits.report.sandbox = Some(SandboxReport::from(confinement));
    Ok(edits)
}

pub(super) fn walker<'a>(
    order: &WorkOrder,
    folder: &Path,
    observer: &'a dyn Observer,
) -> Result<Walker<'a>, Error> {
    let inputs = artifact::canonical_digest(&order.options)
        .map_err(|error| Error::internal("the options have no canonical form").caused_by(error))?;
    Ok(Walker::new(command_context("apply", &inputs, folder)?, observer))
}

struct Worker<'a> {
    binary: &'a Path,
    readable: &'a [PathBuf],
    world: &'a World,
}

impl Worker<'_> {
    fn run(&self, order: &WorkOrder, without: &[Layer]) -> Result<Confined, Error> {
        let text = serde_json::to_string(order)
            .map_err(|error| Error::internal("an order has no form").caused_by(error))?;
        let mut readable = self.readable.to_vec();
        readable.push(self.binary.to_owned());
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let policy = SandboxPolicy {
            readable,
            limits: SandboxLimits {
                // The limit counts the time of all threads.
                cpu_seconds: TIME_LIMIT.as_secs() * threads,
                memory_bytes: MEMORY_LIMIT_BYTES,
                ..SandboxLimits::default()
            },
            level: SandboxLevel::None,
            without: without.iter().copied().collect(),
            ..SandboxPolicy::default()
        };
        let sandbox = Sandbox { launcher: self.binary.to_owned(), policy };
        let mut command = ChildCommand::new(self.binary).argument(WORK_ARGUMENT).argument(text);
        command.timeout = TIME_LIMIT;
        command.output_limit_bytes = ANSWER_LIMIT_BYTES;
        sandbox.run(&*self.world.processes, &command).map_err(sandbox_error)
    }
}

/// Whether rights to read were missing: an answer that names such files or folders, or none at all.
fn misses_files(confined: &Confined) -> bool {
    if !confined.confinement.reached.contains(&Layer::UnprivilegedUser) {
        return false;
    }
    match answer_of(&confined.completed).map(|answer| answer.outcome) {
        Ok(Ok(edits)) => {
            let unreadable = ["unreadable-file", "unreadable-folder"];
            edits.report.findings.iter().any(|it| unreadable.contains(&it.code.as_str()))
        }
        Ok(Err(_)) | Err(_) => true,
    }
}

fn answer_of(completed: &Completed) -> Result<WorkAnswer, Error> {
    let stopped = |what: String| {
        let words = String::from_utf8_lossy(&completed.stderr);
        let words: String = words.trim().chars().take(2000).collect();
        let error = Error::new(ErrorKind::Outside, ErrorCode::ApplicationError, what);
        if words.is_empty() { error } else { error.detail(words) }
    };
    match completed.ending {
        Ending::Exited(0) if !completed.truncated => WorkAnswer::from_bytes(&completed.stdout)
            .map_err(|error| {
                Error::internal("edits were worked out and got lost").caused_by(error)
            }),
        Ending::TimedOut => Err(stopped(format!(
            "working out the edits took longer than {} seconds and was stopped",
            TIME_LIMIT.as_secs()
        ))
        .hint("leave files out with --exclude, or try again with --untyped")),
        Ending::Exited(137) => {
            Err(stopped("the process that works out edits used too much memory".to_owned())
                .hint("leave files out with --exclude, or try again with --untyped"))
        }
        _ => Err(stopped("the process that works out edits broke off".to_owned())
            .hint("nothing was written; run onx doctor, then the command again")),
    }
}

/// Why nothing ran, as an error of the code line.
pub(crate) fn sandbox_error(error: SandboxError) -> Error {
    let message = match &error {
        SandboxError::Refused { .. } => "the sandbox that this machine offers is too weak",
        _ => "the sandbox could not be set up",
    };
    Error::outside(ErrorCode::ApplicationError, message, error)
        .hint("onx doctor shows each layer and why it is missing")
}
