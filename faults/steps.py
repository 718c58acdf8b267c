"""The calls of an undisturbed command that change something that lasts, as places where it can be disturbed."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tracing import CHANGES, OPENS, READS, SYNCS, calls, strace

# Calls of which every single one is a step, whatever it is about: each sync ends one.
EACH = SYNCS
NUMBERS = re.compile(r"[0-9a-f]{8,}|\d+")


@dataclass(frozen=True)
class Step:
    """A call: its name, and the how manieth of its thread it is."""

    call: str
    number: int
    # What it is about, without the numbers that differ from run to run.
    about: str
    creates: bool = False


def recorded(stage, scenario, names=CHANGES, string_bytes=4096):
    """The calls of the command when nothing disturbs it."""
    scene = stage.reset(scenario)
    ran = scene.run(scenario.command(scene), under=strace(stage.log, names, string_bytes=string_bytes))
    if ran.code != 0:
        raise ValueError(f"{scenario.name} fails while it is traced: {ran.words()}")
    return list(calls(stage.log))


def lasting(stage, path):
    """Whether a path is one that a user or a later command finds again."""
    place = Path(path)
    given = any(place.is_relative_to(stage.scene.work / name) for name in ("old", "new"))
    return place.is_relative_to(stage.scene.root) and not given


def steps(stage, scenario, reads=False):
    """Every call of a scenario that touches what lasts, once for each place that strace can name."""
    found = {}
    for call in recorded(stage, scenario, CHANGES + READS if reads else CHANGES):
        about = [path for path in call.paths() if lasting(stage, path)]
        if not about:
            continue
        creates = "O_CREAT" in " ".join(call.arguments)
        changes = call.name not in OPENS + READS or creates or "O_TRUNC" in " ".join(call.arguments)
        step = Step(call.name, call.number, shape(stage, call, about), creates)
        found.setdefault((call.name, call.number), (step, changes))
    return [(step, changes) for step, changes in found.values()]


def shape(stage, call, about):
    """The name of a step: the call and its paths; journals and syncs count each time."""
    names = [NUMBERS.sub("#", os.path.relpath(path, stage.scene.root)) for path in about]
    each = call.name in EACH or any(path.endswith("events.jsonl") for path in about)
    return " ".join([*names, str(call.number)] if each else names)


def named(steps_found):
    """One step for each name, the first."""
    first = {}
    for step in steps_found:
        first.setdefault((step.call, step.about), step)
    return list(first.values())
