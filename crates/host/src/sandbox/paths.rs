//! Which files a confined program may open (Landlock).

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::mounts::IN_MEMORY;
use super::policy::SandboxPolicy;

/// The newest interface whose rights are asked for; an older kernel enforces what it knows.
const NEWEST: ABI = ABI::V6;

/// The processes that a program sees.
pub(super) const PROCESSES: &str = "/proc";

/// What programs of the system are made of, and what they read to start.
pub(super) const SYSTEM: [&str; 22] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/etc/alternatives",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl",
    PROCESSES,
    "/sys/devices/system/cpu",
];

/// Devices that hold nothing.
pub(super) const DEVICES: [&str; 5] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Restricts this thread and all that it starts to the paths of the policy. Refuses when the kernel
/// enforces nothing. One that `speaks` may use the ports of its network.
pub(super) fn apply(
    policy: &SandboxPolicy,
    has_own_root: bool,
    speaks: bool,
) -> Result<(), String> {
    let text = |error: landlock::RulesetError| error.to_string();
    let every = AccessFs::from_all(NEWEST);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(every)
        .map_err(text)?;
    if !speaks {
        rules = rules.handle_access(AccessNet::from_all(NEWEST)).map_err(text)?;
    }
    let mut rules = rules.scope(Scope::from_all(NEWEST)).map_err(text)?.create().map_err(text)?;
    let read = AccessFs::from_read(NEWEST);
    // Devices and sockets are made nowhere, and device control is needed on none.
    let write = every & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    // A root of its own shows nothing but what may be read. Without one the processes are those of
    // everybody.
    let (whole, listed): (&[&str], &[&str]) =
        if has_own_root { (&["/"], &[]) } else { (&[], &SYSTEM) };
    let system = listed.iter().filter(|path| **path != PROCESSES).chain(whole).map(Path::new);
    let readable = policy.readable.iter().map(PathBuf::as_path).filter(|_| !has_own_root);
    let devices = DEVICES.iter().map(Path::new);
    // Without a new root these folders are everybody's.
    let own = has_own_root && policy.scratch.is_some();
    let in_memory = IN_MEMORY.iter().map(Path::new).filter(|_| own);
    let writable = policy.writable.iter().map(PathBuf::as_path).chain(in_memory);
    let granted = system
        .chain(readable)
        .map(|path| (path, read))
        .chain(devices.map(|path| (path, AccessFs::ReadFile | AccessFs::WriteFile)))
        .chain(writable.map(|path| (path, write)));
    for (path, access) in granted {
        // What is not there cannot be opened anyway.
        let Ok(opened) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
        rules = rules.add_rule(PathBeneath::new(opened, access)).map_err(text)?;
    }
    let status = rules.restrict_self().map_err(text)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("the kernel has no Landlock".to_owned()),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}
