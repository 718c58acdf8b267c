def idle(thing, new=None):
    """Do it."""
    return thing, new


def given(thing, new=None):
    """Do it."""
    return thing, new


def unit(thing, new=None):
    """Do it."""
    return thing, new


def turned(thing, new=None):
    """Do it."""
    return thing, new


def reckoned(thing, new=None):
    """Do it."""
    return thing, new


def plain(thing, new=None):
    """Do it."""
    return thing, new
