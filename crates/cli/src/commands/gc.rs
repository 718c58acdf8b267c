//! `gc`: removes what ended long ago.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use artifact::{Digest, Timestamp, TreePath};
use code_line::{Error, ErrorCode};
use host::{Contents as _, FileError, FileErrorKind, Files, NodeKind, Place, split_path};
use run::{JournalWriter, Run, RunId, RunState, Task, TaskId, TaskStatus};
use schemars::JsonSchema;
use serde::Serialize;
use store::Store;

use super::Context;
use super::tasks::{open, refused};
use crate::Answer;
use crate::arguments::GcArguments;
use crate::words::{Lines, amount};

/// What `gc --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcAnswer {
    /// Whether it was removed, or only would be.
    pub removed: bool,
    /// The tasks that ended before the given time, with their runs.
    pub tasks: Vec<GcTask>,
    /// Folders in the workspaces that no task knows.
    pub strays: Vec<String>,
    /// How many artifacts no run refers to any more.
    pub artifacts: u32,
    /// Why artifacts were not looked at: a run whose journal does not say what it refers to.
    pub unread: Option<String>,
    /// How many bytes the folders hold; an artifact is the same file as its name in one of them.
    pub bytes: u64,
}

/// A task that is removed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcTask {
    /// Its id.
    pub task_id: String,
    /// What a list shows of it.
    pub title: String,
    /// How many runs it has.
    pub runs: u32,
}

pub(crate) fn gc(context: &Context<'_>, arguments: &GcArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    let files = &*context.world.files;
    // What another store knows would be strays here.
    store.claim_workspaces(files).map_err(refused)?;
    let before = before(context.world.clock.now(), arguments.older_than_days);
    let mut answer = GcAnswer {
        removed: arguments.delete,
        tasks: Vec::new(),
        strays: Vec::new(),
        artifacts: 0,
        unread: None,
        bytes: 0,
    };
    // They are listed before the runs that refer to them: what a run keeps from now on stays.
    let kept = store.artifacts(context.world.files.clone()).map_err(unkept)?;
    let mut unused: BTreeSet<Digest> = kept.list().map_err(unkept)?.into_iter().collect();
    let mut forgotten = BTreeSet::new();
    for task in store.tasks(&[TaskStatus::Done, TaskStatus::Archived]).map_err(refused)? {
        let runs = store.runs(Some(&task.task_id)).map_err(refused)?;
        if ended_at(&*store, files, &task, &runs).is_none_or(|at| at >= before) {
            continue;
        }
        forgotten.insert(task.task_id.clone());
        let folder = folder_of_task(&*store, &runs);
        if let Some(folder) = &folder {
            answer.bytes += size_of(files, folder)?;
        }
        if arguments.delete {
            // First the row: a folder that nobody knows is found again, a row without one misleads.
            store.forget_task(&task.task_id).map_err(refused)?;
            if let Some(folder) = &folder {
                remove(files, folder)?;
            }
        }
        answer.tasks.push(GcTask {
            task_id: task.task_id.to_string(),
            title: task.title.clone(),
            runs: runs.len() as u32,
        });
    }
    for stray in strays(&*store, files)? {
        answer.bytes += size_of(files, &stray)?;
        if arguments.delete {
            remove(files, &stray)?;
        }
        answer.strays.push(stray.display().to_string());
    }
    match used(&*store, files, &forgotten)? {
        Used::Digests(digests) => {
            unused.retain(|digest| !digests.contains(digest));
            for digest in &unused {
                answer.artifacts += 1;
                if arguments.delete {
                    kept.remove(digest).map_err(unkept)?;
                }
            }
        }
        Used::Unknown(run) => answer.unread = Some(run.to_string()),
    }
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&text(&answer))?;
        let found = !answer.tasks.is_empty() || !answer.strays.is_empty() || answer.artifacts > 0;
        if found && !answer.removed {
            context.output.note("nothing was removed; --delete removes it\n");
        }
    }
    Ok(Answer::Yes)
}

