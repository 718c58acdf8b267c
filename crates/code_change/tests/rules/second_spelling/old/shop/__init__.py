def draw(shape, linewidths=1, **kwargs):
    """Draw a shape."""
    if "linewidth" in kwargs:
        kwargs["linewidths"] = kwargs.pop("linewidth")
    return shape, linewidths, kwargs


def paint(shape, colour=None, **kwargs):
    """Paint a shape."""
    colour = kwargs.pop("color", colour)
    return shape, colour
