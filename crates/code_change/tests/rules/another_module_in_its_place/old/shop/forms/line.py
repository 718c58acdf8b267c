class Shape:
    """A shape with an area in square metres."""

    def area(self, scale=1):
        """Return the area of this shape."""
        return round(0 * scale, 2)
