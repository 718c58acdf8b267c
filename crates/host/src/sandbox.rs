//! Runs programs that nobody here wrote so that they can do nothing but their work.
//!
//! A launcher, which is the binary of onx under another first argument, stands between onx and the
//! program. It stacks independent layers, each of which holds when another one fails; what it
//! reached is reported, and below the wanted level nothing is run.

mod calls;
mod filter;
mod groups;
mod identity;
mod launcher;
mod layer;
mod loopback;
mod mounts;
mod numbers;
mod paths;
mod policy;
mod throwaway;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub use launcher::enter_when_asked;
pub use layer::{Confinement, Layer, SandboxLevel};
pub use policy::{SandboxLimits, SandboxPolicy, Scratch, UNPRIVILEGED_USER, runs_as_root};
pub use throwaway::Throwaway;

use self::groups::ControlGroups;
use self::launcher::{Account, OUTER, Orders};
use crate::process::{ChildCommand, Completed, ProcessError, Processes};

/// More than an account can take, in bytes.
const ACCOUNT_LIMIT_BYTES: u64 = 64 << 10;

/// Runs programs under a policy.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The binary that becomes the launcher; it must call [`enter_when_asked`] before all else.
    pub launcher: PathBuf,
    /// What the programs may do.
    pub policy: SandboxPolicy,
}

/// A program that ran confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confined {
    /// How it ended; one that a signal ended has 128 and the signal's number as its exit code.
    pub completed: Completed,
    /// The layers that stood.
    pub confinement: Confinement,
}

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The level that the policy demands was not reached.
    #[error("the sandbox was refused: {why}")]
    Refused {
        /// Which layers are missing, each with the reason.
        why: String,
        /// What was reached.
        confinement: Confinement,
    },
    /// The launcher ended without an account of what it did.
    #[error("the sandbox could not be set up: {0}")]
    NoAccount(String),
    /// The launcher could not be run.
    #[error(transparent)]
    Launcher(#[from] ProcessError),
}

impl Sandbox {
    /// A sandbox whose launcher is the running binary.
    pub fn new(policy: SandboxPolicy) -> Self {
        Self { launcher: PathBuf::from("/proc/self/exe"), policy }
    }

    /// Runs a program to its end. It reads nothing on its standard input, sees the variables of the
    /// command and no others, and is killed with everything it started when its time is over.
    pub fn run(
        &self,
        processes: &dyn Processes,
        command: &ChildCommand,
    ) -> Result<Confined, SandboxError> {
        let mut confinement = Confinement::default();
        let groups = self.groups(&mut confinement);
        let orders = Orders {
            policy: self.policy.clone(),
            program: command.program.clone(),
            arguments: command.arguments.clone(),
            folder: command.folder.clone(),
            environment: self.environment(command).into_iter().collect(),
            groups: groups.as_ref().map(ControlGroups::joins).unwrap_or_default(),
            user: (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()),
            asker: nix::unistd::getpid().as_raw(),
            confinement,
        };
        let input =
            serde_json::to_vec(&orders).map_err(|why| SandboxError::NoAccount(why.to_string()))?;
        let launcher = ChildCommand {
            program: self.launcher.clone(),
            arguments: vec![OUTER.into()],
            folder: None,
            environment: BTreeMap::new(),
            input,
            timeout: command.timeout,
            output_limit_bytes: command.output_limit_bytes.saturating_add(ACCOUNT_LIMIT_BYTES),
        };
        let mut completed = processes.run(&launcher)?;
        drop(groups);
        let account = take_account(&mut completed)?;
        completed.limit(command.output_limit_bytes);
        match account.refused {
            Some(why) => Err(SandboxError::Refused { why, confinement: account.confinement }),
            None => Ok(Confined { completed, confinement: account.confinement }),
        }
    }

    fn groups(&self, confinement: &mut Confinement) -> Option<ControlGroups> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if self.policy.without.contains(&Layer::ControlGroup) {
            let why = "it was left out on purpose".to_owned();
            confinement.note(Layer::ControlGroup, Err(why));
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("onx-{}-{number}", std::process::id());
        let made = ControlGroups::new(&name, &self.policy.limits);
        made.map_err(|why| confinement.note(Layer::ControlGroup, Err(why))).ok()
    }

    #[expect(clippy::disallowed_methods, reason = "only where the layer is left out on purpose")]
    fn environment(&self, command: &ChildCommand) -> BTreeMap<OsString, OsString> {
        let mut environment = BTreeMap::new();
        if self.policy.without.contains(&Layer::EmptyEnvironment) {
            environment.extend(std::env::vars_os());
        }
        environment.extend(command.environment.clone());
        environment
    }
}

/// Takes the first line off the standard output, which is the launcher's.
fn take_account(completed: &mut Completed) -> Result<Account, SandboxError> {
    let end = completed.stdout.iter().position(|byte| *byte == b'\n');
    let account = end.and_then(|end| serde_json::from_slice(&completed.stdout[..end]).ok());
    let (Some(end), Some(account)) = (end, account) else {
        let words = String::from_utf8_lossy(&completed.stderr);
        let why = format!("the launcher ended with {:?}: {words}", completed.ending);
        return Err(SandboxError::NoAccount(why));
    };
    completed.stdout.drain(..=end);
    Ok(account)
}
