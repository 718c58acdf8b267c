class Group:
    """Groups."""

    def __init__(self, frame, by):
        self.frame, self.by = frame, by


class Rolling:
    """Rolling."""

    def __init__(self, frame, index, period):
        self.frame, self.index, self.period = frame, index, period


class Dynamic:
    """Dynamic."""

    def __init__(self, frame, index, every, closed="left"):
        self.frame, self.index, self.every = frame, index, every
