class _Counter:
    def count(self, things, start=0):
        return start + len(things)

    def count_all(self, groups):
        """Count the things of all groups, each as often as it is there."""
        return sum(self.count(group) for group in groups)

    def reset(self):
        self.total = 0

    def close(self):
        return self.total


class Till(_Counter):
    """Counts money."""

    def close(self):
        return None


class Scale(_Counter):
    """Counts grams."""

    def reset(self):
        self.grams = 0


class LargeScale(Scale):
    """Counts kilograms."""


class _Secret(_Counter):
    """Is nobody's."""
