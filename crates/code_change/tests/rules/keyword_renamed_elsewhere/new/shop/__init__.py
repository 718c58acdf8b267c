def pack(things, number_of_things=10):
    """Pack things.

    Parameters
    ----------
    number_of_things : int
        How many.

        .. versionchanged:: 2.0
           `size` was renamed to `number_of_things`.
    """
    return things[:number_of_things]


def send(things, *, number_of_things: int = 25, address=None):
    """Send things."""
    return things[:number_of_things], address


def paint(things, brush: str = "fine", *, dry=True):
    """Paint things."""
    return things, brush, dry
