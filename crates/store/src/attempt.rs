//! One attempt at a task, as the process that makes it sees it: its lease, its journal, its folder
//! and its row in the store.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use artifact::{Digest, ErrorKind, Timestamp, TreePath};
use host::{
    Clock, ContentError, Contents as _, FileErrorKind, FileLock, Files, FolderContents, Place,
    remove_temporary_files_in, tree_path,
};
use run::{
    ArtifactReference, Durability, Event, JournalError, JournalWriter, Lease, LeaseTerm,
    OutgoingEvent, Plan, PlanError, RecordError, Recorder, Run, RunContext, RunId, RunState,
    RunStatus, TraceId, WorkerId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::heartbeat::Heartbeat;
use crate::{Advance, NewEvent, NewTask, Store, StoreError, place_of};

/// The format of `executor_report.json`.
pub const EXECUTOR_REPORT_FORMAT: artifact::FormatName =
    artifact::FormatName { name: "executor_report", version: 1 };

const PLAN: &str = "plan.json";
const EXECUTOR_REPORT: &str = "executor_report.json";
const LOCK: &str = "lock";
const ARTIFACT_LIMIT_BYTES: u64 = 4 << 30;

/// How much of a line of a journal the reason of a failure takes.
const REASON_LIMIT_BYTES: usize = 2000;

/// What an attempt is made with.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// Where tasks, runs and leases are.
    pub store: Arc<dyn Store>,
    /// The files on which the folder of the run lies.
    pub files: Arc<dyn Files>,
    /// The time, for records.
    pub clock: Arc<dyn Clock>,
    /// Who works.
    pub worker: WorkerId,
    /// How long a lease lasts without a sign of life.
    pub term: LeaseTerm,
}

/// The content of `executor_report.json`: what a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutorReport {
    /// Always `onx/executor_report/1`.
    pub format: String,
    /// What the run answered.
    pub result: Value,
    /// What the store keeps of it beside the run.
    pub summary: Map<String, Value>,
    /// What others are told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ReportedEvent>,
}

/// An event that a run sends when it has succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedEvent {
    /// The topic.
    pub topic: String,
    /// What events of one subject share.
    pub key: String,
    /// What happened.
    pub payload: Map<String, Value>,
}

impl ExecutorReport {
    /// The last step of the run that came to this.
    fn into_advance(self, now: Timestamp) -> Advance {
        let events = self.events.into_iter().map(|event| NewEvent {
            topic: event.topic,
            key: event.key,
            payload: Value::Object(event.payload),
            created_at: now,
        });
        Advance {
            to: RunStatus::Success,
            artifact_summary: self.summary,
            events: events.collect(),
            archive_task: false,
            durability: Durability::Power,
        }
    }
}

/// Why there is no attempt.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal or an artifact could not be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The run was begun with another plan.
    #[error("the run `{run}` cannot be continued: {source}")]
    Plan {
        /// The run.
        run: RunId,
        /// Why not.
        source: PlanError,
    },
    /// Somebody works at it.
    #[error("the run `{run}` is being worked at by {holder}")]
    Held {
        /// The run.
        run: RunId,
        /// Who works at it.
        holder: String,
    },
    /// It is over.
    #[error("the run `{run}` is over: {status}")]
    Over {
        /// The run.
        run: RunId,
        /// How it ended.
        status: RunStatus,
    },
    /// What is to be done has no plan.
    #[error("there is no plan: {0}")]
    NoPlan(String),
    /// Its folder is not in the workspaces of the store.
    #[error("the run `{0}` has no folder in the workspaces of the store")]
    NoFolder(RunId),
}

