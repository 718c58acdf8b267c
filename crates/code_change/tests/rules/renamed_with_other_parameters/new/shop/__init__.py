def total_area(shape, factor=1):
    """Return the area of a shape in square metres, rounded to two digits."""
    total = 0
    for part in shape.parts:
        total += part.width * part.height * factor
    return round(total, 2)


def use(shape):
    return total_area(shape, factor=2) + total_area(shape)


def use_again(shape):
    return total_area(shape, factor=3)
