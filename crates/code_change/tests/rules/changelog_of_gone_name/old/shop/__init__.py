def list_of_all(things):
    """All things in order."""
    return sorted(things)


def pack(things):
    """Pack things."""
    return [thing.strip() for thing in things if thing]
