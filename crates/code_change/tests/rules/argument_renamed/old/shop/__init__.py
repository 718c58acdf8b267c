def read(path, encoding="utf-8", strict=True):
    """Read a file.

    Parameters
    ----------
    path : str
        Where it is.
    encoding : str
        How it is encoded.
    """
    return open(path, encoding=encoding).read()
