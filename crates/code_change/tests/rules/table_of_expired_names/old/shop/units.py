pound = 16


class Litre:
    """A unit of volume."""

    ounces = 35
