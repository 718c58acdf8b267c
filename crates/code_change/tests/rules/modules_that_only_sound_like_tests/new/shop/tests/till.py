"""What opens the till."""


def start_till(till, times=1):
    """Open it."""
    for _ in range(times):
        till.drawer.pull()
    return till
