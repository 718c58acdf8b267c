def names_of(pairs):
    """Which of them are instances, and which are classes."""
    things = [name for name, thing in pairs if not isinstance(thing, type)]
    kinds = [name for name, thing in pairs if isinstance(thing, type)]
    return things, kinds
