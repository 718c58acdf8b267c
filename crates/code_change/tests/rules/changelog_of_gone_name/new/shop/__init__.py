class Inventory:
    """What is there."""

    def __init__(self, things):
        self.things = things


def inventory_of(things, limit=10):
    """What is there, up to a limit."""
    found = Inventory(things)
    while len(found.things) > limit:
        found.things.pop()
    return found.things


def unpack_box(box):
    """Take things out of a box."""
    for thing in box.things:
        yield thing.name