impl AttemptError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Record(error) => error.kind(),
            Self::Plan { .. } | Self::Held { .. } | Self::Over { .. } => ErrorKind::Conflict,
            Self::NoFolder(_) | Self::NoPlan(_) => ErrorKind::User,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Store(error) => error.hint(),
            Self::Record(error) => error.hint(),
            Self::Plan { run, .. } => format!(
                "`onx runs abandon {run}` gives it up; nothing of it is lost but the work so far"
            ),
            Self::Held { .. } => "wait until it has ended, or stop that process".to_owned(),
            Self::Over { run, .. } => format!("`onx runs show {run}` shows what came of it"),
            Self::NoPlan(_) => "see what the task asks for with `onx tasks show`".to_owned(),
            Self::NoFolder(_) => "it was imported; there is nothing to continue".to_owned(),
        }
    }
}

/// One attempt at a task. While it lives, a thread renews its lease; a lock in its folder tells
/// other processes of this machine that it lives.
#[derive(Debug)]
pub struct Attempt {
    workplace: Workplace,
    context: RunContext,
    lease: Lease,
    folder: PathBuf,
    /// The same folder as it lies in the workspaces.
    place: TreePath,
    artifacts: FolderContents,
    progress: Mutex<Progress>,
    /// What the journal said when this attempt began.
    before: RunState,
    outgoing: Mutex<Vec<OutgoingEvent>>,
    heartbeat: Heartbeat,
    /// None where the lease is that of a worker, who has more to do under it.
    _held: Option<Held>,
    _lock: FileLock,
}

/// A lease that is given back when this is dropped, so that nobody waits until it expires.
#[derive(Debug)]
struct Held {
    store: Arc<dyn Store>,
    lease: Lease,
}

impl Held {
    fn new(workplace: &Workplace, lease: &Lease) -> Self {
        Self { store: workplace.store.clone(), lease: lease.clone() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where the store cannot be reached, the lease expires.
        let _ = self.store.release(&self.lease);
    }
}

#[derive(Debug)]
struct Progress {
    journal: JournalWriter,
    status: RunStatus,
}

impl Attempt {
    /// Adds a task and begins a run of it.
    pub fn start(workplace: Workplace, task: &NewTask, plan: &Plan) -> Result<Self, AttemptError> {
        let Workplace { store, files, worker, term, .. } = &workplace;
        store.claim_workspaces(&**files)?;
        let (lease, run) = store.start(task, worker, *term, task.created_at)?;
        let held = Held::new(&workplace, &lease);
        let (folder, lock) = locked_folder(&workplace, &run)?;
        Self::open(workplace, lease, &run, (folder, lock, Some(held)), plan)
    }

    /// Begins a run of a task that this worker has claimed, or continues the one that is not over.
    pub fn of_claim(workplace: Workplace, lease: Lease, plan: &Plan) -> Result<Self, AttemptError> {
        let store = &workplace.store;
        store.claim_workspaces(&*workplace.files)?;
        let run = match store.open_run(&lease.task_id)? {
            Some(run) => run,
            None => store.begin_run(&lease, workplace.clock.now())?,
        };
        let (folder, lock) = locked_folder(&workplace, &run)?;
        Self::open(workplace, lease, &run, (folder, lock, None), plan)
    }

    /// Continues a run that nobody works at any more. On the machine of its worker, the lock in its
    /// folder tells that the worker has ended; elsewhere, its lease must have expired.
    pub fn resume(workplace: Workplace, run: &Run, plan: &Plan) -> Result<Self, AttemptError> {
        let (lease, folder, lock) = take_over(&workplace, run)?;
        let held = Held::new(&workplace, &lease);
        Self::open(workplace, lease, run, (folder, lock, Some(held)), plan)
    }

