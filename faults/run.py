"""Disturbs the real binary and looks at what it leaves. `scripts/faults --help` says how it is called."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import errors
import kills
import power
import round_trips
import scenarios
import tracing
from stage import Company, Surprise, cores

# What a run needs of a disk in memory.
NEEDED_BYTES = 2 << 30

NEEDS_TRACE = {
    "kill": "kills at named steps",
    "errors": "failing calls",
    "power": "power losses",
}


class Run:
    """One run: its workers, what it may do here, and what failed."""

    def __init__(self, options, company):
        self.options, self.company = options, company
        self.refusal = tracing.refusal(options.onx)
        self.failed = 0
        self.skipped = []

    def skip(self, what, why):
        said = f"{what}: {why}"
        if said not in self.skipped:
            self.skipped.append(said)
            print(f"skipped: {said}", flush=True)
            told = os.environ.get("ONX_SKIPPED")
            if told:
                with open(told, "a", encoding="utf-8") as file:
                    file.write(f"faults: {said}\n")

    def can_trace(self, mode):
        if self.refusal:
            self.skip(NEEDS_TRACE[mode], self.refusal)
        return not self.refusal

    def play(self, what, cases):
        repeat = f"ONX={self.options.onx} scripts/faults case"
        self.failed += len(self.company.play(what, cases, repeat).failed)

    @property
    def first(self):
        return self.company.stages[0]

    def kill(self, count, every=False):
        if self.can_trace("kill"):
            self.play("kills at named steps", kills.at_steps(self.first, self.options.scenarios, every))
        seed = self.options.seed
        cases = kills.at_random(self.first, self.options.scenarios, count, seed, traced=not self.refusal)
        self.play(f"kills at random (seed {seed})", cases)

    def errors(self, every):
        if self.can_trace("errors"):
            cases = errors.at_steps(self.first, self.options.scenarios, every, reads=self.options.reads)
            self.play("failing calls", cases)
        why = errors.cannot_mount(self.company.folder)
        if why:
            self.skip("full disks", why)
        self.play("rows of limits", errors.of_resources(self.options.scenarios, with_disk=not why, dense=every))

    def power(self, every):
        if self.can_trace("power"):
            self.play("power losses", power.at_changes(self.first, self.options.scenarios, every))

    def round_trips(self, count, with_kill):
        cases = round_trips.trips(count, self.options.seed, with_kill, traced=not self.refusal)
        what = "round trips, each again with kills" if with_kill else "round trips"
        self.play(f"{what} (seed {self.options.seed})", cases)

    def ci(self):
        """What fits four minutes: each named step, and a fixed choice of the rest."""
        self.kill(50)
        self.errors(every=False)
        self.power(every=False)
        self.round_trips(20, with_kill=True)

    def cases(self, names):
        """Single cases, by the names under which they failed."""
        by_name = {scenario.name: scenario for scenario in scenarios.ALL}
        found = []
        for name in names:
            first, *words = name.split("/")
            if first.startswith("round-trip"):
                found.append(round_trips.round_trip(int(words[0]), int(words[1]), first.endswith("with-kill"),
                                                    traced=not self.refusal))
            elif words[0].startswith("kill"):
                found.append(kills.repeated(by_name[first], words))
            elif words[0] == "power":
                found.append(power.repeated(by_name[first], words))
            else:
                found.append(errors.repeated(by_name[first], words))
        self.play("cases", found)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("kill", "errors", "power", "round-trips", "ci", "case"))
    parser.add_argument("names", nargs="*", help="the names of cases")
    parser.add_argument("--onx", type=Path, required=True, help="the binary")
    parser.add_argument("--count", type=int, help="how many kills, or round trips")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn at random follows from it")
    parser.add_argument("--with-kill", action="store_true", help="each round trip again with kills")
    parser.add_argument("--every", action="store_true", help="a kill at every call, not one at each named step")
    parser.add_argument("--reads", action="store_true", help="reading calls fail too")
    parser.add_argument("--scenario", action="append", help="only this one; repeatable")
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--scratch", type=Path, help="where the scenes are")
    parser.add_argument("--keep", action="store_true", help="leave the scenes there")
    options = parser.parse_args()
    options.onx = options.onx.resolve()
    names = options.scenario or [scenario.name for scenario in scenarios.ALL]
    known = {scenario.name: scenario for scenario in scenarios.ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"there is no scenario `{unknown[0]}`; there are {', '.join(known)}")
    options.scenarios = [known[name] for name in names]
    if options.what == "case":
        options.workers = min(options.workers, len(options.names))
    return options


def scratch():
    """A folder for the scenes: in memory where there is room, since every case writes and syncs much."""
    memory = Path("/dev/shm")
    try:
        in_memory = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > NEEDED_BYTES
    except OSError:
        in_memory = False
    return Path(tempfile.mkdtemp(prefix="onx-faults-", dir=memory if in_memory else None))


def main():
    options = arguments()
    begun = time.monotonic()
    company = Company(options.scratch or scratch(), options.onx, options.workers, options.keep)
    run = Run(options, company)
    try:
        if options.what == "kill":
            run.kill(50 if options.count is None else options.count, options.every)
        elif options.what == "errors":
            run.errors(every=True)
        elif options.what == "power":
            run.power(every=True)
        elif options.what == "round-trips":
            run.round_trips(100 if options.count is None else options.count, options.with_kill)
        elif options.what == "case":
            run.cases(options.names)
        else:
            run.ci()
    except Surprise as surprise:
        print(f"the run came to a stop: {surprise}", file=sys.stderr)
        return 2
    finally:
        company.close()
    print(f"{run.failed} failed, {len(run.skipped)} skipped, {time.monotonic() - begun:.0f} s")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
