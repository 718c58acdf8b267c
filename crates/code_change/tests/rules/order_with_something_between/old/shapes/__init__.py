"""Shapes as text."""


def cut(kind, field_name, zone):
    """Cuts a field to its kind, in a zone."""
    text = " ".join(["cut", kind, field_name])
    return f"{text} in {zone}"


def indent(text, width=4, first=False, blank=False, indentfirst=None):
    """Indents every line of a text."""
    if indentfirst is not None:
        first = indentfirst
    lines = text.splitlines()
    pad = " " * width
    return "\n".join(pad + line if (line or blank) and (at or first) else line for at, line in enumerate(lines))


def swapped(width, height, unit="m"):
    """The size as a text."""
    return f"{width} by {height} {unit}"
