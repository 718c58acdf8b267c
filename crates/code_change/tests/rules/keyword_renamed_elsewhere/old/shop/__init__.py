def pack(things, size=10):
    """Pack things."""
    return things[:size]


def send(things, address=None, size=10):
    """Send things."""
    return things[:size], address


def paint(things, colour=None, width=1):
    """Paint things."""
    return things, colour, width
