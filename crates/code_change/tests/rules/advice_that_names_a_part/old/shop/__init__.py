import warnings


def load(thing):
    """Load."""
    return [thing]


def run(thing):
    """Run."""
    return (thing,)


def inside(thing):
    """Do it inside."""
    warnings.warn("inside is deprecated. Pass strict=True to `load` instead.", DeprecationWarning)
    return thing * 7


def over(thing):
    """Do it over."""
    warnings.warn("over is deprecated. Iterate over the result of `load` instead.", DeprecationWarning)
    return thing * 8


def turned(thing):
    """Do it turned."""
    warnings.warn("turned is deprecated. Use the inverse of `load` instead.", DeprecationWarning)
    return thing * 9


def more(thing):
    """Do it more."""
    warnings.warn("more is deprecated. See `load` for details.", DeprecationWarning)
    return thing * 10


def first(thing):
    """Do it first."""
    warnings.warn("first is deprecated. Use `load` before calling `run` to get the same effect.", DeprecationWarning)
    return thing * 11


def idle(thing):
    """Do it idle."""
    warnings.warn("idle is deprecated. It no longer does anything; call `load` to get the data.", DeprecationWarning)
    return thing * 12


def other(thing):
    """Do it other."""
    warnings.warn("other is deprecated. Use `load`, but it returns pairs.", DeprecationWarning)
    return thing * 13


def plain(thing):
    """Do it plain."""
    warnings.warn("plain is deprecated. Use `load` instead.", DeprecationWarning)
    return thing * 14
