"""Runs onx over real libraries and real dependents, and scores it against what is known.

  corpus/run.py ci      the small libraries, which fit five minutes; fails below the recorded floors
  corpus/run.py all     everything; --write keeps the table in docs/quality.md
  corpus/run.py draw    sixty confident operations that no list names, for reading by hand
  corpus/run.py ablation  the libraries with each kind of evidence off, and with each alone

`scripts/corpus` calls it with what it needs.
"""

import argparse
import collections
import datetime
import hashlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import yaml

import fetch
import score

HERE = pathlib.Path(__file__).resolve().parent
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CI = HERE / "ci.yaml"
POOL_BELOW = 10
LIBRARY_SECONDS = 1800


# The files of a bundle and their published schemas.
SCHEMAS = {
    "manifest.yaml": "manifest-1",
    "report.json": "report-1",
    "differences.json": "differences-1",
    "snapshot_from.json": "snapshot-1",
    "snapshot_to.json": "snapshot-1",
    "graph_from.json": "graph-1",
    "graph_to.json": "graph-1",
    "metadata.json": "metadata-1",
    "tree_from.tree": "tree-2",
    "tree_to.tree": "tree-2",
}


def main() -> int:
    given = arguments()
    settings = read_yaml(CI)
    if given.what == "ablation":
        # It measures with the functions of this file.
        import ablation

        return ablation.main(given)
    chosen = settings["libraries"] if given.what == "ci" else None
    libraries = run_libraries(given, chosen)
    if given.what == "draw":
        return draw(libraries, given)
    dependents = run_dependents(given, libraries, settings["dependents"] if given.what == "ci" else None)
    report = table(libraries, dependents, given)
    print(report)
    if given.write:
        pathlib.Path(given.write).write_text(document(report))
    return judge(libraries, dependents, settings) if given.what == "ci" else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ci", "all", "draw", "ablation"])
    parser.add_argument("--onx", required=True, help="the binary that is measured")
    parser.add_argument("--truth", type=pathlib.Path, default=HERE, help="a folder with truth/ and dependents/")
    parser.add_argument("--only", action="append", help="only libraries and dependents whose name starts so")
    parser.add_argument("--write", help="keep the table in this Markdown file")
    parser.add_argument("--count", type=int, default=60, help="draw: this many")
    parser.add_argument("--out", type=pathlib.Path, help="keep manifests and migrated trees here")
    given = parser.parse_args()
    given.out = given.out or pathlib.Path(tempfile.mkdtemp(prefix="onx-corpus-"))
    given.out.mkdir(parents=True, exist_ok=True)
    return given


def run_libraries(given, chosen) -> dict:
    """One manifest for each library pair, scored; a library that fails is a row that says so."""
    results = {}
    for path in sorted((given.truth / "truth").glob("*.yaml")):
        name = path.stem
        if (chosen is not None and name not in chosen) or not wanted(name, given.only):
            continue
        results[name] = run_library(name, read_yaml(path), given)
        said = results[name]
        print(f"{name:32} {said.get('failed') or summary(said)}", file=sys.stderr, flush=True)
    return results


def run_library(name: str, truth: dict, given) -> dict:
    result = score_library(name, truth, given)
    if "manifest" in result:
        result["self"] = operations_against_itself(result["tree"], version_of(truth, "from"), given)
    return result


def score_library(name: str, truth: dict, given) -> dict:
    """The manifest of one library pair, and each known operation judged by it."""
    result = {"truth": truth}
    try:
        tree = library_tree(name, truth)
    except (fetch.Unavailable, OSError) as why:
        return result | {"failed": f"skipped: {why}", "skipped": True}
    out = given.out / "manifests" / name
    shutil.rmtree(out, ignore_errors=True)
    old, new = (version_of(truth, side) for side in ("from", "to"))
    run = call(given, "manifest", "generate", "--core-path", tree, "--from", old, "--to", new, "--out", out)
    result |= {"seconds": run.seconds, "bundle": out}
    if run.code or not (out / "manifest.yaml").exists():
        return result | {"failed": f"generate ended with {run.code}: {last_line(run.errors)}"}
    manifest = read_yaml(out / "manifest.yaml")
    paths = score.Paths(read_json(out / "snapshot_to.json"))
    rows = {floor: score.score_manifest(manifest, truth, floor, paths) for floor in (0.0, 0.9)}
    review = read_json(out / "report.json")["statistics"]["review_rate"]
    return result | {"manifest": manifest, "rows": rows, "tree": tree, "review": review}


