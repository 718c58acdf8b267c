class Till:
    """A till."""

    def __init__(self, place, start=0):
        self.place = place
        self.open_until = [start]

    def total(self):
        """All that is in it."""
        return len(self.open_until)
