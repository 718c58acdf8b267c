class SimpleRegistry:
    def __init__(self):
        self.items = []
    def register(self, item, name, priority):
        self.items.append((priority, name, item))
        self.items.sort()
    def deregister(self, name, strict=True):
        found = [item for item in self.items if item[1] == name]
        if not found and strict:
            raise ValueError(name)
        for item in found:
            self.items.remove(item)
    def position_of(self, name):
        for at, item in enumerate(self.items):
            if item[1] == name:
                return at
        raise ValueError(name)
