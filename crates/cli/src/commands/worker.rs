//! `worker`: does what is in the queue.

use std::collections::BTreeSet;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use artifact::Digest;
use code_line::signed_plan::expect_signed_work;
use code_line::trust::SignatureState;
use code_line::work::{CodeAnswer, CodeWork};
use code_line::{Error, ErrorKind, Quiet};
use run::{Lease, Task, TaskStatus};
use serde::Serialize;
use store::{Attempt, AttemptError, Claim, Store, StoreError, Workplace, abandon_claimed};

use super::attempts::{By, current, end, not_made, work_of, workplace};
use super::tasks::{open, refused};
use super::{Context, generate};
use crate::Answer;
use crate::arguments::WorkerArguments;

/// How often a task is taken from the queue before it is given up.
const ATTEMPTS: u32 = 5;

/// How long the first retry waits; each further one waits twice as long, up to a limit.
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_mins(5);

/// How long a worker that found nothing waits.
const PAUSE: Duration = Duration::from_millis(500);

/// What became of a task that a worker took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Done {
    task: String,
    outcome: Outcome,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It did what it was to do.
    Success,
    /// It cannot be done as asked.
    Failed,
    /// It is tried again later.
    Postponed,
    /// It was tried too often.
    GivenUp,
    /// Another worker has it now.
    Lost,
    /// It is left to other workers, since nobody asked for it who is trusted here.
    PassedOn,
}

