import warnings


def length(value):
    """Return the length of the value."""
    return len(value)


def length_is(value, expected):
    """Return whether the length of the value is the expected one."""
    warnings.warn("length_is is deprecated, use length instead.", DeprecationWarning)
    return len(value) == int(expected)
