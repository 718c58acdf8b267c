"""Renames and reshapes real libraries at random, and asks whether onx finds what was done.

  mutate.py --onx BINARY [--count N] [--seed S] [--library NAME]... [--write PAGE]

`scripts/corpus mutate` calls it with what it needs. A line that begins with `wrong` says by which seed
and library it can be repeated: one tree is made by `--library NAME --seed SEED --count 1`.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import fetch
import mutate_judge
import mutate_kinds
import run
from mutate_index import Index, names_in
from mutate_release import Release

HERE = pathlib.Path(__file__).resolve().parent
MUTATIONS_A_TREE = 20
# How often a kind is tried for each time that another is.
WEIGHTS = {
    "rename function": 4,
    "rename class": 4,
    "rename method": 4,
    "rename attribute": 2,
    "rename parameter": 4,
    "rename module": 1,
    "move definition": 4,
    "move module": 1,
    "module becomes package": 1,
    "remove parameter": 3,
    "add optional parameter": 2,
    "add required parameter": 2,
    "keyword-only parameter": 3,
    "reorder parameters": 3,
}


class Tally:
    """What came out, by kind of change."""

    def __init__(self):
        self.said = collections.defaultdict(list)
        self.lines = collections.defaultdict(collections.Counter)
        self.wrong, self.contradicted, self.invented, self.missed, self.left = [], [], [], [], []
        self.failed = []
        self.total = collections.Counter()


def main() -> int:
    given = arguments()
    settings = run.read_yaml(HERE / "mutate.yaml")
    chosen = given.library or list(settings["libraries"])
    tally, seed, made, cores = Tally(), given.seed, 0, {}
    while made < given.count:
        name = chosen[seed % len(chosen)] if len(chosen) > 1 else chosen[0]
        library = cores.setdefault(name, None) or Library(name, settings["libraries"][name])
        cores[name] = library
        said = one_tree(library, seed, given, tally)
        print(f"seed {seed} {name}: {said}", file=sys.stderr, flush=True)
        made += len(tally.last)
        seed += 1
        if given.details:
            write_details(given.details, tally)
    report = table(tally)
    print(report)
    for what, found in (
        ("wrong", tally.wrong),
        ("contradicted", tally.contradicted),
        ("invented", tally.invented),
        ("failed", tally.failed),
    ):
        for each in found:
            print(f"{what:12} {each}")
    if given.write:
        head = (HERE / "mutate.head.md").read_text()
        asked = f"Seeds {given.seed} to {seed - 1}; {', '.join(chosen)}."
        pathlib.Path(given.write).write_text(f"{head}\n{asked}\n\n{report}\n")
    return judge(tally, settings["floors"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onx", required=True, help="the binary that is measured")
    parser.add_argument("--count", type=int, default=1000, help="at least this many changes")
    parser.add_argument("--seed", type=int, default=1, help="of the first tree; each further one takes the next")
    parser.add_argument("--library", action="append", help="only this one; repeatable")
    parser.add_argument("--write", help="keep the table in this Markdown file")
    parser.add_argument("--details", type=pathlib.Path, help="keep what was missed in this JSON file")
    parser.add_argument("--prove", help="run the tests before and after the changes with this Python, without onx")
    parser.add_argument("--out", type=pathlib.Path, help="keep trees and manifests here")
    given = parser.parse_args()
    given.keep = given.out is not None
    given.out = (given.out or pathlib.Path(tempfile.mkdtemp(prefix="onx-mutate-"))).resolve()
    given.out.mkdir(parents=True, exist_ok=True)
    return given


class Library:
    """A library's files, as they are before any change."""

    def __init__(self, name: str, listed: dict):
        self.name, self.package = name, listed["package"]
        self.archive = archive_of(listed["archive"])
        everything = dict(fetch.members(self.archive))
        roots = tuple(f"{root}/" for root in listed.get("roots", [self.package]))
        tests = tuple(f"{root}/" for root in listed.get("tests", ["tests"]))
        self.tree = {
            path: text
            for path, text in everything.items()
            if path.endswith(".py") and path.startswith((*roots, *tests)) and run_parses(text)
        }
        self.tests = tests
        self.projects = {
            path: text for path, text in everything.items() if path in ("pyproject.toml", "setup.cfg", "setup.py")
        }
        self.beside = frozenset().union(*(names_beside(each) for each in listed.get("beside", ())))
        self.advice = frozenset(listed.get("advice", ()))
        self.original = Index(self.tree, self.package, {})

    def split(self, tree: dict) -> tuple[dict, dict]:
        """The library's files and the tests."""
        tests = {path: text for path, text in tree.items() if path.startswith(self.tests)}
        return {path: text for path, text in tree.items() if path not in tests}, tests


def archive_of(listed: dict) -> pathlib.Path:
    return fetch.archive(listed["package"], listed["file"], listed["sha256"])


def run_parses(text: bytes) -> bool:
    try:
        compile(text, "file", "exec", dont_inherit=True, flags=0x400)
    except (SyntaxError, ValueError):
        return False
    return True


