//! Attempts to get out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::AsRawFd as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use host::{Ending, Layer, SandboxError, SandboxLevel, UNPRIVILEGED_USER};

use crate::outside::Outside;
use crate::{Test, copy_for_ordinary_user, policy, python, run};

const PROBES: &str = include_str!("probes.py");
const AS_ORDINARY_USER: &str = "--as-ordinary-user";

pub(crate) const TESTS: &[Test] = &[
    ("only_the_intended_write_succeeds", || everything(&BTreeSet::new(), false)),
    ("nothing_more_succeeds_with_a_loopback_address", || {
        everything(&BTreeSet::new(), true);
        everything(&BTreeSet::from([Layer::NetworkNamespace]), true);
    }),
    ("a_program_speaks_to_itself_when_it_may", speak),
    ("only_the_intended_write_succeeds_for_an_ordinary_user", as_ordinary_user),
    ("each_layer_can_be_missed", || {
        for layer in Layer::ALL {
            everything(&BTreeSet::from([layer]), false);
        }
    }),
    ("what_lacks_a_layer_of_its_level_is_refused", refused),
];

/// Runs the attempts as an ordinary user when this process was started for it.
pub(crate) fn try_as_ordinary_user() -> Option<ExitCode> {
    (std::env::args().nth(1)? == AS_ORDINARY_USER).then(|| {
        everything(&BTreeSet::new(), false);
        everything(&BTreeSet::new(), true);
        speak();
        for layer in Layer::ALL {
            everything(&BTreeSet::from([layer]), false);
        }
        refused();
        ExitCode::SUCCESS
    })
}

fn as_ordinary_user() {
    let Some((mut copy, _folder)) = copy_for_ordinary_user() else { return };
    let ended = copy.arg(AS_ORDINARY_USER).output().expect("it runs");
    let words = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{words}\n{}", String::from_utf8_lossy(&ended.stdout));
}

/// Attempts that a missing layer lets through, each because it reaches nothing outside.
fn harmless_without(layer: Layer) -> &'static [&'static str] {
    match layer {
        // These widen what a faulty kernel exposes; alone they reach nothing.
        Layer::SystemCallFilter => &[
            "own_rings",
            "new_user_namespace",
            "new_network_namespace",
            "new_mount_namespace",
            "clone_with_user_namespace",
            "keys_of_the_kernel",
            "program_in_memory",
            "fixed_addresses",
            "trace_itself",
            "compare_processes",
            "message_queue",
            "make_set_user_program",
            "make_set_group_program",
            "listen_by_udp",
            "netlink_socket",
            "netlink_audit_socket",
            "machine_socket",
            "cipher_socket",
            "ping_socket",
            "send_by_udp",
        ],
        // Their names, and nothing of them can be used.
        Layer::NetworkNamespace => &["see_networks"],
        Layer::EmptyEnvironment => &["inherited_variable"],
        Layer::ClosedDescriptors => &["inherited_descriptor", "any_descriptor"],
        Layer::ResourceLimits => &["raise_limits"],
        _ => &[],
    }
}

/// Attempts that a loopback address lets through: nothing and nobody else is on that network.
const ON_ITS_OWN_NETWORK: &[&str] =
    &["listen_by_tcp", "listen_by_udp", "send_by_udp", "see_networks"];

const SPEAK: &str = "
import socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname(), timeout=5)
server.accept()[0].sendall(b'heard')
print(client.recv(9).decode())
";

/// A server and its client in one sandbox find each other only where the policy says so.
fn speak() {
    let outside = Outside::new();
    if outside.is_root {
        give_away(&outside.path("target"));
    }
    for loopback in [true, false] {
        let mut policy = policy(&outside.path("target"));
        policy.loopback = loopback;
        let (python, _) = python();
        let ended = run(policy, &python, &["-c", SPEAK], Duration::from_secs(20)).expect("it runs");
        let heard = ended.completed.stdout == b"heard\n";
        let may = loopback && ended.confinement.reached.contains(&Layer::NetworkNamespace);
        let words = String::from_utf8_lossy(&ended.completed.stderr);
        assert_eq!(heard, may, "{words} {:?}", ended.confinement.missing);
    }
}

