class Till:
    """A till."""

    def __init__(self, place, start=0):
        self.place = place
        self.sums = [start]
        self.other = {}

    def total(self):
        """All that is in it."""
        return sum(self.sums)

    def put(self, amount):
        """Put it in."""
        self.sums.append(amount)
        return self
