//! Which system calls a confined program may make (seccomp with a BPF filter).

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::calls::{COMMON, OLDER, REACHING};
use super::numbers;

/// New namespaces, as bits of the flags of `clone`.
const NAMESPACE_FLAGS: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

/// The bits of a mode that give rights to who runs the file.
const SET_ID_BITS: u64 = 0o6000;

/// What a program's other layers leave it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leave {
    /// Its root, processes and IPC are its own. Without them it may not make calls either that
    /// reach what others protect.
    pub(super) is_apart: bool,
    /// It may use the internet protocols, which reach as far as its network.
    pub(super) speaks: bool,
    /// There is a place that it may write to.
    pub(super) writes: bool,
}

/// Applies the filter to this thread and all that it starts.
pub(super) fn apply(leave: Leave) -> Result<(), String> {
    seccompiler::apply_filter(&program(leave)?).map_err(|error| error.to_string())
}

/// Answers calls that programs try and do without as if the kernel did not know them, allows what
/// is listed, and nothing else.
fn program(leave: Leave) -> Result<BpfProgram, String> {
    let mut conditional = conditional()?;
    if leave.speaks {
        conditional.insert(libc::SYS_socket, sockets_that_speak()?);
    }
    if !leave.is_apart {
        for call in REACHING {
            conditional.remove(call);
        }
        // Its own limits, and nobody else's.
        conditional.insert(libc::SYS_prlimit64, vec![condition(0, SeccompCmpOp::Eq, 0)?]);
    }
    let mut program = numbers::program(&decided(leave, &conditional));
    program.extend(examined(conditional)?);
    Ok(program)
}

/// The calls that are allowed or unknown whatever their arguments are.
fn decided(leave: Leave, conditional: &Conditional) -> BTreeMap<u32, u32> {
    let reaching = |call: &i64| !leave.is_apart && REACHING.contains(call);
    let listed = COMMON.iter().chain(OLDER);
    let allowed = listed
        .filter(|call| !conditional.contains_key(call) && !reaching(call))
        .map(|call| (*call, libc::SECCOMP_RET_ALLOW));
    // Who writes nowhere makes no file that gives rights, by whatever call.
    let unknown = UNKNOWN.iter().filter(|call| leave.writes || **call != libc::SYS_openat2);
    let not_known = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
    let unknown = unknown.map(|call| (*call, not_known));
    let number = |(call, answer)| Some((u32::try_from(call).ok()?, answer));
    allowed.chain(unknown).filter_map(number).collect()
}

/// A filter that looks at the arguments of the calls that are allowed with some of them, and
/// refuses every other call.
fn examined(rules: Conditional) -> Result<BpfProgram, String> {
    let architecture =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let refused = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture)
        .map_err(|error| error.to_string())?;
    filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())
}

/// Which arguments a call may have.
type Conditional = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that have an older form with arguments that a filter can see.
const UNKNOWN: [i64; 3] = [libc::SYS_clone3, libc::SYS_openat2, libc::SYS_fchmodat2];

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, String> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
        .map_err(|error| error.to_string())?;
    SeccompRule::new(vec![condition]).map_err(|error| error.to_string())
}

/// Sockets with a path, and those of TCP and UDP; raw ones are for nobody.
fn sockets_that_speak() -> Result<Vec<SeccompRule>, String> {
    let kinds = !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK).cast_unsigned();
    let mut rules = vec![condition(0, SeccompCmpOp::Eq, libc::AF_UNIX as u64)?];
    for family in [libc::AF_INET, libc::AF_INET6] {
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM] {
            let is = |argument, operator, value| {
                SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
                    .map_err(|error| error.to_string())
            };
            let kind =
                is(1, SeccompCmpOp::MaskedEq(u64::from(kinds)), u64::from(kind.cast_unsigned()))?;
            let both = vec![is(0, SeccompCmpOp::Eq, u64::from(family.cast_unsigned()))?, kind];
            rules.push(SeccompRule::new(both).map_err(|error| error.to_string())?);
        }
    }
    Ok(rules)
}

