//! Archives that attack whoever unpacks them. Each is read by a process of its own that may take 64
//! MiB beyond the archive itself, and must be refused or read safely within that. Time is printed;
//! what is asserted is the work: the bytes that were unpacked.
//!
//! This binary is its own child, so it has its own `main`.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "it makes files and processes of its own")]
#![expect(clippy::print_stderr, reason = "what an attack took is worth reading")]
#![expect(clippy::print_stdout, reason = "the child answers on its standard output")]

mod bombs;
mod confusions;
mod making;

use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use libtest_mimic::{Arguments, Trial};
use nix::sys::resource::{Resource, setrlimit};
use sources::{ArchiveLimits, archive_tree};

/// A test of this file's own harness.
type Test = (&'static str, fn());

/// What reading an archive may take beside the archive.
const MEMORY_BYTES: u64 = 64 << 20;

/// What may be unpacked before an archive is refused: what is free, and one step of a bomb.
const WORK_BYTES: u64 = 32 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    if let [_, flag, path, name] = arguments.as_slice()
        && flag == "--read"
    {
        return read(path, name);
    }
    let arguments = Arguments::from_args();
    let tests = bombs::TESTS.iter().chain(confusions::TESTS);
    let trials = tests.map(|(name, test)| {
        Trial::test(*name, || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What a child found.
struct Answer {
    /// Why the archive was refused, else nothing.
    refused: Option<String>,
    /// Its members and their findings, one by line.
    lines: Vec<String>,
}

impl Answer {
    fn refused(&self) -> &str {
        self.refused.as_deref().unwrap_or_else(|| panic!("it was read: {:?}", self.lines))
    }

    fn members(&self) -> Vec<&str> {
        assert_eq!(self.refused, None);
        self.lines.iter().filter_map(|line| line.strip_prefix("member ")).collect()
    }

    fn findings(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix("finding ")).collect()
    }

    /// The bytes that were unpacked before it was refused for them.
    fn unpacked_bytes(&self) -> u64 {
        let text = self.refused();
        let (_, rest) = text.split_once("more than is allowed (").expect(text);
        rest.split(' ').next().and_then(|number| number.parse().ok()).expect(text)
    }
}

/// Reads an archive in a process of its own, with a limit on its memory.
fn attack(name: &str, bytes: &[u8]) -> Answer {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    let started = Instant::now();
    let child = Command::new(env::current_exe().expect("this binary"))
        .args(["--read".as_ref(), file.path().as_os_str(), name.as_ref()])
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .expect("a child");
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{name}: {}: {output} {errors}", child.status);
    let lines: Vec<String> = output.lines().map(str::to_owned).collect();
    let refused = lines.iter().find_map(|line| line.strip_prefix("refused ").map(str::to_owned));
    let peak = lines.iter().find(|line| line.starts_with("peak ")).expect("a peak");
    eprintln!(
        "{name} of {} bytes: {}, {} ms, {peak}",
        bytes.len(),
        refused.as_deref().unwrap_or("read"),
        started.elapsed().as_millis()
    );
    Answer { refused, lines }
}

/// The child: reads the archive of this path under this name, and says what it found.
fn read(path: &str, name: &str) -> ExitCode {
    let bytes = fs::read(path).expect("an archive");
    let limit = data_bytes() + MEMORY_BYTES;
    setrlimit(Resource::RLIMIT_DATA, limit, limit).expect("a limit");
    match archive_tree(name, bytes, ArchiveLimits::default()) {
        Err(error) => println!("refused {error}"),
        Ok(tree) => {
            for entry in tree.entries() {
                let content = tree.read(entry.path.as_str());
                let size = content.map(|content| content.len().to_string());
                let size = size.unwrap_or_else(|error| error.to_string());
                println!("member {} {size}", entry.path);
            }
            for finding in tree.findings() {
                println!("finding {} {}", finding.code, finding.message);
            }
        }
    }
    println!("peak {}", status("VmHWM:"));
    ExitCode::SUCCESS
}

/// The bytes of data that this process has now.
fn data_bytes() -> u64 {
    let text = status("VmData:");
    let kibibytes: u64 =
        text.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
    kibibytes << 10
}

fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.trim().to_owned()
}
