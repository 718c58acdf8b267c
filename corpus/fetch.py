"""Fetches archives from the package index that pip is configured for, by exact file and hash.

Nothing is built and nothing is installed. What was fetched once is kept below the cache folder:
`$ONX_CORPUS_CACHE`, else `$XDG_CACHE_HOME/onx/corpus`, else `~/.cache/onx/corpus`.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.parse
import urllib.request
import zipfile

TEXTS = (".py", ".pyi", ".rst", ".md", ".txt", ".toml", ".cfg", ".json", ".yaml", ".yml", ".ini")


class Unavailable(Exception):
    """The package index does not offer what was asked for."""


def cache_folder() -> pathlib.Path:
    base = os.environ.get("ONX_CORPUS_CACHE")
    if base:
        return pathlib.Path(base)
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "onx" / "corpus"


def archive(package: str, file: str, sha256: str) -> pathlib.Path:
    """The path of one archive, fetched if it is not there yet and always checked."""
    kept = cache_folder() / "archives" / file
    if kept.exists() and digest(kept.read_bytes()) == sha256:
        return kept
    for address, name, told in listing(package.split("==")[0]):
        if name == file:
            if told and told != sha256:
                raise Unavailable(f"{file}: the index offers another file of this name")
            data = download(address)
            if digest(data) != sha256:
                raise Unavailable(f"{file}: what came has another hash")
            write_whole(kept, data)
            return kept
    raise Unavailable(f"{file}: not in the package index")


def newest_matching(package: str, version: str) -> tuple[str, str]:
    """File and hash of a pure wheel of this version, else of its source archive."""
    wanted = re.sub("[-_.]+", "[-_.]+", re.escape(package).replace(r"\-", "-"))
    pattern = re.compile(rf"(?i){wanted}-{re.escape(version)}(-.*-none-any\.whl|\.tar\.gz|\.zip)$")
    found = [(name, told) for _, name, told in listing(package) if pattern.match(name) and told]
    found.sort(key=lambda each: not each[0].endswith(".whl"))
    if not found:
        raise Unavailable(f"{package}=={version}: no pure wheel and no source archive")
    return found[0]


def unpack(source: pathlib.Path, into: pathlib.Path, endings: tuple = TEXTS) -> None:
    """Unpacks files with these endings; the outermost folder of a source archive is dropped."""
    into.mkdir(parents=True, exist_ok=True)
    for name, data in members(source):
        parts = name.split("/")
        if ".." in parts or name.startswith("/") or not name.endswith(endings):
            continue
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def members(source: pathlib.Path):
    if source.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(source) as opened:
            inner = "" if source.suffix == ".whl" else opened.namelist()[0].split("/")[0] + "/"
            for name in opened.namelist():
                if not name.endswith("/") and name.startswith(inner):
                    yield name[len(inner) :], opened.read(name)
        return
    with tarfile.open(source) as opened:
        for member in opened:
            rest = member.name.partition("/")[2]
            if member.isfile() and rest:
                yield rest, opened.extractfile(member).read()


def listing(package: str):
    """Every file that the simple index lists for a package: address, name, hash."""
    page = f"{index_address().rstrip('/')}/{re.sub('[-_.]+', '-', package).lower()}/"
    for link in re.findall(r'<a[^>]+href="([^"]+)"', download(page).decode()):
        address, _, fragment = link.replace("&amp;", "&").partition("#")
        name = urllib.parse.unquote(address.rsplit("/", 1)[1])
        told = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
        yield urllib.parse.urljoin(page, address), name, told


def index_address() -> str:
    """The simple index that pip would ask."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    if said.returncode == 0 and said.stdout.strip():
        return said.stdout.strip()
    from pip._internal.models.index import PyPI

    return PyPI.simple_url


def download(address: str) -> bytes:
    for attempt in range(4):
        try:
            with urllib.request.urlopen(address, timeout=120) as answer:
                return answer.read()
        except OSError as why:
            if attempt == 3:
                raise Unavailable(f"{address.rsplit('/', 1)[-1]}: {why}") from why
            time.sleep(1 + attempt)
    raise AssertionError("the loop returns or raises")


def write_whole(path: pathlib.Path, data: bytes) -> None:
    """A reader sees all of the file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, path)


def repository(folder: pathlib.Path, versions: list[tuple[str, list[pathlib.Path]]]) -> pathlib.Path:
    """A git repository with one tagged commit for each version, each made of some archives."""
    done = folder / ".git" / "complete"
    wanted = repr([(tag, [path.name for path in paths]) for tag, paths in versions])
    if done.exists() and done.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number, (tag, paths) in enumerate(versions):
        for kept in folder.iterdir():
            if kept.name != ".git":
                shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
        for path in paths:
            unpack(path, folder)
        git(folder, "add", "--all", "--force")
        git(folder, "commit", "--quiet", "--message", f"version {tag}", at=f"{2020 + number}-01-01T00:00:00Z")
        git(folder, "tag", tag)
    done.write_text(wanted)
    return folder


def git(folder: pathlib.Path, *arguments: str, at: str = "2020-01-01T00:00:00Z") -> str:
    """Runs git with nothing of the user's own configuration."""
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in
           (("NAME", "corpus"), ("EMAIL", "corpus@invalid"), ("DATE", at))}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    run = subprocess.run(["git", "-C", str(folder), "-c", "gc.auto=0", "-c", "core.autocrlf=false", *arguments],
                         capture_output=True, text=True, env=os.environ | who | plain, check=False)
    if run.returncode:
        raise Unavailable(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """fetch.py PACKAGE==VERSION FILE FOLDER: fetches a file, checked by the index's own hash, and unpacks it."""
    package, file, folder = sys.argv[1:4]
    told = {name: sha256 for _, name, sha256 in listing(package.split("==")[0])}
    if not told.get(file):
        raise Unavailable(f"{file}: not in the package index")
    unpack(archive(package, file, told[file]), pathlib.Path(folder), endings=("",))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unavailable as why:
        sys.exit(f"fetch.py: {why}")
