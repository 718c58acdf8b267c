try:
    import textwrap
except ImportError:

    def folded(text, width=70):
        """A dummy."""
        return text[:width]

else:

    def folded(text, width=70, *, break_words=True):
        """The text in lines."""
        return textwrap.fill(text, width, break_long_words=break_words)


FAST = bool(textwrap)

if FAST:

    def words(text, limit=100, *, lower=False):
        """The words of a text."""
        words = text.split(maxsplit=limit)
        return [word.lower() for word in words] if lower else words

else:

    def words(text, limit=100, *, lower=False):
        """The words of a text, one by one."""
        words = text.split(maxsplit=limit)
        return [word.lower() for word in words] if lower else words


def lines(text, keep=False):
    """The lines of a text."""
    return text.splitlines(keep)
