def read(path, binary=False):
    """Read a file, as text or as bytes."""
    if binary:
        with open(path, "rb") as file:
            return file.read()
    with open(path, encoding="utf-8") as file:
        return file.read().strip()
