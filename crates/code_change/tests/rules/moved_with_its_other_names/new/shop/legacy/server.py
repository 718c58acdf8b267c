class Serve:
    """Serve things at a counter until it is closed."""

    def __init__(self, handler, place, number=80):
        self.handler, self.place, self.number = handler, place, number


serve = Serve
__all__ = ["serve"]
