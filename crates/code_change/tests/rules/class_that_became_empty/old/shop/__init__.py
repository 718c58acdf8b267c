class Store:
    """Keeps goods."""

    def load(self):
        """Load what is kept."""
        return self


class Shelf(Store):
    """A shelf."""

    def __init__(self, width, depth=2):
        self.width = width
        self.depth = depth

    def room(self):
        """How much fits."""
        return self.width * self.depth
