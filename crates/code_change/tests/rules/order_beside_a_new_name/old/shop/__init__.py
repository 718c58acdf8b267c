"""Shop."""


def cut(kind, field_name, zone=None):
    """Cut."""
    return kind, field_name, zone


def pack(first, gone, second, third):
    """Pack."""
    return first, second, third
