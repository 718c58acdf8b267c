"""Measures what onx finds and rewrites beside the tools that a user would pick instead, and what both cost.

Everything is asked of the libraries and dependents of `corpus/`. CPU seconds are user and system time of the
process and everything it started, the median of several runs, in which the tools take turns.
`scripts/bench peers` calls it with what it needs.
"""

import argparse
import ast
import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import yaml

import fetch
import peers_cases
import peers_uses
import run
import score
import trees

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RENAMES = ("rename.import", "rename.symbol", "rename.callable", "move.file")
# The rules of a peer are for one library each.
RULES = {"numpy": ["ruff", "ruff, unsafe fixes"], "pydantic": ["bump-pydantic"], "Django": ["django-upgrade"]}
RUFF = "NPY201,NPY003"
PARTS = ("using", "cases", "dependents", "manifest", "finding")


class Peers:
    """One measurement: what it is run with, and the tables that come of it."""

    def __init__(self, given):
        """Takes over what was asked for."""
        self.onx, self.times, self.work, self.given = given.onx, given.times, given.work, given
        self.tools = pathlib.Path(sys.executable).parent
        self.bundles, self.details = {}, []

    def measure(self, turns: dict) -> dict:
        """CPU seconds of each turn, a preparation and a command; what is slow has one, as its ratio needs no more."""
        spent = collections.defaultdict(list)
        for _ in range(self.times):
            for name, (prepare, command) in turns.items():
                if not spent[name] or spent[name][0] < self.given.slow:
                    prepare()
                    spent[name].append(self.cpu(command))
        return {name: statistics.median(each) for name, each in spent.items()}

    def cpu(self, command: list) -> float:
        """User and system seconds of one run of a command, with everything that it started and waited for."""
        own = {"ONX_CACHE_DIR": str(self.work / "cache"), "XDG_STATE_HOME": str(self.work / "state")}
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=said,
                                       cwd=self.work, env=os.environ | own)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            if process.returncode not in (ENDS if pathlib.Path(command[0]).name in CHECKERS else (0,)):
                words = said.read().decode(errors="replace")
                raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{words[-2000:]}")
        return used.ru_utime + used.ru_stime

    def libraries(self):
        """The library pairs, each with its known operations and the folder of both versions."""
        for path in sorted((CORPUS / "truth").glob("*.yaml")):
            if not self.given.only or any(path.stem.startswith(start) for start in self.given.only):
                truth = read_yaml(path)
                yield path.stem, truth, repository(path.stem, truth)

    def bundle(self, name: str, truth: dict, tree: pathlib.Path) -> pathlib.Path:
        """The manifest of one library pair."""
        out = self.work / "bundles" / name
        if not out.exists():
            self.cpu(self.generate(truth, tree, out))
        return out

    def generate(self, truth: dict, tree: pathlib.Path, out: pathlib.Path) -> list:
        """The command that makes a manifest of a library pair."""
        return [self.onx, "manifest", "generate", "--core-path", tree, "--from", version_of(truth, "from"),
                "--to", version_of(truth, "to"), "--out", out, "--quiet"]

    def apply(self, bundle: pathlib.Path, target: pathlib.Path, *further: str) -> list:
        """The command that applies a manifest."""
        return [self.onx, "migrate", "apply", "--manifest", bundle, "--target", target, "--quiet", *further]

    def forget(self, *folders: pathlib.Path) -> None:
        """Removes what onx keeps between runs, and these folders."""
        for folder in (self.work / "cache", self.work / "state", *folders):
            shutil.rmtree(folder, ignore_errors=True)

    def finding(self) -> list[str]:
        """What of the known operations a comparison of two versions names."""
        lines = ["## Finding what changed", "",
                 "| library | rows | griffe: breakages | of the rows named | successor named | CPU s | "
                 "onx: operations | of the rows touched | successor right | CPU s | griffe to onx |",
                 "|---|" + "---:|" * 10]
        total, gone = collections.Counter(), collections.Counter()
        for name, truth, tree in self.libraries():
            row = self.found(name, truth, tree, gone)
            total.update(row)
            lines.append(found_line(name, row))
        return [*lines, found_line("**all**", total), "",
                f"Without the rows whose old name still works in the new version: {gone['rows']} rows, griffe names "
                f"{gone['named']}, onx touches {gone['touched']} and has the right successor of {gone['right']}.", ""]

    def found(self, name: str, truth: dict, tree: pathlib.Path, gone: collections.Counter) -> dict:
        """Both tools on one library pair."""
        sides = [version_of(truth, side) for side in ("from", "to")]
        unpacked = [tree_of(tree, side, self.work / "trees" / name) for side in sides]
        out = self.work / "bundles" / name
        roots = [root["path"] for root in read_json(self.bundle(name, truth, tree) / "snapshot_from.json")["roots"]]
        turns = {"onx": (lambda: self.forget(out), self.generate(truth, tree, out)),
                 "griffe": (lambda: None, [sys.executable, HERE / "peers_griffe.py", self.work / "breakages.json",
                                           *unpacked, *roots])}
        spent = self.measure(turns)
        breakages = json.loads((self.work / "breakages.json").read_text())
        old, new = versions(out)
        manifest = read_yaml(out / "manifest.yaml")
        judged = score.score_manifest(manifest, truth, 0.0, new.paths)
        row = collections.Counter(rows=len(judged), breakages=len(breakages), griffe=spent["griffe"], onx=spent["onx"],
                                  operations=len(manifest.get("operations") or []))
        for given, mine in zip(score.true_rows(truth), judged):
            told = [each for each in breakages if names(each, given, old)]
            said = {"rows": 1, "named": bool(told), "successor": any(names_successor(each, given) for each in told),
                    "touched": mine.result != "missed", "right": mine.result == "right"}
            row.update({what: int(is_so) for what, is_so in said.items() if what != "rows"})
            if given.get("class") != "alias_kept":
                gone.update({what: int(is_so) for what, is_so in said.items()})
            if told and mine.result == "missed":
                self.details.append({"part": "finding", "library": name, "row": given, "griffe": told[0]["says"]})
        print(f"{name:32} griffe {spent['griffe']:7.2f} s  onx {spent['onx']:6.2f} s", file=sys.stderr, flush=True)
        return row

    def using(self) -> list[str]:
        """What becomes of a use of each listed name."""
        lines = ["## Rewriting one use of each listed name", "", *TABLE]
        sums = collections.defaultdict(collections.Counter)
        for name, truth, tree in self.libraries():
            for tool, asked, said in self.used(name, truth, tree):
                if tool in ("LibCST", "pyupgrade", "onx"):
                    sums[tool].update(said)
                if tool != "pyupgrade" and tool != "onx":
                    lines.append(table_line(tool, asked, said))
        lines += [table_line(tool, "all together", sums[tool]) for tool in ("LibCST", "pyupgrade") if tool in sums]
        whole = sums["onx"]
        lines += ["", f"onx itself on all {whole['uses']} uses, those that no peer is asked for among them: "
                  f"{whole['onx right']} right, {whole['onx wrong']} wrong, {whole['onx left']} left, "
                  f"{whole['onx']:.2f} CPU s.", ""]
        return lines

    def used(self, name: str, truth: dict, tree: pathlib.Path):
        """Each tool that has something to say about one library, beside onx, on the uses that it is asked for."""
        bundle = self.bundle(name, truth, tree)
        old, new = versions(bundle)
        origin = self.work / "uses" / name
        rows = sorted(score.true_rows(truth), key=peers_uses.digest)
        rows = rows if truth["library"] in RULES else rows[: self.given.rows]
        made = peers_uses.write(truth["library"], rows, old, origin)
        folders = {tool: self.work / "used" / name / re.sub(r"\W+", "-", tool)
                   for tool in ("onx", "LibCST", "pyupgrade", *RULES.get(truth["library"], ()))}
        steps = [{"old": use.row["old"], "new": use.row["new"], "files": [str(folders["LibCST"] / file)]}
                 for file, use in made.items() if plain_rename(use)]
        commands = {tool: self.command(tool, folder, sorted(made), bundle, steps, truth)
                    for tool, folder in folders.items()}
        turns = {tool: (lambda folder=folder: self.fresh(origin, folder), commands[tool])
                 for tool, folder in folders.items() if tool != "LibCST" or steps}
        spent = self.measure(turns)
        verdicts = {tool: {file: peers_uses.judge(use, (folder / file).read_text(), new)
                           for file, use in made.items()} for tool, folder in folders.items() if tool in turns}
        self.remember(name, made, folders, verdicts)
        for tool in turns:
            files = [file for file in made if tool != "LibCST" or plain_rename(made[file])]
            said = collections.Counter(verdicts[tool][file] for file in files)
            said.update(f"onx {verdicts['onx'][file]}" for file in files)
            said.update(rows=len({id(made[file].row) for file in files}), uses=len(files), peer=spent[tool],
                        onx=spent["onx"])
            yield tool, name, said

    def remember(self, library: str, made: dict, folders: dict, verdicts: dict) -> None:
        """Keeps what onx did wrong, and what a peer did right and onx did not."""
        for file, use in made.items():
            mine = verdicts["onx"][file]
            better = [tool for tool in verdicts if verdicts[tool][file] == "right" and mine != "right"]
            if mine == "wrong" or better or mine == "left":
                self.details.append({"part": "using", "library": library, "row": use.row, "form": use.form, "onx": mine,
                                     "right": better, "before": use.text, "after": (folders["onx"] / file).read_text()})

    def command(self, tool: str, folder: pathlib.Path, files: list, bundle: pathlib.Path, steps: list,
                truth: dict) -> list:
        """How a tool is asked to rewrite these files of a folder."""
        paths = [folder / file for file in files]
        ruff = [self.tools / "ruff", "check", "--isolated", "--no-cache", "--quiet", "--fix", "--select", RUFF]
        if tool == "LibCST":
            listed = self.work / f"steps-{folder.parent.name}.json"
            listed.write_text(json.dumps(steps))
            return [sys.executable, HERE / "peers_libcst.py", listed]
        return {
            "onx": self.apply(bundle, folder, "--allow-dirty"),
            "ruff": [*ruff, folder],
            "ruff, unsafe fixes": [*ruff, "--unsafe-fixes", folder],
            "bump-pydantic": [self.tools / "bump-pydantic", "--log-file", "bump.log", folder.relative_to(self.work)],
            "django-upgrade": [self.tools / "django-upgrade", "--target-version",
                               ".".join(version_of(truth, "to").split(".")[:2]), *paths],
            "pyupgrade": [self.tools / "pyupgrade", "--py310-plus", *paths],
        }[tool]

    def fresh(self, origin: pathlib.Path, folder: pathlib.Path) -> None:
        """A new copy of what is rewritten."""
        self.forget(folder)
        shutil.copytree(origin, folder)

    def cases(self) -> list[str]:
        """The cases that onx's own tests hold, on exact text."""
        bundle = self.work / "bundles" / "cases"
        old, new = peers_cases.library(self.work / "cases")
        self.cpu([self.onx, "manifest", "generate", "--from", old, "--to", new, "--out", bundle, "--quiet"])
        origin = self.work / "uses" / "cases"
        origin.mkdir(parents=True)
        made = {f"case_{number:03}.py": case for number, case in enumerate(peers_cases.read())}
        for file, case in made.items():
            (origin / file).write_text(case.before)
        folders = {tool: self.work / "used" / "cases" / tool for tool in ("onx", "LibCST")}
        pairs = {text: dict(zip(("old", "new"), pair)) for text, pair in peers_cases.TEXTS.items()}
        steps = [pairs[case.text] | {"files": [str(folders["LibCST"] / file)]} for file, case in made.items()]
        commands = {tool: self.command(tool, folder, sorted(made), bundle, steps, CORE)
                    for tool, folder in folders.items()}
        turns = {tool: (lambda folder=folder: self.fresh(origin, folder), commands[tool])
                 for tool, folder in folders.items()}
        spent = self.measure(turns)
        said = collections.Counter(rows=len(made), uses=len(made), peer=spent["LibCST"], onx=spent["onx"])
        for file, case in made.items():
            got = {tool: (folder / file).read_text() for tool, folder in folders.items()}
            said[exact(got["LibCST"], case)] += 1
            said[f"onx {exact(got['onx'], case)}"] += 1
            if got["onx"] != case.after:
                self.details.append({"part": "cases", "text": case.text, "case": case.name, "before": case.before,
                                     "wanted": case.after, "onx": got["onx"], "LibCST": got["LibCST"]})
        return ["## Rewriting the cases of onx's own tests", "", *TABLE,
                table_line("LibCST", "cases, exact text", said), ""]

    def manifest(self) -> list[str]:
        """Two names over files of real code that use them, beside the same manifest."""
        old, new = trees.library()
        bundle = self.work / "bundles" / "voluptuous"
        self.cpu([self.onx, "manifest", "generate", "--from", old, "--to", new, "--out", bundle, "--quiet"])
        words = {"Coerce": "Convert", "REMOVE_EXTRA": "DROP_EXTRA"}
        whole = re.compile(rf"\b({'|'.join(words)})\b")
        origin = self.work / "uses" / "voluptuous"
        tree, wanted = trees.tree("10k"), {}
        for path in sorted(tree.rglob("*.py")):
            text = path.read_text()
            if re.search(rf"\bvol\.({'|'.join(words)})\b", text) and "import voluptuous as vol\n" in text:
                file = f"file_{len(wanted):02}.py"
                origin.mkdir(parents=True, exist_ok=True)
                (origin / file).write_text(text)
                wanted[file] = whole.sub(lambda found: words[found[1]], text)
                if len(wanted) == self.given.files:
                    break
        folders = {tool: self.work / "used" / "voluptuous" / tool for tool in ("onx", "onx, untyped", "LibCST")}
        steps = [{"old": f"voluptuous.{word}", "new": f"voluptuous.{other}", "files": [str(folders["LibCST"] / file)]}
                 for word, other in words.items() for file in wanted if word in (origin / file).read_text()]
        commands = {"onx": self.apply(bundle, folders["onx"]), "LibCST": self.command(
            "LibCST", folders["LibCST"], [], bundle, steps, CORE),
            "onx, untyped": self.apply(bundle, folders["onx, untyped"], "--untyped")}
        spent = self.measure({tool: (lambda folder=folder: self.fresh(origin, folder), commands[tool])
                              for tool, folder in folders.items()})
        said = collections.Counter(rows=len(words), uses=len(wanted), peer=spent["LibCST"], onx=spent["onx, untyped"])
        for file, text in wanted.items():
            case = peers_cases.Case("", file, (origin / file).read_text(), text)
            said[exact((folders["LibCST"] / file).read_text(), case)] += 1
            said[f"onx {exact((folders['onx, untyped'] / file).read_text(), case)}"] += 1
        return ["## Two names over real files", "", *TABLE,
                table_line("LibCST", f"{len(wanted)} files, exact text", said), "",
                "onx with types, which also does the member and the two parameters of the same manifest: "
                f"{spent['onx']:.2f} CPU s.", ""]

    def dependents(self) -> list[str]:
        """What each tool makes of releases of dependents, beside what their own next release did."""
        lines = ["## Rewriting real dependents", "",
                 "| tool | dependents | expected hunks | as theirs | all hunks of theirs | as theirs | other lines | "
                 "no longer Python | imports that the new version lacks: before | after | CPU s | to onx |",
                 "|---|" + "---:|" * 11]
        sums = collections.defaultdict(collections.Counter)
        for name, truth, tree in self.libraries():
            for path in sorted((CORPUS / "dependents").glob("*.yaml")):
                dependent = read_yaml(path)
                if (dependent["core"].get("truth") or "") == name:
                    try:
                        said = self.depended(path.stem, dependent, name, truth, tree)
                    except fetch.Unavailable as why:
                        print(f"{path.stem}: {why}", file=sys.stderr)
                        continue
                    for tool in said:
                        key = f"LibCST, {truth['library']}" if tool == "LibCST" else tool
                        if tool != "onx":
                            sums[key].update(said[tool])
                            sums[f"{key}|onx"].update(said["onx"])
        for tool in [each for each in sums if not each.endswith("|onx")]:
            mine = sums[f"{tool}|onx"]
            lines += [depended_line(tool, sums[tool], mine["cpu"]), depended_line("onx on the same", mine, mine["cpu"])]
        return [*lines, ""]

    def depended(self, name: str, dependent: dict, core: str, truth: dict, tree: pathlib.Path) -> dict:
        """All tools for one dependent."""
        bundle = self.bundle(core, truth, tree)
        old, new = versions(bundle)
        work = self.work / "dependents" / name
        for side in ("before", "after"):
            archive = fetch.archive(dependent["package"], dependent[side]["file"], dependent[side]["sha256"])
            fetch.unpack(archive, work / side)
        origin = work / "before"
        files = [path.relative_to(origin).as_posix() for path in sorted(origin.rglob("*.py"))]
        folders = {tool: work / re.sub(r"\W+", "-", tool)
                   for tool in ("onx", "LibCST", *RULES.get(truth["library"], ()))}
        texts = {file: (origin / file).read_text(errors="replace") for file in files}
        steps = []
        for row in score.true_rows(truth):
            if row["op"] in RENAMES and old.kind(row["old"].rpartition(".")[0]) != "class":
                leaf = re.compile(rf"\b{re.escape(row['old'].rpartition('.')[2])}\b")
                inside = [str(folders["LibCST"] / file) for file, text in texts.items() if leaf.search(text)]
                steps += [{"old": row["old"], "new": row["new"], "files": inside}] if inside else []
        turns = {tool: (lambda folder=folder: self.fresh(origin, folder),
                        self.command(tool, folder, files, bundle, steps, truth)) for tool, folder in folders.items()}
        spent = self.measure(turns)
        lacking = len(unresolved(origin, new))
        said = {}
        for tool, folder in folders.items():
            result = score.score_dependent(origin, folder, work / "after", dependent)
            done = [score.hunk_done(score.lines(folder / hunk["file"]), hunk) for hunk in dependent["expected"]]
            said[tool] = collections.Counter(
                dependents=1, expected=result["expected"], right=result["right"], hunks=len(done), done=sum(done),
                unexpected=len(result["unexpected"]), broken=len(no_longer_python(origin, folder)), lacking=lacking,
                still=len(unresolved(folder, new)), cpu=spent[tool])
            if tool != "onx":
                self.compare(name, dependent, folder, folders["onx"], tool)
        print(f"{name:40} " + "  ".join(f"{tool} {spent[tool]:.2f} s" for tool in folders), file=sys.stderr, flush=True)
        return said

    def compare(self, name: str, dependent: dict, theirs: pathlib.Path, mine: pathlib.Path, tool: str) -> None:
        """Keeps the hunks that a peer made as the dependent's own release did, and onx not."""
        for hunk in dependent["expected"]:
            if score.hunk_done(score.lines(theirs / hunk["file"]), hunk) and not score.hunk_done(
                    score.lines(mine / hunk["file"]), hunk):
                self.details.append({"part": "dependents", "dependent": name, "tool": tool, "hunk": hunk})


