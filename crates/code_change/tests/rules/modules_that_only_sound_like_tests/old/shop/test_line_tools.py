"""Whether a line works."""


def test_connection(line, tries=3):
    """Ask until somebody answers."""
    for _ in range(tries):
        if line.ask():
            return True
    return False