def library_tree(name: str, truth: dict) -> pathlib.Path:
    versions = []
    for side in ("from", "to"):
        archives = truth[side].get("archives") or truth[side]["dists"]
        paths = [fetch.archive(each.get("package") or each["pip"], each["file"], each["sha256"]) for each in archives]
        versions.append((version_of(truth, side), paths))
    return fetch.repository(fetch.cache_folder() / "libraries" / name, versions)


def misfits(library: dict) -> list[str]:
    """What in the files of a bundle does not fit the published schemas."""
    import jsonschema

    wrong = []
    for file, schema in SCHEMAS.items():
        path = library["bundle"] / file
        if not path.exists():
            wrong.append(f"{file} was not written")
            continue
        rules = json.loads((HERE.parent / "schemas" / f"{schema}.json").read_text())
        validator = jsonschema.Draft202012Validator(rules)
        for error in list(validator.iter_errors(read_yaml(path)))[:3]:
            where = "/".join(map(str, error.absolute_path))
            wrong.append(f"{file} at {where}: {error.message[:160]}")
    return wrong


def version_of(truth: dict, side: str) -> str:
    """The version of the library's own package; what else belongs to it comes with it."""
    return str(truth[side]["version"]).split()[0]


def operations_against_itself(tree: pathlib.Path, version: str, given) -> int | None:
    """How many operations a version has against itself; anything but 0 is a defect."""
    with tempfile.TemporaryDirectory() as out:
        folder = pathlib.Path(out) / "self"
        run = call(given, "manifest", "generate", "--core-path", tree, "--from", version, "--to", version,
                   "--out", folder)
        if run.code or not (folder / "manifest.yaml").exists():
            return None
        return len(read_yaml(folder / "manifest.yaml").get("operations") or [])


def run_dependents(given, libraries: dict, chosen) -> dict:
    results = {}
    for path in sorted((given.truth / "dependents").glob("*.yaml")):
        name, truth = path.stem, read_yaml(path)
        core = truth["core"].get("truth") or ""
        if core not in libraries or (chosen is not None and name not in chosen):
            continue
        results[name] = run_dependent(name, truth, libraries[core], given)
        said = results[name]
        print(f"{name:40} {said.get('failed') or dependent_summary(said)}", file=sys.stderr, flush=True)
    return results


def run_dependent(name: str, truth: dict, library: dict, given) -> dict:
    if "manifest" not in library:
        return {"failed": "no manifest of its core"}
    work = given.out / "dependents" / name
    shutil.rmtree(work, ignore_errors=True)
    try:
        for side in ("before", "after"):
            fetch.unpack(fetch.archive(truth["package"], truth[side]["file"], truth[side]["sha256"]), work / side)
    except (fetch.Unavailable, OSError) as why:
        return {"failed": f"skipped: {why}", "skipped": True}
    fetch.repository(work / "migrated", [("before", [fetch.archive(
        truth["package"], truth["before"]["file"], truth["before"]["sha256"])])])
    arguments = ["migrate", "apply", "--manifest", library["bundle"], "--target", work / "migrated"]
    run = call(given, *arguments)
    if run.code not in OK_APPLY:
        return {"failed": f"apply ended with {run.code}: {last_line(run.errors)}"}
    result = score.score_dependent(work / "before", work / "migrated", work / "after", truth)
    result |= {"seconds": run.seconds, "broken": broken(work)}
    once = contents(work / "migrated")
    again = call(given, *arguments, "--allow-dirty")
    result["second"] = "empty" if again.code in OK_APPLY and contents(work / "migrated") == once else "edits"
    if again.code not in OK_APPLY:
        result["second"] = f"exit {again.code}"
    return result


