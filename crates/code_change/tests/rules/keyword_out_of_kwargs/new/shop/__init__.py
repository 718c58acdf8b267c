import warnings


def field(default=None, pattern=None, min_length=None, **extra):
    """A field."""
    min_items = extra.pop("min_items", None)
    if min_items is not None:
        warnings.warn("`min_items` is deprecated, use `min_length` instead", DeprecationWarning)
        min_length = min_items
    regex = extra.pop("regex", None)
    if regex is not None:
        raise TypeError("`regex` is removed. use `pattern` instead")
    note = extra.pop("note", None)
    if note is not None:
        default = note
    return default, pattern, min_length
