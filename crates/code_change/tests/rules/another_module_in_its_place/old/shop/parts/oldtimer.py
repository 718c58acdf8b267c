class Clock:
    """An oldtimer: a clock that counts what has passed since it was wound."""

    def passed(self, scale=1):
        """Return what has passed."""
        return round(self.ticks * scale, 2)
