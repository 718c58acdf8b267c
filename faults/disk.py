"""A disk as the power may leave it: what was written, what of it was made to last, and what the two make."""

import hashlib
import os
import stat
from dataclasses import dataclass, field

# The ways in which a disk may look after the power went.
SYNCED, TORN, EMPTIED = "synced", "torn", "emptied"


# Two nodes are the same only if they are one.
@dataclass(eq=False)
class Node:
    """A file, folder or link: as it is now, and as it is on the platter."""

    kind: str
    mode: int = 0o755
    # Bytes of a file, or what a link says.
    content: bytes = b""
    # None while nothing of it was synced.
    lasting: object = None
    names: dict = field(default_factory=dict)
    lasting_names: dict = field(default_factory=dict)


class Disk:
    """The folders of a scene. Paths are relative to it."""

    def __init__(self):
        self.root = Node("folder")
        # Moves from one folder into another that do not last yet: both folders, both names.
        self.moves = []

    @classmethod
    def of(cls, folder):
        """What stands in a folder, all of which lasts."""
        disk = cls()
        disk.root = read(folder)
        return disk

    def at(self, path):
        """What stands at a path now; none where nothing does."""
        node = self.root
        for name in parts(path):
            if node is None or node.kind != "folder":
                return None
            node = node.names.get(name)
        return node

    def folder_of(self, path):
        """The folder that holds a path, and the name in it."""
        above, _, name = path.rpartition("/")
        folder = self.at(above)
        if folder is None or folder.kind != "folder":
            raise ValueError(f"`{path}` has no folder")
        return folder, name

    def put(self, path, node):
        folder, name = self.folder_of(path)
        folder.names[name] = node

    def take(self, path):
        folder, name = self.folder_of(path)
        return folder.names.pop(name)

    def move(self, path, target):
        """A rename. It lasts in both folders or in none."""
        (source, name), (folder, new) = self.folder_of(path), self.folder_of(target)
        folder.names[new] = source.names.pop(name)
        if source is not folder:
            self.moves.append((source, name, folder, new))

    def sync(self, node):
        """What was written there lasts: bytes of a file, names of a folder."""
        if node.kind == "folder":
            node.lasting_names = dict(node.names)
            for source, name, folder, new in [move for move in self.moves if node in (move[0], move[2])]:
                source.lasting_names.pop(name, None)
                if new in folder.names:
                    folder.lasting_names[new] = folder.names[new]
            self.moves = [move for move in self.moves if node not in (move[0], move[2])]
        else:
            node.lasting = node.content

    def after_power_loss(self, model):
        """What is found again, by its path: kind, mode, content."""
        found = {}
        collect(self.root, "", model == SYNCED, model != TORN, found)
        return found


def collect(folder, place, lasting_names, lasting_bytes, found):
    names = folder.lasting_names if lasting_names else folder.names
    for name, node in names.items():
        path = f"{place}/{name}" if place else name
        content = node.content
        if node.kind == "file" and lasting_bytes:
            content = node.lasting or b""
        found[path] = (node.kind, node.mode, content)
        if node.kind == "folder":
            collect(node, path, lasting_names, lasting_bytes, found)


def read(folder):
    node = Node("folder", stat.S_IMODE(folder.stat().st_mode))
    for path in folder.iterdir():
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISLNK(status.st_mode):
            says = os.fsencode(os.readlink(path))
            node.names[path.name] = Node("link", mode, says, says)
        elif stat.S_ISDIR(status.st_mode):
            node.names[path.name] = read(path)
        else:
            content = path.read_bytes()
            node.names[path.name] = Node("file", mode, content, content)
    node.lasting_names = dict(node.names)
    return node


def parts(path):
    return [name for name in path.split("/") if name]


def lay_out(found, folder):
    """Makes a folder that holds what was found again after a power loss."""
    modes = []
    for path, (kind, mode, content) in sorted(found.items()):
        place = folder / path
        if kind == "folder":
            place.mkdir()
            modes.append((place, mode))
        elif kind == "link":
            place.symlink_to(os.fsdecode(content))
        else:
            place.write_bytes(content)
            place.chmod(mode)
    for place, mode in reversed(modes):
        place.chmod(mode)


def fingerprint(found):
    """Tells two disks apart."""
    digest = hashlib.sha256()
    for path, (kind, mode, content) in sorted(found.items()):
        digest.update(f"{path}\0{kind}\0{mode}\0{len(content)}\0".encode() + content)
    return digest.digest()
