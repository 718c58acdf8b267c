//! What a confined program sees of the file system: a new root in which only the declared paths and
//! those of the system appear, read-only but for the declared folders.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

use super::paths::{DEVICES, PROCESSES, SYSTEM};
use super::policy::{SandboxPolicy, Scratch};

/// Folders in memory: temporary files, and the files of shared memory.
pub(super) const IN_MEMORY: [&str; 2] = ["/tmp", "/dev/shm"];

/// Where the new root is put together; what lies there is not reached any more.
const PLACE: &str = "/tmp";

/// Makes the new root of this mount namespace and enters it. `owner` is who the program will run
/// as, in numbers of this user namespace; `own_processes` whether this process namespace is new.
pub(super) fn confine(
    policy: &SandboxPolicy,
    owner: u32,
    own_processes: bool,
) -> Result<(), String> {
    private()?;
    // Opened first: the place of the new root may hide them.
    let shown = shown(policy)?;
    let root = Path::new(PLACE);
    memory(root, "size=4m,nr_inodes=4096,mode=0755")?;
    fill(policy, root, &shown, owner, own_processes).and_then(|()| enter(root)).inspect_err(|_| {
        // What the place holds is needed where there is no new root.
        let _ = umount2(root, MntFlags::MNT_DETACH);
    })
}

/// Puts the new root together.
fn fill(
    policy: &SandboxPolicy,
    root: &Path,
    shown: &[Shown],
    owner: u32,
    own_processes: bool,
) -> Result<(), String> {
    if let Some(scratch) = &policy.scratch {
        for folder in IN_MEMORY {
            let place = below(root, Path::new(folder));
            make_folder(&place)?;
            memory(&place, &options(scratch, owner))?;
        }
    }
    for entry in shown {
        show(root, entry)?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")]
    {
        let link = root.join("dev").join(name);
        symlink(format!("/proc/self/{target}"), &link).map_err(|why| failed(&link, &why))?;
    }
    if own_processes {
        processes(root)?;
    }
    read_only(policy, root)
}

/// Keeps what is mounted here from appearing elsewhere.
fn private() -> Result<(), String> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NOTHING, "/", NOTHING, flags, NOTHING)
        .map_err(|why| format!("mounts cannot be made private: {why}"))
}

const NOTHING: Option<&str> = None;

/// Something that appears in the new root.
struct Shown {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Folder(fs::File),
    File(fs::File),
    /// A small file of the system, of which the new root gets a copy: that costs less than a mount.
    Copy(Vec<u8>),
    Link(PathBuf),
}

/// Larger files of the system are mounted.
const COPIED_BYTES: u64 = 128 << 10;

/// The paths that appear in the new root, outer ones first.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn shown(policy: &SandboxPolicy) -> Result<Vec<Shown>, String> {
    let system = SYSTEM.iter().chain(&DEVICES).map(Path::new).filter(|path| *path != PROCESSES);
    let declared = policy.readable.iter().chain(&policy.writable).map(PathBuf::as_path);
    let mut paths: Vec<&Path> = system.chain(declared).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut shown = Vec::new();
    for path in paths {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            Err(why) => return Err(failed(path, &why)),
        };
        let kind = if metadata.is_symlink() {
            Kind::Link(fs::read_link(path).map_err(|why| failed(path, &why))?)
        } else if let Some(bytes) = small_file_of_system(path, &metadata) {
            Kind::Copy(bytes)
        } else {
            let flags = libc::O_PATH | libc::O_NOFOLLOW;
            let opened = fs::OpenOptions::new()
                .read(true)
                .custom_flags(flags)
                .open(path)
                .map_err(|why| failed(path, &why))?;
            if metadata.is_dir() { Kind::Folder(opened) } else { Kind::File(opened) }
        };
        shown.push(Shown { path: path.to_owned(), kind });
    }
    Ok(shown)
}

/// The bytes of a small regular file of the system that this user may read.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn small_file_of_system(path: &Path, metadata: &fs::Metadata) -> Option<Vec<u8>> {
    let is_of_system = SYSTEM.iter().any(|known| Path::new(known) == path);
    if !is_of_system || !metadata.is_file() || metadata.len() > COPIED_BYTES {
        return None;
    }
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let opened = fs::OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let mut bytes = Vec::new();
    opened.take(COPIED_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= COPIED_BYTES).then_some(bytes)
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn show(root: &Path, entry: &Shown) -> Result<(), String> {
    let place = below(root, &entry.path);
    // An outer path shows it already, perhaps by way of a link.
    if fs::symlink_metadata(&place).is_ok() && !matches!(entry.kind, Kind::Folder(_)) {
        return Ok(());
    }
    if let Some(folder) = place.parent() {
        make_folder(folder)?;
    }
    let opened = match &entry.kind {
        Kind::Link(target) => {
            return symlink(target, &place).map_err(|why| failed(&entry.path, &why));
        }
        Kind::Copy(bytes) => {
            return fs::write(&place, bytes).map_err(|why| failed(&entry.path, &why));
        }
        Kind::Folder(opened) => {
            make_folder(&place)?;
            opened
        }
        Kind::File(opened) => {
            fs::write(&place, "").map_err(|why| failed(&entry.path, &why))?;
            opened
        }
    };
    let origin = format!("/proc/self/fd/{}", opened.as_raw_fd());
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(origin.as_str()), &place, NOTHING, flags, NOTHING)
        .map_err(|why| failed(&entry.path, &why))
}

/// Shows the processes of this process namespace; those of the machine are shown to nobody.
fn processes(root: &Path) -> Result<(), String> {
    let place = below(root, Path::new(PROCESSES));
    make_folder(&place)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    mount(Some("proc"), &place, Some("proc"), flags, NOTHING)
        .map_err(|why| failed(Path::new(PROCESSES), &why))
}

