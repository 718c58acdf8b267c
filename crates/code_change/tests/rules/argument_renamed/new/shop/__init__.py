def read(path, codec="utf-8", strict=True):
    """Read a file.

    Parameters
    ----------
    path : str
        Where it is.
    codec : str
        How it is encoded.
    """
    return open(path, encoding=codec).read()
