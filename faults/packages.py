"""Packages drawn at random: a library in two versions, and dependents with whatever a folder can hold."""

import random
import string
from dataclasses import dataclass, field

NOUNS = ("square", "parcel", "ledger", "valve", "corner", "signal", "basket", "timber", "harbour", "lantern")
VERBS = ("measure", "send", "open", "close", "weigh", "sort", "paint", "fold", "count", "carry")
MODES = (0o644, 0o644, 0o644, 0o600, 0o755, 0o664, 0o444, 0o640)
KEYWORDS = ("unit", "depth", "colour", "limit", "grain")


@dataclass
class Library:
    """What the two versions are called by."""

    name: str
    # Old and new names: of classes, of functions, and of the keyword that every function takes.
    classes: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)
    keyword: tuple = ("", "")
    module: tuple = ("", "")


def library(source):
    """Names for a library whose new version calls most of it something else."""
    nouns, verbs = source.sample(NOUNS, 4), source.sample(VERBS, 4)
    found = Library(name="".join(source.sample(string.ascii_lowercase, 6)) + "lib")
    # The first of each is always renamed, so that every package has something to change.
    found.classes = {noun.title(): new(source, noun, noun != nouns[0]).title() for noun in nouns[:2]}
    found.functions = {verb: new(source, verb, verb != verbs[0]) for verb in verbs[:3]}
    found.keyword = tuple(source.sample(KEYWORDS, 2))
    found.module = (nouns[2] + "s", nouns[3] + "s" if source.random() < 0.5 else nouns[2] + "s")
    return found


def new(source, name, may_stay):
    return name if may_stay and source.random() < 0.2 else f"{name}_{''.join(source.sample(string.ascii_lowercase, 3))}"


def versions(found):
    """The files of both versions."""
    for at in (0, 1):
        classes = [names[at] for names in found.classes.items()]
        functions = [names[at] for names in found.functions.items()]
        module, keyword = found.module[at], found.keyword[at]
        parts = ['"""What the library offers."""\n']
        for number, name in enumerate(classes):
            parts.append(
                f'\n\nclass {name}:\n    """Number {number} of the things."""\n\n'
                f"    def __init__(self, size, {keyword}=1):\n        self.size = size * {number + 2}\n"
                f"        self.{keyword} = {keyword}\n\n"
                f'    def grow(self, by=1):\n        """Makes it larger by steps of {number}."""\n'
                f"        self.size += by * {number + 3}\n        return self\n"
            )
        for number, name in enumerate(functions):
            parts.append(
                f'\n\ndef {name}(thing, {keyword}={number}):\n    """Does number {number} with a thing."""\n'
                f"    if thing.size < {number}:\n        raise ValueError('too small: {number}')\n"
                f"    return thing.size * {number + 1} + {keyword}\n"
            )
        names = ", ".join(classes + functions)
        yield {
            f"{found.name}/__init__.py": f"from {found.name}.{module} import {names}\n",
            f"{found.name}/{module}.py": "".join(parts),
            "pyproject.toml": f'[project]\nname = "{found.name}"\nversion = "{at + 1}.0.0"\n',
        }


def dependent(source, scene, folder, found):
    """Writes a package that uses the old version, with modes, links and odd files."""
    places = ["", "core/", "core/deep/er/", "mit leerzeichen/", "größe/"]
    files = []
    for number in range(source.randint(1, 9)):
        path = f"{folder}/app/{source.choice(places)}part_{number}.py"
        text = uses(source, found, whole=number == 0)
        scene.write(path, written(source, text), mode=source.choice(MODES))
        files.append(path)
    scene.write(f"{folder}/app/__init__.py", "", mode=0o644)
    requirement = f"{found.name}>=1.0"
    if source.random() < 0.6:
        text = f'[project]\nname = "app"\ndependencies = [\n    "requests",  # kept\n    "{requirement}",\n]\n'
        scene.write(f"{folder}/pyproject.toml", text, mode=source.choice(MODES))
    if source.random() < 0.4:
        scene.write(f"{folder}/requirements.txt", f"requests\n{requirement}\n")
    if source.random() < 0.5:
        scene.write(f"{folder}/data.bin", source.randbytes(source.randint(0, 3000)), mode=source.choice(MODES))
    if source.random() < 0.4:
        first = next(iter(found.classes))
        text = f"# App\n\n```python\nimport {found.name}\n\n{found.name}.{first}(3)\n```\n"
        scene.write(f"{folder}/README.md", text)
    base = scene.work / folder
    if source.random() < 0.4:
        (base / "app/alias.py").symlink_to(source.choice(["part_0.py", "../../outside.py", "nowhere"]))
    if source.random() < 0.3:
        (base / "linked").symlink_to("app")
    if source.random() < 0.3:
        (base / "empty/er").mkdir(parents=True)
    if source.random() < 0.2:
        (base / "second_name.txt").hardlink_to(scene.work / source.choice(files))
    (base / "app").chmod(source.choice([0o755, 0o700, 0o775]))


def uses(source, found, whole):
    """A module that uses what the library had, or some of it, in some of the ways in which one can."""
    name, module = found.name, found.module[0]
    keyword = found.keyword[0]
    lines = [source.choice([f"import {name}", f"import {name} as lib", f"from {name} import {module} as lib"]), ""]
    prefix = "lib" if " as lib" in lines[0] else name
    taken = source.sample(list(found.functions), len(found.functions) if whole else source.randint(1, 3))
    kinds = source.sample(list(found.classes), len(found.classes) if whole else source.randint(1, 2))
    if source.random() < 0.5:
        lines.insert(1, f"from {name}.{module} import (\n    {taken[0]},\n    {kinds[0]} as Kind,  # renamed here\n)")
        lines += ["", f"value = {taken[0]}(Kind(4, {keyword}=2))"]
    for number, (kind, verb) in enumerate(zip(kinds, taken)):
        lines += [
            "", "", f"def work_{number}(size):", f'    """Works on a {kind}, which `{name}.{kind}` makes."""',
            f"    thing = {prefix}.{kind}(size, {keyword}={number})",
            f"    return {prefix}.{verb}(thing, {keyword}=thing.size) + len('{kind}')",
        ]
    return "\n".join(lines) + ("\n" if source.random() < 0.9 else "")


def written(source, text):
    """The bytes of a module, in one of the forms in which editors write them."""
    form = source.random()
    if form < 0.2:
        return text.replace("\n", "\r\n").encode()
    if form < 0.3:
        return b"\xef\xbb\xbf" + text.encode()
    if form < 0.4:
        return ("# -*- coding: latin-1 -*-\n# Gr\u00f6\u00dfe\n" + text).encode("latin-1")
    return text.encode()


def draw(seed, number):
    """The source of all that one round trip draws."""
    return random.Random(f"{seed}/{number}")
