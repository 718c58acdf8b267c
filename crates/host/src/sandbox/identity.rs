//! Who a confined program runs as, and what is taken from it.

use std::fs;
use std::io::Write as _;

use caps::{CapSet, Capability};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use rustix::fs::{Mode, OFlags, openat};

use super::policy::{SandboxLimits, UNPRIVILEGED_USER};

/// Becomes an ordinary user; nothing to do for one who is.
pub(super) fn drop_user() -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let user = UNPRIVILEGED_USER;
    setgroups(&[]).map_err(|why| format!("groups cannot be left: {why}"))?;
    setgid(Gid::from_raw(user)).map_err(|why| format!("the group cannot be changed: {why}"))?;
    setuid(Uid::from_raw(user)).map_err(|why| format!("the user cannot be changed: {why}"))?;
    // Without it the files of this process in /proc would belong to root.
    prctl::set_dumpable(true).map_err(|why| why.to_string())
}

/// The folder of processes as it is now; maps of users are written through it even when another one
/// has been mounted in its place.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub(super) fn processes() -> Result<fs::File, String> {
    fs::File::open("/proc").map_err(|why| format!("/proc cannot be opened: {why}"))
}

/// Enters a user namespace of its own in which this user and group are called `inside`.
pub(super) fn enter_user_namespace(
    processes: &fs::File,
    further: CloneFlags,
    inside: (u32, u32),
) -> Result<(), String> {
    let (user, group) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER | further).map_err(|why| why.to_string())?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{} {user} 1", inside.0)),
        ("gid_map", format!("{} {group} 1", inside.1)),
    ] {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let opened = openat(processes, format!("self/{file}"), flags, Mode::empty())
            .map_err(|why| format!("{file} cannot be opened: {why}"))?;
        fs::File::from(opened)
            .write_all(text.as_bytes())
            .map_err(|why| format!("{file} cannot be written: {why}"))?;
    }
    Ok(())
}

/// Gives every capability up, for this process and all that it starts.
pub(super) fn drop_capabilities() -> Result<(), String> {
    let text = |why: caps::errors::CapsError| why.to_string();
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(text)? {
        caps::clear(None, CapSet::Bounding).map_err(text)?;
    }
    for set in [CapSet::Ambient, CapSet::Effective, CapSet::Inheritable, CapSet::Permitted] {
        caps::clear(None, set).map_err(text)?;
    }
    prctl::set_no_new_privs().map_err(|why| why.to_string())
}

/// Limits each process; `alone` when no control group limits them together.
pub(super) fn limit(limits: &SandboxLimits, alone: bool) -> Result<(), String> {
    let mut wanted = vec![
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_CPU, limits.cpu_seconds),
        (Resource::RLIMIT_FSIZE, limits.file_size_bytes),
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_MEMLOCK, 64 << 10),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ];
    if alone {
        wanted.push((Resource::RLIMIT_AS, limits.memory_bytes));
        wanted.push((Resource::RLIMIT_NPROC, limits.processes));
    }
    // Whoever asks may stand before all others; what is confined does not.
    let refused = |why: rustix::io::Errno| format!("the priority: {why}");
    if rustix::process::getpriority_process(None).map_err(refused)? < 0 {
        rustix::process::setpriority_process(None, 0).map_err(refused)?;
    }
    for (resource, limit) in wanted {
        setrlimit(resource, limit, limit).map_err(|why| format!("{resource:?}: {why}"))?;
    }
    Ok(())
}