def names_beside(listed: dict) -> set:
    found = set()
    for path, text in fetch.members(archive_of(listed)):
        if path.endswith(".py") and not {"test", "tests", "docs"} & set(path.split("/")):
            found |= names_in(text)
    return found


def mutated(library: Library, seed: int) -> Release:
    """A library after about twenty changes, which the seed decides."""
    draw = random.Random(f"{library.name} {seed}")
    notes = b"\n".join(library.projects.values()).decode(errors="replace")
    release = Release(library.tree, library.package, library.beside, notes, draw, library.original)
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    for kind in draw.choices(kinds, weights, k=MUTATIONS_A_TREE * 2):
        if len(release.mutations) == MUTATIONS_A_TREE:
            break
        mutate_kinds.attempt(release, kind)
    for mutation in release.mutations:
        mutation.new = release.forward(mutation.old)
    lost = unresolved(release.index) - unresolved(library.original)
    if lost > 0:
        raise AssertionError(f"{library.name} {seed}: {lost} imports of the changed tree lead nowhere")
    return release


def unresolved(index: Index) -> int:
    """How many imports of the library's own names lead nowhere."""
    return sum(
        1
        for file in index.files.values()
        for _, path, _, alias, _ in file.imports
        if path.split(".")[0] == index.package and alias.name != "*" and index.resolve(path) is None
    )


def one_tree(library: Library, seed: int, given, tally: Tally) -> str:
    """Makes, measures and judges one mutated tree."""
    release = mutated(library, seed)
    tally.last = release.mutations
    if given.prove:
        return prove(library, release, given)
    work = given.out / f"{library.name}-{seed}"
    # What was applied before is remembered for a folder; a new tree in the same place is a new one.
    for folder in (work, given.out / "state"):
        shutil.rmtree(folder, ignore_errors=True)
    (old, old_tests), (new, new_tests) = library.split(library.tree), library.split(release.tree)
    # Half of the releases bring their tests along, half only the package.
    with_tests = seed // 2 % 2 == 0
    for side, files, tests in (("old", old, old_tests), ("new", new, new_tests)):
        write(work / side, files | library.projects | (tests if with_tests else {}))
    write(work / "dependent", old_tests)
    write(work / "truth", new_tests)
    (work / "mutations.txt").write_text("".join(f"{each}\n" for each in release.mutations))
    try:
        said = measured(library, release, seed, given, tally, work, old_tests, new_tests)
    finally:
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)
    return said


def measured(library, release, seed, given, tally, work, old_tests, new_tests) -> str:
    where = f"seed {seed} {library.name}"
    made = run.call(
        given, "manifest", "generate", "--from", work / "old", "--to", work / "new", "--out", work / "bundle"
    )
    if made.code or not (work / "bundle" / "manifest.yaml").exists():
        tally.failed.append(f"{where}: generate ended with {made.code}: {run.last_line(made.errors)}")
        return "failed"
    manifest = run.read_yaml(work / "bundle" / "manifest.yaml")
    applied = run.call(
        given,
        "migrate",
        "apply",
        "--manifest",
        work / "bundle",
        "--target",
        work / "dependent",
        "--report",
        work / "application.json",
    )
    if applied.code:
        tally.failed.append(f"{where}: apply ended with {applied.code}: {run.last_line(applied.errors)}")
        return "failed"
    report = run.read_json(work / "application.json")
    places = collections.defaultdict(set)
    for what in ("remaining", "findings", "undecided", "proposed"):
        for each in listed_places(report.get(what)):
            if each.get("line"):
                further = re.search(r"Also in lines? ([\d, and]+)", each["message"])
                places[each["file"]] |= {
                    each["line"],
                    *map(int, re.findall(r"\d+", further.group(1) if further else "")),
                }
    places["original"] = library.original
    got = {path: (work / "dependent" / path).read_bytes() for path in old_tests if (work / "dependent" / path).exists()}
    want = {path: new_tests[path] for path in old_tests}
    said, invented = mutate_judge.judge_manifest(manifest, release, library.original, library.advice)
    lines = mutate_judge.judge_dependent(old_tests, want, got, release, places)
    return counted(where, said, invented, lines, tally, made.seconds + applied.seconds)


def listed_places(said) -> list:
    return said if isinstance(said, list) else []


def counted(where, said, invented, lines, tally, seconds) -> str:
    for each in said:
        tally.said[kind_of(each.mutation)].append(each)
        tally.contradicted += [f"{where}: {each.mutation}: {operation}" for operation in each.contradicted]
        if not each.found and each.mutation.kind not in mutate_judge.SILENT:
            tally.missed.append(f"{where}: {each.mutation}: {each.why}")
    tally.invented += [f"{where}: {operation}" for operation in invented]
    for line in lines:
        tally.total[line.result] += 1
        for kind in {kind_of(each) for each in line.mutations} or {"-"}:
            tally.lines[kind][line.result] += 1
            tally.lines[kind]["listed"] += line.result == "missed" and line.listed
        about = "; ".join(map(str, line.mutations))
        text = (
            f"{where}: {line.file}:{line.line}: {about}\n    old  {line.old}\n    want {line.want}\n    got  {line.got}"
        )
        if line.result == "wrong":
            tally.wrong.append(text)
        elif line.result == "missed":
            tally.left.append(("listed " if line.listed else "silent ") + text)
    of = collections.Counter(line.result for line in lines)
    return (
        f"{sum(each.found for each in said)} of {len(said)} found, {of['right']} lines right, {of['missed']} missed, "
        f"{of['wrong']} wrong, {len(invented)} invented, {seconds:.1f} s"
    )


