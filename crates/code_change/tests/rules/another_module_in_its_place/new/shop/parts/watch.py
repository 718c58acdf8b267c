class Clock:
    """A watch: a clock that counts what has passed since it was wound."""

    def passed(self, scale=1, start=0):
        """Return what has passed."""
        return round((self.ticks - start) * scale, 2)
