"""Lists the breaking changes that griffe finds between two trees, as JSON.

  peers_griffe.py OUT.json OLD NEW PACKAGE...

Each package is loaded as `griffe check` loads it, by the folder that holds it in either tree.
"""

import json
import logging
import pathlib
import sys

import griffe


def main() -> int:
    """Writes one object for each breaking change: its kind, the object's paths and what griffe says."""
    logging.disable(logging.CRITICAL)
    out, old, new = map(pathlib.Path, sys.argv[1:4])
    said = []
    for package in sys.argv[4:]:
        if (new / package).exists():
            said += breakages(old / package, new / package)
    out.write_text(json.dumps(said))
    return 0


def breakages(old: pathlib.Path, new: pathlib.Path) -> list:
    """The breaking changes of one package, or of a module that is a file by itself."""
    loaded = [griffe.load(path.name.removesuffix(".py"), search_paths=[path.parent], allow_inspection=False,
                          resolve_aliases=True, resolve_external=None) for path in (old, new)]
    return [told(each) for each in griffe.find_breaking_changes(*loaded)]


def told(breakage) -> dict:
    """What one breaking change says, with everything that could name a successor."""
    parameter = breakage.old_value.name if breakage.kind is griffe.BreakageKind.PARAMETER_REMOVED else None
    return {"kind": breakage.kind.name, "path": breakage.obj.path, "canonical": canonical(breakage.obj),
            "parameter": parameter, "says": breakage.explain(griffe.ExplanationStyle.ONE_LINE)}


def canonical(thing) -> str:
    """The path of the definition, where griffe can resolve it."""
    try:
        return thing.canonical_path
    except griffe.GriffeError:
        return thing.path


if __name__ == "__main__":
    sys.exit(main())
