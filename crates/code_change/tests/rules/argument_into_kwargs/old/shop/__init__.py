def _paint(shape, *, width=1, colour=None):
    return shape, width, colour


def draw(shape, width=1, **style):
    """Draw it."""
    return _paint(shape, width=width, **style)


def note(thing, level=1, **more):
    """Note it."""
    return thing, level, more


def weigh(thing, unit):
    """Weigh it."""
    return thing, unit
