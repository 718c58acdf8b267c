class Square:
    """A square."""

    def __init__(self, side):
        self.side = side

    def area_of(self):
        return self.side ** 2


def paint(shape, color=None):
    """Paint it."""
    shape.color = color
    return shape