# These tell by their end that something was changed, or is left.
CHECKERS, ENDS = ("ruff", "django-upgrade", "pyupgrade"), (0, 1)
# What a command asks of a library pair, where there is none.
CORE = {"library": "core", "to": {"version": "2"}}
TABLE = ["| tool | asked | rows | uses | right | wrong | left | CPU s | onx: right | wrong | left | CPU s | to onx |",
         "|---|---|" + "---:|" * 11]


def table_line(tool: str, asked: str, said: collections.Counter) -> str:
    """One row of a table of rewritings: a tool and onx on the same files."""
    cells = [named(tool), asked, said["rows"], said["uses"], said["right"], said["wrong"], said["left"],
             f"{said['peer']:.2f}", said["onx right"], said["onx wrong"], said["onx left"], f"{said['onx']:.2f}",
             f"{said['peer'] / said['onx']:.2f}"]
    return f"| {' | '.join(map(str, cells))} |"


def found_line(name: str, row: dict) -> str:
    """One row of the table of findings."""
    cells = [name, row["rows"], row["breakages"], row["named"], row["successor"], f"{row['griffe']:.2f}",
             row["operations"], row["touched"], row["right"], f"{row['onx']:.2f}", f"{row['griffe'] / row['onx']:.1f}"]
    return f"| {' | '.join(map(str, cells))} |"


