def deprecated_renamed(new_name):
    return lambda function: function


def open_till(is_open):
    """Open the till, or close it."""
    return bool(is_open)


@deprecated_renamed(new_name="open_till")
def toggle_till(is_open):
    """Toggle."""
    return open_till(is_open)


def average(column):
    """The mean of a column."""
    return sum(column) / len(column)


@deprecated_renamed(new_name="average")
def mean(column):
    """The mean of a column."""
    return average(column)
