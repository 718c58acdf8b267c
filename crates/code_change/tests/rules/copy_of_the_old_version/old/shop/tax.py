def weigh_tax(thing, scale=1):
    """Weigh."""
    return thing * scale


class OldTax:
    """What was."""

    def total(self, things):
        return sum(thing.price for thing in things) + 1

    def rest(self):
        return self.total([]) - 1