    fn open(
        workplace: Workplace,
        lease: Lease,
        run: &Run,
        (folder, lock, held): (PathBuf, FileLock, Option<Held>),
        plan: &Plan,
    ) -> Result<Self, AttemptError> {
        let files = &workplace.files;
        let worker = &workplace.worker;
        remove_incomplete(&**files, &folder)?;
        let journal = JournalWriter::open(files.clone(), &folder, &run.run_id, worker, lease.fence)
            .map_err(RecordError::from)?;
        let read =
            JournalWriter::read(&**files, &folder, &run.run_id).map_err(RecordError::from)?;
        let trace = TraceId::new(run.run_id.as_str());
        let trace = trace.map_err(|_| AttemptError::NoFolder(run.run_id.clone()))?;
        let context =
            RunContext::new(run.task_id.clone(), run.run_id.clone(), folder.clone(), trace);
        let place = place_of(run).ok_or_else(|| AttemptError::NoFolder(run.run_id.clone()))?;
        let artifacts = workplace.store.artifacts(files.clone()).map_err(RecordError::from)?;
        let heartbeat = Heartbeat::start(workplace.store.clone(), lease.clone(), workplace.term);
        let attempt = Self {
            context,
            lease,
            folder,
            place,
            artifacts,
            progress: Mutex::new(Progress { journal, status: run.status }),
            before: RunState::of(&read),
            outgoing: Mutex::default(),
            heartbeat,
            workplace,
            _held: held,
            _lock: lock,
        };
        attempt.settle_plan(plan, read.begun_with())?;
        attempt.settle_failure()?;
        Ok(attempt)
    }

    /// Writes the plan of a run that begins, and compares it where the run had begun before.
    fn settle_plan(&self, plan: &Plan, begun: Option<Digest>) -> Result<(), AttemptError> {
        let refused = |source| AttemptError::Plan { run: self.context.run().clone(), source };
        let Some(named) = begun else {
            let bytes = plan.to_bytes().map_err(refused)?;
            let digest = plan.digest().map_err(refused)?;
            self.write(PLAN, &bytes)?;
            let task = self.context.task().clone();
            let event = Event::Began { task, plan: Some(digest) };
            return Ok(self.record(event, Durability::Process)?);
        };
        if plan.digest().map_err(refused)? == named {
            // A loss of power may have taken the file, which says what is known here anyway.
            let bytes = plan.to_bytes().map_err(refused)?;
            if self.read(PLAN)?.as_ref() != Some(&bytes) {
                self.write(PLAN, &bytes)?;
            }
            return Ok(());
        }
        let bytes = match self.read(PLAN)? {
            Some(bytes) => bytes,
            None => self
                .kept(&named)?
                .ok_or_else(|| refused(PlanError::Unreadable(format!("there is no {PLAN}"))))?,
        };
        let kept = Plan::from_bytes(&bytes).map_err(refused)?;
        plan.expect_begun(&kept, named).map_err(refused)
    }

    /// Ends a run of which only the journal says that it failed.
    fn settle_failure(&self) -> Result<(), AttemptError> {
        if self.before.status != RunStatus::Failed {
            return Ok(());
        }
        let reason = self.before.reason.clone().unwrap_or_default();
        let advance = Advance::failed(&reason, false);
        let store = &self.workplace.store;
        let run = store.advance_run(&self.lease, self.context.run(), &advance)?;
        Err(AttemptError::Over { run: run.run_id, status: run.status })
    }

    /// What the journal said of earlier attempts.
    pub fn before(&self) -> &RunState {
        &self.before
    }

    /// Ends the run: it did what it was to do.
    pub fn succeed(self, result: Value, summary: Map<String, Value>) -> Result<Run, AttemptError> {
        let outgoing = std::mem::take(&mut *unpoisoned(&self.outgoing));
        let events = outgoing.into_iter().map(|event| ReportedEvent {
            topic: event.topic,
            key: event.key,
            payload: event.payload,
        });
        let report = ExecutorReport {
            format: EXECUTOR_REPORT_FORMAT.to_string(),
            result,
            summary,
            events: events.collect(),
        };
        let mut bytes = serde_json::to_vec_pretty(&report).map_err(StoreError::from)?;
        bytes.push(b'\n');
        self.attach(&artifact_name(EXECUTOR_REPORT)?, &bytes, Durability::Process)?;
        self.reach(RunStatus::Verifying, Durability::Process)?;
        let advance = report.into_advance(self.workplace.clock.now());
        self.go(RunStatus::Success, &advance)
    }

