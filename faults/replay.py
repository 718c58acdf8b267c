"""The calls of a traced command as changes of a disk, one after the other."""

import os
import re
from dataclasses import dataclass, field

from disk import Disk, Node
from tracing import MODES, OPENS, REMOVES, RENAMES, SYNCS, WRITES, behind, data

BEGINNINGS = ("clone", "clone3", "fork", "vfork")

# What is asked of strace: all that changes a disk, and what says where a write goes.
FOLLOWED = (
    *OPENS, *WRITES, *SYNCS, *RENAMES, *REMOVES, *MODES, "mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat",
    "truncate", "ftruncate", "fallocate", "lseek", "dup", "dup2", "dup3", "fcntl", "close", "read", "readv",
    *BEGINNINGS,
)


@dataclass
class Opened:
    """An open file: every descriptor that was made of one shares its place."""

    node: object
    place: int = 0
    appends: bool = False


@dataclass
class Process:
    """A process, with its descriptors."""

    opened: dict = field(default_factory=dict)


@dataclass
class Change:
    """One change of the disk, in words, and how to make it whole or by half."""

    words: str
    make: object
    # What is written, when it may be torn: the file, and what a torn write makes of it.
    node: object = None
    torn: bytes = b""
    # Whether it is the command that tells its user that it is done.
    tells: bool = False


class Replay:
    """Follows a trace. What it cannot follow is an error, never a guess."""

    def __init__(self, root, template, calls):
        self.root = str(root)
        self.disk = Disk.of(template)
        self.calls = calls
        self.processes = {}
        # Who began a thread or process, and whether the two share their descriptors. A child may be
        # heard of before the call that began it has ended.
        self.begun = {
            call.value(): (call.thread, "CLONE_FILES" in " ".join(call.arguments))
            for call in calls if call.name in BEGINNINGS and call.value() is not None
        }
        self.umask = os.umask(0)
        os.umask(self.umask)

    def changes(self):
        """Every change, in order; each is to be made before the next is asked for."""
        for call in self.calls:
            process = self.process(call.thread)
            if call.value() is not None:
                change = self.change(call, process)
                if change is not None:
                    yield change

    def process(self, thread):
        if thread not in self.processes:
            parent, shares = self.begun.get(thread, (None, False))
            above = self.process(parent) if parent in self.processes else Process()
            self.processes[thread] = above if shares else Process(dict(above.opened))
        return self.processes[thread]

    def change(self, call, process):
        name = call.name
        if name in BEGINNINGS:
            return None
        if name in ("dup", "dup2", "dup3", "fcntl", "close", "lseek", "read", "readv"):
            return self.follow(call, process)
        if name in OPENS:
            return self.open(call, process)
        if name in WRITES:
            return self.write(call, process)
        paths = [self.inside(path) for path in call.paths()]
        if all(path is None for path in paths):
            return None
        if None in paths:
            raise ValueError(f"{name} leads out of the scene: {call.paths()}")
        return Change(f"{name} {' '.join(paths)}", lambda: self.apply(call, paths))

    def inside(self, path):
        """A path from the scene on; none when it lies elsewhere."""
        if path == self.root:
            return ""
        return path[len(self.root) + 1:] if path.startswith(self.root + "/") else None

    def follow(self, call, process):
        number = descriptor(call.arguments[0])
        if call.name == "close":
            process.opened.pop(number, None)
            return
        opened = process.opened.get(number)
        if opened is None:
            return
        if call.name in ("dup", "dup2", "dup3") or (call.name == "fcntl" and "F_DUPFD" in call.arguments[1]):
            process.opened[call.value()] = opened
        elif call.name == "lseek":
            opened.place = call.value()
        elif call.name in ("read", "readv"):
            opened.place += call.value()

    def open(self, call, process):
        # The path is that of the descriptor which came out, whatever folder and name it was asked by.
        number = call.value()
        process.opened.pop(number, None)
        path = self.inside(os.path.normpath(behind(call.result.split(" ")[0])))
        if path is None:
            return None
        flags = " ".join(call.arguments)
        node = self.disk.at(path)
        if node is None:
            mode = re.search(r"(?:^|[ =])(0[0-7]*)(?:$|[ ,])", flags.partition("O_CREAT")[2])
            if mode is None:
                raise ValueError(f"a file of which it is not said how it came: {path}")
            node = Node("file", int(mode[1], 8) & ~self.umask)
            process.opened[number] = Opened(node, appends="O_APPEND" in flags)
            return Change(f"create {path}", lambda: self.disk.put(path, node))
        process.opened[number] = Opened(node, appends="O_APPEND" in flags)
        if "O_TRUNC" in flags and node.content:
            return Change(f"empty {path}", lambda: setattr(node, "content", b""))
        return None

    def write(self, call, process):
        at = 2 if call.name == "copy_file_range" else 0
        number = descriptor(call.arguments[at])
        opened = process.opened.get(number)
        if opened is None:
            if self.inside(behind(call.arguments[at])) is not None:
                raise ValueError(f"a write to a file that was not opened: {call.arguments[at]}")
            tells = number == 1 and call.thread == self.calls[0].thread and call.name == "write"
            return Change("the result is printed", lambda: None, tells=True) if tells else None
        if call.name not in ("write", "pwrite64"):
            raise ValueError(f"{call.name} cannot be followed")
        written = data(call.arguments[1])
        if written is None:
            raise ValueError("strace has cut a write off")
        written = written[:call.value()]
        node = opened.node
        if call.name == "pwrite64":
            offset = int(call.arguments[3])
        else:
            offset = len(node.content) if opened.appends else opened.place
            opened.place = offset + len(written)
        return Change(
            f"{call.name} {len(written)} bytes to {behind(call.arguments[at])[len(self.root) + 1:]}",
            lambda: setattr(node, "content", overwritten(node.content, offset, written)),
            node,
            overwritten(node.content, offset, written[:len(written) // 2]),
        )

    def apply(self, call, paths):
        """Makes a change of names, sizes or modes, or makes what there is last."""
        disk, name = self.disk, call.name
        if name in RENAMES:
            disk.move(paths[0], paths[1])
        elif name in REMOVES:
            disk.take(paths[0])
        elif name in ("mkdir", "mkdirat"):
            disk.put(paths[0], Node("folder", int(call.arguments[-1], 8) & ~self.umask))
        elif name in ("symlink", "symlinkat"):
            says = data(call.arguments[0])
            disk.put(paths[0], Node("link", 0o777, says, says))
        elif name in ("link", "linkat"):
            disk.put(paths[1], disk.at(paths[0]))
        elif name in ("fsync", "fdatasync"):
            node = disk.at(paths[0])
            if node is None:
                raise ValueError(f"a sync of what is not there: {paths[0]}")
            disk.sync(node)
        elif name in ("truncate", "ftruncate"):
            node, size = disk.at(paths[0]), int(call.arguments[1])
            node.content = node.content[:size].ljust(size, b"\0")
        elif name in ("fchmod", "chmod", "fchmodat", "fchmodat2"):
            at = 1 if name in ("fchmod", "chmod") else 2
            disk.at(paths[0]).mode = int(call.arguments[at], 8)
        else:
            raise ValueError(f"{name} cannot be followed")


def overwritten(content, offset, written):
    """The bytes of a file after a write; what lies before its place and was never written is zero."""
    return content[:offset].ljust(offset, b"\0") + written + content[offset + len(written):]


def descriptor(argument):
    found = re.match(r"-?\d+", argument)
    return int(found[0]) if found else None


