//! Child processes end with this one when it is interrupted: their groups are not the one to which
//! a terminal sends its signals.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The groups that are killed when this process is interrupted.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A group that ends with this process, until this is dropped.
#[derive(Debug)]
pub(crate) struct Registered(Pid);

impl Registered {
    /// Kills what is left of the group; it may have ended by itself.
    pub(crate) fn kill(&self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }

    /// The leader of the group.
    pub(crate) fn leader(&self) -> Pid {
        self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        running().retain(|group| *group != self.0);
    }
}

/// Starts a child that leads a group of its own, and remembers the group.
pub(crate) fn spawn(command: &mut Command) -> io::Result<(Child, Registered)> {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(install);
    // Under the lock: whoever is interrupted now kills the child too, or none is started any more.
    let mut running = running();
    let child = command.spawn()?;
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let leader = leader.ok_or_else(|| io::Error::other("a child has no usable id"))?;
    running.push(leader);
    Ok((child, Registered(leader)))
}

/// Waits for signals that end this process, kills the groups, and ends as it would have.
fn install() {
    let wanted = [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    // Without a handler the signals do what they always did, and only the children are left.
    let Ok(mut signals) = Signals::new(wanted) else { return };
    let wait = move || {
        for signal in signals.forever() {
            let running = running();
            for group in running.iter() {
                let _ = kill_process_group(*group, Signal::KILL);
            }
            let _ = emulate_default_handler(signal);
        }
    };
    drop(std::thread::Builder::new().name("signals".to_owned()).spawn(wait));
}

/// Whether whoever started this process has it ignore a signal, as a shell does for what it runs in
/// the background.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
