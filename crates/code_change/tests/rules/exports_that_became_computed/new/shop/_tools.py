def names_of(pairs):
    """Which of them are no classes."""
    return [name for name, thing in pairs if not isinstance(thing, type)]
