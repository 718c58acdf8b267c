"""What is disturbed: for each run type a scene, the command, how a user goes on, and what must then hold."""

import json
import re
import sqlite3

from scene import TEMPORARY, differences, tree, unfinished

SHAPES = '''"""Shapes."""


class Square:
    """A square with a side."""

    def __init__(self, side, unit="m"):
        self.side = side
        self.unit = unit

    def describe(self, precision=2):
        """Describe the square in words."""
        text = f"{self.side:.{precision}f}"
        return " ".join(["square", text, self.unit])


def area(shape, encoding="utf-8"):
    """The area of a shape."""
    if shape.side < 0:
        raise ValueError("a negative side")
    return shape.side * shape.side, encoding
'''
EXPORTS = 'from yourlib.shapes import Square, area\n\n__all__ = ["Square", "area"]\n'
PROJECT = '[project]\nname = "yourlib"\nversion = "1.0.0"\n'
USE = """import yourlib
from yourlib import Square, area  # shapes


def total(sides):
    return sum(area(Square(side))[0] for side in sides) + yourlib.Square(1).side
"""
LEGACY = """
CREATE TABLE tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT, metadata TEXT);
INSERT INTO tasks VALUES
    ('T-1', 'Ship it', 'all of it', 'COMPLETED', '{"owner": "ada"}'),
    ('T-2', 'Ship more', NULL, 'FAILED', NULL),
    ('T-3', 'Ship the rest', NULL, 'IN_PROGRESS', NULL),
    ('../T', 'climb', NULL, 'FAILED', NULL);
"""


# The report beside a checkpoint is written after everything else, and nobody writes there again; what a
# kill leaves of it goes with the checkpoint.
BESIDE_CHECKPOINT = re.compile(r"^state/targets/[0-9a-f]+/checkpoints/[^/]+/\.onx-[^/]+\.tmp$")


class Scenario:
    """A command in a scene of its own. Whoever disturbs it asks for these in this order."""

    name = ""
    # Folders below the scene that the command changes, where its user looks for the result.
    results = ("work",)

    def prepare(self, scene):
        """Fills an empty scene; returns what went wrong with that."""
        raise NotImplementedError

    def command(self, scene):
        """The command that is disturbed."""
        raise NotImplementedError

    def proceed(self, scene):
        """Goes on as a user does after an interruption; returns what could not be done."""
        ran = scene.run(self.command(scene))
        return [] if ran.code == 0 else [f"it could not be continued: {ran.words()}"]

    def outcome(self, scene):
        """All that must be as after an undisturbed run, by name."""
        raise NotImplementedError

    def oddities(self, scene):
        """What is wrong besides the outcome, once it is there."""
        return []

    def torn(self, scene, before, after):
        """What is neither old nor new, at whatever moment the command was stopped."""
        found = {}
        for folder in self.results:
            found |= {f"{folder}/{path}": entry for path, entry in tree(scene.root / folder).items()}
        odd = []
        for path, entry in found.items():
            known = [side[path] for side in (before, after) if path in side]
            if entry[0] in ("file", "link") and entry not in known and not self.may_differ(path):
                odd.append(path)
        return [f"{path} is neither old nor new" for path in odd]

    def may_differ(self, path):
        """Whether a path may hold anything while the command has not ended."""
        name = path.rpartition("/")[2]
        return bool(TEMPORARY.match(name)) or ".onx-" in path or ".unfinished/" in path


def write_library(scene):
    """The library in two versions, one class of which got another name."""
    for name, text in (("yourlib/__init__.py", EXPORTS), ("yourlib/shapes.py", SHAPES), ("pyproject.toml", PROJECT)):
        scene.write(f"old/{name}", text)
        scene.write(f"new/{name}", text.replace("Square", "Quadrat").replace("1.0.0", "2.0.0"))


def generate(out="bundle"):
    return ["manifest", "generate", "--from", "./old", "--to", "./new", "--out", out, "--parallel", "1"]