def depended_line(tool: str, said: collections.Counter, mine: float) -> str:
    """One row of the table of dependents."""
    cells = [tool, said["dependents"], said["expected"], said["right"], said["hunks"], said["done"], said["unexpected"],
             said["broken"], said["lacking"], said["still"], f"{said['cpu']:.2f}", f"{said['cpu'] / mine:.1f}"]
    return f"| {' | '.join(map(str, cells))} |"


def named(tool: str) -> str:
    """A tool with its version."""
    package = tool.split(",")[0].lower()
    return f"{tool} {importlib.metadata.version(package)}"


def names(breakage: dict, row: dict, old: peers_uses.Version) -> bool:
    """Whether a breaking change is about what a row says is gone: the thing itself, what holds it, or its parameter."""
    argument = row["op"].startswith("arg.")
    given = [row.get("callable"), row.get("callable_public")] if argument else [row["old"]]
    places = {path.removesuffix(".__init__") for each in given if each
              for path in (each, old.paths.definition(each), old.public(each)) if path}
    told = {breakage["path"].removesuffix(".__init__"), breakage["canonical"].removesuffix(".__init__")}
    if argument and breakage["kind"] == "PARAMETER_REMOVED":
        return breakage["parameter"] == row["old"] and bool(told & places)
    if row["op"] == "config.key_rename" or breakage["kind"] not in ("OBJECT_REMOVED", "OBJECT_CHANGED_KIND"):
        return False
    return any(place == path or place.startswith(path + ".") for place in places for path in told)


