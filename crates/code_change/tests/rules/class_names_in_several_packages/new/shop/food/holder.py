class Basket:
    """Holds food."""

    def add(self, item):
        self.items.append(item)
        return sorted(self.items, key=lambda item: item.expires)

    def total(self):
        return sum(item.price for item in self.items)
