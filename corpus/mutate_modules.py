"""Changes of modules: renamed, moved, made a package, and definitions that move between them."""

import ast
import builtins
import collections
import re

import mutate_names
from mutate_index import FUNCTIONS, chain, is_public
from mutate_release import Mutation, Unfit


def uses_of_module(release, file, name: str) -> list:
    """Every occurrence of a module's name that means the module."""
    place, found = file.module, []
    if release.mentioned(name) or sum(
        module.split(".").count(name)
        for module in release.index.modules
        if module != place and not module.startswith(place + ".")
    ):
        raise Unfit
    if any(
        where.path.rpartition("/")[2] == f"{name}.py" and where is not file for where in release.index.files.values()
    ):
        raise Unfit
    for where, each in release.index.find(name):
        bound = name in where.bindings
        if each.role == "module":
            node = each.node
            paths = [where.absolute(node)] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if not any(path.split(".")[0] == release.package for path in paths):
                raise Unfit
            found.append((where, each))
        elif each.role == "imported":
            if release.index.resolve(f"{where.absolute(each.node[0])}.{name}") != place:
                raise Unfit
            found.append((where, each))
        elif each.role in ("attribute", "load", "class-load"):
            parts = chain(each.node)
            if release.index.reached(where, each.node) == place and (bound or each.role == "attribute"):
                found.append((where, each))
            elif parts and parts[0] in where.bindings and where.bindings[parts[0]].split(".")[0] == release.package:
                raise Unfit
            elif any(name == one[0] for one in where.imports):
                raise Unfit
        elif each.role in ("all", "quoted", "attribute-store", "other"):
            raise Unfit
        elif any(name == one[0] for one in where.imports):
            raise Unfit
    if any(each.start < 0 for _, each in found):
        raise Unfit
    return found


def shifted(release, old: str, new: str, old_path: str, new_path: str) -> None:
    """Moves a module's file, or all files of a package."""
    whole = old_path.endswith("/__init__.py")
    for path in [path for path in release.tree if path == old_path or whole and path.startswith(old_path[:-11])]:
        to = new_path if path == old_path else new_path[:-11] + path[len(old_path) - 11 :]
        release.tree[to] = release.tree.pop(path)


def rename_module(release, file, _):
    place, name = file.module, file.module.rpartition(".")[2]
    release.claim(place)
    found = uses_of_module(release, file, name)
    new = mutate_names.fresh(name, "module", release.draw, release.taken)
    if not new:
        raise Unfit
    release.replace(release.renaming(found, name, new))
    to = f"{place.rpartition('.')[0]}.{new}"
    path = file.path
    new_path = re.sub(rf"/{name}(\.py|/__init__\.py)$", rf"/{new}\1", path)
    shifted(release, place, to, path, new_path)
    kept = not file.is_package and release.draw.random() < 0.25
    if kept:
        release.tree[path] = (
            f'"""Deprecated, use {to}."""\n\nimport warnings\n\nfrom {to} import *  # noqa\n\n'
            f'warnings.warn("{place} is deprecated, use {to}", DeprecationWarning, stacklevel=2)\n'
        ).encode()
    return release.made(Mutation("rename module", place, to, kept=kept, words=(name,)), (place, to))


def move_module(release, file, _):
    place, name = file.module, file.module.rpartition(".")[2]
    release.claim(place)
    if file.is_package:
        raise Unfit
    found = uses_of_module(release, file, name)
    inside = new_module(release)
    edits = collections.defaultdict(list)
    for where, each in found:
        if each.role == "imported":
            node, alias = each.node
            base = where.absolute(node)
            split_import(where, node, alias, f"{base}.{inside}", edits)
        elif each.role in ("module", "attribute"):
            edits[where.path].append((each.start, each.start, f"{inside}."))
    deeper(file, edits)
    release.replace(edits)
    folder = file.path.rpartition("/")[0]
    release.tree[f"{folder}/{inside}/{name}.py"] = release.tree.pop(file.path)
    release.tree[f"{folder}/{inside}/__init__.py"] = b'"""Parts that belong together."""\n'
    to = f"{place.rpartition('.')[0]}.{inside}.{name}"
    return release.made(Mutation("move module", place, to, words=(name,)), (place, to))


