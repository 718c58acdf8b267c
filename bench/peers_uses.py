"""Writes a use of each name that a library's list of known operations holds, and judges what became of it.

Each use is a file of its own. What a result means is read from its syntax: the name that is used is resolved
through the file's own imports, so that an import left behind or a name that nothing binds is seen.
"""

import ast
import builtins
import collections
import hashlib
import keyword
import pathlib

import score

Use = collections.namedtuple("Use", "row form text also member", defaults=((), ""))

# Written as decorators in a model, as their library knows no other use.
DECORATORS = {"pydantic.class_validators.validator": '@{}("value")', "pydantic.class_validators.root_validator": "@{}"}
# How a setting is written, by the library it belongs to.
SETTINGS = {
    "celery": "from celery import Celery\n\napp = Celery()\napp.conf.{} = 1\n",
    "Django": "{} = 3\n",
    "pydantic": "from pydantic import BaseModel\n\n\nclass Model(BaseModel):\n    value: str\n\n    class Config:\n"
                "        {} = True\n",
    "pymongo": "from pymongo import MongoClient\n\nMongoClient({}=1)\n",
}


class Version:
    """What the snapshot of a version says about names."""

    def __init__(self, snapshot: dict):
        """Reads what is asked for often."""
        self.paths = score.Paths(snapshot)
        self.kinds = {path: symbol["kind"] for path, symbol in snapshot["symbols"].items()}
        self.signatures = {path: symbol.get("signature", {}) for path, symbol in snapshot["symbols"].items()}
        self.modules = set(snapshot["modules"])
        self.roots = {root["name"] for root in snapshot["roots"]}
        self.shortest = {}
        for path, alias in snapshot["aliases"].items():
            place = self.paths.definition(path)
            offered = alias.get("public") and not any(part.startswith("_") for part in path.split("."))
            if place and offered and place.split(".")[0] == path.split(".")[0]:
                self.shortest[place] = min(self.shortest.get(place, path), path, key=rank)

    def kind(self, path: str) -> str | None:
        """`class`, `function`, `module` and so on; none when the path was not seen."""
        place = self.paths.definition(path)
        return "module" if place in self.modules else self.kinds.get(place)

    def required(self, path: str, but: str = "") -> str:
        """The arguments that a call of something needs in this version, the first ones by place, all but one."""
        place = self.paths.definition(path)
        place = f"{place}.__init__" if self.kinds.get(place) == "class" else place
        parameters = self.signatures.get(place, {}).get("parameters", [])
        binding = "class" if str(place).endswith(".__init__") else self.signatures.get(place, {}).get("binding")
        given, named = [], False
        for parameter in parameters[1 if binding in ("instance", "class") else 0 :]:
            named = named or parameter["name"] == but
            needed = "default" not in parameter and not parameter["kind"].startswith("variadic")
            if needed and parameter["name"] != but:
                by_name = named or parameter["kind"] == "keyword_only"
                given.append(f"{parameter['name']}=1" if by_name else "1")
        return ", ".join(given)

    def member(self, module: str) -> str:
        """A name that a module offers its users; empty when none was seen."""
        for paths in (self.kinds, self.paths.aliases):
            inside = [path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == module]
            found = min((name for name in inside if not name.startswith("_")), default="")
            if found:
                return found
        return ""

    def public(self, path: str) -> str:
        """The shortest path by which users can reach the same thing."""
        return self.shortest.get(self.paths.definition(path), path)


def digest(row: dict) -> str:
    """What decides which rows of a long list are used."""
    return hashlib.sha256(f"{row['op']} {row['old']} {row.get('callable')}".encode()).hexdigest()


def rank(path: str) -> tuple:
    """Shorter paths come first."""
    return path.count("."), path


def uses(library: str, row: dict, old: Version) -> list[Use]:
    """The ways in which the old name of one row is used; none where nothing is known to use it in."""
    kind, name = row["op"], row["old"]
    if kind == "config.key_rename":
        return [Use(row, "setting", SETTINGS[library].format(name))] if library in SETTINGS else []
    if kind.startswith("arg."):
        return argument_uses(library, row, old)
    parent, _, leaf = name.rpartition(".")
    if not parent:
        return [Use(row, "import", f"import {name}\n\nprint({name})\n")]
    if name in DECORATORS:
        decorator = DECORATORS[name].format(leaf)
        rest = ("class Model(BaseModel):\n    value: str\n\n"
                f"    {decorator}\n    def check(cls, value):\n        return value\n")
        return [Use(row, form, f"from pydantic import BaseModel\nfrom {module} import {leaf}\n\n\n{rest}")
                for form, module in (("from", "pydantic"), ("long path", parent))]
    if old.kind(parent) == "class":
        return member_uses(row, parent, leaf, old)
    call = f"({old.required(name)})" if old.kind(name) in ("class", "function") else ""
    member = old.member(name) if old.kind(name) == "module" else ""
    call = f".{member}" if member else call
    package, _, module = parent.rpartition(".")
    imported = f"from {package} import {module}" if package else f"import {module}"
    if old.kind(name) == "module":
        return [Use(row, "from", f"from {parent} import {leaf}\n\nprint({leaf}{call})\n", member=member),
                Use(row, "import", f"import {name}\n\nprint({name}{call})\n", member=member)]
    return [Use(row, "from", f"from {parent} import {leaf}\n\nprint({leaf}{call})\n"),
            Use(row, "attribute", f"{imported}\n\nprint({module}.{leaf}{call})\n")]


