//! A server of PostgreSQL that tests start themselves, on a free port of this machine.
//!
//! Processes that test at the same time share one: it takes seconds to make. Each holds a lock
//! while it lives, and a keeper, which is a process of its own, stops the server and removes its
//! folder when nobody holds it any more, however the tests ended.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Waits until no process has the lock, and somewhat longer; then nobody can come before it is
/// done.
const KEEPER: &str = r#"
while :; do
  flock -x "$1/users" true || exit 1
  sleep 2
  flock -xn "$1/users" sh -c '
    "$2/pg_ctl" -D "$1/data" -m immediate -w stop
    rm -rf "$1/data" "$1/port"
  ' sh "$1" "$2" && exit 0
done
"#;

/// A server, which runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    account: Account,
    folder: PathBuf,
    port: u16,
}

/// The user as whom the server runs; it refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
    is_other: bool,
}

/// The server that all tests share, as the beginning of a URL; or why there is none.
pub fn shared() -> Result<&'static str, &'static str> {
    static SHARED: OnceLock<Result<(String, File), String>> = OnceLock::new();
    match SHARED.get_or_init(enter) {
        Ok((url, _)) => Ok(url.as_str()),
        Err(why) => Err(why.as_str()),
    }
}

/// The shared server with the lock that keeps it running.
fn enter() -> Result<(String, File), String> {
    let programs = programs()?;
    let account = account()?;
    let said = |what: &'static str| move |error: io::Error| format!("PostgreSQL: {what}: {error}");
    let base = std::env::temp_dir().join(format!("onx-test-postgres-{}", own_uid()?));
    match fs::DirBuilder::new().mode(0o700).create(&base) {
        Ok(()) => chown(&base, Some(account.uid), Some(account.gid)).map_err(said("its folder"))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(said("its folder")(error)),
    }
    let found = fs::symlink_metadata(&base).map_err(said("its folder"))?;
    if !found.is_dir() || found.uid() != account.uid {
        return Err(format!("PostgreSQL: `{}` belongs to somebody else", base.display()));
    }
    let open = |name: &str| {
        OpenOptions::new().create(true).truncate(false).write(true).open(base.join(name))
    };
    let users = open("users").map_err(said("its lock"))?;
    users.lock_shared().map_err(said("its lock"))?;
    let gate = open("gate").map_err(said("its lock"))?;
    gate.lock().map_err(said("its lock"))?;
    let known = fs::read_to_string(base.join("port")).ok().and_then(|text| text.parse().ok());
    let port = match known {
        Some(port) if TcpStream::connect(("127.0.0.1", port)).is_ok() => port,
        _ => {
            // What a machine left behind that was switched off.
            let _ = fs::remove_dir_all(base.join("data"));
            // Nothing of it outlives the tests, so nothing waits for the disk.
            let settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
            let port = launch(&programs, account, &base, &settings)?;
            fs::write(base.join("port"), port.to_string()).map_err(said("its port"))?;
            command(&PathBuf::from("sh"), account)
                .args(["-c", KEEPER, "sh"])
                .arg(&base)
                .arg(&programs)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()
                .map_err(said("its keeper"))?;
            port
        }
    };
    drop(gate);
    Ok((url(port), users))
}

fn url(port: u16) -> String {
    format!("postgres://onx@127.0.0.1:{port}/postgres")
}

impl Server {
    /// Starts a server of one's own with these settings, below a folder that is there.
    pub fn start(below: &Path, settings: &[&str]) -> Result<Self, String> {
        let (programs, account) = (programs()?, account()?);
        let folder = below.join("postgres");
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        chown(&folder, Some(account.uid), Some(account.gid))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let port = launch(&programs, account, &folder, settings)?;
        Ok(Self { programs, account, folder, port })
    }

    /// The beginning of its URL.
    pub fn url(&self) -> String {
        url(self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = command(&self.programs.join("pg_ctl"), self.account);
        stop.arg("-D").arg(self.folder.join("data")).args(["-m", "immediate", "-w", "stop"]);
        let _ = run(&mut stop);
    }
}

/// Makes the data of a server below this folder and starts it; its port.
fn launch(
    programs: &Path,
    account: Account,
    folder: &Path,
    settings: &[&str],
) -> Result<u16, String> {
    let data = folder.join("data");
    let mut make = command(&programs.join("initdb"), account);
    make.args(["-U", "onx", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-D"]);
    run(make.arg(&data))?;
    let mut said = String::new();
    // Somebody else may take the port that was free a moment ago.
    for _ in 0..3 {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("PostgreSQL: no free port: {error}"))?
            .port();
        let mut options = format!(
            "-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
             -c max_connections=200"
        );
        for setting in settings {
            options.push_str(&format!(" -c {setting}"));
        }
        let mut start = command(&programs.join("pg_ctl"), account);
        start.arg("-D").arg(&data).arg("-l").arg(folder.join("log"));
        match run(start.args(["-w", "-t", "60", "-o", &options, "start"])) {
            Ok(()) => return Ok(port),
            Err(why) => said = why,
        }
    }
    Err(said)
}

fn command(program: &Path, account: Account) -> Command {
    let mut command = Command::new(program);
    if account.is_other {
        command.uid(account.uid).gid(account.gid);
    }
    // The folder of the tests may be one that the other user cannot enter.
    command.current_dir("/");
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    // What it starts would keep a pipe open.
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("PostgreSQL: `{name}` ended with {status}")),
        Err(error) => Err(format!("PostgreSQL: `{name}`: {error}")),
    }
}

/// The folder of the server's programs.
fn programs() -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("initdb"));
    let mut candidates: Vec<_> = on_path.filter_map(|it| fs::canonicalize(it).ok()).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin/initdb")).collect();
    versions.sort();
    candidates.extend(versions.into_iter().rev());
    let has_all =
        |folder: &Path| ["initdb", "pg_ctl", "postgres"].iter().all(|it| folder.join(it).is_file());
    candidates
        .into_iter()
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|folder| has_all(folder))
        .ok_or_else(|| "PostgreSQL: no `initdb` and `postgres` were found".to_owned())
}

fn own_uid() -> Result<u32, String> {
    let found = fs::metadata("/proc/self");
    found.map(|it| it.uid()).map_err(|error| format!("PostgreSQL: who are we: {error}"))
}

fn account() -> Result<Account, String> {
    let uid = own_uid()?;
    if uid != 0 {
        let found = fs::metadata("/proc/self").map_err(|error| error.to_string())?;
        return Ok(Account { uid, gid: found.gid(), is_other: false });
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    for name in ["postgres", "nobody"] {
        let entry = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let mut entry = entry.filter(|fields| fields.len() > 3 && fields[0] == name);
        let ids = entry.next().and_then(|it| Some((it[2].parse().ok()?, it[3].parse().ok()?)));
        if let Some((uid, gid)) = ids {
            return Ok(Account { uid, gid, is_other: true });
        }
    }
    Err("PostgreSQL: it refuses to run as root, and there is no other user".to_owned())
}
