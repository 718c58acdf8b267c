def open_till():
    """Open the till."""
    return True


def close_till():
    """Close the till."""
    return False