def write_dependent(scene, folder="app"):
    """A package with what must survive: modes, a link, line ends, a requirement, files nobody changes."""
    scene.write(f"{folder}/app/__init__.py", "")
    scene.write(f"{folder}/app/sums.py", USE)
    scene.write(f"{folder}/app/tools/run.py", "#!/usr/bin/env python3\n" + USE, mode=0o755)
    scene.write(f"{folder}/app/tools/lines.py", USE.replace("\n", "\r\n").encode(), mode=0o600)
    scene.write(f"{folder}/data.bin", bytes(range(256)), mode=0o444)
    (scene.work / folder / "app/link.py").symlink_to("sums.py")
    project = '[project]\nname = "app"\ndependencies = ["yourlib>=1.0", "requests"]\n'
    scene.write(f"{folder}/pyproject.toml", project)


def apply(target="app", bundle="bundle"):
    # What is sure enough depends on calibration, which is not what is tested here.
    return ["migrate", "apply", "--manifest", bundle, "--target", target, "--auto-apply-threshold", "0",
            "--parallel", "1"]


def records_of(scene, target="app"):
    """What is remembered about a target, the oldest first, and what is wrong with that."""
    ran = scene.run(["migrate", "history", "--package", target, "--json"])
    if ran.code != 0:
        return [], [f"the history cannot be read: {ran.words()}"]
    return list(reversed(json.loads(ran.out))), []


def status_of(scene, target="app"):
    """What is applied to a target; a change that was interrupted is ended by asking."""
    ran = scene.run(["migrate", "status", "--package", target, "--json"])
    if ran.code != 0:
        return {}, [f"the status cannot be read: {ran.words()}"]
    return json.loads(ran.out), []


def odd_runs(scene, store=()):
    """Runs whose journal cannot be read, or does not fit what the store says."""
    ran = scene.run(["runs", "list", "--json", *store])
    if ran.code != 0:
        return [f"the runs cannot be listed: {ran.words()}"]
    odd = []
    for run in json.loads(ran.out):
        shown = scene.run(["runs", "show", run["run_id"], *store])
        if shown.code != 0:
            odd.append(f"the journal of {run['run_id']} cannot be read: {shown.words()}")
    return odd


def untold(scene, records):
    """Applications that are not listed, and not in the audit log once."""
    applied = [record for record in records if record["kind"] == "apply" and record["outcome"] != "taken_back"]
    applied = sorted(record["id"] for record in applied)
    odd = []
    listed = scene.run(["migrate", "history", "--all", "--json"])
    if listed.code != 0 or sorted(item["id"] for item in json.loads(listed.out)) != applied:
        odd.append(f"what is listed as applied is not {applied}: {listed.words()}")
    # The file itself: a loss of power may take the head, which is signed anew with the next entry.
    log = scene.root / "state/audit/log.jsonl"
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    told = sorted(entry["run"] for entry in entries if entry["event"] == "manifest_applied")
    if told != applied:
        odd.append(f"what is told as applied is not {applied}, but {told}")
    return odd


def failed_step(scene, *commands):
    """Runs what prepares a scene; returns what went wrong."""
    for command in commands:
        ran = scene.run(command)
        if ran.code != 0:
            return [f"the scene cannot be made: {ran.words()}"]
    return []


class Generate(Scenario):
    """A manifest is derived, and its bundle written."""

    name = "generate"
    results = ("work/bundle",)

    def prepare(self, scene):
        write_library(scene)
        return []

    def command(self, scene):
        return generate()

    def outcome(self, scene):
        return tree(scene.work / "bundle")

    def oddities(self, scene):
        return odd_runs(scene)


class GenerateAgain(Generate):
    """A bundle is written over one of the same library that says something else."""

    name = "generate-again"

    def prepare(self, scene):
        write_library(scene)
        odd = failed_step(scene, generate())
        shapes = (scene.work / "new/yourlib/shapes.py").read_text()
        scene.write("new/yourlib/shapes.py", shapes.replace("area", "surface"))
        exports = (scene.work / "new/yourlib/__init__.py").read_text()
        scene.write("new/yourlib/__init__.py", exports.replace("area", "surface"))
        return odd


class Review(Scenario):
    """A person decides about an operation, which makes a new bundle."""

    name = "review"
    results = ("work/bundle", "work/mine")

    def prepare(self, scene):
        write_library(scene)
        return failed_step(scene, generate())

    def command(self, scene):
        return ["manifest", "review", "bundle", "--accept", "OP001", "--reason", "asked the author",
                "--out", "mine"]

    def outcome(self, scene):
        return {f"{folder}/{path}": entry for folder in ("bundle", "mine")
                for path, entry in tree(scene.work / folder).items()}

    def oddities(self, scene):
        ran = scene.run(["audit", "show"])
        told = ran.out.count("manifest reviewed")
        return [] if told == 1 else [f"the log has {told} entries of the review: {ran.words()}"]