/// Runs every attempt without and with a sandbox that lacks these layers.
fn everything(without: &BTreeSet<Layer>, loopback: bool) {
    let outside = Outside::new();
    let (python, _) = python();
    // Not closed when another program is run, as a careless library would leave it.
    let leaked = fs::File::create(outside.path("outside").join("leaked")).expect("a file");
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).expect("left open");
    let given = outside.given(leaked.as_raw_fd()).to_string();
    let open = attempts(
        &Command::new(&python)
            .args(["-c", PROBES, &given])
            .env("ONX_PROBE", "SECRET")
            .output()
            .expect("the attempts run")
            .stdout,
    );
    assert!(open.contains("intended_write") && open.len() > 40, "few attempts count: {open:?}");
    // What it made without a sandbox belongs to somebody else.
    fs::remove_file(outside.path("target").join("result")).expect("made by the intended write");
    let mut policy = policy(&outside.path("target"));
    policy.without.clone_from(without);
    policy.loopback = loopback;
    if outside.is_root {
        give_away(&outside.path("target"));
    }
    let confined = run(policy, &python, &["-c", PROBES, &given], Duration::from_mins(2))
        .unwrap_or_else(|why| panic!("without {without:?}: {why}"));
    let words = String::from_utf8_lossy(&confined.completed.stderr).into_owned();
    let inside = attempts(&confined.completed.stdout);
    let tolerated: BTreeSet<String> = without
        .iter()
        .flat_map(|layer| harmless_without(*layer))
        .chain(ON_ITS_OWN_NETWORK.iter().filter(|_| loopback))
        .map(|name| (*name).to_owned())
        .chain(["intended_write".to_owned()])
        .collect();
    let escaped: Vec<&String> =
        inside.iter().filter(|name| open.contains(*name) && !tolerated.contains(*name)).collect();
    // Below folders that only root may enter nobody finds the interpreter without a new root.
    let unreachable = outside.is_root
        && without.contains(&Layer::ReadOnlyRoot)
        && confined.completed.ending == Ending::Exited(126);
    assert!(
        inside.contains("intended_write") || unreachable,
        "without {without:?}: {:?} {:?} {:?}",
        confined.completed.ending,
        words.lines().find(|line| line.starts_with("intended_write")),
        confined.confinement
    );
    assert!(
        escaped.is_empty(),
        "without {without:?} these got out: {escaped:?}; missing {:?}",
        confined.confinement.missing
    );
}

fn give_away(folder: &std::path::Path) {
    let nobody = Some(UNPRIVILEGED_USER);
    std::os::unix::fs::chown(folder, nobody, nobody).expect("given away");
}

fn attempts(printed: &[u8]) -> BTreeSet<String> {
    let said: BTreeMap<String, bool> = serde_json::from_slice(printed).unwrap_or_default();
    said.into_iter().filter(|(_, succeeded)| *succeeded).map(|(name, _)| name).collect()
}

/// A level that demands a layer refuses to run anything without it.
fn refused() {
    let outside = Outside::new();
    for level in SandboxLevel::ALL {
        for layer in level.layers() {
            let mut policy = policy(&outside.path("target"));
            policy.level = level;
            policy.without.insert(layer);
            let touched = outside.path("target").join("touched");
            let touch = [touched.to_str().expect("text")];
            let ended = run(policy, "/usr/bin/touch".as_ref(), &touch, Duration::from_secs(20));
            // An ordinary user is one without any layer.
            let is_plain = layer == Layer::UnprivilegedUser && !outside.is_root;
            match ended {
                Err(SandboxError::Refused { why, confinement }) => {
                    assert!(why.contains(layer.words()) || is_plain, "{why}");
                    assert!(confinement.level() < level);
                }
                Ok(_) if is_plain => {}
                other => panic!("{level} without {layer}: {other:?}"),
            }
            assert!(!touched.exists() || is_plain, "{level} without {layer} ran");
            let _ = fs::remove_file(&touched);
        }
    }
}
