//! Writing to a journal while things go wrong.

use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use host::{Durability, Fault, FaultyFiles, Files, MemoryFiles, Place};
use run::{
    ArtifactReference, Event, Fence, Journal, JournalError, JournalWriter, LINE_LIMIT_BYTES,
    RunState,
};

use crate::scene::{
    bytes, events_path, folder, moment, open, put, read, run_id, story, told, worker,
};

fn begun(number: u32) -> Event {
    Event::StepBegan { node: format!("node-{number}") }
}

#[test]
fn what_was_acknowledged_is_there_whatever_failed() {
    const EVENTS: u32 = 4;
    let faults =
        [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin];
    let mut struck = 0;
    for fault in faults {
        for at in 1.. {
            let disk = MemoryFiles::new();
            disk.create_base(Path::new("/disk")).expect("a folder");
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let files: Arc<dyn Files> = faulty.clone();
            let mut acknowledged = Vec::new();
            let opened = JournalWriter::open(files, &folder(), &run_id(), &worker("w"), Fence(1));
            if let Ok(mut writer) = opened {
                for number in 0..EVENTS {
                    match writer.append(moment(number), begun(number)) {
                        Ok(()) => acknowledged.push(begun(number)),
                        Err(_) => break,
                    }
                }
            }
            let whole: Arc<dyn Files> = Arc::new(disk);
            let mut writer = open(&whole, "w");
            writer.append(moment(60), begun(99)).expect("written");
            acknowledged.push(begun(99));
            let journal = read(&*whole);
            assert_eq!(journal.breaks, [], "{fault:?} at {at}");
            assert_eq!(journal.torn_end, None, "{fault:?} at {at}");
            let found: Vec<_> = journal.entries.iter().map(|entry| &entry.event).collect();
            let mut rest = found.iter();
            for event in &acknowledged {
                assert!(rest.any(|found| *found == event), "{fault:?} at {at}: {found:?}");
            }
            // At most the one event that failed is there without having been acknowledged.
            assert!(found.len() <= acknowledged.len() + 1);
            if !faulty.has_struck() {
                break;
            }
            struck += 1;
        }
    }
    assert!(struck > 60, "{struck}");
}

#[test]
fn after_a_failure_the_journal_is_opened_again_first() {
    let disk = MemoryFiles::new();
    disk.create_base(Path::new("/disk")).expect("a folder");
    let whole: Arc<dyn Files> = Arc::new(disk.clone());
    drop(open(&whole, "w"));
    let mut struck = false;
    for at in 1..20 {
        let files: Arc<dyn Files> = Arc::new(FaultyFiles::new(disk.clone(), at, Fault::Full));
        let opened = JournalWriter::open(files, &folder(), &run_id(), &worker("w"), Fence(1));
        let Ok(mut writer) = opened else { continue };
        if writer.append(moment(0), begun(at as u32)).is_err() {
            let again = writer.append(moment(0), begun(0));
            assert!(matches!(again, Err(JournalError::Unsure)));
            struck = true;
        }
    }
    assert!(struck);
}

#[test]
fn a_line_behind_an_unfinished_one_whose_writers_were_both_killed_is_no_break() {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    let mut writer = open(&files, "w");
    for number in 1..=2 {
        writer.append(moment(number), begun(number)).expect("written");
    }
    let text = bytes(&*files);
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let torn = &lines[1][..lines[1].len() - 40];
    put(&*files, &[lines[0], torn, lines[1]].concat());
    let journal = read(&*files);
    assert_eq!((journal.entries.len(), &*journal.breaks, journal.repaired), (1, &[][..], 1));
    // What follows is added, and what was changed otherwise is a break as before.
    let mut writer = open(&files, "w");
    writer.append(moment(3), begun(3)).expect("written");
    assert_eq!(read(&*files).entries.len(), 2);
    put(&*files, &[lines[0], b"x", lines[1]].concat());
    assert_eq!(read(&*files).breaks.len(), 1);
}

#[test]
fn an_unfinished_end_is_kept_and_marked_and_never_read() {
    let files = told();
    let whole = bytes(&*files);
    let torn = b"{\"journal\":1,\"bytes\":90,\"checks";
    put(&*files, &[&whole[..], torn].concat());
    assert_eq!(read(&*files).torn_end.expect("an end").bytes, torn.len() as u64);
    let mut writer = open(&files, "v");
    writer.append(moment(9), begun(1)).expect("written");
    let after = bytes(&*files);
    assert!(after.starts_with(&[&whole[..], torn].concat()), "nothing is removed");
    let journal = read(&*files);
    assert_eq!((journal.breaks.len(), journal.torn_end.clone(), journal.repaired), (0, None, 1));
    assert_eq!(journal.entries.len(), story().len() + 1);
    // The same bytes elsewhere are a break: only what was marked is unfinished.
    put(&*files, &[torn, &b"\n"[..], &whole[..]].concat());
    assert_eq!(read(&*files).breaks.len(), 1);
}

