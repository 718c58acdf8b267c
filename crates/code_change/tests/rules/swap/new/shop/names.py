def to_pascal(text):
    """Write words without spaces."""
    if not text:
        raise ValueError(text)
    return "".join(word.title() for word in text.split("_"))


def to_camel(text):
    """Write words without spaces, the first in lower case."""
    first, *rest = text.split("_")
    return first + "".join(word.title() for word in rest)
