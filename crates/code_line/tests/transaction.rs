//! Every step of an apply and of a rollback is made to fail and to stop; each file is old or new
//! afterwards, and the next run brings the target to one end.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, Timestamp, TreePath};
use code_line::application::{ApplicationKind, ApplicationOutcome};
use code_line::transaction::{
    ApplyRequest, FileChange, RollbackRequest, TransactionError, Transactions,
};
use host::{
    DiskFiles, Fault, FaultyFiles, FileErrorKind, Files, MemoryFiles, Place, SimulatedClock,
};

const TARGET: &str = "/projects/package";
const STATE: &str = "/state";

fn path(text: &str) -> TreePath {
    TreePath::new(text).expect("a path of the test")
}

fn clock() -> SimulatedClock {
    SimulatedClock::at(Timestamp::from_unix_seconds(1_700_000_000).expect("in range"))
}

fn put(files: &dyn Files, base: &Path, name: &str, text: &str, mode: u32) {
    let name = path(name);
    files.create_parents(base, &name).expect("folders");
    files.create(Place::new(base, &name), text.as_bytes(), Some(mode)).expect("a file");
}

/// A target with a program, a plain file, a file that goes and a link.
fn fill(files: &dyn Files, target: &Path) {
    files.create_base(target).expect("the target");
    put(files, target, "a.py", "old a", 0o644);
    put(files, target, "tool", "old tool", 0o755);
    put(files, target, "data/gone.txt", "old data", 0o600);
    files.symlink(Place::new(target, &path("link")), Path::new("a.py")).expect("a link");
}

fn request(target: &Path) -> ApplyRequest {
    let digest = |text: &str| Digest::of(text.as_bytes());
    ApplyRequest {
        target: target.to_owned(),
        package: "dependent".to_owned(),
        from_version: "0.9.0".to_owned(),
        to_version: "1.0.0".to_owned(),
        manifest: digest("manifest"),
        changes: vec![
            FileChange::edit(path("a.py"), digest("old a"), b"new a".to_vec()),
            FileChange::edit(path("tool"), digest("old tool"), b"new tool".to_vec()),
            FileChange::remove(path("data/gone.txt"), digest("old data")),
            FileChange::create(path("deep/er/here.txt"), b"old data".to_vec(), Some(0o600)),
        ],
        checkpoint: None,
        git_commit: Some("0123".to_owned()),
        dependency_versions: BTreeMap::from([("lib".to_owned(), "0.9.0".to_owned())]),
        operations_applied: 3,
        operations_failed: 0,
        run: None,
    }
}

fn rollback(target: &Path) -> RollbackRequest {
    RollbackRequest {
        vouched: None,
        target: target.to_owned(),
        checkpoint: None,
        to_version: Some("0.9.0".to_owned()),
        force: false,
    }
}

fn memory() -> MemoryFiles {
    let files = MemoryFiles::new();
    fill(&files, Path::new(TARGET));
    files.create_base(Path::new(STATE)).expect("the state folder");
    files
}

/// What lies in the target, without the state folder.
fn picture(files: &MemoryFiles) -> BTreeMap<PathBuf, String> {
    let mut picture = files.picture();
    picture.retain(|path, _| path.starts_with(TARGET));
    picture
}

