//! One thread swaps a folder or file by a link to the outside while another works through it.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use host::{DiskFiles, Durability, FileErrorKind, Files, Place, WalkOptions, walk_folder};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, ResolveFlags, renameat_with};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::{SECRET, Scene, path};

/// How often one thread works while the other swaps.
const RACES: u64 = 100_000;

/// How one thread's work ended, by outcome.
type Outcomes = BTreeMap<String, u64>;

/// Works through `sub/file` while it, or the folder that it lies in, is swapped by a link that
/// leads outside.
fn race(swapped: &str, link: &str) -> Outcomes {
    let scene = Scene::new();
    let before = scene.outside();
    let place = scene.base.join(swapped);
    let beside = scene.base.join("beside");
    let target = scene.outside.join(link);
    let is_link =
        |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    symlink(&target, &beside).expect("a link");
    let (over, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let outcomes = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // Fails where nothing stands at the moment.
                let _ = renameat_with(CWD, &place, CWD, &beside, RenameFlags::EXCHANGE);
                // Writing replaces the link itself when it comes in between; then it is put back.
                if !is_link(&beside) && !is_link(&place) && std::fs::remove_file(&beside).is_ok() {
                    let _ = symlink(&target, &beside);
                }
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut outcomes = Outcomes::new();
        for round in 0..RACES {
            let outcome = work(&scene.base, round);
            *outcomes.entry(outcome).or_default() += 1;
        }
        over.store(true, Ordering::Relaxed);
        outcomes
    });
    assert_eq!(scene.outside(), before, "something outside was changed");
    eprintln!("{} swaps of {swapped}; {outcomes:?}", swaps.load(Ordering::Relaxed));
    outcomes
}

/// One step of work in the swapped place, and how it ended.
fn work(base: &Path, round: u64) -> String {
    let (file, made) = (path("sub/file"), path("sub/new/file"));
    let place = Place::new(base, &file);
    let ended = |name: &str, outcome: Result<(), FileErrorKind>| match outcome {
        Ok(()) => format!("{name}: done"),
        Err(kind) => format!("{name}: {kind}"),
    };
    match round % 10 {
        0 | 1 => {
            let read = DiskFiles.read(place, 1 << 20);
            assert_ne!(read.as_deref().ok(), Some(SECRET.as_bytes()), "read from outside");
            ended("read", read.map(drop).map_err(|error| error.kind))
        }
        2 | 3 => {
            let written = DiskFiles.write(place, b"inside", None);
            ended("write", written.map_err(|error| error.kind))
        }
        4 => {
            let appended = DiskFiles.append(place, b"+", Durability::Power);
            ended("append", appended.map(drop).map_err(|error| error.kind))
        }
        5 => {
            let set = DiskFiles.set_mode(place, 0o640);
            ended("set mode", set.map_err(|error| error.kind))
        }
        6 => {
            let below = path("sub");
            let listed = DiskFiles.list(base, Some(&below));
            let names = listed.iter().flatten();
            assert!(names.into_iter().all(|entry| entry.name != "deep"), "listed the outside");
            ended("list", listed.map(drop).map_err(|error| error.kind))
        }
        7 => {
            let created = DiskFiles
                .create_parents(base, &made)
                .and_then(|_| DiskFiles.write(Place::new(base, &made), b"inside", None))
                .and_then(|()| DiskFiles.remove_file(Place::new(base, &made)))
                .and_then(|()| DiskFiles.remove_folder(Place::new(base, &path("sub/new"))));
            ended("make and remove", created.map_err(|error| error.kind))
        }
        8 => {
            let (staged, moved) = (path("sub/staged"), path("sub/moved"));
            let renamed = DiskFiles
                .create(Place::new(base, &staged), b"inside", Some(0o600))
                .and_then(|()| DiskFiles.rename(base, &staged, &moved))
                .and_then(|()| DiskFiles.symlink(Place::new(base, &staged), Path::new("moved")))
                .and_then(|()| DiskFiles.remove_file(Place::new(base, &staged)));
            // What a swap cut off stays for the next round.
            let _ = DiskFiles.remove_file(Place::new(base, &staged));
            ended("stage and rename", renamed.map_err(|error| error.kind))
        }
        _ => {
            let walked = walk_folder(base, WalkOptions::default()).expect("the base stays");
            let inside = walked.files.iter().all(|file| !file.path.as_str().contains("deep"));
            assert!(inside, "walked outside: {walked:?}");
            "walk: done".to_owned()
        }
    }
}

/// The swaps were there: steps succeeded, and links were seen in the way.
fn was_a_race(outcomes: &Outcomes) {
    assert!(outcomes.keys().any(|outcome| outcome.ends_with(": done")), "{outcomes:?}");
    let refused = format!(": {}", FileErrorKind::Link);
    assert!(outcomes.keys().any(|outcome| outcome.ends_with(&refused)), "{outcomes:?}");
}

#[test]
fn a_folder_that_is_swapped_leads_nowhere() {
    was_a_race(&race("sub", ""));
}

#[test]
fn a_file_that_is_swapped_leads_nowhere() {
    was_a_race(&race("sub/file", "file"));
}

#[test]
fn neither_does_where_the_kernel_cannot_open_beneath_in_one_call() {
    let outcomes = std::thread::spawn(|| {
        forbid_openat2();
        let folder = rustix::fs::open(".", OFlags::RDONLY, Mode::empty()).expect("a folder");
        let answer =
            rustix::fs::openat2(&folder, ".", OFlags::RDONLY, Mode::empty(), ResolveFlags::BENEATH);
        assert_eq!(answer.err(), Some(rustix::io::Errno::NOSYS));
        [race("sub", ""), race("sub/file", "file")]
    });
    for outcomes in outcomes.join().expect("the thread ends") {
        was_a_race(&outcomes);
    }
}

/// Makes this thread's kernel one without `openat2`.
fn forbid_openat2() {
    let answers = [(libc_openat2(), Vec::new())].into_iter().collect();
    let filter = SeccompFilter::new(
        answers,
        SeccompAction::Allow,
        SeccompAction::Errno(rustix::io::Errno::NOSYS.raw_os_error().cast_unsigned()),
        std::env::consts::ARCH.try_into().expect("an architecture with filters"),
    );
    let program: BpfProgram =
        filter.expect("a filter").try_into().expect("a filter that can be compiled");
    seccompiler::apply_filter(&program).expect("filters are there");
}

/// The number of `openat2`, which is the same on every architecture.
fn libc_openat2() -> i64 {
    437
}