def member_uses(row: dict, parent: str, leaf: str, old: Version) -> list[Use]:
    """A member is used on a parameter with the class as its type, and on itself in a class derived from it."""
    module, _, holder = old.public(parent).rpartition(".")
    if old.kind(module) == "class":
        return []
    head = f"from {module} import {holder}\n\n\n"
    call = f"{leaf}({old.required(row['old'])})"
    return [Use(row, "receiver", f"{head}def use(receiver: {holder}):\n    return receiver.{call}\n"),
            Use(row, "heir", f"{head}class Heir({holder}):\n    def use(self):\n        return self.{call}\n")]


def argument_uses(library: str, row: dict, old: Version) -> list[Use]:
    """A parameter is used by its keyword, on the callable by its listed and by its shortest path."""
    listed = row.get("callable_public") or row["callable"]
    listed = listed.removesuffix(".__init__")
    found = []
    for form, path in (("keyword", old.public(listed)), ("keyword, long path", listed)):
        parent, _, leaf = path.rpartition(".")
        given = ", ".join(sorted([f"{row['old']}=value", *filter(None, old.required(path, row["old"]).split(", "))],
                                 key=lambda each: "=" in each))
        if old.kind(parent) == "class":
            module, _, holder = old.public(parent).rpartition(".")
            if old.kind(module) == "class":
                continue
            text = (f"from {module} import {holder}\n\n\ndef use(receiver: {holder}, value):\n"
                    f"    return receiver.{leaf}({given})\n")
        elif library == "pydantic":
            annotation, value = ("str", f" = {leaf}({row['old']}=1)") if leaf == "Field" else (
                f"{leaf}({'str, ' if leaf == 'conlist' else ''}{row['old']}=1)", "")
            text = (f"from pydantic import BaseModel\nfrom {parent} import {leaf}\n\n\nclass Model(BaseModel):\n"
                    f"    value: {annotation}{value}\n")
        else:
            text = f"from {parent} import {leaf}\n\n\ndef use(value):\n    return {leaf}({given})\n"
        if not any(text == each.text for each in found):
            found.append(Use(row, form, text))
    return found


def judge(use: Use, text: str, new: Version) -> str:
    """`right`, `wrong` or `left`, by what the file says now."""
    if text == use.text:
        return "left"
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return "wrong"
    row, kind = use.row, use.row["op"]
    if kind.startswith("arg."):
        return judge_words(keywords(tree), row, kind == "arg.remove")
    if kind == "config.key_rename" or use.form in ("receiver", "heir"):
        return judge_words(words(tree), row | {"old": leaf_of(row["old"]), "new": leaf_of(row["new"])}, False)
    bound = bindings(tree)
    got = resolved(used(tree, use), bound)
    stale = [path for path in bound.values() if path == row["old"] and new.paths.definition(path) is None]
    if got is None or stale:
        return "wrong"
    wanted = [row["new"], *use.also]
    if use.member:
        row, wanted = row | {"old": f"{row['old']}.{use.member}"}, [f"{each}.{use.member}" for each in wanted]
    if got == row["old"]:
        return "left"
    fits = any(score.same_place(got, each) or new.paths.same(got, each) for each in wanted)
    return "right" if fits else "wrong"


def judge_words(found: set, row: dict, removed: bool) -> str:
    """A keyword, a member or a key is right when the new word stands and the old one does not."""
    if row["old"] in found:
        return "left"
    return "right" if removed or row["new"] in found else "wrong"


def leaf_of(path: str) -> str:
    """The last part of a dotted name."""
    return path.rpartition(".")[2]


def keywords(tree: ast.AST) -> set:
    """The keywords of all calls."""
    return {each.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for each in node.keywords}


def words(tree: ast.AST) -> set:
    """Names, attributes and keywords."""
    found = keywords(tree)
    for node in ast.walk(tree):
        found |= {getattr(node, "id", None), getattr(node, "attr", None)}
    return found


def bindings(tree: ast.AST) -> dict:
    """What the imports of a file bind."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            bound |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            for each in node.names:
                head = each.name.split(".")[0]
                bound |= {each.asname: each.name} if each.asname else {head: head}
    return bound


def used(tree: ast.AST, use: Use):
    """The expression that names what the file uses."""
    if use.row["old"] in DECORATORS:
        marked = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.decorator_list]
        given = marked[0].decorator_list[0] if marked else None
    else:
        given = next((node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call)
                      and getattr(node.func, "id", None) == "print" and node.args), None)
    return given.func if isinstance(given, ast.Call) else given


def resolved(node, bound: dict) -> str | None:
    """The dotted name of an expression, through the imports; none when nothing binds it."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    head = bound.get(node.id) or (f"builtins.{node.id}" if hasattr(builtins, node.id) else None)
    return head and ".".join([head, *reversed(parts)])


def write(library: str, rows: list[dict], old: Version, folder: pathlib.Path) -> dict:
    """Writes one file for each use; gives the uses by the names of their files."""
    folder.mkdir(parents=True, exist_ok=True)
    made, stems = {}, {"setting": "settings", "heir": "test_use"}
    for number, row in enumerate(rows):
        also = tuple(other["new"] for other in rows if other["old"] == row["old"] and other.get("new")
                     and not other["op"].startswith("arg."))
        for letter, use in zip("ab", uses(library, row, old)):
            use = use._replace(also=also)
            stem = stems.get(use.form, "use")
            name = f"{stem}_{number:03}{letter}.py"
            assert not any(keyword.iskeyword(part) for part in row["old"].split(".")), row["old"]
            ast.parse(use.text)
            (folder / name).write_text(use.text)
            made[name] = use
    return made
