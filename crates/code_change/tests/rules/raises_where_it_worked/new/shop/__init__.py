class Shelf:
    """Things in a row."""

    def __init__(self, things):
        self.things = list(things)
        self.index_to_key = list(things)

    @property
    def index2thing(self):
        raise AttributeError("The index2thing attribute has been replaced by index_to_key.")

    def label(self):
        """The label of the shelf."""
        raise NotImplementedError("Shelves of this kind have no label; see price.")

    def price(self, currency):
        """The price of everything."""
        return len(self.things), currency


def order(thing, amount=1, weight=None, **given):
    """Order a thing."""
    if "size" in given:
        raise TypeError("The argument size was renamed, use weight instead.")
    if amount is not None and weight is not None:
        raise ValueError("amount must be given without weight")
    return thing, amount, weight, given.get("count")
