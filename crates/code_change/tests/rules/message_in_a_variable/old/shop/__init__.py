import warnings


def plot(data, height=5, size=None):
    if size is not None:
        height = size
        message = ("The `size` parameter has been renamed to `height`; "
                   "please update your code.")
        warnings.warn(message, UserWarning)
    return data, height


def order(data, rows=5, count=None):
    if not data:
        message = "There is nothing to put in order."
        warnings.warn(message, UserWarning)
    return data, rows, count
