"""Lets an old planner answer over pipes: CLASS(), then generate_plan(description).

The description comes as {"description": TEXT} on standard input, and the answer leaves as JSON on
standard output. What the planner prints itself goes to standard error, so that it cannot be taken
for the answer.
"""

import asyncio
import dataclasses
import importlib
import inspect
import json
import os
import sys


def plain(value):
    """A value that is not JSON in the form in which its fields are."""
    for method in ("model_dump", "dict", "_asdict"):
        if callable(getattr(value, method, None)):
            return getattr(value, method)()
    if dataclasses.is_dataclass(value):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def main():
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, os.getcwd())
    module, _, name = sys.argv[1].partition(":")
    planner = importlib.import_module(module)
    for part in name.split("."):
        planner = getattr(planner, part)
    description = json.load(sys.stdin)["description"]
    plan = planner().generate_plan(description)
    if inspect.isawaitable(plan):

        async def waited():
            return await plan

        plan = asyncio.run(waited())
    answer.write(json.dumps(plan, default=plain, ensure_ascii=False, allow_nan=False))
    answer.close()


main()
