"""Makes the trees that the benchmark measures on, the same on every machine.

A changed copy of a tree has one file in twenty changed, chosen by the digest of its path: a function or
class gets another name in that file, or a parameter does.
"""

import hashlib
import pathlib
import re
import shutil

import yaml

import fetch

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = yaml.safe_load((HERE / "trees.yaml").read_text())
DEFINITION = re.compile(r"^(?:async )?(?:def|class) ([A-Za-z]\w*)", re.MULTILINE)
PARAMETER = re.compile(r"^def [a-zA-Z]\w*\((?:self, )?([a-z]\w+)(?=[:,)=])", re.MULTILINE)


def tree(name: str) -> pathlib.Path:
    """A tree of Python files: `1k`, `10k` or `50k`."""
    wanted = SETTINGS["trees"][name]
    place = fetch.cache_folder() / "scale" / name

    def fill(folder):
        for part in wanted["of"]:
            unpack_python(part, folder / part)
        found = sum(1 for _ in folder.rglob("*.py"))
        assert found == wanted["files"], f"{name}: {found} files instead of {wanted['files']}"

    return made(place, fill)


def extent(name: str) -> tuple[int, int]:
    """How many files of Python a tree has, and their bytes together."""
    sizes = [path.stat().st_size for path in tree(name).rglob("*.py")]
    return len(sizes), sum(sizes)


def changed(name: str) -> pathlib.Path:
    """The same tree with 5 % of its files changed."""
    origin = tree(name)

    def fill(folder):
        shutil.copytree(origin, folder, dirs_exist_ok=True)
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder).as_posix()
            if chosen(relative):
                path.write_bytes(with_another_name(path.read_bytes(), relative))

    return made(fetch.cache_folder() / "scale" / f"{name}-changed", fill)


def library() -> tuple[pathlib.Path, pathlib.Path]:
    """Two versions of a small library that the 10k tree uses everywhere."""
    name = SETTINGS["library"]
    base = fetch.cache_folder() / "scale"
    old = made(base / name, lambda folder: unpack_python(name, folder))
    return old, made(base / f"{name}-next", lambda folder: next_version(old, folder))


def next_version(old: pathlib.Path, folder: pathlib.Path) -> None:
    shutil.copytree(old, folder, dirs_exist_ok=True)
    for change in SETTINGS["changes"]:
        for path in sorted(folder.glob(change["file"])):
            text = path.read_text()
            start, end = 0, len(text)
            if "between" in change:
                first, last = (re.search(pattern, text, re.MULTILINE) for pattern in change["between"])
                start, end = first.start(), last.start()
            part = re.sub(change["old"], change["new"], text[start:end])
            path.write_text(text[:start] + part + text[end:])


def unpack_python(part: str, folder: pathlib.Path) -> None:
    archive = SETTINGS["archives"][part]
    for name, data in fetch.members(fetch.archive(archive["package"], archive["file"], archive["sha256"])):
        if name.endswith(".py") and ".." not in name.split("/") and not name.startswith("/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def made(place: pathlib.Path, fill) -> pathlib.Path:
    """A folder that is there whole or not at all, and that belongs to the present settings."""
    stamp = hashlib.sha256((HERE / "trees.yaml").read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()
    done = place.with_name(place.name + ".complete")
    if done.exists() and done.read_text() == stamp and place.is_dir():
        return place
    done.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    fill(place)
    done.write_text(stamp)
    return place


def chosen(relative: str) -> bool:
    return int(hashlib.sha256(relative.encode()).hexdigest(), 16) % 20 == 0


def with_another_name(content: bytes, relative: str) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content + b"\n"
    patterns = [DEFINITION, PARAMETER]
    if hashlib.sha256(relative.encode()).digest()[0] % 3 == 0:
        patterns.reverse()
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            old = found.group(1)
            return re.sub(rf"\b{re.escape(old)}\b", f"{old}_renewed", text).encode()
    return (text + "\n# Touched.\n").encode()
