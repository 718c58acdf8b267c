"""The process is killed: before every call that changes something that lasts, and at random moments."""

import random

from stage import Case
from steps import named, steps
from tracing import CHANGES, calls, strace


def at_call(scenario, call, number):
    """The process is killed as it comes to this call."""

    def play(stage):
        scene = stage.reset(scenario)
        under = strace(stage.log, [call], f"{call}:signal=KILL:when={number}")
        ran = scene.run(scenario.command(scene), under=under)
        reached = ran.was_killed() or any(it.is_injected() for it in calls(stage.log))
        return stage.judge(scenario, ran, reached)

    return Case(f"{scenario.name}/kill/{call}/{number}", play)


def after(scenario, share):
    """The process is killed after a share of the time that it takes."""

    def play(stage):
        known = stage.known(scenario)
        scene = stage.reset(scenario)
        ran = scene.run(scenario.command(scene), kill_after_s=max(0.001, share * known.seconds))
        return stage.judge(scenario, ran, reached=ran.was_killed())

    return Case(f"{scenario.name}/kill-after/{share:.4f}", play)


def at_steps(stage, scenarios, every=False):
    """A kill before each named step of each scenario, or before each of its calls."""
    cases = []
    for scenario in scenarios:
        changing = [step for step, changes in steps(stage, scenario) if changes]
        cases += [at_call(scenario, step.call, step.number) for step in (changing if every else named(changing))]
    return cases


def at_random(stage, scenarios, count, seed, traced=True):
    """Kills at moments drawn at random: of the clock, and at whatever call of a file."""
    source = random.Random(seed)
    known = {scenario.name: [step for step, _ in steps(stage, scenario)] for scenario in scenarios} if traced else {}
    cases = []
    for number in range(count):
        scenario = scenarios[number % len(scenarios)]
        if traced and number // len(scenarios) % 2:
            step = source.choice(known[scenario.name])
            cases.append(at_call(scenario, step.call, step.number))
        else:
            cases.append(after(scenario, source.uniform(0.0, 1.02)))
    return cases


def repeated(scenario, words):
    """The case that a name is of."""
    if words[0] == "kill" and words[1] in CHANGES:
        return at_call(scenario, words[1], int(words[2]))
    return after(scenario, float(words[1]))
