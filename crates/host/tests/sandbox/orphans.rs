//! Programs whose asker is killed.

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::sys::stat::{Mode, umask};

use crate::limits::survivors;
use crate::{Test, copy_for_ordinary_user, policy, python, run};

const ASK: &str = "--ask-and-wait";
const WAITS: &str = "import time; time.sleep(312)";

pub(crate) const TESTS: &[Test] = &[("nothing_survives_who_asked_for_it", || {
    let this = std::env::current_exe().expect("this binary");
    killed(Command::new(this), "as the user of the tests");
    if let Some((copy, _folder)) = copy_for_ordinary_user() {
        killed(copy, "as an ordinary user");
    }
})];

/// Runs a program that waits long, when this process was started for it.
pub(crate) fn ask_when_asked() -> Option<ExitCode> {
    (std::env::args().nth(1)? == ASK).then(|| {
        // A strict mask of the user must hide nothing from the program.
        umask(Mode::from_bits_truncate(0o077));
        let folder = tempfile::tempdir().expect("a folder");
        let ended = run(policy(folder.path()), &python().0, &["-c", WAITS], Duration::from_mins(2));
        ExitCode::from(u8::from(ended.is_err()))
    })
}

fn killed(mut asker: Command, who: &str) {
    let mut asker =
        asker.arg(ASK).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let is_there = || !survivors(WAITS).is_empty();
    assert!(comes_true(is_there), "{who}: the program does not start");
    asker.kill().expect("killed");
    asker.wait().expect("ended");
    assert!(comes_true(|| !is_there()), "{who}: {:?}", survivors(WAITS));
}

/// Whether something is so within ten seconds.
fn comes_true(condition: impl Fn() -> bool) -> bool {
    (0..1000).any(|_| {
        let holds = condition();
        if !holds {
            std::thread::sleep(Duration::from_millis(10));
        }
        holds
    })
}