fn without_temporary(mut picture: BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, String> {
    picture.retain(|path, _| !path.to_string_lossy().ends_with(".tmp"));
    picture
}

fn transactions<'a>(files: &'a dyn Files, clock: &'a SimulatedClock) -> Transactions<'a> {
    Transactions::new(files, clock, STATE)
}

/// The target before and after the apply, each as a picture.
fn both_ends() -> (BTreeMap<PathBuf, String>, BTreeMap<PathBuf, String>) {
    let (files, clock) = (memory(), clock());
    let before = picture(&files);
    transactions(&files, &clock).apply(&request(Path::new(TARGET))).expect("a clean apply");
    (before, picture(&files))
}

#[test]
fn an_apply_writes_and_a_rollback_restores_bytes_modes_and_links() {
    let (files, clock) = (memory(), clock());
    let before = picture(&files);
    let transactions = transactions(&files, &clock);
    let target = Path::new(TARGET);
    let record = transactions.apply(&request(target)).expect("applied").expect("a record");
    assert_eq!(record.outcome, ApplicationOutcome::Completed);
    assert!(record.checkpoint.ends_with("checkpoint_pre_1.0.0"));
    let after = picture(&files);
    assert_eq!(after[Path::new("/projects/package/tool")], "755 new tool");
    assert_eq!(after[Path::new("/projects/package/deep/er/here.txt")], "600 old data");
    assert!(!after.contains_key(Path::new("/projects/package/data/gone.txt")));
    let undone = transactions.rollback(&rollback(target)).expect("undone").expect("a record");
    assert_eq!((undone.kind, undone.undoes), (ApplicationKind::Rollback, Some(record.id)));
    assert_eq!(picture(&files), before);
    let status = transactions.status(target).expect("a status");
    assert_eq!((status.records.len(), status.standing, status.pending), (2, None, None));
    assert_eq!(transactions.history(None).expect("a history").len(), 2);
}

#[test]
fn a_second_apply_of_the_same_bytes_writes_nothing() {
    let (files, clock) = (memory(), clock());
    let transactions = transactions(&files, &clock);
    transactions.apply(&request(Path::new(TARGET))).expect("applied");
    let mut again = request(Path::new(TARGET));
    again.changes = vec![FileChange::edit(path("a.py"), Digest::of(b"new a"), b"new a".to_vec())];
    assert_eq!(transactions.apply(&again).expect("nothing to do"), None);
    assert_eq!(transactions.status(Path::new(TARGET)).expect("a status").records.len(), 1);
}

#[test]
fn a_file_that_changed_since_it_was_read_stops_everything() {
    let (files, clock) = (memory(), clock());
    let place = path("tool");
    files.write(Place::new(Path::new(TARGET), &place), b"mine", None).expect("an edit");
    let before = files.picture();
    let outcome = transactions(&files, &clock).apply(&request(Path::new(TARGET)));
    assert!(matches!(outcome, Err(TransactionError::Changed(path)) if path == place));
    let mut after = files.picture();
    after.retain(|path, _| before.contains_key(path));
    assert_eq!(after, before);
}

#[test]
fn one_file_cannot_be_changed_twice() {
    let (files, clock) = (memory(), clock());
    let mut twice = request(Path::new(TARGET));
    twice.changes.push(twice.changes[0].clone());
    let outcome = transactions(&files, &clock).apply(&twice);
    assert!(matches!(outcome, Err(TransactionError::Twice(_))));
}

#[test]
fn later_work_is_not_overwritten_unless_forced_and_then_kept() {
    let (files, clock) = (memory(), clock());
    let before = picture(&files);
    let transactions = transactions(&files, &clock);
    let target = Path::new(TARGET);
    transactions.apply(&request(target)).expect("applied");
    files.write(Place::new(target, &path("a.py")), b"later work", None).expect("an edit");
    let refused = transactions.rollback(&rollback(target));
    assert!(matches!(refused, Err(TransactionError::Edited(paths)) if paths == [path("a.py")]));
    let forced = RollbackRequest { force: true, ..rollback(target) };
    let record = transactions.rollback(&forced).expect("forced").expect("a record");
    assert_eq!(record.overwritten, [path("a.py")]);
    assert_eq!(picture(&files), before);
    // The later work is what the rollback's own checkpoint restores.
    let back = RollbackRequest {
        checkpoint: Some(PathBuf::from(&record.checkpoint)),
        to_version: None,
        ..rollback(target)
    };
    transactions.rollback(&back).expect("restored");
    assert_eq!(picture(&files)[Path::new("/projects/package/a.py")], "644 later work");
}

#[test]
fn a_checkpoint_that_was_tampered_with_is_refused() {
    let (files, clock) = (memory(), clock());
    let transactions = transactions(&files, &clock);
    let record = transactions.apply(&request(Path::new(TARGET))).expect("applied");
    let folder = PathBuf::from(record.expect("a record").checkpoint);
    let after = picture(&files);
    let description = path("checkpoint.json");
    let text = files.read(Place::new(&folder, &description), 1 << 20).expect("readable");
    let changed = String::from_utf8(text.clone()).expect("text").replace("0.9.0", "0.8.0");
    files.write(Place::new(&folder, &description), changed.as_bytes(), None).expect("tampered");
    let any = RollbackRequest { to_version: None, ..rollback(Path::new(TARGET)) };
    assert!(matches!(transactions.rollback(&any), Err(TransactionError::Checkpoint(_))));
    files.write(Place::new(&folder, &description), &text, None).expect("put back");
    let content = path(&format!("content/{}", Digest::of(b"old a").hex()));
    files.write(Place::new(&folder, &content), b"evil", None).expect("tampered");
    assert!(matches!(transactions.rollback(&any), Err(TransactionError::Checkpoint(_))));
    assert_eq!(picture(&files), after);
}

#[test]
fn the_wrong_version_target_or_place_is_refused() {
    let (files, clock) = (memory(), clock());
    let transactions = transactions(&files, &clock);
    let target = Path::new(TARGET);
    let none = transactions.rollback(&rollback(target));
    assert!(matches!(none, Err(TransactionError::NoCheckpoint(_))));
    let inside = ApplyRequest { checkpoint: Some(target.join("cp")), ..request(target) };
    let refused = transactions.apply(&inside);
    assert!(matches!(refused, Err(TransactionError::CheckpointInside(_))));
    transactions.apply(&request(target)).expect("applied");
    let other = RollbackRequest { to_version: Some("0.7".to_owned()), ..rollback(target) };
    assert!(matches!(transactions.rollback(&other), Err(TransactionError::OtherVersion { .. })));
}

#[test]
fn a_link_in_the_target_is_never_written_through() {
    let (files, clock) = (memory(), clock());
    let target = Path::new(TARGET);
    files.create_base(Path::new("/elsewhere")).expect("a folder");
    put(&files, Path::new("/elsewhere"), "x.py", "old", 0o644);
    files.symlink(Place::new(target, &path("away")), Path::new("/elsewhere")).expect("a link");
    let old = Digest::of(b"old");
    for change in [
        FileChange::edit(path("away/x.py"), old, b"new".to_vec()),
        FileChange::create(path("away/y.py"), b"new".to_vec(), None),
        FileChange::edit(path("link"), Digest::of(b"old a"), b"new".to_vec()),
    ] {
        let one = ApplyRequest { changes: vec![change], ..request(target) };
        assert!(transactions(&files, &clock).apply(&one).is_err());
    }
    assert_eq!(files.picture()[Path::new("/elsewhere/x.py")], "644 old");
    assert!(!files.picture().contains_key(Path::new("/elsewhere/y.py")));
}

/// Every file is as it was before or as it is after.
fn assert_old_or_new(
    now: &BTreeMap<PathBuf, String>,
    before: &BTreeMap<PathBuf, String>,
    after: &BTreeMap<PathBuf, String>,
    step: u64,
) {
    for path in before.keys().chain(after.keys()) {
        let found = now.get(path);
        let known = found == before.get(path) || found == after.get(path);
        assert!(known, "step {step}: {} is {found:?}", path.display());
    }
}

#[test]
fn a_stop_at_any_step_leaves_each_file_old_or_new_and_the_next_run_ends_it() {
    let (before, after) = both_ends();
    for fault in [Fault::StopBefore, Fault::StopAfter, Fault::StopWithin] {
        for step in 1.. {
            let (files, clock) = (memory(), clock());
            let faulty = FaultyFiles::new(files.clone(), step, fault);
            let outcome = transactions(&faulty, &clock).apply(&request(Path::new(TARGET)));
            if !faulty.has_struck() {
                outcome.expect("a run without a fault");
                assert!(step > 40, "the run has only {step} steps: something was not counted");
                break;
            }
            let now = without_temporary(picture(&files));
            assert_old_or_new(&now, &before, &after, step);
            let again = transactions(&files, &clock);
            let recovered = again.recover(Path::new(TARGET)).expect("recovered");
            if recovered.is_some() {
                assert_eq!(picture(&files), after, "{fault:?} at step {step}");
            } else if picture(&files) != after {
                assert_eq!(picture(&files), before, "{fault:?} at step {step}");
                again.apply(&request(Path::new(TARGET))).expect("applied now");
            }
            assert_eq!(picture(&files), after, "{fault:?} at step {step}");
            let status = again.status(Path::new(TARGET)).expect("a status");
            assert_eq!((status.pending, status.records.len()), (None, 1), "step {step}");
            again.rollback(&rollback(Path::new(TARGET))).expect("undone");
            assert_eq!(picture(&files), before, "{fault:?} at step {step}");
        }
    }
}

#[test]
fn a_stopped_apply_can_be_rolled_back_instead() {
    let (before, _) = both_ends();
    for step in 1.. {
        let (files, clock) = (memory(), clock());
        let faulty = FaultyFiles::new(files.clone(), step, Fault::StopAfter);
        let outcome = transactions(&faulty, &clock).apply(&request(Path::new(TARGET)));
        if !faulty.has_struck() {
            outcome.expect("a run without a fault");
            break;
        }
        match transactions(&files, &clock).rollback(&rollback(Path::new(TARGET))) {
            Ok(_) => {}
            Err(TransactionError::NoCheckpoint(_)) => {}
            Err(error) => panic!("step {step}: {error}"),
        }
        assert_eq!(picture(&files), before, "step {step}");
    }
}

#[test]
fn a_failure_at_any_step_changes_nothing_or_is_ended_by_the_next_run() {
    let (before, after) = both_ends();
    for fault in [Fault::Full, Fault::Denied] {
        for step in 1.. {
            let (files, clock) = (memory(), clock());
            let faulty = FaultyFiles::new(files.clone(), step, fault);
            let outcome = transactions(&faulty, &clock).apply(&request(Path::new(TARGET)));
            if !faulty.has_struck() {
                outcome.expect("a run without a fault");
                break;
            }
            let error = outcome.expect_err("a fault is told");
            let now = picture(&files);
            let pending =
                transactions(&files, &clock).status(Path::new(TARGET)).expect("a status").pending;
            if pending.is_none() {
                let untouched = now == before || now == after;
                assert!(untouched, "{fault:?} at step {step} ({error}): {now:#?}");
            } else {
                assert!(matches!(error, TransactionError::Interrupted(_)), "step {step}: {error}");
                assert_old_or_new(&now, &before, &after, step);
                transactions(&files, &clock).recover(Path::new(TARGET)).expect("recovered");
                assert_eq!(picture(&files), after, "{fault:?} at step {step}");
            }
        }
    }
}

#[test]
fn a_stop_at_any_step_of_a_rollback_is_ended_by_the_next_run() {
    let (before, after) = both_ends();
    for fault in [Fault::StopBefore, Fault::StopAfter, Fault::StopWithin] {
        for step in 1.. {
            let (files, clock) = (memory(), clock());
            transactions(&files, &clock).apply(&request(Path::new(TARGET))).expect("applied");
            let faulty = FaultyFiles::new(files.clone(), step, fault);
            let outcome = transactions(&faulty, &clock).rollback(&rollback(Path::new(TARGET)));
            if !faulty.has_struck() {
                outcome.expect("a run without a fault");
                break;
            }
            assert_old_or_new(&without_temporary(picture(&files)), &before, &after, step);
            let again = transactions(&files, &clock);
            again.recover(Path::new(TARGET)).expect("recovered");
            again.rollback(&rollback(Path::new(TARGET))).map_or_else(
                |error| assert!(matches!(error, TransactionError::NoCheckpoint(_)), "{error}"),
                drop,
            );
            assert_eq!(picture(&files), before, "{fault:?} at step {step}");
        }
    }
}

#[test]
fn an_edit_between_stop_and_recovery_is_not_overwritten() {
    let clock = clock();
    let target = Path::new(TARGET);
    // Finds the step after which the change is noted as pending.
    for step in 1.. {
        let attempt = memory();
        let faulty = FaultyFiles::new(attempt.clone(), step, Fault::StopAfter);
        let _ = transactions(&faulty, &clock).apply(&request(target));
        let again = transactions(&attempt, &clock);
        if again.status(target).expect("a status").pending.is_some() {
            attempt.write(Place::new(target, &path("tool")), b"mine", None).expect("an edit");
            let outcome = again.recover(target);
            assert!(matches!(outcome, Err(TransactionError::Edited(p)) if p == [path("tool")]));
            assert_eq!(picture(&attempt)[Path::new("/projects/package/tool")], "755 mine");
            break;
        }
    }
}

#[test]
fn a_rollback_that_was_stopped_is_ended_when_it_is_given_again() {
    let (before, _) = both_ends();
    let target = Path::new(TARGET);
    let mut ended = 0;
    for step in 1.. {
        let (files, clock) = (memory(), clock());
        let applied = transactions(&files, &clock).apply(&request(target)).expect("applied");
        let faulty = FaultyFiles::new(files.clone(), step, Fault::StopAfter);
        let outcome = transactions(&faulty, &clock).rollback(&rollback(target));
        if !faulty.has_struck() {
            outcome.expect("a run without a fault");
            break;
        }
        let again = transactions(&files, &clock);
        let was_pending = again.status(target).expect("a status").pending.is_some();
        let by_name = PathBuf::from(applied.expect("a record").checkpoint);
        let named = RollbackRequest { checkpoint: Some(by_name), ..rollback(target) };
        let request = if step % 2 == 0 { named } else { rollback(target) };
        match again.rollback(&request) {
            Ok(Some(record)) => assert_eq!(record.kind, ApplicationKind::Rollback, "step {step}"),
            Ok(None) | Err(TransactionError::NoCheckpoint(_)) => assert!(!was_pending),
            Err(error) => panic!("step {step}: {error}"),
        }
        ended += u32::from(was_pending);
        assert_eq!(picture(&files), before, "step {step}");
        assert_eq!(again.status(target).expect("a status").records.len(), 2, "step {step}");
    }
    assert!(ended > 3, "only {ended} were pending");
}

/// A target whose change was stopped while it was pending, and one file of which was edited since.
fn stopped_and_edited(
    clock: &SimulatedClock,
    setup: impl Fn(&Transactions<'_>),
    change: impl Fn(&Transactions<'_>),
) -> MemoryFiles {
    let target = Path::new(TARGET);
    for step in 1.. {
        let files = memory();
        setup(&transactions(&files, clock));
        change(&transactions(&FaultyFiles::new(files.clone(), step, Fault::StopAfter), clock));
        if transactions(&files, clock).status(target).expect("a status").pending.is_some() {
            files.write(Place::new(target, &path("tool")), b"mine", None).expect("an edit");
            return files;
        }
    }
    unreachable!("some step is after the change was noted")
}

#[test]
fn what_was_stopped_and_edited_since_is_taken_back_by_force_alone() {
    let (before, _) = both_ends();
    let (clock, target) = (clock(), Path::new(TARGET));
    let apply = |it: &Transactions<'_>| drop(it.apply(&request(target)));
    let take_back = |it: &Transactions<'_>| drop(it.rollback(&rollback(target)));
    for files in
        [stopped_and_edited(&clock, |_| {}, apply), stopped_and_edited(&clock, apply, take_back)]
    {
        let again = transactions(&files, &clock);
        let refused = again.rollback(&rollback(target));
        assert!(matches!(&refused, Err(TransactionError::Edited(p)) if *p == [path("tool")]));
        assert!(refused.is_err_and(|error| error.hint().contains("rollback --force")));
        let force = RollbackRequest { force: true, ..rollback(target) };
        let record = again.rollback(&force).expect("by force").expect("a record");
        assert_eq!(record.overwritten, [path("tool")]);
        assert_eq!(picture(&files), before);
        let status = again.status(target).expect("a status");
        assert_eq!((status.pending, status.standing), (None, None));
        // The later work is in the checkpoint of the rollback.
        let checkpoint = Some(PathBuf::from(&record.checkpoint));
        let request = RollbackRequest { checkpoint, to_version: None, ..rollback(target) };
        again.rollback(&request).expect("brought back");
        assert_eq!(picture(&files)[Path::new("/projects/package/tool")], "755 mine");
    }
}

#[test]
fn two_runs_at_once_exclude_each_other() {
    let (files, clock) = (memory(), clock());
    let transactions = transactions(&files, &clock);
    let state = transactions.status(Path::new(TARGET)).expect("a status");
    assert!(state.records.is_empty());
    transactions.apply(&request(Path::new(TARGET))).expect("applied");
    let locks: Vec<PathBuf> =
        files.picture().into_keys().filter(|path| path.ends_with("lock")).collect();
    let folder = locks[0].parent().expect("a folder");
    let held = files.lock(Place::new(folder, &path("lock")), "another run").expect("free");
    let refused = transactions.rollback(&rollback(Path::new(TARGET)));
    let locked = FileErrorKind::Locked("another run".to_owned());
    assert!(matches!(refused, Err(TransactionError::File(error)) if error.kind == locked));
    drop(held);
    transactions.rollback(&rollback(Path::new(TARGET))).expect("free again");
}

#[test]
fn the_same_on_a_real_disk() {
    let place = tempfile::tempdir().expect("a folder");
    let root = DiskFiles.canonical(place.path()).expect("exists");
    let target = root.join("package");
    fill(&DiskFiles, &target);
    let clock = clock();
    let look = |name: &str| {
        let name = path(name);
        let place = Place::new(&target, &name);
        let mode = DiskFiles.metadata(place).expect("seen").map(|found| found.mode);
        (mode, DiskFiles.read(place, 1 << 20).ok())
    };
    for step in (1..).step_by(4) {
        // Every record that is kept makes a run longer, so each step has a state folder of its own.
        let state = root.join(format!("state_{step}"));
        let faulty = FaultyFiles::new(DiskFiles, step, Fault::StopAfter);
        let outcome = Transactions::new(&faulty, &clock, &state).apply(&request(&target));
        let again = Transactions::new(&DiskFiles, &clock, &state);
        let recovered = again.recover(&target).expect("recovered");
        if recovered.is_some() || !faulty.has_struck() {
            assert_eq!(look("tool"), (Some(0o755), Some(b"new tool".to_vec())));
            assert_eq!(look("deep/er/here.txt"), (Some(0o600), Some(b"old data".to_vec())));
            again.rollback(&rollback(&target)).expect("undone");
        }
        let standing = again.status(&target).expect("a status").standing;
        if standing.is_some() {
            again.rollback(&rollback(&target)).expect("undone");
        }
        assert_eq!(look("tool"), (Some(0o755), Some(b"old tool".to_vec())), "step {step}");
        assert_eq!(look("data/gone.txt"), (Some(0o600), Some(b"old data".to_vec())));
        assert_eq!(look("deep/er/here.txt").1, None);
        let names: Vec<_> = DiskFiles.list(&target, None).expect("listed");
        let names: Vec<_> = names.into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a.py", "data", "link", "tool"], "step {step}");
        if !faulty.has_struck() {
            outcome.expect("a run without a fault");
            break;
        }
    }
}

#[test]
fn a_target_that_cannot_be_written_is_left_as_it_is() {
    let (files, clock) = (memory(), clock());
    let before = picture(&files);
    let read_only = FaultyFiles::read_only_below(files.clone(), Path::new(TARGET));
    let outcome = transactions(&read_only, &clock).apply(&request(Path::new(TARGET)));
    assert!(matches!(outcome, Err(TransactionError::TakenBack(_))), "{outcome:?}");
    assert_eq!(picture(&files), before);
    let left: Vec<_> = files
        .picture()
        .into_keys()
        .filter(|p| p.to_string_lossy().contains("checkpoint"))
        .collect();
    assert!(left.iter().all(|path| path.ends_with("checkpoints")), "{left:?}");
}
