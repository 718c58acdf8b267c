"""Applies LibCST's own rename command for many pairs of names in one process, which its command line cannot.

  peers_libcst.py WORK.json

The file lists steps, each with `old`, `new` and `files`; the files are rewritten in place.
"""

import json
import pathlib
import sys

import libcst
from libcst.codemod import CodemodContext
from libcst.codemod.commands.rename import RenameCommand


def main() -> int:
    """Applies every step to its files; prints what the command itself could not do."""
    failed = []
    for step in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        for path in map(pathlib.Path, step["files"]):
            try:
                rename(path, step["old"], step["new"])
            except Exception as why:  # A codemod's own runner counts such a file as failed and goes on.
                failed.append([str(path), step["old"], f"{type(why).__name__}: {why}"[:200]])
    json.dump(failed, sys.stdout)
    return 0


def rename(path: pathlib.Path, old: str, new: str) -> None:
    """One run of the command over one file."""
    before = path.read_bytes()
    module = libcst.parse_module(before)
    command = RenameCommand(CodemodContext(filename=str(path)), old, new)
    after = command.transform_module(module).bytes
    if after != before:
        path.write_bytes(after)


if __name__ == "__main__":
    sys.exit(main())