def names_successor(breakage: dict, row: dict) -> bool:
    """Whether the words of a breaking change hold what the row says came instead."""
    return bool(row.get("new")) and row["new"] in breakage["says"]


def plain_rename(use: peers_uses.Use) -> bool:
    """Whether one dotted name for another is all that a use needs."""
    return use.row["op"] in RENAMES and use.form not in ("receiver", "heir")


def exact(got: str, case: peers_cases.Case) -> str:
    """`right` when the text is the one that was asked for, `left` when it should have changed and did not."""
    if got == case.after:
        return "right"
    return "left" if got == case.before else "wrong"


def unresolved(folder: pathlib.Path, new: peers_uses.Version) -> list[str]:
    """What files import from a library that its new version lacks."""
    lacking = []
    for path in sorted(folder.rglob("*.py")):
        lacking += [f"{path.name}: {name}" for name in score.imported(path) if name.split(".")[0] in new.roots
                    and not name.endswith(".*") and new.paths.definition(name) is None]
    return lacking


def no_longer_python(before: pathlib.Path, after: pathlib.Path) -> list[str]:
    """Files that were Python before and no longer are."""
    return [path.name for path in sorted(after.rglob("*.py"))
            if not parses(path) and parses(before / path.relative_to(after))]


def parses(path: pathlib.Path) -> bool:
    """Whether a file is Python."""
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return False
    return True