def module_to_package(release, file, _):
    place, name = file.module, file.module.rpartition(".")[2]
    release.claim(place)
    if file.is_package or b"__file__" in file.text or b"__path__" in file.text:
        raise Unfit
    edits = collections.defaultdict(list)
    deeper(file, edits)
    release.replace(edits)
    release.tree[f"{file.path[:-3]}/__init__.py"] = release.tree.pop(file.path)
    return release.made(Mutation("module becomes package", place, place, words=(name,)))


def deeper(file, edits) -> None:
    """Relative imports of a file that goes one folder down."""
    for node in {id(each[2]): each[2] for each in file.imports}.values():
        if isinstance(node, ast.ImportFrom) and node.level:
            at = re.compile(rb"from\s*").match(file.text, file.span(node)[0]).end()
            edits[file.path].append((at, at, "."))


def new_module(release) -> str:
    fitting = [name for name in mutate_names.MODULES if not release.taken(name)]
    if not fitting:
        raise Unfit
    return release.draw.choice(fitting)


def split_import(file, node, alias, base: str, edits) -> None:
    """Takes one name out of an import, into an import from another module."""
    start, end = file.span(node)
    before = file.text[file.text.rfind(b"\n", 0, start) + 1 : start].decode()
    if before.strip():
        raise Unfit
    if any(low < end and start < high for low, high, _ in edits[file.path]):
        raise Unfit
    own = f"from {base} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
    others = [f"{each.name} as {each.asname}" if each.asname else each.name for each in node.names if each is not alias]
    if others:
        own = f"from {'.' * node.level}{node.module or ''} import {', '.join(others)}\n{before}{own}"
    edits[file.path].append((start, end, own))


def move_definition(release, file, node):
    name, place = node.name, f"{file.module}.{node.name}"
    release.claim(place)
    if not release.public(place) or file.is_package or node not in file.tree.body:
        raise Unfit
    found = release.plain(name, place)
    if any(file.module in stars for stars in release.index.stars.values()):
        raise Unfit
    stays = any(
        where is file and each.role in ("load", "class-load", "quoted") and not within(file, node, each)
        for where, each in found
    )
    needs = needed(release, file, node)
    if stays and any(module == file.module for module, _ in needs):
        raise Unfit
    target = goal(release, file, needs, stays, found)
    edits = collections.defaultdict(list)
    for where, each in found:
        if each.role == "attribute" and release.index.reached(where, each.node.value) == file.module:
            raise Unfit
        if each.role == "imported" and where.absolute(each.node[0]) == file.module:
            split_import(where, each.node[0], each.node[1], target, edits)
        if each.role == "all" and where is file and not stays:
            edits[file.path].append(entry_of(file, each))
    start, end = whole(file, node)
    text = file.text[start:end].decode().strip("\n")
    edits[file.path].append((start, end, f"from {target} import {name}\n" if stays else ""))
    release.replace(edits)
    put(release, file, target, needs, text)
    moved = place, f"{target}.{name}"
    return release.made(Mutation("move definition", place, moved[1], kept=stays, words=(name,)), moved)


def within(file, node, each) -> bool:
    low, high = file.span(node)
    return low <= each.start < high


def whole(file, node) -> tuple[int, int]:
    """A definition from its first decorator, to the end of its last line."""
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    end = file.offset(node.end_lineno, node.end_col_offset)
    rest = file.text.find(b"\n", end)
    rest = len(file.text) if rest < 0 else rest + 1
    if file.text[end:rest].strip() and not file.text[end:rest].strip().startswith(b"#"):
        raise Unfit
    return file.offset(first, 0), rest


def entry_of(file, each) -> tuple:
    start, end = file.span(each.node)
    rest = re.compile(rb"\s*,\s*").match(file.text, end)
    if not rest:
        raise Unfit
    return start, rest.end(), ""


