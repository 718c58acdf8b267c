def mark(function):
    """Mark a function.

    Replaces ``old_filter``.
    """
    function.marks = {"filter"}
    return function


def lonely_mark(function):
    """Mark a function.

    Replaces ``lonely_filter``.
    """
    function.marks = {"filter", "lonely"}
    return function
