"""What opens the till."""


def open_till(till, times=1):
    """Open it."""
    for _ in range(times):
        till.drawer.pull()
    return till
