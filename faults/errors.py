"""Calls fail: the Nth of each kind with each error, on a disk that is full, below limits of size and number."""

import os
import subprocess

from scene import Limits, copy
from stage import Case, Verdict
from steps import named, steps
from tracing import MAKES, MODES, OPENS, READS, REMOVES, RENAMES, SIZES, SYNCS, WRITES, calls, strace

KINDS = {
    **dict.fromkeys(OPENS, ("EMFILE", "EINTR", "EIO")),
    **dict.fromkeys(WRITES, ("ENOSPC", "EIO", "EINTR")),
    **dict.fromkeys(SYNCS, ("EIO", "ENOSPC", "EINTR")),
    **dict.fromkeys(RENAMES, ("EIO", "ENOSPC", "EINTR")),
    **dict.fromkeys(MAKES, ("ENOSPC", "EIO")),
    **dict.fromkeys(REMOVES, ("EIO",)),
    **dict.fromkeys(SIZES, ("EIO", "ENOSPC")),
    **dict.fromkeys(MODES, ("EIO",)),
    **dict.fromkeys(READS, ("EIO", "EINTR")),
}

# A file of this size is the last that is cut off: onx copies nothing larger in these scenes.
LARGEST_BYTES = 1 << 20


def at_call(scenario, call, number, error):
    """The Nth call of this name fails."""

    def play(stage):
        scene = stage.reset(scenario)
        under = strace(stage.log, [call], f"{call}:error={error}:when={number}")
        ran = scene.run(scenario.command(scene), under=under)
        return stage.judge(scenario, ran, reached=any(it.is_injected() for it in calls(stage.log)))

    return Case(f"{scenario.name}/error/{call}/{number}/{error}", play)


def below_limit(scenario, kind, limit):
    """The process may make no file larger than this, or open no more than so many at once."""

    def play(stage):
        scene = stage.reset(scenario)
        limits = Limits(file_bytes=limit) if kind == "file-bytes" else Limits(descriptors=limit)
        ran = scene.run(scenario.command(scene), limits=limits)
        return stage.judge(scenario, ran)

    return Case(f"{scenario.name}/{kind}/{limit}", play)


def on_full_disk(scenario, free_kib):
    """The disk that holds everything has only so much room; then there is more again."""

    def play(stage):
        template = stage.known(scenario).template
        scene = stage.reset(scenario)
        mount(scene.root, used_kib(template) + 64 * 1024)
        try:
            copy_into(template, scene.root)
            taken = disk_kib(scene.root)
            # A size of nothing is no limit at all.
            remount(scene.root, max(4, taken + free_kib))
            ran = scene.run(scenario.command(scene))
            remount(scene.root, taken + 64 * 1024)
            return stage.judge(scenario, ran)
        finally:
            subprocess.run(["umount", "--lazy", scene.root], check=True, capture_output=True)

    return Case(f"{scenario.name}/full-disk/{free_kib}", play)


def mount(place, size_kib):
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0755", "onx-faults", place]
    subprocess.run(command, check=True, capture_output=True)


def remount(place, size_kib):
    command = ["mount", "-o", f"remount,size={size_kib}k", place]
    subprocess.run(command, check=True, capture_output=True)


def copy_into(source, target):
    for entry in source.iterdir():
        copy(entry, target / entry.name)


def used_kib(folder):
    return sum(path.lstat().st_size // 1024 + 8 for path in folder.rglob("*"))


def disk_kib(place):
    told = os.statvfs(place)
    return (told.f_blocks - told.f_bfree) * told.f_frsize // 1024


def cannot_mount(folder):
    """Why no small disk can be made here; none when one can."""
    place = folder / "mount"
    place.mkdir(exist_ok=True)
    try:
        mount(place, 64)
        subprocess.run(["umount", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return f"no disk of a given size can be mounted: {said.decode(errors='replace').strip()[:120]}"
    return None


def until_clean(scenario, kind, limits, make):
    """One case that goes up through the limits until the command is done within one."""

    def play(stage):
        problems, done = [], False
        for limit in limits:
            verdict = make(scenario, limit).play(stage)
            problems += [f"{scenario.name}/{kind}/{limit}: {problem}" for problem in verdict.problems]
            if verdict.said_done or len(problems) > 3:
                done = verdict.said_done
                break
        if not done and not problems:
            problems.append("it is not done at the largest limit either")
        return Verdict(problems)

    return Case(f"{scenario.name}/{kind}/all", play)


def sizes(largest):
    """Growing limits: every page in the beginning, then in steps of a tenth."""
    limit, found = 0, []
    while limit <= largest:
        found.append(limit)
        limit = max(limit + 1, limit * 11 // 10)
    return found


def limits_of(kind, dense):
    """The limits that are tried one after the other."""
    if kind == "descriptors":
        return range(3, 64)
    if kind == "file-bytes":
        found = [0, 1, 100, 512, 1000, 4095, 4096, 4097, *(n * 1000 for n in sizes(LARGEST_BYTES // 1000) if n > 4)]
    else:
        found = [n * 4 for n in sizes(16 * 1024)]
    return found if dense else found[::3]


def of_resources(scenarios, with_disk, dense=True):
    """The command below real limits, from nothing up to what it needs."""
    cases = []
    for scenario in scenarios:
        for kind in ("descriptors", "file-bytes"):
            make = lambda it, limit, kind=kind: below_limit(it, kind, limit)
            cases.append(until_clean(scenario, kind, limits_of(kind, dense), make))
        if with_disk:
            cases.append(until_clean(scenario, "full-disk", limits_of("full-disk", dense), on_full_disk))
    return cases


def at_steps(stage, scenarios, every=True, reads=False):
    """Each error at each call, or each error once at each named step in turn."""
    cases = []
    for scenario in scenarios:
        found = [step for step, _ in steps(stage, scenario, reads)]
        for place, step in enumerate(found if every else named(found)):
            kinds = KINDS[step.call] + (("ENOSPC",) if step.creates and step.call in OPENS else ())
            for error in kinds if every else [kinds[place % len(kinds)]]:
                cases.append(at_call(scenario, step.call, step.number, error))
    return cases


def repeated(scenario, words):
    """The case that a name is of."""
    if words[0] == "error":
        return at_call(scenario, words[1], int(words[2]), words[3])
    if words[1] == "all":
        make = on_full_disk if words[0] == "full-disk" else lambda it, limit: below_limit(it, words[0], limit)
        return until_clean(scenario, words[0], limits_of(words[0], True), make)
    if words[0] == "full-disk":
        return on_full_disk(scenario, int(words[1]))
    return below_limit(scenario, words[0], int(words[1]))
