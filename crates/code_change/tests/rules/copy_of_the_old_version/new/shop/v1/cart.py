def weigh_cart(thing, scale=1):
    """Weigh."""
    return thing * scale


class OldCart:
    """What was."""

    def total(self, things):
        return sum(thing.price for thing in things) + 1

    def rest(self):
        return self.total([]) - 1
