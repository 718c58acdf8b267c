class Cart:
    def append_item(self, item):
        """Put one item into the cart."""
        self.items.append(item)
        return len(self.items)

    def clear(self):
        self.items = []
