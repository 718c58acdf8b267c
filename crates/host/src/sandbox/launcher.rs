//! The two processes between onx and a confined program: the outer one joins groups and makes
//! namespaces, the inner one is the first process in them, takes every right away and runs the
//! program.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, Uid, close, getppid, sethostname};
use serde::{Deserialize, Serialize};

use super::layer::{Confinement, Layer};
use super::policy::{SandboxPolicy, UNPRIVILEGED_USER};
use super::{filter, identity, loopback, mounts, paths};

/// The first argument that makes a binary of onx a launcher.
pub(super) const OUTER: &str = "__sandbox-outer";

/// What a launcher exits with when it did not run the program.
const NOT_RUN: u8 = 125;

/// What a launcher is told on its standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) policy: SandboxPolicy,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) folder: Option<PathBuf>,
    pub(super) environment: Vec<(OsString, OsString)>,
    /// Files into which a process writes itself to join the control groups.
    pub(super) groups: Vec<PathBuf>,
    /// User and group of who asked.
    pub(super) user: (u32, u32),
    /// The process that asked.
    pub(super) asker: i32,
    /// What stands already.
    pub(super) confinement: Confinement,
}

/// What the launcher says about its work: the first line of its standard output, written before the
/// program can write anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) confinement: Confinement,
    /// Why the program was not run; none when it was.
    pub(super) refused: Option<String>,
}

/// Does a launcher's work when this process was started as one; none in every other process. To be
/// called before anything else, and before any thread is started.
pub fn enter_when_asked() -> Option<ExitCode> {
    if std::env::args_os().nth(1)? != OUTER {
        return None;
    }
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text).ok()?;
    let orders = serde_json::from_slice::<Orders>(&text).ok()?;
    Some(outer(orders).unwrap_or(ExitCode::from(NOT_RUN)))
}

/// Who asked takes the lack of an account as a refusal, so a launcher that fails just ends.
fn outer(mut orders: Orders) -> io::Result<ExitCode> {
    let mut confinement = std::mem::take(&mut orders.confinement);
    let policy = orders.policy.clone();
    let wanted = |layer: Layer| is_wanted(&policy, layer);
    confinement.note(Layer::EmptyEnvironment, wanted(Layer::EmptyEnvironment));
    confinement.note(
        Layer::ClosedDescriptors,
        wanted(Layer::ClosedDescriptors).and_then(|()| close_descriptors()),
    );
    if wanted(Layer::ControlGroup).is_ok() && !orders.groups.is_empty() {
        confinement.note(Layer::ControlGroup, join(&orders.groups));
    }
    let spaces = [
        (Layer::ReadOnlyRoot, CloneFlags::CLONE_NEWNS),
        (Layer::ProcessNamespace, CloneFlags::CLONE_NEWPID),
        (Layer::NetworkNamespace, CloneFlags::CLONE_NEWNET),
        (Layer::IpcNamespace, CloneFlags::CLONE_NEWIPC),
        (Layer::UtsNamespace, CloneFlags::CLONE_NEWUTS),
    ];
    if !Uid::effective().is_root() {
        // Rights over the other namespaces come with a user namespace, in which this user is root
        // until the inner launcher gives that up.
        let entered = wanted(Layer::UserNamespace).and_then(|()| {
            let processes = identity::processes()?;
            identity::enter_user_namespace(&processes, CloneFlags::empty(), (0, 0))
        });
        confinement.note(Layer::UserNamespace, entered);
    }
    let flags = spaces.iter().filter(|(layer, _)| wanted(*layer).is_ok());
    let together = unshare(flags.fold(CloneFlags::empty(), |flags, (_, flag)| flags | *flag));
    for (layer, flag) in spaces {
        // One call for all costs less; where it fails, each is tried, so that the rest stand.
        let made = wanted(layer)
            .and_then(|()| together.or_else(|_| unshare(flag)).map_err(|why| why.to_string()));
        confinement.note(layer, made);
    }
    if policy.loopback && confinement.reached.contains(&Layer::NetworkNamespace) {
        // Without it a program misses an address and gains nothing; it will say so itself.
        let _ = loopback::raise();
    }
    end_with_parent();
    if getppid().as_raw() != orders.asker {
        return Err(io::Error::other("who asked is gone"));
    }
    orders.confinement = confinement;
    hand_on(&orders)
}

