//! Journals in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{Timestamp, TreePath};
use host::{Files, MemoryFiles, Place};
use run::{Event, Fence, Journal, JournalWriter, RunId, RunStatus, TaskId, WorkerId};

pub(crate) fn moment(seconds: u32) -> Timestamp {
    Timestamp::from_unix_seconds(1_762_106_400 + i64::from(seconds)).expect("in range")
}

pub(crate) fn run_id() -> RunId {
    RunId::new("TASK-1-run-01").expect("an id")
}

pub(crate) fn worker(name: &str) -> WorkerId {
    WorkerId::new(name).expect("an id")
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from("/disk/runs/TASK-1-run-01")
}

pub(crate) fn events_path() -> TreePath {
    TreePath::new("journal/events.jsonl").expect("a path")
}

pub(crate) fn open(files: &Arc<dyn Files>, name: &str) -> JournalWriter {
    JournalWriter::open(files.clone(), &folder(), &run_id(), &worker(name), Fence(1))
        .expect("a journal")
}

pub(crate) fn read(files: &dyn Files) -> Journal {
    JournalWriter::read(files, &folder(), &run_id()).expect("a journal")
}

pub(crate) fn bytes(files: &dyn Files) -> Vec<u8> {
    files.read(Place::new(&folder(), &events_path()), u64::MAX).expect("a journal")
}

pub(crate) fn put(files: &dyn Files, bytes: &[u8]) {
    files.create_base(&folder().join("journal")).expect("folders");
    files.write(Place::new(&folder(), &events_path()), bytes, None).expect("a file");
}

/// Some events as they come in a run.
pub(crate) fn story() -> Vec<Event> {
    let node = |name: &str| name.to_owned();
    vec![
        Event::Began { task: TaskId::new("TASK-1").expect("an id"), plan: None },
        Event::Advanced { to: RunStatus::Executing },
        Event::StepBegan { node: node("snapshot") },
        Event::StepEnded { node: node("snapshot"), word: node("ok") },
        Event::StepBegan { node: node("differ") },
        Event::StepEnded { node: node("differ"), word: node("ok") },
        Event::Advanced { to: RunStatus::Verifying },
        Event::Advanced { to: RunStatus::Success },
    ]
}

/// A journal with the whole story, on a disk of its own.
pub(crate) fn told() -> Arc<dyn Files> {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    files.create_base(Path::new("/disk")).expect("a folder");
    let mut writer = open(&files, "w");
    for (event, second) in story().into_iter().zip(0..) {
        writer.append(moment(second), event).expect("written");
    }
    files
}
