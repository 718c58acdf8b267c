//! Attempts to get out of the sandbox, and programs that take more than they are given.
//!
//! This binary is its own launcher, so it has its own `main`. What needs root is tried as root
//! where the tests run as root; everything is tried as an ordinary user.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "it sets up what the sandbox must protect")]

mod escapes;
mod limits;
mod orphans;
mod outside;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use host::{
    ChildCommand, Confined, Sandbox, SandboxError, SandboxLevel, SandboxPolicy, Scratch,
    SystemProcesses, UNPRIVILEGED_USER,
};
use libtest_mimic::{Arguments, Trial};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

fn main() -> ExitCode {
    if let Some(ended) = host::enter_when_asked() {
        return ended;
    }
    if let Some(ended) = escapes::try_as_ordinary_user().or_else(orphans::ask_when_asked) {
        return ended;
    }
    keep_mounts_apart();
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, test) in escapes::TESTS.iter().chain(limits::TESTS).chain(orphans::TESTS) {
        trials.push(Trial::test(*name, || {
            test();
            Ok(())
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What these tests do to mounts and the host name ends with them.
fn keep_mounts_apart() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS).expect("namespaces of their own");
    let nothing: Option<&str> = None;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .expect("mounts of their own");
}

/// A test of this file's own harness.
type Test = (&'static str, fn());

/// A sandbox whose launcher is this binary.
fn sandbox(policy: SandboxPolicy) -> Sandbox {
    Sandbox { launcher: std::env::current_exe().expect("this binary"), policy }
}

/// Where the tests run as root: a copy of this binary that runs as somebody else, and its folder.
fn copy_for_ordinary_user() -> Option<(Command, tempfile::TempDir)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("sandbox-tests");
    fs::copy(std::env::current_exe().expect("this binary"), &copy).expect("copied");
    for path in [folder.path(), &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("opened");
    }
    let mut command = Command::new(&copy);
    command.uid(UNPRIVILEGED_USER).gid(UNPRIVILEGED_USER).current_dir("/").env("TMPDIR", "/tmp");
    Some((command, folder))
}

/// What Python needs to be read.
fn python() -> (PathBuf, Vec<PathBuf>) {
    let said = Command::new("python3")
        .args(["-c", "import sys; print(sys.base_prefix); print(sys.executable)"])
        .output()
        .expect("python3 runs");
    let said = String::from_utf8(said.stdout).expect("text");
    let mut lines = said.lines().map(PathBuf::from);
    let prefix = lines.next().expect("a prefix");
    let program = lines.next().expect("a program").canonicalize().expect("it is there");
    (program, vec![prefix])
}

fn run(
    policy: SandboxPolicy,
    program: &Path,
    arguments: &[&str],
    timeout: Duration,
) -> Result<Confined, SandboxError> {
    let mut command = ChildCommand::new(program);
    command.arguments = arguments.iter().map(Into::into).collect();
    command.timeout = timeout;
    command.environment = BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]);
    sandbox(policy).run(&SystemProcesses, &command)
}

/// A policy with the given writable folder and whatever this machine offers.
fn policy(writable: &Path) -> SandboxPolicy {
    SandboxPolicy {
        readable: python().1,
        writable: vec![writable.to_owned()],
        scratch: Some(Scratch { size_bytes: 16 << 20, entries: 500 }),
        level: SandboxLevel::None,
        ..SandboxPolicy::default()
    }
}