/// The artifacts to which runs refer.
enum Used {
    /// These, and no others.
    Digests(BTreeSet<Digest>),
    /// Nobody knows, for the journal of this run cannot be read as a whole.
    Unknown(RunId),
}

/// The artifacts to which the runs of all tasks but these refer.
fn used(store: &dyn Store, files: &dyn Files, forgotten: &BTreeSet<TaskId>) -> Result<Used, Error> {
    let mut digests = BTreeSet::new();
    let runs = store.runs(None).map_err(refused)?;
    for run in runs.iter().filter(|run| !forgotten.contains(&run.task_id)) {
        let Some(folder) = store.run_folder(run) else { continue };
        let Ok(journal) = JournalWriter::read(files, &folder, &run.run_id) else {
            return Ok(Used::Unknown(run.run_id.clone()));
        };
        if !journal.breaks.is_empty() {
            return Ok(Used::Unknown(run.run_id.clone()));
        }
        digests.extend(journal.begun_with());
        digests.extend(RunState::of(&journal).artifacts.iter().map(|artifact| artifact.digest));
    }
    Ok(Used::Digests(digests))
}

fn unkept(error: FileError) -> Error {
    let hint = error.hint().to_owned();
    Error::outside(ErrorCode::StoreError, "the artifacts of runs cannot be cleared", error)
        .hint(hint)
}

/// When a task ended: with the last that its newest run did. A task without one ended when it was
/// added or later, and nobody misses it.
fn ended_at(store: &dyn Store, files: &dyn Files, task: &Task, runs: &[Run]) -> Option<Timestamp> {
    let last = runs.last().and_then(|run| {
        let folder = store.run_folder(run)?;
        let journal = JournalWriter::read(files, &folder, &run.run_id).ok()?;
        Some(journal.entries.last()?.at)
    });
    last.max(task.created_at)
}

fn before(now: Timestamp, days: u32) -> Timestamp {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let seconds = now.unix_seconds().saturating_sub(i64::try_from(age.as_secs()).unwrap_or(0));
    Timestamp::from_unix_seconds(seconds).unwrap_or(now)
}

/// The folder of the runs of a task: the one above `runs`, where onx made it.
fn folder_of_task(store: &dyn Store, runs: &[Run]) -> Option<PathBuf> {
    let run = runs.iter().find(|run| run.run_path == Run::path_of(&run.task_id, &run.run_id))?;
    let folder = store.run_folder(run)?;
    Some(folder.parent()?.parent()?.to_owned())
}

/// Folders in the workspaces of the form that onx makes, which belong to no task. They are listed
/// before the tasks are: a task is written down before its folder is made.
fn strays(store: &dyn Store, files: &dyn Files) -> Result<Vec<PathBuf>, Error> {
    let workspaces = store.workspaces();
    let entries = match files.list(workspaces, None) {
        Ok(entries) => entries,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(Vec::new()),
        Err(error) => return Err(unusable(workspaces, error)),
    };
    let known = store.tasks(TaskStatus::ALL).map_err(refused)?;
    let known: BTreeSet<String> = known.iter().map(|task| task.task_id.to_string()).collect();
    let is_stray = |entry: &&host::FolderEntry| {
        let is_folder = entry.kind == NodeKind::Folder && entry.is_utf8;
        is_folder && !known.contains(&entry.name) && is_of_onx(files, workspaces, &entry.name)
    };
    Ok(entries.iter().filter(is_stray).map(|entry| workspaces.join(&entry.name)).collect())
}

