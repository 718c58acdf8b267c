def field(default=None, regex=None, min_items=None, note=None):
    """A field."""
    return default, regex, min_items, note
