"""What stands where in a tree of Python files: identifiers with their roles, and what dotted paths reach.

Made from `ast` alone and independent of onx, because what it says is what onx is measured by.
"""

import ast
import builtins
import collections
import functools
import keyword
import pathlib
import re
import sys
import sysconfig
import warnings

WORD = re.compile(r"[A-Za-z_]\w*")

# One identifier in a file: `start` and `end` are byte offsets, -1 where the place is not known.
Occurrence = collections.namedtuple("Occurrence", "role name start end node called")

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

NONE, ALL, TESTED = frozenset(), frozenset({"all"}), frozenset({"tested"})
ANNOTATION, CALLED = frozenset({"annotation"}), frozenset({"called"})


def exporting(node) -> frozenset:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return ALL if any(named(each) == "__all__" for each in targets) else NONE


# In what a node stands, by the field of its parent.
MARKED = {
    (ast.FunctionDef, "returns"): lambda node: ANNOTATION,
    (ast.AsyncFunctionDef, "returns"): lambda node: ANNOTATION,
    (ast.arg, "annotation"): lambda node: ANNOTATION,
    (ast.AnnAssign, "annotation"): lambda node: ANNOTATION,
    (ast.Assign, "value"): exporting,
    (ast.AugAssign, "value"): exporting,
    (ast.ExceptHandler, "type"): lambda node: TESTED,
    (ast.Call, "func"): lambda node: CALLED,
    (ast.Call, "args"): lambda node: TESTED if named(node.func) in ("isinstance", "issubclass") else NONE,
}


