"""Shapes as text."""


def cut(kind, sql, params, zone):
    """Cuts a field to its kind, in a zone."""
    text = " ".join(["cut", kind, sql])
    return f"{text} in {zone}", params


def indent(text, width=4, first=False, blank=False):
    """Indents every line of a text."""
    lines = text.splitlines()
    pad = " " * width
    return "\n".join(pad + line if (line or blank) and (at or first) else line for at, line in enumerate(lines))


def swapped(height, width, unit="m"):
    """The size as a text."""
    return f"{width} by {height} {unit}"
