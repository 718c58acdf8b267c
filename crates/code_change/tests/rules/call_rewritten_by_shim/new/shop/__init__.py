import warnings
from enum import Enum


class Mode(Enum):
    FAST = 1
    SAFE = 2


class Basket:
    """Things to buy."""

    items = []

    def put(self, item, *, count=1, mode=Mode.SAFE):
        """Put something in."""
        self.items.append((item, count, mode))
        return self

    @classmethod
    def of(cls, items, name=""):
        """A basket of these things."""
        basket = cls()
        basket.items = list(items)
        basket.name = name
        return basket

    @classmethod
    def named(cls, name, items):
        warnings.warn("named is deprecated", DeprecationWarning)
        return cls.of(items, name)


def area(width, height, *, unit="m", digits=2):
    """The area of a rectangle."""
    return round(width * height, digits), unit


def paint(shape, *colours, **options):
    """Paint a shape."""
    return [(shape, colour, options) for colour in colours]


def paint_red(shape, *others, **options):
    warnings.warn("paint_red is deprecated", DeprecationWarning)
    return paint(shape, "red", *others, **options)


def total(prices, tax=0.2, *, rounding=None):
    """The price of everything."""
    return sum(prices) * (1 + tax)


def net_total(prices, unused=None):
    warnings.warn("net_total is deprecated", DeprecationWarning)
    return total(prices, 0)
