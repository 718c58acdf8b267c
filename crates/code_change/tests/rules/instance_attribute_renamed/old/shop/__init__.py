class Till:
    """A till."""

    def __init__(self, place, start=0):
        self.place = place
        self.amounts = [start]
        self.other = {}

    def total(self):
        """All that is in it."""
        return sum(self.amounts)

    def put(self, amount):
        """Put it in."""
        self.amounts.append(amount)
        return self
