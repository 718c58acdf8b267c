//! Doing work as a run: a command's own, one that was interrupted, or one from the queue.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use code_line::publish::{entry_name, fetch};
use code_line::signed_plan::{PlannedPart, sign_part};
use code_line::trust::SignatureState;
use code_line::work::{CodeAnswer, CodeWork};
use code_line::{Error, ErrorCode, ErrorKind, Progress};
use registry::Reach;
use run::{LeaseTerm, Recorder as _, RunId, RunStatus, Task, TaskStatus, Work, WorkerId};
use store::{Attempt, AttemptError, NewTask, Store, StoreError, Workplace, abandon};

use super::Context;
use super::audit::{note_answer, unlogged};
use super::listings::StoreListings;
use super::tasks::{open, refused};
use crate::Answer;
use crate::arguments::StoreArguments;
use crate::progress::ProgressLine;

/// How long a worker may give no sign of life before another one may go on with its work.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Work that is done.
pub(super) struct Done {
    /// What came of it.
    pub(super) answer: CodeAnswer,
    /// Why the audit log does not say so. The answer stands all the same and is said first; the run
    /// stays open.
    pub(super) unlogged: Option<Error>,
}

/// What ends a run whose work the user has taken back.
const TAKEN_BACK: &str = "what it wrote was taken back";

/// What ends a run whose build is gone.
const OTHER_BUILD: &str = "another build of onx was asked to do the same";

/// Does this work now, as a run of a task of its own; goes on with the run of an earlier command
/// that asked for the same and was interrupted.
pub(super) fn carry_out(
    context: &Context<'_>,
    store: &StoreArguments,
    work: &CodeWork,
) -> Result<Done, Error> {
    let workplace = workplace(context, open(context, store)?, "command");
    if let Some(attempt) = interrupted(context, &workplace, work)? {
        let run = attempt.context().run().clone();
        context.output.note(&format!("going on with the run {run}, which was interrupted\n"));
        match shown(context, attempt, work) {
            Err(error) if error.is_begun_otherwise() => {
                context.output.note(&format!("the run {run} was given up: {error}\n"));
            }
            done => return done,
        }
    }
    let task = new_task(context, work)?;
    let attempt = Attempt::start(workplace, &task, &work.plan()?).map_err(not_made)?;
    shown(context, attempt, work)
}

/// Does the work of a command's attempt, and shows how far it is.
fn shown(context: &Context<'_>, attempt: Attempt, work: &CodeWork) -> Result<Done, Error> {
    let line = ProgressLine::new(*context.output);
    end(context, attempt, (work, None), &line, By::Command)
}

/// Leaves this work to a worker.
pub(super) fn enqueue(
    context: &Context<'_>,
    store: &StoreArguments,
    work: &CodeWork,
) -> Result<Answer, Error> {
    let store = open(context, store)?;
    let task = store.enqueue(&new_task(context, work)?).map_err(refused)?;
    if context.output.is_json() {
        context.output.json(&task)?;
    } else {
        let Task { task_id, status, title, .. } = &task;
        context.output.result(&format!("{task_id}  {status}  {title}\n"))?;
        context.output.note("next  onx worker --drain\n");
    }
    Ok(Answer::Yes)
}

/// What an attempt is made with here. Workers are told apart by machine, process and time.
pub(super) fn workplace(context: &Context<'_>, store: Arc<dyn Store>, role: &str) -> Workplace {
    let world = &context.world;
    let machine = host::machine_name();
    let now = world.clock.now();
    Workplace {
        store,
        files: world.files.clone(),
        clock: world.clock.clone(),
        worker: WorkerId::of_process(role, &machine, std::process::id(), now),
        term: LeaseTerm::new(LEASE),
    }
}

/// Who makes an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A command whose work it is; the task is over with it.
    Command,
    /// A command that names the run.
    Resume,
    /// A worker, which tries again.
    Worker,
}

/// Does the work of an attempt and ends it; the run says what the signature of the work was worth
/// where somebody else asked for it. What was asked for wrongly has failed for good; where
/// something outside failed after the work began, or the audit log cannot be written, the run stays
/// open, to go on from there.
pub(super) fn end(
    context: &Context<'_>,
    attempt: Attempt,
    (work, signature): (&CodeWork, Option<&SignatureState>),
    progress: &dyn Progress,
    by: By,
) -> Result<Done, Error> {
    let store = attempt.store().clone();
    let listings = StoreListings::new(&*store, context);
    let done = work.carry_out(&context.world, progress, &context.timings, &attempt, &listings);
    match done {
        Ok(answer) => {
            let (result, mut summary) = (answer.result()?, answer.summary());
            if let Some(signature) = signature {
                summary.insert("work".to_owned(), signature.words().into());
            }
            let run = attempt.context().run().clone();
            let noted = match listings.unlogged() {
                Some(error) => Err(error),
                None => note_answer(context, &run, work, &answer),
            };
            if let Err(error) = noted {
                let error = unlogged(error, "the work is done")
                    .detail(format!("the run {run} ends when the log can be written again"));
                return Ok(Done { answer, unlogged: Some(error) });
            }
            attempt.succeed(result, summary).map_err(not_made)?;
            Ok(Done { answer, unlogged: None })
        }
        Err(error) => Err(end_failed(attempt, error, by)),
    }
}

