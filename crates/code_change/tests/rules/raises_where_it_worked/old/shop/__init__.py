class Shelf:
    """Things in a row."""

    def __init__(self, things):
        self.things = list(things)
        self.index2thing = list(things)

    def label(self):
        """The label of the shelf."""
        return ", ".join(self.things)

    def price(self, currency):
        """The price of everything."""
        return len(self.things), currency


def order(thing, amount=1, size=None, count=None):
    """Order a thing."""
    return thing, amount, size, count