    /// Ends the run: it did not do what it was to do. The task is TODO again, or archived when
    /// nobody is to try again.
    pub fn fail(self, reason: &str, archive_task: bool) -> Result<Run, AttemptError> {
        let reason = fitting(reason);
        self.record(Event::Failed { reason: reason.clone() }, Durability::Power)?;
        let advance = Advance::failed(&reason, archive_task);
        let store = &self.workplace.store;
        Ok(store.advance_run(&self.lease, self.context.run(), &advance)?)
    }

    /// The store that knows the run.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.workplace.store
    }

    /// Goes one status further: the journal first, then the store.
    fn go(&self, to: RunStatus, advance: &Advance) -> Result<Run, AttemptError> {
        let mut progress = unpoisoned(&self.progress);
        // What an earlier attempt wrote into the journal and not into the store is not said twice.
        let said = self.before.status.is_at_least(to);
        if !said {
            let now = self.workplace.clock.now();
            progress
                .journal
                .note(now, Event::Advanced { to }, advance.durability)
                .map_err(RecordError::from)?;
        }
        let run = self.workplace.store.advance_run(&self.lease, self.context.run(), advance)?;
        progress.status = to;
        Ok(run)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RecordError> {
        self.keep(&artifact_name(name)?, bytes, Durability::Process)?;
        Ok(())
    }

    /// Keeps an artifact under its digest, and gives it its name in the folder of the run. A loss
    /// of power may take the name: then the digest, of which the journal knows, leads to it.
    fn keep(
        &self,
        name: &TreePath,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<ArtifactReference, RecordError> {
        let path = tree_path(&format!("artifacts/{name}"))?;
        let name = tree_path(&format!("{}/{path}", self.place))?;
        self.artifacts.keep_named(bytes, &name, durability)?;
        Ok(ArtifactReference::new(path, bytes))
    }

    /// What is kept under a digest; none where nothing is, or something else.
    fn kept(&self, digest: &Digest) -> Result<Option<Vec<u8>>, RecordError> {
        match self.artifacts.get(digest, ARTIFACT_LIMIT_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ContentError::Missing(_) | ContentError::Damaged(_)) => Ok(None),
            Err(ContentError::File(error)) => Err(error.into()),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, RecordError> {
        let path = tree_path(&format!("artifacts/{name}"))?;
        let place = Place::new(&self.folder, &path);
        match self.workplace.files.read(place, ARTIFACT_LIMIT_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Recorder for Attempt {
    fn context(&self) -> &RunContext {
        &self.context
    }

    fn status(&self) -> RunStatus {
        unpoisoned(&self.progress).status
    }

    fn record(&self, event: Event, durability: Durability) -> Result<(), RecordError> {
        let now = self.workplace.clock.now();
        Ok(unpoisoned(&self.progress).journal.note(now, event, durability)?)
    }

    fn attach(
        &self,
        name: &TreePath,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), RecordError> {
        let artifact = self.keep(name, bytes, durability)?;
        let now = self.workplace.clock.now();
        Ok(unpoisoned(&self.progress).journal.attach(now, artifact, durability)?)
    }

    fn attached(&self, name: &TreePath) -> Result<Option<Vec<u8>>, RecordError> {
        let path = tree_path(&format!("artifacts/{name}"))?;
        let known = self.before.artifacts.iter().rfind(|artifact| artifact.path == path);
        let Some(known) = known else { return Ok(None) };
        match self.read(name.as_str())? {
            Some(bytes) if Digest::of(&bytes) == known.digest => Ok(Some(bytes)),
            _ => self.kept(&known.digest),
        }
    }

    fn reach(&self, status: RunStatus, durability: Durability) -> Result<(), RecordError> {
        for to in [RunStatus::Executing, RunStatus::Verifying] {
            let current = self.status();
            if current.is_at_least(to) || !status.is_at_least(to) {
                continue;
            }
            let advance = Advance { durability, ..Advance::to(to) };
            self.go(to, &advance).map_err(|error| match error {
                AttemptError::Record(error) => error,
                AttemptError::Store(error) => of_store(error),
                other => RecordError::Store {
                    kind: other.kind(),
                    hint: other.hint(),
                    source: Box::new(other),
                },
            })?;
        }
        Ok(())
    }

    fn expect_held(&self) -> Result<(), RecordError> {
        if self.heartbeat.has_lost() {
            return Err(RecordError::LeaseLost(self.lease.task_id.clone()));
        }
        self.workplace.store.check_lease(&self.lease).map_err(of_store)
    }

    fn publish(&self, event: OutgoingEvent) {
        unpoisoned(&self.outgoing).push(event);
    }
}

/// Gives a run up that nobody works at: it is FAILED with this reason.
pub fn abandon(
    workplace: &Workplace,
    run: &Run,
    reason: &str,
    archive_task: bool,
) -> Result<Run, AttemptError> {
    let (lease, folder, _lock) = take_over(workplace, run)?;
    let _held = Held::new(workplace, &lease);
    let reason = fitting(reason);
    end_journal(workplace, &lease, run, &folder, &reason)?;
    let advance = Advance::failed(&reason, archive_task);
    Ok(workplace.store.advance_run(&lease, &run.run_id, &advance)?)
}

/// Gives up a run whose task this worker has claimed: it is FAILED with this reason, and the task
/// is TODO again. Refused while another process of this machine still has the run in hand.
pub fn abandon_claimed(
    workplace: &Workplace,
    lease: &Lease,
    run: &Run,
    reason: &str,
) -> Result<Run, AttemptError> {
    let reason = fitting(reason);
    let advance = Advance::failed(&reason, false);
    // One that was imported has no folder, and nothing in which it could be said.
    let _lock = match locked_folder(workplace, run) {
        Ok((folder, lock)) => {
            end_journal(workplace, lease, run, &folder, &reason)?;
            Some(lock)
        }
        Err(AttemptError::NoFolder(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(workplace.store.advance_run(lease, &run.run_id, &advance)?)
}

/// Says in the journal of a run that it failed, unless that is said there. A journal that is broken
/// is no reason to keep the run for ever: the store says it all. Where the journal says that the
/// run succeeded, it has, and is not given up.
fn end_journal(
    workplace: &Workplace,
    lease: &Lease,
    run: &Run,
    folder: &Path,
    reason: &str,
) -> Result<(), AttemptError> {
    let Workplace { files, worker, clock, .. } = workplace;
    remove_incomplete(&**files, folder)?;
    let journal = JournalWriter::open(files.clone(), folder, &run.run_id, worker, lease.fence);
    let mut journal = match journal {
        Ok(journal) => journal,
        Err(JournalError::Broken { .. }) => return Ok(()),
        Err(error) => return Err(RecordError::from(error).into()),
    };
    let said = JournalWriter::read(&**files, folder, &run.run_id).map_err(RecordError::from)?;
    let said = RunState::of(&said);
    match said.status {
        RunStatus::Failed => Ok(()),
        RunStatus::Success => {
            settle_success(workplace, lease, run, &said)?;
            Err(AttemptError::Over { run: run.run_id.clone(), status: said.status })
        }
        _ => {
            let event = Event::Failed { reason: reason.to_owned() };
            Ok(journal.append(clock.now(), event).map_err(RecordError::from)?)
        }
    }
}

/// Ends a run of which only the journal says that it succeeded. Its report says what it came to;
/// where that is lost, the run stays to be continued.
fn settle_success(
    workplace: &Workplace,
    lease: &Lease,
    run: &Run,
    said: &RunState,
) -> Result<(), AttemptError> {
    let Workplace { store, files, clock, .. } = workplace;
    let report = format!("artifacts/{EXECUTOR_REPORT}");
    let report = said.artifacts.iter().rfind(|artifact| artifact.path.as_str() == report);
    let kept = store.artifacts(files.clone()).map_err(RecordError::from)?;
    let bytes = report.and_then(|it| kept.get(&it.digest, ARTIFACT_LIMIT_BYTES).ok());
    let Some(bytes) = bytes else { return Ok(()) };
    let report: ExecutorReport = serde_json::from_slice(&bytes).map_err(StoreError::from)?;
    for to in [RunStatus::Executing, RunStatus::Verifying] {
        if !run.status.is_at_least(to) {
            store.advance_run(lease, &run.run_id, &Advance::to(to))?;
        }
    }
    store.advance_run(lease, &run.run_id, &report.into_advance(clock.now()))?;
    Ok(())
}

/// Removes what was not written to its end. The lock of the folder is held, so that is of a process
/// that has ended.
fn remove_incomplete(files: &dyn Files, folder: &Path) -> Result<(), RecordError> {
    remove_temporary_files_in(files, folder, Some(&artifact_name("artifacts")?))?;
    Ok(())
}

/// As much of a reason as a line of a journal takes, by the bytes that it has there.
fn fitting(reason: &str) -> String {
    let mut left = REASON_LIMIT_BYTES;
    let fits = |c: &char| {
        let bytes = match c {
            '\0'..='\u{1f}' => 6,
            '"' | '\\' => 2,
            _ => c.len_utf8(),
        };
        let rest = left.checked_sub(bytes);
        left = rest.unwrap_or_default();
        rest.is_some()
    };
    reason.chars().take_while(fits).collect()
}

/// Claims the task of a run that nobody works at.
fn take_over(workplace: &Workplace, run: &Run) -> Result<(Lease, PathBuf, FileLock), AttemptError> {
    if run.status.is_over() {
        return Err(AttemptError::Over { run: run.run_id.clone(), status: run.status });
    }
    let Workplace { store, files, worker, term, .. } = workplace;
    store.claim_workspaces(&**files)?;
    let (folder, lock) = locked_folder(workplace, run)?;
    let holder = store.holder(&run.task_id)?;
    if let Some(holder) = &holder
        && (store.is_of_one_machine() || are_neighbours(worker, &holder.worker_id))
    {
        // The lock was free, so whoever held the lease has ended.
        store.release(holder)?;
    }
    match store.claim(&run.task_id, worker, *term)? {
        Some(lease) => Ok((lease, folder, lock)),
        None => Err(AttemptError::Held {
            run: run.run_id.clone(),
            holder: holder
                .map_or_else(|| "another worker".to_owned(), |it| it.worker_id.to_string()),
        }),
    }
}

/// Whether two workers are processes of one machine, where a lock on a file is seen by both.
fn are_neighbours(one: &WorkerId, other: &WorkerId) -> bool {
    one.machine().is_some_and(|machine| other.machine() == Some(machine))
}

/// The folder of a run, locked.
fn locked_folder(workplace: &Workplace, run: &Run) -> Result<(PathBuf, FileLock), AttemptError> {
    let folder = workplace.store.run_folder(run);
    let folder = folder.ok_or_else(|| AttemptError::NoFolder(run.run_id.clone()))?;
    let lock = lock(workplace, &folder, &run.run_id)?;
    Ok((folder, lock))
}

fn lock(workplace: &Workplace, folder: &Path, run: &RunId) -> Result<FileLock, AttemptError> {
    let files = &workplace.files;
    let locked = files.create_base(folder).and_then(|()| {
        let holder = format!("{} since {}", workplace.worker, workplace.clock.now());
        files.lock(Place::new(folder, &tree_path(LOCK)?), &holder)
    });
    locked.map_err(|error| match error.kind {
        FileErrorKind::Locked(holder) => AttemptError::Held { run: run.clone(), holder },
        _ => RecordError::from(error).into(),
    })
}

fn of_store(error: StoreError) -> RecordError {
    match error {
        StoreError::LeaseLost(task) => RecordError::LeaseLost(task),
        error => {
            RecordError::Store { kind: error.kind(), hint: error.hint(), source: Box::new(error) }
        }
    }
}

fn artifact_name(text: &str) -> Result<TreePath, RecordError> {
    Ok(tree_path(text)?)
}

/// What was locked when a thread panicked is still what it was before its last whole change.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
