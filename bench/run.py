"""Measures what onx costs beside the tools that a user would pick instead.

CPU seconds are user and system time of the process and everything it started, the median of several
runs; memory is the peak of the largest process. `scripts/bench` calls it with what it needs.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import yaml

import fetch
import trees

HERE = pathlib.Path(__file__).resolve().parent


class Measured:
    """Several runs of one command."""

    def __init__(self, name: str, runs: list):
        self.name, self.runs = name, runs

    @property
    def cpu(self) -> float:
        return statistics.median(run[0] for run in self.runs)

    @property
    def wall(self) -> float:
        return statistics.median(run[1] for run in self.runs)

    @property
    def memory(self) -> float:
        return max(run[2] for run in self.runs)

    def step(self, *names: str) -> float:
        """Wall seconds of these steps, each in all its runs within one command."""
        return statistics.median(sum(run[3][name] for name in names) for run in self.runs)


class Bench:
    def __init__(self, given):
        self.onx, self.times, self.work = given.onx, given.times, given.work
        self.tools = pathlib.Path(sys.executable).parent
        self.quick = given.quick
        self.lines: list[str] = []
        self.results: dict[str, Measured] = {}

    def measure(self, name: str, command, prepare=lambda: None, times=None, ends=(0,)) -> Measured:
        runs = []
        for _ in range(times or self.times):
            prepare()
            runs.append(self.once(command, ends))
        measured = self.results[name] = Measured(name, runs)
        print(f"{name:44} CPU {measured.cpu:8.2f} s  wall {measured.wall:8.2f} s  {measured.memory:7.0f} MiB",
              file=sys.stderr, flush=True)
        return measured

    def once(self, command, ends) -> tuple[float, float, float, dict]:
        own = {"ONX_CACHE_DIR": str(self.work / "cache"), "XDG_STATE_HOME": str(self.work / "state")}
        with tempfile.TemporaryFile() as said:
            started = time.monotonic()
            process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=said,
                                       cwd=self.work, env=os.environ | own)
            ended, peak = 0, 0.0
            while not ended:
                peak = max(peak, resident_peak(process.pid))
                time.sleep(0.005)
                ended, status, used = os.wait4(process.pid, os.WNOHANG)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            words = said.read().decode(errors="replace")
            if process.returncode not in ends:
                raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{words[-2000:]}")
        steps = json.loads(words)["timings"] if "--timings" in command else []
        took = {step["step"]: step["seconds"] for step in steps}
        return used.ru_utime + used.ru_stime, wall, peak or used.ru_maxrss / 2**20, took

    def forget(self) -> None:
        for name in ("cache", "out"):
            shutil.rmtree(self.work / name, ignore_errors=True)

    def generate(self, old, new, out="out"):
        return [self.onx, "manifest", "generate", "--from", old, "--to", new, "--out", self.work / out,
                "--quiet", "--json", "--timings"]

    def peers(self) -> None:
        tree = trees.tree("10k")
        self.measure("ruff, F401, 10k", self.ruff(tree), ends=(0, 1))
        packages = [folder / name for folder in sorted(tree.iterdir()) for name in ("homeassistant", "langchain")
                    if (folder / name).is_dir()]
        loads = [self.tools / "griffe", "dump", "-o", os.devnull]
        for package in packages:
            loads += ["-s", package.parent]
        if not self.quick:
            self.measure("griffe, load, 10k", [*loads, *[package.name for package in packages]], times=1)

    def ruff(self, tree) -> list:
        return [self.tools / "ruff", "check", "--isolated", "--select", "F401", "--no-cache", "--quiet", tree]

    def generating(self) -> None:
        old, new = trees.tree("10k"), trees.changed("10k")
        command = self.generate(old, new)
        self.measure("generate, cold, 10k", command, self.forget)
        before = digests(self.work / "out")
        report = json.loads((self.work / "out" / "report.json").read_text())
        self.operations = report["statistics"]["operations_total"]
        self.measure("generate, unchanged repeat, 10k", command)
        assert digests(self.work / "out") == before, "a repeat wrote something else"
        self.forget()
        for name in ("1k", "50k"):
            if name == "50k" and self.quick:
                continue
            pair = trees.tree(name), trees.changed(name)
            times = 1 if name == "50k" else self.times
            self.measure(f"generate, cold, {name}", self.generate(*pair), self.forget, times)
            self.measure(f"ruff, F401, {name}", self.ruff(pair[0]), times=times, ends=(0, 1))

    def applying(self) -> None:
        old, new = trees.library()
        self.forget()
        self.measure("generate, small library", self.generate(old, new, "bundle"))
        origin, target = trees.tree("10k"), self.work / "target"

        def fresh():
            shutil.rmtree(target, ignore_errors=True)
            shutil.rmtree(self.work / "state", ignore_errors=True)
            shutil.copytree(origin, target)

        apply = [self.onx, "migrate", "apply", "--manifest", self.work / "bundle", "--target", target, "--quiet"]
        self.measure("apply, untyped, 10k", [*apply, "--untyped"], fresh)
        edited = differing(origin, target)
        self.measure("apply, untyped, second time, 10k", [*apply, "--untyped"], times=1)
        assert differing(origin, target) == edited, "a second apply changed something"
        self.measure("apply, typed, 10k", apply, fresh, times=1)
        self.edited = (len(edited), len(differing(origin, target)))
        hundred = self.work / "hundred"

        def fresh_hundred():
            shutil.rmtree(hundred, ignore_errors=True)
            shutil.rmtree(self.work / "state", ignore_errors=True)
            for path in sorted(edited)[:100]:
                (hundred / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(origin / path, hundred / path)

        small = [hundred if part == target else part for part in apply]
        self.measure("apply, typed, 100 files", small, fresh_hundred)

    def report(self) -> str:
        lines = ["## Measured", "", "| what | CPU s | wall s | peak MiB | runs |", "|---|---:|---:|---:|---:|"]
        for name, measured in self.results.items():
            lines.append(f"| {name} | {measured.cpu:.2f} | {measured.wall:.2f} | {measured.memory:.0f} | "
                         f"{len(measured.runs)} |")
        lines += ["", "## Asked for", "", "| what | asked | measured | |", "|---|---|---|---|"]
        for what, asked, got, met in self.targets():
            verdict = {True: "met", False: "**not met**", None: "not measured"}[met]
            lines.append(f"| {what} | {asked} | {got} | {verdict} |")
        if hasattr(self, "edited"):
            lines += ["", f"The untyped apply edited {self.edited[0]} files, the typed one {self.edited[1]}."]
        return "\n".join(lines)

    def targets(self):
        ruff = self.results.get("ruff, F401, 10k")
        cold, repeat = self.results.get("generate, cold, 10k"), self.results.get("generate, unchanged repeat, 10k")
        untyped, typed = self.results.get("apply, untyped, 10k"), self.results.get("apply, typed, 10k")
        hundred = self.results.get("apply, typed, 100 files")
        yield ratio("generate, cold, to ruff (CPU)", cold, ruff, 8)
        yield ratio("unchanged repeat to cold (CPU)", repeat, cold, 0.1)
        yield ratio("untyped apply to ruff (CPU)", untyped, ruff, 3)
        yield bound("memory of generate, MiB", cold and cold.memory, 1536)
        yield bound("memory of typed apply, MiB", typed and typed.memory, 4096)
        yield self.growth("1k", "10k")
        yield self.growth("10k", "50k")
        both = cold and cold.wall
        read, made = "git_operations", "snapshot_generator"
        yield bound("two snapshots of 10k files, wall s", cold and cold.step(read, made), 30)
        yield bound("symbols of a file, CPU ms (all of generate, both trees)", cold and cold.cpu * 1000 / 18588, 50)
        yield bound("differences of 10k files, wall s", cold and cold.step("difference_detector"), 10)
        for what, step, limit in (("inference", "inference_engine", 5), ("scoring", "confidence_scorer", 1)):
            # Fewer operations than the target names would prove nothing.
            assert not cold or self.operations >= 100, f"only {self.operations} operations"
            amount = f"{self.operations} operations" if cold else "100 operations"
            yield bound(f"{what}, {amount}, wall s", cold and cold.step(step), limit)
        yield bound("manifest, end to end, wall s", both, 60)
        yield bound("apply, 100 files, wall s", hundred and hundred.wall, 30)
        yield bound("10k files, end to end, wall minutes", both and both / 60, 5)

    def growth(self, small: str, large: str):
        """Cost comes with each file and with each byte: linear is what grows no faster than both together can say."""
        one, other = (self.results.get(f"generate, cold, {name}") for name in (small, large))
        if not (one and other):
            return f"growth from {small} to {large} (CPU)", "no faster than files or bytes", "-", None
        (few, short), (many, long) = (trees.extent(name) for name in (small, large))
        files, size = many / few, long / short
        grown = other.cpu / one.cpu
        asked = f"at most {max(files, size):.1f} (files {files:.1f}, bytes {size:.1f})"
        return f"growth from {small} to {large} (CPU)", asked, f"{grown:.1f}", grown <= max(files, size)


def resident_peak(process: int) -> float:
    """The largest peak so far of a process and those below it, in MiB; what `wait4` reports would begin with the
    size of this very script, and leave out who was waited for by others."""
    peak = 0.0
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        peak = int(found[0]) / 1024 if found else 0.0
        for children in pathlib.Path(f"/proc/{process}/task").glob("*/children"):
            peak = max([peak, *(resident_peak(int(child)) for child in children.read_text().split())])
    except OSError:
        pass
    return peak


def ratio(what: str, one, other, limit: float):
    if not (one and other):
        return what, f"at most {limit}", "-", None
    share = one.cpu / other.cpu
    return what, f"at most {limit}", f"{share:.2f}", share <= limit


def bound(what: str, got, limit: float):
    if got is None:
        return what, f"at most {limit}", "-", None
    return what, f"at most {limit}", f"{got:.2f}", got <= limit


def digests(folder: pathlib.Path) -> dict:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def differing(one: pathlib.Path, other: pathlib.Path) -> dict:
    changed = {}
    for path in sorted(other.rglob("*.py")):
        name = path.relative_to(other)
        content = path.read_bytes()
        if not (one / name).exists() or (one / name).read_bytes() != content:
            changed[name.as_posix()] = hashlib.sha256(content).hexdigest()
    return changed


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, load {load:.1f} at the end"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onx", required=True)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="without griffe and without the 50k tree")
    parser.add_argument("--only", choices=["peers", "generating", "applying"], action="append")
    parser.add_argument("--write", help="keep the tables in this Markdown file")
    given = parser.parse_args()
    given.work = pathlib.Path(tempfile.mkdtemp(prefix="onx-bench-"))
    bench = Bench(given)
    try:
        for part in given.only or ["peers", "generating", "applying"]:
            getattr(bench, part)()
        report = bench.report()
    finally:
        shutil.rmtree(given.work, ignore_errors=True)
    text = f"{report}\n\n{machine()}; {datetime.date.today().isoformat()}."
    print(text)
    if given.write:
        head = (HERE / "benchmarks.head.md").read_text()
        pathlib.Path(given.write).write_text(f"{head}\n{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
