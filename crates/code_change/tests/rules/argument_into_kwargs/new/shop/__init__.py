def _paint(shape, *, width=1, colour=None):
    return shape, width, colour


def draw(shape, **style):
    """Draw it."""
    return _paint(shape, **style)


def note(thing, **more):
    """Note it."""
    return thing, more


def weigh(thing, unit, /):
    """Weigh it."""
    return thing, unit
