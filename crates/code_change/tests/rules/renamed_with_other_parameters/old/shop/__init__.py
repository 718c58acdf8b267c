def area(shape, scale=1):
    """Return the area of a shape in square metres, rounded to two digits."""
    total = 0
    for part in shape.parts:
        total += part.width * part.height * scale
    return round(total, 2)


def use(shape):
    return area(shape, scale=2) + area(shape)


def use_again(shape):
    return area(shape, scale=3)