fn end_failed(attempt: Attempt, error: Error, by: By) -> Error {
    if by == By::Resume && error.is_begun_otherwise() {
        // Whoever named the run decides whether it is given up.
        return error;
    }
    let run = attempt.context().run().clone();
    let passes = matches!(error.kind(), ErrorKind::Outside | ErrorKind::Internal);
    let is_lost = attempt.expect_held().is_err();
    if is_lost || (by != By::Worker && passes && attempt.status() != RunStatus::Planning) {
        return error.detail(format!("the run {run} goes on when the same command is given again"));
    }
    match attempt.fail(&error.to_string(), by != By::Worker) {
        Ok(_) => error,
        Err(also) => error.detail(format!("and that the run {run} failed was not kept: {also}")),
    }
}

/// The run of an earlier command that asked for the same and whose process has ended.
fn interrupted(
    context: &Context<'_>,
    workplace: &Workplace,
    work: &CodeWork,
) -> Result<Option<Attempt>, Error> {
    let store = &workplace.store;
    let asked = work.to_work()?;
    let plan = work.plan()?;
    for task in store.tasks(&[TaskStatus::InProgress]).map_err(refused)? {
        if Work::of_metadata(&task.metadata).as_ref() != Some(&asked) {
            continue;
        }
        let Some(run) = store.open_run(&task.task_id).map_err(refused)? else { continue };
        if work.was_taken_back(&run.run_id, &context.world)? {
            // To give the command again is to ask for it anew.
            give_up(workplace, &run, TAKEN_BACK)?;
            continue;
        }
        match Attempt::resume(workplace.clone(), &run, &plan) {
            Ok(attempt) => return Ok(Some(attempt)),
            // Somebody does it, or did it: that is theirs, and this is ours.
            Err(AttemptError::Held { .. } | AttemptError::Over { .. }) => {}
            Err(AttemptError::Plan { .. }) => give_up(workplace, &run, OTHER_BUILD)?,
            Err(error) => return Err(not_made(error)),
        }
    }
    Ok(None)
}

/// Gives up a run of an earlier command, if nobody works at it.
fn give_up(workplace: &Workplace, run: &run::Run, reason: &str) -> Result<(), Error> {
    match abandon(workplace, run, reason, true) {
        Ok(_) | Err(AttemptError::Held { .. } | AttemptError::Over { .. }) => Ok(()),
        Err(error) => Err(not_made(error)),
    }
}

fn new_task(context: &Context<'_>, work: &CodeWork) -> Result<NewTask, Error> {
    let (title, mut metadata) = (work.title(), work.to_work()?.to_metadata());
    sign_part(&context.world, PlannedPart::Work, &mut metadata, &title)?;
    let created_at = context.world.clock.now();
    Ok(NewTask { task_id: None, title, objective: None, metadata, created_at })
}

/// The work of a task and the task.
pub(super) fn work_of(task: &Task) -> Result<CodeWork, Error> {
    let work = Work::of_metadata(&task.metadata).ok_or_else(|| {
        let message = format!("the task `{}` holds no work that onx can do", task.task_id);
        Error::user(ErrorCode::TaskError, message)
            .hint("tasks that onx does are added by --queue of generate and apply")
    })?;
    CodeWork::of(&work)
}

/// The task of a run that there must be.
pub(super) fn task_of(store: &dyn Store, run: &RunId) -> Result<(Task, run::Run), Error> {
    let found = store.run(run).map_err(refused)?;
    let found = found.ok_or_else(|| refused(StoreError::NoRun(run.clone())))?;
    let task = store.task(&found.task_id).map_err(refused)?;
    let task = task.ok_or_else(|| refused(StoreError::NoTask(found.task_id.clone())))?;
    Ok((task, found))
}

/// An attempt that could not be made or ended, in the words of the command line.
pub(super) fn not_made(error: AttemptError) -> Error {
    let (kind, hint) = (error.kind(), error.hint());
    match error {
        AttemptError::Store(error) => refused(error),
        AttemptError::Record(error) => error.into(),
        other => Error::new(kind, ErrorCode::TaskError, other.to_string()).hint(hint),
    }
}

/// The work with the manifest as its registry gives it now, here: what was yanked since it was
/// asked for is not applied, and the cache of the machine that asked for it may be another one. A
/// run that has begun to write goes on as it began.
pub(super) fn current(
    context: &Context<'_>,
    store: &dyn Store,
    task: &Task,
    work: &CodeWork,
) -> Result<CodeWork, Error> {
    let CodeWork::Apply(apply) = work else { return Ok(work.clone()) };
    let (Some(named), Some(registry)) = (&apply.named, &apply.registry) else {
        return Ok(work.clone());
    };
    let open = store.open_run(&task.task_id).map_err(refused)?;
    if open.is_some_and(|run| run.status != RunStatus::Planning) {
        return Ok(work.clone());
    }
    let name = entry_name(Path::new(named))
        .ok_or_else(|| Error::internal("a task names a registry and no name in it"))??;
    let fetched = fetch(&name, registry, Reach::Registry, &context.world)?;
    let mut apply = apply.clone();
    apply.options.manifest = fetched.folder;
    Ok(CodeWork::Apply(apply))
}
