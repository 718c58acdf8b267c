def idle(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated: it is ignored; `new` is always reckoned.
    """
    return thing, old, new


def given(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated. Set `new` to 'fast' instead.
    """
    return thing, old, new


def unit(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated since 1.0, use `new`, which is in seconds and not in minutes.
    """
    return thing, old, new


def turned(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated, the inverse of `new`; use `new` instead.
    """
    return thing, old, new


def reckoned(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated, use ``1 / new`` instead.
    """
    return thing, old, new


def plain(thing, old=None, new=None):
    """Do it.

    Parameters
    ----------
    thing : int
        Value.
    old : int
        Deprecated, use `new` instead.
    """
    return thing, old, new
