"""System calls of a command: how strace is asked for them, and what its log says."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

OPENS = ("open", "openat", "openat2", "creat")
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "sync", "msync")
RENAMES = ("rename", "renameat", "renameat2")
MAKES = ("mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat", "mknodat")
REMOVES = ("unlink", "unlinkat", "rmdir")
SIZES = ("truncate", "ftruncate", "fallocate")
MODES = ("chmod", "fchmod", "fchmodat", "fchmodat2")
READS = ("read", "pread64", "readv", "preadv", "getdents64")
CHANGES = OPENS + WRITES + SYNCS + RENAMES + MAKES + REMOVES + SIZES + MODES

# Where the path stands among the arguments: of a descriptor, a folder with a name, or by itself.
BY_DESCRIPTOR = {
    **{name: (0,) for name in ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile")},
    **{name: (0,) for name in ("fsync", "fdatasync", "sync_file_range", "syncfs", "ftruncate", "fallocate")},
    **{name: (0,) for name in ("fchmod", *READS)},
    "copy_file_range": (2,),
}
BY_FOLDER = {
    **{name: (0,) for name in ("openat", "openat2", "mkdirat", "mknodat", "unlinkat", "fchmodat", "fchmodat2")},
    **{name: (0, 2) for name in ("renameat", "renameat2", "linkat")},
    "symlinkat": (1,),
}
BY_PATH = {
    **{name: (0,) for name in ("open", "creat", "mkdir", "unlink", "rmdir", "chmod", "truncate")},
    **{name: (0, 1) for name in ("rename", "link")},
    "symlink": (1,),
}

LINE = re.compile(r"^(\d+)\s+(.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (.*)$", re.DOTALL)
UNFINISHED = " <unfinished ...>"
HEX = re.compile(rb"\\x([0-9a-f]{2})")


@dataclass
class Call:
    """A system call that has ended."""

    thread: int
    name: str
    arguments: list
    result: str
    # The how manieth call of this name it is of its thread: what strace counts.
    number: int

    def is_injected(self):
        return self.result.endswith("(INJECTED)") or self.result.startswith("?")

    def value(self):
        """What it returned; none when it failed."""
        found = re.match(r"-?\d+", self.result)
        return int(found[0]) if found and not self.result.startswith("-1 ") else None

    def paths(self):
        """The paths that it is about, in full."""
        found = [behind(self.arguments[at]) for at in BY_DESCRIPTOR.get(self.name, ())]
        for at in BY_FOLDER.get(self.name, ()):
            found.append(os.path.join(behind(self.arguments[at]), text(self.arguments[at + 1])))
        found += [text(self.arguments[at]) for at in BY_PATH.get(self.name, ())]
        return [os.path.normpath(path) for path in found if path.startswith("/")]


def unhexed(written):
    return HEX.sub(lambda found: bytes([int(found[1], 16)]), written.encode())


def data(argument):
    """The bytes of a string among the arguments; none when strace has cut them off."""
    return None if argument.endswith("...") else unhexed(argument.strip('"'))


def text(argument):
    return os.fsdecode(unhexed(argument.removesuffix("...").strip('"')))


def behind(argument):
    """The path that stands behind a descriptor; empty for what has none or is no longer there."""
    found = re.match(r"^[^<]*<(.*)>(\(deleted\))?$", argument)
    return "" if found is None or found[2] else os.fsdecode(unhexed(found[1]))


def calls(log):
    """The calls of a log, in the order in which they ended."""
    begun, counts = {}, {}
    for line in log.read_text("utf-8", "replace").splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        thread, said = int(found[1]), found[2]
        resumed = RESUMED.match(said)
        if resumed:
            name, number, first = begun.pop(thread, (None, 0, ""))
            said = first + resumed[1]
        else:
            name = said.partition("(")[0]
            number = counts[thread, name] = counts.get((thread, name), 0) + 1
        if said.endswith(UNFINISHED):
            begun[thread] = (name, number, said.removesuffix(UNFINISHED))
            continue
        parsed = CALL.match(said)
        if parsed:
            yield Call(thread, parsed[1], arguments(parsed[2]), parsed[3], number)
        elif said.endswith("= ?"):
            yield Call(thread, name, [], "?", number)


def arguments(said):
    """The arguments of a call; every string is written in hexadecimal, so commas only part them."""
    parts, depth, current = [], 0, ""
    for piece in said.split(", "):
        current = f"{current}, {piece}" if current else piece
        depth += piece.count("{") + piece.count("[") - piece.count("}") - piece.count("]")
        if depth <= 0:
            parts.append(current)
            current, depth = "", 0
    return parts + ([current] if current else [])


def strace(log, names, inject=None, string_bytes=4096):
    """The beginning of a command that is traced, or disturbed at one of its calls."""
    # The filter spares stops at all other calls; with it, strace delivers no signals.
    swift = [] if inject and "signal=" in inject else ["--seccomp-bpf"]
    # A name that this machine's kernel does not have is no error with a question mark.
    traced = ",".join(f"?{name}" for name in names)
    command = ["strace", "-f", *swift, "-y", "-xx", "-qq", "-s", string_bytes, "-e", "signal=none", "-o", log]
    command += ["-e", f"trace={traced}"]
    return [*command, "-e", f"inject={inject}"] if inject else command


def refusal(onx):
    """Why calls cannot be traced on this machine; none when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [*map(str, strace(log, ["openat"], "openat:error=EIO:when=9999")), str(onx), "--version"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if ran.returncode != 0 or not log.is_file() or not any(True for _ in calls(log)):
            said = ran.stderr.strip().splitlines()
            return f"strace cannot trace a process here: {said[0] if said else f'exit {ran.returncode}'}"
    return None
