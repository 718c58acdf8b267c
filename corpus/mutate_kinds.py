"""The kinds of change: which subjects of a library each is tried on, and the changes of names."""

import ast

import mutate_calls
import mutate_modules
import mutate_names
from mutate_index import FUNCTIONS, chain, is_public, named
from mutate_release import Mutation, Release, Unfit

TRIES = 60


def attempt(release: Release, kind: str) -> Mutation | None:
    """Makes one change of a kind; none when the library offers no subject that is sure."""
    before = dict(release.tree)
    subjects, change = KINDS[kind]
    for file, node in subjects(release)[:TRIES]:
        try:
            return change(release, file, node)
        except Unfit:
            release.tree = dict(before)
    return None


def functions(release):
    return release.candidates("definition", FUNCTIONS)


def classes(release):
    return release.candidates("definition", ast.ClassDef)


def methods(release):
    return release.candidates("member", FUNCTIONS)


def callables(release):
    found = [*functions(release), *methods(release), *classes(release)]
    release.draw.shuffle(found)
    found.sort(key=lambda each: not release.tested(each[1].name))
    return found


def definitions(release):
    found = [*functions(release), *classes(release)]
    release.draw.shuffle(found)
    return found


def modules(release):
    found = [(file, None) for name, file in sorted(release.index.modules.items()) if "." in name and is_public(name)]
    release.draw.shuffle(found)
    return found


def attributes(release):
    found = []
    for _, file in sorted(release.index.modules.items()):
        for name, occurrences in file.occurrences.items():
            if is_public(name) and len(name) > 2:
                found += [(file, each) for each in occurrences if each.role in ("attribute-store", "class-store")][:1]
    release.draw.shuffle(found)
    found.sort(key=lambda each: not release.tested(each[1].name))
    return (
        found[: TRIES * 3]
        if len(found) < TRIES * 3
        else release.draw.sample(found[: TRIES * 6], min(len(found), TRIES * 3))
    )


def rename_definition(release, file, node):
    name, place = node.name, f"{file.module}.{node.name}"
    release.claim(place)
    if not release.public(place) or not release.decorated_harmlessly(node):
        raise Unfit
    found = release.plain(name, place)
    kind = "class" if isinstance(node, ast.ClassDef) else "function"
    new = mutate_names.fresh(name, kind, release.draw, release.taken)
    if not new:
        raise Unfit
    kept = release.draw.random() < 0.3
    edits = release.renaming(found, name, new)
    if kept:
        keep_definition(release, file, node, found, new, edits)
    release.replace(edits)
    moved = place, f"{file.module}.{new}"
    if kept:
        release.equivalent[place] = moved[1]
    return release.made(Mutation(f"rename {kind}", place, moved[1], kept=kept, words=(name,)), moved)


def keep_definition(release, file, node, found, new, edits) -> None:
    """Leaves the old name as an alias, or as a function that warns, wherever it was exported."""
    name = node.name
    for where, each in found:
        if where.path in edits and release.index.library(where) and each.role in ("imported", "all"):
            edits[where.path].remove((each.start, each.end, new))
            quote = where.text[each.start - 1 : each.start].decode()
            both = f"{new}, {name}" if each.role == "imported" else f"{new}{quote}, {quote}{name}"
            edits[where.path].append((each.start, each.end, both))
    end = len(file.text)
    if isinstance(node, ast.ClassDef) or release.draw.random() < 0.4:
        edits[file.path].append((end, end, f"\n\n# Deprecated: the name before this version.\n{name} = {new}\n"))
        return
    imported = "" if "warnings" in file.top else "    import warnings\n\n"
    edits[file.path].append(
        (
            end,
            end,
            f'\n\ndef {name}(*args, **kwargs):\n    """Deprecated, use {new}."""\n{imported}'
            f'    warnings.warn("{name} is deprecated, use {new} instead", DeprecationWarning, '
            f"stacklevel=2)\n    return {new}(*args, **kwargs)\n",
        )
    )


def rename_method(release, file, node):
    name, holder = node.name, file.owners[node]
    place = f"{release.class_place(file, holder)}.{name}"
    release.claim(place)
    if not release.index.bases_known(holder, file) or not release.decorated_harmlessly(node):
        raise Unfit
    found = release.own(name, True)
    new = mutate_names.fresh(name, "function", release.draw, release.taken)
    if not new:
        raise Unfit
    edits = release.renaming(found, name, new)
    kept = not node.decorator_list and isinstance(node, ast.FunctionDef) and release.draw.random() < 0.3
    if kept:
        end = file.span(node)[1]
        indent = " " * node.col_offset
        text = f"\n\n{indent}{name} = {new}"
        if release.draw.random() < 0.6:
            text = (
                f"\n\n{indent}def {name}(self, *args, **kwargs):\n{indent}    import warnings\n\n"
                f'{indent}    warnings.warn("{name} is deprecated, use {new}", DeprecationWarning, stacklevel=2)\n'
                f"{indent}    return self.{new}(*args, **kwargs)"
            )
        edits[file.path].append((end, end, text))
        release.equivalent[f".{name}"] = new
    release.replace(edits)
    moved = place, f"{place.rpartition('.')[0]}.{new}"
    return release.made(Mutation("rename method", place, moved[1], kept=kept, words=(name,)), moved)


def values_of(holder, name: str) -> list:
    """What a class gives to one of its names."""
    return [
        each.value
        for each in holder.body
        if isinstance(each, ast.Assign) and any(named(target) == name for target in each.targets)
    ]


def rename_attribute(release, file, each):
    name = each.name
    if each.role == "attribute-store":
        where = release.stored_in(file, each.node)
        if not where:
            raise Unfit
        holder = where[1]
    else:
        holder = file.owners[each.node]
    if any(named(value) for value in values_of(holder, name)):
        # Another name of the same thing, which may take its place as well.
        raise Unfit
    place = f"{release.class_place(file, holder)}.{name}"
    release.claim(place)
    if holder.decorator_list or holder.keywords or not release.index.bases_known(holder, file):
        raise Unfit
    if any((chain(base) or [""])[-1] in ("NamedTuple", "TypedDict", "Protocol") for base in holder.bases):
        raise Unfit
    found = release.own(name, False)
    new = mutate_names.fresh(name, "value", release.draw, release.taken)
    if not new:
        raise Unfit
    release.replace(release.renaming(found, name, new))
    moved = place, f"{place.rpartition('.')[0]}.{new}"
    return release.made(Mutation("rename attribute", place, moved[1], words=(name,)), moved)


KINDS = {
    "rename function": (functions, rename_definition),
    "rename class": (classes, rename_definition),
    "rename method": (methods, rename_method),
    "rename attribute": (attributes, rename_attribute),
    "rename parameter": (callables, mutate_calls.rename_parameter),
    "rename module": (modules, mutate_modules.rename_module),
    "move definition": (definitions, mutate_modules.move_definition),
    "move module": (modules, mutate_modules.move_module),
    "module becomes package": (modules, mutate_modules.module_to_package),
    "remove parameter": (callables, mutate_calls.remove_parameter),
    "add optional parameter": (callables, mutate_calls.add_optional),
    "add required parameter": (callables, mutate_calls.add_required),
    "keyword-only parameter": (callables, mutate_calls.keyword_only),
    "reorder parameters": (callables, mutate_calls.reorder),
}
