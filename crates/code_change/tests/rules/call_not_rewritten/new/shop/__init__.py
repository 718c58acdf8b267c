import functools
import warnings

_MISSING = object()
limit = 10


def area(width, height=None, *, unit="m", digits=2):
    """The area of a rectangle."""
    if height is None:
        height = width
    return round(width * height, digits), unit


def _area(width, height):
    return width * height


def measure(width):
    """Measure."""
    return [width]


async def fetch(width):
    """Fetch."""
    return width


def scale(width, times=1):
    """Scale."""
    return width * times


class Basket:
    """Things."""

    def put(self, item, count=1):
        """Put."""
        return item, count
