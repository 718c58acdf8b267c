//! Child processes.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions};

use crate::interrupted::{Registered, spawn};

/// How long nothing more may come from a child that has ended before its output counts as cut off.
const SILENCE: Duration = Duration::from_millis(500);

/// A child process to be run: no shell, an environment of exactly these variables, and a limit on
/// everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildCommand {
    /// The program: a path, or a name that is looked up in `PATH` of this process.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working folder; that of this process when none is given.
    pub folder: Option<PathBuf>,
    /// Its whole environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// What it reads on its standard input.
    pub input: Vec<u8>,
    /// After this time it and its children are killed.
    pub timeout: Duration,
    /// Bytes kept of each of its two outputs; what comes beyond is read and dropped.
    pub output_limit_bytes: u64,
}

impl ChildCommand {
    /// A command with an empty environment, no input, one minute and 1 MiB of each output.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder: None,
            environment: BTreeMap::new(),
            input: Vec::new(),
            timeout: Duration::from_mins(1),
            output_limit_bytes: 1 << 20,
        }
    }

    /// The same command with one more argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The same command with one more variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It was killed because its time was over.
    TimedOut,
}

/// A child that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// How it ended.
    pub ending: Ending,
    /// The first bytes of its standard output.
    pub stdout: Vec<u8>,
    /// The first bytes of its standard error.
    pub stderr: Vec<u8>,
    /// Whether an output was longer than the limit.
    pub truncated: bool,
}

impl Completed {
    /// Whether it ended with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// Cuts each output after this many bytes.
    pub(crate) fn limit(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        for output in [&mut self.stdout, &mut self.stderr] {
            self.truncated |= output.len() > bytes;
            output.truncate(bytes);
        }
    }
}

/// A child that could not be run.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", program.display())]
pub struct ProcessError {
    /// What was attempted, as a verb phrase.
    pub action: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Whether there is no such program.
    pub missing: bool,
    /// The answer of the operating system.
    #[source]
    pub source: io::Error,
}

/// Runs child processes.
pub trait Processes: Send + Sync + fmt::Debug {
    /// Runs a child to its end.
    fn run(&self, command: &ChildCommand) -> Result<Completed, ProcessError>;
}

/// The processes of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProcesses;

impl Processes for SystemProcesses {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn run(&self, command: &ChildCommand) -> Result<Completed, ProcessError> {
        let failed = |action, source: io::Error| ProcessError {
            action,
            program: command.program.clone(),
            missing: source.kind() == io::ErrorKind::NotFound,
            source,
        };
        let mut prepared = Command::new(&command.program);
        prepared
            .args(&command.arguments)
            .env_clear()
            .envs(&command.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that its children are killed with it.
            .process_group(0);
        if let Some(folder) = &command.folder {
            prepared.current_dir(folder);
        }
        let deadline = Instant::now() + command.timeout;
        let (mut child, group) = spawn(&mut prepared).map_err(|source| failed("start", source))?;
        feed(&mut child, command.input.clone());
        let stdout = collect(child.stdout.take(), command.output_limit_bytes);
        let stderr = collect(child.stderr.take(), command.output_limit_bytes);
        let status = wait(child, group, deadline).map_err(|source| failed("wait for", source))?;
        // A grandchild that left the group may hold the pipes open for ever; it is not waited for.
        let (stdout, stdout_cut) = finish(&stdout, deadline);
        let (stderr, stderr_cut) = finish(&stderr, deadline);
        let ending = match status {
            None => Ending::TimedOut,
            Some(status) => status
                .code()
                .map(Ending::Exited)
                .or_else(|| status.signal().map(Ending::Killed))
                .unwrap_or(Ending::Killed(0)),
        };
        Ok(Completed { ending, stdout, stderr, truncated: stdout_cut || stderr_cut })
    }
}

fn feed(child: &mut Child, input: Vec<u8>) {
    if let Some(mut pipe) = child.stdin.take() {
        // A child that does not read its input is no failure of ours.
        thread::spawn(move || drop(pipe.write_all(&input)));
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> Receiver<(Vec<u8>, bool)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            if sender.send((chunk[..count].to_vec(), false)).is_err() {
                return;
            }
        }
    });
    let (limited, kept) = channel();
    thread::spawn(move || {
        let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
        for (mut bytes, _) in receiver {
            let cut = bytes.len() > left;
            bytes.truncate(left);
            left -= bytes.len();
            if limited.send((bytes, cut)).is_err() {
                return;
            }
        }
    });
    kept
}

/// What a child that has ended said. What is still in a pipe comes at once; whoever holds the pipe
/// open and says nothing, or goes on until the deadline, is not waited for.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn finish(receiver: &Receiver<(Vec<u8>, bool)>, deadline: Instant) -> (Vec<u8>, bool) {
    let (mut bytes, mut cut) = (Vec::new(), false);
    let deadline = deadline.max(Instant::now() + SILENCE);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(left.min(SILENCE)) {
            Ok((chunk, was_cut)) => {
                bytes.extend_from_slice(&chunk);
                cut |= was_cut;
            }
            Err(RecvTimeoutError::Timeout) => return (bytes, true),
            Err(RecvTimeoutError::Disconnected) => return (bytes, cut),
        }
    }
}

/// Waits until the deadline; none when the child was killed because of it. Whatever of its group is
/// left then is killed too.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn wait(mut child: Child, group: Registered, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let leader = group.leader();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Until it is reaped, nobody else can have its group.
        until_ended(leader);
        group.kill();
        drop(group);
        drop(sender.send(child.wait()));
    });
    let left = deadline.saturating_duration_since(Instant::now());
    if let Ok(status) = receiver.recv_timeout(left) {
        return status.map(Some);
    }
    // It may have ended by itself in this moment.
    let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    // A killed child is reaped by the waiting thread; its status says nothing more.
    let _ = receiver.recv_timeout(Duration::from_secs(5));
    Ok(None)
}

/// Waits until a child has ended, and leaves it to be reaped.
fn until_ended(child: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let wait = || rustix::process::waitid(WaitId::Pid(child), options);
    while matches!(wait(), Err(rustix::io::Errno::INTR)) {}
}

/// Processes that answer what a test prepared, in that order, and remember what they were asked.
#[derive(Debug, Default)]
pub struct SimulatedProcesses {
    answers: Mutex<VecDeque<Completed>>,
    asked: Mutex<Vec<ChildCommand>>,
}

impl SimulatedProcesses {
    /// Processes that answer these, one after the other; then every program is missing.
    pub fn answering(answers: impl IntoIterator<Item = Completed>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<ChildCommand> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Processes for SimulatedProcesses {
    fn run(&self, command: &ChildCommand) -> Result<Completed, ProcessError> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        answer.ok_or_else(|| ProcessError {
            action: "start",
            program: command.program.clone(),
            missing: true,
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    }
}