class File:
    """One parsed file: its identifiers, its imports and its calls."""

    def __init__(self, path: str, text: bytes, module: str, is_package: bool):
        self.path, self.text, self.module, self.is_package = path, text, module, is_package
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = ast.parse(text)
        self.lines = [0]
        for line in text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.occurrences = collections.defaultdict(list)
        self.words = set()
        self.affixes = set()
        self.imports = []
        self.calls = collections.defaultdict(list)
        self.owners = {}
        self.documents = []
        self.visit(self.tree, None, frozenset())

    def offset(self, line: int, column: int) -> int:
        return self.lines[line - 1] + column

    def span(self, node) -> tuple[int, int]:
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def source(self, node) -> str:
        start, end = self.span(node)
        return self.text[start:end].decode()

    def add(self, role: str, name: str, start: int, node, called: bool = False) -> None:
        end = start + len(name.encode()) if start >= 0 else -1
        if start >= 0 and self.text[start:end] != name.encode():
            start = end = -1
        self.occurrences[name].append(Occurrence(role, name, start, end, node, called))

    def visit(self, node, owner, marks: frozenset) -> None:
        """Records what a node names, then its children; `marks` say in what they stand."""
        below = owner
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            word = b"class" if isinstance(node, ast.ClassDef) else b"def"
            at = self.text.index(word, self.offset(node.lineno, node.col_offset)) + len(word)
            at = self.text.index(node.name.encode(), at)
            self.add(
                "member" if isinstance(owner, ast.ClassDef) else "definition" if owner is None else "inner",
                node.name,
                at,
                node,
            )
            self.owners[node] = owner
            below = node
        elif isinstance(node, ast.Lambda):
            below = node
        elif isinstance(node, ast.Name):
            self.name(node, owner, marks)
        elif isinstance(node, ast.Attribute):
            role = "attribute" if isinstance(node.ctx, ast.Load) else "attribute-store"
            at = self.offset(node.end_lineno, node.end_col_offset) - len(node.attr.encode())
            self.add(role, node.attr, at, node, "called" in marks)
            self.owners[node] = owner
        elif isinstance(node, ast.arg):
            self.add("parameter", node.arg, self.offset(node.lineno, node.col_offset), node)
        elif isinstance(node, ast.keyword) and node.arg:
            self.add("keyword", node.arg, self.offset(node.lineno, node.col_offset), node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.importing(node, owner)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                self.add("other", name, -1, node)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self.add("store", node.name, -1, node)
        elif isinstance(node, ast.JoinedStr):
            self.words.update(WORD.findall(self.source(node)))
            self.affixes.update(part.value for part in node.values if isinstance(part, ast.Constant))
            return
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.string(node, marks)
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called:
                self.calls[called].append(node)
        self.children(node, below, marks)

    def children(self, node, below, marks: frozenset) -> None:
        document, kind = document_of(node), type(node)
        marks = marks - {"called"} if "called" in marks else marks
        outer = self.owners.get(node) if kind in SCOPES else below
        for field in node._fields:
            value = getattr(node, field, None)
            if not isinstance(value, (list, ast.AST)) or isinstance(value, ast.expr_context):
                continue
            mark = MARKED.get((kind, field))
            inside = marks | mark(node) if mark else marks
            # Decorators, defaults and bases are evaluated outside of what they belong to.
            owner = below if field in ("body", "args") else outer
            for each in value if isinstance(value, list) else (value,):
                if document is not None and each is document:
                    self.documents.append(self.span(each.value))
                elif isinstance(each, ast.AST):
                    self.visit(each, owner, inside)

    def name(self, node, owner, marks: frozenset) -> None:
        role = "load" if isinstance(node.ctx, ast.Load) else "store"
        if role == "store" and isinstance(owner, ast.ClassDef):
            role = "class-store"
            self.owners[node] = owner
        elif role == "load" and isinstance(owner, ast.ClassDef):
            role = "class-load"
        called = "called" in marks or bool(marks & {"annotation", "tested"})
        self.add(role, node.id, self.offset(node.lineno, node.col_offset), node, called)

    def string(self, node, marks: frozenset) -> None:
        text = self.source(node)
        if "all" in marks and node.value.isidentifier():
            self.add("all", node.value, self.span(node)[0] + text.index(node.value), node)
        elif "annotation" in marks and text[:1] in "\"'" and "\n" not in text:
            for found in WORD.finditer(text):
                self.add("quoted", found.group(), self.span(node)[0] + len(text[: found.start()].encode()), node, True)
        else:
            self.words.update(WORD.findall(node.value))
            self.affixes.add(node.value)

    def importing(self, node, owner) -> None:
        """Records the parts of an import, and what it binds to which path."""
        at = self.span(node)[0]
        if isinstance(node, ast.ImportFrom):
            base = self.absolute(node)
            if node.module:
                found = re.compile(rb"from[\s.\\]*").match(self.text, at)
                self.dotted(node.module, found.end(), node)
            for alias in node.names:
                self.add("imported", alias.name, self.span(alias)[0], (node, alias))
                if alias.asname:
                    self.add("store", alias.asname, -1, node)
                self.imports.append((alias.asname or alias.name, f"{base}.{alias.name}", node, alias, owner))
            return
        for alias in node.names:
            self.dotted(alias.name, self.span(alias)[0], node)
            if alias.asname:
                self.add("store", alias.asname, -1, node)
            bound = alias.asname or alias.name.split(".")[0]
            self.imports.append((bound, alias.name if alias.asname else bound, node, alias, owner))

    def dotted(self, path: str, at: int, node) -> None:
        for part in path.split("."):
            self.add("module", part, at, node)
            at += len(part.encode()) + 1

    def absolute(self, node: ast.ImportFrom) -> str:
        """The module that an import names, without leading dots."""
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        above = parts if self.is_package else parts[:-1]
        above = above[: len(above) - (node.level - 1)]
        return ".".join([*above, node.module] if node.module else above)

    @functools.cached_property
    def bindings(self) -> dict:
        """Names that imports anywhere in the file bind, without those that mean several things."""
        found = collections.defaultdict(set)
        for bound, path, *_ in self.imports:
            found[bound].add(path)
        taken = {
            name
            for name in found
            if any(
                each.role in ("store", "parameter", "definition", "inner", "other")
                and not isinstance(each.node, (ast.Import, ast.ImportFrom))
                for each in self.occurrences.get(name, ())
            )
        }
        return {name: min(paths) for name, paths in found.items() if len(paths) == 1 and name not in taken}

    @functools.cached_property
    def top(self) -> dict:
        """What the module's own statements bind, also below `if`, `try` and `with`."""
        return dict(top_level(self, self.tree.body))


def document_of(node):
    if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and node.body:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            return first
    return None


def named(node) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def top_level(file: File, body: list):
    for node in body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name, ("definition", node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in targets:
                if named(name):
                    same = isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute))
                    yield name.id, ("same", chain(node.value)) if same and chain(node.value) else ("variable", node)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                path = f"{file.absolute(node)}.{alias.name}"
                yield alias.asname or alias.name, ("star", file.absolute(node)) if alias.name == "*" else ("path", path)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    alias.asname or alias.name.split(".")[0],
                    ("path", alias.name if alias.asname else alias.name.split(".")[0]),
                )
        else:
            for field in ("body", "orelse", "handlers", "finalbody"):
                yield from top_level(file, getattr(node, field, None) or [])


