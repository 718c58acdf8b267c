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
mod paths;
mod policy;
mod throwaway;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub use launcher::enter_when_asked;
pub use layer::{Confinement, Layer, SandboxLevel};
pub use policy::{SandboxLimits, SandboxPolicy, Scratch, UNPRIVILEGED_USER, runs_as_root};
pub use throwaway::Throwaway;

use self::groups::ControlGroups;
use self::launcher::{Account, OUTER, Orders};
use crate::process::{ChildCommand, Completed, ProcessError, Processes};

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
        let no_account = |why: &dyn std::fmt::Display| SandboxError::NoAccount(why.to_string());
        let mut account = tempfile::NamedTempFile::new().map_err(|why| no_account(&why))?;
        let mut confinement = Confinement::default();
        let groups = self.groups(&mut confinement);
        let orders = Orders {
            policy: self.policy.clone(),
            program: command.program.clone(),
            arguments: command.arguments.clone(),
            folder: command.folder.clone(),
            environment: self.environment(command).into_iter().collect(),
            groups: groups.as_ref().map(ControlGroups::joins).unwrap_or_default(),
            account: account.path().to_owned(),
            user: (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()),
            asker: nix::unistd::getpid().as_raw(),
            confinement,
        };
        let launcher = ChildCommand {
            program: self.launcher.clone(),
            arguments: vec![OUTER.into()],
            folder: None,
            environment: BTreeMap::new(),
            input: serde_json::to_vec(&orders).map_err(|why| no_account(&why))?,
            timeout: command.timeout,
            output_limit_bytes: command.output_limit_bytes,
        };
        let completed = processes.run(&launcher)?;
        drop(groups);
        let mut text = Vec::new();
        account.read_to_end(&mut text).map_err(|why| no_account(&why))?;
        let account: Account = serde_json::from_slice(&text).map_err(|_| {
            let words = String::from_utf8_lossy(&completed.stderr);
            no_account(&format!("the launcher ended with {:?}: {words}", completed.ending))
        })?;
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