def versions(bundle: pathlib.Path) -> list[peers_uses.Version]:
    """Both versions of a bundle."""
    return [peers_uses.Version(read_json(bundle / f"snapshot_{side}.json")) for side in ("from", "to")]


def repository(name: str, truth: dict) -> pathlib.Path:
    """A repository with both versions of a library."""
    made = []
    for side in ("from", "to"):
        archives = truth[side].get("archives") or truth[side]["dists"]
        paths = [fetch.archive(each.get("package") or each["pip"], each["file"], each["sha256"]) for each in archives]
        made.append((version_of(truth, side), paths))
    return fetch.repository(fetch.cache_folder() / "libraries" / name, made)


def tree_of(tree: pathlib.Path, version: str, into: pathlib.Path) -> pathlib.Path:
    """One version of a repository as a folder."""
    place = into / version
    if not place.exists():
        place.mkdir(parents=True)
        archive = place / "archive.tar"
        fetch.git(tree, "archive", "--format=tar", f"--output={archive}", version)
        shutil.unpack_archive(archive, place, filter="data")
        archive.unlink()
    return place


def version_of(truth: dict, side: str) -> str:
    """The version of the library's own package."""
    return str(truth[side]["version"]).split()[0]


def read_yaml(path: pathlib.Path) -> dict:
    """The content of a YAML file."""
    with path.open(encoding="utf-8") as opened:
        return yaml.load(opened, Loader=LOADER)