def kind_of(mutation) -> str:
    return mutation.kind + (", kept" if mutation.kept else "")


def write(folder: pathlib.Path, files: dict) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)


def prove(library: Library, release: Release, given) -> str:
    """Runs the tests of the library before and after, to show that the changes themselves are right."""
    counts = []
    for tree in (library.tree, release.tree):
        folder = given.out / "prove"
        shutil.rmtree(folder, ignore_errors=True)
        fetch.unpack(library.archive, folder, endings=("",))
        for path in library.tree:
            (folder / path).unlink()
        write(folder, tree)
        tests = [root for root in library.tests if (folder / root).is_dir()]
        path = f"{folder / 'src'}:{folder}"
        ran = subprocess.run(
            [
                "timeout",
                "600",
                given.prove,
                "-m",
                "pytest",
                "-q",
                "-x",
                "--maxfail=1000",
                "-p",
                "no:cacheprovider",
                "-rfE",
                "--no-header",
                "--tb=line",
                *tests,
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(given.out)},
        )
        counts.append(ran.stdout.strip().splitlines())
    (given.out / f"prove-{library.name}.txt").write_text(
        "\n".join(["\n".join(counts[0]), "=" * 80, "\n".join(counts[1])])
    )
    gone = {line for line in counts[1] if line.startswith(("FAILED", "ERROR"))} - {
        line for line in counts[0] if line.startswith(("FAILED", "ERROR"))
    }
    for line in sorted(gone)[:10]:
        print(f"    {line[:200]}")
    return f"{len(release.mutations)} changes; before: {(counts[0] or ['?'])[-1]}; after: {(counts[1] or ['?'])[-1]}"


# What came out.


def table(tally: Tally) -> str:
    lines = [
        "| change | made | found | at 0.9 | contradicted | lines right | missed | of them listed | wrong |",
        "|---|" + "---:|" * 8,
    ]
    sums = collections.Counter()
    for kind in sorted(tally.said):
        said, out = tally.said[kind], tally.lines[kind]
        made, found, sure = len(said), sum(each.found for each in said), sum(each.sure for each in said)
        against = sum(bool(each.contradicted) for each in said)
        sums.update(made=made, against=against)
        cells = [kind, made, run.percent(found / made), run.percent(sure / made), against]
        lines.append(row([*cells, *(out[what] for what in ("right", "missed", "listed", "wrong"))]))
    numbers = shares(tally)
    listed = sum(1 for each in tally.left if each.startswith("listed"))
    shown = [run.percent(numbers[what]) for what in ("found", "sure")]
    total = [tally.total["right"], tally.total["missed"], listed, tally.total["wrong"]]
    lines.append(row(["**all**", sums["made"], *shown, sums["against"], *total]))
    lines += [
        "",
        f"Found and sure of all that had to be found. Sure operations that no change explains: {len(tally.invented)}.",
    ]
    return "\n".join(lines)


def row(cells: list) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def shares(tally: Tally) -> dict:
    asked = [
        each
        for kind, said in tally.said.items()
        for each in said
        if each.mutation.kind not in mutate_judge.SILENT and not each.mutation.kept
    ]
    return {
        "found": sum(each.found for each in asked) / max(len(asked), 1),
        "sure": sum(each.sure for each in asked) / max(len(asked), 1),
        "lines": tally.total["right"] / max(sum(tally.total.values()), 1),
    }


def judge(tally: Tally, floors: dict) -> int:
    """Fails for a wrong edit, for a run that failed, and for shares below the recorded floors."""
    numbers = shares(tally)
    below = [
        f"{what}: {numbers[what]:.3f} is below {floor}"
        for what, floor in floors.items()
        if what in numbers and numbers[what] < floor
    ]
    below += [
        f"{what}: {len(found)} are more than {floors[what]} in a thousand"
        for what, found in (("contradicted", tally.contradicted), ("invented", tally.invented))
        if what in floors and len(found) * 1000 > floors[what] * max(sum(map(len, tally.said.values())), 1)
    ]
    for what in below:
        print(f"below        {what}")
    return 1 if below or tally.wrong or tally.failed else 0


def write_details(path: pathlib.Path, tally: Tally) -> None:
    kept = {
        "table": table(tally),
        "wrong": tally.wrong,
        "contradicted": tally.contradicted,
        "invented": tally.invented,
        "missed": tally.missed,
        "left": tally.left,
    }
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except fetch.Unavailable as why:
        sys.exit(str(why))
