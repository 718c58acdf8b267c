"""Shop."""


def cut(kind, field_title, given, zone=None):
    """Cut."""
    return kind, field_title, zone


def pack(first, third, second):
    """Pack."""
    return first, second, third
