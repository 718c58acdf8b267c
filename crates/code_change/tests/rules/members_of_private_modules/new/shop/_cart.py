class Cart:
    """Holds things."""

    def put(self, thing, count=1):
        self.things.append((thing, count))

    def remove(self, thing):
        """Take a thing out again, however often it was put in."""
        self.things = [(known, amount) for known, amount in self.things if known != thing]

    class Settings:
        colour = "red"


class Drawer:
    """Nobody is given one."""

    def push(self, near):
        return near