def read_json(path: pathlib.Path) -> dict:
    """The content of a JSON file."""
    with path.open(encoding="utf-8") as opened:
        return json.load(opened)


def report(given, tables: list[str]) -> None:
    """Prints what there is so far, and keeps it where that was asked for."""
    how = (f"Runs of each command: {given.times}, one where a run needs more than {given.slow:.0f} CPU s; "
           f"of a longer list {given.rows} rows.")
    text = "\n".join([*tables, how, "", f"{run.machine()}; {datetime.date.today().isoformat()}."])
    print(text, flush=True)
    if given.write:
        head = (HERE / "peers.head.md").read_text()
        pathlib.Path(given.write).write_text(f"{head}\n{text}\n")


def main() -> int:
    """Runs the parts that are asked for and prints their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onx", required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--only", action="append", help="only libraries whose name starts so")
    parser.add_argument("--slow", type=float, default=10.0, help="what needs more CPU seconds runs once")
    parser.add_argument("--rows", type=int, default=60, help="how many rows are used of a library without an own peer")
    parser.add_argument("--files", type=int, default=20, help="how many real files two names are renamed in")
    parser.add_argument("--details", type=pathlib.Path, help="keep what onx did not do well in this file of JSON lines")
    parser.add_argument("--write", help="keep the tables in this Markdown file")
    given = parser.parse_args()
    given.work = pathlib.Path(tempfile.mkdtemp(prefix="onx-peers-"))
    peers, tables = Peers(given), []
    try:
        for part in given.part or PARTS:
            tables += getattr(peers, part)()
            report(given, tables)
    finally:
        shutil.rmtree(given.work, ignore_errors=True)
        if given.details:
            given.details.write_text("".join(json.dumps(each) + "\n" for each in peers.details))
    return 0


if __name__ == "__main__":
    sys.exit(main())
