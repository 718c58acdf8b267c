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

    def add_fast(self, item, count):
        warnings.warn("add_fast is deprecated", DeprecationWarning)
        return self.put(item, count=count, mode=Mode.FAST)

    def get_items(self):
        warnings.warn("get_items() is deprecated", DeprecationWarning)
        return self.items

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


def surface(size, height=1, digits=3):
    """Deprecated."""
    if digits == 3:
        warnings.warn("surface is deprecated", DeprecationWarning)
    return area(size, height, digits=digits)


def rectangle(height, width, unit="m"):
    warnings.warn("rectangle is deprecated", DeprecationWarning)
    result = area(width=width, height=height, unit=unit)
    return result


def paint(shape, *colours, **options):
    """Paint a shape."""
    return [(shape, colour, options) for colour in colours]


def paint_red(shape, *others, **options):
    warnings.warn("paint_red is deprecated", DeprecationWarning)
    return paint(shape, "red", *others, **options)


def put_into(basket: Basket, item):
    warnings.warn("put_into is deprecated", DeprecationWarning)
    return basket.put(item, mode=Mode.SAFE)


def total(prices, tax=0.2, *, rounding=None):
    """The price of everything."""
    return sum(prices) * (1 + tax)


def net_total(prices, unused=None):
    warnings.warn("net_total is deprecated", DeprecationWarning)
    return total(prices, 0)


def full_total(prices, tax=0.19):
    """Deprecated: use total instead."""
    warnings.warn("use total instead", DeprecationWarning)
    return total(prices, tax)
