class Box:
    """A container with a lid."""

    def __init__(self, limit):
        self.limit = limit
        self.things = {}

    def put(self, thing):
        self.things[thing.name] = thing

    def take(self, name):
        return self.things[name]

    def count(self):
        return sum(1 for thing in self.things.values() if thing)

    def weight(self):
        return max(thing.weight for thing in self.things.values())


class ShortQueue:
    """Few people who wait."""

    limit = 3

    def leave(self, person):
        self.people.remove(person)