/// Calls that are allowed with some arguments only.
fn conditional() -> Result<Conditional, String> {
    let unix = libc::AF_UNIX as u64;
    let mut rules = BTreeMap::from([
        (libc::SYS_socket, vec![condition(0, SeccompCmpOp::Eq, unix)?]),
        (libc::SYS_socketpair, vec![condition(0, SeccompCmpOp::Eq, unix)?]),
        (libc::SYS_clone, vec![condition(0, SeccompCmpOp::MaskedEq(NAMESPACE_FLAGS), 0)?]),
        // Characters pushed into a terminal would be read as commands by the shell above.
        (
            libc::SYS_ioctl,
            vec![
                SeccompRule::new(vec![
                    SeccompCondition::new(
                        1,
                        SeccompCmpArgLen::Dword,
                        SeccompCmpOp::Ne,
                        libc::TIOCSTI,
                    )
                    .map_err(|error| error.to_string())?,
                    SeccompCondition::new(
                        1,
                        SeccompCmpArgLen::Dword,
                        SeccompCmpOp::Ne,
                        libc::TIOCLINUX,
                    )
                    .map_err(|error| error.to_string())?,
                ])
                .map_err(|error| error.to_string())?,
            ],
        ),
        // Only the ordinary personality, and asking for it.
        (
            libc::SYS_personality,
            vec![condition(0, SeccompCmpOp::Eq, 0)?, condition(0, SeccompCmpOp::Eq, 0xffff_ffff)?],
        ),
    ]);
    let with_mode: &[(i64, u8)] = &[
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_chmod, 1),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_creat, 1),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, 2),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_mkdir, 1),
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (libc::SYS_mkdirat, 2),
    ];
    for (call, argument) in with_mode {
        let rule = condition(*argument, SeccompCmpOp::MaskedEq(SET_ID_BITS), 0)?;
        rules.insert(*call, vec![rule]);
    }
    // A pipe with a name is harmless, a device is not.
    let kind = SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT));
    let named_pipe = u64::from(libc::S_IFIFO);
    rules.insert(libc::SYS_mknodat, vec![condition(2, kind.clone(), named_pipe)?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_mknod, vec![condition(1, kind, named_pipe)?]);
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_can_be_made_and_is_short() {
        let leave = Leave { is_apart: true, speaks: false, writes: true };
        let listed = program(leave).expect("a filter");
        let wider = program(Leave { speaks: true, ..leave }).expect("a filter");
        assert!(wider.len() > listed.len());
        assert!((100..1000).contains(&listed.len()), "{}", listed.len());
    }

    #[test]
    fn what_a_program_is_left_decides_what_it_may_call() {
        let leave = Leave { is_apart: true, speaks: false, writes: true };
        let number = |call: i64| u32::try_from(call).expect("a number");
        let answer = |leave: Leave, call: i64| {
            decided(leave, &conditional().expect("rules")).get(&number(call)).copied()
        };
        let not_known = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
        assert_eq!(answer(leave, libc::SYS_read), Some(libc::SECCOMP_RET_ALLOW));
        assert_eq!(answer(leave, libc::SYS_clone3), Some(not_known));
        assert_eq!(answer(leave, libc::SYS_openat2), Some(not_known));
        let reads = Leave { writes: false, ..leave };
        assert_eq!(answer(reads, libc::SYS_openat2), Some(libc::SECCOMP_RET_ALLOW));
        assert_eq!(answer(leave, libc::SYS_connect), Some(libc::SECCOMP_RET_ALLOW));
        let among_others = Leave { is_apart: false, ..leave };
        assert_eq!(answer(among_others, libc::SYS_connect), None);
        assert_eq!(answer(leave, libc::SYS_socket), None);
    }

    #[test]
    fn what_reaches_beyond_the_program_is_not_listed() {
        for call in [
            libc::SYS_bpf,
            libc::SYS_io_uring_setup,
            libc::SYS_keyctl,
            libc::SYS_kexec_load,
            libc::SYS_memfd_create,
            libc::SYS_mount,
            libc::SYS_move_mount,
            libc::SYS_perf_event_open,
            libc::SYS_pivot_root,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_ptrace,
            libc::SYS_setns,
            libc::SYS_unshare,
            libc::SYS_userfaultfd,
        ] {
            assert!(!COMMON.contains(&call) && !OLDER.contains(&call), "{call}");
        }
    }
}