/// Becomes two, of which the child is the inner launcher. No thread was started, so that the child
/// has everything that it needs.
fn hand_on(orders: &Orders) -> io::Result<ExitCode> {
    match fork::fork()? {
        fork::Fork::Child => inner(orders),
        fork::Fork::Parent(child) => Ok(match waitpid(Pid::from_raw(child), None)? {
            WaitStatus::Exited(_, code) => exit_code(Some(code), None),
            WaitStatus::Signaled(_, signal, _) => exit_code(None, Some(signal as i32)),
            _ => exit_code(None, None),
        }),
    }
}

fn inner(orders: &Orders) -> io::Result<ExitCode> {
    let mut confinement = orders.confinement.clone();
    confine(orders, &mut confinement);
    let refused = refusal(&orders.policy, &confinement);
    let account = Account { confinement, refused };
    let mut line = serde_json::to_vec(&account)?;
    line.push(b'\n');
    let mut answer = io::stdout().lock();
    answer.write_all(&line)?;
    answer.flush()?;
    if account.refused.is_some() {
        return Ok(ExitCode::from(NOT_RUN));
    }
    Ok(run(orders))
}

/// Sets every layer up that this process can, the ones that take rights away last.
fn confine(orders: &Orders, confinement: &mut Confinement) {
    let policy = &orders.policy;
    // What the new root is made of must be open to whom the program runs as.
    umask(Mode::from_bits_truncate(0o022));
    let starts_as_root = orders.user.0 == 0;
    let processes = identity::processes();
    settle(confinement, Layer::UtsNamespace, || {
        sethostname("sandbox").map_err(|why| why.to_string())
    });
    // An ordinary user is called 0 in the user namespace of the outer launcher.
    let drops = starts_as_root && is_wanted(policy, Layer::UnprivilegedUser).is_ok();
    let owner = if drops { UNPRIVILEGED_USER } else { 0 };
    let own_processes = confinement.reached.contains(&Layer::ProcessNamespace);
    settle(confinement, Layer::ReadOnlyRoot, || mounts::confine(policy, owner, own_processes));
    // Whoever is seen in /proc can be studied: without a new root the namespace is worth little.
    let shown = confinement.reached.contains(&Layer::ReadOnlyRoot);
    settle(confinement, Layer::ProcessNamespace, || {
        shown.then_some(()).ok_or_else(|| "its /proc needs a new root".to_owned())
    });
    let wanted = |layer: Layer| is_wanted(policy, layer);
    let nobody = (UNPRIVILEGED_USER, UNPRIVILEGED_USER);
    let inside = if starts_as_root { nobody } else { orders.user };
    if starts_as_root {
        let dropped = wanted(Layer::UnprivilegedUser).and_then(|()| identity::drop_user());
        confinement.note(Layer::UnprivilegedUser, dropped);
    } else {
        confinement.note(Layer::UnprivilegedUser, Ok(()));
    }
    if starts_as_root || confinement.reached.contains(&Layer::UserNamespace) {
        let entered = wanted(Layer::UserNamespace).and_then(|()| {
            identity::enter_user_namespace(&processes?, CloneFlags::empty(), inside)
        });
        confinement.note(Layer::UserNamespace, entered);
    }
    let capabilities = wanted(Layer::NoCapabilities).and_then(|()| identity::drop_capabilities());
    confinement.note(Layer::NoCapabilities, capabilities);
    // A parent that is gone by now does not take the account, and then nothing is run.
    end_with_parent();
    let alone = !confinement.reached.contains(&Layer::ControlGroup);
    let limited =
        wanted(Layer::ResourceLimits).and_then(|()| identity::limit(&policy.limits, alone));
    confinement.note(Layer::ResourceLimits, limited);
    let has_own_root = confinement.reached.contains(&Layer::ReadOnlyRoot);
    let apart = [Layer::ReadOnlyRoot, Layer::ProcessNamespace, Layer::IpcNamespace];
    let is_apart = apart.iter().all(|layer| confinement.reached.contains(layer));
    // On a network of others nobody speaks to anybody.
    let speaks = policy.loopback && confinement.reached.contains(&Layer::NetworkNamespace);
    let paths = wanted(Layer::Landlock).and_then(|()| paths::apply(policy, has_own_root, speaks));
    confinement.note(Layer::Landlock, paths);
    // A root of its own is read-only but for what the policy names.
    let writes = !has_own_root || policy.scratch.is_some() || !policy.writable.is_empty();
    let leave = filter::Leave { is_apart, speaks, writes };
    let calls = wanted(Layer::SystemCallFilter).and_then(|()| filter::apply(leave));
    confinement.note(Layer::SystemCallFilter, calls);
}

