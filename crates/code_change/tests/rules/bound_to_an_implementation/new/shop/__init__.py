from shop.codec import loads
from shop.core import core_run as run

__all__ = ["loads", "run", "weigh", "count", "count_things"]


def _weigh_slowly(thing):
    """Weigh a thing."""
    return thing.weight + thing.packing.weight


def count_things(things):
    """Count things."""
    return sum(thing.number for thing in things)


count = count_things
weigh = _weigh_slowly
