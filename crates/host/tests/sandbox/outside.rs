//! What lies outside a sandbox and must not be reached from inside.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// Folders, sockets and a process, all open to everybody, gone when dropped.
pub(crate) struct Outside {
    pub(crate) folder: tempfile::TempDir,
    process: Child,
    tcp: TcpListener,
    tcp_6: Option<TcpListener>,
    _udp: Option<UdpSocket>,
    _socket: UnixListener,
    _abstract_socket: UnixListener,
    shared: PathBuf,
    temporary: tempfile::NamedTempFile,
    pub(crate) is_root: bool,
}

const SECRET: &str = "SECRET";

impl Outside {
    /// Everything belongs to the user of this process.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        open(folder.path());
        for name in ["outside", "target"] {
            fs::create_dir(folder.path().join(name)).expect("made");
            open(&folder.path().join(name));
        }
        let outside = folder.path().join("outside");
        for name in ["secret", "file", "spare", "own"] {
            fs::write(outside.join(name), SECRET).expect("written");
            fs::set_permissions(outside.join(name), fs::Permissions::from_mode(0o666))
                .expect("opened");
        }
        fs::write(outside.join("program"), "#!/bin/sh\necho ran\n").expect("written");
        open(&outside.join("program"));
        let socket = UnixListener::bind(outside.join("socket")).expect("a socket");
        open(&outside.join("socket"));
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let udp = tcp.local_addr().ok().and_then(|address| UdpSocket::bind(address).ok());
        let process = Command::new("sleep")
            .arg("1000")
            .stdout(Stdio::null())
            .spawn()
            .expect("a process to be let alone");
        let name = format!("onx-probe-{}", process.id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let abstract_socket = UnixListener::bind_addr(&address).expect("an abstract socket");
        system_v("l.shmget(key, 4096, 0o1666); l.semget(key, 1, 0o1666)", process.id());
        let shared = PathBuf::from(format!("/dev/shm/onx-probe-{}", process.id()));
        fs::write(&shared, SECRET).expect("shared memory");
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o666)).expect("opened");
        let temporary = tempfile::NamedTempFile::new_in("/tmp").expect("a file");
        fs::write(temporary.path(), "x").expect("written");
        let is_root = rustix::process::geteuid().is_root();
        let tcp_6 = TcpListener::bind("[::1]:0").ok();
        Self {
            folder,
            process,
            tcp,
            tcp_6,
            _udp: udp,
            _socket: socket,
            _abstract_socket: abstract_socket,
            shared,
            temporary,
            is_root,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the probes are told.
    pub(crate) fn given(&self, descriptor: i32) -> Value {
        let port = |listener: &TcpListener| listener.local_addr().map_or(0, |it| it.port());
        let groups: Vec<&str> = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup"]
            .into_iter()
            .filter(|at| Path::new(at).join("cgroup.procs").exists())
            .take(1)
            .collect();
        json!({
            "outside": self.path("outside"),
            "target": self.path("target"),
            "home": if self.is_root { PathBuf::from("/root") } else { self.path("outside") },
            "process": self.process.id(),
            "marker": "1000",
            "port": port(&self.tcp),
            "port_6": self.tcp_6.as_ref().map_or(0, port),
            "abstract": format!("onx-probe-{}", self.process.id()),
            "shared": self.shared.file_name().and_then(|name| name.to_str()),
            "key": self.process.id(),
            "descriptor": descriptor,
            "groups": groups,
            "temporary": self.temporary.path(),
            "set_user": "/bin/su",
            "is_root": self.is_root,
        })
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let id = self.process.id();
        system_v("l.shmctl(l.shmget(key, 0, 0), 0, None); l.semctl(l.semget(key, 0, 0), 0, 0)", id);
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.shared);
    }
}

/// Does something with shared memory and semaphores of System V, which no safe library offers.
fn system_v(work: &str, key: u32) {
    let text = format!("import ctypes; l = ctypes.CDLL(None); key = {key}; {work}");
    let ended = Command::new("python3").args(["-c", &text]).status().expect("python3 runs");
    assert!(ended.success(), "{work}");
}

fn open(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("opened to all");
}
