class Store:
    """Keeps goods."""

    def load(self):
        """Load what is kept."""
        return self


class Shelf(Store):
    """Kept so that what was stored before can be loaded."""
