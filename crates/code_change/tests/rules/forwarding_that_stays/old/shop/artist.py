def paint(shape, *args, **kwargs):
    """Paint a shape."""
    for part in shape.parts:
        part.colour = kwargs.get("colour", "red")
    return shape
