class Basket:
    """Holds tools."""

    def add(self, item, weight):
        self.weights[item] = weight
        self.items.append(item)

    def weight(self):
        return max(self.weights.values()) + 2
