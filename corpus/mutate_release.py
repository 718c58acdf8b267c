"""A library on its way to its next version, and the changes that are made to it.

Each change is made only where the tree shows that rewriting these tokens is all that it takes: a name
that is defined once and means nothing else anywhere, calls that give each argument by itself.
"""

import ast
import collections
import dataclasses
import re

from mutate_index import FUNCTIONS, WORD, Index, chain, is_public, named, names_outside

HARMLESS = {
    "staticmethod",
    "classmethod",
    "property",
    "abstractmethod",
    "contextmanager",
    "asynccontextmanager",
    "wraps",
    "lru_cache",
    "cached_property",
    "total_ordering",
    "dataclass",
    "runtime_checkable",
}
NOT_FOLLOWED = {"locals", "vars", "eval", "exec", "globals"}


@dataclasses.dataclass
class Mutation:
    """One change: where it was made, and what a manifest should say."""

    kind: str
    old: str
    new: str
    parameter: str | None = None
    becomes: object = None
    kept: bool = False
    words: tuple = ()
    number: int = 0

    def __str__(self) -> str:
        what = f" ({self.parameter} → {self.becomes})" if self.parameter else ""
        return f"{self.kind}{' kept' if self.kept else ''}: {self.old} → {self.new}{what}"


class Unfit(Exception):
    """The change cannot be made here and be sure."""


