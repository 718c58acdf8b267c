"""Compares what onx did with what is known to be true.

A manifest is scored as what it is, a rewriting of names: each true old name is rewritten by it, and
what comes out is compared with the true new one. A migrated dependent is scored hunk by hunk
against what its own maintainers did, because most releases also change other things.
"""

import ast
import collections
import difflib
import pathlib
import re
import warnings

VISIBLE = {"renamed", "removed", "module_moved", "alias_kept"}

Row = collections.namedtuple("Row", "kind evidence old new got result")


def confidence(operation: dict) -> float:
    said = operation.get("confidence", 1.0)
    return float(said.get("overall", 0.0) if isinstance(said, dict) else said)


class Rewriting:
    """The rewriting of names that the operations of a manifest stand for."""

    def __init__(self, operations):
        self.names, self.prefixes, self.keys = {}, [], {}
        self.renamed_arguments, self.removed_arguments = {}, set()
        for operation in operations:
            self.take(operation["kind"], operation.get("match", {}))
        self.prefixes.sort(key=lambda pair: -len(pair[0]))

    def take(self, kind: str, match: dict) -> None:
        old, new = match.get("from"), match.get("to")
        if kind in ("rename.import", "move.file"):
            if old and new:
                self.prefixes.append((as_module(old), as_module(new)))
        elif kind in ("rename.symbol", "rename.callable", "rename.attribute"):
            holder = match.get("module") or match.get("class") or match.get("receiver") or ""
            if old and new:
                to_holder = match.get("to_module", holder)
                self.names[f"{holder}.{old}" if holder else old] = f"{to_holder}.{new}" if holder else new
        elif kind == "arg.rename":
            names = match.get("parameter", match)
            self.renamed_arguments[match.get("callable"), names.get("from")] = names.get("to")
        elif kind == "arg.remove":
            names = match.get("parameter", match)
            name = names if isinstance(names, str) else names.get("from") or names.get("name")
            self.removed_arguments.add((match.get("callable"), name))
        elif kind == "config.key_rename":
            self.keys[old] = new

    def name(self, path: str) -> str | None:
        """Where a dotted name leads; none when nothing touches it."""
        out = path
        for _ in range(8):
            step = self.step(out)
            if step is None or step == out:
                break
            out = step
        return None if out == path else out

    def step(self, path: str) -> str | None:
        if path in self.names:
            return self.names[path]
        head = path.rpartition(".")[0]
        while head:
            if head in self.names:
                return self.names[head] + path[len(head) :]
            head = head.rpartition(".")[0]
        for old, new in self.prefixes:
            if path == old or path.startswith(old + "."):
                return new + path[len(old) :]
        return None

    def argument(self, callables: list, old: str) -> str | None:
        for (callable_, name), new in self.renamed_arguments.items():
            if name == old and callable_ and any(same_callable(callable_, each) for each in callables if each):
                return new
        return None

    def removes_argument(self, callables: list, old: str) -> bool:
        return any(name == old and callable_ and any(same_callable(callable_, each) for each in callables if each)
                   for callable_, name in self.removed_arguments)


def as_module(path: str) -> str:
    return path[:-3].replace("/", ".") if path.endswith(".py") else path


def same_callable(one: str, other: str) -> bool:
    """The same callable, perhaps seen through another access path of the same package."""
    one, other = one.removesuffix(".__init__"), other.removesuffix(".__init__")
    return one == other or (one.split(".")[0] == other.split(".")[0] and one.split(".")[-1] == other.split(".")[-1])


def same_place(got: str, want: str) -> bool:
    if got == want:
        return True
    there, wanted = got.split("."), want.split(".")
    alike = got.replace("._", ".") == want.replace("._", ".")
    return there[-1] == wanted[-1] and there[0] == wanted[0] and alike


def true_rows(truth: dict) -> list[dict]:
    """The rows that count, of a trimmed file or of a complete one."""
    if "operations" in truth:
        return truth["operations"]
    return [row for row in truth["ops"] if row.get("score") and not row["op"].startswith("other.")]


class Paths:
    """What the access paths of one version reach, read from its snapshot."""

    def __init__(self, snapshot: dict):
        self.aliases = {path: alias["target"] for path, alias in snapshot.get("aliases", {}).items()}
        self.known = set(snapshot.get("symbols", {})) | set(snapshot.get("modules", {}))

    def definition(self, path: str, depth: int = 0) -> str | None:
        """The place of the definition that a path reaches; none when it reaches nothing that was seen."""
        if depth > 40:
            return None
        target = self.aliases.get(path)
        if target and target != path:
            return self.definition(target, depth + 1)
        if path in self.known:
            return path
        parent, _, leaf = path.rpartition(".")
        above = self.definition(parent, depth + 1) if parent else None
        if above is None or above == parent:
            return None
        return self.definition(f"{above}.{leaf}", depth + 1)

    def same(self, one: str, other: str) -> bool:
        place = self.definition(one)
        return place is not None and place == self.definition(other)


