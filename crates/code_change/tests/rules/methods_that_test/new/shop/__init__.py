class Till:
    """A till."""

    def test_the_drawer(self, times):
        """Open the drawer so often."""
        for _ in range(times):
            print("open")
        return times * 2

    def other(self):
        return 1