# What is left for a person is no failure unless the caller asks for it.
OK_APPLY = (0,)


def broken(work: pathlib.Path) -> list[str]:
    """Files that were Python before and no longer are."""
    return [path.relative_to(work / "migrated").as_posix() for path in sorted((work / "migrated").rglob("*.py"))
            if not parses(path) and parses(work / "before" / path.relative_to(work / "migrated"))]


def parses(path: pathlib.Path) -> bool:
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True, flags=0x400)
    except (SyntaxError, ValueError, OSError):
        return False
    return True


def contents(folder: pathlib.Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".git" not in path.relative_to(folder).parts:
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


Run = collections.namedtuple("Run", "code seconds output errors")


def call(given, *arguments) -> Run:
    """Runs onx on its own state folder and says how many CPU seconds it took."""
    command = [given.onx, *map(str, arguments)]
    own = {"ONX_CACHE_DIR": str(given.out / "cache"), "XDG_STATE_HOME": str(given.out / "state")}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = subprocess.Popen(command, stdout=output, stderr=errors, cwd=given.out, env=os.environ | own)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        for stream in (output, errors):
            stream.seek(0)
        return Run(started.returncode, used.ru_utime + used.ru_stime,
                   output.read().decode(errors="replace"), errors.read().decode(errors="replace"))


def shares(rows: list) -> dict:
    """What a list of judged rows comes to."""
    found = collections.Counter(row.result for row in rows)
    seen = collections.Counter(row.result for row in rows if row.evidence in score.VISIBLE)
    touched = len(rows) - found["missed"]
    return {
        "rows": len(rows),
        "recall": ratio(found["right"], len(rows)),
        "reached": ratio(found["right"] + found["other path"], len(rows)),
        "visible": ratio(seen["right"], seen.total()),
        "visible_reached": ratio(seen["right"] + seen["other path"], seen.total()),
        "contradicted": ratio(found["wrong"], touched),
        "elsewhere": ratio(found["wrong"] + found["other path"], touched),
    }


def means(libraries: dict, floor: float) -> dict:
    """The mean over libraries with enough rows; the others count together as one."""
    groups, pool = [], []
    for library in libraries.values():
        rows = library.get("rows", {}).get(floor)
        if rows is None:
            rows = [score.Row(row["op"], row.get("class"), row["old"], row.get("new"), None, "missed")
                    for row in score.true_rows(library["truth"])]
        if len(rows) >= POOL_BELOW:
            groups.append(shares(rows))
        else:
            pool += rows
    if pool:
        groups.append(shares(pool))
    mean = {"groups": len(groups)}
    for what in ("recall", "reached", "visible", "visible_reached", "contradicted", "elsewhere"):
        known = [group[what] for group in groups if group[what] is not None]
        mean[what] = sum(known) / len(known) if known else None
    return mean


COLUMNS = ("recall", "reached", "visible", "visible_reached", "contradicted", "elsewhere")


def table(libraries: dict, dependents: dict, given) -> str:
    lines = ["## Libraries", "", "| library | rows | recall | by any path | visible | by any path | contradicted | "
             "with other paths | recall at 0.9 | contradicted at 0.9 | review rate | operations | of them at 0.9 | "
             "against itself | CPU s |", "|---|" + "---:|" * 14]
    for name, library in libraries.items():
        lines.append(library_line(name, library))
    mean, sure = means(libraries, 0.0), means(libraries, 0.9)
    reviews = [library["review"] for library in libraries.values() if "review" in library]
    review = sum(reviews) / len(reviews) if reviews else None
    lines += [f"| **mean of {mean['groups']}** | | " + " | ".join(f"**{percent(mean[what])}**" for what in COLUMNS)
              + f" | {percent(sure['recall'])} | {percent(sure['contradicted'])} | {percent(review)} | | | | |", ""]
    lines += missed_by_class(libraries)
    if dependents:
        lines += dependents_table(dependents)
    return "\n".join(lines)


def library_line(name: str, library: dict) -> str:
    if "failed" in library:
        return f"| {name} | {library['failed'][:120]} |" + " |" * 13
    every, sure = (shares(library["rows"][floor]) for floor in (0.0, 0.9))
    operations = library["manifest"].get("operations") or []
    confident = sum(score.confidence(operation) >= 0.9 for operation in operations)
    itself = "failed" if library["self"] is None else library["self"]
    cells = [every["rows"], *(percent(every[what]) for what in COLUMNS), percent(sure["recall"]),
             percent(sure["contradicted"]), percent(library["review"]), len(operations), confident, itself,
             f"{library['seconds']:.1f}"]
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def missed_by_class(libraries: dict) -> list[str]:
    found = collections.defaultdict(collections.Counter)
    for name, library in libraries.items():
        for row in library.get("rows", {}).get(0.0, []):
            found[row.evidence or "-", row.kind][row.result] += 1
    lines = ["By class of evidence and kind, all libraries together:", "",
             "| class | kind | right | other path | missed | wrong |", "|---|---|---:|---:|---:|---:|"]
    for (evidence, kind), counted in sorted(found.items()):
        lines.append(f"| {evidence} | {kind} | {counted['right']} | {counted['other path']} | {counted['missed']} | {counted['wrong']} |")
    return [*lines, ""]


def dependents_table(dependents: dict) -> list[str]:
    lines = ["## Dependents", "",
             "| dependent | expected | right | missed | import moves: as theirs / elsewhere / left | "
             "unexpected lines | no longer Python | second apply | CPU s |", "|---|" + "---:|" * 8]
    total = collections.Counter()
    for name, said in dependents.items():
        if "failed" in said:
            lines.append(f"| {name} | {said['failed'][:120]} |" + " |" * 7)
            continue
        moves = said["moves"]
        left = moves["left"]
        lines.append(
            f"| {name} | {said['expected']} | {said['right']} | {len(said['missed'])} | {moves['same path']} / "
            f"{moves['another path'] + moves['gone']} / {left} | {len(said['unexpected'])} | {len(said['broken'])} | "
            f"{said['second']} | {said['seconds']:.1f} |")
        total.update(expected=said["expected"], right=said["right"], missed=len(said["missed"]),
                     unexpected=len(said["unexpected"]), broken=len(said["broken"]),
                     empty=said["second"] == "empty", ran=1)
    lines.append(f"| **{total['ran']} dependents** | {total['expected']} | {total['right']} | {total['missed']} | | "
                 f"{total['unexpected']} | {total['broken']} | {total['empty']} empty | |")
    return lines


def judge(libraries: dict, dependents: dict, settings: dict) -> int:
    """Fails when something that was reached once is no longer reached."""
    floors, wrong = settings["floors"], []
    skipped = [name for name, said in (libraries | dependents).items() if said.get("skipped")]
    failed = [f"{name}: {said['failed']}" for name, said in (libraries | dependents).items()
              if "failed" in said and not said.get("skipped") and said["failed"] != "no manifest of its core"]
    if not skipped:
        mean = means(libraries, 0.0)
        for what in ("recall", "visible"):
            if (mean[what] or 0) < floors[what]:
                wrong.append(f"{what} {percent(mean[what])} is below {percent(floors[what])}")
        if (mean["contradicted"] or 0) > floors["contradicted"]:
            wrong.append(f"contradicted {percent(mean['contradicted'])} is above {percent(floors['contradicted'])}")
        right = sum(said.get("right", 0) for said in dependents.values())
        if right < floors["hunks_right"]:
            wrong.append(f"{right} hunks right, {floors['hunks_right']} were")
        strange = sum(len(said.get("unexpected", ())) for said in dependents.values())
        if strange > floors["lines_unexpected"]:
            wrong.append(f"{strange} unexpected lines, {floors['lines_unexpected']} were")
    checked = libraries.get(settings["schemas_checked_on"], {})
    if "manifest" in checked:
        wrong += misfits(checked)
    wrong += failed
    wrong += [f"{name} has operations against itself" for name, said in libraries.items() if said.get("self")]
    wrong += [f"{name}: the second apply was {said['second']}" for name, said in dependents.items()
              if said.get("second", "empty") != "empty"]
    wrong += [f"{name}: no longer Python: {', '.join(said['broken'])}" for name, said in dependents.items()
              if said.get("broken")]
    for name in skipped:
        print(f"skipped  {name}: {(libraries | dependents)[name]['failed']}")
    for what in wrong:
        print(f"wrong    {what}")
    return 1 if wrong else 0


def draw(libraries: dict, given) -> int:
    """Draws confident operations that no list names and nobody has read, at most thirty a library, by digest."""
    drawn = []
    read = {(each["library"], each["subject"]) for path in sorted((HERE / "verdicts").glob("draw_*.yaml"))
            for each in read_yaml(path)}
    for name, library in libraries.items():
        if "manifest" not in library:
            continue
        listed = {row["old"].rpartition(".")[2] for row in score.true_rows(library["truth"])}
        unlisted = [op for op in library["manifest"].get("operations") or []
                    if score.confidence(op) >= 0.9 and str(op["match"].get("from") or "").rpartition(".")[2] not in listed]
        subjects = {each["id"]: each["subject"] for each in read_json(library["bundle"] / "report.json")["operations"]}
        unlisted = [op for op in unlisted if (name, subjects.get(op["id"])) not in read]
        unlisted.sort(key=lambda op: key_of(name, op))
        drawn += [(key_of(name, op), name, op, subjects.get(op["id"])) for op in unlisted[:30]]
    # The smallest digests of a large library are smaller than those of a small one: another digest decides which
    # of the drawn are read.
    for _, name, op, subject in sorted(drawn, key=lambda each: hashlib.sha256(each[0].encode()).hexdigest())[:given.count]:
        print(json.dumps({"library": name, "id": op["id"], "kind": op["kind"], "match": op["match"],
                          "subject": subject, "evidence": op["evidence"]}, ensure_ascii=False))
    return 0


def key_of(name: str, operation: dict) -> str:
    what = [name, operation["kind"], operation["match"]]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def summary(library: dict) -> str:
    every = shares(library["rows"][0.0])
    return (f"recall {percent(every['recall'])}, visible {percent(every['visible'])}, "
            f"contradicted {percent(every['contradicted'])}, {library['seconds']:.1f} s")


def dependent_summary(said: dict) -> str:
    return (f"{said['right']} of {said['expected']} right, {len(said['unexpected'])} unexpected, "
            f"second apply {said['second']}")


def document(report: str) -> str:
    head = (HERE / "quality.head.md").read_text()
    today = datetime.date.today().isoformat()
    return f"{head}\nMeasured {today}.\n\n{report}\n"


def wanted(name: str, only) -> bool:
    return not only or any(name.startswith(start) for start in only)


def read_yaml(path: pathlib.Path) -> dict:
    with path.open(encoding="utf-8") as opened:
        return yaml.load(opened, Loader=LOADER)


def read_json(path: pathlib.Path) -> dict:
    with path.open(encoding="utf-8") as opened:
        return json.load(opened)


def last_line(text: str) -> str:
    said = [line for line in text.splitlines() if line.strip()]
    return said[-1][:200] if said else "without a word"


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    # Inherited by every run of onx: one that does not end is a failure, not a wait.
    resource.setrlimit(resource.RLIMIT_CPU, (LIBRARY_SECONDS, LIBRARY_SECONDS))
    sys.exit(main())
