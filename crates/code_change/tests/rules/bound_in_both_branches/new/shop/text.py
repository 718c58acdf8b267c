def to_text(value):
    """Return text."""
    return value if isinstance(value, str) else value.decode("utf-8")


def to_bytes(value):
    """Return bytes."""
    return value if isinstance(value, bytes) else value.encode("utf-8")


native = to_text
