"""Attempts to get out of a sandbox. Prints a JSON object: the name of each attempt and whether it succeeded.

The only argument is a JSON object with what lies outside: folders, a process, sockets, a descriptor. Every attempt
restores what it changed, for without a sandbox it succeeds.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys

GIVEN = json.loads(sys.argv[1])
OUTSIDE = GIVEN["outside"]
TARGET = GIVEN["target"]
PROCESS = GIVEN["process"]
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
PROBES = {}


def probe(function):
    PROBES[function.__name__] = function
    return function


def syscall(number, *arguments):
    """The result of a system call; an error is raised."""
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), "system call")
    return result


def in_child(work):
    """Whether work succeeds in a child process, whose changes of itself end with it."""
    child = os.fork()
    if child == 0:
        try:
            ended = 0 if work() is not False else 1
        except BaseException:
            ended = 1
        os._exit(ended)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def outside(name):
    return os.path.join(OUTSIDE, name)


def read(path):
    with open(path, "rb") as opened:
        return opened.read(4096)


def write(path, mode="r+b"):
    with open(path, mode) as opened:
        opened.write(b"x")


# --- the one thing that is allowed


@probe
def intended_write():
    write(os.path.join(TARGET, "result"), "wb")


# --- before anything has been opened


@probe
def any_descriptor():
    return any(int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))


# --- files


@probe
def read_outside():
    return b"SECRET" in read(outside("secret"))


@probe
def list_outside():
    return "secret" in os.listdir(OUTSIDE)


@probe
def write_outside():
    write(outside("file"))


@probe
def create_outside():
    write(outside("made"), "xb")
    os.unlink(outside("made"))


@probe
def make_folder_outside():
    os.mkdir(outside("folder"))
    os.rmdir(outside("folder"))


@probe
def remove_outside():
    os.unlink(outside("spare"))
    write(outside("spare"), "wb")


@probe
def rename_outside():
    os.rename(outside("spare"), outside("renamed"))
    os.rename(outside("renamed"), outside("spare"))


@probe
def truncate_outside():
    os.truncate(outside("file"), 0)


@probe
def chmod_outside():
    os.chmod(outside("own"), 0o600)
    os.chmod(outside("own"), 0o666)


@probe
def chown_outside():
    os.chown(outside("own"), os.getuid(), os.getgid())


@probe
def touch_outside():
    os.utime(outside("own"), (1, 1))


@probe
def move_out_of_target():
    write(os.path.join(TARGET, "moved"), "wb")
    os.rename(os.path.join(TARGET, "moved"), outside("moved"))
    os.unlink(outside("moved"))


@probe
def link_from_outside():
    os.link(outside("own"), os.path.join(TARGET, "linked"))
    os.unlink(os.path.join(TARGET, "linked"))


@probe
def write_through_symlink():
    path = os.path.join(TARGET, "symlink")
    os.symlink(outside("file"), path)
    try:
        write(path)
    finally:
        os.unlink(path)


@probe
def write_by_dots():
    write(os.path.join(TARGET, "..", "outside", "file"))


@probe
def write_through_proc_root():
    write("/proc/self/root" + outside("file"))


@probe
def read_through_first_process():
    return b"SECRET" in read("/proc/1/root" + outside("secret"))


@probe
def run_outside():
    return subprocess.run([outside("program")], capture_output=True, timeout=20).stdout == b"ran\n"


@probe
def watch_outside():
    descriptor = LIBC.inotify_init1(0)
    if LIBC.inotify_add_watch(descriptor, OUTSIDE.encode(), 0x100) < 0:
        raise OSError
    # Being told of names that cannot be read is worth counting only where they can be read.
    return "secret" in os.listdir(OUTSIDE)


@probe
def write_etc():
    write("/etc/onx-probe", "xb")
    os.unlink("/etc/onx-probe")


@probe
def write_usr():
    write("/usr/onx-probe", "xb")
    os.unlink("/usr/onx-probe")


@probe
def write_temporary_folder():
    write(GIVEN["temporary"])


@probe
def write_var():
    write("/var/tmp/onx-probe", "xb")
    os.unlink("/var/tmp/onx-probe")


@probe
def write_home():
    path = os.path.join(GIVEN["home"], ".onx-probe")
    write(path, "xb")
    os.unlink(path)


@probe
def read_passwords():
    return len(read("/etc/shadow")) > 0


@probe
def read_memory_of_the_machine():
    return len(read("/proc/kcore")) > 0


@probe
def read_kernel_log():
    return syscall(103, 10, None, 0) >= 0


@probe
def meet_in_shared_memory():
    return b"SECRET" in read("/dev/shm/" + GIVEN["shared"])


@probe
def make_device():
    path = os.path.join(TARGET, "device")
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 1))
    os.unlink(path)


@probe
def make_block_device():
    path = os.path.join(TARGET, "disk")
    os.mknod(path, 0o600 | 0o060000, os.makedev(7, 0))
    os.unlink(path)


@probe
def make_set_user_program():
    path = os.path.join(TARGET, "set-user")
    write(path, "wb")
    try:
        os.chmod(path, 0o4755)
        return bool(os.stat(path).st_mode & 0o4000)
    finally:
        os.unlink(path)


@probe
def make_set_group_program():
    path = os.path.join(TARGET, "set-group")
    write(path, "wb")
    try:
        os.chmod(path, 0o2755)
        return bool(os.stat(path).st_mode & 0o2000)
    finally:
        os.unlink(path)


@probe
def run_set_user_program():
    """Whether a program of root's with the set-user bit gives rights."""
    if os.geteuid() == 0:
        return LIBC.prctl(39, 0, 0, 0, 0) == 0
    return b"euid=0" in subprocess.run([GIVEN["set_user"]], capture_output=True, timeout=20).stdout


