"""Judges a manifest and a migrated dependent by the changes that were made.

Statements are compared after names were replaced by what they reach and arguments by the parameters
that take them, so that it does not matter by which of several right ways something is written.
"""

import ast
import collections
import copy
import re

import mutate_index
import score
from mutate_index import chain

NAMES = {
    "rename function",
    "rename class",
    "rename method",
    "rename attribute",
    "rename module",
    "move definition",
    "move module",
}
ARGUMENTS = {
    "rename parameter": {"arg.rename"},
    "remove parameter": {"arg.remove"},
    "add optional parameter": {"arg.add_default", "arg.reorder"},
    "add required parameter": {"arg.add_required", "arg.reorder"},
    "keyword-only parameter": {"arg.keyword_only"},
    "reorder parameters": {"arg.reorder"},
}
# Nothing that users wrote stops working, so no operation has to say it.
SILENT = {"add optional parameter", "module becomes package"}

Said = collections.namedtuple("Said", "mutation found sure contradicted why")
Line = collections.namedtuple("Line", "file line result listed mutations old want got")


# The manifest.


def judge_manifest(manifest: dict, release, original, advice: frozenset) -> tuple[list, list]:
    """What was said of each change, and the sure operations that no change explains."""
    operations = manifest.get("operations") or []
    rewritings = {
        floor: score.Rewriting(op for op in operations if score.confidence(op) >= floor) for floor in (0.0, 0.9)
    }
    about = [(operation, *explained(operation, release, original)) for operation in operations]
    said = []
    for mutation in release.mutations:
        found, sure, why = (name_found if mutation.kind in NAMES else argument_found)(
            mutation, operations, rewritings, release, original
        )
        against = [told(operation) for operation, place, right in about if place == mutation.old and right is False]
        said.append(Said(mutation, found, sure, against, why))
    invented = [
        told(operation)
        for operation, place, right in about
        if score.confidence(operation) >= 0.9
        and advised(operation) not in advice
        and (right is None or right is False and place not in {each.old for each in release.mutations})
    ]
    return said, invented


def advised(operation: dict) -> str:
    """An operation as `advice` in the list of libraries writes it: what both versions say of themselves."""
    match = operation["match"]
    names = match.get("parameter") or match
    return f"{match.get('callable') or match.get('class') or match.get('module')} {names.get('from')} {names.get('to')}"


def told(operation: dict) -> str:
    match = " ".join(f"{key}={value}" for key, value in operation["match"].items())
    return f"{operation['id']} {operation['kind']} {match} at {score.confidence(operation)}"


def old_paths(mutation, original) -> list:
    """The public paths by which users knew the subject."""
    if original.public_paths.get(mutation.old):
        return sorted(original.public_paths[mutation.old])
    holder, _, leaf = mutation.old.rpartition(".")
    return [f"{path}.{leaf}" for path in sorted(original.public_paths.get(holder, ()))]


def name_found(mutation, operations, rewritings, release, original):
    new = release.forward(mutation.old)
    if mutation.kind in ("rename method", "rename attribute"):
        right = [
            operation for operation in operations if explained(operation, release, original) == (mutation.old, True)
        ]
        return bool(right), any(score.confidence(operation) >= 0.9 for operation in right), ""
    gone = [path for path in old_paths(mutation, original) if mutation.kept or place_now(release, path) != new]
    results = {
        floor: [leads(release, original, mutation.old, rewriting.name(path), new) for path in gone]
        for floor, rewriting in rewritings.items()
    }
    enough = any if mutation.kept else all
    why = "" if enough(results[0.0]) else f"{sum(results[0.0])} of {len(gone)} paths"
    removed = {operation["match"]["name"] for operation in operations if operation["kind"] == "symbol.remove"}
    if removed & set(gone):
        why += ", said to be gone"
    return enough(results[0.0]), enough(results[0.9]), why


def leads(release, original, old: str, got: str | None, new: str) -> bool:
    """Whether a path leads to the new place; a module may also lead to a package that has all that it had."""
    place = place_now(release, got or "")
    if place == new or place is None or old not in original.modules:
        return place == new
    defined = [
        name
        for name, (what, _) in original.modules[old].top.items()
        if what in ("definition", "variable") and mutate_index.is_public(name)
    ]
    return place in release.index.modules and all(
        place_now(release, f"{place}.{name}") == release.forward(f"{old}.{name}") for name in defined
    )


def place_now(release, path: str) -> str | None:
    place = release.index.resolve(path) if path else None
    return release.equivalent.get(place, place)


def argument_found(mutation, operations, rewritings, release, original):
    fitting = [operation for operation in operations if about_parameter(operation, mutation, original)]
    return bool(fitting), any(score.confidence(operation) >= 0.9 for operation in fitting), ""