def score_manifest(manifest: dict, truth: dict, floor: float, paths: Paths) -> list[Row]:
    """Judges every true row by the operations whose confidence is at least `floor`."""
    rewriting = Rewriting(op for op in manifest.get("operations") or [] if confidence(op) >= floor)
    return [judge(rewriting, row, paths) for row in true_rows(truth)]


def judge(rewriting: Rewriting, row: dict, paths: Paths) -> Row:
    kind, old, new = row["op"], row["old"], row.get("new")
    callables = [row.get("callable"), row.get("callable_public")]
    if kind == "arg.rename":
        got = rewriting.argument([*callables, row.get("callable_to")], old)
        right = got == new
    elif kind == "arg.remove":
        got = "removed" if rewriting.removes_argument(callables, old) else None
        right = got is not None
    elif kind == "config.key_rename":
        got = rewriting.keys.get(old)
        right = got == new
    else:
        got = rewriting.name(old)
        right = got is not None and same_place(got, new)
    result = "right" if right else "missed" if got is None else "wrong"
    if result == "wrong" and kind.startswith(("rename.", "move.")) and paths.same(got, new):
        result = "other path"
    return Row(kind, row.get("class"), old, new, got, result)


def folded(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()


def lines(path: pathlib.Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def score_dependent(before: pathlib.Path, migrated: pathlib.Path, after: pathlib.Path, truth: dict) -> dict:
    """Counts the hunks that count: done or missed; import moves; and lines that nobody expected."""
    expected = [hunk for hunk in truth["expected"] if counts(hunk)]
    done = [hunk_done(lines(migrated / hunk["file"]), hunk) for hunk in expected]
    moves = [move_done(migrated / move["file"], move) for move in truth.get("import_moves") or []]
    return {
        "expected": len(expected),
        "right": sum(done),
        "missed": [(hunk["file"], hunk.get("line", hunk.get("before_line")), hunk["before"][:1])
                   for hunk, well in zip(expected, done) if not well],
        "moves": collections.Counter(moves),
        "unexpected": unexpected_lines(before, migrated, after, truth),
    }


def counts(hunk: dict) -> bool:
    if "counts" in hunk:
        return hunk["counts"]
    return bool(hunk.get("covered_by_truth")) and hunk.get("kind", "").startswith("rename_exact")


def hunk_done(found: list[str], hunk: dict) -> bool:
    got = {folded(line) for line in found}
    text = " ".join(folded(line) for line in found)
    want = [folded(line) for line in hunk["after"] if folded(line)]
    old = [folded(line) for line in hunk["before"] if folded(line)]
    still_old = all(line in got for line in old if line not in want)
    return all(line in got or line in text for line in want) and not still_old


def move_done(path: pathlib.Path, move: dict) -> str:
    """What became of one import: the maintainers' path, another path, or still the old one."""
    known = move["new"] if isinstance(move["new"], list) else [move["new"]]
    found = imported(path)
    if move["old"] in found:
        return "left"
    if found.intersection(known):
        return "same path"
    leaf = move["old"].rpartition(".")[2]
    return "another path" if any(name.rpartition(".")[2] == leaf for name in found) else "gone"


def imported(path: pathlib.Path) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            return set()
    return {f"{node.module}.{name.name}" for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module for name in node.names}


def unexpected_lines(before: pathlib.Path, migrated: pathlib.Path, after: pathlib.Path, truth: dict) -> list:
    """Added lines that stand neither among the expected ones nor in the maintainers' own next release."""
    wanted = collections.defaultdict(set)
    for hunk in truth["expected"]:
        wanted[hunk["file"]] |= {folded(line) for line in hunk["after"]}
    strange = []
    for path in sorted(migrated.rglob("*.py")):
        name = path.relative_to(migrated).as_posix()
        old, new = lines(before / name), lines(path)
        if old == new:
            continue
        theirs = {folded(line) for line in lines(after / name)}
        for line in difflib.unified_diff(old, new, n=0, lineterm=""):
            text = folded(line[1:])
            if line.startswith("+") and not line.startswith("+++") and text:
                if text not in wanted[name] and text not in theirs:
                    strange.append((name, text))
    return strange