@probe
def open_by_handle():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount = ctypes.c_int()
    path = ctypes.c_char_p(outside("secret").encode())
    syscall(303, -100, path, handle, ctypes.byref(mount), 0)
    place = os.open(OUTSIDE, os.O_RDONLY)
    descriptor = syscall(304, place, handle, os.O_RDONLY)
    return b"SECRET" in os.read(descriptor, 100)


# --- mounts and the kernel's switches


@probe
def mount_in_memory():
    place = ctypes.c_char_p(TARGET.encode())
    kind = ctypes.c_char_p(b"tmpfs")
    syscall(165, kind, place, kind, 0, None)
    syscall(166, place, 2)


@probe
def bind_outside():
    place = ctypes.c_char_p(TARGET.encode())
    syscall(165, ctypes.c_char_p(OUTSIDE.encode()), place, None, 4096, None)
    syscall(166, place, 2)


@probe
def make_root_writable():
    nothing = ctypes.c_char_p(b"none")
    syscall(165, nothing, ctypes.c_char_p(b"/"), nothing, 32 | 4096, None)


@probe
def clone_mounts():
    descriptor = syscall(428, -100, ctypes.c_char_p(b"/"), 1)
    os.close(descriptor)


@probe
def change_root():
    def work():
        os.chroot(OUTSIDE)

    return in_child(work)


@probe
def write_core_pattern():
    path = "/proc/sys/kernel/core_pattern"
    before = read(path)
    with open(path, "wb") as opened:
        opened.write(before)


@probe
def write_kernel_switch():
    path = "/proc/sys/vm/swappiness"
    before = read(path)
    with open(path, "wb") as opened:
        opened.write(before)


@probe
def open_request_key():
    open("/proc/sysrq-trigger", "wb").close()


@probe
def write_sys():
    path = "/sys/kernel/mm/transparent_hugepage/enabled"
    open(path, "wb").close()


@probe
def leave_control_group():
    for group in GIVEN["groups"]:
        with open(os.path.join(group, "cgroup.procs"), "wb") as opened:
            opened.write(b"0")


@probe
def rename_machine():
    name = socket.gethostname()
    if name == "sandbox":
        return False
    socket.sethostname(name)


