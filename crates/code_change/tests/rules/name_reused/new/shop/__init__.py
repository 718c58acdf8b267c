class Cart:
    """Holds items."""

    def add(self, item):
        self.items.append(item)
        return len(self.items)

    def total(self):
        return sum(item.price for item in self.items)


class Basket:
    """A basket as it is sold in the shop."""

    colour = "brown"

    def paint(self, colour):
        self.colour = colour
