//! Several processes that write to one journal and are killed meanwhile.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use host::DiskFiles;
use run::{Event, Fence, JournalWriter};

use crate::scene::{moment, run_id, worker};

/// Names the folder of the run that a child process is to write to.
const CHILD: &str = "ONX_TEST_JOURNAL_OF";

const PROCESSES: u32 = 16;
const ROUNDS: u32 = 3;

fn start(folder: &Path, number: u32) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "processes::a_child_writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, folder)
        .env("ONX_TEST_WORKER", format!("w{number}"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// Up to 16 ms between one kill and the next, another pause in every run of the test.
fn pause(round: u32, number: u32) -> Duration {
    let drawn = artifact::Digest::of(format!("{round} {number} {}", std::process::id()).as_bytes());
    Duration::from_micros(u64::from(drawn.as_bytes()[0]) * 64)
}

#[test]
fn nothing_torn_is_accepted_and_nothing_acknowledged_is_lost() {
    let scene = tempfile::tempdir().expect("a temporary folder");
    let mut acknowledged = BTreeMap::<String, u32>::new();
    for round in 0..ROUNDS {
        let mut children: Vec<_> = (0..PROCESSES).map(|it| start(scene.path(), it)).collect();
        // Each is killed at a moment of its own, in the middle of whatever it does; the first ones
        // are let come to write.
        std::thread::sleep(Duration::from_millis(100));
        for (child, number) in children.iter_mut().zip(0_u32..) {
            std::thread::sleep(pause(round, number));
            child.kill().expect("killed");
        }
        for child in &mut children {
            child.wait().expect("ended");
            let said = BufReader::new(child.stdout.take().expect("a pipe"));
            for line in said.lines().map_while(Result::ok) {
                let Some((_, told)) = line.split_once("wrote ") else { continue };
                let Some((writer, sequence)) = told.split_once(' ') else { continue };
                // A line without its end may lack digits.
                let Ok(sequence) = sequence.trim_end_matches('.').parse::<u32>() else { continue };
                if told.ends_with('.') {
                    let last = acknowledged.entry(writer.to_owned()).or_default();
                    *last = sequence.max(*last);
                }
            }
        }
    }
    let journal = JournalWriter::read(&DiskFiles, scene.path(), &run_id()).expect("a journal");
    assert_eq!(journal.breaks, []);
    for (writer, last) in &acknowledged {
        let own = journal.entries.iter().filter(|entry| entry.writer.as_str() == writer);
        let found = own.map(|entry| entry.sequence).max().unwrap_or(0);
        assert!(found >= *last, "{writer} was told that {last} events are there, of {found}");
    }
    assert!(!acknowledged.is_empty(), "nobody came to write");
}

#[test]
#[expect(clippy::print_stdout, reason = "a child tells its parent")]
fn a_child_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let name = std::env::var("ONX_TEST_WORKER").expect("a name");
    let files = Arc::new(DiskFiles);
    let mut writer =
        JournalWriter::open(files, &folder, &run_id(), &worker(&name), Fence(1)).expect("open");
    for number in 0.. {
        let text = "x".repeat(64 + (number as usize * 97) % 3_400);
        writer.append(moment(number), Event::StepBegan { node: text }).expect("written");
        println!("wrote {name} {}.", writer.sequence());
    }
}
