class Cart:
    def add_item(self, item):
        """Put one item into the cart."""
        self.items.append(item)
        return len(self.items)

    def clear(self):
        self.items = []
