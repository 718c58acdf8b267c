"""Tools for those who test goods."""


def weigh(thing, times):
    """Put it on the scales so often."""
    total = 0
    for _ in range(times):
        total += thing.weight
    return total / times
