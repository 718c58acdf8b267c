class Till:
    """Takes money."""

    def __init__(self):
        self.is_open = False

    def open(self, codes):
        self.is_open = bool(codes)
        return codes
