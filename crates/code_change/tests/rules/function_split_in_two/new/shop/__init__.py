def read_bytes(path):
    """Read a file as bytes."""
    with open(path, "rb") as file:
        return file.read()


def read_text(path):
    """Read a file as text."""
    with open(path, encoding="utf-8") as file:
        return file.read().strip()