def chain(node) -> list | None:
    """The parts of a dotted expression; none for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


class Index:
    """A tree of files: what paths reach, and where a name stands."""

    def __init__(self, tree: dict, package: str, cache: dict, before=None):
        self.package, self.files, self.modules = package, {}, {}
        for path, text in tree.items():
            if not path.endswith(".py"):
                continue
            file = before.files.get(path) if before else None
            file = file if file and file.text == text else cache.get(path)
            if file is None or file.text != text:
                file = cache[path] = File(path, text, *module_of(path))
            self.files[path] = file
            if file.module.split(".")[0] == package:
                self.modules[file.module] = file
        self.stars = {name: [to for bound, (what, to) in star_bindings(file)] for name, file in self.modules.items()}

    def library(self, file: File) -> bool:
        return file.module in self.modules

    @functools.cached_property
    def holders(self) -> dict:
        """The files that have each identifier."""
        found = collections.defaultdict(list)
        for file in self.files.values():
            for name in file.occurrences:
                found[name].append(file)
        return found

    def find(self, name: str):
        """Every occurrence of an identifier with its file."""
        return [(file, each) for file in self.holders.get(name, ()) for each in file.occurrences[name]]

    def resolve(self, path: str, depth: int = 0) -> str | None:
        """The definition that a dotted path reaches: a module, a definition, a variable or a member."""
        if depth > 30:
            return None
        if path in self.modules:
            head = path.rpartition(".")
            shadow = self.modules.get(head[0])
            bound = shadow.top.get(head[2]) if shadow else None
            if not bound or bound[0] == "path" and bound[1] == path or bound[0] == "star":
                return path
        parent, _, leaf = path.rpartition(".")
        above = self.resolve(parent, depth + 1) if parent else None
        if above is None:
            return None
        if above in self.modules:
            return self.within_module(above, leaf, depth)
        return self.member(above, leaf, depth)

    def within_module(self, module: str, leaf: str, depth: int) -> str | None:
        what, to = self.modules[module].top.get(leaf, (None, None))
        if what in ("definition", "variable"):
            return f"{module}.{leaf}"
        if what == "path":
            return self.resolve(to, depth + 1) if to != f"{module}.{leaf}" else self.module_or_none(to)
        if what == "same":
            return self.resolve(f"{module}.{'.'.join(to)}", depth + 1) or f"{module}.{leaf}"
        for star in self.stars.get(module, ()):
            if star in self.modules and leaf in self.exported(star):
                return self.resolve(f"{star}.{leaf}", depth + 1)
        return self.module_or_none(f"{module}.{leaf}")

    def module_or_none(self, path: str) -> str | None:
        return path if path in self.modules else None

    def exported(self, module: str) -> set:
        """What a star import of a module takes."""
        file = self.modules[module]
        listed = {each.name for every in file.occurrences.values() for each in every if each.role == "all"}
        if "__all__" in file.top:
            return listed
        names = {name for name in file.top if not name.startswith("_")}
        for star in self.stars.get(module, ()):
            if star in self.modules and star != module:
                names |= self.exported(star)
        return names

    def definition(self, path: str):
        """The node of a class or function that a definition path names, with its file."""
        module, _, leaf = path.rpartition(".")
        if module in self.modules:
            what, node = self.modules[module].top.get(leaf, (None, None))
            return (node, self.modules[module]) if what == "definition" else (None, None)
        node, file = self.definition(module) if module else (None, None)
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, (*FUNCTIONS, ast.ClassDef)) and each.name == leaf:
                    return each, file
        return None, None

    def member(self, path: str, leaf: str, depth: int = 0) -> str | None:
        node, file = self.definition(path)
        if not isinstance(node, ast.ClassDef) or depth > 30:
            return None
        if leaf in members(node):
            return f"{path}.{leaf}"
        for base in node.bases:
            parts = chain(base)
            above = self.resolve(f"{file.module}.{'.'.join(parts)}", depth + 1) if parts else None
            found = self.member(above, leaf, depth + 1) if above else None
            if found:
                return found
        return None

    def reached(self, file: File, node) -> str | None:
        """What a dotted expression in a file reaches."""
        parts = chain(node)
        if not parts:
            return None
        if parts[0] in file.bindings:
            return self.resolve(".".join([file.bindings[parts[0]], *parts[1:]]))
        if self.library(file):
            return self.resolve(".".join([file.module, *parts]))
        return None

    @functools.cached_property
    def public_paths(self) -> dict:
        """The public paths of each definition, without those of members."""
        paths = collections.defaultdict(set)
        for name, file in self.modules.items():
            if not is_public(name):
                continue
            paths[name].add(name)
            stars = {each for star in self.stars[name] if star in self.modules for each in self.exported(star)}
            for leaf in {*file.top, *stars}:
                place = self.resolve(f"{name}.{leaf}") if is_public(leaf) and leaf != "*" else None
                if place:
                    paths[place].add(f"{name}.{leaf}")
        return paths

    def bases_known(self, node: ast.ClassDef, file: File, depth: int = 0) -> bool:
        """Whether every base of a class is the library's own or the standard library's."""
        for base in node.bases:
            base = base.value if isinstance(base, ast.Subscript) else base
            parts = chain(base)
            if not parts or depth > 20:
                return False
            place = self.reached(file, base)
            if place:
                above, where = self.definition(place)
                if not isinstance(above, ast.ClassDef) or not self.bases_known(above, where, depth + 1):
                    return False
            else:
                path = file.bindings.get(parts[0], parts[0])
                if path.split(".")[0] not in sys.stdlib_module_names and not hasattr(builtins, path):
                    return False
        return True


def star_bindings(file: File):
    return [(name, bound) for name, bound in top_level(file, file.tree.body) if bound[0] == "star"]


@functools.cache
def members(node: ast.ClassDef) -> frozenset:
    """Methods, class variables and what methods store on `self`."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and named(each.value) == "self":
            found.add(each.attr)
    for each in node.body:
        if isinstance(each, (*FUNCTIONS, ast.ClassDef)):
            found.add(each.name)
        elif isinstance(each, ast.Assign):
            found.update(name.id for name in each.targets if named(name))
        elif isinstance(each, ast.AnnAssign) and named(each.target):
            found.add(each.target.id)
    return frozenset(found)


def is_public(path: str) -> bool:
    return not any(part.startswith("_") for part in path.split("."))


def module_of(path: str) -> tuple[str, bool]:
    parts = list(pathlib.PurePosixPath(path.removeprefix("src/")).with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package


@functools.cache
def names_outside() -> frozenset:
    """Names of members that the standard library and builtin types have, and words that mean something."""
    found = set(keyword.kwlist) | set(keyword.softkwlist) | set(dir(builtins)) | set(sys.stdlib_module_names)
    for each in vars(builtins).values():
        found.update(dir(each) if isinstance(each, type) else ())
    for path in pathlib.Path(sysconfig.get_path("stdlib")).rglob("*.py"):
        if not {"test", "tests", "site-packages", "idlelib", "lib2to3"} & set(path.parts):
            found |= names_in(path.read_bytes())
    return frozenset(found)


def names_in(text: bytes) -> set:
    """Names that a file gives to functions, classes, members and variables; more rather than fewer."""
    found = re.findall(rb"(?:\bdef |\bclass |\.|^[ \t]*)([A-Za-z_]\w*)", text, re.MULTILINE)
    return {each.decode() for each in found}