@probe
def set_domain_name():
    if socket.gethostname() == "sandbox":
        raise OSError
    name = read("/proc/sys/kernel/domainname").strip()
    syscall(171, ctypes.c_char_p(name), len(name))


@probe
def set_clock():
    now = (ctypes.c_long * 2)()
    LIBC.clock_gettime(0, now)
    syscall(227, 0, now)


@probe
def adjust_clock():
    syscall(159, struct.pack("I", 0x4000) + struct.pack("q", 10000) * 30)


@probe
def accounting():
    syscall(163, None)


@probe
def swap_on():
    try:
        syscall(167, ctypes.c_char_p(b"/dev/null"), 0)
    except OSError as why:
        return why.errno != 1 and why.errno != 38


@probe
def load_module():
    try:
        syscall(175, ctypes.c_char_p(b""), 0, ctypes.c_char_p(b""))
    except OSError as why:
        return why.errno not in (1, 38)


@probe
def load_kernel():
    try:
        syscall(246, 0, 17, None, 0)
    except OSError as why:
        return why.errno not in (1, 38)


@probe
def ports_of_the_machine():
    return in_child(lambda: syscall(173, 0x80, 1, 1))


# --- what was inherited


@probe
def inherited_variable():
    return any("SECRET" in value for value in os.environ.values())


@probe
def variables_of_others():
    own = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit() and name != own:
            try:
                if b"SECRET" in read(f"/proc/{name}/environ"):
                    return True
            except OSError:
                continue
    return False


@probe
def inherited_descriptor():
    os.write(GIVEN["descriptor"], b"x")


# --- other processes


@probe
def signal_process():
    os.kill(PROCESS, signal.SIGCONT)


@probe
def see_process():
    return GIVEN["marker"].encode() in read(f"/proc/{PROCESS}/cmdline")


@probe
def trace_process():
    def work():
        syscall(101, 0x4206, PROCESS, 0, 0)
        syscall(101, 17, PROCESS, 0, 0)

    return in_child(work)


@probe
def read_memory_of_process():
    place = read(f"/proc/{PROCESS}/maps").split(b"-")[0]
    into = ctypes.create_string_buffer(16)
    local = struct.pack("PN", ctypes.addressof(into), 16)
    remote = struct.pack("PN", int(place, 16), 16)
    return syscall(310, PROCESS, local, 1, remote, 1, 0) > 0


@probe
def slow_process_down():
    os.setpriority(os.PRIO_PROCESS, PROCESS, 1)


@probe
def limit_process():
    resource.prlimit(PROCESS, resource.RLIMIT_CORE, (0, 0))


@probe
def bind_process_to_processor():
    os.sched_setaffinity(PROCESS, os.sched_getaffinity(PROCESS))


@probe
def take_descriptor_of_process():
    handle = syscall(434, PROCESS, 0)
    os.close(syscall(438, handle, 1, 0))


@probe
def enter_namespaces_of_process():
    def work():
        descriptor = os.open(f"/proc/{PROCESS}/ns/uts", os.O_RDONLY)
        syscall(308, descriptor, 0)

    return in_child(work)


@probe
def shared_memory_of_others():
    number = LIBC.shmget(GIVEN["key"], 0, 0)
    return number >= 0


@probe
def semaphores_of_others():
    return LIBC.semget(GIVEN["key"], 0, 0) >= 0


@probe
def message_queue():
    name = ctypes.c_char_p(b"onx-probe")
    descriptor = syscall(240, name, 0o102, 0o600, None)
    os.close(descriptor)
    syscall(241, name)


# --- network


def connects(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as opened:
        opened.settimeout(3)
        opened.connect(address)


@probe
def connect_by_tcp():
    connects(socket.AF_INET, ("127.0.0.1", GIVEN["port"]))


@probe
def connect_by_tcp_6():
    connects(socket.AF_INET6, ("::1", GIVEN["port_6"]))


@probe
def send_by_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"x", ("127.0.0.1", GIVEN["port"]))