def about_parameter(operation: dict, mutation, original) -> bool:
    kind, match = operation["kind"], operation["match"]
    if kind == "call.rewrite" or not kind.startswith("arg.") or callable_place(match, original) != mutation.old:
        return False
    names = match.get("parameter") or {}
    return {
        "rename parameter": kind == "arg.rename"
        and (names.get("from"), names.get("to")) == (mutation.parameter, mutation.becomes),
        "remove parameter": kind == "arg.remove" and names.get("name") == mutation.parameter,
        "add optional parameter": kind == "arg.add_default" and names.get("name") == mutation.parameter,
        "add required parameter": kind == "arg.add_required" and names.get("name") == mutation.parameter,
        "keyword-only parameter": kind == "arg.keyword_only" and match.get("parameters") == mutation.becomes,
        "reorder parameters": kind == "arg.reorder" and match.get("to") == mutation.becomes,
    }.get(mutation.kind, False)


def callable_place(match: dict, original) -> str | None:
    return original.resolve((match.get("callable") or "").removesuffix(".__init__"))


def explained(operation: dict, release, original) -> tuple:
    """What an operation is about, and whether it is right; none where no change made it so."""
    kind, match = operation["kind"], operation["match"]
    if kind == "symbol.remove":
        place = original.resolve(match["name"])
        # Below the sure ones it is a finding for a person, and counts as missed.
        return place, (False if place and score.confidence(operation) >= 0.9 else True)
    if kind.startswith("arg.") or kind == "call.rewrite":
        place = callable_place(match, original)
        for mutation in release.mutations:
            if mutation.old == place and (kind == "call.rewrite" or kind in ARGUMENTS.get(mutation.kind, ())):
                exact = about_parameter(operation, mutation, original)
                return place, exact or kind in ("arg.reorder", "call.rewrite") and mutation.kind != "reorder parameters"
        return place, (False if any(mutation.old == place for mutation in release.mutations) else None)
    old, new = match.get("from"), match.get("to")
    holder = match.get("module") or match.get("class")
    place = original.resolve(f"{holder}.{old}" if holder else score.as_module(old))
    if place is None:
        return None, None
    if "class" in match:
        got = release.index.resolve(f"{release.forward(original.resolve(holder) or holder)}.{new}")
    elif holder:
        got = place_now(release, f"{match.get('to_module') or moved_module(release, original, holder)}.{new}")
    else:
        got = place_now(release, score.as_module(new))
    want = release.forward(place)
    if not holder and leads(release, original, place, score.as_module(new), want):
        return place, True
    return place, (got == want) if want != place or got != want else None if not kept_path(
        release, match, holder, old
    ) else True


def kept_path(release, match, holder, old) -> bool:
    """Whether an old path is gone although its definition stayed where it was."""
    return release.index.resolve(f"{holder}.{old}" if holder else score.as_module(old)) is None


def moved_module(release, original, holder: str) -> str:
    return release.forward(original.resolve(holder) or holder)


# The dependent.


class Reader(ast.NodeTransformer):
    """Replaces names by what they reach, and arguments by the parameters that take them."""

    def __init__(self, file, index, release):
        self.file, self.index, self.release = file, index, release
        self.signatures = {name: names for names, name in release.signatures.values()}
        self.required = {
            (mutation.words[0], mutation.parameter)
            for mutation in release.mutations
            if mutation.kind == "add required parameter"
        }

    def visit_Name(self, node):
        return self.reached(node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node):
        found = self.reached(node)
        if found is not node:
            return found
        node.value = self.visit(node.value)
        node.attr = self.release.equivalent.get(f".{node.attr}", node.attr)
        return node

    def reached(self, node):
        parts = chain(node)
        if not parts or parts[0] not in self.file.bindings:
            return node
        whole = [*self.file.bindings[parts[0]].split("."), *parts[1:]]
        own = len(whole) - len(parts) + 1
        for length in range(len(whole), own - 1, -1):
            place = self.index.resolve(".".join(whole[:length]))
            place = self.release.equivalent.get(place, place)
            if place and (place in self.index.modules or place.rpartition(".")[0] in self.index.modules):
                out = ast.Name(f"«{place}»", ast.Load())
                for part in whole[length:]:
                    out = ast.Attribute(out, self.release.equivalent.get(f".{part}", part), ast.Load())
                return out
        return node

    def visit_Call(self, node):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        self.generic_visit(node)
        names = self.signatures.get(called)
        if (
            names is not None
            and not any(isinstance(each, ast.Starred) for each in node.args)
            and len(node.args) <= len(names)
        ):
            node.keywords = [*(ast.keyword(name, value) for name, value in zip(names, node.args)), *node.keywords]
            node.args = []
        if names is not None:
            node.keywords = sorted(
                (each for each in node.keywords if (called, each.arg) not in self.required),
                key=lambda each: each.arg or "",
            )
        return node


BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def statements(body: list):
    """Every statement without what stands below it, and without imports."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        head = copy.copy(node)
        blocks = [field for field in BLOCKS if getattr(node, field, None)]
        for field in blocks:
            setattr(head, field, [])
        yield node, head
        for field in blocks:
            yield from statements(getattr(node, field))


def written(file, reader) -> list:
    """Each statement: its first and last line, its text, and its text as the reader reads it."""
    found = []
    for node, head in statements(file.tree.body):
        below = min(
            [each.lineno for field in BLOCKS for each in getattr(node, field, None) or () if hasattr(each, "lineno")]
            or [10**9]
        )
        text = ast.unparse(head)
        found.append(
            (
                node.lineno,
                min(node.end_lineno, max(below - 1, node.lineno)),
                text,
                ast.unparse(reader.visit(copy.deepcopy(head))),
            )
        )
    return found


def judge_dependent(before: dict, want: dict, got: dict, release, places: dict) -> list[Line]:
    """Every line of the tests that had to change, and every one that did."""
    lines = []
    for path in sorted(before):
        if before[path] == want[path] == got.get(path):
            continue
        try:
            files = [
                mutate_index.File(path, text, *mutate_index.module_of(path))
                for text in (before[path], want[path], got[path])
            ]
        except (SyntaxError, KeyError) as why:
            lines.append(Line(path, 0, "wrong", False, [], "", "", f"no longer Python: {why}"))
            continue
        lines += judge_imports(path, files, release, places)
        lines += judge_statements(path, files, release, places)
    return lines


def judge_statements(path, files, release, places):
    old, want, got = (written(file, Reader(file, release.index, release)) for file in files)
    if len(old) != len(got):
        yield Line(path, 0, "wrong", False, [], "", "", f"{len(old)} statements became {len(got)}")
        return
    for (first, last, old_raw, _), (_, _, want_raw, want_read), (low, high, got_raw, got_read) in zip(old, want, got):
        needed, edited = old_raw != want_raw, old_raw != got_raw
        about = concerned(release, old_raw, want_raw)
        listed = any(first <= line <= last or low <= line <= high for line in places.get(path, ()))
        if not needed and not edited:
            continue
        required = [each for each in about if each.kind == "add required parameter"]
        if want_read == got_read:
            if not edited and all(each.kept for each in about):
                continue
            result = ("right" if listed else "missed") if required and not edited else "right"
        elif not edited:
            result = "missed"
        else:
            result = "missed" if partly(release, want_read, got_read, old_raw) else "wrong"
        yield Line(path, first, result, listed, about, old_raw, want_raw, got_raw)


def concerned(release, old: str, want: str) -> list:
    """The changes that a statement is about."""
    words, then = set(mutate_index.WORD.findall(old)), set(mutate_index.WORD.findall(want))
    return [
        mutation
        for mutation in release.mutations
        if mutation.words[0] in words and (mutation.words[0] not in then or mutation.kind in ARGUMENTS)
    ]


def partly(release, want: str, got: str, old: str) -> bool:
    """Whether a statement lacks only some of its changes."""
    tokens = re.compile(r"[\w«».]+|\S")
    wanted, found = tokens.findall(want), tokens.findall(got)
    known = set(mutate_index.WORD.findall(old))
    names = {mutation.words[0] for mutation in release.mutations} | {
        mutation.parameter for mutation in release.mutations
    }
    return len(wanted) == len(found) and all(
        one == other or set(mutate_index.WORD.findall(other)) & names & known for one, other in zip(wanted, found)
    )


def items(file) -> dict:
    """The paths that a file imports, each with its line."""
    found = {}
    for _, path, node, alias, _ in file.imports:
        whole = path if isinstance(node, ast.ImportFrom) else alias.name
        if alias.name != "*":
            found[whole] = node.lineno
    return found


def judge_imports(path, files, release, places):
    old, want, got = map(items, files)
    got_places = {place_now(release, each) for each in got}
    want_places = {place_now(release, each): each for each in want}
    old_of = {release.forward(place): each for each in old if (place := places["original"].resolve(each))}
    for place, text in want_places.items():
        source = old_of.get(place)
        if place is None or text in old and text in got:
            continue
        needed = source is None or place_now(release, source) != place
        line = old.get(source, 0)
        listed = line in places.get(path, ()) or got.get(source, -1) in places.get(path, ())
        about = [
            each
            for each in release.mutations
            if each.kind in NAMES
            and (place == release.forward(each.old) or place.startswith(release.forward(each.old) + "."))
        ]
        if place in got_places:
            if needed:
                yield Line(path, line, "right", listed, about, source, text, "")
        elif source in got:
            yield Line(path, line, "missed", listed, about, source, text, "")
        else:
            yield Line(path, line, "wrong", listed, about, source, text, f"imports {sorted(set(got) - set(old))}")
    for text, line in got.items():
        if text not in old and place_now(release, text) not in want_places:
            yield Line(path, line, "wrong", False, [], "", "", f"imports {text}")