/// Files to which somebody else's write is added, cut off, just before ours.
#[derive(Debug)]
struct Crowded(MemoryFiles, std::sync::atomic::AtomicBool);

macro_rules! handed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Result<$result, host::FileError> {
            self.0.$name($($argument),*)
        })*
    };
}

impl Files for Crowded {
    handed_on! {
        metadata(place: Place<'_>) -> Option<host::Metadata>;
        list(base: &Path, below: Option<&TreePath>) -> Vec<host::FolderEntry>;
        read(place: Place<'_>, limit_bytes: u64) -> Vec<u8>;
        read_end(place: Place<'_>, at_most_bytes: u64) -> Vec<u8>;
        read_link(place: Place<'_>) -> std::path::PathBuf;
        create_with(place: Place<'_>, fill: host::Fill<'_>, mode: Option<u32>) -> ();
        rename(base: &Path, from: &TreePath, to: &TreePath) -> ();
        link(base: &Path, from: &TreePath, to: &TreePath) -> ();
        sync_folder(base: &Path, below: Option<&TreePath>) -> ();
        create_folder(place: Place<'_>) -> ();
        remove_file(place: Place<'_>) -> ();
        remove_folder(place: Place<'_>) -> ();
        symlink(place: Place<'_>, target: &Path) -> ();
        set_mode(place: Place<'_>, mode: u32) -> ();
        create_base(base: &Path) -> ();
        canonical(path: &Path) -> std::path::PathBuf;
        lock(place: Place<'_>, holder: &str) -> host::FileLock;
    }

    fn append(
        &self,
        place: Place<'_>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<u64, host::FileError> {
        if !self.1.swap(true, std::sync::atomic::Ordering::SeqCst) {
            self.0.append(place, b"{\"journal\":1,\"byt", durability)?;
        }
        self.0.append(place, bytes, durability)
    }
}

#[test]
fn a_line_that_ended_up_behind_an_unfinished_one_is_written_again() {
    let disk = MemoryFiles::new();
    disk.create_base(Path::new("/disk")).expect("a folder");
    let files: Arc<dyn Files> = Arc::new(Crowded(disk, false.into()));
    let mut writer = open(&files, "w");
    writer.append(moment(0), begun(1)).expect("written");
    writer.append(moment(1), begun(2)).expect("written");
    let Journal { entries, breaks, torn_end, repaired } = read(&*files);
    assert_eq!((entries.len(), breaks.len(), torn_end, repaired), (2, 0, None, 1));
}

#[test]
fn what_is_too_long_for_a_line_becomes_an_artifact() {
    let files = told();
    let mut writer = open(&files, "v");
    let before = bytes(&*files);
    let long = Event::Failed { reason: "x".repeat(LINE_LIMIT_BYTES) };
    assert!(matches!(writer.append(moment(9), long), Err(JournalError::TooLong(_))));
    assert_eq!(bytes(&*files), before);
    let path = TreePath::new("artifacts/executor_report.json").expect("a path");
    let attached = ArtifactReference::new(path, "y".repeat(100_000).as_bytes());
    writer.attach(moment(10), attached.clone(), Durability::Power).expect("written");
    let longest = bytes(&*files).split(|byte| *byte == b'\n').map(<[u8]>::len).max();
    assert!(longest.expect("lines") < LINE_LIMIT_BYTES);
    assert_eq!(RunState::of(&read(&*files)).artifacts, [attached]);
}

#[test]
fn what_an_older_claim_wrote_after_a_newer_one_counts_for_nothing() {
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new());
    files.create_base(Path::new("/disk")).expect("a folder");
    let claim = |name, fence| {
        let name = worker(name);
        JournalWriter::open(files.clone(), &folder(), &run_id(), &name, Fence(fence))
            .expect("a journal")
    };
    let (mut slow, mut quick) = (claim("slow", 1), claim("quick", 2));
    slow.append(moment(0), Event::Advanced { to: run::RunStatus::Executing }).expect("written");
    quick.append(moment(1), Event::StepBegan { node: "differ".to_owned() }).expect("written");
    slow.append(moment(2), Event::Failed { reason: "late".to_owned() }).expect("written");
    let state = RunState::of(&read(&*files));
    assert_eq!((state.status, state.reason), (run::RunStatus::Executing, None));
    assert_eq!(state.findings[0].code, "journal-stale");
}

#[test]
fn a_step_that_there_is_not_is_a_finding() {
    let files = told();
    let mut writer = open(&files, "v");
    let back = Event::Advanced { to: run::RunStatus::Planning };
    writer.append(moment(9), back).expect("written");
    let state = RunState::of(&read(&*files));
    assert_eq!(state.status, run::RunStatus::Success);
    assert_eq!(state.findings[0].code, "journal-illegal");
    assert!(bytes(&*files).len() > 100 && !events_path().as_str().is_empty());
}