def needed(release, file, node) -> list:
    """What a definition needs of its module: modules, each with the import that brings it."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    low, high = file.span(node)
    for occurrences in file.occurrences.values():
        names |= {each.name for each in occurrences if each.role == "quoted" and low <= each.start < high}
    if any(isinstance(each, ast.Global) for each in ast.walk(node)):
        raise Unfit
    local = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}
    local |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)} | {node.name}
    local |= {each.name for each in ast.walk(node) if isinstance(each, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler))}
    local |= {one[0] for one in file.imports if within_span(file, node, one[2])}
    needs = set()
    for name in sorted(names):
        what = file.top.get(name, (None, None))[0]
        if name == node.name or what is None and (name in local or hasattr(builtins, name)):
            continue
        if what == "path":
            needs |= imports_of(file, name)
        elif what in ("definition", "variable", "same") and name not in local and not rebound(file, name):
            needs.add((file.module, f"from {file.module} import {name}"))
        else:
            raise Unfit
    return sorted(needs)


def within_span(file, node, inner) -> bool:
    low, high = file.span(node)
    return low <= file.span(inner)[0] < high


def rebound(file, name: str) -> bool:
    stores = [each for each in file.occurrences[name] if each.role in ("store", "definition", "other")]
    return len(stores) != 1 or stores[0].role == "other"


def imports_of(file, name: str) -> set:
    found = set()
    for bound, _, node, alias, _ in file.imports:
        if bound != name:
            continue
        if node not in file.tree.body:
            raise Unfit
        kept = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.ImportFrom):
            if file.absolute(node) == "__future__":
                raise Unfit
            found.add((file.absolute(node), f"from {file.absolute(node)} import {alias.name}{kept}"))
        else:
            found.add((alias.name, f"import {alias.name}{kept}"))
    return found


def future(text: bytes) -> bool:
    return re.search(rb"^from __future__ import annotations", text, re.MULTILINE) is not None


def goal(release, file, needs: list, stays: bool, found: list) -> str:
    """The module that a definition goes to: a new one beside its own, or one that is there and fits."""
    above = file.module.rpartition(".")[0]
    graph = {module: imported_modules(release, each) for module, each in release.index.modules.items()}
    reached = closure(graph, [module for module, _ in needs])
    if stays and file.module in reached:
        raise Unfit
    if release.draw.random() < 0.5:
        return f"{above}.{new_module(release)}"
    importers = {where.module for where, each in found if each.role == "imported"} | ({file.module} if stays else set())
    fitting = []
    for module, each in sorted(release.index.modules.items()):
        if each.is_package or not is_public(module) or module == file.module or module.rpartition(".")[0] != above:
            continue
        if "__all__" in each.top or future(each.text) != future(file.text) or release.back(module) in release.used:
            continue
        if module in reached or importers & closure(graph, [module, *reached]):
            continue
        texts = {text for _, text in needs}
        bound = {text.rsplit(None, 1)[-1].split(".")[0] for text in texts}
        same = {text for name in bound if name in each.top for text in imports_or_none(each, name)}
        if (
            any(name in each.top for name in bound)
            and not {text for text in texts if text.rsplit(None, 1)[-1].split(".")[0] in each.top} <= same
        ):
            continue
        fitting.append(module)
    if not fitting:
        raise Unfit
    return release.draw.choice(fitting)


def imports_or_none(file, name: str) -> set:
    try:
        return {text for _, text in imports_of(file, name)}
    except Unfit:
        return set()


def imported_modules(release, file) -> set:
    found = set()
    for _, path, node, alias, _ in file.imports:
        for each in (
            path,
            path.rpartition(".")[0],
            file.absolute(node) if isinstance(node, ast.ImportFrom) else alias.name,
        ):
            if each in release.index.modules:
                found.add(each)
    return found


def closure(graph: dict, starts) -> set:
    found, left = set(), [each for each in starts if each in graph]
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += graph[module]
    return found


def put(release, file, target: str, needs: list, text: str) -> None:
    """Writes a definition into its new module, with what it needs."""
    there = release.index.modules.get(target)
    imports = [line for _, line in needs]
    if there is None:
        head = '"""Parts that others share."""\n\n' + (
            "from __future__ import annotations\n\n" if future(file.text) else ""
        )
        body = head + "".join(f"{line}\n" for line in imports) + f"\n\n{text}\n"
        path = f"{file.path.rpartition('/')[0]}/{target.rpartition('.')[2]}.py"
        release.tree[path] = body.encode()
        return
    have = {line for each in there.imports for line in imports_or_none(there, each[0])}
    imports = [line for line in imports if line not in have]
    now = release.tree[there.path].decode()
    # Behind everything: what is there keeps its place.
    block = "".join(f"{line}\n" for line in imports)
    release.tree[there.path] = (now.rstrip("\n") + "\n\n\n" + (block + "\n\n" if block else "") + text + "\n").encode()
