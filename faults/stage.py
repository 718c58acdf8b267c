"""Where cases are played: every worker has a folder of its own, in which each scenario is prepared once."""

import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from scenarios import wrong
from scene import Scene, copy, differences, remove, tree


class Surprise(Exception):
    """Something that is no fault of what is tested: a scene that cannot be made, a tool that fails."""


@dataclass
class Known:
    """A scenario without any disturbance."""

    template: Path
    before: dict
    after: dict
    expected: dict
    seconds: float


@dataclass
class Verdict:
    """What came of a case."""

    problems: list = field(default_factory=list)
    # False when the command did not come to the place where it should have been disturbed.
    reached: bool = True
    said_done: bool = False


@dataclass
class Case:
    """One disturbance of one scenario. Its name says all that is needed to repeat it."""

    name: str
    play: object


class Stage:
    """The folder of one worker. The scene always has the same path, since records name it."""

    def __init__(self, folder, onx):
        self.folder = folder
        self.log = folder / "log"
        self.scene = Scene(folder / "scene", onx)
        self.scenarios = {}
        # What a power loss may leave, by scenario and name.
        self.disks = {}

    def known(self, scenario):
        """The scenario as it runs undisturbed; prepared when it is first asked for."""
        if scenario.name not in self.scenarios:
            self.scenarios[scenario.name] = self.prepare(scenario)
        return self.scenarios[scenario.name]

    def prepare(self, scenario):
        scene, template = self.scene, self.folder / "templates" / scenario.name
        scene.clear()
        odd = scenario.prepare(scene)
        if odd:
            raise Surprise(f"{scenario.name}: {odd[0]}")
        copy(scene.root, template)
        before = self.results(scenario)
        ran = scene.run(scenario.command(scene))
        if ran.code != 0:
            raise Surprise(f"{scenario.name} fails without a disturbance: {ran.words()}")
        expected, after = scenario.outcome(scene), self.results(scenario)
        odd = wrong(scenario, scene, expected)
        if odd:
            raise Surprise(f"{scenario.name} is wrong without a disturbance: {odd[0]}")
        return Known(template, before, after, expected, ran.seconds)

    def results(self, scenario):
        found = {}
        for folder in scenario.results:
            found |= {f"{folder}/{path}": entry for path, entry in tree(self.scene.root / folder).items()}
        return found

    def reset(self, scenario):
        """Puts the scene back to where the command has not been run yet."""
        copy(self.known(scenario).template, self.scene.root)
        self.log.unlink(missing_ok=True)
        return self.scene

    def judge(self, scenario, ran, reached=True):
        """What is wrong after a disturbed command: at once, and after it was continued."""
        known, scene = self.known(scenario), self.scene
        verdict = Verdict(reached=reached, said_done=ran.code == 0)
        verdict.problems += crashes(ran)
        verdict.problems += scenario.torn(scene, known.before, known.after)
        if ran.code == 0:
            said = wrong(scenario, scene, known.expected)
            verdict.problems += [f"it said that it was done: {problem}" for problem in said]
        elif ran.out.strip():
            said = differences(known.expected, scenario.outcome(scene))
            verdict.problems += [f"it had printed its result: {problem}" for problem in said]
        if ran.code != 0 and not verdict.problems:
            verdict.problems += scenario.proceed(scene) or wrong(scenario, scene, known.expected)
        return verdict


def crashes(ran):
    """Ends that no disturbance excuses."""
    if ran.hung:
        return [f"it hangs: {ran.words()}"]
    if "panicked" in ran.err or ran.code in (6, 101) or (ran.code < 0 and not ran.was_killed()):
        return [f"it crashes: {ran.words()}"]
    if ran.code == 1:
        return [f"it gives an answer although it could not know one: {ran.words()}"]
    return []


@dataclass
class Tally:
    """What a row of cases came to."""

    played: int = 0
    not_reached: int = 0
    said_done: int = 0
    failed: dict = field(default_factory=dict)
    seconds: float = 0.0

    def words(self, what):
        parts = [f"{self.played} {what} in {self.seconds:.0f} s"]
        if self.said_done:
            parts.append(f"{self.said_done} of these did their work nevertheless")
        if self.not_reached:
            parts.append(f"{self.not_reached} more came to nothing, because there was nothing to disturb")
        return "; ".join(parts) + f"; {len(self.failed)} failed"


class Company:
    """Workers that share the cases."""

    def __init__(self, folder, onx, workers, keep=False):
        self.folder, self.keep = folder, keep
        remove(folder)
        for number in range(workers):
            (folder / str(number)).mkdir(parents=True)
        self.stages = [Stage(folder / str(number), onx) for number in range(workers)]

    def close(self):
        if not self.keep:
            remove(self.folder)

    def play(self, what, cases, repeat, until=None):
        """Plays the cases, says what failed and how to repeat it; stops at a time when one is given."""
        waiting, tally, surprises = queue.SimpleQueue(), Tally(), []
        begun, lock = time.monotonic(), threading.Lock()
        for case in cases:
            waiting.put(case)

        def work(stage):
            while not surprises and (until is None or time.monotonic() < until):
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    verdict = case.play(stage)
                except (Surprise, OSError, ValueError, subprocess.SubprocessError) as error:
                    surprises.append(f"{case.name}: {error}")
                    return
                with lock:
                    tally.played += verdict.reached
                    tally.not_reached += not verdict.reached
                    tally.said_done += verdict.reached and verdict.said_done
                    if verdict.problems:
                        tally.failed[case.name] = verdict.problems
                        tell(case.name, verdict.problems, repeat)

        threads = [threading.Thread(target=work, args=(stage,), daemon=True) for stage in self.stages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if surprises:
            raise Surprise(surprises[0])
        tally.seconds = time.monotonic() - begun
        left = waiting.qsize()
        print(tally.words(what) + (f"; {left} were left when the time was over" if left else ""), flush=True)
        return tally


def tell(name, problems, repeat):
    lines = [f"FAILED {name}", *(f"    {problem}" for problem in problems), f"    repeat: {repeat} {name}"]
    print("\n".join(lines), flush=True)


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