class Approve(Scenario):
    """Somebody approves a step with a manifest that another one made."""

    name = "approve"
    results = ("work/bundle",)

    def prepare(self, scene):
        write_library(scene)
        new = ["keys", "new", "ada", "--owner", "ada@example.org", "--kind", "approval"]
        policy = ["policy", "set", "--require", "publish=maintainer", "--holder", "maintainer=ada@example.org"]
        return failed_step(scene, generate(), new, policy)

    def command(self, scene):
        return ["manifest", "approve", "bundle", "--for", "publish", "--role", "maintainer", "--key", "ada"]

    def outcome(self, scene):
        # When it was given is part of what is approved, so that two attempts never have the same bytes.
        ran = scene.run(["manifest", "verify", "bundle", "--json"])
        files = sorted(tree(scene.work / "bundle"))
        counts = scene.run(["manifest", "approvals", "bundle", "--for", "publish"])
        return {"files": files, "verified": ran.code, "approved": counts.code}

    def oddities(self, scene):
        kept = (scene.work / "bundle/manifest.approvals.jsonl").read_text().splitlines()
        ran = scene.run(["audit", "show"])
        told = ran.out.count("approval given")
        return [] if told == len(kept) else [f"{len(kept)} approvals, and the log has {told}: {ran.words()}"]

    def may_differ(self, path):
        return super().may_differ(path) or path.endswith(".approvals.jsonl")


class Apply(Scenario):
    """A manifest is applied to a package."""

    name = "apply"
    results = ("work/app",)
    kinds = ["apply"]

    def prepare(self, scene):
        write_library(scene)
        write_dependent(scene)
        return failed_step(scene, generate())

    def command(self, scene):
        return apply()

    def outcome(self, scene):
        return tree(scene.work / "app")

    def oddities(self, scene):
        status, odd = status_of(scene)
        records, more = records_of(scene)
        odd += more
        kinds = [record["kind"] for record in records if record["outcome"] != "taken_back"]
        if kinds != self.kinds:
            odd.append(f"the history says {kinds}, not {self.kinds}")
        stands = status.get("standing") is not None
        if stands != (self.kinds[-1] == "apply"):
            odd.append(f"the status says that {'something' if stands else 'nothing'} is applied")
        for record in records:
            place = scene.root / record["checkpoint"] / "checkpoint.json"
            if not place.is_file():
                odd.append(f"the checkpoint of a record is gone: {record['checkpoint']}")
        return odd + untold(scene, records) + odd_runs(scene)


class ApplyGivenUp(Apply):
    """A manifest is applied; who finds the run stopped looks, gives it up and asks for the same again."""

    name = "apply-given-up"

    def proceed(self, scene):
        _, odd = status_of(scene)
        for run in json.loads(scene.run(["runs", "list", "--json"]).out or "[]"):
            if run["status"] not in ("SUCCESS", "FAILED"):
                gave_up = scene.run(["runs", "abandon", run["run_id"], "--reason", "it was stopped"])
                # One that had succeeded and was only not listed so is told apart by its journal.
                if gave_up.code != 0 and "is over: SUCCESS" not in gave_up.err:
                    odd.append(f"the run cannot be given up: {gave_up.words()}")
        return odd + super().proceed(scene)


class Rollback(Apply):
    """An application is taken back."""

    name = "rollback"
    kinds = ["apply", "rollback"]

    def prepare(self, scene):
        return super().prepare(scene) or failed_step(scene, apply())

    def command(self, scene):
        return ["migrate", "rollback", "--package", "app", "--parallel", "1"]

    def proceed(self, scene):
        # Giving the command again ends what was interrupted; when it had ended, there is nothing to take back.
        odd = super().proceed(scene)
        status, more = status_of(scene)
        return more if more or status["standing"] is None else odd


