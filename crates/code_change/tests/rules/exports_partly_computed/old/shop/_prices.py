"""Distributions of prices."""

from shop._tools import names_of


class base_gen:
    """A distribution."""

    def __init__(self, name, note=None):
        self.name = name


class flat_gen(base_gen):
    """All prices alike."""


class steep_gen(base_gen):
    """Few are high."""


class round_gen(base_gen):
    """Rounded prices."""


def median(prices):
    """The middle of all."""
    ordered = sorted(prices)
    return ordered[len(ordered) // 2]


flat = flat_gen("flat")
steep = steep_gen("steep")

_names, _gen_names = names_of(list(globals().items()))

__all__ = ["base_gen"]
__all__ += ["flat"] + _names
