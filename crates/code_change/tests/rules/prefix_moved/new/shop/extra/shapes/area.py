def area(shape, scale=1):
    """Return the area of a shape in square metres."""
    total = 0
    for part in shape.parts:
        total += part.width * part.height * scale
    return round(total, 2)
