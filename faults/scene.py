"""A folder in which onx works, commands that run there, and what stands there afterwards."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

# A command that is not over by then hangs.
PATIENCE_S = 120

# What onx calls files that are not complete.
TEMPORARY = re.compile(r"^\.onx-.*\.tmp$|^\.workspaces_backup\.unfinished$")


# The private key of every scene, so that what is made in two of them is signed alike. It signs nothing else.
KEY = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGJGqEeSa/8QwezvwbuY21S27bKE8wB5U+Iv0t+8Nzx0
-----END PRIVATE KEY-----
"""


@dataclass
class Ran:
    """How a command ended, and what it said."""

    arguments: list
    code: int
    out: str
    err: str
    seconds: float
    hung: bool = False

    def was_killed(self):
        return self.code == -signal.SIGKILL and not self.hung

    def words(self):
        """The command and its end in one line, for a report."""
        said = " | ".join((self.err or self.out).strip().splitlines()[-4:])
        ending = "hung" if self.hung else f"exit {self.code}"
        return f"`onx {' '.join(map(str, self.arguments))}`: {ending}: {said[:400]}"


@dataclass
class Limits:
    """What is taken away from a command."""

    file_bytes: object = None
    descriptors: object = None

    def impose(self):
        import resource

        if self.file_bytes is not None:
            # A write beyond the limit is then short, and the next one fails.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes, self.file_bytes))
        if self.descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))


@dataclass
class Scene:
    """The folder: what is worked on, and what onx keeps."""

    root: Path
    onx: Path
    variables: dict = field(default_factory=dict)

    @property
    def work(self):
        return self.root / "work"

    @property
    def state(self):
        return self.root / "state"

    @property
    def cache(self):
        return self.root / "cache"

    def clear(self):
        """Removes everything and makes the empty folders."""
        remove(self.root)
        for name in ("work", "state", "cache", "configuration"):
            (self.root / name).mkdir(parents=True)
        key = self.root / "configuration/keys/private/local.pem"
        key.parent.mkdir(parents=True)
        key.write_text(KEY)
        key.chmod(0o600)
        # Without a list of trusted keys it would not be used.
        (key.parent.parent / "trusted.json").write_text('{"format":"onx/trusted-keys/1","keys":[]}')

    def write(self, path, text, mode=None):
        """Writes a file below the folder that is worked on."""
        place = self.work / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        if mode is not None:
            place.chmod(mode)

    def environment(self):
        """What a command sees of the environment: nothing of this machine's user."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.root),
            "ONX_CACHE_DIR": str(self.cache),
            "ONX_STATE_DIR": str(self.state),
            "ONX_CONFIG_DIR": str(self.root / "configuration"),
            **self.variables,
        }

    def run(self, arguments, under=(), limits=None, kill_after_s=None):
        """Runs onx, perhaps below another program, within limits, or only for a while."""
        begun = time.monotonic()
        process = subprocess.Popen(
            [*map(str, under), str(self.onx), *map(str, arguments)],
            cwd=self.work,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            restore_signals=limits is None,
            preexec_fn=limits.impose if limits else None,
        )
        hung = False
        try:
            out, err = process.communicate(timeout=kill_after_s if kill_after_s is not None else PATIENCE_S)
        except subprocess.TimeoutExpired:
            hung = kill_after_s is None
            process.kill()
            try:
                out, err = process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                hung = True
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
        seconds = time.monotonic() - begun
        return Ran(list(arguments), process.returncode, decoded(out), decoded(err), seconds, hung)


def decoded(output):
    return output.decode("utf-8", "replace")


def tree(folder):
    """Everything below a folder, by its path: kind, permission bits, and bytes or what a link says."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place) / name
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                entry = ("link", None, os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                entry = ("folder", mode, None)
            elif stat.S_ISREG(status.st_mode):
                entry = ("file", mode, path.read_bytes())
            else:
                entry = ("special", mode, None)
            found[str(path.relative_to(folder))] = entry
    return found


def differences(expected, found, limit=6):
    """What two trees, or other values by name, do not agree about, in words."""
    said = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            said.append(f"{name} is missing")
        elif name not in expected:
            said.append(f"{name} should not be there")
        elif expected[name] != found[name]:
            said.append(f"{name} is {brief(found[name])}, not {brief(expected[name])}")
    return said[:limit] + ([f"and {len(said) - limit} more"] if len(said) > limit else [])


def brief(value):
    if isinstance(value, tuple) and len(value) == 3 and value[0] in ("file", "folder", "link", "special"):
        kind, mode, content = value
        size = f", {len(content)} bytes" if isinstance(content, bytes) else ""
        return f"a {kind}{'' if mode is None else f' {mode:o}'}{size}{f' to {content}' if kind == 'link' else ''}"
    return repr(value)[:300]


def unfinished(folder):
    """The names of files below a folder that some step did not complete."""
    return [path for path in tree(folder) if TEMPORARY.match(Path(path).name)]


def copy(source, target):
    """Puts a copy of a folder, with modes, times and links, in the place of another one."""
    remove(target)
    shutil.copytree(source, target, symlinks=True)


def remove(folder):
    """Removes a folder and all below it, whatever their modes say."""
    if not folder.exists():
        return
    for place, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(place) / name
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder)
