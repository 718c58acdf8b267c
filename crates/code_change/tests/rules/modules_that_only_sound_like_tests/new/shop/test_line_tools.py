"""Whether a line works."""


def test_line(line, tries=3):
    """Ask until somebody answers."""
    for _ in range(tries):
        if line.ask():
            return True
    return False