/// Lets this process be killed when its parent ends, and with it every process of the namespace
/// that it is the first of. To be asked for after this process has become somebody else: a change
/// of user or rights takes it back (PR_SET_PDEATHSIG(2const)).
fn end_with_parent() {
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
}

/// Finishes a layer whose namespace the outer launcher has made.
fn settle(confinement: &mut Confinement, layer: Layer, work: impl FnOnce() -> Result<(), String>) {
    if confinement.reached.remove(&layer) {
        confinement.note(layer, work());
    }
}

fn is_wanted(policy: &SandboxPolicy, layer: Layer) -> Result<(), String> {
    if policy.without.contains(&layer) {
        return Err("it was left out on purpose".to_owned());
    }
    Ok(())
}

/// Why the program may not be run like this; none when it may.
fn refusal(policy: &SandboxPolicy, confinement: &Confinement) -> Option<String> {
    let lacking = confinement.lacks(policy.level);
    if lacking.is_empty() {
        return None;
    }
    let lacking: Vec<String> =
        lacking.iter().map(|(layer, why)| format!("{layer} ({why})")).collect();
    Some(format!("level `{}` lacks {}", policy.level, lacking.join(", ")))
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
#[expect(clippy::print_stderr, reason = "it stands where the program's own words would stand")]
fn run(orders: &Orders) -> ExitCode {
    let mut command = Command::new(&orders.program);
    command
        .args(&orders.arguments)
        .env_clear()
        .envs(orders.environment.iter().cloned())
        .stdin(Stdio::null());
    if let Some(folder) = &orders.folder {
        command.current_dir(folder);
    }
    match command.status() {
        Ok(status) => exit_code(status.code(), status.signal()),
        Err(why) => {
            eprintln!("`{}` could not be started: {why}", orders.program.display());
            ExitCode::from(if why.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
        }
    }
}

/// The exit code; 128 and the signal's number for a program that a signal ended, as shells do it.
fn exit_code(code: Option<i32>, signal: Option<i32>) -> ExitCode {
    let code = code.or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(255);
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}

#[expect(clippy::disallowed_methods, reason = "a process joins by writing in place")]
fn join(groups: &[PathBuf]) -> Result<(), String> {
    for file in groups {
        let mut opened = fs::OpenOptions::new()
            .write(true)
            .open(file)
            .map_err(|why| format!("`{}`: {why}", file.display()))?;
        opened.write_all(b"0").map_err(|why| format!("`{}`: {why}", file.display()))?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn close_descriptors() -> Result<(), String> {
    let listed = fs::read_dir("/proc/self/fd").map_err(|why| format!("/proc/self/fd: {why}"))?;
    let numbers: Vec<i32> = listed
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // The descriptor that listed them is closed already.
        let _ = close(number);
    }
    Ok(())
}
