def length(value):
    """Return the length of the value."""
    return len(value)


def length_is(value, expected):
    """Return whether the length of the value is the expected one."""
    return len(value) == int(expected)
