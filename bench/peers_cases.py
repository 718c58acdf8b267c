"""Reads onx's own cases of rewriting for the peers that rename, and writes the library that they are cases of.

Only cases of one plain file and with the operation that all cases of their text share are taken: what the
others say needs words that another tool has no place for.
"""

import collections
import pathlib

CASES = pathlib.Path(__file__).resolve().parent.parent / "crates" / "code_rewrite" / "tests" / "cases"
TEXTS = {
    "names": ("core.product", "core.prod"),
    "modules": ("core.old.mod", "core.fresh"),
    "moves": ("core.a.Old", "core.b.New"),
}

Case = collections.namedtuple("Case", "text name before after")

TOOLS = """

def f(x):
    total = 0
    for each in x:
        total += each * 2
    return total


def g(x):
    return [each for each in x if each is not None][::-1]


def h(x, width=8):
    return str(x).rjust(width).replace(" ", "-")


class A:
    def __init__(self, size):
        self.size = size if size > 0 else -size
"""
DEEP = """

def x(value):
    return [value, value + 1, value + 2]


def y(values):
    return {value: index for index, value in enumerate(values)}


def g(values):
    return sorted(values, key=lambda value: -value)
"""
PRODUCT = """

def {}(values, start=1):
    result = start
    for value in values:
        result *= value
    return result
"""
CLASS = """

class {}:
    kind = "{}"

    def __init__(self, *parts):
        self.parts = [part for part in parts if part]

    def walk(self):
        for part in self.parts:
            yield part, len(self.parts)
"""
REST = '''__version__ = "{}"


def array(x):
    return list(x)


def zeros(x=0):
    return [0] * x


def other():
    return {{}}
'''


def read() -> list[Case]:
    """The plain cases of all texts."""
    return [case for text in TEXTS for case in plain(text, (CASES / f"{text}.md").read_text())]


def plain(text: str, written: str) -> list[Case]:
    """The cases of one text that stand in one plain file each."""
    found = []
    for part in written.split("\n## ")[1:]:
        outside, blocks = taken_apart(part.splitlines()[1:])
        if all(line.startswith("covers:") for line in outside) and blocks is not None and len(blocks) in (1, 2):
            if "$" not in blocks[0]:
                found.append(Case(text, part.splitlines()[0], blocks[0], blocks[-1]))
    return found


def taken_apart(lines: list[str]) -> tuple[list, list | None]:
    """What stands outside of the fences, and the blocks; none for them when one is not plain Python."""
    outside, blocks, block = [], [], None
    for line in lines:
        if block is not None:
            if line == "```":
                blocks.append("".join(f"{each}\n" for each in block))
                block = None
            else:
                block.append(line)
        elif line.startswith(("```", "~~~")):
            if line != "```python":
                return outside, None
            block = []
        elif line.strip():
            outside.append(line)
    return outside, blocks


def library(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Both versions of the library of the cases."""
    holders = "".join(CLASS.format(name, name.lower()) for name in ("First", "Second"))
    versions = {
        "old": {"__init__": "import core.a\nimport core.b\nimport core.old.mod\n\n" + REST.format("1")
                + PRODUCT.format("product"), "old/__init__": "", "old/mod/__init__": TOOLS, "old/mod/deep": DEEP,
                "a": holders + CLASS.format("Old", "moved"), "b": ""},
        "new": {"__init__": "import core.a\nimport core.b\nimport core.fresh\n\n" + REST.format("2")
                + PRODUCT.format("prod"), "old/__init__": "", "fresh/__init__": TOOLS, "fresh/deep": DEEP,
                "a": holders, "b": CLASS.format("New", "moved")},
    }
    for version, files in versions.items():
        for name, content in files.items():
            path = folder / version / "core" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content.lstrip("\n"))
    return folder / "old", folder / "new"
