class Counter:
    """A counter."""

    def wait(self):
        return self.number


class Guest:
    """A guest."""

    def leave(self):
        return self.number
