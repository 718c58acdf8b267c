class Square:
    """A square."""

    def __init__(self, side):
        self.side = side

    def surface(self):
        return self.side ** 2


def paint(shape, colour=None):
    """Paint it."""
    shape.colour = colour
    return shape
