//! Control groups: limits on all processes of a sandbox together (cgroups(7), versions 1 and 2).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::policy::SandboxLimits;

/// The groups that one sandbox runs in; they are emptied and removed when this is dropped.
#[derive(Debug)]
pub(super) struct ControlGroups {
    folders: Vec<PathBuf>,
    /// The file into which who joins writes itself.
    joined_by: &'static str,
}

impl ControlGroups {
    /// Makes groups with these limits, by version 2 where it controls memory and processes, else by
    /// version 1. The reason when neither can be used.
    pub(super) fn new(name: &str, limits: &SandboxLimits) -> Result<Self, String> {
        let second = Self::version_2(name, limits);
        second.or_else(|newer| {
            Self::version_1(name, limits).map_err(|older| format!("{newer}; {older}"))
        })
    }

    /// The files into which a process of one thread writes itself to join.
    pub(super) fn joins(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join(self.joined_by)).collect()
    }

    fn version_2(name: &str, limits: &SandboxLimits) -> Result<Self, String> {
        let failed = |what: &str, why: io::Error| format!("cgroup v2: {what}: {why}");
        let own = read("/proc/self/cgroup").map_err(|why| failed("/proc/self/cgroup", why))?;
        let place = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
        let above = Path::new("/sys/fs/cgroup").join(place.trim_start_matches('/'));
        let offered = read(above.join("cgroup.controllers"))
            .map_err(|why| failed("cgroup.controllers", why))?;
        let lacking: Vec<&str> = ["memory", "pids"]
            .into_iter()
            .filter(|wanted| !offered.split_whitespace().any(|it| it == *wanted))
            .collect();
        if !lacking.is_empty() {
            return Err(format!("cgroup v2: does not control {}", lacking.join(" and ")));
        }
        write(above.join("cgroup.subtree_control"), "+memory +pids")
            .map_err(|why| failed("cgroup.subtree_control", why))?;
        let groups = Self { folders: vec![above.join(name)], joined_by: "cgroup.procs" };
        let folder = &groups.folders[0];
        make(folder).map_err(|why| failed("making a group", why))?;
        for (file, value) in [
            ("memory.max", limits.memory_bytes.to_string()),
            ("memory.swap.max", "0".to_owned()),
            ("pids.max", limits.processes.to_string()),
        ] {
            let written = write(folder.join(file), &value);
            // A kernel without swap accounting has no such file, and no swap to limit.
            if let Err(why) = written
                && file != "memory.swap.max"
            {
                return Err(failed(file, why));
            }
        }
        Ok(groups)
    }

    fn version_1(name: &str, limits: &SandboxLimits) -> Result<Self, String> {
        // One thread joins at once; a whole process would wait until no other one on the machine is
        // about to start or end, which takes up to twenty milliseconds.
        let mut groups = Self { folders: Vec::new(), joined_by: "tasks" };
        for (controller, file, value) in [
            ("memory", "memory.limit_in_bytes", limits.memory_bytes),
            ("pids", "pids.max", limits.processes),
        ] {
            let failed = |why: io::Error| format!("cgroup v1: {controller}: {why}");
            let folder = Path::new("/sys/fs/cgroup").join(controller).join(name);
            make(&folder).map_err(failed)?;
            groups.folders.push(folder.clone());
            write(folder.join(file), &value.to_string()).map_err(failed)?;
            if controller == "memory" {
                // Without accounting of swap there is no such file.
                let _ = write(folder.join("memory.memsw.limit_in_bytes"), &value.to_string());
            }
        }
        Ok(groups)
    }

    /// Kills what still runs in the groups.
    fn empty(&self) {
        let mut pause = Duration::from_micros(100);
        for _ in 0..60 {
            let mut alive = false;
            for folder in &self.folders {
                let _ = write(folder.join("cgroup.kill"), "1");
                for line in read(folder.join("cgroup.procs")).unwrap_or_default().lines() {
                    alive = true;
                    if let Ok(number @ 2..) = line.parse::<i32>() {
                        let _ = kill(Pid::from_raw(number), Signal::SIGKILL);
                    }
                }
            }
            if !alive {
                return;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}

impl Drop for ControlGroups {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn drop(&mut self) {
        self.empty();
        for folder in &self.folders {
            // What cannot be removed now is empty, and the name is not used again.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn read(path: impl AsRef<Path>) -> io::Result<String> {
    fs::read_to_string(path)
}

#[expect(clippy::disallowed_methods, reason = "a control file is written in place")]
fn write(path: impl AsRef<Path>, value: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    io::Write::write_all(&mut file, value.as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}