@probe
def listen_by_tcp():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()


@probe
def listen_by_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))


@probe
def raw_socket():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@probe
def ping_socket():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()


@probe
def packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).close()


@probe
def netlink_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()


@probe
def netlink_audit_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9).close()


@probe
def machine_socket():
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()


@probe
def cipher_socket():
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()


@probe
def connect_to_local_socket():
    connects(socket.AF_UNIX, outside("socket"))


@probe
def connect_to_abstract_socket():
    connects(socket.AF_UNIX, "\0" + GIVEN["abstract"])


@probe
def see_networks():
    return any(line.strip().startswith(b"eth") or b"lo:" in line and b" 0 " not in line[:20]
               for line in read("/proc/net/dev").splitlines()[2:] if int(line.split()[1]) > 0)


# --- system calls that widen what can be attacked


@probe
def own_rings():
    parameters = ctypes.create_string_buffer(248)
    os.close(syscall(425, 4, parameters))


@probe
def new_user_namespace():
    return in_child(lambda: syscall(272, 0x10000000))


@probe
def new_network_namespace():
    return in_child(lambda: syscall(272, 0x40000000))


@probe
def new_mount_namespace():
    return in_child(lambda: syscall(272, 0x00020000))


@probe
def clone_with_user_namespace():
    child = syscall(56, 0x10000000 | signal.SIGCHLD, None, None, None, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


@probe
def keys_of_the_kernel():
    kind, name = ctypes.c_char_p(b"user"), ctypes.c_char_p(b"onx-probe")
    syscall(248, kind, name, ctypes.c_char_p(b"x"), 1, -2)


@probe
def programs_in_the_kernel():
    attributes = struct.pack("IIII", 2, 4, 4, 1) + bytes(112)
    os.close(syscall(321, 0, attributes, len(attributes)))


@probe
def events_of_the_processor():
    attributes = struct.pack("IIQ", 1, 112, 0) + bytes(96)
    os.close(syscall(298, attributes, 0, -1, -1, 0))


@probe
def faults_in_user_space():
    os.close(syscall(323, 0))


@probe
def program_in_memory():
    descriptor = os.memfd_create("onx-probe", 0)
    os.write(descriptor, b"#!/bin/sh\nexit 0\n")
    return subprocess.run([f"/proc/self/fd/{descriptor}"], pass_fds=[descriptor], timeout=20).returncode == 0


@probe
def fixed_addresses():
    return in_child(lambda: syscall(135, 0x0040000))


@probe
def trace_itself():
    return in_child(lambda: syscall(101, 0, 0, 0, 0))


@probe
def compare_processes():
    return in_child(lambda: syscall(312, os.getpid(), os.getpid(), 0, 0, 0) >= 0)


# --- rights


@probe
def become_root():
    return in_child(lambda: os.setuid(0)) and GIVEN["is_root"]


@probe
def take_capabilities():
    effective = [line for line in read("/proc/self/status").splitlines() if line.startswith(b"CapEff")]
    return int(effective[0].split()[1], 16) != 0


@probe
def take_group_of_root():
    return in_child(lambda: os.setgroups([0]))


@probe
def run_before_all_others():
    return in_child(lambda: os.setpriority(os.PRIO_PROCESS, 0, -10))


@probe
def run_in_real_time():
    return in_child(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))


@probe
def raise_limits():
    def work():
        resource.setrlimit(resource.RLIMIT_NOFILE, (2_000_000 // 4, 1_000_000 // 2))

    return in_child(work)


@probe
def spare_itself_from_memory_limits():
    def work():
        with open("/proc/self/oom_score_adj", "w") as opened:
            opened.write("-1000")

    return in_child(work)


def main():
    only = GIVEN.get("only")
    said = {}
    for name, attempt in PROBES.items():
        if only and name not in only:
            continue
        try:
            said[name] = attempt() is not False
        except BaseException as why:
            said[name] = False
            print(name, repr(why), file=sys.stderr)
    print(json.dumps(said))


main()
