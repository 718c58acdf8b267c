class Container:
    """Holds things."""

    def put(self, thing):
        self.things.append(thing)

    def take(self, name):
        return self.things.pop(name)

    def count(self):
        return len(self.things)

    def names(self):
        return [thing.name for thing in self.things]

    def weight(self):
        return sum(thing.weight for thing in self.things)


class Box(Container):
    """A container with a lid."""

    def __init__(self):
        self.things = []
        self.is_open = True


class Queue:
    """People who wait."""

    def join(self, person):
        self.people.append(person)

    def leave(self, person):
        self.people.remove(person)


class ShortQueue(Queue):
    """Few people who wait."""

    limit = 3
