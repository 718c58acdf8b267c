//! `runs resume`, `runs abandon` and `runs tail`.

use std::time::Duration;

use code_line::signed_plan::expect_signed_work;
use code_line::work::CodeAnswer;
use code_line::{Error, ErrorCode};
use run::{Event, JournalEntry, JournalWriter, Run};
use store::{Attempt, Store, StoreError, abandon as give_up};

use super::attempts::{By, current, end, not_made, task_of, work_of, workplace};
use super::tasks::{journal_error, open, refused};
use super::{Context, apply, generate};
use crate::Answer;
use crate::arguments::{RunAbandonArguments, RunResumeArguments, RunTailArguments};
use crate::progress::ProgressLine;

/// How long following a journal waits before it looks again.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) fn resume(
    context: &Context<'_>,
    arguments: &RunResumeArguments,
) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let (task, run) = task_of(&*store, &arguments.run)?;
    let work = work_of(&task)?;
    let signature = expect_signed_work(&context.world, &task, arguments.allow_unsigned)?;
    let current = current(context, &*store, &task, &work)?;
    let workplace = workplace(context, store, "resume");
    let attempt = Attempt::resume(workplace, &run, &work.plan()?).map_err(not_made)?;
    let line = ProgressLine::new(*context.output);
    let done = end(context, attempt, (&current, Some(&signature)), &line, By::Resume);
    drop(line);
    let done = done?;
    let said = match &done.answer {
        CodeAnswer::Generated(answer) => generate::say(context, answer)?,
        CodeAnswer::Applied(applied) => apply::say(context, applied, false)?,
    };
    done.unlogged.map_or(Ok(said), Err)
}

pub(super) fn abandon(
    context: &Context<'_>,
    arguments: &RunAbandonArguments,
) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let (task, run) = task_of(&*store, &arguments.run)?;
    let workplace = workplace(context, store, "abandon");
    let reason = format!("abandoned: {}", arguments.reason);
    // What onx was asked to do by a command is over with it; another task may be tried again.
    let is_work = work_of(&task).is_ok();
    let run = give_up(&workplace, &run, &reason, is_work).map_err(not_made)?;
    if context.output.is_json() {
        context.output.json(&run)?;
    } else {
        context.output.result(&format!("{}  {}  {reason}\n", run.run_id, run.status))?;
    }
    Ok(Answer::Yes)
}

pub(super) fn tail(context: &Context<'_>, arguments: &RunTailArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let mut shown = 0;
    loop {
        let (_, run) = task_of(&*store, &arguments.run)?;
        let entries = entries(context, &*store, &run)?;
        for entry in entries.iter().skip(shown) {
            let is_taken = if context.output.is_json() {
                context.output.json_taken(entry)?
            } else {
                context.output.result_taken(&line(entry))?
            };
            if !is_taken {
                return Ok(Answer::Yes);
            }
        }
        shown = entries.len().max(shown);
        if !arguments.follow || run.status.is_over() {
            return Ok(Answer::Yes);
        }
        std::thread::sleep(PAUSE);
    }
}

fn entries(
    context: &Context<'_>,
    store: &dyn Store,
    run: &Run,
) -> Result<Vec<JournalEntry>, Error> {
    let Some(folder) = store.run_folder(run) else {
        let message = format!("the run `{}` has no folder in the workspaces", run.run_id);
        return Err(Error::user(ErrorCode::TaskError, message));
    };
    let files = &*context.world.files;
    let journal = JournalWriter::read(files, &folder, &run.run_id).map_err(journal_error)?;
    match journal.breaks.first() {
        Some(broken) => {
            let why = format!("line {}: {}", broken.line, broken.why);
            Err(refused(StoreError::Damaged { path: folder.join("journal/events.jsonl"), why }))
        }
        None => Ok(journal.entries),
    }
}

fn line(entry: &JournalEntry) -> String {
    let what = match &entry.event {
        Event::Began { .. } => "began".to_owned(),
        Event::Advanced { to } => to.to_string(),
        Event::StepBegan { node } => format!("{node} began"),
        Event::StepEnded { node, word } => format!("{node} {word}"),
        Event::Attached { artifact } => {
            format!("{}  {} bytes  {}", artifact.path, artifact.bytes, artifact.digest.short())
        }
        Event::Failed { reason } => format!("FAILED  {}", artifact::shown(reason)),
    };
    format!("{}  {what}\n", entry.at)
}