/// Whether a folder holds runs and nothing beside them, and nobody works at one of them.
fn is_of_onx(files: &dyn Files, workspaces: &Path, name: &str) -> bool {
    let Ok(path) = TreePath::new(name) else { return false };
    let Ok(entries) = files.list(workspaces, Some(&path)) else { return false };
    let Ok(runs) = TreePath::new(&format!("{name}/runs")) else { return false };
    let only_runs = entries.iter().all(|entry| entry.name == "runs");
    let Ok(entries) = files.list(workspaces, Some(&runs)) else { return false };
    let has_free_lock = |run: &host::FolderEntry| {
        let Ok(lock) = TreePath::new(&format!("{name}/runs/{}/lock", run.name)) else {
            return false;
        };
        let place = Place::new(workspaces, &lock);
        let is_there = matches!(files.metadata(place), Ok(Some(_)));
        is_there && files.lock(place, "onx gc").is_ok()
    };
    only_runs && entries.iter().all(has_free_lock)
}

/// The bytes of all files in a folder; none when it is not there.
fn size_of(files: &dyn Files, folder: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    each_below(files, folder, &mut |place, kind| {
        if kind == NodeKind::File {
            bytes += files.metadata(place)?.map_or(0, |found| found.size_bytes);
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// Removes a folder with all that is in it; links are removed, not followed.
fn remove(files: &dyn Files, folder: &Path) -> Result<(), Error> {
    each_below(files, folder, &mut |place, kind| match kind {
        NodeKind::Folder => files.remove_folder(place),
        _ => files.remove_file(place),
    })
}

type Visit<'a> = &'a mut dyn FnMut(Place<'_>, NodeKind) -> Result<(), FileError>;

/// Visits everything in a folder, and the folder itself last; nothing when it is not there.
fn each_below(files: &dyn Files, folder: &Path, visit: Visit<'_>) -> Result<(), Error> {
    let visited = split_path(folder).and_then(|(base, name)| {
        match files.metadata(Place::new(&base, &name))? {
            Some(found) if found.kind == NodeKind::Folder => {
                visit_below(files, &base, &name, visit)?;
                visit(Place::new(&base, &name), NodeKind::Folder)
            }
            _ => Ok(()),
        }
    });
    visited.map_err(|error| unusable(folder, error))
}

fn visit_below(
    files: &dyn Files,
    base: &Path,
    path: &TreePath,
    visit: Visit<'_>,
) -> Result<(), FileError> {
    for entry in files.list(base, Some(path))? {
        let inner = TreePath::new(&format!("{path}/{}", entry.name))
            .map_err(|_| FileError::new("use", path.as_str(), FileErrorKind::Path))?;
        if entry.kind == NodeKind::Folder {
            visit_below(files, base, &inner, visit)?;
        }
        visit(Place::new(base, &inner), entry.kind)?;
    }
    Ok(())
}

fn unusable(folder: &Path, error: FileError) -> Error {
    let hint = error.hint().to_owned();
    let message = format!("`{}` cannot be cleared", folder.display());
    Error::outside(ErrorCode::StoreError, message, error).hint(hint)
}

fn text(answer: &GcAnswer) -> String {
    let unread = answer.unread.as_ref().map_or_else(String::new, |run| {
        format!("artifacts stay, for the journal of the run {run} cannot be read\n")
    });
    if answer.tasks.is_empty() && answer.strays.is_empty() && answer.artifacts == 0 {
        return format!("nothing is old enough to be removed\n{unread}");
    }
    let mut lines = Lines::default();
    for task in &answer.tasks {
        let runs = amount(task.runs, "run", "runs");
        lines.push([task.task_id.clone(), runs, task.title.clone()]);
    }
    for stray in &answer.strays {
        lines.push(["no task".to_owned(), String::new(), stray.clone()]);
    }
    let verb = if answer.removed { "removed" } else { "would be removed" };
    let kibibytes = answer.bytes.div_ceil(1024);
    let tasks = amount(answer.tasks.len() as u32, "task", "tasks");
    let strays = amount(answer.strays.len() as u32, "stray folder", "stray folders");
    let artifacts = amount(answer.artifacts, "artifact", "artifacts");
    let found = format!("{tasks}, {strays} and {artifacts}, {kibibytes} KiB, {verb}\n");
    lines.finish() + &found + &unread
}