class TasksAdd(Scenario):
    """A task is added to a store with others."""

    name = "tasks-add"
    results = ()

    def prepare(self, scene):
        first = ["tasks", "add", "Move to 3.0", "--objective", "It fits"]
        return failed_step(scene, first, ["tasks", "add", "Nightly", "--set", "tries=2"])

    def command(self, scene):
        return ["tasks", "add", "Weekly", "--id", "weekly", "--objective", "Every dependent", "--set", "tries=3"]

    def outcome(self, scene):
        return {"tasks": tasks_of(scene)}

    def oddities(self, scene):
        return odd_runs(scene)


class FirstTask(TasksAdd):
    """A task is added, and the store made for it."""

    name = "first-task"

    def prepare(self, scene):
        return []


def tasks_of(scene, store=()):
    """The tasks without what the clock says of them; words where they cannot be listed."""
    ran = scene.run(["tasks", "list", "--all", "--json", *store])
    if ran.code != 0:
        return ran.words()
    return [{name: value for name, value in task.items() if name != "created_at"} for task in json.loads(ran.out)]


class ImportLegacy(Scenario):
    """A database of the old form becomes a store."""

    name = "import-legacy"
    results = ("work",)

    def prepare(self, scene):
        scene.write("workspaces/archive/T-1/log.txt", "done\n")
        scene.write("workspaces/archive/T-1/run.sh", "true\n", mode=0o755)
        (scene.work / "workspaces/latest").symlink_to("archive/T-1")
        (scene.work / "workspaces/inbox/empty").mkdir(parents=True)
        connection = sqlite3.connect(scene.work / "tasks.db")
        connection.executescript(LEGACY)
        connection.close()
        return []

    def command(self, scene):
        return ["tasks", "import-legacy", "--db", "tasks.db", "--workspaces", "workspaces"]

    def outcome(self, scene):
        store = ["--store", "tasks.db"]
        tasks = tasks_of(scene, store)
        ran = scene.run(["runs", "list", "--json", *store])
        found = {"the tasks": tasks, "the runs": ran.out if ran.code == 0 else ran.words()}
        # The bytes of a store are those of its history; what it holds counts.
        return found | {path: entry for path, entry in tree(scene.work).items() if path != "tasks.db"}

    def oddities(self, scene):
        return odd_runs(scene, ["--store", "tasks.db"])

    def may_differ(self, path):
        beside = ("work/tasks.db", "work/tasks.db-wal", "work/tasks.db-shm", "work/tasks.db-journal")
        return path in beside or super().may_differ(path)


class RecoverLegacy(ImportLegacy):
    """The way back from an import, with work lost and changed meanwhile."""

    name = "recover-legacy"

    def prepare(self, scene):
        super().prepare(scene)
        odd = failed_step(scene, super().command(scene))
        scene.write("workspaces/archive/T-1/log.txt", "changed\n")
        (scene.work / "workspaces/archive/T-1/run.sh").unlink()
        (scene.work / "workspaces/latest").unlink()
        (scene.work / "workspaces/latest").symlink_to("elsewhere")
        (scene.work / "workspaces/inbox/empty").rmdir()
        (scene.work / "workspaces/inbox").rmdir()
        return odd

    def command(self, scene):
        return [*super().command(scene), "--recover"]

    def outcome(self, scene):
        # What was imported is kept under this name, with the bytes of its history.
        return {path: entry for path, entry in tree(scene.work).items() if path != "tasks.db.before_recovery"} | {
            "what was imported": (scene.work / "tasks.db.before_recovery").is_file()
        }

    def oddities(self, scene):
        return []

    def may_differ(self, path):
        # While the way back is not complete, what is kept aside may be on its way.
        return super().may_differ(path) or path.startswith("work/tasks.db.before_recovery")


ALL = [scenario() for scenario in (
    Generate, GenerateAgain, Review, Approve, Apply, ApplyGivenUp, Rollback, FirstTask, TasksAdd, ImportLegacy,
    RecoverLegacy,
)]


def wrong(scenario, scene, expected):
    """What is wrong with a scene whose command is said to be done."""
    odd = differences(expected, scenario.outcome(scene))
    odd += scenario.oddities(scene)
    left = [path for path in unfinished(scene.root) if not BESIDE_CHECKPOINT.match(path)]
    return odd + [f"{path} is left" for path in left]
