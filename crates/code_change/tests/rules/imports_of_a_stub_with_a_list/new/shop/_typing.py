class Thing:
    """What is sold."""

    weight = 1
