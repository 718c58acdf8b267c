"""A manifest is applied to a generated package and taken back, with and without a kill in between."""

from packages import dependent, draw, library, versions
from scenarios import apply, failed_step, generate, records_of, status_of
from scene import copy, differences, remove, tree
from stage import Case, Surprise, Verdict, crashes
from tracing import strace

# So many libraries serve all packages of a run.
LIBRARIES = 5

# Calls at which a process is killed, with how many of them it makes at most.
KILLED_AT = {"renameat": 14, "fsync": 40, "openat2": 60, "openat": 80, "unlinkat": 10, "fchmod": 20, "mkdirat": 6,
             "write": 60}


def prepared(stage, seed, number):
    """The scene with a library's bundle and a package; the library is drawn."""
    scene = stage.scene
    which = number % LIBRARIES
    template = stage.folder / "libraries" / f"{seed}-{which}"
    found = library(draw(seed, f"library {which}"))
    if not template.exists():
        scene.clear()
        for name, files in zip(("old", "new"), versions(found)):
            for path, text in files.items():
                scene.write(f"{name}/{path}", text)
        odd = failed_step(scene, generate())
        if odd:
            raise Surprise(odd[0])
        copy(scene.root, template)
    copy(template, scene.root)
    dependent(draw(seed, number), scene, "package", found)
    stage.log.unlink(missing_ok=True)
    return scene


def rollback():
    return ["migrate", "rollback", "--package", "package", "--parallel", "1"]


def round_trip(seed, number, with_kill, traced=True):
    """Apply and rollback of the package of this number."""

    def play(stage):
        scene = prepared(stage, seed, number)
        verdict = Verdict()
        before = tree(scene.work / "package")
        there = scene.run(apply("package"))
        if there.code != 0:
            verdict.problems = crashes(there) or [f"it cannot be applied: {there.words()}"]
            return verdict
        after = tree(scene.work / "package")
        if after == before:
            # Every generated package uses what was renamed.
            verdict.problems = [f"nothing was changed: {there.words()}"]
            return verdict
        back = scene.run(rollback())
        verdict.problems += crashes(back)
        if back.code != 0:
            verdict.problems.append(f"it cannot be taken back: {back.words()}")
        verdict.problems += differences(before, tree(scene.work / "package"))
        if with_kill and not verdict.problems:
            remove(scene.state)
            scene.state.mkdir()
            source = draw(seed, f"kill {number}")
            verdict.problems += disturbed(stage, source, (before, after), (there.seconds, back.seconds), traced)
        return verdict

    kind = "round-trip-with-kill" if with_kill else "round-trip"
    return Case(f"{kind}/{seed}/{number}", play)


def disturbed(stage, source, sides, seconds, traced):
    """The way there and the way back, each killed once and continued in one of the ways that a user has."""
    before, after = sides
    scene = stage.scene
    there = killed(stage, source, apply("package"), seconds[0], traced)
    odd = crashes(there) + half(scene, sides)
    if not odd and there.code != 0 and source.random() < 0.4:
        odd += taken_back(scene)
        odd += [f"taken back at once: {problem}" for problem in differences(before, tree(scene.work / "package"))]
    if odd:
        return odd
    ran = scene.run(apply("package"))
    if ran.code != 0:
        return [f"the apply cannot be continued: {ran.words()}"]
    odd = [f"continued: {problem}" for problem in differences(after, tree(scene.work / "package"))]
    back = killed(stage, source, rollback(), seconds[1], traced)
    odd += crashes(back) + half(scene, sides)
    if not odd and back.code != 0:
        odd += taken_back(scene)
    odd += [f"taken back: {problem}" for problem in differences(before, tree(scene.work / "package"))]
    records, more = records_of(scene, "package")
    odd += more
    if not records:
        odd.append("nothing is remembered")
    return odd


def killed(stage, source, command, seconds, traced):
    """Runs a command that is killed at a moment, or at a call, drawn at random."""
    if traced and source.random() < 0.7:
        call = source.choice(sorted(KILLED_AT))
        number = source.randint(1, KILLED_AT[call])
        return stage.scene.run(command, under=strace(stage.log, [call], f"{call}:signal=KILL:when={number}"))
    return stage.scene.run(command, kill_after_s=max(0.001, source.uniform(0.0, 1.0) * seconds))


def half(scene, sides):
    """Files that are neither old nor new."""
    odd = []
    for path, entry in tree(scene.work / "package").items():
        known = [side[path] for side in sides if path in side]
        if entry[0] != "folder" and entry not in known and ".onx-" not in path:
            odd.append(f"{path} is neither old nor new")
    return odd


def taken_back(scene):
    """What a user does who wants everything as it was: end what was interrupted, then take back what stands."""
    status, odd = status_of(scene, "package")
    if odd or status["standing"] is None:
        return odd
    ran = scene.run(rollback())
    return [] if ran.code == 0 else [f"it cannot be taken back: {ran.words()}"]


def trips(count, seed, with_kill=False, traced=True):
    return [round_trip(seed, number, with_kill, traced) for number in range(count)]
