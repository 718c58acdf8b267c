"""The power fails: the trace of a command is replayed up to each of its changes, and the disk is what is left."""

from disk import EMPTIED, SYNCED, TORN, Disk, fingerprint, lay_out
from replay import FOLLOWED, Replay
from scene import differences, remove
from stage import Case, Verdict
from scenarios import wrong
from steps import recorded

# No write of these scenes is longer.
LONGEST_BYTES = 64 << 20


def disks(stage, scenario):
    """Every disk that a power loss may leave: its name, what is on it, whether the result had been told, and after
    which change the power went."""
    traced = recorded(stage, scenario, FOLLOWED, LONGEST_BYTES)
    replay = Replay(stage.scene.root, stage.known(scenario).template, traced)
    found, told, last = [], False, "nothing"

    def look(number, *models):
        for model in models:
            found.append((f"{model}/{number}", replay.disk.after_power_loss(model), told, last))

    number = 0
    for number, change in enumerate(replay.changes(), start=1):
        if change.node is not None:
            whole, change.node.content = change.node.content, change.torn
            look(number, TORN)
            change.node.content = whole
        change.make()
        told, last = told or change.tells, change.words
        look(number, SYNCED, EMPTIED)
    look(number + 1, TORN)
    check(stage, replay)
    return found


def check(stage, replay):
    """The replay must come to what the traced command left; otherwise nothing of it could be believed."""
    real = Disk.of(stage.scene.root).after_power_loss(TORN)
    replayed = replay.disk.after_power_loss(TORN)
    # What processes share in memory is written by no call.
    for path in [path for path in real.keys() | replayed.keys() if path.endswith("-shm")]:
        real.pop(path, None), replayed.pop(path, None)
    odd = differences(real, replayed)
    if odd:
        raise ValueError(f"the replay differs from the disk: {odd[0]}")


def left_with(scenario, name):
    """The power went and left this disk; the user goes on."""

    def play(stage):
        left = known_disks(stage, scenario).get(name)
        if left is None:
            return Verdict(reached=False)
        found, told, last = left
        known, scene = stage.known(scenario), stage.scene
        remove(scene.root)
        scene.root.mkdir()
        lay_out(found, scene.root)
        verdict = Verdict()
        verdict.problems += scenario.torn(scene, known.before, known.after)
        if told:
            said = differences(known.expected, scenario.outcome(scene))
            verdict.problems += [f"it had printed its result: {problem}" for problem in said]
        if not verdict.problems:
            verdict.problems += scenario.proceed(scene) or wrong(scenario, scene, known.expected)
        if verdict.problems:
            verdict.problems.append(f"the last change before was: {last}")
        return verdict

    return Case(f"{scenario.name}/power/{name}", play)


def known_disks(stage, scenario):
    """The disks of a scenario by their names. Each worker has its own, since records name its folder."""
    if scenario.name not in stage.disks:
        stage.disks[scenario.name] = {name: left for name, *left in disks(stage, scenario)}
    return stage.disks[scenario.name]


def at_changes(stage, scenarios, every=True):
    """A power loss after each change of each scenario, once for each different disk; or a fifth of those."""
    cases = []
    for scenario in scenarios:
        different = {}
        for name, (found, told, _) in known_disks(stage, scenario).items():
            different.setdefault((fingerprint(found), told), left_with(scenario, name))
        cases += list(different.values())[:: 1 if every else 5]
    return cases


def repeated(scenario, words):
    """The case that a name is of."""
    return left_with(scenario, "/".join(words[1:]))
