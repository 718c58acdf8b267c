class Basket:
    """Holds what was bought."""

    def total(self):
        return sum(self.rows)


def run():
    print(Basket().total())