pub(crate) fn worker(context: &Context<'_>, arguments: &WorkerArguments) -> Result<Answer, Error> {
    let threads = u32::from(arguments.concurrency);
    let works = std::thread::scope(|scope| {
        let start = |number| scope.spawn(move || work_on(context, arguments, number));
        let threads: Vec<_> = (1..=threads).map(start).collect();
        threads.into_iter().map(ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all_done = true;
    for worked in works {
        let worked =
            worked.map_err(|_| Error::internal("a worker broke off; its work can go on"))?;
        all_done &= worked?;
    }
    Ok(if all_done { Answer::Yes } else { Answer::No })
}

/// Takes one task after the other; whether all of them did what they were to do. What fails outside
/// is said and tried again; a worker that drains the queue gives up after some times in a row.
fn work_on(context: &Context<'_>, arguments: &WorkerArguments, number: u32) -> Result<bool, Error> {
    let store = open(context, &arguments.store)?;
    store.claim_workspaces(&*context.world.files).map_err(refused)?;
    let workplace = workplace(context, store, &format!("worker{number}"));
    let (mut all_done, mut failures) = (true, 0);
    let mut passed_on = BTreeSet::new();
    loop {
        match next(context, &workplace, arguments, passed_on.len()) {
            Ok(Next::Did(done)) => {
                failures = 0;
                let fails =
                    matches!(done.outcome, Outcome::Failed | Outcome::GivenUp | Outcome::PassedOn);
                all_done &= !fails;
                // It is said once; what is in the queue comes round again and again.
                let is_news = match done.outcome {
                    Outcome::PassedOn => passed_on.insert(done.task.clone()),
                    _ => {
                        passed_on.remove(&done.task);
                        true
                    }
                };
                if is_news {
                    say(context, &done)?;
                }
            }
            Ok(Next::Nothing) => {
                failures = 0;
                std::thread::sleep(PAUSE);
            }
            Ok(Next::Drained) => return Ok(all_done),
            Err(error) if error.kind() == ErrorKind::Outside => {
                failures += 1;
                if arguments.drain && failures == ATTEMPTS {
                    return Err(error);
                }
                context.output.trouble(&error);
                std::thread::sleep(pause_after(failures));
            }
            Err(error) => {
                // The other threads may work for long before this one's end is told.
                context.output.trouble(&error);
                return Err(error);
            }
        }
    }
}

/// What a worker found in the queue.
enum Next {
    /// A task, of which this became.
    Did(Done),
    /// Nothing that is due.
    Nothing,
    /// Nothing at all, and it was to end then.
    Drained,
}

fn next(
    context: &Context<'_>,
    workplace: &Workplace,
    arguments: &WorkerArguments,
    passed_on: usize,
) -> Result<Next, Error> {
    let store = &workplace.store;
    let claim = store.claim_next(&workplace.worker, workplace.term).map_err(refused)?;
    match claim {
        Some(claim) => take(context, workplace, &claim, arguments).map(Next::Did),
        // What this worker passes on is for others to drain.
        None if arguments.drain && store.waiting().map_err(refused)? as usize <= passed_on => {
            Ok(Next::Drained)
        }
        None => Ok(Next::Nothing),
    }
}

fn take(
    context: &Context<'_>,
    workplace: &Workplace,
    claim: &Claim,
    arguments: &WorkerArguments,
) -> Result<Done, Error> {
    let store = &workplace.store;
    let id = &claim.lease.task_id;
    let done = |outcome, detail: String| Done { task: id.to_string(), outcome, detail };
    let Some(task) = store.task(id).map_err(refused)? else {
        return Ok(done(Outcome::Lost, "it is gone".to_owned()));
    };
    if matches!(task.status, TaskStatus::Done | TaskStatus::Archived) {
        // Its worker ended between the last step of the run and this one.
        leave(&**store, &claim.lease)?;
        return Ok(done(Outcome::Success, "it was done already".to_owned()));
    }
    let signature = expect_signed_work(&context.world, &task, arguments.allow_unsigned);
    if let Err(error) = &signature
        && matches!(error.kind(), ErrorKind::Config | ErrorKind::User)
    {
        // Another worker may trust more, or be allowed more.
        store.pass_on(&claim.lease, delay(&claim.lease, 1)).map_err(refused)?;
        let hint = error.report().hint.unwrap_or_default();
        return Ok(done(Outcome::PassedOn, format!("{error}; {hint}")));
    }
    if claim.attempt > ATTEMPTS {
        let reason = format!("given up after {ATTEMPTS} attempts");
        return match give_up(workplace, &task, claim, &reason) {
            Ok(()) => Ok(done(Outcome::GivenUp, reason)),
            Err(error) => put_back(workplace, claim, &error),
        };
    }
    let attempted =
        signature.and_then(|signature| attempt(context, workplace, (&task, &signature), claim));
    match attempted {
        Ok(title) => {
            leave(&**store, &claim.lease)?;
            Ok(done(Outcome::Success, title))
        }
        Err(error) => put_back(workplace, claim, &error),
    }
}

/// What becomes of a task whose attempt failed. As long as there is a run that is not over, or
/// something outside failed, the work is to be done, and the task stays in the queue.
fn put_back(workplace: &Workplace, claim: &Claim, error: &Error) -> Result<Done, Error> {
    let store = &workplace.store;
    let id = &claim.lease.task_id;
    let done = |outcome, detail: String| Done { task: id.to_string(), outcome, detail };
    match store.check_lease(&claim.lease) {
        Ok(()) => {}
        Err(StoreError::LeaseLost(_)) => {
            return Ok(done(Outcome::Lost, "another worker has taken it over".to_owned()));
        }
        Err(error) => return Err(refused(error)),
    }
    let is_open = store.open_run(id).map_err(refused)?.is_some();
    if is_open || error.kind() == ErrorKind::Outside || error.is_busy() {
        let delay = delay(&claim.lease, claim.attempt);
        store.postpone(&claim.lease, delay).map_err(refused)?;
        return Ok(done(Outcome::Postponed, format!("{error}; again in {} s", delay.as_secs())));
    }
    leave(&**store, &claim.lease)?;
    Ok(done(Outcome::Failed, error.to_string()))
}

fn attempt(
    context: &Context<'_>,
    workplace: &Workplace,
    (task, signature): (&Task, &SignatureState),
    claim: &Claim,
) -> Result<String, Error> {
    let work = work_of(task)?;
    let current = current(context, &*workplace.store, task, &work)?;
    let signed = (&current, Some(signature));
    let attempt = match made(workplace, claim, &work) {
        Err(AttemptError::Plan { run, source }) => {
            // Another build began it; what that one decided is not ours to go on with.
            let open = workplace.store.open_run(&task.task_id).map_err(refused)?;
            if let Some(open) = open.filter(|open| open.run_id == run) {
                abandon_claimed(workplace, &claim.lease, &open, &source.to_string())
                    .map_err(not_made)?;
            }
            made(workplace, claim, &work)
        }
        made => made,
    };
    let done = match end(context, attempt.map_err(not_made)?, signed, &Quiet, By::Worker) {
        // What the run was begun with is not there any more, so it is begun anew.
        Err(error) if error.is_begun_otherwise() => {
            let again = made(workplace, claim, &work).map_err(not_made)?;
            end(context, again, signed, &Quiet, By::Worker)?
        }
        ended => ended?,
    };
    if let CodeAnswer::Generated(answer) = &done.answer {
        generate::expect_published(answer)?;
    }
    done.unlogged.map_or_else(|| Ok(work.title()), Err)
}

fn made(workplace: &Workplace, claim: &Claim, work: &CodeWork) -> Result<Attempt, AttemptError> {
    let plan = work.plan().map_err(|error| AttemptError::NoPlan(error.to_string()))?;
    Attempt::of_claim(workplace.clone(), claim.lease.clone(), &plan)
}

/// Ends the run of a task that was tried too often, and takes the task out of the queue.
fn give_up(workplace: &Workplace, task: &Task, claim: &Claim, reason: &str) -> Result<(), Error> {
    if let Some(run) = workplace.store.open_run(&task.task_id).map_err(refused)? {
        abandon_claimed(workplace, &claim.lease, &run, reason).map_err(not_made)?;
    }
    leave(&*workplace.store, &claim.lease)
}

/// How long a worker waits that could not reach something for so many times in a row.
fn pause_after(failures: u32) -> Duration {
    PAUSE.saturating_mul(1 << failures.min(6))
}

/// Takes a task out of the queue and gives its lease back. One that another worker has taken over
/// is theirs to take out.
fn leave(store: &dyn Store, lease: &Lease) -> Result<(), Error> {
    match store.dequeue(lease).and_then(|()| store.release(lease)) {
        Ok(()) | Err(StoreError::LeaseLost(_)) => Ok(()),
        Err(error) => Err(refused(error)),
    }
}

/// How long to wait before the next attempt: twice as long each time, and spread, so that tasks
/// that failed together do not come back together. The spread follows from task and attempt.
fn delay(lease: &Lease, attempt: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    let seed = Digest::of(format!("{} {attempt}", lease.task_id).as_bytes());
    let spread = u8::from_str_radix(&seed.hex()[..2], 16).unwrap_or(0);
    doubled.min(LONGEST_DELAY).mul_f64(0.5 + f64::from(spread) / 255.0)
}

fn say(context: &Context<'_>, done: &Done) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(done);
    }
    let word = match done.outcome {
        Outcome::Success => "done",
        Outcome::Failed => "failed",
        Outcome::Postponed => "postponed",
        Outcome::GivenUp => "given up",
        Outcome::Lost => "lost",
        Outcome::PassedOn => "passed on",
    };
    let now = context.world.clock.now();
    let detail = artifact::shown(&done.detail);
    context.output.result(&format!("{now}  {}  {word}  {detail}\n", done.task))
}

#[cfg(test)]
mod tests {
    use run::{Fence, TaskId, WorkerId};

    use super::*;

    #[test]
    fn retries_wait_longer_and_not_all_alike() {
        let lease = |task: &str| Lease {
            task_id: TaskId::new(task).expect("an id"),
            worker_id: WorkerId::new("w").expect("an id"),
            fence: Fence(1),
        };
        let waits: Vec<_> = (1..=20).map(|attempt| delay(&lease("TASK-1"), attempt)).collect();
        assert!(waits[0] >= FIRST_DELAY / 2 && waits[0] <= FIRST_DELAY * 2);
        assert!(waits.iter().all(|wait| *wait <= LONGEST_DELAY * 2));
        assert!(waits[8] > waits[2]);
        assert_ne!(delay(&lease("TASK-1"), 3), delay(&lease("TASK-2"), 3));
        assert_eq!(delay(&lease("TASK-1"), 3), delay(&lease("TASK-1"), 3));
    }
}
