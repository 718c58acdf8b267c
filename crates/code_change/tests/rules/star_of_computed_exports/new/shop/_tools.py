def names_of(names):
    """Which of them are for everybody."""
    return {name for name in names if not name.startswith("_")}
