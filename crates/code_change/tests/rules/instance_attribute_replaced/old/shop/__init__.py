class Till:
    """A till."""

    def __init__(self, place, start=0):
        self.place = place
        self.amounts = [start]

    def total(self):
        """All that is in it."""
        return sum(self.amounts)
