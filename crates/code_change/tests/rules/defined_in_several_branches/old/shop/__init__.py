try:
    import textwrap
except ImportError:

    def folded(text):
        """A dummy."""
        return text

else:

    def folded(text, width=70):
        """The text in lines."""
        return textwrap.fill(text, width)


FAST = bool(textwrap)

if FAST:

    def words(text):
        """The words of a text."""
        return text.split()

else:

    def words(text, limit=100):
        """The words of a text, one by one."""
        return text.split(maxsplit=limit)


def lines(text):
    """The lines of a text."""
    return text.splitlines()
