//! Programs that take more than they are given, or do not want to end.

use std::path::Path;
use std::time::{Duration, Instant};

use host::{Confined, Ending, Layer, SandboxPolicy, UNPRIVILEGED_USER};

use crate::outside::Outside;
use crate::{Test, policy, python, run};

pub(crate) const TESTS: &[Test] = &[
    ("a_fork_bomb_stays_small", fork_bomb),
    ("memory_ends", memory),
    ("a_file_ends", file_size),
    ("the_scratch_folder_ends", scratch),
    ("files_run_out", entries),
    ("a_spinning_program_is_stopped", spin),
    ("who_ignores_the_wish_to_end_is_killed", ignored_signal),
    ("a_daemon_does_not_survive", daemon),
];

/// Runs a program of Python with a changed policy; how it ended and how long it took.
fn python_program(
    text: &str,
    timeout: Duration,
    change: impl FnOnce(&mut SandboxPolicy),
) -> (Confined, Duration) {
    let outside = Outside::new();
    if outside.is_root {
        let nobody = Some(UNPRIVILEGED_USER);
        std::os::unix::fs::chown(outside.path("target"), nobody, nobody).expect("given away");
    }
    let mut policy = policy(&outside.path("target"));
    change(&mut policy);
    let started = Instant::now();
    let target = outside.path("target");
    let arguments = ["-c", text, target.to_str().expect("text")];
    let confined = run(policy, &python().0, &arguments, timeout).expect("it runs");
    (confined, started.elapsed())
}

fn printed(confined: &Confined) -> String {
    let out = String::from_utf8_lossy(&confined.completed.stdout).into_owned();
    out + &String::from_utf8_lossy(&confined.completed.stderr)
}

/// Processes whose command line holds the marker, anywhere on this machine.
pub(crate) fn survivors(marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains(marker) && entry.file_name().to_str() != Some("self") {
            found.push(line);
        }
    }
    found
}

fn fork_bomb() {
    let text = "import os,sys,time\nmade=0\ntry:\n  while made<5000:\n    if os.fork()==0: time.sleep(60); os._exit(0)\n    made+=1\nexcept OSError as why: print('stopped', made)\nsys.stdout.flush()\n";
    let (confined, took) =
        python_program(text, Duration::from_mins(1), |policy| policy.limits.processes = 40);
    assert!(printed(&confined).contains("stopped"), "{}", printed(&confined));
    assert!(took < Duration::from_mins(1));
    assert_eq!(survivors("made<5000"), Vec::<String>::new());
}

fn memory() {
    let text = "import sys\nkept=[]\nfor _ in range(64): kept.append(bytearray(b'x')*(64<<20))\nprint('held all')\n";
    let (confined, _) = python_program(text, Duration::from_mins(1), |policy| {
        policy.limits.memory_bytes = 512 << 20;
    });
    assert!(!printed(&confined).contains("held all"), "{}", printed(&confined));
    assert!(!confined.completed.succeeded());
}

fn file_size() {
    let text = "import os,sys\nwith open(sys.argv[1]+'/big','wb') as f:\n  for _ in range(64): f.write(b'x'*(1<<20)); f.flush()\nprint('wrote all')\n";
    let (confined, _) = python_program(text, Duration::from_mins(1), |policy| {
        policy.limits.file_size_bytes = 8 << 20;
    });
    assert!(!printed(&confined).contains("wrote all"), "{}", printed(&confined));
    assert!(!confined.completed.succeeded());
}

fn scratch() {
    let text = "import sys\nfor n in range(64):\n  with open(f'/tmp/{n}','wb') as f: f.write(b'x'*(1<<20))\nprint('wrote all')\n";
    let (confined, _) = python_program(text, Duration::from_mins(1), |_| {});
    if confined.confinement.reached.contains(&Layer::ReadOnlyRoot) {
        assert!(printed(&confined).contains("No space left"), "{}", printed(&confined));
    }
}

fn entries() {
    let text =
        "import sys\nfor n in range(2000): open(f'/tmp/{n}','wb').close()\nprint('made all')\n";
    let (confined, _) = python_program(text, Duration::from_mins(1), |_| {});
    if confined.confinement.reached.contains(&Layer::ReadOnlyRoot) {
        assert!(printed(&confined).contains("No space left"), "{}", printed(&confined));
    }
}

fn spin() {
    let (confined, took) = python_program("while True: pass", Duration::from_mins(1), |policy| {
        policy.limits.cpu_seconds = 1;
    });
    assert_eq!(confined.completed.ending, Ending::Exited(128 + 9), "{}", printed(&confined));
    assert!(took < Duration::from_secs(30), "{took:?}");
}

fn ignored_signal() {
    let text = "import signal,time\nfor s in range(1,32):\n  try: signal.signal(s, signal.SIG_IGN)\n  except OSError: pass\ntime.sleep(310)\n";
    let timeout = Duration::from_secs(3);
    let (confined, took) = python_program(text, timeout, |_| {});
    assert_eq!(confined.completed.ending, Ending::TimedOut);
    assert!(took < timeout + Duration::from_secs(10), "{took:?}");
    assert_eq!(survivors("sleep(310)"), Vec::<String>::new());
}

fn daemon() {
    let text = "import os,time\nif os.fork()==0:\n  os.setsid()\n  if os.fork()==0:\n    for n in range(3): os.close(n)\n    time.sleep(311)\n  os._exit(0)\nos.wait()\nprint('left')\n";
    let (confined, _) = python_program(text, Duration::from_mins(1), |_| {});
    assert!(printed(&confined).contains("left"), "{}", printed(&confined));
    let ends = Path::new("/proc");
    assert!(ends.exists());
    assert_eq!(survivors("sleep(311)"), Vec::<String>::new());
}
