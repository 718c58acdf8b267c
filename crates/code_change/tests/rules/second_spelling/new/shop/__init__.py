def draw(shape, linewidths=2, **kwargs):
    """Draw a shape."""
    if "linewidth" in kwargs:
        kwargs["linewidths"] = kwargs.pop("linewidth")
    return shape, linewidths, kwargs


def paint(shape, colour=None):
    """Paint a shape."""
    return shape, colour
