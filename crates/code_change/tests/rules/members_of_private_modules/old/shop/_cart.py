class Cart:
    """Holds things."""

    limit = 10

    def put(self, thing, amount=1):
        self.things.append((thing, amount))

    def take_out(self, thing):
        """Take a thing out again, however often it was put in."""
        self.things = [(known, amount) for known, amount in self.things if known != thing]

    def weigh(self, unit="kg"):
        return sum(thing.weight for thing, _ in self.things)

    def _sort(self):
        self.things.sort()

    class Settings:
        colour = "red"
        wheels = 4


class Till:
    def open(self, code):
        return code


class Drawer:
    """Nobody is given one."""

    def pull(self, far):
        return far