class Release:
    def __init__(self, tree: dict, package: str, beside: frozenset, notes: str, draw, original: Index):
        self.tree, self.package, self.beside, self.draw = dict(tree), package, beside, draw
        self.original, self.cache = original, {}
        self.notes = set(WORD.findall(notes))
        self.moves, self.mutations, self.used = [], [], set()
        self.equivalent, self.signatures = {}, {}
        self.renew()

    def renew(self) -> None:
        self.index = Index(self.tree, self.package, self.cache, self.original)
        strings = {text for file in self.index.files.values() for text in file.affixes}
        self.starts = tuple(text for text in strings if len(text) > 2 and text.endswith("_"))
        self.ends = tuple(text for text in strings if len(text) > 2 and text.startswith("_"))

    # Where names were and are.

    def back(self, path: str) -> str:
        for old, new in reversed(self.moves):
            if path == new or path.startswith(new + "."):
                path = old + path[len(new) :]
        return path

    def forward(self, path: str) -> str:
        for old, new in self.moves:
            if path == old or path.startswith(old + "."):
                path = new + path[len(old) :]
        return path

    # What may be changed.

    def mentioned(self, name: str) -> bool:
        """Whether some text names it, or makes names like it."""
        return (
            name in self.notes
            or any(name in file.words for file in self.index.files.values())
            or name.startswith(self.starts)
            or name.endswith(self.ends)
        )

    def taken(self, name: str) -> bool:
        return (
            name in names_outside()
            or name in self.beside
            or self.mentioned(name)
            or bool(self.index.find(name))
            or any(name in module.split(".") for module in self.index.modules)
        )

    def outside(self, name: str) -> bool:
        return name in names_outside() or name in self.beside

    def tested(self, name: str) -> bool:
        return any(not self.index.library(file) for file in self.index.holders.get(name, ()))

    def candidates(self, role: str, types) -> list:
        """Public definitions of the library in a drawn order, mostly those first that the tests use."""
        found = []
        for _, file in sorted(self.index.modules.items()):
            for occurrences in file.occurrences.values():
                for each in occurrences:
                    if (
                        each.role == role
                        and isinstance(each.node, types)
                        and is_public(each.name)
                        and len(each.name) > 2
                    ):
                        found.append((file, each.node))
        self.draw.shuffle(found)
        if self.draw.random() < 0.8:
            found.sort(key=lambda each: not self.tested(each[1].name))
        return found

    def public(self, place: str) -> bool:
        return bool(self.index.public_paths.get(place))

    def plain(self, name: str, place: str) -> list:
        """Every occurrence of a module's own name, if it means this and nothing else."""
        found, defined = self.index.find(name), 0
        for file, each in found:
            if each.start < 0:
                raise Unfit
            if each.role == "definition":
                defined += 1
            elif each.role in ("load", "class-load", "attribute"):
                if self.index.reached(file, each.node) != place:
                    raise Unfit
            elif each.role == "imported":
                node, alias = each.node
                if alias.asname or self.index.resolve(f"{file.absolute(node)}.{name}") != place:
                    raise Unfit
            elif each.role in ("all", "quoted"):
                path = file.bindings.get(name, f"{file.module}.{name}")
                if self.index.resolve(path) != place:
                    raise Unfit
            else:
                raise Unfit
        if defined != 1 or self.mentioned(name) or any(name in module.split(".") for module in self.index.modules):
            raise Unfit
        return found

    def own(self, name: str, method: bool) -> list:
        """Every occurrence of a member's name, if only one class has such a member."""
        found, defined, owners = [], 0, set()
        if self.outside(name) or self.mentioned(name):
            raise Unfit
        for file, each in self.index.find(name):
            if each.role in ("attribute", "attribute-store", "member", "class-store"):
                if each.start < 0 or each.role == "attribute-store" and method:
                    raise Unfit
                found.append((file, each))
                if each.role == "attribute-store":
                    owners.add(self.stored_in(file, each.node))
                elif each.role in ("member", "class-store"):
                    defined += 1
                    owners.add((file, file.owners[each.node]))
            elif each.role in ("load", "store", "parameter") and not (method and each.role == "store"):
                continue
            elif each.role == "keyword" and not method and self.library_takes(name):
                continue
            else:
                raise Unfit
        if len(owners) != 1 or None in owners or (method and defined != 1) or defined > 1:
            raise Unfit
        if any(name in module.split(".") for module in self.index.modules):
            raise Unfit
        return found

    def library_takes(self, name: str) -> bool:
        return any(each.role == "parameter" and self.index.library(file) for file, each in self.index.find(name))

    def stored_in(self, file, node):
        """The class on whose `self` something is stored."""
        function = file.owners.get(node)
        holder = file.owners.get(function) if isinstance(function, FUNCTIONS) else None
        return (file, holder) if named(node.value) == "self" and isinstance(holder, ast.ClassDef) else None

    def class_place(self, file, node) -> str:
        """The path of a module's own class that users can name."""
        place = f"{file.module}.{node.name}"
        if not isinstance(node, ast.ClassDef) or file.owners.get(node) is not None or not self.public(place):
            raise Unfit
        if self.index.resolve(place) != place or not self.index.library(file):
            raise Unfit
        return place

    def decorated_harmlessly(self, node) -> bool:
        for each in node.decorator_list:
            parts = chain(each.func if isinstance(each, ast.Call) else each)
            if not parts or parts[-1] not in HARMLESS:
                return False
        return True

    def claim(self, place: str) -> None:
        """A subject is changed once, and was there before the first change."""
        before = self.back(place)
        if before in self.used or self.original.resolve(before) != before:
            raise Unfit

    # Making a change.

    def replace(self, edits: dict) -> None:
        """Writes edits, each a start, an end and a text; the files are those of the index."""
        for path, changes in edits.items():
            text, out, at = self.tree[path], [], 0
            for start, end, new in sorted(set(changes)):
                if start < at:
                    raise Unfit
                out += [text[at:start], new.encode()]
                at = end
            self.tree[path] = b"".join([*out, text[at:]])

    def made(self, mutation: Mutation, moved: tuple | None = None) -> Mutation:
        mutation.old = self.back(mutation.old)
        mutation.number = len(self.mutations) + 1
        self.used.add(mutation.old)
        if moved:
            self.moves.append(moved)
        self.mutations.append(mutation)
        self.renew()
        return mutation

    def renaming(self, found: list, name: str, new: str) -> dict:
        edits = collections.defaultdict(list)
        for file, each in found:
            edits[file.path].append((each.start, each.end, new))
        for file in {file.path: file for file, _ in found if self.index.library(file)}.values():
            edits[file.path] += documents(file, name, new)
        return edits


def documents(file, name: str, new: str) -> list:
    """Edits of a name in docstrings and in comments that stand alone."""
    places = list(file.documents)
    places += [found.span() for found in re.finditer(rb"^[ \t]*#.*$", file.text, re.MULTILINE)]
    inside = [span for span in places]
    edits = []
    for start, end in inside:
        if any(low < start and end < high for low, high in file.documents):
            continue
        for found in re.finditer(rb"(?<![\w.])%s(?!\w)" % name.encode(), file.text[start:end]):
            edits.append((start + found.start(), start + found.end(), new))
    return edits