/// Makes the new root the root, and lets go of the old one.
fn enter(root: &Path) -> Result<(), String> {
    chdir(root).map_err(|why| failed(root, &why))?;
    pivot_root(".", ".").map_err(|why| format!("the root cannot be changed: {why}"))?;
    umount2(".", MntFlags::MNT_DETACH)
        .map_err(|why| format!("the old root cannot be let go: {why}"))?;
    chdir("/").map_err(|why| failed(Path::new("/"), &why))
}

/// Makes every mount of the new root read-only but the declared folders and those in memory.
fn read_only(policy: &SandboxPolicy, root: &Path) -> Result<(), String> {
    let in_memory = IN_MEMORY.iter().map(Path::new).filter(|_| policy.scratch.is_some());
    let in_memory: Vec<PathBuf> = in_memory.map(|path| below(root, path)).collect();
    let declared: Vec<PathBuf> = policy.writable.iter().map(|path| below(root, path)).collect();
    for mounted in within(mounted()?, root) {
        let is_writable = in_memory.contains(&mounted.path)
            || declared.iter().any(|folder| mounted.path.starts_with(folder));
        let mut flags = mounted.flags | MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID;
        flags |= if is_writable { MsFlags::MS_NODEV } else { MsFlags::MS_RDONLY };
        mount(NOTHING, &mounted.path, NOTHING, flags, NOTHING).map_err(|why| {
            format!("`{}` cannot be made read-only: {why}", mounted.path.display())
        })?;
    }
    Ok(())
}

fn options(scratch: &Scratch, owner: u32) -> String {
    let Scratch { size_bytes, entries } = scratch;
    format!("size={size_bytes},nr_inodes={entries},mode=0700,uid={owner},gid={owner}")
}

fn memory(path: &Path, options: &str) -> Result<(), String> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), path, Some("tmpfs"), flags, Some(options))
        .map_err(|why| failed(path, &why))
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|why| failed(path, &why))
}

fn failed(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("`{}` cannot be shown: {why}", path.display())
}

/// The newest mount at this place, and those in it. Older ones below it are hidden.
fn within(all: Vec<Mounted>, place: &Path) -> Vec<Mounted> {
    let newest = all.iter().rfind(|mounted| mounted.path == place).map(|mounted| mounted.id);
    let mut inside: BTreeSet<u64> = newest.into_iter().collect();
    // A mount stands in the list behind the one that it is in.
    let mut found = Vec::new();
    for mounted in all {
        if inside.contains(&mounted.id) || inside.contains(&mounted.parent) {
            inside.insert(mounted.id);
            found.push(mounted);
        }
    }
    found
}

struct Mounted {
    id: u64,
    parent: u64,
    path: PathBuf,
    flags: MsFlags,
}

/// The mounts of this namespace (proc_pid_mountinfo(5)).
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn mounted() -> Result<Vec<Mounted>, String> {
    // Room for all of it: the kernel writes the list anew for each of many small reads.
    let mut text = String::with_capacity(64 << 10);
    fs::File::open("/proc/self/mountinfo")
        .and_then(|mut list| list.read_to_string(&mut text))
        .map_err(|why| format!("/proc/self/mountinfo cannot be read: {why}"))?;
    Ok(text.lines().filter_map(mounted_by).collect())
}

fn mounted_by(line: &str) -> Option<Mounted> {
    let mut fields = line.split(' ');
    let id = fields.next()?.parse().ok()?;
    let parent = fields.next()?.parse().ok()?;
    let path = unescape(fields.nth(2)?);
    let options = fields.next()?;
    let flags = options.split(',').fold(MsFlags::empty(), |flags, option| {
        flags
            | match option {
                "ro" => MsFlags::MS_RDONLY,
                "nosuid" => MsFlags::MS_NOSUID,
                "nodev" => MsFlags::MS_NODEV,
                "noexec" => MsFlags::MS_NOEXEC,
                "noatime" => MsFlags::MS_NOATIME,
                "nodiratime" => MsFlags::MS_NODIRATIME,
                "relatime" => MsFlags::MS_RELATIME,
                _ => MsFlags::empty(),
            }
    });
    Some(Mounted { id, parent, path: path.into(), flags })
}

/// Undoes the octal escapes of spaces and the like.
fn unescape(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_mountinfo_are_read() {
        let line = "36 35 98:0 /mnt1 /with\\040space rw,noatime,nosuid master:1 - ext4 /dev/x rw";
        let found = mounted_by(line).expect("a mount");
        assert_eq!(found.path, Path::new("/with space"));
        assert_eq!(found.flags, MsFlags::MS_NOATIME | MsFlags::MS_NOSUID);
        assert!(mounted_by("36 35").is_none());
    }

    #[test]
    fn mounts_under_a_newer_one_are_hidden() {
        let lines = [
            "63 43 254:0 /x /tmp/x ro - ext4 /dev/x rw",
            "64 43 0:39 / /tmp rw - tmpfs tmpfs rw",
            "65 64 254:0 /x /tmp/new/x rw - ext4 /dev/x rw",
            "66 65 254:0 /y /tmp/new/x/y rw - ext4 /dev/x rw",
            "67 43 254:0 /z /other rw - ext4 /dev/x rw",
        ];
        let all = lines.iter().filter_map(|line| mounted_by(line)).collect();
        let found = within(all, Path::new("/tmp"));
        let ids: Vec<u64> = found.iter().map(|mounted| mounted.id).collect();
        assert_eq!(ids, [64, 65, 66]);
    }
}
