import functools
import warnings

_MISSING = object()
limit = 10


def area(width, height=None, *, unit="m", digits=2):
    """The area of a rectangle."""
    if height is None:
        height = width
    return round(width * height, digits), unit


def with_a_step(width, height):
    warnings.warn("with_a_step is deprecated", DeprecationWarning)
    print("once more")
    return area(width, height, digits=3)


def with_a_value_used_twice(width):
    warnings.warn("with_a_value_used_twice is deprecated", DeprecationWarning)
    return area(width, width)


def with_a_default_nobody_can_write(width, height=_MISSING):
    warnings.warn("with_a_default_nobody_can_write is deprecated", DeprecationWarning)
    return area(height, width)


def with_a_variable(width):
    warnings.warn("with_a_variable is deprecated", DeprecationWarning)
    return area(width, limit)


def with_a_call(width):
    warnings.warn("with_a_call is deprecated", DeprecationWarning)
    return area(width, len(width))


@functools.lru_cache
def with_a_cache(width):
    warnings.warn("with_a_cache is deprecated", DeprecationWarning)
    return area(width, 1)


def with_nothing_given_back(width):
    warnings.warn("with_nothing_given_back is deprecated", DeprecationWarning)
    area(width, 1)


def with_a_private_target(width):
    warnings.warn("with_a_private_target is deprecated", DeprecationWarning)
    return _area(width, 1)


def _area(width, height):
    return width * height


def with_a_choice(width, square):
    warnings.warn("with_a_choice is deprecated", DeprecationWarning)
    if square:
        return area(width)
    return area(width, 1)


def with_another_successor(width):
    warnings.warn("use measure instead", DeprecationWarning)
    return area(width, 1)


def measure(width):
    """Measure."""
    return [width]


async def fetch(width):
    """Fetch."""
    return width


def with_an_argument_dropped_from_the_rest(width, **options):
    warnings.warn("with_an_argument_dropped_from_the_rest is deprecated", DeprecationWarning)
    return area(width, 1)


def with_what_the_new_version_lacks(width):
    warnings.warn("with_what_the_new_version_lacks is deprecated", DeprecationWarning)
    return scale(width, factor=2)


def scale(width, factor=1):
    """Scale."""
    return width * factor


class Basket:
    """Things."""

    def put(self, item, count=1):
        """Put."""
        return item, count

    def put_cached(self, item):
        warnings.warn("put_cached is deprecated", DeprecationWarning)
        self.cache = item
        return self.put(item, 2)

    @property
    def first(self):
        warnings.warn("first is deprecated", DeprecationWarning)
        return self.put(1)

    def put_unknown(self, item):
        warnings.warn("put_unknown is deprecated", DeprecationWarning)
        return self.shelf.put(item, 2)
