def old_filter(function):
    """Mark a filter."""
    function.is_filter = True
    return function


def lonely_filter(function):
    """Mark a lonely filter."""
    function.is_lonely = True
    return function
