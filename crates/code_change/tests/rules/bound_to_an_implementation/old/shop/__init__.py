from shop.codec import loads

__all__ = ["loads", "run", "weigh", "count"]


def run(program, *, check=True):
    """Run a program."""
    return program.start(check=check)


def weigh(thing):
    """Weigh a thing."""
    return thing.weight + thing.packing.weight


def count(things):
    """Count things."""
    return sum(thing.number for thing in things)
